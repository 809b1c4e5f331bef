//! Options on a spot price that pays a yield: kind `bsm_greeks`.

use super::tiers::{Computed, Tier, judge};
use super::{is_of_kind, kind, number};
use crate::{Adapter, Mismatch};
use breakwater_options::{BlackScholes, SpotQuote};
use serde_json::Value;

/// The adapter.
#[derive(Debug, Clone, Copy)]
pub struct BlackScholesGreeks;

impl Adapter for BlackScholesGreeks {
    fn knows(&self, file: &Value) -> bool {
        is_of_kind(file, "bsm_greeks")
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let quote = quote(case).map_err(|mismatch| vec![mismatch])?;
        let option = BlackScholes::new(&quote)
            .map_err(|error| vec![Mismatch::new("case", "an option", error.to_string())])?;
        judge(case, &outputs(&quote, &option))
    }
}

fn quote(case: &Value) -> Result<SpotQuote, Mismatch> {
    Ok(SpotQuote {
        kind: kind(case)?,
        spot: number(case, "S")?,
        strike: number(case, "K")?,
        years: number(case, "T")?,
        volatility: number(case, "sigma")?,
        rate: number(case, "r")?,
        dividend_yield: number(case, "q")?,
    })
}

fn outputs(quote: &SpotQuote, option: &BlackScholes) -> [Computed; 14] {
    let greeks = option.greeks();
    let scale = (quote.spot * option.yield_discount()).max(quote.strike * option.discount());
    let of = Computed::new;
    [
        of("price", greeks.price, Tier::Price(scale)),
        of("d1", greeks.d1, Tier::Machine),
        of("d2", greeks.d2, Tier::Machine),
        of("delta", greeks.delta, Tier::Delta(option.yield_discount().max(1.0))),
        of("gamma", greeks.gamma, Tier::Machine),
        of("vega", greeks.vega, Tier::Machine),
        of("theta", greeks.theta, Tier::Machine),
        of("rho", greeks.rho, Tier::Machine),
        of("phi", greeks.phi, Tier::Machine),
        of("vanna", greeks.vanna, Tier::Machine),
        of("volga", greeks.volga, Tier::Machine),
        of("charm", greeks.charm, Tier::Machine),
        of("speed", greeks.speed, Tier::Machine),
        of("dual_delta", greeks.dual_delta, Tier::Machine),
    ]
}
