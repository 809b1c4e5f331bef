//! What `--json` prints of auctions: money as decimal strings, names that stay.

use super::figures::{beside, exact};
use super::{LOTS, Proved, SCHEMA, SENSITIVITY, Told};
use crate::folder::Folder;
use crate::replay::REPORT;
use breakwater_money::decimal::format_raw;
use breakwater_simulate::auctions::runner::{AuctionTotals, BidderEnd, Cell};
use serde::Serialize;

#[derive(Serialize)]
struct TotalsJson {
    vaults: u64,
    liquidated: u64,
    lots_opened: u64,
    lots_sold: u64,
    lots_unsold: u64,
    lots_open: u64,
    restarts: u64,
    won_at_zero: u64,
    won_at_zero_bps: u64,
    zero_loss: String,
    zero_collateral: String,
    sold_collateral: String,
    sold_value: String,
    paid: String,
    paid_bps: Option<u128>,
    owners_lost: String,
    overpaid: String,
    penalty: String,
    forfeited: String,
    lot_shortfall: String,
    deficit: String,
    bankrupt: u64,
    bids: u64,
    bids_refused: u64,
    bids_given_up: u64,
    gas: String,
    seconds_to_clear_median: Option<u64>,
    bidders_a_lot: String,
    concentration: Option<String>,
    efficiency: Option<String>,
}

impl TotalsJson {
    fn of(totals: &AuctionTotals) -> Self {
        let share = |ppm: Option<u128>| ppm.map(|ppm| format_raw(ppm, 6));
        TotalsJson {
            vaults: totals.vaults,
            liquidated: totals.liquidated,
            lots_opened: totals.lots,
            lots_sold: totals.sold,
            lots_unsold: totals.unsold,
            lots_open: totals.open,
            restarts: totals.restarts,
            won_at_zero: totals.zero_wins,
            won_at_zero_bps: totals.zero_share_bps(),
            zero_loss: exact(totals.zero_loss),
            zero_collateral: exact(totals.zero_quantity),
            sold_collateral: exact(totals.sold_quantity),
            sold_value: exact(totals.fair),
            paid: exact(totals.paid),
            paid_bps: totals.revenue_bps(),
            owners_lost: exact(totals.loss_to_fair),
            overpaid: exact(totals.overpaid),
            penalty: exact(totals.penalty),
            forfeited: exact(totals.forfeited),
            lot_shortfall: exact(totals.lot_shortfall),
            deficit: exact(totals.deficit),
            bankrupt: totals.bankrupt,
            bids: totals.bids,
            bids_refused: totals.refused,
            bids_given_up: totals.expired,
            gas: exact(totals.gas),
            seconds_to_clear_median: totals.clear_seconds_median,
            bidders_a_lot: format_raw(totals.bidders_e2.into(), 2),
            concentration: share(totals.concentration_ppm),
            efficiency: share(totals.efficiency_ppm),
        }
    }
}

#[derive(Serialize)]
struct BidderJson {
    bidder: u32,
    strategy: &'static str,
    capital: String,
    gas_gwei: String,
    purchases: u64,
    paid: String,
    value: String,
    sent: u64,
    given_up: u64,
    refused: u64,
    gas: String,
}

impl BidderJson {
    fn of(bidder: &BidderEnd) -> Self {
        BidderJson {
            bidder: bidder.number,
            strategy: bidder.strategy.name(),
            capital: exact(bidder.capital),
            gas_gwei: format_raw(bidder.gas_wei, 9),
            purchases: bidder.lots,
            paid: exact(bidder.paid),
            value: exact(bidder.fair),
            sent: bidder.sent,
            given_up: bidder.expired,
            refused: bidder.refused,
            gas: exact(bidder.gas),
        }
    }
}

#[derive(Serialize)]
struct LeadershipJson {
    prices: u64,
    component: String,
    information_low: String,
    information_high: String,
}

#[derive(Serialize)]
struct RunJson {
    format: String,
    title: String,
    parameters: String,
    totals: TotalsJson,
    auction_leads: Option<LeadershipJson>,
    bidders: Vec<BidderJson>,
    books_balance: bool,
    commands: u64,
    ticks_refused: u64,
    state_hash: String,
    replay_hash: String,
    replay_hash_equal: bool,
    journal: String,
}

impl RunJson {
    fn of(proved: &Proved) -> Self {
        let run = &proved.run;
        // Four digits: a regression over some hundred prices gives no more.
        let digits = |share: f64| format!("{share:.4}");
        RunJson {
            format: run.format.clone(),
            title: run.title.clone(),
            parameters: run.status.clone(),
            totals: TotalsJson::of(&run.totals),
            auction_leads: run.leadership.map(|leads| LeadershipJson {
                prices: leads.prices,
                component: digits(leads.component),
                information_low: digits(leads.information_low),
                information_high: digits(leads.information_high),
            }),
            bidders: run.bidders.iter().map(BidderJson::of).collect(),
            books_balance: run.books_balance,
            commands: run.commands,
            ticks_refused: run.ticks_refused,
            state_hash: run.state_hash.clone(),
            replay_hash: proved.replay_hash.clone(),
            replay_hash_equal: proved.same(),
            journal: proved.journal.clone(),
        }
    }
}

#[derive(Serialize)]
struct CellJson {
    format: String,
    bidders: u32,
    gas: String,
    capital: String,
    totals: TotalsJson,
}

impl CellJson {
    fn of(cell: &Cell) -> Self {
        CellJson {
            format: cell.format.clone(),
            bidders: cell.bidders,
            gas: cell.gas.clone(),
            capital: cell.capital.clone(),
            totals: TotalsJson::of(&cell.totals),
        }
    }
}

#[derive(Serialize)]
struct PublishedJson {
    name: String,
    format: String,
    published: String,
    ours: String,
    source: String,
}

#[derive(Serialize)]
struct Files {
    report: String,
    lots: String,
    sensitivity: Option<String>,
}

/// The answer of `auction --json`, and the content of `auction.json`.
#[derive(Serialize)]
pub struct Answer {
    schema: &'static str,
    scenario: String,
    title: String,
    question: String,
    setting: String,
    changes: Vec<String>,
    seed: u64,
    formats: Vec<RunJson>,
    published: Vec<PublishedJson>,
    sensitivity: Vec<CellJson>,
    combined_hash: String,
    files: Files,
}

/// The answer.
pub fn answer(told: &Told<'_>, folder: &Folder) -> Answer {
    let settings = &told.scenario.settings;
    let published = told.marks().into_iter().map(|(mark, run)| PublishedJson {
        name: mark.name.clone(),
        format: mark.format.clone(),
        published: mark.value.clone(),
        ours: beside(&run.totals, mark.figure).replace(',', ""),
        source: mark.source.clone(),
    });
    let path = |file: &str| folder.file(file).display().to_string();
    Answer {
        schema: SCHEMA,
        scenario: settings.name.clone(),
        title: settings.title.clone(),
        question: settings.question.clone(),
        setting: super::story::setting(told),
        changes: told.changes.to_vec(),
        seed: told.scenario.seed(told.options),
        formats: told.runs.iter().map(RunJson::of).collect(),
        published: published.collect(),
        sensitivity: told.cells.iter().map(CellJson::of).collect(),
        combined_hash: told.combined_hash(),
        files: Files {
            report: path(REPORT),
            lots: path(LOTS),
            sensitivity: (!told.cells.is_empty()).then(|| path(SENSITIVITY)),
        },
    }
}
