//! What a uniform fall would make liquidatable and leave uncovered.

use super::Chart;
use crate::axis::Axis;
use crate::canvas::{Canvas, Key, Plot, STRONG, spread};
use crate::check;
use crate::error::ReportError;
use crate::input::{AtRisk, AtRiskRow};
use crate::number::{full, short};
use crate::svg::{Anchor, line_path, px, text_width};
use crate::table::{Column, Table, Value};

/// One curve: how it is named and coloured, and what it shows.
struct Curve {
    name: &'static str,
    line: &'static str,
    area: &'static str,
    value: fn(&AtRiskRow) -> f64,
}

const CURVES: [Curve; 2] = [
    Curve {
        name: "liquidatable",
        line: "line s-orange",
        area: "area f-orange",
        value: |row| row.liquidatable_debt_usd,
    },
    Curve {
        name: "bad debt",
        line: "line s-vermilion",
        area: "area f-vermilion",
        value: |row| row.bad_debt_usd,
    },
];

impl Chart for AtRisk {
    fn check(&self) -> Result<(), ReportError> {
        check::ascending(self.rows.iter().map(|r| r.fall_percent), |i| {
            format!("at_risk.rows[{i}].fall_percent")
        })?;
        for (i, row) in self.rows.iter().enumerate() {
            let field = |name: &str| format!("at_risk.rows[{i}].{name}");
            check::size(row.liquidatable_debt_usd, || field("liquidatable_debt_usd"))?;
            check::size(row.bad_debt_usd, || field("bad_debt_usd"))?;
        }
        check::drawable(self.scale_to_usd, || "at_risk.scale_to_usd".to_owned())?;
        for (i, mark) in self.marks.iter().enumerate() {
            check::drawable(mark.fall_percent, || format!("at_risk.marks[{i}].fall_percent"))?;
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        self.rows.is_empty().then_some("The run gave no rows for the liquidations-at-risk curve.")
    }

    fn caption(&self) -> String {
        format!(
            "Debt that could be liquidated, and debt no collateral would cover, if everything fell \
             at once ({}).",
            self.what_falls
        )
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let phone = canvas.is_phone();
        let values = CURVES.iter().flat_map(|c| self.rows.iter().map(c.value));
        let y = Axis::from_zero(values.chain([self.scale_to_usd.max(0.0)]), 5);
        let x = Axis::exact(self.rows.iter().map(|r| r.fall_percent), if phone { 5 } else { 7 });
        if phone {
            canvas.legend(&CURVES.map(|c| (Key::Line(c.line), c.name.to_owned())));
        }
        let height = if phone { 190.0 } else { 250.0 };
        let plot = canvas.plot("debt, USD", &y, height, self.label_room(phone));
        self.marks(&mut canvas, &plot, &x);
        canvas.x_axis(&plot, &x, "uniform fall, %");
        for curve in &CURVES {
            let at = |r: &AtRiskRow| (plot.x(&x, r.fall_percent), plot.y(&y, (curve.value)(r)));
            let points: Vec<_> = self.rows.iter().map(at).collect();
            let line = line_path(&points, false);
            if let (Some(first), Some(last)) = (points.first(), points.last()) {
                let floor = px(plot.y(&y, 0.0));
                let area = format!("{line}L{} {floor}L{} {floor}Z", px(last.0), px(first.0));
                canvas.svg.path(curve.area, &area);
            }
            if let [only] = points.as_slice() {
                canvas.svg.circle(curve.line, *only, 3.0, curve.name);
            }
            canvas.svg.path(curve.line, &line);
        }
        self.end_labels(&mut canvas, &plot, &y, phone);
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::number("fall_percent", "Fall, %"),
            Column::number("liquidatable_debt_usd", "Liquidatable debt, USD"),
            Column::number("bad_debt_usd", "Bad debt, USD"),
        ];
        let row = |r: &AtRiskRow| {
            vec![
                Value::Number(r.fall_percent),
                Value::Number(r.liquidatable_debt_usd),
                Value::Number(r.bad_debt_usd),
            ]
        };
        Table { columns, rows: self.rows.iter().map(row).collect() }
    }
}

impl AtRisk {
    fn end_texts(&self, phone: bool) -> Vec<String> {
        let Some(last) = self.rows.last() else { return Vec::new() };
        let text = |c: &Curve| {
            let value = short((c.value)(last), 3);
            if phone { value } else { format!("{} {value}", c.name) }
        };
        CURVES.iter().map(text).collect()
    }

    fn label_room(&self, phone: bool) -> f64 {
        let widest =
            self.end_texts(phone).iter().map(|t| text_width(t, STRONG)).fold(0.0, f64::max);
        widest + 10.0
    }

    /// Names each curve at its right end.
    fn end_labels(&self, canvas: &mut Canvas<'_>, plot: &Plot, y: &Axis, phone: bool) {
        let Some(last) = self.rows.last() else { return };
        let wanted: Vec<f64> = CURVES.iter().map(|c| plot.y(y, (c.value)(last)) + 4.0).collect();
        let placed = spread(&wanted, 14.0, plot.top + 4.0, plot.bottom + 2.0);
        for (text, at) in self.end_texts(phone).iter().zip(placed) {
            canvas.svg.text("t-strong t-label", (plot.right + 6.0, at), Anchor::Start, text);
        }
    }

    /// Marked falls that lie on the axis, each name a line lower than the one before it.
    fn marks(&self, canvas: &mut Canvas<'_>, plot: &Plot, x: &Axis) {
        let mut baseline = plot.top + 12.0;
        for mark in &self.marks {
            if mark.fall_percent < x.lo() || mark.fall_percent > x.hi() {
                continue;
            }
            let at = plot.x(x, mark.fall_percent);
            canvas.svg.line("guide", (at, plot.top), (at, plot.bottom));
            let text = format!("{} ({} %)", mark.label, full(mark.fall_percent));
            let (anchor, dx) = if at - plot.left > plot.width() / 2.0 {
                (Anchor::End, -5.0)
            } else {
                (Anchor::Start, 5.0)
            };
            canvas.svg.text("t-axis", (at + dx, baseline), anchor, &text);
            baseline += 15.0;
        }
    }
}
