//! The page of auctions: the same figures as the text, with charts.

use super::figures::{beside, cents, duration, exact, percent_of, published, share};
use super::{Told, page_charts, page_tables};
use crate::failure::Failure;
use crate::figures::{count, fall_bps, percent, rounded};
use breakwater_report::{
    Assumption, BarMeasure, Bars, Decimal, Drawn, Identity, KeyFigure, Provenance, Section,
    SectionChart, SectionsReport, Status, Term, WordTable,
};
use breakwater_simulate::auctions::runner::{AuctionRun, AuctionTotals};
use breakwater_simulate::auctions::settings::{Lognormal, Published};

/// The report of all runs.
pub fn report(told: &Told<'_>) -> Result<SectionsReport, Failure> {
    let settings = &told.scenario.settings;
    let mut sections = vec![section(
        "Formats side by side",
        SIDE_BY_SIDE,
        vec![chart("formats", "Same lots, same bidders", true, Drawn::Bars(bars(told)))],
        vec![page_tables::outcomes(told), page_tables::bidding(told)],
    )];
    if let Some(marks) = marks(told) {
        let text = "What others published of that day. Vaults and bidders here are drawn and \
                    calibrated to be near, so that the run cannot confirm these figures.";
        sections.push(section("Beside what was published", text, Vec::new(), vec![marks]));
    }
    for proved in told.runs {
        sections.push(page_charts::of_run(told, &proved.run));
    }
    if !told.cells.is_empty() {
        let tables = vec![page_tables::sensitivity(told)];
        sections.push(section("Other bidders, gas and capital", VARIED, Vec::new(), tables));
    }
    sections.push(section("Proof", PROOF, Vec::new(), vec![page_tables::proof(told)]));
    Ok(SectionsReport {
        kind: "Report of auctions".to_owned(),
        title: settings.title.clone(),
        question: settings.question.clone(),
        notice: notice(told.changes),
        identity: identity(told),
        key_figures: key_figures(told),
        happenings: Vec::new(),
        sections,
        assumptions: assumptions(told),
        books: None,
        glossary: glossary(),
        provenance: provenance(told),
    })
}

const SIDE_BY_SIDE: &str = "Each format auctions the lots of the same vaults on the same day, to the \
    same bidders, whose transactions wait in the same congestion.";

const VARIED: &str = "Numbers of bidders, times the day's gas prices, and times each bidder's \
    capital. The first bidders of many are the same as the bidders of few.";

const PROOF: &str = "Each run kept its commands in a journal; replaying it gives the state again, \
    byte for byte.";

fn section(title: &str, text: &str, charts: Vec<SectionChart>, tables: Vec<WordTable>) -> Section {
    Section { title: title.to_owned(), text: text.to_owned(), charts, tables }
}

/// A chart of a section.
pub fn chart(name: &str, title: &str, full: bool, drawn: Drawn) -> SectionChart {
    SectionChart { name: name.to_owned(), title: title.to_owned(), full, drawn }
}

fn notice(changes: &[String]) -> Option<String> {
    let settings = changes.join(", ");
    (!changes.is_empty())
        .then(|| format!("This run is not the scenario as it is written. Changed: {settings}."))
}

fn identity(told: &Told<'_>) -> Identity {
    let day = told.scenario.day();
    let low = day.prices.iter().map(|point| point.price).min().unwrap_or(0);
    let fall = percent(fall_bps(day.price_at(0), low));
    Identity {
        scenario: told.scenario.settings.name.clone(),
        shock: format!("{} -{fall} at the trough", told.scenario.settings.market.name),
        seed: Some(told.scenario.seed(told.options)),
        rulebook: told.scenario.settings.rule.clone(),
        policies: told.runs.iter().map(|proved| proved.run.title.clone()).collect(),
        state_hash: told.combined_hash(),
    }
}

