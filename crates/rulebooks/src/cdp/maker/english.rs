//! What the three English auctions share: their setting, their refusals, and how the auction crate's
//! terms are set to be theirs.
//!
//! The guards of `Flipper`, `Flapper` and `Flopper` (dss at fa4f6630) stand in the order of the
//! auction crate's. Bids need `tic > now` and `end > now`, settlement and restarts `tic < now` or
//! `end < now`: in the second in which the two are equal nothing is taken.

use breakwater_auction::english::{Auction, Edge, Payment, Refusal, Restarts, Terms};
use breakwater_money::{AccountId, MoneyError, U256, Wad};

/// An auction by accounts of the host.
pub type Bidding = Auction<AccountId>;

/// Largest second that the contracts hold: times are 48 bits wide.
const SECOND_MOST: u64 = (1 << 48) - 1;

/// What governance sets of each auction contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Least ratio of a bid to the one before (`beg`). Nothing keeps it from being below one.
    pub beg: Wad,
    /// Seconds that a bid lasts (`ttl`, 48 bits).
    pub ttl: u64,
    /// Seconds from the start to the end (`tau`, 48 bits).
    pub tau: u64,
}

impl Default for Setting {
    /// The contracts' own: 1.05, three hours, two days.
    fn default() -> Self {
        Setting { beg: Wad::new(1_050_000_000_000_000_000), ttl: 10_800, tau: 172_800 }
    }
}

impl Setting {
    /// The terms of an auction under this setting; a lot that restarts grow does so by `growth`.
    #[must_use]
    pub fn terms(&self, payment: Payment, growth: Wad) -> Terms {
        Terms {
            opening: U256::ZERO,
            reserve: U256::ZERO,
            step: self.beg,
            lifetime: Some(self.ttl),
            duration: self.tau,
            extension: None,
            restarts: Restarts { most: None, growth, lot_most: None },
            edge: Edge::DeadSecond,
            payment,
        }
    }

    /// Holds that an end set at `now` fits the contract's times.
    pub(super) fn ends(&self, now: u64) -> Result<(), Revert> {
        in_width(now, self.tau)
    }

    /// Holds that the life of a bid at `now` fits the contract's times.
    pub(super) fn lapses(&self, now: u64) -> Result<(), Revert> {
        in_width(now, self.ttl)
    }
}

fn in_width(now: u64, seconds: u64) -> Result<(), Revert> {
    let at = now.checked_add(seconds).filter(|at| *at <= SECOND_MOST);
    at.map(|_| ()).ok_or(Revert::Arithmetic)
}

/// Why a contract refuses a call, by the reason that it gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Revert {
    /// The contract was stopped.
    #[error("the contract is stopped")]
    NotLive,
    /// The contract still runs.
    #[error("the contract is not stopped")]
    StillLive,
    /// The vault's collateral covers its debt at the safety price.
    #[error("the vault is not unsafe")]
    NotUnsafe,
    /// As much is on auction as is allowed, or what is left is less than the least debt.
    #[error("no room is left under the limit of debt on auction")]
    LimitHit,
    /// The auction would have no debt or no lot.
    #[error("nothing would be auctioned")]
    NullAuction,
    /// More than half of what 256 bits hold, or no further number of an auction.
    #[error("a number exceeds what the contract can hold")]
    Overflow,
    /// There is no such auction.
    #[error("there is no such auction")]
    GuyNotSet,
    /// The standing bid has won meanwhile.
    #[error("the standing bid has lapsed and has won")]
    FinishedByBid,
    /// The auction is over.
    #[error("the auction has ended")]
    FinishedByEnd,
    /// Another lot than is for sale.
    #[error("the lot is not the one for sale")]
    LotNotMatching,
    /// More than the debt wanted.
    #[error("the bid exceeds the debt that is wanted")]
    HigherThanTab,
    /// Not above the standing bid.
    #[error("the bid is not above the standing one")]
    BidNotHigher,
    /// Above the standing bid by too little.
    #[error("the bid is above the standing one by too little")]
    InsufficientIncrease,
    /// Another bid than stands.
    #[error("the bid is not the standing one")]
    BidNotMatching,
    /// The lot shrinks only once the whole debt is bid.
    #[error("the whole debt is not bid yet")]
    TendNotFinished,
    /// Not below the standing lot.
    #[error("the lot is not below the standing one")]
    LotNotLower,
    /// Below the standing lot by too little.
    #[error("the lot is below the standing one by too little")]
    InsufficientDecrease,
    /// Too early to settle or to restart, or nobody has bid.
    #[error("the auction is not finished")]
    NotFinished,
    /// A bid stands where none must.
    #[error("a bid has been placed")]
    BidPlaced,
    /// The whole debt is bid: the auction ends by settlement.
    #[error("the lot is shrinking already")]
    DentPhase,
    /// More surplus would be on auction than is allowed.
    #[error("no room is left under the limit of surplus on auction")]
    OverLid,
    /// Too little surplus.
    #[error("the system's surplus is too small")]
    InsufficientSurplus,
    /// Free bad debt remains.
    #[error("the system has free bad debt")]
    DebtNotZero,
    /// Too little free bad debt.
    #[error("the system's free bad debt is too small")]
    InsufficientDebt,
    /// Surplus remains.
    #[error("the system has a surplus")]
    SurplusNotZero,
    /// Queued debt waits.
    #[error("the queued debt still waits")]
    WaitNotFinished,
    /// More than is on auction.
    #[error("less debt than that is on auction")]
    AshTooSmall,
    /// The bidder has too few governance tokens.
    #[error("the balance of governance tokens is too small")]
    TokenBalance,
    /// Overflow, or more taken than there is: a bidder without the money is refused so.
    #[error("arithmetic overflow or underflow, or too little money")]
    Arithmetic,
    /// Division by zero, which halts the machine.
    #[error("division by zero")]
    Halt,
}

