//! How prices move an account's equity less a line times its requirement: what the watch list
//! needs, for lines from one to [`LINE_MAX`].
//!
//! **A contract's price.** With `v` the value at the mark and `m` the requirement, convex in the
//! notional, a fall by the share `d` of what is owned takes away `v d - line (m(v) - m(v - v d))`.
//! That is most where `m` falls least, at the lowest rate. A rise of what is owed takes away
//! `v d + line (m(v + v d) - m(v))`, most at the highest rate that the rise can reach: since the
//! value may not move further than the surplus over one times the requirement allows, that is the
//! rate at `v` plus the surplus. Towards a line above, what is owned gains most at the lowest rate
//! and what is owed at the highest below `v`, so that the same slopes hold. What is left out is a
//! line above one over the highest rate, where more of a position in its last brackets is worth less
//! than what it requires: two, for venues' tables.
//!
//! **An inverse contract** is worth `n / P`: a fall of `P` by `d` raises it by `d / (1 - d)`. Its
//! terms hold while no price moves by more than [`REACH_BPS`], and are scaled for that.
//!
//! **A margin asset's price.** With `s = equity - line x requirement` in units of the asset, the
//! account's slack is `sum P s`. A move of `P` by the share `r` changes it by `r P s'`, where `s'`
//! is what the contracts' prices have made of `s` by then: no further from `s` than the account is from
//! its line, as long as no line is crossed. So a fall hurts by at most what is owned plus that
//! distance, a rise by at most what is owed, plus that distance, plus the requirement: two terms.
//!
//! **A haircut** never steepens a loss, since shares that count are at most one. But a gain of what
//! is owned may count for less than the line asks for of it, down to nothing beyond the last edge:
//! then a rise hurts, and a fall helps. Where the lowest share is below the line at the highest
//! rate, a second term says so, as if the gain counted for nothing.

use super::account::more;
use super::book::{Book, Haircut, MarginAsset, Valuation};
use super::contract::{Contract, Valued, scaled, signed};
use breakwater_liquidation::{Exposures, Form, Rejected, View};
use breakwater_margin::health::{Armed, Exposure};
use breakwater_money::rounding::{Rounding, narrow_i128};
use breakwater_money::{AccountId, Time, U256};

/// The highest line, in multiples of the requirement, that the terms cover; no policy watches at a
/// higher one (`Policy::warn_ratio_max`).
const LINE_MAX: u128 = 2;

/// How far prices may move, in basis points, while the terms of an inverse contract hold.
const REACH_BPS: u32 = 2_000;

