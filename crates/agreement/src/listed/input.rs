//! What a board is told, and what it tells.

use breakwater_money::{AccountId, Price, Time};

/// Something that a board is told. All but [`Input::Time`] act before what is due at their moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The moment is over: what is due at it happens.
    Time,
    /// The underlying index was observed, at the scale of the first.
    Index(Price),
    /// The mark of a series was observed, at the scale of its first.
    Mark {
        /// Place of the series.
        series: usize,
        /// Its mark.
        price: Price,
    },
    /// Somebody asks for something.
    Ask(Request),
}

/// Something that somebody asks for. Whether there is such a position is for the host to know, who
/// keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Exercise an option before it expires.
    Exercise {
        /// Place of the series.
        series: usize,
        /// Who.
        holder: AccountId,
        /// Contracts, in the host's units.
        quantity: u128,
    },
    /// Give a position to another account.
    Transfer {
        /// Place of the series.
        series: usize,
        /// Who gives.
        from: AccountId,
        /// Who takes.
        to: AccountId,
        /// Contracts, in the host's units.
        quantity: u128,
    },
    /// Give or take back the standing instruction to roll. Repeating it changes nothing.
    Rolling {
        /// Place of the series.
        series: usize,
        /// Who.
        holder: AccountId,
        /// Whether to roll.
        on: bool,
    },
}

impl Request {
    /// Place of the series that it is about.
    #[must_use]
    pub const fn series(&self) -> usize {
        match self {
            Request::Exercise { series, .. }
            | Request::Transfer { series, .. }
            | Request::Rolling { series, .. } => *series,
        }
    }
}

/// Something that happened to a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happened {
    /// When.
    pub at: Time,
    /// Place of the series.
    pub series: usize,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A payment of funding is due: longs pay shorts where the rate is above zero.
    Funded {
        /// Average premium of the period, in 1e-12; zero without a sample.
        premium_e12: i64,
        /// Rate of this payment, in 1e-12 of the position; zero without a sample.
        rate_e12: i64,
        /// Samples that the average is made of.
        samples: u32,
    },
    /// A session ended.
    SessionEnded,
    /// Averaging of the settlement price began.
    FixingBegan,
    /// The series expired and is delivered. Nothing happens to it afterwards.
    Delivered {
        /// Settlement price of the underlying index, at its scale.
        price: Price,
        /// Samples that were there; one where the last price decides by rule.
        samples: u32,
        /// Samples that were not. Where too many are missing, the last index known decided.
        missing: u32,
    },
    /// An option was exercised.
    Exercised {
        /// By whom.
        holder: AccountId,
        /// Contracts.
        quantity: u128,
        /// The underlying index.
        price: Price,
    },
    /// A position goes to another account.
    Transferred {
        /// Who gives.
        from: AccountId,
        /// Who takes.
        to: AccountId,
        /// Contracts.
        quantity: u128,
        /// The mark at which it goes, the index where no mark is known; none with its entry price.
        mark: Option<Price>,
    },
    /// A position goes to the next series, as its holder instructed.
    Rolled {
        /// Whose.
        holder: AccountId,
        /// Place of the next series.
        into: usize,
        /// Last mark of this series; the index where none is known.
        near: Price,
        /// Last mark of the next series; the index where none is known.
        far: Price,
    },
    /// A request was refused and changed nothing.
    Refused {
        /// Which.
        request: Request,
        /// Why.
        why: Refusal,
    },
}

impl What {
    /// The word for it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            What::Funded { .. } => "funding",
            What::SessionEnded => "session",
            What::FixingBegan => "fixing",
            What::Delivered { .. } => "delivery",
            What::Exercised { .. } => "exercise",
            What::Transferred { .. } => "transfer",
            What::Rolled { .. } => "roll",
            What::Refused { .. } => "refused",
        }
    }
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The series has expired.
    #[error("the series has ended")]
    Ended,
    /// The series is not exercised before it expires.
    #[error("the series is exercised at expiry only")]
    European,
    /// Positions of the series stay where they are.
    #[error("positions of the series may not be transferred")]
    TransfersNotAllowed,
    /// Giver and taker are one.
    #[error("giver and taker are the same account")]
    SameAccount,
    /// Nothing was asked for.
    #[error("the quantity is zero")]
    QuantityZero,
    /// The series does not roll.
    #[error("the series has nothing to roll into")]
    NothingToRollInto,
    /// Instructions to roll have been carried out already.
    #[error("the moment to roll has passed")]
    RollPassed,
    /// No room for another request that waits.
    #[error("too many requests are waiting")]
    TooManyWaiting,
}
