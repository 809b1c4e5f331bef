//! The parameter file: vaults and what each lends against, refused where governance of the contract
//! would be refused, or where arithmetic would.

use super::amounts::{amount_most, cap_of};
use super::{LinearKink, Ltv, MAX_INTEREST_RATE};
use crate::parameters::{parse, refuse, within};
use breakwater_money::U256;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Name under which hosts plug the rule in.
pub const RULE: &str = "euler-v2";

/// A rulebook file of this venue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Id of the rulebook.
    pub name: String,
    /// The mirror the parameters are for; always `euler-v2`.
    pub rule: String,
    /// Commit of the contracts.
    pub version: String,
    /// First day on which the parameters applied, or a sentence that says why there is none.
    pub effective_from: String,
    /// Decimals of the numeraire in which accounts are valued, at most those of the venue's unit of
    /// account, 18.
    pub numeraire_decimals: u8,
    /// Where each parameter comes from, by its path; `*` stands for any name.
    pub source: BTreeMap<String, String>,
    /// The vaults, by the symbol of their asset.
    pub vaults: BTreeMap<String, VaultParameters>,
}

/// One vault's parameters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultParameters {
    /// Decimals of the asset.
    pub decimals: u8,
    /// Largest discount on collateral seized from the vault's borrowers, basis points.
    pub max_liquidation_discount_bps: u16,
    /// Seconds that must pass after an account's last successful check before it is liquidated.
    pub liquidation_cool_off_seconds: u16,
    /// Whether debt without collateral leaves the vault, through the price of its shares.
    pub socialises_debt: bool,
    /// The share of the interest that is minted as fees, basis points; absent is none.
    #[serde(default)]
    pub interest_fee_bps: u16,
    /// Cap on what is supplied, in the venue's 16-bit decimal float of base units; 0 or absent is
    /// no cap.
    #[serde(default)]
    pub supply_cap: u16,
    /// Cap on what is borrowed, likewise.
    #[serde(default)]
    pub borrow_cap: u16,
    /// The interest rate model; absent where the vault is used without interest.
    #[serde(default)]
    pub rates: Option<LinearKink>,
    /// The vaults whose shares secure a debt here, by the symbol of their asset; none where nothing
    /// is lent.
    #[serde(default)]
    pub collaterals: BTreeMap<String, CollateralParameters>,
}

/// What a vault's shares are worth as collateral of another vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollateralParameters {
    /// Weight in the check after new business, basis points.
    pub borrow_ltv_bps: u16,
    /// Weight in a liquidation, basis points, once a ramp has ended. Zero still lets the shares be
    /// seized.
    pub liquidation_ltv_bps: u16,
    /// A ramp on which the weight comes down; absent where it stands.
    #[serde(default)]
    pub ramp: Option<RampParameters>,
}

/// A weight that comes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RampParameters {
    /// Where it began, basis points.
    pub initial_ltv_bps: u16,
    /// When it ends (Unix seconds).
    pub ends_at_seconds: u64,
    /// How long it takes as a whole, seconds.
    pub duration_seconds: u32,
}

impl CollateralParameters {
    /// The weight of a liquidation as it stands at `now` (Unix seconds).
    #[must_use]
    pub fn ltv(&self, now: u64) -> Ltv {
        match self.ramp {
            None => Ltv::fixed(self.liquidation_ltv_bps),
            Some(ramp) => Ltv {
                target_bps: self.liquidation_ltv_bps,
                initial_bps: ramp.initial_ltv_bps,
                seconds_left: ramp.ends_at_seconds.saturating_sub(now),
                ramp_seconds: u64::from(ramp.duration_seconds),
            },
        }
    }
}

