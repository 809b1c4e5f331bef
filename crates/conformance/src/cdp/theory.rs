//! Closed forms about auctions and liquidations: family `theory`, told apart by `kind`.
//!
//! Fractions are compared exactly. A decimal is a rendering of a float and may be off by 1e-12 of
//! itself, or by what the case or the file states; those of the descending auction have ten digits,
//! and may be off by half of the last one.

use super::SCHEMA;
use super::llamma::known;
use crate::cascades::number::exact;
use crate::compare::Tolerance;
use crate::node::{Node, differs_flag};
use crate::{Adapter, Mismatch};
use breakwater_auction::theory::{
    Position, TheoryError, all_pay_bid, all_pay_with_loser_share, cost_competition_uniform,
    deviation, first_price_bid, first_price_variance, liquidation_step, second_price_exponential,
    second_price_variance, single_item_uniform, two_step, uniform_price_units,
};
use breakwater_money::{Rational, rational};
use breakwater_simulate::auctions::MeasureError;
use breakwater_simulate::auctions::theory::{Descent, descent_against_brownian};
use serde_json::Value;

/// The adapter.
#[derive(Debug, Clone, Copy)]
pub struct ClosedForms;

const FAMILY: &str = "theory";

/// The formats to which the closed form of a single item applies.
const FORMATS: [&str; 4] = ["english", "second_price", "first_price", "dutch"];

/// Decimals at which a root is computed: far beyond any that a file prints.
const ROOT_DECIMALS: u8 = 40;

impl Adapter for ClosedForms {
    fn knows(&self, file: &Value) -> bool {
        let says = |field: &str| file.get(field).and_then(Value::as_str).unwrap_or_default();
        says("schema") == SCHEMA && says("family") == FAMILY
    }

    fn check(&self, file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let stated = [case, file].into_iter().find(|of| of.get("tolerance").is_some());
        let stated = stated.map(Tolerance::of).transpose().map_err(|wrong| vec![wrong])?;
        match check(&Node::root("case", Some(case)), stated) {
            Ok(found) if found.is_empty() => Ok(()),
            Ok(found) => Err(found),
            Err(wrong) => Err(vec![wrong]),
        }
    }
}

/// One computed output.
enum Output {
    /// Listed as a fraction and as a decimal.
    Fraction(Rational),
    /// Listed as a decimal only.
    Decimal(Rational),
    /// A float, listed as a decimal of ten digits.
    Float(f64),
    /// Listed beside the value at which it is bid; none below the reserve.
    Bid(Option<Rational>),
    /// Yes or no.
    Flag(bool),
    /// There is no such value: listed as null.
    Nothing,
}

/// Outputs by name.
type Outputs<'a> = Vec<(&'a str, Output)>;

fn check(case: &Node<'_>, stated: Option<Tolerance>) -> Result<Vec<Mismatch>, Mismatch> {
    known(case, &["id", "kind", "in", "out", "applies_to", "tolerance"])?;
    let (kind, inputs) = (case.get("kind"), case.get("in"));
    let out = case.get("out");
    let outputs = match kind.text()? {
        "single_item_uniform01" => single_item(&inputs, &out)?,
        "uniform_price_k_units_unit_demand" => units(&inputs)?,
        "second_price_exponential1" => exponential(&inputs)?,
        "liquidator_competition_private_cost_uniform01" => competition(&inputs)?,
        "all_pay_with_loser_fraction_symmetric_mixed" => all_pay(&inputs)?,
        "liquidation_step_ltv" => step(&inputs)?,
        "fixed_spread_two_step" => steps(&inputs)?,
        "dutch_gbm_poisson_blocks" => descent(&inputs)?,
        _ => return Err(kind.wrong("a kind of the schema")),
    };
    known(&out, &outputs.iter().map(|(name, _)| *name).collect::<Vec<_>>())?;
    let mut found = Vec::new();
    for (name, output) in &outputs {
        compare(&out.get(name), output, stated.as_ref(), &mut found)?;
    }
    if !case.get("applies_to").is_absent() {
        for format in case.get("applies_to").list()? {
            if !FORMATS.contains(&format.text()?) {
                found.push(format.wrong(&format!("one of {}", FORMATS.join(", "))));
            }
        }
    }
    Ok(found)
}

