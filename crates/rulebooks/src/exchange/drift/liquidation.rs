//! One call to liquidate a perpetual position: the liquidator takes it over at the oracle's price.

use super::account::base_value_e6;
use super::{Account, Margin, Markets, PerpMarket, PerpTerms, Purpose, Revert, SMALL_E6};
use super::{BPS, PPM, add, allowed_bps, liquidation_fee_ppm, minus, part, plus, signed};

/// What the program's administrators set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// What is required on top to end a liquidation, as a share of what is owed (200 by default).
    pub buffer_bps: u32,
    /// Share of a shortage that may be covered at once.
    pub initial_bps: u16,
    /// Slots until all of it may.
    pub duration_slots: u16,
}

/// What the liquidator asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The perpetual market.
    pub market: u16,
    /// When.
    pub slot: u64,
    /// The most that the liquidator takes (1e-9).
    pub base_max_e9: u64,
    /// The worst price at which it takes it, fee included (1e-6).
    pub limit_price_e6: Option<u64>,
}

/// How the account stands after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Out of liquidation: enough base was taken, or nothing was missing any more.
    Freed,
    /// Still to be liquidated.
    Continues,
    /// It has nothing left and owes.
    Bankrupt,
}

/// What a call does. Base and quote are conserved: what leaves the account reaches the liquidator,
/// and the insurance fee the fund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// How the account stands.
    pub progress: Progress,
    /// What was missing before (1e-6).
    pub shortage_e6: u128,
    /// The liquidator's fee.
    pub liquidator_fee_ppm: u32,
    /// The insurance fund's.
    pub insurance_fee_ppm: u32,
    /// Base that would have covered the shortage (1e-9), whole steps; the largest integer if none.
    pub base_to_cover_e9: u64,
    /// Base that changed hands (1e-9).
    pub base_e9: u64,
    /// What it was worth (1e-6), rounded down.
    pub value_e6: u128,
    /// The liquidator's fee on that (1e-6), rounded down.
    pub liquidator_fee_e6: u128,
    /// The insurance fund's (1e-6), rounded down.
    pub insurance_fee_e6: u128,
    /// Margin that the call freed (1e-6).
    pub margin_freed_e6: u128,
    /// The account afterwards.
    pub account_after: Account,
    /// The liquidator's account afterwards.
    pub liquidator_after: Account,
}

/// Executes one call, or says why the program refuses it (`liquidate_perp`).
///
/// Whether an account may be liquidated is decided without the buffer when it begins and with it from
/// then on. The first call of a liquidation starts its clock. A position worth at most 50 of the quote
/// token is taken whole.
///
/// # Errors
/// [`Revert`], in the program's order: bankrupt, sufficient collateral, no position, the liquidator's
/// bound, arithmetic, its limit price, its own requirement.
pub fn liquidate_perp(
    markets: &Markets,
    settings: &Settings,
    account: &Account,
    liquidator: &Account,
    call: &Call,
) -> Result<Taken, Revert> {
    if account.is_bankrupt() || liquidator.is_bankrupt() {
        return Err(Revert::Bankrupt);
    }
    let purpose = Purpose::liquidation(settings.buffer_bps, Some(call.market));
    let margin = account.margin(markets, &purpose)?;
    let mut taken = Taken::nothing(margin.shortage_e6()?, account, liquidator);
    if !account.being_liquidated && margin.is_met() {
        let (collateral_e6, requirement_e6) = (margin.collateral_e6, margin.requirement_e6);
        return Err(Revert::SufficientCollateral { collateral_e6, requirement_e6 });
    }
    if account.being_liquidated && margin.is_met_with_buffer() {
        taken.account_after.leave_liquidation();
        taken.progress = Progress::Freed;
        return Ok(taken);
    }
    let market = markets.perp(call.market)?;
    let base = account.perp(call.market)?.base_e9;
    taken.account_after.enter_liquidation(call.slot);
    if base == 0 {
        return Ok(taken);
    }
    let position = Position { market, size_e9: base.unsigned_abs(), long: base > 0 };
    taken.size(markets, settings, &margin, &position, call)?;
    if taken.base_e9 == 0 {
        return Ok(taken);
    }
    taken.check_limit(&position, call)?;
    taken.transfer(&position)?;
    let left = taken.account_after.margin(markets, &purpose)?.shortage_e6()?;
    taken.margin_freed_e6 = taken.shortage_e6.saturating_sub(left);
    let freed = add(taken.account_after.margin_freed_e6, taken.margin_freed_e6)?;
    taken.account_after.margin_freed_e6 = freed;
    if taken.base_e9 >= taken.base_to_cover_e9 {
        taken.account_after.leave_liquidation();
        taken.progress = Progress::Freed;
    } else if taken.account_after.is_bankrupt() {
        taken.progress = Progress::Bankrupt;
    }
    taken.check_liquidator(markets)?;
    Ok(taken)
}

