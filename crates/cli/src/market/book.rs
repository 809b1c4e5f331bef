//! `breakwater market book`: the book that a feed ends with.

use crate::failure::{Failure, Verdict};
use crate::figures::{count, grouped};
use crate::screen::Screen;
use breakwater_market::BookSide::{Asks, Bids};
use breakwater_market::book_feed::{BookFeed, FAULTS, FaultCounts, Strictness};
use breakwater_money::decimal::format_raw;
use breakwater_simulate::real_market::{FeedFile, open};
use serde::Serialize;

/// Schema of the answer.
pub const SCHEMA: &str = "breakwater.market-book/1";

#[derive(Serialize)]
struct Answer {
    schema: &'static str,
    feed: String,
    rows: usize,
    seconds: String,
    update_id: Option<u64>,
    whole: bool,
    bid: Option<LevelJson>,
    ask: Option<LevelJson>,
    last_quotes: Option<[LevelJson; 2]>,
    bid_levels: usize,
    ask_levels: usize,
    trades: u64,
    traded: String,
    traded_value: String,
    faults: Vec<FaultJson>,
}

#[derive(Serialize)]
struct LevelJson {
    price: String,
    quantity: String,
}

#[derive(Serialize)]
struct FaultJson {
    number: usize,
    name: &'static str,
    count: u64,
}

/// Rebuilds the book and tells it. A fault of the feed is a finding.
pub fn run(feed: &str, screen: &Screen) -> Result<Verdict, Failure> {
    let file = open(feed)?;
    let book = file.replay(Strictness::Flag)?;
    let answer = answer(&file, &book);
    let verdict = match answer.faults.is_empty() && answer.whole {
        true => Verdict::Fine,
        false => Verdict::Finding,
    };
    screen.answer(&told(&answer), &answer)?;
    Ok(verdict)
}

/// Faults that were flagged.
fn faults(counts: &FaultCounts) -> Vec<FaultJson> {
    let all = (1..=FAULTS).zip(FaultCounts::NAMES);
    let of = |(number, name)| FaultJson { number, name, count: counts.of(number) };
    all.map(of).filter(|fault| fault.count > 0).collect()
}

fn answer(file: &FeedFile, book: &BookFeed) -> Answer {
    let level = |level: breakwater_market::book_feed::FeedLevel| LevelJson {
        price: format_raw(level.price.into(), file.price_decimals),
        quantity: format_raw(level.quantity.into(), file.quantity_decimals),
    };
    let begins = file.rows.first().map_or(0, |row| row.at_nanos);
    let traded = book.traded();
    let value_decimals = file.price_decimals + file.quantity_decimals;
    Answer {
        schema: SCHEMA,
        feed: file.name.clone(),
        rows: file.rows.len(),
        seconds: format_raw(u128::from(file.ends().saturating_sub(begins)), 9),
        update_id: book.update_id(),
        whole: book.is_whole(),
        bid: book.best(Bids).map(level),
        ask: book.best(Asks).map(level),
        last_quotes: book.quotes().map(|quotes| [level(quotes.bid), level(quotes.ask)]),
        bid_levels: book.count(Bids),
        ask_levels: book.count(Asks),
        trades: traded.count,
        traded: format_raw(traded.quantity, file.quantity_decimals),
        traded_value: format_raw(traded.value, value_decimals),
        faults: faults(book.faults()),
    }
}

fn told(answer: &Answer) -> String {
    let level = |level: &Option<LevelJson>| {
        level.as_ref().map_or("none".to_owned(), |level| {
            format!("{} for {}", grouped(&level.price), grouped(&level.quantity))
        })
    };
    let rows = count(answer.rows as u64);
    let mut text = format!("{}: {rows} rows over {} s\n", answer.feed, answer.seconds);
    let mut line = |name: &str, said: String| text.push_str(&format!("  {name:<14}{said}\n"));
    line("best bid", level(&answer.bid));
    line("best ask", level(&answer.ask));
    if let Some([bid, ask]) = &answer.last_quotes {
        line("last quotes", format!("{} / {}", grouped(&bid.price), grouped(&ask.price)));
    }
    let levels = [answer.bid_levels, answer.ask_levels].map(|levels| count(levels as u64));
    line("levels", format!("{} bids, {} asks", levels[0], levels[1]));
    line(
        "trades",
        format!(
            "{} of {} together, {} as quantity times price",
            count(answer.trades),
            grouped(&answer.traded),
            grouped(&answer.traded_value)
        ),
    );
    if !answer.whole {
        line("not whole", "no snapshot came, or updates are missing since".to_owned());
    }
    match answer.faults.is_empty() {
        true => line("faults", "none".to_owned()),
        false => {
            for fault in &answer.faults {
                let times = count(fault.count);
                line("fault", format!("{} ({}): {times} times", fault.number, fault.name));
            }
        }
    }
    text
}
