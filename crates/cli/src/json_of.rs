//! What `replay --json` and `compare --json` print: money as decimal strings, names that stay.

use breakwater_money::decimal::{format_raw, format_raw_signed};
use breakwater_simulate::fitting::MappedKind;
use breakwater_simulate::{Liquidation, Run, RunOptions, Totals, Variant};
use serde::Serialize;

use crate::events::state;
use crate::story::largest_of;

/// Totals of a run; values in the unit of the driver's price.
#[derive(Serialize)]
pub struct TotalsJson {
    accounts: u64,
    collateral_start: String,
    debt_start: String,
    driver_start: String,
    driver_path_low: String,
    driver_low: String,
    driver_end: String,
    warned: u64,
    called: u64,
    liquidated: u64,
    closed: u64,
    bankrupt: u64,
    under_water: u64,
    liquidations: u64,
    left_alone: u64,
    pool_trades: u64,
    pool_traded: String,
    cleanings: u64,
    cleaning_cost: String,
    debt_repaid: String,
    collateral_seized: String,
    incentive_paid: String,
    price_impact: String,
    gas: String,
    keeper_gain: String,
    borrower_loss: String,
    bad_debt_booked: String,
    bad_debt_open: String,
    borne_by: BearersJson,
    cascade_rounds_most: u32,
    price_points_with_cascade: u64,
    ticks_refused: u64,
}

#[derive(Serialize)]
struct BearersJson {
    insurance: String,
    vault: String,
    deleveraged: String,
    socialised: String,
    outstanding: String,
}

