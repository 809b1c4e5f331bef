//! Values over two axes, as shades.

use super::Chart;
use crate::axis::Axis;
use crate::canvas::{Canvas, Key};
use crate::check;
use crate::error::ReportError;
use crate::input::HeatMap;
use crate::number::short;
use crate::table::{Column, Table, Value};

impl Chart for HeatMap {
    fn check(&self) -> Result<(), ReportError> {
        check::ascending(self.x_edges.iter().copied(), |i| format!("heat_map.x_edges[{i}]"))?;
        check::ascending(self.y_edges.iter().copied(), |i| format!("heat_map.y_edges[{i}]"))?;
        let edges = "rows and one more";
        check::same_length(self.y_edges.len(), self.rows.len() + 1, edges, || {
            "heat_map.y_edges".to_owned()
        })?;
        for (r, row) in self.rows.iter().enumerate() {
            let field = || format!("heat_map.rows[{r}]");
            check::same_length(row.len() + 1, self.x_edges.len(), "heat_map.x_edges", field)?;
            for (c, value) in row.iter().enumerate() {
                check::size(*value, || format!("heat_map.rows[{r}][{c}]"))?;
            }
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        let none = self.largest() <= 0.0;
        none.then_some("Nothing was liquidated in any path.")
    }

    fn caption(&self) -> String {
        format!(
            "{} by {} and {}; a shade is the root of its value, the darkest {}.",
            self.value_name,
            self.x_name,
            self.y_name,
            short(self.largest(), 4)
        )
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let phone = canvas.is_phone();
        let used = self.used_rows();
        let y = Axis::exact(self.y_edges[used.0..=used.1].iter().copied(), 6);
        let x = Axis::hours(self.x_edges.iter().copied(), if phone { 5 } else { 9 });
        canvas.legend(&[(Key::Box("cell"), self.value_name.clone())]);
        let plot = canvas.plot(&self.y_name, &y, if phone { 200.0 } else { 260.0 }, 14.0);
        canvas.x_axis(&plot, &x, &self.x_name);
        let largest = self.largest();
        for r in used.0..used.1 {
            for (c, value) in self.rows[r].iter().enumerate().filter(|(_, value)| **value > 0.0) {
                let a = (plot.x(&x, self.x_edges[c]), plot.y(&y, self.y_edges[r]));
                let b = (plot.x(&x, self.x_edges[c + 1]), plot.y(&y, self.y_edges[r + 1]));
                canvas.svg.shaded("cell", a, b, 0.06 + 0.9 * (value / largest).sqrt());
            }
        }
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::number("x_from", &format!("{}, from", self.x_name)),
            Column::number("y_from", &format!("{}, from", self.y_name)),
            Column::number("value", &self.value_name),
        ];
        let cells = self.rows.iter().enumerate().flat_map(|(r, row)| {
            let cell = move |(c, value): (usize, &f64)| {
                let at = [self.x_edges[c], self.y_edges[r], *value];
                (*value > 0.0).then(|| at.map(Value::Number).to_vec())
            };
            row.iter().enumerate().filter_map(cell)
        });
        Table { columns, rows: cells.collect() }
    }
}

impl HeatMap {
    fn largest(&self) -> f64 {
        self.rows.iter().flatten().copied().fold(0.0, f64::max)
    }

    /// The rows between the first and the last that hold something.
    fn used_rows(&self) -> (usize, usize) {
        let holds = |row: &Vec<f64>| row.iter().any(|value| *value > 0.0);
        let from = self.rows.iter().position(holds).unwrap_or(0);
        let to = self.rows.iter().rposition(holds).map_or(self.rows.len(), |last| last + 1);
        (from, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canvas::{Layout, Sheet};
    use crate::input::Identity;

    fn map() -> HeatMap {
        HeatMap {
            x_name: "hours".to_owned(),
            y_name: "price <of one>".to_owned(),
            value_name: "repaid".to_owned(),
            x_edges: vec![0.0, 1.0, 2.0],
            y_edges: vec![0.0, 0.5, 1.0, 1.5],
            rows: vec![vec![0.0, 0.0], vec![1.0, 4.0], vec![0.0, 2.0]],
        }
    }

    #[test]
    fn a_map_is_drawn_where_it_holds_something_and_refuses_what_does_not_fit() {
        let identity = Identity {
            scenario: "a world".to_owned(),
            shock: "none".to_owned(),
            seed: Some(1),
            rulebook: "none".to_owned(),
            policies: Vec::new(),
            state_hash: "0123456789abcdef".to_owned(),
        };
        for layout in [Layout::Full, Layout::Half, Layout::Phone, Layout::Picture] {
            let picture =
                map().draw(Canvas::new(Sheet { layout, title: "Map", identity: &identity }));
            assert_eq!(picture.matches("fill-opacity=").count(), 3);
            assert!(picture.contains("&lt;of one&gt;") && !picture.contains("NaN"));
        }
        map().check().unwrap();
        assert_eq!((map().used_rows(), map().table().rows.len()), ((1, 3), 3));
        let mut wrong = map();
        wrong.rows[2].push(1.0);
        assert!(wrong.check().unwrap_err().to_string().contains("heat_map.rows[2]"));
        wrong = map();
        wrong.rows[0][1] = -1.0;
        assert!(wrong.check().unwrap_err().to_string().contains("heat_map.rows[0][1]"));
        wrong.rows = vec![vec![0.0; 2]; 3];
        assert!(wrong.empty().is_some());
    }
}
