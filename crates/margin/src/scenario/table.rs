//! Every listed option in every scenario, priced once for all accounts.

use super::grid::{Grid, Scenario, VolatilityMove, VolatilityShock};
use super::listing::{Listing, OptionLine, YEAR_SECONDS};
use super::volatility::{factor_e12, lowered, raised};
use super::{FINER_DECIMALS, ScenarioError};
use crate::option::Settled;
use breakwater_money::MoneyError;
use breakwater_money::U256;
use breakwater_money::rounding::{Rounding, mul_div_full, narrow_i128, pow10};
use breakwater_options::columns::{PRICE_ERROR, price_into};
use breakwater_options::normal::cumulative;
use breakwater_options::{Columns, OptionError, Side, log_moneyness, quantised};

/// Profits of one option in every scenario, and its delta, in thousandths of a base unit of the settle
/// asset for one whole unit of size. `low` is at most and `high` at least what the exact value gives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub low: &'a [i64],
    pub high: &'a [i64],
}

/// See the module: integers that every account's requirement is a sum of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub(super) grid: Grid,
    pub(super) listing: Listing,
    pub(super) scenarios: Vec<Scenario>,
    /// One row of scenarios an option.
    low: Vec<i64>,
    high: Vec<i64>,
    /// Delta of each option: the value of a future as exposed as one unit of it.
    pub(super) delta: Vec<(i64, i64)>,
    /// For each option the largest magnitude of its row and delta.
    pub(super) largest: Vec<u64>,
    /// For each option the first one with its expiry and strike.
    pub(super) strikes: Vec<usize>,
}

/// Columns of all options, of one scenario and of all.
// float: inputs and outputs of the pricing; `Table` keeps integers.
struct Work {
    forward: Vec<f64>,
    strike: Vec<f64>,
    log_moneyness: Vec<f64>,
    /// For volatility up, same and down.
    deviations: [Vec<f64>; 3],
    sign: Vec<f64>,
    moved: Vec<f64>,
    moved_log: Vec<f64>,
    prices: Vec<f64>,
    /// Marks in thousandths of a base unit, rounded down and up: the same in every scenario.
    marks: Vec<(i128, i128)>,
    /// Thousandths of a base unit in a whole unit.
    units: f64,
}

impl Table {
    /// Prices `listing` over `grid`.
    ///
    /// # Errors
    /// A number that neither may have, or a profit beyond 64 bits of a thousandth of a base unit.
    pub fn price(grid: &Grid, listing: &Listing) -> Result<Self, ScenarioError> {
        grid.check()?;
        listing.check()?;
        let (scenarios, options) = (grid.scenarios(), listing.options.len());
        let cells = scenarios.len() * options;
        let mut table = Table {
            low: vec![0; cells],
            high: vec![0; cells],
            delta: Vec::with_capacity(options),
            largest: vec![0; options],
            strikes: first_of_strike(&listing.options),
            grid: grid.clone(),
            listing: listing.clone(),
            scenarios,
        };
        let mut work = Work::new(grid, listing)?;
        for scenario in 0..table.scenarios.len() {
            table.fill(scenario, &mut work)?;
        }
        for option in 0..options {
            let delta = work.delta(listing, option)?;
            table.delta.push(delta);
            let row = table.row(option);
            let all = row.low.iter().chain(row.high).chain([&delta.0, &delta.1]);
            table.largest[option] = all.map(|profit| profit.unsigned_abs()).max().unwrap_or(0);
        }
        Ok(table)
    }

    /// The scenarios, in the order of losses.
    #[must_use]
    pub fn scenarios(&self) -> &[Scenario] {
        &self.scenarios
    }

    /// What the table was priced from.
    #[must_use]
    pub fn listing(&self) -> &Listing {
        &self.listing
    }

    /// Profit of one whole unit of the option in the scenario, in thousandths of a base unit: for a
    /// holder (at most the exact one) and for a writer's counterpart (at least). `None` for a place
    /// that is none.
    #[must_use]
    pub fn profit(&self, option: usize, scenario: usize) -> Option<(i64, i64)> {
        if scenario >= self.scenarios.len() || option >= self.listing.options.len() {
            return None;
        }
        let row = self.row(option);
        Some((row.low[scenario], row.high[scenario]))
    }