fn compare(
    node: &Node<'_>,
    output: &Output,
    stated: Option<&Tolerance>,
    found: &mut Vec<Mismatch>,
) -> Result<(), Mismatch> {
    let relative = |digits: Rational| Tolerance { abs: rational::from_raw(0, 0), rel: digits };
    let usual = || stated.cloned().unwrap_or_else(|| relative(rational::from_raw(1, 12)));
    match output {
        Output::Flag(flag) => found.extend(differs_flag(node, *flag)),
        Output::Nothing if node.is_absent() => {}
        Output::Nothing => found.push(node.wrong("null: there is no such value")),
        Output::Decimal(value) => found.extend(apart(node, value, &usual())?),
        Output::Float(value) => {
            let wrong = || node.wrong(&format!("a finite number; computed: {value}"));
            let value = Rational::from_float(*value).ok_or_else(wrong)?;
            // Half of the tenth digit is at most this share of a number.
            let ten = || relative(rational::from_raw(5, 10));
            found.extend(apart(node, &value, &stated.cloned().unwrap_or_else(ten))?);
        }
        Output::Bid(bid) => {
            known(node, &["value", "bid"])?;
            let bid = bid.clone().map_or(Output::Nothing, Output::Fraction);
            compare(&node.get("bid"), &bid, stated, found)?;
        }
        Output::Fraction(value) => {
            known(node, &["rational", "decimal"])?;
            let fraction = node.get("rational");
            if fraction.rational()? != *value {
                found.push(fraction.wrong(&format!("{value}")));
            }
            found.extend(apart(&node.get("decimal"), value, &usual())?);
        }
    }
    Ok(())
}

/// A mismatch where the decimal of a field is too far from what was computed.
fn apart(
    node: &Node<'_>,
    value: &Rational,
    tolerance: &Tolerance,
) -> Result<Option<Mismatch>, Mismatch> {
    let expected = exact(&node.digits()?).ok_or_else(|| node.wrong("a decimal"))?;
    let shown = || node.wrong(&format!("near {}", rational::format(value, 20)));
    Ok((!tolerance.allows(&expected, value)).then(shown))
}

fn count(inputs: &Node<'_>, name: &str) -> Result<u32, Mismatch> {
    inputs.get(name).small("a number of at most 32 bits")
}

fn refused(inputs: &Node<'_>) -> impl Fn(TheoryError) -> Mismatch {
    move |error| inputs.wrong(&error.to_string())
}

fn single_item<'a>(inputs: &Node<'_>, out: &Node<'a>) -> Result<Outputs<'a>, Mismatch> {
    known(inputs, &["n", "reserve"])?;
    let (n, reserve) = (count(inputs, "n")?, inputs.get("reserve").rational()?);
    let item = single_item_uniform(n, &reserve).map_err(refused(inputs))?;
    let mut outputs = vec![
        ("expected_revenue", Output::Fraction(item.expected_revenue)),
        ("prob_sold", Output::Fraction(item.sale_probability)),
        ("expected_winner_value_times_sold", Output::Fraction(item.winner_value)),
        ("bidder_surplus_total", Output::Fraction(item.bidder_surplus)),
    ];
    outputs.extend(special(n, &reserve, out)?);
    Ok(outputs)
}

/// What holds only for rivals, or only without a reserve, and is listed where it holds.
fn special<'a>(n: u32, reserve: &Rational, out: &Node<'a>) -> Result<Outputs<'a>, Mismatch> {
    let mut outputs = Vec::new();
    for (name, node) in out.fields()? {
        let unreserved = || {
            let free = *reserve == rational::from_raw(0, 0);
            free.then_some(()).ok_or_else(|| node.wrong("absent: it holds without a reserve"))
        };
        let deviation = |variance: Result<Rational, TheoryError>| {
            let root = variance.and_then(|variance| deviation(&variance, ROOT_DECIMALS));
            Ok(Output::Decimal(root.map_err(refused(&node))?))
        };
        let output = match name.split_once("_at") {
            Some(("first_price_bid", "")) => {
                let value = node.get("value").rational()?;
                Output::Bid(first_price_bid(n, reserve, &value).map_err(refused(&node))?)
            }
            Some(("all_pay_bid", value)) => {
                unreserved()?;
                let value = value.strip_prefix('_').and_then(exact);
                let value = value.ok_or_else(|| node.wrong("named after a value"))?;
                Output::Fraction(all_pay_bid(n, &value).map_err(refused(&node))?)
            }
            _ if name == "revenue_sd_second_price" => {
                unreserved()?;
                deviation(second_price_variance(n))?
            }
            _ if name == "revenue_sd_first_price" => {
                unreserved()?;
                deviation(first_price_variance(n))?
            }
            _ => continue,
        };
        outputs.push((name, output));
    }
    Ok(outputs)
}

