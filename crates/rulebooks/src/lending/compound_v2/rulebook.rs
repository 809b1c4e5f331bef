//! The mirror behind the Rulebook trait.
//!
//! The ledger holds shares as supply and principals as debt; the rest of a market is state. Prices
//! arrive as value of a whole token in the numeraire and are scaled up to the venue's 1e36 exactly;
//! values come back from 1e18, collateral rounded down and debt up.
//!
//! Markets accrue when a call names them, as on the venue, so that health is a matter of the call:
//! an account is judged as the call that shows it worst would see it. What is accepted is therefore
//! always in breach, and what is in breach is refused, if at all, for the pair that a call names.

use super::business::owes;
use super::market::worth;
use super::plan::call_in;
use super::pool::{CompoundV2, Held, LAYOUT, column};
use super::{
    BORROW_RATE_MOST, Call as PoolCall, Liquidity, Market, Outcome, Parameters, Redeemed, Revert,
    Terms, accrue, borrow_balance, borrow_rate, exchange_rate, lasting_call, worst,
};
use crate::desk;
use breakwater_liquidation::plan::option_of;
use breakwater_liquidation::{
    AccountShape, AssetInfo, AssetKind, AssetTotals, Call, CallOption, Effects, Exposures, Fact,
    Kept, Layout, Promise, Reach, Rejected, Rejection, Rulebook, Sides, StateKey, Unsupported,
    View,
};
use breakwater_margin::Health;
use breakwater_margin::health::{Armed, Exposure};
use breakwater_money::rational::big;
use breakwater_money::rounding::{
    Rounding, div_wide, mul_div_full, narrow_i128, narrow_u128, pow10,
};
use breakwater_money::{
    AccountId, Amount, AssetId, Holder, Rational, Time, TransferCode, U256, Unit, Wad,
};

/// Name under which hosts plug the rule in.
pub const RULE: &str = "compound-v2";

/// What the venue promises by itself. It liquidates on whatever its oracle says and however long
/// ago that was said; a guardian may pause minting, and so topping up; a call takes up to the close
/// factor whatever is needed, again and again at one price, and lowers the health of whoever is
/// deep enough under water; and what is owed beyond the collateral stays owed, booked by nobody.
const PROMISES: &[(Promise, Kept)] = &[
    // In breach is whom a call may name: whoever owes in a market that the pool has given up, too.
    (Promise::HealthyUntouched, Kept::Keeps),
    // Its oracle answers without an age.
    (Promise::FreshMarksOnly, Kept::Refuses),
    // It knows no outage.
    (Promise::GraceAfterOutage, Kept::Refuses),
    // Repaying cannot be paused, supplying can.
    (Promise::CureStaysPossible, Kept::Refuses),
    // Health below the collateral factor times the incentive only falls.
    (Promise::StepNeverHurts, Kept::Refuses),
    // The close factor is half of a borrow, whatever would suffice.
    (Promise::Minimal, Kept::Refuses),
    // An account still in breach may be called again at once.
    (Promise::OncePerTick, Kept::Refuses),
    (Promise::FundBeforeDeleveraging, Kept::NotApplicable),
    // A debt without collateral stays a claim of the market for ever.
    (Promise::NoUnbookedDebt, Kept::Refuses),
];

/// For how long an option must stay acceptable, seconds: a call is included some blocks later.
const LASTS_SECONDS: u64 = 60;

/// Longest time for which an arming of the watch list bounds accrued interest, seconds. The bound
/// is that of the highest rate a market accepts; an hour of it is a part in seven hundred.
const ARM_SECONDS: u64 = 3_600;

/// Builds the rulebook from a parameter file, bound to the pool's assets by symbol.
///
/// # Errors
/// The first parameter refused, with its value and what would be right; decimals that differ from
/// the pool's; more assets than an account has bits.
pub fn build(parameters: &str, assets: &[AssetInfo]) -> Result<Box<dyn Rulebook>, String> {
    Ok(Box::new(CompoundV2::bind(&Parameters::parse(parameters)?, assets)?))
}

/// Any number of collaterals and debts; whatever has a collateral factor may secure whatever is
/// listed.
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

