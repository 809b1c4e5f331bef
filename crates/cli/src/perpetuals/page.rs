//! The page and the tables of a run over perpetuals: the same figures in other units.

use super::figures::{exact, money, overshoot, price, priced, quantity, share, share_of};
use crate::events::{Firsts, Moment};
use crate::failure::Failure;
use crate::figures::{count, counted, fall_bps, percent, rounded_text};
use crate::story::instant_of;
use breakwater_money::Time;
use breakwater_money::decimal::format_raw;
use breakwater_report::{
    Assumption, Books, Decimal, Drawn, Execution, ExecutionPoint, Happening, Identity, KeyFigure,
    LiquidationMark, LossKind, LossStep, PricePath, PricePoint, Provenance, Section, SectionChart,
    SectionsReport, Status, Term, Waterfall, WordColumn, WordTable,
};
use breakwater_simulate::perpetuals::runner::{
    PerpetualOptions, PerpetualRun, SETTLE_DECIMALS, Sale, Wave,
};
use breakwater_simulate::perpetuals::{PRICE_DECIMALS, PerpetualScenario};

/// The report of a run.
pub fn report(
    scenario: &PerpetualScenario,
    options: &PerpetualOptions,
    run: &PerpetualRun,
    firsts: &Firsts,
    changes: &[String],
    replay_hash: &str,
) -> Result<SectionsReport, Failure> {
    let chart = |name: &str, title: &str, full, drawn| SectionChart {
        name: name.to_owned(),
        title: title.to_owned(),
        full,
        drawn,
    };
    let losses = vec![
        chart("waterfall", "Who bore the losses", false, Drawn::Waterfall(waterfall(run))),
        chart("execution", "Execution price against the mark", false, execution(run)),
    ];
    let section = |title: &str, text: &str, charts, tables| Section {
        title: title.to_owned(),
        text: text.to_owned(),
        charts,
        tables,
    };
    let price = chart("price", "Price and liquidations", true, Drawn::Price(price_path(run)));
    Ok(SectionsReport {
        kind: "Liquidation report".to_owned(),
        title: run.title.clone(),
        question: run.question.clone(),
        notice: notice(changes),
        identity: identity(run, &run.policy, &run.state_hash),
        key_figures: key_figures(run),
        happenings: happenings(run, firsts),
        sections: vec![
            section("The day", "", vec![price], Vec::new()),
            section("The losses", DEPTH_TEXT, losses, vec![sales_table(run), waves_table(run)]),
        ],
        assumptions: assumptions(scenario, options),
        books: Some(Books {
            trial_balance: crate::report_of::balances(&run.balances)?,
            replay_hash: Some(replay_hash.to_owned()),
        }),
        glossary: glossary(),
        provenance: provenance(scenario),
    })
}

const DEPTH_TEXT: &str = "Losses beyond margin are borne by the insurance fund as long as it has \
    anything, then by winners whose positions are closed against the bankrupt account's.";

/// What identifies a run, or several of them.
pub fn identity(run: &PerpetualRun, policy: &str, state_hash: &str) -> Identity {
    Identity {
        scenario: run.scenario.clone(),
        shock: run.shock.clone(),
        seed: Some(run.seed),
        rulebook: format!("{}, {policy}", run.rulebook),
        policies: Vec::new(),
        state_hash: state_hash.to_owned(),
    }
}

/// The band above a page whose scenario was changed.
pub fn notice(changes: &[String]) -> Option<String> {
    let settings = changes.join(", ");
    (!changes.is_empty())
        .then(|| format!("This run is not the scenario as it is written. Changed: {settings}."))
}

/// An exact amount for a chart or table. What is printed here is always a decimal.
pub fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap_or_else(|_| Decimal::from(0u64))
}

fn placed(raw: u128, decimals: u8) -> f64 {
    raw as f64 / 10f64.powi(i32::from(decimals))
}

fn hours(seconds: u64) -> f64 {
    seconds as f64 / 3_600.0
}

fn key_figures(run: &PerpetualRun) -> Vec<KeyFigure> {
    let totals = &run.totals;
    let unit = run.settle.as_str();
    let figure = |label: &str, value: String, unit: &str, note: String| KeyFigure {
        label: label.to_owned(),
        value,
        unit: unit.to_owned(),
        note,
    };
    let fall = percent(fall_bps(totals.mark_start, totals.mark_low));
    let closed = counted(totals.winners_hurt, "winner", "winners");
    vec![
        figure(
            "Accounts liquidated",
            totals.liquidated.to_string(),
            "",
            format!("of {}", count(totals.accounts)),
        ),
        figure(
            "Sold in the market",
            exact(totals.sold_value),
            unit,
            format!("{} from the mark on average", percent(totals.discount_bps.into())),
        ),
        figure("Losses beyond margin", exact(totals.deficit), unit, String::new()),
        figure(
            "Borne by the fund",
            exact(totals.bearers.insurance),
            unit,
            format!(
                "{} {unit} at the start, {}",
                money(totals.fund_start),
                share_of(&run.fund_share)
            ),
        ),
        figure("Borne by winners", exact(totals.bearers.deleveraged), unit, closed),
        figure(
            "Overshoot",
            overshoot(run),
            "",
            "profit closed for each unit that winners gave".to_owned(),
        ),
        figure(
            "Largest haircut",
            exact(totals.haircut_most),
            unit,
            format!("at most {} of a winner's profit", share(totals.haircut_share_e6)),
        ),
        figure("Lowest mark", price(totals.mark_low), "", format!("{}, {fall} down", run.driver)),
    ]
}

