//! What a call does, as transfers.

use super::account::{delivered, open_interest};
use super::book::{Book, Valuation};
use super::contract::Contract;
use super::position::{Position, Traded};
use super::{ISOLATED, LONG, SHORT, listed, session, takeover};
use breakwater_liquidation::{
    Call, Effects, Fact, Order, Overlay, Rejected, Rejection, StateKey, View,
};
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
            if book.slot(*asset).is_some() {
                let sold = Amount::new(*asset, *quantity);
                return sell(book, view, *account, sold, Amount::new(*proceeds_asset, *proceeds));
            }
            let contract = book.contract(view, *asset)?;
            if *proceeds_asset != contract.terms.settle {
                let settle = contract.terms.settle;
                let detail = format!("proceeds_asset {proceeds_asset}: {settle} settles");
                return Err(Rejection::BadParameter.because(detail));
            }
            fill(book, view, *account, *asset, *quantity, *proceeds)
        }
        Call::Deleverage { account, contract, winners, price } => {
            deleverage(book, view, *account, *contract, winners, *price)
        }
        Call::WriteOff { account } => write_off(book, view, *account),
        Call::Fund { contract, rate_e12 } => session::fund(book, view, *contract, *rate_e12),
        Call::Charge { asset, rate_e12 } => session::charge(book, view, *asset, *rate_e12),
        Call::Settle { contract } => session::settle(book, view, *contract),
        Call::Deliver { contract, price } => session::deliver(book, view, *contract, *price),
        Call::Quote { contract, volatility_e6 } => {
            session::quote(book, view, *contract, *volatility_e6)
        }
        Call::TakeOver { account, vault } => takeover::run(book, view, *account, *vault),
        Call::Transfer { from, to, contract, quantity } => {
            listed::transfer(book, view, (*from, *to), *contract, *quantity)
        }
        Call::Roll {
            account,
            against,
            near,
            far,
            near_quantity,
            far_quantity,
            near_price,
            far_price,
        } => {
            let near = Deal { contract: *near, quantity: *near_quantity, price: *near_price };
            let far = Deal { contract: *far, quantity: *far_quantity, price: *far_price };
            listed::roll(book, view, (*account, *against), (&near, &far))
        }
        Call::Exercise { account, contract, quantity, price } => {
            let used = Deal { contract: *contract, quantity: *quantity, price: *price };
            listed::exercise(book, view, *account, &used)
        }
        _ => Err(crate::desk::unsupported(&book.name, call)),
    }
}

/// Only listed assets are margin.
fn margin_asset(book: &Book, view: &View<'_>, asset: AssetId) -> Result<Unit, Rejected> {
    let info = view.asset(asset)?;
    if book.slot(asset).is_some() {
        return Ok(Unit::token(asset));
    }
    let margin: Vec<&str> =
        book.margin.iter().map(|held| crate::desk::symbol(view, held.asset)).collect();
    let detail = format!("asset '{}': only '{}' is margin", info.symbol, margin.join("', '"));
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
/// and as much as leaves equity at the initial margin, so that unrealised loss is covered. Venues'
/// transfers out of the wallet follow both bounds.
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
    let held = view.balances.balance(Holder::Account(account), unit);
    let cash = u128::try_from(held).unwrap_or(0);
    let paid_out = |amount: u128| {
        let mut effects = Effects::default();
        let code = TransferCode::Withdraw;
        effects.transfer(Holder::Account(account), Holder::External, unit, amount, code);
        effects
    };
    let totals_after = |amount: u128| -> Result<_, Rejected> {
        let overlay = Overlay::new(*view, account, &paid_out(amount))?;
        book.totals(&overlay.view(), account, true)
    };
    let covers = |amount: u128| -> Result<bool, Rejected> {
        let after = totals_after(amount)?;
        Ok(u128::try_from(after.equity).is_ok_and(|equity| equity >= after.initial))
    };
    let free = match book.valuation {
        // One asset without a price: what is above the requirement is free to the unit.
        Valuation::Settle => {
            let now = book.totals(view, account, true)?;
            let equity = u128::try_from(now.equity).unwrap_or(0);
            cash.min(equity.saturating_sub(now.initial))
        }
        Valuation::Numeraire(_) => most_that(cash, covers)?,
    };
    let wanted = if amount == u128::MAX { free } else { amount };
    if wanted > cash || wanted == 0 {
        let detail = format!("amount {wanted}, cash {held}, withdrawable {free}");
        return Err(Rejection::InsufficientBalance.because(detail));
    }
    if wanted > free {
        let now = book.totals(view, account, true)?;
        let (equity, initial) = (now.equity, now.initial);
        let detail =
            format!("amount {wanted}, withdrawable {free}: equity {equity}, initial {initial}");
        return Err(Rejection::BelowInitial.because(detail));
    }
    Ok(paid_out(wanted))
}

