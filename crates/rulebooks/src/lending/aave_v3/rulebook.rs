//! The mirror behind the Rulebook trait.

use super::{
    Call as PoolCall, Outcome, Parameters, Reserve, Rule, UserReserve, largest_call,
    liquidation_call,
};
use crate::lending::reserves::{self, LAYOUT, Reserves, column, value_of};
use breakwater_liquidation::{
    AccountShape, AssetInfo, Call, CallOption, Effects, Exposures, Fact, Kept, Layout, Promise,
    Reach, Rejected, Rejection, Rulebook, Sides, StateKey, Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::Armed;
use breakwater_money::rounding::{Rounding, narrow_u128};
use breakwater_money::{AccountId, Amount, AssetId, Holder, Rational, TransferCode, U256, Unit};

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
    Ok(Box::new(AaveV3 { rule: parameters.rule(), reserves }))
}

/// Any number of collaterals and debts; whatever has a threshold may secure whatever is listed.
///
/// # Errors
/// As [`build`].
pub fn shape(parameters: &str) -> Result<AccountShape, String> {
    let parameters = Parameters::parse(parameters).map_err(|error| error.to_string())?;
    let counts = parameters.assets.iter().filter(|(_, a)| a.liquidation_threshold_bps > 0);
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

impl Rulebook for AaveV3 {
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
        self.reserves.admits(view)
    }

    fn found(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        Ok(self.reserves.found(view))
    }

    /// Nothing: the venue moves a reserve's indices when a call touches it, and values every
    /// balance with indices carried forward to now.
    fn accrue(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        self.reserves.assess(view, account)
    }

    fn sides(&self, view: &View<'_>, account: AccountId) -> Result<Sides, Rejected> {
        self.reserves.sides(view, account)
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
        let health = self.assess(view, account)?;
        if !health.breach {
            return Ok(());
        }
        let held = self.position(view, account)?;
        for debt in held.places(|user| !user.scaled_debt.is_zero()) {
            for collateral in held.places(|user| user.use_as_collateral) {
                let ask = held.call(view, collateral, debt, U256::MAX, false);
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
                let amount = |at: usize, raw| {
                    Ok::<_, Rejected>(Amount::new(held.assets[at], narrow_u128(raw)?))
                };
                let toxic = self.reserves.is_toxic(
                    &held.reserves[collateral],
                    &held.users[collateral],
                    health.ratio,
                );
                out.push(CallOption {
                    call,
                    repaid: amount(debt, proposal.outcome.debt_repaid)?,
                    seized: amount(collateral, taken)?,
                    repaid_value: narrow_u128(repaid_value)?,
                    seized_value: narrow_u128(seized_value)?,
                    reward_value: 0,
                    toxic,
                });
            }
        }
        // Most gain first; a tie goes to the larger repayment, then to the lower assets.
        out.sort_by_key(|option| std::cmp::Reverse((option.gain(), option.repaid_value)));
        Ok(())
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
        let mut ask = held.call(view, collateral, debt, cover, shares);
        ask.self_liquidation = liquidator == Some(account);
        let outcome = liquidation_call(&self.rule, &held.reserves, &held.users, None, &ask)?;
        self.effects(view, &held, account, liquidator, (collateral, debt), &outcome)
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

struct Values {
    repaid: u128,
    seized: u128,
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
        view: &View<'_>,
        collateral: usize,
        debt: usize,
        debt_to_cover: U256,
        receive_atoken: bool,
    ) -> PoolCall {
        PoolCall {
            collateral,
            debt,
            debt_to_cover,
            receive_atoken,
            self_liquidation: false,
            now: reserves::seconds(view.now),
        }
    }

    /// Values of what was repaid (up) and of what was taken, fee included (down).
    fn values(
        &self,
        collateral: usize,
        debt: usize,
        outcome: &Outcome,
    ) -> Result<Values, Rejected> {
        let taken = outcome
            .collateral_to_liquidator
            .checked_add(outcome.protocol_fee)
            .ok_or(Rejection::Overflow)?;
        let repaid = value_of(&self.reserves[debt], outcome.debt_repaid, Rounding::Ceil)?;
        let seized = value_of(&self.reserves[collateral], taken, Rounding::Floor)?;
        Ok(Values { repaid: narrow_u128(repaid)?, seized: narrow_u128(seized)? })
    }
}

impl AaveV3 {
    fn position(&self, view: &View<'_>, account: AccountId) -> Result<Position, Rejected> {
        let assets: Vec<AssetId> = self.reserves.assets_of(view, account)?.collect();
        let reserves = assets.iter().map(|a| self.reserves.reserve(view, *a));
        let reserves = reserves.collect::<Result<Vec<_>, _>>()?;
        let users = assets.iter().map(|a| self.reserves.user(view, account, *a)).collect();
        Ok(Position { assets, reserves, users })
    }

    fn effects(
        &self,
        view: &View<'_>,
        held: &Position,
        account: AccountId,
        liquidator: Option<AccountId>,
        (collateral, debt): (usize, usize),
        outcome: &Outcome,
    ) -> Result<Effects, Rejected> {
        let mut effects = Effects::default();
        let (taken, owed) = (held.assets[collateral], held.assets[debt]);
        // The debt reserve moves first, the collateral reserve after it.
        self.reserves.store_indices(view, owed, &held.reserves[debt], &mut effects);
        self.reserves.store_indices(view, taken, &held.reserves[collateral], &mut effects);
        let repaid = narrow_u128(outcome.debt_repaid)?;
        let out = narrow_u128(outcome.collateral_to_liquidator)?;
        let fee = narrow_u128(outcome.treasury_scaled_received)?;
        let moved = narrow_u128(outcome.scaled_collateral_moved)?;
        let holder = Holder::Account(account);
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
        effects.facts.push(self.seized(held, account, (collateral, debt), outcome)?);
        self.debts(held, account, outcome, &mut effects)?;
        self.flags(held, account, outcome, &mut effects);
        for deficit in &outcome.deficits {
            let asset = held.assets[deficit.reserve];
            let amount = narrow_u128(deficit.amount)?;
            let reserve = &held.reserves[deficit.reserve];
            let value = value_of(reserve, deficit.amount, Rounding::Ceil)?;
            effects.transfer(
                Holder::Issuer,
                Holder::Outstanding,
                Unit::deficit(asset),
                amount,
                TransferCode::Deficit,
            );
            let amount = Amount::new(asset, amount);
            effects.facts.push(Fact::Deficit { account, amount, value: narrow_u128(value)? });
            // A reserve whose debt is burnt beside the named one is updated like it.
            if asset != owed && asset != taken {
                self.reserves.store_indices(view, asset, reserve, &mut effects);
                self.reserves.store_rates(view, asset, reserve, &mut effects)?;
            }
        }
        self.reserves.store_rates(view, owed, &held.reserves[debt], &mut effects)?;
        self.reserves.store_rates(view, taken, &held.reserves[collateral], &mut effects)?;
        Ok(effects)
    }

    fn seized(
        &self,
        held: &Position,
        account: AccountId,
        (collateral, debt): (usize, usize),
        outcome: &Outcome,
    ) -> Result<Fact, Rejected> {
        let values = held.values(collateral, debt, outcome)?;
        let (taken, owed) = (held.assets[collateral], held.assets[debt]);
        Ok(Fact::Seized {
            account,
            repaid: Amount::new(owed, narrow_u128(outcome.debt_repaid)?),
            seized: Amount::new(taken, narrow_u128(outcome.collateral_to_liquidator)?),
            fee: Amount::new(taken, narrow_u128(outcome.protocol_fee)?),
            repaid_value: values.repaid,
            seized_value: values.seized,
            capped: outcome.close_factor == super::CloseFactor::Half,
        })
    }

    /// Debt shares that disappeared, of every reserve.
    fn debts(
        &self,
        held: &Position,
        account: AccountId,
        outcome: &Outcome,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        for ((asset, before), after) in
            held.assets.iter().zip(&held.users).zip(&outcome.users_after)
        {
            let burnt = before.scaled_debt.saturating_sub(after.scaled_debt);
            effects.transfer(
                Holder::Account(account),
                Holder::Issuer,
                Unit::debt(*asset),
                narrow_u128(burnt)?,
                TransferCode::Burn,
            );
        }
        Ok(())
    }

    fn flags(&self, held: &Position, account: AccountId, outcome: &Outcome, effects: &mut Effects) {
        let (mut collateral, mut borrowing) = (U256::ZERO, U256::ZERO);
        for (asset, after) in held.assets.iter().zip(&outcome.users_after) {
            collateral.set_bit(asset.index(), after.use_as_collateral);
            borrowing.set_bit(asset.index(), after.borrowing);
        }
        effects.set(StateKey::Account(account, column::COLLATERAL), collateral);
        effects.set(StateKey::Account(account, column::BORROWING), borrowing);
    }
}
