//! `breakwater compare option-book`: an option book liquidated in three ways over the same path and depth.

mod page;

use crate::failure::{Failure, Verdict};
use crate::figures::wrapped;
use crate::folder::Folder;
use crate::replay::{REPORT, default_folder};
use crate::screen::{Paint, Screen};
use breakwater_report::render_sections;
use breakwater_simulate::option_book::{OptionBookScenario, Point, Traded, WayRun, compare};
use serde_json::{Value, json};
use std::path::Path;

/// Schema of the answer.
pub const SCHEMA: &str = "breakwater.option-book/1";
/// The answer, as `--json` prints it; written first, so that it marks the folder as ours.
const ANSWER: &str = "compare.json";

/// What an option book has no use for is refused, not left out.
pub fn refuse(changes: &[String], rulebooks: &[String]) -> Result<(), Failure> {
    match changes.iter().chain(rulebooks).next() {
        None => Ok(()),
        Some(first) => Err(Failure::Usage(format!(
            "{first}: an option book is liquidated as its file states; change the file instead"
        ))),
    }
}

/// Runs the three ways and puts them side by side.
pub fn run(scenario: &str, out: Option<&Path>, screen: &Screen) -> Result<Verdict, Failure> {
    let scenario = OptionBookScenario::open(scenario)?;
    let name = scenario.settings.name.clone();
    let out = out.map_or_else(|| default_folder(&name, "-compare"), Path::to_path_buf);
    let folder = Folder::take(&out, &[ANSWER, REPORT], SCHEMA)?;
    let waiting = screen.waits_for("liquidating the book in each way");
    let runs = compare(&scenario);
    waiting.finish_and_clear();
    let runs = runs?;
    let answer = json(&scenario, &runs);
    let mut bytes = serde_json::to_vec_pretty(&answer)
        .map_err(|error| Failure::Internal(format!("the answer has no JSON: {error}")))?;
    bytes.push(b'\n');
    folder.write(ANSWER, &bytes)?;
    let page = page::report(&scenario, &runs, &answer);
    folder.write(REPORT, render_sections(&page)?.as_bytes())?;
    let text = told(&scenario, &runs, &folder.file(REPORT));
    screen.answer(&text, &answer)?;
    let balanced = runs.iter().all(|run| run.books_balance);
    Ok(if balanced { Verdict::Fine } else { Verdict::Broken })
}

/// Billionths or hundred-millionths as a decimal with two places, rounded half away from zero.
fn places(raw: i128, decimals: u8) -> String {
    let text = crate::figures::rounded(raw.unsigned_abs(), decimals, 2);
    let zero = text.chars().all(|c| matches!(c, '0' | '.'));
    if raw < 0 && !zero { format!("-{text}") } else { text }
}

/// A number of the coin.
fn coins(raw: i128) -> String {
    places(raw, 8)
}

fn of_size(raw: u128) -> String {
    coins(i128::try_from(raw).unwrap_or(i128::MAX))
}

fn told(scenario: &OptionBookScenario, runs: &[WayRun], page: &Path) -> String {
    let paint = Paint::for_stdout();
    let mut text = format!("{}\n", paint.strong(&scenario.settings.title));
    match runs.first().and_then(|run| run.breach) {
        None => text.push_str("no breach: nothing was liquidated\n\n"),
        Some(at) => {
            let found = format!(
                "breach {:02}:{:02} UTC at {}: equity {}, required {}, net delta {}, loss at risk {}; BTC",
                at.minute / 60,
                at.minute % 60,
                crate::figures::money(at.cents.into(), 2),
                coins(at.health.equity),
                of_size(at.health.requirement),
                places(at.risk.delta_e9, 9),
                of_size(at.risk.loss),
            );
            wrapped(&found, 98).iter().for_each(|line| text.push_str(&format!("{line}\n")));
            text.push('\n');
        }
    }
    let line = |cells: [&str; 9]| {
        let [way, relieved, cost, hedge, delta, worst, reached, end, deficit] = cells;
        format!(
            "{way:<30}{relieved:>9}{cost:>8}{hedge:>8}{delta:>8}{worst:>9}{reached:>8}{end:>9}{deficit:>8}\n"
        )
    };
    text.push_str(&line(["", "margin", "", "of it", "delta", "worst", "target", "equity", ""]));
    let head = ["way", "relieved", "cost", "hedge", "after", "at risk", "met", "at end", "deficit"];
    text.push_str(&paint.strong(&line(head)));
    for run in runs {
        let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        text.push_str(&line([
            run.way.name(),
            &coins(run.relieved),
            &coins(run.cost),
            &coins(run.hedge_cost),
            &run.risk_after.map_or("-".to_owned(), |risk| places(risk.delta_e9, 9)),
            &of_size(run.worst_loss),
            &run.reached.map_or("never".to_owned(), clock),
            &coins(run.equity_end),
            &of_size(run.deficit()),
        ]));
    }
    let remark = "delta after is that after the trades of the first minute; worst at risk is the largest \
                  loss at risk after a minute's trades, until the target was met; cost is at unchanged \
                  marks, fees of the liquidation included; hedging stops where one lot more would \
                  raise what is required";
    text.push('\n');
    for told in wrapped(remark, 98) {
        text.push_str(&format!("{told}\n"));
    }
    let balanced = runs.iter().all(|run| run.books_balance);
    text.push_str(&format!("\nbooks balance: {}\n", paint.yes_or_no(balanced)));
    text.push_str(&format!("report: {}\n", page.display()));
    text
}

