//! A book over a recorded chain.

use super::arguments::{Chosen, Hedge};
use super::told::{
    WIDTHS, attribution_chart, attribution_json, columns, fitting, frontier_chart, nanos, plain,
    policy_json, policy_text, shown, units,
};
use super::{Answer, OfPolicy, POLICIES, SCHEMA, STEPS, each, open, open_book, page};
use crate::failure::Failure;
use crate::figures::{count, wrapped};
use crate::screen::Paint;
use breakwater_options::hedging::Policy;
use breakwater_options::surface::SviFit;
use breakwater_report::{HedgeError, HedgeErrorRow, WordTable};
use breakwater_simulate::hedging::book_file::SplitFile;
use breakwater_simulate::hedging::chain::{self, Chain, told};
use breakwater_simulate::hedging::{
    Backtest, BacktestSettings, Book, PolicyRun, Split, backtest, shipped,
};
use serde_json::{Value, json};

/// Everything that is told.
struct Told<'a> {
    chain: &'a Chain,
    book: &'a Book,
    found: &'a [OfPolicy<Backtest>],
    bands: &'a [HedgeErrorRow],
    fits: Vec<(i64, Result<SviFit, String>)>,
}

/// Hedges the book over the chain.
pub fn run(asked: &Hedge, book_name: &str, chain_name: &str) -> Result<Answer, Failure> {
    let mut file = open_book(book_name)?;
    file.market = asked.market.over(&file.market)?;
    for split in &asked.split {
        file.split.push(split_of(split)?);
    }
    let (book, splits) = (file.book()?, file.splits()?);
    let text = match shipped::chain(chain_name) {
        Some(text) => text.to_owned(),
        None => open(chain_name, "chain", shipped::CHAINS)?,
    };
    let chain = chain::read(chain_name, &text, asked.every_seconds)?;
    let price = chain.snapshots.first().and_then(|it| it.expiries.values().next());
    let price = price.map_or(1.0, |quotes| quotes.forward);
    let chosen = asked.policies.chosen(&file.policy, book.gross(), price, gap(&chain));
    let one = |policy: &Policy| backtest(&chain, &book, &settings(vec![*policy], &splits));
    let found = each(&chosen, one)?;
    let bands = bands(&chain, &book, &splits)?;
    let fits = match chain.snapshots.first() {
        Some(first) => {
            let fit = |expiry: &i64| (*expiry, first.fit(*expiry).map_err(|why| why.to_string()));
            first.expiries.keys().map(fit).collect()
        }
        None => Vec::new(),
    };
    let told = Told { chain: &chain, book: &book, found: &found, bands: &bands, fits };
    Ok(answer(&told, book_name, &chosen))
}

fn answer(told: &Told<'_>, book_name: &str, chosen: &Chosen) -> Answer {
    let (table, json) = (policies(told), json(told));
    let runs = told.runs().map(|(policy, _, run)| (policy_text(policy), run.gained));
    let runs: Vec<_> = runs.collect();
    let unit = told.book.market.unit();
    let error = HedgeError {
        caption: "What a wider band saves in cost, and how much further book and hedge then move \
                  from one snapshot to the next."
            .to_owned(),
        unit: unit.to_owned(),
        width_unit: "units of underlying".to_owned(),
        rows: told.bands.to_vec(),
        exact: None,
    };
    let caption = "What the derivatives of book and hedge explain, what trading and funding took, \
                   and what is left.";
    let charts = vec![attribution_chart(&runs, 1, unit, caption), frontier_chart(error)];
    let facts = page::Facts {
        title: format!("{book_name} over {}", told.chain.file),
        question: "What does each policy make of a recorded market?".to_owned(),
        scenario: told.chain.file.clone(),
        shock: "none: the market as recorded".to_owned(),
        seed: None,
        policies: chosen.policies.iter().map(policy_text).collect(),
    };
    let report = page::report(&facts, &json, charts, vec![table.clone()]);
    let tables = vec![(POLICIES, table), (STEPS, steps(told))];
    Answer { text: text(told), json, tables, report }
}

impl Told<'_> {
    fn runs(&self) -> impl Iterator<Item = (&Policy, &Backtest, &PolicyRun)> {
        self.found.iter().filter_map(|(policy, found)| {
            let found = found.as_ref().ok()?;
            Some((policy, found, found.runs.first()?))
        })
    }
}

fn settings(policies: Vec<Policy>, splits: &[Split]) -> BacktestSettings {
    BacktestSettings { policies, splits: splits.to_vec() }
}

