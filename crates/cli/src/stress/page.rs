//! The page: the same figures as the text, with charts.

use super::answer::{by_round, summaries, waterfall};
use super::run::Ran;
use super::tables::{cells, funds, hours, plain};
use super::text::{ends, figure};
use breakwater_report::{
    Assumption, BarMeasure, Bars, Cell, Decimal, Drawn, Fan, FanBand, Front, FrontPoint, HeatMap,
    Identity, KeyFigure, LossKind, LossStep, Provenance, Section, SectionChart, SectionsReport,
    Sensitivity, SensitivityMetric, Status, Term, Waterfall, WordColumn, WordTable, Worse,
};
use breakwater_simulate::worlds::rule::UNIT;
use breakwater_simulate::worlds::search::{Cell as Tried, Table};
use breakwater_simulate::worlds::{BANDS, GENERATOR};

/// The report.
pub fn report(ran: &Ran) -> SectionsReport {
    let world = &ran.world;
    let mut sections = vec![prices(ran), losses(ran)];
    sections.extend(ran.sweep.as_ref().map(|table| other(ran, "Other values", table)));
    sections.extend(ran.search.as_ref().map(|table| other(ran, "Searched values", table)));
    let notice = (!ran.outcome.complete()).then(|| {
        format!(
            "Interrupted: {} of {} paths are done, and everything here is of these alone.",
            ran.outcome.rows.len(),
            ran.outcome.paths
        )
    });
    SectionsReport {
        kind: "Stress over many paths".to_owned(),
        title: world.file.title.clone(),
        question: world.file.question.clone(),
        notice,
        identity: Identity {
            scenario: world.file.name.clone(),
            shock: format!("{} paths of {} steps", ran.outcome.rows.len(), world.steps),
            seed: Some(world.seed),
            rulebook: world.file.rulebook.clone(),
            policies: Vec::new(),
            state_hash: ran.hash.clone(),
        },
        key_figures: key_figures(ran),
        happenings: Vec::new(),
        sections,
        assumptions: assumptions(ran),
        books: None,
        glossary: glossary(),
        provenance: provenance(ran),
    }
}

fn chart(name: &str, title: &str, full: bool, drawn: Drawn) -> SectionChart {
    SectionChart { name: name.to_owned(), title: title.to_owned(), full, drawn }
}

fn key_figures(ran: &Ran) -> Vec<KeyFigure> {
    let level = plain(f64::from(ran.bad_debt.level_bps) / 100.0);
    let tile = |label: String, value: f64, unit: &str, note: String| KeyFigure {
        label,
        value: format!("{value:.2}"),
        unit: unit.to_owned(),
        note,
    };
    let tail = &ran.bad_debt;
    vec![
        tile("bad debt, mean".into(), tail.mean.value, "", ends(tail.mean)),
        tile(format!("at risk, {level} %"), tail.var.value, "", ends(tail.var)),
        tile(format!("shortfall, {level} %"), tail.shortfall.value, "", ends(tail.shortfall)),
        tile("paths with bad debt".into(), tail.above_zero * 100.0, "%", String::new()),
        tile(
            format!("left by a fund of {}", figure(ran.world.fund as f64 / UNIT as f64)),
            ran.uncovered.mean.value,
            "mean",
            format!("shortfall {}", figure(ran.uncovered.shortfall.value)),
        ),
    ]
}

fn prices(ran: &Ran) -> Section {
    let moments = ran.outcome.rows.first().map_or(0, |row| row.seen.prices.len());
    let band = |name: &str, low: u32, high: u32| FanBand {
        name: name.to_owned(),
        low: ran.outcome.fan(low),
        high: ran.outcome.fan(high),
    };
    let fan = Fan {
        unit: format!("price of {}, of the first", ran.world.driver_name()),
        hours: hours(ran).into_iter().take(moments).collect(),
        bands: vec![band("98 % of paths", 10, 990), band("90 %", 50, 950), band("half", 250, 750)],
        median: ran.outcome.fan(500),
    };
    Section {
        title: "Prices and liquidations".to_owned(),
        text:
            "Every path has its own draws; forced sales move the price, and depth recovers as the \
               world says."
                .to_owned(),
        charts: vec![
            chart("fan", "The price over all paths", true, Drawn::Fan(fan)),
            chart("map", "Where liquidations fall, by price and time", true, Drawn::Heat(map(ran))),
        ],
        tables: vec![metrics(ran)],
    }
}

