//! The parameter file of the English collateral auction: what governance set, in whole numbers.
//!
//! The rule is not behind the rulebook trait, so that no shipped file names it; the files of its
//! history stand in `rulebooks/history`.

use super::cat::{Cat, Sizing};
use super::english::Setting;
use crate::parameters::{parse, refuse, within};
use breakwater_money::{Rad, Ray, U256, Wad};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Name of the rule in parameter files.
pub const RULE: &str = "maker-flip";

/// Units of 1e18 in one basis point.
const WAD_PER_BPS: u128 = 100_000_000_000_000;

/// Units of 1e27 in one basis point.
const RAY_PER_BPS: u128 = 100_000_000_000_000_000_000_000;

/// Longest time that a file may state: a year. Longer ones were meant in another unit.
const SECONDS_MOST: u64 = 31_536_000;

/// Most coins or units of collateral: far above any, and far from any overflow.
const UNITS_MOST: u64 = 1_000_000_000_000;

/// A file of this rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Id of the parameters.
    pub name: String,
    /// The mirror the parameters are for; always `maker-flip`.
    pub rule: String,
    /// Commit of the contracts.
    pub version: String,
    /// First day on which the parameters applied, or a sentence that says why there is none.
    pub effective_from: String,
    /// Decimals in which a host values accounts.
    pub numeraire_decimals: u8,
    /// Bids and times.
    pub auction: AuctionParameters,
    /// What a bite takes.
    pub liquidation: LiquidationParameters,
    /// Where each parameter comes from, by its path in this file, or `unverified`.
    pub source: BTreeMap<String, String>,
}

/// Bids and times of the auction contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuctionParameters {
    /// Least increment over the standing bid, basis points (`beg` less one).
    pub increment_bps: u32,
    /// Seconds that a bid lasts (`ttl`).
    pub bid_lifetime_seconds: u64,
    /// Seconds from the start to the end (`tau`).
    pub duration_seconds: u64,
}

/// What the liquidation contract takes: either lots of a fixed size, or debt within a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiquidationParameters {
    /// Penalty on the debt, basis points (`chop` less one).
    pub penalty_bps: u32,
    /// Most collateral of one auction, whole units (`lump`).
    pub lot_units: Option<u64>,
    /// Most debt of one auction, whole coins, penalty included (`dunk`).
    pub debt_coins: Option<u64>,
    /// Most debt in all auctions together, whole coins (`box`).
    pub debt_on_auction_coins: Option<u64>,
}

impl Parameters {
    /// Reads and validates a parameter file.
    ///
    /// # Errors
    /// A sentence that names the first parameter refused, its value and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (_, parameters): (_, Parameters) = parse(text, RULE)?;
        parameters.auction.validate()?;
        parameters.liquidation.sizing()?;
        Ok(parameters)
    }

    /// The setting of the auction contract.
    #[must_use]
    pub fn setting(&self) -> Setting {
        let it = &self.auction;
        Setting {
            beg: Wad::new((u128::from(it.increment_bps) + 10_000) * WAD_PER_BPS),
            ttl: it.bid_lifetime_seconds,
            tau: it.duration_seconds,
        }
    }

    /// What a bite takes.
    ///
    /// # Errors
    /// As [`Parameters::parse`], which has asked already.
    pub fn sizing(&self) -> Result<Sizing, String> {
        self.liquidation.sizing()
    }

    /// The liquidation contract at its start; without a limit of debt on auction it has none to ask.
    #[must_use]
    pub fn cat(&self) -> Cat {
        let most = self.liquidation.debt_on_auction_coins.unwrap_or_default();
        Cat { litter_most: whole(most, Rad::one().raw), ..Cat::default() }
    }
}

impl AuctionParameters {
    fn validate(&self) -> Result<(), String> {
        let right =
            "must be 1 to 10000: at 0 bids rise by a unit, above 10000 they double and more";
        within("auction.increment_bps", self.increment_bps, 1..=10_000, right)?;
        let right = "must be 1 to 31536000, a year in seconds";
        let lifetime = self.bid_lifetime_seconds;
        within("auction.bid_lifetime_seconds", lifetime, 1..=SECONDS_MOST, right)?;
        within("auction.duration_seconds", self.duration_seconds, 1..=SECONDS_MOST, right)
    }
}

impl LiquidationParameters {
    fn sizing(&self) -> Result<Sizing, String> {
        let right = "must be at most 10000: a penalty above the debt itself";
        within("liquidation.penalty_bps", self.penalty_bps, 0..=10_000, right)?;
        let chop_bps = u128::from(self.penalty_bps) + 10_000;
        let right = "must be 1 to 1000000000000";
        let limits = (self.lot_units, self.debt_coins, self.debt_on_auction_coins);
        match limits {
            (Some(lot), None, None) => {
                within("liquidation.lot_units", lot, 1..=UNITS_MOST, right)?;
                let chop = Ray::new(chop_bps * RAY_PER_BPS);
                Ok(Sizing::ByLot { lump: whole(lot, Wad::one().raw), chop })
            }
            (None, Some(debt), Some(most)) => {
                within("liquidation.debt_coins", debt, 1..=UNITS_MOST, right)?;
                let right = "must be debt_coins to 1000000000000: one auction must find room";
                within("liquidation.debt_on_auction_coins", most, debt..=UNITS_MOST, right)?;
                let chop = Wad::new(chop_bps * WAD_PER_BPS);
                Ok(Sizing::ByDebt { dunk: whole(debt, Rad::one().raw), chop })
            }
            _ => {
                let right = "must state lot_units alone, or debt_coins and debt_on_auction_coins";
                Err(refuse("liquidation", format!("{limits:?}"), right))
            }
        }
    }
}

