//! How outcomes move with two settings, as small tables whose shade is the value.

use super::Chart;
use crate::canvas::{AXIS, Canvas, Key, LABEL};
use crate::check;
use crate::error::ReportError;
use crate::input::{Sensitivity, SensitivityMetric, Worse};
use crate::number::short;
use crate::svg::{Anchor, fit, text_width};
use crate::table::{Column, Table, Value};

const CELL_HEIGHT: f64 = 30.0;
/// Heading, column name and column labels above the cells, and the gap below them.
const AROUND: f64 = 78.0;

/// Where one small table goes.
struct Place {
    left: f64,
    top: f64,
    width: f64,
}

impl Chart for Sensitivity {
    fn check(&self) -> Result<(), ReportError> {
        for (m, metric) in self.metrics.iter().enumerate() {
            let field = |rest: &str| format!("sensitivity.metrics[{m}].values{rest}");
            let (rows, columns) = (self.rows.len(), self.columns.len());
            check::same_length(metric.values.len(), rows, "sensitivity.rows", || field(""))?;
            for (r, row) in metric.values.iter().enumerate() {
                check::same_length(row.len(), columns, "sensitivity.columns", || {
                    field(&format!("[{r}]"))
                })?;
                for (c, value) in row.iter().enumerate() {
                    if let Some(value) = value {
                        check::drawable(*value, || field(&format!("[{r}][{c}]")))?;
                    }
                }
            }
        }
        if let Some(base) = self.base {
            let places = [
                (base.row, self.rows.len(), "sensitivity.base.row"),
                (base.column, self.columns.len(), "sensitivity.base.column"),
            ];
            for (value, limit, field) in places {
                if value >= limit {
                    return Err(ReportError::OutOfRange { field: field.to_owned(), value, limit });
                }
            }
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        let none = self.metrics.is_empty() || self.rows.is_empty() || self.columns.is_empty();
        none.then_some("The run was not repeated with other settings.")
    }

    fn caption(&self) -> String {
        let base = if self.base.is_some() {
            " The outlined case is the one that the rest of this page shows."
        } else {
            ""
        };
        format!(
            "The same run with other values of {} and {}; darker is worse.{base}",
            self.row_name, self.column_name
        )
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let across = if canvas.is_phone() || self.columns.len() > 4 { 1 } else { 2 };
        let gap = 26.0;
        let width = (canvas.width() - gap * (across as f64 - 1.0)) / across as f64;
        let height = AROUND + CELL_HEIGHT * self.rows.len() as f64;
        if self.base.is_some() {
            canvas.legend(&[(Key::Box("edge"), "case shown on this page".to_owned())]);
            canvas.take(6.0);
        }
        for line in self.metrics.chunks(across) {
            let top = canvas.take(height);
            for (index, metric) in line.iter().enumerate() {
                let left = (width + gap) * index as f64;
                self.grid(&mut canvas, metric, &Place { left, top, width });
            }
        }
        canvas.finish()
    }

    fn table(&self) -> Table {
        let mut columns = vec![
            Column::words("measure", "Measure"),
            Column::words("unit", "Unit"),
            Column::words("row", &self.row_name),
        ];
        for column in &self.columns {
            let name = format!("{} {column}", self.column_name);
            columns.push(Column::number(&name, &name));
        }
        let mut rows = Vec::new();
        for metric in &self.metrics {
            for (name, values) in self.rows.iter().zip(&metric.values) {
                let mut row =
                    vec![Value::text(&metric.name), Value::text(&metric.unit), Value::text(name)];
                row.extend(values.iter().map(|v| v.map_or(Value::Nothing, Value::Number)));
                rows.push(row);
            }
        }
        Table { columns, rows }
    }
}

impl Sensitivity {
    fn grid(&self, canvas: &mut Canvas<'_>, metric: &SensitivityMetric, place: &Place) {
        let heading = format!("{}, {}", metric.name, metric.unit);
        let heading = fit(&heading, LABEL, place.width);
        let at = (place.left, place.top + 14.0);
        canvas.svg.text("t-strong t-label", at, Anchor::Start, &heading);
        let names = self.rows.iter().map(|r| text_width(r, AXIS)).fold(0.0, f64::max);
        let label = names.max(text_width(&self.row_name, AXIS)).min(place.width * 0.35);
        let gutter = label + 8.0;
        let cell = (place.width - gutter) / self.columns.len() as f64;
        let first = place.left + gutter;
        let middle = first + (place.width - gutter) / 2.0;
        canvas.svg.text("t-unit", (middle, place.top + 34.0), Anchor::Middle, &self.column_name);
        let row_name = fit(&self.row_name, AXIS, gutter);
        canvas.svg.text("t-unit", (place.left, place.top + 50.0), Anchor::Start, &row_name);
        for (c, name) in self.columns.iter().enumerate() {
            let at = (first + cell * (c as f64 + 0.5), place.top + 50.0);
            canvas.svg.text("t-axis", at, Anchor::Middle, &fit(name, AXIS, cell - 4.0));
        }
        for (r, name) in self.rows.iter().enumerate() {
            let top = place.top + 58.0 + CELL_HEIGHT * r as f64;
            let name = fit(name, AXIS, gutter - 6.0);
            let at = (first - 8.0, top + 19.0);
            canvas.svg.text("t-axis", at, Anchor::End, &name);
            for c in 0..self.columns.len() {
                let corner = (first + cell * c as f64, top);
                self.cell(canvas, metric, (r, c), corner, cell);
            }
        }
    }

    fn cell(
        &self,
        canvas: &mut Canvas<'_>,
        metric: &SensitivityMetric,
        (r, c): (usize, usize),
        corner: (f64, f64),
        width: f64,
    ) {
        let a = (corner.0 + 1.0, corner.1 + 1.0);
        let b = (corner.0 + width - 1.0, corner.1 + CELL_HEIGHT - 1.0);
        let text = match metric.values[r][c] {
            Some(value) => {
                // The strongest shade still leaves the figure readable on it.
                canvas.svg.shaded("cell", a, b, 0.05 + 0.45 * badness(metric, value));
                short(value, 4)
            }
            None => "\u{2013}".to_owned(),
        };
        if self.base.is_some_and(|base| (base.row, base.column) == (r, c)) {
            canvas.svg.rect("edge", a, b, "");
        }
        let at = (corner.0 + width / 2.0, corner.1 + 19.0);
        canvas.svg.text("t-label", at, Anchor::Middle, &text);
    }
}

/// From 0 for the best value of the measure to 1 for the worst; 0 if all are the same.
fn badness(metric: &SensitivityMetric, value: f64) -> f64 {
    let all = metric.values.iter().flatten().flatten().copied();
    let (lo, hi) =
        all.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v: f64| (lo.min(v), hi.max(v)));
    if hi <= lo {
        return 0.0;
    }
    let share = (value - lo) / (hi - lo);
    match metric.worse {
        Worse::Higher => share,
        Worse::Lower => 1.0 - share,
    }
}
