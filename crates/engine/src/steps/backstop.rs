//! A deficit finds its bearers: insurance, deleveraging, socialised loss, else outstanding.

use super::settle;
use crate::Engine;
use crate::engine::Fault;
use crate::event::{Cause, Outcome, What};
use crate::invariant::Invariant;
use breakwater_liquidation::backstop::{self, Bearers, Capacity, Needed, WHOLE_E18, Winner};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{AssetKind, Call, Effects, Fact, Rejection};
use breakwater_money::rounding::{Rounding, mul_div, mul_div_full, narrow_u128, pow10};
use breakwater_money::{
    AccountId, Amount, AssetId, Class, Holder, Price, Time, TransferCode, U256, Unit,
};

/// What the rulebook's own effects leave to be borne of each deficit they book: a venue whose
/// reserves, lenders or other borrowers take a loss within the call says so by facts. Counts what
/// they bore.
pub(super) fn unborne(
    engine: &mut Engine,
    facts: &[Fact],
) -> Result<Vec<(AccountId, Amount)>, Fault> {
    let mut left: Vec<(AccountId, Amount)> = Vec::new();
    for fact in facts {
        match fact {
            Fact::Deficit { account, amount, .. } => left.push((*account, *amount)),
            Fact::Borne { account, bearer, amount } => {
                let same = |(of, deficit): &&mut (AccountId, Amount)| {
                    of == account && deficit.asset == amount.asset && deficit.raw >= amount.raw
                };
                let Some((_, deficit)) = left.iter_mut().rev().find(same) else {
                    let found = format!("{} borne for {account} without a deficit", amount.raw);
                    return Err(Fault::Broken(Invariant::LossBorne, found));
                };
                deficit.raw -= amount.raw;
                let losses = engine.losses.entry(amount.asset).or_default();
                losses.deficit = losses.deficit.saturating_add(amount.raw);
                let bore = match bearer {
                    Bearer::Insurance | Bearer::Vault => &mut losses.insurance,
                    Bearer::Deleveraged(_) => &mut losses.deleveraged,
                    Bearer::Socialised(_) | Bearer::Lenders | Bearer::Borrowers => {
                        &mut losses.socialised
                    }
                    Bearer::Outstanding => &mut losses.outstanding,
                };
                *bore = bore.saturating_add(amount.raw);
            }
            _ => {}
        }
    }
    left.retain(|(_, deficit)| deficit.raw > 0);
    Ok(left)
}

/// Spreads a deficit that the rulebook booked with [`Holder::Outstanding`] over its bearers.
pub(super) fn bear(
    engine: &mut Engine,
    account: AccountId,
    deficit: Amount,
    cause: Cause,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let asset = deficit.asset;
    let policy = engine.in_force()?.policy.backstop;
    let token = Unit::token(asset);
    let fund = u128::try_from(engine.ledger.balance(Holder::Insurance, token)).unwrap_or(0);
    // A lending pool books what it is owed and does not have; an exchange has paid it already.
    let booked = engine.ledger.balance(Holder::Outstanding, Unit::deficit(asset)) > 0;
    let others =
        if policy.socialise && !booked { capacities(engine, account, asset) } else { Vec::new() };
    let bearers = Bearers { insurance: fund, others: &others, ..Bearers::default() };
    let borne = backstop::bear(deficit.raw, &policy, &bearers);
    if borne.total() != deficit.raw {
        let found = format!("{} of {} borne", borne.total(), deficit.raw);
        return Err(Fault::Broken(Invariant::LossBorne, found));
    }
    let mut effects = Effects::default();
    if booked {
        effects.transfer(
            Holder::Insurance,
            Holder::Reserve,
            token,
            borne.insurance,
            TransferCode::Insurance,
        );
        effects.transfer(
            Holder::Outstanding,
            Holder::Issuer,
            Unit::deficit(asset),
            borne.insurance,
            TransferCode::Insurance,
        );
    } else {
        effects.transfer(
            Holder::Insurance,
            Holder::Outstanding,
            token,
            borne.insurance,
            TransferCode::Insurance,
        );
    }
    for (bearer, share) in &borne.socialised {
        let from = Holder::Account(*bearer);
        effects.transfer(from, Holder::Outstanding, token, *share, TransferCode::Socialise);
    }
    settle::post(engine, &effects)?;
    for bearer in effects.moved_accounts() {
        engine.watch.mark_pending(bearer);
    }
    let socialised: u128 = borne.socialised.iter().map(|(_, share)| share).sum();
    let losses = engine.losses.entry(asset).or_default();
    losses.deficit = losses.deficit.saturating_add(deficit.raw);
    losses.insurance = losses.insurance.saturating_add(borne.insurance);
    losses.socialised = losses.socialised.saturating_add(socialised);
    losses.outstanding = losses.outstanding.saturating_add(borne.outstanding);
    let shares = borne.socialised.iter().map(|(a, share)| (Bearer::Socialised(*a), *share));
    let told = std::iter::once((Bearer::Insurance, borne.insurance))
        .chain(shares)
        .chain([(Bearer::Outstanding, borne.outstanding)]);
    for (bearer, share) in told.filter(|(_, share)| *share > 0) {
        let amount = Amount::new(asset, share);
        let fact = Fact::Borne { account, bearer, amount };
        Engine::tell(outcome, cause, What::Happened(fact));
    }
    Ok(())
}

