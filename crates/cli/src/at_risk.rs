//! `breakwater at-risk`: what a fall would make liquidatable, and what no collateral would cover.

use crate::arguments::AtRisk as Asked;
use crate::compare::mapped_lines;
use crate::failure::{Failure, Verdict};
use crate::figures::{count, rounded, wrapped};
use crate::folder::Folder;
use crate::screen::{Paint, Screen};
use crate::source;
use breakwater_money::decimal::format_raw;
use breakwater_report::{
    Assumption, AtRisk, AtRiskRow, Identity, RiskCurve, RiskCurvesReport, Status,
    render_risk_curves, standard_glossary,
};
use breakwater_simulate::ScenarioError;
use breakwater_simulate::at_risk::{AtRiskCurve, AtRiskOptions, curve};
use breakwater_simulate::book::PRICE_DECIMALS;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Schema of the answer and of `at-risk.json`.
pub const SCHEMA: &str = "breakwater.at-risk/1";
const PAGE: &str = "at-risk.html";
const TABLE: &str = "at-risk.json";
const ROWS: &str = "at-risk.csv";
/// Lines of a curve that are printed.
const SHOWN: usize = 13;
const WIDTH: usize = 98;

#[derive(Serialize)]
struct Answer {
    schema: &'static str,
    book: String,
    falls: String,
    thresholds: String,
    curves: Vec<CurveJson>,
    refused: Vec<RefusedJson>,
}

#[derive(Serialize)]
struct CurveJson {
    rulebook: String,
    debt: String,
    mapped: Vec<String>,
    rows: Vec<RowJson>,
}

#[derive(Serialize)]
struct RowJson {
    fall_bps: u32,
    accounts: u64,
    liquidatable_debt: String,
    bad_debt: String,
}

#[derive(Serialize)]
struct RefusedJson {
    rulebook: String,
    why: String,
}

/// Draws the curve of every rulebook.
pub fn run(asked: &Asked, screen: &Screen) -> Result<Verdict, Failure> {
    let book = source::book_or_scenario(&asked.book, asked.prices.as_deref())?;
    let rulebooks = source::rulebooks(&asked.rulebook, None)?;
    let out = asked.out.clone().unwrap_or_else(|| PathBuf::from("out/at-risk"));
    let waiting = screen.waits_for("assessing the book at every fall");
    let (mut curves, mut refused) = (Vec::new(), Vec::new());
    for rulebook in rulebooks {
        let options = AtRiskOptions {
            rulebook: rulebook.clone(),
            thresholds: asked.thresholds.choice(),
            falls: asked.falls.clone(),
            most_bps: asked.most,
            step_bps: asked.step,
        };
        match curve(&book, &options) {
            Ok(curve) => curves.push(curve),
            // A rulebook that was asked for by name must take the book; of all of them some may not.
            Err(why @ (ScenarioError::Setting { .. } | ScenarioError::Refused { .. }))
                if asked.rulebook.is_empty() =>
            {
                refused.push(RefusedJson { rulebook: rulebook.0, why: why.to_string() });
            }
            Err(why) => return Err(why.into()),
        }
    }
    waiting.finish_and_clear();
    if curves.is_empty() {
        // They refuse for the same reason, each in its own assets.
        let why = refused.into_iter().map(|refused| refused.why).next().unwrap_or_default();
        return Err(Failure::Data(why));
    }
    let folder = Folder::take(&out, &[TABLE, PAGE, ROWS], SCHEMA)?;
    let name = asked.book.display().to_string();
    let answer = answer(&name, asked, &curves, refused);
    let mut json = serde_json::to_vec_pretty(&answer)
        .map_err(|error| Failure::Internal(format!("the answer has no JSON: {error}")))?;
    json.push(b'\n');
    folder.write(TABLE, &json)?;
    folder.write(ROWS, csv(&curves).as_bytes())?;
    folder.write(PAGE, render_risk_curves(&page(&name, asked, &curves, &json))?.as_bytes())?;
    let text =
        told(&name, asked, &curves, &answer.refused, &folder.file(PAGE), Paint::for_stdout());
    screen.answer(&text, &answer)?;
    Ok(Verdict::Fine)
}

fn answer(name: &str, asked: &Asked, curves: &[AtRiskCurve], refused: Vec<RefusedJson>) -> Answer {
    let value = |raw| format_raw(raw, PRICE_DECIMALS);
    Answer {
        schema: SCHEMA,
        book: name.to_owned(),
        falls: asked.falls.clone(),
        thresholds: asked.thresholds.choice().name().to_owned(),
        curves: curves
            .iter()
            .map(|curve| CurveJson {
                rulebook: curve.rulebook.clone(),
                debt: value(curve.debt),
                mapped: told_of(curve),
                rows: curve
                    .rows
                    .iter()
                    .map(|row| RowJson {
                        fall_bps: row.fall_bps,
                        accounts: row.accounts,
                        liquidatable_debt: value(row.debt),
                        bad_debt: value(row.bad_debt),
                    })
                    .collect(),
            })
            .collect(),
        refused,
    }
}

