//! The waves of deleveraging of 10 October 2025: what each needed, from the price gap of each coin.
//!
//! The tables are those of Chitra and others (pluriholonomic/autodeleveraging-analysis, commit
//! aae0be86, MIT); their needed budgets are sums over coins, which is checked. What the venue took and
//! what was lost is published fact: it is held against the same tables and checked to be consistent.

use super::number::{Members, compare, exact, number};
use crate::compare::{Output, Outputs, Tolerance};
use crate::fields::describe;
use crate::{Adapter, Mismatch};
use breakwater_money::{Rational, rational};
use serde_json::Value;

/// The file's own name for itself.
const ID: &str = "oct10-adl-waves";

/// Gap of every wave and coin: 728 rows of 16 waves.
const GAPS: &str = include_str!("../../../../conformance/cascades/oct10-gaps-of-all-waves.csv");

/// What each of the 16 waves lost, needed and took.
const WAVES: &str = include_str!("../../../../conformance/cascades/oct10-all-waves.csv");

/// Published facts of a wave that nothing here recomputes.
const CARRIED: [&str; 7] = [
    "wave",
    "total_capacity",
    "max_pct_production",
    "max_pct_prorata",
    "max_pct_equity_prorata",
    "contract_prorata_budget",
    "unique_losers",
];

/// The same of all waves together.
const CARRIED_TOTALS: [&str; 2] = ["overshoot_500ms", "overshoot_1000ms"];

/// Cells of a shipped table without its heading; the files are part of the program.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().skip(1).map(|line| line.split(',').collect())
}

/// The numbers of one wave, or of all.
#[derive(Default)]
struct Sums {
    waves: u64,
    gaps: Rational,
    deficit: Rational,
    max_loss: Rational,
    production: Rational,
}

/// Sums over the rows of `wave`, or of all waves.
fn sums(wave: Option<u64>) -> Sums {
    let of = |cell: &str| wave.is_none_or(|wave| cell == wave.to_string());
    let read = |cell: Option<&&str>| cell.and_then(|cell| exact(cell)).unwrap_or_default();
    let mut sums = Sums::default();
    for row in rows(GAPS).filter(|row| row.first().is_some_and(|cell| of(cell))) {
        sums.gaps += read(row.get(2));
    }
    for row in rows(WAVES).filter(|row| row.first().is_some_and(|cell| of(cell))) {
        sums.waves += 1;
        sums.deficit += read(row.get(1));
        sums.max_loss += read(row.get(2));
        sums.production += read(row.get(4));
    }
    sums
}

fn tolerance() -> Tolerance {
    Tolerance { abs: Rational::default(), rel: rational::from_raw(1, 9) }
}

/// Checks the file of waves; its totals are its last case.
pub(super) struct Waves;

impl Adapter for Waves {
    fn knows(&self, file: &Value) -> bool {
        file.get("id").and_then(Value::as_str) == Some(ID)
    }

    fn cases<'a>(&self, file: &'a Value) -> Vec<&'a Value> {
        let cases = file.get("cases").and_then(Value::as_array).into_iter().flatten();
        cases.chain(file.get("totals")).collect()
    }

    fn cases_have_ids(&self) -> bool {
        false
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let members = Members::of(case).map_err(|error| vec![error])?;
        if members.has("wave") { check_wave(&members) } else { check_totals(&members) }
    }
}

fn check_wave(members: &Members<'_>) -> Result<(), Vec<Mismatch>> {
    let wave = members.0.get("wave").and_then(Value::as_u64);
    let sums = sums(wave);
    if wave.is_none() || sums.waves != 1 {
        return Err(vec![members.wrong("wave", "a wave of the shipped tables")]);
    }
    let one = |mismatch| vec![mismatch];
    let mut outputs: Outputs = vec![
        ("needed", Output::Number(sums.gaps.clone())),
        ("production", Output::Number(sums.production)),
        ("deficit", Output::Number(sums.deficit)),
        ("max_loss", Output::Number(sums.max_loss)),
    ];
    if members.has("total_capacity") {
        let capacity = members.number("total_capacity").map_err(one)?;
        if capacity < sums.gaps {
            return Err(vec![members.wrong("total_capacity", "at least what is needed")]);
        }
        outputs.push(("uniform_capacity_haircut", Output::Number(sums.gaps / capacity)));
    }
    let whole = rational::from_raw(1, 0);
    for name in CARRIED.iter().filter(|name| name.starts_with("max_pct_") && members.has(name)) {
        let share = members.number(name).map_err(one)?;
        if share < Rational::default() || share > whole {
            return Err(vec![members.wrong(name, "a share of 0 to 1")]);
        }
    }
    compare(members, &CARRIED, &outputs, &tolerance())
}

fn check_totals(members: &Members<'_>) -> Result<(), Vec<Mismatch>> {
    let sums = sums(None);
    let over = &sums.production - &sums.gaps;
    let outputs = vec![
        ("waves", Output::Count(sums.waves)),
        ("total_deficit", Output::Number(sums.deficit)),
        ("total_needed", Output::Number(sums.gaps)),
        ("total_production_h0", Output::Number(sums.production)),
        ("overshoot_h0", Output::Number(over)),
    ];
    compare(members, &CARRIED_TOTALS, &outputs, &tolerance())
}

/// Checks a list of gaps row by row; each is a case.
pub(super) struct Gaps;

impl Adapter for Gaps {
    fn knows(&self, file: &Value) -> bool {
        let first = file.as_array().and_then(|rows| rows.first());
        first.is_some_and(|row| row.get("gap_usd_x_qty").is_some() && row.get("wave").is_some())
    }

    fn cases_have_ids(&self) -> bool {
        false
    }

    fn check(&self, file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let one = |mismatch| vec![mismatch];
        let members = Members::of(case).map_err(one)?;
        let wave = members.0.get("wave").and_then(Value::as_u64);
        let wave = wave.ok_or_else(|| vec![members.wrong("wave", "a whole number")])?;
        let coin = members.text("coin").map_err(one)?;
        let same = |row: &&Value| {
            row.get("wave").and_then(Value::as_u64) == Some(wave)
                && row.get("coin").and_then(Value::as_str) == Some(coin)
        };
        let given = file.as_array().into_iter().flatten().filter(same).count();
        if given > 1 {
            let got = format!("{given} rows of {coin} in wave {wave}");
            return Err(vec![Mismatch::new("coin", "one row a wave and coin", got)]);
        }
        let wave_text = wave.to_string();
        let known =
            rows(GAPS).find(|row| row.first() == Some(&&*wave_text) && row.get(1) == Some(&coin));
        let Some(known) = known else {
            return Err(vec![members.wrong("coin", "a coin of that wave in the shipped table")]);
        };
        let cell = |at: usize| known.get(at).and_then(|cell| exact(cell)).unwrap_or_default();
        let outputs =
            vec![("gap_usd_x_qty", Output::Number(cell(2))), ("qty", Output::Number(cell(3)))];
        let quantity = members.0.get("qty").and_then(number);
        if quantity.is_some_and(|quantity| quantity <= Rational::default()) {
            let got = describe(members.0.get("qty"));
            return Err(vec![Mismatch::new("qty", "a quantity above zero", got)]);
        }
        compare(&members, &["wave", "coin"], &outputs, &tolerance())
    }
}
