//! Measures side by side: one small bar chart a measure, all in the same order.

use super::Chart;
use crate::canvas::{Canvas, LABEL};
use crate::check;
use crate::decimal::Decimal;
use crate::error::ReportError;
use crate::input::{BarMeasure, Bars};
use crate::number::{figure, grouped};
use crate::svg::{Anchor, fit, text_width};
use crate::table::{Column, Table, Value};

const ROW: f64 = 24.0;
const HEAD: f64 = 40.0;

/// Colours of the measures, in turn.
const SHADES: [&str; 6] = ["f-blue", "f-orange", "f-green", "f-purple", "f-vermilion", "f-grey"];

impl Chart for Bars {
    fn check(&self) -> Result<(), ReportError> {
        for (i, measure) in self.measures.iter().enumerate() {
            let rows = self.rows.len();
            let field = || format!("bars.measures[{i}].values");
            check::same_length(measure.values.len(), rows, "rows", field)?;
            for (j, value) in measure.values.iter().enumerate() {
                let field = || format!("bars.measures[{i}].values[{j}]");
                check::size(value.as_ref().map_or(0.0, Decimal::axis), field)?;
            }
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        (self.rows.is_empty() || self.measures.is_empty()).then_some("There is nothing to compare.")
    }

    fn caption(&self) -> String {
        self.caption.clone()
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let across = if canvas.is_phone() { 1 } else { 3 };
        let gap = 22.0;
        let names = self.rows.iter().map(|name| text_width(name, LABEL)).fold(0.0, f64::max);
        let left = (names + 12.0).min(canvas.width() * if across == 1 { 0.4 } else { 0.22 });
        let width = (canvas.width() - left - gap * (across as f64 - 1.0)) / across as f64;
        let height = HEAD + ROW * self.rows.len() as f64 + 14.0;
        let measures: Vec<(&BarMeasure, &str)> =
            self.measures.iter().zip(SHADES.into_iter().cycle()).collect();
        for line in measures.chunks(across) {
            let top = canvas.take(height);
            for (index, name) in self.rows.iter().enumerate() {
                let at = top + HEAD + ROW * index as f64;
                if index > 0 {
                    canvas.svg.line("grid", (0.0, at), (canvas.width(), at));
                }
                let name = fit(name, LABEL, left - 10.0);
                canvas.svg.text("t-label", (0.0, at + 16.0), Anchor::Start, &name);
            }
            for (index, (measure, class)) in line.iter().enumerate() {
                let at = left + (width + gap) * index as f64;
                self.measure(&mut canvas, measure, class, (at, top), width);
            }
        }
        canvas.finish()
    }

    fn table(&self) -> Table {
        let mut columns = vec![Column::words("name", "Name")];
        columns.extend(self.measures.iter().map(|measure| {
            let name = format!("{}, {}", measure.name, measure.unit);
            Column::number(&measure.name, &name)
        }));
        let row = |(index, name): (usize, &String)| {
            let mut row = vec![Value::text(name)];
            let value = |measure: &BarMeasure| {
                measure.values.get(index).map_or(Value::Nothing, Value::exact)
            };
            row.extend(self.measures.iter().map(value));
            row
        };
        Table { columns, rows: self.rows.iter().enumerate().map(row).collect() }
    }
}

impl Bars {
    fn measure(
        &self,
        canvas: &mut Canvas<'_>,
        measure: &BarMeasure,
        class: &'static str,
        at: (f64, f64),
        width: f64,
    ) {
        canvas.svg.text("t-strong t-label", (at.0, at.1 + 14.0), Anchor::Start, &measure.name);
        let unit = fit(&measure.unit, 11.5, width);
        canvas.svg.text("t-unit", (at.0, at.1 + 29.0), Anchor::Start, &unit);
        let text =
            |value: &Option<Decimal>| value.as_ref().map_or_else(|| "\u{2013}".to_owned(), figure);
        let label =
            measure.values.iter().map(|v| text_width(&text(v), LABEL)).fold(0.0, f64::max) + 8.0;
        let most = measure.values.iter().flatten().map(Decimal::axis).fold(0.0, f64::max);
        let scale = if most > 0.0 { (width - label).max(10.0) / most } else { 0.0 };
        for (index, (value, name)) in measure.values.iter().zip(&self.rows).enumerate() {
            let middle = at.1 + HEAD + ROW * (index as f64 + 0.5);
            let size = value.as_ref().map_or(0.0, Decimal::axis);
            // A value too small to see keeps a hairline.
            let reach = if size > 0.0 { (size * scale).max(1.0) } else { 0.0 };
            if let Some(value) = value.as_ref().filter(|_| size > 0.0) {
                let hint = format!("{name}: {} {}", grouped(value.as_str()), measure.unit);
                let (from, to) = ((at.0, middle - 7.0), (at.0 + reach, middle + 7.0));
                canvas.svg.rect(class, from, to, &hint);
            }
            let place = (at.0 + reach + 5.0, middle + 4.0);
            canvas.svg.text("t-label", place, Anchor::Start, &text(value));
        }
        let foot = at.1 + HEAD + ROW * self.rows.len() as f64;
        canvas.svg.line("base", (at.0, at.1 + HEAD), (at.0, foot));
    }
}
