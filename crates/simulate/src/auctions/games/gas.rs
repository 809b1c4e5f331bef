//! Competition for one liquidation: who gets the bonus.
//!
//! Searchers bid for the right to act first. Where only the winner pays, identical searchers bid all of
//! the bonus away. Where failed transactions pay too, they mix (no pure bid is safe from being just
//! beaten), and nobody gains on average. Where acting costs each of them something of his own, the
//! second-lowest cost and the lowest differ, and the winner keeps the difference. Where a bid goes,
//! to a block's builder or to the protocol whose price update made the liquidation possible, is a
//! matter of route and not of competition.

use super::chance::{Chance, Purpose};
use super::estimate::Estimate;
use super::formats::{self, Sold};
use super::single_item::BIDDERS_MAX;
use super::trials::Trials;
use super::{GameError, setting};
use breakwater_auction::sealed::Pricing;

/// The bid of the symmetric mixed equilibrium at which a rival bids no more with probability
/// `quantile`, for a prize of one whose losers pay `loser_share` of their bid: the inverse of
/// `F(b) = (g b / (1 - (1-g) b))^(1/(n-1))`.
#[must_use]
pub fn mixed_bid(bidders: u32, loser_share: f64, quantile: f64) -> f64 {
    let beats = libm::pow(quantile, f64::from(bidders.saturating_sub(1)));
    let pays = loser_share + (1.0 - loser_share) * beats;
    if pays > 0.0 { beats / pays } else { 1.0 }
}

/// What a race with failed transactions brought, for a prize of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Race {
    /// What one searcher gains.
    pub payoff: Estimate,
    /// His bid.
    pub bid: Estimate,
    /// What all searchers pay together.
    pub paid: Estimate,
    /// What one gains who always bids half of the prize.
    pub payoff_of_half: Estimate,
}

/// Plays the race at equilibrium: the highest bid wins and pays itself, all others pay a share of
/// theirs.
///
/// # Errors
/// Fewer than two bidders, too many, or a share that is not above 0 and at most 1.
pub fn race(trials: &Trials, bidders: u32, loser_share: f64) -> Result<Race, GameError> {
    setting("bidders", bidders, (2..=BIDDERS_MAX).contains(&bidders), "2 to 1000")?;
    let fits = loser_share > 0.0 && loser_share <= 1.0;
    setting("loser_share", loser_share, fits, "above 0 and at most 1")?;
    let [payoff, bid, paid, payoff_of_half] = trials.run(|chance| {
        let mut bids: Vec<f64> = (0..bidders)
            .map(|bidder| mixed_bid(bidders, loser_share, chance.uniform(Purpose::Bid, bidder, 0)))
            .collect();
        let first = bids[0];
        let (gained, paid) = settle(&bids, loser_share)?;
        bids[0] = 0.5;
        let (of_half, _) = settle(&bids, loser_share)?;
        Ok([gained, first, paid, of_half])
    })?;
    Ok(Race { payoff, bid, paid, payoff_of_half })
}

/// What the first bidder gains, and what all pay.
fn settle(bids: &[f64], loser_share: f64) -> Result<(f64, f64), GameError> {
    let winner = formats::sealed(Pricing::First, bids, 0.0)?.map(|sold| sold.bidder);
    let pays = |bidder: usize, bid: f64| match winner == Some(bidder) {
        true => bid,
        false => loser_share * bid,
    };
    let paid = bids.iter().enumerate().map(|(bidder, bid)| pays(bidder, *bid)).sum();
    let won = f64::from(u8::from(winner == Some(0)));
    Ok((won - pays(0, bids[0]), paid))
}

/// What is left of the prize to identical searchers who all bid it where only the winner pays.
///
/// # Errors
/// Fewer than two bidders or too many.
pub fn winner_pays(bidders: u32) -> Result<f64, GameError> {
    setting("bidders", bidders, (2..=BIDDERS_MAX).contains(&bidders), "2 to 1000")?;
    let bids = vec![1.0; bidders as usize];
    let mut least: f64 = 0.0;
    for pricing in [Pricing::First, Pricing::Second] {
        let sold = formats::sealed(pricing, &bids, 0.0)?;
        least = least.max(sold.map_or(1.0, |sold| 1.0 - sold.price));
    }
    Ok(least)
}

