//! Auctions as a policy states them: in shares of the mark and seconds.

use super::running::{Auctioned, Running};
use crate::plan::Leg;
use crate::{Rejected, Rejection, View};
use breakwater_auction::{batch, dutch, english, sealed};
use breakwater_money::rounding::{Rounding, mul_div, mul_div_full, pow10};
use breakwater_money::{Price, Ray, Time, U256, Wad};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One in basis points.
const ONE_BPS: u32 = 10_000;

/// Most a term in basis points may be: a hundred times the mark.
const BPS_MAX: u32 = 100 * ONE_BPS;

/// Longest a stretch of an auction may last: a year, in seconds.
const SECONDS_MAX: u64 = 31_536_000;

/// How what is to be sold finds its price.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disposal {
    /// It is sold into a market by the host.
    #[default]
    Market,
    /// It is auctioned, one lot of an account at a time. Contracts are sold into their market.
    Auction(AuctionTerms),
}

/// What an auction is to raise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Raises {
    /// As much as the lot brings.
    Most,
    /// What the account owes, and the rest of the lot stays with it. Formats that sell whole lots
    /// ([`Format::Sealed`], [`Format::Batch`]) cannot stop there.
    Debt,
}

/// Terms of the auctions of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuctionTerms {
    /// Its rules.
    pub format: Format,
    /// What it is to raise.
    pub raises: Raises,
    /// Penalty that is to be raised with a debt, of the debt. What a lot brings beyond its share of the
    /// debt is the penalty first; the insurance fund gets it.
    #[serde(default)]
    pub penalty_bps: u32,
    /// Largest lot of an asset, by its symbol, in base units. A holding is put up in lots of that size
    /// at once, each to raise its share of the debt; it is one lot where there is none.
    #[serde(default)]
    pub lots_max: BTreeMap<String, u128>,
    /// Times that an auction starts again in which nobody has bid, or whose winners have not paid;
    /// then the lot goes home and is offered anew after `Policy::retry_nanos`. Formats of a single
    /// round ([`Format::Sealed`], [`Format::Batch`]) have none.
    pub restarts_max: u32,
    /// Whether a lot stays on auction although its account is healthy again. Where it does not, a lot
    /// that nobody has bid for is taken off then.
    #[serde(default)]
    pub stays_on_cure: bool,
    /// Most auctions at once.
    pub open_max: u32,
    /// Most value on auction at once, in the numeraire at the marks of their openings; zero for no bound. A
    /// lot that is worth more is cut to whole lots of the policy; one of these may always be offered
    /// where nothing else is.
    pub value_max: u128,
}

/// The rules of bidding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Ascending.
    English(EnglishTerms),
    /// Descending.
    Dutch(DutchTerms),
    /// Sealed bids.
    Sealed(SealedTerms),
    /// One price for all.
    Batch(BatchTerms),
}

/// Ascending auctions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnglishTerms {
    /// Least first bid, of the lot's value at the mark.
    pub opening_bps: u32,
    /// Bid below which the lot is not sold, of the same.
    pub reserve_bps: u32,
    /// By how much a bid must exceed the one before.
    pub step_bps: u32,
    /// Seconds after which a bid that nobody beat wins.
    pub lifetime_seconds: Option<u64>,
    /// Seconds to the end.
    pub duration_seconds: u64,
    /// How late bids move the end.
    pub extension: Option<Extension>,
    /// A part of the bid is put down; all of it where this is none.
    pub deposit: Option<Deposit>,
}

/// Late bids move the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// A bid counts as late when at most so many seconds are left.
    pub window_seconds: u64,
    /// Seconds by which it moves the end.
    pub by_seconds: u64,
    /// Seconds by which all of them together may.
    pub total_seconds_max: u64,
}

/// What bidders put down instead of their bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deposit {
    /// Of the bid.
    pub share_bps: u32,
    /// Seconds in which the winner pays the rest, or loses it.
    pub pay_within_seconds: u64,
}

/// How a price falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DutchCurve {
    /// Straight to nothing.
    Linear {
        /// In so many seconds.
        seconds: u64,
    },
    /// By the same share at the end of each step.
    Stairs {
        /// Kept of the price, 1e9.
        kept_e9: u32,
        /// Seconds of a step.
        step_seconds: u64,
    },
    /// By the same share each second.
    Exponential {
        /// Kept of the price, 1e9.
        kept_e9: u32,
    },
}

