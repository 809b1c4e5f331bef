//! The answer for people.

use super::COIN;
use super::answer::{Answer, Market, Range, State, Told, Wanted, Way};
use super::figure::{places_for, reached, up};
use crate::figures::{grouped, rounded_text, wrapped};
use crate::screen::Paint;
use breakwater_money::rational;

const WIDTH: usize = 98;

/// All markets.
pub fn of(answer: &Answer, paint: Paint) -> String {
    let markets = answer.markets.iter().map(|market| market_text(market, &answer.unit, paint));
    markets.collect::<Vec<_>>().join("\n")
}

fn market_text(market: &Market, unit: &str, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.strong(&heading(market)));
    let mut line = |name: &str, said: &str| {
        for (index, part) in wrapped(said, WIDTH - 22).into_iter().enumerate() {
            text.push_str(&format!("  {:<20}{part}\n", if index == 0 { name } else { "" }));
        }
    };
    line("at the mark", &state_text(market, unit));
    match market.healthy {
        Range::Nowhere => {
            line("liquidation price", "none: at every price of this market it is liquidatable");
        }
        Range::Everywhere => {
            line("liquidation price", "none: no price of this market makes it liquidatable");
        }
        Range::Within => {
            for told in &market.liquidation {
                line("liquidation price", &price_text(told));
            }
        }
    }
    match &market.bankruptcy {
        Some(told) => line("bankruptcy price", &price_text(told)),
        None => line("bankruptcy price", "none"),
    }
    match market.wanted.as_deref() {
        None => {}
        Some([]) => {
            line("margin to move it", "none: no margin puts a liquidation price so far away")
        }
        Some(all) => {
            for wanted in all {
                line("margin to move it", &wanted_text(wanted, unit));
            }
        }
    }
    text
}

fn heading(market: &Market) -> String {
    let positions = market.positions.iter().map(|position| {
        let form = if position.form == "inverse" { " (inverse)" } else { "" };
        format!(
            "{} {}{form} from {}",
            position.side,
            grouped(&position.quantity),
            grouped(&position.entry)
        )
    });
    let positions: Vec<String> = positions.collect();
    format!("{}: {}, mark {}", market.contract, positions.join(" and "), grouped(&market.mark))
}

fn state_text(market: &Market, unit: &str) -> String {
    let said = match market.state {
        State::Healthy => "healthy",
        State::Liquidatable => "liquidatable already",
        State::Bankrupt => "bankrupt already",
    };
    let amount = |text: &str| rounded_text(text, amount_places(unit));
    format!(
        "{said}: equity {} and maintenance {} {unit}",
        amount(&market.equity),
        amount(&market.maintenance)
    )
}

/// Cents of an account, and the smallest unit of a coin.
fn amount_places(unit: &str) -> u8 {
    if unit == COIN { 8 } else { 2 }
}

fn price_text(told: &Told) -> String {
    let falling = told.market == Way::Falling;
    let price = reached(&told.value, falling, places_for(&told.value));
    let side = if told.below { "below" } else { "above" };
    let away = rounded_text(&told.distance_percent, 2);
    let way = if falling { "falling" } else { "rising" };
    let mut text = format!("{}, {away} % {side} the mark, {way} market", grouped(&price));
    let tiers: Vec<String> =
        told.tiers.iter().flatten().flatten().map(ToString::to_string).collect();
    if !tiers.is_empty() {
        text.push_str(&format!(", tier {}", tiers.join(" and ")));
    }
    // A price on the wrong side of the mark is one that was passed.
    if told.below != falling {
        text.push_str(" (passed)");
    }
    text
}

fn wanted_text(wanted: &Wanted, unit: &str) -> String {
    let nought = rational::from_raw(0, 0);
    let places = amount_places(unit);
    let said = if wanted.value < nought {
        // Rounded so that what is taken out is not too much.
        let most = super::figure::down(&-&wanted.value, places);
        format!("take out up to {} {unit}", rounded_text(&most, places))
    } else {
        format!("add {} {unit}", rounded_text(&up(&wanted.value, places), places))
    };
    let falling = wanted.market == Way::Falling;
    let price = reached(&wanted.at, falling, places_for(&wanted.at));
    let side = if falling { "below" } else { "above" };
    let away = percent_of(wanted);
    format!("{said} for {}, {away} % {side} the mark", grouped(&price))
}

fn percent_of(wanted: &Wanted) -> String {
    let text = rounded_text(&wanted.distance_percent, 2);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
