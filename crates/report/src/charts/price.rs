//! Price over simulated time, with the liquidations along it.

use super::Chart;
use super::bubbles::{self, Bubble};
use crate::axis::Axis;
use crate::canvas::{Canvas, Key, Plot, STRONG};
use crate::check;
use crate::error::ReportError;
use crate::input::{PricePath, PricePoint};
use crate::number::short;
use crate::svg::{Anchor, line_path, text_width};
use crate::table::{Column, Table, Value};

impl Chart for PricePath {
    fn check(&self) -> Result<(), ReportError> {
        check::ascending(self.points.iter().map(|p| p.at_hours), |i| {
            format!("price.points[{i}].at_hours")
        })?;
        for (i, point) in self.points.iter().enumerate() {
            check::drawable(point.path, || format!("price.points[{i}].path"))?;
            check::drawable(point.mark, || format!("price.points[{i}].mark"))?;
        }
        for (i, mark) in self.liquidations.iter().enumerate() {
            let field = |name: &str| format!("price.liquidations[{i}].{name}");
            check::drawable(mark.at_hours, || field("at_hours"))?;
            check::drawable(mark.mark, || field("mark"))?;
            check::size(mark.debt_repaid_usd, || field("debt_repaid_usd"))?;
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        self.points.is_empty().then_some("The run gave no price path.")
    }

    fn caption(&self) -> String {
        let second = match &self.second {
            Some(line) => format!(" {}", line.told),
            None if self.has_impact() => {
                " The purple line is the mark the engine saw: the path plus \
                                          price impact of earlier sales that had not yet recovered."
                    .to_owned()
            }
            None => String::new(),
        };
        let circles = match (&self.second, self.liquidations.is_empty()) {
            (Some(_), true) => "",
            _ => "; each circle is a liquidation at the mark of its moment",
        };
        format!("{} over simulated time{circles}.{second}", self.pair)
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let phone = canvas.is_phone();
        let prices = self.points.iter().flat_map(|p| [p.path, p.mark]);
        let y = Axis::around(prices.chain(self.liquidations.iter().map(|l| l.mark)), 5);
        let hours = self.points.iter().map(|p| p.at_hours);
        let hours = hours.chain(self.liquidations.iter().map(|l| l.at_hours));
        let x = Axis::hours(hours, if phone { 5 } else { 9 });

        canvas.legend(&self.legend(phone));
        let name = format!("{}, {}", self.pair, self.unit);
        let plot = canvas.plot(&name, &y, if phone { 210.0 } else { 320.0 }, 14.0);
        canvas.x_axis(&plot, &x, "simulated time, hours");
        let line = |value: fn(&PricePoint) -> f64| {
            let at = |p: &PricePoint| (plot.x(&x, p.at_hours), plot.y(&y, value(p)));
            line_path(&self.points.iter().map(at).collect::<Vec<_>>(), true)
        };
        let bubble = |l: &crate::input::LiquidationMark| Bubble {
            at: (plot.x(&x, l.at_hours), plot.y(&y, l.mark)),
            amount_usd: l.debt_repaid_usd,
            hint: format!(
                "{}: {} USD repaid at {} {} after {} h",
                l.account,
                short(l.debt_repaid_usd, 4),
                short(l.mark, 6),
                self.unit,
                short(l.at_hours, 4)
            ),
        };
        bubbles::draw(&mut canvas, self.liquidations.iter().map(bubble).collect());
        // The lines come last, so that no crowd of circles hides them.
        if self.has_impact() {
            canvas.svg.path("line s-purple", &line(|p| p.mark));
        }
        canvas.svg.path("line s-blue", &line(|p| p.path));
        if self.second.is_none() {
            self.label_low(&mut canvas, &plot, &x, &y);
        }
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::number("at_hours", "Simulated time, hours"),
            Column::number("path", &format!("Path, {}", self.unit)),
            Column::number("mark", &format!("Mark, {}", self.unit)),
        ];
        let row = |p: &PricePoint| {
            vec![Value::Number(p.at_hours), Value::Number(p.path), Value::Number(p.mark)]
        };
        Table { columns, rows: self.points.iter().map(row).collect() }
    }
}

impl PricePath {
    /// Whether the mark ever left the path, so that a second line is worth its ink.
    fn has_impact(&self) -> bool {
        self.points.iter().any(|p| p.path != p.mark)
    }

    fn legend(&self, phone: bool) -> Vec<(Key, String)> {
        let mut legend = vec![(Key::Line("line s-blue"), "path of the scenario".to_owned())];
        if self.has_impact() {
            let name = self.second.as_ref().map_or("mark, with impact", |line| &line.name);
            legend.push((Key::Line("line s-purple"), name.to_owned()));
        }
        if !self.liquidations.is_empty() {
            let most = self.liquidations.iter().map(|l| l.debt_repaid_usd).fold(0.0, f64::max);
            legend.extend(bubbles::keys(most, phone));
        }
        legend
    }

    /// Writes the lowest mark beside its point.
    fn label_low(&self, canvas: &mut Canvas<'_>, plot: &Plot, x: &Axis, y: &Axis) {
        let lowest = self.points.iter().min_by(|a, b| a.mark.total_cmp(&b.mark));
        let Some(low) = lowest else { return };
        let text = format!("low {}", short(low.mark, 5));
        let at = (plot.x(x, low.at_hours), plot.y(y, low.mark));
        let room = text_width(&text, STRONG) + 22.0;
        // The label stands beside the point, on the side where it fits, clear of the circles.
        let (anchor, dx) =
            if at.0 - room > plot.left { (Anchor::End, -18.0) } else { (Anchor::Start, 18.0) };
        let baseline = (at.1 + 12.0).min(plot.bottom - 5.0);
        canvas.svg.text("t-strong t-label", (at.0 + dx, baseline), anchor, &text);
    }
}
