//! The page of a day of listed contracts.

use super::listed::symbol;
use crate::failure::Failure;
use breakwater_agreement::support::message::utc;
use breakwater_money::{Time, decimal};
use breakwater_report::{
    Assumption, Books, Drawn, Happening, Holdings, HoldingsLine, Identity, LiquidationMark,
    PriceLine, PricePath, PricePoint, Provenance, Section, SectionChart, SectionsReport, Status,
    Term, TimelineLane, Timelines, WordColumn, WordTable,
};
use breakwater_simulate::listed::{ListedRun, ListedScenario, Point};

const HOUR: f64 = 3_600.0;

/// Kinds of marks on the timeline, in the order of the legend.
const KINDS: [(&str, &[&str]); 5] = [
    ("funded, session ended", &["funding", "session"]),
    ("rolled, transferred, exercised", &["roll", "transfer", "exercise"]),
    ("refused", &["refused"]),
    ("sold by the venue", &["sale"]),
    ("delivered", &["delivery"]),
];

/// The page.
pub fn report(
    scenario: &ListedScenario,
    run: &ListedRun,
    replayed: &str,
) -> Result<SectionsReport, Failure> {
    let settings = &scenario.settings;
    let mut sections = vec![day(scenario, run)];
    sections.extend(fixings(scenario, run));
    sections.push(accounts(run));
    Ok(SectionsReport {
        kind: "Listed contracts".to_owned(),
        title: settings.title.clone(),
        question: settings.question.clone(),
        notice: None,
        identity: Identity {
            scenario: settings.name.clone(),
            shock: format!("{} to {}", utc(run.from), utc(run.to)),
            seed: None,
            rulebook: run.rulebook.clone(),
            policies: vec!["the venue sells whole positions".to_owned()],
            state_hash: run.state_hash.clone(),
        },
        key_figures: Vec::new(),
        happenings: happenings(scenario, run),
        sections,
        assumptions: assumptions(scenario),
        books: Some(Books {
            trial_balance: crate::report_of::balances(&run.balances)?,
            replay_hash: Some(replayed.to_owned()),
        }),
        glossary: glossary(),
        provenance: provenance(scenario),
    })
}

fn hours(run: &ListedRun, at: Time) -> f64 {
    at.seconds_since(run.from) as f64 / HOUR
}

fn clock(at: Time) -> String {
    utc(at).get(11..16).unwrap_or_default().to_owned()
}

fn happenings(scenario: &ListedScenario, run: &ListedRun) -> Vec<Happening> {
    let worth = run.occurrences.iter().filter(|it| it.what != "funding");
    worth
        .map(|it| {
            let who = it.account.as_deref().map_or(String::new(), |who| format!("{who}: "));
            let of = symbol(scenario, it);
            let of = if of.is_empty() { String::new() } else { format!("{of}, ") };
            Happening {
                at: utc(it.at).replace('T', " "),
                what: format!("{of}{}: {who}{}", it.what, it.told),
                measure: it.amount.clone().unwrap_or_default(),
            }
        })
        .collect()
}

