//! Portfolio margin by scenario: cells a second, on one core.
//!
//! Two steps are measured. A **table** prices every listed option in every scenario, once for all
//! accounts: option x scenario cells. An **assessment** sums a whole account over it: position x
//! scenario cells. Before that each account of a sample is judged by the naive way, which prices
//! every cell of every position on its own, quantises it and adds in a wide integer: every loss must be
//! the same to the base unit.

use crate::draw::Draw;
use crate::print::{Table as Printed, grouped, machine, per_second, time};
use crate::runs::Runs;
use crate::{Failure, Options, Result};
use breakwater_margin::option::{Decimals, Settled};
use breakwater_margin::scenario::{
    Expiry, Extended, Grid, Holding, Listing, OptionLine, Positions, Scenario, Scratch, Table,
    VolatilityMove, VolatilityShock, factor_e12,
};
use breakwater_options::columns::{PRICE_ERROR, price_into};
use breakwater_options::{Columns, Kind, Side, log_moneyness, quantised};
use std::hint::black_box;

/// Sizes of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Accounts.
    pub accounts: u32,
    /// Strikes of each expiry, a call and a put each.
    pub strikes: u32,
    /// Accounts that the naive way judges.
    pub judged: usize,
    /// Runs of each step.
    pub runs: usize,
}

/// What one listing gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// What the listing settles in.
    pub settled: Settled,
    /// Options listed.
    pub options: usize,
    /// Scenarios.
    pub scenarios: usize,
    /// Positions of all accounts.
    pub positions: usize,
    /// Losses that the naive way found equal.
    pub judged: usize,
    /// Times to price the table.
    pub priced: Runs,
    /// Times to assess every account.
    pub assessed: Runs,
}

impl Plan {
    /// The sizes that the options ask for.
    #[must_use]
    pub fn of(options: &Options) -> Plan {
        let (accounts, strikes, judged, runs) =
            if options.quick { (50, 6, 50, 1) } else { (20_000, 60, 200, 9) };
        Plan { accounts: options.accounts.unwrap_or(accounts), strikes, judged, runs }
    }
}

/// Measures both kinds of settlement and prints a table.
///
/// # Errors
/// The naive way finds another loss.
pub fn run(options: &Options) -> Result<()> {
    println!("portfolio margin: {}", machine());
    let mut table = Printed::new(&[
        "settled in",
        "options",
        "scenarios",
        "positions",
        "judged losses",
        "priced cells/s",
        "assessed cells/s",
        "table",
        "all accounts",
    ]);
    for figures in measure(&Plan::of(options))? {
        let cells = |lines: usize| lines as u64 * figures.scenarios as u64;
        table.row(vec![
            format!("{:?}", figures.settled).to_lowercase(),
            grouped(figures.options as u64),
            grouped(figures.scenarios as u64),
            grouped(figures.positions as u64),
            grouped(figures.judged as u64),
            per_second(cells(figures.options), figures.priced.median()),
            per_second(cells(figures.positions), figures.assessed.median()),
            time(figures.priced.median()),
            time(figures.assessed.median()),
        ]);
    }
    println!("{table}");
    println!(
        "One core; the median run counts. Judged: each loss equal to the base unit to the naive sum \
         of cells priced one at a time."
    );
    Ok(())
}

/// The figures of both kinds of settlement.
///
/// # Errors
/// The naive way finds another loss.
pub fn measure(plan: &Plan) -> Result<Vec<Figures>> {
    [Settled::Coin, Settled::Quote].map(|settled| measure_one(plan, settled)).into_iter().collect()
}

fn measure_one(plan: &Plan, settled: Settled) -> Result<Figures> {
    let (grid, listing) = (grid(), listing(plan.strikes, settled));
    let table = price(&grid, &listing)?;
    let accounts: Vec<Vec<Holding>> =
        (0..plan.accounts).map(|account| account_of(account, listing.options.len())).collect();
    let mut scratch = Scratch::default();
    let mut judged = 0;
    for account in accounts.iter().take(plan.judged) {
        assess(&table, account, &mut scratch)?;
        let naive = naive(&grid, &listing, account)?;
        if scratch.losses() != naive {
            let told = format!("{account:?}: {:?}, naively {naive:?}", scratch.losses());
            return Err(Failure::Differs(told));
        }
        judged += naive.len();
    }
    let priced = Runs::of(plan.runs, || {
        let _ = black_box(price(black_box(&grid), black_box(&listing)));
    });
    let assessed = Runs::of(plan.runs, || {
        for account in &accounts {
            let _ = black_box(assess(&table, account, &mut scratch));
        }
    });
    Ok(Figures {
        settled,
        options: listing.options.len(),
        scenarios: table.scenarios().len(),
        positions: accounts.iter().map(Vec::len).sum(),
        judged,
        priced,
        assessed,
    })
}

fn price(grid: &Grid, listing: &Listing) -> Result<Table> {
    Table::price(grid, listing)
        .map_err(|error| Failure::Refused { what: "a listing", why: error.to_string() })
}

fn assess(table: &Table, options: &[Holding], scratch: &mut Scratch) -> Result<u128> {
    let found = table.assess(&Positions { futures: &[], options }, scratch);
    let refused = |why: String| Failure::Refused { what: "an account", why };
    found.map(|found| found.maintenance).map_err(|error| refused(error.to_string()))
}

