//! Values and slopes of held options over a box of forwards and deviations.
//!
//! Where the forward moves by at most the share `r` and time passes, the moved forward of a scenario
//! lies in `G (1 - r)` to `G (1 + r)`, and the deviation `v = s sqrt T` between two ends: volatility
//! moved up only rises as expiry nears, moved down it only falls, and `sqrt T` falls. With
//! `w = 1` for a call and `-1` for a put, at one deviation
//!
//! ```text
//! settled in quote   dV/dF F = G w N(w d1)               V is convex in F: the slope rises with it
//! settled in coin    dC/dF F = (K/G) w N(w d2)           by y = 1/F: C is convex in y
//! ```
//!
//! Both slopes rise with the distance `d`, so that they lie between those at its ends over the box. A
//! value rises with the deviation, so that its own ends over time are those of the deviation.

use super::super::grid::Scenario;
use super::super::listing::YEAR_SECONDS;
use super::super::table::{Table, factors, power_of_ten, shocked_ppm, whole};
use super::super::{Positions, ScenarioError};
use super::{Range, Reach};
use crate::option::Settled;
use breakwater_money::MoneyError;
use breakwater_options::columns::{PRICE_ERROR, price_into};
use breakwater_options::normal::{cumulative, density, root};
use breakwater_options::{Columns, log_moneyness};

/// Relative room for every float of a slope or a value, far beyond what their few roundings are off.
// float: room for floats.
const ROOM: f64 = 1e-9;

/// The same for logarithms and deviations, absolute and relative.
// float: room for floats.
const FINE_ROOM: f64 = 1e-12;

/// A deviation of nothing, as the columns take it.
// float: an input of the columns.
const DEVIATION_MIN: f64 = 1e-300;

/// The density at zero, where it is largest.
// float: a bound that is rounded outwards.
const DENSITY_MAX: f64 = 0.398_942_280_401_432_7;

/// A held option.
// float: inputs of bounds that are rounded outwards to integers.
struct Line {
    expiry: usize,
    source: usize,
    long: bool,
    /// Base units of the settle asset that a whole one makes of the position.
    units: f64,
    forward: f64,
    strike: f64,
    sign: f64,
    log: f64,
    /// Lowest and highest volatility of each shock until the end.
    volatility: [(f64, f64); 3],
    /// Volatility of each shock now.
    now: [f64; 3],
    /// Roots of the years left at the end and now.
    roots: (f64, f64),
}

/// Ends of the logarithm of forward over strike, and of the deviation.
// float: as the lines.
#[derive(Clone, Copy)]
struct Ends {
    log: (f64, f64),
    deviation: (f64, f64),
}

/// The held options of an account, and how far their forwards move.
// float: as the lines.
pub(super) struct Cells {
    lines: Vec<Line>,
    scenarios: Vec<Scenario>,
    reach: f64,
    coin: bool,
    /// Base units in a whole unit of the settle asset.
    base: f64,
}

// float: everything here proposes; what leaves it are integers rounded outwards.
impl Cells {
    pub fn new(
        table: &Table,
        positions: &Positions<'_>,
        reach: &Reach<'_>,
    ) -> Result<Self, ScenarioError> {
        let (grid, listing) = (&table.grid, &table.listing);
        let mut later = listing.clone();
        for expiry in &mut later.expiries {
            expiry.seconds = expiry.seconds.map(|seconds| reach.left(seconds));
        }
        let (factors_now, factors_then) = (factors(grid, listing)?, factors(grid, &later)?);
        let base = power_of_ten(listing.decimals.settle);
        let years = |seconds: u64| seconds as f64 / YEAR_SECONDS as f64;
        let mut lines = Vec::with_capacity(positions.options.len());
        for held in positions.options {
            let option = listing.options[held.line];
            let place = option.expiry;
            let expiry = listing.expiries[place];
            let ppm = option.volatility_ppm;
            let now = shocked_ppm(grid, ppm, factors_now[place])?.map(|ppm| ppm as f64 * 1e-6);
            let then = shocked_ppm(grid, ppm, factors_then[place])?.map(|ppm| ppm as f64 * 1e-6);
            let ends = |shock: usize| (now[shock].min(then[shock]), now[shock].max(then[shock]));
            let seconds = expiry.seconds.unwrap_or(0);
            let forward = whole(expiry.forward, listing.decimals.price);
            let strike = whole(option.strike, listing.decimals.price);
            let size = held.quantity.unsigned_abs() as f64 / power_of_ten(listing.decimals.size);
            lines.push(Line {
                expiry: place,
                source: reach.sources[place],
                long: held.quantity > 0,
                units: size * base,
                forward,
                strike,
                sign: option.kind.sign(),
                log: log_moneyness(forward, strike),
                volatility: [ends(0), ends(1), ends(2)],
                now,
                roots: (root(years(reach.left(seconds))), root(years(seconds))),
            });
        }
        let coin = listing.settled == Settled::Coin;
        let scenarios = table.scenarios.clone();
        Ok(Cells { lines, scenarios, reach: f64::from(reach.bps) / 10_000.0, coin, base })
    }

