//! What was taken of winners against what the deficit needed.

use breakwater_money::rounding::{Rounding, mul_div};

/// Haircut against deficit, in units of the settle asset.
///
/// The measure of Chitra and others, "Autodeleveraging: Impossibilities and Optimization"
/// (arXiv 2512.01112, 2025): profit of winners that was taken, less what the deficit needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overshoot {
    /// The deficit to be covered.
    pub needed: u128,
    /// Profit of winners that was closed or cut for it.
    pub taken: u128,
}

/// The same sums in an asset with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// Name of the asset that counts.
    pub asset: String,
    /// The deficit, base units of it.
    pub needed: u128,
    /// What winners lost, base units of it.
    pub taken: u128,
}

/// An overshoot in both numeraires, each with its name, so that no figure stands without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OvershootReport {
    /// In the asset that the contract settles in.
    pub settle: Measured,
    /// In the asset that the report counts in.
    pub numeraire: Measured,
    /// `taken / needed` at 1e9, floored; none where nothing was needed.
    pub ratio_e9: Option<u128>,
}

/// What a base unit of the settle asset is worth: `numer / denom` base units of the numeraire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Base units of the numeraire.
    pub numer: u128,
    /// For so many base units of the settle asset; not zero.
    pub denom: u128,
}

impl Overshoot {
    /// What was taken beyond need; zero where it did not suffice.
    #[must_use]
    pub fn excess(self) -> u128 {
        self.taken.saturating_sub(self.needed)
    }

    /// What was needed and not taken.
    #[must_use]
    pub fn shortfall(self) -> u128 {
        self.needed.saturating_sub(self.taken)
    }

    /// Both together, as of several waves; saturates at 128 bits.
    #[must_use]
    pub fn plus(self, other: Overshoot) -> Overshoot {
        Overshoot {
            needed: self.needed.saturating_add(other.needed),
            taken: self.taken.saturating_add(other.taken),
        }
    }

    /// The report in both numeraires; values are floored.
    ///
    /// # Errors
    /// `rate.denom` is zero, or a value does not fit 128 bits.
    pub fn report(
        self,
        settle: &str,
        numeraire: &str,
        rate: Rate,
    ) -> breakwater_money::Result<OvershootReport> {
        let value = |units| mul_div(units, rate.numer, rate.denom, Rounding::Floor);
        let ratio_e9 = match self.needed {
            0 => None,
            needed => Some(mul_div(self.taken, 1_000_000_000, needed, Rounding::Floor)?),
        };
        Ok(OvershootReport {
            settle: Measured { asset: settle.to_owned(), needed: self.needed, taken: self.taken },
            numeraire: Measured {
                asset: numeraire.to_owned(),
                needed: value(self.needed)?,
                taken: value(self.taken)?,
            },
            ratio_e9,
        })
    }
}

impl std::fmt::Display for OvershootReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (part, between) in [(&self.settle, "; "), (&self.numeraire, "")] {
            let Measured { asset, needed, taken } = part;
            write!(f, "took {taken} of {needed} {asset} needed{between}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use breakwater_money::MoneyError;

    #[test]
    fn both_numeraires_are_named() {
        let overshoot = Overshoot { needed: 15, taken: 60 };
        assert_eq!((overshoot.excess(), overshoot.shortfall()), (45, 0));
        let report = overshoot.report("USDC", "EUR", Rate { numer: 9, denom: 10 }).unwrap();
        assert_eq!(report.to_string(), "took 60 of 15 USDC needed; took 54 of 13 EUR needed");
        assert_eq!(report.ratio_e9, Some(4_000_000_000));
        let none = Overshoot::default().report("USDC", "EUR", Rate { numer: 1, denom: 1 }).unwrap();
        assert_eq!(none.ratio_e9, None);
        let short = Overshoot { needed: 15, taken: 14 };
        assert_eq!((short.excess(), short.shortfall()), (0, 1));
        assert_eq!(
            overshoot.report("USDC", "EUR", Rate { numer: 1, denom: 0 }),
            Err(MoneyError::DivisionByZero)
        );
        let huge = Overshoot { needed: u128::MAX, taken: u128::MAX };
        assert_eq!(
            huge.report("USDC", "EUR", Rate { numer: 2, denom: 1 }),
            Err(MoneyError::Overflow)
        );
        assert_eq!(huge.plus(overshoot), huge);
    }
}
