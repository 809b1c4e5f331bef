//! Health: what an account has against what it must have.

use breakwater_market::MarketId;
use breakwater_money::rounding::{Rounding, mul_div_full};
use breakwater_money::{Result, Time, U256, Wad};
use serde::{Deserialize, Serialize};

/// Equity over requirement at 1e18; [`Ratio::max`](Wad::max) when nothing is required.
pub type Ratio = Wad;

/// What an account has against what it must have, in the numeraire's base units.
///
/// For a lending account `equity` is the threshold-weighted value of its collateral and
/// `requirement` the value of its debt; for an exchange account they are margin balance and
/// maintenance margin. Which side of exact equality is liquidatable differs by venue, so the
/// rulebook says it in `breach`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// What counts in the account's favour.
    pub equity: i128,
    /// What it must not fall below.
    pub requirement: u128,
    /// Equity over requirement in the venue's own rounding.
    pub ratio: Ratio,
    /// What is missing, zero when nothing is.
    pub shortfall: u128,
    /// True when the venue's rule allows liquidation.
    pub breach: bool,
}

/// Where a ratio stands between the two lines an account is watched at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Band {
    /// At or above the warning line.
    Healthy,
    /// Below the warning line and not in breach.
    Warned,
    /// In breach by the rulebook's own comparison.
    Breach,
}

impl Health {
    /// Health of an account that owes nothing.
    #[must_use]
    pub fn unencumbered(equity: i128) -> Self {
        Health { equity, requirement: 0, ratio: Ratio::max(), shortfall: 0, breach: false }
    }

    /// Health from equity and requirement, the ratio floored at 1e18 and at zero.
    ///
    /// # Errors
    /// The scaled ratio overflows 256 bits.
    pub fn of(equity: i128, requirement: u128, equality_breaches: bool) -> Result<Self> {
        let shortfall = match u128::try_from(equity) {
            Ok(positive) => requirement.saturating_sub(positive),
            Err(_) => requirement.saturating_add(equity.unsigned_abs()),
        };
        let meets = u128::try_from(equity).is_ok_and(|e| e == requirement);
        let ratio = if requirement == 0 {
            if equity >= 0 { Ratio::max() } else { Ratio::new(0) }
        } else {
            let positive = U256::from(equity.max(0).unsigned_abs());
            let required = U256::from(requirement);
            let one = Ratio::one().raw;
            Ratio::from_raw(mul_div_full(positive, one, required, Rounding::Floor)?)
        };
        let breach = shortfall > 0 || (equality_breaches && meets && requirement > 0);
        Ok(Health { equity, requirement, ratio, shortfall, breach })
    }

    /// The band against a warning ratio.
    #[must_use]
    pub fn band(&self, warn: Ratio) -> Band {
        if self.breach {
            Band::Breach
        } else if self.ratio < warn {
            Band::Warned
        } else {
            Band::Healthy
        }
    }
}

/// How one market's price moves an account's health.
///
/// Both values are at the current mark and scale with the price. `requirement` must bound the
/// true slope from the unsafe side: from below where a fall hurts, from above where a rise does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposure {
    /// The market.
    pub market: MarketId,
    /// Part of equity that moves with the price, at the current mark.
    pub equity: i128,
    /// Part of the requirement that moves with the price, at the current mark.
    pub requirement: u128,
}

/// Until when and in which epoch an account's safe intervals hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Armed {
    /// The last instant at which the stated exposures and their error still bound the truth.
    pub until: Time,
    /// Most that integer rounding and interest until then can take off equity minus requirement.
    pub error: u128,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_is_the_rulebooks_choice_and_one_unit_decides() {
        let at = |equity, equality| Health::of(equity, 100, equality).unwrap().breach;
        assert!(!at(100, false) && at(100, true));
        assert!(at(99, false) && at(99, true));
        assert!(!at(101, false) && !at(101, true));
        let below = Health::of(-5, 100, false).unwrap();
        assert_eq!((below.shortfall, below.ratio), (105, Ratio::new(0)));
        assert!(!Health::of(0, 0, true).unwrap().breach);
        assert!(Health::of(-1, 0, false).unwrap().breach);
    }

    #[test]
    fn bands_meet_at_their_lines() {
        let warn = Ratio::new(1_050_000_000_000_000_000);
        assert_eq!(Health::of(105, 100, false).unwrap().band(warn), Band::Healthy);
        assert_eq!(Health::of(1_049, 1_000, false).unwrap().band(warn), Band::Warned);
        assert_eq!(Health::of(999, 1_000, false).unwrap().band(warn), Band::Breach);
    }
}