fn exact(raw: i128, decimals: u8) -> String {
    breakwater_report::Decimal::from_scaled(raw, decimals).as_str().to_owned()
}

fn exact_size(raw: u128) -> String {
    exact(i128::try_from(raw).unwrap_or(i128::MAX), 8)
}

fn point(at: &Point) -> Value {
    json!({
        "minute": at.minute,
        "index": exact(at.cents.into(), 2),
        "equity": exact(at.health.equity, 8),
        "requirement": exact_size(at.health.requirement),
        "delta": exact(at.risk.delta_e9, 9),
        "loss_at_risk": exact_size(at.risk.loss),
        "liquidating": at.liquidating,
    })
}

fn trade(scenario: &OptionBookScenario, traded: &Traded) -> Value {
    let step = &traded.step;
    let option = usize::from(step.asset.0).checked_sub(3);
    let option = option.and_then(|at| scenario.settings.options.get(at));
    let (symbol, decimals) = match option {
        Some(option) => (option.symbol.as_str(), 1),
        None => (scenario.settings.market.hedge.as_str(), 0),
    };
    let quantity = i128::try_from(step.quantity).unwrap_or(i128::MAX);
    let price = i128::try_from(step.price.raw).unwrap_or(i128::MAX);
    json!({
        "minute": traded.minute,
        "kind": step.kind,
        "symbol": symbol,
        "side": if step.buy { "buy" } else { "sell" },
        "quantity": exact(quantity, decimals),
        "price": exact(price, step.price.decimals),
        "cost": exact(step.cost, 8),
        "requirement_before": exact_size(step.before.requirement),
        "requirement_after": exact_size(step.after.requirement),
        "delta_before": exact(step.risk_before.delta_e9, 9),
        "delta_after": exact(step.risk_after.delta_e9, 9),
        "loss_at_risk_after": exact_size(step.risk_after.loss),
    })
}

fn json(scenario: &OptionBookScenario, runs: &[WayRun]) -> Value {
    let way = |run: &WayRun| {
        let trades: Vec<Value> = run.trades.iter().map(|it| trade(scenario, it)).collect();
        json!({
            "way": run.way.key(),
            "margin_relieved": exact(run.relieved, 8),
            "cost": exact(run.cost, 8),
            "hedge_cost": exact(run.hedge_cost, 8),
            "moved": exact(run.moved, 8),
            "delta_before": run.breach.map(|at| exact(at.risk.delta_e9, 9)),
            "delta_after": run.risk_after.map(|risk| exact(risk.delta_e9, 9)),
            "loss_at_risk_before": run.breach.map(|at| exact_size(at.risk.loss)),
            "loss_at_risk_after": run.risk_after.map(|risk| exact_size(risk.loss)),
            "loss_at_risk_worst": exact_size(run.worst_loss),
            "target_met_minute": run.reached,
            "minutes": run.minutes,
            "equity_low": exact(run.equity_low, 8),
            "equity_end": exact(run.equity_end, 8),
            "deficit": exact_size(run.deficit()),
            "books_balance": run.books_balance,
            "trades": trades,
        })
    };
    let settings = &scenario.settings;
    let ways: Vec<Value> = runs.iter().map(way).collect();
    json!({
        "schema": SCHEMA,
        "scenario": settings.name,
        "rulebook": settings.rulebook,
        "settle": "BTC",
        "neutral": settings.terms.neutral,
        "breach": runs.first().and_then(|run| run.breach).as_ref().map(point),
        "ways": ways,
    })
}
