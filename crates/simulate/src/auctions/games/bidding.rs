//! Games of time in an ascending auction: jumps, sniping, and bids of nothing that win.

use super::chance::{Chance, Purpose};
use super::estimate::Estimate;
use super::formats::{share, units};
use super::single_item::BIDDERS_MAX;
use super::trials::Trials;
use super::{GameError, setting};
use breakwater_auction::english::{Auction, Bid, Extension, Form, Refusal, Terms};
use breakwater_money::{Rounding, U256, Wad};

/// When bidding is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// At a fixed time.
    HardEnd,
    /// At a time that late bids move, so often at most; without a limit if none.
    Extended {
        /// Most moves.
        most: Option<u32>,
    },
    /// When a bid has stood for its lifetime.
    Lifetime,
}

impl Closing {
    /// The last bid that can come, counting the opening as zero: everybody bids in the last second.
    fn last_bid(self) -> u32 {
        match self {
            Closing::HardEnd => 1,
            Closing::Extended { most } => most.map_or(u32::MAX, |most| most.saturating_add(1)),
            Closing::Lifetime => u32::MAX,
        }
    }
}

/// Seconds that a bid lives, that count as late, and that a late bid adds.
const WINDOW_S: u64 = 600;
/// Seconds to the scheduled end.
const DURATION_S: u64 = 3_600;

/// Two bidders who raise each other by the least step, each at the last second at which he can.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Duel {
    /// First bid, by the first bidder, a share of a unit of value; values are uniform from it to 1.
    pub opening: f64,
    /// Ratio of a bid to the one before, above 1.
    pub step: f64,
    /// Probability that an answer lands in time.
    pub lands: f64,
    /// When bidding is over.
    pub closing: Closing,
}

/// What a duel brings and how many bids it takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fought<V> {
    /// Price.
    pub revenue: V,
    /// Bids that landed.
    pub bids: V,
}

impl Duel {
    fn check(&self) -> Result<(), GameError> {
        let fits = (0.000_001..1.0).contains(&self.opening);
        setting("opening", self.opening, fits, "0.000001 to below 1")?;
        setting("step", self.step, (1.001..=10.0).contains(&self.step), "1.001 to 10")?;
        setting("lands", self.lands, (0.0..=1.0).contains(&self.lands), "0 to 1")
    }

    /// The closed form, a finite sum: bid `j` at `p_j = p_0 step^j` comes if all before it came, every
    /// answer landed, and both bidders value the lot at no less than their highest bid so far,
    /// `P(K >= j) = q^j S(p_even) S(p_odd)` with `S(p) = (1-p)/(1-p_0)`.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn expected(&self) -> Result<Fought<f64>, GameError> {
        self.check()?;
        let survives = |price: f64| ((1.0 - price) / (1.0 - self.opening)).max(0.0);
        let mut found = Fought { revenue: self.opening, bids: 1.0 };
        let (mut before, mut landed) = (self.opening, 1.0);
        for _ in 1..=self.closing.last_bid() {
            let price = before * self.step;
            landed *= self.lands;
            // The rival's last bid is the one before this.
            let comes = landed * survives(price) * survives(before);
            if comes == 0.0 {
                break;
            }
            found.revenue += (price - before) * comes;
            found.bids += comes;
            before = price;
        }
        Ok(found)
    }

    fn terms(&self) -> Result<Terms, GameError> {
        let step =
            Wad::ratio(U256::from(units(self.step)), U256::from(units(1.0)), Rounding::Ceil)?;
        let mut terms = Terms { step, ..Terms::plain(WINDOW_S, DURATION_S) };
        match self.closing {
            Closing::HardEnd => terms.lifetime = None,
            Closing::Extended { most } => {
                let total_most =
                    most.map_or(u64::from(u32::MAX), |most| WINDOW_S * u64::from(most));
                terms.lifetime = None;
                terms.extension = Some(Extension { window: WINDOW_S, by: WINDOW_S, total_most });
            }
            Closing::Lifetime => terms.duration = u64::from(u32::MAX),
        }
        Ok(terms)
    }

    /// Plays it through the core, late answers included: those it has to refuse.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn play(&self, trials: &Trials) -> Result<Fought<Estimate>, GameError> {
        self.check()?;
        let terms = self.terms()?;
        let [revenue, bids] = trials.run(|chance| self.fight(&terms, chance))?;
        Ok(Fought { revenue, bids })
    }

    fn fight(&self, terms: &Terms, chance: Chance) -> Result<[f64; 2], GameError> {
        let value = |bidder| {
            let drawn = chance.uniform(Purpose::Value, bidder, 0);
            U256::from(units(self.opening + (1.0 - self.opening) * drawn))
        };
        let values = [value(0), value(1)];
        let lot = U256::ONE;
        let mut auction = Auction::open(terms, Form::Rising, lot, 0)?;
        let opening = Bid { bidder: 0usize, amount: U256::from(units(self.opening)), lot };
        auction = auction.raise(terms, &opening, 0)?.auction;
        let (mut bidder, mut turn) = (0usize, 0u32);
        loop {
            (bidder, turn) = (1 - bidder, turn + 1);
            let amount = terms.step.of(auction.bid, Rounding::Ceil)?;
            if values[bidder] < amount {
                break;
            }
            let closes_at = auction.lapses_at.unwrap_or(auction.ends_at);
            let landed = chance.happens(Purpose::Lands, 0, turn, self.lands);
            // In the last second or too late; where the end stands still, the bid before had that second.
            let in_time = landed && turn <= self.closing.last_bid();
            let now = if in_time { closes_at - 1 } else { closes_at };
            match auction.raise(terms, &Bid { bidder, amount, lot }, now) {
                Ok(step) => auction = step.auction,
                Err(Refusal::Lapsed { .. } | Refusal::Ended { .. }) => break,
                Err(other) => return Err(other.into()),
            }
        }
        let closes_at = auction.lapses_at.unwrap_or(auction.ends_at);
        let sold = auction.settle(terms, closes_at)?.auction;
        Ok([share(sold.bid), f64::from(turn)])
    }
}