/// The position that is liquidated.
struct Position<'a> {
    market: &'a PerpMarket,
    size_e9: u128,
    long: bool,
}

impl Account {
    /// Starts the clock of a liquidation, unless it runs.
    fn enter_liquidation(&mut self, slot: u64) {
        if !self.being_liquidated {
            self.being_liquidated = true;
            self.margin_freed_e6 = 0;
            self.last_active_slot = slot;
        }
    }

    fn leave_liquidation(&mut self) {
        self.being_liquidated = false;
        self.margin_freed_e6 = 0;
    }
}

impl Taken {
    fn nothing(shortage_e6: u128, account: &Account, liquidator: &Account) -> Self {
        Taken {
            progress: Progress::Continues,
            shortage_e6,
            liquidator_fee_ppm: 0,
            insurance_fee_ppm: 0,
            base_to_cover_e9: 0,
            base_e9: 0,
            value_e6: 0,
            liquidator_fee_e6: 0,
            insurance_fee_e6: 0,
            margin_freed_e6: 0,
            account_after: account.clone(),
            liquidator_after: liquidator.clone(),
        }
    }

    /// Fees and base of the call.
    fn size(
        &mut self,
        markets: &Markets,
        settings: &Settings,
        margin: &Margin,
        position: &Position<'_>,
        call: &Call,
    ) -> Result<(), Revert> {
        let (market, step) = (position.market, position.market.step_e9);
        let whole = u64::try_from(position.size_e9).map_err(|_| Revert::Arithmetic)?;
        if whole.checked_rem(step) != Some(0) {
            return Err(Revert::OffStep { base_e9: position.size_e9, step_e9: step });
        }
        let base_max = down_to_step(call.base_max_e9, step);
        if base_max == 0 {
            let base_max_e9 = call.base_max_e9;
            return Err(Revert::BaseMaxBelowStep { base_max_e9, step_e9: step });
        }
        let since = self.account_after.last_active_slot;
        let (least, most) = (market.liquidator_fee_ppm, market.liquidator_fee_max_ppm);
        self.liquidator_fee_ppm = liquidation_fee_ppm(least, most, since, call.slot)?;
        let ratio = market.margin_ratio_bps(position.size_e9, &Purpose::liquidation(0, None))?;
        let ratio = ratio.checked_add(settings.buffer_bps).ok_or(Revert::Arithmetic)?;
        let terms = PerpTerms {
            margin_ratio_bps: ratio,
            liquidator_fee_ppm: self.liquidator_fee_ppm,
            price_e6: market.price_e6,
            quote_price_e6: markets.quote()?.price_e6,
        };
        let own = margin.tracked_part_e6(self.shortage_e6)?;
        let fee_max = market.insurance_fee_max_ppm;
        self.insurance_fee_ppm = terms.insurance_fee_ppm(own, position.size_e9, fee_max)?;
        let cover = terms.base_to_cover(self.shortage_e6, self.insurance_fee_ppm)?;
        self.base_to_cover_e9 = if cover == u64::MAX { cover } else { up_to_step(cover, step)? };
        let allowed = self.allowed_e9(settings, call)?;
        if allowed == 0 {
            return Ok(());
        }
        let value = base_value_e6(position.size_e9, market.price_e6)?;
        let least = if value > SMALL_E6 { 0 } else { whole };
        self.base_e9 = up_to_step(whole.min(base_max).min(allowed.max(least)), step)?;
        Ok(())
    }