    /// How the options' profit in a scenario may change: by price, for each whole share that it moves
    /// by, added to `slopes`; and with time, which is returned.
    pub fn profits(&self, scenario: usize, slopes: &mut [Range]) -> Result<Range, ScenarioError> {
        let Scenario { move_bps, volatility, .. } = self.scenarios[scenario];
        let (kept, shock) = (1.0 + f64::from(move_bps) / 10_000.0, volatility as usize);
        let values = self.values(kept, shock)?;
        let mut time = Range::default();
        for (place, line) in self.lines.iter().enumerate() {
            let moved = line.forward * kept;
            let log = line.log + log_moneyness(kept, 1.0);
            let (low, high) = self.slope(line, &self.ends(line, log, shock, self.reach));
            let scale = if self.coin { line.strike / moved } else { moved };
            slopes[line.source].add(line.signed(low * scale, high * scale)?)?;
            // Now, at the lowest and at the highest deviation.
            let of = |column: usize| values[column * self.lines.len() + place];
            let unit = if self.coin { moved } else { 1.0 };
            let room = 4.0 * PRICE_ERROR * moved.max(line.strike);
            let (fall, rise) = ((of(0) - of(1)).max(0.0) + room, (of(2) - of(0)).max(0.0) + room);
            time.add(line.signed(-fall / unit, rise / unit)?)?;
        }
        Ok(time)
    }

    /// Undiscounted prices of all options in a scenario: at the deviations of now, then at the lowest
    /// of the box, then at the highest.
    fn values(&self, kept: f64, shock: usize) -> Result<Vec<f64>, ScenarioError> {
        let column = |of: &dyn Fn(&Line) -> f64| -> Vec<f64> {
            (0..3).flat_map(|_| self.lines.iter().map(of)).collect()
        };
        let log_kept = log_moneyness(kept, 1.0);
        let now = self.lines.iter().map(|line| line.now[shock] * line.roots.1);
        let ends = |line: &Line| self.ends(line, line.log, shock, 0.0).deviation;
        let deviation: Vec<f64> = now
            .chain(self.lines.iter().map(|line| ends(line).0))
            .chain(self.lines.iter().map(|line| ends(line).1))
            .collect();
        let columns = Columns {
            forward: &column(&|line| line.forward * kept),
            strike: &column(&|line| line.strike),
            log_moneyness: &column(&|line| line.log + log_kept),
            deviation: &deviation,
            sign: &column(&|line| line.sign),
        };
        let mut prices = vec![0.0; deviation.len()];
        price_into(&columns, &mut prices)
            .map_err(|error| ScenarioError::Option { index: 0, error })?;
        Ok(prices)
    }

    /// How each expiry's exposure, the options' deltas at their marks, may change for each share that
    /// its price moves by, and with time: see [`Cells::delta_of`].
    pub fn deltas(&self, slopes: &mut [Range], times: &mut [Range]) -> Result<(), ScenarioError> {
        const SAME: usize = 1;
        for line in &self.lines {
            let scale = if self.coin { line.strike / line.forward } else { line.forward };
            let ends = self.ends(line, line.log, SAME, self.reach);
            let (low, high) = self.delta_of(line, &ends);
            slopes[line.expiry].add(line.signed(low * scale, high * scale)?)?;
            let (low, high) = self.slope(line, &self.ends(line, line.log, SAME, 0.0));
            let span = (high - low + FINE_ROOM) * scale;
            times[line.expiry].add(line.signed(-span, span)?)?;
        }
        Ok(())
    }

