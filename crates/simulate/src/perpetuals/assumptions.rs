//! What a run over perpetuals assumes, row by row.

use super::runner::PerpetualOptions;
use super::settings::{BookSettings, SizeSettings};
use super::{PerpetualScenario, runner};

/// Name, value, status (`stated`, `measured`, `derived` or `assumption`) and source.
type Row = (String, String, String, String);

fn row(name: &str, value: impl Into<String>, status: &str, source: &str) -> Row {
    (name.to_owned(), value.into(), status.to_owned(), source.to_owned())
}

impl PerpetualScenario {
    /// What the run assumes, facts first.
    #[must_use]
    pub fn assumptions(&self, options: &PerpetualOptions) -> Vec<Row> {
        let mut rows = vec![
            row(
                "Mark",
                "the index, four times a minute: open, the two extremes, close",
                "measured",
                "the day's bars; the order of the extremes within a minute is ours",
            ),
            row(
                "Depth",
                self.path().depth_report().sentences().join(" "),
                "measured",
                "the day's book by bands, judged before it is used",
            ),
        ];
        rows.extend(self.venue_rows(options));
        if let runner::Schedule::Pooled(pooling) = &options.schedule {
            rows.push(pooling_row(pooling));
        }
        rows.extend(book_rows(&self.settings.book, options));
        rows
    }

    fn venue_rows(&self, options: &PerpetualOptions) -> Vec<Row> {
        let venue = &self.settings.venue;
        let or = |option: &Option<String>, setting: &String| {
            option.clone().unwrap_or_else(|| setting.clone())
        };
        let closing = match options.closing {
            runner::Closing::Ladder => format!("the ladder of {}", venue.ladder),
            runner::Closing::Target => "the fewest contracts back to the warning line".to_owned(),
            runner::Closing::Full => "whole, at once".to_owned(),
            runner::Closing::Planned => "in slices planned over the minute's depth".to_owned(),
        };
        let rule = match options.asked {
            runner::Asked::AsStated => Some(venue.deleverage),
            runner::Asked::Winners(rule) => Some(rule),
            runner::Asked::Nobody => None,
        };
        let ours = "the venue publishes none; ours";
        vec![
            row("Liquidation", closing, "stated", "the venue's own pages, as data"),
            row(
                "Insurance fund",
                format!(
                    "{} of the open interest's value",
                    or(&options.fund_share, &venue.fund_share)
                ),
                "assumption",
                ours,
            ),
            row(
                "Deleveraging",
                runner::rule_name(rule),
                "assumption",
                "the venue ranks by profit and leverage; without a ranking of its own, profit over \
                 entry value times mark value over cash",
            ),
            row(
                "Largest share of a position",
                format!("{} bps at once", venue.share_max_bps),
                "assumption",
                "only the capped and the risk-aware choice ask; ours",
            ),
            row(
                "Behind a sale",
                format!("down to {} bps from the mark", venue.slippage_bps),
                "assumption",
                "a part is sold on the account's own equity, the whole on the fund's as well; ours",
            ),
            row(
                "Recovery of depth",
                format!("{} of what was consumed, each minute", venue.recovery),
                "assumption",
                "the depth of each minute was measured after that day's own sales",
            ),
            row(
                "Feedback",
                or(&options.feedback, &venue.feedback),
                "assumption",
                "share of the impact left that moves the next mark; the index has that day's \
                 liquidations in it already",
            ),
            row("Fees and funding", "the clearance fee only", "assumption", "a day's are small"),
        ]
    }
}

fn pooling_row(pooling: &runner::Pooling) -> Row {
    let limits = &pooling.limits;
    let value = format!(
        "a round a mark, up to {} bps from it and {} bps of what stands there, next after {} marks; \
         loss at risk over moves of {} ppm; legs meet within {} bps of the index",
        limits.impact_bps,
        limits.participation_bps,
        limits.wait_rounds_max,
        pooling.reach_ppm,
        pooling.band_bps
    );
    row(
        "Sharing the market",
        value,
        "assumption",
        "no venue publishes how it paces its sales; ours",
    )
}

fn book_rows(book: &BookSettings, options: &PerpetualOptions) -> Vec<Row> {
    let drawn = "no exchange publishes who holds what; ours";
    let assumed = |name: &str, value: String| row(name, value, "assumption", drawn);
    let size = |size: &SizeSettings| {
        format!("median {}, sigma {}, at most {}", size.median, size.sigma, size.largest)
    };
    let leverage: Vec<String> =
        book.leverage.iter().map(|l| format!("{}x {}", l.times, l.weight)).collect();
    let caps: Vec<String> =
        book.leverage_cap.iter().map(|c| format!("{}x to {}", c.times, c.notional)).collect();
    vec![
        assumed("Seed", options.seed.unwrap_or(book.seed).to_string()),
        assumed("Open interest", format!("{} of the base asset on each side", book.open_interest)),
        assumed("Traders", format!("{}, {} of them long", book.traders, book.long_share)),
        assumed("Sizes of longs", size(&book.long_size)),
        assumed("Sizes of shorts", size(&book.short_size)),
        assumed("Leverage and weights", leverage.join(", ")),
        assumed("Leverage by notional", caps.join(", ")),
        assumed("Isolated positions", format!("{} of traders", book.isolated_share)),
        assumed(
            "Cash beyond the margin",
            format!(
                "none for {}, else {} of it on average",
                book.wallet_none_share, book.wallet_mean
            ),
        ),
        assumed(
            "Entries",
            format!(
                "{} bps around the first mark, at most {} of the margin away",
                book.entry_spread_bps, book.entry_reach
            ),
        ),
        assumed(
            "Makers",
            format!(
                "{} long, {} short, leverage {}: they hold what traders do not",
                book.makers.long, book.makers.short, book.makers.leverage
            ),
        ),
    ]
}