/// Nine buckets of 4 % with volatility up, same and down, and eight extended moves that count in full:
/// 35 scenarios.
fn grid() -> Grid {
    Grid {
        moves_bps: (-4..=4).map(|bucket| bucket * 400).collect(),
        volatility: VolatilityMove {
            up_bps: 5_000,
            down_bps: 2_500,
            up_floor_ppm: 500_000,
            short_power_hundredths: 30,
            long_power_hundredths: 13,
        },
        extended: Some(Extended {
            moves_bps: vec![-6_600, -3_300, 5_000, 10_000, 20_000, 30_000, 40_000, 50_000],
            factor_bps: 10_000,
            dampener: 0,
            range_bps: 1_600,
        }),
        charges: breakwater_margin::scenario::Charges::default(),
        initial_bps: 10_000,
        maintenance_bps: 8_000,
    }
}

/// Six expiries from a day to a year around 60,000.00, calls and puts at strikes from half to double.
fn listing(strikes: u32, settled: Settled) -> Listing {
    const DAYS: [u64; 6] = [1, 7, 30, 60, 180, 365];
    let expiry = |(n, days): (u128, &u64)| Expiry {
        seconds: Some(days * 86_400),
        forward: 6_000_000 + n * 10_000,
    };
    let mut options = Vec::new();
    for place in 0..DAYS.len() {
        let mut draw = Draw::new(3, place as u64);
        for n in 0..strikes {
            let strike = 3_000_000 + u128::from(n) * 9_000_000 / u128::from(strikes);
            for kind in [Kind::Call, Kind::Put] {
                let volatility_ppm = 400_000 + draw.below(800_000);
                options.push(OptionLine {
                    expiry: place,
                    kind,
                    strike,
                    volatility_ppm,
                    mark: u128::from(draw.below(10_000_000)),
                });
            }
        }
    }
    Listing {
        settled,
        decimals: Decimals { price: 2, mark: 8, size: 3, settle: 8 },
        expiries: (0..).zip(&DAYS).map(expiry).collect(),
        options,
    }
}

/// Eight to forty options, long or short, of up to twenty units.
fn account_of(account: u32, options: usize) -> Vec<Holding> {
    let mut draw = Draw::new(5, account.into());
    let count = 8 + draw.below(33);
    let one = |_| Holding {
        line: usize::try_from(draw.below(options as u64)).unwrap_or(0),
        quantity: i64::try_from(draw.below(40_000)).unwrap_or(0) - 20_000,
    };
    (0..count).map(one).collect()
}

/// Losses by scenario, a cell at a time.
fn naive(grid: &Grid, listing: &Listing, account: &[Holding]) -> Result<Vec<i128>> {
    let mut losses = Vec::new();
    for scenario in grid.scenarios() {
        let mut profit = 0i128;
        for Holding { line, quantity } in account {
            let option = &listing.options[*line];
            let side = if *quantity > 0 { Side::Long } else { Side::Short };
            profit += i128::from(*quantity) * unit_profit(grid, listing, option, scenario, side)?;
        }
        // Thousandths of a base unit, and sizes of three decimals.
        losses.push(-profit.div_euclid(1_000_000));
    }
    Ok(losses)
}

fn unit_profit(
    grid: &Grid,
    listing: &Listing,
    option: &OptionLine,
    scenario: Scenario,
    side: Side,
) -> Result<i128> {
    let refused = |why: String| Failure::Refused { what: "a cell", why };
    let seconds = listing.expiries[option.expiry].seconds.unwrap_or(0);
    let near = seconds < 30 * 86_400;
    let shock = grid.volatility;
    let power = if near { shock.short_power_hundredths } else { shock.long_power_hundredths };
    let factor = factor_e12(seconds, power).map_err(|error| refused(error.to_string()))?;
    let (ppm, one) = (u128::from(option.volatility_ppm), 10u128.pow(16));
    let ppm = match scenario.volatility {
        VolatilityShock::Same => ppm,
        VolatilityShock::Up => (ppm * (one + u128::from(shock.up_bps) * factor))
            .div_ceil(one)
            .max(shock.up_floor_ppm.into()),
        VolatilityShock::Down => {
            ppm * one.saturating_sub(u128::from(shock.down_bps) * factor) / one
        }
    };
    let forward = listing.expiries[option.expiry].forward as f64 / 100.0;
    let strike = option.strike as f64 / 100.0;
    let kept = 1.0 + f64::from(scenario.move_bps) / 10_000.0;
    let moved = forward * kept;
    let root = libm::sqrt(seconds as f64 / 31_536_000.0);
    let mut price = [0.0];
    let columns = Columns {
        forward: &[moved],
        strike: &[strike],
        log_moneyness: &[log_moneyness(forward, strike) + log_moneyness(kept, 1.0)],
        deviation: &[ppm as f64 * 1e-6 * root],
        sign: &[option.kind.sign()],
    };
    price_into(&columns, &mut price).map_err(|error| refused(error.to_string()))?;
    let mut error = 2.0 * PRICE_ERROR * moved.max(strike);
    if listing.settled == Settled::Coin {
        (price[0], error) = (price[0] / moved, error / moved);
    }
    let value = quantised::value_against(side, price[0], error, 1e11);
    // A mark of eight decimals in thousandths of a base unit of eight decimals.
    let mark = i128::try_from(option.mark * 1_000).unwrap_or(i128::MAX);
    Ok(value.map_err(|error| refused(error.to_string()))? - mark)
}
