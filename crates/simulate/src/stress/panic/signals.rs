//! One threshold instead of two equilibria: everybody sees a fundamental a little wrong.
//!
//! After Goldstein and Pauzner, "Demand-Deposit Contracts and the Probability of Bank Runs" (Journal of
//! Finance 60, 2005): the investment pays with the probability `theta` and else nothing. Whoever sees
//! exactly the threshold thinks any share of the others between the impatient and all equally likely to
//! come, and is indifferent. Here the patient are risk neutral about that lottery, which keeps the
//! threshold in closed form.

use super::deposits::Contract;
use crate::stress::StressError;
use crate::stress::error::{Range, check};

/// The threshold of a contract.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fundamental {
    /// Below it, who sees the fundamental exactly withdraws; above, stays. Above 1 everybody always does.
    pub threshold: f64,
}

impl Fundamental {
    /// The `theta` at which the integral over the share `f` that comes, from the impatient to all, of what
    /// staying gives (`theta` times it) less what leaving gives, is zero.
    ///
    /// # Errors
    /// All depositors are impatient: nobody decides.
    pub fn of(contract: &Contract) -> Result<Fundamental, StressError> {
        let t = contract.deposit.impatient;
        if t >= 1.0 {
            let (field, right) = ("impatient", "below 1 is right: else nobody decides");
            return Err(StressError::Input { field, value: t, right });
        }
        let c = contract.early.max(1.0);
        let full = (1.0 / c).max(t);
        // While the bank pays all who come, leaving gives c; then a place in the line, 1 / f.
        let leaving = c * (full - t) - libm::log(full);
        // Of (1 - f c) / (1 - f): c from the impatient to full, and the logarithm of the rest.
        let logarithm = if c > 1.0 { (c - 1.0) * libm::log((1.0 - full) / (1.0 - t)) } else { 0.0 };
        let staying = contract.deposit.gross_return * (c * (full - t) + logarithm);
        if staying <= 0.0 {
            return Ok(Fundamental { threshold: f64::MAX });
        }
        Ok(Fundamental { threshold: leaving / staying })
    }

    /// Probability that a patient depositor withdraws at a fundamental, when signals are normal around it
    /// with a precision (one over their variance): `N(sqrt(precision) (threshold - theta))`. Without end of
    /// precision it is a step at the threshold.
    ///
    /// # Errors
    /// A fundamental that is no number, or a precision that is negative or no number.
    pub fn withdrawal_probability(&self, theta: f64, precision: f64) -> Result<f64, StressError> {
        check("theta", theta, Range::Finite)?;
        check("precision", precision, Range::ZeroOrMore)?;
        let z = libm::sqrt(precision) * (self.threshold - theta);
        Ok(0.5 * libm::erfc(-z / std::f64::consts::SQRT_2))
    }
}

#[cfg(test)]
mod tests {
    use super::super::deposits::Deposit;
    use super::*;

    fn contract(impatient: f64, gross_return: f64, aversion: f64) -> Contract {
        Deposit { impatient, gross_return, aversion }.contract().unwrap()
    }

    #[test]
    fn whoever_sees_the_threshold_is_indifferent_by_a_plain_sum() {
        for contract in [contract(0.25, 2.0, 2.0), contract(0.5, 1.5, 4.0), contract(0.1, 4.0, 3.0)]
        {
            let theta = Fundamental::of(&contract).unwrap().threshold;
            let (t, steps) = (contract.deposit.impatient, 400_000);
            let width = (1.0 - t) / f64::from(steps);
            let gain = |step: u32| {
                let f = t + (f64::from(step) + 0.5) * width;
                (theta * contract.staying(f) - contract.leaving(f)) * width
            };
            let sum: f64 = (0..steps).map(gain).sum();
            assert!(sum.abs() < 1e-7, "{theta}: {sum}");
        }
    }

    #[test]
    fn with_precise_signals_withdrawing_is_a_step() {
        let game = Fundamental::of(&contract(0.25, 4.0, 1.2)).unwrap();
        assert!(game.threshold > 0.0 && game.threshold < 1.0, "{}", game.threshold);
        let at = |theta: f64, precision| game.withdrawal_probability(theta, precision).unwrap();
        assert_eq!(at(game.threshold, 1e6), 0.5);
        let mut before = 0.0;
        for precision in [0.0, 1.0, 1e2, 1e4, 1e6, 1e8] {
            let rise = at(game.threshold - 1e-2, precision) - at(game.threshold + 1e-2, precision);
            assert!(rise >= before);
            before = rise;
        }
        assert!(before > 1.0 - 1e-12);
        assert_eq!((at(game.threshold - 1e-3, 1e12), at(game.threshold + 1e-3, 1e12)), (1.0, 0.0));
        assert!(game.withdrawal_probability(0.5, -1.0).is_err());
    }

    #[test]
    fn a_better_return_lowers_the_threshold_and_a_promise_raises_it() {
        let theta = |gross_return: f64, early: f64| {
            let deposit = Deposit { impatient: 0.25, gross_return, aversion: 2.0 };
            let contract = Contract { early, ..deposit.contract().unwrap() };
            Fundamental::of(&contract).unwrap().threshold
        };
        assert!(theta(4.0, 1.1) < theta(2.0, 1.1));
        assert!(theta(4.0, 1.3) > theta(4.0, 1.1));
        // The best contract of the very averse promises so much that everybody always runs.
        assert!(Fundamental::of(&contract(0.25, 4.0, 2.0)).unwrap().threshold > 1.0);
        // Paid just what was brought, staying is better as soon as it pays on average.
        assert!((theta(4.0, 1.0) - 0.25).abs() < 1e-12);
    }
}
