//! What a caller may change about a run.

use breakwater_money::decimal;
use std::str::FromStr;

/// Which policy wraps the rulebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PolicyChoice {
    /// The venue as it is.
    #[default]
    AsIs,
    /// The venue with our guards.
    Guarded,
    /// The venue sells the fewest lots that reach the target by itself.
    VenueTarget,
    /// The venue sells until nothing is owed by itself.
    VenueFull,
    /// The venue sells by itself, in slices planned over the depth of its markets.
    VenuePlanned,
    /// The venue auctions what it would sell, by one of the scenario's terms.
    Auction(AuctionName),
}

/// Terms of auctions that a scenario may state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuctionName {
    /// Ascending, bids that win soon.
    English,
    /// Ascending, bids that stand long.
    EnglishLong,
    /// Descending.
    Dutch,
    /// Sealed bids.
    Sealed,
    /// One price for all.
    Batch,
}

impl AuctionName {
    /// All of them, in the order of a comparison.
    pub const ALL: [AuctionName; 5] = [
        AuctionName::English,
        AuctionName::EnglishLong,
        AuctionName::Dutch,
        AuctionName::Sealed,
        AuctionName::Batch,
    ];

    /// Its name in the scenario file.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            AuctionName::English => "english",
            AuctionName::EnglishLong => "english-long",
            AuctionName::Dutch => "dutch",
            AuctionName::Sealed => "sealed",
            AuctionName::Batch => "batch",
        }
    }
}

/// Whose liquidation thresholds hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Thresholds {
    /// Each account's own, as the book records it: the same risk under every rulebook.
    #[default]
    SameRisk,
    /// The rulebook's parameters.
    AsDeployed,
}

impl Thresholds {
    /// As it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Thresholds::SameRisk => "same risk",
            Thresholds::AsDeployed => "as deployed",
        }
    }
}

/// A shock: a fraction at 1e8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shock {
    /// The value of everything that counts as collateral falls, debts stay.
    Collateral {
        /// Fall at 1e8.
        fall: u128,
    },
    /// One market or asset falls.
    Named {
        /// Its name: a market such as `ETH/USD`, or an asset.
        name: String,
        /// Fall at 1e8.
        fall: u128,
    },
}

/// One at the scale of shocks.
pub const FALL_ONE: u128 = 100_000_000;

impl FromStr for Shock {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("shock '{text}': {why}; expected such as ETH/USD=20%");
        let (name, size) = text.split_once('=').ok_or_else(|| wrong("no '='"))?;
        let (digits, decimals) = match size.strip_suffix('%') {
            Some(percent) => (percent, 6),
            None => (size, 8),
        };
        let fall =
            decimal::parse_raw(digits.trim(), decimals).map_err(|e| wrong(&e.to_string()))?;
        if fall >= FALL_ONE {
            return Err(wrong("a fall of 100 % or more leaves no price"));
        }
        match name.trim() {
            "" => Err(wrong("nothing before '='")),
            "collateral" => Ok(Shock::Collateral { fall }),
            name => Ok(Shock::Named { name: name.to_owned(), fall }),
        }
    }
}

impl std::fmt::Display for Shock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, fall) = match self {
            Shock::Collateral { fall } => ("collateral", fall),
            Shock::Named { name, fall } => (name.as_str(), fall),
        };
        write!(f, "{name} -{} %", decimal::format_raw(*fall, 6))
    }
}

/// What a caller may change about a run; the scenario's own setting stands where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOptions {
    /// Name and text of another rulebook.
    pub rulebook: Option<(String, String)>,
    /// The policy.
    pub policy: PolicyChoice,
    /// Whose thresholds.
    pub thresholds: Thresholds,
    /// Another depth of the fall.
    pub shock: Option<Shock>,
    /// Another stETH/ETH.
    pub peg: Option<String>,
    /// Multiplies the amounts of the depth curves.
    pub depth_scale: Option<String>,
    /// Another share of impact carried into the next mark.
    pub feedback: Option<String>,
    /// Most that keepers can spend together at one price point, dollars.
    pub keeper_capital: Option<String>,
    /// False sells everything at the mark.
    pub impact: bool,
    /// False makes calls free.
    pub gas: bool,
    /// Seed; the shipped scenario draws nothing and only repeats it in its output.
    pub seed: Option<u64>,
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions {
            rulebook: None,
            policy: PolicyChoice::AsIs,
            thresholds: Thresholds::SameRisk,
            shock: None,
            peg: None,
            depth_scale: None,
            feedback: None,
            keeper_capital: None,
            impact: true,
            gas: true,
            seed: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shocks_read_as_percent_or_fraction_and_refuse_the_rest() {
        let named = |name: &str, fall| Shock::Named { name: name.to_owned(), fall };
        assert_eq!("ETH/USD=20%".parse(), Ok(named("ETH/USD", 20_000_000)));
        assert_eq!("STETH=0.05".parse(), Ok(named("STETH", 5_000_000)));
        assert_eq!("collateral=40 %".parse(), Ok(Shock::Collateral { fall: 40_000_000 }));
        for bad in ["ETH", "ETH=-5%", "ETH=100%", "=5%", "ETH=x", "ETH=NaN", "ETH=1e9"] {
            let error = bad.parse::<Shock>().unwrap_err();
            assert!(error.starts_with(&format!("shock '{bad}'")), "{error}");
        }
        assert_eq!(named("ETH/USD", 48_310_000).to_string(), "ETH/USD -48.31 %");
    }
}