/// `units` whole ones in a scale whose one is `one`; both are bounded far below 256 bits.
fn whole(units: u64, one: U256) -> U256 {
    U256::from(units).saturating_mul(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&str; 3] = [
        include_str!("../../../../../rulebooks/history/maker-flip-2019.toml"),
        include_str!("../../../../../rulebooks/history/maker-flip-2020-03.toml"),
        include_str!("../../../../../rulebooks/history/maker-flip-2020-09.toml"),
    ];

    fn rad(coins: u64) -> U256 {
        whole(coins, Rad::one().raw)
    }

    #[test]
    fn the_three_times_differ_as_governance_changed_them() {
        let [before, after, later] = FILES.map(|file| Parameters::parse(file).unwrap());
        let beg = Wad::new(1_030_000_000_000_000_000);
        assert_eq!(before.setting(), Setting { beg, ttl: 600, tau: 259_200 });
        assert_eq!(after.setting(), Setting { beg, ttl: 21_600, tau: 21_600 });
        assert_eq!(later.setting(), after.setting());
        let chop = Ray::from_raw(U256::from(1_130_000_000_000_000_000_000_000_000u128));
        let lots = |units| Sizing::ByLot { lump: whole(units, Wad::one().raw), chop };
        assert_eq!((before.sizing(), after.sizing()), (Ok(lots(50)), Ok(lots(500))));
        let chop = Wad::new(1_130_000_000_000_000_000);
        assert_eq!(later.sizing(), Ok(Sizing::ByDebt { dunk: rad(50_000), chop }));
        assert_eq!((later.cat().litter_most, before.cat().litter_most), (rad(10_000_000), rad(0)));
    }

    #[test]
    fn every_parameter_has_a_source_and_every_source_a_parameter() {
        for file in FILES {
            let table: toml::Table = toml::from_str(file).unwrap();
            let mut paths = Vec::new();
            for part in ["auction", "liquidation"] {
                let fields = table[part].as_table().unwrap().keys();
                paths.extend(fields.map(|field| format!("{part}.{field}")));
            }
            let sources = table["source"].as_table().unwrap();
            for path in &paths {
                let said = sources.get(path).and_then(toml::Value::as_str);
                assert!(said.is_some_and(|said| said.len() > 9), "{path} has no source");
            }
            assert_eq!(sources.len(), paths.len(), "a source of nothing");
        }
    }

    #[test]
    fn parameters_are_refused_at_their_bounds() {
        let lots = FILES[0];
        let debts = FILES[2];
        let cases = [
            (lots, "increment_bps = 300", "increment_bps = 1", ""),
            (lots, "increment_bps = 300", "increment_bps = 0", "auction.increment_bps = 0: must"),
            (lots, "increment_bps = 300", "increment_bps = 10001", "auction.increment_bps = 10001"),
            (lots, "lifetime_seconds = 600", "lifetime_seconds = 31536000", ""),
            (
                lots,
                "lifetime_seconds = 600",
                "lifetime_seconds = 31536001",
                "auction.bid_lifetime_seconds = 31536001: must be 1",
            ),
            (
                lots,
                "duration_seconds = 259200",
                "duration_seconds = 0",
                "auction.duration_seconds = 0: must be 1",
            ),
            (lots, "penalty_bps = 1300", "penalty_bps = 0", ""),
            (
                lots,
                "penalty_bps = 1300",
                "penalty_bps = 10001",
                "liquidation.penalty_bps = 10001: must be at most",
            ),
            (lots, "lot_units = 50", "lot_units = 0", "liquidation.lot_units = 0: must be 1"),
            (lots, "lot_units = 50", "debt_coins = 50", "liquidation = (None, Some(50), None)"),
            (lots, "lot_units = 50\n", "", "liquidation = (None, None, None): must state"),
            (debts, "debt_coins = 50000", "debt_coins = 10000000", ""),
            (
                debts,
                "debt_coins = 50000",
                "debt_coins = 10000001",
                "liquidation.debt_on_auction_coins = 10000000: must be debt_coins",
            ),
            (debts, "debt_coins = 50000", "debt_coins = 0", "liquidation.debt_coins = 0: must be"),
            (debts, "rule = \"maker-flip\"", "rule = \"other\"", "rule = \"other\": must be"),
            (debts, "[auction]", "[auction]\nsurprise = 1", "not a parameter file"),
        ];
        for (file, from, to, says) in cases {
            assert!(file.contains(from), "the file has no {from}");
            let said = Parameters::parse(&file.replacen(from, to, 1)).err().unwrap_or_default();
            assert!(said.starts_with(says), "{to}: {said}");
            assert_eq!(said.is_empty(), says.is_empty(), "{to}: {said}");
        }
    }
}
