//! What every rulebook's counter does alike: money in and out, shares issued and cancelled, checks of
//! what is asked. Which amounts and which rounding is each venue's own.

use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{
    Call, Effects, Fact, Overlay, Rejected, Rejection, Rulebook, StateKey, View,
};
use breakwater_money::rounding::narrow_u128;
use breakwater_money::{AccountId, Amount, AssetId, Class, Holder, TransferCode, U256, Unit};

/// The account exists and the amount is not zero.
///
/// # Errors
/// [`Rejection::UnknownAccount`] or [`Rejection::AmountZero`].
pub fn asked(view: &View<'_>, account: AccountId, amount: u128) -> Result<(), Rejected> {
    view.holdings(account)?;
    if amount == 0 {
        return Err(Rejection::AmountZero.because("amount 0: at least 1"));
    }
    Ok(())
}

/// A call that the rulebook does not have.
#[must_use]
pub fn unsupported(name: &str, call: &Call) -> Rejected {
    Rejection::Unsupported.because(format!("{name} has no call '{}'", call.kind()))
}

/// The asset itself comes in from outside.
pub fn take_in(effects: &mut Effects, asset: AssetId, amount: u128, code: TransferCode) {
    effects.transfer(Holder::External, Holder::Reserve, Unit::token(asset), amount, code);
}

/// The pool's cash in an asset, after what `effects` already move.
#[must_use]
pub fn cash(view: &View<'_>, effects: &Effects, asset: AssetId) -> u128 {
    let held = view.balances.balance(Holder::Reserve, Unit::token(asset));
    u128::try_from(held.saturating_add(effects.net(Holder::Reserve, asset))).unwrap_or(0)
}

/// The asset itself goes out of the pool's cash.
///
/// # Errors
/// [`Rejection::InsufficientLiquidity`] if there is too little.
pub fn pay_out(
    view: &View<'_>,
    effects: &mut Effects,
    asset: AssetId,
    amount: u128,
    code: TransferCode,
) -> Result<(), Rejected> {
    let cash = cash(view, effects, asset);
    if amount > cash {
        let detail = format!("amount {amount}, cash {cash}");
        return Err(Rejection::InsufficientLiquidity.because(detail));
    }
    effects.transfer(Holder::Reserve, Holder::External, Unit::token(asset), amount, code);
    Ok(())
}

/// Raw units of a claim (deposit shares, debt shares) are issued to the account.
pub fn issue(effects: &mut Effects, account: AccountId, unit: Unit, raw: u128, code: TransferCode) {
    effects.transfer(Holder::Issuer, Holder::Account(account), unit, raw, code);
}

/// Raw units of a claim are cancelled.
///
/// # Errors
/// [`Rejection::InsufficientBalance`] if the account has fewer.
pub fn cancel(
    view: &View<'_>,
    effects: &mut Effects,
    account: AccountId,
    unit: Unit,
    raw: u128,
    code: TransferCode,
) -> Result<(), Rejected> {
    let held = view.owned(account, unit);
    if raw > held {
        let detail = format!("amount {raw}, balance {held}");
        return Err(Rejection::InsufficientBalance.because(detail));
    }
    effects.transfer(Holder::Account(account), Holder::Issuer, unit, raw, code);
    Ok(())
}

/// Assets in which the account holds a claim of `class`, with the raw units, in order.
///
/// # Errors
/// Unknown account.
pub fn held<'a>(
    view: &View<'a>,
    account: AccountId,
    class: Class,
) -> Result<impl Iterator<Item = (AssetId, u128)> + use<'a>, Rejected> {
    let holdings = view.holdings(account)?;
    Ok(holdings
        .iter()
        .filter(move |h| h.unit.class == class && h.contract.is_none())
        .filter_map(|h| u128::try_from(h.balance).ok().map(|raw| (h.unit.asset, raw)))
        .filter(|(_, raw)| *raw > 0))
}

