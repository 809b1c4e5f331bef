//! What a call does, as transfers.

use super::ISOLATED;
use super::book::Book;
use super::position::{Position, Traded};
use breakwater_liquidation::{Call, Effects, Fact, Overlay, Rejected, Rejection, StateKey, View};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, Amount, AssetId, Holder, Price, TransferCode, U256, Unit};

/// What the call would do.
pub(super) fn execute(book: &Book, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
    for account in call.accounts() {
        view.holdings(account)?;
    }
    match call {
        Call::Deposit { account, asset, amount } => {
            pay_in(book, view, *account, *asset, *amount, TransferCode::Deposit)
        }
        Call::Import { account, asset, collateral, debt } => {
            if *debt != 0 {
                let detail = format!("debt {debt}: nothing is borrowed here, 0 is right");
                return Err(Rejection::BadParameter.because(detail));
            }
            pay_in(book, view, *account, *asset, *collateral, TransferCode::Import)
        }
        Call::Withdraw { account, asset, amount } => {
            withdraw(book, view, *account, *asset, *amount)
        }
        Call::Configure { account, column, value } => {
            configure(book, view, *account, *column, *value)
        }
        Call::Trade { buyer, seller, contract, quantity, price } => {
            let deal = Deal { contract: *contract, quantity: *quantity, price: *price };
            trade(book, view, *buyer, *seller, &deal)
        }
        Call::Fill { account, asset, quantity, proceeds, proceeds_asset } => {
            if *proceeds_asset != book.settle() {
                let detail = format!("proceeds_asset {proceeds_asset}: {} settles", book.settle());
                return Err(Rejection::BadParameter.because(detail));
            }
            fill(book, view, *account, *asset, *quantity, *proceeds)
        }
        Call::Deleverage { account, contract, winners, price } => {
            deleverage(book, view, *account, *contract, winners, *price)
        }
        Call::WriteOff { account } => write_off(book, view, *account),
        _ => Err(crate::desk::unsupported(book.name(), call)),
    }
}

/// Only the settle asset is margin.
fn margin_asset(book: &Book, view: &View<'_>, asset: AssetId) -> Result<Unit, Rejected> {
    let info = view.asset(asset)?;
    if asset == book.settle() {
        return Ok(Unit::token(asset));
    }
    let settle = &view.asset(book.settle())?.symbol;
    let detail = format!("asset '{}': only '{settle}' is margin", info.symbol);
    Err(Rejection::NotCollateral.because(detail))
}

fn pay_in(
    book: &Book,
    view: &View<'_>,
    account: AccountId,
    asset: AssetId,
    amount: u128,
    code: TransferCode,
) -> Result<Effects, Rejected> {
    let unit = margin_asset(book, view, asset)?;
    if amount == 0 {
        return Err(Rejection::AmountZero.because("amount 0: at least 1"));
    }
    let mut effects = Effects::default();
    effects.transfer(Holder::External, Holder::Account(account), unit, amount, code);
    Ok(effects)
}

/// Pays out cash that no position needs: at most the cash itself, so that unrealised profit stays,
/// and at most what equity has above the initial margin, so that unrealised loss is covered. The
/// venue's transfer out of the wallet follows both bounds.
fn withdraw(
    book: &Book,
    view: &View<'_>,
    account: AccountId,
    asset: AssetId,
    amount: u128,
) -> Result<Effects, Rejected> {
    let unit = margin_asset(book, view, asset)?;
    if amount == 0 {
        return Err(Rejection::AmountZero.because("amount 0: at least 1"));
    }
    let totals = book.totals(view, account)?;
    let cash = u128::try_from(totals.cash).unwrap_or(0);
    let equity = u128::try_from(totals.equity).unwrap_or(0);
    let free = cash.min(equity.saturating_sub(totals.initial));
    let wanted = if amount == u128::MAX { free } else { amount };
    if wanted > cash || wanted == 0 {
        let detail = format!("amount {wanted}, cash {}, withdrawable {free}", totals.cash);
        return Err(Rejection::InsufficientBalance.because(detail));
    }
    if wanted > free {
        let (equity, initial) = (totals.equity, totals.initial);
        let detail =
            format!("amount {wanted}, withdrawable {free}: equity {equity}, initial {initial}");
        return Err(Rejection::BelowInitial.because(detail));
    }
    let mut effects = Effects::default();
    let code = TransferCode::Withdraw;
    effects.transfer(Holder::Account(account), Holder::External, unit, wanted, code);
    Ok(effects)
}

