//! The parameter file of the descending auctions: one market a collateral kind, one stablecoin for all.

use super::abaci::stairstep;
use super::clip::Clip;
use super::clip_house::House;
use super::clip_revert::Revert;
use super::clipper_mom::ClipperMom;
use super::dog::Ilk;
use crate::parameters::{Head, parse, refuse, within};
use breakwater_auction::dutch::Curve;
use breakwater_money::{Rad, Ray, U256, Wad};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Name under which hosts plug the rule in.
pub const RULE: &str = "maker-clip";

/// A rulebook file of these auctions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    // Read as the head; listed here because unknown fields are refused.
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "rule")]
    _rule: String,
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "effective_from")]
    _effective_from: String,
    #[serde(rename = "numeraire_decimals")]
    _numeraire_decimals: u8,
    #[serde(rename = "source")]
    _source: BTreeMap<String, String>,
    constants: Constants,
    markets: BTreeMap<String, MarketParameters>,
}

/// What all markets share.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constants {
    /// Symbol of the stablecoin that everybody owes and that the auctions collect.
    pub currency: String,
    /// Its decimals.
    pub currency_decimals: u8,
    /// Most that may be wanted of all auctions at once, whole coins (`Hole`).
    pub on_sale_coins_max: u64,
}

/// One collateral kind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketParameters {
    /// Symbol of the token.
    pub asset: String,
    /// Its decimals. The auctions count in 18, whatever the token does.
    pub decimals: u8,
    /// Least worth of collateral over debt (`mat`).
    pub ratio_bps: u32,
    /// What an auction is to bring beyond the debt (`chop` less one).
    pub penalty_bps: u32,
    /// Most that may be wanted of this market's auctions at once, whole coins (`hole`). Zero sells
    /// nothing.
    pub on_sale_coins_max: u64,
    /// Least debt of a vault, whole coins (`dust`).
    pub debt_coins_min: u64,
    /// Price at start, as a share of the feed's (`buf`).
    pub start_bps: u32,
    /// Seconds for which an auction holds (`tail`).
    pub age_seconds_max: u64,
    /// Share of the top price down to which an auction holds (`cusp`).
    pub price_least_bps: u32,
    /// Keeper's share of what an auction is to bring (`chip`).
    pub keeper_share_bps: u32,
    /// Keeper's flat fee, whole coins (`tip`).
    pub keeper_flat_coins: u64,
    /// Seconds of a step of the price (`step`).
    pub step_seconds: u64,
    /// What is kept of the price at each step (`cut`).
    pub kept_bps: u32,
    /// Share of the feed's current price below which its next one lets anybody stop the auctions
    /// (`tolerance`).
    pub trip_bps: u32,
}

/// A validated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// What every file begins with.
    pub head: Head,
    /// What all markets share.
    pub constants: Constants,
    /// Markets by collateral kind.
    pub markets: BTreeMap<String, MarketParameters>,
}

/// Most coins that a limit may be: far above any, and far from any overflow.
const COINS_MAX: u64 = 1_000_000_000_000;

/// Most whole coins of a flat fee: the contract keeps 192 bits of 1e45.
const FLAT_COINS_MAX: u64 = 6_277_101_735_386;

/// Most basis points of a keeper's share: the contract keeps 64 bits of 1e18.
const SHARE_BPS_MAX: u32 = 184_467;

/// Longest that an auction may hold: a year.
const AGE_SECONDS_MAX: u64 = 31_536_000;

/// Basis points of one.
const ONE_BPS: u32 = 10_000;

/// Most basis points of a ratio or of a start price: a thousandfold.
const THOUSANDFOLD_BPS: u32 = 10_000_000;

impl Parameters {
    /// Reads and validates a parameter file.
    ///
    /// # Errors
    /// The first parameter refused, with its path, its value and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (head, File { constants, markets, .. }) = parse::<File>(text, RULE)?;
        let parameters = Parameters { head, constants, markets };
        parameters.validate()?;
        Ok(parameters)
    }

    fn validate(&self) -> Result<(), String> {
        let Constants { currency, currency_decimals, on_sale_coins_max } = &self.constants;
        if currency.is_empty() {
            return Err(refuse("constants.currency", "\"\"", "must name the stablecoin"));
        }
        within("constants.currency_decimals", *currency_decimals, 1..=18, "must be 1 to 18")?;
        coins("constants.on_sale_coins_max", *on_sale_coins_max)?;
        if self.markets.is_empty() {
            return Err("markets: at least one market must be listed".to_owned());
        }
        for (name, market) in &self.markets {
            let path = |field: &str| format!("markets.{name}.{field}");
            if market.asset.is_empty() {
                return Err(refuse(&path("asset"), "\"\"", "must name the token"));
            }
            if market.asset == *currency {
                let right = "must not be the stablecoin, which cannot secure itself";
                return Err(refuse(&path("asset"), format!("{currency:?}"), right));
            }
            market.validate(&path)?;
        }
        Ok(())
    }

    /// The auctions of one market, as configured and without a sale. `N` names vault owners.
    ///
    /// # Errors
    /// None of parameters that were validated; [`Revert::CutAboveOne`] or [`Revert::Arithmetic`] of
    /// others.
    pub fn clip<N: Clone + Eq>(&self, market: &MarketParameters) -> Result<Clip<N>, Revert> {
        let mut clip = Clip::new(market.calc()?);
        market.configure(&mut clip);
        clip.set_chost(market.ilk().chost()?);
        Ok(clip)
    }

    /// The whole system with every market in it, before the first price: no vault, no auction.
    ///
    /// # Errors
    /// As [`Parameters::clip`].
    pub fn house<N: Ord + Clone>(&self) -> Result<House<String, N>, Revert> {
        let mut house = House::new(rad(self.constants.on_sale_coins_max));
        for (name, market) in &self.markets {
            let hole = rad(market.on_sale_coins_max);
            house.add(name.clone(), market.ilk(), market.calc()?, hole)?;
            market.configure(&mut house.collateral_mut(name)?.clip);
        }
        Ok(house)
    }
}

