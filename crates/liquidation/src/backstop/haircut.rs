//! Profit that is junior to deposits, and the waterfall of a crisis.
//!
//! After percolator's specification v16.8.3, sections 3, 5 and 7, and its crisis module (commit
//! d594e6a9), whose arithmetic destroys insurance without curing the deficit: the waterfall here
//! conserves value to the unit.

use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{MoneyError, Result};

/// What a vault holds and what is claimed of it, base units of one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JuniorPool {
    /// All there is.
    pub vault: u128,
    /// Deposits of all accounts, senior.
    pub capital: u128,
    /// The insurance fund, senior.
    pub insurance: u128,
    /// Profit of all accounts that is past its waiting time, junior.
    pub matured: u128,
}

impl JuniorPool {
    /// What is left for profit once deposits and insurance are covered.
    #[must_use]
    pub fn residual(&self) -> u128 {
        self.vault.saturating_sub(self.capital).saturating_sub(self.insurance)
    }

    /// The part of matured profit that is backed, as numerator and denominator; nothing of nothing
    /// is `(0, 1)`.
    #[must_use]
    pub fn share(&self) -> (u128, u128) {
        (self.residual().min(self.matured), self.matured.max(1))
    }

    /// What an account with `released` matured profit may take: its backed part, floored. All
    /// together take at most the residual as long as what is released sums to at most what matured.
    #[must_use]
    pub fn effective(&self, released: u128) -> u128 {
        let (backed, matured) = self.share();
        // The share is at most one.
        mul_div(released, backed, matured, Rounding::Floor).unwrap_or(0)
    }
}

/// What a venue owes and has when it is short, base units of one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Crisis {
    /// Deposits owed.
    pub principal: u128,
    /// Profit that accounts own.
    pub realized: u128,
    /// Profit still in its waiting time.
    pub warming: u128,
    /// The insurance fund, beside the collateral.
    pub insurance: u128,
    /// What there is, without insurance.
    pub collateral: u128,
}

/// How a crisis was met: `deficit = burned_warming + insurance_draw + equity_loss`, to the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waterfall {
    /// Claims beyond the collateral.
    pub deficit: u128,
    /// Borne by profit in its waiting time, first.
    pub burned_warming: u128,
    /// Borne by insurance, which joins the collateral, second.
    pub insurance_draw: u128,
    /// Borne by deposits and owned profit in proportion, last.
    pub equity_loss: u128,
    /// Deposits and owned profit before.
    pub equity: u128,
}

impl Crisis {
    /// Who bears what. Afterwards the claims left are `collateral + insurance_draw`, unless there was
    /// no deficit.
    ///
    /// # Errors
    /// The claims together overflow 128 bits.
    pub fn waterfall(&self) -> Result<Waterfall> {
        let equity = self.principal.checked_add(self.realized).ok_or(MoneyError::Overflow)?;
        let claims = equity.checked_add(self.warming).ok_or(MoneyError::Overflow)?;
        let deficit = claims.saturating_sub(self.collateral);
        let burned_warming = deficit.min(self.warming);
        let rest = deficit - burned_warming;
        let insurance_draw = rest.min(self.insurance);
        // What is left after the warming profit is at most the equity.
        let equity_loss = rest - insurance_draw;
        Ok(Waterfall { deficit, burned_warming, insurance_draw, equity_loss, equity })
    }
}

/// Which part of an account's equity a loss takes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// Deposits, then profit.
    Principal,
    /// Profit, then deposits.
    Realized,
}

