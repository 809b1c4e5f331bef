//! What is still held over time.

use super::Chart;
use crate::axis::Axis;
use crate::canvas::{Canvas, Key};
use crate::check;
use crate::error::ReportError;
use crate::input::Holdings;
use crate::svg::line_path;
use crate::table::{Column, Table, Value};

/// Classes of the lines, in their order; more lines than these are not drawn.
const LINES: [&str; 6] = [
    "line s-orange",
    "line thin s-blue",
    "line thin s-green",
    "line thin s-purple",
    "line thin s-grey",
    "line thin s-vermilion",
];

impl Chart for Holdings {
    fn check(&self) -> Result<(), ReportError> {
        for (i, line) in self.lines.iter().enumerate() {
            check::ascending(line.points.iter().map(|point| point.0), |j| {
                format!("holdings.lines[{i}].points[{j}].0")
            })?;
            for (j, point) in line.points.iter().enumerate() {
                check::size(point.1, || format!("holdings.lines[{i}].points[{j}].1"))?;
            }
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        let none = self.lines.iter().all(|line| line.points.is_empty());
        none.then_some("No schedule was worked out.")
    }

    fn caption(&self) -> String {
        let held =
            "What is still held after each trade; every line falls at once when a slice is sold.";
        self.caption.clone().unwrap_or_else(|| held.to_owned())
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let phone = canvas.is_phone();
        let points = || self.lines.iter().take(LINES.len()).flat_map(|line| line.points.iter());
        let y = Axis::from_zero(points().map(|point| point.1), 5);
        let x = Axis::hours(points().map(|point| point.0).chain([0.0]), if phone { 5 } else { 9 });
        let keys = LINES.iter().zip(&self.lines);
        let legend: Vec<(Key, String)> =
            keys.map(|(class, line)| (Key::Line(class), line.name.clone())).collect();
        canvas.legend(&legend);
        let name = match &self.caption {
            None => format!("held, {}", self.unit),
            Some(_) => self.unit.clone(),
        };
        let plot = canvas.plot(&name, &y, if phone { 200.0 } else { 260.0 }, 14.0);
        canvas.x_axis(&plot, &x, "hours after the start");
        // The first line lies on the others.
        for (class, line) in LINES.iter().zip(&self.lines).rev() {
            let place = |point: &(f64, f64)| (plot.x(&x, point.0), plot.y(&y, point.1));
            let line: Vec<(f64, f64)> = line.points.iter().map(place).collect();
            canvas.svg.path(class, &line_path(&line, true));
        }
        if self.lines.len() > LINES.len() {
            canvas.note(format!("The first {} of {} are drawn.", LINES.len(), self.lines.len()));
        }
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::words("schedule", "Schedule"),
            Column::number("at_hours", "After, hours"),
            Column::number("held", &format!("Held, {}", self.unit)),
        ];
        let rows = self.lines.iter().flat_map(|line| {
            let row = |point: &(f64, f64)| {
                vec![Value::text(&line.name), Value::Number(point.0), Value::Number(point.1)]
            };
            line.points.iter().map(row)
        });
        Table { columns, rows: rows.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canvas::{Layout, Sheet};
    use crate::input::{HoldingsLine, Identity};

    fn holdings(lines: usize) -> Holdings {
        let line = |index: usize| HoldingsLine {
            name: format!("line {index}"),
            points: vec![(0.0, 100.0), (0.0, 60.0), (5.0, 10.0 + index as f64), (9.0, 0.0)],
        };
        Holdings { unit: "ETH".to_owned(), caption: None, lines: (0..lines).map(line).collect() }
    }

    #[test]
    fn six_lines_are_drawn_and_the_rest_is_counted() {
        let identity = Identity {
            scenario: "a sale".to_owned(),
            shock: "none".to_owned(),
            seed: None,
            rulebook: "none".to_owned(),
            policies: Vec::new(),
            state_hash: "0123456789abcdef".to_owned(),
        };
        for layout in [Layout::Full, Layout::Half, Layout::Phone, Layout::Picture] {
            let sheet = Sheet { layout, title: "Held", identity: &identity };
            let picture = holdings(8).draw(Canvas::new(sheet));
            assert!(picture.contains("line 5") && !picture.contains("line 6"));
            assert!(picture.contains("The first 6 of 8 are drawn."));
            assert!(!picture.contains("NaN"));
        }
        assert_eq!(holdings(8).table().rows.len(), 32);
    }

    #[test]
    fn times_that_go_back_and_holdings_below_zero_are_refused_by_name() {
        let mut wrong = holdings(2);
        wrong.lines[1].points[3].0 = 4.0;
        assert!(wrong.check().unwrap_err().to_string().contains("holdings.lines[1].points[3].0"));
        wrong = holdings(1);
        wrong.lines[0].points[2].1 = -1.0;
        assert!(wrong.check().unwrap_err().to_string().contains("holdings.lines[0].points[2].1"));
        assert!(holdings(0).empty().is_some());
    }
}
