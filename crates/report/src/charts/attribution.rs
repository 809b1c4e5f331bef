//! Profit of several hedges by its sources: gains to the right of a line, losses to its left.

use super::Chart;
use crate::canvas::{Canvas, LABEL};
use crate::check;
use crate::decimal::Decimal;
use crate::error::ReportError;
use crate::input::{AttributedHedge, AttributionBars};
use crate::number::{figure, grouped};
use crate::svg::{Anchor, fit, text_width};
use crate::table::{Column, Table, Value};

const ROW: f64 = 22.0;
const HEAD: f64 = 26.0;
const GAIN: &str = "f-green";
const LOSS: &str = "f-vermilion";
const TOTAL: &str = "f-blue";

impl Chart for AttributionBars {
    fn check(&self) -> Result<(), ReportError> {
        for (i, hedge) in self.hedges.iter().enumerate() {
            let field = || format!("attribution.hedges[{i}].amounts");
            check::same_length(hedge.amounts.len(), self.sources.len(), "sources", field)?;
            for (j, amount) in hedge.amounts.iter().enumerate() {
                let field = || format!("attribution.hedges[{i}].amounts[{j}]");
                check::drawable(amount.axis(), field)?;
            }
            check::drawable(hedge.total.axis(), || format!("attribution.hedges[{i}].total"))?;
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        let none = self.hedges.is_empty() || self.sources.is_empty();
        none.then_some("There is nothing to attribute.")
    }

    fn caption(&self) -> String {
        self.caption.clone()
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let across = if canvas.is_phone() { 1 } else { 2 };
        let gap = 24.0;
        let names = self.sources.iter().map(|name| text_width(name, LABEL));
        let left = (names.fold(text_width("total", LABEL), f64::max) + 12.0)
            .min(canvas.width() * if across == 1 { 0.3 } else { 0.16 });
        let width = (canvas.width() - left - gap * (across as f64 - 1.0)) / across as f64;
        let height = HEAD + ROW * (self.sources.len() + 1) as f64 + 16.0;
        // One scale for all, so that hedges can be compared by eye.
        let amounts =
            || self.hedges.iter().flat_map(|hedge| hedge.amounts.iter().chain([&hedge.total]));
        let reach = |sign: f64| amounts().map(|it| it.axis() * sign).fold(0.0, f64::max);
        let label = amounts().map(|it| text_width(&figure(it), LABEL)).fold(0.0, f64::max) + 8.0;
        let span = (reach(1.0) + reach(-1.0)).max(f64::MIN_POSITIVE);
        let scale = (width - 2.0 * label).max(20.0) / span;
        let zero = label + reach(-1.0) * scale;
        for line in self.hedges.chunks(across) {
            let top = canvas.take(height);
            let names = self.sources.iter().map(String::as_str).chain(["total"]);
            for (index, name) in names.enumerate() {
                let at = top + HEAD + ROW * index as f64;
                canvas.svg.line("grid", (0.0, at), (canvas.width(), at));
                let name = fit(name, LABEL, left - 10.0);
                canvas.svg.text("t-label", (0.0, at + 15.0), Anchor::Start, &name);
            }
            for (index, hedge) in line.iter().enumerate() {
                let at = left + (width + gap) * index as f64;
                self.hedge(&mut canvas, hedge, (at, top), at + zero, scale);
            }
        }
        canvas.note(format!("Amounts in {}.", self.unit));
        canvas.finish()
    }

    fn table(&self) -> Table {
        let mut columns = vec![Column::words("hedge", "Hedge")];
        let column = |name: &String| Column::number(name, &format!("{name}, {}", self.unit));
        columns.extend(self.sources.iter().map(column));
        columns.push(Column::number("total", &format!("total, {}", self.unit)));
        let row = |hedge: &AttributedHedge| {
            let amounts = hedge.amounts.iter().chain([&hedge.total]);
            let mut row = vec![Value::text(&hedge.name)];
            row.extend(amounts.map(|amount| Value::Exact(amount.clone())));
            row
        };
        Table { columns, rows: self.hedges.iter().map(row).collect() }
    }
}

impl AttributionBars {
    /// One hedge with its bars around `zero`.
    fn hedge(
        &self,
        canvas: &mut Canvas<'_>,
        hedge: &AttributedHedge,
        at: (f64, f64),
        zero: f64,
        scale: f64,
    ) {
        canvas.svg.text("t-strong t-label", (at.0, at.1 + 14.0), Anchor::Start, &hedge.name);
        let names = self.sources.iter().map(String::as_str).chain(["total"]);
        let amounts = hedge.amounts.iter().chain([&hedge.total]);
        for (index, (name, amount)) in names.zip(amounts).enumerate() {
            let middle = at.1 + HEAD + ROW * (index as f64 + 0.5);
            let end = zero + bar(amount, scale);
            let class = match index == self.sources.len() {
                true => TOTAL,
                false if amount.axis() < 0.0 => LOSS,
                false => GAIN,
            };
            if !amount.is_zero() {
                let hint =
                    format!("{}, {name}: {} {}", hedge.name, grouped(amount.as_str()), self.unit);
                let (low, high) = (zero.min(end), zero.max(end));
                canvas.svg.rect(class, (low, middle - 6.0), (high, middle + 6.0), &hint);
            }
            let (place, anchor) = match amount.axis() < 0.0 {
                true => (end - 5.0, Anchor::End),
                false => (end + 5.0, Anchor::Start),
            };
            canvas.svg.text("t-label", (place, middle + 4.0), anchor, &figure(amount));
        }
        let foot = at.1 + HEAD + ROW * (self.sources.len() + 1) as f64;
        canvas.svg.line("base", (zero, at.1 + HEAD), (zero, foot));
    }
}

/// Length of a bar, with its sign; one too small to see keeps a hairline.
fn bar(amount: &Decimal, scale: f64) -> f64 {
    let length = amount.axis() * scale;
    if length < 0.0 { length.min(-1.0) } else { length.max(1.0) }
}
