//! The answer for people.

use super::answer::{Answer, Found, Held, Market, Wanted};
use super::rule::ByName;
use crate::figures::{count, counted, grouped, rounded_text, wrapped};
use crate::price::answer::{Range, State, Way};
use crate::price::figure::{down, places_for, up};
use crate::screen::Paint;
use breakwater_margin::option::Settled;
use breakwater_money::rational;
use breakwater_options::Kind;

const WIDTH: usize = 98;

/// Most positions that are told one by one.
const HELD_MAX: usize = 20;

/// Seconds of a day, and of an hour.
const DAY: u64 = 86_400;
const HOUR: u64 = 3_600;

/// The one market.
pub fn of(answer: &Answer, paint: Paint) -> String {
    let [market] = &answer.markets;
    let mut text = format!("{}\n", paint.strong(&heading(market, &answer.unit)));
    for held in market.positions.iter().take(HELD_MAX) {
        text.push_str(&format!("  {}\n", position(held)));
    }
    if let more @ 1.. = market.positions.len().saturating_sub(HELD_MAX) {
        text.push_str(&format!("  and {more} more\n"));
    }
    for (name, said) in lines(market, &answer.unit) {
        for (index, part) in wrapped(&said, WIDTH - 22).into_iter().enumerate() {
            text.push_str(&format!("  {:<20}{part}\n", if index == 0 { name } else { "" }));
        }
    }
    text
}

fn heading(market: &Market, unit: &str) -> String {
    let way = match market.requirement.by {
        ByName::Standard => "standard margin",
        ByName::Portfolio => "portfolio margin",
    };
    let whose = match &market.requirement.rulebook {
        Some(name) => format!("{way} of {name}"),
        None => format!("{way} as stated"),
    };
    let positions = counted(market.positions.len() as u64, "position", "positions");
    let mark = grouped(&market.mark);
    format!("{}: {positions}, mark {mark}, settled in {unit}, {whose}", market.contract)
}

fn position(held: &Held) -> String {
    let mut said = format!("{} {} {}", held.side, grouped(&held.quantity), held.contract);
    if let (Some(kind), Some(strike)) = (held.kind, &held.strike) {
        let kind = if kind == Kind::Call { "call" } else { "put" };
        said.push_str(&format!(": {kind} {}", grouped(strike)));
    } else if let Some(entry) = &held.entry {
        said.push_str(&format!(": {} from {}", held.form, grouped(entry)));
    }
    if let Some(seconds) = held.seconds_left {
        said.push_str(&format!(", {} left", time(seconds)));
    }
    if let (Some(forward), Some(volatility)) = (&held.forward, &held.volatility) {
        let (forward, volatility) = (grouped(forward), share(volatility));
        said.push_str(&format!(", forward {forward}, volatility {volatility} %"));
    }
    format!("{said}, mark {}", shown(&held.mark))
}

/// A mark as it was stated; one of many digits is rounded to those that carry weight.
fn shown(text: &str) -> String {
    let after = text.split_once('.').map_or(0, |(_, after)| after.len());
    match rational::parse(text) {
        Ok(value) if after > 8 => rounded_text(text, places_for(&value)),
        _ => grouped(text),
    }
}

/// A share of at most six digits after the point, in percent.
fn share(text: &str) -> String {
    let (whole, after) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{after:0<6}");
    // In millionths, of which ten thousand are a percent.
    digits
        .parse()
        .map_or_else(|_| text.to_owned(), |raw| breakwater_money::decimal::format_raw(raw, 4))
}

fn time(seconds: u64) -> String {
    match seconds {
        // Days are told whole where they are, or where nobody counts hours.
        DAY.. if seconds.is_multiple_of(DAY) || seconds >= 30 * DAY => {
            counted(seconds / DAY, "day", "days")
        }
        HOUR.. => counted(seconds / HOUR, "hour", "hours"),
        _ => counted(seconds, "second", "seconds"),
    }
}