/// Raw units of a claim in issue: what the issuer owes.
#[must_use]
pub fn issued(view: &View<'_>, unit: Unit) -> u128 {
    let balance = view.balances.balance(Holder::Issuer, unit);
    if balance < 0 { balance.unsigned_abs() } else { 0 }
}

/// Raw units of a claim that the accounts counted hold together: for a claim that means one thing
/// to some accounts and another to the rest.
///
/// # Errors
/// [`Rejection::Overflow`].
pub fn held_by(
    view: &View<'_>,
    unit: Unit,
    counts: impl Fn(AccountId) -> bool,
) -> Result<u128, Rejected> {
    let accounts = (0..view.balances.accounts()).map(AccountId).filter(|account| counts(*account));
    let mut held = accounts.map(|account| view.owned(account, unit));
    let sum = held.try_fold(0u128, u128::checked_add);
    sum.ok_or_else(|| Rejection::Overflow.into())
}

/// The account is not in breach after `effects`: what new risk must satisfy at the least.
///
/// # Errors
/// [`Rejection::BelowInitial`], or the rulebook's refusal to assess.
pub fn stays_sound(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    effects: &Effects,
) -> Result<(), Rejected> {
    let overlay = Overlay::new(*view, account, effects)?;
    let health = rulebook.assess(&overlay.view(), account)?;
    if health.breach {
        return Err(Rejection::BelowInitial.because(format!("ratio would be {}", health.ratio)));
    }
    Ok(())
}

/// An account's own liquidation threshold in basis points, of a column of that meaning; none for
/// zero.
#[must_use]
pub fn own_threshold(view: &View<'_>, account: AccountId, column: u16) -> Option<u16> {
    let stored = view.state(StateKey::Account(account, column));
    u16::try_from(stored).ok().filter(|bps| *bps > 0)
}

/// Name of the account column that carries a threshold of its own. Books that record each
/// account's average threshold set it; no venue has it.
pub const OWN_THRESHOLD: &str = "own threshold (bps, 0 for none)";

/// Sets an account's own threshold.
///
/// # Errors
/// [`Rejection::BadParameter`] above 100 %, or unknown account.
pub fn set_own_threshold(
    view: &View<'_>,
    account: AccountId,
    column: u16,
    value: U256,
) -> Result<Effects, Rejected> {
    view.holdings(account)?;
    if value > U256::from(10_000u64) {
        let detail = format!("own threshold {value}: at most 10000 (100 %)");
        return Err(Rejection::BadParameter.because(detail));
    }
    let mut effects = Effects::default();
    effects.set(StateKey::Account(account, column), value);
    effects.touched = breakwater_liquidation::Touched::Accounts(vec![account]);
    Ok(effects)
}

/// A loss of `amount` that `bearer` takes within the call.
///
/// # Errors
/// Missing mark or overflow of its value.
pub fn lose(
    view: &View<'_>,
    effects: &mut Effects,
    account: AccountId,
    amount: Amount,
    bearer: Bearer,
) -> Result<(), Rejected> {
    if amount.raw == 0 {
        return Ok(());
    }
    let decimals = view.asset(amount.asset)?.decimals;
    let rounding = breakwater_money::Rounding::Ceil;
    let value = view.price(amount.asset)?.value(amount.raw, decimals, rounding)?;
    effects.facts.push(Fact::Deficit { account, amount, value });
    effects.facts.push(Fact::Borne { account, bearer, amount });
    Ok(())
}

/// An asset's symbol, for calls as they are told.
#[must_use]
pub fn symbol<'a>(view: &View<'a>, asset: AssetId) -> &'a str {
    view.asset(asset).map_or("?", |info| info.symbol.as_str())
}

/// An amount as a caller would send it: the largest number asks for all there is.
#[must_use]
pub fn offered(amount: u128) -> String {
    if amount == u128::MAX { "type(uint256).max".to_owned() } else { amount.to_string() }
}

/// 256 bits to a ledger amount.
///
/// # Errors
/// [`Rejection::Overflow`].
pub fn raw(value: U256) -> Result<u128, Rejected> {
    Ok(narrow_u128(value)?)
}
