//! Impact that decays by any kernel, and what keeps it from being traded for a profit.

use super::kernel::Shape;
use super::symmetric::{Symmetric, dot};
use super::{Cost, Kernel, Proposal, check_times};
use crate::ModelError;
use crate::model_error::{finite, positive};

/// Most times of a Gram system: its eigenvalues take about two cubes of that in operations.
pub const TIMES_MAX: usize = 1_500;

/// Trades at times `t_i` cost `1/(2q) sum n_i n_j G(|t_i - t_j|)`: Gatheral, "No-dynamic-arbitrage
/// and market impact" (2010); Alfonsi, Schied and Slynko, "Order book resilience, price manipulation,
/// and the positive portfolio problem" (2012).
#[derive(Debug, Clone, PartialEq)]
pub struct TransientImpact {
    kernel: Kernel,
    density: f64,
}

/// Where impact under a kernel can be manipulated, although the optimum is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Caution {
    /// The kernel rises after this point of its table: a later trade feels more of an impact than
    /// an earlier one.
    Rises {
        /// The point, counted from 0.
        point: usize,
    },
    /// The kernel is not convex from this point of its table: optima may sell more than all and
    /// buy back (transaction-triggered manipulation; 2012, section 3).
    NotConvex {
        /// The point, counted from 0.
        point: usize,
    },
    /// The optimum on these times buys.
    OptimumBuys {
        /// The first trade that buys, counted from 0.
        index: usize,
        /// What it buys, in units.
        quantity: f64,
    },
    /// Impact that is not linear in the trade, with exponential decay: round trips of different
    /// paces earn (2010, section 4).
    NonlinearWithExponentialDecay {
        /// Exponent of the impact.
        exponent: f64,
    },
    /// Impact of power `delta` with decay of power `gamma`: without `gamma + delta >= 1` and
    /// `gamma` of at least about 0.415 round trips earn (2010, section 5).
    NonlinearWithSlowDecay {
        /// Exponent of the impact.
        exponent: f64,
        /// Exponent of the decay.
        decay: f64,
    },
    /// Impact that is not linear in the trade, with a table: nobody knows that no round trip earns.
    NonlinearWithTable {
        /// Exponent of the impact.
        exponent: f64,
    },
}

impl std::fmt::Display for Caution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Caution::Rises { point } => write!(f, "the kernel rises after point {point}"),
            Caution::NotConvex { point } => {
                write!(f, "the kernel is not convex at point {point}: an optimum may buy back")
            }
            Caution::OptimumBuys { index, quantity } => {
                write!(f, "the optimum buys {quantity} in trade {index}")
            }
            Caution::NonlinearWithExponentialDecay { exponent } => write!(
                f,
                "impact of power {exponent} with exponential decay can be traded for a profit"
            ),
            Caution::NonlinearWithSlowDecay { exponent, decay } => write!(
                f,
                "impact of power {exponent} with decay of power {decay} can be traded for a profit"
            ),
            Caution::NonlinearWithTable { exponent } => {
                write!(f, "impact of power {exponent} with a table may be traded for a profit")
            }
        }
    }
}

/// `2 - log 3 / log 2`: the slowest power decay under which concave power impact may be safe.
const DECAY_LEAST: f64 = 0.415_037_499_278_843_8;

impl TransientImpact {
    /// `density` is `q`: units that move the price by one quote at first, above 0.
    ///
    /// # Errors
    /// The parameter that is wrong, its value and what would be right.
    pub fn new(kernel: Kernel, density: f64) -> Result<TransientImpact, ModelError> {
        kernel.check()?;
        positive("density", density)?;
        Ok(TransientImpact { kernel, density })
    }

    /// How impact decays.
    #[must_use]
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    fn gram(&self, at_days: &[f64]) -> Result<Symmetric, ModelError> {
        check_times("at_days", at_days)?;
        if at_days.len() > TIMES_MAX {
            return Err(ModelError::too_many("at_days", at_days.len(), TIMES_MAX));
        }
        let at = |index: usize| at_days.get(index).copied().unwrap_or(0.0);
        Ok(Symmetric::of(at_days.len(), |row, column| self.kernel.left(at(row) - at(column))))
    }

    /// Smallest eigenvalue of `G(|t_i - t_j|)`, whose diagonal is 1.
    ///
    /// # Errors
    /// Times that do not ascend from 0 or more, or too many.
    pub fn smallest_eigenvalue(&self, at_days: &[f64]) -> Result<f64, ModelError> {
        let smallest = self.gram(at_days)?.smallest_eigenvalue();
        smallest.ok_or(ModelError::Empty { field: "at_days", expected: "at least one time" })
    }

    /// Refuses these times where the kernel is not positive definite on them: some round trip would
    /// cost nothing or earn, or no optimum would be the only one. Gives the smallest eigenvalue.
    ///
    /// # Errors
    /// [`ModelError::NotPositiveDefinite`] with its reason; times as above.
    pub fn check(&self, at_days: &[f64]) -> Result<f64, ModelError> {
        let gram = self.gram(at_days)?;
        let eigenvalue = gram
            .smallest_eigenvalue()
            .ok_or(ModelError::Empty { field: "at_days", expected: "at least one time" })?;
        // Both the reduction and the sums of a row are off by a few roundings of the norm.
        let floor = 8.0 * f64::EPSILON * gram.norm();
        if eigenvalue > floor {
            return Ok(eigenvalue);
        }
        let round_trips = gram.on_round_trips().smallest_eigenvalue();
        let reason = match round_trips {
            Some(least) if least < -floor => "a round trip would earn",
            _ if eigenvalue < -floor => "some trades would earn by their impact alone",
            _ => "trades at these times can hardly be told apart; fewer times or faster decay",
        };
        Err(ModelError::NotPositiveDefinite { eigenvalue, floor, reason })
    }