fn map(ran: &Ran) -> HeatMap {
    let grid = ran.outcome.grid;
    let step = f64::from(ran.world.file.run.step_seconds) / 3_600.0;
    let columns = grid.columns();
    let paths = ran.outcome.rows.len().max(1) as f64 * UNIT as f64;
    let cells = ran.outcome.cells();
    let value = |column: u32, band: u32| {
        let cell = cells.get((column * BANDS + band) as usize);
        cell.copied().unwrap_or(0) as f64 / paths
    };
    HeatMap {
        x_name: "hours after the start".to_owned(),
        y_name: format!("price of {}, of the first", ran.world.driver_name()),
        value_name: "debt repaid, mean of a path".to_owned(),
        x_edges: (0..=columns).map(|c| f64::from(grid.column_begins(c)) * step).collect(),
        y_edges: (0..=BANDS).map(|band| f64::from(band) / 20.0).collect(),
        rows: (0..BANDS).map(|band| (0..columns).map(|c| value(c, band)).collect()).collect(),
    }
}

fn word(key: &str, name: &str, numeric: bool) -> WordColumn {
    WordColumn { key: key.to_owned(), name: name.to_owned(), numeric }
}

fn metrics(ran: &Ran) -> WordTable {
    let row = |one: super::answer::Summary| {
        let mut cells = vec![one.metric.title().to_owned(), plain(one.mean), plain(one.ends.0)];
        cells.extend(one.quantiles.map(plain));
        cells.push(plain(one.ends.1));
        cells
    };
    WordTable {
        caption: "Over all paths".to_owned(),
        columns: vec![
            word("what", "What", false),
            word("mean", "Mean", true),
            word("least", "Least", true),
            word("p1", "1 %", true),
            word("p5", "5 %", true),
            word("p50", "Median", true),
            word("p95", "95 %", true),
            word("p99", "99 %", true),
            word("most", "Most", true),
        ],
        rows: summaries(ran).into_iter().map(row).collect(),
    }
}

fn losses(ran: &Ran) -> Section {
    let lost = waterfall(ran);
    let decimal = |raw: u128| Decimal::from_scaled(i128::try_from(raw).unwrap_or(i128::MAX), 6);
    let negative = |raw: u128| Decimal::from_scaled(-i128::try_from(raw).unwrap_or(i128::MAX), 6);
    let step = |name: &str, amount_usd: Decimal, kind: LossKind| LossStep {
        name: name.to_owned(),
        amount_usd,
        kind,
    };
    let steps = vec![
        step("Lost in all", decimal(lost.total), LossKind::Total),
        step("Kept by liquidators", negative(lost.kept), LossKind::Incentive),
        step("Price impact", negative(lost.impact), LossKind::Impact),
        step("Bad debt, fund", negative(lost.covered), LossKind::Backstop),
        step("Bad debt, open", negative(lost.open), LossKind::BadDebtOpen),
    ];
    let rounds = by_round(ran);
    let last = rounds.iter().rposition(|value| *value > 0.0).map_or(1, |last| last + 1);
    let bars = Bars {
        caption:
            "Debt repaid in each round of a step, mean of a path: the first round answers the \
                  market, later ones the sales before them."
                .to_owned(),
        rows: (1..=last).map(|round| format!("round {round}")).collect(),
        measures: vec![BarMeasure {
            name: "Repaid".to_owned(),
            unit: "numeraire".to_owned(),
            values: rounds[..last]
                .iter()
                .map(|value| Some(Decimal::from_scaled((value * 100.0).round() as i128, 2)))
                .collect(),
        }],
    };
    let waterfall = Drawn::Waterfall(Waterfall { steps });
    let title = format!("Where the loss goes, mean of the worst {} paths", lost.paths);
    Section {
        title: "Losses".to_owned(),
        text: format!(
            "Value at risk is an order statistic, its interval that of binomial ranks; shortfall is the \
             mean beyond, its interval a bootstrap. Intervals are of {} %; an open end says that there are \
             too few paths for one.",
            plain(breakwater_simulate::worlds::CONFIDENCE * 100.0)
        ),
        charts: vec![
            chart("losses", &title, false, waterfall),
            chart("rounds", "The cascade by round", false, Drawn::Bars(bars)),
        ],
        tables: vec![funds(ran)],
    }
}

