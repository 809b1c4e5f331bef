//! The mirror behind the Rulebook trait, on the machinery of pooled reserves.
//!
//! The machinery lets a first supply count as collateral by itself, where the venue's owner says so
//! in a second call.

use super::{Call as SpokeCall, Outcome, Parameters, Revert, Rule, liquidation_call};
use crate::desk;
use crate::lending::aave_v3::{Reserve, UserReserve};
use crate::lending::reserves::{LAYOUT, Reserves, Valuation, column, value_of};
use breakwater_liquidation::{
    AccountShape, AssetInfo, AssetTotals, Call, CallOption, Effects, Exposures, Fact, Kept, Layout,
    Promise, Reach, Rejected, Rejection, Rulebook, Sides, StateKey, Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::Armed;
use breakwater_money::rounding::{Rounding, narrow_u128};
use breakwater_money::{AccountId, Amount, AssetId, Holder, Rational, TransferCode, U256, Unit};

/// Name under which hosts plug the rule in.
pub const RULE: &str = "aave-v4";

const PROMISES: &[(Promise, Kept)] = &[
    (Promise::HealthyUntouched, Kept::Keeps),
    // The venue takes its oracle's price whatever its age, and knows no grace after an outage.
    (Promise::FreshMarksOnly, Kept::Refuses),
    (Promise::GraceAfterOutage, Kept::Refuses),
    // A pause stops repaying and supplying too.
    (Promise::CureStaysPossible, Kept::Refuses),
    // Below bonus times factor every call takes more weighted collateral than it repays.
    (Promise::StepNeverHurts, Kept::Refuses),
    // It sizes to its target, and beyond it where a side would be left as dust.
    (Promise::Minimal, Kept::Refuses),
    (Promise::OncePerTick, Kept::Refuses),
    (Promise::FundBeforeDeleveraging, Kept::NotApplicable),
    (Promise::NoUnbookedDebt, Kept::Keeps),
];

impl From<Revert> for Rejected {
    fn from(revert: Revert) -> Self {
        let rejection = match revert {
            Revert::SelfLiquidation => Rejection::SelfDealing,
            Revert::NothingOffered => Rejection::AmountZero,
            Revert::NotListed => Rejection::NotLendable,
            Revert::Paused => Rejection::Paused,
            Revert::NotSupplied | Revert::NotCollateral => Rejection::NotCollateral,
            Revert::NotBorrowed => Rejection::NotBorrowed,
            Revert::Healthy => Rejection::Healthy,
            Revert::Dust => Rejection::DustLeft,
            Revert::ShortOfCash => Rejection::InsufficientLiquidity,
            Revert::Arithmetic => Rejection::Overflow,
        };
        rejection.because(revert.to_string())
    }
}

struct AaveV4 {
    rule: Rule,
    reserves: Reserves,
}

/// Builds the rulebook from a parameter file, bound to the pool's assets by symbol.
///
/// # Errors
/// The first parameter refused, with its value and what would be right.
pub fn build(parameters: &str, assets: &[AssetInfo]) -> Result<Box<dyn Rulebook>, String> {
    let parameters = Parameters::parse(parameters)?;
    let decimals = parameters.numeraire_decimals;
    let reserves = Reserves::bind(&parameters.name, decimals, &parameters.reserves(), assets)?;
    let reserves = reserves.valued(Valuation::Fine);
    Ok(Box::new(AaveV4 { rule: parameters.rule(), reserves }))
}

/// Any number of collaterals and debts; whatever has a factor may secure whatever is listed.
///
/// # Errors
/// As [`build`].
pub fn shape(parameters: &str) -> Result<AccountShape, String> {
    let parameters = Parameters::parse(parameters)?;
    let counts = parameters.assets.iter().filter(|(_, asset)| asset.collateral_factor_bps > 0);
    let collaterals: Vec<String> = counts.map(|(symbol, _)| symbol.clone()).collect();
    let secured_by = parameters.assets.keys().map(|debt| (debt.clone(), collaterals.clone()));
    Ok(AccountShape {
        collaterals: Reach::Many,
        debts: Reach::Many,
        secured_by: secured_by.collect(),
        currency: None,
        debt_least: 0,
    })
}

impl Rulebook for AaveV4 {
    fn name(&self) -> &str {
        self.reserves.name()
    }

    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }

    fn promises(&self) -> &'static [(Promise, Kept)] {
        PROMISES
    }

    fn numeraire_decimals(&self) -> u8 {
        self.reserves.numeraire_decimals()
    }

    fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        self.reserves.admits_idle(view)
    }

    fn found(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        Ok(self.reserves.found(view))
    }

    /// Nothing: interest is not mirrored.
    fn accrue(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        self.reserves.assess(view, account)
    }

    fn sides(&self, view: &View<'_>, account: AccountId) -> Result<Sides, Rejected> {
        self.reserves.sides(view, account)
    }

    fn totals(&self, view: &View<'_>, asset: AssetId) -> Result<AssetTotals, Rejected> {
        self.reserves.sums(view, asset)
    }

    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        self.reserves.exposures(view, account, out)
    }

    fn calls(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Vec<CallOption>,
    ) -> Result<(), Rejected> {
        if !self.assess(view, account)?.breach {
            return Ok(());
        }
        let held = self.position(view, account)?;
        for debt in held.places(|user| user.borrowing) {
            for collateral in held.places(|user| user.use_as_collateral) {
                // All that is owed is offered: the venue lowers it to what the target needs, and
                // what clears dust is never more.
                let owed = super::health::owed(&held.reserves[debt], &held.users[debt])?;
                let ask = held.call(collateral, debt, owed, false);
                let Ok(outcome) = liquidation_call(&self.rule, &held.reserves, &held.users, &ask)
                else {
                    continue;
                };
                let call = Call::RepayAndSeize {
                    account,
                    debt: held.assets[debt],
                    collateral: held.assets[collateral],
                    amount: narrow_u128(owed)?,
                    shares: false,
                    liquidator: None,
                };
                let toxic = self.is_toxic(&held, collateral, &outcome)?;
                let effects = self.effects(&held, account, None, &ask, &outcome)?;
                let decimals = self.numeraire_decimals();
                out.push(CallOption::of(view, call, &effects, decimals, toxic)?);
            }
        }
        // Most gain first; a tie goes to the larger repayment, then to the lower assets.
        out.sort_by_key(|option| std::cmp::Reverse((option.gain(), option.repaid_value)));
        Ok(())
    }

    fn arguments(&self, view: &View<'_>, call: &Call) -> String {
        match call {
            Call::RepayAndSeize { account, debt, collateral, amount, shares, .. } => format!(
                "liquidationCall(collateral {}, debt {}, user {account}, debtToCover {}, \
                 receive{} {shares})",
                desk::symbol(view, *collateral),
                desk::symbol(view, *debt),
                desk::offered(*amount),
                "Shares"
            ),
            other => other.kind().to_owned(),
        }
    }

    fn incentive_most_bps(&self) -> Option<u32> {
        self.reserves.bonus_most_bps()
    }

    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let Call::RepayAndSeize { account, debt, collateral, amount, shares, liquidator } = *call
        else {
            return self.reserves.business(view, call);
        };
        if shares && liquidator.is_none() {
            let detail = "shares: true needs a liquidator that is an account of the pool";
            return Err(Rejection::BadParameter.because(detail));
        }
        let mut held = self.position(view, account)?;
        let debt = held.place(&self.reserves, view, account, debt)?;
        let collateral = held.place(&self.reserves, view, account, collateral)?;
        let cover = if amount == u128::MAX { U256::MAX } else { U256::from(amount) };
        let mut ask = held.call(collateral, debt, cover, shares);
        ask.self_liquidation = liquidator == Some(account);
        let outcome = liquidation_call(&self.rule, &held.reserves, &held.users, &ask)?;
        self.effects(&held, account, liquidator.filter(|_| shares), &ask, &outcome)
    }

    fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        self.reserves.liquidation_price(view, account, asset)
    }
}

