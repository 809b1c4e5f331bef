//! What the watch list needs of an account under portfolio margin.
//!
//! Its requirement moves with every price that a forward rests on, and with each option's own mark, by
//! at most what an [`Envelope`](breakwater_margin::scenario::Envelope) says within the reach of
//! [`REACH_BPS`]. A position moves equity by its own price. Where both rest on one price, `e` is what
//! a move by the whole of it brings, `b` what of that counts at least, `u` and `d` the most that a rise
//! and a fall add to the requirement, each of which the other way may take away. Then at a line
//!
//! ```text
//! a rise takes away, and a fall brings, at most    line u - b    (e > 0)     e + line u     (e < 0)
//! a fall takes away, and a rise brings, at most    e + line d    (e > 0)     line d - b     (e < 0)
//! ```
//!
//! none of them below nothing. These are two terms a price. A term is linear in the line: where this is
//! not, it is the chord between the lines of one and two, above which it never is.
//!
//! What nothing bounds, as a forward whose future is listed and has no price yet, is asked again at
//! every price and every command.

use super::account::{Sums, groups, more};
use super::book::{Book, MARGIN_ASSETS_MAX, Valuation};
use super::contract::{Contract, scaled, signed};
use super::exposure::{LINE_MAX, ONE_BPS};
use breakwater_liquidation::{Exposures, Form, Rejected, Rejection, View};
use breakwater_margin::health::{Armed, Exposure};
use breakwater_margin::scenario::{Envelope, Grid};
use breakwater_margin::tiers::RATE_ONE_E9;
use breakwater_market::MarketId;
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{AccountId, AssetId, Time};
use std::collections::BTreeMap;

/// How far prices may move, in basis points, while an envelope holds. Wider, slopes that bend are
/// stated at their ends; narrower, an account is asked again sooner.
const REACH_BPS: u32 = 300;

/// Most seconds that an envelope holds.
const SECONDS_MAX: u64 = 3_600;

/// It holds for so much of the time that is left to the first expiry: a power of two of parts.
const PART_OF_LIFE: u32 = 6;

/// One in 1e-8.
const ONE_E8: u128 = 100_000_000;

/// What moves with one price, in base units of the settle asset for a move by the whole of it.
#[derive(Debug, Clone, Copy, Default)]
struct Pull {
    /// What a rise brings at most, or takes away.
    owned: i128,
    /// What counts of that at least.
    brings: u128,
    /// What a rise adds to the requirement at most.
    up: u128,
    /// What a fall adds to it.
    down: u128,
}

/// By place of the settle asset among margin assets, and by market.
type Pulls = BTreeMap<(usize, MarketId), Pull>;

/// Positions of one group.
type Held<'p, 'b> = &'p [(AssetId, &'b Contract, i128)];

impl Book {
    /// Terms within the reach, or every move of whatever the account rests on.
    pub(super) fn portfolio_terms(
        &self,
        view: &View<'_>,
        account: AccountId,
        sums: &Sums,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let Some(grid) = &self.portfolio else { return self.every_move(view, account, out) };
        if !self.forwards_known(view, account)? {
            return self.every_move(view, account, out);
        }
        match self.envelope_terms(view, grid, (account, sums), out) {
            Ok(armed) => Ok(armed),
            // The account was assessed just now: what cannot be stated is a bound too large.
            Err(_) => {
                out.clear();
                self.every_move(view, account, out)
            }
        }
    }

    /// True unless a future is listed that will be the forward of an option once it has a price.
    fn forwards_known(&self, view: &View<'_>, account: AccountId) -> Result<bool, Rejected> {
        Ok(self
            .sizes(view, account)?
            .filter(|(_, contract, _)| contract.as_option().is_some())
            .all(|(_, contract, _)| {
                let future = self.future_beside(view, contract);
                future.is_none_or(|future| view.price(future).is_ok())
            }))
    }

    fn envelope_terms(
        &self,
        view: &View<'_>,
        grid: &Grid,
        (account, sums): (AccountId, &Sums),
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let mut held: Vec<(AssetId, &Contract, i128)> = self.sizes(view, account)?.collect();
        let seconds = horizon(view.now, &held);
        let shares = self.least_shares(view, account, sums)?;
        let mut pulls = Pulls::new();
        let mut hidden = [0u128; MARGIN_ASSETS_MAX];
        for group in groups(&mut held) {
            let slot = group[0].1.slot;
            let lasts = seconds.unwrap_or(0);
            let (envelope, sources) = self.envelope(view, grid, group, (REACH_BPS, lasts))?;
            for (source, slope) in sources.iter().zip(&envelope.slopes) {
                let pull = pulls.entry((slot, view.market_of(*source)?)).or_default();
                pull.up = more(pull.up, slope.up)?;
                pull.down = more(pull.down, slope.down)?;
            }
            owned(view, group, (&envelope, shares[slot]), &mut pulls)?;
            let moved = more(envelope.time, envelope.rounding)?;
            let moved = moved.checked_mul(LINE_MAX).ok_or(Rejection::Overflow)?;
            // A unit of each position's value, now and then.
            hidden[slot] = more(hidden[slot], more(moved, 2 * group.len() as u128)?)?;
        }
        for ((slot, market), pull) in &pulls {
            self.push(view, (*slot, *market), pull, out)?;
        }
        let error = self.margin_terms(view, sums, &hidden, out)?;
        out.reach_bps = Some(REACH_BPS);
        let lasts = seconds.map(|seconds| seconds.saturating_mul(NANOS_PER_SECOND));
        Ok(Armed { until: lasts.map_or(Time::MAX, |nanos| view.now.after(nanos)), error })
    }

