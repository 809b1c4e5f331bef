//! An order's slices against the market's mid.

use super::Chart;
use crate::axis::Axis;
use crate::canvas::{Canvas, Key};
use crate::check;
use crate::error::ReportError;
use crate::input::{SliceMark, Slices};
use crate::number::short;
use crate::svg::line_path;
use crate::table::{Column, Table, Value};

const SLICE: &str = "f-orange s-orange dot";

/// Radius of the largest circle, in pixels.
const LARGEST: f64 = 13.0;

impl Chart for Slices {
    fn check(&self) -> Result<(), ReportError> {
        check::ascending(self.mids.iter().map(|m| m.at_seconds), |i| {
            format!("slices.mids[{i}].at_seconds")
        })?;
        for (i, mid) in self.mids.iter().enumerate() {
            check::drawable(mid.mid, || format!("slices.mids[{i}].mid"))?;
        }
        check::ascending(self.slices.iter().map(|s| s.at_seconds), |i| {
            format!("slices.slices[{i}].at_seconds")
        })?;
        for (i, slice) in self.slices.iter().enumerate() {
            let field = |name: &str| format!("slices.slices[{i}].{name}");
            check::drawable(slice.average, || field("average"))?;
            check::drawable(slice.worst, || field("worst"))?;
            check::size(slice.quantity, || field("quantity"))?;
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        self.mids.is_empty().then_some("The order met no market.")
    }

    fn caption(&self) -> String {
        format!(
            "The mid of {} from the order's arrival on, and the average price of each slice, its area \
             the quantity. A thin line reaches to the worst level that the slice ate into.",
            self.pair
        )
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let phone = canvas.is_phone();
        let prices = self.slices.iter().flat_map(|slice| [slice.average, slice.worst]);
        let y = Axis::around(self.mids.iter().map(|mid| mid.mid).chain(prices), 5);
        let times = self.mids.iter().map(|mid| mid.at_seconds);
        let times = times.chain(self.slices.iter().map(|slice| slice.at_seconds));
        let x = Axis::exact(times, if phone { 5 } else { 9 });
        let most = self.slices.iter().map(|slice| slice.quantity).fold(0.0, f64::max);
        let largest = if phone { LARGEST * 0.75 } else { LARGEST };
        let largest_slice =
            format!("a slice; the largest is {} {}", short(most, 4), self.quantity_unit);
        canvas.legend(&[
            (Key::Line("line s-blue"), "mid of the market".to_owned()),
            (Key::Circle(SLICE, 5.0), largest_slice),
        ]);
        let name = format!("{}, {}", self.pair, self.unit);
        let plot = canvas.plot(&name, &y, if phone { 190.0 } else { 240.0 }, 14.0);
        canvas.x_axis(&plot, &x, "seconds after arrival");
        let mut slices: Vec<&SliceMark> = self.slices.iter().collect();
        // Large ones first, so that small ones stay visible.
        slices.sort_by(|a, b| b.quantity.total_cmp(&a.quantity));
        for slice in slices {
            let at = |price| (plot.x(&x, slice.at_seconds), plot.y(&y, price));
            canvas.svg.path(
                "line thin s-orange",
                &line_path(&[at(slice.average), at(slice.worst)], false),
            );
            let radius = (slice.quantity / most.max(f64::MIN_POSITIVE)).sqrt() * largest;
            let hint = format!(
                "{} {} at {} on average, {} at worst, after {} s",
                short(slice.quantity, 4),
                self.quantity_unit,
                short(slice.average, 7),
                short(slice.worst, 7),
                short(slice.at_seconds, 4)
            );
            canvas.svg.circle(SLICE, at(slice.average), radius.max(1.5), &hint);
        }
        let line = |mid: &crate::input::SliceMid| (plot.x(&x, mid.at_seconds), plot.y(&y, mid.mid));
        let line = line_path(&self.mids.iter().map(line).collect::<Vec<_>>(), true);
        canvas.svg.path("line s-blue", &line);
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::number("at_seconds", "Seconds after arrival"),
            Column::number("quantity", &format!("Quantity, {}", self.quantity_unit)),
            Column::number("average", &format!("Average price, {}", self.unit)),
            Column::number("worst", &format!("Worst price, {}", self.unit)),
        ];
        let row = |slice: &SliceMark| {
            let values = [slice.at_seconds, slice.quantity, slice.average, slice.worst];
            values.map(Value::Number).to_vec()
        };
        Table { columns, rows: self.slices.iter().map(row).collect() }
    }
}
