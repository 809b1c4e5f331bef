//! The page of defence sets: the table, bars, and the first path of each.

use super::{Told, tables};
use breakwater_report::{
    Assumption, BarMeasure, Bars, Decimal, Drawn, Holdings, HoldingsLine, Identity, KeyFigure,
    Provenance, Section, SectionChart, SectionsReport, Status, Term,
};
use breakwater_simulate::defending::{Measure, Point, RunSettings, Scored};

/// Lines of a chart: more cannot be told apart.
const LINES: usize = 6;

/// The page.
pub fn report(told: &Told<'_>) -> SectionsReport {
    let settings = &told.scenario.settings;
    let text = if told.replays() {
        "Flows as recorded, under each set. That people would have wanted the same under another rule is \
         an assumption."
    } else {
        "The same people, prices and decisions for every set, in a pool that the engine runs. Values are \
         means over all paths."
    };
    let sections = vec![
        Section {
            title: "Sets side by side".to_owned(),
            text: text.to_owned(),
            charts: vec![chart("scores", "Score of each set", true, Drawn::Bars(bars(told)))],
            tables: vec![tables::scores(told)],
        },
        Section {
            title: "The first path".to_owned(),
            text: format!(
                "Cash that is left to pay with, and what is wanted and not paid, for the first {LINES} \
                 sets. All of them are in track.csv."
            ),
            charts: vec![
                chart("cash", "Cash in the pool", false, line(told, |point| point.cash)),
                chart("waiting", "Wanted and not paid", false, line(told, |point| point.waiting)),
            ],
            tables: Vec::new(),
        },
        Section {
            title: "Path by path".to_owned(),
            text:
                "Each run's commands lead to one state of the engine, whose hash stands beside it."
                    .to_owned(),
            charts: Vec::new(),
            tables: vec![tables::runs(told)],
        },
    ];
    SectionsReport {
        kind: "Comparison of defences".to_owned(),
        title: settings.title.clone(),
        question: settings.question.clone(),
        notice: (!told.changes.is_empty()).then(|| {
            format!(
                "This run is not the scenario as it is written. Changed: {}.",
                told.changes.join(", ")
            )
        }),
        identity: identity(told),
        key_figures: key_figures(told),
        happenings: Vec::new(),
        sections,
        assumptions: assumptions(told),
        books: None,
        glossary: glossary(),
        provenance: told
            .scenario
            .provenance()
            .into_iter()
            .map(|(name, source, licence, hash)| Provenance { name, source, licence, hash })
            .collect(),
    }
}

fn chart(name: &str, title: &str, full: bool, drawn: Drawn) -> SectionChart {
    SectionChart { name: name.to_owned(), title: title.to_owned(), full, drawn }
}

fn decimal(value: f64, digits: usize) -> Decimal {
    Decimal::parse(&format!("{:.digits$}", value.max(0.0))).unwrap_or_else(|_| Decimal::from(0u64))
}

fn bars(told: &Told<'_>) -> Bars {
    let sets = &told.found.sets;
    let unit = told.found.unit.as_str();
    let measure = |name: &str, unit: &str, of: &dyn Fn(&Scored) -> Option<Decimal>| BarMeasure {
        name: name.to_owned(),
        unit: unit.to_owned(),
        values: sets.iter().map(of).collect(),
    };
    let hours = format!("{unit} x hours");
    let mean = |measure: Measure, digits: usize| {
        move |set: &Scored| Some(decimal(set.mean(measure), digits))
    };
    let share = |measure: Measure| move |set: &Scored| Some(decimal(100.0 * set.mean(measure), 2));
    let mut measures = vec![
        measure("Bad debt", unit, &mean(Measure::BadDebt, 2)),
        measure("Trapped", &hours, &mean(Measure::Trapped, 0)),
        measure("Bound in calm", "steps", &|set| Some(decimal(set.false_trips_mean(), 2))),
        measure("Trough price", &told.found.price_of, &mean(Measure::Trough, 4)),
        measure("Hurt", "% of people", &share(Measure::Hurt)),
        measure("Got out", "% of what wanted", &share(Measure::GotOut)),
    ];
    if !told.replays() {
        measures.insert(2, measure("Liquidation held back", &hours, &mean(Measure::HeldBack, 0)));
    }
    Bars {
        caption:
            "Within a measure all bars share one scale from zero. No set is best in all of them: \
                  what is held is missing to somebody."
                .to_owned(),
        rows: sets.iter().map(|set| set.name.clone()).collect(),
        measures,
    }
}

fn line(told: &Told<'_>, of: impl Fn(&Point) -> f64) -> Drawn {
    let lines = told.found.sets.iter().take(LINES).map(|set| HoldingsLine {
        name: set.name.clone(),
        points: set.track.iter().map(|point| (point.hours, of(point).max(0.0))).collect(),
    });
    let caption = Some("After each step of the first path.".to_owned());
    Drawn::Holdings(Holdings { unit: told.found.unit.clone(), caption, lines: lines.collect() })
}