impl MarketParameters {
    fn validate(&self, path: &dyn Fn(&str) -> String) -> Result<(), String> {
        within(&path("decimals"), self.decimals, 1..=18, "must be 1 to 18")?;
        let right = "must be 10000 (debt covered just so) to 10000000";
        within(&path("ratio_bps"), self.ratio_bps, ONE_BPS..=THOUSANDFOLD_BPS, right)?;
        let right = "must be at most 10000 (as much again as the debt)";
        within(&path("penalty_bps"), self.penalty_bps, 0..=ONE_BPS, right)?;
        coins(&path("on_sale_coins_max"), self.on_sale_coins_max)?;
        coins(&path("debt_coins_min"), self.debt_coins_min)?;
        let right = "must be 10000 to 10000000: below one, a lot starts under its worth";
        within(&path("start_bps"), self.start_bps, ONE_BPS..=THOUSANDFOLD_BPS, right)?;
        let right = "must be 1 to 31536000 (a year)";
        within(&path("age_seconds_max"), self.age_seconds_max, 1..=AGE_SECONDS_MAX, right)?;
        let right = "must be 1 to 9999: at 0 a lot goes for nothing, at 10000 none is ever sold \
                     below its top";
        within(&path("price_least_bps"), self.price_least_bps, 1..=ONE_BPS - 1, right)?;
        let right = "must be at most 184467: the contract keeps 64 bits and drops the rest unseen";
        within(&path("keeper_share_bps"), self.keeper_share_bps, 0..=SHARE_BPS_MAX, right)?;
        let right = "must be at most 6277101735386: the contract keeps 192 bits and drops the rest \
                     unseen";
        within(&path("keeper_flat_coins"), self.keeper_flat_coins, 0..=FLAT_COINS_MAX, right)?;
        let right = "must be 1 or more: with a step of 0 no price can be computed";
        within(&path("step_seconds"), self.step_seconds, 1..=u64::MAX, right)?;
        let right = "must be 1 to 9999: at 10000 the price never falls";
        within(&path("kept_bps"), self.kept_bps, 1..=ONE_BPS - 1, right)?;
        within(&path("trip_bps"), self.trip_bps, 0..=ONE_BPS, "must be at most 10000")
    }

    /// What the system knows of the collateral before its first price: no interest, no safety price.
    #[must_use]
    pub fn ilk(&self) -> Ilk {
        Ilk {
            rate: Ray::one().raw,
            spot: U256::ZERO,
            dust: rad(self.debt_coins_min),
            mat: ray(self.ratio_bps),
            chop: wad(ONE_BPS.saturating_add(self.penalty_bps)),
        }
    }

    /// How the price falls.
    ///
    /// # Errors
    /// [`Revert::CutAboveOne`] of parameters that were not validated.
    pub fn calc(&self) -> Result<Curve, Revert> {
        stairstep(ray(self.kept_bps).raw, U256::from(self.step_seconds))
    }

    /// The guard with this market's tolerance, not locked.
    ///
    /// # Errors
    /// [`Revert::ToleranceOutOfBounds`] of parameters that were not validated.
    pub fn mom(&self) -> Result<ClipperMom, Revert> {
        let mut mom = ClipperMom::default();
        mom.set_price_tolerance(ray(self.trip_bps).raw)?;
        Ok(mom)
    }

    fn configure<N: Clone + Eq>(&self, clip: &mut Clip<N>) {
        clip.set_buf(ray(self.start_bps).raw);
        clip.set_tail(U256::from(self.age_seconds_max));
        clip.set_cusp(ray(self.price_least_bps).raw);
        clip.set_chip(wad(self.keeper_share_bps).raw);
        clip.set_tip(rad(self.keeper_flat_coins));
    }
}

fn coins(path: &str, value: u64) -> Result<(), String> {
    within(path, value, 0..=COINS_MAX, "must be at most 1000000000000 coins")
}

/// Units of one basis point in wad and in ray.
const WAD_PER_BPS: u64 = 100_000_000_000_000;
const RAY_PER_BPS: u128 = 100_000_000_000_000_000_000_000;

fn wad(bps: u32) -> Wad {
    Wad::from_raw(U256::from(bps).saturating_mul(U256::from(WAD_PER_BPS)))
}

fn ray(bps: u32) -> Ray {
    Ray::from_raw(U256::from(bps).saturating_mul(U256::from(RAY_PER_BPS)))
}

/// Whole coins. No number of 64 bits overflows.
fn rad(coins: u64) -> U256 {
    U256::from(coins).saturating_mul(Rad::one().raw)
}