/// Shortest time between two snapshots: a hedge at each.
fn gap(chain: &Chain) -> u64 {
    let gaps = chain.snapshots.windows(2).filter_map(|pair| match pair {
        [now, later] => u64::try_from(later.at_seconds - now.at_seconds).ok(),
        _ => None,
    });
    gaps.min().unwrap_or(3_600).max(1)
}

fn bands(chain: &Chain, book: &Book, splits: &[Split]) -> Result<Vec<HedgeErrorRow>, Failure> {
    let widths = WIDTHS.map(|share| share * book.gross());
    let policies = widths.map(|half_width| Policy::DeltaBand { half_width }).to_vec();
    let found = backtest(chain, book, &settings(policies, splits))?;
    let row = |(half_width, run): (f64, &PolicyRun)| HedgeErrorRow {
        half_width,
        deviation: run.step_deviation,
        cost: units(-run.gained.costs),
    };
    Ok(widths.into_iter().zip(&found.runs).map(row).collect())
}

fn split_of(text: &str) -> Result<SplitFile, Failure> {
    let wrong = || Failure::Usage(format!("--split {text}: such as 2014-06-06=7 is right"));
    let (date, ratio) = text.split_once('=').ok_or_else(wrong)?;
    let ratio = ratio.parse().map_err(|_| wrong())?;
    Ok(SplitFile { date: date.to_owned(), ratio })
}

fn text(told: &Told<'_>) -> String {
    let (chain, market) = (told.chain, &told.book.market);
    let unit = market.unit();
    let mut text = format!(
        "chain       {}: {} snapshots of {} rows\n",
        chain.file,
        chain.snapshots.len(),
        count(chain.rows as u64)
    );
    if let Some((_, found, _)) = told.runs().next() {
        text.push_str(&format!(
            "time        {} to {}\nbook        {} positions, worth {} {unit} at the start; hedged by {}, cost {} bps\n",
            told_at(found.seconds.0),
            told_at(found.seconds.1),
            told.book.positions.len(),
            fitting(found.worth),
            market.instrument.name(),
            shown(market.cost_one_way * 1e4, 2)
        ));
        if found.carried + found.unchanged > 0 {
            text.push_str(&format!(
                "quotes      {} missing and carried on, {} snapshots without a move\n",
                found.carried, found.unchanged
            ));
        }
    }
    for (why, rows) in &chain.left_out {
        text.push_str(&format!("left out    {}: {why}\n", count(*rows as u64)));
    }
    let free = told.fits.iter().filter(|(_, fit)| fit.is_ok()).count();
    let what = "slices of the first snapshot fitted without arbitrage";
    text.push_str(&format!("surface     {free} of {} {what}\n\n", told.fits.len()));
    let head = format!(
        "{:<20}{:>11}{:>10}{:>10}{:>10}{:>9}{:>9}{:>11}{:>8}\n",
        "policy", "total", "delta", "gamma", "theta", "vega", "costs", "step error", "trades"
    );
    text.push_str(&Paint::for_stdout().strong(&head));
    for (policy, found) in told.found {
        let run = match found {
            Ok(found) => found.runs.first(),
            Err(why) => {
                for line in wrapped(&format!("{} has none: {why}", policy_text(policy)), 98) {
                    text.push_str(&format!("  {line}\n"));
                }
                None
            }
        };
        let Some(run) = run else { continue };
        let part = |amount: i128| fitting(units(amount));
        text.push_str(&format!(
            "{:<20}{:>11}{:>10}{:>10}{:>10}{:>9}{:>9}{:>11}{:>8}\n",
            policy_text(policy),
            part(run.gained.total()),
            part(run.gained.delta),
            part(run.gained.gamma),
            part(run.gained.theta),
            part(run.gained.vega),
            part(run.gained.costs),
            fitting(run.step_deviation),
            run.trades
        ));
    }
    text.push_str(&format!(
        "\nAmounts in {unit}; funding and residual, which complete the total, are in the report and JSON.\n"
    ));
    text
}

/// A time without its zone, which is that of the file.
fn told_at(seconds: i64) -> String {
    told(seconds).trim_end_matches('Z').replace('T', " ")
}

