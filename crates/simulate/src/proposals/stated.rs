//! What a file states of markets and of the planner: JSON, exact decimals as strings.

use crate::ScenarioError;
use crate::book::{BookAsset, PRICE_DECIMALS};
use crate::world::{asset_id, market_id};
use breakwater_liquidation::conditions::VOLATILITY_PPM_MAX;
use breakwater_liquidation::planner::{HandOver, PlannerTerms};
use breakwater_liquidation::{Close, Conditions, Observed, Outlet, OutletKind, Policy, Seller};
use breakwater_margin::Ratio;
use breakwater_market::{Level, MarketId};
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{Time, decimal};
use serde::Deserialize;

/// Decimals of shares: volatility, confidence, correlation.
const SHARE_DECIMALS: u8 = 6;

/// One market of a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JsonMarket {
    asset: String,
    volatility: String,
    #[serde(default)]
    half_life_seconds: u32,
    outlets: Vec<JsonOutlet>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonOutlet {
    kind: OutletKind,
    #[serde(default)]
    pays: Option<String>,
    #[serde(default)]
    wait_seconds: u32,
    #[serde(default)]
    bids: Vec<(String, String)>,
    #[serde(default)]
    asks: Vec<(String, String)>,
}

/// The planner's terms of a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JsonPlanner {
    participation_bps: u32,
    impact_max_bps: u32,
    confidence: String,
    pace_seconds: u32,
    slippage_bps: u32,
    lot_value: String,
    target_ratio: String,
}

/// Market conditions and terms of sale, as a file states them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedMarkets {
    /// What is known of the markets.
    pub observed: Observed,
    /// How sales are planned.
    pub policy: Policy,
}

/// Markets, correlations and terms as they stand in the file.
pub(crate) type Members<'a> =
    (Option<Vec<JsonMarket>>, &'a [(String, String, String)], Option<JsonPlanner>);

/// Where a complaint is about.
struct Place<'a> {
    file: &'a str,
    assets: &'a [BookAsset],
}

/// Reads what the file states; none where it states nothing.
///
/// # Errors
/// The first field that makes no sense, its value and what would be right.
pub(crate) fn read(
    file: &str,
    assets: &[BookAsset],
    (markets, correlations, planner): Members<'_>,
) -> Result<Option<StatedMarkets>, ScenarioError> {
    let place = Place { file, assets };
    let (markets, planner) = match (markets, planner) {
        (None, None) if correlations.is_empty() => return Ok(None),
        (Some(markets), Some(planner)) if !markets.is_empty() => (markets, planner),
        (Some(markets), Some(_)) => {
            let reason = format!("{} stated; expected one or more for the planner", markets.len());
            return Err(place.wrong("markets", reason));
        }
        (None, _) => {
            return Err(place.wrong("markets", "missing; the planner needs one or more"));
        }
        (Some(_), None) => {
            let reason = "missing; expected the terms of sale beside the markets";
            return Err(place.wrong("planner", reason));
        }
    };
    let policy = place.policy(&planner)?;
    let pairs = place.correlations(correlations)?;
    let mut observed = Observed::default();
    let mut known: Vec<usize> = Vec::new();
    for (i, market) in markets.iter().enumerate() {
        let field = format!("markets[{i}]");
        let asset = place.asset(&format!("{field}.asset"), &market.asset)?;
        if known.contains(&asset) {
            let reason = format!("{} stands twice", market.asset);
            return Err(place.wrong(&format!("{field}.asset"), reason));
        }
        known.push(asset);
        let conditions = place.conditions(&field, asset, market)?;
        let own: Vec<(MarketId, i32)> = pairs
            .iter()
            .filter(|(one, _, _)| *one == asset)
            .map(|(_, other, ppm)| (market_id(*other), *ppm))
            .collect();
        observed
            .observe(Time(0), market_id(asset), &conditions, &own)
            .map_err(|why| place.wrong(&field, why.to_string()))?;
    }
    for (i, (one, other, _)) in pairs.iter().enumerate() {
        if let Some(unknown) = [one, other].into_iter().find(|asset| !known.contains(asset)) {
            let symbol = &assets[*unknown].symbol;
            let reason = format!("'{symbol}' has no market; expected one of those in markets");
            return Err(place.wrong(&format!("correlations[{i}]"), reason));
        }
    }
    Ok(Some(StatedMarkets { observed, policy }))
}