fn configure(
    book: &Book,
    view: &View<'_>,
    account: AccountId,
    column: u16,
    value: U256,
) -> Result<Effects, Rejected> {
    if column != ISOLATED {
        let detail = format!("column {column}: {ISOLATED} is right, 'isolated'");
        return Err(Rejection::BadParameter.because(detail));
    }
    if value > U256::ONE {
        return Err(Rejection::BadParameter.because(format!("isolated {value}: 0 or 1")));
    }
    if book.sizes(view, account)?.next().is_some() {
        let detail = format!("isolated {value} of {account}: only while it holds no contract");
        return Err(Rejection::BadParameter.because(detail));
    }
    let mut effects = Effects::default();
    effects.set(StateKey::Account(account, ISOLATED), value);
    Ok(effects)
}

/// What changes hands.
struct Deal {
    contract: AssetId,
    quantity: u128,
    price: Price,
}

impl Deal {
    /// Value of `quantity` of the contract at the deal's price, one integer for both parties: the
    /// nearest base unit, so that neither gains by the rounding on average.
    fn worth(&self, book: &Book, view: &View<'_>, quantity: u128) -> Result<u128, Rejected> {
        if quantity == 0 {
            return Err(Rejection::AmountZero.because("quantity 0: at least 1"));
        }
        let contract = book.contract(view, self.contract)?;
        let market = view.market_of(self.contract)?;
        let decimals = view.markets.get(market.index()).map(|market| market.guard.decimals);
        if decimals.is_some_and(|decimals| decimals != self.price.decimals) {
            let (given, right) = (self.price.decimals, decimals.unwrap_or_default());
            let detail = format!("price with {given} decimals: its market has {right}");
            return Err(Rejection::BadParameter.because(detail));
        }
        if self.price.raw == 0 {
            return Err(Rejection::BadParameter.because("price 0: above 0"));
        }
        book.worth(contract, quantity, self.price, Rounding::HalfUp)
    }
}

/// Moves a contract and its value between two parties; none is the outside.
fn exchange(
    book: &Book,
    effects: &mut Effects,
    (buyer, seller): (Option<AccountId>, Option<AccountId>),
    contract: AssetId,
    (quantity, value): (u128, u128),
    code: TransferCode,
) {
    let own = |party: Option<AccountId>| party.map_or(Holder::External, Holder::Account);
    let quote = |party: Option<AccountId>| {
        party.map_or(Holder::External, |account| Holder::Position(account, contract))
    };
    effects.transfer(own(seller), own(buyer), Unit::token(contract), quantity, code);
    effects.transfer(quote(buyer), quote(seller), Unit::token(book.settle()), value, code);
}

/// Moves what was realised between the position's quote side and the account's cash.
fn realise(
    book: &Book,
    effects: &mut Effects,
    account: AccountId,
    contract: AssetId,
    traded: &Traded,
) {
    let (position, cash) = (Holder::Position(account, contract), Holder::Account(account));
    let (debit, credit) = if traded.realised > 0 { (position, cash) } else { (cash, position) };
    let amount = traded.realised.unsigned_abs();
    effects.transfer(debit, credit, Unit::token(book.settle()), amount, TransferCode::Realise);
}