fn json(told: &Told<'_>) -> Value {
    let (chain, market) = (told.chain, &told.book.market);
    let of_policy = |(policy, found): &OfPolicy<Backtest>| {
        let mut map = policy_json(policy);
        let run = found.as_ref().map(|found| found.runs.first());
        let value = match run {
            Ok(Some(run)) => json!({
                "gained": attribution_json(&run.gained),
                "step_deviation": plain(run.step_deviation),
                "trades": run.trades,
                "turnover": plain(run.turnover),
                "lots_at_end": run.lots,
                "refused": null,
            }),
            Ok(None) => json!({"refused": "no run"}),
            Err(why) => json!({"refused": why}),
        };
        if let Value::Object(value) = value {
            map.extend(value);
        }
        Value::Object(map)
    };
    let slice = |(expiry, fit): &(i64, Result<SviFit, String>)| match fit {
        Ok(fit) => json!({
            "expiry": told_at(*expiry),
            "svi": fit.svi.parameters().map(plain),
            "error": plain(fit.error),
            "points": fit.points,
            "refused": null,
        }),
        Err(why) => json!({"expiry": told_at(*expiry), "refused": why}),
    };
    let first = told.runs().next();
    json!({
        "schema": SCHEMA,
        "kind": "backtest",
        "chain": chain.file,
        "rows": chain.rows,
        "snapshots": chain.snapshots.len(),
        "left_out": chain.left_out,
        "from": first.map(|(_, found, _)| told_at(found.seconds.0)),
        "to": first.map(|(_, found, _)| told_at(found.seconds.1)),
        "unchanged": first.map(|(_, found, _)| found.unchanged),
        "carried": first.map(|(_, found, _)| found.carried),
        "positions": told.book.positions.len(),
        "neutral": market.unit(),
        "instrument": market.instrument.name(),
        "worth": first.map(|(_, found, _)| plain(found.worth)),
        "policies": told.found.iter().map(of_policy).collect::<Vec<_>>(),
        "bands": told.bands.iter().map(|row| json!({
            "half_width": plain(row.half_width),
            "step_deviation": plain(row.deviation),
            "cost": plain(row.cost),
        })).collect::<Vec<_>>(),
        "surface": told.fits.iter().map(slice).collect::<Vec<_>>(),
    })
}

fn policies(told: &Told<'_>) -> WordTable {
    let row = |(policy, _, run): (&Policy, &Backtest, &PolicyRun)| {
        let mut row = vec![policy_text(policy), nanos(run.gained.total())];
        row.extend(run.gained.parts().map(|(_, part)| nanos(part)));
        row.extend([plain(run.step_deviation), run.trades.to_string(), plain(run.turnover)]);
        row
    };
    WordTable {
        caption: "What each policy gained, and of what".to_owned(),
        columns: columns(&[
            ("policy", "Policy", false),
            ("total", "Total", true),
            ("delta", "Delta", true),
            ("gamma", "Gamma", true),
            ("theta", "Theta", true),
            ("vega", "Vega", true),
            ("costs", "Costs", true),
            ("funding", "Funding", true),
            ("residual", "Residual", true),
            ("step_deviation", "Hedge error a step", true),
            ("trades", "Trades", true),
            ("turnover_quote", "Value traded", true),
        ]),
        rows: told.runs().map(row).collect(),
    }
}

fn steps(told: &Told<'_>) -> WordTable {
    let of_run = |(policy, _, run): (&Policy, &Backtest, &PolicyRun)| {
        let name = policy_text(policy);
        let row = |step: &breakwater_simulate::hedging::StepRow| {
            let mut row = vec![
                name.clone(),
                told_at(step.at_seconds),
                plain(step.price),
                plain(step.target),
                plain(step.before),
                step.trade_lots.to_string(),
                plain(step.after),
                nanos(step.gained.total()),
            ];
            row.extend(step.gained.parts().map(|(_, part)| nanos(part)));
            row
        };
        run.steps.iter().map(row).collect::<Vec<_>>()
    };
    WordTable {
        caption: "Every step".to_owned(),
        columns: columns(&[
            ("policy", "Policy", false),
            ("at", "At", false),
            ("price", "Price of the hedge", true),
            ("target", "Holding that offsets the book", true),
            ("held_before", "Held before", true),
            ("trade_lots", "Trade, lots", true),
            ("held_after", "Held after", true),
            ("total", "Gained", true),
            ("delta", "Delta", true),
            ("gamma", "Gamma", true),
            ("theta", "Theta", true),
            ("vega", "Vega", true),
            ("costs", "Costs", true),
            ("funding", "Funding", true),
            ("residual", "Residual", true),
        ]),
        rows: told.runs().flat_map(of_run).collect(),
    }
}