/// I-23: what the books leave with nobody is what the outstanding account owes.
pub(super) fn outstanding_agrees(engine: &Engine, asset: AssetId) -> Result<(), Fault> {
    let losses = engine.losses.get(&asset).copied().unwrap_or_default();
    let booked = engine.ledger.balance(Holder::Outstanding, Unit::deficit(asset));
    let owed = engine.ledger.balance(Holder::Outstanding, Unit::token(asset));
    let named = booked.saturating_sub(owed);
    if i128::try_from(losses.outstanding) == Ok(named) {
        return Ok(());
    }
    let found = format!("{} outstanding by the events, {named} by the ledger", losses.outstanding);
    Err(Fault::Broken(Invariant::LossBorne, found))
}

/// The fund pays for what lies with nobody yet: losses that are booked with the pool first, then
/// those that an exchange has paid out of nothing.
pub(super) fn cover(
    engine: &mut Engine,
    asset: AssetId,
    amount: u128,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let Some(info) = engine.assets.get(asset.index()) else {
        return Err(Rejection::UnknownAsset.because(asset.to_string()).into());
    };
    if amount == 0 {
        return Err(Rejection::AmountZero.because("amount 0: at least 1").into());
    }
    let outstanding = engine.losses.get(&asset).map_or(0, |losses| losses.outstanding);
    if outstanding == 0 {
        return Err(Rejection::NothingToCover.because(info.symbol.clone()).into());
    }
    let (token, deficit) = (Unit::token(asset), Unit::deficit(asset));
    let fund = u128::try_from(engine.ledger.balance(Holder::Insurance, token)).unwrap_or(0);
    let covered = amount.min(outstanding).min(fund);
    if covered == 0 {
        let detail = format!("the fund has no {}, {outstanding} are outstanding", info.symbol);
        return Err(Rejection::InsufficientBalance.because(detail).into());
    }
    let booked = u128::try_from(engine.ledger.balance(Holder::Outstanding, deficit)).unwrap_or(0);
    let lacking = covered.min(booked);
    let mut effects = Effects::default();
    let code = TransferCode::Insurance;
    effects.transfer(Holder::Insurance, Holder::Reserve, token, lacking, code);
    effects.transfer(Holder::Outstanding, Holder::Issuer, deficit, lacking, code);
    effects.transfer(Holder::Insurance, Holder::Outstanding, token, covered - lacking, code);
    settle::post(engine, &effects)?;
    let losses = engine.losses.entry(asset).or_default();
    losses.insurance = losses.insurance.saturating_add(covered);
    losses.outstanding = outstanding - covered;
    let fact = Fact::Covered {
        bearer: Bearer::Insurance,
        amount: Amount::new(asset, covered),
        outstanding: losses.outstanding,
    };
    Engine::tell(outcome, Cause::Command, What::Happened(fact));
    outstanding_agrees(engine, asset)
}

