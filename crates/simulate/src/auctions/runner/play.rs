//! What a bidder does about an auction, by format and strategy.

use super::outside::Outside;
use crate::ScenarioError;
use crate::auctions::bidders::{Bidder, Population, Strategy, value};
use crate::auctions::settings::{PPM, UNIT_DECIMALS};
use crate::market::overflow;
use breakwater_auction::sealed::{Pricing, commitment};
use breakwater_auction::{batch, dutch, english, sealed};
use breakwater_liquidation::auctions::{Auctioned, Bid, Running};
use breakwater_money::rounding::{Rounding, mul_div, mul_div_full, narrow_u128};
use breakwater_money::{Price, Time, U256};

/// What a bidder knows of an auction when he decides.
pub(super) struct Seat<'a> {
    /// Who.
    pub bidder: &'a Bidder,
    /// He and the others.
    pub population: &'a Population,
    /// Where he would resell.
    pub outside: &'a Outside,
    /// Number of the auction.
    pub number: u64,
    /// Key of the lot's draws.
    pub lot: u64,
    /// What he takes off the outside price of this lot, millionths.
    pub discount: u128,
    /// Money that he has free.
    pub free: u128,
    /// What he would have to add to reveal all that he has committed to.
    pub promised: u128,
    /// What he has committed to, under seal.
    pub sealed: Option<u128>,
    /// What everybody sees.
    pub sight: Sight,
}

/// What everybody sees of an auction at one moment, and what a bid costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sight {
    /// Gas of one bid, base units of money.
    pub gas: u128,
    /// Price of now in a descending auction, base units for one of the lot, 1e27.
    pub asking: Option<u128>,
    /// The auction's own time, seconds.
    pub seconds: u64,
    /// All that is offered, and what reselling it would fetch.
    pub whole: (u128, u128),
}

/// A bid worth sending, with the money that has to be kept for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move {
    pub bid: Bid,
    pub needs: u128,
    /// What is behind a commitment.
    pub sealed: Option<u128>,
}

impl Move {
    fn open(bid: Bid, needs: u128) -> Option<Self> {
        Some(Move { bid, needs, sealed: None })
    }
}

/// Scale of a descending price: 1e27.
const RAY: u128 = 1_000_000_000_000_000_000_000_000_000;

