//! How prices move an account's equity less a line times its requirement: what the watch list
//! needs, for lines from one to [`LINE_MAX`].
//!
//! **A contract's price.** With `v` the value at the mark and `m` the requirement, convex in the
//! notional, a fall by the share `d` of what is owned takes away `v d - line (m(v) - m(v - v d))`.
//! That is most where `m` falls least, at the lowest rate. A rise of what is owed takes away
//! `v d + line (m(v + v d) - m(v))`, most at the highest rate that the rise can reach: since the
//! value may not move further than the surplus over one times the requirement allows, that is the
//! rate at `v` plus the surplus. Towards a line above, what is owned gains most at the lowest rate
//! and what is owed at the highest below `v`, so that the same slopes hold.
//!
//! Where one more of a position asks for more than what it brings counts for at the line of two (its
//! rate is above half the share of a haircut), what is owned hurts on a rise as well: then it has a
//! second term, at the highest rate and the lowest share.
//!
//! **An inverse contract** is worth `n / P`: a fall of `P` by `d` raises it by `d / (1 - d)`. Its
//! terms hold while no price moves by more than [`REACH_BPS`], and are scaled for that.
//!
//! **A margin asset's price.** With `s = what counts - line x requirement` in units of the asset, the
//! account's slack is `sum P s`. The contracts' prices move `s`, the asset's own moves `P`:
//!
//! ```text
//! sum P' s' - sum P s  =  sum P' (s' - s)  +  sum (P' - P) s
//! ```
//!
//! The second sum is exact in the term of each asset: what counts, less the line's share of what is
//! required. The first is that of the contracts at prices that are at most one plus the reach times
//! those of now, so that their terms are scaled for that. A haircut never steepens a loss of value,
//! since shares that count are at most one; it makes a gain worth less than what it asks for.

use super::account::{Sums, more, plus};
use super::book::{Book, MARGIN_ASSETS_MAX, MarginAsset, Valuation};
use super::contract::{Contract, Valued, scaled, signed};
use breakwater_liquidation::{Exposures, Form, Rejected, View};
use breakwater_margin::health::{Armed, Exposure};
use breakwater_margin::option::OptionRates;
use breakwater_margin::tiers::RATE_ONE_E9;
use breakwater_money::rounding::{Rounding, div, mul_div};
use breakwater_money::{AccountId, AssetId, Time};

/// The highest line, in multiples of the requirement, that the terms cover; no policy watches at a
/// higher one (`Policy::warn_ratio_max`).
pub(super) const LINE_MAX: u128 = 2;

/// How far prices may move, in basis points, while the terms of inverse contracts, and of margin
/// assets with prices, hold.
const REACH_BPS: u32 = 2_000;

/// One in basis points.
pub(super) const ONE_BPS: u32 = 10_000;

/// A part of equity that moves with a price, and the part of the requirement that does.
type Term = (i128, u128);

