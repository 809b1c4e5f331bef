//! The page of a book of margin agreements.

use super::book::exact;
use breakwater_agreement::support::message::local;
use breakwater_money::Time;
use breakwater_report::{
    Assumption, BarMeasure, Bars, Decimal, Drawn, Happening, Holdings, HoldingsLine, Identity,
    Provenance, Section, SectionChart, SectionsReport, Status, Term, TimelineLane, Timelines,
    WordColumn, WordTable,
};
use breakwater_simulate::agreements::{MarginCallScenario, Record, Stand, What};
use serde_json::Value;

const DAY: f64 = 86_400.0;

/// Kinds of marks on the timeline, in the order of the legend.
const KINDS: [(&str, &[What]); 5] = [
    ("delivered", &[What::Delivery]),
    ("back or replaced", &[What::Return, What::Substitution]),
    ("disputed", &[What::Dispute]),
    ("failed or in default", &[What::Failure, What::Default]),
    ("closed out, sold or guaranteed", &[What::CloseOut, What::Sale, What::Guarantee]),
];

/// The page.
pub fn report(scenario: &MarginCallScenario, record: &Record, answer: &Value) -> SectionsReport {
    let settings = &scenario.settings;
    SectionsReport {
        kind: "A book of margin agreements".to_owned(),
        title: settings.title.clone(),
        question: settings.question.clone(),
        notice: None,
        identity: Identity {
            scenario: settings.name.clone(),
            shock: format!("{} to {}", settings.path.from, settings.path.to),
            seed: None,
            rulebook: "credit support annexes of 1994, 2016 and 2018".to_owned(),
            policies: vec!["planner".to_owned(), "auction".to_owned()],
            state_hash: blake3::hash(answer.to_string().as_bytes()).to_hex().to_string(),
        },
        key_figures: Vec::new(),
        happenings: happenings(scenario, record),
        sections: vec![timeline(scenario, record), exposures(scenario, record), ends(record)],
        assumptions: assumptions(scenario),
        books: None,
        glossary: glossary(),
        provenance: provenance(scenario),
    }
}

fn happenings(scenario: &MarginCallScenario, record: &Record) -> Vec<Happening> {
    let quiet = [What::Delivery, What::Return, What::Payment, What::Call, What::Recall];
    let worth = record.happenings.iter().filter(|it| !quiet.contains(&it.what));
    worth
        .map(|it| {
            let measure = it.cents.map_or_else(String::new, |cents| {
                format!("{} USD", exact(i128::try_from(cents).unwrap_or(i128::MAX)))
            });
            Happening {
                at: local(&scenario.zone, it.at).replace('T', " "),
                what: format!("{}: {} {}", record.lanes[it.agreement].id, it.party, it.told),
                measure,
            }
        })
        .collect()
}

/// Days since the start.
fn days(record: &Record, at: Time) -> f64 {
    at.seconds_since(record.from) as f64 / DAY
}

