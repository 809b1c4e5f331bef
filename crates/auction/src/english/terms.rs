//! What an auction promises before anybody bids.

use breakwater_money::{MoneyError, Rounding, U256, Wad};
use serde::{Deserialize, Serialize};

/// What bidders compete in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// The bid rises for the whole lot, without a cap.
    Rising,
    /// The bid rises for the whole lot up to `wanted`; from there the lot shrinks for that sum, and
    /// what falls off it returns to the lot's owner.
    TwoPhase {
        /// The sum that is wanted and never exceeded, money units.
        wanted: U256,
    },
    /// The bid is fixed and the lot shrinks from the start. Nobody holds the lot meanwhile: its owner
    /// issues it to the winner.
    Shrinking {
        /// What every bidder pays, money units.
        price: U256,
    },
}

/// Which side has the very second in which a bid lapses or the auction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edge {
    /// Bids come before it; from it on the auction can be settled. No second is without use.
    #[default]
    BidsBefore,
    /// A bid in it is in time; the auction can be settled after it.
    BidsThrough,
    /// Bids come before it and settlement after it: in that second itself neither is taken
    /// (MakerDAO: bids need `tic > now`, settlement `tic < now`).
    DeadSecond,
}

impl Edge {
    /// Whether a bid at `now` precedes the moment `at`.
    #[must_use]
    pub const fn takes_bids(self, now: u64, at: u64) -> bool {
        match self {
            Edge::BidsBefore | Edge::DeadSecond => now < at,
            Edge::BidsThrough => now <= at,
        }
    }

    /// Whether the moment `at` is over at `now`.
    #[must_use]
    pub const fn is_over(self, now: u64, at: u64) -> bool {
        match self {
            Edge::BidsBefore => now >= at,
            Edge::BidsThrough | Edge::DeadSecond => now > at,
        }
    }
}

/// A late bid moves the end, so that nobody can win by bidding in the last second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// A bid counts as late when at most so many seconds are left.
    pub window: u64,
    /// Seconds by which a late bid moves the end.
    pub by: u64,
    /// Seconds by which all late bids together may move it: the scheduled end and these make the
    /// hard end.
    pub total_most: u64,
}

/// What happens when the end passes and nobody has bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restarts {
    /// Most times that the auction may start again; `None` for no limit.
    pub most: Option<u32>,
    /// Factor by which the lot of [`Form::Shrinking`] grows at a restart, rounded down.
    pub growth: Wad,
    /// Size above which the lot never grows; `None` for no limit.
    pub lot_most: Option<U256>,
}

/// What a bidder puts down, and where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payment {
    /// The whole bid. Whoever is outbid is repaid by whoever outbids, and only what exceeds the last
    /// bid is paid on, to the seller, at once.
    PassedOn,
    /// The whole bid, held until settlement.
    Held,
    /// A part of the bid, held; the winner owes the rest.
    Deposit {
        /// The part, as a ratio of the bid, rounded up.
        rate: Wad,
        /// Seconds from settlement, or from an offer to the next bidder, in which the rest is due.
        pay_within: u64,
    },
}

impl Payment {
    /// What is put down with a bid of `amount`.
    ///
    /// # Errors
    /// The product overflows 256 bits.
    pub fn put_down(self, amount: U256) -> Result<U256, MoneyError> {
        match self {
            Payment::PassedOn | Payment::Held => Ok(amount),
            Payment::Deposit { rate, .. } => rate.of(amount, Rounding::Ceil),
        }
    }
}

/// The terms of an auction. Calls take them as they stand, so that a venue that changes its terms
/// under a running auction is told exactly; [`Terms::check`] says whether they make sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Least first bid, money units.
    pub opening: U256,
    /// Bid below which the lot is not sold, money units. Bidders need not know it.
    pub reserve: U256,
    /// Ratio of a bid to the one before that is needed at least, as of a lot to the next while it
    /// shrinks: 1.05 for five per cent. A bid of exactly what is wanted is always large enough.
    pub step: Wad,
    /// Seconds after which a bid that nobody beat wins; `None` if it has to wait for the end.
    pub lifetime: Option<u64>,
    /// Seconds from the start, or restart, to the scheduled end.
    pub duration: u64,
    /// How late bids move the end; `None` if nothing moves it.
    pub extension: Option<Extension>,
    /// Restarts without bids.
    pub restarts: Restarts,
    /// Who has the last second.
    pub edge: Edge,
    /// What bidders put down.
    pub payment: Payment,
}

