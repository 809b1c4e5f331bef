//! A deficit finds its bearers: insurance, deleveraging, socialised loss, else outstanding.

use super::settle;
use crate::Engine;
use crate::engine::Fault;
use crate::event::{Cause, Outcome, What};
use crate::grounds::Queue;
use crate::invariant::Invariant;
use breakwater_liquidation::backstop::{
    self, Bearers, Capacity, Needed, Standing, WHOLE_E18, Winner,
};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::policy::{BackstopPolicy, Socialise};
use breakwater_liquidation::{AssetKind, Call, ContractTerms, Effects, Fact, Rejected, Rejection};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{
    AccountId, Amount, AssetId, Class, Holder, Price, Time, TransferCode, Unit,
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
                    Bearer::Insurance => &mut losses.insurance,
                    Bearer::Vault => &mut losses.vault,
                    Bearer::Deleveraged(_) => &mut losses.deleveraged,
                    Bearer::Socialised(_)
                    | Bearer::Lenders
                    | Bearer::Borrowers
                    | Bearer::Winners => &mut losses.socialised,
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
        if booked { Vec::new() } else { capacities(engine, policy.socialise, account, asset)? };
    let bearers = Bearers { insurance: fund, others: &others, ..Bearers::default() };
    // Winners' positions have been closed before, where the policy closes them.
    let in_cash = BackstopPolicy { deleverage: None, ..policy };
    let borne = backstop::bear(deficit.raw, &in_cash, &bearers);
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
    settle::post(engine, &effects, outcome)?;
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
    settle::post(engine, &effects, outcome)?;
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

/// What every account but the bankrupt one can be asked for.
fn capacities(
    engine: &Engine,
    socialise: Socialise,
    account: AccountId,
    asset: AssetId,
) -> Result<Vec<Capacity>, Fault> {
    let others = (0..).map(AccountId).take(engine.standings.len());
    let mut able = Vec::new();
    for other in others.filter(|other| *other != account) {
        let most = match socialise {
            Socialise::Nobody => 0,
            Socialise::Cash => {
                let cash = engine.ledger.balance(Holder::Account(other), Unit::token(asset));
                u128::try_from(cash).unwrap_or(0)
            }
            Socialise::Session => gained(engine, other, asset)?,
        };
        if most > 0 {
            able.push(Capacity { account: other, most });
        }
    }
    Ok(able)
}

/// What the account's positions settled in the asset have gained at the mark since they were last
/// settled, as far as that is in profit.
fn gained(engine: &Engine, account: AccountId, asset: AssetId) -> Result<u128, Fault> {
    let mut gain = 0i128;
    for contract in contracts_of(engine, account) {
        let Some(listed) = Listed::of(engine, contract) else { continue };
        if listed.terms.settle == asset {
            let mark = engine.look(|view| view.price(contract))?;
            gain = gain.saturating_add(listed.profit(engine, account, mark)?);
        }
    }
    Ok(u128::try_from(gain).unwrap_or(0))
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
    let saleable = engine.with_view(at, |view| installed.rulebook.saleable(view, account))?;
    if saleable.iter().any(|item| engine.assets[item.asset.index()].kind == AssetKind::Token) {
        // What the account owns pays before anybody else does.
        return Ok(());
    }
    let pays_first = installed.policy.backstop.insurance;
    for asset in contracts_of(engine, account) {
        let Some(contract) = Listed::of(engine, asset) else { continue };
        let settle = contract.terms.settle;
        let installed = engine.in_force()?;
        let health = engine.with_view(at, |view| installed.rulebook.assess(view, account))?;
        let lacking = contract.in_settle(engine, health.equity.min(0).unsigned_abs())?;
        let fund = engine.ledger.balance(Holder::Insurance, Unit::token(settle));
        let drawn = engine.guarded.funds.get(&settle).is_some_and(|fund| fund.is_tripped(at));
        let covers = pays_first && !drawn;
        let fund = if covers { u128::try_from(fund).unwrap_or(0) } else { 0 };
        let deficit = lacking.saturating_sub(fund);
        if deficit == 0 {
            return Ok(());
        }
        let size = engine.ledger.balance(Holder::Account(account), Unit::token(asset));
        let winners = winners(engine, account, &contract, size > 0)?;
        let needed = Needed::Quantity { quantity: size.unsigned_abs(), deficit };
        let done = backstop::deleverage(needed, &winners, policy, engine.entropy);
        let closed: Vec<(AccountId, u128)> =
            done.closes.iter().map(|closed| (closed.account, closed.quantity)).collect();
        let quantity = done.quantity();
        if quantity == 0 {
            continue;
        }
        let mark = engine.look(|view| view.price(asset))?;
        let price = contract.bankruptcy_price(mark, size, quantity, deficit)?;
        let call = Call::Deleverage { account, contract: asset, winners: closed.clone(), price };
        let installed = engine.in_force()?;
        let effects = engine.with_view(at, |view| installed.rulebook.execute(view, &call))?;
        let given = closed
            .iter()
            .map(|(winner, quantity)| Ok((*winner, contract.gap(*quantity, mark, price)?)));
        let given = given.collect::<Result<Vec<_>, Fault>>()?;
        settle::commit(engine, effects, Cause::Command, outcome)?;
        engine.scratch.hits.push((account, false));
        let asked = Queue { bankrupt: account, contract: asset, price, chosen_by: policy, winners };
        engine.scratch.grounds.queues.push(asked);
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

pub(super) fn contracts_of(engine: &Engine, account: AccountId) -> Vec<AssetId> {
    engine
        .ledger
        .holdings(account)
        .iter()
        .filter(|h| h.contract.is_none() && h.unit.class == Class::Token)
        .map(|h| h.unit.asset)
        .filter(|asset| engine.assets[asset.index()].kind != AssetKind::Token)
        .collect()
}

/// A contract with the scales of its numbers.
struct Listed {
    asset: AssetId,
    terms: ContractTerms,
    decimals: u8,
    settle_decimals: u8,
}

impl Listed {
    fn of(engine: &Engine, asset: AssetId) -> Option<Self> {
        let info = engine.assets.get(asset.index())?;
        let terms = *info.kind.contract()?;
        let settle_decimals = engine.assets.get(terms.settle.index())?.decimals;
        Some(Listed { asset, terms, decimals: info.decimals, settle_decimals })
    }

    /// Value of a quantity at a price in base units of the settle asset.
    fn value(&self, quantity: u128, price: Price, rounding: Rounding) -> Result<u128, Fault> {
        Ok(self.terms.value(quantity, self.decimals, price, self.settle_decimals, rounding)?)
    }

    /// A value in the numeraire as base units of the settle asset, raised. A settle asset without a
    /// price of its own is the numeraire.
    fn in_settle(&self, engine: &Engine, value: u128) -> Result<u128, Fault> {
        let Some(_) = engine.assets[self.terms.settle.index()].market else { return Ok(value) };
        let one = ContractTerms::linear_perpetual(self.terms.settle);
        let price = engine.look(|view| view.price(self.terms.settle))?;
        let decimals = engine.in_force()?.rulebook.numeraire_decimals();
        let amount =
            one.quantity_for(value, self.settle_decimals, price, decimals, Rounding::Ceil)?;
        Ok(amount)
    }

    /// Profit of the account's position at the mark, below zero for a loss.
    fn profit(&self, engine: &Engine, account: AccountId, mark: Price) -> Result<i128, Fault> {
        let size = engine.ledger.balance(Holder::Account(account), Unit::token(self.asset));
        let settled = Unit::token(self.terms.settle);
        let quote = engine.ledger.balance(Holder::Position(account, self.asset), settled);
        let value = self.terms.position_value(size, self.decimals, mark, self.settle_decimals)?;
        Ok(value.checked_add(quote).ok_or(Rejection::Overflow)?)
    }

    /// The numbers of a position that rankings ask for, in the settle asset.
    fn ranked(
        &self,
        engine: &Engine,
        account: AccountId,
        (size, value): (i128, u128),
        quote: i128,
    ) -> Result<Standing, Fault> {
        let rulebook = &engine.in_force()?.rulebook;
        let (health, initial) = engine.look(|view| {
            let health = rulebook.assess(view, account)?;
            Ok::<_, Rejected>((health, rulebook.initial(view, account)?))
        })?;
        let signed =
            |value: u128| i128::try_from(value).map_err(|_| Fault::from(Rejection::Overflow));
        let value = signed(value)?;
        let mark_value = if self.terms.owns_value(size > 0) { value } else { -value };
        let equity = signed(self.in_settle(engine, health.equity.unsigned_abs())?)?;
        let account_value = if health.equity < 0 { -equity } else { equity };
        let wallet = Unit::token(self.terms.settle);
        Ok(Standing {
            mark_value,
            entry_value: -quote,
            bankrupt_value: mark_value.saturating_sub(account_value),
            wallet: engine.ledger.balance(Holder::Account(account), wallet),
            unrealised: mark_value.saturating_add(quote),
            maintenance: self.in_settle(engine, health.requirement)?,
            margin: self.in_settle(engine, initial)?,
            account_value,
            unit: breakwater_money::rounding::pow10(self.settle_decimals)?,
        })
    }

    /// What closing `quantity` at `price` rather than at the mark takes from whoever is closed.
    fn gap(&self, quantity: u128, mark: Price, price: Price) -> Result<u128, Fault> {
        if self.terms.buyer_pays() {
            let gap = Price::new(mark.raw.abs_diff(price.raw), mark.decimals);
            return self.value(quantity, gap, Rounding::Floor);
        }
        let at = |price| self.value(quantity, price, Rounding::Floor);
        Ok(at(mark)?.abs_diff(at(price)?))
    }

    /// The price at which closing `quantity` makes up for the deficit, rounded in the winners'
    /// favour. Where no price is low enough nobody pays, and the rest of the loss stays for the next
    /// bearer.
    fn bankruptcy_price(
        &self,
        mark: Price,
        size: i128,
        quantity: u128,
        deficit: u128,
    ) -> Result<Price, Fault> {
        let scales = (self.decimals, self.settle_decimals);
        let price_of = |value, rounding| {
            self.terms.price_of(quantity, scales.0, value, scales.1, mark.decimals, rounding)
        };
        if self.terms.buyer_pays() {
            let move_by = price_of(deficit, Rounding::Floor)?.raw;
            let raw = if size > 0 {
                mark.raw.checked_add(move_by)
            } else {
                Some(mark.raw.saturating_sub(move_by).max(1))
            };
            return Ok(Price::new(raw.ok_or(Rejection::Overflow)?, mark.decimals));
        }
        // Inverse: a short owns its value and must get more of it, a long owes it and must pay less.
        if size < 0 {
            let worth = self.value(quantity, mark, Rounding::Floor)?;
            let value = worth.checked_add(deficit).ok_or(Rejection::Overflow)?;
            let price = price_of(value, Rounding::Ceil)?;
            return Ok(Price::new(price.raw.max(1), price.decimals));
        }
        let worth = self.value(quantity, mark, Rounding::Ceil)?;
        Ok(price_of(worth.saturating_sub(deficit).max(1), Rounding::Floor)?)
    }
}

/// Opposite positions in profit at the mark, with their place in the queue by the venue's own
/// ranking; where it states none, profit over entry value times mark value over cash, both at 1e9.
fn winners(
    engine: &Engine,
    bankrupt: AccountId,
    contract: &Listed,
    bankrupt_is_long: bool,
) -> Result<Vec<Winner>, Fault> {
    const ONE: u128 = 1_000_000_000;
    let (asset, settle) = (contract.asset, contract.terms.settle);
    let installed = engine.in_force()?;
    let ranking = installed.rulebook.ranking();
    let share = installed.policy.backstop.share_max_bps.map_or(WHOLE_E18, |bps| {
        // At most ten thousand: a ten-thousandth of the whole is a whole number.
        u128::from(bps) * (WHOLE_E18 / 10_000) // division: exact
    });
    let mark = engine.look(|view| view.price(asset))?;
    let mut winners = Vec::new();
    for account in (0..).map(AccountId).take(engine.standings.len()) {
        let size = engine.ledger.balance(Holder::Account(account), Unit::token(asset));
        if account == bankrupt || size == 0 || (size > 0) == bankrupt_is_long {
            continue;
        }
        let profit = u128::try_from(contract.profit(engine, account, mark)?).unwrap_or(0);
        if profit == 0 {
            continue;
        }
        let value = contract.value(size.unsigned_abs(), mark, Rounding::Floor)?;
        let quote = engine.ledger.balance(Holder::Position(account, asset), Unit::token(settle));
        let entry = quote.unsigned_abs();
        let cash = engine.ledger.balance(Holder::Account(account), Unit::token(settle));
        let backed = u128::try_from(cash).unwrap_or(0).max(1);
        let lever = mul_div(value, ONE, backed, Rounding::Floor).unwrap_or(u128::MAX);
        let score = match ranking {
            Some(ranking) => {
                ranking.score(&contract.ranked(engine, account, (size, value), quote)?)
            }
            None => {
                let gain = mul_div(profit, ONE, entry.max(1), Rounding::Floor).unwrap_or(u128::MAX);
                i128::try_from(gain.saturating_mul(lever)).unwrap_or(i128::MAX)
            }
        };
        winners.push(Winner {
            account,
            quantity: size.unsigned_abs(),
            score,
            profit,
            leverage_e9: u64::try_from(lever).unwrap_or(u64::MAX),
            share_max_e18: share,
        });
    }
    Ok(winners)
}
