//! A design in text.

use crate::auction::number::{mean, shown};
use crate::figures::{count, wrapped};
use crate::screen::Paint;
use breakwater_simulate::auctions::games::design::Pricing;
use breakwater_simulate::auctions::games::design::{
    Alternative, Because, Format, Lot, Recommendation, Shape,
};
use breakwater_simulate::auctions::games::{Estimate, Trials};

const NAME: usize = 26;
const WIDTH: usize = 100;

/// How a sealed format is called in JSON.
pub const fn pricing_name(pricing: Pricing) -> &'static str {
    match pricing {
        Pricing::First => "sealed-first",
        Pricing::Second => "sealed-second",
    }
}

/// A format with what tells it from others of its kind.
pub fn name(format: &Format) -> String {
    match *format {
        Format::English { lifetime_s } => format!("English {}", time(lifetime_s)),
        Format::Dutch { start, shape, tail_s, .. } => {
            let shape = match shape {
                Shape::Stairs => "stairs",
                Shape::Line => "line",
            };
            format!("Dutch {} % {shape} {}", shown(start * 100.0, 0), time(tail_s))
        }
        Format::Sealed { pricing: Pricing::First, window_s } => {
            format!("sealed first {}", time(window_s))
        }
        Format::Sealed { pricing: Pricing::Second, window_s } => {
            format!("sealed second {}", time(window_s))
        }
        Format::Batch { window_s } => format!("batch {}", time(window_s)),
        Format::Market => "market at once".to_owned(),
    }
}

fn time(seconds: u32) -> String {
    match seconds {
        3_600.. if seconds.is_multiple_of(3_600) => format!("{} h", seconds / 3_600),
        _ => format!("{} min", shown(f64::from(seconds) / 60.0, 0)),
    }
}

/// The parameters of a format in words.
fn described(format: &Format, lot: &Lot) -> String {
    match *format {
        Format::English { lifetime_s } => format!(
            "ascending bids that win when nobody beats them by 3 % for {}; a hard end after {}",
            time(lifetime_s),
            time(lifetime_s * 6)
        ),
        Format::Dutch { start, shape, tail_s, decay } => {
            let rate = decay.log_decay_per_s;
            let falls = match shape {
                Shape::Stairs => {
                    let step = decay.step(lot.block_s) * 100.0;
                    format!("falling {} % every {} s", shown(step, 3), lot.block_s)
                }
                Shape::Line => {
                    format!("falling in a line to nothing in {} s", shown(start / rate, 0))
                }
            };
            format!(
                "a price from {} % of the mark, {falls}, started again after {} or at half; the \
                 closed form expects a loss of {} % to takers without a margin and a sale after {} s",
                shown(start * 100.0, 0),
                time(tail_s),
                shown(decay.expected.loss * 100.0, 3),
                shown(decay.expected.fill_s, 0)
            )
        }
        Format::Sealed { window_s, .. } => format!(
            "sealed bids, {} to commit and as long to reveal, a deposit of 1 % of the lot",
            time(window_s)
        ),
        Format::Batch { window_s } => {
            format!("orders over {} that clear at one price", time(window_s))
        }
        Format::Market => "no auction: what is needed is sold at the market".to_owned(),
    }
}

/// The whole answer.
pub fn told(
    lot: &Lot,
    alternatives: &[Alternative],
    recommended: &Recommendation,
    trials: &Trials,
    paint: Paint,
) -> String {
    let mut text = heading(lot, trials, paint);
    let head = |cells: [&str; 6]| line("", &cells.map(str::to_owned));
    text.push_str(&head(["revenue,", "shortfall,", "loss to", "time to", "unsold,", "zero,"]));
    text.push_str(&head(["% of fair", "money", "fair, %", "clear, min", "%", "%"]));
    for alternative in alternatives {
        text.push_str(&line(&name(&alternative.format), &cells(lot, alternative)));
    }
    text.push('\n');
    for paragraph in reasons(lot, alternatives, recommended) {
        for line in wrapped(&paragraph, WIDTH) {
            text.push_str(&format!("{line}\n"));
        }
    }
    text
}

