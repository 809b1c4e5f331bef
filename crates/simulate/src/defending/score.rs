//! The one table: what a defence set saved, what it trapped, how often it bound for nothing, and whom it
//! hurt.

/// One run of a set on one path. Values are whole units of what is lent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunScore {
    /// Booked and borne by nobody, and owed beyond its collateral at the last mark.
    pub bad_debt: f64,
    /// Wanted and not paid, times the hours that it was not.
    pub trapped_value_hours: f64,
    /// Debt in breach whose liquidation a defence held back, times hours.
    pub held_back_value_hours: f64,
    /// Steps in which a defence bound.
    pub trips: u32,
    /// Lowest mark.
    pub trough_price: f64,
    /// People worse off than they had to be: they waited beyond their patience, or were liquidated
    /// although the price without sales left them healthy.
    pub users_hurt: u32,
    /// Of them, liquidated without need.
    pub dragged: u32,
    /// People.
    pub users: u32,
    /// Value that wanted out.
    pub wanted: f64,
    /// Share of it that was paid in the end.
    pub got_out: f64,
    /// Share among the largest tenth of depositors who wanted out; none if nobody of them did.
    pub got_out_large: Option<f64>,
    /// Share among the smaller half.
    pub got_out_small: Option<f64>,
    /// Value repaid by liquidators.
    pub liquidated: f64,
    /// What a predator made, if one struck.
    pub predator_gain: f64,
    /// State hash of the engine at the end.
    pub state_hash: String,
}

/// A moment of the first path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Hours after the start.
    pub hours: f64,
    /// The mark.
    pub price: f64,
    /// The price without sales.
    pub without: f64,
    /// Cash in the pool, whole units.
    pub cash: f64,
    /// Wanted and not paid, whole units.
    pub waiting: f64,
}

/// A set on all paths.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// Its name.
    pub name: String,
    /// What it does, in a few words.
    pub told: String,
    /// By path.
    pub runs: Vec<RunScore>,
    /// Trips on each path without shock and panic: nothing justified them.
    pub false_trips: Vec<u32>,
    /// The first path.
    pub track: Vec<Point>,
}

/// A measure of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// See [`RunScore::bad_debt`].
    BadDebt,
    /// See [`RunScore::trapped_value_hours`].
    Trapped,
    /// See [`RunScore::held_back_value_hours`].
    HeldBack,
    /// See [`RunScore::trips`].
    Trips,
    /// See [`RunScore::trough_price`].
    Trough,
    /// People hurt, a share.
    Hurt,
    /// See [`RunScore::got_out`].
    GotOut,
    /// See [`RunScore::liquidated`].
    Liquidated,
}

impl RunScore {
    /// One of its measures.
    #[must_use]
    pub fn measure(&self, measure: Measure) -> f64 {
        match measure {
            Measure::BadDebt => self.bad_debt,
            Measure::Trapped => self.trapped_value_hours,
            Measure::HeldBack => self.held_back_value_hours,
            Measure::Trips => f64::from(self.trips),
            Measure::Trough => self.trough_price,
            Measure::Hurt => f64::from(self.users_hurt) / f64::from(self.users.max(1)),
            Measure::GotOut => self.got_out,
            Measure::Liquidated => self.liquidated,
        }
    }
}

impl Scored {
    /// The mean over all paths.
    #[must_use]
    pub fn mean(&self, measure: Measure) -> f64 {
        let sum: f64 = self.runs.iter().map(|run| run.measure(measure)).sum();
        sum / self.runs.len().max(1) as f64
    }

    /// The worst of all paths: the lowest where less is worse.
    #[must_use]
    pub fn worst(&self, measure: Measure) -> f64 {
        let values = self.runs.iter().map(|run| run.measure(measure));
        let less_is_worse = matches!(measure, Measure::Trough | Measure::GotOut);
        let worse = |a: f64, b: f64| if less_is_worse { a.min(b) } else { a.max(b) };
        values.reduce(worse).unwrap_or_default()
    }

    /// The mean of false trips.
    #[must_use]
    pub fn false_trips_mean(&self) -> f64 {
        let sum: f64 = self.false_trips.iter().copied().map(f64::from).sum();
        sum / self.false_trips.len().max(1) as f64
    }

    /// The mean of a share that not every path has.
    #[must_use]
    pub fn mean_of(&self, share: impl Fn(&RunScore) -> Option<f64>) -> Option<f64> {
        let shares: Vec<f64> = self.runs.iter().filter_map(share).collect();
        (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
    }
}