    pub(super) fn row(&self, option: usize) -> Row<'_> {
        let width = self.scenarios.len();
        let range = option * width..(option + 1) * width;
        Row { low: &self.low[range.clone()], high: &self.high[range] }
    }

    /// Prices all options in one scenario and keeps their profits.
    // float: option values in whole settle units; `thousandths` rounds them to integers with their
    // stated error.
    fn fill(&mut self, scenario: usize, work: &mut Work) -> Result<(), ScenarioError> {
        let width = self.scenarios.len();
        let Scenario { move_bps, volatility, .. } = self.scenarios[scenario];
        work.reprice(move_bps, volatility)?;
        let listing = &self.listing;
        for (option, (least, most)) in work.marks.iter().enumerate() {
            let (value, error) = work.value(listing, option);
            let worth = |side| work.thousandths(side, value, error, option);
            let cell = option * width + scenario;
            self.low[cell] = less(worth(Side::Long)?, *most)?;
            self.high[cell] = less(worth(Side::Short)?, *least)?;
        }
        Ok(())
    }
}

/// The option's mark in thousandths of a base unit.
pub(super) fn mark(
    listing: &Listing,
    line: &OptionLine,
    rounding: Rounding,
) -> Result<i128, ScenarioError> {
    let decimals = listing.decimals;
    let finer = U256::from(pow10(decimals.settle + FINER_DECIMALS)?);
    let one = U256::from(pow10(decimals.mark)?);
    Ok(narrow_i128(mul_div_full(U256::from(line.mark), finer, one, rounding)?)?)
}

fn less(value: i128, mark: i128) -> Result<i64, ScenarioError> {
    let profit = value.checked_sub(mark).and_then(|profit| i64::try_from(profit).ok());
    // The smallest integer has no magnitude of its own type.
    let profit = profit.filter(|profit| *profit != i64::MIN);
    Ok(profit.ok_or(MoneyError::Overflow)?)
}

/// `10^decimals`, exact up to 22.
// float: a scale.
pub(super) fn power_of_ten(decimals: u8) -> f64 {
    (0..decimals).fold(1.0, |power, _| power * 10.0)
}

/// A raw number in whole units.
// float: an input of the pricing, within two units in the last place.
pub(super) fn whole(raw: u128, decimals: u8) -> f64 {
    raw as f64 / power_of_ten(decimals)
}

/// For each option the place of the first with the same expiry and strike.
fn first_of_strike(options: &[OptionLine]) -> Vec<usize> {
    let mut first = std::collections::BTreeMap::new();
    let places = options.iter().enumerate();
    places.map(|(place, line)| *first.entry((line.expiry, line.strike)).or_insert(place)).collect()
}

// float: everything here proposes; see `Table::fill`.
impl Work {
    fn new(grid: &Grid, listing: &Listing) -> Result<Self, ScenarioError> {
        let options = listing.options.len();
        let empty = || Vec::with_capacity(options);
        let mut work = Work {
            forward: empty(),
            strike: empty(),
            log_moneyness: empty(),
            deviations: [empty(), empty(), empty()],
            sign: empty(),
            moved: vec![0.0; options],
            moved_log: vec![0.0; options],
            prices: vec![0.0; options],
            marks: Vec::with_capacity(options),
            units: power_of_ten(listing.decimals.settle + FINER_DECIMALS),
        };
        let factors = factors(grid, listing)?;
        for line in &listing.options {
            let expiry = listing.expiries[line.expiry];
            let decimals = listing.decimals.price;
            let (forward, strike) = (whole(expiry.forward, decimals), whole(line.strike, decimals));
            let marked = |rounding| mark(listing, line, rounding);
            work.marks.push((marked(Rounding::Floor)?, marked(Rounding::Ceil)?));
            work.forward.push(forward);
            work.strike.push(strike);
            work.log_moneyness.push(log_moneyness(forward, strike));
            work.sign.push(line.kind.sign());
            let years = expiry.seconds.unwrap_or(0) as f64 / YEAR_SECONDS as f64;
            let moved = shocked_ppm(grid, line.volatility_ppm, factors[line.expiry])?;
            for (column, ppm) in work.deviations.iter_mut().zip(moved) {
                column.push(ppm as f64 * 1e-6 * breakwater_options::normal::root(years));
            }
        }
        Ok(work)
    }