impl Seat<'_> {
    /// The bid of now; none where it is better to wait or stay away.
    ///
    /// # Errors
    /// Overflow.
    pub fn decide(&self, running: &Running, left: u128) -> Result<Option<Move>, ScenarioError> {
        let seconds = self.sight.seconds;
        match &running.kind {
            Auctioned::English { terms, auction } => self.ascending(terms, auction, seconds),
            Auctioned::Dutch { sale, .. } => self.descending(sale, left),
            Auctioned::Sealed(sealed) => self.sealed(sealed, left, seconds),
            Auctioned::Batch(batch) => self.batch(batch, left, seconds),
        }
    }

    /// What reselling would fetch; of all that is offered it is known.
    fn resale(&self, quantity: u128) -> Result<u128, ScenarioError> {
        match self.sight.whole {
            (whole, fetches) if whole == quantity => Ok(fetches),
            _ => self.outside.resale(quantity),
        }
    }

    /// Value of `quantity`, had in so many seconds.
    fn value(&self, quantity: u128, seconds: u64) -> Result<u128, ScenarioError> {
        let outside = self.resale(quantity)?;
        value(outside, self.discount, (self.population.risk_ppm_per_hour, seconds), self.sight.gas)
    }

    /// As [`Seat::value`], for somebody who wants more where he has to pay.
    fn wary(&self, quantity: u128, seconds: u64) -> Result<u128, ScenarioError> {
        let outside = self.resale(quantity)?;
        let discount = match self.bidder.strategy {
            Strategy::Opportunist => self.discount.max(self.population.opportunist_ppm),
            _ => self.discount,
        };
        value(outside, discount, (self.population.risk_ppm_per_hour, seconds), self.sight.gas)
    }

    fn ascending(
        &self,
        terms: &english::Terms,
        auction: &english::Auction<u64>,
        seconds: u64,
    ) -> Result<Option<Move>, ScenarioError> {
        if auction.stage != english::Stage::Bidding
            || auction.is_over(terms, seconds)
            || auction.leader == Some(self.bidder.number.into())
        {
            return Ok(None);
        }
        let (Ok(standing), Ok(lot)) = (narrow_u128(auction.bid), narrow_u128(auction.lot)) else {
            return Ok(None);
        };
        let ends = auction.lapses_at.map_or(auction.ends_at, |at| at.min(auction.ends_at));
        let share = match self.bidder.strategy {
            Strategy::Opportunist => {
                let least = narrow_u128(terms.opening).map_err(overflow)?.max(1);
                let alone = auction.leader.is_none() && least <= self.free;
                // Nothing is worth bidding nothing for that does not pay its gas.
                let pays = alone && self.value(lot, wait(terms, auction, seconds))? > least;
                return Ok(pays.then_some(least).and_then(raise));
            }
            Strategy::Sniper => {
                let late = ends.saturating_sub(seconds) <= self.population.sniper_window;
                if auction.leader.is_none() || !late {
                    return Ok(None);
                }
                0
            }
            Strategy::Jump => self.population.jump,
            Strategy::Proxy | Strategy::Ring => self.population.entry,
        };
        let value = self.value(lot, wait(terms, auction, seconds))?;
        let first = mul_div(value, share, PPM, Rounding::Floor).map_err(overflow)?;
        let wanted = match auction.form {
            english::Form::TwoPhase { wanted } => Some(narrow_u128(wanted).map_err(overflow)?),
            _ => None,
        };
        if wanted == Some(standing) {
            return self.shrink(terms, (standing, lot), value, first);
        }
        let opening = narrow_u128(terms.opening).map_err(overflow)?;
        let least = stepped(terms, standing)?.max(standing.saturating_add(1)).max(opening);
        let amount = least.max(first).min(wanted.unwrap_or(u128::MAX));
        let affordable = amount <= value && amount <= self.free && amount > standing;
        Ok(affordable.then_some(amount).and_then(raise))
    }

    /// All that is wanted is bid: who takes less of the lot for it?
    fn shrink(
        &self,
        terms: &english::Terms,
        (wanted, lot): (u128, u128),
        value: u128,
        first: u128,
    ) -> Result<Option<Move>, ScenarioError> {
        if wanted > self.free || value < wanted {
            return Ok(None);
        }
        let scaled = mul_div_full(
            U256::from(lot),
            breakwater_money::Wad::one().raw,
            terms.step.raw,
            Rounding::Floor,
        );
        let next = narrow_u128(scaled.map_err(overflow)?).map_err(overflow)?;
        // So much of the lot that the sum is the share of its value that a first bid is.
        let jumped = match first {
            first if first > wanted => {
                mul_div(lot, wanted, first, Rounding::Ceil).map_err(overflow)?
            }
            _ => next,
        };
        let less = next.min(jumped);
        let kept = mul_div(value, less, lot.max(1), Rounding::Floor).map_err(overflow)?;
        if less == 0 || kept < wanted {
            return Ok(None);
        }
        Ok(Move::open(Bid::Shrink { lot: less }, wanted))
    }

    fn descending(
        &self,
        sale: &dutch::Sale<()>,
        left: u128,
    ) -> Result<Option<Move>, ScenarioError> {
        let Some(asking) = self.sight.asking.filter(|asking| *asking > 0 && left > 0) else {
            return Ok(None);
        };
        // What the money buys, and what of it the auction still wants to sell.
        let buys = |money| mul_div(money, RAY, asking, Rounding::Floor).unwrap_or(u128::MAX);
        let wanted = mul_div_full(sale.wanted, U256::ONE, U256::from(asking), Rounding::Floor)
            .and_then(narrow_u128)
            .unwrap_or(u128::MAX);
        let quantity = left.min(buys(self.free)).min(wanted.max(1));
        if quantity == 0 {
            return Ok(None);
        }
        let value = self.wary(quantity, 0)?.min(self.free);
        let price = mul_div(quantity, asking, RAY, Rounding::Ceil).map_err(overflow)?;
        if value < price {
            return Ok(None);
        }
        let one = 10u128.pow(UNIT_DECIMALS.into());
        let most = mul_div(value, one, quantity, Rounding::Floor).map_err(overflow)?;
        let price_max = Price::new(most, UNIT_DECIMALS);
        // More than is left may be asked for: what somebody else took meanwhile is not missed.
        let quantity = if quantity == wanted.max(1) { left } else { quantity };
        Ok(Move::open(Bid::Take { quantity, price_max }, value))
    }

    fn sealed(
        &self,
        sealed: &sealed::Sealed,
        lot: u128,
        seconds: u64,
    ) -> Result<Option<Move>, ScenarioError> {
        let terms = sealed.terms();
        let now = Time::from_seconds(seconds);
        let (committing, revealing) = (now < terms.commit_until, now < terms.reveal_until);
        let wait = terms.reveal_until.seconds_since(now);
        let value = self.wary(lot, wait)?;
        let deposit = narrow_u128(terms.deposit).map_err(overflow)?;
        match self.sealed {
            None if committing => {
                let amount = match terms.pricing {
                    Pricing::Second => value,
                    Pricing::First => self.shaded(value)?,
                };
                // Who promised more than he has would lose deposits.
                let means = self.free.saturating_sub(self.promised);
                if amount == 0 || U256::from(amount) < terms.reserve || amount > means {
                    return Ok(None);
                }
                let (wide, bidder) = (U256::from(amount), u64::from(self.bidder.number));
                let digest = commitment(self.number, bidder, wide, &self.salt());
                let bid = Bid::Commit { digest };
                Ok(Some(Move { bid, needs: deposit.max(amount), sealed: Some(amount) }))
            }
            // Who would lose more by buying than his deposit keeps silent.
            Some(amount) if !committing && revealing && value.saturating_add(deposit) >= amount => {
                let needs = amount.saturating_sub(deposit);
                if needs > self.free {
                    return Ok(None);
                }
                Ok(Move::open(Bid::Reveal { amount, salt: self.salt() }, needs))
            }
            _ => Ok(None),
        }
    }

    /// What is bid where the winner pays his bid: with evenly spread values, the value less one part in
    /// as many as bid (reference: Vickrey 1961).
    fn shaded(&self, value: u128) -> Result<u128, ScenarioError> {
        let bidding = self.population.bidders.iter().filter(|it| !self.population.stays_away(it));
        let count = bidding.count().max(1) as u128;
        mul_div(value, count - 1, count, Rounding::Floor).map_err(overflow)
    }

    fn salt(&self) -> [u8; 32] {
        let draw = self.population.about(self.bidder.number, self.lot);
        let mut salt = [0; 32];
        for (place, attempt) in [(0, 0), (16, 1)] {
            let words = draw.words(crate::perpetuals::draw::Field::Salt, attempt);
            for (offset, word) in words.iter().enumerate() {
                let from = place + offset * 8;
                salt[from..from + 8].copy_from_slice(&word.to_le_bytes());
            }
        }
        salt
    }

    fn batch(
        &self,
        batch: &batch::Batch<u64>,
        lot: u128,
        seconds: u64,
    ) -> Result<Option<Move>, ScenarioError> {
        let until = batch.window().place_until;
        let now = Time::from_seconds(seconds);
        if now >= until {
            return Ok(None);
        }
        let part = mul_div(lot, self.population.order, PPM, Rounding::Ceil).map_err(overflow)?;
        let pay = self.wary(part, until.seconds_since(now))?;
        if pay == 0 || pay > self.free {
            return Ok(None);
        }
        // An order has to be above the reserve.
        let terms = batch.terms();
        let above =
            U256::from(part) * U256::from(terms.min_buy) < U256::from(terms.sell) * U256::from(pay);
        Ok(above
            .then_some(Bid::Order { pay, min_receive: part })
            .and_then(|bid| Move::open(bid, pay)))
    }
}

fn raise(amount: u128) -> Option<Move> {
    Move::open(Bid::Raise { amount }, amount)
}

/// Seconds until a bid of now has the lot, if nobody beats it.
fn wait(terms: &english::Terms, auction: &english::Auction<u64>, seconds: u64) -> u64 {
    let left = auction.ends_at.saturating_sub(seconds);
    terms.lifetime.map_or(left, |lifetime| lifetime.min(left))
}

/// The least raise.
fn stepped(terms: &english::Terms, standing: u128) -> Result<u128, ScenarioError> {
    let wide = terms.step.of(U256::from(standing), Rounding::Ceil).map_err(overflow)?;
    narrow_u128(wide).map_err(overflow)
}
