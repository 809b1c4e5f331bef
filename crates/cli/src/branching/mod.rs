//! `breakwater branching`: how many further events one event of a table brings.

pub mod arguments;

use crate::failure::{Failure, Verdict};
use crate::screen::{Paint, Screen};
use arguments::{Branching as Asked, TiesName};
use breakwater_simulate::scenario::read_file;
use breakwater_simulate::stress::StressError;
use breakwater_simulate::stress::hawkes::{
    Estimate, Fitness, Ties, WindowEstimate, estimate, fitness, read_times, untie, windows,
};
use serde::Serialize;
use std::fmt::Write as _;

/// Schema of the answer.
pub const SCHEMA: &str = "breakwater.branching/1";

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// Windows that are printed; JSON has all.
const SHOWN: usize = 18;

/// Probability of the distance below which the process is said not to fit.
const REFUSED: f64 = 0.01;

#[derive(Serialize)]
struct Answer {
    schema: &'static str,
    file: String,
    events: usize,
    stamps: usize,
    ties: &'static str,
    seconds: String,
    all: Found,
    windows: Vec<Window>,
}

/// An estimate, decimals as texts.
#[derive(Serialize)]
struct Found {
    branching_ratio: String,
    low: String,
    /// Null where the likelihood says nothing against more.
    high: Option<String>,
    distance_to_critical: String,
    mu_per_second: String,
    decay_seconds: String,
    decay_at_edge: bool,
    log_likelihood: String,
    log_likelihood_poisson: String,
    distance: String,
    probability: String,
}

#[derive(Serialize)]
struct Window {
    from_day: String,
    to_day: String,
    events: usize,
    /// Null with too few events.
    found: Option<Found>,
}

/// Reads, estimates and tells.
pub fn run(asked: &Asked, screen: &Screen) -> Result<Verdict, Failure> {
    let file = asked.file.display().to_string();
    let text = read_file(&asked.file).map_err(|error| Failure::Data(error.to_string()))?;
    let only = asked.only.as_ref().map(|(column, value)| (column.as_str(), value.as_str()));
    let mut times = read_times(&file, &text, &asked.column, only)
        .map_err(|error| Failure::Data(error.to_string()))?;
    times.sort_unstable_by(f64::total_cmp);
    let first = times.first().copied().unwrap_or_default();
    times.iter_mut().for_each(|time| *time -= first);
    let stamps = times.chunk_by(|a, b| a == b).count();
    let ties = match asked.ties {
        TiesName::Spread => Ties::Spread { resolution: asked.resolution, seed: asked.seed },
        TiesName::Merge => Ties::Merge,
    };
    let asked_wrong = |error: StressError| Failure::Usage(error.to_string());
    let in_file = |error: StressError| Failure::Data(format!("{file}: {error}"));
    let waiting = screen.waits_for("estimating");
    let (free, weights) = untie(&times, ties).map_err(asked_wrong)?;
    // A stamp covers what follows it, up to the last one's own end.
    let horizon =
        times.last().copied().unwrap_or_default() + asked.resolution.max(f64::MIN_POSITIVE);
    let all = estimate(&free, weights.as_deref(), horizon).map_err(in_file)?;
    let fit = fitness(&all.process, &free, weights.as_deref(), horizon).map_err(in_file)?;
    let parts = match asked.days {
        None => Vec::new(),
        Some(days) => windows(&free, weights.as_deref(), days * DAY).map_err(asked_wrong)?,
    };
    drop(waiting);
    let answer = Answer {
        schema: SCHEMA,
        file,
        events: times.len(),
        stamps,
        ties: if asked.ties == TiesName::Spread { "spread" } else { "merge" },
        seconds: format!("{horizon:.3}"),
        all: found(&all, &fit),
        windows: parts.iter().map(window).collect(),
    };
    screen.answer(&told(&answer, &all, &fit), &answer)?;
    Ok(Verdict::Fine)
}