/// Terms that make no sense, each with the value found and what would be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TermsError {
    /// A bid need not exceed the one before.
    #[error("step = {0}: must be at least 1, or bids need not rise")]
    Step(Wad),
    /// An auction without time to bid.
    #[error("{field} = 0 seconds: must be at least 1, or nobody could bid")]
    NoTime {
        /// Which length.
        field: &'static str,
    },
    /// A length, an amount or a ratio outside its bounds.
    #[error("{field} = {found}: must be {least} to {most}")]
    Outside {
        /// Which term.
        field: &'static str,
        /// The value found.
        found: U256,
        /// The least that makes sense.
        least: U256,
        /// The most.
        most: U256,
    },
    /// A reserve above the opening bid where money is paid on at once.
    #[error(
        "reserve = {reserve}: must be at most the opening bid of {opening}, for a bid that is paid \
         on at once cannot be returned when the reserve is missed"
    )]
    ReservePaidOn {
        /// The reserve found.
        reserve: U256,
        /// The opening bid.
        opening: U256,
    },
}

impl Terms {
    /// Terms with a step of five per cent, bids that last `lifetime` seconds, an end after `duration`,
    /// bids held in full until settlement, nothing that moves the end and no limit of restarts.
    #[must_use]
    pub fn plain(lifetime: u64, duration: u64) -> Self {
        Terms {
            opening: U256::ZERO,
            reserve: U256::ZERO,
            step: Wad::new(1_050_000_000_000_000_000),
            lifetime: Some(lifetime),
            duration,
            extension: None,
            restarts: Restarts { most: None, growth: Wad::one(), lot_most: None },
            edge: Edge::default(),
            payment: Payment::Held,
        }
    }

    /// Whether an auction of `form` over `lot` makes sense on these terms.
    ///
    /// # Errors
    /// The first term that does not.
    pub fn check(&self, form: Form, lot: U256) -> Result<(), TermsError> {
        within("lot", lot, U256::ONE, U256::MAX)?;
        if self.step < Wad::one() {
            return Err(TermsError::Step(self.step));
        }
        self.check_times()?;
        self.check_payment()?;
        let rising_most = match form {
            Form::Rising => U256::MAX,
            Form::TwoPhase { wanted } => {
                within("wanted", wanted, U256::ONE, U256::MAX)?;
                wanted
            }
            Form::Shrinking { price } => {
                within("price", price, U256::ONE, U256::MAX)?;
                within("growth", self.restarts.growth.raw, Wad::one().raw, U256::MAX)?;
                let most = self.restarts.lot_most.unwrap_or(U256::MAX);
                within("lot", lot, U256::ONE, most)?;
                // The price is fixed: nothing else can be asked of a bid.
                U256::ZERO
            }
        };
        within("opening", self.opening, U256::ZERO, rising_most)?;
        within("reserve", self.reserve, U256::ZERO, rising_most)
    }

    fn check_times(&self) -> Result<(), TermsError> {
        let extension = self.extension.map(|it| [("window", it.window), ("by", it.by)]);
        let named = [("duration", self.duration), ("lifetime", self.lifetime.unwrap_or(1))];
        let all = named.into_iter().chain(extension.into_iter().flatten());
        match all.into_iter().find(|(_, seconds)| *seconds == 0) {
            Some((field, _)) => Err(TermsError::NoTime { field }),
            None => Ok(()),
        }
    }

    fn check_payment(&self) -> Result<(), TermsError> {
        match self.payment {
            Payment::PassedOn if self.reserve > self.opening => {
                let (reserve, opening) = (self.reserve, self.opening);
                Err(TermsError::ReservePaidOn { reserve, opening })
            }
            Payment::PassedOn | Payment::Held => Ok(()),
            Payment::Deposit { pay_within: 0, .. } => {
                Err(TermsError::NoTime { field: "pay_within" })
            }
            Payment::Deposit { rate, .. } => within("rate", rate.raw, U256::ONE, Wad::one().raw),
        }
    }
}

fn within(field: &'static str, found: U256, least: U256, most: U256) -> Result<(), TermsError> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    Err(TermsError::Outside { field, found, least, most })
}
