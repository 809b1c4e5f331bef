//! Why a call is refused.

use breakwater_money::{MoneyError, U256, Wad};

/// Why a call on an auction is refused. Nothing has changed then. Guards are asked in the order in
/// which the variants of a call stand here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The auction takes no such call any more.
    #[error(
        "the auction is closed or awarded; it takes bids, restarts and settlement while bidding"
    )]
    NotBidding,
    /// A raise where the price is fixed.
    #[error("the bid is fixed at {price}; ask for a smaller lot instead")]
    PriceFixed {
        /// The price.
        price: U256,
    },
    /// A smaller lot where only the bid counts.
    #[error("the lot is sold whole; raise the bid instead")]
    LotFixed,
    /// The standing bid has won meanwhile.
    #[error("now = {now}: the standing bid lapsed at {lapsed_at} and has won")]
    Lapsed {
        /// When the call came.
        now: u64,
        /// When the standing bid's lifetime was over.
        lapsed_at: u64,
    },
    /// The auction is over.
    #[error("now = {now}: the auction ended at {ended_at}")]
    Ended {
        /// When the call came.
        now: u64,
        /// When it ended.
        ended_at: u64,
    },
    /// The bidder thinks of another lot than is for sale.
    #[error("lot = {lot}: must be {standing}, the lot for sale")]
    LotDiffers {
        /// The lot of the bid.
        lot: U256,
        /// The lot for sale.
        standing: U256,
    },
    /// More than is wanted.
    #[error("amount = {amount}: must be at most {wanted}, the sum wanted")]
    AboveWanted {
        /// The bid.
        amount: U256,
        /// The sum wanted.
        wanted: U256,
    },
    /// Not more than the standing bid.
    #[error("amount = {amount}: must be above {standing}, the standing bid")]
    NotHigher {
        /// The bid.
        amount: U256,
        /// The standing bid.
        standing: U256,
    },
    /// A first bid below the opening.
    #[error("amount = {amount}: the first bid must be at least {opening}")]
    BelowOpening {
        /// The bid.
        amount: U256,
        /// The least first bid.
        opening: U256,
    },
    /// More than the standing bid, but by too little.
    #[error("amount = {amount}: must be at least {step} times {standing}, the standing bid")]
    IncrementTooSmall {
        /// The bid.
        amount: U256,
        /// The standing bid.
        standing: U256,
        /// The ratio needed.
        step: Wad,
    },
    /// The bidder thinks of another bid than stands.
    #[error("amount = {amount}: must be {standing}, the standing bid")]
    BidDiffers {
        /// The bid.
        amount: U256,
        /// The standing bid.
        standing: U256,
    },
    /// The lot shrinks only once all that is wanted has been bid.
    #[error("standing bid = {standing}: the lot shrinks from {wanted} on, the sum wanted")]
    WantedNotBid {
        /// The standing bid.
        standing: U256,
        /// The sum wanted.
        wanted: U256,
    },
    /// Not less than the standing lot.
    #[error("lot = {lot}: must be below {standing}, the standing lot")]
    LotNotLower {
        /// The lot of the bid.
        lot: U256,
        /// The standing lot.
        standing: U256,
    },
    /// Less than the standing lot, but by too little.
    #[error("lot = {lot}: must be at most {standing}, the standing lot, divided by {step}")]
    DecrementTooSmall {
        /// The lot of the bid.
        lot: U256,
        /// The standing lot.
        standing: U256,
        /// The ratio needed.
        step: Wad,
    },
    /// Restart, settlement or a claim of default too early.
    #[error("now = {now}: not before {at}")]
    NotOver {
        /// When the call came.
        now: u64,
        /// The moment that must be over.
        at: u64,
    },
    /// An auction with a bid is settled, not restarted.
    #[error("a bid stands: settle instead of starting again")]
    BidStands,
    /// No restart is left.
    #[error("restarts = {most}: all are spent; cancel to return the lot")]
    RestartsSpent {
        /// Most restarts.
        most: u32,
    },
    /// Nobody has bid.
    #[error("nobody has bid: restart or cancel instead of settling")]
    NoBid,
    /// Parts of the lot may have gone back to the owner already.
    #[error("all of {wanted} is bid and the lot is shrinking: the auction ends by settlement")]
    WantedIsBid {
        /// The sum wanted.
        wanted: U256,
    },
    /// A payment or a claim of default where nothing is awarded.
    #[error("nothing is awarded, so nothing is due")]
    NotAwarded,
    /// A payment by somebody else than the winner.
    #[error("the payer is not the bidder to whom the lot is awarded")]
    NotWinner,
    /// The winner pays too late.
    #[error("now = {now}: the payment was due by {due_by}")]
    Overdue {
        /// When the call came.
        now: u64,
        /// Last second in which the payment was in time.
        due_by: u64,
    },
    /// A product exceeds 256 bits, or a moment 64.
    #[error("overflow: an amount exceeds 256 bits or a time 64")]
    Overflow,
}

impl From<MoneyError> for Refusal {
    fn from(_: MoneyError) -> Self {
        Refusal::Overflow
    }
}
