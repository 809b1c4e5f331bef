//! Options on a forward, and the same settled in coin: kind `black76_and_inverse`.

use super::tiers::{Computed, Tier, judge};
use super::{is_of_kind, kind, number};
use crate::{Adapter, Mismatch};
use breakwater_options::{Black76, Quote};
use serde_json::Value;

/// The adapter.
#[derive(Debug, Clone, Copy)]
pub struct Black76Inverse;

impl Adapter for Black76Inverse {
    fn knows(&self, file: &Value) -> bool {
        is_of_kind(file, "black76_and_inverse")
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let quote = quote(case).map_err(|mismatch| vec![mismatch])?;
        let option = Black76::new(&quote)
            .map_err(|error| vec![Mismatch::new("case", "an option", error.to_string())])?;
        judge(case, &outputs(&quote, &option))
    }
}

fn quote(case: &Value) -> Result<Quote, Mismatch> {
    Ok(Quote {
        kind: kind(case)?,
        forward: number(case, "F")?,
        strike: number(case, "K")?,
        years: number(case, "T")?,
        volatility: number(case, "sigma")?,
        rate: number(case, "r")?,
    })
}

fn outputs(quote: &Quote, option: &Black76) -> [Computed; 18] {
    let (coin, greeks, discount) = (option.coin(), option.greeks(), option.discount());
    let scale = quote.forward.max(quote.strike);
    let coins = (quote.strike / quote.forward).max(1.0);
    let of = Computed::new;
    [
        of("price", greeks.price, Tier::Price(discount * scale)),
        of("price_undiscounted", option.price_undiscounted(), Tier::Sharp(scale, option.d1())),
        of("d1", option.d1(), Tier::Machine),
        of("d2", option.d2(), Tier::Machine),
        of("delta_fwd", greeks.delta, Tier::Delta(discount.max(1.0))),
        of("gamma_fwd", greeks.gamma, Tier::Machine),
        of("vega", greeks.vega, Tier::Machine),
        of("theta", greeks.theta, Tier::Machine),
        of("rho", greeks.rho, Tier::Machine),
        of("vanna", greeks.vanna, Tier::Machine),
        of("volga", greeks.volga, Tier::Machine),
        of("dual_delta", greeks.dual_delta, Tier::Machine),
        of("inv_price_coin", coin.price, Tier::Price(coins)),
        of("inv_usd_delta", option.delta_undiscounted(), Tier::Delta(1.0)),
        of("inv_net_delta_coin", coin.net_delta, Tier::Delta(coins)),
        of("inv_dcoin_dF", coin.slope, Tier::Machine),
        of("inv_d2coin_dF2", coin.curvature, Tier::Machine),
        of("inv_vega_coin", coin.vega, Tier::Machine),
    ]
}
