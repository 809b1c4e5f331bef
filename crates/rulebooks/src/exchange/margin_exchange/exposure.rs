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
//! distance, a rise by at most what is owed, plus that distance, plus the requirement: two terms. A haircut never steepens a
//! loss, since shares that count are at most one.

use super::account::more;
use super::book::{Book, MarginAsset, Valuation};
use super::contract::{Contract, Valued, scaled, signed};
use breakwater_liquidation::{Exposures, Form, Rejected, View};
use breakwater_margin::health::{Armed, Exposure};
use breakwater_margin::option::OptionRates;
use breakwater_money::rounding::{Rounding, narrow_i128};
use breakwater_money::{AccountId, AssetId, Time, U256};

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
            if let Some(rates) = contract.option.as_ref().filter(|_| self.portfolio.is_none()) {
                self.option_terms(view, held, (asset, contract, rates, size), out)?;
                continue;
            }
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
            out.terms.push(Exposure { market: view.market_of(asset)?, equity, requirement });
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
        if self.portfolio.is_some() && totals.positions > 0 {
            // The worst of a grid is not linear in anything: any move of any price it rests on, and
            // any time, asks again.
            self.underlying_terms(view, account, out)?;
            out.reach_bps = Some(0);
            return Ok(Armed { until: view.now.after(1), error: 0 });
        }
        // Rounding hides less than one unit of a position's value, and less than two of its
        // requirement: one of the notional and one of the product; at most one more of each where a
        // price turns them into the numeraire.
        let assets = match self.valuation {
            Valuation::Settle => 0,
            Valuation::Numeraire(_) => self.margin.len() as u128,
        };
        let error = (u128::from(totals.positions) + assets) * (2 + 3 * LINE_MAX);
        Ok(Armed { until: Time::MAX, error })
    }

    /// An option by formula: its own mark moves its value and, for a short, the requirement; the
    /// underlying moves the requirement of a short alone.
    fn option_terms(
        &self,
        view: &View<'_>,
        held: &MarginAsset,
        (asset, contract, rates, size): (AssetId, &Contract, &OptionRates, i128),
        out: &mut Exposures,
    ) -> Result<(), Rejected> {
        let mark = view.price(asset)?;
        let valued = contract.value(size, mark)?;
        let equity = self.term_equity(view, held, &valued)?;
        let market = view.market_of(asset)?;
        if size >= 0 {
            out.terms.push(Exposure { market, equity, requirement: 0 });
            return Ok(());
        }
        let slopes = contract.option_slopes(view, rates, size.unsigned_abs(), mark)?;
        let requirement = self.value(view, held, slopes.mark, Rounding::Ceil)?;
        out.terms.push(Exposure { market, equity, requirement });
        if let Some(option) = contract.as_option().filter(|_| slopes.underlying > 0) {
            let market = view.market_of(option.underlying)?;
            let requirement = self.value(view, held, slopes.underlying, Rounding::Ceil)?;
            out.terms.push(Exposure { market, equity: 0, requirement });
        }
        Ok(())
    }

    /// The markets of the underlyings, which the grid moves and no contract of the account may be in.
    fn underlying_terms(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<(), Rejected> {
        for (_, contract, _) in self.sizes(view, account)? {
            let Some(option) = contract.as_option() else { continue };
            let market = view.market_of(option.underlying)?;
            out.terms.push(Exposure { market, equity: 0, requirement: 0 });
            // The forward may be another contract's mark.
            let count = u16::try_from(view.assets.len()).unwrap_or(u16::MAX);
            for future in (0..count).map(AssetId) {
                let listed = self
                    .listed(future)
                    .filter(|other| other.group == contract.group && other.as_option().is_none());
                let Some(market) = listed.and_then(|_| view.market_of(future).ok()) else {
                    continue;
                };
                out.terms.push(Exposure { market, equity: 0, requirement: 0 });
            }
        }
        Ok(())
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