impl TotalsJson {
    fn of(totals: &Totals, decimals: u8) -> Self {
        let value = |raw| format_raw(raw, decimals);
        TotalsJson {
            accounts: totals.accounts,
            collateral_start: value(totals.collateral_start),
            debt_start: value(totals.debt_start),
            driver_start: value(totals.driver_start),
            driver_path_low: value(totals.driver_path_low),
            driver_low: value(totals.driver_low),
            driver_end: value(totals.driver_end),
            warned: totals.warned,
            called: totals.called,
            liquidated: totals.liquidated,
            closed: totals.closed,
            bankrupt: totals.bankrupt,
            under_water: totals.under_water,
            liquidations: totals.liquidations,
            left_alone: totals.unprofitable,
            pool_trades: totals.pool_trades,
            pool_traded: value(totals.pool_traded),
            cleanings: totals.cleanings,
            cleaning_cost: value(totals.cleaning_cost),
            debt_repaid: value(totals.debt_repaid),
            collateral_seized: value(totals.collateral_sold),
            incentive_paid: value(totals.incentive),
            price_impact: value(totals.price_impact),
            gas: value(totals.gas),
            keeper_gain: format_raw_signed(totals.keeper_gain, decimals),
            borrower_loss: value(totals.borrower_loss),
            bad_debt_booked: value(totals.bad_debt_booked),
            bad_debt_open: value(totals.bad_debt_open),
            borne_by: BearersJson {
                insurance: value(totals.bearers.insurance),
                vault: value(totals.bearers.vault),
                deleveraged: value(totals.bearers.deleveraged),
                socialised: value(totals.bearers.socialised),
                outstanding: value(totals.bearers.outstanding),
            },
            cascade_rounds_most: totals.rounds_most,
            price_points_with_cascade: totals.points_with_cascade,
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
    /// The liquidations.
    pub liquidations: String,
    /// The journal.
    pub journal: String,
}

#[derive(Serialize)]
struct LargestJson {
    sequence: u64,
    at_seconds: u64,
    round: u32,
    account: String,
    debt_asset: String,
    debt_repaid: String,
    debt_repaid_value: String,
    collateral_asset: String,
    collateral_seized: String,
    collateral_value: String,
    keeper_gain: String,
    discount_bps: i64,
    reason: String,
}

impl LargestJson {
    fn of(row: &Liquidation, decimals: u8) -> Self {
        LargestJson {
            sequence: row.sequence,
            at_seconds: row.at_seconds,
            round: row.round,
            account: row.account.clone(),
            debt_asset: row.debt_asset.clone(),
            debt_repaid: row.debt_repaid.clone(),
            debt_repaid_value: format_raw(row.debt_repaid_value, decimals),
            collateral_asset: row.collateral_asset.clone(),
            collateral_seized: row.collateral_sold.clone(),
            collateral_value: format_raw(row.collateral_value, decimals),
            keeper_gain: format_raw_signed(row.keeper_gain, decimals),
            discount_bps: row.discount_bps,
            reason: row.reason.clone(),
        }
    }
}

#[derive(Serialize)]
struct RoundJson {
    liquidations: u64,
    debt_repaid: String,
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
    shock: String,
    changes: Vec<String>,
    seed: Option<u64>,
    start: String,
    driver: String,
    totals: TotalsJson,
    largest: Vec<LargestJson>,
    rounds: Vec<RoundJson>,
    margin_calls: serde_json::Map<String, serde_json::Value>,
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
    run: &Run,
    options: &RunOptions,
    changes: &[String],
    replay_hash: &str,
    files: Files,
) -> ReplayJson {
    let decimals = run.value_decimals;
    ReplayJson {
        schema: "breakwater.replay/1",
        scenario: run.scenario.clone(),
        title: run.title.clone(),
        question: run.question.clone(),
        rulebook: run.rulebook.clone(),
        policy: run.policy.clone(),
        shock: run.shock.clone(),
        changes: changes.to_vec(),
        seed: options.seed,
        start: run.start.clone(),
        driver: run.driver.clone(),
        totals: TotalsJson::of(&run.totals, decimals),
        largest: largest_of(run).into_iter().map(|row| LargestJson::of(row, decimals)).collect(),
        rounds: run
            .rounds
            .iter()
            .map(|round| RoundJson {
                liquidations: round.liquidations,
                debt_repaid: format_raw(round.debt_repaid, decimals),
            })
            .collect(),
        margin_calls: run
            .states
            .iter()
            .map(|(at, accounts)| (state(*at).to_owned(), (*accounts).into()))
            .collect(),
        balances: run
            .balances
            .iter()
            .map(|row| BalanceJson {
                unit: row.unit.clone(),
                held: row.positive.clone(),
                sum: row.sum.clone(),
            })
            .collect(),
        books_balance: run.books_balance,
        commands: run.commands,
        state_hash: run.state_hash.clone(),
        replay_hash: replay_hash.to_owned(),
        replay_hash_equal: replay_hash == run.state_hash,
        files,
    }
}

#[derive(Serialize)]
struct MappedJson {
    kind: MappedKind,
    what: String,
    collateral_value: String,
    debt_value: String,
}

#[derive(Serialize)]
struct MechanismJson {
    name: String,
    variant: String,
    thresholds: String,
    debt_whole: String,
    mapped: Vec<MappedJson>,
    totals: TotalsJson,
    books_balance: bool,
    state_hash: String,
}

/// What `compare --json` prints and `compare.json` holds.
#[derive(Serialize)]
pub struct CompareJson {
    schema: &'static str,
    scenario: String,
    title: String,
    shock: String,
    changes: Vec<String>,
    seed: Option<u64>,
    driver: String,
    mechanisms: Vec<MechanismJson>,
    combined_hash: String,
}

/// What `compare --json` prints and `compare.json` holds.
pub fn compare(
    variants: &[Variant],
    first: &Run,
    options: &RunOptions,
    changes: &[String],
    combined_hash: &str,
) -> CompareJson {
    CompareJson {
        schema: crate::compare::SCHEMA,
        scenario: first.scenario.clone(),
        title: first.title.clone(),
        shock: first.shock.clone(),
        changes: changes.to_vec(),
        seed: options.seed,
        driver: first.driver.clone(),
        mechanisms: variants
            .iter()
            .map(|variant| MechanismJson {
                name: variant.name.clone(),
                variant: variant.variant.clone(),
                thresholds: variant.thresholds.clone(),
                debt_whole: format_raw(variant.run.totals.debt_whole, variant.run.value_decimals),
                mapped: variant
                    .run
                    .mapped
                    .iter()
                    .map(|mapped| MappedJson {
                        kind: mapped.kind,
                        what: mapped.what.clone(),
                        collateral_value: format_raw(
                            mapped.collateral_value,
                            variant.run.value_decimals,
                        ),
                        debt_value: format_raw(mapped.debt_value, variant.run.value_decimals),
                    })
                    .collect(),
                totals: TotalsJson::of(&variant.run.totals, variant.run.value_decimals),
                books_balance: variant.run.books_balance,
                state_hash: variant.run.state_hash.clone(),
            })
            .collect(),
        combined_hash: combined_hash.to_owned(),
    }
}
