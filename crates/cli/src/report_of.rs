//! A run as the report draws it: the same figures in other units, nothing computed anew.

mod charts;

use crate::events::{Firsts, Moment};
use crate::failure::Failure;
use crate::figures::{count, counted, fall_bps, money, percent, rounded, rounded_text};
use crate::replay::venue_sells;
use crate::story::{clock, minute, moment, unit};
use breakwater_money::decimal::{self, format_raw, format_raw_signed};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_report::{
    Assumption, BalanceRow, Books, ComparisonReport, Decimal, Happening, Identity, KeyFigure,
    Liquidation, Mechanism, Part, Provenance, RunReport, Status, standard_glossary,
};
use breakwater_simulate::{Run, RunOptions, Scenario, SensitivityCell, Variant, record};

/// Everything that a report is made from.
pub struct Told<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Options of the run.
    pub options: &'a RunOptions,
    /// What was changed about the scenario, as it was asked for.
    pub changes: &'a [String],
    /// The run.
    pub run: &'a Run,
    /// What was noticed on the way.
    pub firsts: &'a Firsts,
    /// The same run under other depth and feedback.
    pub cells: &'a [SensitivityCell],
    /// State hash that the journal gives.
    pub replay_hash: &'a str,
}

/// The report of a run.
pub fn report(told: &Told<'_>) -> Result<RunReport, Failure> {
    let Told { scenario, options, run, .. } = told;
    Ok(RunReport {
        title: run.title.clone(),
        question: run.question.clone(),
        notice: notice(told.changes),
        identity: Identity {
            scenario: run.scenario.clone(),
            shock: run.shock.clone(),
            seed: options.seed,
            // A policy's name is a phrase that follows its rulebook's, such as "with our guards".
            rulebook: format!("{}, {}", run.rulebook, run.policy),
            policies: Vec::new(),
            state_hash: run.state_hash.clone(),
        },
        key_figures: key_figures(run),
        happenings: happenings(run, told.firsts),
        liquidations: liquidations(run, options)?,
        price: Part::Given(charts::price(run)),
        health: Part::Given(charts::health(run)),
        at_risk: Part::Given(charts::at_risk(run)),
        waterfall: Part::Given(charts::waterfall(run, venue_sells(options.policy))),
        execution: Part::Given(charts::execution(run)),
        depth: charts::depth(run),
        sensitivity: charts::sensitivity(run, told.cells),
        rounds: Part::Given(charts::rounds(run)),
        assumptions: assumptions(scenario, options),
        books: Books {
            trial_balance: balances(&run.balances)?,
            replay_hash: Some(told.replay_hash.to_owned()),
        },
        glossary: standard_glossary(),
        provenance: provenance(scenario),
    })
}

/// The page that puts mechanisms side by side.
pub fn comparison(
    scenario: &Scenario,
    options: &RunOptions,
    changes: &[String],
    variants: &[Variant],
    combined_hash: &str,
) -> Result<ComparisonReport, Failure> {
    let Some(run) = variants.first().map(|variant| &variant.run) else {
        return Err(Failure::Internal("no mechanism was run".to_owned()));
    };
    let mut rulebooks: Vec<&str> = variants.iter().map(|v| v.run.rulebook.as_str()).collect();
    rulebooks.dedup();
    let base = run.driver.split('/').next().unwrap_or_default();
    Ok(ComparisonReport {
        title: format!("{}: mechanisms side by side", run.title),
        question: run.question.clone(),
        notice: notice(changes),
        identity: Identity {
            scenario: run.scenario.clone(),
            shock: run.shock.clone(),
            seed: options.seed,
            rulebook: format!("{} mechanisms on {}", variants.len(), rulebooks.join("; ")),
            policies: Vec::new(),
            state_hash: combined_hash.to_owned(),
        },
        key_figures: Vec::new(),
        price_unit: format!("{} for 1 {base}", unit(run)),
        mechanisms: variants.iter().map(mechanism).collect(),
        assumptions: assumptions(scenario, options),
        glossary: standard_glossary(),
        provenance: provenance(scenario),
    })
}