impl Book {
    pub fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let sums: Sums = self.sums(view, account, false)?;
        let totals = self.totals_of(view, &sums)?;
        if self.portfolio.is_some() && totals.positions > 0 {
            return self.portfolio_terms(view, account, &sums, out);
        }
        let surplus = totals.equity.max(0).unsigned_abs().saturating_sub(totals.maintenance);
        let shares = self.least_shares(view, account, &sums)?;
        // Settle units that rounding may hide, by margin asset.
        let mut hidden = [0u128; MARGIN_ASSETS_MAX];
        for (asset, contract, size) in self.sizes(view, account)? {
            let valued = contract.value(size, view.price(asset)?)?;
            let held = &self.margin[contract.slot];
            let by = &mut hidden[contract.slot];
            *by = more(*by, hidden_by(contract, &valued)?)?;
            if let Some(rates) = &contract.option {
                self.option_terms(view, (asset, contract, rates, size), out)?;
                continue;
            }
            let bounds = Bounds {
                surplus: self.amount_for(view, held, surplus)?,
                reach: self.reaches(contract),
                share_e9: shares[contract.slot],
            };
            let market = view.market_of(asset)?;
            let terms = terms_of(contract, &valued, size.unsigned_abs(), &bounds)?;
            for term in terms.into_iter().flatten() {
                let (equity, requirement) = self.scaled_term(view, contract, term)?;
                out.terms.push(Exposure { market, equity, requirement });
            }
            if bounds.reach {
                out.reach_bps = Some(REACH_BPS);
            }
        }
        Ok(Armed { until: Time::MAX, error: self.margin_terms(view, &sums, &hidden, out)? })
    }

    /// The terms of all margin assets' own prices, and what rounding may hide in the numeraire of what
    /// is `hidden` in each.
    pub(super) fn margin_terms(
        &self,
        view: &View<'_>,
        sums: &Sums,
        hidden: &[u128; MARGIN_ASSETS_MAX],
        out: &mut Exposures,
    ) -> Result<u128, Rejected> {
        let mut error = 0u128;
        for (slot, held) in self.margin.iter().enumerate() {
            let (own, required, hidden) = (sums.own[slot], sums.maintenance[slot], hidden[slot]);
            if self.valuation == Valuation::Settle {
                error = more(error, hidden)?;
            } else if own != 0 || required != 0 || hidden != 0 {
                let terms = self.margin_term(view, held, (own, required, hidden), out)?;
                error = more(error, terms)?;
            }
        }
        Ok(error)
    }

    /// An option by formula: its own mark moves its value and, for a short, the requirement; the
    /// underlying moves the requirement of a short alone.
    fn option_terms(
        &self,
        view: &View<'_>,
        (asset, contract, rates, size): (AssetId, &Contract, &OptionRates, i128),
        out: &mut Exposures,
    ) -> Result<(), Rejected> {
        if self.reaches(contract) {
            out.reach_bps = Some(REACH_BPS);
        }
        let mark = view.price(asset)?;
        let valued = contract.value(size, mark)?;
        let notional = signed(valued.notional)?;
        let market = view.market_of(asset)?;
        if size >= 0 {
            let (equity, requirement) = self.scaled_term(view, contract, (notional, 0))?;
            out.terms.push(Exposure { market, equity, requirement });
            return Ok(());
        }
        let slopes = contract.option_slopes(view, rates, size.unsigned_abs(), mark)?;
        let (equity, requirement) = self.scaled_term(view, contract, (-notional, slopes.mark))?;
        out.terms.push(Exposure { market, equity, requirement });
        if let Some(option) = contract.as_option().filter(|_| slopes.underlying > 0) {
            // A value of nothing that is owed: its requirement is raised as one.
            let (_, requirement) = self.scaled_term(view, contract, (-1, slopes.underlying))?;
            let market = view.market_of(option.underlying)?;
            out.terms.push(Exposure { market, equity: 0, requirement });
        }
        Ok(())
    }

    /// True if the contract's terms hold within the reach only.
    fn reaches(&self, contract: &Contract) -> bool {
        self.valuation != Valuation::Settle || matches!(contract.terms.form, Form::Inverse)
    }

    /// The least that a unit more of each margin asset counts for, in 1e-9, as long as no position
    /// moves by more than the reach.
    pub(super) fn least_shares(
        &self,
        view: &View<'_>,
        account: AccountId,
        sums: &Sums,
    ) -> Result<[u64; MARGIN_ASSETS_MAX], Rejected> {
        let mut shares = [RATE_ONE_E9; MARGIN_ASSETS_MAX];
        if self.margin.iter().all(|held| held.haircut.is_none()) {
            return Ok(shares);
        }
        let mut most = sums.own;
        for (asset, contract, size) in self.sizes(view, account)? {
            let notional = contract.value(size, view.price(asset)?)?.notional;
            most[contract.slot] =
                plus(most[contract.slot], signed(reached(notional)? - notional)?)?;
        }
        for ((share, held), most) in shares.iter_mut().zip(&self.margin).zip(most) {
            if let (Some(haircut), Ok(most)) = (&held.haircut, u128::try_from(most)) {
                *share = haircut.share_e9(most);
            }
        }
        Ok(shares)
    }

    /// A term of a contract in the numeraire, as large as it may be within the reach.
    fn scaled_term(
        &self,
        view: &View<'_>,
        contract: &Contract,
        term: Term,
    ) -> Result<Term, Rejected> {
        let mut term = self.in_numeraire(view, &self.margin[contract.slot], term)?;
        if matches!(contract.terms.form, Form::Inverse) {
            // `d / (1 - d)` is at most this many times `d`.
            term = times(term, ONE_BPS, ONE_BPS - REACH_BPS)?;
        }
        if self.valuation != Valuation::Settle {
            term = times(term, ONE_BPS + REACH_BPS, ONE_BPS)?;
        }
        Ok(term)
    }

    /// The term of a margin asset's own price; and what rounding may hide in the numeraire, of which
    /// `hidden` is the part in the asset.
    fn margin_term(
        &self,
        view: &View<'_>,
        held: &MarginAsset,
        (own, required, hidden): (i128, u128, u128),
        out: &mut Exposures,
    ) -> Result<u128, Rejected> {
        let equity = self.counted(view, held, own)?;
        let requirement = self.value(view, held, required, Rounding::Ceil)?;
        out.terms.push(Exposure { market: view.market_of(held.asset)?, equity, requirement });
        out.reach_bps = Some(REACH_BPS);
        // What counts is rounded in the asset once more, and all of it may be worth more by then.
        let hidden =
            scaled(more(hidden, 1)?, (ONE_BPS + REACH_BPS).into(), ONE_BPS.into(), Rounding::Ceil)?;
        // One unit of what counts, one of the requirement, and the same of this term itself.
        more(self.value(view, held, hidden, Rounding::Ceil)?, 2 * (1 + LINE_MAX))
    }

    /// A term in the numeraire, its value raised in magnitude.
    fn in_numeraire(
        &self,
        view: &View<'_>,
        held: &MarginAsset,
        (equity, requirement): Term,
    ) -> Result<Term, Rejected> {
        let value = signed(self.value(view, held, equity.unsigned_abs(), Rounding::Ceil)?)?;
        let requirement = self.value(view, held, requirement, rounding_of(equity))?;
        Ok((if equity < 0 { -value } else { value }, requirement))
    }
}

