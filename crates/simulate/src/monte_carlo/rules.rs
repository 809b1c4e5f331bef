//! When an account is liquidated and what is taken: whole numbers, exact.
//!
//! An account holds `c` base units of collateral and owes `d` base units of debt. A price is a whole
//! number of units, `one` of which make one base unit of debt for one base unit of collateral. The
//! account is in breach if `d > c p threshold` (strict), decided by a product of whole numbers. A
//! liquidation repays `r`, the close factor's part of the debt rounded up, and takes
//! `floor(r (1 + bonus) / p)` of collateral; if that is more than there is, it takes all and repays
//! `floor(c p / (1 + bonus))`, at most the debt.

use super::error::refuse;
use crate::ScenarioError;

/// Basis points in one.
pub const BPS: u64 = 10_000;

/// More than any amount of collateral or debt of one account, base units.
pub const AMOUNT_LIMIT: u64 = 1 << 50;

/// The highest price that a path can have, price units. A path that would pass it is held there, and
/// [`super::Row::held`] counts how often.
pub const PRICE_MAX: u64 = (1 << 49) - 1;

/// The most price units that may make a price of one.
pub const ONE_MAX: u64 = 1_000_000_000_000;

/// When and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Debt over value of collateral above which an account is in breach, 1 to 10,000 bps.
    pub threshold_bps: u32,
    /// Part of the debt that one liquidation repays, 1 to 10,000 bps.
    pub close_factor_bps: u32,
    /// What the liquidator gets beyond what was repaid, 0 to 10,000 bps of it.
    pub bonus_bps: u32,
    /// Most rounds of one step, at least one; who is then in breach waits for the next step.
    pub rounds_max: u32,
}

impl Rules {
    /// The rules of the headline benchmark: 82.5 %, half of the debt, 5 %, eight rounds.
    #[must_use]
    pub fn headline() -> Rules {
        Rules { threshold_bps: 8_250, close_factor_bps: 5_000, bonus_bps: 500, rounds_max: 8 }
    }

    fn check(&self) -> Result<(), ScenarioError> {
        let share = |field: &str, value: u32, least: u32| match value {
            _ if (least..=10_000).contains(&value) => Ok(()),
            _ => Err(refuse(field, value, &format!("{least} to 10000 basis points"))),
        };
        share("rules.threshold_bps", self.threshold_bps, 1)?;
        share("rules.close_factor_bps", self.close_factor_bps, 1)?;
        share("rules.bonus_bps", self.bonus_bps, 0)?;
        match self.rounds_max {
            0 => Err(refuse("rules.rounds_max", 0, "at least 1")),
            _ => Ok(()),
        }
    }
}

/// What one liquidation moves, base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Of the debt.
    pub repaid: u64,
    /// Of the collateral.
    pub seized: u64,
}

/// Rules as reduced fractions over the price scale of one book. The only place that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    one: u64,
    threshold: u64,
    close: (u64, u64),
    reward: (u64, u64),
    rounds_max: u32,
}

impl Terms {
    /// Rules at a price scale.
    ///
    /// # Errors
    /// A rule or the scale is out of range.
    pub fn new(rules: &Rules, one: u64) -> Result<Terms, ScenarioError> {
        rules.check()?;
        if !(1..=ONE_MAX).contains(&one) {
            return Err(refuse("book.one", one, &format!("1 to {ONE_MAX} price units")));
        }
        Ok(Terms {
            one,
            threshold: rules.threshold_bps.into(),
            close: reduced(rules.close_factor_bps.into(), BPS),
            reward: reduced(BPS + u64::from(rules.bonus_bps), BPS),
            rounds_max: rules.rounds_max,
        })
    }

    /// Most rounds of one step.
    #[must_use]
    pub fn rounds_max(&self) -> u32 {
        self.rounds_max
    }

    /// What debt is multiplied with before it is compared with [`Terms::collateral_side`]: at most
    /// 10^16.
    #[must_use]
    pub fn debt_side(&self) -> u64 {
        self.one * BPS
    }

    /// What collateral is multiplied with at a price: below 2^63.
    #[must_use]
    pub fn collateral_side(&self, price: u64) -> u64 {
        price * self.threshold
    }

    /// Whether an account is in breach: `d > c p threshold`, and there is collateral to take.
    #[must_use]
    pub fn in_breach(&self, collateral: u64, debt: u64, price: u64) -> bool {
        // Below 2^50 times 2^63 on either side.
        let owed = u128::from(debt) * u128::from(self.debt_side());
        collateral > 0 && owed > u128::from(collateral) * u128::from(self.collateral_side(price))
    }

    /// The highest price at which an account is in breach; zero if it never is.
    #[must_use]
    pub fn breach_price(&self, collateral: u64, debt: u64) -> u64 {
        let unit = u128::from(collateral) * u128::from(self.threshold);
        match (u128::from(debt) * u128::from(self.debt_side())).checked_sub(1) {
            Some(owed) if unit > 0 => u64::try_from(owed / unit).unwrap_or(u64::MAX),
            _ => 0,
        }
    }

