//! Tables of auctions, for the page and as CSV.

use super::figures::{cents, duration, exact, percent_of, share};
use super::{Proved, Told};
use breakwater_liquidation::auctions::{DutchCurve, Format};
use breakwater_money::decimal::format_raw;
use breakwater_report::{WordColumn, WordTable};
use breakwater_simulate::auctions::runner::{AuctionRun, Cell, Lot};
use breakwater_simulate::auctions::settings::FormatSettings;

/// Columns: key, name, whether numeric.
pub fn columns(named: &[(&str, &str, bool)]) -> Vec<WordColumn> {
    let column = |(key, name, numeric): &(&str, &str, bool)| WordColumn {
        key: (*key).to_owned(),
        name: (*name).to_owned(),
        numeric: *numeric,
    };
    named.iter().map(column).collect()
}

/// What came of each format.
pub fn outcomes(told: &Told<'_>) -> WordTable {
    let row = |Proved { run, .. }: &Proved| {
        let totals = &run.totals;
        vec![
            run.title.clone(),
            totals.lots.to_string(),
            totals.sold.to_string(),
            totals.zero_wins.to_string(),
            cents(totals.zero_loss),
            cents(totals.fair),
            cents(totals.paid),
            percent_of(totals.revenue_bps()),
            cents(totals.loss_to_fair),
            cents(totals.lot_shortfall),
            cents(totals.deficit),
            cents(totals.penalty),
            cents(totals.forfeited),
        ]
    };
    WordTable {
        caption: "What came of each format".to_owned(),
        columns: columns(&[
            ("format", "Format", false),
            ("lots_opened", "Lots opened", true),
            ("lots_sold", "Lots sold", true),
            ("won_at_zero", "Won at zero", true),
            ("zero_loss", "Taken by zero bids", true),
            ("sold_value", "Value of what was sold", true),
            ("paid", "Paid", true),
            ("paid_share", "Paid of value", false),
            ("owners_lost", "Owners lost", true),
            ("lot_shortfall", "Shortfall of lots", true),
            ("deficit", "Deficit booked", true),
            ("penalty", "Penalty", true),
            ("forfeited", "Deposits lost", true),
        ]),
        rows: told.runs.iter().map(row).collect(),
    }
}

/// How it was bid.
pub fn bidding(told: &Told<'_>) -> WordTable {
    let leads = |run: &AuctionRun| match run.leadership {
        None => "too few prices".to_owned(),
        Some(leads) => format!(
            "{:.0} % to {:.0} %",
            leads.information_low * 100.0,
            leads.information_high * 100.0
        ),
    };
    let row = |Proved { run, .. }: &Proved| {
        let totals = &run.totals;
        vec![
            run.title.clone(),
            duration(totals.clear_seconds_median),
            format_raw(totals.bidders_e2.into(), 2),
            totals.bids.to_string(),
            totals.refused.to_string(),
            totals.expired.to_string(),
            cents(totals.gas),
            share(totals.concentration_ppm),
            share(totals.efficiency_ppm),
            leads(run),
            totals.restarts.to_string(),
            totals.unsold.to_string(),
            totals.open.to_string(),
        ]
    };
    WordTable {
        caption: "How it was bid".to_owned(),
        columns: columns(&[
            ("format", "Format", false),
            ("to_clear", "To clear, median", false),
            ("bidders_a_lot", "Bidders a lot", true),
            ("bids", "Bids taken", true),
            ("refused", "Refused", true),
            ("given_up", "Given up", true),
            ("gas", "Gas", true),
            ("concentration", "Concentration", false),
            ("efficiency", "Efficiency", false),
            ("information", "Information share of the auctions", false),
            ("restarts", "Restarts", true),
            ("unsold", "Unsold", true),
            ("open", "Still open", true),
        ]),
        rows: told.runs.iter().map(row).collect(),
    }
}

/// Hashes of each run.
pub fn proof(told: &Told<'_>) -> WordTable {
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let row = |proved: &Proved| {
        vec![
            proved.run.title.clone(),
            proved.run.commands.to_string(),
            yes(proved.run.books_balance),
            yes(proved.same()),
            proved.run.state_hash.clone(),
        ]
    };
    WordTable {
        caption: "Runs and their proof".to_owned(),
        columns: columns(&[
            ("format", "Format", false),
            ("commands", "Commands", true),
            ("books_balance", "Books balance", false),
            ("replay_hash_equal", "Replay hash equal", false),
            ("state_hash", "State hash", false),
        ]),
        rows: told.runs.iter().map(row).collect(),
    }
}

/// Every lot of every format: `lots.csv`.
pub fn lots(told: &Told<'_>) -> WordTable {
    let rows = told
        .runs
        .iter()
        .flat_map(|Proved { run, .. }| run.lots.iter().map(|lot| lot_row(&run.format, lot)));
    WordTable {
        caption: "Every lot".to_owned(),
        columns: columns(&[
            ("format", "Format", false),
            ("lot", "Lot", true),
            ("vault", "Vault", true),
            ("ordinal", "Lot of the vault", true),
            ("opened_at_seconds", "Opened, seconds", true),
            ("sold_at_seconds", "Sold, seconds", true),
            ("collateral", "Collateral", true),
            ("value_at_opening", "Value at the opening", true),
            ("due", "Share of the debt", true),
            ("wanted", "To raise", true),
            ("sold", "Sold", true),
            ("value", "Value of what was sold", true),
            ("paid", "Paid", true),
            ("paid_bps", "Paid of value, bps", true),
            ("efficiency", "Efficiency", true),
            ("bids", "Bids", true),
            ("bidders", "Bidders", true),
            ("restarts", "Restarts", true),
            ("winner", "Winner", true),
        ]),
        rows: rows.collect(),
    }
}

