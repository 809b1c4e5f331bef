//! How far a hedge misses, and what it costs, against the width of its band.

use super::Chart;
use crate::axis::Axis;
use crate::canvas::{Canvas, Key};
use crate::check;
use crate::error::ReportError;
use crate::input::{HedgeError, HedgeErrorRow};
use crate::number::short;
use crate::svg::line_path;
use crate::table::{Column, Table, Value};

const ERROR: &str = "line s-blue";
const COST: &str = "line s-orange";
const EXACT: &str = "line dash s-grey";

impl Chart for HedgeError {
    fn check(&self) -> Result<(), ReportError> {
        let at = |i| format!("hedge_error.rows[{i}].half_width");
        check::ascending(self.rows.iter().map(|row| row.half_width), at)?;
        for (i, row) in self.rows.iter().enumerate() {
            let field = |name: &str| format!("hedge_error.rows[{i}].{name}");
            check::size(row.deviation, || field("deviation"))?;
            check::size(row.cost, || field("cost"))?;
        }
        check::size(self.exact.unwrap_or(0.0), || "hedge_error.exact".to_owned())
    }

    fn empty(&self) -> Option<&'static str> {
        self.rows.is_empty().then_some("No band was tried.")
    }

    fn caption(&self) -> String {
        self.caption.clone()
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let phone = canvas.is_phone();
        let values = self.rows.iter().flat_map(|row| [row.deviation, row.cost]);
        let y = Axis::from_zero(values.chain(self.exact), 5);
        let widths = self.rows.iter().map(|row| row.half_width);
        let x = Axis::exact_from_zero(widths, if phone { 4 } else { 6 });
        let mut legend = vec![
            (Key::Line(ERROR), "hedge error (deviation)".to_owned()),
            (Key::Line(COST), "cost (mean)".to_owned()),
        ];
        if self.exact.is_some() {
            legend.push((Key::Line(EXACT), "error of hedging at every step, exact".to_owned()));
        }
        canvas.legend(&legend);
        let plot = canvas.plot(&self.unit, &y, if phone { 180.0 } else { 230.0 }, 14.0);
        canvas.x_axis(&plot, &x, &format!("half-width of the band, {}", self.width_unit));
        if let Some(exact) = self.exact {
            let at = plot.y(&y, exact);
            canvas.svg.line(EXACT, (plot.left, at), (plot.right, at));
        }
        type Curve = (&'static str, &'static str, fn(&HedgeErrorRow) -> f64, &'static str);
        let curves: [Curve; 2] = [
            (ERROR, "f-blue s-blue dot", |row| row.deviation, "error"),
            (COST, "f-orange s-orange dot", |row| row.cost, "cost"),
        ];
        for (line, dot, value, name) in curves {
            let at = |row: &HedgeErrorRow| (plot.x(&x, row.half_width), plot.y(&y, value(row)));
            let points: Vec<(f64, f64)> = self.rows.iter().map(at).collect();
            canvas.svg.path(line, &line_path(&points, false));
            for (row, point) in self.rows.iter().zip(points) {
                let hint = format!(
                    "half-width {}: {name} {} {}",
                    short(row.half_width, 4),
                    short(value(row), 5),
                    self.unit
                );
                canvas.svg.circle(dot, point, 3.0, &hint);
            }
        }
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::number("half_width", &format!("Half-width, {}", self.width_unit)),
            Column::number("deviation", &format!("Hedge error, {}", self.unit)),
            Column::number("cost", &format!("Cost, {}", self.unit)),
        ];
        let row = |row: &HedgeErrorRow| {
            [row.half_width, row.deviation, row.cost].map(Value::Number).to_vec()
        };
        Table { columns, rows: self.rows.iter().map(row).collect() }
    }
}
