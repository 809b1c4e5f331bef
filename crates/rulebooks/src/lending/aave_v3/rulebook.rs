//! The mirror behind the Rulebook trait.

use super::{
    Call as PoolCall, Outcome, Parameters, Rule, UserReserve, largest_call, liquidation_call,
};
use crate::lending::reserves::{
    self, Asked, OnReserves, Position, Reserves, Venue, best_first, column, told, value_of,
};
use breakwater_liquidation::{
    AccountShape, AssetInfo, Call, CallOption, Effects, Fact, Kept, Promise, Rejected, Rejection,
    Rulebook, StateKey, View,
};
use breakwater_money::rounding::{Rounding, narrow_u128};
use breakwater_money::{AccountId, Holder, TransferCode, U256, Unit};

/// Name under which hosts plug the rule in.
pub const RULE: &str = "aave-v3";

/// What every version promises by itself. There is no sentinel, or none any more from v3.7: only
/// unpausing opens a grace period, an outage of prices does not. A pause stops repaying too.
const PROMISES: &[(Promise, Kept)] = &[
    (Promise::HealthyUntouched, Kept::Keeps),
    (Promise::FreshMarksOnly, Kept::Refuses),
    (Promise::GraceAfterOutage, Kept::Refuses),
    (Promise::CureStaysPossible, Kept::Refuses),
    (Promise::StepNeverHurts, Kept::Refuses),
    (Promise::Minimal, Kept::Refuses),
    (Promise::OncePerTick, Kept::Refuses),
    (Promise::FundBeforeDeleveraging, Kept::NotApplicable),
    (Promise::NoUnbookedDebt, Kept::Keeps),
];

struct AaveV3 {
    rule: Rule,
    reserves: Reserves,
}

/// Builds the rulebook from a parameter file, bound to the pool's assets by symbol.
///
/// # Errors
/// The first parameter refused, with its value and what would be right.
pub fn build(parameters: &str, assets: &[AssetInfo]) -> Result<Box<dyn Rulebook>, String> {
    let parameters = Parameters::parse(parameters).map_err(|error| error.to_string())?;
    let decimals = parameters.numeraire_decimals;
    let reserves = Reserves::bind(&parameters.name, decimals, &parameters.assets, assets)?;
    Ok(Box::new(OnReserves(AaveV3 { rule: parameters.rule(), reserves })))
}

/// Any number of collaterals and debts; whatever has a threshold may secure whatever is listed.
///
/// # Errors
/// As [`build`].
pub fn shape(parameters: &str) -> Result<AccountShape, String> {
    let parameters = Parameters::parse(parameters).map_err(|error| error.to_string())?;
    Ok(reserves::shape(&parameters.assets))
}

impl Venue for AaveV3 {
    fn reserves(&self) -> &Reserves {
        &self.reserves
    }

    fn promises(&self) -> &'static [(Promise, Kept)] {
        PROMISES
    }

    fn calls(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Vec<CallOption>,
    ) -> Result<(), Rejected> {
        let health = self.reserves.assess(view, account)?;
        if !health.breach {
            return Ok(());
        }
        let held = Position::of(&self.reserves, view, account)?;
        for debt in held.places(|user| !user.scaled_debt.is_zero()) {
            for collateral in held.places(|user| user.use_as_collateral) {
                let ask = ask(view, (collateral, debt), U256::MAX);
                let Ok(proposal) =
                    largest_call(&self.rule, &held.reserves, &held.users, None, &ask)
                else {
                    continue;
                };
                let call = Call::RepayAndSeize {
                    account,
                    debt: held.assets[debt],
                    collateral: held.assets[collateral],
                    // What is offered: where the collateral does not suffice, an offer of just what
                    // it pays for may take a unit less of it and be refused for the dust. Where the
                    // most is accepted the offer is without bound, so that interest accrued until
                    // the call is included leaves no dust either.
                    amount: if proposal.most {
                        u128::MAX
                    } else {
                        narrow_u128(proposal.call.debt_to_cover)?
                    },
                    shares: false,
                    liquidator: None,
                };
                let repaid_value =
                    value_of(&held.reserves[debt], proposal.outcome.debt_repaid, Rounding::Ceil)?;
                let taken = proposal.outcome.collateral_to_liquidator;
                let seized_value = value_of(&held.reserves[collateral], taken, Rounding::Floor)?;
                let toxic = self.reserves.is_toxic(
                    &held.reserves[collateral],
                    &held.users[collateral],
                    health.ratio,
                );
                out.push(CallOption {
                    call,
                    repaid: held.amount(debt, proposal.outcome.debt_repaid)?,
                    seized: held.amount(collateral, taken)?,
                    repaid_value: narrow_u128(repaid_value)?,
                    seized_value: narrow_u128(seized_value)?,
                    reward_value: 0,
                    toxic,
                });
            }
        }
        best_first(out);
        Ok(())
    }

    fn arguments(&self, view: &View<'_>, call: &Call) -> String {
        told(view, call, "AToken")
    }

    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let Some(asked) = Asked::of(&self.reserves, view, call)? else {
            return self.reserves.business(view, call);
        };
        let ask = PoolCall {
            receive_atoken: asked.shares,
            self_liquidation: asked.of_itself(),
            ..ask(view, (asked.collateral, asked.debt), asked.cover)
        };
        let held = &asked.held;
        let outcome = liquidation_call(&self.rule, &held.reserves, &held.users, None, &ask)?;
        self.effects(view, &asked, &outcome)
    }
}

