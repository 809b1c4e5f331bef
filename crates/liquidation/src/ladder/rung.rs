//! A ladder as data.

use super::LadderError;
use super::bounds::{Bounds, Value};
use serde::{Deserialize, Serialize};

/// Most rungs of a ladder: venues have up to five, and a step reads all of them.
pub const RUNGS_MAX: usize = 32;

/// Basis points that make the whole.
pub(super) const BPS_ONE: u32 = 10_000;

/// What a rung does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Cancels the account's open orders, if there are any.
    CancelOrders,
    /// Sells the first position that has so many tiers below it down to the cap of the lowest of
    /// them.
    TierDown {
        /// How many tiers at once.
        tiers: u8,
    },
    /// Sells a share of each position, in whole lots rounded up.
    Fraction {
        /// Of the position as it is now.
        bps: u32,
    },
    /// Sells the least that frees the share of the shortage allowed by now: a first share at once,
    /// the rest in proportion to the time since the account was called. The shortage is that of the
    /// maintenance requirement with its buffer; what earlier steps freed counts as freed.
    Ramp {
        /// Allowed at once.
        first_bps: u32,
        /// Time until all of it is allowed.
        nanos: u64,
        /// Added to the maintenance requirement.
        #[serde(default)]
        buffer_bps: u32,
        /// A smaller shortage is freed at once; whole units of the numeraire.
        #[serde(default)]
        at_once_below: Option<Value>,
    },
    /// Sells the least that leaves the initial requirement met.
    ToInitial,
    /// Sells the least that leaves the maintenance requirement met with a buffer.
    ToMaintenance {
        /// Added to the maintenance requirement.
        #[serde(default)]
        buffer_bps: u32,
    },
    /// Sells everything.
    Whole,
    /// Hands every position with its margin to the backstop vault.
    TakeOver,
    /// Sells at most a share of the value of the positions, but at least a value, and no more than
    /// brings the account out of breach. One block is the rung's wait.
    PerBlock {
        /// Of the value at the mark.
        share_bps: u32,
        /// Allowed whatever the share; whole units of the numeraire.
        least_value: Value,
    },
}

impl Act {
    /// True for acts that sell, and therefore need a price bound.
    #[must_use]
    pub const fn sells(&self) -> bool {
        !matches!(self, Act::CancelOrders | Act::TakeOver)
    }

    /// True for acts that always have something to do as long as there is a position, and leave
    /// none when repeated.
    #[must_use]
    pub const fn ends(&self) -> bool {
        matches!(self, Act::Whole | Act::TakeOver | Act::Fraction { .. } | Act::PerBlock { .. })
    }
}

/// Worst price of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "snake_case", deny_unknown_fields)]
pub enum PriceBound {
    /// Below the mark, above it where a short is bought back.
    Mark {
        /// How far.
        slippage_bps: u32,
    },
    /// The price at which nothing of the account's equity is left. With several positions each
    /// bears the equity in proportion to its value, so that selling any part of them there leaves
    /// equity and value in the same proportion. For one position `mark - side x equity / quantity`
    /// (exchange-margin.md, R9). Fees are not in it.
    Bankruptcy,
}

/// What happens while a rung that would act still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meanwhile {
    /// Nothing.
    #[default]
    Hold,
    /// The rungs below are asked.
    NextRung,
}

/// One step of a ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// When it may act; always, if nothing is stated.
    #[serde(rename = "while", default)]
    pub bounds: Bounds,
    /// What it does.
    #[serde(rename = "do")]
    pub act: Act,
    /// Worst price; for acts that sell, and only for those.
    #[serde(default)]
    pub at: Option<PriceBound>,
    /// Time since the account's last sale, whichever rung ordered it, before this one acts.
    #[serde(default)]
    pub wait_nanos: u64,
    /// What happens until then.
    #[serde(default)]
    pub meanwhile: Meanwhile,
}

impl Rung {
    /// A rung without bounds or wait.
    #[must_use]
    pub fn new(act: Act, at: Option<PriceBound>) -> Self {
        Rung { bounds: Bounds::default(), act, at, wait_nanos: 0, meanwhile: Meanwhile::default() }
    }

    /// True if the rungs below are never asked while its bounds hold.
    pub(super) fn stops(&self) -> bool {
        self.act.ends() && (self.wait_nanos == 0 || self.meanwhile == Meanwhile::Hold)
    }
}

/// A validated list of rungs, read from the top.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Rungs", into = "Rungs")]
pub struct Ladder {
    rungs: Vec<Rung>,
}

/// A ladder as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rungs {
    rungs: Vec<Rung>,
}

impl TryFrom<Rungs> for Ladder {
    type Error = LadderError;

    fn try_from(written: Rungs) -> Result<Self, LadderError> {
        Ladder::new(written.rungs)
    }
}

impl From<Ladder> for Rungs {
    fn from(ladder: Ladder) -> Rungs {
        Rungs { rungs: ladder.rungs }
    }
}

impl Ladder {
    /// The ladder of `rungs`, the first to be asked first.
    ///
    /// # Errors
    /// The first rung that makes no sense, counted from 1, with its value and what would be right.
    pub fn new(rungs: Vec<Rung>) -> Result<Self, LadderError> {
        super::validity::validate(&rungs)?;
        Ok(Ladder { rungs })
    }

    /// The rungs, the first to be asked first.
    #[must_use]
    pub fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    /// The buffer of its first ramp, basis points: what [`freed`](super::Standing::freed) is measured
    /// with. None without a ramp.
    #[must_use]
    pub fn ramp_buffer_bps(&self) -> Option<u32> {
        self.rungs.iter().find_map(|rung| match rung.act {
            Act::Ramp { buffer_bps, .. } => Some(buffer_bps),
            _ => None,
        })
    }

    /// Most steps, waits not counted, until an account with so many lots in each of its positions
    /// is out of breach or without positions, if every step is done in full and prices stay.
    ///
    /// Orders are cancelled once and positions taken over once. Every sale takes at least one lot
    /// of a position, so a position bears at most as many sales as it has lots. Where every sale is
    /// a fraction, aims at a line or takes all, a position bears few: `m = ceil(1 / share)`
    /// fractions leave less than half of it, since `(1 - share)^m < 1/e`, so that `m` times the
    /// bits of its lots leave nothing; and what aims at a line is done when it reaches it.
    #[must_use]
    pub fn steps_most(&self, lots: &[u128]) -> u128 {
        let mut fractions = Some(0u128);
        for rung in &self.rungs {
            let more = match rung.act {
                Act::CancelOrders
                | Act::TakeOver
                | Act::Whole
                | Act::ToInitial
                | Act::ToMaintenance { .. } => Some(0),
                Act::Fraction { bps } => Some(u128::from(BPS_ONE.div_ceil(bps.max(1)))),
                Act::TierDown { .. } | Act::Ramp { .. } | Act::PerBlock { .. } => None,
            };
            fractions = fractions.zip(more).map(|(sum, more)| sum + more);
        }
        let of_one = |lots: &u128| {
            let bits = u128::from(u128::BITS - lots.leading_zeros());
            // The last one takes all of it.
            let few = fractions.map_or(*lots, |fractions| fractions * bits + 1);
            few.min(*lots)
        };
        lots.iter().map(of_one).fold(3, u128::saturating_add)
    }
}
