//! One lot, what is wanted for it, and what a taker gets of it.

use super::{Curve, HealthDiscount, Refusal};
use breakwater_money::rounding::{Rounding, div_wide};
use breakwater_money::{MoneyError, Ray, U256, Wad};
use serde::{Deserialize, Serialize};

/// How the price of a sale is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asking {
    /// It falls with time from the top; the feed is read at start and reset only.
    Falling(Curve),
    /// It follows the feed and the position's health; there is nothing to reset.
    ByHealth(HealthDiscount),
}

/// What whoever starts or resets a sale is paid for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incentive {
    /// For each call (rad).
    pub flat: U256,
    /// Of the proceeds wanted.
    pub share: Wad,
}

impl Incentive {
    /// Nothing.
    #[must_use]
    pub const fn none() -> Self {
        Incentive { flat: U256::ZERO, share: Wad::from_raw(U256::ZERO) }
    }

    /// Whether there is none at all.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.flat.is_zero() && self.share.raw.is_zero()
    }

    /// The incentive (rad) where `wanted` is wanted, its share rounded down.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn amount(&self, wanted: U256) -> Result<U256, MoneyError> {
        if self.is_none() {
            return Ok(U256::ZERO);
        }
        let share = self.share.of(wanted, Rounding::Floor)?;
        self.flat.checked_add(share).ok_or(MoneyError::Overflow)
    }
}

/// The terms of sales in one market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// How the price is found.
    pub asking: Asking,
    /// The top price is the feed's times this.
    pub start: Ray,
    /// Age in auction seconds up to which a sale holds; one second more and it must be reset.
    pub age_seconds_max: U256,
    /// Share of the top price down to which a sale holds; one unit less and it must be reset.
    pub price_least: Ray,
    /// Least that may remain wanted after a part was taken, unless nothing does (rad). Dust costs
    /// more to sell than it brings.
    pub remainder_least: U256,
    /// For starting and resetting.
    pub incentive: Incentive,
}

impl Terms {
    /// Holds that sales under these terms can be priced, start above nothing, and do not go for
    /// nothing: a price that may fall to zero hands the lot to whoever comes first.
    ///
    /// # Errors
    /// [`Refusal::BadTerm`].
    pub fn check(&self) -> Result<(), Refusal> {
        let bad = |field, found, right| Err(Refusal::BadTerm { field, found, right });
        match &self.asking {
            Asking::Falling(curve) => curve.check()?,
            Asking::ByHealth(discount) => return discount.check(),
        }
        if self.start.raw.is_zero() {
            return bad("start", self.start.raw, "a sale starts above 0");
        }
        if self.price_least.raw.is_zero() {
            let right = "above 0, or the lot goes for nothing when the price has fallen to it";
            return bad("price_least", self.price_least.raw, right);
        }
        if self.price_least > Ray::one() {
            let right = "at most 1 (1e27), or every sale is stale from its start";
            return bad("price_least", self.price_least.raw, right);
        }
        Ok(())
    }
}

/// What the feed says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// Price of a unit of the lot (ray).
    pub price: U256,
    /// Health of the position whose lot is sold, where the price rule asks for it.
    pub health: Option<Wad>,
}

/// All that a sale depends on besides itself and its terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Auction seconds, as [`Clock`](super::Clock) counts them.
    pub seconds: u64,
    /// The feed, if it is valid.
    pub feed: Option<Feed>,
}

/// The price at a moment, and whether it still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Price of a unit (ray).
    pub price: U256,
    /// Whether the sale is too old or too cheap, so that it must be reset before a part is taken.
    pub needs_reset: bool,
}

/// An open sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale<O> {
    /// Proceeds that are still wanted (rad). Never more is collected.
    pub wanted: U256,
    /// What is left of the lot (wad).
    pub lot: U256,
    /// Who gets what of the lot is left once all that is wanted has been paid.
    pub owner: O,
    /// Auction second of the start or of the last reset.
    pub started: u64,
    /// Price at that second (ray).
    pub top: U256,
}

/// What becomes of a sale when something is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<O> {
    /// It stays open.
    Open(Sale<O>),
    /// The lot is gone.
    SoldOut {
        /// What was wanted and not paid (rad); zero if it was enough.
        unrecovered: U256,
    },
    /// All that was wanted is paid.
    Paid {
        /// Who gets the rest.
        owner: O,
        /// The rest of the lot (wad), above zero.
        returned: U256,
    },
}

/// What a taker pays and gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken<O> {
    /// Price of a unit (ray).
    pub price: U256,
    /// What the taker gets (wad).
    pub slice: U256,
    /// What the taker owes (rad).
    pub owed: U256,
    /// What no longer counts as on sale (rad): what is owed or, once the lot is gone, all that was
    /// still wanted.
    pub released: U256,
    /// What becomes of the sale.
    pub outcome: Outcome<O>,
}

impl<O: Clone> Sale<O> {
    /// Starts the sale of `lot` (wad) until `wanted` (rad) is collected.
    ///
    /// # Errors
    /// [`Refusal::NothingWanted`], [`Refusal::LotEmpty`], [`Refusal::FeedMissing`],
    /// [`Refusal::TopZero`], [`Refusal::Arithmetic`], in this order.
    pub fn start(
        terms: &Terms,
        moment: &Moment,
        wanted: U256,
        lot: U256,
        owner: O,
    ) -> Result<Self, Refusal> {
        if wanted.is_zero() {
            return Err(Refusal::NothingWanted);
        }
        if lot.is_zero() {
            return Err(Refusal::LotEmpty);
        }
        let (top, _) = top(terms, moment)?;
        Ok(Sale { wanted, lot, owner, started: moment.seconds, top })
    }