impl Parameters {
    /// Reads and validates a parameter file.
    ///
    /// # Errors
    /// A sentence that names the first parameter refused, its value and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (_, parameters): (_, Parameters) = parse(text, RULE)?;
        if parameters.vaults.is_empty() {
            return Err("vaults: at least one vault must be listed".to_owned());
        }
        for (symbol, vault) in &parameters.vaults {
            vault.validate(&format!("vaults.{symbol}"))?;
            for (collateral, weights) in &vault.collaterals {
                let path = format!("vaults.{symbol}.collaterals.{collateral}");
                if collateral == symbol {
                    return Err(format!("{path}: a vault must not secure its own debt"));
                }
                if !parameters.vaults.contains_key(collateral) {
                    let known: Vec<&str> = parameters.vaults.keys().map(String::as_str).collect();
                    return Err(format!("{path}: must be one of the vaults {}", known.join(", ")));
                }
                weights.validate(&path)?;
            }
        }
        Ok(parameters)
    }
}

impl VaultParameters {
    fn validate(&self, path: &str) -> Result<(), String> {
        let of = |field: &str| format!("{path}.{field}");
        within(&of("decimals"), self.decimals, 1..=36, "must be 1 to 36")?;
        let right = "must be at most 9999: at 100 % collateral would go for nothing";
        let discount = self.max_liquidation_discount_bps;
        within(&of("max_liquidation_discount_bps"), discount, 0..=9_999, right)?;
        let right = "must be at most 10000 (100 %)";
        within(&of("interest_fee_bps"), self.interest_fee_bps, 0..=10_000, right)?;
        // What the contract's `setCaps` takes: supply counts cash and debt, each of 112 bits.
        let (one, two) = (amount_most(), amount_most() << 1);
        cap(&of("supply_cap"), self.supply_cap, two)?;
        cap(&of("borrow_cap"), self.borrow_cap, one)?;
        match &self.rates {
            Some(rates) => rate(&of("rates"), rates),
            None => Ok(()),
        }
    }
}

fn cap(path: &str, encoded: u16, most: U256) -> Result<(), String> {
    match cap_of(encoded) {
        Some(cap) if cap > most => {
            let right = format!("stands for {cap}; must stand for at most {most}");
            Err(refuse(path, encoded, &right))
        }
        _ => Ok(()),
    }
}

fn rate(path: &str, rates: &LinearKink) -> Result<(), String> {
    if rates.slope2 < rates.slope1 {
        let right = format!("must not be below slope1 = {}, or the kink bends down", rates.slope1);
        return Err(refuse(&format!("{path}.slope2"), rates.slope2, &right));
    }
    let most = U256::from(MAX_INTEREST_RATE);
    match rates.rate_at_full_use() {
        Ok(full) if full <= most => Ok(()),
        Ok(full) => {
            let right = format!("must be at most {most} (1000000 % a year) at full use");
            Err(refuse(path, full, &right))
        }
        Err(error) => Err(format!("{path}: {error} at full use")),
    }
}

impl CollateralParameters {
    /// No weight is toxic by itself: the discount is what health lacks of one, so that close to the
    /// line every collateral of a weight up to 100 % cures.
    fn validate(&self, path: &str) -> Result<(), String> {
        let of = |field: &str| format!("{path}.{field}");
        let (borrow, liquidation) = (self.borrow_ltv_bps, self.liquidation_ltv_bps);
        within(
            &of("liquidation_ltv_bps"),
            liquidation,
            0..=10_000,
            "must be at most 10000 (100 %): above it a liquidation lowers health from the start",
        )?;
        let right = format!("must not exceed liquidation_ltv_bps = {liquidation}");
        within(&of("borrow_ltv_bps"), borrow, 0..=liquidation, &right)?;
        let Some(ramp) = self.ramp else { return Ok(()) };
        let initial = ramp.initial_ltv_bps;
        let right = format!(
            "must be above liquidation_ltv_bps = {liquidation} and at most 10000: a weight that \
             rises is there at once"
        );
        let path = of("ramp.initial_ltv_bps");
        within(&path, initial, liquidation.saturating_add(1)..=10_000, &right)?;
        let right = "must be at least 1";
        within(&of("ramp.duration_seconds"), ramp.duration_seconds, 1..=u32::MAX, right)
    }
}
