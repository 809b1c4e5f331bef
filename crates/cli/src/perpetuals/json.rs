//! What `--json` prints of perpetuals: money as decimal strings, names that stay.

use super::figures::{exact, overshoot_exact, price, quantity};
use super::story::largest_of;
use breakwater_money::decimal::format_raw;
use breakwater_simulate::perpetuals::runner::{PerpetualRun, PerpetualTotals, Sale, SideBySide};
use serde::Serialize;

/// Schema of the answer of a replay.
const REPLAY: &str = "breakwater.replay-perpetuals/1";
/// Schema of the answer of a comparison, and of `compare.json`.
pub const COMPARE: &str = "breakwater.compare-perpetuals/1";

#[derive(Serialize)]
struct TotalsJson {
    accounts: u64,
    open_interest: String,
    open_interest_value: String,
    mark_start: String,
    mark_low: String,
    mark_end: String,
    path_low: String,
    warned: u64,
    called: u64,
    liquidated: u64,
    bankrupt: u64,
    under_water: u64,
    deficit_open: String,
    sales: u64,
    sold_value: String,
    price_impact: String,
    discount_bps: u64,
    sold_low: String,
    crossed: String,
    crossed_value: String,
    waited_seconds_max: u64,
    waited_seconds: u64,
    fees: String,
    fund_start: String,
    fund_end: String,
    deficit: String,
    borne_by: BearersJson,
    waves: u64,
    deleveraged: String,
    deleveraged_value: String,
    winners_hurt: u64,
    closes: u64,
    closed_profit: String,
    overshoot: Option<String>,
    haircut_most: String,
    haircut_share_most: String,
    haircut_sum_most: String,
    ticks_refused: u64,
}

#[derive(Serialize)]
struct BearersJson {
    insurance: String,
    deleveraged: String,
    outstanding: String,
}

impl TotalsJson {
    fn of(run: &PerpetualRun) -> Self {
        let totals: &PerpetualTotals = &run.totals;
        TotalsJson {
            accounts: totals.accounts,
            open_interest: quantity(totals.open_interest),
            open_interest_value: exact(totals.open_interest_value),
            mark_start: price(totals.mark_start),
            mark_low: price(totals.mark_low),
            mark_end: price(totals.mark_end),
            path_low: price(totals.path_low),
            warned: totals.warned,
            called: totals.called,
            liquidated: totals.liquidated,
            bankrupt: totals.bankrupt,
            under_water: totals.under_water,
            deficit_open: exact(totals.deficit_open),
            sales: totals.sales,
            sold_value: exact(totals.sold_value),
            price_impact: exact(totals.price_impact),
            discount_bps: totals.discount_bps,
            sold_low: price(totals.sold_low),
            crossed: quantity(totals.crossed),
            crossed_value: exact(totals.crossed_value),
            waited_seconds_max: totals.waited_seconds_max,
            waited_seconds: totals.waited_seconds,
            fees: exact(totals.fees),
            fund_start: exact(totals.fund_start),
            fund_end: exact(totals.fund_end),
            deficit: exact(totals.deficit),
            borne_by: BearersJson {
                insurance: exact(totals.bearers.insurance),
                deleveraged: exact(totals.bearers.deleveraged),
                outstanding: exact(totals.bearers.outstanding),
            },
            waves: totals.waves,
            deleveraged: quantity(totals.deleveraged),
            deleveraged_value: exact(totals.deleveraged_value),
            winners_hurt: totals.winners_hurt,
            closes: totals.closes,
            closed_profit: exact(totals.closed_profit),
            overshoot: overshoot_exact(run),
            haircut_most: exact(totals.haircut_most),
            haircut_share_most: format_raw(totals.haircut_share_e6.into(), 6),
            haircut_sum_most: exact(totals.haircut_sum_most),
            ticks_refused: totals.ticks_refused,
        }
    }
}

/// Where a replay's files are.
#[derive(Serialize)]
pub struct Files {
    /// The report.
    pub report: String,
    /// The events.
    pub events: String,
    /// Events in them.
    pub event_lines: u64,
    /// What the market took.
    pub liquidations: String,
    /// Whom winners were closed against.
    pub deleveraging: String,
    /// The journal.
    pub journal: String,
}

#[derive(Serialize)]
struct SaleJson {
    sequence: u64,
    at_seconds: u64,
    account: String,
    side: &'static str,
    quantity: String,
    value: String,
    proceeds: String,
    discount_bps: i64,
    mark: String,
    reason: String,
}

impl SaleJson {
    fn of(sale: &Sale) -> Self {
        SaleJson {
            sequence: sale.sequence,
            at_seconds: sale.at_seconds,
            account: sale.account.clone(),
            side: if sale.long { "long" } else { "short" },
            quantity: quantity(sale.quantity),
            value: exact(sale.value),
            proceeds: exact(sale.proceeds),
            discount_bps: sale.discount_bps,
            mark: price(sale.mark),
            reason: sale.reason.clone(),
        }
    }
}

