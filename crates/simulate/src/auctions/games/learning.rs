//! Bidders who learn, where no formula says what to bid.
//!
//! Every bidder plays, for each value he may have, a mixture over a grid of bids, and moves it towards
//! the bids that he regrets not having made (regret matching with regrets cut at zero and linear
//! averages: Hart and Mas-Colell, Econometrica 2000, as by Tammelin 2014) or multiplies the weight of
//! each by what it would have earned (multiplicative weights: Freund and Schapire, JCSS 1997). What a
//! bid earns is computed exactly against the others' mixtures; nothing is drawn. Averages over time
//! are reported with their exploitability: what all bidders together would gain if each changed to his
//! best bids on the grid while the others stayed. Zero is an equilibrium of the grid.
//!
//! Ties are split evenly. Learning of this kind need not find an equilibrium of every game; whether it
//! has is what the exploitability says, and it is computed after the fact.

use super::{GameError, setting};

/// Bidders who may have the same values and play the same mixtures.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// The values that such a bidder may have, each as likely.
    pub values: Vec<f64>,
    /// How many such bidders there are.
    pub bidders: u32,
}

/// One lot, and who bids for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Contest {
    /// One side of equal bidders, or two of one bidder each.
    pub sides: Vec<Side>,
    /// The bids that may be made, rising.
    pub bids: Vec<f64>,
    /// Share of their bid that losers pay: 0 is first price, 1 all-pay.
    pub loser_share: f64,
}

/// How bidders learn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// Regret matching, regrets cut at zero.
    RegretMatching,
    /// Multiplicative weights, with this rate over the root of the rounds.
    MultiplicativeWeights {
        /// The rate.
        rate: f64,
    },
}

/// Mixtures: by side, value and bid.
pub type Mixtures = Vec<Vec<Vec<f64>>>;

/// What learning came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Learnt {
    /// Time averages of the mixtures.
    pub mixtures: Mixtures,
    /// Gain of all best answers together, a share of a unit of value.
    pub exploitability: f64,
    /// What a bidder of each side earns on average.
    pub payoffs: Vec<f64>,
    /// What the seller, or whoever is bid to, gets.
    pub revenue: f64,
}

impl Contest {
    fn check(&self) -> Result<(), GameError> {
        let bids = self.bids.len();
        setting("bids", bids, (2..=1_000).contains(&bids), "2 to 1000")?;
        let rising = self.bids.windows(2).all(|pair| pair[0] < pair[1]) && self.bids[0] >= 0.0;
        setting("bids", "not rising from zero or more", rising, "rising from zero or more")?;
        let share = self.loser_share;
        setting("loser_share", share, (0.0..=1.0).contains(&share), "0 to 1")?;
        let bidders: u32 = self.sides.iter().map(|side| side.bidders).sum();
        let fits = match self.sides.as_slice() {
            [_] => (2..=100).contains(&bidders),
            [one, other] => one.bidders == 1 && other.bidders == 1,
            _ => false,
        };
        setting("sides", self.sides.len(), fits, "one of 2 to 100 bidders, or two of one each")?;
        let valued = |side: &Side| {
            let values = &side.values;
            (1..=1_000).contains(&values.len()) && values.iter().all(|v| (0.0..=1e6).contains(v))
        };
        let fits = self.sides.iter().all(valued);
        setting("values", "missing or out of range", fits, "1 to 1000 values from 0 to 1000000")
    }

    /// The chance that each bid wins, against everybody else's mixtures.
    fn wins(&self, side: usize, mixtures: &Mixtures) -> Vec<f64> {
        // With one side the others are of the same; with two the other has one bidder.
        let (rivals, against) = match self.sides.len() {
            1 => (self.sides[side].bidders - 1, &mixtures[side]),
            _ => (1, &mixtures[1 - side]),
        };
        let all = f64::from(rivals) + 1.0;
        let weight = 1.0 / against.len() as f64;
        let mut below = 0.0;
        (0..self.bids.len())
            .map(|bid| {
                let equal: f64 = against.iter().map(|mixture| mixture[bid] * weight).sum();
                // Of j rivals at the same bid each wins with 1/(j+1): the sum over j.
                let wins = if equal > 1e-12 {
                    let power = |base: f64| libm::pow(base, all);
                    (power(below + equal) - power(below)) / (all * equal)
                } else {
                    libm::pow(below, all - 1.0)
                };
                below += equal;
                wins
            })
            .collect()
    }

    /// What each bid earns a bidder with `value`.
    fn earns(&self, value: f64, wins: &[f64]) -> Vec<f64> {
        let of = |(bid, wins): (&f64, &f64)| {
            wins * (value - bid) - (1.0 - wins) * self.loser_share * bid
        };
        self.bids.iter().zip(wins).map(of).collect()
    }