/// Who competes for what, and which ways a liquidation may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Market {
    /// Searchers, each with a cost of acting uniform on 0 to 1.
    pub searchers: u32,
    /// The bonus, in units of the highest cost, at least 1.
    pub prize: f64,
    /// Share of liquidations that an auction beside the oracle covers: those that a price update makes
    /// possible, and not those that interest or another contract does.
    pub covered: f64,
    /// Share of that auction's proceeds that its operator keeps.
    pub operator_fee: f64,
    /// Share of the others that one integrated builder gets to see alone.
    pub private: f64,
}

/// Who gets how much of the bonus, on average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split<V> {
    /// The protocol whose liquidation it is.
    pub protocol: V,
    /// Whoever runs the auction beside the oracle.
    pub operator: V,
    /// Searchers, after costs.
    pub searchers: V,
    /// Builders of blocks, after their own cost where they act themselves.
    pub builders: V,
}

impl Market {
    fn check(&self) -> Result<(), GameError> {
        let unit =
            |field, found: f64| setting(field, found, (0.0..=1.0).contains(&found), "0 to 1");
        setting(
            "searchers",
            self.searchers,
            (2..=BIDDERS_MAX).contains(&self.searchers),
            "2 to 1000",
        )?;
        let fits = self.prize.is_finite() && (1.0..=1e6).contains(&self.prize);
        setting("prize", self.prize, fits, "1 to 1000000")?;
        unit("covered", self.covered)?;
        unit("operator_fee", self.operator_fee)?;
        unit("private", self.private)
    }

    /// The closed form: competition takes `V - 2/(n+1)` and leaves the winner `1/(n+1)`; the route
    /// says who takes it.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn expected(&self) -> Result<Split<f64>, GameError> {
        self.check()?;
        let n = f64::from(self.searchers);
        let (taken, rent) = (self.prize - 2.0 / (n + 1.0), 1.0 / (n + 1.0));
        let (alone, seen) =
            ((1.0 - self.covered) * self.private, (1.0 - self.covered) * (1.0 - self.private));
        Ok(Split {
            protocol: self.covered * (1.0 - self.operator_fee) * taken,
            operator: self.covered * self.operator_fee * taken,
            searchers: (self.covered + seen) * rent,
            builders: seen * taken + alone * (self.prize - 0.5),
        })
    }

    /// The same, played at second price.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn play(&self, trials: &Trials) -> Result<Split<Estimate>, GameError> {
        self.check()?;
        let [protocol, operator, searchers, builders] = trials.run(|chance| {
            let covered = chance.happens(Purpose::Route, 0, 0, self.covered);
            if !covered && chance.happens(Purpose::Route, 0, 1, self.private) {
                // The builder acts himself and pays nobody.
                return Ok([0.0, 0.0, 0.0, self.prize - chance.uniform(Purpose::Cost, 0, 0)]);
            }
            let (costs, sold) = compete(chance, self.searchers, self.prize)?;
            let rent = self.prize - costs[sold.bidder] - sold.price;
            let fee = self.operator_fee;
            Ok(match covered {
                true => [sold.price * (1.0 - fee), sold.price * fee, rent, 0.0],
                false => [0.0, 0.0, rent, sold.price],
            })
        })?;
        Ok(Split { protocol, operator, searchers, builders })
    }
}

/// One auction at second price among searchers with costs of their own.
fn compete(chance: Chance, searchers: u32, prize: f64) -> Result<(Vec<f64>, Sold), GameError> {
    let costs: Vec<f64> =
        (0..searchers).map(|bidder| chance.uniform(Purpose::Cost, bidder, 0)).collect();
    let bids: Vec<f64> = costs.iter().map(|cost| prize - cost).collect();
    let sold = formats::sealed(Pricing::Second, &bids, 0.0)?;
    let none = || GameError::Play("nobody bids for a prize above his cost".to_owned());
    Ok((costs, sold.ok_or_else(none)?))
}

/// What competition at second price captures, and what the winner keeps.
///
/// # Errors
/// As [`Market::play`].
pub fn private_costs(
    trials: &Trials,
    searchers: u32,
    prize: f64,
) -> Result<[Estimate; 2], GameError> {
    let market = Market { searchers, prize, covered: 1.0, operator_fee: 0.0, private: 0.0 };
    let split = market.play(trials)?;
    Ok([split.protocol, split.searchers])
}

#[cfg(test)]
mod tests {
    use super::super::table::float;
    use super::*;
    use breakwater_auction::theory;
    use breakwater_money::rational;

