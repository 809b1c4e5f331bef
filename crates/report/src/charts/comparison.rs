//! Mechanisms side by side: one small bar chart a measure, all in the same order.

use super::Chart;
use crate::canvas::{Canvas, Key, LABEL};
use crate::check;
use crate::decimal::Decimal;
use crate::error::ReportError;
use crate::input::{ComparisonReport, Mechanism};
use crate::number::{figure, grouped};
use crate::svg::{Anchor, fit, text_width};
use crate::table::{Column, Table, Value};

/// Heading on the page and in the picture.
pub(crate) const TITLE: &str = "The mechanisms side by side";

const ROW: f64 = 24.0;
const HEAD: f64 = 40.0;

/// Colours of the two bars of a row: the first thresholds named and the others.
const SHADES: [&str; 2] = ["f-blue", "f-orange"];

/// One measure of every mechanism.
struct Measure {
    key: &'static str,
    name: &'static str,
    /// Unit; empty stands for the price unit of the report.
    unit: &'static str,
    class: &'static str,
    value: fn(&Mechanism) -> &Option<Decimal>,
}

const MEASURES: [Measure; 6] = [
    Measure {
        key: "bad_debt_booked_usd",
        name: "Bad debt, booked",
        unit: "USD",
        class: "f-vermilion",
        value: |m| &m.bad_debt_booked_usd,
    },
    Measure {
        key: "bad_debt_open_usd",
        name: "Bad debt, open",
        unit: "USD",
        class: "f-vermilion",
        value: |m| &m.bad_debt_open_usd,
    },
    Measure {
        key: "borrower_loss_usd",
        name: "Borrowers\u{2019} loss",
        unit: "USD",
        class: "f-blue",
        value: |m| &m.borrower_loss_usd,
    },
    Measure {
        key: "liquidator_gain_usd",
        name: "Liquidators\u{2019} gain",
        unit: "USD",
        class: "f-orange",
        value: |m| &m.liquidator_gain_usd,
    },
    Measure {
        key: "lowest_price",
        name: "Lowest price",
        unit: "",
        class: "f-purple",
        value: |m| &m.lowest_price,
    },
    Measure {
        key: "liquidations",
        name: "Liquidations",
        unit: "number",
        class: "f-grey",
        value: |m| &m.liquidations,
    },
];

impl Chart for ComparisonReport {
    fn check(&self) -> Result<(), ReportError> {
        for (i, mechanism) in self.mechanisms.iter().enumerate() {
            check::hash(&mechanism.state_hash, || format!("mechanisms[{i}].state_hash"))?;
            for measure in &MEASURES {
                if let Some(value) = (measure.value)(mechanism) {
                    check::drawable(value.axis(), || format!("mechanisms[{i}].{}", measure.key))?;
                }
            }
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        self.mechanisms.is_empty().then_some("No mechanism was run.")
    }

    fn caption(&self) -> String {
        "The same book under the same shock. Within a measure all bars share one scale from zero; \
         a dash means that the mechanism has no such measure."
            .to_owned()
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let across = if canvas.is_phone() { 1 } else { 3 };
        let gap = 22.0;
        let rows = self.rows();
        let labels = self.threshold_labels();
        if labels.len() > 1 {
            let key =
                |(i, label): (usize, &&str)| (Key::Box(SHADES[i.min(1)]), (*label).to_owned());
            canvas.legend(&labels.iter().enumerate().map(key).collect::<Vec<_>>());
        }
        let names = self
            .mechanisms
            .iter()
            .map(|m| text_width(&m.name, LABEL).max(text_width(&m.variant, 10.5)))
            .fold(0.0, f64::max);
        let left = (names + 12.0).min(canvas.width() * if across == 1 { 0.4 } else { 0.22 });
        let width = (canvas.width() - left - gap * (across as f64 - 1.0)) / across as f64;
        let height = HEAD + self.row_height() * rows.len() as f64 + 14.0;
        for line in MEASURES.chunks(across) {
            let top = canvas.take(height);
            self.names(&mut canvas, &rows, top, left);
            for (index, measure) in line.iter().enumerate() {
                let at = left + (width + gap) * index as f64;
                self.bars(&mut canvas, measure, &rows, (at, top), width);
            }
        }
        canvas.finish()
    }

    fn table(&self) -> Table {
        table(self)
    }
}

impl ComparisonReport {
    /// Mechanisms that differ only in whose thresholds hold stand in one row.
    fn rows(&self) -> Vec<Vec<&Mechanism>> {
        let mut rows: Vec<Vec<&Mechanism>> = Vec::new();
        for mechanism in &self.mechanisms {
            let same = |row: &&mut Vec<&Mechanism>| {
                row.iter().all(|m| {
                    m.name == mechanism.name
                        && m.variant == mechanism.variant
                        && m.thresholds != mechanism.thresholds
                })
            };
            match rows.iter_mut().find(same) {
                Some(row) => row.push(mechanism),
                None => rows.push(vec![mechanism]),
            }
        }
        rows
    }

    /// Whose thresholds held, each once, in order.
    fn threshold_labels(&self) -> Vec<&str> {
        let mut labels: Vec<&str> = Vec::new();
        for mechanism in &self.mechanisms {
            if !mechanism.thresholds.is_empty() && !labels.contains(&mechanism.thresholds.as_str())
            {
                labels.push(&mechanism.thresholds);
            }
        }
        labels
    }