impl Place<'_> {
    fn wrong(&self, field: &str, reason: impl Into<String>) -> ScenarioError {
        ScenarioError::setting(format!("{}: {field}", self.file), reason)
    }

    fn asset(&self, field: &str, symbol: &str) -> Result<usize, ScenarioError> {
        let found = self.assets.iter().position(|asset| asset.symbol == symbol);
        found.ok_or_else(|| self.wrong(field, format!("'{symbol}' is not among the assets")))
    }

    fn decimal(&self, field: &str, text: &str, decimals: u8) -> Result<u128, ScenarioError> {
        decimal::parse_raw(text, decimals).map_err(|error| self.wrong(field, error.to_string()))
    }

    fn conditions(
        &self,
        field: &str,
        asset: usize,
        market: &JsonMarket,
    ) -> Result<Conditions, ScenarioError> {
        let at = format!("{field}.volatility");
        let volatility = self.decimal(&at, &market.volatility, SHARE_DECIMALS)?;
        let fits = u32::try_from(volatility).ok().filter(|ppm| *ppm <= VOLATILITY_PPM_MAX);
        let Some(volatility_ppm_per_sqrt_day) = fits else {
            let reason = format!("is {}; at most 10, a share of the price", market.volatility);
            return Err(self.wrong(&at, reason));
        };
        let mut outlets = Vec::with_capacity(market.outlets.len());
        for (i, outlet) in market.outlets.iter().enumerate() {
            outlets.push(self.outlet(&format!("{field}.outlets[{i}]"), asset, outlet)?);
        }
        Ok(Conditions {
            outlets,
            volatility_ppm_per_sqrt_day,
            half_life_nanos: u64::from(market.half_life_seconds) * NANOS_PER_SECOND,
            observed_at: Time(0),
        })
    }

    fn outlet(
        &self,
        field: &str,
        asset: usize,
        stated: &JsonOutlet,
    ) -> Result<Outlet, ScenarioError> {
        let pays = match &stated.pays {
            Some(symbol) => Some(asset_id(self.asset(&format!("{field}.pays"), symbol)?)),
            None => None,
        };
        let bids = self.side(&format!("{field}.bids"), asset, &stated.bids, false)?;
        let asks = self.side(&format!("{field}.asks"), asset, &stated.asks, true)?;
        if let (Some(bid), Some(ask)) = (bids.first(), asks.first())
            && bid.price > ask.price
        {
            let (bid, ask) = (&stated.bids[0].0, &stated.asks[0].0);
            let reason = format!("best bid {bid} is above best ask {ask}: the outlet is crossed");
            return Err(self.wrong(field, reason));
        }
        let wait_nanos = u64::from(stated.wait_seconds) * NANOS_PER_SECOND;
        Ok(Outlet { kind: stated.kind, bids, asks, wait_nanos, pays })
    }

    fn side(
        &self,
        field: &str,
        asset: usize,
        rows: &[(String, String)],
        rises: bool,
    ) -> Result<Vec<Level>, ScenarioError> {
        let mut levels: Vec<Level> = Vec::with_capacity(rows.len());
        for (i, (price_text, quantity_text)) in rows.iter().enumerate() {
            let field = format!("{field}[{i}]");
            let price = self.decimal(&format!("{field} price"), price_text, PRICE_DECIMALS)?;
            let decimals = self.assets[asset].decimals;
            let quantity = self.decimal(&format!("{field} quantity"), quantity_text, decimals)?;
            if price == 0 || quantity == 0 {
                let (name, text) = match price {
                    0 => ("price", price_text),
                    _ => ("quantity", quantity_text),
                };
                return Err(self.wrong(&format!("{field} {name}"), format!("{text}; above zero")));
            }
            let ordered = levels.last().is_none_or(|last| match rises {
                true => last.price < price,
                false => last.price > price,
            });
            if !ordered {
                let (than, before) = if rises { ("above", "asks") } else { ("below", "bids") };
                let reason = format!(
                    "{price_text} after {}; {before} stand best first, each {than} the one before",
                    rows[i - 1].0
                );
                return Err(self.wrong(&format!("{field} price"), reason));
            }
            levels.push(Level { price, quantity });
        }
        Ok(levels)
    }

    fn correlations(
        &self,
        rows: &[(String, String, String)],
    ) -> Result<Vec<(usize, usize, i32)>, ScenarioError> {
        let mut pairs: Vec<(usize, usize, i32)> = Vec::with_capacity(rows.len());
        for (i, (one, other, text)) in rows.iter().enumerate() {
            let field = format!("correlations[{i}]");
            let (one, other) = (self.asset(&field, one)?, self.asset(&field, other)?);
            if one == other {
                let symbol = &self.assets[one].symbol;
                let reason = format!("{symbol} with itself: that is always 1");
                return Err(self.wrong(&field, reason));
            }
            let same = |(a, b, _): &(usize, usize, i32)| {
                (*a == one && *b == other) || (*a == other && *b == one)
            };
            if pairs.iter().any(same) {
                return Err(self.wrong(&field, "the pair stands twice"));
            }
            let raw = decimal::parse_raw_signed(text, SHARE_DECIMALS)
                .map_err(|error| self.wrong(&field, error.to_string()))?;
            let ppm = i32::try_from(raw).ok().filter(|ppm| ppm.abs() <= 1_000_000);
            let Some(ppm) = ppm else {
                return Err(self.wrong(&field, format!("is {text}; -1 to 1")));
            };
            pairs.push((one, other, ppm));
        }
        Ok(pairs)
    }

    fn policy(&self, stated: &JsonPlanner) -> Result<Policy, ScenarioError> {
        let field = |name: &str| format!("planner.{name}");
        let read =
            |name: &str, text: &str, decimals: u8| self.decimal(&field(name), text, decimals);
        let confidence = read("confidence", &stated.confidence, SHARE_DECIMALS)?;
        let terms = PlannerTerms {
            participation_bps: stated.participation_bps,
            impact_max_bps: stated.impact_max_bps,
            confidence_ppm: u32::try_from(confidence).unwrap_or(u32::MAX),
            pace_nanos: u64::from(stated.pace_seconds) * NANOS_PER_SECOND,
            // What a file states holds whenever it is read.
            age_max_nanos: u64::MAX,
            hand_over: HandOver::default(),
        };
        let policy = Policy {
            name: "planned over depth".to_owned(),
            seller: Seller::Venue,
            close: Close::Planned,
            slippage_bps: stated.slippage_bps,
            lot_value: read("lot_value", &stated.lot_value, PRICE_DECIMALS)?,
            target_ratio: Ratio::new(read("target_ratio", &stated.target_ratio, 18)?),
            planner: Some(terms),
            ..Policy::as_is()
        };
        terms.validate().and_then(|()| policy.validate()).map_err(|reason| {
            self.wrong("planner", reason.replace("policy.planner.", "").replace("policy.", ""))
        })?;
        Ok(policy)
    }
}