    #[test]
    fn a_bid_drawn_has_the_distribution_of_the_theory() {
        for (bidders, share) in [(2, "1"), (3, "1/2"), (6, "1/10")] {
            let exact = rational::parse(share).unwrap();
            for quantile in [0.1, 0.5, 0.9, 1.0] {
                let bid = mixed_bid(bidders, float(&exact), quantile);
                let raw = (bid * 1e15) as i128;
                let one = rational::from_raw(1, 0);
                let at = rational::from_raw(raw, 15);
                let law = theory::all_pay_with_loser_share(bidders, &one, &exact, &at).unwrap();
                assert!((float(&law.cdf(12)) - quantile).abs() < 1e-9, "{bidders} {share}");
            }
        }
        assert_eq!((mixed_bid(4, 1.0, 0.0), mixed_bid(4, 0.5, 1.0)), (0.0, 1.0));
        // Losers who pay nothing bid it all.
        assert_eq!(mixed_bid(4, 0.0, 0.3), 1.0);
    }

    #[test]
    fn nobody_gains_in_a_race_and_all_of_the_prize_is_paid() {
        let trials = Trials::new(8, 20_000, 2).unwrap();
        for (bidders, share) in [(2, 1.0), (3, 1.0), (3, 0.5), (5, 0.1)] {
            let found = race(&trials, bidders, share).unwrap();
            assert!(found.payoff.agrees_with(0.0, 1e-9), "{found:?}");
            assert!(found.payoff_of_half.agrees_with(0.0, 1e-9), "{found:?}");
            assert!(found.paid.agrees_with(1.0, 1e-9), "{found:?}");
            if share == 1.0 {
                assert!(found.bid.agrees_with(1.0 / f64::from(bidders), 1e-9), "{found:?}");
            }
        }
        assert!(winner_pays(2).unwrap() < 1e-12);
    }

    #[test]
    fn a_race_away_from_equilibrium_has_a_winner() {
        // Bids drawn as if losers paid less are too high when they pay all.
        let trials = Trials::new(8, 5_000, 1).unwrap();
        let [gain] = trials
            .run(|chance| {
                let bid = |bidder| mixed_bid(3, 0.2, chance.uniform(Purpose::Bid, bidder, 0));
                Ok([settle(&[bid(0), bid(1), bid(2)], 1.0)?.0])
            })
            .unwrap();
        assert!(gain.interval()[1] < -0.05, "{gain:?}");
    }

    #[test]
    fn every_route_splits_the_bonus_as_expected() {
        let trials = Trials::new(21, 8_000, 2).unwrap();
        let base =
            Market { searchers: 5, prize: 10.0, covered: 1.0, operator_fee: 0.1, private: 0.0 };
        let markets = [
            base,
            Market { covered: 0.0, ..base },
            Market { covered: 0.0, private: 1.0, ..base },
            Market { covered: 0.8, private: 0.5, searchers: 2, ..base },
        ];
        for market in markets {
            let (closed, found) = (market.expected().unwrap(), market.play(&trials).unwrap());
            for (found, closed) in [
                (found.protocol, closed.protocol),
                (found.operator, closed.operator),
                (found.searchers, closed.searchers),
                (found.builders, closed.builders),
            ] {
                assert!(found.agrees_with(closed, 1e-9), "{market:?}: {found:?} for {closed}");
            }
        }
        let exact = theory::cost_competition_uniform(5, &rational::from_raw(10, 0)).unwrap();
        let [captured, rent] = private_costs(&trials, 5, 10.0).unwrap();
        assert!(captured.agrees_with(float(&exact.captured), 1e-9));
        assert!(rent.agrees_with(float(&exact.winner_rent), 1e-9));
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let trials = Trials::new(1, 10, 1).unwrap();
        let told = |share| race(&trials, 2, share).unwrap_err().to_string();
        assert_eq!(told(0.0), "loser_share is 0: it must be above 0 and at most 1");
        let market =
            Market { searchers: 2, prize: 0.5, covered: 1.0, operator_fee: 0.0, private: 0.0 };
        let told = market.expected().unwrap_err().to_string();
        assert_eq!(told, "prize is 0.5: it must be 1 to 1000000");
        let market = Market { prize: 2.0, private: 1.1, ..market };
        assert!(market.play(&trials).unwrap_err().to_string().starts_with("private is 1.1"));
    }
}