    /// The price at this moment and whether it holds: a function of time, feed and nothing else.
    ///
    /// # Errors
    /// [`Refusal::FeedMissing`] and [`Refusal::Healthy`] where the price follows the feed,
    /// [`Refusal::TimeBack`] of a moment before the start, [`Refusal::Arithmetic`].
    pub fn status(&self, terms: &Terms, moment: &Moment) -> Result<Status, Refusal> {
        match &terms.asking {
            Asking::Falling(curve) => {
                let elapsed = moment.seconds.checked_sub(self.started);
                let back = Refusal::TimeBack { now: moment.seconds, last: self.started };
                let elapsed = U256::from(elapsed.ok_or(back)?);
                let price = curve.price(self.top, elapsed)?;
                let needs_reset = elapsed > terms.age_seconds_max
                    || Ray::ratio(price, self.top, Rounding::Floor)? < terms.price_least;
                Ok(Status { price, needs_reset })
            }
            Asking::ByHealth(discount) => {
                let feed = moment.feed.ok_or(Refusal::FeedMissing { what: "price" })?;
                let health = feed.health.ok_or(Refusal::FeedMissing { what: "health" })?;
                Ok(Status { price: discount.price(feed.price, health)?, needs_reset: false })
            }
        }
    }

    /// Takes at most `amount` of the lot (wad) at no more than `price_max` (ray).
    ///
    /// Never more is owed than is wanted: the slice is then cut, rounded down, so that the taker may
    /// get up to one unit less for the same money. Never dust is left wanted: the slice is cut so
    /// that just [`Terms::remainder_least`] remains, or, where not even that is wanted, a part is
    /// refused. Whoever takes the whole lot leaves nothing to sell and is free of the rule.
    ///
    /// # Errors
    /// Those of [`Sale::status`], then [`Refusal::NeedsReset`], [`Refusal::TooDear`],
    /// [`Refusal::NoPart`], [`Refusal::Arithmetic`].
    pub fn take(
        &self,
        terms: &Terms,
        moment: &Moment,
        amount: U256,
        price_max: U256,
    ) -> Result<Taken<O>, Refusal> {
        let Status { price, needs_reset } = self.status(terms, moment)?;
        if needs_reset {
            return Err(Refusal::NeedsReset { price });
        }
        if price_max < price {
            return Err(Refusal::TooDear { price, price_max });
        }
        let (slice, owed) = self.cut(terms.remainder_least, price, amount)?;
        let wanted = self.wanted.checked_sub(owed).ok_or(MoneyError::Underflow)?;
        let lot = self.lot.checked_sub(slice).ok_or(MoneyError::Underflow)?;
        let owner = self.owner.clone();
        let (released, outcome) = if lot.is_zero() {
            (self.wanted, Outcome::SoldOut { unrecovered: wanted })
        } else if wanted.is_zero() {
            (owed, Outcome::Paid { owner, returned: lot })
        } else {
            (owed, Outcome::Open(Sale { wanted, lot, owner, ..*self }))
        };
        Ok(Taken { price, slice, owed, released, outcome })
    }

    /// Slice and what is owed for it.
    fn cut(
        &self,
        remainder_least: U256,
        price: U256,
        amount: U256,
    ) -> Result<(U256, U256), Refusal> {
        let slice = self.lot.min(amount);
        let owed = slice.checked_mul(price).ok_or(MoneyError::Overflow)?;
        let Some(remainder) = self.wanted.checked_sub(owed) else {
            return Ok((div_wide(self.wanted, price, Rounding::Floor)?, self.wanted));
        };
        let leaves_dust = !remainder.is_zero() && remainder < remainder_least;
        if !leaves_dust || slice == self.lot {
            return Ok((slice, owed));
        }
        match self.wanted.checked_sub(remainder_least) {
            None | Some(U256::ZERO) => {
                Err(Refusal::NoPart { wanted: self.wanted, remainder_least })
            }
            Some(owed) => Ok((div_wide(owed, price, Rounding::Floor)?, owed)),
        }
    }

    /// The sale begun again at the feed's price now, and the incentive (rad) for doing so, which is
    /// paid only where what is wanted and what the lot is worth are both more than dust: else dust
    /// would be reset for its incentive for ever.
    ///
    /// # Errors
    /// Those of [`Sale::status`], then [`Refusal::NoResetNeeded`], [`Refusal::FeedMissing`],
    /// [`Refusal::TopZero`], [`Refusal::Arithmetic`].
    pub fn reset(&self, terms: &Terms, moment: &Moment) -> Result<(Self, U256), Refusal> {
        let Status { price, needs_reset } = self.status(terms, moment)?;
        if !needs_reset {
            return Err(Refusal::NoResetNeeded { price });
        }
        let (top, feed) = top(terms, moment)?;
        let mut incentive = U256::ZERO;
        if !terms.incentive.is_none() && self.wanted >= terms.remainder_least {
            let worth = self.lot.checked_mul(feed).ok_or(MoneyError::Overflow)?;
            if worth >= terms.remainder_least {
                incentive = terms.incentive.amount(self.wanted)?;
            }
        }
        Ok((Sale { started: moment.seconds, top, ..self.clone() }, incentive))
    }
}

/// The price at which a sale begins now, and the feed's.
fn top(terms: &Terms, moment: &Moment) -> Result<(U256, U256), Refusal> {
    let feed = moment.feed.ok_or(Refusal::FeedMissing { what: "price" })?.price;
    let top = terms.start.of(feed, Rounding::Floor)?;
    if top.is_zero() { Err(Refusal::TopZero) } else { Ok((top, feed)) }
}
