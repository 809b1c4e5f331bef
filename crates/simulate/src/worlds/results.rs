//! What paths gave.

use super::process::MARKETS_MAX;
use super::rule::{ONE, PerMarket, value};
use crate::monte_carlo::observe::{Observer, Round};

/// Moments at which prices are kept, at most.
pub const SAMPLES_MAX: u32 = 96;
/// Columns of the map of liquidations, at most.
pub const COLUMNS_MAX: u32 = 48;
/// Rows of the map: bands of the price over the first one.
pub const BANDS: u32 = 24;
/// Width of a band.
const BAND: u64 = ONE / 20;
/// Rounds that are told apart; the last one stands for all later ones.
pub const ROUNDS: usize = 8;

/// What of a path is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Grid {
    steps: u32,
    stride: u32,
    columns: u32,
    /// Whether observers have to add up what impact cost: lending books do it themselves.
    costs: bool,
}

impl Grid {
    pub(super) fn new(steps: u32, costs: bool) -> Grid {
        let stride = steps.div_ceil(SAMPLES_MAX).max(1);
        Grid { steps, stride, columns: steps.clamp(1, COLUMNS_MAX), costs }
    }

    /// Steps after which prices are kept, counted from one.
    #[must_use]
    pub fn samples(&self) -> Vec<u32> {
        (1..=self.steps).filter(|step| self.keeps(step - 1)).collect()
    }

    fn keeps(&self, step: u32) -> bool {
        (step + 1).is_multiple_of(self.stride) || step + 1 == self.steps
    }

    /// Columns of the map of liquidations.
    #[must_use]
    pub fn columns(&self) -> u32 {
        self.columns
    }

    /// Steps before a column begins.
    #[must_use]
    pub fn column_begins(&self, column: u32) -> u32 {
        let from = u64::from(column) * u64::from(self.steps);
        u32::try_from(from.div_ceil(u64::from(self.columns))).unwrap_or(u32::MAX)
    }
}

/// Prices along a path, and where in time and price liquidations fell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    grid: Grid,
    /// The driver's price at each moment of [`Grid::samples`].
    pub prices: Vec<u64>,
    /// Value repaid by cell, `column * BANDS + band`, in order of cells.
    pub cells: Vec<(u32, u64)>,
    /// Value repaid by round.
    pub by_round: [u64; ROUNDS],
    /// What sellers lost by their own impact, if it is added up here.
    pub cost: u64,
    /// Value of what was sold or bought, net, at the rounds' prices, if it is added up here.
    pub seized: u64,
}

impl Seen {
    pub(super) fn new(grid: Grid) -> Seen {
        Seen { grid, ..Seen::default() }
    }
}

impl Observer for Seen {
    fn round(&mut self, round: Round) {
        let at = (round.round as usize).min(ROUNDS - 1);
        self.by_round[at] = self.by_round[at].saturating_add(round.value);
        let column = u64::from(round.step) * u64::from(self.grid.columns)
            / u64::from(self.grid.steps.max(1));
        let band = (round.before / BAND).min(u64::from(BANDS) - 1);
        let cell = u32::try_from(column * u64::from(BANDS) + band).unwrap_or(u32::MAX);
        match self.cells.binary_search_by_key(&cell, |(cell, _)| *cell) {
            Ok(place) => self.cells[place].1 = self.cells[place].1.saturating_add(round.value),
            Err(place) => self.cells.insert(place, (cell, round.value)),
        }
        if self.grid.costs {
            let moved = round.before.abs_diff(round.after);
            self.cost = self.cost.saturating_add(value(round.net, moved) / 2);
            self.seized = self.seized.saturating_add(value(round.net, round.before));
        }
    }

    fn stepped(&mut self, step: u32, price: u64) {
        if self.grid.keeps(step) {
            self.prices.push(price);
        }
    }
}