/// The first format's figures, and what the others say to them.
fn key_figures(told: &Told<'_>) -> Vec<KeyFigure> {
    let Some(first) = told.runs.first() else { return Vec::new() };
    let totals = &first.run.totals;
    let unit = told.scenario.settings.market.debt.clone();
    let others = |of: &dyn Fn(&AuctionTotals) -> String| {
        let rest = told.runs.iter().skip(1);
        let told: Vec<String> =
            rest.map(|p| format!("{} {}", p.run.title, of(&p.run.totals))).collect();
        told.join("; ")
    };
    let figure = |label: String, value: String, unit: &str, note: String| KeyFigure {
        label,
        value,
        unit: unit.to_owned(),
        note,
    };
    let zero = |totals: &AuctionTotals| percent_of(Some(totals.zero_share_bps().into()));
    let title = &first.run.title;
    let million = |raw| format!("{} M", super::figures::millions(raw));
    vec![
        figure(
            format!("{title}: won at zero"),
            format!("{} %", rounded(totals.zero_share_bps().into(), 2, 1)),
            "",
            others(&zero),
        ),
        figure(
            format!("{title}: taken by zero bids"),
            cents(totals.zero_loss),
            &unit,
            others(&|t: &AuctionTotals| million(t.zero_loss)),
        ),
        figure(
            format!("{title}: shortfall of lots"),
            cents(totals.lot_shortfall),
            &unit,
            others(&|t: &AuctionTotals| million(t.lot_shortfall)),
        ),
        figure(
            format!("{title}: owners lost"),
            cents(totals.loss_to_fair),
            &unit,
            others(&|t: &AuctionTotals| million(t.loss_to_fair)),
        ),
        figure(
            format!("{title}: time to clear"),
            duration(totals.clear_seconds_median),
            "",
            others(&|t: &AuctionTotals| duration(t.clear_seconds_median)),
        ),
        figure(
            format!("{title}: efficiency"),
            share(totals.efficiency_ppm),
            "",
            others(&|t: &AuctionTotals| share(t.efficiency_ppm)),
        ),
    ]
}

/// An exact amount for a chart. What is printed here is always a decimal.
fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap_or_else(|_| Decimal::from(0u64))
}

fn bars(told: &Told<'_>) -> Bars {
    let unit = &told.scenario.settings.market.debt;
    let measure = |name: &str, unit: &str, of: &dyn Fn(&AuctionTotals) -> Option<String>| {
        let value = |totals| of(totals).map(|text| decimal(&text));
        BarMeasure {
            name: name.to_owned(),
            unit: unit.to_owned(),
            values: told.runs.iter().map(|proved| value(&proved.run.totals)).collect(),
        }
    };
    let percent = |bps: u128| breakwater_money::decimal::format_raw(bps, 2);
    Bars {
        caption: "Loss of owners is value at the market's price less what was paid; shortfall is \
                  what sold lots lacked of their share of the debt."
            .to_owned(),
        rows: told.runs.iter().map(|proved| proved.run.title.clone()).collect(),
        measures: vec![
            measure("won at zero", "% of lots", &|t| Some(percent(t.zero_share_bps().into()))),
            measure("taken by zero bids", unit, &|t| Some(exact(t.zero_loss))),
            measure("owners lost", unit, &|t| Some(exact(t.loss_to_fair))),
            measure("shortfall of lots", unit, &|t| Some(exact(t.lot_shortfall))),
            measure("deficit booked", unit, &|t| Some(exact(t.deficit))),
            measure("paid of value", "%", &|t| t.revenue_bps().map(percent)),
        ],
    }
}

fn marks(told: &Told<'_>) -> Option<WordTable> {
    let marks = told.marks();
    if marks.is_empty() {
        return None;
    }
    let row = |(mark, run): &(&Published, &AuctionRun)| {
        let ours = beside(&run.totals, mark.figure);
        vec![mark.name.clone(), run.title.clone(), published(mark), ours, mark.source.clone()]
    };
    Some(WordTable {
        caption: "As published, and as run".to_owned(),
        columns: page_tables::columns(&[
            ("name", "Figure", false),
            ("format", "Format", false),
            ("published", "As published", true),
            ("ours", "This run, calibrated", true),
            ("source", "Who published it", false),
        ]),
        rows: marks.iter().map(row).collect(),
    })
}

