//! The expected kind of no: numbered, stable, never reused.

use breakwater_market::Refusal;
use breakwater_money::MoneyError;
use serde::{Deserialize, Serialize};

macro_rules! rejections {
    ($($variant:ident = $number:literal, $retry:ident, $sentence:literal;)*) => {
        /// Why a command was refused. A refused command changes nothing but its record.
        ///
        /// Families: 1xx request, 2xx price, 3xx account, 4xx margin, 5xx plan, 6xx auction, 7xx ledger,
        /// 9xx system. `docs/rejections.md` lists them for callers.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[repr(u16)]
        pub enum Rejection {
            $(#[doc = $sentence] $variant = $number,)*
        }

        impl Rejection {
            /// Every rejection, in order of number.
            pub const ALL: &'static [Rejection] = &[$(Rejection::$variant),*];

            /// The stable number.
            #[must_use]
            pub const fn number(self) -> u16 {
                self as u16
            }

            /// What happened, in one sentence.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self {
                    $(Rejection::$variant => $sentence,)*
                }
            }

            /// Whether the same command may be accepted later.
            #[must_use]
            pub const fn may_retry(self) -> bool {
                match self {
                    $(Rejection::$variant => rejections!(@$retry),)*
                }
            }

            /// The name in code.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Rejection::$variant => stringify!($variant),)*
                }
            }
        }
    };
    (@retry) => { true };
    (@never) => { false };
}

rejections! {
    AmountZero = 101, never, "The amount is zero.";
    UnknownAsset = 102, never, "The asset is not defined.";
    UnknownMarket = 103, never, "The market is not defined.";
    NameTaken = 104, never, "The name is already in use.";
    BadName = 105, never, "The name is empty, too long or has characters that cannot be printed.";
    LimitReached = 106, never, "A bound of the engine is reached.";
    TimeBackwards = 107, never, "The command is earlier than one already applied.";
    NoRulebook = 108, retry, "The pool has no rulebook yet.";
    UnknownRulebook = 109, never, "No rulebook of that name is plugged into this engine.";
    RulebookHashDiffers = 110, never, "The rulebook's parameters do not have the stated hash.";
    RulebookCannotTake = 111, never, "The rulebook does not know something this book holds.";
    BadParameter = 112, never, "A parameter is outside what makes sense.";
    Unsupported = 113, never, "The rulebook has no such call.";
    ContractEnded = 114, never, "The contract has ended.";
    ContractLives = 115, retry, "The contract has not expired yet.";
    UnknownOrder = 116, never, "There is no such open order.";
    PriceStale = 201, retry, "The price is too old.";
    PriceFuture = 202, retry, "The price is from the future.";
    PriceOutOfOrder = 203, never, "A later price was already accepted.";
    PriceDuplicate = 204, never, "The price was already accepted.";
    PriceCrossed = 205, never, "The bid is above the ask.";
    PriceOutOfBand = 206, retry, "The price is too far from the last accepted one.";
    PriceNotPositive = 207, never, "The price is not positive.";
    PriceWrongScale = 208, never, "The price has another number of decimals than its market.";
    PriceSpreadTooWide = 209, retry, "Bid and ask are too far apart to make a price.";
    MarkMissing = 210, retry, "A price this needs was never accepted.";
    MarkStale = 211, retry, "A price this needs is too old.";
    MarkInGrace = 212, retry, "Prices are back after an outage and the grace period runs.";
    BreakerHolds = 213, retry, "The price fell so far that new risk waits.";
    DepthFuture = 214, retry, "The market conditions are from the future.";
    DepthOutOfOrder = 215, never, "Later market conditions are already known.";
    DepthCrossed = 216, never, "An outlet bids more than it asks.";
    DepthUnordered = 217, never, "The steps of an outlet do not go from best to worst.";
    UnknownAccount = 301, never, "The account is not open.";
    SelfDealing = 302, never, "Both sides are the same account.";
    IsolatedHoldsOne = 303, never, "An isolated account holds one contract only.";
    Healthy = 401, retry, "The account is not in breach.";
    BelowInitial = 402, retry, "The account would hold less than it needs.";
    NotCollateral = 403, never, "The account has no such collateral.";
    NotBorrowed = 404, never, "The account has no such debt.";
    Paused = 405, retry, "The venue has paused this asset.";
    VenueGrace = 406, retry, "The venue's own grace period for this asset runs.";
    AboveLastTier = 407, never, "The position is larger than the last tier allows.";
    NotLendable = 408, never, "The asset cannot be used this way here.";
    SoftLiquidation = 409, retry, "A part of the account's collateral has been swapped already.";
    AssetFrozen = 410, retry, "The operator has frozen the asset.";
    AssetPaused = 411, retry, "The operator has paused the asset.";
    UnpauseGrace = 412, retry, "The asset was paused and the grace period after it runs.";
    SupplyCapped = 413, retry, "The pool would hold more of the asset than its cap.";
    BorrowCapped = 414, retry, "The pool would lend more of the asset than its cap.";
    AbovePositionLimit = 415, retry, "The position or the open interest would be above its limit.";
    OutflowLimited = 416, retry, "More value would leave the pool than its limit lets out for now.";
    AlreadyWaiting = 417, retry, "The account already waits to be paid out of this asset.";
    BandPaused = 418, retry, "The price has stood at its band and the pause after it runs.";
    BelowStressed = 419, retry, "The account would hold less than it needs in this state of stress.";
    DustLeft = 501, never, "The call would leave dust on one side.";
    NothingToSell = 502, retry, "There is nothing to sell.";
    ExceedsPlan = 503, never, "More than the plan allows.";
    UnknownLeg = 504, never, "There is no such open leg.";
    OncePerTick = 505, retry, "The account was already liquidated at this price.";
    ZeroBurn = 506, never, "The amount is too small to move a single share.";
    WorseThanLimit = 507, retry, "The price is worse than the leg allows.";
    NotYetDue = 508, retry, "The margin call's deadline has not passed.";
    NotReduceOnly = 509, never, "The call would open or flip a position.";
    LowersHealth = 510, never, "The call would lower the account's health although the leg is not toxic.";
    WaitsForDepth = 511, retry, "The limits on sales leave no whole lot that may be sold now.";
    Throttled = 512, retry, "The value that may be liquidated within the window is used up.";
    AboveCloseFactor = 513, retry, "More of the debt would be closed than its health allows at once.";
    UnknownAuction = 601, never, "There is no such open auction.";
    WrongFormat = 602, never, "The auction does not take bids of this kind.";
    AuctionOver = 603, never, "The auction does not take such bids at this time.";
    AuctionPaused = 604, retry, "Prices may not be acted on: the auction's clock stands still.";
    BidTooLow = 605, retry, "The bid is not better than what stands, by as much as the terms ask.";
    PriceAboveLimit = 606, retry, "The price is above the bidder's limit.";
    PartTooSmall = 607, retry, "What would be left of the auction is too small.";
    SealBroken = 608, never, "The bid is not what the bidder committed to.";
    NotWinner = 609, never, "Only the winner of an auction pays, and only once it is awarded.";
    LotOnAuction = 610, retry, "Somebody has bid for the account's collateral.";
    InsufficientBalance = 701, retry, "The balance is too small.";
    InsufficientLiquidity = 702, retry, "The pool has too little of the asset in cash.";
    Overflow = 703, never, "A number would leave its range.";
    NothingToCover = 704, retry, "No deficit of the asset is outstanding.";
    Halted = 901, retry, "The pool is halted by its operator.";
    Stopped = 902, never, "An invariant was broken and the engine has stopped.";
}