/// A call from outside that takes the asset itself; `places` are those of collateral and debt.
fn ask(view: &View<'_>, places: (usize, usize), debt_to_cover: U256) -> PoolCall {
    PoolCall {
        collateral: places.0,
        debt: places.1,
        debt_to_cover,
        receive_atoken: false,
        self_liquidation: false,
        now: reserves::seconds(view.now),
    }
}

impl AaveV3 {
    fn effects(
        &self,
        view: &View<'_>,
        asked: &Asked,
        outcome: &Outcome,
    ) -> Result<Effects, Rejected> {
        let Asked { held, debt, collateral, liquidator, .. } = asked;
        let (debt, collateral) = (*debt, *collateral);
        let mut effects = Effects::default();
        let (taken, owed) = (held.assets[collateral], held.assets[debt]);
        // The debt reserve moves first, the collateral reserve after it.
        self.reserves.store_indices(view, owed, &held.reserves[debt], &mut effects);
        self.reserves.store_indices(view, taken, &held.reserves[collateral], &mut effects);
        let repaid = narrow_u128(outcome.debt_repaid)?;
        let out = narrow_u128(outcome.collateral_to_liquidator)?;
        let fee = narrow_u128(outcome.treasury_scaled_received)?;
        let moved = narrow_u128(outcome.scaled_collateral_moved)?;
        let holder = Holder::Account(held.account);
        let supply = Unit::supply(taken);
        effects.transfer(
            Holder::External,
            Holder::Reserve,
            Unit::token(owed),
            repaid,
            TransferCode::Repay,
        );
        match liquidator.filter(|_| !outcome.liquidator_scaled_received.is_zero()) {
            Some(to) => {
                effects.transfer(holder, Holder::Account(to), supply, moved, TransferCode::Seize);
                // The venue looks at the loan-to-value; an asset without a threshold has none.
                let usable = self.reserves.parameters(view, taken)?.liquidation_threshold_bps > 0;
                let first = view.owned(to, supply) == 0;
                if self.rule.version.received_is_collateral() && usable && first {
                    self.reserves.flag(view, to, column::COLLATERAL, taken, true, &mut effects);
                }
            }
            None => {
                effects.transfer(holder, Holder::Issuer, supply, moved, TransferCode::Burn);
                let token = Unit::token(taken);
                effects.transfer(
                    Holder::Reserve,
                    Holder::External,
                    token,
                    out,
                    TransferCode::Seize,
                );
            }
        }
        effects.transfer(holder, Holder::Treasury, supply, fee, TransferCode::Fee);
        effects.facts.push(seized(asked, outcome)?);
        held.burn_debts(&outcome.users_after, &mut effects)?;
        let bits = |flag: fn(&UserReserve) -> bool| held.bits(&outcome.users_after, flag);
        let flag = |column| StateKey::Account(held.account, column);
        effects.set(flag(column::COLLATERAL), bits(|user| user.use_as_collateral));
        effects.set(flag(column::BORROWING), bits(|user| user.borrowing));
        for deficit in &outcome.deficits {
            held.book(deficit, &mut effects)?;
            let asset = held.assets[deficit.reserve];
            // A reserve whose debt is burnt beside the named one is updated like it.
            if asset != owed && asset != taken {
                let reserve = &held.reserves[deficit.reserve];
                self.reserves.store_indices(view, asset, reserve, &mut effects);
                self.reserves.store_rates(view, asset, reserve, &mut effects)?;
            }
        }
        self.reserves.store_rates(view, owed, &held.reserves[debt], &mut effects)?;
        self.reserves.store_rates(view, taken, &held.reserves[collateral], &mut effects)?;
        Ok(effects)
    }
}

/// What was repaid (valued up) and what was taken (valued down, fee included).
fn seized(asked: &Asked, outcome: &Outcome) -> Result<Fact, Rejected> {
    let Asked { held, debt, collateral, .. } = asked;
    let (debt, collateral) = (*debt, *collateral);
    let taken = outcome
        .collateral_to_liquidator
        .checked_add(outcome.protocol_fee)
        .ok_or(Rejection::Overflow)?;
    let repaid_value = value_of(&held.reserves[debt], outcome.debt_repaid, Rounding::Ceil)?;
    let seized_value = value_of(&held.reserves[collateral], taken, Rounding::Floor)?;
    Ok(Fact::Seized {
        account: held.account,
        repaid: held.amount(debt, outcome.debt_repaid)?,
        seized: held.amount(collateral, outcome.collateral_to_liquidator)?,
        fee: held.amount(collateral, outcome.protocol_fee)?,
        repaid_value: narrow_u128(repaid_value)?,
        seized_value: narrow_u128(seized_value)?,
        capped: outcome.close_factor == super::CloseFactor::Half,
    })
}