/// Descending auctions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DutchTerms {
    /// First price, of the mark.
    pub start_bps: u32,
    /// How it falls.
    pub curve: DutchCurve,
    /// Seconds up to which it holds; later it starts again.
    pub age_seconds_max: u64,
    /// Share of the first price down to which it holds.
    pub price_least_bps: u32,
    /// Least that may remain wanted after a part was taken, of what is wanted at the start.
    pub remainder_least_bps: u32,
}

/// Sealed bids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedTerms {
    /// Whether the winner pays the second bid instead of the own.
    pub second_price: bool,
    /// Bid below which the lot is not sold, of its value at the mark.
    pub reserve_bps: u32,
    /// Deposit of every bidder, of the same.
    pub deposit_bps: u32,
    /// Seconds for commitments.
    pub commit_seconds: u64,
    /// Seconds for reveals.
    pub reveal_seconds: u64,
}

/// Batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchTerms {
    /// Lowest price, of the mark; orders have to be above it.
    pub reserve_bps: u32,
    /// Seconds in which orders may be taken back.
    pub cancel_seconds: u64,
    /// Seconds in which they are taken.
    pub place_seconds: u64,
}

/// What an auction starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Number of its leg.
    pub number: u64,
    /// The leg at the mark: its worst price is the mark in the proceeds asset.
    pub at_mark: Leg,
    /// The lot's value at the mark, in base units of the proceeds.
    pub fair: u128,
    /// The same in the numeraire.
    pub value: u128,
    /// The lot's share of what is owed; none for as much as possible.
    pub due: Option<u128>,
    /// What is to be raised at most, the penalty included; none for as much as possible.
    pub wanted: Option<u128>,
}

/// `share` of `amount`.
fn part(amount: u128, bps: u32, rounding: Rounding) -> Result<u128, Rejected> {
    Ok(mul_div(amount, bps.into(), ONE_BPS.into(), rounding)?)
}

/// A fraction of 1e9 as one of 1e27.
fn ray_e9(kept_e9: u32) -> Ray {
    Ray::from_raw(U256::from(kept_e9) * U256::from(1_000_000_000_000_000_000u128))
}

/// A price in base units of the proceeds for one base unit of the lot, 1e27, rounded down.
///
/// # Errors
/// Unknown assets, or overflow.
pub(super) fn ray_price(view: &View<'_>, leg: &Leg, price: Price) -> Result<U256, Rejected> {
    let (from, to) = (view.asset(leg.asset)?.decimals, view.asset(leg.proceeds_asset)?.decimals);
    let scaled =
        U256::from(price.raw).checked_mul(U256::from(pow10(to)?)).ok_or(Rejection::Overflow)?;
    let under = U256::from(pow10(price.decimals)?)
        .checked_mul(U256::from(pow10(from)?))
        .ok_or(Rejection::Overflow)?;
    Ok(mul_div_full(scaled, Ray::one().raw, under, Rounding::Floor)?)
}

/// What a policy states and its right range.
fn within(field: &str, found: u64, least: u64, most: u64) -> Result<(), String> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    Err(format!("policy.disposal.{field} {found}: {least} to {most}"))
}

fn bps(field: &str, found: u32, least: u32) -> Result<(), String> {
    within(field, found.into(), least.into(), BPS_MAX.into())
}

fn seconds(field: &str, found: u64) -> Result<(), String> {
    within(field, found, 1, SECONDS_MAX)
}

impl Disposal {
    /// The first term that makes no sense, with its value and what would be right.
    ///
    /// # Errors
    /// A sentence naming it.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Disposal::Market => Ok(()),
            Disposal::Auction(terms) => terms.validate(),
        }
    }
}

impl AuctionTerms {
    fn validate(&self) -> Result<(), String> {
        if let Some((symbol, _)) = self.lots_max.iter().find(|(_, most)| **most == 0) {
            return Err(format!("policy.disposal.lots_max.{symbol} 0: at least 1"));
        }
        bps("penalty_bps", self.penalty_bps, 0)?;
        within("open_max", self.open_max.into(), 1, u32::MAX.into())?;
        if matches!(self.format, Format::Sealed(_) | Format::Batch(_)) {
            if self.raises == Raises::Debt {
                let right = "sealed bids and batches sell whole lots, so that most is right";
                return Err(format!("policy.disposal.raises debt: {right}"));
            }
            if self.restarts_max > 0 {
                let right = "sealed bids and batches have one round, so that 0 is right";
                return Err(format!("policy.disposal.restarts_max {}: {right}", self.restarts_max));
            }
        }
        match &self.format {
            Format::English(terms) => terms.validate(),
            Format::Dutch(terms) => terms.validate(),
            Format::Sealed(terms) => {
                bps("reserve_bps", terms.reserve_bps, 0)?;
                bps("deposit_bps", terms.deposit_bps, 0)?;
                seconds("commit_seconds", terms.commit_seconds)?;
                seconds("reveal_seconds", terms.reveal_seconds)
            }
            Format::Batch(terms) => {
                bps("reserve_bps", terms.reserve_bps, 0)?;
                seconds("place_seconds", terms.place_seconds)?;
                within("cancel_seconds", terms.cancel_seconds, 0, terms.place_seconds)
            }
        }
    }
}

