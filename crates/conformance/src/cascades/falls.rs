//! Cascades, their amplification, toxic liquidations, and fire sales.

use super::float::{Found, FoundAll, Inputs, Within, refused};
use crate::{Adapter, Mismatch};
use breakwater_simulate::stress::cascade::{
    Cascade, Impact, Network, Position, Terms, amplification, frontier, toxic_step,
};
use serde_json::Value;

/// Whether the file's own name for itself is this.
pub(super) fn named(file: &Value, id: &str) -> bool {
    file.get("id").and_then(Value::as_str) == Some(id)
}

/// Deviation allowed by most files of this family.
pub(super) const TIGHT: Within = Within { rel: 1e-12, abs: 0.0 };

/// Rounds of liquidation in one collateral.
pub(super) struct Rounds;

impl Adapter for Rounds {
    fn knows(&self, file: &Value) -> bool {
        named(file, "single-asset-cascade")
    }

    fn cases_have_ids(&self) -> bool {
        false
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let found = rounds(case).map_err(|mismatch| vec![mismatch])?;
        let expected = Inputs::of(case, "expect").map_err(|mismatch| vec![mismatch])?;
        expected.compare(&[], &found, TIGHT)
    }
}

fn rounds(case: &Value) -> Result<FoundAll, Mismatch> {
    Inputs::of(case, "")?.are(&["input", "expect"])?;
    let inputs = Inputs::of(case, "input")?;
    inputs.are(&["c", "d", "lt", "cf", "bonus", "p0", "depth", "shock", "model"])?;
    let (collateral, debt) = (inputs.numbers("c")?, inputs.numbers("d")?);
    if collateral.len() != debt.len() {
        return Err(inputs.wrong("d", "one debt for each collateral"));
    }
    let (depth, shock) = (inputs.number("depth")?, inputs.number("shock")?);
    let impact = match inputs.text("model")? {
        "exp" => Impact::Exponential { depth },
        "linear" => Impact::Linear { depth },
        _ => return Err(inputs.wrong("model", "exp or linear")),
    };
    let terms = Terms {
        threshold: inputs.number("lt")?,
        close_factor: inputs.number("cf")?,
        bonus: inputs.number("bonus")?,
    };
    let position = |(collateral, debt)| Position { collateral, debt };
    let book = collateral.into_iter().zip(debt).map(position).collect();
    let run = Cascade::new(book, terms, inputs.number("p0")?, impact)
        .and_then(|cascade| cascade.run(shock))
        .map_err(refused)?;
    let round = |round: &breakwater_simulate::stress::cascade::Round| {
        Found::Record(vec![
            ("n", Found::Count(round.accounts as u64)),
            ("Q", Found::Number(round.seized)),
            ("p", Found::Number(round.price)),
        ])
    };
    let of = |value: fn(&Position) -> f64| {
        Found::numbers(&run.positions.iter().map(value).collect::<Vec<_>>())
    };
    Ok(vec![
        ("final_price", Found::Number(run.final_price)),
        ("rounds", Found::List(run.rounds.iter().map(round).collect())),
        ("n_rounds", Found::Count(run.rounds.len() as u64)),
        ("final_coll", of(|position| position.collateral)),
        ("final_debt", of(|position| position.debt)),
        ("bad_debt", Found::Number(run.bad_debt)),
    ])
}

/// The geometric series of a small fall.
pub(super) struct Amplification;

impl Adapter for Amplification {
    fn knows(&self, file: &Value) -> bool {
        named(file, "linear-amplification")
    }

    fn cases_have_ids(&self) -> bool {
        false
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let one = |mismatch| vec![mismatch];
        let inputs = Inputs::of(case, "").map_err(one)?;
        let gain = inputs.number("gain").map_err(one)?;
        let drop = inputs.number("exogenous_drop").map_err(one)?;
        let amplified = amplification(gain, drop).map_err(|error| vec![refused(error)])?;
        let rounds = amplified.rounds_to_1e9.map_or(Found::Nothing, Found::Count);
        let found = vec![
            ("total_drop", Found::number_or_nothing(amplified.total_drop)),
            ("rounds_to_1e9", rounds),
        ];
        inputs.compare(&["gain", "exogenous_drop"], &found, Within { rel: 1e-9, abs: 0.0 })
    }
}