fn other(ran: &Ran, title: &str, table: &Table) -> Section {
    let slug = title.split(' ').next().unwrap_or("other").to_lowercase();
    let mut charts = vec![chart(
        &format!("{slug}-front"),
        "What nothing beats",
        true,
        Drawn::Front(front(table)),
    )];
    if let Some(sensitivity) = sensitivity(ran, table) {
        let name = format!("{slug}-map");
        charts.push(chart(&name, "By both fields", true, Drawn::Sensitivity(sensitivity)));
    }
    Section {
        title: title.to_owned(),
        text: "Every combination has the same draws. Shortfall, what borrowers pay, and the fund are to \
               be small; debt allowed is to be large."
            .to_owned(),
        charts,
        tables: vec![cells(table)],
    }
}

fn front(table: &Table) -> Front {
    let point = |cell: &Tried| FrontPoint {
        name: cell.values.join(" x "),
        x: cell.penalty,
        y: cell.loss.shortfall.value,
        on_front: cell.on_front,
        chosen: false,
    };
    Front {
        x_name: "paid to liquidators, mean".to_owned(),
        y_name: "shortfall beyond the fund".to_owned(),
        points: table.cells.iter().map(point).collect(),
    }
}

/// A map of two fields; of more, none.
fn sensitivity(ran: &Ran, table: &Table) -> Option<Sensitivity> {
    let [(row_name, _), (column_name, columns)] = &table.plan.keys[..] else { return None };
    if columns.len() > 8 || table.cells.is_empty() {
        return None;
    }
    let width = columns.len();
    let height = table.plan.len() / width;
    let metric = |name: &str, worse, of: &dyn Fn(&Tried) -> f64| SensitivityMetric {
        name: name.to_owned(),
        unit: "numeraire".to_owned(),
        worse,
        values: (0..height)
            .map(|row| {
                (0..width).map(|column| table.cells.get(row * width + column).map(of)).collect()
            })
            .collect(),
    };
    let last = |cell: usize| table.plan.cell(cell);
    let shown = |value: &toml::Value| match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let base = (0..table.plan.len()).find(|cell| {
        last(*cell)
            .iter()
            .all(|(key, value)| at(&ran.world.table, key).is_some_and(|own| same(own, value)))
    });
    Some(Sensitivity {
        row_name: row_name.clone(),
        rows: (0..height).map(|row| shown(&last(row * width)[0].1)).collect(),
        column_name: column_name.clone(),
        columns: columns.iter().map(shown).collect(),
        base: base.map(|cell| Cell { row: cell / width, column: cell % width }),
        metrics: vec![
            metric("Shortfall", Worse::Higher, &|cell| cell.loss.shortfall.value),
            metric("Mean loss", Worse::Higher, &|cell| cell.loss.mean.value),
            metric("Paid to liquidators", Worse::Higher, &|cell| cell.penalty),
            metric("Lowest price", Worse::Lower, &|cell| cell.trough),
        ],
    })
}

/// The value of a field of the world as it is.
fn at<'t>(table: &'t toml::Table, path: &str) -> Option<&'t toml::Value> {
    let mut parts = path.split('.');
    let first = table.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.as_table()?.get(part))
}

fn same(a: &toml::Value, b: &toml::Value) -> bool {
    let number = |value: &toml::Value| value.as_float().or(value.as_integer().map(|i| i as f64));
    a == b || matches!((number(a), number(b)), (Some(a), Some(b)) if a == b)
}

fn assumptions(ran: &Ran) -> Vec<Assumption> {
    let of = |name: &str, value: String, status| Assumption {
        name: name.to_owned(),
        value,
        status,
        source: "the world's file".to_owned(),
    };
    let told = ran.world.assumptions.iter();
    told.map(|(name, value)| of(name, value.clone(), Status::Assumed))
        .chain([
            of("draws", GENERATOR.to_owned(), Status::Derived),
            of("engine", ran.outcome.engine.name().to_owned(), Status::Derived),
        ])
        .collect()
}

fn provenance(ran: &Ran) -> Vec<Provenance> {
    let row = |(name, source, licence, hash)| Provenance { name, source, licence, hash };
    ran.world.provenance().into_iter().map(row).collect()
}

fn glossary() -> Vec<Term> {
    [
        (
            "Bad debt",
            "Debt that an account's collateral does not cover at the last prices of a path.",
        ),
        ("Value at risk", "What the stated share of paths does not exceed."),
        ("Shortfall", "Mean of the worst paths beyond that share."),
        (
            "Round",
            "Everybody in breach at one price; what they sell gives the price of the next round.",
        ),
        ("Penalty", "Value that liquidators take beyond the debt they repay."),
    ]
    .map(|(term, meaning)| Term { term: term.to_owned(), meaning: meaning.to_owned() })
    .to_vec()
}
