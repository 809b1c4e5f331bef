//! Why the contracts refuse a call.

use breakwater_auction::dutch::Refusal;
use breakwater_money::MoneyError;

/// The reason of a refused call. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Revert {
    /// The system was shut down.
    #[error("liquidations are shut down")]
    NotLive,
    /// The vault's collateral covers its debt.
    #[error("the vault is safe")]
    NotUnsafe,
    /// As much is on sale as may be, here or in all.
    #[error("as much is on sale as the limits allow")]
    LimitHit,
    /// The part that fits the limits owes less than the least debt.
    #[error("the part of the vault that there is room for would be dust")]
    Dusty,
    /// The debt to be covered is worth no collateral.
    #[error("no collateral would be sold")]
    NullAuction,
    /// More than half of the numbers of 256 bits.
    #[error("an amount exceeds 2^255")]
    TooLarge,
    /// A penalty below one.
    #[error("a penalty factor must be at least 1")]
    PenaltyBelowOne,
    /// The breaker stands at a level that stops the call.
    #[error("the breaker stops the call")]
    Stopped,
    /// Nothing is wanted.
    #[error("nothing is wanted for the lot")]
    ZeroTab,
    /// Nothing is for sale.
    #[error("the lot is empty")]
    ZeroLot,
    /// The price at which the auction would start is zero.
    #[error("the auction would start at a price of zero")]
    ZeroTopPrice,
    /// The feed is flagged invalid.
    #[error("the feed has no valid price")]
    InvalidPrice,
    /// There is no such auction.
    #[error("no such auction runs")]
    NotRunning,
    /// The auction is neither too old nor too cheap.
    #[error("the auction needs no reset")]
    CannotReset,
    /// The auction is too old or too cheap.
    #[error("the auction must be reset first")]
    NeedsReset,
    /// The price is above what the taker accepts.
    #[error("the price is above the taker's limit")]
    TooExpensive,
    /// A part would leave dust, and so would any other.
    #[error("the auction can only be taken whole")]
    NoPartialPurchase,
    /// A curve that would rise.
    #[error("a curve keeps at most 1 of the price")]
    CutAboveOne,
    /// The breaker is at a level at which tripping it changes nothing.
    #[error("the breaker is tripped already")]
    AlreadyStopped,
    /// An administrator has set the breaker, and the delay has not passed.
    #[error("the breaker is locked for now")]
    TemporarilyLocked,
    /// The feed's current price is flagged invalid.
    #[error("the feed has no valid current price")]
    InvalidCurrentPrice,
    /// The feed's next price is flagged invalid.
    #[error("the feed has no valid next price")]
    InvalidNextPrice,
    /// The next price is not below the tolerated share of the current one.
    #[error("the next price is within the tolerance")]
    PriceWithinBounds,
    /// A tolerance above one.
    #[error("a tolerance is at most 1")]
    ToleranceOutOfBounds,
    /// A level above three.
    #[error("there is no such level of the breaker")]
    NonexistentLevel,
    /// A collateral that was never added. Among its vaults the contract finds none that is unsafe.
    #[error("there is no such collateral")]
    UnknownIlk,
    /// A checked operation overflows or underflows; a payer without the money is one.
    #[error("arithmetic overflow or underflow")]
    Arithmetic,
    /// A division by zero, which stops the machine.
    #[error("division by zero")]
    Halt,
}

impl Revert {
    /// Every reason with a name of its own.
    pub const NAMED: [Revert; 27] = [
        Revert::NotLive,
        Revert::NotUnsafe,
        Revert::LimitHit,
        Revert::Dusty,
        Revert::NullAuction,
        Revert::TooLarge,
        Revert::PenaltyBelowOne,
        Revert::Stopped,
        Revert::ZeroTab,
        Revert::ZeroLot,
        Revert::ZeroTopPrice,
        Revert::InvalidPrice,
        Revert::NotRunning,
        Revert::CannotReset,
        Revert::NeedsReset,
        Revert::TooExpensive,
        Revert::NoPartialPurchase,
        Revert::CutAboveOne,
        Revert::AlreadyStopped,
        Revert::TemporarilyLocked,
        Revert::InvalidCurrentPrice,
        Revert::InvalidNextPrice,
        Revert::PriceWithinBounds,
        Revert::ToleranceOutOfBounds,
        Revert::NonexistentLevel,
        Revert::Arithmetic,
        Revert::Halt,
    ];

    /// The contract's own reason, without the contract's name before it; `arith` and `halt` for
    /// failures that have none.
    #[must_use]
    pub const fn contract_name(self) -> &'static str {
        match self {
            Revert::NotLive => "not-live",
            Revert::NotUnsafe | Revert::UnknownIlk => "not-unsafe",
            Revert::LimitHit => "liquidation-limit-hit",
            Revert::Dusty => "dusty-auction-from-partial-liquidation",
            Revert::NullAuction => "null-auction",
            Revert::TooLarge => "overflow",
            Revert::PenaltyBelowOne => "file-chop-lt-WAD",
            Revert::Stopped => "stopped-incorrect",
            Revert::ZeroTab => "zero-tab",
            Revert::ZeroLot => "zero-lot",
            Revert::ZeroTopPrice => "zero-top-price",
            Revert::InvalidPrice => "invalid-price",
            Revert::NotRunning => "not-running-auction",
            Revert::CannotReset => "cannot-reset",
            Revert::NeedsReset => "needs-reset",
            Revert::TooExpensive => "too-expensive",
            Revert::NoPartialPurchase => "no-partial-purchase",
            Revert::CutAboveOne => "cut-gt-RAY",
            Revert::AlreadyStopped => "clipper-already-stopped",
            Revert::TemporarilyLocked => "temporary-locked",
            Revert::InvalidCurrentPrice => "invalid-cur-price",
            Revert::InvalidNextPrice => "invalid-nxt-price",
            Revert::PriceWithinBounds => "price-within-bounds",
            Revert::ToleranceOutOfBounds => "tolerance-out-of-bounds",
            Revert::NonexistentLevel => "nonexistent-level",
            Revert::Halt => "halt",
            Revert::Arithmetic => "arith",
        }
    }
}

impl From<MoneyError> for Revert {
    fn from(error: MoneyError) -> Self {
        match error {
            MoneyError::DivisionByZero => Revert::Halt,
            _ => Revert::Arithmetic,
        }
    }
}

impl From<Refusal> for Revert {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Stopped { .. } => Revert::Stopped,
            Refusal::NotOpen { .. } => Revert::NotRunning,
            Refusal::NeedsReset { .. } => Revert::NeedsReset,
            Refusal::NoResetNeeded { .. } => Revert::CannotReset,
            Refusal::TooDear { .. } => Revert::TooExpensive,
            Refusal::NoPart { .. } => Revert::NoPartialPurchase,
            Refusal::NothingWanted => Revert::ZeroTab,
            Refusal::LotEmpty => Revert::ZeroLot,
            Refusal::FeedMissing { .. } => Revert::InvalidPrice,
            Refusal::TopZero => Revert::ZeroTopPrice,
            Refusal::NoRoom { .. } => Revert::LimitHit,
            Refusal::UnknownMarket => Revert::UnknownIlk,
            Refusal::Arithmetic(error) => error.into(),
            // A time before the start underflows; the rest cannot come from these contracts' terms.
            _ => Revert::Arithmetic,
        }
    }
}