    /// What a liquidation moves, as the rule is written. [`super::rounds::Round`] computes the same
    /// without dividing for every account.
    #[must_use]
    pub fn liquidate(&self, collateral: u64, debt: u64, price: u64) -> Taken {
        let wide = |number: u64| u128::from(number);
        let repaid = (wide(debt) * wide(self.close.0)).div_ceil(wide(self.close.1));
        let due = repaid * wide(self.reward.0) * wide(self.one);
        let seized = due / (wide(price) * wide(self.reward.1));
        match (u64::try_from(repaid), u64::try_from(seized)) {
            (Ok(repaid), Ok(seized)) if seized <= collateral => Taken { repaid, seized },
            _ => self.take_all(collateral, debt, price),
        }
    }

    /// What is repaid for all of the collateral: `floor(c p / (1 + bonus))`, at most the debt.
    #[must_use]
    pub fn take_all(&self, collateral: u64, debt: u64, price: u64) -> Taken {
        let wide = |number: u64| u128::from(number);
        let worth = wide(collateral) * wide(price) * wide(self.reward.1)
            / (wide(self.reward.0) * wide(self.one));
        Taken { repaid: u64::try_from(worth).unwrap_or(u64::MAX).min(debt), seized: collateral }
    }

    /// Debt that the collateral does not cover at a price, base units: `max(0, d - floor(c p))`.
    #[must_use]
    pub fn uncovered(&self, collateral: u64, debt: u64, price: u64) -> u64 {
        let worth = u128::from(collateral) * u128::from(price) / u128::from(self.one);
        debt.saturating_sub(u64::try_from(worth).unwrap_or(u64::MAX))
    }

    /// The close factor in lowest terms.
    pub(super) fn close(&self) -> (u64, u64) {
        self.close
    }

    /// `one (1 + bonus)` and `1`, both times the same number: at most 2 10^16 and 10^4.
    pub(super) fn reward(&self) -> (u64, u64) {
        (self.reward.0 * self.one, self.reward.1)
    }
}

fn reduced(numerator: u64, denominator: u64) -> (u64, u64) {
    let (mut a, mut b) = (numerator, denominator);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    (numerator / a, denominator / a)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: u64 = 1_000_000;

    fn terms() -> Terms {
        Terms::new(&Rules::headline(), ONE).unwrap()
    }

    #[test]
    fn the_limit_is_strict_and_the_breach_price_is_the_last_one_in_breach() {
        let terms = terms();
        // 825 of debt on 1,000 of collateral: safe at a price of one, in breach one unit below.
        assert!(!terms.in_breach(1_000, 825, ONE));
        assert!(terms.in_breach(1_000, 825, ONE - 1));
        assert_eq!(terms.breach_price(1_000, 825), ONE - 1);
        assert_eq!(terms.breach_price(1_000, 0), 0);
        for (collateral, debt) in [(1, 1), (7, 3), (123_456_789, 98_765_432), (5, 1 << 49)] {
            let price = terms.breach_price(collateral, debt);
            assert!(terms.in_breach(collateral, debt, price.min(PRICE_MAX)));
            assert!(price >= PRICE_MAX || !terms.in_breach(collateral, debt, price + 1));
        }
    }

    #[test]
    fn half_of_the_debt_is_repaid_and_its_worth_and_the_bonus_are_taken() {
        let terms = terms();
        let taken = |c, d, p| (terms.liquidate(c, d, p).repaid, terms.liquidate(c, d, p).seized);
        assert_eq!(taken(1_000, 900, ONE), (450, 472));
        // An odd unit is repaid, a part of a unit is not taken.
        assert_eq!(taken(1_000, 901, ONE), (451, 473));
        assert_eq!(taken(1_000, 1, ONE), (1, 1));
        // More than there is: all is taken, and what it is worth below the bonus is repaid.
        assert_eq!(taken(100, 900, ONE), (95, 100));
        assert_eq!(taken(100, 900, 1), (0, 100));
        assert_eq!(terms.uncovered(100, 900, ONE / 2), 850);
        assert_eq!(terms.uncovered(2_000, 900, ONE / 2), 0);
    }

    #[test]
    fn rules_out_of_range_are_refused_by_name() {
        let good = Rules::headline();
        for (rules, field) in [
            (Rules { threshold_bps: 0, ..good }, "rules.threshold_bps"),
            (Rules { threshold_bps: 10_001, ..good }, "rules.threshold_bps"),
            (Rules { close_factor_bps: 0, ..good }, "rules.close_factor_bps"),
            (Rules { bonus_bps: 10_001, ..good }, "rules.bonus_bps"),
            (Rules { rounds_max: 0, ..good }, "rules.rounds_max"),
        ] {
            assert!(Terms::new(&rules, ONE).unwrap_err().to_string().contains(field));
        }
        assert!(Terms::new(&good, 0).unwrap_err().to_string().contains("book.one"));
    }
}