fn lot_row(format: &str, lot: &Lot) -> Vec<String> {
    let or_nothing = |text: Option<String>| text.unwrap_or_default();
    let measures = lot.measures.as_ref();
    vec![
        format.to_owned(),
        lot.number.to_string(),
        lot.account.to_string(),
        lot.ordinal.to_string(),
        lot.opened_at.to_string(),
        or_nothing(lot.sold_at.map(|at| at.to_string())),
        exact(lot.quantity),
        exact(lot.fair),
        exact(lot.due),
        or_nothing(lot.wanted.map(exact)),
        exact(lot.sold),
        exact(lot.fair_sold),
        exact(lot.paid),
        or_nothing(measures.and_then(|it| it.revenue_at_clearing_bps).map(|bps| bps.to_string())),
        or_nothing(measures.and_then(|it| it.efficiency_ppm).map(|ppm| format_raw(ppm, 6))),
        lot.bids.len().to_string(),
        measures.map_or(0, |it| it.bidders).to_string(),
        lot.restarts.to_string(),
        or_nothing(lot.winner.map(|winner| winner.to_string())),
    ]
}

/// Other bidders, gas and capital: `sensitivity.csv`.
pub fn sensitivity(told: &Told<'_>) -> WordTable {
    let row = |cell: &Cell| {
        let totals = &cell.totals;
        vec![
            cell.format.clone(),
            cell.bidders.to_string(),
            cell.gas.clone(),
            cell.capital.clone(),
            totals.sold.to_string(),
            totals.zero_wins.to_string(),
            format_raw(totals.zero_share_bps().into(), 2),
            cents(totals.zero_loss),
            cents(totals.loss_to_fair),
            cents(totals.lot_shortfall),
            cents(totals.deficit),
            totals.revenue_bps().map(|bps| format_raw(bps, 2)).unwrap_or_default(),
        ]
    };
    WordTable {
        caption: "Other bidders, gas and capital".to_owned(),
        columns: columns(&[
            ("format", "Format", false),
            ("bidders", "Bidders", true),
            ("gas", "Times gas", true),
            ("capital", "Times capital", true),
            ("lots_sold", "Lots sold", true),
            ("won_at_zero", "Won at zero", true),
            ("won_at_zero_percent", "Of lots, %", true),
            ("zero_loss", "Taken by zero bids", true),
            ("owners_lost", "Owners lost", true),
            ("lot_shortfall", "Shortfall of lots", true),
            ("deficit", "Deficit booked", true),
            ("paid_percent", "Paid of value, %", true),
        ]),
        rows: told.cells.iter().map(row).collect(),
    }
}

/// The rules of a format in a sentence.
pub fn rules(rules: &FormatSettings) -> String {
    let bps = |bps: u32| format!("{} %", format_raw(bps.into(), 2));
    let bidding = match rules.format {
        Format::English(terms) => format!(
            "step {}, {}end after {}, reserve {}",
            bps(terms.step_bps),
            terms.lifetime_seconds.map_or_else(String::new, |it| format!(
                "a bid wins after {}, ",
                duration(Some(it))
            )),
            duration(Some(terms.duration_seconds)),
            bps(terms.reserve_bps)
        ),
        Format::Dutch(terms) => {
            let curve = match terms.curve {
                DutchCurve::Linear { seconds } => {
                    format!("to nothing in {}", duration(Some(seconds)))
                }
                DutchCurve::Stairs { kept_e9, step_seconds } => {
                    format!("times {} every {step_seconds} s", format_raw(kept_e9.into(), 9))
                }
                DutchCurve::Exponential { kept_e9 } => {
                    format!("times {} a second", format_raw(kept_e9.into(), 9))
                }
            };
            format!(
                "from {} of the mark, {curve}, again after {} or below {} of the start",
                bps(terms.start_bps),
                duration(Some(terms.age_seconds_max)),
                bps(terms.price_least_bps)
            )
        }
        Format::Sealed(terms) => format!(
            "{} price, commit {}, reveal {}, deposit {}, reserve {}",
            if terms.second_price { "second" } else { "first" },
            duration(Some(terms.commit_seconds)),
            duration(Some(terms.reveal_seconds)),
            bps(terms.deposit_bps),
            bps(terms.reserve_bps)
        ),
        Format::Batch(terms) => format!(
            "orders for {}, reserve {} of the mark",
            duration(Some(terms.place_seconds)),
            bps(terms.reserve_bps)
        ),
    };
    format!("{bidding}; lots of {}; penalty {}", rules.lot, bps(rules.penalty_bps))
}