/// A requirement's slope is bounded from below where a fall hurts, from above where a rise does.
const fn rounding_of(equity: i128) -> Rounding {
    if equity < 0 { Rounding::Ceil } else { Rounding::Floor }
}

/// `term x over / under`, no less of a value, and as much of a requirement as its bound allows.
fn times((equity, requirement): Term, over: u32, under: u32) -> Result<Term, Rejected> {
    let (over, under) = (u128::from(over), u128::from(under));
    let value = signed(scaled(equity.unsigned_abs(), over, under, Rounding::Ceil)?)?;
    let requirement = scaled(requirement, over, under, rounding_of(equity))?;
    Ok((if equity < 0 { -value } else { value }, requirement))
}

/// What rounding hides of one position, in base units of its settle asset: less than one of its value
/// and less than two of its requirement, one of the notional and one of the product; twice that for
/// the term itself. The rate that an inverse contract's size adds is rounded too, with its price.
fn hidden_by(contract: &Contract, valued: &Valued) -> Result<u128, Rejected> {
    let fixed = 2 + 3 * LINE_MAX;
    if contract.slope_e9 == 0 || !matches!(contract.terms.form, Form::Inverse) {
        return Ok(fixed);
    }
    // One in 1e-9 of the rate, of a notional that a fall within the reach may have raised.
    let notional = reached(valued.notional)?;
    more(fixed, LINE_MAX * (div(notional, RATE_ONE_E9.into(), Rounding::Ceil)? + 1))
}