/// Cash of every account but the bankrupt one.
fn capacities(engine: &Engine, account: AccountId, asset: AssetId) -> Vec<Capacity> {
    let token = Unit::token(asset);
    (0..)
        .map(AccountId)
        .take(engine.standings.len())
        .filter(|other| *other != account)
        .filter_map(|other| {
            let cash = engine.ledger.balance(Holder::Account(other), token);
            let most = u128::try_from(cash).ok().filter(|cash| *cash > 0)?;
            Some(Capacity { account: other, most })
        })
        .collect()
}

/// Closes winners against what the market would not take of a bankrupt account, at the price that
/// leaves the account with nothing. Not while the fund covers.
pub(super) fn deleverage(
    engine: &mut Engine,
    at: Time,
    account: AccountId,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let installed = engine.in_force()?;
    let Some(policy) = installed.policy.backstop.deleverage else { return Ok(()) };
    let pays_first = installed.policy.backstop.insurance;
    for contract in contracts_of(engine, account) {
        let AssetKind::LinearPerpetual { settle } = engine.assets[contract.index()].kind else {
            continue;
        };
        let installed = engine.in_force()?;
        let health = engine.with_view(at, |view| installed.rulebook.assess(view, account))?;
        let fund = engine.ledger.balance(Holder::Insurance, Unit::token(settle));
        let fund = if pays_first { u128::try_from(fund).unwrap_or(0) } else { 0 };
        let deficit = health.equity.min(0).unsigned_abs().saturating_sub(fund);
        if deficit == 0 {
            return Ok(());
        }
        let size = engine.ledger.balance(Holder::Account(account), Unit::token(contract));
        let winners = winners(engine, account, contract, settle, size > 0)?;
        let needed = Needed::Quantity { quantity: size.unsigned_abs(), deficit };
        // No command carries entropy for this: a random start is the first account.
        let done = backstop::deleverage(needed, &winners, policy, 0);
        let closed: Vec<(AccountId, u128)> =
            done.closes.iter().map(|closed| (closed.account, closed.quantity)).collect();
        let quantity = done.quantity();
        if quantity == 0 {
            continue;
        }
        let mark = engine.look(|view| view.price(contract))?;
        let price = bankruptcy_price(engine, contract, settle, mark, size, quantity, deficit)?;
        let call = Call::Deleverage { account, contract, winners: closed.clone(), price };
        let installed = engine.in_force()?;
        let effects = engine.with_view(at, |view| installed.rulebook.execute(view, &call))?;
        let gap = Price::new(mark.raw.abs_diff(price.raw), mark.decimals);
        let given = closed.iter().map(|(winner, quantity)| {
            Ok((*winner, quote_value(engine, contract, settle, *quantity, gap)?))
        });
        let given = given.collect::<Result<Vec<_>, Fault>>()?;
        settle::commit(engine, effects, Cause::Command, outcome)?;
        engine.scratch.hits.push((account, false));
        told(engine, account, settle, &given, outcome);
    }
    Ok(())
}

/// What each winner gave against the mark.
fn told(
    engine: &mut Engine,
    account: AccountId,
    settle: AssetId,
    given: &[(AccountId, u128)],
    outcome: &mut Outcome,
) {
    for (winner, given) in given {
        let losses = engine.losses.entry(settle).or_default();
        losses.deficit = losses.deficit.saturating_add(*given);
        losses.deleveraged = losses.deleveraged.saturating_add(*given);
        let fact = Fact::Borne {
            account,
            bearer: Bearer::Deleveraged(*winner),
            amount: Amount::new(settle, *given),
        };
        Engine::tell(outcome, Cause::Command, What::Happened(fact));
    }
}

fn contracts_of(engine: &Engine, account: AccountId) -> Vec<AssetId> {
    engine
        .ledger
        .holdings(account)
        .iter()
        .filter(|h| h.contract.is_none() && h.unit.class == Class::Token)
        .map(|h| h.unit.asset)
        .filter(|asset| engine.assets[asset.index()].kind != AssetKind::Token)
        .collect()
}