    /// Learns for so many rounds.
    ///
    /// # Errors
    /// A contest that makes no sense, no round, or a rate that is not above zero.
    pub fn learn(&self, rule: Rule, rounds: u32) -> Result<Learnt, GameError> {
        self.check()?;
        setting("rounds", rounds, (1..=10_000_000).contains(&rounds), "1 to 10000000")?;
        if let Rule::MultiplicativeWeights { rate } = rule {
            setting("rate", rate, rate > 0.0 && rate <= 1e6, "above 0 and at most 1000000")?;
        }
        let even = vec![1.0 / self.bids.len() as f64; self.bids.len()];
        let of_all = |row: &Vec<f64>| -> Mixtures {
            self.sides.iter().map(|side| vec![row.clone(); side.values.len()]).collect()
        };
        let zero = vec![0.0; self.bids.len()];
        let (mut current, mut scores, mut sums) = (of_all(&even), of_all(&zero), of_all(&zero));
        for round in 1..=rounds {
            let wins: Vec<Vec<f64>> =
                (0..self.sides.len()).map(|side| self.wins(side, &current)).collect();
            for (side, wins) in wins.iter().enumerate() {
                for (at, value) in self.sides[side].values.iter().enumerate() {
                    let earns = self.earns(*value, wins);
                    let (mixture, score) = (&mut current[side][at], &mut scores[side][at]);
                    let weight = match rule {
                        Rule::RegretMatching => f64::from(round),
                        Rule::MultiplicativeWeights { .. } => 1.0,
                    };
                    for (sum, played) in sums[side][at].iter_mut().zip(mixture.iter()) {
                        *sum += weight * played;
                    }
                    match rule {
                        Rule::RegretMatching => match_regrets(mixture, score, &earns),
                        Rule::MultiplicativeWeights { rate } => {
                            let rate = rate / libm::sqrt(f64::from(rounds));
                            multiply_weights(mixture, score, &earns, rate);
                        }
                    }
                }
            }
        }
        sums.iter_mut().flatten().for_each(|sums| normalise(sums));
        Ok(self.judge(sums))
    }

    /// Payoffs and exploitability of mixtures.
    fn judge(&self, mixtures: Mixtures) -> Learnt {
        let (mut exploitability, mut payoffs, mut revenue) = (0.0, Vec::new(), 0.0);
        for (side, of) in self.sides.iter().enumerate() {
            let wins = self.wins(side, &mixtures);
            let (mut payoff, mut best, mut paid) = (0.0, 0.0, 0.0);
            for (value, mixture) in of.values.iter().zip(&mixtures[side]) {
                let earns = self.earns(*value, &wins);
                payoff += expectation(mixture, &earns);
                best += earns.iter().fold(f64::NEG_INFINITY, |most, earns| most.max(*earns));
                // Of a value of zero a bid earns what it pays, with the other sign.
                paid -= expectation(mixture, &self.earns(0.0, &wins));
            }
            let count = of.values.len() as f64;
            exploitability += f64::from(of.bidders) * (best - payoff) / count;
            payoffs.push(payoff / count);
            revenue += f64::from(of.bidders) * paid / count;
        }
        Learnt { mixtures, exploitability, payoffs, revenue }
    }
}

fn expectation(mixture: &[f64], earns: &[f64]) -> f64 {
    mixture.iter().zip(earns).map(|(share, earns)| share * earns).sum()
}

/// Scales to a sum of one; evenly where all are zero.
fn normalise(weights: &mut [f64]) {
    let sum: f64 = weights.iter().sum();
    let even = 1.0 / weights.len() as f64;
    weights.iter_mut().for_each(|weight| *weight = if sum > 0.0 { *weight / sum } else { even });
}

fn match_regrets(mixture: &mut [f64], regrets: &mut [f64], earns: &[f64]) {
    let got = expectation(mixture, earns);
    for ((share, regret), earns) in mixture.iter_mut().zip(regrets).zip(earns) {
        *regret = (*regret + earns - got).max(0.0);
        *share = *regret;
    }
    normalise(mixture);
}

fn multiply_weights(mixture: &mut [f64], scores: &mut [f64], earns: &[f64], rate: f64) {
    scores.iter_mut().zip(earns).for_each(|(score, earns)| *score += rate * earns);
    // Weights relative to the best, which keeps the exponential within its range.
    let best = scores.iter().fold(f64::NEG_INFINITY, |most, score| most.max(*score));
    for (share, score) in mixture.iter_mut().zip(scores) {
        *share = libm::exp(*score - best);
    }
    normalise(mixture);
}

/// So many values in the middles of even parts of 0 to `most`.
#[must_use]
pub fn even_values(count: u32, most: f64) -> Vec<f64> {
    (0..count).map(|at| most * (f64::from(at) + 0.5) / f64::from(count)).collect()
}

/// Bids from 0 to `most` in so many even steps.
#[must_use]
pub fn even_bids(steps: u32, most: f64) -> Vec<f64> {
    (0..=steps).map(|at| most * f64::from(at) / f64::from(steps)).collect()
}

/// The mean bid of one value's mixture.
#[must_use]
pub fn mean_bid(bids: &[f64], mixture: &[f64]) -> f64 {
    expectation(mixture, bids)
}

/// The largest distance between the distribution of a mixture over bids and a law of bids. At a bid of
/// the grid the law is held against the middle of the step there.
#[must_use]
pub fn distance(bids: &[f64], mixture: &[f64], law: impl Fn(f64) -> f64) -> f64 {
    let (mut below, mut most) = (0.0, 0.0f64);
    for (bid, share) in bids.iter().zip(mixture) {
        most = most.max((below + share / 2.0 - law(*bid)).abs());
        below += share;
    }
    most
}

#[cfg(test)]
mod tests;