fn day(scenario: &ListedScenario, run: &ListedRun) -> Section {
    let sold = run.occurrences.iter().filter(|it| it.what == "sale");
    let marks = sold.filter_map(|it| {
        let point = run.points.iter().find(|point| point.at >= it.at)?;
        let size: f64 = it.amount.as_ref()?.split(' ').next()?.parse().ok()?;
        let dollars = if run.settle.0 == "USD" { 1.0 } else { point.cents as f64 / 100.0 };
        Some(LiquidationMark {
            at_hours: hours(run, it.at),
            mark: point.cents as f64 / 100.0,
            debt_repaid_usd: size * dollars,
            account: it.account.clone().unwrap_or_default(),
        })
    });
    let price = PricePath {
        pair: "Index".to_owned(),
        unit: "USD".to_owned(),
        points: run.points.iter().map(|point| at_index(run, point)).collect(),
        liquidations: marks.collect(),
        second: None,
    };
    let lanes = scenario.settings.contracts.iter().enumerate().map(|(place, contract)| {
        let end = scenario.ends[place].unwrap_or(run.to).min(run.to);
        let averaged: Vec<Time> = run
            .points
            .iter()
            .filter(|point| point.fixed.iter().any(|(of, _)| *of == place))
            .map(|point| point.at)
            .collect();
        let until = averaged.first().copied().unwrap_or(end);
        let mut spans = vec![(0.0, hours(run, until), 0)];
        if !averaged.is_empty() {
            spans.push((hours(run, until), hours(run, end), 1));
        }
        let own = run.occurrences.iter().filter(|it| it.contract == Some(place));
        let mark = |it: &breakwater_simulate::listed::Occurrence| {
            let kind = KINDS.iter().position(|(_, whats)| whats.contains(&it.what))?;
            let who = it.account.as_deref().map_or(String::new(), |who| format!("{who}: "));
            Some((
                hours(run, it.at),
                kind,
                format!("{} {}: {who}{}", clock(it.at), it.what, it.told),
            ))
        };
        TimelineLane { name: contract.symbol.clone(), spans, marks: own.filter_map(mark).collect() }
    });
    let whole = hours(run, run.to);
    let step = if whole > 12.0 { 3 } else { 1 };
    let first = run.from.seconds_since(Time(0)).div_ceil(3_600 * step) * step;
    let ticks = (0u64..)
        .map(|number| Time::from_seconds((first + number * step) * 3_600))
        // A label at the edge would be cut.
        .take_while(|at| *at < run.to)
        .map(|at| (hours(run, at), clock(at)));
    let timeline = Timelines {
        caption: "Hover over a dot for what happened; the table has everything but payments of \
                  funding, which are in happenings.csv."
            .to_owned(),
        axis: "time of the day, UTC".to_owned(),
        ticks: ticks.collect(),
        states: ["listed", "settlement price being averaged"].map(str::to_owned).to_vec(),
        kinds: KINDS.iter().map(|(name, _)| (*name).to_owned()).collect(),
        lanes: lanes.collect(),
    };
    let chart = |name: &str, title: &str, drawn| SectionChart {
        name: name.to_owned(),
        title: title.to_owned(),
        full: true,
        drawn,
    };
    Section {
        title: "The day".to_owned(),
        text: "What the clock did to each contract, and what was asked for.".to_owned(),
        charts: vec![
            chart("timeline", "What happened to each contract", Drawn::Timelines(timeline)),
            chart("index", "The index, and what the venue sold", Drawn::Price(price)),
        ],
        tables: Vec::new(),
    }
}

fn at_index(run: &ListedRun, point: &Point) -> PricePoint {
    let price = point.cents as f64 / 100.0;
    PricePoint { at_hours: hours(run, point.at), path: price, mark: price }
}

/// How each settlement price came about; contracts that end together share one.
fn fixings(scenario: &ListedScenario, run: &ListedRun) -> Option<Section> {
    let mut charts = Vec::new();
    let mut told = std::collections::BTreeSet::new();
    for (place, contract) in scenario.settings.contracts.iter().enumerate() {
        let fixed = |point: &&Point| point.fixed.iter().any(|(of, _)| *of == place);
        let (Some(first), Some(end)) = (run.points.iter().find(fixed), scenario.ends[place]) else {
            continue;
        };
        if !told.insert((first.at, end)) {
            continue;
        }
        let delivered =
            run.occurrences.iter().find(|it| it.contract == Some(place) && it.what == "delivery");
        let price: Option<f64> = delivered.and_then(|it| it.amount.as_ref()?.parse().ok());
        let near = |point: &&Point| {
            let apart = point.at.seconds_since(first.at).max(first.at.seconds_since(point.at));
            let after = point.at.seconds_since(end);
            (point.at >= first.at && after <= 600) || (point.at < first.at && apart <= 1_800)
        };
        let points = run.points.iter().filter(near).map(|point| {
            let own = at_index(run, point);
            let so_far = point.fixed.iter().find(|(of, _)| *of == place);
            let so_far = so_far.map(|(_, mean)| mean.raw as f64 / 100.0);
            let mark = if point.at >= end { price } else { so_far };
            PricePoint { mark: mark.unwrap_or(own.path), ..own }
        });
        charts.push(SectionChart {
            name: format!("fixing-{place}"),
            title: format!("The settlement price of {}", contract.symbol),
            full: true,
            drawn: Drawn::Price(PricePath {
                pair: "Index".to_owned(),
                unit: "USD".to_owned(),
                points: points.collect(),
                liquidations: Vec::new(),
                second: Some(PriceLine {
                    name: "mean of the samples so far".to_owned(),
                    told: "The purple line is the mean of the samples taken so far; where it ends it is \
                           the settlement price."
                        .to_owned(),
                }),
            }),
        });
    }
    (!charts.is_empty()).then(|| Section {
        title: "How the settlement price came about".to_owned(),
        text:
            "What is averaged moves less and less: each sample that is taken is fixed, and with it \
               that part of what a holder still has at stake."
                .to_owned(),
        charts,
        tables: Vec::new(),
    })
}