/// Two bidders of whom the first jumps to half of his value, which tells it: the other answers with
/// that value, which the first cannot beat, or not at all. Pretending another value `w` gains
/// `v w - w^2/2`, most at `w = v` (the limit of small bidding costs in Daniel and Hirshleifer, "A Theory
/// of Costly Sequential Bidding", 1998). Revenue is that of the ascent, 1/3, in 1.5 bids.
///
/// # Errors
/// A call that the core refuses.
pub fn jump(trials: &Trials) -> Result<Fought<Estimate>, GameError> {
    let terms = Terms { step: Wad::one(), ..Terms::plain(WINDOW_S, DURATION_S) };
    let [revenue, bids] = trials.run(|chance| {
        let value = |bidder| units(chance.uniform(Purpose::Value, bidder, 0)).max(2);
        let (first, second) = (value(0), value(1));
        let lot = U256::ONE;
        let auction = Auction::open(&terms, Form::Rising, lot, 0)?;
        let jump = Bid { bidder: 0, amount: U256::from(first >> 1), lot };
        let mut auction = auction.raise(&terms, &jump, 1)?.auction;
        let mut bids = 1.0;
        if second > first {
            let answer = Bid { bidder: 1, amount: U256::from(first), lot };
            auction = auction.raise(&terms, &answer, 2)?.auction;
            bids += 1.0;
        }
        Ok([share(auction.settle(&terms, 2 + WINDOW_S)?.auction.bid), bids])
    })?;
    Ok(Fought { revenue, bids })
}