fn assumptions(told: &Told<'_>) -> Vec<Assumption> {
    let settings = &told.scenario.settings;
    let row = |name: &str, value: String, status, source: &str| Assumption {
        name: name.to_owned(),
        value,
        status,
        source: source.to_owned(),
    };
    let (book, bidders, outside) = (&settings.book, &settings.bidders, &settings.outside);
    let drawn = "calibrated to the published figures; the real vaults are not shipped";
    let lognormal = |it: &Lognormal| {
        format!("median {}, sigma {}, at most {}", it.median, it.sigma, it.largest)
    };
    let mut rows = vec![
        row(
            "Price and gas",
            format!(
                "{} prices, {} gas rows",
                told.scenario.day().prices.len(),
                told.scenario.day().gas.len()
            ),
            Status::Sourced,
            "the day's bars; the order of the extremes within a bar is ours",
        ),
        row(
            "The venue's price",
            format!("the market's of {} minutes before", settings.market.feed_delay_minutes),
            Status::Sourced,
            "an hour, as that venue's feed had",
        ),
        row(
            "After the day",
            format!("the last price holds for {} h", settings.market.tail_hours),
            Status::Assumed,
            "the bars end at midnight",
        ),
        row(
            "Price of the money",
            "1".to_owned(),
            Status::Assumed,
            "that day it cost up to some cents more",
        ),
        row("Vaults", count(book.vaults.into()), Status::Assumed, drawn),
        row("Collateral of one", lognormal(&book.collateral), Status::Assumed, drawn),
        row(
            "Ratio at the start",
            format!("{} and above it: {}", book.ratio_least, lognormal(&book.ratio_beyond)),
            Status::Assumed,
            drawn,
        ),
        row("Owners", "neither top up nor repay".to_owned(), Status::Assumed, "unknown"),
        row(
            "Recourse",
            "what a lot lacks is sold of the vault's other collateral".to_owned(),
            Status::Assumed,
            "the engine knows one debt an account; that venue settled each lot by itself, which the shortfall of lots tells",
        ),
    ];
    let strategies: Vec<&str> = bidders.strategies.iter().map(|it| it.name()).collect();
    rows.extend([
        row("Strategies, in turn", strategies.join(", "), Status::Assumed, "ours"),
        row("Capital of a bidder", lognormal(&bidders.capital), Status::Assumed, "ours"),
        row(
            "What a bidder wants to earn",
            format!(
                "{} to {} bps below the outside bid, a lot's value {} bps around it, {} bps an hour of waiting",
                bidders.margin_bps[0], bidders.margin_bps[1], bidders.noise_bps, bidders.risk_bps_per_hour
            ),
            Status::Assumed,
            "ours",
        ),
        row(
            "Outside market",
            format!(
                "spread {} bps; {} of collateral move it by 1 %, half absorbed in {} minutes",
                outside.spread_bps, outside.depth, outside.recovery_half_life_minutes
            ),
            Status::Assumed,
            "ours",
        ),
        row(
            "Gas that a bidder pays, gwei",
            format!("{}; an opportunist {} times", lognormal(&bidders.chain.gas_gwei), bidders.chain.opportunist_gas),
            Status::Assumed,
            "calibrated to the published figures",
        ),
        row(
            "Inclusion",
            format!(
                "within {} s with the share of transactions that paid less; given up after {} s",
                bidders.chain.inclusion_seconds, bidders.chain.expires_seconds
            ),
            Status::Assumed,
            "a model of congestion, not of a protocol",
        ),
    ]);
    for proved in told.runs {
        let Ok(rules) = told.scenario.format(&proved.run.format) else { continue };
        let status = match rules.status.as_str() {
            "stated" => Status::Sourced,
            "unverified" => Status::Unverified,
            _ => Status::Assumed,
        };
        rows.push(row(&rules.title, page_tables::rules(rules), status, &rules.source));
    }
    rows
}

fn provenance(told: &Told<'_>) -> Vec<Provenance> {
    let row = |(name, source, licence, hash)| Provenance { name, source, licence, hash };
    told.scenario.provenance().into_iter().map(row).collect()
}

fn glossary() -> Vec<Term> {
    [
        ("Lot", "A part of a vault's collateral that is auctioned by itself."),
        ("Won at zero", "Sold for less than a hundredth of its value at the market's price."),
        ("Value", "What the collateral was worth at the market's price of that moment."),
        ("Shortfall of lots", "What sold lots fetched less than their share of what the vault owed when it was called."),
        (
            "Deficit booked",
            "Debt of vaults that have no collateral left: what the engine writes off. A vault's other \
             lots answer for what one lacks.",
        ),
        ("Efficiency", "Value to the winners, of the value to whoever valued each lot most."),
        (
            "Concentration",
            "Sum of squared shares of bidders in what was bought (Herfindahl): 100 % is one buyer.",
        ),
        (
            "Information share",
            "Share of the auctions in moving the common price of auction and market (Hasbrouck), with \
             its bounds.",
        ),
        ("State hash", "A fingerprint of every balance and setting at the end of a run."),
    ]
    .map(|(term, meaning)| Term { term: term.to_owned(), meaning: meaning.to_owned() })
    .to_vec()
}
