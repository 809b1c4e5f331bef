//! The guard between depth as recorded and depth that is sold into.
//!
//! A snapshot is judged side by side, because a fault on one side says nothing about the other. Order
//! of the questions, so that a side with several faults is always refused for the same one: scale,
//! future, stale; the shape of its bands, nearest first; crossed; out of band. The guard keeps
//! nothing. A side that was refused may be mirrored from the other, and the result says that it was.

use crate::band_depth::{Band, BandDepth, BandSide, BookSide};
use crate::depth::{self, Decimals};
use crate::guard::GuardError;
use breakwater_money::{Price, Time, U256, U512, decimal::format_raw};
use serde::{Deserialize, Serialize};

/// Basis points in one.
const BPS: u32 = 10_000;

/// Depth by bands as recorded. Nothing about it has been checked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BandSnapshot {
    /// When the source observed it.
    pub observed_at: Time,
    /// Bids, nearest band first.
    pub bids: Vec<Band>,
    /// Asks, nearest band first.
    pub asks: Vec<Band>,
}

/// What depth one market accepts. Every bound is inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BandGuard {
    /// Decimals of quantities, values and of the reference.
    pub decimals: Decimals,
    /// Oldest a snapshot may be, in nanoseconds since it was observed.
    pub age_max_nanos: u64,
    /// Furthest ahead of now a snapshot may claim to have been observed, in nanoseconds.
    pub ahead_max_nanos: u64,
    /// How far the average price of the nearest band may stand on the wrong side of the reference,
    /// in basis points of it: what an index and a contract on it differ by on a quiet day.
    pub crossed_max_bps: u32,
    /// How far the average price of a band may lie beyond the band's far edge, in basis points of
    /// that edge: archives measure bands around a reference of their own.
    pub beyond_max_bps: u32,
}

/// Why a side of a snapshot cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BandRefusal {
    /// Scales that no exact curve can have.
    #[error(
        "wrong scale: base {}, quote {}, price {} decimals; expected at most 38 each, quote at most base and price together, and those at most 38 above it",
        .0.base, .0.quote, .0.price
    )]
    Scale(Decimals),
    /// The reference is zero.
    #[error("not positive: the reference is zero, expected more than zero")]
    NoReference,
    /// The reference has other decimals than the guard's prices.
    #[error("wrong scale: the reference has {decimals} decimals, expected {expected}")]
    ReferenceScale {
        /// The reference's decimals.
        decimals: u8,
        /// The guard's.
        expected: u8,
    },
    /// Claims to have been observed later than now, by more than clocks may differ.
    #[error("future: observed {ahead_nanos} ns from now, at most {ahead_max_nanos} ns is accepted")]
    Future {
        /// Nanoseconds from now to the claimed observation.
        ahead_nanos: u64,
        /// The guard's bound.
        ahead_max_nanos: u64,
    },
    /// Observed longer ago than the guard allows.
    #[error("stale: observed {age_nanos} ns ago, at most {age_max_nanos} ns is accepted")]
    Stale {
        /// Nanoseconds since it was observed.
        age_nanos: u64,
        /// The guard's bound.
        age_max_nanos: u64,
    },
    /// No band at all.
    #[error("empty: no bands; expected at least one")]
    Empty,
    /// Widths do not grow from band to band.
    #[error("not ascending: a band of {width_bps} bps after one of {before_bps}")]
    NotAscending {
        /// The band's width.
        width_bps: u32,
        /// That of the band before, zero for the first.
        before_bps: u32,
    },
    /// A quantity or a value of zero.
    #[error("not positive: {quantity} units worth {value} within {width_bps} bps")]
    NotPositive {
        /// The band's width.
        width_bps: u32,
        /// Its quantity.
        quantity: u128,
        /// Its value.
        value: u128,
    },
    /// Holds less than a nearer band, or more of one thing and not of the other.
    #[error(
        "not cumulative: {quantity} units worth {value} within {width_bps} bps do not add to the nearer band"
    )]
    NotCumulative {
        /// The band's width.
        width_bps: u32,
        /// Its quantity.
        quantity: u128,
        /// Its value.
        value: u128,
    },
    /// What the band adds has a better price than what a nearer band adds.
    #[error("out of order: what {width_bps} bps add has a better price than a nearer slice")]
    BetterThanNearer {
        /// The band's width.
        width_bps: u32,
    },
    /// The nearest band's average price stands beyond the reference, or beyond the other side's
    /// average and the reference: somebody would trade at once.
    #[error(
        "crossed: average {} on the wrong side of {}",
        format_raw(*average, *decimals), format_raw(*bound, *decimals)
    )]
    Crossed {
        /// Average price of the nearest band, raw, floored.
        average: u128,
        /// What it should not have passed, raw.
        bound: u128,
        /// Decimals of both.
        decimals: u8,
    },
    /// A band's average price lies beyond the band.
    #[error(
        "out of band: average {} is beyond {width_bps} bps of {} by more than {beyond_max_bps} bps",
        format_raw(*average, *decimals), format_raw(*reference, *decimals)
    )]
    OutOfBand {
        /// The band's width.
        width_bps: u32,
        /// Average price within it, raw, floored.
        average: u128,
        /// The reference, raw.
        reference: u128,
        /// Decimals of both.
        decimals: u8,
        /// The guard's bound.
        beyond_max_bps: u32,
    },
    /// A figure does not fit its width.
    #[error("too large: what stands within {width_bps} bps does not fit 128 bits")]
    TooLarge {
        /// The band's width.
        width_bps: u32,
    },
}