    /// Slope of an exposure by the logarithm of the forward, over the scale of the forward. Settled in
    /// quote it is `F w N(w d1)`, with the slope `F (w N(w d1) + n(d1) / v)`; in coin
    /// `(K/F) w N(w d2)`, with `(K/F) (n(d2) / v - w N(w d2))`.
    fn delta_of(&self, line: &Line, ends: &Ends) -> (f64, f64) {
        let (low, high) = self.slope(line, ends);
        let (nearest, farthest) = self.distances(ends);
        let steepest = match nearest <= 0.0 && farthest >= 0.0 {
            true => DENSITY_MAX,
            false => density(nearest.abs().min(farthest.abs())),
        };
        let bend = steepest / ends.deviation.0;
        if self.coin { (-high, bend - low) } else { (low, high + bend) }
    }

    /// Least and most of `w N(w d)` over the box.
    fn slope(&self, line: &Line, ends: &Ends) -> (f64, f64) {
        let (least, most) = self.distances(ends);
        let at = |distance: f64| line.sign * cumulative(line.sign * distance);
        (at(least), at(most))
    }

    /// Least and most of `d1`, or `d2` where it is settled in coin, over the box.
    fn distances(&self, ends: &Ends) -> (f64, f64) {
        let ((low, high), (calm, wild)) = (ends.log, ends.deviation);
        let least = if low >= 0.0 { low / wild } else { low / calm };
        let most = if high >= 0.0 { high / calm } else { high / wild };
        match self.coin {
            true => (least - 0.5 * wild, most - 0.5 * calm),
            false => (least + 0.5 * calm, most + 0.5 * wild),
        }
    }

    fn ends(&self, line: &Line, log: f64, shock: usize, reach: f64) -> Ends {
        let (low, high) = (log_moneyness(1.0 - reach, 1.0), log_moneyness(1.0 + reach, 1.0));
        let room = FINE_ROOM * (1.0 + log.abs());
        let (calm, wild) = line.volatility[shock];
        let calm = calm * line.roots.0 * (1.0 - FINE_ROOM);
        let wild = wild * line.roots.1 * (1.0 + FINE_ROOM);
        Ends {
            log: (log + low - room, log + high + room),
            deviation: (calm.max(DEVIATION_MIN), wild.max(DEVIATION_MIN)),
        }
    }

    /// Most base units by which the cells of all options, and their deltas, are off what is exact:
    /// two thousandths of a unit each and four times the columns' bound, at the ends of the reach.
    pub fn rounding(&self) -> Result<u128, ScenarioError> {
        let kept = self.scenarios.iter().map(|s| 1.0 + f64::from(s.move_bps) / 10_000.0);
        let (least, most) = kept.fold((1.0f64, 1.0f64), |(a, b), kept| (a.min(kept), b.max(kept)));
        let (least, most) = (least * (1.0 - self.reach), most * (1.0 + self.reach));
        let mut sum = 0i128;
        for line in &self.lines {
            let (low, high) = (line.forward * least, line.forward * most);
            let price = high.max(line.strike);
            let largest = if self.coin { (line.strike / low).max(1.0) } else { price };
            let one = 0.002 / self.base + 8.0 * PRICE_ERROR * largest;
            sum = sum.checked_add(above(line.units * one)?).ok_or(MoneyError::Overflow)?;
        }
        Ok(sum.unsigned_abs())
    }
}

// float: as the lines.
impl Line {
    /// Between two values of one whole unit, in base units of the position, rounded outwards.
    fn signed(&self, low: f64, high: f64) -> Result<Range, MoneyError> {
        let (low, high) = (low * self.units, high * self.units);
        let (low, high) = if self.long { (low, high) } else { (-high, -low) };
        Ok(Range { low: -above(-low)?, high: above(high)? })
    }
}

/// An integer at or above the value and all that it may be off.
// float: a bound that only an integer leaves.
fn above(value: f64) -> Result<i128, MoneyError> {
    let roomy = value + value.abs() * ROOM;
    // Sums of as many as there are holdings stay below 127 bits; what is no number is not below.
    if roomy.abs() < 1e30 { Ok(roomy as i128 + 1) } else { Err(MoneyError::Overflow) }
}
