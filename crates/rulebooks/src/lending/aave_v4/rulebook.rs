//! The mirror behind the Rulebook trait, on the machinery of pooled reserves.
//!
//! The machinery lets a first supply count as collateral by itself, where the venue's owner says so
//! in a second call.

use super::{Call as SpokeCall, Outcome, Parameters, Revert, Rule, liquidation_call};
use crate::lending::aave_v3::Reserve;
use crate::lending::reserves::{
    self, Asked, OnReserves, Position, Reserves, Valuation, Venue, best_first, column, told,
    value_of,
};
use breakwater_liquidation::{
    AccountShape, AssetInfo, Call, CallOption, Effects, Fact, Kept, Promise, Rejected, Rejection,
    Rulebook, StateKey, Unsupported, View,
};
use breakwater_money::rounding::{Rounding, narrow_u128};
use breakwater_money::{AccountId, AssetId, Holder, TransferCode, U256, Unit};

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
    Ok(Box::new(OnReserves(AaveV4 { rule: parameters.rule(), reserves })))
}

/// Any number of collaterals and debts; whatever has a factor may secure whatever is listed.
///
/// # Errors
/// As [`build`].
pub fn shape(parameters: &str) -> Result<AccountShape, String> {
    Ok(reserves::shape(&Parameters::parse(parameters)?.reserves()))
}

impl Venue for AaveV4 {
    fn reserves(&self) -> &Reserves {
        &self.reserves
    }

    fn promises(&self) -> &'static [(Promise, Kept)] {
        PROMISES
    }

    fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        self.reserves.admits_idle(view)
    }

    /// Interest is not mirrored, so that no asset has a rate to raise.
    fn surcharge(&self, view: &View<'_>, asset: AssetId, _: u32) -> Result<Effects, Rejected> {
        let symbol = &view.asset(asset)?.symbol;
        let name = self.reserves.name();
        let detail = format!("{name} has no rate of {symbol} that could be raised");
        Err(Rejection::Unsupported.because(detail))
    }

    fn calls(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Vec<CallOption>,
    ) -> Result<(), Rejected> {
        if !self.reserves.assess(view, account)?.breach {
            return Ok(());
        }
        let held = Position::of(&self.reserves, view, account)?;
        for debt in held.places(|user| user.borrowing) {
            for collateral in held.places(|user| user.use_as_collateral) {
                // All that is owed is offered: the venue lowers it to what the target needs, and
                // what clears dust is never more.
                let owed = super::health::owed(&held.reserves[debt], &held.users[debt])?;
                let ask = ask((collateral, debt), owed);
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
                let effects = effects(&held, None, &ask, &outcome)?;
                let decimals = self.reserves.numeraire_decimals();
                out.push(CallOption::of(view, call, &effects, decimals, toxic)?);
            }
        }
        best_first(out);
        Ok(())
    }

    fn arguments(&self, view: &View<'_>, call: &Call) -> String {
        told(view, call, "Shares")
    }

    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let Some(asked) = Asked::of(&self.reserves, view, call)? else {
            return self.reserves.business(view, call);
        };
        let ask = SpokeCall {
            receive_shares: asked.shares,
            self_liquidation: asked.of_itself(),
            ..ask((asked.collateral, asked.debt), asked.cover)
        };
        let held = &asked.held;
        let outcome = liquidation_call(&self.rule, &held.reserves, &held.users, &ask)?;
        effects(held, asked.liquidator.filter(|_| asked.shares), &ask, &outcome)
    }
}

impl AaveV4 {
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
}

/// A call from outside that takes the asset itself; `places` are those of collateral and debt.
fn ask(places: (usize, usize), debt_to_cover: U256) -> SpokeCall {
    SpokeCall {
        collateral: places.0,
        debt: places.1,
        debt_to_cover,
        receive_shares: false,
        self_liquidation: false,
    }
}

/// What an accepted call moves; `taker` is the account that takes shares.
fn effects(
    held: &Position,
    taker: Option<AccountId>,
    call: &SpokeCall,
    outcome: &Outcome,
) -> Result<Effects, Rejected> {
    let mut effects = Effects::default();
    let (taken, owed) = (held.assets[call.collateral], held.assets[call.debt]);
    let (holder, supply) = (Holder::Account(held.account), Unit::supply(taken));
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
    effects.facts.push(seized(held, call, outcome)?);
    held.burn_debts(&outcome.users_after, &mut effects)?;
    let borrowing = held.bits(&outcome.users_after, |user| user.borrowing);
    effects.set(StateKey::Account(held.account, column::BORROWING), borrowing);
    for deficit in &outcome.deficits {
        held.book(deficit, &mut effects)?;
    }
    Ok(effects)
}

/// What was repaid (valued up) and what was taken (valued down, fee included).
fn seized(held: &Position, call: &SpokeCall, outcome: &Outcome) -> Result<Fact, Rejected> {
    let amounts = &outcome.amounts;
    let (debt, collateral) = (&held.reserves[call.debt], &held.reserves[call.collateral]);
    Ok(Fact::Seized {
        account: held.account,
        repaid: held.amount(call.debt, amounts.debt)?,
        seized: held.amount(call.collateral, amounts.to_liquidator)?,
        fee: held.amount(call.collateral, amounts.fee)?,
        repaid_value: narrow_u128(value_of(debt, amounts.debt, Rounding::Ceil)?)?,
        seized_value: narrow_u128(value_of(collateral, amounts.collateral, Rounding::Floor)?)?,
        // The target is the venue's cap on what one call repays.
        capped: amounts.debt == amounts.debt_to_target,
    })
}
