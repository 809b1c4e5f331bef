//! Choices by two aims, and those that nothing beats.

use super::Chart;
use crate::axis::Axis;
use crate::canvas::{AXIS, Canvas, Key, LABEL, spread};
use crate::check;
use crate::error::ReportError;
use crate::input::{Front, FrontPoint};
use crate::svg::{Anchor, fit, line_path, text_width};
use crate::table::{Column, Table, Value};

const BEST: &str = "f-blue s-blue";
const CHOSEN: &str = "f-orange s-orange";
const OTHER: &str = "dot f-grey s-grey";

/// Most points with a label.
const LABELS_MAX: usize = 8;

impl Chart for Front {
    fn check(&self) -> Result<(), ReportError> {
        for (i, point) in self.points.iter().enumerate() {
            check::size(point.x, || format!("front.points[{i}].x"))?;
            check::size(point.y, || format!("front.points[{i}].y"))?;
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        self.points.is_empty().then_some("No other values were tried.")
    }

    fn caption(&self) -> String {
        "Lower and further left is better. Nothing that was tried beats a marked choice in every \
         aim; one that lies off the line is best in an aim that is not drawn."
            .to_owned()
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let phone = canvas.is_phone();
        let y = Axis::from_zero(self.points.iter().map(|point| point.y), 5);
        let xs = self.points.iter().map(|point| point.x);
        let x = Axis::from_zero(xs, if phone { 4 } else { 6 });
        canvas.legend(&[
            (Key::Circle(BEST, 4.5), "nothing beats it".to_owned()),
            (Key::Circle(CHOSEN, 4.5), "as the world is".to_owned()),
            (Key::Circle(OTHER, 4.0), "others".to_owned()),
        ]);
        let plot = canvas.plot(&self.y_name, &y, if phone { 200.0 } else { 260.0 }, 14.0);
        canvas.x_axis(&plot, &x, &self.x_name);
        let place = |point: &FrontPoint| (plot.x(&x, point.x), plot.y(&y, point.y));
        let line: Vec<(f64, f64)> = self.line().into_iter().map(place).collect();
        canvas.svg.path("line thin s-blue", &line_path(&line, false));
        for point in self.points.iter().filter(|point| !point.on_front && !point.chosen) {
            canvas.svg.circle(OTHER, place(point), 3.5, &point.name);
        }
        let marked = self.points.iter().filter(|point| point.on_front || point.chosen);
        let marked: Vec<(&FrontPoint, (f64, f64))> = marked.map(|p| (p, place(p))).collect();
        let named = &marked[..marked.len().min(LABELS_MAX)];
        let wanted: Vec<f64> = named.iter().map(|(_, at)| at.1 - 6.0).collect();
        let heights = spread(&wanted, LABEL + 2.0, plot.top + LABEL, plot.bottom - 3.0);
        for (point, at) in &marked {
            let class = if point.chosen { CHOSEN } else { BEST };
            canvas.svg.circle(class, *at, 4.5, &point.name);
        }
        for ((point, at), height) in named.iter().zip(heights) {
            let name = fit(&point.name, AXIS, plot.width() * 0.4);
            let right = at.0 + 10.0 + text_width(&name, LABEL) < plot.right;
            let (x, anchor) =
                if right { (at.0 + 8.0, Anchor::Start) } else { (at.0 - 8.0, Anchor::End) };
            canvas.svg.text("t-axis", (x, height), anchor, &name);
        }
        if marked.len() > LABELS_MAX {
            canvas.note(format!("The first {LABELS_MAX} of {} are named.", marked.len()));
        }
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::words("choice", "Choice"),
            Column::number("x", &self.x_name),
            Column::number("y", &self.y_name),
            Column::words("on_front", "On the front"),
        ];
        let row = |point: &FrontPoint| {
            let on = if point.on_front { "yes" } else { "no" };
            let name = Value::text(&point.name);
            vec![name, Value::Number(point.x), Value::Number(point.y), Value::text(on)]
        };
        Table { columns, rows: self.points.iter().map(row).collect() }
    }
}

impl Front {
    /// The best choices in both drawn aims, from the left: each lower than those before.
    fn line(&self) -> Vec<&FrontPoint> {
        let mut best: Vec<&FrontPoint> = self.points.iter().filter(|p| p.on_front).collect();
        best.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
        let mut lowest = f64::INFINITY;
        best.retain(|point| {
            let lower = point.y < lowest;
            lowest = lowest.min(point.y);
            lower
        });
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canvas::{Layout, Sheet};
    use crate::input::Identity;

    fn front() -> Front {
        let point = |name: &str, x, y, on_front| FrontPoint {
            name: name.to_owned(),
            x,
            y,
            on_front,
            chosen: name == "<now>",
        };
        Front {
            x_name: "paid".to_owned(),
            y_name: "shortfall".to_owned(),
            points: vec![
                point("b", 2.0, 2.0, true),
                point("<now>", 3.0, 3.0, false),
                point("a", 1.0, 5.0, true),
                point("fund", 4.0, 4.0, true),
            ],
        }
    }

    #[test]
    fn the_front_is_the_best_of_both_aims_and_every_layout_draws_it() {
        let names: Vec<&str> = vec!["a", "b"];
        let front = front();
        assert_eq!(front.line().iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), names);
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
                front.draw(Canvas::new(Sheet { layout, title: "Front", identity: &identity }));
            assert!(picture.contains("&lt;now&gt;") && !picture.contains("NaN"));
        }
        front.check().unwrap();
        assert_eq!(front.table().rows.len(), 4);
        let mut wrong = front.clone();
        wrong.points[2].y = -1.0;
        assert!(wrong.check().unwrap_err().to_string().contains("front.points[2].y"));
        wrong.points.clear();
        assert!(wrong.empty().is_some());
    }
}