fn units(inputs: &Node<'_>) -> Result<Outputs<'static>, Mismatch> {
    known(inputs, &["n", "k"])?;
    let units = uniform_price_units(count(inputs, "n")?, count(inputs, "k")?);
    let units = units.map_err(refused(inputs))?;
    Ok(vec![
        ("expected_clearing_price", Output::Fraction(units.expected_price)),
        ("expected_revenue", Output::Fraction(units.expected_revenue)),
    ])
}

fn exponential(inputs: &Node<'_>) -> Result<Outputs<'static>, Mismatch> {
    known(inputs, &["n"])?;
    let found = second_price_exponential(count(inputs, "n")?).map_err(refused(inputs))?;
    Ok(vec![
        ("expected_highest", Output::Fraction(found.expected_highest)),
        ("expected_revenue", Output::Fraction(found.expected_revenue)),
    ])
}

fn competition(inputs: &Node<'_>) -> Result<Outputs<'static>, Mismatch> {
    known(inputs, &["n", "prize"])?;
    let prize = inputs.get("prize").rational()?;
    let found = cost_competition_uniform(count(inputs, "n")?, &prize).map_err(refused(inputs))?;
    Ok(vec![
        ("expected_captured_by_protocol", Output::Fraction(found.captured)),
        ("expected_winner_rent", Output::Fraction(found.winner_rent)),
    ])
}

fn all_pay(inputs: &Node<'_>) -> Result<Outputs<'static>, Mismatch> {
    known(inputs, &["n", "prize", "loser_pays_fraction", "bid"])?;
    let [prize, share, bid] = rationals(inputs, ["prize", "loser_pays_fraction", "bid"])?;
    let game = all_pay_with_loser_share(count(inputs, "n")?, &prize, &share, &bid);
    let game = game.map_err(refused(inputs))?;
    Ok(vec![
        ("cdf_at_bid", Output::Decimal(game.cdf(ROOT_DECIMALS))),
        ("cdf_power_n_minus_1", Output::Fraction(game.win_probability().clone())),
        ("equilibrium_payoff", Output::Decimal(game.payoff())),
    ])
}

fn step(inputs: &Node<'_>) -> Result<Outputs<'static>, Mismatch> {
    let names = ["collateral_value", "debt", "bonus", "repay"];
    known(inputs, &names)?;
    let [collateral, debt, bonus, repay] = rationals(inputs, names)?;
    let step = liquidation_step(&Position { collateral, debt }, &bonus, &repay);
    let step = step.map_err(refused(inputs))?;
    Ok(vec![
        ("ltv_before", Output::Fraction(step.ltv_before)),
        ("ltv_after", step.ltv_after.map_or(Output::Nothing, Output::Fraction)),
        ("toxic", Output::Flag(step.toxic)),
        ("toxic_threshold_ltv", Output::Fraction(step.toxic_threshold)),
        ("bad_debt_if_all_seized", Output::Fraction(step.bad_debt_if_seized)),
        ("bad_debt_if_sold_at_mid", Output::Fraction(step.bad_debt_at_mid)),
    ])
}

fn steps(inputs: &Node<'_>) -> Result<Outputs<'static>, Mismatch> {
    let names = ["collateral_value", "debt", "threshold", "spread", "close_factor"];
    known(inputs, &names)?;
    let [collateral, debt, threshold, spread, close_factor] = rationals(inputs, names)?;
    let steps = two_step(&Position { collateral, debt }, &threshold, &spread, &close_factor);
    let steps = steps.map_err(refused(inputs))?;
    Ok(vec![
        ("first_repay", Output::Fraction(steps.first_repay)),
        ("second_repay", Output::Fraction(steps.second_repay)),
        ("profit_single", Output::Fraction(steps.profit_single)),
        ("profit_two_step", Output::Fraction(steps.profit_two_step)),
        ("relative_gain", Output::Fraction(steps.relative_gain)),
    ])
}

fn descent(inputs: &Node<'_>) -> Result<Outputs<'static>, Mismatch> {
    let names =
        ["annual_vol", "seconds_per_year", "mean_block_s", "log_decay_per_s", "log_start_premium"];
    known(inputs, &names)?;
    let float = |name: &str| {
        let node = inputs.get(name);
        node.digits()?.parse::<f64>().map_err(|_| node.wrong("a decimal"))
    };
    let terms = Descent {
        annual_volatility: float("annual_vol")?,
        seconds_per_year: float("seconds_per_year")?,
        mean_gap_s: float("mean_block_s")?,
        log_decay_per_s: float("log_decay_per_s")?,
        log_premium: float("log_start_premium")?,
    };
    let refused = |error: MeasureError| inputs.wrong(&error.to_string());
    let expected = descent_against_brownian(&terms).map_err(refused)?;
    Ok(vec![
        ("zeta", Output::Float(expected.overshoot_rate)),
        ("expected_loss_vs_fair", Output::Float(expected.loss)),
        ("expected_log_loss", Output::Float(expected.log_loss)),
        ("expected_fill_s", Output::Float(expected.fill_s)),
    ])
}

fn rationals<const N: usize>(
    inputs: &Node<'_>,
    names: [&str; N],
) -> Result<[Rational; N], Mismatch> {
    let mut values = std::array::from_fn(|_| rational::from_raw(0, 0));
    for (value, name) in values.iter_mut().zip(names) {
        *value = inputs.get(name).rational()?;
    }
    Ok(values)
}