fn trade(
    book: &Book,
    view: &View<'_>,
    buyer: Option<AccountId>,
    seller: Option<AccountId>,
    deal: &Deal,
) -> Result<Effects, Rejected> {
    match (buyer, seller) {
        (None, None) => {
            let detail = "buyer and seller are both the outside: one must be an account";
            return Err(Rejection::BadParameter.because(detail));
        }
        (Some(buyer), Some(seller)) if buyer == seller => {
            return Err(Rejection::SelfDealing.because(buyer.to_string()));
        }
        _ => {}
    }
    let value = deal.worth(book, view, deal.quantity)?;
    let change = i128::try_from(deal.quantity).map_err(|_| Rejection::Overflow)?;
    let moved = (deal.quantity, value);
    let mut effects = Effects::default();
    exchange(book, &mut effects, (buyer, seller), deal.contract, moved, TransferCode::Trade);
    let mut growing = Vec::new();
    for (party, change) in [(buyer, change), (seller, -change)] {
        let Some(account) = party else { continue };
        let traded = book.position(view, account, deal.contract).trade(change, value)?;
        realise(book, &mut effects, account, deal.contract, &traded);
        if traded.grows {
            growing.push(account);
        }
    }
    if let (Some(buyer), Some(seller)) = (buyer, seller) {
        let quantity = Amount::new(deal.contract, deal.quantity);
        effects.facts.push(Fact::Traded { buyer, seller, quantity, price: deal.price });
    }
    for account in growing {
        may_grow(book, view, account, deal.contract, &effects)?;
    }
    Ok(effects)
}

/// New risk must be within the brackets and covered by the initial margin at the marks. A side that
/// only reduces is never asked.
fn may_grow(
    book: &Book,
    view: &View<'_>,
    account: AccountId,
    asset: AssetId,
    effects: &Effects,
) -> Result<(), Rejected> {
    let overlay = Overlay::new(*view, account, effects)?;
    let after = overlay.view();
    let isolated = !view.state(StateKey::Account(account, ISOLATED)).is_zero();
    let others = book.sizes(&after, account)?.any(|(held, _, _)| held != asset);
    if isolated && others {
        return Err(Rejection::IsolatedHoldsOne.because(account.to_string()));
    }
    let contract = book.contract(&after, asset)?;
    let size = book.position(&after, account, asset).size.unsigned_abs();
    let notional = book.worth(contract, size, after.price(asset)?, Rounding::Ceil)?;
    contract
        .table
        .tier_of(notional)
        .map_err(|error| Rejection::AboveLastTier.because(error.to_string()))?;
    let totals = book.totals(&after, account)?;
    let covered = u128::try_from(totals.equity).is_ok_and(|equity| equity >= totals.initial);
    if !covered {
        let (equity, initial) = (totals.equity, totals.initial);
        let detail = format!("{account}: equity {equity}, initial margin {initial}");
        return Err(Rejection::BelowInitial.because(detail));
    }
    Ok(())
}

/// `position` after `quantity` of it was closed for `value`.
fn reduced(position: Position, quantity: u128, value: u128) -> Result<Traded, Rejected> {
    if quantity == 0 {
        return Err(Rejection::AmountZero.because("quantity 0: at least 1"));
    }
    let size = position.size;
    if quantity > size.unsigned_abs() {
        let detail = format!("quantity {quantity} of a position of {size}");
        return Err(Rejection::NotReduceOnly.because(detail));
    }
    let change = i128::try_from(quantity).map_err(|_| Rejection::Overflow)?;
    position.trade(if size > 0 { -change } else { change }, value)
}

