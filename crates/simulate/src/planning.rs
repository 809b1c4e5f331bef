//! How a host plans sales: the terms that a scenario states, and volatility as it is observed.

use crate::ScenarioError;
use crate::market::overflow;
use crate::scenario::PlannerSettings;
use breakwater_liquidation::conditions::{STEPS_MAX, VOLATILITY_PPM_MAX};
use breakwater_liquidation::planner::{HandOver, PlannerTerms};
use breakwater_margin::Ratio;
use breakwater_market::Level;
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{Time, decimal};

const NANOS_PER_DAY: f64 = 86_400e9;

/// Terms of the planner as the scenario states them.
///
/// # Errors
/// No section, or the first field that makes no sense.
pub(crate) fn terms(
    settings: Option<&PlannerSettings>,
    age_max_nanos: u64,
) -> Result<PlannerTerms, ScenarioError> {
    let Some(stated) = settings else {
        let reason = "missing, expected [planner] in the scenario";
        return Err(ScenarioError::setting("planner", reason));
    };
    let confidence = positive("planner.confidence", &stated.confidence, 6)?;
    let below = stated.hand_over_below.as_deref().map(|text| {
        let ratio = decimal::parse_raw(text, 18).map(Ratio::new);
        ratio.map_err(|error| ScenarioError::setting("planner.hand_over_below", error.to_string()))
    });
    let terms = PlannerTerms {
        participation_bps: stated.participation_bps,
        impact_max_bps: stated.impact_max_bps,
        confidence_ppm: u32::try_from(confidence).unwrap_or(u32::MAX),
        pace_nanos: u64::from(stated.pace_seconds) * NANOS_PER_SECOND,
        age_max_nanos,
        hand_over: HandOver {
            after_nanos: stated.hand_over_minutes.map(|m| u64::from(m) * 60 * NANOS_PER_SECOND),
            below_ratio: below.transpose()?,
        },
    };
    terms.validate().map_err(|reason| ScenarioError::setting("planner", reason))?;
    Ok(terms)
}

fn positive(field: &str, text: &str, decimals: u8) -> Result<u128, ScenarioError> {
    decimal::parse_raw(text, decimals)
        .map_err(|error| ScenarioError::setting(field, error.to_string()))
}

/// Cumulative depth as steps: each corner is a quantity and what it fetches, or costs, in base units of
/// the price for a whole unit of `unit` base units. A step has the average price of its slice, rounded
/// against whoever trades.
///
/// # Errors
/// A price that does not fit.
pub(crate) fn steps(
    corners: impl IntoIterator<Item = (u128, u128)>,
    unit: u128,
    buy: bool,
) -> Result<Vec<Level>, ScenarioError> {
    let rounding = if buy { Rounding::Ceil } else { Rounding::Floor };
    let mut steps: Vec<Level> = Vec::new();
    let (mut quantity_before, mut worth_before) = (0u128, 0u128);
    for (quantity, worth) in corners.into_iter().take(STEPS_MAX) {
        let more = quantity.saturating_sub(quantity_before);
        let paid = worth.saturating_sub(worth_before);
        if more == 0 {
            continue;
        }
        let price = mul_div(paid, unit, more, rounding).map_err(overflow)?;
        (quantity_before, worth_before) = (quantity, worth);
        let worse = |last: &Level| if buy { price > last.price } else { price < last.price };
        match steps.last_mut() {
            // Roundings may hide that a slice is worse: then the one before stands for both.
            Some(last) if !worse(last) => last.quantity = last.quantity.saturating_add(more),
            _ if price > 0 => steps.push(Level { price, quantity: more }),
            _ => break,
        }
    }
    Ok(steps)
}

/// Variance of the driver a day, as it is observed: each squared return counts by how long it took
/// and loses half of its weight in a stated time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variance {
    per_day: f64,
    half_life_nanos: f64,
    last: Option<(Time, u128)>,
}

impl Variance {
    /// What is believed before the first price.
    ///
    /// # Errors
    /// A volatility that is none.
    pub fn stated(settings: &PlannerSettings) -> Result<Variance, ScenarioError> {
        let field = "planner.volatility_per_day";
        let raw = positive(field, &settings.volatility_per_day, 6)?;
        if raw == 0 || raw > u128::from(VOLATILITY_PPM_MAX) {
            let given = &settings.volatility_per_day;
            return Err(ScenarioError::setting(field, format!("{given}; above 0 and at most 10")));
        }
        if settings.volatility_half_life_minutes == 0 {
            let field = "planner.volatility_half_life_minutes";
            return Err(ScenarioError::setting(field, "0 remembers nothing; at least 1"));
        }
        let volatility = raw as f64 / 1e6;
        Ok(Variance {
            per_day: volatility * volatility,
            half_life_nanos: f64::from(settings.volatility_half_life_minutes) * 60e9,
            last: None,
        })
    }

