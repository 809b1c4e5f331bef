//! What selling an amount costs, and the lots that were sold.

use super::Chart;
use crate::axis::Axis;
use crate::canvas::{AXIS, Canvas, Key, Plot};
use crate::check;
use crate::error::ReportError;
use crate::input::{DepthCurve, DepthPoint};
use crate::number::short;
use crate::svg::{Anchor, fit, line_path, text_width};
use crate::table::{Column, Table, Value};

/// Beyond this many ticks on the axis only the largest lots are drawn.
const MOST_TICKS: usize = 2_000;

impl Chart for DepthCurve {
    fn check(&self) -> Result<(), ReportError> {
        check::ascending(self.points.iter().map(|p| p.amount), |i| {
            format!("depth.points[{i}].amount")
        })?;
        for (i, point) in self.points.iter().enumerate() {
            let field = |name: &str| format!("depth.points[{i}].{name}");
            check::size(point.amount, || field("amount"))?;
            check::drawable(point.average_discount_bps, || field("average_discount_bps"))?;
            check::drawable(point.marginal_discount_bps, || field("marginal_discount_bps"))?;
        }
        for (i, lot) in self.sold.iter().enumerate() {
            check::size(lot.amount, || format!("depth.sold[{i}].amount"))?;
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        self.points.is_empty().then_some("The run gave no depth of the market.")
    }

    fn caption(&self) -> String {
        let sold = if self.sold.is_empty() {
            "Nothing was sold."
        } else {
            "Each tick on the axis is a lot that was sold."
        };
        format!(
            "{}: discount of the last unit and on average, by amount sold at once. Beyond the last \
             point nobody quotes. {sold}",
            self.market
        )
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let phone = canvas.is_phone();
        let discounts =
            self.points.iter().flat_map(|p| [p.average_discount_bps, p.marginal_discount_bps]);
        let y = Axis::from_zero(discounts, 5);
        let amounts =
            self.points.iter().map(|p| p.amount).chain(self.sold.iter().map(|l| l.amount));
        let x = Axis::from_zero(amounts, if phone { 4 } else { 6 });
        canvas.legend(&self.legend());
        let plot =
            canvas.plot("discount to the mark, bps", &y, if phone { 190.0 } else { 250.0 }, 12.0);
        self.last_quote(&mut canvas, &plot, &x);
        canvas.x_axis(&plot, &x, &format!("amount sold at once, {}", self.amount_unit));
        let line = |value: fn(&DepthPoint) -> f64| -> Vec<(f64, f64)> {
            self.points.iter().map(|p| (plot.x(&x, p.amount), plot.y(&y, value(p)))).collect()
        };
        let curves = [
            ("line s-purple", line(|p| p.marginal_discount_bps)),
            ("line s-blue", line(|p| p.average_discount_bps)),
        ];
        for (class, points) in curves {
            if let [only] = points.as_slice() {
                canvas.svg.circle(class, *only, 3.0, "");
            }
            canvas.svg.path(class, &line_path(&points, false));
        }
        self.rug(&mut canvas, &plot, &x);
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::number("amount", &format!("Amount, {}", self.amount_unit)),
            Column::number("average_discount_bps", "Average discount, bps"),
            Column::number("marginal_discount_bps", "Discount of the last unit, bps"),
        ];
        let row = |p: &DepthPoint| {
            vec![
                Value::Number(p.amount),
                Value::Number(p.average_discount_bps),
                Value::Number(p.marginal_discount_bps),
            ]
        };
        Table { columns, rows: self.points.iter().map(row).collect() }
    }
}

impl DepthCurve {
    fn legend(&self) -> Vec<(Key, String)> {
        let mut legend = vec![
            (Key::Line("line s-purple"), "of the last unit".to_owned()),
            (Key::Line("line s-blue"), "on average".to_owned()),
        ];
        if !self.sold.is_empty() {
            legend.push((Key::Line("line s-orange"), "a lot that was sold".to_owned()));
        }
        legend
    }

    /// Marks where the quotes end, if the axis goes on.
    fn last_quote(&self, canvas: &mut Canvas<'_>, plot: &Plot, x: &Axis) {
        let Some(last) = self.points.last() else { return };
        let at = plot.x(x, last.amount);
        if plot.right - at < 2.0 {
            return;
        }
        canvas.svg.rect("area f-grey", (at, plot.top), (plot.right, plot.bottom), "no quote");
        let text = "no quote";
        if text_width(text, AXIS) + 6.0 < plot.right - at {
            let middle = ((at + plot.right) / 2.0, plot.bottom - 8.0);
            canvas.svg.text("t-axis", middle, Anchor::Middle, text);
        }
    }

    /// A tick for each lot, and a full line with its name for those that have one.
    fn rug(&self, canvas: &mut Canvas<'_>, plot: &Plot, x: &Axis) {
        let mut lots: Vec<_> = self.sold.iter().collect();
        lots.sort_by(|a, b| b.amount.total_cmp(&a.amount));
        if lots.len() > MOST_TICKS {
            let (shown, all) = (short(MOST_TICKS as f64, 4), short(lots.len() as f64, 6));
            canvas.note(format!("Only the {shown} largest of {all} lots are drawn."));
            lots.truncate(MOST_TICKS);
        }
        let mut baseline = plot.top + 11.0;
        for lot in lots {
            let at = plot.x(x, lot.amount);
            if lot.label.is_empty() {
                let foot = (at, plot.bottom - 12.0);
                canvas.svg.line("rug s-orange", foot, (at, plot.bottom));
                continue;
            }
            canvas.svg.line("line thin s-orange", (at, plot.top), (at, plot.bottom));
            let (anchor, dx, room) = if at - plot.left > plot.width() / 2.0 {
                (Anchor::End, -5.0, at - plot.left)
            } else {
                (Anchor::Start, 5.0, plot.right - at)
            };
            let text = fit(&lot.label, AXIS, room - 8.0);
            canvas.svg.text("t-axis", (at + dx, baseline), anchor, &text);
            baseline += 15.0;
        }
    }
}