impl From<Revert> for Rejected {
    fn from(revert: Revert) -> Self {
        let rejection = match revert {
            Revert::NotListed => Rejection::NotLendable,
            Revert::NoPrice | Revert::NoSeizePrice => Rejection::MarkMissing,
            Revert::Healthy => Rejection::Healthy,
            Revert::TooMuch | Revert::MoreThanOwed => Rejection::ExceedsPlan,
            Revert::SelfLiquidation => Rejection::SelfDealing,
            Revert::Zero => Rejection::AmountZero,
            Revert::Unbounded => Rejection::BadParameter,
            Revert::SeizeTooMuch => Rejection::InsufficientBalance,
            Revert::SeizePaused | Revert::BorrowPaused => Rejection::Paused,
            Revert::CapReached => Rejection::LimitReached,
            Revert::Insufficient => Rejection::BelowInitial,
            Revert::ZeroShares => Rejection::ZeroBurn,
            Revert::NoCash => Rejection::InsufficientLiquidity,
            Revert::RateTooHigh | Revert::Arithmetic => Rejection::Overflow,
        };
        rejection.because(revert.to_string())
    }
}

impl CompoundV2 {
    fn health(&self, held: &Held, all: &Liquidity) -> Result<Health, Rejected> {
        let equity = div_wide(all.collateral, self.value_unit()?, Rounding::Floor)?;
        Ok(Health {
            equity: narrow_i128(equity)?,
            requirement: self.value(all.owed, Rounding::Ceil)?,
            ratio: all.ratio()?,
            shortfall: self.value(all.shortfall(), Rounding::Ceil)?,
            breach: all.is_liquidatable() || held.is_given_up(),
        })
    }

    /// Most that interest can move a part of an account, by accrual that is due and by that of the
    /// time an arming holds, whoever asks for it. `value` is in the numeraire.
    fn growth(&self, market: &Market, value: u128) -> Result<u128, Rejected> {
        if !market.earns() {
            return Ok(0);
        }
        let each = u64::from(self.constants.seconds_per_block);
        let ahead = div_wide(U256::from(ARM_SECONDS), U256::from(each), Rounding::Ceil)?;
        let due = borrow_rate(market)?.checked_mul(market.blocks).ok_or(Rejection::Overflow)?;
        let coming = ahead.saturating_add(U256::ONE).saturating_mul(BORROW_RATE_MOST);
        // Twice the sum bounds the product of two factors while the coming one is below one.
        // Lenders share the interest on borrows that reserves may let exceed what is theirs.
        let usage = if market.total_borrows.is_zero() {
            U256::ZERO
        } else {
            div_wide(market.total_borrows, market.lenders()?, Rounding::Floor)?
        };
        let factor = due
            .checked_add(coming)
            .and_then(|sum| sum.checked_mul(U256::from(2)))
            .and_then(|sum| sum.checked_mul(usage.saturating_add(U256::ONE)))
            .ok_or(Rejection::Overflow)?;
        let grown = mul_div_full(U256::from(value), factor, Wad::one().raw, Rounding::Ceil)?;
        // The first instant may already round a balance to its next base unit.
        let unit = self.worth(market, U256::from(4), Rounding::Ceil)?;
        Ok(narrow_u128(grown)?.saturating_add(unit))
    }

    /// A liquidation as the pure rule takes it. The largest number asks for as much as is accepted.
    fn liquidate(
        &self,
        held: &Held,
        call: &PoolCall,
        redeems: bool,
    ) -> Result<(Outcome, Redeemed), Rejected> {
        let mut call = *call;
        if call.repay == U256::from(u128::MAX) {
            let terms = Terms { redeems, blocks: 0 };
            call = lasting_call(&self.rule, &held.markets, &held.positions, &call, terms)?.call;
        }
        Ok(call_in(&self.rule, &held.markets, &held.positions, &call, redeems)?)
    }
}