/// The reserves an account is in, and its holdings there, in the same order.
struct Position {
    assets: Vec<AssetId>,
    reserves: Vec<Reserve>,
    users: Vec<UserReserve>,
}

impl Position {
    fn places<'a>(
        &'a self,
        wanted: impl Fn(&UserReserve) -> bool + 'a,
    ) -> impl Iterator<Item = usize> + 'a {
        self.users.iter().enumerate().filter(move |(_, user)| wanted(user)).map(|(i, _)| i)
    }

    /// The place of an asset, added with an empty holding if the account is not in it.
    fn place(
        &mut self,
        reserves: &Reserves,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<usize, Rejected> {
        if let Some(at) = self.assets.iter().position(|known| *known == asset) {
            return Ok(at);
        }
        self.assets.push(asset);
        self.reserves.push(reserves.reserve(view, asset)?);
        self.users.push(reserves.user(view, account, asset));
        Ok(self.assets.len() - 1)
    }

    fn call(
        &self,
        collateral: usize,
        debt: usize,
        debt_to_cover: U256,
        receive_shares: bool,
    ) -> SpokeCall {
        SpokeCall { collateral, debt, debt_to_cover, receive_shares, self_liquidation: false }
    }
}

impl AaveV4 {
    fn position(&self, view: &View<'_>, account: AccountId) -> Result<Position, Rejected> {
        let assets: Vec<AssetId> = self.reserves.assets_of(view, account)?.collect();
        let reserves = assets.iter().map(|a| self.reserves.reserve(view, *a));
        let reserves = reserves.collect::<Result<Vec<_>, _>>()?;
        let users = assets.iter().map(|a| self.reserves.user(view, account, *a)).collect();
        Ok(Position { assets, reserves, users })
    }