    /// Trades at these times that sell `quantity` at the least cost: `G n` is the same for each,
    /// so no unit is cheaper at another time (2012, proposition 1).
    ///
    /// # Errors
    /// As [`TransientImpact::check`]; a quantity that is not above 0.
    pub fn propose(&self, quantity: f64, at_days: &[f64]) -> Result<Proposal, ModelError> {
        positive("quantity", quantity)?;
        let eigenvalue = self.check(at_days)?;
        let indefinite = ModelError::NotPositiveDefinite {
            eigenvalue,
            floor: 0.0,
            reason: "the system could not be solved",
        };
        let shares = self.gram(at_days)?.solve(&vec![1.0; at_days.len()]).ok_or(indefinite)?;
        let sum = positive("sum of the solution", shares.iter().sum())?;
        let trades = shares.iter().map(|share| quantity * (share / sum)).collect();
        Proposal::of_trades(at_days.to_vec(), trades)
    }

    /// Expected cost of any trades, in quote, at no variance: the price's own moves are not part of
    /// this model ([`Proposal::variance`] has them).
    ///
    /// # Errors
    /// Too many times for a kernel that is not exponential; a figure beyond the range of floats.
    pub fn cost(&self, proposal: &Proposal) -> Result<Cost, ModelError> {
        let form = match &self.kernel {
            Kernel::Exponential { rate_per_day } => exponential_form(*rate_per_day, proposal),
            _ => {
                let image = self.gram(&proposal.at_days)?.times(&proposal.trades);
                dot(&proposal.trades, &image)
            }
        };
        let expected = finite("expected cost", 0.5 * form / self.density)?;
        Ok(Cost { expected, variance: 0.0 })
    }

    /// Cost of selling `quantity` at the first of two times and buying it back at the second, in
    /// quote: `q^2 (1 - G)` over the density, at least 0 of every kernel that is accepted.
    ///
    /// # Errors
    /// As [`TransientImpact::cost`].
    pub fn round_trip(
        &self,
        quantity: f64,
        from_days: f64,
        to_days: f64,
    ) -> Result<f64, ModelError> {
        let trades = vec![quantity, -quantity];
        Ok(self.cost(&Proposal::of_trades(vec![from_days, to_days], trades)?)?.expected)
    }

    /// Least cost of any round trip over these times whose trades squared add up to 1, in quote.
    /// Not below 0 but for rounding where [`TransientImpact::check`] passes.
    ///
    /// # Errors
    /// Times as above; fewer than two make no round trip.
    pub fn cheapest_round_trip(&self, at_days: &[f64]) -> Result<f64, ModelError> {
        let least = self.gram(at_days)?.on_round_trips().smallest_eigenvalue();
        let least = least.ok_or(ModelError::TooFew { field: "at_days", found: 1, least: 2 })?;
        Ok(0.5 * least / self.density)
    }

    /// What to beware of: the kernel's shape, an optimum on these times that buys, and
    /// `impact_exponent` other than 1, the power of the trade that instantaneous impact would follow.
    /// The cost here is that of linear impact.
    ///
    /// # Errors
    /// As [`TransientImpact::propose`]; an exponent that is not above 0.
    pub fn cautions(
        &self,
        at_days: &[f64],
        impact_exponent: f64,
    ) -> Result<Vec<Caution>, ModelError> {
        positive("impact_exponent", impact_exponent)?;
        let mut cautions = Vec::new();
        match self.kernel.shape() {
            Shape::Convex => {}
            Shape::NotConvex(point) => cautions.push(Caution::NotConvex { point }),
            Shape::Rises(point) => cautions.push(Caution::Rises { point }),
        }
        if let Some((index, sold)) = self.propose(1.0, at_days)?.first_purchase() {
            cautions.push(Caution::OptimumBuys { index, quantity: -sold });
        }
        let exponent = impact_exponent;
        if exponent != 1.0 {
            match self.kernel {
                Kernel::Exponential { .. } => {
                    cautions.push(Caution::NonlinearWithExponentialDecay { exponent });
                }
                Kernel::PowerLaw { exponent: decay, .. } => {
                    if decay + exponent < 1.0 || decay < DECAY_LEAST {
                        cautions.push(Caution::NonlinearWithSlowDecay { exponent, decay });
                    }
                }
                Kernel::Table { .. } => cautions.push(Caution::NonlinearWithTable { exponent }),
            }
        }
        Ok(cautions)
    }
}

/// `sum n_i n_j exp(-rho |t_i - t_j|)` in one pass: what is left of all earlier trades decays from
/// one to the next.
fn exponential_form(rate_per_day: f64, proposal: &Proposal) -> f64 {
    let (mut form, mut left, mut before) = (0.0, 0.0, 0.0);
    for (at, trade) in proposal.at_days.iter().zip(&proposal.trades) {
        left *= libm::exp(-rate_per_day * (at - before));
        form += trade * (trade + 2.0 * left);
        left += trade;
        before = *at;
    }
    form
}