impl Rulebook for CompoundV2 {
    fn name(&self) -> &str {
        &self.name
    }

    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }

    fn promises(&self) -> &'static [(Promise, Kept)] {
        PROMISES
    }

    fn numeraire_decimals(&self) -> u8 {
        self.numeraire_decimals
    }

    fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        let missing = |missing: String| Unsupported { rulebook: self.name.clone(), missing };
        for ((asset, info), known) in (0..).map(AssetId).zip(view.assets).zip(&self.assets) {
            if info.kind != AssetKind::Token {
                let what = format!("perpetual contracts, such as {}", info.symbol);
                return Err(missing(what));
            }
            let issued = |unit| view.balances.balance(Holder::Issuer, unit) != 0;
            let is_held = issued(Unit::supply(asset)) || issued(Unit::debt(asset));
            if known.is_none() && is_held {
                return Err(missing(format!("a market for {}", info.symbol)));
            }
            if known.is_some()
                && let Some(market) = info.market.and_then(|m| view.markets.get(m.index()))
                && market.guard.decimals != self.numeraire_decimals
            {
                return Err(missing(format!(
                    "prices of {} with {} decimals (market {}), its values have {}",
                    info.symbol, market.guard.decimals, market.symbol, self.numeraire_decimals
                )));
            }
        }
        Ok(())
    }

    fn found(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        let mut effects = Effects::default();
        for asset in (0..).map(AssetId).take(view.assets.len()) {
            let key = StateKey::Asset(asset, column::BORROW_INDEX);
            if view.state(key).is_zero() {
                effects.set(key, Wad::one().raw);
                effects.set(StateKey::Asset(asset, column::ACCRUED_AT), self.block(view.now));
            }
        }
        Ok(effects)
    }

    /// Nothing: a market accrues when a call names it.
    fn accrue(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    /// Exact equality is healthy. The ratio is below one exactly when something is owed too much;
    /// whoever owes in a market that the pool has given up is in breach whatever the ratio.
    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        let held = self.held(view, account)?;
        let (all, _) = worst(&held.markets, &held.positions)?;
        self.health(&held, &all)
    }

    /// All shares at the exchange rate, and the market's own total of borrows, as the market would
    /// be once accrued to now.
    fn totals(&self, view: &View<'_>, asset: AssetId) -> Result<AssetTotals, Rejected> {
        let market = accrue(&self.market(view, asset)?)?;
        let supplied = narrow_u128(worth(&market, market.total_supply)?)?;
        Ok(AssetTotals { supplied, borrowed: narrow_u128(market.total_borrows)? })
    }

    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let held = self.held(view, account)?;
        let (all, seen) = worst(&held.markets, &held.positions)?;
        let (mut whole, mut growth, mut rounding) = (0u128, 0u128, 4u128);
        for ((asset, market), position) in held.assets.iter().zip(&seen).zip(&held.positions) {
            let part = market.part(position)?;
            let equity = self.value(part.collateral, Rounding::Floor)?;
            let requirement = self.value(part.owed, Rounding::Ceil)?;
            let value = equity.saturating_add(requirement);
            // The market as it is stored, so that what is due is counted whoever accrues it.
            let stored = held.markets.get(held.place(*asset)?).unwrap_or(market);
            growth = growth.saturating_add(self.growth(stored, value)?);
            whole = whole.saturating_add(value);
            // Value and weight of a share are rounded, the latter at 1e-18 of each share.
            let shares = narrow_u128(position.shares)?;
            rounding = rounding.saturating_add(6).saturating_add(shares >> 59);
            if value > 0 {
                let equity = i128::try_from(equity).map_err(|_| Rejection::Overflow)?;
                out.terms.push(Exposure { market: view.market_of(*asset)?, equity, requirement });
            }
        }
        if held.is_given_up() {
            // In breach at any price.
            return Ok(Armed { until: Time::MAX, error: u128::MAX >> 2 });
        }
        // Redemptions of others round against the pool, within what `store` lets pass.
        let error = rounding.saturating_add(whole >> 18).saturating_add(growth);
        // Without debt there is no line to cross.
        if growth == 0 || all.owed.is_zero() {
            return Ok(Armed { until: Time::MAX, error });
        }
        let nanos = ARM_SECONDS * breakwater_money::time::NANOS_PER_SECOND;
        Ok(Armed { until: view.now.after(nanos), error })
    }

    fn calls(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Vec<CallOption>,
    ) -> Result<(), Rejected> {
        let held = self.held(view, account)?;
        let (all, _) = worst(&held.markets, &held.positions)?;
        if !self.health(&held, &all)?.breach {
            return Ok(());
        }
        let each = U256::from(self.constants.seconds_per_block);
        let blocks = div_wide(U256::from(LASTS_SECONDS), each, Rounding::Ceil)?;
        let blocks = u64::try_from(blocks).map_err(|_| Rejection::Overflow)?;
        let terms = Terms { redeems: true, blocks };
        let (markets, positions) = (&held.markets, &held.positions);
        for borrowed in held.places(|position| !position.principal.is_zero()) {
            for collateral in held.places(|position| !position.shares.is_zero()) {
                let ask = PoolCall {
                    borrowed,
                    collateral,
                    // No ledger balance is larger.
                    repay: U256::from(i128::MAX.unsigned_abs()),
                    self_liquidation: false,
                };
                let Ok(found) = lasting_call(&self.rule, markets, positions, &ask, terms) else {
                    continue;
                };
                if found.outcome.to_liquidator.is_zero() {
                    continue;
                }
                let call = Call::RepayAndSeize {
                    account,
                    debt: held.assets[borrowed],
                    collateral: held.assets[collateral],
                    amount: narrow_u128(found.call.repay)?,
                    shares: false,
                    liquidator: None,
                };
                let toxic = found.is_toxic()?;
                let option = option_of(self, view, &call, toxic)?;
                if option.seized.raw > 0 {
                    out.push(option);
                }
            }
        }
        // Most gain first; a tie goes to the larger repayment, then to the lower assets.
        out.sort_by_key(|option| std::cmp::Reverse((option.gain(), option.repaid_value)));
        Ok(())
    }

    fn sides(&self, view: &View<'_>, account: AccountId) -> Result<Sides, Rejected> {
        let held = self.held(view, account)?;
        let mut sides = Sides::default();
        for (market, position) in held.markets.iter().zip(&held.positions) {
            if position.shares.is_zero() && position.principal.is_zero() {
                continue;
            }
            let market = accrue(market)?;
            if market.price.is_zero() {
                return Err(Revert::NoPrice.into());
            }
            let units = super::market::worth(&market, position.shares)?;
            let owed = borrow_balance(&market, position)?;
            let collateral = self.worth(&market, units, Rounding::Floor)?;
            let debt = self.worth(&market, owed, Rounding::Ceil)?;
            sides.collateral =
                sides.collateral.checked_add(collateral).ok_or(Rejection::Overflow)?;
            sides.debt = sides.debt.checked_add(debt).ok_or(Rejection::Overflow)?;
        }
        Ok(sides)
    }

    fn arguments(&self, view: &View<'_>, call: &Call) -> String {
        match call {
            Call::RepayAndSeize { account, debt, collateral, amount, .. } => format!(
                "liquidateBorrow(borrower {account}, repayAmount {amount}, cTokenCollateral c{}) at \
                 the c{} market",
                desk::symbol(view, *collateral),
                desk::symbol(view, *debt)
            ),
            other => other.kind().to_owned(),
        }
    }

    /// The protocol's share is taken off it, but rounds to nothing for a handful of shares.
    fn incentive_most_bps(&self) -> Option<u32> {
        Some(u32::from(self.constants.incentive_bps))
    }

    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let Call::RepayAndSeize { account, debt, collateral, amount, shares, liquidator } = *call
        else {
            return self.business(view, call);
        };
        if shares && liquidator.is_none() {
            let detail = "shares: true needs a liquidator that is an account of the pool";
            return Err(Rejection::BadParameter.because(detail));
        }
        let mut held = self.held(view, account)?;
        self.join(view, account, debt, &mut held)?;
        self.join(view, account, collateral, &mut held)?;
        let ask = PoolCall {
            borrowed: held.place(debt)?,
            collateral: held.place(collateral)?,
            repay: U256::from(amount),
            self_liquidation: liquidator == Some(account),
        };
        let (outcome, redeemed) = self.liquidate(&held, &ask, !shares)?;
        let to = liquidator.filter(|_| shares);
        self.effects(view, &held, account, to, &ask, &(outcome, redeemed))
    }

    /// Exact on the balances, before the venue rounds values: the markets stand as [`assess`]
    /// judges them.
    fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        let zero = || Rational::from_integer(0.into());
        let wad = Rational::from_integer(big(Wad::one().raw).into());
        let (mut owned, mut owed) = ((zero(), zero()), (zero(), zero()));
        let held = self.held(view, account)?;
        let (_, seen) = worst(&held.markets, &held.positions)?;
        for ((other, market), position) in held.assets.iter().zip(&seen).zip(&held.positions) {
            if !position.entered {
                continue;
            }
            let whole = |units: U256| -> Result<Rational, Rejected> {
                let unit = pow10(view.asset(*other)?.decimals)?;
                Ok(Rational::new(big(units).into(), unit.into()))
            };
            // division: exact, rationals do not round
            let rate = Rational::from_integer(big(exchange_rate(market)?).into()) / &wad;
            // division: exact, rationals do not round
            let factor = Rational::from_integer(big(market.factor(position).raw).into()) / &wad;
            let collateral = whole(position.shares)? * rate * factor;
            let debt = whole(borrow_balance(market, position)?)?;
            if *other == asset {
                owned.1 += collateral;
                owed.1 += debt;
            } else {
                let price = view.price(*other)?;
                let price = Rational::new(price.raw.into(), pow10(price.decimals)?.into());
                owned.0 += collateral * &price;
                owed.0 += debt * price;
            }
        }
        let root = breakwater_margin::liquidation_price::lending_root;
        Ok(root(&owned.0, &owned.1, &owed.0, &owed.1))
    }
}

