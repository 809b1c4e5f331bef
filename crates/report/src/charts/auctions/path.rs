//! The market's price, with the lots opened along it.

use super::{MOST, note_cut};
use crate::axis::Axis;
use crate::canvas::{Canvas, Key};
use crate::charts::Chart;
use crate::check;
use crate::error::ReportError;
use crate::input::{LotMark, LotPath};
use crate::svg::line_path;
use crate::table::{Column, Table, Value};

const SOLD: &str = "f-orange s-orange dot";
const AT_ZERO: &str = "f-vermilion s-vermilion dot";

/// Radius of the largest circle, in pixels.
const LARGEST: f64 = 22.0;

impl Chart for LotPath {
    fn check(&self) -> Result<(), ReportError> {
        check::ascending(self.points.iter().map(|p| p.0), |i| format!("lots.points[{i}].0"))?;
        for (i, point) in self.points.iter().enumerate() {
            check::drawable(point.1, || format!("lots.points[{i}].1"))?;
        }
        for (i, lot) in self.lots.iter().enumerate() {
            let field = |name: &str| format!("lots.lots[{i}].{name}");
            check::drawable(lot.at_hours, || field("at_hours"))?;
            check::drawable(lot.price, || field("price"))?;
            check::size(lot.value_usd, || field("value_usd"))?;
            check::size(lot.at_zero_usd, || field("at_zero_usd"))?;
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        self.points.is_empty().then_some("The run gave no price path.")
    }

    fn caption(&self) -> String {
        format!(
            "{} over simulated time. Each circle is what was put on auction at one moment, its area \
             the value; the part of it that was won for nothing lies on it.",
            self.pair
        )
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let phone = canvas.is_phone();
        let prices = self.points.iter().map(|p| p.1);
        let y = Axis::around(prices.chain(self.lots.iter().map(|lot| lot.price)), 5);
        let hours = self.points.iter().map(|p| p.0).chain(self.lots.iter().map(|l| l.at_hours));
        let x = Axis::hours(hours, if phone { 5 } else { 9 });
        canvas.legend(&[
            (Key::Line("line s-blue"), "price of the market".to_owned()),
            (Key::Circle(SOLD, 5.0), "lots opened".to_owned()),
            (Key::Circle(AT_ZERO, 5.0), "won at zero".to_owned()),
        ]);
        let name = format!("{}, {}", self.pair, self.unit);
        let plot = canvas.plot(&name, &y, if phone { 200.0 } else { 280.0 }, 14.0);
        canvas.x_axis(&plot, &x, "simulated time, hours");
        let most = self.lots.iter().map(|lot| lot.value_usd).fold(0.0, f64::max);
        let largest = if phone { LARGEST * 0.75 } else { LARGEST };
        let mut lots: Vec<&LotMark> = self.lots.iter().collect();
        // Large ones first, so that small ones stay visible.
        lots.sort_by(|a, b| b.value_usd.total_cmp(&a.value_usd));
        let radius = |value: f64| (value / most.max(f64::MIN_POSITIVE)).sqrt() * largest;
        for lot in lots.into_iter().take(MOST) {
            let at = (plot.x(&x, lot.at_hours), plot.y(&y, lot.price));
            canvas.svg.circle(SOLD, at, radius(lot.value_usd).max(1.5), &lot.hint);
            if lot.at_zero_usd > 0.0 {
                canvas.svg.circle(AT_ZERO, at, radius(lot.at_zero_usd).max(1.5), &lot.hint);
            }
        }
        note_cut(&mut canvas, self.lots.len(), "The largest");
        let line = |p: &(f64, f64)| (plot.x(&x, p.0), plot.y(&y, p.1));
        let line = line_path(&self.points.iter().map(line).collect::<Vec<_>>(), true);
        canvas.svg.path("line s-blue", &line);
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::number("at_hours", "Simulated time, hours"),
            Column::number("price", &format!("Price, {}", self.unit)),
        ];
        let row = |p: &(f64, f64)| vec![Value::Number(p.0), Value::Number(p.1)];
        Table { columns, rows: self.points.iter().map(row).collect() }
    }
}
