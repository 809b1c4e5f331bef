//! The page of an option book.

use super::{coins, of_size, places};
use breakwater_report::{
    Assumption, BarMeasure, Bars, Decimal, Drawn, Identity, Section, SectionChart, SectionsReport,
    Status, Term, WordColumn, WordTable,
};
use breakwater_simulate::option_book::{OptionBookScenario, WayRun};
use serde_json::Value;

/// The page.
pub fn report(scenario: &OptionBookScenario, runs: &[WayRun], answer: &Value) -> SectionsReport {
    let settings = &scenario.settings;
    SectionsReport {
        kind: "Comparison of ways to liquidate options".to_owned(),
        title: settings.title.clone(),
        question: settings.question.clone(),
        notice: None,
        identity: Identity {
            scenario: settings.name.clone(),
            shock: format!("the index of {}", settings.files.index),
            seed: None,
            rulebook: settings.rulebook.clone(),
            policies: runs.iter().map(|run| run.way.name().to_owned()).collect(),
            state_hash: blake3::hash(answer.to_string().as_bytes()).to_hex().to_string(),
        },
        key_figures: Vec::new(),
        happenings: Vec::new(),
        sections: vec![Section {
            title: "Three ways over the same minutes".to_owned(),
            text: "The same book, marks and depth. At market everything is closed in the minute of the \
                   breach, whatever it costs. The other two close as few options as reach the target, \
                   within the depth of each minute; one of them is brought to neutral delta first."
                .to_owned(),
            charts: vec![SectionChart {
                name: "ways".to_owned(),
                title: "What each way costs and risks".to_owned(),
                full: true,
                drawn: Drawn::Bars(bars(runs)),
            }],
            tables: vec![table(runs)],
        }],
        assumptions: assumptions(scenario),
        books: None,
        glossary: glossary(),
        provenance: Vec::new(),
    }
}

fn bars(runs: &[WayRun]) -> Bars {
    let measure = |name: &str, value: &dyn Fn(&WayRun) -> u128| BarMeasure {
        name: name.to_owned(),
        unit: "BTC".to_owned(),
        values: runs
            .iter()
            .map(|run| {
                let raw = i128::try_from(value(run)).unwrap_or(i128::MAX);
                Some(Decimal::from_scaled(raw, 8))
            })
            .collect(),
    };
    Bars {
        caption: "Within a measure all bars share one scale from zero.".to_owned(),
        rows: runs.iter().map(|run| run.way.name().to_owned()).collect(),
        measures: vec![
            measure("Cost of trades", &|run| run.cost.max(0).unsigned_abs()),
            measure("Worst loss at risk", &|run| run.worst_loss),
            measure("Equity at the end", &|run| run.equity_end.max(0).unsigned_abs()),
            measure("Deficit", &WayRun::deficit),
        ],
    }
}

fn table(runs: &[WayRun]) -> WordTable {
    let columns = [
        ("way", "Way", false),
        ("margin_relieved_btc", "Margin relieved", true),
        ("cost_btc", "Cost", true),
        ("delta_before_btc", "Delta before", true),
        ("delta_after_btc", "Delta after", true),
        ("worst_loss_at_risk_btc", "Worst loss at risk", true),
        ("equity_end_btc", "Equity at the end", true),
        ("deficit_btc", "Deficit", true),
    ];
    let column = |(key, name, numeric): (&str, &str, bool)| WordColumn {
        key: key.to_owned(),
        name: name.to_owned(),
        numeric,
    };
    let row = |run: &WayRun| {
        let delta = |raw: Option<i128>| raw.map_or("-".to_owned(), |raw| places(raw, 9));
        vec![
            run.way.name().to_owned(),
            coins(run.relieved),
            coins(run.cost),
            delta(run.breach.map(|at| at.risk.delta_e9)),
            delta(run.risk_after.map(|risk| risk.delta_e9)),
            of_size(run.worst_loss),
            coins(run.equity_end),
            of_size(run.deficit()),
        ]
    };
    WordTable {
        caption: "Side by side, BTC".to_owned(),
        columns: columns.map(column).to_vec(),
        rows: runs.iter().map(row).collect(),
    }
}

fn assumptions(scenario: &OptionBookScenario) -> Vec<Assumption> {
    let settings = &scenario.settings;
    let steps = |steps: &[breakwater_simulate::option_book::DepthStep]| {
        let step = |step: &breakwater_simulate::option_book::DepthStep| {
            format!("{} BTC within {} bps", step.quantity, step.bps)
        };
        steps.iter().map(step).collect::<Vec<String>>().join(", then ")
    };
    let book = settings.options.iter().map(|option| format!("{} x {}", option.size, option.symbol));
    [
        ("Book", book.collect::<Vec<String>>().join("; ")),
        ("Cash", format!("{} BTC", settings.account.cash)),
        ("Depth of the perpetual, each side", steps(&settings.depth.hedge)),
        ("Depth of each option, each side", steps(&settings.depth.options)),
        ("Depth comes back", format!("half in {} s", settings.depth.half_life_seconds)),
        (
            "Volatility",
            format!(
                "as stated at the start, and {} millionths more for each 1 % of a fall",
                settings.market.volatility_per_fall_ppm
            ),
        ),
        ("The venue's own hedge", "pays no clearance fee; funding is left out".to_owned()),
    ]
    .map(|(what, value)| Assumption {
        name: what.to_owned(),
        value,
        status: Status::Assumed,
        source: "ours".to_owned(),
    })
    .to_vec()
}

fn glossary() -> Vec<Term> {
    [
        ("Net delta", "Coins that the account's equity in coin moves as: Black's delta less the price in coin."),
        ("Loss at risk", "What the account loses in the worse of two moves of z sigma, options valued again."),
        ("Cost", "Equity that trades take at unchanged marks, fees of the liquidation included."),
    ]
    .map(|(term, meaning)| Term { term: term.to_owned(), meaning: meaning.to_owned() })
    .to_vec()
}
