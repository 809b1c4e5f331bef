//! The end of a replay on a terminal: at most thirty lines of at most a hundred characters.

use crate::events::instant;
use crate::figures::{
    count, counted, fall_bps, money, percent, rounded_text, short_label, signed_money, wrapped,
};
use crate::screen::Paint;
use breakwater_money::Time;
use breakwater_simulate::{Liquidation, Run};
use std::path::Path;

/// Lines at most.
const LINES_MAX: usize = 30;
/// Columns at most.
const WIDTH: usize = 100;
/// Width of names and of figures.
const NAME: usize = 22;
const FIGURE: usize = 16;
/// Width of a list of bearers at most.
const REMARK: usize = 42;
/// Lines of a reason at most.
const REASON_LINES: usize = 2;

/// What stands at the end.
pub struct Ending<'a> {
    /// State hash that the journal gives.
    pub replay_hash: &'a str,
    /// Where the report is.
    pub report: &'a Path,
    /// What was changed about the scenario.
    pub changes: &'a [String],
}

/// The story of a run.
pub fn told(run: &Run, ending: &Ending<'_>, paint: Paint) -> String {
    let sections = [
        headline(run, ending, paint),
        accounts(run),
        losses(run),
        largest(run),
        proof(run, ending, paint),
    ];
    let lines: usize = sections.iter().map(Vec::len).sum();
    // Sections stand apart as far as there is room for it.
    let mut room = LINES_MAX.saturating_sub(lines);
    let mut text = String::new();
    for (index, section) in sections.iter().enumerate() {
        // The headline and the proof stand apart first.
        let apart = index > 0 && (room > 2 || ((index == 1 || index == 4) && room > 0));
        if apart {
            text.push('\n');
            room -= 1;
        }
        for line in section {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

/// Unit of values: what the driver is priced in.
pub fn unit(run: &Run) -> &str {
    run.driver.rsplit_once('/').map_or("", |(_, unit)| unit)
}

fn row(name: &str, figure: &str, remark: &str) -> String {
    clipped(&format!("  {name:<NAME$}{figure:>FIGURE$}  {remark}"))
}

/// A line in no more room than there is.
fn clipped(line: &str) -> String {
    if line.chars().count() <= WIDTH {
        return line.to_owned();
    }
    let mut cut: String = line.chars().take(WIDTH - 1).collect();
    cut.push('\u{2026}');
    cut
}

fn headline(run: &Run, ending: &Ending<'_>, paint: Paint) -> Vec<String> {
    let mut setting = format!("{}, {}; {}", run.rulebook, run.policy, run.shock);
    if !ending.changes.is_empty() {
        setting = format!("{setting}; changed: {}", ending.changes.join(" "));
    }
    let mut lines = vec![paint.strong(&clipped(&run.title))];
    lines.extend(wrapped(&setting, WIDTH).into_iter().take(2));
    lines
}

fn accounts(run: &Run) -> Vec<String> {
    let totals = &run.totals;
    let price = |raw| money(raw, run.value_decimals);
    let start = totals.driver_start;
    let low = format!(
        "{} {} to {}; lowest mark {}, {}",
        run.driver,
        price(start),
        price(totals.driver_path_low),
        price(totals.driver_low),
        percent(fall_bps(start, totals.driver_low))
    );
    let closed = match totals.bankrupt {
        0 => "owe nothing any more".to_owned(),
        some => format!("owe nothing any more; a deficit was booked on {}", count(some)),
    };
    let mut liquidated =
        format!("in {}", counted(totals.liquidations, "liquidation", "liquidations"));
    if totals.unprofitable > 0 {
        let left = count(totals.unprofitable);
        liquidated.push_str(&format!("; {left} at times passed over by keepers"));
    }
    vec![
        row("price fall", &percent(fall_bps(start, totals.driver_path_low)), &low),
        row("accounts warned", &count(totals.warned), &format!("of {}", count(totals.accounts))),
        row("accounts called", &count(totals.called), ""),
        row("accounts liquidated", &count(totals.liquidated), &liquidated),
        row("accounts closed", &count(totals.closed), &closed),
        row("accounts under water", &count(totals.under_water), "at the end, still open"),
    ]
}

fn losses(run: &Run) -> Vec<String> {
    let totals = &run.totals;
    let unit = unit(run);
    let value = |raw| money(raw, run.value_decimals);
    let of = |raw| format!("{unit} of {}", value(raw));
    let kept = signed_money(totals.keeper_gain, run.value_decimals);
    let incentive = match (totals.incentive, totals.keeper_gain) {
        (0, 0) => format!("{unit}, no keeper had a part in it"),
        _ => format!("{unit}, of which keepers kept {kept}"),
    };
    let rounds = match totals.points_with_cascade {
        0 => "at most at one price point".to_owned(),
        points => format!(
            "at most; more than one at {} of {} price points",
            count(points),
            count(run.prices.len() as u64)
        ),
    };
    vec![
        row("debt repaid", &value(totals.debt_repaid), &of(totals.debt_start)),
        row("collateral seized", &value(totals.collateral_sold), &of(totals.collateral_start)),
        row("incentive paid", &value(totals.incentive), &incentive),
        row("price impact", &value(totals.price_impact), unit),
        row("gas", &value(totals.gas), unit),
        row(
            "bad debt booked",
            &value(totals.bad_debt_booked),
            &format!("{unit}, {}", bearers(run)),
        ),
        row(
            "bad debt open",
            &value(totals.bad_debt_open),
            &format!("{unit}, with the lenders, on open accounts"),
        ),
        row("cascade rounds", &count(u64::from(totals.rounds_most)), &rounds),
    ]
}

/// Who bore what was booked: each with its share, or by name alone where shares take too much room.
fn bearers(run: &Run) -> String {
    let bearers = &run.totals.bearers;
    let named = [
        ("the insurance fund", bearers.insurance),
        ("reserves and vault", bearers.vault),
        ("deleveraged winners", bearers.deleveraged),
        ("all, shared", bearers.socialised),
        ("the lenders", bearers.outstanding),
    ];
    let borne: Vec<_> = named.into_iter().filter(|(_, amount)| *amount > 0).collect();
    let names: Vec<&str> = borne.iter().map(|(who, _)| *who).collect();
    if names.is_empty() {
        return "borne by nobody: there is none".to_owned();
    }
    let shares: Vec<String> = borne
        .iter()
        .map(|(who, amount)| format!("{who} {}", money(*amount, run.value_decimals)))
        .collect();
    let shares = shares.join(", ");
    let told = if names.len() > 1 && shares.len() <= REMARK { shares } else { names.join(", ") };
    format!("borne by {told}")
}

/// The liquidations that repaid most, at most three.
pub fn largest_of(run: &Run) -> Vec<&Liquidation> {
    let mut rows: Vec<&Liquidation> = run.liquidations.iter().collect();
    rows.sort_by(|a, b| {
        b.debt_repaid_value.cmp(&a.debt_repaid_value).then(a.sequence.cmp(&b.sequence))
    });
    rows.truncate(3);
    rows
}

/// An amount in few characters: whole units of much, four decimals of little.
fn amount(text: &str) -> String {
    let whole = text.split('.').next().map_or(0, str::len);
    rounded_text(text, if whole > 3 { 0 } else { 4 })
}

fn largest(run: &Run) -> Vec<String> {
    let mut lines = Vec::new();
    let names = ["largest liquidation", "second", "third"];
    for (name, it) in names.into_iter().zip(largest_of(run)) {
        let what = format!(
            "{}  {} {}, {} {} for {} {}",
            unit(run),
            short_label(&it.account),
            clock(run, it.at_seconds),
            amount(&it.debt_repaid),
            it.debt_asset,
            amount(&it.collateral_sold),
            it.collateral_asset
        );
        lines.push(row(name, &money(it.debt_repaid_value, run.value_decimals), &what));
        let mut reason = wrapped(&it.reason, WIDTH - 4);
        reason.truncate(REASON_LINES);
        lines.extend(reason.into_iter().map(|line| format!("    {line}")));
    }
    if lines.is_empty() {
        lines.push(row("largest liquidation", "none", "no account was liquidated"));
    }
    lines
}

fn proof(run: &Run, ending: &Ending<'_>, paint: Paint) -> Vec<String> {
    let same = ending.replay_hash == run.state_hash;
    let other = if same { String::new() } else { format!(" ({})", ending.replay_hash) };
    vec![
        format!("books balance: {}", paint.yes_or_no(run.books_balance)),
        format!("state hash: {}", run.state_hash),
        format!("replay of the journal gives the same hash: {}{other}", paint.yes_or_no(same)),
        format!("report: {}", ending.report.display()),
    ]
}

/// An instant written as RFC 3339.
pub fn start_of(text: &str) -> Option<Time> {
    let start: jiff::Timestamp = text.parse().ok()?;
    Some(Time::from_seconds(u64::try_from(start.as_second()).ok()?))
}

fn moment_of(start: &str, seconds: u64) -> Option<Time> {
    let start = start_of(start)?.seconds_since(Time(0));
    Some(Time::from_seconds(start.checked_add(seconds)?))
}

/// The instant `seconds` after the start of the run.
pub fn moment(run: &Run, seconds: u64) -> Option<Time> {
    moment_of(&run.start, seconds)
}

/// `10:40` that many seconds after the start of the run.
pub fn clock(run: &Run, seconds: u64) -> String {
    minute(run, seconds).split_once(' ').map_or_else(String::new, |(_, clock)| clock.to_owned())
}

/// `2020-03-12 10:40` that many seconds after the start of the run.
pub fn minute(run: &Run, seconds: u64) -> String {
    instant_of(&run.start, seconds)
}

/// `2020-03-12 10:40` that many seconds after `start`.
pub fn instant_of(start: &str, seconds: u64) -> String {
    match moment_of(start, seconds) {
        Some(at) => instant(at).chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect(),
        None => format!("start + {seconds} s"),
    }
}