    /// A mark of the driver.
    pub fn observe(&mut self, at: Time, mark: u128) {
        if let Some((before, price)) = self.last
            && at > before
            && price > 0
        {
            let nanos = at.since(before) as f64;
            let moved = libm::log(mark as f64 / price as f64);
            let kept = libm::exp2(-nanos / self.half_life_nanos);
            self.per_day =
                kept * self.per_day + (1.0 - kept) * moved * moved * NANOS_PER_DAY / nanos;
        }
        self.last = Some((at, mark));
    }

    /// Standard deviation of a day's return, millionths, rounded up.
    pub fn volatility_ppm(&self) -> u32 {
        let ppm = libm::ceil(libm::sqrt(self.per_day) * 1e6);
        (ppm as u32).clamp(1, VOLATILITY_PPM_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> PlannerSettings {
        PlannerSettings {
            participation_bps: 5_000,
            impact_max_bps: 300,
            confidence: "1.645".to_owned(),
            pace_seconds: 150,
            volatility_per_day: "0.06".to_owned(),
            volatility_half_life_minutes: 60,
            hand_over_minutes: None,
            hand_over_below: Some("0.97".to_owned()),
        }
    }

    #[test]
    fn volatility_goes_from_what_is_stated_to_what_is_observed() {
        let mut variance = Variance::stated(&settings()).unwrap();
        assert_eq!(variance.volatility_ppm(), 60_000);
        let minute = 60 * NANOS_PER_SECOND;
        let mut mark = 1_000_000_000u128;
        for number in 0..600u64 {
            variance.observe(Time(number * minute), mark);
            // A move of a thousandth each minute is one of 0.001 * sqrt(1440) a day.
            mark = mark * if number % 2 == 0 { 1_001 } else { 999 } / 1_000;
        }
        let observed = f64::from(variance.volatility_ppm()) / 1e6;
        assert!((observed - 0.037_95).abs() < 2e-4, "{observed}");
        // Marks of one moment say nothing of time.
        variance.observe(Time(599 * minute), mark / 2);
        assert!((f64::from(variance.volatility_ppm()) / 1e6 - observed).abs() < 1e-6);
    }

    #[test]
    fn steps_have_the_prices_of_their_slices_and_never_get_better() {
        let of = |corners: &[(u128, u128)], buy| {
            let found = steps(corners.iter().copied(), 10, buy).unwrap();
            found.iter().map(|step| (step.price, step.quantity)).collect::<Vec<_>>()
        };
        assert_eq!(of(&[(10, 100), (30, 280)], false), [(100, 10), (90, 20)]);
        assert_eq!(of(&[(10, 100), (30, 320)], true), [(100, 10), (110, 20)]);
        // Rounded against whoever trades: 200 for 21 is less than 95.3 to a seller, more to a buyer.
        assert_eq!(of(&[(21, 200)], false), [(95, 21)]);
        assert_eq!(of(&[(21, 200)], true), [(96, 21)]);
        // A slice that is no worse joins the one before; what fetches nothing ends the sale.
        assert_eq!(of(&[(10, 100), (20, 200), (30, 200)], false), [(100, 20)]);
        assert_eq!(of(&[(10, 100), (10, 100), (20, 190)], false), [(100, 10), (90, 10)]);
    }

    #[test]
    fn settings_that_make_no_sense_are_named() {
        let refused = |settings: PlannerSettings| {
            let terms = terms(Some(&settings), 1).map(|_| ());
            let variance = Variance::stated(&settings).map(|_| ());
            terms.and(variance).unwrap_err().to_string()
        };
        assert!(terms(None, 1).unwrap_err().to_string().contains("[planner]"));
        let with = |change: fn(&mut PlannerSettings)| {
            let mut changed = settings();
            change(&mut changed);
            refused(changed)
        };
        assert!(with(|s| s.participation_bps = 0).contains("participation_bps 0"));
        assert!(with(|s| s.confidence = "-1".to_owned()).contains("confidence"));
        assert!(with(|s| s.pace_seconds = 0).contains("pace_nanos 0"));
        assert!(with(|s| s.volatility_per_day = "0".to_owned()).contains("volatility_per_day"));
        assert!(with(|s| s.volatility_half_life_minutes = 0).contains("half_life_minutes"));
        assert!(with(|s| s.hand_over_below = Some("1.5".to_owned())).contains("below_ratio"));
    }
}