#[derive(Serialize)]
struct BalanceJson {
    unit: String,
    held: String,
    sum: String,
}

/// The answer of `replay --json`.
#[derive(Serialize)]
pub struct ReplayJson {
    schema: &'static str,
    scenario: String,
    title: String,
    question: String,
    rulebook: String,
    policy: String,
    deleveraging: String,
    schedule: String,
    fund_share: String,
    shock: String,
    changes: Vec<String>,
    seed: u64,
    book_hash: String,
    start: String,
    driver: String,
    contract: String,
    settle: String,
    totals: TotalsJson,
    largest: Option<SaleJson>,
    depth: Vec<String>,
    balances: Vec<BalanceJson>,
    books_balance: bool,
    commands: u64,
    state_hash: String,
    replay_hash: String,
    replay_hash_equal: bool,
    files: Files,
}

/// The answer of `replay --json`.
pub fn replay(
    run: &PerpetualRun,
    changes: &[String],
    replay_hash: &str,
    files: Files,
) -> ReplayJson {
    let balance = |row: &breakwater_simulate::BalanceRow| BalanceJson {
        unit: row.unit.clone(),
        held: row.positive.clone(),
        sum: row.sum.clone(),
    };
    ReplayJson {
        schema: REPLAY,
        scenario: run.scenario.clone(),
        title: run.title.clone(),
        question: run.question.clone(),
        rulebook: run.rulebook.clone(),
        policy: run.policy.clone(),
        deleveraging: run.deleveraging.clone(),
        schedule: run.schedule.clone(),
        fund_share: run.fund_share.clone(),
        shock: run.shock.clone(),
        changes: changes.to_vec(),
        seed: run.seed,
        book_hash: run.book_hash.clone(),
        start: run.start.clone(),
        driver: run.driver.clone(),
        contract: run.contract.clone(),
        settle: run.settle.clone(),
        totals: TotalsJson::of(run),
        largest: largest_of(run).map(SaleJson::of),
        depth: run.depth.clone(),
        balances: run.balances.iter().map(balance).collect(),
        books_balance: run.books_balance,
        commands: run.commands,
        state_hash: run.state_hash.clone(),
        replay_hash: replay_hash.to_owned(),
        replay_hash_equal: replay_hash == run.state_hash,
        files,
    }
}

#[derive(Serialize)]
struct RowJson {
    deleveraging: String,
    fund_share: String,
    totals: TotalsJson,
    books_balance: bool,
    state_hash: String,
}

impl RowJson {
    fn of(run: &PerpetualRun) -> Self {
        RowJson {
            deleveraging: run.deleveraging.clone(),
            fund_share: run.fund_share.clone(),
            totals: TotalsJson::of(run),
            books_balance: run.books_balance,
            state_hash: run.state_hash.clone(),
        }
    }
}

#[derive(Serialize)]
struct SaleRowJson {
    way: &'static str,
    totals: TotalsJson,
    books_balance: bool,
    state_hash: String,
}

fn sales(sides: &SideBySide) -> Vec<SaleRowJson> {
    let row = |(way, run): (&&'static str, &PerpetualRun)| SaleRowJson {
        way,
        totals: TotalsJson::of(run),
        books_balance: run.books_balance,
        state_hash: run.state_hash.clone(),
    };
    sides.sold.iter().zip(&sides.sales).map(row).collect()
}

/// What `compare --json` prints and `compare.json` holds.
#[derive(Serialize)]
pub struct CompareJson {
    schema: &'static str,
    scenario: String,
    title: String,
    shock: String,
    changes: Vec<String>,
    seed: u64,
    book_hash: String,
    rulebook: String,
    settle: String,
    ways: Vec<RowJson>,
    funds: Vec<RowJson>,
    sales: Vec<SaleRowJson>,
    combined_hash: String,
}

/// What `compare --json` prints and `compare.json` holds.
pub fn compare(
    sides: &SideBySide,
    first: &PerpetualRun,
    changes: &[String],
    combined_hash: &str,
) -> CompareJson {
    CompareJson {
        schema: COMPARE,
        scenario: first.scenario.clone(),
        title: first.title.clone(),
        shock: first.shock.clone(),
        changes: changes.to_vec(),
        seed: first.seed,
        book_hash: first.book_hash.clone(),
        rulebook: first.rulebook.clone(),
        settle: first.settle.clone(),
        ways: sides.ways.iter().map(RowJson::of).collect(),
        funds: sides.funds.iter().map(RowJson::of).collect(),
        sales: sales(sides),
        combined_hash: combined_hash.to_owned(),
    }
}