impl EnglishTerms {
    fn validate(&self) -> Result<(), String> {
        bps("opening_bps", self.opening_bps, 0)?;
        bps("reserve_bps", self.reserve_bps, 0)?;
        bps("step_bps", self.step_bps, 0)?;
        seconds("duration_seconds", self.duration_seconds)?;
        self.lifetime_seconds.map_or(Ok(()), |it| seconds("lifetime_seconds", it))?;
        if let Some(Extension { window_seconds, by_seconds, total_seconds_max }) = self.extension {
            seconds("extension.window_seconds", window_seconds)?;
            seconds("extension.by_seconds", by_seconds)?;
            within("extension.total_seconds_max", total_seconds_max, by_seconds, SECONDS_MAX)?;
        }
        if let Some(Deposit { share_bps, pay_within_seconds }) = self.deposit {
            within("deposit.share_bps", share_bps.into(), 1, ONE_BPS.into())?;
            seconds("deposit.pay_within_seconds", pay_within_seconds)?;
        }
        Ok(())
    }

    fn open(&self, terms: &AuctionTerms, opening: &Opening) -> Result<Auctioned, Rejected> {
        let (lot, fair) = (U256::from(opening.at_mark.quantity), opening.fair);
        let most = opening.wanted.unwrap_or(u128::MAX);
        let share = |bps| Ok::<_, Rejected>(U256::from(part(fair, bps, Rounding::Ceil)?.min(most)));
        let step = mul_div(
            Wad::one().raw.to(),
            (ONE_BPS + self.step_bps).into(),
            ONE_BPS.into(),
            Rounding::Ceil,
        )?;
        let english = english::Terms {
            opening: share(self.opening_bps)?,
            reserve: share(self.reserve_bps)?,
            step: Wad::new(step),
            lifetime: self.lifetime_seconds,
            duration: self.duration_seconds,
            extension: self.extension.map(|it| english::Extension {
                window: it.window_seconds,
                by: it.by_seconds,
                total_most: it.total_seconds_max,
            }),
            restarts: english::Restarts {
                most: Some(terms.restarts_max),
                growth: Wad::one(),
                lot_most: None,
            },
            edge: english::Edge::BidsBefore,
            payment: match self.deposit {
                None => english::Payment::Held,
                Some(deposit) => english::Payment::Deposit {
                    rate: Wad::new(mul_div(
                        Wad::one().raw.to(),
                        deposit.share_bps.into(),
                        ONE_BPS.into(),
                        Rounding::Ceil,
                    )?),
                    pay_within: deposit.pay_within_seconds,
                },
            },
        };
        let form = match opening.wanted {
            None => english::Form::Rising,
            Some(wanted) => english::Form::TwoPhase { wanted: U256::from(wanted) },
        };
        english
            .check(form, lot)
            .map_err(|error| Rejection::BadParameter.because(error.to_string()))?;
        let auction = english::Auction::open(&english, form, lot, 0).map_err(super::running::no)?;
        Ok(Auctioned::English { terms: english, auction })
    }
}

impl BatchTerms {
    /// What the whole lot must bring.
    fn least(&self, fair: u128) -> Result<u128, Rejected> {
        Ok(part(fair, self.reserve_bps, Rounding::Ceil)?.max(1))
    }
}

impl DutchTerms {
    fn validate(&self) -> Result<(), String> {
        bps("start_bps", self.start_bps, 1)?;
        within("price_least_bps", self.price_least_bps.into(), 1, ONE_BPS.into())?;
        within("remainder_least_bps", self.remainder_least_bps.into(), 0, ONE_BPS.into())?;
        seconds("age_seconds_max", self.age_seconds_max)?;
        let kept = |kept_e9: u32| within("curve.kept_e9", kept_e9.into(), 1, 1_000_000_000);
        match self.curve {
            DutchCurve::Linear { seconds: it } => seconds("curve.seconds", it),
            DutchCurve::Stairs { kept_e9, step_seconds } => {
                kept(kept_e9)?;
                seconds("curve.step_seconds", step_seconds)
            }
            DutchCurve::Exponential { kept_e9 } => kept(kept_e9),
        }
    }