    /// Undiscounted prices of all options at moved forwards and volatilities.
    fn reprice(&mut self, move_bps: i32, shock: VolatilityShock) -> Result<(), ScenarioError> {
        let kept = 1.0 + f64::from(move_bps) / 10_000.0;
        let log_kept = log_moneyness(kept, 1.0);
        for (moved, forward) in self.moved.iter_mut().zip(&self.forward) {
            *moved = forward * kept;
        }
        for (moved, log) in self.moved_log.iter_mut().zip(&self.log_moneyness) {
            *moved = log + log_kept;
        }
        let columns = Columns {
            forward: &self.moved,
            strike: &self.strike,
            log_moneyness: &self.moved_log,
            deviation: &self.deviations[shock as usize],
            sign: &self.sign,
        };
        let refused = |error| match error {
            OptionError::Entry { index, .. } => ScenarioError::Option { index, error },
            error => ScenarioError::Option { index: 0, error },
        };
        price_into(&columns, &mut self.prices).map_err(refused)
    }

    /// A value of the option in thousandths of a base unit, on the safe side of its error.
    fn thousandths(
        &self,
        side: Side,
        value: f64,
        error: f64,
        index: usize,
    ) -> Result<i128, ScenarioError> {
        quantised::value_against(side, value, error, self.units)
            .map_err(|error| ScenarioError::Option { index, error })
    }

    /// Value of one unit in whole settle units after [`Work::reprice`], and how far it may be off: the
    /// bound of the columns, and as much for inputs that are floats of integers.
    fn value(&self, listing: &Listing, option: usize) -> (f64, f64) {
        let (price, moved) = (self.prices[option], self.moved[option]);
        let error = 2.0 * PRICE_ERROR * moved.max(self.strike[option]);
        match listing.settled {
            Settled::Quote => (price, error),
            Settled::Coin => (price / moved, error / moved),
        }
    }

    /// Exposure of one unit at the mark, in thousandths of a base unit, at most and at least.
    fn delta(&self, listing: &Listing, option: usize) -> Result<(i64, i64), ScenarioError> {
        let (forward, strike) = (self.forward[option], self.strike[option]);
        let (sign, deviation) = (self.sign[option], self.deviations[1][option].max(1e-300));
        let distance = self.log_moneyness[option] / deviation;
        let (d1, d2) = (distance + 0.5 * deviation, distance - 0.5 * deviation);
        // Settled in coin, delta less price, which is the strike's part alone.
        let (scale, chance) = match listing.settled {
            Settled::Quote => (forward, cumulative(sign * d1)),
            Settled::Coin => (strike / forward, cumulative(sign * d2)),
        };
        // A relative error of d moves the distribution by at most a quarter of it, as d times the
        // density stays below that.
        let (value, error) = (scale * chance, 32.0 * f64::EPSILON * scale);
        let bound = |side| self.thousandths(side, value, error, option);
        let (least, most) = (less(bound(Side::Long)?, 0)?, less(bound(Side::Short)?, 0)?);
        Ok(if sign > 0.0 { (least, most) } else { (-most, -least) })
    }
}

/// The factor of volatility moves of each expiry; one where nothing ends.
pub(super) fn factors(grid: &Grid, listing: &Listing) -> Result<Vec<u128>, ScenarioError> {
    const PIVOT_SECONDS: u64 = 30 * 86_400;
    let factor = |seconds: u64| {
        let VolatilityMove { short_power_hundredths, long_power_hundredths, .. } = grid.volatility;
        let near = seconds < PIVOT_SECONDS;
        factor_e12(seconds, if near { short_power_hundredths } else { long_power_hundredths })
    };
    let of = |expiry: &super::Expiry| expiry.seconds.map_or(Ok(1), factor);
    listing.expiries.iter().map(of).collect()
}

/// Volatility up, same and down.
pub(super) fn shocked_ppm(
    grid: &Grid,
    ppm: u64,
    factor_e12: u128,
) -> Result<[u128; 3], ScenarioError> {
    let VolatilityMove { up_bps, down_bps, up_floor_ppm, .. } = grid.volatility;
    let up = raised(ppm, up_bps, factor_e12)?.max(up_floor_ppm.into());
    Ok([up, ppm.into(), lowered(ppm, down_bps, factor_e12)?])
}
