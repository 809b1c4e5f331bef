//! Promises that hold after every command. A broken one stops the engine.

use serde::{Deserialize, Serialize};

macro_rules! invariants {
    ($($variant:ident = $id:literal, $sentence:literal;)*) => {
        /// A promise by its number in SAFETY.md.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum Invariant {
            $(#[doc = $sentence] $variant,)*
        }

        impl Invariant {
            /// Every promise, in order.
            pub const ALL: &'static [Invariant] = &[$(Invariant::$variant),*];

            /// The number, as in SAFETY.md.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {
                    $(Invariant::$variant => $id,)*
                }
            }

            /// The promise.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self {
                    $(Invariant::$variant => $sentence,)*
                }
            }
        }
    };
}

invariants! {
    Conserved = "I-01", "Every unit sums to zero over all holders.";
    Backed = "I-02", "The pool never pays out more than it holds.";
    WellFormed = "I-04", "A transfer moves something between two holders.";
    LiquidatedInBreach = "I-08", "Only an account in breach is liquidated.";
    NeverWorse = "I-10", "A step never lowers health unless the leg is toxic.";
    ReduceOnly = "I-11", "A liquidation never sells more than is held and never flips a side.";
    OneLiquidation = "I-18", "An account has at most one open liquidation.";
    FundNotNegative = "I-22", "The insurance fund never owes.";
    LossBorne = "I-23", "A deficit is exactly what its bearers bore.";
    DeficitLast = "I-26", "A deficit is booked only when nothing is left to take.";
    DebtBooked = "I-27", "No account keeps debt without collateral.";
    TimeForward = "I-42", "Engine time never goes back.";
    RejectedChangesNothing = "I-43", "A rejected command changes nothing but its record.";
    RulebookKnown = "I-44", "A rulebook changes only by a command that carries its hash.";
    PauseKept = "I-49", "Nobody is liquidated in a pause or in the grace period after it.";
    CapsKept = "I-50", "New business takes no total above its cap.";
    BidsHeld = "I-52", "What bidders have put down is held for them to the unit.";
}

/// The engine's last word: which promise broke, where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// The promise.
    pub invariant: Invariant,
    /// The command that broke it.
    pub sequence: u64,
    /// What was found.
    pub found: String,
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (id, sentence) = (self.invariant.id(), self.invariant.sentence());
        write!(f, "stopped at command {}: {id} broken ({sentence}) {}", self.sequence, self.found)
    }
}