    /// Whether the bonus that is paid now, on this collateral, exceeds what health bears.
    fn is_toxic(
        &self,
        held: &Position,
        collateral: usize,
        outcome: &Outcome,
    ) -> Result<bool, Rejected> {
        let bonus = u16::try_from(outcome.amounts.bonus_bps).map_err(|_| Rejection::Overflow)?;
        let reserve = Reserve { liquidation_bonus_bps: bonus, ..held.reserves[collateral] };
        Ok(self.reserves.is_toxic(&reserve, &held.users[collateral], outcome.totals.health))
    }

    /// What an accepted call moves; `taker` is the account that takes shares.
    fn effects(
        &self,
        held: &Position,
        account: AccountId,
        taker: Option<AccountId>,
        call: &SpokeCall,
        outcome: &Outcome,
    ) -> Result<Effects, Rejected> {
        let mut effects = Effects::default();
        let (taken, owed) = (held.assets[call.collateral], held.assets[call.debt]);
        let (holder, supply) = (Holder::Account(account), Unit::supply(taken));
        let shares = narrow_u128(outcome.liquidator_shares)?;
        match taker {
            Some(to) => {
                effects.transfer(holder, Holder::Account(to), supply, shares, TransferCode::Seize);
            }
            None => {
                let out = narrow_u128(outcome.amounts.to_liquidator)?;
                let (token, code) = (Unit::token(taken), TransferCode::Seize);
                effects.transfer(holder, Holder::Issuer, supply, shares, TransferCode::Burn);
                effects.transfer(Holder::Reserve, Holder::External, token, out, code);
            }
        }
        let fee = narrow_u128(outcome.fee_shares)?;
        effects.transfer(holder, Holder::Treasury, supply, fee, TransferCode::Fee);
        let (token, repaid) = (Unit::token(owed), narrow_u128(outcome.amounts.debt)?);
        effects.transfer(Holder::External, Holder::Reserve, token, repaid, TransferCode::Repay);
        effects.facts.push(self.seized(held, account, call, outcome)?);
        self.settle_debts(held, account, outcome, &mut effects)?;
        Ok(effects)
    }

    fn seized(
        &self,
        held: &Position,
        account: AccountId,
        call: &SpokeCall,
        outcome: &Outcome,
    ) -> Result<Fact, Rejected> {
        let amounts = &outcome.amounts;
        let amount =
            |at: usize, raw| Ok::<_, Rejected>(Amount::new(held.assets[at], narrow_u128(raw)?));
        let (debt, collateral) = (&held.reserves[call.debt], &held.reserves[call.collateral]);
        Ok(Fact::Seized {
            account,
            repaid: amount(call.debt, amounts.debt)?,
            seized: amount(call.collateral, amounts.to_liquidator)?,
            fee: amount(call.collateral, amounts.fee)?,
            repaid_value: narrow_u128(value_of(debt, amounts.debt, Rounding::Ceil)?)?,
            seized_value: narrow_u128(value_of(collateral, amounts.collateral, Rounding::Floor)?)?,
            // The target is the venue's cap on what one call repays.
            capped: amounts.debt == amounts.debt_to_target,
        })
    }

    /// Debt shares that disappear, of every reserve, the flags they take along, and what is booked
    /// as a deficit.
    fn settle_debts(
        &self,
        held: &Position,
        account: AccountId,
        outcome: &Outcome,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let holder = Holder::Account(account);
        let mut borrowing = U256::ZERO;
        let holdings = held.users.iter().zip(&outcome.users_after);
        for (asset, (before, after)) in held.assets.iter().zip(holdings) {
            let burnt = narrow_u128(before.scaled_debt.saturating_sub(after.scaled_debt))?;
            let unit = Unit::debt(*asset);
            effects.transfer(holder, Holder::Issuer, unit, burnt, TransferCode::Burn);
            borrowing.set_bit(asset.index(), after.borrowing);
        }
        effects.set(StateKey::Account(account, column::BORROWING), borrowing);
        for deficit in &outcome.deficits {
            let asset = held.assets[deficit.reserve];
            let amount = narrow_u128(deficit.amount)?;
            let reserve = &held.reserves[deficit.reserve];
            let value = narrow_u128(value_of(reserve, deficit.amount, Rounding::Ceil)?)?;
            let (unit, code) = (Unit::deficit(asset), TransferCode::Deficit);
            effects.transfer(Holder::Issuer, Holder::Outstanding, unit, amount, code);
            effects.facts.push(Fact::Deficit {
                account,
                amount: Amount::new(asset, amount),
                value,
            });
        }
        Ok(())
    }
}
