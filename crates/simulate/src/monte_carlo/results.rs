//! What paths gave: rows, quantiles, and one hash over all.

/// What one path gave. Prices in price units, amounts in base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Row {
    /// Number of the path.
    pub path: u64,
    /// The last price.
    pub price: u64,
    /// The lowest price at any mark or after any round.
    pub trough: u64,
    /// Liquidations; an account counts each time.
    pub liquidations: u64,
    /// Accounts that were liquidated at least once.
    pub touched: u64,
    /// Most rounds of one step.
    pub rounds_max: u32,
    /// How often the price was held at [`super::PRICE_MAX`].
    pub held: u32,
    /// Debt repaid.
    pub repaid: u128,
    /// Collateral sold.
    pub sold: u128,
    /// Debt that collateral does not cover at the last price.
    pub bad_debt: u64,
}

/// Rows of many paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results {
    /// In order of their paths; all of them unless the run was cancelled.
    pub rows: Vec<Row>,
    /// Paths that were asked for.
    pub paths: u64,
    /// Steps of each.
    pub steps: u32,
    /// Accounts of the book.
    pub accounts: u64,
}

/// A figure of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// [`Row::price`].
    Price,
    /// [`Row::trough`].
    Trough,
    /// [`Row::liquidations`].
    Liquidations,
    /// [`Row::touched`].
    Touched,
    /// [`Row::rounds_max`].
    Rounds,
    /// [`Row::bad_debt`].
    BadDebt,
}

impl Measure {
    /// The figure.
    #[must_use]
    pub fn of(self, row: &Row) -> u64 {
        match self {
            Measure::Price => row.price,
            Measure::Trough => row.trough,
            Measure::Liquidations => row.liquidations,
            Measure::Touched => row.touched,
            Measure::Rounds => row.rounds_max.into(),
            Measure::BadDebt => row.bad_debt,
        }
    }
}

impl Results {
    /// Whether every path was run.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.rows.len() as u64 == self.paths
    }

    /// Liquidations of all paths.
    #[must_use]
    pub fn liquidations(&self) -> u64 {
        self.rows.iter().map(|row| row.liquidations).sum()
    }

    /// Accounts times steps times paths: work that was covered, most of it by not looking.
    #[must_use]
    pub fn account_steps(&self) -> u128 {
        self.rows.len() as u128 * u128::from(self.steps) * u128::from(self.accounts)
    }

    /// The smallest figure that at least `per_mille` of a thousand paths do not exceed; `None`
    /// without paths.
    #[must_use]
    pub fn quantile(&self, measure: Measure, per_mille: u32) -> Option<u64> {
        let mut figures: Vec<u64> = self.rows.iter().map(|row| measure.of(row)).collect();
        figures.sort_unstable();
        let rank = (figures.len() as u64 * u64::from(per_mille.min(1_000))).div_ceil(1_000);
        figures.get(usize::try_from(rank).ok()?.saturating_sub(1)).copied()
    }

    /// BLAKE3 over every row, in order of the paths, numbers in little-endian bytes.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"breakwater.monte_carlo/1");
        for row in &self.rows {
            for number in [
                row.path,
                row.price,
                row.trough,
                row.liquidations,
                row.touched,
                row.rounds_max.into(),
                row.held.into(),
                row.bad_debt,
            ] {
                hasher.update(&number.to_le_bytes());
            }
            hasher.update(&row.repaid.to_le_bytes());
            hasher.update(&row.sold.to_le_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}
