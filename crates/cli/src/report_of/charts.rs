//! The charts of a run. Values become floats here, because they only place ink.

use super::{exact, label_of};
use crate::figures::{fall_bps, rounded_text, short_label};
use crate::story::unit;
use breakwater_report::{
    AtRisk, AtRiskRow, CascadeRound, CascadeRounds, Cell, Decimal, DepthCurve, DepthPoint,
    Execution, ExecutionPoint, FallMark, HealthBin, HealthDistribution, HealthMoment,
    LiquidationMark, LossKind, LossStep, Part, PricePath, PricePoint, Sensitivity,
    SensitivityMetric, SoldLot, Waterfall, Worse,
};
use breakwater_simulate::{HEALTH_BINS, HEALTH_FROM, HEALTH_STEP, Run, SensitivityCell, Totals};

/// Lots of a depth chart that get a label: more would cover each other.
const LABELLED: usize = 1;

fn hours(seconds: u64) -> f64 {
    seconds as f64 / 3_600.0
}

fn placed(raw: u128, decimals: u8) -> f64 {
    raw as f64 / 10f64.powi(i32::from(decimals))
}

fn read(text: &str) -> f64 {
    text.parse().unwrap_or(0.0)
}

pub fn price(run: &Run) -> PricePath {
    let value = |raw| placed(raw, run.value_decimals);
    PricePath {
        pair: run.driver.clone(),
        unit: unit(run).to_owned(),
        points: run
            .prices
            .iter()
            .map(|point| PricePoint {
                at_hours: hours(point.at_seconds),
                path: value(point.path),
                mark: value(point.mark),
            })
            .collect(),
        liquidations: run
            .liquidations
            .iter()
            .map(|row| LiquidationMark {
                at_hours: hours(row.at_seconds),
                mark: value(row.driver_mark),
                debt_repaid_usd: value(row.debt_repaid_value),
                account: row.account.clone(),
            })
            .collect(),
        second: None,
    }
}

pub fn health(run: &Run) -> HealthDistribution {
    // The last bin is open above; the first also counts what lies below it.
    let edge = |bin: usize| (f64::from(HEALTH_FROM) + bin as f64 * f64::from(HEALTH_STEP)) / 100.0;
    let low = run.prices.iter().min_by_key(|point| point.mark).map_or(0, |low| low.at_seconds);
    let last = run.prices.last().map_or(0, |last| last.at_seconds);
    HealthDistribution {
        bins: (0..HEALTH_BINS)
            .map(|bin| HealthBin {
                from: edge(bin),
                to: (bin + 1 < HEALTH_BINS).then(|| edge(bin + 1)),
            })
            .collect(),
        moments: run
            .health
            .iter()
            .map(|moment| HealthMoment {
                name: match moment.name.as_str() {
                    "before" => label_of(run, "before", 0),
                    "trough" => label_of(run, "at the trough", low),
                    "after" => label_of(run, "after", last),
                    other => other.to_owned(),
                },
                debt_usd: moment.debt.iter().map(|raw| placed(*raw, run.value_decimals)).collect(),
                accounts: moment.accounts.clone(),
            })
            .collect(),
    }
}

pub fn at_risk(run: &Run) -> AtRisk {
    let totals = &run.totals;
    let fall = fall_bps(totals.driver_start, totals.driver_path_low);
    AtRisk {
        what_falls: format!("{} falls, what is owed in {} stays", run.driver, unit(run)),
        rows: run
            .at_risk
            .iter()
            .map(|row| AtRiskRow {
                fall_percent: f64::from(row.fall_bps) / 100.0,
                liquidatable_debt_usd: placed(row.debt, run.value_decimals),
                bad_debt_usd: placed(row.bad_debt, run.value_decimals),
            })
            .collect(),
        marks: vec![FallMark { fall_percent: fall as f64 / 100.0, label: "this run".to_owned() }],
        scale_to_usd: 0.0,
    }
}

/// All losses, and who bore them. Borrowers bear what was taken above their debt, or what selling
/// cost them; lenders and backstops bear the bad debt.
pub fn waterfall(run: &Run, by_venue: bool) -> Waterfall {
    let totals = &run.totals;
    let all = totals
        .borrower_loss
        .saturating_add(totals.bad_debt_booked)
        .saturating_add(totals.bad_debt_open);
    let mut steps = vec![LossStep {
        name: "All losses".to_owned(),
        amount_usd: exact(all, run.value_decimals),
        kind: LossKind::Total,
    }];
    let bearers = &totals.bearers;
    let off = |name: &str, raw: u128, kind| LossStep {
        name: name.to_owned(),
        amount_usd: minus(raw, run.value_decimals),
        kind,
    };
    steps.extend(
        borrowers(totals, by_venue).into_iter().map(|(name, raw, kind)| off(name, raw, kind)),
    );
    steps.extend([
        off("Insurance fund", bearers.insurance, LossKind::Backstop),
        off("Reserves and vault", bearers.vault, LossKind::Backstop),
        off("Deleveraged winners", bearers.deleveraged, LossKind::Backstop),
        off("Shared among accounts", bearers.socialised, LossKind::Backstop),
        off("Lenders: bad debt, booked", bearers.outstanding, LossKind::BadDebtBooked),
        off("Lenders: bad debt, open", totals.bad_debt_open, LossKind::BadDebtOpen),
    ]);
    // Backstops that bore nothing only take room.
    steps.retain(|step| step.kind != LossKind::Backstop || !step.amount_usd.is_zero());
    Waterfall { steps }
}