/// Frontiers and steps of toxic liquidation.
pub(super) struct Toxic;

impl Adapter for Toxic {
    fn knows(&self, file: &Value) -> bool {
        named(file, "toxic-liquidation")
    }

    fn cases<'a>(&self, file: &'a Value) -> Vec<&'a Value> {
        let lists = ["cases", "step_cases"].into_iter().filter_map(|name| file.get(name));
        lists.filter_map(Value::as_array).flatten().collect()
    }

    fn cases_have_ids(&self) -> bool {
        false
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let one = |mismatch| vec![mismatch];
        let inputs = Inputs::of(case, "").map_err(one)?;
        let within = Within { rel: 0.0, abs: 1e-12 };
        let incentive = inputs.number("incentive").map_err(one)?;
        if inputs.value("ltv0").is_none() {
            let line = frontier(incentive).map_err(|error| vec![refused(error)])?;
            let found = vec![("ltv_uncollateralised_frontier", Found::Number(line))];
            return inputs.compare(&["incentive"], &found, within);
        }
        let ltv = inputs.number("ltv0").map_err(one)?;
        let close_factor = inputs.number("close_factor").map_err(one)?;
        let step =
            toxic_step(ltv, incentive, close_factor).map_err(|error| vec![refused(error)])?;
        let found = vec![
            ("repaid_per_100_coll", Found::Number(step.repaid_per_100)),
            ("ltv1", Found::number_or_nothing(step.ltv_after)),
            ("toxic", Found::Flag(step.toxic)),
        ];
        inputs.compare(&["ltv0", "incentive", "close_factor"], &found, within)
    }
}

/// Fire sales of banks that target a leverage.
pub(super) struct FireSales;

impl Adapter for FireSales {
    fn knows(&self, file: &Value) -> bool {
        named(file, "glt-fire-sale")
    }

    fn cases_have_ids(&self) -> bool {
        false
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let found = fire_sale(case).map_err(|mismatch| vec![mismatch])?;
        let expected = Inputs::of(case, "expect").map_err(|mismatch| vec![mismatch])?;
        expected.compare(&[], &found, TIGHT)
    }
}

fn fire_sale(case: &Value) -> Result<FoundAll, Mismatch> {
    Inputs::of(case, "")?.are(&["input", "expect"])?;
    let inputs = Inputs::of(case, "input")?;
    inputs.are(&["A", "M", "B", "L", "f"])?;
    let (assets, weights) = (inputs.numbers("A")?, inputs.rows("M")?);
    let (leverage, impact) = (inputs.numbers("B")?, inputs.numbers("L")?);
    let returns = inputs.numbers("f")?;
    let network = Network::new(assets, weights, leverage, impact).map_err(refused)?;
    let sale = network.shock(&returns).map_err(refused)?;
    Ok(vec![
        ("E", Found::numbers(&sale.equity)),
        ("direct_loss", Found::numbers(&sale.direct_loss)),
        ("sales", Found::numbers(&sale.sales)),
        ("net_sales_by_asset", Found::numbers(&sale.net_sales_by_asset)),
        ("price_change", Found::numbers(&sale.price_change)),
        ("second_round_loss", Found::numbers(&sale.second_round_loss)),
        ("AV", Found::Number(sale.aggregate_vulnerability)),
        ("systemicness", Found::numbers(&sale.systemicness)),
        ("indirect_vulnerability", Found::numbers(&sale.indirect_vulnerability)),
        ("direct_vulnerability", Found::numbers(&sale.direct_vulnerability)),
    ])
}