/// What one path gave. Values in base units of the numeraire, prices in units of 10^-8 of the first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathRow {
    /// Number of the path.
    pub path: u64,
    /// The last prices, a market each.
    pub prices: PerMarket,
    /// The lowest prices.
    pub troughs: PerMarket,
    /// The driver's lowest price if nobody's sales had moved it.
    pub alone_trough: u64,
    /// Liquidations; an account counts each time.
    pub liquidations: u64,
    /// Accounts that were liquidated at least once.
    pub touched: u64,
    /// Most rounds of one step.
    pub rounds_max: u32,
    /// How often a price was held at its highest.
    pub held: u32,
    /// Debt repaid, or value closed.
    pub repaid: u128,
    /// Collateral taken, or repaid and the fees of what was closed.
    pub seized: u128,
    /// What sellers lost by their own impact: half of the fall on what they sold.
    pub impact_cost: u128,
    /// What holders outside of the book sold, base units of their market.
    pub panic_sold: u128,
    /// Debt that collateral does not cover at the last prices.
    pub bad_debt: u64,
    /// Steps in which liquidations paused.
    pub paused: u32,
    /// How often the breaker tripped.
    pub trips: u32,
    /// Rounds that accounts in breach had to wait, added up.
    pub waited: u64,
    /// Whether what is left and what was moved is what there was, in every market; none where the
    /// engine keeps no such sums.
    pub conserved: Option<bool>,
    /// Prices and liquidations along the path.
    pub seen: Seen,
    /// Debt repaid in the step before.
    pub(super) repaid_last: u64,
}

impl PathRow {
    /// What liquidators were paid beyond what they repaid.
    #[must_use]
    pub fn penalty(&self) -> u128 {
        self.seized.saturating_sub(self.repaid)
    }

    fn feed(&self, hasher: &mut blake3::Hasher) {
        let narrow = [
            self.path,
            self.alone_trough,
            self.liquidations,
            self.touched,
            self.rounds_max.into(),
            self.held.into(),
            self.bad_debt,
            self.paused.into(),
            self.trips.into(),
            self.waited,
            self.conserved.map_or(2, u64::from),
        ];
        let prices = self.prices.iter().chain(&self.troughs);
        let along = self.seen.prices.iter().chain(&self.seen.by_round);
        for number in narrow.iter().chain(prices).chain(along) {
            hasher.update(&number.to_le_bytes());
        }
        for number in [self.repaid, self.seized, self.impact_cost, self.panic_sold] {
            hasher.update(&number.to_le_bytes());
        }
        for (cell, value) in &self.seen.cells {
            hasher.update(&cell.to_le_bytes());
            hasher.update(&value.to_le_bytes());
        }
    }
}

/// How the paths were run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Bounds on several markets.
    Bounds,
    /// One order of breach prices, of the headline benchmark.
    Order,
    /// Positions on two sides.
    Positions,
}

impl Engine {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Engine::Bounds => "bounds on every market",
            Engine::Order => "one order of breach prices",
            Engine::Positions => "positions on two sides",
        }
    }
}

/// Rows of many paths of a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// In order of their paths; all of them unless the run was stopped.
    pub rows: Vec<PathRow>,
    /// Paths that were asked for.
    pub paths: u64,
    /// What is kept of each.
    pub grid: Grid,
    /// How they were run.
    pub engine: Engine,
}

/// A figure of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// [`PathRow::bad_debt`].
    BadDebt,
    /// Bad debt beyond the fund.
    Uncovered,
    /// [`PathRow::repaid`].
    Repaid,
    /// [`PathRow::penalty`].
    Penalty,
    /// [`PathRow::impact_cost`].
    ImpactCost,
    /// [`PathRow::liquidations`].
    Liquidations,
    /// [`PathRow::touched`].
    Touched,
    /// [`PathRow::rounds_max`].
    Rounds,
    /// The driver's lowest price.
    Trough,
    /// The same without impact.
    TroughAlone,
    /// [`PathRow::waited`].
    Waited,
    /// [`PathRow::paused`].
    Paused,
}

impl Metric {
    /// All of them, in the order in which they are told.
    pub const ALL: [Metric; 12] = [
        Metric::BadDebt,
        Metric::Uncovered,
        Metric::Repaid,
        Metric::Penalty,
        Metric::ImpactCost,
        Metric::Liquidations,
        Metric::Touched,
        Metric::Rounds,
        Metric::Trough,
        Metric::TroughAlone,
        Metric::Waited,
        Metric::Paused,
    ];