fn timeline(scenario: &MarginCallScenario, record: &Record) -> Section {
    let lanes = record.lanes.iter().enumerate().map(|(place, lane)| {
        let state = |stand: Stand| match stand {
            Stand::Quiet => 0,
            Stand::Called => 1,
            Stand::Late => 2,
            Stand::Closing => 3,
        };
        let spans = lane.spans.iter();
        let own = record.happenings.iter().filter(|it| it.agreement == place);
        let mark = |it: &breakwater_simulate::agreements::Happening| {
            let kind = KINDS.iter().position(|(_, whats)| whats.contains(&it.what))?;
            let at = local(&scenario.zone, it.at).replace('T', " ");
            Some((days(record, it.at), kind, format!("{at}: {} {}", it.party, it.told)))
        };
        TimelineLane {
            name: lane.id.clone(),
            spans: spans
                .map(|span| (days(record, span.from), days(record, span.until), state(span.stand)))
                .collect(),
            marks: own.filter_map(mark).collect(),
        }
    });
    let ticks = record.prices.iter().map(|(at, ..)| {
        let day = local(&scenario.zone, *at);
        (days(record, *at), day.get(5..10).unwrap_or("").to_owned())
    });
    Section {
        title: "From call to close-out".to_owned(),
        text: "Each lane is an agreement. A call is open from its issue until what is due of it has \
               arrived; what does not arrive in time is late until the grace period ends, and then in \
               default."
            .to_owned(),
        charts: vec![SectionChart {
            name: "timeline".to_owned(),
            title: "What became of each agreement".to_owned(),
            full: true,
            drawn: Drawn::Timelines(Timelines {
                caption: "Hover over a dot for what happened; the table below has everything.".to_owned(),
                axis: "valuations, month and day".to_owned(),
                ticks: ticks.collect(),
                states: ["nothing open", "call open", "late", "closing out"].map(str::to_owned).to_vec(),
                kinds: KINDS.iter().map(|(name, _)| (*name).to_owned()).collect(),
                lanes: lanes.collect(),
            }),
        }],
        tables: Vec::new(),
    }
}

fn exposures(scenario: &MarginCallScenario, record: &Record) -> Section {
    let charts = record.lanes.iter().enumerate().map(|(place, lane)| {
        let own: Vec<_> = record.days.iter().filter(|day| day.agreement == place).collect();
        let hours = |at: Time| at.seconds_since(record.from) as f64 / 3_600.0;
        let line =
            |name: &str, of: &dyn Fn(&breakwater_simulate::agreements::Day) -> f64| HoldingsLine {
                name: name.to_owned(),
                points: own.iter().map(|day| (hours(day.at), of(day).max(0.0) / 1e8)).collect(),
            };
        let [a, b] = &scenario.agreements[place].parties;
        let initial = scenario.settings.agreements[place].margin.is_some();
        let owed = if initial { "margin amount" } else { "owed to" };
        let mut lines = vec![
            line(&format!("{owed} {}", a.name), &|day| day.exposure as f64),
            line(&format!("posted by {}", b.name), &|day| day.posted_b as f64),
        ];
        if own.iter().any(|day| day.exposure < 0 || day.posted_a > 0) {
            lines.push(line(&format!("owed to {}", b.name), &|day| -(day.exposure as f64)));
            lines.push(line(&format!("posted by {}", a.name), &|day| day.posted_a as f64));
        }
        let caption = Some("At the valuation of each day, before its calls are met.".to_owned());
        SectionChart {
            name: format!("exposure-{}", lane.id),
            title: lane.title.clone(),
            full: false,
            drawn: Drawn::Holdings(Holdings { unit: "million USD".to_owned(), caption, lines }),
        }
    });
    Section {
        title: "Exposure and collateral".to_owned(),
        text: "What is owed if everything closed, and what the posted collateral counts for, before the \
               calls of the day are met."
            .to_owned(),
        charts: charts.collect(),
        tables: Vec::new(),
    }
}