fn found(estimate: &Estimate, fit: &Fitness) -> Found {
    let (low, high) = estimate.branching_interval;
    let process = &estimate.process;
    Found {
        branching_ratio: format!("{:.4}", process.branching_ratio()),
        low: format!("{low:.4}"),
        high: high.map(|high| format!("{high:.4}")),
        distance_to_critical: format!("{:.4}", process.distance_to_critical()),
        mu_per_second: format!("{:.9}", process.mu()),
        decay_seconds: format!("{:.3}", 1.0 / process.beta()),
        decay_at_edge: estimate.decay_at_edge,
        log_likelihood: format!("{:.3}", estimate.log_likelihood),
        log_likelihood_poisson: format!("{:.3}", estimate.log_likelihood_poisson),
        distance: format!("{:.4}", fit.distance),
        probability: format!("{:.4}", fit.probability),
    }
}

fn window(window: &WindowEstimate) -> Window {
    Window {
        from_day: format!("{:.2}", window.from / DAY),
        to_day: format!("{:.2}", window.to / DAY),
        events: window.events,
        found: window.found.as_ref().map(|(estimate, fit)| found(estimate, fit)),
    }
}

fn told(answer: &Answer, all: &Estimate, fit: &Fitness) -> String {
    let paint = Paint::for_stdout();
    let one = &answer.all;
    let high = one.high.as_deref().unwrap_or("more than 20");
    let mut text = String::new();
    let stamps = match answer.ties {
        "spread" => "those of one stamp spread over it",
        _ => "those of one stamp as one",
    };
    let (events, stamp_count) = (answer.events, answer.stamps);
    let days = answer.seconds.parse::<f64>().unwrap_or_default() / DAY;
    let _ = writeln!(text, "{}", paint.strong(&format!("{events} events of {}", answer.file)));
    let _ = writeln!(text, "{stamp_count} stamps in {days:.2} days, {stamps}\n");
    let _ =
        writeln!(text, "branching ratio  {}, 95 % from {} to {high}", one.branching_ratio, one.low);
    let _ = writeln!(text, "distance to 1    {}", one.distance_to_critical);
    let _ = writeln!(text, "memory           {} s", one.decay_seconds);
    let _ = writeln!(
        text,
        "likelihood       {} above a Poisson process",
        format_args!("{:.1}", all.log_likelihood - all.log_likelihood_poisson)
    );
    let _ = writeln!(
        text,
        "fit              distance {}, probability {}",
        one.distance, one.probability
    );
    for remark in remarks(all, fit) {
        let _ = writeln!(text, "note             {remark}");
    }
    if answer.windows.is_empty() {
        return text;
    }
    let _ = writeln!(
        text,
        "\n{:>8} {:>8} {:>8} {:>18} {:>8} {:>10} {:>7}",
        "day", "events", "ratio", "95 %", "to 1", "memory s", "fit p"
    );
    for window in answer.windows.iter().take(SHOWN) {
        let _ = match &window.found {
            None => writeln!(text, "{:>8} {:>8}        too few", window.from_day, window.events),
            Some(found) => {
                let interval =
                    format!("{} to {}", found.low, found.high.as_deref().unwrap_or("20+"));
                writeln!(
                    text,
                    "{:>8} {:>8} {:>8} {interval:>18} {:>8} {:>10} {:>7}",
                    window.from_day,
                    window.events,
                    found.branching_ratio,
                    found.distance_to_critical,
                    found.decay_seconds,
                    found.probability,
                )
            }
        };
    }
    if answer.windows.len() > SHOWN {
        let _ = writeln!(text, "{:>8} more windows with --json", answer.windows.len() - SHOWN);
    }
    text
}

fn remarks(all: &Estimate, fit: &Fitness) -> Vec<&'static str> {
    let mut remarks = Vec::new();
    if fit.probability < REFUSED {
        remarks.push("one exponential memory does not fit these events: see windows, --days");
    }
    if all.decay_at_edge {
        remarks.push("the memory is at an end of what is searched: events may share stamps");
    }
    if !all.is_subcritical() {
        remarks.push("1 is within the interval: a cascade may have no end of its own");
    }
    remarks
}
