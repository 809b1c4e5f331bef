//! Runs, and rules against drains and falls, told apart by their `kind`.

use super::falls::{TIGHT, named};
use super::float::{Found, FoundAll, Inputs, refused};
use super::number::number;
use crate::{Adapter, Mismatch};
use breakwater_liquidation::solvency::bands::{
    Bands, Halt, MARKET_HALT_MINUTES, MARKET_LAST_HALT_SECOND, MARKET_LEVELS_BPS, MarketWide, Tier,
};
use breakwater_liquidation::solvency::outflow::{Counted, Excess, OutflowLimit};
use breakwater_liquidation::solvency::rates::TwoSlopes;
use breakwater_money::rounding::Rounding;
use breakwater_money::{MoneyError, rational};
use breakwater_simulate::stress::panic::Deposit;
use serde_json::Value;

/// Decimals at which the integer rules are asked.
const DECIMALS: u8 = 18;

/// One at those decimals.
const ONE: f64 = 1e18;

/// Limit bands, breakers, rates, outflow limits and deposit contracts.
pub(super) struct Drains;

impl Adapter for Drains {
    fn knows(&self, file: &Value) -> bool {
        named(file, "drain-defences")
    }

    fn cases_have_ids(&self) -> bool {
        false
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let one = |mismatch| vec![mismatch];
        let inputs = Inputs::of(case, "").map_err(one)?;
        type Rule = fn(&Inputs<'_>) -> Result<FoundAll, Mismatch>;
        let (names, rule): (&[&str], Rule) = match inputs.text("kind").map_err(one)? {
            "luld" => (&["kind", "tier", "ref", "phase"], bands),
            "mwcb" => (&["kind"], market_wide),
            "kink" => (&["kind", "U", "U_opt", "base", "slope1", "slope2"], rates),
            "rate_limit" => {
                let names =
                    &["kind", "liq_start", "retained_bps", "window_s", "begin_threshold", "events"];
                (names, outflow)
            }
            "diamond_dybvig" => (&["kind", "t", "R", "gamma"], deposit),
            _ => {
                let right = "luld, mwcb, kink, rate_limit or diamond_dybvig";
                return Err(vec![inputs.wrong("kind", right)]);
            }
        };
        let found = rule(&inputs).map_err(one)?;
        inputs.compare(names, &found, TIGHT)
    }
}

/// A number of 0 or more, at [`DECIMALS`].
fn raw_of(value: &Value) -> Option<u128> {
    rational::to_raw(&number(value)?, DECIMALS, Rounding::HalfUp).ok()
}

fn raw(inputs: &Inputs<'_>, name: &str) -> Result<u128, Mismatch> {
    let wrong = || inputs.wrong(name, "a number of zero or more, in 128 bits at 18 decimals");
    inputs.value(name).and_then(raw_of).ok_or_else(wrong)
}

fn whole(inputs: &Inputs<'_>, name: &str) -> Result<u64, Mismatch> {
    let wrong = || inputs.wrong(name, "a whole number of zero or more");
    inputs.value(name).and_then(Value::as_u64).ok_or_else(wrong)
}

fn failed(error: MoneyError) -> Mismatch {
    Mismatch::new("(case)", "inputs that the rule has", error.to_string())
}

fn bands(inputs: &Inputs<'_>) -> Result<FoundAll, Mismatch> {
    let tier = match whole(inputs, "tier")? {
        1 => Tier::One,
        2 => Tier::Two,
        _ => return Err(inputs.wrong("tier", "1 or 2")),
    };
    let doubled = match inputs.text("phase")? {
        "regular" => false,
        "close" => true,
        _ => return Err(inputs.wrong("phase", "regular or close")),
    };
    let bands = Bands::around(raw(inputs, "ref")?, DECIMALS, tier, doubled).map_err(failed)?;
    Ok(vec![
        ("lower", Found::Number(bands.lower as f64 / ONE)),
        ("upper", Found::Number(bands.upper as f64 / ONE)),
    ])
}

fn market_wide(_inputs: &Inputs<'_>) -> Result<FoundAll, Mismatch> {
    let levels: Vec<f64> = MARKET_LEVELS_BPS.iter().map(|bps| f64::from(*bps) / 1e4).collect();
    let minutes = MARKET_LAST_HALT_SECOND / 60;
    // What the rule does with a market that has lost all.
    let third = match MarketWide::default().on(1, 0, 0) {
        Some(Halt::RestOfDay) => "rest of day",
        _ => "a halt",
    };
    Ok(vec![
        ("levels", Found::numbers(&levels)),
        ("level12_halt_min", Found::Count(MARKET_HALT_MINUTES)),
        ("no_L12_after", Found::Text(format!("{:02}:{:02}", minutes / 60, minutes % 60))),
        ("L3", Found::Text(third.to_owned())),
    ])
}

fn rates(inputs: &Inputs<'_>) -> Result<FoundAll, Mismatch> {
    let slopes = TwoSlopes {
        base_e18: raw(inputs, "base")?,
        slope1_e18: raw(inputs, "slope1")?,
        slope2_e18: raw(inputs, "slope2")?,
        usage_best_e18: raw(inputs, "U_opt")?,
    };
    slopes.validate().map_err(|why| Mismatch::new("(case)", "rates that the rule has", why))?;
    let usage = raw(inputs, "U")?;
    let borrow = slopes.borrow_rate(usage).map_err(failed)?;
    let supply = slopes.supply_rate(usage, 1_000).map_err(failed)?;
    Ok(vec![
        ("borrow_rate", Found::Number(borrow as f64 / ONE)),
        ("supply_rate_rf10", Found::Number(supply as f64 / ONE)),
    ])
}

fn outflow(inputs: &Inputs<'_>) -> Result<FoundAll, Mismatch> {
    let retained = whole(inputs, "retained_bps")?;
    let limit = OutflowLimit {
        retained_bps: u32::try_from(retained)
            .map_err(|_| inputs.wrong("retained_bps", "0 to 10000"))?,
        window_seconds: whole(inputs, "window_s")?,
        begin_threshold: raw(inputs, "begin_threshold")?,
        minimum_amount: 0,
        cooldown_seconds: 0,
        excess: Excess::Revert,
        counted: Counted::Net,
    };
    limit.validate().map_err(|why| Mismatch::new("(case)", "a limit that the rule has", why))?;
    let start = raw(inputs, "liq_start")?;
    let events = inputs.value("events").and_then(Value::as_array);
    let flows = events.and_then(|list| list.iter().map(flow).collect::<Option<Vec<_>>>());
    let flows = flows
        .filter(|flows| flows.is_sorted_by_key(|flow| flow.0))
        .ok_or_else(|| inputs.wrong("events", "a list of [second, signed flow] in order"))?;
    let tripped = (0..flows.len()).find(|at| {
        let seen = flows.get(..=*at).unwrap_or_default();
        limit.trips(start, limit.window_change(seen))
    });
    let tripped = tripped.map_or(Found::Nothing, |at| Found::Count(at as u64));
    Ok(vec![("tripped_at_event", tripped)])
}

/// Second and signed flow.
fn flow(event: &Value) -> Option<(u64, i128)> {
    let [second, flow] = event.as_array()?.as_slice() else { return None };
    let flow = number(flow)?;
    let negative = flow < rational::from_raw(0, 0);
    let size = if negative { -flow } else { flow };
    let raw = rational::to_raw(&size, DECIMALS, Rounding::HalfUp).ok()?;
    let raw = i128::try_from(raw).ok()?;
    Some((second.as_u64()?, if negative { -raw } else { raw }))
}

fn deposit(inputs: &Inputs<'_>) -> Result<FoundAll, Mismatch> {
    let deposit = Deposit {
        impatient: inputs.number("t")?,
        gross_return: inputs.number("R")?,
        aversion: inputs.number("gamma")?,
    };
    let contract = deposit.contract().map_err(refused)?;
    Ok(vec![
        ("c1", Found::Number(contract.early)),
        ("c2", Found::Number(contract.late)),
        ("run_fraction_served", Found::Number(contract.served_in_a_run)),
        ("no_run_max_early_fraction", Found::Number(contract.stays_up_to)),
    ])
}