impl Revert {
    /// Every reason.
    pub const ALL: [Revert; 30] = [
        Revert::NotLive,
        Revert::StillLive,
        Revert::NotUnsafe,
        Revert::LimitHit,
        Revert::NullAuction,
        Revert::Overflow,
        Revert::GuyNotSet,
        Revert::FinishedByBid,
        Revert::FinishedByEnd,
        Revert::LotNotMatching,
        Revert::HigherThanTab,
        Revert::BidNotHigher,
        Revert::InsufficientIncrease,
        Revert::BidNotMatching,
        Revert::TendNotFinished,
        Revert::LotNotLower,
        Revert::InsufficientDecrease,
        Revert::NotFinished,
        Revert::BidPlaced,
        Revert::DentPhase,
        Revert::OverLid,
        Revert::InsufficientSurplus,
        Revert::DebtNotZero,
        Revert::InsufficientDebt,
        Revert::SurplusNotZero,
        Revert::WaitNotFinished,
        Revert::AshTooSmall,
        Revert::TokenBalance,
        Revert::Arithmetic,
        Revert::Halt,
    ];

    /// The contract's own reason, without the contract's name before it. The last two have no text
    /// there; these are the words of the vectors.
    #[must_use]
    pub const fn contract_name(self) -> &'static str {
        match self {
            Revert::NotLive => "not-live",
            Revert::StillLive => "still-live",
            Revert::NotUnsafe => "not-unsafe",
            Revert::LimitHit => "liquidation-limit-hit",
            Revert::NullAuction => "null-auction",
            Revert::Overflow => "overflow",
            Revert::GuyNotSet => "guy-not-set",
            Revert::FinishedByBid => "already-finished-tic",
            Revert::FinishedByEnd => "already-finished-end",
            Revert::LotNotMatching => "lot-not-matching",
            Revert::HigherThanTab => "higher-than-tab",
            Revert::BidNotHigher => "bid-not-higher",
            Revert::InsufficientIncrease => "insufficient-increase",
            Revert::BidNotMatching => "not-matching-bid",
            Revert::TendNotFinished => "tend-not-finished",
            Revert::LotNotLower => "lot-not-lower",
            Revert::InsufficientDecrease => "insufficient-decrease",
            Revert::NotFinished => "not-finished",
            Revert::BidPlaced => "bid-already-placed",
            Revert::DentPhase => "already-dent-phase",
            Revert::OverLid => "over-lid",
            Revert::InsufficientSurplus => "insufficient-surplus",
            Revert::DebtNotZero => "debt-not-zero",
            Revert::InsufficientDebt => "insufficient-debt",
            Revert::SurplusNotZero => "surplus-not-zero",
            Revert::WaitNotFinished => "wait-not-finished",
            Revert::AshTooSmall => "not-enough-ash",
            Revert::TokenBalance => "ds-token-insufficient-balance",
            Revert::Arithmetic => "arith",
            Revert::Halt => "halt",
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
            Refusal::Lapsed { .. } => Revert::FinishedByBid,
            Refusal::Ended { .. } => Revert::FinishedByEnd,
            Refusal::LotDiffers { .. } => Revert::LotNotMatching,
            Refusal::AboveWanted { .. } => Revert::HigherThanTab,
            Refusal::NotHigher { .. } => Revert::BidNotHigher,
            Refusal::IncrementTooSmall { .. } => Revert::InsufficientIncrease,
            Refusal::BidDiffers { .. } => Revert::BidNotMatching,
            Refusal::WantedNotBid { .. } => Revert::TendNotFinished,
            Refusal::LotNotLower { .. } => Revert::LotNotLower,
            Refusal::DecrementTooSmall { .. } => Revert::InsufficientDecrease,
            Refusal::NotOver { .. } | Refusal::NoBid => Revert::NotFinished,
            Refusal::BidStands => Revert::BidPlaced,
            Refusal::WantedIsBid { .. } => Revert::DentPhase,
            // Closed auctions are deleted: whoever asks for one asks for none.
            Refusal::NotBidding => Revert::GuyNotSet,
            // Overflow; the rest belongs to forms and terms that these contracts do not have.
            _ => Revert::Arithmetic,
        }
    }
}

/// Checked operations of 256 bits, as the contracts' own.
pub(super) fn add(a: U256, b: U256) -> Result<U256, Revert> {
    a.checked_add(b).ok_or(Revert::Arithmetic)
}

pub(super) fn sub(a: U256, b: U256) -> Result<U256, Revert> {
    a.checked_sub(b).ok_or(Revert::Arithmetic)
}

pub(super) fn mul(a: U256, b: U256) -> Result<U256, Revert> {
    a.checked_mul(b).ok_or(Revert::Arithmetic)
}

/// The number of the next auction.
pub(super) fn next(kicks: u64) -> Result<u64, Revert> {
    kicks.checked_add(1).ok_or(Revert::Overflow)
}