impl BandRefusal {
    /// The kind of fault in the words of its message, for counting.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            BandRefusal::Scale(_) | BandRefusal::ReferenceScale { .. } => "wrong scale",
            BandRefusal::NoReference | BandRefusal::NotPositive { .. } => "not positive",
            BandRefusal::Future { .. } => "future",
            BandRefusal::Stale { .. } => "stale",
            BandRefusal::Empty => "empty",
            BandRefusal::NotAscending { .. } => "not ascending",
            BandRefusal::NotCumulative { .. } => "not cumulative",
            BandRefusal::BetterThanNearer { .. } => "out of order",
            BandRefusal::Crossed { .. } => "crossed",
            BandRefusal::OutOfBand { .. } => "out of band",
            BandRefusal::TooLarge { .. } => "too large",
        }
    }
}

/// Both sides of a snapshot, each as a curve or as the reason it is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedBands {
    /// The bids.
    pub bids: Result<BandSide, BandRefusal>,
    /// The asks.
    pub asks: Result<BandSide, BandRefusal>,
}

impl JudgedBands {
    /// Depth to sell into and to buy from: what was believed, and the mirror image of one side if
    /// the other was refused. None if both were, or if the image would have no positive prices.
    #[must_use]
    pub fn or_mirrored(self) -> Option<BandDepth> {
        match (self.bids, self.asks) {
            (Ok(bids), Ok(asks)) => BandDepth::new(bids, asks),
            (Ok(side), Err(_)) | (Err(_), Ok(side)) => BandDepth::from_one(side).ok(),
            (Err(_), Err(_)) => None,
        }
    }
}

/// A count of refusals with the first and the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RefusalCount {
    /// How many.
    pub refused: u64,
    /// When the earliest of them was observed.
    pub first: Option<Time>,
    /// When the latest of them was observed.
    pub last: Option<Time>,
}

impl RefusalCount {
    /// Counts one more, observed at `at`, in any order.
    pub fn add(&mut self, at: Time) {
        self.refused += 1;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
    }
}

impl BandGuard {
    /// Whether the parameters can work together.
    ///
    /// # Errors
    /// Names the parameter, its value and what it may be.
    pub fn validate(&self) -> Result<(), GuardError> {
        let wrong = |field, value, right| Err(GuardError { field, value, right });
        if self.age_max_nanos == 0 {
            return wrong("age_max_nanos", 0, "more than 0: all depth would be stale at once");
        }
        if self.ahead_max_nanos > self.age_max_nanos {
            return wrong("ahead_max_nanos", self.ahead_max_nanos, "at most age_max_nanos");
        }
        if self.crossed_max_bps >= BPS {
            return wrong("crossed_max_bps", self.crossed_max_bps.into(), "below 10,000");
        }
        if self.beyond_max_bps >= BPS {
            return wrong("beyond_max_bps", self.beyond_max_bps.into(), "below 10,000");
        }
        Ok(())
    }

    /// Both sides of `snapshot` at `now` against `reference`, a mark of the same market.
    #[must_use]
    pub fn judge(&self, snapshot: &BandSnapshot, reference: Price, now: Time) -> JudgedBands {
        let before = self.check_frame(snapshot, reference, now);
        let judged = |side| {
            before?;
            self.judge_side(side, snapshot, reference.raw)
        };
        JudgedBands { bids: judged(BookSide::Bids), asks: judged(BookSide::Asks) }
    }

    /// What both sides share: scales and time.
    fn check_frame(
        &self,
        snapshot: &BandSnapshot,
        reference: Price,
        now: Time,
    ) -> Result<(), BandRefusal> {
        depth::check_decimals(self.decimals).map_err(|_| BandRefusal::Scale(self.decimals))?;
        let (decimals, expected) = (reference.decimals, self.decimals.price);
        if decimals != expected {
            return Err(BandRefusal::ReferenceScale { decimals, expected });
        }
        let (ahead_nanos, ahead_max_nanos) =
            (snapshot.observed_at.since(now), self.ahead_max_nanos);
        if ahead_nanos > ahead_max_nanos {
            return Err(BandRefusal::Future { ahead_nanos, ahead_max_nanos });
        }
        let (age_nanos, age_max_nanos) = (now.since(snapshot.observed_at), self.age_max_nanos);
        if age_nanos > age_max_nanos {
            return Err(BandRefusal::Stale { age_nanos, age_max_nanos });
        }
        Ok(())
    }