/// What of the book the curve's rulebook could not take as it is.
fn told_of(curve: &AtRiskCurve) -> Vec<String> {
    mapped_lines(&curve.mapped, |raw| rounded(raw, PRICE_DECIMALS, 0))
}

fn csv(curves: &[AtRiskCurve]) -> String {
    let mut text = String::from("rulebook,fall_bps,accounts,liquidatable_debt_usd,bad_debt_usd\n");
    for curve in curves {
        for row in &curve.rows {
            text.push_str(&format!(
                "{},{},{},{},{}\n",
                curve.rulebook,
                row.fall_bps,
                row.accounts,
                format_raw(row.debt, PRICE_DECIMALS),
                format_raw(row.bad_debt, PRICE_DECIMALS)
            ));
        }
    }
    text
}

/// The nearest float of a value, for the place of a point only.
fn placed(raw: u128) -> f64 {
    format_raw(raw, PRICE_DECIMALS).parse().unwrap_or(0.0)
}

fn page(name: &str, asked: &Asked, curves: &[AtRiskCurve], json: &[u8]) -> RiskCurvesReport {
    let most = curves.iter().flat_map(|c| &c.rows).map(|row| row.debt.max(row.bad_debt)).max();
    let thresholds = asked.thresholds.choice().name();
    let drawn = |curve: &AtRiskCurve| RiskCurve {
        name: curve.rulebook.clone(),
        curve: AtRisk {
            what_falls: format!("{} falls, everything else stays; {thresholds}", curve.falls),
            rows: curve
                .rows
                .iter()
                .map(|row| AtRiskRow {
                    fall_percent: f64::from(row.fall_bps) / 100.0,
                    liquidatable_debt_usd: placed(row.debt),
                    bad_debt_usd: placed(row.bad_debt),
                })
                .collect(),
            marks: Vec::new(),
            scale_to_usd: placed(most.unwrap_or(0)),
        },
    };
    let mapped = curves.iter().flat_map(|curve| {
        told_of(curve).into_iter().map(|value| Assumption {
            name: curve.rulebook.clone(),
            value,
            status: Status::Derived,
            source: "the book as this rulebook can take it".to_owned(),
        })
    });
    RiskCurvesReport {
        title: format!("{}: liquidations at risk", named(name)),
        question: format!(
            "How much debt could be liquidated, and how much would no collateral cover, if {} fell?",
            asked.falls
        ),
        notice: None,
        identity: Identity {
            scenario: named(name),
            shock: format!("{} falls", asked.falls),
            seed: None,
            rulebook: format!("{} rulebooks, {thresholds}", curves.len()),
            policies: Vec::new(),
            state_hash: blake3::hash(json).to_hex().to_string(),
        },
        key_figures: Vec::new(),
        curves: curves.iter().map(drawn).collect(),
        assumptions: mapped.collect(),
        glossary: standard_glossary(),
        provenance: Vec::new(),
    }
}

/// A file's name without the folders that lead to it.
fn named(name: &str) -> String {
    let file = Path::new(name).file_name().map(|file| file.to_string_lossy().into_owned());
    file.unwrap_or_else(|| name.to_owned())
}

fn told(
    name: &str,
    asked: &Asked,
    curves: &[AtRiskCurve],
    refused: &[RefusedJson],
    page: &Path,
    paint: Paint,
) -> String {
    let thresholds = asked.thresholds.choice().name();
    let mut text = format!(
        "{}\n{} falls, everything else stays; {thresholds}; values in the unit of the prices\n",
        paint.strong(name),
        asked.falls
    );
    for curve in curves {
        let whole = |raw| rounded(raw, PRICE_DECIMALS, 0);
        text.push_str(&format!(
            "\n{}, debt {}\n",
            paint.strong(&curve.rulebook),
            whole(curve.debt)
        ));
        for told in told_of(curve) {
            for line in wrapped(&told, WIDTH - 2) {
                text.push_str(&format!("  {line}\n"));
            }
        }
        text.push_str(&format!(
            "  {:>8}{:>12}{:>20}{:>20}\n",
            "fall", "accounts", "liquidatable", "bad debt"
        ));
        let every = curve.rows.len().div_ceil(SHOWN).max(1);
        let last = curve.rows.len().saturating_sub(1);
        for (number, row) in curve.rows.iter().enumerate() {
            if number % every != 0 && number != last {
                continue;
            }
            text.push_str(&format!(
                "  {:>8}{:>12}{:>20}{:>20}\n",
                crate::figures::percent(u128::from(row.fall_bps)),
                count(row.accounts),
                whole(row.debt),
                whole(row.bad_debt)
            ));
        }
    }
    for refused in refused {
        text.push_str(&format!("\n{}: cannot take this book\n", refused.rulebook));
        for line in wrapped(&refused.why, WIDTH - 2) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text.push_str(&format!("\nreport: {}\n", page.display()));
    text
}