fn minute(run: &PerpetualRun, seconds: u64) -> String {
    instant_of(&run.start, seconds)
}

/// What happened, in order of time.
fn happenings(run: &PerpetualRun, firsts: &Firsts) -> Vec<Happening> {
    let value = |raw| format!("{} {}", money(raw), run.settle);
    let mut rows: Vec<(u64, Happening)> = Vec::new();
    let mut tell = |seconds: u64, what: String, measure: String| {
        rows.push((seconds, Happening { at: minute(run, seconds), what, measure }));
    };
    let book = counted(run.totals.accounts, "account", "accounts");
    let held = value(run.totals.open_interest_value);
    tell(0, "The book opens.".to_owned(), format!("{book}, {held} on each side"));
    let start: Option<Time> = crate::story::start_of(&run.start);
    for (first, what) in [(&firsts.warned, "warned"), (&firsts.called, "called")] {
        if let Some(Moment { at, account, ratio }) = first {
            let seconds = start.map_or(0, |start| at.seconds_since(start));
            let what = format!("The first account is {what}: {account}.");
            tell(seconds, what, format!("equity {} of maintenance", rounded_text(ratio, 4)));
        }
    }
    if let Some(first) = run.sales.first() {
        let what = format!("The first sale. {}", first.reason);
        tell(first.at_seconds, what, value(first.value));
    }
    if let Some(first) = run.waves.first() {
        let what = format!("The first winners are closed, against {}.", first.account);
        tell(first.at_seconds, what, value(first.given));
    }
    if let Some(low) = run.prices.iter().min_by_key(|point| point.mark) {
        tell(low.at_seconds, format!("The trough of {}.", run.driver), priced(low.mark));
    }
    if let Some(last) = run.waves.last().filter(|_| run.waves.len() > 1) {
        let what = format!("The last winners are closed, against {}.", last.account);
        tell(last.at_seconds, what, value(last.given));
    }
    if let Some(last) = run.sales.last().filter(|_| run.sales.len() > 1) {
        tell(last.at_seconds, "The last sale.".to_owned(), value(last.value));
    }
    if let Some(end) = run.prices.last() {
        let fund = format!("{} left in the fund", value(run.totals.fund_end));
        tell(end.at_seconds, "The day ends.".to_owned(), fund);
    }
    rows.sort_by_key(|(seconds, _)| *seconds);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn price_path(run: &PerpetualRun) -> PricePath {
    let value = |raw| placed(raw, PRICE_DECIMALS);
    let point = |point: &breakwater_simulate::PricePoint| PricePoint {
        at_hours: hours(point.at_seconds),
        path: value(point.path),
        mark: value(point.mark),
    };
    let mark = |sale: &Sale| LiquidationMark {
        at_hours: hours(sale.at_seconds),
        mark: value(sale.mark),
        debt_repaid_usd: placed(sale.value, SETTLE_DECIMALS),
        account: sale.account.clone(),
    };
    PricePath {
        pair: run.driver.clone(),
        unit: run.driver.rsplit_once('/').map_or("", |(_, unit)| unit).to_owned(),
        points: run.prices.iter().map(point).collect(),
        liquidations: run.sales.iter().map(mark).collect(),
        second: None,
    }
}

/// All losses beyond margin, and who bore them.
pub fn waterfall(run: &PerpetualRun) -> Waterfall {
    let totals = &run.totals;
    let step = |name: &str, raw: u128, sign: &str, kind| LossStep {
        name: name.to_owned(),
        amount_usd: decimal(&if raw == 0 {
            "0".to_owned()
        } else {
            format!("{sign}{}", exact(raw))
        }),
        kind,
    };
    Waterfall {
        steps: vec![
            step("Losses beyond margin", totals.deficit, "", LossKind::Total),
            step("Insurance fund", totals.bearers.insurance, "-", LossKind::Backstop),
            step("Deleveraged winners", totals.bearers.deleveraged, "-", LossKind::Borrower),
            step("Nobody: outstanding", totals.bearers.outstanding, "-", LossKind::BadDebtBooked),
        ],
    }
}

fn execution(run: &PerpetualRun) -> Drawn {
    let point = |sale: &Sale| ExecutionPoint {
        at_hours: hours(sale.at_seconds),
        discount_bps: sale.discount_bps as f64,
        debt_repaid_usd: placed(sale.value, SETTLE_DECIMALS),
        account: sale.account.clone(),
    };
    Drawn::Execution(Execution {
        run_hours: run.prices.last().map_or(0.0, |last| hours(last.at_seconds)),
        points: run.sales.iter().map(point).collect(),
        guides: Vec::new(),
    })
}

fn columns(named: &[(&str, &str, bool)]) -> Vec<WordColumn> {
    let column = |(key, name, numeric): &(&str, &str, bool)| WordColumn {
        key: (*key).to_owned(),
        name: (*name).to_owned(),
        numeric: *numeric,
    };
    named.iter().map(column).collect()
}

/// Health at 1e18; nothing where nothing is held any more.
fn health(ratio: u128) -> String {
    if ratio == u128::MAX { String::new() } else { format_raw(ratio, 18) }
}

/// What the market took: `liquidations.csv`.
pub fn sales_table(run: &PerpetualRun) -> WordTable {
    let row = |sale: &Sale| {
        vec![
            sale.sequence.to_string(),
            sale.at_seconds.to_string(),
            minute(run, sale.at_seconds),
            sale.account.clone(),
            if sale.long { "long" } else { "short" }.to_owned(),
            quantity(sale.quantity),
            price(sale.mark),
            exact(sale.value),
            exact(sale.proceeds),
            sale.discount_bps.to_string(),
            quantity(sale.left),
            health(sale.health_before),
            health(sale.health_after),
            exact(sale.deficit),
            sale.reason.clone(),
        ]
    };
    WordTable {
        caption: "What the market took".to_owned(),
        columns: columns(&[
            ("sequence", "Sequence", true),
            ("at_seconds", "Simulated seconds", true),
            ("at", "When", false),
            ("account", "Account", false),
            ("side", "Side", false),
            ("quantity", "Closed", true),
            ("mark", "Mark", true),
            ("value", "Value at the mark", true),
            ("proceeds", "Fetched or paid", true),
            ("discount_bps", "From the mark, bps", true),
            ("left", "Left", true),
            ("health_before", "Equity over maintenance before", true),
            ("health_after", "After", true),
            ("deficit", "Deficit booked", true),
            ("reason", "Reason", false),
        ]),
        rows: run.sales.iter().map(row).collect(),
    }
}

/// Whom winners were closed against: `deleveraging.csv`.
pub fn waves_table(run: &PerpetualRun) -> WordTable {
    let row = |wave: &Wave| {
        vec![
            wave.sequence.to_string(),
            wave.at_seconds.to_string(),
            minute(run, wave.at_seconds),
            wave.account.clone(),
            quantity(wave.quantity),
            price(wave.mark),
            price(wave.price),
            wave.winners.to_string(),
            exact(wave.given),
            exact(wave.closed_profit),
            exact(wave.haircut_most),
            format_raw(wave.haircut_share_e6.into(), 6),
            wave.hit_hardest.clone(),
        ]
    };
    WordTable {
        caption: "Whom winners were closed against".to_owned(),
        columns: columns(&[
            ("sequence", "Sequence", true),
            ("at_seconds", "Simulated seconds", true),
            ("at", "When", false),
            ("account", "Bankrupt account", false),
            ("quantity", "Closed", true),
            ("mark", "Mark", true),
            ("price", "Price", true),
            ("winners", "Winners", true),
            ("given", "They gave", true),
            ("closed_profit", "Profit closed", true),
            ("haircut_most", "Largest haircut", true),
            ("haircut_share_most", "Largest share of profit", true),
            ("hit_hardest", "Whose", false),
        ]),
        rows: run.waves.iter().map(row).collect(),
    }
}

/// What was assumed, as a page prints it.
pub fn assumptions(scenario: &PerpetualScenario, options: &PerpetualOptions) -> Vec<Assumption> {
    let row = |(name, value, status, source): (String, String, String, String)| Assumption {
        name,
        value,
        status: match status.as_str() {
            "measured" | "stated" => Status::Sourced,
            "derived" => Status::Derived,
            _ => Status::Assumed,
        },
        source,
    };
    scenario.assumptions(options).into_iter().map(row).collect()
}

/// Where the tables come from.
pub fn provenance(scenario: &PerpetualScenario) -> Vec<Provenance> {
    let row = |(name, source, licence, hash)| Provenance { name, source, licence, hash };
    scenario.provenance().into_iter().map(row).collect()
}

/// The words of these pages.
pub fn glossary() -> Vec<Term> {
    [
        ("Mark", "The price the engine decides by; here the index."),
        ("Maintenance margin", "What an account's equity must not fall to, by the venue's brackets."),
        ("Called", "At or below its maintenance margin: the venue closes it."),
        ("Loss beyond margin", "What an account lacks once its own equity is gone."),
        ("Insurance fund", "The venue's money that pays such losses; clearance fees go into it."),
        (
            "Deleveraging",
            "Closing positions of winners against a bankrupt account's, at the price that leaves the \
             account with nothing once the fund has paid.",
        ),
        ("Haircut", "What a winner gives by it: the closed quantity times the gap to the mark."),
        ("Overshoot", "Profit of winners that was closed, over what they gave (arXiv 2512.01112)."),
        ("Wallet", "Cash beside an isolated position, which does not answer for it."),
        ("State hash", "A fingerprint of every balance and setting at the end of a run."),
    ]
    .map(|(term, meaning)| Term { term: term.to_owned(), meaning: meaning.to_owned() })
    .to_vec()
}