fn lines(market: &Market, unit: &str) -> Vec<(&'static str, String)> {
    let places = if market.settled == Settled::Coin { 8 } else { 2 };
    let amount = |text: &str| rounded_text(text, places);
    let state = match market.state {
        State::Healthy => "healthy",
        State::Liquidatable => "liquidatable already",
        State::Bankrupt => "bankrupt already",
    };
    let (equity, maintenance) = (amount(&market.equity), amount(&market.maintenance));
    let mut lines = vec![(
        "at the mark",
        format!("{state}: equity {equity} and maintenance {maintenance} {unit}"),
    )];
    let there = |found: &Found| {
        let (equity, maintenance) = (amount(&found.equity), amount(&found.maintenance));
        format!("{}: equity {equity} and maintenance {maintenance}", price(found))
    };
    match market.healthy {
        Range::Nowhere => lines.push(("safe again at", "no price that was looked at".to_owned())),
        Range::Everywhere => {
            lines.push((
                "liquidation price",
                "none found: no price looked at makes it so".to_owned(),
            ));
        }
        Range::Within => {
            lines.extend(market.liquidation.iter().map(|it| ("liquidation price", there(it))));
            lines.extend(market.recovery.iter().map(|it| ("safe again at", there(it))));
        }
    }
    if market.bankruptcies.is_empty() && market.state != State::Bankrupt {
        lines.push(("bankruptcy price", "none found".to_owned()));
    }
    lines.extend(market.bankruptcies.iter().map(|it| ("bankruptcy price", price(it))));
    if let Some(wanted) = &market.wanted {
        lines.extend(wanted.iter().map(|it| ("margin to move it", margin(it, unit, places))));
    }
    lines.push(("looked at", looked(market)));
    lines
}

fn price(found: &Found) -> String {
    let (side, way) = sides(found.market);
    let away = rounded_text(&found.distance_percent, 2);
    format!("{}, {away} % {side} the mark, {way} market", grouped(&found.price))
}

const fn sides(market: Way) -> (&'static str, &'static str) {
    match market {
        Way::Falling => ("below", "falling"),
        Way::Rising => ("above", "rising"),
    }
}

fn margin(wanted: &Wanted, unit: &str, places: u8) -> String {
    // As many digits as the settle asset has: rounding could tell too little.
    let amount = rounded_away(wanted.margin.trim_start_matches('-'), places, wanted.taken_out);
    let said = match wanted.taken_out {
        true => format!("take out up to {amount} {unit}"),
        false => format!("add {amount} {unit}"),
    };
    let (side, _) = sides(wanted.market);
    let to = if wanted.market == Way::Falling { "down to" } else { "up to" };
    let away = rounded_text(&wanted.distance_percent, 2);
    let away = away.trim_end_matches('0').trim_end_matches('.');
    let (price, at) = (grouped(&wanted.price), grouped(&wanted.needed_at));
    let needed =
        if wanted.needed_at == wanted.price { String::new() } else { format!(", needed at {at}") };
    format!("{said} for no breach {to} {price}, {away} % {side} the mark{needed}")
}

/// `places` digits after the point: what is added goes up, what is taken out down.
fn rounded_away(text: &str, places: u8, taken_out: bool) -> String {
    let Ok(value) = rational::parse(text) else { return text.to_owned() };
    let way = if taken_out { down } else { up };
    rounded_text(&way(&value, places), places)
}

fn looked(market: &Market) -> String {
    let scan = &market.scan;
    let every = match scan.step_percent.as_str() {
        "0" => "every one".to_owned(),
        step => format!("{step} % apart, and halved down to one where something was found"),
    };
    format!(
        "{} ticks of {} from {} to {}, {every}",
        count(scan.ticks as u64),
        scan.tick,
        grouped(&scan.lowest),
        grouped(&scan.highest)
    )
}