fn heading(lot: &Lot, trials: &Trials, paint: Paint) -> String {
    let number = |value: f64| shown(value, if value.fract() == 0.0 { 0 } else { 2 });
    let title = format!(
        "{} at {}: {} at the mark, {} wanted",
        number(lot.quantity),
        number(lot.mark),
        number(lot.value()),
        number(lot.debt)
    );
    let capital = match lot.capital {
        Some(capital) => format!("at most {} each", number(capital)),
        None => "any capital".to_owned(),
    };
    format!(
        "{}\nmarket: {} bps of impact for the lot, volatility {} % a year\n\
         bidders: {} from fair to {} bps below, {capital}, gas {}, capital at {} % a year\n\
         chain: blocks of {} s, a transaction lands with {}; reserve {} % of the mark\n\
         {} trials, seed {}; 95 % intervals, of unsold and zero by Wilson\n\n",
        paint.strong(&title),
        number(lot.impact_bps),
        number(lot.volatility * 100.0),
        lot.bidders,
        number(lot.spread_bps),
        number(lot.gas),
        number(lot.capital_rate * 100.0),
        lot.block_s,
        lot.inclusion,
        number(lot.reserve * 100.0),
        count(trials.count()),
        trials.seed()
    )
}

fn line(name: &str, cells: &[String; 6]) -> String {
    let [revenue, shortfall, loss, time, unsold, zero] = cells;
    let text = format!(
        "{name:<NAME$} {revenue:>11} {shortfall:>16} {loss:>11} {time:>12} {unsold:>9} {zero:>9}"
    );
    text.trim_end().to_owned() + "\n"
}

fn cells(lot: &Lot, alternative: &Alternative) -> [String; 6] {
    let places = if lot.debt >= 10_000.0 { 0 } else { 2 };
    [
        mean(&alternative.revenue, 100.0, 2),
        mean(&alternative.shortfall, 1.0, places),
        mean(&alternative.loss, 100.0 / lot.value(), 2),
        mean(&alternative.seconds, 1.0 / 60.0, 1),
        probability(&alternative.unsold),
        probability(&alternative.zero),
    ]
}

/// The interval of a probability in percent.
fn probability(estimate: &Estimate) -> String {
    let [low, high] = estimate.share_interval();
    format!("{}-{}", shown(low * 100.0, 1), shown(high * 100.0, 1))
}

fn reasons(lot: &Lot, alternatives: &[Alternative], recommended: &Recommendation) -> Vec<String> {
    let best = &alternatives[recommended.best];
    let places = if lot.debt >= 10_000.0 { 0 } else { 2 };
    let shortfall = mean(&best.shortfall, 1.0, places);
    let loss = mean(&best.loss, 100.0 / lot.value(), 2);
    let same = recommended.same_shortfall.len();
    let others = match same {
        1 => "1 other".to_owned(),
        _ => format!("{same} others"),
    };
    let why = match recommended.because {
        Because::Shortfall => {
            format!("least expected shortfall, {shortfall}, beyond 95 % intervals")
        }
        Because::Loss => format!(
            "its expected shortfall, {shortfall}, is among the least, as that of {others} within \
             95 % intervals; of those it loses least to the fair price, {loss} % of the lot"
        ),
        Because::Time => format!(
            "its expected shortfall, {shortfall}, and its loss to the fair price, {loss} % of the lot, \
             are the least within 95 % intervals; of all those it is sold soonest"
        ),
    };
    let mut paragraphs = vec![
        format!("recommended: {}", name(&best.format)),
        format!("what: {}", described(&best.format, lot)),
        format!("why: {why}"),
    ];
    if !recommended.ties.is_empty() {
        let names: Vec<String> =
            recommended.ties.iter().map(|at| name(&alternatives[*at].format)).collect();
        paragraphs.push(format!("tied with it, but for the time: {}", names.join("; ")));
    }
    paragraphs
}
