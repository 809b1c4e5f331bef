//! Money in and out, trades, funding, and bringing accounts up to date.

use super::draft::{Draft, Standing, more, plus, signed};
use super::parameters::Book;
use breakwater_liquidation::backstop::side_index::Direction;
use breakwater_liquidation::{Effects, Fact, Rejected, Rejection, View};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, Amount, AssetId, Holder, Price, TransferCode, Unit};

/// Only the settle asset is deposited.
fn settles(book: &Book, view: &View<'_>, asset: AssetId) -> Result<(), Rejected> {
    let info = view.asset(asset)?;
    if asset == book.settle {
        return Ok(());
    }
    let settle = crate::desk::symbol(view, book.settle);
    let detail = format!("asset '{}': only '{settle}' is deposited", info.symbol);
    Err(Rejection::NotCollateral.because(detail))
}

/// A deposit becomes capital, and pays what the account has lost beyond its capital so far. Nothing
/// else is brought up to date.
pub(super) fn pay_in(
    book: &Book,
    view: &View<'_>,
    account: AccountId,
    (asset, amount): (AssetId, u128),
    code: TransferCode,
) -> Result<Effects, Rejected> {
    settles(book, view, asset)?;
    crate::desk::asked(view, account, amount)?;
    let mut draft = Draft::new(book, view)?;
    let before = Standing::of(book, view, account)?;
    let mut standing = before.clone();
    standing.capital = more(standing.capital, amount)?;
    let (to, unit) = (Holder::Account(account), Unit::token(asset));
    draft.effects.transfer(Holder::External, to, unit, amount, code);
    draft.pay_loss(&mut standing)?;
    draft.store(&standing, &before, code);
    draft.finish()
}

/// Pays capital out, and beyond it released profit at what of it is backed. What an open position
/// needs stays: `capital + min(profit, 0) + backed profit` must cover the initial margin, and after
/// profit was given up deposit and profit must be above the maintenance.
///
/// All of it is all capital and all backed profit of a flat account; where a position is open, the
/// capital that it does not need.
pub(super) fn withdraw(
    book: &Book,
    view: &View<'_>,
    account: AccountId,
    (asset, amount): (AssetId, u128),
) -> Result<Effects, Rejected> {
    settles(book, view, asset)?;
    crate::desk::asked(view, account, amount)?;
    let mut draft = Draft::new(book, view)?;
    let before = Standing::of(book, view, account)?;
    let mut standing = before.clone();
    draft.touch(&mut standing)?;
    draft.convert(&mut standing)?;
    let is_open = !standing.held.is_empty();
    let backed = draft.matured().effective(standing.released());
    let (maintenance, initial) = draft.required(&standing)?;
    let free = extractable(&draft, &standing)?.saturating_sub(signed(initial)?);
    let free = u128::try_from(free).unwrap_or(0);
    let capital = standing.capital;
    let wanted = match (amount, is_open) {
        (u128::MAX, true) => capital.min(free),
        (u128::MAX, false) => more(capital, backed)?,
        (amount, _) => amount,
    };
    if (is_open || wanted > capital) && draft.lags()? {
        let detail = "a price has yet to reach its mark; only capital without a position is paid";
        return Err(Rejection::Paused.because(detail));
    }
    if wanted == 0 || wanted > more(capital, backed)? {
        let detail = format!("amount {wanted}, capital {capital}, backed profit {backed}");
        return Err(Rejection::InsufficientBalance.because(detail));
    }
    let of_profit = wanted.saturating_sub(capital);
    if of_profit > 0 {
        let pool = draft.matured();
        let (share, whole) = pool.share();
        let given_up = mul_div(of_profit, whole, share, Rounding::Ceil)?;
        draft.consume(&mut standing, given_up)?;
        draft.pay_profit(&mut standing, of_profit)?;
    }
    standing.capital -= wanted;
    let (from, unit) = (Holder::Account(account), Unit::token(asset));
    draft.effects.transfer(from, Holder::External, unit, wanted, TransferCode::Withdraw);
    if is_open {
        let (left, equity) = (extractable(&draft, &standing)?, standing.equity()?);
        if left < signed(initial)? || equity <= signed(maintenance)? {
            let detail = format!(
                "amount {wanted}: would leave {left} of an initial margin of {initial}, and an \
                 equity of {equity} over a maintenance of {maintenance}"
            );
            return Err(Rejection::BelowInitial.because(detail));
        }
    }
    draft.store(&standing, &before, TransferCode::Sale);
    draft.finish()
}