    fn open(
        &self,
        view: &View<'_>,
        opening: &Opening,
        restarts_max: u32,
    ) -> Result<Auctioned, Rejected> {
        let scale = Ray::one().raw;
        let wide = |money: u128| U256::from(money) * scale;
        let share = |bps: u32| Ray::from_raw(U256::from(bps) * scale / U256::from(ONE_BPS)); // division: exact, 1e27 is a multiple of 1e4
        let remainder = match opening.wanted {
            Some(wanted) => wide(part(wanted, self.remainder_least_bps, Rounding::Ceil)?),
            None => U256::ZERO,
        };
        let terms = dutch::Terms {
            asking: dutch::Asking::Falling(match self.curve {
                DutchCurve::Linear { seconds } => {
                    dutch::Curve::Linear { seconds: U256::from(seconds) }
                }
                DutchCurve::Stairs { kept_e9, step_seconds } => dutch::Curve::Stairs {
                    kept: ray_e9(kept_e9),
                    step_seconds: U256::from(step_seconds),
                },
                DutchCurve::Exponential { kept_e9 } => {
                    dutch::Curve::Exponential { kept: ray_e9(kept_e9) }
                }
            }),
            start: share(self.start_bps),
            age_seconds_max: U256::from(self.age_seconds_max),
            price_least: share(self.price_least_bps),
            remainder_least: remainder,
            incentive: dutch::Incentive::none(),
        };
        let feed = super::running::feed(view, &opening.at_mark)?;
        let moment = dutch::Moment { seconds: 0, feed: Some(feed) };
        // Nothing that a lot brings is above this.
        let wanted = opening.wanted.map_or(U256::MAX, wide);
        let lot = U256::from(opening.at_mark.quantity);
        let sale =
            dutch::Sale::start(&terms, &moment, wanted, lot, ()).map_err(super::running::no)?;
        Ok(Auctioned::Dutch { terms, sale, restarts: 0, restarts_max })
    }
}

impl AuctionTerms {
    /// Whether one auction can take a lot of `quantity`, worth `fair`: a batch has room for less than
    /// 2^96 units of either.
    ///
    /// # Errors
    /// Overflow.
    pub fn takes(&self, quantity: u128, fair: u128) -> Result<bool, Rejected> {
        let Format::Batch(terms) = &self.format else { return Ok(true) };
        Ok(quantity < batch::AMOUNT_END && terms.least(fair)? < batch::AMOUNT_END)
    }

    /// Opens the auction of a lot that it [takes](AuctionTerms::takes).
    ///
    /// # Errors
    /// [`Rejection::BadParameter`] where the lot does not fit the terms; [`Rejection::MarkMissing`] of a
    /// falling price without a mark to start from, or with one that rounds to nothing; overflow.
    pub fn open(&self, view: &View<'_>, opening: &Opening) -> Result<Running, Rejected> {
        let fair = opening.fair;
        // An auction's own time begins at zero.
        let time = Time::from_seconds;
        let kind = match &self.format {
            Format::English(terms) => terms.open(self, opening)?,
            Format::Dutch(terms) => terms.open(view, opening, self.restarts_max)?,
            Format::Sealed(terms) => {
                let pricing = if terms.second_price {
                    sealed::Pricing::Second
                } else {
                    sealed::Pricing::First
                };
                let sealed = sealed::Sealed::open(sealed::Terms {
                    auction: opening.number,
                    pricing,
                    reserve: U256::from(part(fair, terms.reserve_bps, Rounding::Ceil)?),
                    deposit: U256::from(part(fair, terms.deposit_bps, Rounding::Ceil)?),
                    commit_until: time(terms.commit_seconds),
                    reveal_until: time(terms.commit_seconds + terms.reveal_seconds),
                });
                Auctioned::Sealed(sealed.map_err(super::running::no)?)
            }
            Format::Batch(terms) => {
                let batch_terms = batch::Terms {
                    sell: opening.at_mark.quantity,
                    min_buy: terms.least(fair)?,
                    min_funding: 0,
                    fee_per_mille: 0,
                };
                let window = batch::Window {
                    cancel_until: time(terms.cancel_seconds),
                    place_until: time(terms.place_seconds),
                };
                let opened = batch::Batch::open(batch_terms, window);
                Auctioned::Batch(opened.map_err(super::running::no)?)
            }
        };
        Ok(Running::new(kind, opening, view.now))
    }
}