fn accounts(run: &ListedRun) -> Section {
    // The lines that fall furthest say most; six have room.
    let one = 10f64.powi(i32::from(run.settle.1));
    let mut order: Vec<usize> = (0..run.accounts.len()).collect();
    let moved = |place: &usize| {
        let own = run.points.iter().filter_map(|point| point.equity.get(*place).copied());
        let (least, most) = own.fold((i128::MAX, i128::MIN), |(a, b), x| (a.min(x), b.max(x)));
        std::cmp::Reverse(most.saturating_sub(least))
    };
    order.sort_by_key(moved);
    let lines = order.into_iter().take(6).map(|place| HoldingsLine {
        name: run.accounts[place].account.clone(),
        points: run
            .points
            .iter()
            .map(|point| {
                let equity = point.equity.get(place).copied().unwrap_or(0).max(0);
                (hours(run, point.at), equity as f64 / one)
            })
            .collect(),
    });
    let column = |(key, name, numeric): (&str, &str, bool)| WordColumn {
        key: key.to_owned(),
        name: name.to_owned(),
        numeric,
    };
    let columns = [
        ("account", "Account", false),
        ("brought", "Brought", true),
        ("equity_start", "Equity at the start", true),
        ("funding", "Funding", true),
        ("equity_end", "Equity at the end", true),
        ("holds", "Holds at the end", false),
    ];
    let rows = run.accounts.iter().map(|row| {
        let holds: Vec<String> =
            row.holds.iter().map(|(symbol, size)| format!("{size} {symbol}")).collect();
        vec![
            row.account.clone(),
            row.brought.clone(),
            row.equity_start.clone(),
            row.funding.clone(),
            row.equity_end.clone(),
            holds.join(", "),
        ]
    });
    let settle = &run.settle.0;
    Section {
        title: "The accounts".to_owned(),
        text: format!(
            "Equity by the rulebook, in {settle}. The insurance fund went from {} to {}.",
            decimal::format_raw_signed(run.fund.0, run.settle.1),
            decimal::format_raw_signed(run.fund.1, run.settle.1)
        ),
        charts: vec![SectionChart {
            name: "equity".to_owned(),
            title: "Equity of the accounts that moved most".to_owned(),
            full: true,
            drawn: Drawn::Holdings(Holdings {
                unit: settle.clone(),
                caption: Some(
                    "At the end of each minute; what is below zero is drawn at zero.".to_owned(),
                ),
                lines: lines.collect(),
            }),
        }],
        tables: vec![WordTable {
            caption: "Accounts".to_owned(),
            columns: columns.map(column).to_vec(),
            rows: rows.collect(),
        }],
    }
}

fn assumptions(scenario: &ListedScenario) -> Vec<Assumption> {
    let market = &scenario.settings.market;
    let ours = [
        ("Accounts, positions and what they ask for", "as the scenario's file states".to_owned()),
        (
            "Marks of futures and perpetuals",
            "the index with the stated premium, which melts with the time that is left".to_owned(),
        ),
        (
            "Marks of options",
            format!(
                "Black's formula at the stated volatility, and {} millionths more for each 1 % of a fall",
                market.volatility_per_fall_ppm
            ),
        ),
        (
            "Marks while the settlement price is averaged",
            "on what is fixed of the average, and the index for the rest".to_owned(),
        ),
        (
            "What the market takes of the venue's sales",
            format!("all of it, {} basis points from the mark", market.fill_bps),
        ),
    ];
    let own = ours.into_iter().map(|(name, value)| Assumption {
        name: name.to_owned(),
        value,
        status: Status::Assumed,
        source: "ours".to_owned(),
    });
    let table: Option<toml::Table> = toml::from_str(&scenario.parameters).ok();
    let sources = table.as_ref().and_then(|table| table.get("source")?.as_table());
    let stated = sources.into_iter().flatten().map(|(path, source)| {
        let source = source.as_str().unwrap_or_default().to_owned();
        let open = source.contains("unverified") || source.starts_with("ours");
        Assumption {
            name: path.clone(),
            value: "as the rulebook's file states".to_owned(),
            status: if open { Status::Assumed } else { Status::Sourced },
            source,
        }
    });
    own.chain(stated).collect()
}

fn glossary() -> Vec<Term> {
    [
        ("Funding", "What longs of a perpetual pay to shorts, or get from them: a rate of the value of their positions, from the average premium of the mark above the index."),
        ("Session", "At its end profit and loss of futures become cash, and positions go on as if entered at the mark."),
        ("Settlement price", "The mean of samples of the index before a contract expires; at it every position is delivered."),
        ("Roll", "The position in a contract that is about to end is closed and opened again in a later one, as one trade."),
        ("Exercise", "Whoever holds an option uses it; those who are short of it pay, in proportion to how much they are short."),
        ("Transfer", "A position goes to another account, at the mark or with its entry."),
    ]
    .map(|(term, meaning)| Term { term: term.to_owned(), meaning: meaning.to_owned() })
    .to_vec()
}

fn provenance(scenario: &ListedScenario) -> Vec<Provenance> {
    let told = scenario.provenance().into_iter();
    told.map(|(name, source, licence, hash)| Provenance { name, source, licence, hash }).collect()
}
