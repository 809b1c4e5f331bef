//! Which of the house's promises a venue keeps by itself. Declared beside each mirror, printed in
//! SAFETY.md, and owned by policies where a venue refuses.

use serde::{Deserialize, Serialize};

/// A promise of our policies that a venue may or may not keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Promise {
    /// Nobody healthy is liquidated.
    HealthyUntouched,
    /// Nobody is liquidated on a stale or refused mark.
    FreshMarksOnly,
    /// Nobody is liquidated in the grace period after an outage.
    GraceAfterOutage,
    /// Topping up and repaying stay possible throughout.
    CureStaysPossible,
    /// A step never lowers health unless the leg is toxic.
    StepNeverHurts,
    /// One lot less would miss the target, unless a dust or full-close rule applies.
    Minimal,
    /// At most one liquidation for a position at one price.
    OncePerTick,
    /// No deleveraging while the insurance fund covers.
    FundBeforeDeleveraging,
    /// No debt without collateral is left unbooked.
    NoUnbookedDebt,
}

impl Promise {
    /// Every promise, in order.
    pub const ALL: &'static [Promise] = &[
        Promise::HealthyUntouched,
        Promise::FreshMarksOnly,
        Promise::GraceAfterOutage,
        Promise::CureStaysPossible,
        Promise::StepNeverHurts,
        Promise::Minimal,
        Promise::OncePerTick,
        Promise::FundBeforeDeleveraging,
        Promise::NoUnbookedDebt,
    ];

    /// The promise as a sentence for readers.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Promise::HealthyUntouched => "Nobody healthy is liquidated",
            Promise::FreshMarksOnly => "Nobody is liquidated on a stale or refused mark",
            Promise::GraceAfterOutage => "Nobody is liquidated in the grace period after an outage",
            Promise::CureStaysPossible => "Topping up and repaying stay possible",
            Promise::StepNeverHurts => "A step never lowers health unless the leg is toxic",
            Promise::Minimal => "No more is sold than the target needs",
            Promise::OncePerTick => "One liquidation for a position at one price",
            Promise::FundBeforeDeleveraging => "No deleveraging while the fund covers",
            Promise::NoUnbookedDebt => "No debt without collateral is left unbooked",
        }
    }
}

/// How a venue, as it is, stands to a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kept {
    /// The venue's own rule keeps it.
    Keeps,
    /// The venue's rule breaks it; our policy keeps it where it is on.
    Refuses,
    /// The promise has no meaning there.
    NotApplicable,
}