fn mechanism(variant: &Variant) -> Mechanism {
    let run = &variant.run;
    let totals = &run.totals;
    let value = |raw| exact(raw, run.value_decimals);
    let mut remarks = Vec::new();
    if totals.ticks_refused > 0 {
        remarks.push(format!(
            "{} refused by the guard",
            counted(totals.ticks_refused, "tick", "ticks")
        ));
    }
    if totals.unprofitable > 0 {
        let left = counted(totals.unprofitable, "account", "accounts");
        remarks.push(format!("keepers left {left} alone at times"));
    }
    if !run.mapped.is_empty() {
        let whole = |raw| rounded(raw, run.value_decimals, 0);
        let (taken, all) = (whole(totals.debt_start), whole(totals.debt_whole));
        remarks.push(format!("takes {taken} of {all} owed"));
        remarks.extend(crate::compare::mapped_lines(&run.mapped, whole));
    }
    let remark = remarks.join("; ");
    // Where the venue sells by itself there are no keepers.
    let keepers = totals.keeper_gain != 0 || totals.gas != 0;
    Mechanism {
        name: variant.name.clone(),
        variant: variant.variant.clone(),
        thresholds: variant.thresholds.clone(),
        state_hash: run.state_hash.clone(),
        bad_debt_booked_usd: Some(value(totals.bad_debt_booked)),
        bad_debt_open_usd: Some(value(totals.bad_debt_open)),
        borrower_loss_usd: Some(value(totals.borrower_loss)),
        liquidator_gain_usd: keepers.then(|| signed(totals.keeper_gain, run.value_decimals)),
        lowest_price: Some(value(totals.driver_low)),
        liquidations: Some(Decimal::from(totals.liquidations)),
        remark,
    }
}

fn notice(changes: &[String]) -> Option<String> {
    let settings = changes.join(", ");
    (!changes.is_empty())
        .then(|| format!("This run is not the scenario as it is written. Changed: {settings}."))
}

/// A value with all its digits and no zeros behind them.
fn exact(raw: u128, decimals: u8) -> Decimal {
    // What is printed here is always a decimal.
    Decimal::parse(&format_raw(raw, decimals)).unwrap_or_else(|_| Decimal::from(0u64))
}

fn signed(raw: i128, decimals: u8) -> Decimal {
    // As above.
    Decimal::parse(&format_raw_signed(raw, decimals)).unwrap_or_else(|_| Decimal::from(0u64))
}

fn parsed(field: &str, text: &str) -> Result<Decimal, Failure> {
    Decimal::parse(text).map_err(|error| Failure::Internal(format!("{field}: {error}")))
}

fn key_figures(run: &Run) -> Vec<KeyFigure> {
    let totals = &run.totals;
    let unit = unit(run);
    let figure = |label: &str, value: String, unit: &str, note: String| KeyFigure {
        label: label.to_owned(),
        value,
        unit: unit.to_owned(),
        note,
    };
    let value = |raw| format_raw(raw, run.value_decimals);
    let of = |raw| format!("of {} {unit}", money(raw, run.value_decimals));
    let fall = percent(fall_bps(totals.driver_start, totals.driver_low));
    vec![
        figure("Debt repaid", value(totals.debt_repaid), unit, of(totals.debt_start)),
        figure(
            "Liquidations",
            totals.liquidations.to_string(),
            "",
            format!("on {} of {} accounts", count(totals.liquidated), count(totals.accounts)),
        ),
        figure(
            "Collateral seized",
            value(totals.collateral_sold),
            unit,
            of(totals.collateral_start),
        ),
        figure("Incentive paid", value(totals.incentive), unit, String::new()),
        figure(
            "Lowest mark",
            value(totals.driver_low),
            unit,
            format!("{}, {fall} down", run.driver),
        ),
        figure("Bad debt, booked", value(totals.bad_debt_booked), unit, String::new()),
        figure(
            "Bad debt, open",
            value(totals.bad_debt_open),
            unit,
            format!("on {} under water", counted(totals.under_water, "account", "accounts")),
        ),
        figure("Cascade rounds", totals.rounds_most.to_string(), "at most", String::new()),
    ]
}