fn ends(record: &Record) -> Section {
    let closed: Vec<_> = record
        .lanes
        .iter()
        .filter_map(|lane| lane.settlement.as_ref().map(|it| (lane, it)))
        .collect();
    let measure =
        |name: &str, of: &dyn Fn(&breakwater_agreement::support::machine::Settlement) -> u128| {
            let value =
                |cents: u128| Decimal::from_scaled(i128::try_from(cents).unwrap_or(i128::MAX), 2);
            BarMeasure {
                name: name.to_owned(),
                unit: "USD".to_owned(),
                values: closed.iter().map(|(_, it)| Some(value(of(it)))).collect(),
            }
        };
    let bars = Bars {
        caption: "Within a measure all bars share one scale from zero.".to_owned(),
        rows: closed.iter().map(|(lane, _)| lane.id.clone()).collect(),
        measures: vec![
            measure("Claim after netting", &|it| it.claim),
            measure("Covered by posted cash", &|it| it.cash),
            measure("Covered by sales", &|it| it.proceeds),
            measure("Covered by keeping collateral", &|it| it.appropriated),
            measure("Covered by the guarantee", &|it| it.guaranteed),
            measure("Left open", &|it| it.outstanding),
        ],
    };
    let columns = [
        ("at", "At", false),
        ("agreement", "Agreement", false),
        ("way", "Way", false),
        ("asset", "Asset", false),
        ("quantity", "Quantity", true),
        ("proceeds_usd", "Proceeds", true),
        ("mark_usd", "Mark", true),
    ];
    let column = |(key, name, numeric): (&str, &str, bool)| WordColumn {
        key: key.to_owned(),
        name: name.to_owned(),
        numeric,
    };
    let rows = record.sales.iter().map(|sale| {
        let cents = |cents: u128| exact(i128::try_from(cents).unwrap_or(i128::MAX));
        vec![
            breakwater_agreement::support::message::utc(sale.at),
            record.lanes[sale.agreement].id.clone(),
            sale.way.to_owned(),
            sale.asset.to_owned(),
            breakwater_money::decimal::format_raw(sale.quantity.0, sale.quantity.1),
            cents(sale.cents),
            cents(sale.mark),
        ]
    });
    Section {
        title: "What covered the claims".to_owned(),
        text:
            "A claim is met from posted cash, then from sales of posted collateral, then from what \
               is kept of it, then by the guarantor."
                .to_owned(),
        charts: vec![SectionChart {
            name: "claims".to_owned(),
            title: "Claims and what covered them".to_owned(),
            full: true,
            drawn: Drawn::Bars(bars),
        }],
        tables: vec![WordTable {
            caption: "Sales of posted collateral".to_owned(),
            columns: columns.map(column).to_vec(),
            rows: rows.collect(),
        }],
    }
}

fn assumptions(scenario: &MarginCallScenario) -> Vec<Assumption> {
    let settings = &scenario.settings;
    let market = &settings.market;
    [
        (
            "Parties, contracts, agreements, holdings",
            "synthetic, as the scenario's files state".to_owned(),
        ),
        ("Price of the bond", format!("{} all along", market.bond_price)),
        (
            "Volatility of the options",
            format!(
                "{} millionths, and {} more for each 1 % of a fall",
                market.volatility_ppm, market.volatility_per_fall_ppm
            ),
        ),
        (
            "Ether outside 12 March",
            "stands still at the day's open before it and at its close after it".to_owned(),
        ),
        (
            "The share within a day",
            "a straight line from open to close, on its last close outside trading hours"
                .to_owned(),
        ),
        ("Swaps", "later payments at the policy rate of the day, discounted at it".to_owned()),
        (
            "Depth",
            "as stated; half of what was taken is back after the half-life; agreements that sell at \
             once each see all of it"
                .to_owned(),
        ),
    ]
    .map(|(name, value)| Assumption {
        name: name.to_owned(),
        value,
        status: Status::Assumed,
        source: "ours".to_owned(),
    })
    .to_vec()
}

fn glossary() -> Vec<Term> {
    [
        ("Credit support amount", "What should be posted: the exposure, with independent amounts and less the threshold where the form has them."),
        ("Haircut", "What is taken off the value of collateral before it counts; several add."),
        ("Minimum transfer amount", "Less than this is not moved; exactly this is."),
        ("Close-out netting", "Everything owed under an agreement becomes one sum that one party owes."),
        ("CEG", "The guarantee of the ACTUS standard: it pays what is covered after a credit event."),
    ]
    .map(|(term, meaning)| Term { term: term.to_owned(), meaning: meaning.to_owned() })
    .to_vec()
}

fn provenance(scenario: &MarginCallScenario) -> Vec<Provenance> {
    let told = scenario.provenance().into_iter();
    told.map(|(name, source, licence, hash)| Provenance { name, source, licence, hash }).collect()
}