fn identity(told: &Told<'_>) -> Identity {
    let settings = &told.scenario.settings;
    let (shock, rulebook) = match &settings.run {
        Some(run) => (
            format!("{} -{:.1} %, and a run", run.pool.collateral, 100.0 * run.shock.fall),
            run.pool.rule.clone(),
        ),
        None => ("flows as recorded".to_owned(), "no engine: flows through the rules".to_owned()),
    };
    Identity {
        scenario: settings.name.clone(),
        shock,
        seed: (!told.replays()).then_some(told.found.seed),
        rulebook,
        policies: told.found.sets.iter().map(|set| set.name.clone()).collect(),
        state_hash: told.found.hash.clone(),
    }
}

/// What the first set lost, and which set has the least of each evil.
fn key_figures(told: &Told<'_>) -> Vec<KeyFigure> {
    let sets = &told.found.sets;
    let unit = told.found.unit.as_str();
    let Some(first) = sets.first() else { return Vec::new() };
    let best = |measure: Measure, more: bool| {
        let better = |a: f64, b: f64| if more { a > b } else { a < b };
        sets.iter().skip(1).fold(None::<&Scored>, |best, set| match best {
            Some(best) if !better(set.mean(measure), best.mean(measure)) => Some(best),
            _ => Some(set),
        })
    };
    let figure = |label: &str, measure: Measure, more: bool, unit: &str, times: f64| {
        let note = best(measure, more).map_or(String::new(), |set| {
            format!("best of the others: {} {:.2}", set.name, times * set.mean(measure))
        });
        KeyFigure {
            label: format!("{}: {label}", first.name),
            value: format!("{:.2}", times * first.mean(measure)),
            unit: unit.to_owned(),
            note,
        }
    };
    vec![
        figure("bad debt", Measure::BadDebt, false, unit, 1.0),
        figure("trough price", Measure::Trough, true, &told.found.price_of, 1.0),
        figure("hurt", Measure::Hurt, false, "% of people", 100.0),
        figure("got out", Measure::GotOut, true, "% of what wanted", 100.0),
    ]
}

fn assumptions(told: &Told<'_>) -> Vec<Assumption> {
    let assumed = |name: &str, value: String, source: &str| Assumption {
        name: name.to_owned(),
        value,
        status: Status::Assumed,
        source: source.to_owned(),
    };
    let settings = &told.scenario.settings;
    if let Some(flows) = &settings.flows {
        return vec![
            assumed("Cash at the start", format!("{} {}", flows.cash, flows.unit), "the scenario"),
            assumed("Sold of what is paid", flows.sold_share.to_string(), "the scenario"),
            assumed(
                "Depth of the market",
                format!("{} {}", flows.depth, flows.unit),
                "the scenario",
            ),
            assumed("Flows under another rule", "the same".to_owned(), "no model of it"),
        ];
    }
    settings.run.as_ref().map_or_else(Vec::new, |run| of_run(run, &assumed))
}

fn of_run(
    run: &RunSettings,
    assumed: &dyn Fn(&str, String, &str) -> Assumption,
) -> Vec<Assumption> {
    let book = &run.book;
    vec![
        assumed(
            "People",
            format!("{} who lend, {} who borrow", book.depositors, book.borrowers),
            "drawn: deposits and loans are lognormal",
        ),
        assumed("Lent", format!("{} of deposits", book.lent_share), "the scenario"),
        assumed(
            "Depth of the market",
            format!("{} {} by a factor of e", run.market.depth, run.pool.collateral),
            "the scenario",
        ),
        assumed(
            "Exits that an exit brings",
            format!("{:.2}", run.panic.hazard().branching_ratio()),
            "the scenario; at 1 a run needs no cause",
        ),
        assumed(
            "Patience",
            format!("{} hours", run.patience_hours),
            "the scenario: beyond it a wait has hurt",
        ),
        assumed(
            "Decisions under another rule",
            "by the same hazard".to_owned(),
            "no fear of the rule",
        ),
    ]
}

fn glossary() -> Vec<Term> {
    let term =
        |term: &str, meaning: &str| Term { term: term.to_owned(), meaning: meaning.to_owned() };
    vec![
        term(
            "bad debt",
            "losses that lie with nobody, and debt beyond its collateral at the last mark",
        ),
        term("trapped", "value that its owner wanted out and was not paid, times the hours of it"),
        term("held back", "debt in breach whose liquidation a rule did not allow, times hours"),
        term(
            "bound in calm",
            "steps in which a rule bound on the same path without shock and panic",
        ),
        term(
            "hurt",
            "waited beyond patience, or liquidated although the price without others' sales left them healthy",
        ),
    ]
}