/// How far an account may go before it reaches a line, or its terms end.
struct Bounds {
    /// Its surplus over the requirement in the settle asset: what is owed may rise by no more.
    surplus: u128,
    /// Whether no price moves by more than the reach.
    reach: bool,
    /// The least that a unit more of the settle asset counts for, 1e-9.
    share_e9: u64,
}

/// A notional after the largest move within the reach: of the price of an inverse contract.
fn reached(notional: u128) -> Result<u128, Rejected> {
    let (over, under) = (u128::from(ONE_BPS), u128::from(ONE_BPS - REACH_BPS));
    Ok(scaled(notional, over, under, Rounding::Ceil)?)
}

/// The terms of a position in the settle asset, by its own price; those of an inverse contract as
/// long as a fall of the price raises its value as much as a rise lowers it.
fn terms_of(
    contract: &Contract,
    valued: &Valued,
    size: u128,
    bounds: &Bounds,
) -> Result<[Option<Term>; 2], Rejected> {
    let slopes = contract.slopes(valued, size, bounds)?;
    let (notional, value) = (signed(valued.notional)?, valued.notional);
    let owned = valued.value >= 0;
    let steep = owned && slopes.steep;
    let (share, one) = (u128::from(bounds.share_e9), u128::from(RATE_ONE_E9));
    // What a rise of what is owned brings at least.
    let brings = mul_div(valued.value.unsigned_abs(), share, one, Rounding::Floor)?;
    if !matches!(contract.terms.form, Form::Inverse) {
        let second = (signed(brings)?, slopes.highest);
        let first = if owned { (notional, slopes.lowest) } else { (-notional, slopes.highest) };
        return Ok([Some(first), steep.then_some(second)]);
    }
    if owned {
        // What is owned falls as the price rises. The line's share of the requirement only helps.
        // What it costs beyond what it brings, at the highest line, hurts as the price falls.
        let loss = slopes.highest.saturating_mul(LINE_MAX).saturating_sub(brings);
        let second = (signed(loss)?, 0);
        return Ok([Some((-notional, 0)), steep.then_some(second)]);
    }
    // What is owed rises as the price falls, and the line's share of the requirement with it; the
    // term of a fall would subtract that, so that it goes into the value, at the highest line.
    let most = more(value, slopes.highest.saturating_mul(LINE_MAX))?;
    Ok([Some((signed(most)?, 0)), None])
}

/// How much a requirement changes for each share that its notional changes by, in the settle asset.
struct Slopes {
    /// At least.
    lowest: u128,
    /// At most.
    highest: u128,
    /// True if, at the highest line, more of it may ask for more than what it brings counts for.
    steep: bool,
}

impl Contract {
    /// The slopes of a position's requirement.
    fn slopes(&self, valued: &Valued, size: u128, bounds: &Bounds) -> Result<Slopes, Rejected> {
        if self.by_entry() {
            return Ok(Slopes { lowest: 0, highest: 0, steep: false });
        }
        let one = u128::from(RATE_ONE_E9);
        let inverse = matches!(self.terms.form, Form::Inverse);
        let sloped = self.sloped_e9(size, valued.notional)?;
        let lowest = u128::from(self.tier(0)?.0.rate_e9);
        let lowest = if inverse { lowest } else { lowest.saturating_add(sloped) };
        let top = match (valued.value < 0, bounds.reach) {
            (true, _) => valued.notional.saturating_add(bounds.surplus),
            (false, true) => reached(valued.notional)?,
            (false, false) => u128::MAX,
        };
        let highest = u128::from(self.tier(top)?.0.rate_e9);
        // The size of an inverse contract grows with its value, so that its share grows twice, and by
        // what the move adds itself.
        let sloped = if inverse { sloped.saturating_mul(3) } else { sloped };
        let highest = highest.saturating_add(sloped);
        Ok(Slopes {
            steep: highest.saturating_mul(LINE_MAX) > u128::from(bounds.share_e9),
            lowest: mul_div(valued.value.unsigned_abs(), lowest, one, Rounding::Floor)?,
            highest: mul_div(valued.notional, highest, one, Rounding::Ceil)?,
        })
    }
}