    /// Rows are taller if any mechanism has a second line under its name.
    fn row_height(&self) -> f64 {
        if self.mechanisms.iter().any(|m| !m.variant.is_empty()) { ROW + 10.0 } else { ROW }
    }

    fn names(&self, canvas: &mut Canvas<'_>, rows: &[Vec<&Mechanism>], top: f64, left: f64) {
        let mut last = "";
        for (index, row) in rows.iter().enumerate() {
            let Some(mechanism) = row.first() else { continue };
            let at = top + HEAD + self.row_height() * index as f64;
            if index > 0 {
                canvas.svg.line("grid", (0.0, at), (canvas.width(), at));
            }
            // A name that goes on is told once, so that a mechanism's rows read as one block.
            if mechanism.name != last {
                let name = fit(&mechanism.name, LABEL, left - 10.0);
                canvas.svg.text("t-label", (0.0, at + 16.0), Anchor::Start, &name);
                last = &mechanism.name;
            }
            if !mechanism.variant.is_empty() {
                let variant = fit(&mechanism.variant, 10.5, left - 10.0);
                canvas.svg.text("t-foot", (0.0, at + 28.5), Anchor::Start, &variant);
            }
        }
    }

    fn bars(
        &self,
        canvas: &mut Canvas<'_>,
        measure: &Measure,
        rows: &[Vec<&Mechanism>],
        at: (f64, f64),
        width: f64,
    ) {
        let unit = if measure.unit.is_empty() { &self.price_unit } else { measure.unit };
        canvas.svg.text("t-strong t-label", (at.0, at.1 + 14.0), Anchor::Start, measure.name);
        let unit = fit(unit, 11.5, width);
        canvas.svg.text("t-unit", (at.0, at.1 + 29.0), Anchor::Start, &unit);
        let value = |m: &Mechanism| (measure.value)(m).as_ref().map(Decimal::axis);
        let text = |m: &Mechanism| {
            (measure.value)(m).as_ref().map_or_else(|| "\u{2013}".to_owned(), figure)
        };
        let all = || rows.iter().flatten();
        let label = all().map(|m| text_width(&text(m), LABEL)).fold(0.0, f64::max) + 8.0;
        let known = all().filter_map(|m| value(m));
        let (lo, hi) = known.fold((0.0_f64, 0.0_f64), |(lo, hi), v| (lo.min(v), hi.max(v)));
        let scale = if hi > lo { (width - label).max(10.0) / (hi - lo) } else { 0.0 };
        let zero = at.0 - lo * scale;
        let labels = self.threshold_labels();
        for (index, row) in rows.iter().enumerate() {
            let top = at.1 + HEAD + self.row_height() * index as f64;
            let middle = top + self.row_height() / 2.0;
            // One bar in the middle, or two that share the row.
            let share = if labels.len() > 1 { 0.5 } else { 1.0 };
            for mechanism in row {
                let place = labels.iter().position(|l| *l == mechanism.thresholds).unwrap_or(0);
                let (middle, reach) = if labels.len() > 1 {
                    (middle + if place == 0 { -7.5 } else { 7.5 }, 5.0)
                } else {
                    (middle, 7.0)
                };
                let class = if labels.len() > 1 { SHADES[place.min(1)] } else { measure.class };
                let end = zero + value(mechanism).unwrap_or(0.0) * scale;
                if value(mechanism).is_some_and(|v| v != 0.0) {
                    let exact = (measure.value)(mechanism).as_ref().map_or("", Decimal::as_str);
                    let hint = format!("{}: {} {unit}", mechanism.name, grouped(exact));
                    // A value too small to see keeps a hairline.
                    let end = if (end - zero).abs() < 1.0 { zero + 1.0 } else { end };
                    let (from, to) = ((zero, middle - reach), (end, middle + reach));
                    canvas.svg.rect(class, from, to, &hint);
                }
                let label = (end.max(zero) + 5.0, middle + 4.0 * share + 1.5 * (1.0 - share));
                let class = if share < 1.0 { "t-foot" } else { "t-label" };
                canvas.svg.text(class, label, Anchor::Start, &text(mechanism));
            }
        }
        let foot = at.1 + HEAD + self.row_height() * rows.len() as f64;
        canvas.svg.line("base", (zero, at.1 + HEAD), (zero, foot));
    }
}

/// All measures of all mechanisms, exactly.
pub(crate) fn table(report: &ComparisonReport) -> Table {
    let mut columns = vec![
        Column::words("mechanism", "Mechanism"),
        Column::words("variant", "Set up"),
        Column::words("thresholds", "Thresholds"),
    ];
    for measure in &MEASURES {
        let unit = if measure.unit.is_empty() { &report.price_unit } else { measure.unit };
        columns.push(Column::number(measure.key, &format!("{}, {unit}", measure.name)));
    }
    columns.push(Column::words("remark", "Remark"));
    columns.push(Column::words("state_hash", "State hash"));
    let row = |m: &Mechanism| {
        let mut row =
            vec![Value::text(&m.name), Value::text(&m.variant), Value::text(&m.thresholds)];
        row.extend(MEASURES.iter().map(|measure| Value::exact((measure.value)(m))));
        row.push(Value::text(&m.remark));
        row.push(Value::text(&m.state_hash));
        row
    };
    Table { columns, rows: report.mechanisms.iter().map(row).collect() }
}
