//! From the inputs of a case to its outputs, by the options crate.

use super::Inputs;
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use breakwater_money::Rational;
use breakwater_options::hedging::discrete::Hedged;
use breakwater_options::hedging::{
    Action, Direction, Effect, Exposure, ZAKAMOULINE, leland_number, leland_volatility, sign_of,
    whalley_wilmott, zakamouline,
};
use breakwater_options::surface::{Ssvi, Svi};
use breakwater_options::{Black76, Kind, Quote, Side};

/// A float as the number it is.
fn exactly(inputs: &Inputs<'_>, value: f64) -> Result<Output, Mismatch> {
    let exact = Rational::from_float(value);
    exact.map(Output::Number).ok_or_else(|| inputs.refused(format!("{value} is no number")))
}

/// Names with their floats, as outputs.
fn numbers(inputs: &Inputs<'_>, values: &[(&'static str, f64)]) -> Result<Outputs, Mismatch> {
    values.iter().map(|(name, value)| Ok((*name, exactly(inputs, *value)?))).collect()
}

/// The list of a function over the case's `k`.
fn over(
    inputs: &Inputs<'_>,
    ks: &[f64],
    of: impl Fn(f64) -> Result<f64, Mismatch>,
) -> Result<Output, Mismatch> {
    let list = ks.iter().map(|k| exactly(inputs, of(*k)?));
    Ok(Output::List(list.collect::<Result<_, _>>()?))
}

fn hedged(inputs: &Inputs<'_>, spot: &str, volatility: &str) -> Result<Hedged, Mismatch> {
    Ok(Hedged {
        spot: inputs.number(spot)?,
        strike: inputs.number("K")?,
        years: inputs.number("T")?,
        rate: inputs.number("r")?,
        volatility: inputs.number(volatility)?,
        intervals: 1,
    })
}

pub(super) fn discrete(inputs: &Inputs<'_>) -> Result<Outputs, Mismatch> {
    let intervals = inputs.count("N")?;
    let hedged = Hedged { intervals, ..hedged(inputs, "S0", "sigma")? };
    let call = hedged.call().map_err(|error| inputs.refused(error))?;
    let exact = hedged.exact_deviation().map_err(|error| inputs.refused(error))?;
    let rough = hedged.derman_kamal_deviation().map_err(|error| inputs.refused(error))?;
    let sum = hedged.boyle_emanuel_deviation().map_err(|error| inputs.refused(error))?;
    numbers(
        inputs,
        &[
            ("bs_price", call.price()),
            ("vega", call.vega()),
            ("exact_std_pv", exact),
            ("derman_kamal_std", rough),
            ("boyle_emanuel_sum_std", sum),
            ("ratio_dk_over_exact", rough / exact),
            ("std_over_premium", exact / call.price()),
        ],
    )
}

pub(super) fn leland(inputs: &Inputs<'_>) -> Result<Outputs, Mismatch> {
    let (sigma, cost) = (inputs.number("sigma")?, inputs.number("kappa_round_trip")?);
    let interval = inputs.number("dt")?;
    let refused = |error| inputs.refused(error);
    let number = leland_number(sigma, cost, interval).map_err(refused)?;
    let at = |side| leland_volatility(side, sigma, cost, interval).map_err(refused);
    numbers(
        inputs,
        &[
            ("le_number", number),
            ("sigma_short", at(Side::Short)?),
            ("sigma_long", at(Side::Long)?),
        ],
    )
}

/// The long call of a case: its spot delta at a volatility, its exposure and risk aversion.
struct LongCall {
    quote: Quote,
    exposure: Exposure,
    risk_aversion: f64,
}

impl LongCall {
    fn of(inputs: &Inputs<'_>) -> Result<LongCall, Mismatch> {
        let (price, rate) = (inputs.number("S")?, inputs.number("r")?);
        let (years, volatility) = (inputs.number("T")?, inputs.number("sigma")?);
        let growth = libm::exp(rate * years);
        let (kind, strike) = (Kind::Call, inputs.number("K")?);
        let quote = Quote { kind, forward: price * growth, strike, years, volatility, rate };
        let option = Black76::new(&quote).map_err(|error| inputs.refused(error))?;
        // By the spot: dF/dS is the growth.
        let gamma = option.gamma() * growth * growth;
        let cost_one_way = inputs.number("cost_one_way")?;
        let exposure = Exposure { price, gamma, years, volatility, rate, cost_one_way };
        Ok(LongCall { quote, exposure, risk_aversion: inputs.number("risk_aversion")? })
    }

    fn delta(&self, inputs: &Inputs<'_>, factor: f64) -> Result<f64, Mismatch> {
        let quote = Quote { volatility: self.quote.volatility * factor, ..self.quote };
        let option = Black76::new(&quote).map_err(|error| inputs.refused(error))?;
        Ok(option.delta_undiscounted())
    }
}

pub(super) fn whalley(inputs: &Inputs<'_>) -> Result<Outputs, Mismatch> {
    let call = LongCall::of(inputs)?;
    let half = whalley_wilmott(&call.exposure, call.risk_aversion);
    let half = half.map_err(|error| inputs.refused(error))?;
    let delta = call.delta(inputs, 1.0)?;
    numbers(
        inputs,
        &[
            ("bs_delta", delta),
            ("bs_gamma", call.exposure.gamma),
            ("half_band", half),
            ("lower", delta - half),
            ("upper", delta + half),
        ],
    )
}