/// `capital + min(profit, 0) + backed part of the released profit`.
fn extractable(draft: &Draft<'_>, standing: &Standing) -> Result<i128, Rejected> {
    let backed = draft.matured().effective(standing.released());
    let senior = plus(signed(standing.capital)?, standing.pnl.min(0))?;
    plus(senior, signed(backed)?)
}

/// A trade that is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deal {
    pub contract: AssetId,
    pub quantity: u128,
    pub price: Price,
}

impl Deal {
    /// What the buyer gains by it at the price in use, rounded down; the seller loses as much.
    fn gain(&self, draft: &mut Draft<'_>) -> Result<i128, Rejected> {
        let symbol = crate::desk::symbol(draft.view, self.contract);
        let market = draft.market(self.contract)?;
        let used = market.used();
        if self.price.decimals != used.decimals || self.price.raw == 0 {
            let detail = format!("price {} of {symbol}: above 0, as {used}", self.price);
            return Err(Rejection::BadParameter.because(detail));
        }
        let gap = used.raw.abs_diff(self.price.raw);
        if used.raw >= self.price.raw {
            return signed(market.value(self.quantity, gap, Rounding::Floor)?);
        }
        Ok(-signed(market.value(self.quantity, gap, Rounding::Ceil)?)?)
    }
}

/// One party of a trade, before it.
struct Party {
    before: Standing,
    now: Standing,
    size: i128,
    equity: i128,
    maintenance: u128,
}

impl Party {
    fn of(draft: &mut Draft<'_>, account: AccountId, asset: AssetId) -> Result<Self, Rejected> {
        let before = Standing::of(draft.book, draft.view, account)?;
        let mut now = before.clone();
        draft.touch(&mut now)?;
        let size = draft.effective(&now, asset)?;
        let (equity, (maintenance, _)) = (now.equity()?, draft.required(&now)?);
        Ok(Party { before, now, size, equity, maintenance })
    }

    /// Whether the trade may leave the party as it is now: new risk is covered by capital and the
    /// backed part of its profit, without what this very trade gained; whoever only reduces must not
    /// come closer to its maintenance, its fee not counted.
    fn may(
        &self,
        draft: &mut Draft<'_>,
        asset: AssetId,
        gained: i128,
        fee: u128,
    ) -> Result<(), Rejected> {
        let size = draft.effective(&self.now, asset)?;
        let (maintenance, initial) = draft.required(&self.now)?;
        let equity = self.now.equity()?;
        let before_fee = plus(equity, signed(fee)?)?;
        let grows = size.unsigned_abs() > self.size.unsigned_abs()
            || (size != 0 && (size > 0) != (self.size > 0));
        let account = self.now.account;
        let refuse = |detail: String| Err(Rejection::BelowInitial.because(detail));
        if grows {
            let own = plus(self.now.pnl, -gained.max(0))?;
            let (claim, profit) = (own.max(0).unsigned_abs(), self.now.profit());
            let claims = more(draft.profits().saturating_sub(profit), claim)?;
            let backed = draft.junior(claims).effective(claim);
            let senior = plus(signed(self.now.capital)?, own.min(0))?;
            let covers = plus(senior, signed(backed)?)?;
            if covers >= signed(initial)? {
                return Ok(());
            }
            return refuse(format!("{account}: {covers} of an initial margin of {initial}"));
        }
        let sinks = before_fee.min(0) < self.equity.min(0);
        if self.now.held.is_empty() {
            if self.now.owed() == 0 && !sinks {
                return Ok(());
            }
            return refuse(format!("{account} would be flat and owe {}", self.now.owed()));
        }
        let buffer = |equity: i128, required: u128| plus(equity, -signed(required)?);
        let (after, earlier) =
            (buffer(before_fee, maintenance)?, buffer(self.equity, self.maintenance)?);
        if equity > signed(maintenance)? || (after > earlier && !sinks) {
            return Ok(());
        }
        refuse(format!("{account}: {after} above its maintenance, {earlier} before"))
    }
}