impl Book {
    pub fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let sums = self.sums(view, account, false)?;
        let totals = self.totals(view, account, false)?;
        let required = narrow_i128(U256::from(totals.maintenance))?;
        let surplus = totals.equity.saturating_sub(required).max(0).unsigned_abs();
        for (asset, contract, size) in self.sizes(view, account)? {
            let valued = contract.value(size, view.price(asset)?)?;
            let held = &self.margin[contract.slot];
            let own_surplus = self.amount_for(view, held, surplus)?;
            let requirement = contract.slope(&valued, size.unsigned_abs(), own_surplus)?;
            let (mut equity, mut requirement) = (
                self.term_equity(view, held, &valued)?,
                self.value(view, held, requirement, rounded(&valued))?,
            );
            if matches!(contract.terms.form, Form::Inverse) {
                // A rise of the price lowers the value: the sides are exchanged.
                (equity, requirement) = inverted(equity, requirement)?;
                out.reach_bps = Some(REACH_BPS);
            }
            let market = view.market_of(asset)?;
            out.terms.push(Exposure { market, equity, requirement });
            if self.gains_too_little(contract, &valued) {
                let steepest = contract.steepest(&valued, size.unsigned_abs())?;
                let requirement = self.value(view, held, steepest, Rounding::Ceil)?;
                let (equity, requirement) = match contract.terms.form {
                    // Owed as much as the line asks for, and so falling as the value rises.
                    Form::Inverse => inverted(-signed(requirement.saturating_mul(LINE_MAX))?, 0)?,
                    _ => (0, requirement),
                };
                out.terms.push(Exposure { market, equity, requirement });
            }
        }
        if let Valuation::Numeraire(_) = self.valuation {
            // No further than this from any line: equity's distance to the first, and to the last.
            let distance = totals.equity.saturating_sub(required).unsigned_abs();
            let reached = more(distance, totals.maintenance)?;
            for (slot, held) in self.margin.iter().enumerate() {
                let own = self.counted(view, held, sums.own[slot])?;
                let required = self.value(view, held, sums.maintenance[slot], Rounding::Ceil)?;
                if own != 0 || required != 0 {
                    margin_terms(view, held, own, required, reached, out)?;
                }
            }
        }
        Ok(Armed { until: Time::MAX, error: self.hidden(view, account)? })
    }

    /// True if a gain may count for less than what it asks for: of what is owned in an asset with a
    /// haircut.
    fn gains_too_little(&self, contract: &Contract, valued: &Valued) -> bool {
        let lowest = self.margin[contract.slot].haircut.as_ref().map(Haircut::lowest_e9);
        let asked = LINE_MAX * contract.highest_e9();
        valued.value > 0 && lowest.is_some_and(|lowest| u128::from(lowest) < asked)
    }

    /// What rounding may hide: less than one unit of a position's value, and less than two of its
    /// requirement, one of the notional and one of the product. Where prices turn them into the
    /// numeraire, a unit of an asset may be many of its units: the haircut hides one more of it, the
    /// numeraire one of each sum, and until a price has left its interval the unit is worth at most
    /// twice as much.
    fn hidden(&self, view: &View<'_>, account: AccountId) -> Result<u128, Rejected> {
        const POSITION: u128 = 2 + 3 * LINE_MAX;
        let Valuation::Numeraire(_) = self.valuation else {
            return Ok(self.sizes(view, account)?.count() as u128 * POSITION);
        };
        let mut units = vec![0u128; self.margin.len()];
        for held in view.holdings(account)? {
            if let Some(slot) = self.slot(held.unit.asset) {
                units[slot] = units[slot].max(1);
            }
        }
        for (_, contract, _) in self.sizes(view, account)? {
            units[contract.slot] = more(units[contract.slot], POSITION)?;
        }
        let mut hidden = 0u128;
        for (held, units) in self.margin.iter().zip(units).filter(|(_, units)| *units > 0) {
            let twice = self.value(view, held, units.saturating_mul(2), Rounding::Ceil)?;
            hidden = more(hidden, more(twice, 1 + LINE_MAX)?)?;
        }
        Ok(hidden)
    }

    /// The part of equity that moves with a contract's price, raised in magnitude.
    fn term_equity(
        &self,
        view: &View<'_>,
        held: &MarginAsset,
        valued: &Valued,
    ) -> Result<i128, Rejected> {
        let notional = signed(self.value(view, held, valued.notional, Rounding::Ceil)?)?;
        Ok(if valued.value < 0 { -notional } else { notional })
    }
}

/// A requirement's slope is bounded from below where a fall hurts, from above where a rise does.
fn rounded(valued: &Valued) -> Rounding {
    if valued.value < 0 { Rounding::Ceil } else { Rounding::Floor }
}

/// The term of `n / P` in moves of `P`, within the reach: a fall of `P` by `d` moves the value by
/// `d / (1 - d)`, at most `1 / (1 - reach)` times the fall; a rise by less than itself.
///
/// What is owned falls as `P` rises: the term of a rise adds the requirement, which is left out, as
/// that only bounds the loss from above. What is owed rises as `P` falls, by value plus a line times
/// the requirement, and the term of a fall subtracts the requirement: so the line's share goes into
/// the value, at the highest line.
fn inverted(equity: i128, requirement: u128) -> Result<(i128, u128), Rejected> {
    let owed = equity < 0;
    let of_requirement = if owed { requirement.saturating_mul(LINE_MAX) } else { 0 };
    let most = more(equity.unsigned_abs(), of_requirement)?;
    let left = u128::from(10_000 - REACH_BPS);
    let most = signed(scaled(most, 10_000, left, Rounding::Ceil)?)?;
    Ok((if owed { most } else { -most }, 0))
}

/// The two terms of a margin asset's own price.
fn margin_terms(
    view: &View<'_>,
    held: &MarginAsset,
    own: i128,
    required: u128,
    reached: u128,
    out: &mut Exposures,
) -> Result<(), Rejected> {
    let market = view.market_of(held.asset)?;
    let moved = if required == 0 { 0 } else { reached };
    let owned = more(own.max(0).unsigned_abs(), moved)?;
    out.terms.push(Exposure { market, equity: signed(owned)?, requirement: 0 });
    if own < 0 || required > 0 {
        let owed = more(own.min(0).unsigned_abs(), moved)?;
        out.terms.push(Exposure { market, equity: -signed(owed)?, requirement: required });
    }
    Ok(())
}