/// How often a bid of one unit of money, first of all, is still the best when its lifetime is over:
/// each of `rivals` lands a bid in that time with probability `lands`.
///
/// # Errors
/// Too many rivals, or a probability outside 0 to 1.
pub fn zero_bid(trials: &Trials, rivals: u32, lands: f64) -> Result<Estimate, GameError> {
    setting("rivals", rivals, rivals <= BIDDERS_MAX, "at most 1000")?;
    setting("lands", lands, (0.0..=1.0).contains(&lands), "0 to 1")?;
    let terms = Terms::plain(WINDOW_S, DURATION_S);
    let [won] = trials.run(|chance| {
        let lot = U256::ONE;
        let auction = Auction::open(&terms, Form::Rising, lot, 0)?;
        let mut auction =
            auction.raise(&terms, &Bid { bidder: 0, amount: U256::ONE, lot }, 0)?.auction;
        for rival in 1..=rivals {
            // Every rival would pay half of the value: the first that lands ends the capture.
            let landed = chance.happens(Purpose::Lands, rival, 0, lands);
            let now = if landed { WINDOW_S - 1 } else { WINDOW_S };
            let amount = U256::from(units(0.5));
            if auction.leader != Some(0) {
                break;
            }
            match auction.raise(&terms, &Bid { bidder: rival, amount, lot }, now) {
                Ok(step) => auction = step.auction,
                Err(Refusal::Lapsed { .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
        let closes_at = auction.lapses_at.unwrap_or(auction.ends_at);
        let sold = auction.settle(&terms, closes_at)?.auction;
        Ok([f64::from(u8::from(sold.bid == U256::ONE))])
    })?;
    Ok(won)
}

#[cfg(test)]
mod tests {
    use super::super::table::float;
    use super::*;
    use breakwater_auction::theory::zero_bid_probability;
    use breakwater_money::rational;

    const DUEL: Duel = Duel { opening: 0.01, step: 1.05, lands: 1.0, closing: Closing::Lifetime };
    /// Steps so wide that every way to end is seen.
    const WIDE: Duel = Duel { opening: 0.1, step: 1.25, ..DUEL };

    #[test]
    fn duels_are_the_closed_form_under_every_closing() {
        let trials = Trials::new(6, 4_000, 2).unwrap();
        for lands in [1.0, 0.9, 0.5, 0.0] {
            for closing in [
                Closing::HardEnd,
                Closing::Lifetime,
                Closing::Extended { most: None },
                Closing::Extended { most: Some(3) },
            ] {
                let duel = Duel { lands, closing, ..WIDE };
                let (closed, found) = (duel.expected().unwrap(), duel.play(&trials).unwrap());
                assert!(found.revenue.agrees_with(closed.revenue, 1e-9), "{duel:?}: {found:?}");
                assert!(
                    found.bids.agrees_with(closed.bids, 1e-9),
                    "{duel:?}: {found:?} {closed:?}"
                );
            }
        }
    }

    #[test]
    fn sniping_pays_only_where_the_end_stands_still() {
        let of = |closing| Duel { closing, ..DUEL }.expected().unwrap().revenue;
        // Worked by hand: the sniper raises once if his value allows it.
        let hard = of(Closing::HardEnd);
        assert!((hard - (0.01 + 0.0005 * (1.0 - 0.0105) / 0.99)).abs() < 1e-12, "{hard}");
        // An end that moves is an ascent: the lower of two values from 0.01 to 1, less part of a step.
        let ascent = 0.01 + 0.99 / 3.0;
        let moved = of(Closing::Extended { most: None });
        assert!(moved < ascent * 1.05 && moved > ascent / 1.05, "{moved}");
        assert_eq!(moved, of(Closing::Lifetime));
        assert!(of(Closing::Extended { most: Some(3) }) < moved);
    }

    #[test]
    fn a_jump_brings_as_much_in_fewer_bids() {
        let found = jump(&Trials::new(6, 20_000, 2).unwrap()).unwrap();
        assert!(found.revenue.agrees_with(1.0 / 3.0, 1e-9), "{found:?}");
        assert!(found.bids.agrees_with(1.5, 0.0), "{found:?}");
        assert!(DUEL.expected().unwrap().bids > 50.0);
    }

    #[test]
    fn a_bid_of_nothing_wins_as_often_as_nobody_lands() {
        let trials = Trials::new(6, 10_000, 2).unwrap();
        for (rivals, lands) in [(1, "0.64"), (3, "0.29"), (4, "0.5"), (0, "0.5")] {
            let exact = rational::parse(lands).unwrap();
            let closed = float(&zero_bid_probability(rivals, &exact).unwrap());
            let found = zero_bid(&trials, rivals, float(&exact)).unwrap();
            assert!(found.agrees_with(closed, 0.0), "{rivals} {lands}: {found:?}");
        }
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let told = |duel: Duel| duel.expected().unwrap_err().to_string();
        assert!(told(Duel { opening: 0.0, ..DUEL }).starts_with("opening is 0"));
        assert!(told(Duel { step: 1.0, ..DUEL }).starts_with("step is 1"));
        assert!(told(Duel { lands: 1.5, ..DUEL }).starts_with("lands is 1.5"));
    }
}