/// Base units of the settle asset for `quantity` of a contract at a price, floored.
fn quote_value(
    engine: &Engine,
    contract: AssetId,
    settle: AssetId,
    quantity: u128,
    price: Price,
) -> Result<u128, Fault> {
    let from = u32::from(engine.assets[contract.index()].decimals) + u32::from(price.decimals);
    let to = u32::from(engine.assets[settle.index()].decimals);
    let (up, down) = if to >= from { (to - from, 0) } else { (0, from - to) };
    let power = |exponent: u32| {
        U256::from(10u8).checked_pow(U256::from(exponent)).ok_or(Rejection::Overflow)
    };
    let scaled = U256::from(price.raw).checked_mul(power(up)?).ok_or(Rejection::Overflow)?;
    let value = mul_div_full(U256::from(quantity), scaled, power(down)?, Rounding::Floor)?;
    Ok(narrow_u128(value)?)
}

/// Opposite positions in profit at the mark, with their place in the queue: profit over entry
/// value times mark value over cash, both at 1e9.
fn winners(
    engine: &Engine,
    bankrupt: AccountId,
    contract: AssetId,
    settle: AssetId,
    bankrupt_is_long: bool,
) -> Result<Vec<Winner>, Fault> {
    const ONE: u128 = 1_000_000_000;
    let mark = engine.look(|view| view.price(contract))?;
    let mut winners = Vec::new();
    for account in (0..).map(AccountId).take(engine.standings.len()) {
        let size = engine.ledger.balance(Holder::Account(account), Unit::token(contract));
        if account == bankrupt || size == 0 || (size > 0) == bankrupt_is_long {
            continue;
        }
        let value = quote_value(engine, contract, settle, size.unsigned_abs(), mark)?;
        let entry = engine
            .ledger
            .balance(Holder::Position(account, contract), Unit::token(settle))
            .unsigned_abs();
        let profit =
            if size > 0 { value.saturating_sub(entry) } else { entry.saturating_sub(value) };
        if profit == 0 {
            continue;
        }
        let cash = engine.ledger.balance(Holder::Account(account), Unit::token(settle));
        let cash = u128::try_from(cash).unwrap_or(0).max(1);
        let gain = mul_div(profit, ONE, entry.max(1), Rounding::Floor).unwrap_or(u128::MAX);
        let lever = mul_div(value, ONE, cash, Rounding::Floor).unwrap_or(u128::MAX);
        let score = gain.saturating_mul(lever);
        winners.push(Winner {
            account,
            quantity: size.unsigned_abs(),
            score: i128::try_from(score).unwrap_or(i128::MAX),
            profit,
            leverage_e9: u64::try_from(lever).unwrap_or(u64::MAX),
            share_max_e18: WHOLE_E18,
        });
    }
    Ok(winners)
}

/// The mark moved by the deficit over the quantity closed, rounded in the winners' favour.
fn bankruptcy_price(
    engine: &Engine,
    contract: AssetId,
    settle: AssetId,
    mark: Price,
    size: i128,
    quantity: u128,
    deficit: u128,
) -> Result<Price, Fault> {
    let per_contract = pow10(engine.assets[contract.index()].decimals)?;
    let per_settle = pow10(engine.assets[settle.index()].decimals)?;
    let scale = U256::from(per_contract)
        .checked_mul(U256::from(pow10(mark.decimals)?))
        .ok_or(Rejection::Overflow)?;
    let divisor =
        U256::from(quantity).checked_mul(U256::from(per_settle)).ok_or(Rejection::Overflow)?;
    let move_by = narrow_u128(mul_div_full(U256::from(deficit), scale, divisor, Rounding::Floor)?)?;
    let raw = if size > 0 {
        mark.raw.checked_add(move_by)
    } else {
        // Below zero nobody pays: the rest of the loss stays for the next bearer.
        Some(mark.raw.saturating_sub(move_by).max(1))
    };
    Ok(Price::new(raw.ok_or(Rejection::Overflow)?, mark.decimals))
}