    /// Its name in world files and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Metric::BadDebt => "bad_debt",
            Metric::Uncovered => "uncovered",
            Metric::Repaid => "repaid",
            Metric::Penalty => "penalty",
            Metric::ImpactCost => "impact_cost",
            Metric::Liquidations => "liquidations",
            Metric::Touched => "accounts",
            Metric::Rounds => "rounds",
            Metric::Trough => "trough",
            Metric::TroughAlone => "trough_alone",
            Metric::Waited => "waited",
            Metric::Paused => "paused",
        }
    }

    /// For readers.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Metric::BadDebt => "bad debt",
            Metric::Uncovered => "bad debt beyond the fund",
            Metric::Repaid => "debt repaid",
            Metric::Penalty => "paid to liquidators",
            Metric::ImpactCost => "lost to impact",
            Metric::Liquidations => "liquidations",
            Metric::Touched => "accounts liquidated",
            Metric::Rounds => "most rounds of a step",
            Metric::Trough => "lowest price",
            Metric::TroughAlone => "lowest price without sales",
            Metric::Waited => "rounds waited",
            Metric::Paused => "steps paused",
        }
    }

    /// Base units in one of what is told: money, prices, or counts.
    #[must_use]
    pub fn scale(self) -> u64 {
        match self {
            Metric::Trough | Metric::TroughAlone => ONE,
            Metric::Liquidations
            | Metric::Touched
            | Metric::Rounds
            | Metric::Waited
            | Metric::Paused => 1,
            _ => super::rule::UNIT,
        }
    }

    /// The figure of a path, base units; `fund` covers bad debt first.
    #[must_use]
    pub fn of(self, row: &PathRow, driver: usize, fund: u64) -> u128 {
        match self {
            Metric::BadDebt => row.bad_debt.into(),
            Metric::Uncovered => row.bad_debt.saturating_sub(fund).into(),
            Metric::Repaid => row.repaid,
            Metric::Penalty => row.penalty(),
            Metric::ImpactCost => row.impact_cost,
            Metric::Liquidations => row.liquidations.into(),
            Metric::Touched => row.touched.into(),
            Metric::Rounds => row.rounds_max.into(),
            Metric::Trough => row.troughs[driver.min(MARKETS_MAX - 1)].into(),
            Metric::TroughAlone => row.alone_trough.into(),
            Metric::Waited => row.waited.into(),
            Metric::Paused => row.paused.into(),
        }
    }
}

impl Outcome {
    /// Whether every path was run.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.rows.len() as u64 == self.paths
    }

    /// Paths whose books do not balance: none, or the program is wrong.
    #[must_use]
    pub fn unbalanced(&self) -> usize {
        self.rows.iter().filter(|row| row.conserved == Some(false)).count()
    }

    /// A figure of every path, in its own unit.
    #[must_use]
    pub fn figures(&self, metric: Metric, driver: usize, fund: u64) -> Vec<f64> {
        let scale = metric.scale() as f64;
        self.rows.iter().map(|row| metric.of(row, driver, fund) as f64 / scale).collect()
    }

    /// BLAKE3 over every row, in order of the paths, numbers in little-endian bytes.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"breakwater.worlds/1");
        self.rows.iter().for_each(|row| row.feed(&mut hasher));
        hasher.finalize().to_hex().to_string()
    }

    /// Value repaid by cell over all paths, `column * BANDS + band`.
    #[must_use]
    pub fn cells(&self) -> Vec<u128> {
        let mut cells = vec![0; (self.grid.columns * BANDS) as usize];
        for (cell, value) in self.rows.iter().flat_map(|row| &row.seen.cells) {
            if let Some(sum) = cells.get_mut(*cell as usize) {
                *sum += u128::from(*value);
            }
        }
        cells
    }

    /// The driver's price that `per_mille` of a thousand paths do not exceed, at each moment.
    #[must_use]
    pub fn fan(&self, per_mille: u32) -> Vec<f64> {
        let moments = self.rows.first().map_or(0, |row| row.seen.prices.len());
        let at = |moment: usize| {
            let mut prices: Vec<u64> =
                self.rows.iter().filter_map(|row| row.seen.prices.get(moment).copied()).collect();
            prices.sort_unstable();
            let rank = (prices.len() as u64 * u64::from(per_mille)).div_ceil(1_000).max(1);
            let price = usize::try_from(rank - 1).ok().and_then(|rank| prices.get(rank));
            price.copied().unwrap_or(0) as f64 / ONE as f64
        };
        (0..moments).map(at).collect()
    }
}
