//! The story of a run over perpetuals: at most thirty lines of at most a hundred columns.

use super::figures::{money, overshoot, priced, share, share_of};
use crate::figures::{count, counted, fall_bps, percent, rounded, wrapped};
use crate::screen::Paint;
use breakwater_simulate::perpetuals::BASE_DECIMALS;
use breakwater_simulate::perpetuals::runner::{PerpetualRun, Sale};
use std::path::Path;

/// Columns at most.
const WIDTH: usize = 100;
const NAME: usize = 22;
const FIGURE: usize = 17;

fn row(name: &str, figure: &str, remark: &str) -> String {
    let line = format!("  {name:<NAME$}{figure:>FIGURE$}  {remark}");
    let line = line.trim_end();
    if line.chars().count() <= WIDTH {
        return line.to_owned();
    }
    let mut cut: String = line.chars().take(WIDTH - 1).collect();
    cut.push('\u{2026}');
    cut
}

/// The story of a run.
pub fn told(
    run: &PerpetualRun,
    changes: &[String],
    replay_hash: &str,
    report: &Path,
    paint: Paint,
) -> String {
    let mut setting = format!("{}, {}; {}", run.rulebook, run.policy, run.shock);
    if !changes.is_empty() {
        setting = format!("{setting}; changed: {}", changes.join(" "));
    }
    let mut lines = vec![paint.strong(&run.title)];
    lines.extend(wrapped(&setting, WIDTH).into_iter().take(2));
    lines.push(String::new());
    lines.extend(accounts(run));
    lines.extend(losses(run));
    if changes.iter().any(|change| change.starts_with("--schedule")) {
        lines.extend(sharing(run));
    }
    lines.extend(winners(run));
    lines.extend(largest(run));
    lines.push(String::new());
    let same = replay_hash == run.state_hash;
    let other = if same { String::new() } else { format!(" ({replay_hash})") };
    lines.extend([
        format!("books balance: {}", paint.yes_or_no(run.books_balance)),
        format!("state hash: {}", run.state_hash),
        format!("replay of the journal gives the same hash: {}{other}", paint.yes_or_no(same)),
        format!("report: {}", report.display()),
    ]);
    lines.join("\n") + "\n"
}

fn accounts(run: &PerpetualRun) -> Vec<String> {
    let totals = &run.totals;
    let low = format!(
        "{} {} to {}; lowest mark {}",
        run.driver,
        priced(totals.mark_start),
        priced(totals.path_low),
        priced(totals.mark_low)
    );
    let interest = format!(
        "{}, {} long and as much short",
        run.settle,
        rounded(totals.open_interest, BASE_DECIMALS, 0)
    );
    let sales = format!("in {}", counted(totals.sales, "sale", "sales"));
    vec![
        row("price fall", &percent(fall_bps(totals.mark_start, totals.path_low)), &low),
        row("open interest", &money(totals.open_interest_value), &interest),
        row("accounts warned", &count(totals.warned), &format!("of {}", count(totals.accounts))),
        row("accounts called", &count(totals.called), ""),
        row("accounts liquidated", &count(totals.liquidated), &sales),
        row("accounts bankrupt", &count(totals.bankrupt), "lost more than their margin"),
        row("still under water", &count(totals.under_water), "at the end, still open"),
    ]
}

fn losses(run: &PerpetualRun) -> Vec<String> {
    let (totals, unit) = (&run.totals, run.settle.as_str());
    let bearers = &totals.bearers;
    let fund = format!(
        "{unit} of {} ({} of the interest), {} left",
        money(totals.fund_start),
        share_of(&run.fund_share),
        money(totals.fund_end)
    );
    let discount = percent(totals.discount_bps.into());
    vec![
        row("sold in the market", &money(totals.sold_value), &format!("{unit} at the mark")),
        row("price impact", &money(totals.price_impact), &format!("{unit}, {discount} on average")),
        row("clearance fees", &money(totals.fees), &format!("{unit}, to the insurance fund")),
        row("losses beyond margin", &money(totals.deficit), &format!("{unit}, of which")),
        row("  insurance fund", &money(bearers.insurance), &fund),
        row("  winners", &money(bearers.deleveraged), &format!("{unit}, deleveraged")),
        row("  nobody", &money(bearers.outstanding), &format!("{unit}, outstanding")),
    ]
}

/// What came of how sales share the market.
fn sharing(run: &PerpetualRun) -> Vec<String> {
    let (totals, unit) = (&run.totals, run.settle.as_str());
    let remark = format!(
        "{unit}; lowest price got {}, longest wait {}",
        priced(totals.sold_low),
        hours(totals.waited_seconds_max)
    );
    vec![row("crossed at the mark", &money(totals.crossed_value), &remark)]
}

/// As `1:05:30`.
fn hours(seconds: u64) -> String {
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

fn winners(run: &PerpetualRun) -> Vec<String> {
    let totals = &run.totals;
    let waves = format!(
        "{} closed against {}",
        counted(totals.winners_hurt, "winner", "winners"),
        counted(totals.waves, "bankrupt account", "bankrupt accounts")
    );
    let over = format!("of profit closed for each {} that winners gave", run.settle);
    let haircut = format!(
        "{} at once; at most {} of a winner's profit",
        run.settle,
        share(totals.haircut_share_e6)
    );
    vec![
        row("deleveraged", &money(totals.deleveraged_value), &format!("{}, {waves}", run.settle)),
        row("overshoot", &overshoot(run), &over),
        row("largest haircut", &money(totals.haircut_most), &haircut),
    ]
}

/// The sale of the most value; of equal ones the earliest.
pub fn largest_of(run: &PerpetualRun) -> Option<&Sale> {
    run.sales.iter().rev().max_by_key(|sale| sale.value)
}

fn largest(run: &PerpetualRun) -> Vec<String> {
    let Some(sale) = largest_of(run) else {
        return vec![row("largest sale", "none", "nothing was sold in the market")];
    };
    let minutes = sale.at_seconds / 60;
    let what = format!(
        "{} {}, {:02}:{:02}, {} {} {}, {} off",
        run.settle,
        sale.account,
        minutes / 60,
        minutes % 60,
        rounded(sale.quantity, BASE_DECIMALS, 3),
        run.contract,
        if sale.long { "sold" } else { "bought back" },
        percent(u128::from(sale.discount_bps.unsigned_abs()))
    );
    let mut lines = vec![row("largest sale", &money(sale.value), &what)];
    let reason = wrapped(&sale.reason, WIDTH - 4);
    lines.extend(reason.into_iter().take(2).map(|line| format!("    {line}")));
    lines
}