/// What is left of principal and realized profit when both together are scaled to `numer / denom`,
/// floored: the loss is taken from the part named first and then from the other.
///
/// # Errors
/// `denom` is zero, `numer` above it (a scale never raises equity), or the sum overflows.
pub fn scale_equity(
    principal: u128,
    realized: u128,
    (numer, denom): (u128, u128),
    first: First,
) -> Result<(u128, u128)> {
    if numer > denom {
        return Err(MoneyError::Underflow);
    }
    let equity = principal.checked_add(realized).ok_or(MoneyError::Overflow)?;
    let loss = equity - mul_div(equity, numer, denom, Rounding::Floor)?;
    Ok(match first {
        First::Principal => {
            let taken = loss.min(principal);
            (principal - taken, realized - (loss - taken))
        }
        First::Realized => {
            let taken = loss.min(realized);
            (principal - (loss - taken), realized - taken)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn profit_is_paid_from_what_deposits_and_insurance_leave() {
        let pool = JuniorPool { vault: 1_000, capital: 700, insurance: 100, matured: 400 };
        assert_eq!(pool.residual(), 200);
        assert_eq!([100, 250, 50].map(|released| pool.effective(released)), [50, 125, 25]);
        // Backed in full at the limit, and cut by a unit one below it.
        let full = JuniorPool { vault: 1_200, ..pool };
        assert_eq!((full.effective(400), full.effective(399)), (400, 399));
        assert_eq!(JuniorPool { vault: 1_199, ..pool }.effective(400), 399);
        assert_eq!(JuniorPool { vault: 1_201, ..pool }.effective(400), 400);
        let dry = JuniorPool { vault: 800, ..pool };
        assert_eq!((dry.residual(), dry.effective(400)), (0, 0));
        assert_eq!(JuniorPool { vault: 799, ..pool }.residual(), 0);
        assert_eq!(JuniorPool { matured: 0, ..pool }.effective(5), 0);
    }

    #[test]
    fn the_crisis_of_the_source_needs_less_than_its_code_took() {
        let crisis = Crisis {
            principal: 1_700_000,
            realized: 250_000,
            warming: 150_000,
            insurance: 200_000,
            collateral: 1_500_000,
        };
        let met = crisis.waterfall().unwrap();
        assert_eq!((met.burned_warming, met.insurance_draw), (150_000, 200_000));
        // 250,000 of 1,950,000 is 12.82 %, where the code as it stands takes 23.08 %.
        assert_eq!((met.equity_loss, met.equity), (250_000, 1_950_000));
        let huge = Crisis { principal: u128::MAX, realized: 1, ..crisis };
        assert_eq!(huge.waterfall(), Err(MoneyError::Overflow));
    }

    #[test]
    fn a_scale_takes_from_the_part_named_first() {
        let half = |first| scale_equity(1_000_000, 500_000, (1, 2), first).unwrap();
        assert_eq!(half(First::Principal), (250_000, 500_000));
        assert_eq!(half(First::Realized), (750_000, 0));
        assert_eq!(scale_equity(3, 0, (1, 2), First::Principal), Ok((1, 0)));
        assert_eq!(scale_equity(7, 5, (0, 1), First::Realized), Ok((0, 0)));
        assert_eq!(scale_equity(7, 5, (9, 9), First::Realized), Ok((7, 5)));
        assert_eq!(scale_equity(7, 5, (10, 9), First::Realized), Err(MoneyError::Underflow));
        assert_eq!(scale_equity(7, 5, (0, 0), First::Realized), Err(MoneyError::DivisionByZero));
    }

    proptest! {
        #[test]
        fn a_crisis_conserves_value_to_the_unit(
            principal in 0u128..1_000, realized in 0u128..1_000, warming in 0u128..1_000,
            insurance in 0u128..1_000, collateral in 0u128..3_000
        ) {
            let met = Crisis { principal, realized, warming, insurance, collateral }
                .waterfall()
                .unwrap();
            prop_assert_eq!(met.deficit, met.burned_warming + met.insurance_draw + met.equity_loss);
            prop_assert!(met.burned_warming <= warming && met.insurance_draw <= insurance);
            prop_assert!(met.equity_loss <= met.equity);
            let claims = met.equity + warming - met.burned_warming - met.equity_loss;
            if met.deficit > 0 {
                prop_assert_eq!(claims, collateral + met.insurance_draw);
            } else {
                prop_assert!(claims <= collateral);
            }
            // Seniority: nobody pays before the one below has given everything.
            prop_assert!(met.insurance_draw == 0 || met.burned_warming == warming);
            prop_assert!(met.equity_loss == 0 || met.insurance_draw == insurance);
        }

        #[test]
        fn profits_together_never_exceed_the_residual(
            vault in 0u128..10_000, capital in 0u128..5_000, insurance in 0u128..1_000,
            released in prop::collection::vec(0u128..2_000, 0..8)
        ) {
            let matured = released.iter().sum();
            let pool = JuniorPool { vault, capital, insurance, matured };
            let paid: u128 = released.iter().map(|r| pool.effective(*r)).sum();
            let backed = pool.residual().min(matured);
            prop_assert!(paid <= backed && backed - paid <= released.len() as u128);
        }

        #[test]
        fn a_scaled_equity_is_the_floor_of_the_whole(
            principal in 0u128..10_000, realized in 0u128..10_000,
            numer in 0u128..1_000, more in 0u128..1_000, principal_first in any::<bool>()
        ) {
            let denom = numer + more.max(1);
            let first = if principal_first { First::Principal } else { First::Realized };
            let (p, r) = scale_equity(principal, realized, (numer, denom), first).unwrap();
            prop_assert_eq!(p + r, (principal + realized) * numer / denom);
            prop_assert!(p <= principal && r <= realized);
            let (first, second) = if principal_first { (p, r == realized) } else { (r, p == principal) };
            prop_assert!(second || first == 0);
        }
    }
}