/// What happened, in order of time.
fn happenings(run: &Run, firsts: &Firsts) -> Vec<Happening> {
    let decimals = run.value_decimals;
    let value = |raw| format!("{} {}", money(raw, decimals), unit(run));
    let mut rows: Vec<(u64, Happening)> = Vec::new();
    let mut tell = |seconds: u64, what: String, measure: String| {
        rows.push((seconds, Happening { at: minute(run, seconds), what, measure }));
    };
    tell(
        0,
        "The book opens.".to_owned(),
        format!(
            "{}, {} owed",
            counted(run.totals.accounts, "account", "accounts"),
            value(run.totals.debt_start)
        ),
    );
    for (first, what) in [(&firsts.warned, "warned"), (&firsts.called, "called")] {
        if let Some(Moment { at, account, ratio }) = first {
            let seconds = moment(run, 0).map_or(0, |start| at.seconds_since(start));
            let what = format!("The first account is {what}: {account}.");
            tell(seconds, what, format!("health {}", rounded_text(ratio, 4)));
        }
    }
    if let Some(first) = run.liquidations.first() {
        let what = format!("The first liquidation. {}", first.reason);
        tell(first.at_seconds, what, value(first.debt_repaid_value));
    }
    if let Some(first) = run.liquidations.iter().find(|row| row.deficit_value > 0) {
        let what = format!("The first deficit is booked, for {}.", first.account);
        tell(first.at_seconds, what, value(first.deficit_value));
    }
    if let Some(most) =
        run.liquidations.iter().max_by_key(|row| row.round).filter(|row| row.round > 1)
    {
        let what = format!("A cascade reaches round {}.", most.round);
        tell(most.at_seconds, what, format!("{} {}", run.driver, value(most.driver_mark)));
    }
    if let Some(low) = run.prices.iter().min_by_key(|point| point.mark) {
        let what = format!("The trough of {}.", run.driver);
        tell(low.at_seconds, what, value(low.mark));
    }
    if let Some(last) = run.liquidations.last().filter(|_| run.liquidations.len() > 1) {
        tell(last.at_seconds, "The last liquidation.".to_owned(), value(last.debt_repaid_value));
    }
    if let Some(end) = run.prices.last() {
        let under = counted(run.totals.under_water, "account", "accounts");
        tell(end.at_seconds, "The scenario ends.".to_owned(), format!("{under} under water"));
    }
    rows.sort_by_key(|(seconds, _)| *seconds);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn liquidations(run: &Run, options: &RunOptions) -> Result<Vec<Liquidation>, Failure> {
    let by_venue = venue_sells(options.policy);
    run.liquidations.iter().map(|row| liquidation(run, row, by_venue)).collect()
}

/// Health at 1e18 as a decimal; none where nothing is owed.
fn health(ratio: u128) -> Option<Decimal> {
    (ratio != u128::MAX).then(|| exact(ratio, 18))
}

fn liquidation(
    run: &Run,
    row: &record::Liquidation,
    by_venue: bool,
) -> Result<Liquidation, Failure> {
    let decimals = run.value_decimals;
    let value = |raw| exact(raw, decimals);
    // Price of one whole unit of collateral: a value over an amount, at the value's own scale.
    let unit_price = |worth: u128| {
        let sold = decimal::Decimal::parse(&row.collateral_sold).ok()?;
        let digits = u128::try_from(sold.digits).ok()?;
        let scale = 10u128.checked_pow(u32::from(sold.decimals))?;
        mul_div(worth, scale, digits, Rounding::HalfUp).ok().map(value)
    };
    Ok(Liquidation {
        sequence: row.sequence,
        at_seconds: row.at_seconds,
        at: minute(run, row.at_seconds),
        round: row.round,
        account: row.account.clone(),
        liquidator: if by_venue { String::new() } else { "keeper".to_owned() },
        debt_asset: row.debt_asset.clone(),
        debt_repaid: parsed("liquidations.debt_repaid", &row.debt_repaid)?,
        debt_repaid_usd: value(row.debt_repaid_value),
        collateral_asset: row.collateral_asset.clone(),
        collateral_seized: parsed("liquidations.collateral_sold", &row.collateral_sold)?,
        collateral_seized_usd: value(row.collateral_value),
        mark_usd: unit_price(row.collateral_value),
        average_price_usd: unit_price(row.proceeds_value),
        discount_bps: Some(Decimal::from(row.discount_bps)),
        health_before: health(row.health_before),
        health_after: health(row.health_after),
        liquidator_gain_usd: (!by_venue).then(|| signed(row.keeper_gain, decimals)),
        gas_usd: (!by_venue).then(|| value(row.gas_value)),
        deficit_usd: value(row.deficit_value),
        reason: row.reason.clone(),
    })
}

fn assumptions(scenario: &Scenario, options: &RunOptions) -> Vec<Assumption> {
    let row = |(name, value, status, source): (String, String, String, String)| Assumption {
        name,
        value,
        status: match status.as_str() {
            "measured" | "stated" => Status::Sourced,
            "derived" => Status::Derived,
            "assumption" => Status::Assumed,
            _ => Status::Unverified,
        },
        source,
    };
    scenario.assumptions(options).into_iter().map(row).collect()
}

fn provenance(scenario: &Scenario) -> Vec<Provenance> {
    let row = |(name, source, licence, hash)| Provenance { name, source, licence, hash };
    scenario.provenance().into_iter().map(row).collect()
}

/// The trial balance, row by row.
pub(crate) fn balances(rows: &[record::BalanceRow]) -> Result<Vec<BalanceRow>, Failure> {
    rows.iter().map(balance).collect()
}

/// What all holders have stands against what others owe them; the sum is what is left over.
fn balance(row: &record::BalanceRow) -> Result<BalanceRow, Failure> {
    let debits = parsed("balances.positive", &row.positive)?;
    let difference = parsed("balances.sum", &row.sum)?;
    let credits = less(&row.positive, &row.sum)
        .ok_or_else(|| Failure::Internal(format!("balances: {} does not fit", row.unit)))?;
    Ok(BalanceRow {
        asset: row.unit.clone(),
        debits,
        credits: parsed("balances", &credits)?,
        difference,
    })
}

/// `a - b`, exactly.
fn less(a: &str, b: &str) -> Option<String> {
    let (a, b) = (decimal::Decimal::parse(a).ok()?, decimal::Decimal::parse(b).ok()?);
    let decimals = a.decimals.max(b.decimals);
    let raw = a.to_raw_signed(decimals).ok()?.checked_sub(b.to_raw_signed(decimals).ok()?)?;
    Some(format_raw_signed(raw, decimals))
}

/// `22:50` of a number of seconds, for labels inside charts.
pub(crate) fn label_of(run: &Run, name: &str, seconds: u64) -> String {
    format!("{name}, {}", clock(run, seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balance_that_is_off_shows_on_both_sides() {
        let row = |sum: &str| record::BalanceRow {
            unit: "USDC tokens".to_owned(),
            positive: "10.5".to_owned(),
            sum: sum.to_owned(),
        };
        let even = balance(&row("0")).unwrap();
        assert_eq!((even.debits.as_str(), even.credits.as_str()), ("10.5", "10.5"));
        let off = balance(&row("-0.25")).unwrap();
        assert_eq!((off.credits.as_str(), off.difference.as_str()), ("10.75", "-0.25"));
    }
}
