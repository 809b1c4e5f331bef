//! What each liquidation fetched, against the mark of its moment.

use super::Chart;
use super::bubbles::{self, Bubble};
use crate::axis::Axis;
use crate::canvas::{AXIS, Canvas, Plot, spread};
use crate::check;
use crate::error::ReportError;
use crate::input::{Execution, ExecutionGuide, ExecutionPoint};
use crate::number::{full, short};
use crate::svg::{Anchor, text_width};
use crate::table::{Column, Table, Value};

/// A guide this many times farther out than any point is named at the edge only.
const FAR: f64 = 2.0;

impl Chart for Execution {
    fn check(&self) -> Result<(), ReportError> {
        check::size(self.run_hours, || "execution.run_hours".to_owned())?;
        for (i, point) in self.points.iter().enumerate() {
            let field = |name: &str| format!("execution.points[{i}].{name}");
            check::drawable(point.at_hours, || field("at_hours"))?;
            check::drawable(point.discount_bps, || field("discount_bps"))?;
            check::size(point.debt_repaid_usd, || field("debt_repaid_usd"))?;
        }
        for (i, guide) in self.guides.iter().enumerate() {
            check::drawable(guide.discount_bps, || format!("execution.guides[{i}].discount_bps"))?;
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        self.points.is_empty().then_some("Nothing was sold, so there is no price to compare.")
    }

    fn caption(&self) -> String {
        "How far below the mark each liquidation sold on average, in basis points (100 bps are \
         1 %). Zero is the mark itself."
            .to_owned()
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let phone = canvas.is_phone();
        let levels = self.points.iter().map(|p| p.discount_bps);
        let highest = levels.clone().fold(0.0_f64, |most, level| most.max(level.abs()));
        let near = self.guides.iter().map(|g| g.discount_bps);
        let near = near.filter(|level| level.abs() <= highest * FAR);
        let y = Axis::from_zero(levels.chain(near), 5);
        let hours = self.points.iter().map(|p| p.at_hours).chain([0.0, self.run_hours]);
        let x = Axis::hours(hours, if phone { 5 } else { 9 });
        let most = self.points.iter().map(|p| p.debt_repaid_usd).fold(0.0, f64::max);
        canvas.legend(&bubbles::keys(most, phone));
        let height = if phone { 190.0 } else { 240.0 };
        let room = if phone { 14.0 } else { self.guide_room(&y) };
        let plot = canvas.plot("discount to the mark, bps", &y, height, room);
        self.guides(&mut canvas, &plot, &y, phone);
        canvas.x_axis(&plot, &x, "simulated time, hours");
        let bubble = |p: &ExecutionPoint| Bubble {
            at: (plot.x(&x, p.at_hours), plot.y(&y, p.discount_bps)),
            amount_usd: p.debt_repaid_usd,
            hint: format!(
                "{}: {} USD repaid, {} bps below the mark after {} h",
                p.account,
                short(p.debt_repaid_usd, 4),
                short(p.discount_bps, 4),
                short(p.at_hours, 4)
            ),
        };
        bubbles::draw(&mut canvas, self.points.iter().map(bubble).collect());
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::number("at_hours", "Simulated time, hours"),
            Column::words("account", "Account"),
            Column::number("debt_repaid_usd", "Debt repaid, USD"),
            Column::number("discount_bps", "Discount to the mark, bps"),
        ];
        let row = |p: &ExecutionPoint| {
            vec![
                Value::Number(p.at_hours),
                Value::text(&p.account),
                Value::Number(p.debt_repaid_usd),
                Value::Number(p.discount_bps),
            ]
        };
        Table { columns, rows: self.points.iter().map(row).collect() }
    }
}

impl Execution {
    /// What each guide says; an arrow shows which way a level beyond the axis lies.
    fn guide_texts(&self, y: &Axis) -> Vec<String> {
        let text = |g: &ExecutionGuide| {
            let arrow = if g.discount_bps > y.hi() {
                " \u{2191}"
            } else if g.discount_bps < y.lo() {
                " \u{2193}"
            } else {
                ""
            };
            format!("{} {}{arrow}", g.label, full(g.discount_bps))
        };
        self.guides.iter().map(text).collect()
    }

    fn guide_room(&self, y: &Axis) -> f64 {
        self.guide_texts(y).iter().map(|t| text_width(t, AXIS) + 10.0).fold(14.0, f64::max)
    }

    /// Horizontal lines with their names: beside the plot, or on a phone above the line.
    fn guides(&self, canvas: &mut Canvas<'_>, plot: &Plot, y: &Axis, phone: bool) {
        let level = |g: &ExecutionGuide| plot.y(y, g.discount_bps.clamp(y.lo(), y.hi()));
        let levels: Vec<f64> = self.guides.iter().map(level).collect();
        let offset = if phone { 13.0 } else { 4.0 };
        let wanted: Vec<f64> = levels.iter().map(|at| at + offset).collect();
        let baselines = spread(&wanted, 14.0, plot.top + 4.0, plot.bottom);
        for (index, text) in self.guide_texts(y).iter().enumerate() {
            let (guide, at) = (&self.guides[index], levels[index]);
            if guide.discount_bps >= y.lo() && guide.discount_bps <= y.hi() {
                canvas.svg.line("guide", (plot.left, at), (plot.right, at));
            }
            let (anchor, x) =
                if phone { (Anchor::End, plot.right) } else { (Anchor::Start, plot.right + 6.0) };
            canvas.svg.text("t-axis", (x, baselines[index]), anchor, text);
        }
    }
}
