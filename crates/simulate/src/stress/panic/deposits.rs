//! The deposit contract that shares the risk of needing money early, and the run it makes possible.
//!
//! Diamond and Dybvig, "Bank Runs, Deposit Insurance, and Liquidity" (Journal of Political Economy 91,
//! 1983), with constant relative risk aversion.

use crate::stress::StressError;
use crate::stress::error::{Range, check};

/// Who deposits, and what the bank invests in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deposit {
    /// Share of depositors who need their money early, above 0 and below 1.
    pub impatient: f64,
    /// What a unit left until the end becomes, 1 or more; taken out early it is 1.
    pub gross_return: f64,
    /// Relative risk aversion, above 0.
    pub aversion: f64,
}

/// The best contract, and when it fails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contract {
    /// As given.
    pub deposit: Deposit,
    /// Paid per unit to who comes early.
    pub early: f64,
    /// Paid per unit to who stays, if only the impatient come early.
    pub late: f64,
    /// Share of depositors who are paid if all come early, `1 / early`. Of 1 and more where coming early
    /// pays less than was brought: then all are.
    pub served_in_a_run: f64,
    /// Share that may come early while staying is still at least as good for who can wait; 1 if
    /// that never ends.
    pub stays_up_to: f64,
}

impl Deposit {
    /// `early = 1 / (t + (1 - t) R^(1/g - 1))` and `late = early R^(1/g)`.
    ///
    /// # Errors
    /// A field that the model does not have.
    pub fn contract(self) -> Result<Contract, StressError> {
        let Deposit { impatient, gross_return, aversion } = self;
        check("impatient", impatient, Range::SomeShare)?;
        check("aversion", aversion, Range::AboveZero)?;
        check("gross_return", gross_return, Range::Finite)?;
        if gross_return < 1.0 {
            let (field, right) = ("gross_return", "1 or more is right: storing gives 1");
            return Err(StressError::Input { field, value: gross_return, right });
        }
        let power = 1.0 / aversion;
        let patient = (1.0 - impatient) * libm::pow(gross_return, power - 1.0);
        let early = 1.0 / (impatient + patient);
        Ok(Contract {
            deposit: self,
            early,
            late: early * libm::pow(gross_return, power),
            served_in_a_run: 1.0 / early,
            stays_up_to: stays_up_to(gross_return, early),
        })
    }
}

impl Contract {
    /// What who stays gets per unit when a share `f` comes early: `(1 - f early) R / (1 - f)`, and
    /// nothing once the bank is empty.
    #[must_use]
    pub fn staying(&self, early_share: f64) -> f64 {
        let left = 1.0 - early_share * self.early;
        if left <= 0.0 || early_share >= 1.0 {
            return 0.0;
        }
        left * self.deposit.gross_return / (1.0 - early_share)
    }

    /// What who comes early gets per unit in the mean: all, or a place in the line.
    #[must_use]
    pub fn leaving(&self, early_share: f64) -> f64 {
        if early_share * self.early <= 1.0 { self.early } else { 1.0 / early_share }
    }
}

/// `(R - early) / (early (R - 1))`: staying beats leaving up to it.
fn stays_up_to(gross_return: f64, early: f64) -> f64 {
    if gross_return == 1.0 {
        return 1.0;
    }
    (gross_return - early) / (early * (gross_return - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staying_is_as_good_as_leaving_exactly_at_the_threshold() {
        for (impatient, gross_return, aversion) in
            [(0.25, 2.0, 2.0), (0.5, 1.5, 4.0), (0.1, 3.0, 1.5), (0.4, 1.1, 8.0)]
        {
            let contract = Deposit { impatient, gross_return, aversion }.contract().unwrap();
            let line = contract.stays_up_to;
            assert!(line > impatient && line < 1.0);
            assert!((contract.staying(line) - contract.early).abs() < 1e-12);
            assert!(contract.staying(line - 1e-6) > contract.early);
            assert!(contract.staying(line + 1e-6) < contract.early);
            // Only the impatient come: who stays gets what was promised.
            assert!((contract.staying(impatient) - contract.late).abs() < 1e-12);
            assert_eq!(contract.staying(1.0), 0.0);
            assert!((contract.leaving(1.0) - 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn log_utility_promises_no_more_than_storage_and_needs_no_run() {
        let log = Deposit { impatient: 0.3, gross_return: 2.0, aversion: 1.0 }.contract().unwrap();
        assert!((log.early - 1.0).abs() < 1e-15 && (log.late - 2.0).abs() < 1e-15);
        assert!((log.served_in_a_run - 1.0).abs() < 1e-15);
        let short = Deposit { impatient: 0.3, gross_return: 0.9, aversion: 1.0 };
        assert!(short.contract().unwrap_err().to_string().contains("gross_return is 0.9"));
        assert!(Deposit { impatient: 0.0, ..short }.contract().is_err());
        let flat = Deposit { impatient: 0.3, gross_return: 1.0, aversion: 2.0 };
        assert_eq!(flat.contract().unwrap().stays_up_to, 1.0);
    }
}
