//! What is told: every option with its value and greeks, and totals.

use super::row::{Base, Settlement, Style, Valued};
use crate::failure::Failure;
use breakwater_options::Kind;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Schema of the answer.
const SCHEMA: &str = "breakwater.price-options/1";

/// The answer. Numbers are decimals as texts, with an exponent where they are very small or large.
#[derive(Debug, Serialize)]
pub struct Answer {
    pub schema: &'static str,
    pub book: Option<String>,
    pub options: Vec<OptionJson>,
    pub totals: Vec<TotalJson>,
}

/// One option.
#[derive(Debug, Serialize)]
pub struct OptionJson {
    pub id: String,
    pub line: Option<u64>,
    pub underlying: String,
    pub kind: &'static str,
    pub style: &'static str,
    pub settlement: &'static str,
    pub forward: Option<String>,
    pub spot: Option<String>,
    pub strike: String,
    pub years: String,
    pub rate: String,
    pub dividend_yield: Option<String>,
    pub quantity: String,
    pub volatility: String,
    pub price: String,
    pub delta: String,
    pub gamma: String,
    pub vega: String,
    pub theta: String,
    pub rho: String,
    pub exercise_now: Option<bool>,
    pub implied: Option<ImpliedJson>,
    /// For the text: the numbers themselves.
    #[serde(skip)]
    pub shown: Shown,
}

/// What a volatility was found from.
#[derive(Debug, Serialize)]
pub struct ImpliedJson {
    pub price: String,
    pub condition: String,
    pub ill_conditioned: bool,
    pub bid_volatility: Option<String>,
    pub ask_volatility: Option<String>,
}

/// Numbers that the text rounds.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    pub base: f64,
    pub strike: f64,
    pub years: f64,
    pub volatility: f64,
    /// Price, delta, gamma, vega, theta, rho.
    pub values: [f64; 6],
    /// With `--implied`: volatilities of bid and ask.
    pub sides: Option<[Option<f64>; 2]>,
}

/// Sums of quantity times value over one underlying and one settlement.
#[derive(Debug, Serialize)]
pub struct TotalJson {
    pub underlying: String,
    pub settlement: &'static str,
    pub options: usize,
    pub price: String,
    pub delta: String,
    pub gamma: String,
    pub vega: String,
    pub theta: String,
    pub rho: String,
    /// For the text.
    #[serde(skip)]
    pub values: [f64; 6],
}

/// A number as a text that reads back as itself.
fn plain(value: f64) -> String {
    let size = value.abs();
    match size != 0.0 && !(1e-9..1e17).contains(&size) {
        true => format!("{value:e}"),
        // No sign on a zero.
        false => format!("{}", value + 0.0),
    }
}

/// The answer for these options.
pub fn of(book: Option<String>, valued: &[Valued]) -> Answer {
    let mut totals: BTreeMap<(String, Settlement), (usize, [f64; 6])> = BTreeMap::new();
    for one in valued {
        let place = (one.row.underlying.clone(), one.row.settlement);
        let (count, sums) = totals.entry(place).or_default();
        *count += 1;
        for (sum, value) in sums.iter_mut().zip(values(one)) {
            *sum += one.row.quantity * value;
        }
    }
    let totals = totals.into_iter().map(|((underlying, settlement), (options, values))| {
        let [price, delta, gamma, vega, theta, rho] = values.map(plain);
        let settlement = settlement.name();
        TotalJson { underlying, settlement, options, price, delta, gamma, vega, theta, rho, values }
    });
    let options = valued.iter().map(option).collect();
    Answer { schema: SCHEMA, book, options, totals: totals.collect() }
}

fn values(one: &Valued) -> [f64; 6] {
    let worth = one.worth;
    [worth.price, worth.delta, worth.gamma, worth.vega, worth.theta, worth.rho]
}

fn option(one: &Valued) -> OptionJson {
    let row = &one.row;
    let (forward, spot, dividend_yield) = match row.base {
        Base::Forward(forward) => (Some(plain(forward)), None, None),
        Base::Spot { spot, dividend_yield } => {
            (None, Some(plain(spot)), Some(plain(dividend_yield)))
        }
    };
    let [price, delta, gamma, vega, theta, rho] = values(one).map(plain);
    OptionJson {
        id: row.id.clone(),
        line: (row.line() > 0).then(|| row.line()),
        underlying: row.underlying.clone(),
        kind: match row.kind {
            Kind::Call => "call",
            Kind::Put => "put",
        },
        style: match row.style {
            Style::European => "european",
            Style::American => "american",
        },
        settlement: row.settlement.name(),
        forward,
        spot,
        strike: plain(row.strike),
        years: plain(row.years),
        rate: plain(row.rate),
        dividend_yield,
        quantity: plain(row.quantity),
        volatility: plain(one.volatility),
        price,
        delta,
        gamma,
        vega,
        theta,
        rho,
        exercise_now: one.worth.exercise_now,
        implied: one.found.map(|found| ImpliedJson {
            price: plain(found.price),
            condition: plain(found.condition),
            ill_conditioned: found.ill_conditioned,
            bid_volatility: found.bid.map(plain),
            ask_volatility: found.ask.map(plain),
        }),
        shown: Shown {
            base: row.base.price(),
            strike: row.strike,
            years: row.years,
            volatility: one.volatility,
            values: values(one),
            sides: one.found.map(|found| [found.bid, found.ask]),
        },
    }
}

/// Columns of the file that `--csv` writes.
const CSV_COLUMNS: [&str; 23] = [
    "id",
    "underlying",
    "kind",
    "forward",
    "spot",
    "strike",
    "years",
    "rate",
    "dividend_yield",
    "style",
    "settlement",
    "quantity",
    "volatility",
    "value",
    "delta",
    "gamma",
    "vega",
    "theta",
    "rho",
    "exercise_now",
    "bid_volatility",
    "ask_volatility",
    "ill_conditioned",
];

/// Writes every option to a new file.
pub fn write_csv(path: &Path, answer: &Answer) -> Result<(), Failure> {
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    let file = file.map_err(|error| Failure::file("write", path, &error))?;
    let fail =
        |error: csv::Error| Failure::Data(format!("cannot write {}: {error}", path.display()));
    let mut writer = csv::Writer::from_writer(file);
    writer.write_record(CSV_COLUMNS).map_err(fail)?;
    for option in &answer.options {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let implied = option.implied.as_ref();
        let row: [String; 23] = [
            option.id.clone(),
            option.underlying.clone(),
            option.kind.to_owned(),
            text(&option.forward),
            text(&option.spot),
            option.strike.clone(),
            option.years.clone(),
            option.rate.clone(),
            text(&option.dividend_yield),
            option.style.to_owned(),
            option.settlement.to_owned(),
            option.quantity.clone(),
            option.volatility.clone(),
            option.price.clone(),
            option.delta.clone(),
            option.gamma.clone(),
            option.vega.clone(),
            option.theta.clone(),
            option.rho.clone(),
            option.exercise_now.map(|now| now.to_string()).unwrap_or_default(),
            implied.map(|found| text(&found.bid_volatility)).unwrap_or_default(),
            implied.map(|found| text(&found.ask_volatility)).unwrap_or_default(),
            implied.map(|found| found.ill_conditioned.to_string()).unwrap_or_default(),
        ];
        writer.write_record(&row).map_err(fail)?;
    }
    writer.flush().map_err(|error| Failure::file("write", path, &error))
}
