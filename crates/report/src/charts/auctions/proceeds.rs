//! What each lot fetched, against its value at the market's price.

use super::MOST;
use crate::axis::Axis;
use crate::canvas::{Canvas, Key};
use crate::charts::Chart;
use crate::check;
use crate::error::ReportError;
use crate::input::{Proceeds, ProceedsPoint};
use crate::number::short;
use crate::table::{Column, Table, Value};

const LOT: &str = "f-orange s-orange dot";

impl Chart for Proceeds {
    fn check(&self) -> Result<(), ReportError> {
        for (i, point) in self.points.iter().enumerate() {
            check::size(point.value_usd, || format!("proceeds.points[{i}].value_usd"))?;
            check::size(point.paid_usd, || format!("proceeds.points[{i}].paid_usd"))?;
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        self.points.is_empty().then_some("Nothing was sold.")
    }

    fn caption(&self) -> String {
        "What each lot fetched against what it was worth at the market's price of that moment. On \
         the line it fetched all of it, on the floor nothing."
            .to_owned()
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let phone = canvas.is_phone();
        let y = Axis::from_zero(self.points.iter().map(|p| p.paid_usd), 5);
        let x = Axis::exact_from_zero(self.points.iter().map(|p| p.value_usd), 5);
        canvas.legend(&[
            (Key::Line("guide"), "paid in full".to_owned()),
            (Key::Circle(LOT, 3.0), "lot".to_owned()),
        ]);
        let plot = canvas.plot("paid, USD", &y, if phone { 190.0 } else { 230.0 }, 14.0);
        canvas.x_axis(&plot, &x, "value, USD");
        let even = x.hi().min(y.hi());
        let from = (plot.x(&x, 0.0), plot.y(&y, 0.0));
        canvas.svg.line("guide", from, (plot.x(&x, even), plot.y(&y, even)));
        // Evenly spread over the lots, so that what is left out looks as what is drawn.
        let stride = self.points.len().div_ceil(MOST).max(1);
        for point in self.points.iter().step_by(stride) {
            let at = (plot.x(&x, point.value_usd), plot.y(&y, point.paid_usd));
            let hint = format!(
                "lot {}: {} USD for what was worth {}",
                point.lot,
                short(point.paid_usd, 5),
                short(point.value_usd, 5)
            );
            canvas.svg.circle(LOT, at, 2.5, &hint);
        }
        if stride > 1 {
            canvas.note(format!("One of {stride} lots is drawn."));
        }
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::number("lot", "Lot"),
            Column::number("value_usd", "Value, USD"),
            Column::number("paid_usd", "Paid, USD"),
        ];
        let row = |p: &ProceedsPoint| {
            vec![Value::Whole(p.lot), Value::Number(p.value_usd), Value::Number(p.paid_usd)]
        };
        Table { columns, rows: self.points.iter().map(row).collect() }
    }
}