/// The most up to `bound` for which `holds`; zero if nothing does. Less never fails where more
/// holds.
fn most_that(
    bound: u128,
    holds: impl Fn(u128) -> Result<bool, Rejected>,
) -> Result<u128, Rejected> {
    if bound == 0 || holds(bound)? {
        return Ok(bound);
    }
    let (mut held, mut missed) = (0u128, bound);
    while missed - held > 1 {
        let middle = held.midpoint(missed);
        if holds(middle)? { held = middle } else { missed = middle }
    }
    Ok(held)
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
pub(super) struct Deal {
    pub contract: AssetId,
    pub quantity: u128,
    pub price: Price,
}

impl Deal {
    /// Value of `quantity` of the contract at the deal's price, one integer for both parties: the
    /// nearest base unit, so that neither gains by the rounding on average.
    fn worth(&self, book: &Book, view: &View<'_>, quantity: u128) -> Result<u128, Rejected> {
        if quantity == 0 {
            return Err(Rejection::AmountZero.because("quantity 0: at least 1"));
        }
        let contract = book.contract(view, self.contract)?;
        price_fits(view, self.contract, self.price)?;
        ends_later(view, self.contract, contract)?;
        Ok(contract.worth(quantity, self.price, Rounding::HalfUp)?)
    }
}

/// The price is above zero and at its market's scale.
pub(super) fn price_fits(view: &View<'_>, asset: AssetId, price: Price) -> Result<(), Rejected> {
    let market = view.market_of(asset)?;
    let decimals = view.markets.get(market.index()).map(|market| market.guard.decimals);
    if decimals.is_some_and(|decimals| decimals != price.decimals) {
        let (given, right) = (price.decimals, decimals.unwrap_or_default());
        let detail = format!("price with {given} decimals: its market has {right}");
        return Err(Rejection::BadParameter.because(detail));
    }
    if price.raw == 0 {
        return Err(Rejection::BadParameter.because("price 0: above 0"));
    }
    Ok(())
}

/// The contract has not ended.
pub(super) fn ends_later(
    view: &View<'_>,
    asset: AssetId,
    contract: &Contract,
) -> Result<(), Rejected> {
    let symbol = crate::desk::symbol(view, asset);
    if delivered(view, asset) {
        return Err(Rejection::ContractEnded.because(format!("{symbol} was delivered")));
    }
    match contract.terms.expires {
        Some(end) if view.now >= end => {
            let detail = format!("{symbol} expired at {}, now {}", end.0, view.now.0);
            Err(Rejection::ContractEnded.because(detail))
        }
        _ => Ok(()),
    }
}

/// Moves a contract and its value between two parties; none is the outside.
pub(super) fn exchange(
    effects: &mut Effects,
    (buyer, seller): (Option<AccountId>, Option<AccountId>),
    (asset, contract): (AssetId, &Contract),
    (quantity, value): (u128, u128),
    code: TransferCode,
) {
    let own = |party: Option<AccountId>| party.map_or(Holder::External, Holder::Account);
    let quote = |party: Option<AccountId>| {
        party.map_or(Holder::External, |account| Holder::Position(account, asset))
    };
    effects.transfer(own(seller), own(buyer), Unit::token(asset), quantity, code);
    let (payer, payee) =
        if contract.terms.buyer_pays() { (buyer, seller) } else { (seller, buyer) };
    let settled = Unit::token(contract.terms.settle);
    effects.transfer(quote(payer), quote(payee), settled, value, code);
}

/// Moves what was realised between the position's quote side and the account's cash.
pub(super) fn realise(
    effects: &mut Effects,
    account: AccountId,
    (asset, contract): (AssetId, &Contract),
    realised: i128,
) {
    let (position, cash) = (Holder::Position(account, asset), Holder::Account(account));
    let (debit, credit) = if realised > 0 { (position, cash) } else { (cash, position) };
    let settled = Unit::token(contract.terms.settle);
    effects.transfer(debit, credit, settled, realised.unsigned_abs(), TransferCode::Realise);
}

/// Counts what the sides hold together, after the changes of these positions.
pub(super) fn count_sides(
    view: &View<'_>,
    effects: &mut Effects,
    asset: AssetId,
    changes: &[(i128, i128)],
) -> Result<(), Rejected> {
    for (column, side) in [(LONG, 1i128), (SHORT, -1)] {
        let key = StateKey::Asset(asset, column);
        let mut held = view.state(key);
        for (before, after) in changes {
            let part = |size: i128| U256::from(size.saturating_mul(side).max(0).unsigned_abs());
            held = held
                .checked_add(part(*after))
                .and_then(|sum| sum.checked_sub(part(*before)))
                .ok_or(Rejection::Overflow)?;
        }
        if held != view.state(key) {
            effects.set(key, held);
        }
    }
    Ok(())
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
    let mut effects = Effects::default();
    let growing = change_hands(book, view, (buyer, seller), deal, &mut effects)?;
    for account in growing {
        may_grow(book, view, account, deal.contract, &effects)?;
    }
    Ok(effects)
}

/// Adds what a deal does to both parties, and gives those who took new risk by it.
pub(super) fn change_hands(
    book: &Book,
    view: &View<'_>,
    (buyer, seller): (Option<AccountId>, Option<AccountId>),
    deal: &Deal,
    effects: &mut Effects,
) -> Result<Vec<AccountId>, Rejected> {
    let value = deal.worth(book, view, deal.quantity)?;
    let quantity = Amount::new(deal.contract, deal.quantity);
    let growing = pass(book, view, (buyer, seller), (quantity, value), effects)?;
    if let (Some(buyer), Some(seller)) = (buyer, seller) {
        effects.facts.push(Fact::Traded { buyer, seller, quantity, price: deal.price });
    }
    Ok(growing)
}

/// A quantity goes from seller to buyer for `value` on the quote side; gives those who took new risk
/// by it.
pub(super) fn pass(
    book: &Book,
    view: &View<'_>,
    (buyer, seller): (Option<AccountId>, Option<AccountId>),
    (quantity, value): (Amount, u128),
    effects: &mut Effects,
) -> Result<Vec<AccountId>, Rejected> {
    let asset = quantity.asset;
    let contract = book.contract(view, asset)?;
    let listed = (asset, contract);
    let change = i128::try_from(quantity.raw).map_err(|_| Rejection::Overflow)?;
    let moved = (quantity.raw, value);
    exchange(effects, (buyer, seller), listed, moved, TransferCode::Trade);
    let (mut growing, mut changes) = (Vec::new(), Vec::new());
    for (party, change) in [(buyer, change), (seller, -change)] {
        let Some(account) = party else { continue };
        let before = book.position(view, account, asset, contract);
        let traded = before.trade(change, value, contract.terms.buyer_pays())?;
        realise(effects, account, listed, traded.realised);
        changes.push((before.size, traded.after.size));
        if traded.grows {
            growing.push(account);
        }
    }
    count_sides(view, effects, asset, &changes)?;
    Ok(growing)
}

/// New risk must be within the brackets and limits, and covered by the initial margin at the marks.
/// A side that only reduces is never asked.
pub(super) fn may_grow(
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
    let size = book.position(&after, account, asset, contract).size.unsigned_abs();
    within_limits(&after, asset, contract, size)?;
    covered(book, &after, account)
}

/// The account's equity is at the initial margin or above it.
pub(super) fn covered(book: &Book, view: &View<'_>, account: AccountId) -> Result<(), Rejected> {
    let totals = book.totals(view, account, true)?;
    let (equity, initial) = (totals.equity, totals.initial);
    if u128::try_from(equity).is_ok_and(|equity| equity >= initial) {
        return Ok(());
    }
    let detail = format!("{account}: equity {equity}, initial margin {initial}");
    Err(Rejection::BelowInitial.because(detail))
}

/// A position of `size` is within the brackets, and it and the open interest within the limits.
pub(super) fn within_limits(
    view: &View<'_>,
    asset: AssetId,
    contract: &Contract,
    size: u128,
) -> Result<(), Rejected> {
    let notional = contract.worth(size, view.price(asset)?, Rounding::Ceil)?;
    contract
        .table
        .tier_of(notional)
        .map_err(|error| Rejection::AboveLastTier.because(error.to_string()))?;
    let symbol = crate::desk::symbol(view, asset);
    if let Some(most) = contract.position_max.filter(|most| size > *most) {
        let detail = format!("a position of {size} in {symbol}: at most {most}");
        return Err(Rejection::AbovePositionLimit.because(detail));
    }
    let interest = open_interest(view, asset)?;
    if let Some(most) = contract.open_interest_max.filter(|most| interest > *most) {
        let detail = format!("an open interest of {interest} in {symbol}: at most {most}");
        return Err(Rejection::AbovePositionLimit.because(detail));
    }
    Ok(())
}

/// Whether an order may be placed: see [`breakwater_liquidation::Rulebook::may_order`].
pub(super) fn may_order(book: &Book, view: &View<'_>, order: &Order) -> Result<(), Rejected> {
    let contract = book.contract(view, order.contract)?;
    if order.quantity == 0 {
        return Err(Rejection::AmountZero.because("quantity 0: at least 1"));
    }
    price_fits(view, order.contract, order.price)?;
    ends_later(view, order.contract, contract)?;
    let position = book.position(view, order.account, order.contract, contract);
    let reduces = (position.size > 0 && !order.buy) || (position.size < 0 && order.buy);
    if order.reduce_only {
        if reduces && order.quantity <= position.size.unsigned_abs() {
            return Ok(());
        }
        let detail = format!("quantity {} against a position of {}", order.quantity, position.size);
        return Err(Rejection::NotReduceOnly.because(detail));
    }
    let most = view
        .orders(order.account)
        .filter(|(_, open)| open.contract == order.contract && open.buy == order.buy)
        .filter(|(_, open)| !open.reduce_only)
        .try_fold(0u128, |sum, (_, open)| sum.checked_add(open.quantity))
        .and_then(|sum| i128::try_from(sum).ok())
        .and_then(|sum| position.size.checked_add(if order.buy { sum } else { -sum }))
        .ok_or(Rejection::Overflow)?;
    within_limits(view, order.contract, contract, most.unsigned_abs())?;
    let totals = book.totals(view, order.account, true)?;
    if u128::try_from(totals.equity).is_ok_and(|equity| equity >= totals.initial) {
        return Ok(());
    }
    let (equity, initial) = (totals.equity, totals.initial);
    let detail =
        format!("{}: equity {equity}, initial margin with the order {initial}", order.account);
    Err(Rejection::BelowInitial.because(detail))
}

/// `quantity` is something, and no more than is held.
pub(super) fn held(quantity: u128, size: i128) -> Result<(), Rejected> {
    if quantity == 0 {
        return Err(Rejection::AmountZero.because("quantity 0: at least 1"));
    }
    if quantity > size.unsigned_abs() {
        let detail = format!("quantity {quantity} of a position of {size}");
        return Err(Rejection::NotReduceOnly.because(detail));
    }
    Ok(())
}

/// `position` after `quantity` of it was closed for `value`.
fn reduced(
    position: Position,
    quantity: u128,
    value: u128,
    contract: &Contract,
) -> Result<Traded, Rejected> {
    let size = position.size;
    held(quantity, size)?;
    let change = i128::try_from(quantity).map_err(|_| Rejection::Overflow)?;
    let change = if size > 0 { -change } else { change };
    position.trade(change, value, contract.terms.buyer_pays())
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
    let position = book.position(view, account, asset, contract);
    let traded = reduced(position, quantity, proceeds, contract)?;
    let parties = if position.size > 0 { (None, Some(account)) } else { (Some(account), None) };
    let mut effects = Effects::default();
    let listed = (asset, contract);
    exchange(&mut effects, parties, listed, (quantity, proceeds), TransferCode::Sale);
    realise(&mut effects, account, listed, traded.realised);
    count_sides(view, &mut effects, asset, &[(position.size, traded.after.size)])?;
    let settled = Unit::token(contract.terms.settle);
    let cash = view.balances.balance(Holder::Account(account), settled);
    let cash = cash.checked_add(traded.realised).ok_or(Rejection::Overflow)?;
    let bps = u128::from(contract.clearance_fee_bps);
    let fee = mul_div(proceeds, bps, 10_000, Rounding::Ceil)?;
    let fee = fee.min(u128::try_from(cash).unwrap_or(0));
    let from = Holder::Account(account);
    effects.transfer(from, Holder::Insurance, settled, fee, TransferCode::Fee);
    let (sold, proceeds) =
        (Amount::new(asset, quantity), Amount::new(contract.terms.settle, proceeds));
    effects.facts.push(Fact::Sold { account, sold, proceeds });
    Ok(effects)
}

/// The market took collateral for what the account owes of another asset. Without a fee: the
/// clearance fee is a contract's.
fn sell(
    book: &Book,
    view: &View<'_>,
    account: AccountId,
    sold: Amount,
    proceeds: Amount,
) -> Result<Effects, Rejected> {
    let (from, to) = (Unit::token(sold.asset), margin_asset(book, view, proceeds.asset)?);
    if from == to {
        let detail = format!("proceeds_asset {}: another than what is sold", proceeds.asset);
        return Err(Rejection::BadParameter.because(detail));
    }
    if sold.raw == 0 {
        return Err(Rejection::AmountZero.because("quantity 0: at least 1"));
    }
    let own = Holder::Account(account);
    let cash = view.balances.balance(own, from);
    if u128::try_from(cash).unwrap_or(0) < sold.raw {
        let detail = format!("quantity {} of a balance of {cash}", sold.raw);
        return Err(Rejection::NotReduceOnly.because(detail));
    }
    let mut effects = Effects::default();
    effects.transfer(own, Holder::External, from, sold.raw, TransferCode::Sale);
    effects.transfer(Holder::External, own, to, proceeds.raw, TransferCode::Sale);
    effects.facts.push(Fact::Sold { account, sold, proceeds });
    Ok(effects)
}

/// Closes winners' positions against the account's, all at one price and without a fee. Nobody's
/// position grows.
fn deleverage(
    book: &Book,
    view: &View<'_>,
    account: AccountId,
    asset: AssetId,
    winners: &[(AccountId, u128)],
    price: Price,
) -> Result<Effects, Rejected> {
    let contract = book.contract(view, asset)?;
    let totals = book.totals(view, account, false)?;
    if totals.equity >= 0 {
        let detail = format!("{account} has an equity of {}: below 0 is right", totals.equity);
        return Err(Rejection::Healthy.because(detail));
    }
    if winners.is_empty() {
        return Err(Rejection::AmountZero.because("winners: none, at least 1"));
    }
    let deal = Deal { contract: asset, quantity: 0, price };
    let mut loser = book.position(view, account, asset, contract);
    let (mut effects, mut changes) = (Effects::default(), Vec::new());
    let listed = (asset, contract);
    for (index, (winner, quantity)) in winners.iter().enumerate() {
        if *winner == account {
            return Err(Rejection::SelfDealing.because(account.to_string()));
        }
        if winners[..index].iter().any(|(earlier, _)| earlier == winner) {
            let detail = format!("winners: {winner} twice, each once is right");
            return Err(Rejection::BadParameter.because(detail));
        }
        let won = book.position(view, *winner, asset, contract);
        if (won.size > 0) == (loser.size > 0) {
            let detail = format!("{winner} holds {} against {}", won.size, loser.size);
            return Err(Rejection::NotReduceOnly.because(detail));
        }
        let value = deal.worth(book, view, *quantity)?;
        let closed = reduced(won, *quantity, value, contract)?;
        let lost = reduced(loser, *quantity, value, contract)?;
        let (buyer, seller) = if loser.size > 0 { (*winner, account) } else { (account, *winner) };
        let code = TransferCode::Deleverage;
        let parties = (Some(buyer), Some(seller));
        exchange(&mut effects, parties, listed, (*quantity, value), code);
        realise(&mut effects, account, listed, lost.realised);
        realise(&mut effects, *winner, listed, closed.realised);
        changes.extend([(won.size, closed.after.size), (loser.size, lost.after.size)]);
        let quantity = Amount::new(asset, *quantity);
        effects.facts.push(Fact::Traded { buyer, seller, quantity, price });
        loser = lost.after;
    }
    count_sides(view, &mut effects, asset, &changes)?;
    Ok(effects)
}

/// Books what an account owes that has nothing left to sell, and brings its cash back to zero. With
/// several margin assets, what it has of others is sold for it before.
fn write_off(book: &Book, view: &View<'_>, account: AccountId) -> Result<Effects, Rejected> {
    let totals = book.totals(view, account, false)?;
    let positions = book.sizes(view, account)?.count();
    let collateral = book.collateral(view, account)?.len();
    if positions > 0 || collateral > 0 || totals.equity >= 0 {
        let equity = totals.equity;
        let detail = format!(
            "{account} has an equity of {equity}, {positions} positions and {collateral} assets to \
             sell for what it owes: below 0, none and none is right"
        );
        return Err(Rejection::NothingToSell.because(detail));
    }
    let mut effects = Effects::default();
    for held in &book.margin {
        let unit = Unit::token(held.asset);
        let cash = view.balances.balance(Holder::Account(account), unit);
        if cash >= 0 {
            continue;
        }
        let amount = cash.unsigned_abs();
        let to = Holder::Account(account);
        effects.transfer(Holder::Outstanding, to, unit, amount, TransferCode::Deficit);
        let value = book.value(view, held, amount, Rounding::Ceil)?;
        let amount = Amount::new(held.asset, amount);
        effects.facts.push(Fact::Deficit { account, amount, value });
    }
    Ok(effects)
}