    /// The two terms of a price; one of nothing where neither hurts, since the reach ends there too.
    fn push(
        &self,
        view: &View<'_>,
        (slot, market): (usize, MarketId),
        pull: &Pull,
        out: &mut Exposures,
    ) -> Result<(), Rejected> {
        let most = |amount: u128| -> Result<i128, Rejected> {
            let mut value = self.value(view, &self.margin[slot], amount, Rounding::Ceil)?;
            if self.valuation != Valuation::Settle {
                let (over, under) = ((ONE_BPS + REACH_BPS).into(), ONE_BPS.into());
                value = scaled(value, over, under, Rounding::Ceil)?;
            }
            signed(value)
        };
        let twice = |amount: u128| amount.checked_mul(LINE_MAX).ok_or(Rejection::Overflow);
        let before = out.terms.len();
        let mut term = |equity: i128, requirement: i128| {
            if (equity, requirement) != (0, 0) {
                // A chord never falls.
                let requirement = requirement.max(0).unsigned_abs();
                out.terms.push(Exposure { market, equity, requirement });
            }
        };
        let size = pull.owned.unsigned_abs();
        if pull.owned >= 0 {
            let at_one = most(pull.up.saturating_sub(pull.brings))?;
            let at_two = most(twice(pull.up)?.saturating_sub(pull.brings))?;
            let slope = at_two - at_one;
            term(at_two.checked_sub(2 * at_one).ok_or(Rejection::Overflow)?, slope);
            term(most(more(size, twice(pull.down)?)?)?, 0);
        } else {
            term(-most(size)?, most(pull.up)?);
            term(most(twice(pull.down)?.saturating_sub(pull.brings))?, 0);
        }
        if out.terms.len() == before {
            out.terms.push(Exposure { market, equity: 0, requirement: 0 });
        }
        Ok(())
    }

    /// Any move of any price that the account rests on, and any command, asks again.
    fn every_move(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let mut ask = |market| out.terms.push(Exposure { market, equity: 0, requirement: 0 });
        for (asset, contract, _) in self.sizes(view, account)? {
            ask(view.market_of(asset)?);
            let Some(option) = contract.as_option() else { continue };
            ask(view.market_of(option.underlying)?);
            // The forward may be another contract's mark, once it has one.
            if let Some(Ok(market)) = self.future_beside(view, contract).map(|f| view.market_of(f))
            {
                ask(market);
            }
        }
        if self.valuation != Valuation::Settle {
            // One without a market is held by nobody who could be assessed.
            for held in &self.margin {
                if let Ok(market) = view.market_of(held.asset) {
                    ask(market);
                }
            }
        }
        out.reach_bps = Some(0);
        Ok(Armed { until: view.now, error: 0 })
    }
}

/// Adds what positions bring by their own prices, and what options' own marks do to the requirement.
fn owned(
    view: &View<'_>,
    group: Held<'_, '_>,
    (envelope, share_e9): (&Envelope, u64),
    pulls: &mut Pulls,
) -> Result<(), Rejected> {
    for (asset, contract, size) in group {
        let valued = contract.value(*size, view.price(*asset)?)?;
        let one = u128::from(ONE_BPS);
        let (mut most, mut least) = (valued.notional, valued.value.unsigned_abs());
        let mut rises = valued.value >= 0;
        if matches!(contract.terms.form, Form::Inverse) {
            // Worth `n / P`: by `x / (1 - x)` of it more after a fall, by `x / (1 + x)` less after a rise.
            rises = !rises;
            most = scaled(most, one, (ONE_BPS - REACH_BPS).into(), Rounding::Ceil)?;
            least = scaled(least, one, (ONE_BPS + REACH_BPS).into(), Rounding::Floor)?;
        }
        let pull = pulls.entry((contract.slot, view.market_of(*asset)?)).or_default();
        pull.owned = if rises { signed(most)? } else { -signed(most)? };
        pull.brings = mul_div(least, share_e9.into(), RATE_ONE_E9.into(), Rounding::Floor)?;
        if contract.as_option().is_some() {
            let share = envelope.marks_e8.into();
            let follows = scaled(valued.notional, share, ONE_E8, Rounding::Ceil)?;
            let side = if rises { &mut pull.up } else { &mut pull.down };
            *side = more(*side, follows)?;
        }
    }
    Ok(())
}

/// How many seconds terms hold: a part of the life of the contract that ends first; none where nothing
/// ends. What has a second left or less keeps it until it is delivered.
fn horizon(now: Time, held: Held<'_, '_>) -> Option<u64> {
    let ends = held.iter().filter_map(|(_, contract, _)| contract.terms.expires);
    let left = ends.map(|end| end.seconds_since(now)).filter(|left| *left > 1).min()?;
    Some((left >> PART_OF_LIFE).clamp(1, SECONDS_MAX))
}