pub(super) fn zakamouline_band(inputs: &Inputs<'_>) -> Result<Outputs, Mismatch> {
    let call = LongCall::of(inputs)?;
    let band = zakamouline(&call.exposure, call.risk_aversion, &ZAKAMOULINE);
    let band = band.map_err(|error| inputs.refused(error))?;
    let centre = call.delta(inputs, band.volatility_factor)?;
    numbers(
        inputs,
        &[
            ("bs_delta", call.delta(inputs, 1.0)?),
            ("bs_gamma", call.exposure.gamma),
            ("K_vol_adjust", band.variance_adjustment),
            ("modified_sigma", call.exposure.volatility * band.volatility_factor),
            ("centre_delta", centre),
            ("H0", band.h0),
            ("H1", band.h1),
            ("lower", centre - band.half_width()),
            ("upper", centre + band.half_width()),
        ],
    )
}

pub(super) fn svi(inputs: &Inputs<'_>) -> Result<Outputs, Mismatch> {
    let at = |name| inputs.number(name);
    let slice = Svi::new(at("a")?, at("b")?, at("rho")?, at("m")?, at("sigma")?);
    let slice = slice.map_err(|error| inputs.refused(error))?;
    let (ks, least) = (inputs.numbers("k")?, slice.grid_minimum());
    let mut outputs = numbers(
        inputs,
        &[
            ("g_min_on_pm3", least.g),
            ("k_at_g_min", least.log_moneyness),
            ("lee_left", slice.lee_left()),
            ("lee_right", slice.lee_right()),
            ("min_variance", slice.min_variance()),
        ],
    )?;
    outputs.push(("butterfly_free_on_pm3", Output::Flag(least.is_free())));
    outputs.push(("w", over(inputs, &ks, |k| Ok(slice.w(k)))?));
    outputs.push(("dw", over(inputs, &ks, |k| Ok(slice.first(k)))?));
    outputs.push(("d2w", over(inputs, &ks, |k| Ok(slice.second(k)))?));
    outputs.push(("g", over(inputs, &ks, |k| Ok(slice.butterfly(k)))?));
    Ok(outputs)
}

pub(super) fn ssvi(inputs: &Inputs<'_>) -> Result<Outputs, Mismatch> {
    let at = |name| inputs.number(name);
    let refused = |error| inputs.refused(error);
    let surface = Ssvi::new(at("rho")?, at("eta")?, at("gamma")?).map_err(refused)?;
    let (theta, ks) = (at("theta")?, inputs.numbers("k")?);
    let conditions = surface.conditions(theta).map_err(refused)?;
    let phi = surface.phi(theta).map_err(refused)?;
    let mut outputs = numbers(
        inputs,
        &[("phi", phi), ("cond1_lt4", conditions.first), ("cond2_le4", conditions.second)],
    )?;
    outputs.push(("sufficient_butterfly_free", Output::Flag(conditions.hold())));
    outputs.push(("w", over(inputs, &ks, |k| surface.w(theta, k).map_err(refused))?));
    Ok(outputs)
}

pub(super) fn mismatch(inputs: &Inputs<'_>) -> Result<Outputs, Mismatch> {
    let implied = hedged(inputs, "S", "sigma_implied")?;
    let realised = hedged(inputs, "S", "sigma_realised")?;
    let value = |of: &Hedged| of.call().map(|call| call.price());
    let refused = |error| inputs.refused(error);
    let profit = implied.mismatch_profit(realised.volatility).map_err(refused)?;
    numbers(
        inputs,
        &[
            ("premium_at_implied", value(&implied).map_err(refused)?),
            ("value_at_realised", value(&realised).map_err(refused)?),
            ("certain_pv_profit_long_hedged_at_realised", profit),
        ],
    )
}

/// The mean that hedging with implied deltas has, however often it is done.
pub(super) fn mean_mismatch(inputs: &Inputs<'_>) -> Result<Outputs, Mismatch> {
    inputs.count("N")?;
    let implied = hedged(inputs, "S0", "sigma_implied")?;
    let profit = implied.mismatch_profit(inputs.number("sigma_realised")?);
    let profit = profit.map_err(|error| inputs.refused(error))?;
    numbers(inputs, &[("mean_pnl_long_hedged_at_implied_zero_drift", profit)])
}

pub(super) fn hedge_sign(inputs: &Inputs<'_>) -> Result<Outputs, Mismatch> {
    let (side, kind) = match inputs.text("position")? {
        "short call" => (Side::Short, Kind::Call),
        "long call" => (Side::Long, Kind::Call),
        "short put" => (Side::Short, Kind::Put),
        "long put" => (Side::Long, Kind::Put),
        _ => return Err(inputs.wrong("position", "short or long, call or put")),
    };
    let sign = sign_of(side, kind);
    let text = |text: &str| Output::Text(text.to_owned());
    let action = |action| text(if action == Action::Buy { "buy" } else { "sell" });
    let up = sign.option_price_up_when == Direction::Up;
    Ok(vec![
        ("option_price_up_when", text(if up { "underlying up" } else { "underlying down" })),
        ("hedge_holding_sign", exactly(inputs, f64::from(sign.hedge_holding))?),
        ("underlying_up_action", action(sign.underlying_up)),
        ("option_price_rises_action", action(sign.option_price_rises)),
        ("gamma", text(if sign.gamma == Side::Long { "long" } else { "short" })),
        ("effect", text(if sign.effect == Effect::Dampens { "dampens" } else { "amplifies" })),
    ])
}
