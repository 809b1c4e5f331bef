//! Events of financial contracts a second, on one core: the published cases of the ACTUS tests, each
//! first held against every row that it states, and a loan book drawn from four lending types.
//!
//! The contracts are read once; what is timed is the schedule, the observations and every state and
//! payoff. The loan book is proved by its principal: what every loan pays back is what it paid out.

use crate::draw::Draw;
use crate::print::{Table, grouped, machine, per_second, time};
use crate::runs::Runs;
use crate::{Failure, Options, Result};
use breakwater_agreement::contracts::{
    Case, Contract, Event, EventType, Observed, Terms, cases_in,
};
use std::hint::black_box;
use std::path::{Path, PathBuf};

/// Sizes of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Loans in the drawn book.
    pub loans: u32,
    /// Times each measurement is taken.
    pub rounds: usize,
}

impl Plan {
    /// The sizes that the options ask for.
    #[must_use]
    pub fn of(options: &Options) -> Plan {
        let usual = if options.quick { 40 } else { 1_000 };
        Plan {
            loans: options.accounts.unwrap_or(usual),
            rounds: if options.quick { 2 } else { 21 },
        }
    }
}

/// What one measurement gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// What was done.
    pub name: &'static str,
    /// Contracts.
    pub contracts: u64,
    /// Their events.
    pub events: u64,
    /// Times.
    pub runs: Runs,
}

/// Measures and prints a table.
///
/// # Errors
/// A contract is refused, or its events are not those that are known.
pub fn run(options: &Options) -> Result<()> {
    println!("contract_events: {}", machine());
    let mut table = Table::new(&["step", "contracts", "events", "events/s", "median", "fastest"]);
    for figures in measure(&Plan::of(options))? {
        table.row(vec![
            figures.name.to_owned(),
            grouped(figures.contracts),
            grouped(figures.events),
            per_second(figures.events, figures.runs.median()),
            time(figures.runs.median()),
            time(figures.runs.least()),
        ]);
    }
    println!("{table}");
    println!("One core; the median run counts. Beside it: benches/peers/actus_events.py.");
    Ok(())
}

/// The figures of both steps.
///
/// # Errors
/// As [`run`].
pub fn measure(plan: &Plan) -> Result<Vec<Figures>> {
    let cases = published()?;
    let book = drawn(plan.loans)?;
    let observed = Observed::default();
    let mut events = 0_u64;
    for case in &cases {
        let rows = case.events().map_err(refused)?;
        if let Some(found) = case.differences(&rows).first() {
            return Err(Failure::Differs(format!("{}: {found:?}", case.name)));
        }
        events += rows.len() as u64;
    }
    let first = Figures {
        name: "published cases",
        contracts: cases.len() as u64,
        events,
        runs: Runs::of(plan.rounds, || {
            for case in &cases {
                let _ = black_box(case.events());
            }
        }),
    };
    let mut events = 0_u64;
    for loan in &book {
        let rows = loan.events(&observed, None).map_err(refused)?;
        returned(&rows)?;
        events += rows.len() as u64;
    }
    let second = Figures {
        name: "drawn loan book",
        contracts: book.len() as u64,
        events,
        runs: Runs::of(plan.rounds, || {
            for loan in &book {
                let _ = black_box(loan.events(&observed, None));
            }
        }),
    };
    Ok(vec![first, second])
}

fn refused(why: breakwater_agreement::Error) -> Failure {
    Failure::Refused { what: "contract", why: why.to_string() }
}

/// The published cases that travel with the workspace.
fn published() -> Result<Vec<Case>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/actus");
    let failed = |doing| move |source| Failure::Io { doing, source };
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(failed("listing the published cases"))? {
        files.push(entry.map_err(failed("listing the published cases"))?.path());
    }
    files.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(failed("reading published cases"))?;
        let value = serde_json::from_str(&text)
            .map_err(|error| Failure::Differs(format!("{}: {error}", file.display())))?;
        cases.extend(cases_in(&value).map_err(refused)?);
    }
    Ok(cases)
}

/// Loans over ten years with monthly payments.
fn drawn(count: u32) -> Result<Vec<Contract>> {
    let mut draw = Draw::new(17, 3);
    let mut book = Vec::new();
    for place in 0..count {
        let kind = ["PAM", "LAM", "NAM", "ANN"][place as usize % 4];
        let notional = 1_000.0 + (1_000_000.0 * draw.unit()).floor();
        let mut terms = serde_json::json!({
            "contractType": kind, "contractID": format!("loan-{place}"), "contractRole": "RPA",
            "statusDate": "2020-12-30", "initialExchangeDate": "2021-01-01",
            "maturityDate": format!("2031-01-{:02}", 1 + draw.below(28)), "currency": "USD",
            "notionalPrincipal": notional, "nominalInterestRate": 0.01 + 0.1 * draw.unit(),
            "dayCountConvention": "AA", "calendar": "MF", "businessDayConvention": "SCMF",
            "cycleAnchorDateOfInterestPayment": "2021-02-01", "cycleOfInterestPayment": "P1ML0"
        });
        if kind != "PAM" {
            terms["cycleAnchorDateOfPrincipalRedemption"] = "2021-02-01".into();
            terms["cycleOfPrincipalRedemption"] = "P1ML0".into();
        }
        if kind == "NAM" {
            terms["nextPrincipalRedemptionPayment"] = (notional / 60.0).into();
        }
        let terms = Terms::from_json(&terms).map_err(refused)?;
        book.push(Contract::new(terms).map_err(refused)?);
    }
    Ok(book)
}

/// Whether the principal comes back.
fn returned(rows: &[Event]) -> Result<()> {
    let principal = [EventType::Ied, EventType::Pr, EventType::Md];
    let paid = |row: &&Event| principal.contains(&row.kind);
    let sum: f64 = rows.iter().filter(paid).map(|row| row.payoff).sum();
    let out = rows.iter().map(|row| row.notional.abs()).fold(0.0, f64::max);
    if sum.abs() <= out * 1e-9 {
        return Ok(());
    }
    Err(Failure::Differs(format!("{sum} of {out} was not paid back")))
}