/// A rejection with the numbers that explain it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// The stable reason.
    pub rejection: Rejection,
    /// Field, value and what would be right; empty where the sentence says it all.
    pub detail: String,
}

impl Rejection {
    /// This rejection with the field, the value and what would be right.
    #[must_use]
    pub fn because(self, detail: impl Into<String>) -> Rejected {
        Rejected { rejection: self, detail: detail.into() }
    }
}

impl From<Rejection> for Rejected {
    fn from(rejection: Rejection) -> Self {
        Rejected { rejection, detail: String::new() }
    }
}

impl From<MoneyError> for Rejected {
    fn from(error: MoneyError) -> Self {
        match error {
            MoneyError::Underflow => Rejection::InsufficientBalance.because(error.to_string()),
            other => Rejection::Overflow.because(other.to_string()),
        }
    }
}

impl From<Refusal> for Rejected {
    fn from(refusal: Refusal) -> Self {
        let rejection = match refusal {
            Refusal::Stale { .. } => Rejection::PriceStale,
            Refusal::Future { .. } => Rejection::PriceFuture,
            Refusal::OutOfOrder { .. } => Rejection::PriceOutOfOrder,
            Refusal::Duplicate { .. } => Rejection::PriceDuplicate,
            Refusal::Crossed { .. } => Rejection::PriceCrossed,
            Refusal::OutOfBand { .. } => Rejection::PriceOutOfBand,
            Refusal::NotPositive => Rejection::PriceNotPositive,
            Refusal::WrongScale { .. } => Rejection::PriceWrongScale,
            Refusal::SpreadTooWide { .. } => Rejection::PriceSpreadTooWide,
        };
        rejection.because(refusal.to_string())
    }
}

impl std::fmt::Display for Rejected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.rejection.number(), self.rejection.sentence())?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, " ({})", self.detail) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ascend_and_stay_in_their_families() {
        let numbers: Vec<u16> = Rejection::ALL.iter().map(|r| r.number()).collect();
        assert!(numbers.windows(2).all(|w| w[0] < w[1]));
        assert!(numbers.iter().all(|n| (100..1000).contains(n)));
        assert!(Rejection::ALL.iter().all(|r| r.sentence().ends_with('.')));
    }

    #[test]
    fn a_rejection_tells_its_numbers() {
        let told = Rejection::AmountZero.because("amount 0, expected at least 1").to_string();
        assert_eq!(told, "101 The amount is zero. (amount 0, expected at least 1)");
        assert!(Rejection::MarkStale.may_retry() && !Rejection::AmountZero.may_retry());
    }
}