/// What borrowers lost, by where it went. What keepers took in splits into impact, gas and gain
/// only if the three add up to it; a venue's cut, or an impact in their favour, leaves it whole.
fn borrowers(totals: &Totals, by_venue: bool) -> Vec<(&'static str, u128, LossKind)> {
    if by_venue {
        return vec![("Borrowers: price impact", totals.borrower_loss, LossKind::Impact)];
    }
    let kept = u128::try_from(totals.keeper_gain).ok();
    let sum = kept.and_then(|kept| kept.checked_add(totals.price_impact)?.checked_add(totals.gas));
    match kept.filter(|_| sum == Some(totals.borrower_loss)) {
        Some(kept) => vec![
            ("Borrowers: price impact", totals.price_impact, LossKind::Impact),
            ("Borrowers: gas", totals.gas, LossKind::Cost),
            ("Borrowers: kept by keepers", kept, LossKind::Incentive),
        ],
        None => vec![("Borrowers: incentive paid", totals.borrower_loss, LossKind::Incentive)],
    }
}

fn minus(raw: u128, decimals: u8) -> Decimal {
    let value = exact(raw, decimals);
    // Digits with a minus in front are a decimal.
    if raw == 0 { value } else { Decimal::parse(&format!("-{value}")).unwrap_or(value) }
}

pub fn execution(run: &Run) -> Execution {
    Execution {
        run_hours: run.prices.last().map_or(0.0, |last| hours(last.at_seconds)),
        points: run
            .liquidations
            .iter()
            .map(|row| ExecutionPoint {
                at_hours: hours(row.at_seconds),
                discount_bps: row.discount_bps as f64,
                debt_repaid_usd: placed(row.debt_repaid_value, run.value_decimals),
                account: row.account.clone(),
            })
            .collect(),
        guides: Vec::new(),
    }
}

pub fn depth(run: &Run) -> Part<DepthCurve> {
    if run.depth.is_empty() {
        return Part::Absent("The run gave no depth curve.".to_owned());
    }
    let mut sold: Vec<SoldLot> = run
        .sold
        .iter()
        .map(|(amount, _)| SoldLot { amount: read(amount), label: String::new() })
        .collect();
    let mut by_size: Vec<usize> = (0..sold.len()).collect();
    by_size.sort_by(|a, b| sold[*b].amount.total_cmp(&sold[*a].amount).then(a.cmp(b)));
    for index in by_size.into_iter().take(LABELLED) {
        let (amount, label) = &run.sold[index];
        // The label is a time and an account; a whole address does not fit a chart.
        let label: Vec<String> = label.split_whitespace().map(short_label).collect();
        let (amount, unit) = (rounded_text(amount, 0), &run.depth_unit);
        sold[index].label = format!("largest sale, {amount} {unit}, {}", label.join(" "));
    }
    Part::Given(DepthCurve {
        market: format!("{} to {}", run.depth_unit, unit(run)),
        amount_unit: run.depth_unit.clone(),
        points: run
            .depth
            .iter()
            .map(|row| DepthPoint {
                amount: read(&row.amount),
                average_discount_bps: row.average_bps as f64,
                marginal_discount_bps: row.marginal_bps as f64,
            })
            .collect(),
        sold,
    })
}

type Measure = fn(&Totals, u8) -> f64;

const MEASURES: [(&str, bool, Worse, Measure); 4] = [
    ("Bad debt, booked and open", true, Worse::Higher, |totals, decimals| {
        placed(totals.bad_debt_booked.saturating_add(totals.bad_debt_open), decimals)
    }),
    ("Debt repaid", true, Worse::Higher, |totals, decimals| placed(totals.debt_repaid, decimals)),
    ("Lowest mark", true, Worse::Lower, |totals, decimals| placed(totals.driver_low, decimals)),
    ("Liquidations", false, Worse::Higher, |totals, _| totals.liquidations as f64),
];

pub fn sensitivity(run: &Run, cells: &[SensitivityCell]) -> Part<Sensitivity> {
    let mut rows: Vec<String> = Vec::new();
    let mut columns: Vec<String> = Vec::new();
    for cell in cells {
        if !rows.contains(&cell.feedback) {
            rows.push(cell.feedback.clone());
        }
        if !columns.contains(&cell.depth) {
            columns.push(cell.depth.clone());
        }
    }
    if cells.is_empty() {
        return Part::Absent("No other depth or feedback was run.".to_owned());
    }
    let at = |row: &String, column: &String| {
        cells.iter().find(|cell| cell.feedback == *row && cell.depth == *column)
    };
    let base = cells.iter().find(|cell| cell.totals == run.totals).and_then(|cell| {
        let row = rows.iter().position(|row| *row == cell.feedback)?;
        let column = columns.iter().position(|column| *column == cell.depth)?;
        Some(Cell { row, column })
    });
    let metric = |(name, valued, worse, measure): (&str, bool, Worse, Measure)| {
        let value = |cell: &SensitivityCell| measure(&cell.totals, run.value_decimals);
        let row = |row| columns.iter().map(|column| at(row, column).map(value)).collect();
        SensitivityMetric {
            name: name.to_owned(),
            unit: if valued { unit(run).to_owned() } else { "number".to_owned() },
            worse,
            values: rows.iter().map(row).collect(),
        }
    };
    let metrics = MEASURES.into_iter().map(metric).collect();
    Part::Given(Sensitivity {
        row_name: "feedback".to_owned(),
        column_name: "depth (1 is as quoted)".to_owned(),
        base,
        metrics,
        rows,
        columns,
    })
}

pub fn rounds(run: &Run) -> CascadeRounds {
    CascadeRounds {
        rounds: (1u32..)
            .zip(&run.rounds)
            .map(|(round, told)| CascadeRound {
                round,
                liquidations: told.liquidations,
                debt_repaid_usd: placed(told.debt_repaid, run.value_decimals),
            })
            .collect(),
    }
}
