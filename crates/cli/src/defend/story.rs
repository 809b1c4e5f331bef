//! The defence table as text.

use super::Told;
use crate::figures::wrapped;
use crate::screen::Paint;
use breakwater_simulate::defending::{Measure, Scored};
use std::fmt::Write as _;
use std::path::Path;

/// Widest name of a set that is printed.
const NAME_MAX: usize = 25;

/// Width of a line of text.
const WIDTH: usize = 98;

/// A value in thousands, millions or billions.
fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 1e9 => format!("{:.2}bn", value / 1e9),
        v if v >= 1e6 => format!("{:.2}M", value / 1e6),
        v if v >= 1e3 => format!("{:.1}k", value / 1e3),
        v if v < 0.5 => "0".to_owned(),
        _ => format!("{value:.0}"),
    }
}

fn percent(value: f64) -> String {
    format!("{:.1}%", 100.0 * value)
}

/// What the table is of, the table, and how to read it.
pub fn told(told: &Told<'_>, report: Option<&Path>, paint: Paint) -> String {
    let (settings, found) = (&told.scenario.settings, told.found);
    let mut text = String::new();
    let _ = writeln!(text, "{}", paint.strong(&settings.title));
    for line in wrapped(&settings.question, WIDTH) {
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(text);
    let heads = [
        "bad debt", "trapped", "held", "bound", "calm", "trough", "hurt", "got out", "large",
        "small",
    ];
    let widths = [9, 11, 9, 6, 6, 8, 6, 8, 6, 6];
    let _ = write!(text, "{:<NAME_MAX$}", "defence");
    for (head, width) in heads.iter().zip(widths) {
        let _ = write!(text, "{head:>width$}");
    }
    let _ = writeln!(text);
    for set in &found.sets {
        let name: String = set.name.chars().take(NAME_MAX - 1).collect();
        let _ = write!(text, "{name:<NAME_MAX$}");
        for (cell, width) in row(set).iter().zip(widths) {
            let _ = write!(text, "{cell:>width$}");
        }
        let _ = writeln!(text);
    }
    let of = if told.replays() { "one replay" } else { "means" };
    let paths = if told.replays() {
        "flows as recorded".to_owned()
    } else {
        format!("{} paths of seed {}, the same for every set", found.paths, found.seed)
    };
    let _ = writeln!(
        text,
        "\n{of} over {paths}; values in {}, trough of {}",
        found.unit, found.price_of
    );
    for line in [
        "trapped     wanted out and not paid, times hours; held: debt in breach that a rule held back",
        "bound       steps in which a rule bound; calm: on the same paths without shock and panic",
        "hurt        waited beyond patience, or liquidated although healthy without others' sales",
        "got out     share of what wanted out that was paid; of the largest tenth, the smaller half",
    ] {
        let line = if told.replays() && line.starts_with("bound") {
            "bound       hours in which a rule bound; calm: of them before the run"
        } else {
            line
        };
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(text, "hash        {}", &found.hash[..16.min(found.hash.len())]);
    if let Some(report) = report {
        let _ = writeln!(text, "report      {}", report.display());
    }
    text
}

fn row(set: &Scored) -> Vec<String> {
    let maybe = |share: Option<f64>| share.map_or("-".to_owned(), percent);
    vec![
        short(set.mean(Measure::BadDebt)),
        short(set.mean(Measure::Trapped)),
        short(set.mean(Measure::HeldBack)),
        format!("{:.1}", set.mean(Measure::Trips)),
        format!("{:.1}", set.false_trips_mean()),
        trough(set.mean(Measure::Trough)),
        percent(set.mean(Measure::Hurt)),
        percent(set.mean(Measure::GotOut)),
        maybe(set.mean_of(|run| run.got_out_large)),
        maybe(set.mean_of(|run| run.got_out_small)),
    ]
}

fn trough(price: f64) -> String {
    if price < 10.0 { format!("{price:.4}") } else { format!("{price:.1}") }
}