    fn judge_side(
        &self,
        side: BookSide,
        snapshot: &BandSnapshot,
        reference: u128,
    ) -> Result<BandSide, BandRefusal> {
        let (bands, others) = match side {
            BookSide::Bids => (&snapshot.bids, &snapshot.asks),
            BookSide::Asks => (&snapshot.asks, &snapshot.bids),
        };
        let curve = BandSide::new(side, bands, reference, self.decimals)?;
        if let Some(nearest) = bands.first() {
            self.check_crossed(side, nearest, others.first(), &curve)?;
        }
        for band in bands {
            self.check_within(side, band, &curve)?;
        }
        Ok(curve)
    }

    /// Refuses an average on the wrong side of the reference by more than the tolerance, or by
    /// anything if it also passes the other side's average: of two sides that cross, at least one
    /// is on the wrong side of any reference, and that one is refused.
    fn check_crossed(
        &self,
        side: BookSide,
        nearest: &Band,
        other: Option<&Band>,
        curve: &BandSide,
    ) -> Result<(), BandRefusal> {
        let decimals = self.decimals.price;
        let reference = curve.reference().raw;
        let average = Average::of(nearest, self.decimals);
        let refuse = |bound| {
            let average = average.floored();
            Err(BandRefusal::Crossed { average, bound, decimals })
        };
        let tolerated = match side {
            BookSide::Bids => BPS.saturating_add(self.crossed_max_bps),
            BookSide::Asks => BPS.saturating_sub(self.crossed_max_bps),
        };
        if average.passes(side, reference, tolerated, BPS) {
            return refuse(reference);
        }
        let other = other
            .filter(|band| band.quantity > 0 && band.value > 0)
            .map(|band| Average::of(band, self.decimals));
        match other {
            Some(other)
                if average.passes(side, reference, BPS, BPS)
                    && average.passes_average(side, &other) =>
            {
                refuse(other.floored())
            }
            _ => Ok(()),
        }
    }

    /// Refuses an average beyond the far edge: below the edge of bids, above that of asks.
    fn check_within(
        &self,
        side: BookSide,
        band: &Band,
        curve: &BandSide,
    ) -> Result<(), BandRefusal> {
        let width_bps = band.width_bps;
        let (edge, tolerated) = match side {
            BookSide::Bids => {
                (BPS.saturating_sub(width_bps), BPS.saturating_sub(self.beyond_max_bps))
            }
            BookSide::Asks => {
                (BPS.saturating_add(width_bps), BPS.saturating_add(self.beyond_max_bps))
            }
        };
        let reference = curve.reference().raw;
        let average = Average::of(band, self.decimals);
        if average.passes(side.other(), reference, edge, tolerated) {
            let (average, decimals) = (average.floored(), self.decimals.price);
            let beyond_max_bps = self.beyond_max_bps;
            return Err(BandRefusal::OutOfBand {
                width_bps,
                average,
                reference,
                decimals,
                beyond_max_bps,
            });
        }
        Ok(())
    }
}

/// An average price as a fraction, so that it is compared without rounding.
struct Average {
    /// Value in units of raw price times base units.
    worth: U256,
    quantity: U256,
}

impl Average {
    /// Of a band that [`BandSide::new`] accepted or that stands on the other side; a worth that
    /// does not fit there is refused there, and saturates here.
    fn of(band: &Band, decimals: Decimals) -> Average {
        let exponent =
            i32::from(decimals.base) + i32::from(decimals.price) - i32::from(decimals.quote);
        let worth = depth::Shift::new(exponent)
            .floor(U256::from(band.value), U256::ONE)
            .unwrap_or(U256::from(u128::MAX));
        Average { worth: worth.min(U256::from(u128::MAX)), quantity: U256::from(band.quantity) }
    }

    /// The average as a raw price.
    fn floored(&self) -> u128 {
        let quotient = self.worth.checked_div(self.quantity).unwrap_or(U256::MAX);
        u128::try_from(quotient).unwrap_or(u128::MAX)
    }

    /// Whether it stands above (bids) or below (asks) `reference * p * q`, in basis points each.
    fn passes(&self, side: BookSide, reference: u128, p_bps: u32, q_bps: u32) -> bool {
        // Two factors of 128 bits and two of 32: more than 256 together.
        let own = U512::from(self.worth) * U512::from(u64::from(BPS) * u64::from(BPS));
        let bound = U512::from(self.quantity)
            * U512::from(reference)
            * U512::from(u64::from(p_bps) * u64::from(q_bps));
        match side {
            BookSide::Bids => own > bound,
            BookSide::Asks => own < bound,
        }
    }

    /// Whether it stands above (bids) or below (asks) the average of the other side.
    fn passes_average(&self, side: BookSide, other: &Average) -> bool {
        let own = self.worth * other.quantity;
        let bound = other.worth * self.quantity;
        match side {
            BookSide::Bids => own > bound,
            BookSide::Asks => own < bound,
        }
    }
}