    /// Base that the slots elapsed allow, rounded down.
    fn allowed_e9(&self, settings: &Settings, call: &Call) -> Result<u64, Revert> {
        let account = &self.account_after;
        let elapsed = call.slot.checked_sub(account.last_active_slot).ok_or(Revert::Arithmetic)?;
        let share = allowed_bps(
            self.shortage_e6,
            account.margin_freed_e6,
            elapsed,
            u128::from(settings.initial_bps),
            u128::from(settings.duration_slots),
        )?;
        let allowed = part(u128::from(self.base_to_cover_e9), share, BPS)?;
        u64::try_from(allowed).map_err(|_| Revert::Arithmetic)
    }

    fn check_limit(&self, position: &Position<'_>, call: &Call) -> Result<(), Revert> {
        let Some(limit_e6) = call.limit_price_e6 else { return Ok(()) };
        let price = u128::from(position.market.price_e6);
        let fee = part(price, u128::from(self.liquidator_fee_ppm), PPM)?;
        let limit = u128::from(limit_e6);
        // The liquidator of a long buys below the oracle's price, that of a short sells above it.
        let (price_e6, kept) = if position.long {
            let paid = price.checked_sub(fee).ok_or(Revert::Arithmetic)?;
            (paid, paid <= limit)
        } else {
            let got = add(price, fee)?;
            (got, got >= limit)
        };
        if kept { Ok(()) } else { Err(Revert::LimitPrice { price_e6, limit_e6 }) }
    }

    /// Moves base, value and fees.
    fn transfer(&mut self, position: &Position<'_>) -> Result<(), Revert> {
        let base = i128::from(self.base_e9);
        self.value_e6 = base_value_e6(u128::from(self.base_e9), position.market.price_e6)?;
        self.liquidator_fee_e6 = part(self.value_e6, u128::from(self.liquidator_fee_ppm), PPM)?;
        self.insurance_fee_e6 = part(self.value_e6, u128::from(self.insurance_fee_ppm), PPM)?;
        let value = signed(self.value_e6)?;
        let (base, value) = if position.long { (-base, value) } else { (base, -value) };
        let fee = signed(self.liquidator_fee_e6)?;
        let kept = minus(minus(value, fee)?, signed(self.insurance_fee_e6)?)?;
        let index = position.market.index;
        self.account_after.trade(index, base, kept)?;
        self.liquidator_after.trade(index, -base, plus(-value, fee)?)
    }

    fn check_liquidator(&self, markets: &Markets) -> Result<(), Revert> {
        let margin = self.liquidator_after.margin(markets, &Purpose::initial(false))?;
        if margin.is_met() {
            return Ok(());
        }
        let (collateral_e6, requirement_e6) = (margin.collateral_e6, margin.requirement_e6);
        Err(Revert::LiquidatorCollateral { collateral_e6, requirement_e6 })
    }
}

/// The largest multiple of `step` not above `base`; 0 for a step of 0.
fn down_to_step(base: u64, step: u64) -> u64 {
    base.checked_rem(step).map_or(0, |rest| base.saturating_sub(rest))
}

fn up_to_step(base: u64, step: u64) -> Result<u64, Revert> {
    let down = down_to_step(base, step);
    let up = if down == base { Some(base) } else { down.checked_add(step) };
    up.ok_or(Revert::Arithmetic)
}