/// A contract changes hands between two accounts. Both are brought up to date first; what the price
/// differs from the one in use is gained by one and lost by the other.
pub(super) fn trade(
    book: &Book,
    view: &View<'_>,
    (buyer, seller): (Option<AccountId>, Option<AccountId>),
    deal: &Deal,
) -> Result<Effects, Rejected> {
    book.contract(view, deal.contract)?;
    let (Some(buyer), Some(seller)) = (buyer, seller) else {
        let detail = "buyer and seller: both are accounts here, the outside is none";
        return Err(Rejection::BadParameter.because(detail));
    };
    if buyer == seller {
        return Err(Rejection::SelfDealing.because(buyer.to_string()));
    }
    if deal.quantity == 0 {
        return Err(Rejection::AmountZero.because("quantity 0: at least 1"));
    }
    let mut draft = Draft::new(book, view)?;
    let gained = deal.gain(&mut draft)?;
    let quantity = signed(deal.quantity)?;
    let mut parties = [
        (Party::of(&mut draft, buyer, deal.contract)?, quantity, gained),
        (Party::of(&mut draft, seller, deal.contract)?, -quantity, -gained),
    ];
    for (party, change, gained) in &mut parties {
        draft.gain(&mut party.now, *gained)?;
        let size = plus(party.size, *change)?;
        draft.resize(&mut party.now, deal.contract, size)?;
        draft.pay_loss(&mut party.now)?;
    }
    let market = draft.market(deal.contract)?;
    let value = market.value(deal.quantity, deal.price.raw, Rounding::Floor)?;
    let fee = market.terms.trading_fee(value)?;
    for (party, _, gained) in &mut parties {
        let paid = draft.charge(&mut party.now, fee)?;
        party.may(&mut draft, deal.contract, *gained, paid)?;
    }
    for (party, ..) in &mut parties {
        draft.convert(&mut party.now)?;
        draft.store(&party.now, &party.before, TransferCode::Trade);
    }
    let quantity = Amount::new(deal.contract, deal.quantity);
    draft.effects.facts.push(Fact::Traded { buyer, seller, quantity, price: deal.price });
    draft.finish()
}

/// One side pays the other a share of the price in use, through their indices.
pub(super) fn fund(
    book: &Book,
    view: &View<'_>,
    asset: AssetId,
    rate_e12: i64,
) -> Result<Effects, Rejected> {
    let most = book.contract(view, asset)?.funding_max_e12;
    if rate_e12 == 0 || rate_e12.unsigned_abs() > most {
        let detail = format!("rate_e12 {rate_e12}: not 0, and at most {most} either way");
        return Err(Rejection::BadParameter.because(detail));
    }
    let mut draft = Draft::new(book, view)?;
    let paid = Amount::new(book.settle, draft.market(asset)?.fund(rate_e12)?);
    draft.effects.facts.push(Fact::Charged { asset, rate_e12, paid });
    draft.finish()
}

/// Every account in a contract is brought up to date. What each gets does not depend on the order:
/// each looks at its own position and the indices alone, and profit is converted after all of them.
pub(super) fn settle(book: &Book, view: &View<'_>, asset: AssetId) -> Result<Effects, Rejected> {
    let mut draft = Draft::new(book, view)?;
    let price = draft.market(asset)?.used();
    let unit = Unit::token(asset);
    let holds = |account: &AccountId| view.balances.balance(Holder::Account(*account), unit) != 0;
    let mut touched = Vec::new();
    for account in (0..view.balances.accounts()).map(AccountId).filter(holds) {
        let before = Standing::of(book, view, account)?;
        let mut standing = before.clone();
        draft.touch(&mut standing)?;
        touched.push((before, standing));
    }
    for (before, mut standing) in touched {
        draft.convert(&mut standing)?;
        draft.store(&standing, &before, TransferCode::Realise);
    }
    draft.effects.facts.push(Fact::Settled { contract: asset, price, delivered: false });
    draft.finish()
}

/// The side of a signed size.
pub(super) fn direction_of(size: i128) -> Direction {
    if size < 0 { Direction::Short } else { Direction::Long }
}
