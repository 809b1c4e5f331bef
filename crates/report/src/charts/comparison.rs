//! Mechanisms side by side: one small bar chart a measure, all in the same order.

use super::Chart;
use crate::canvas::{Canvas, LABEL};
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
        let names = self
            .mechanisms
            .iter()
            .map(|m| text_width(&m.name, LABEL).max(text_width(&m.variant, 10.5)))
            .fold(0.0, f64::max);
        let left = (names + 12.0).min(canvas.width() * if across == 1 { 0.4 } else { 0.22 });
        let width = (canvas.width() - left - gap * (across as f64 - 1.0)) / across as f64;
        let height = HEAD + self.row_height() * self.mechanisms.len() as f64 + 14.0;
        for line in MEASURES.chunks(across) {
            let top = canvas.take(height);
            self.names(&mut canvas, top, left);
            for (index, measure) in line.iter().enumerate() {
                let at = left + (width + gap) * index as f64;
                self.bars(&mut canvas, measure, (at, top), width);
            }
        }
        canvas.finish()
    }

    fn table(&self) -> Table {
        table(self)
    }
}

impl ComparisonReport {
    /// Rows are taller if any mechanism has a second line under its name.
    fn row_height(&self) -> f64 {
        if self.mechanisms.iter().any(|m| !m.variant.is_empty()) { ROW + 10.0 } else { ROW }
    }

    fn names(&self, canvas: &mut Canvas<'_>, top: f64, left: f64) {
        for (index, mechanism) in self.mechanisms.iter().enumerate() {
            let at = top + HEAD + self.row_height() * index as f64;
            if index > 0 {
                canvas.svg.line("grid", (0.0, at), (canvas.width(), at));
            }
            let name = fit(&mechanism.name, LABEL, left - 10.0);
            canvas.svg.text("t-label", (0.0, at + 16.0), Anchor::Start, &name);
            if !mechanism.variant.is_empty() {
                let variant = fit(&mechanism.variant, 10.5, left - 10.0);
                canvas.svg.text("t-foot", (0.0, at + 28.5), Anchor::Start, &variant);
            }
        }
    }

    fn bars(&self, canvas: &mut Canvas<'_>, measure: &Measure, at: (f64, f64), width: f64) {
        let unit = if measure.unit.is_empty() { &self.price_unit } else { measure.unit };
        canvas.svg.text("t-strong t-label", (at.0, at.1 + 14.0), Anchor::Start, measure.name);
        let unit = fit(unit, 11.5, width);
        canvas.svg.text("t-unit", (at.0, at.1 + 29.0), Anchor::Start, &unit);
        let values: Vec<Option<f64>> = self
            .mechanisms
            .iter()
            .map(|m| (measure.value)(m).as_ref().map(Decimal::axis))
            .collect();
        let text = |m| (measure.value)(m).as_ref().map_or_else(|| "\u{2013}".to_owned(), figure);
        let texts: Vec<String> = self.mechanisms.iter().map(text).collect();
        let label = texts.iter().map(|t| text_width(t, LABEL)).fold(0.0, f64::max) + 8.0;
        let known = values.iter().flatten().copied();
        let (lo, hi) = known.fold((0.0_f64, 0.0_f64), |(lo, hi), v| (lo.min(v), hi.max(v)));
        let scale = if hi > lo { (width - label).max(10.0) / (hi - lo) } else { 0.0 };
        let zero = at.0 - lo * scale;
        for (index, (value, text)) in values.iter().zip(&texts).enumerate() {
            let top = at.1 + HEAD + self.row_height() * index as f64;
            let middle = top + self.row_height() / 2.0;
            let mechanism = &self.mechanisms[index];
            let end = zero + value.unwrap_or(0.0) * scale;
            if value.is_some_and(|v| v != 0.0) {
                let exact = (measure.value)(mechanism).as_ref().map_or("", Decimal::as_str);
                let hint = format!("{}: {} {unit}", mechanism.name, grouped(exact));
                // A value too small to see keeps a hairline.
                let end = if (end - zero).abs() < 1.0 { zero + 1.0 } else { end };
                canvas.svg.rect(measure.class, (zero, middle - 7.0), (end, middle + 7.0), &hint);
            }
            let label = (end.max(zero) + 5.0, middle + 4.0);
            canvas.svg.text("t-label", label, Anchor::Start, text);
        }
        let foot = at.1 + HEAD + self.row_height() * self.mechanisms.len() as f64;
        canvas.svg.line("base", (zero, at.1 + HEAD), (zero, foot));
    }
}

/// All measures of all mechanisms, exactly.
pub(crate) fn table(report: &ComparisonReport) -> Table {
    let mut columns =
        vec![Column::words("mechanism", "Mechanism"), Column::words("variant", "Set up")];
    for measure in &MEASURES {
        let unit = if measure.unit.is_empty() { &report.price_unit } else { measure.unit };
        columns.push(Column::number(measure.key, &format!("{}, {unit}", measure.name)));
    }
    columns.push(Column::words("remark", "Remark"));
    columns.push(Column::words("state_hash", "State hash"));
    let row = |m: &Mechanism| {
        let mut row = vec![Value::text(&m.name), Value::text(&m.variant)];
        row.extend(MEASURES.iter().map(|measure| Value::exact((measure.value)(m))));
        row.push(Value::text(&m.remark));
        row.push(Value::text(&m.state_hash));
        row
    };
    Table { columns, rows: report.mechanisms.iter().map(row).collect() }
}