/// The market took a part of a position: a long was sold, a short bought back. The clearance fee on
/// its value goes to the insurance fund, as far as the cash that is left reaches.
fn fill(
    book: &Book,
    view: &View<'_>,
    account: AccountId,
    asset: AssetId,
    quantity: u128,
    proceeds: u128,
) -> Result<Effects, Rejected> {
    let contract = book.contract(view, asset)?;
    let position = book.position(view, account, asset);
    let traded = reduced(position, quantity, proceeds)?;
    let parties = if position.size > 0 { (None, Some(account)) } else { (Some(account), None) };
    let mut effects = Effects::default();
    let moved = (quantity, proceeds);
    exchange(book, &mut effects, parties, asset, moved, TransferCode::Sale);
    realise(book, &mut effects, account, asset, &traded);
    let settled = Unit::token(book.settle());
    let cash = view.balances.balance(Holder::Account(account), settled);
    let cash = cash.checked_add(traded.realised).ok_or(Rejection::Overflow)?;
    let bps = u128::from(contract.clearance_fee_bps);
    let fee = mul_div(proceeds, bps, 10_000, Rounding::Ceil)?;
    let fee = fee.min(u128::try_from(cash).unwrap_or(0));
    let from = Holder::Account(account);
    effects.transfer(from, Holder::Insurance, settled, fee, TransferCode::Fee);
    let (sold, proceeds) = (Amount::new(asset, quantity), Amount::new(book.settle(), proceeds));
    effects.facts.push(Fact::Sold { account, sold, proceeds });
    Ok(effects)
}

/// Closes winners' positions against the account's, all at one price and without a fee. Nobody's
/// position grows.
fn deleverage(
    book: &Book,
    view: &View<'_>,
    account: AccountId,
    contract: AssetId,
    winners: &[(AccountId, u128)],
    price: Price,
) -> Result<Effects, Rejected> {
    book.contract(view, contract)?;
    let totals = book.totals(view, account)?;
    if totals.equity >= 0 {
        let detail = format!("{account} has an equity of {}: below 0 is right", totals.equity);
        return Err(Rejection::Healthy.because(detail));
    }
    if winners.is_empty() {
        return Err(Rejection::AmountZero.because("winners: none, at least 1"));
    }
    let deal = Deal { contract, quantity: 0, price };
    let mut loser = book.position(view, account, contract);
    let mut effects = Effects::default();
    for (index, (winner, quantity)) in winners.iter().enumerate() {
        if *winner == account {
            return Err(Rejection::SelfDealing.because(account.to_string()));
        }
        if winners[..index].iter().any(|(earlier, _)| earlier == winner) {
            let detail = format!("winners: {winner} twice, each once is right");
            return Err(Rejection::BadParameter.because(detail));
        }
        let won = book.position(view, *winner, contract);
        if (won.size > 0) == (loser.size > 0) {
            let detail = format!("{winner} holds {} against {}", won.size, loser.size);
            return Err(Rejection::NotReduceOnly.because(detail));
        }
        let value = deal.worth(book, view, *quantity)?;
        let (closed, lost) = (reduced(won, *quantity, value)?, reduced(loser, *quantity, value)?);
        let (buyer, seller) = if loser.size > 0 { (*winner, account) } else { (account, *winner) };
        let code = TransferCode::Deleverage;
        let parties = (Some(buyer), Some(seller));
        exchange(book, &mut effects, parties, contract, (*quantity, value), code);
        realise(book, &mut effects, account, contract, &lost);
        realise(book, &mut effects, *winner, contract, &closed);
        let quantity = Amount::new(contract, *quantity);
        effects.facts.push(Fact::Traded { buyer, seller, quantity, price });
        loser = lost.after;
    }
    Ok(effects)
}

/// Books what an account owes that has nothing left to close, and brings its cash back to zero.
fn write_off(book: &Book, view: &View<'_>, account: AccountId) -> Result<Effects, Rejected> {
    let settled = Unit::token(book.settle());
    let cash = view.balances.balance(Holder::Account(account), settled);
    let flat = book.sizes(view, account)?.next().is_none();
    if !flat || cash >= 0 {
        let detail = format!("{account} has a cash of {cash}: below 0 and no position is right");
        return Err(Rejection::NothingToSell.because(detail));
    }
    let value = cash.unsigned_abs();
    let mut effects = Effects::default();
    let to = Holder::Account(account);
    effects.transfer(Holder::Outstanding, to, settled, value, TransferCode::Deficit);
    let amount = Amount::new(book.settle(), value);
    effects.facts.push(Fact::Deficit { account, amount, value });
    Ok(effects)
}