impl CompoundV2 {
    /// What an accepted liquidation moves. The caller's shares go to its account, or are redeemed
    /// for the asset at once.
    fn effects(
        &self,
        view: &View<'_>,
        held: &Held,
        account: AccountId,
        liquidator: Option<AccountId>,
        call: &PoolCall,
        (outcome, redeemed): &(Outcome, Redeemed),
    ) -> Result<Effects, Rejected> {
        let (owed, taken) = (held.assets[call.borrowed], held.assets[call.collateral]);
        let mut effects = Effects::default();
        let repaid = narrow_u128(outcome.repaid)?;
        desk::take_in(&mut effects, owed, repaid, TransferCode::Repay);
        let position = &outcome.positions_after[call.borrowed];
        owes(view, account, owed, position, TransferCode::Burn, &mut effects)?;
        let (from, unit) = (Holder::Account(account), Unit::supply(taken));
        let (shares, units) = (narrow_u128(redeemed.shares)?, narrow_u128(redeemed.units)?);
        let mut collateral = outcome.markets_after[call.collateral];
        match liquidator {
            Some(to) => {
                effects.transfer(from, Holder::Account(to), unit, shares, TransferCode::Seize);
            }
            None => {
                effects.transfer(from, Holder::Issuer, unit, shares, TransferCode::Burn);
                desk::pay_out(view, &mut effects, taken, units, TransferCode::Seize)?;
                (collateral, _) = super::redeem(&collateral, super::Part::Shares(redeemed.shares))?;
            }
        }
        let burnt = narrow_u128(outcome.to_protocol)?;
        effects.transfer(from, Holder::Issuer, unit, burnt, TransferCode::Fee);
        if owed != taken {
            let stored = &held.markets[call.borrowed];
            let after = &outcome.markets_after[call.borrowed];
            self.store(view, owed, (stored, after), &mut effects)?;
        }
        let stored = &held.markets[call.collateral];
        self.store(view, taken, (stored, &collateral), &mut effects)?;
        effects.facts.push(self.seized(held, account, call, outcome, redeemed)?);
        Ok(effects)
    }

    fn seized(
        &self,
        held: &Held,
        account: AccountId,
        call: &PoolCall,
        outcome: &Outcome,
        redeemed: &Redeemed,
    ) -> Result<Fact, Rejected> {
        let (owed, taken) = (call.borrowed, call.collateral);
        let whole = redeemed.units.checked_add(outcome.reserves_added);
        let whole = whole.ok_or(Rejection::Overflow)?;
        let cap = self.rule.close_factor.of(outcome.owed_before, Rounding::Floor)?;
        let amount =
            |at: usize, raw| Ok::<_, Rejected>(Amount::new(held.assets[at], narrow_u128(raw)?));
        Ok(Fact::Seized {
            account,
            repaid: amount(owed, outcome.repaid)?,
            seized: amount(taken, redeemed.units)?,
            fee: amount(taken, outcome.reserves_added)?,
            repaid_value: self.worth(&held.markets[owed], outcome.repaid, Rounding::Ceil)?,
            seized_value: self.worth(&held.markets[taken], whole, Rounding::Floor)?,
            capped: outcome.repaid == cap && !held.markets[owed].is_deprecated(),
        })
    }
}
