//! A loss and who bore it, as bars hanging one from the other.

use super::Chart;
use crate::axis::Axis;
use crate::canvas::{AXIS, Canvas, LABEL, Plot, STRONG};
use crate::check;
use crate::error::ReportError;
use crate::input::{LossKind, LossStep, Waterfall};
use crate::number::{figure, full, grouped};
use crate::svg::{Anchor, fit, text_width};
use crate::table::{Column, Table, Value};

/// Geometry of one step, in pixels from the top of its row.
struct Row {
    height: f64,
    /// Baseline of the name.
    name: f64,
    /// Top and bottom of the bar.
    bar: (f64, f64),
    names_above: bool,
}

const BESIDE: Row = Row { height: 28.0, name: 18.0, bar: (5.0, 23.0), names_above: false };

/// On a phone the name stands above its bar.
const STACKED: Row = Row { height: 42.0, name: 14.0, bar: (20.0, 36.0), names_above: true };

impl Chart for Waterfall {
    fn check(&self) -> Result<(), ReportError> {
        for (i, step) in self.steps.iter().enumerate() {
            check::drawable(step.amount_usd.axis(), || format!("waterfall.steps[{i}].amount_usd"))?;
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        self.steps.is_empty().then_some("The run gave no steps of a loss.")
    }

    fn caption(&self) -> String {
        "The loss from the top down: each bar hangs from where the one above it ended, and shows \
         who bore that part."
            .to_owned()
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let row = if canvas.is_phone() { STACKED } else { BESIDE };
        let spans = self.spans();
        let ends = spans.iter().flat_map(|(from, to)| [*from, *to]);
        let x = Axis::exact_from_zero(ends, if canvas.is_phone() { 3 } else { 4 });
        let values: Vec<String> = self.steps.iter().map(|s| figure(&s.amount_usd)).collect();
        let widest = values.iter().map(|v| text_width(v, STRONG)).fold(0.0, f64::max);
        let names = self.steps.iter().map(|s| text_width(&s.name, STRONG)).fold(0.0, f64::max);
        let left = if row.names_above { 1.0 } else { (names + 12.0).min(canvas.width() * 0.4) };

        canvas.take(4.0);
        let height = row.height * self.steps.len() as f64;
        let top = canvas.take(height);
        let right = canvas.width() - widest - 12.0;
        let plot = Plot { left, right, top, bottom: top + height };
        for (value, label) in &x.ticks {
            let at = plot.x(&x, *value);
            let class = if *value == 0.0 { "base" } else { "grid" };
            canvas.svg.line(class, (at, plot.top), (at, plot.bottom));
            // An end label may reach beside the plot, but not beyond the sheet.
            let half = text_width(label, AXIS) / 2.0;
            let centre = at.clamp(half, canvas.width() - half);
            canvas.svg.text("t-axis", (centre, plot.bottom + 16.0), Anchor::Middle, label);
        }
        for (index, value) in values.iter().enumerate() {
            self.row(&mut canvas, &plot, &row, index, value);
            self.bar(&mut canvas, &plot, &x, &row, index, spans[index]);
        }
        canvas.x_name(&plot, "USD");
        self.note_gaps(&mut canvas, &spans);
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::words("step", "Step"),
            Column::words("kind", "Kind"),
            Column::number("amount_usd", "Amount, USD"),
        ];
        let row = |s: &LossStep| {
            vec![
                Value::text(&s.name),
                Value::text(kind_name(s.kind)),
                Value::Exact(s.amount_usd.clone()),
            ]
        };
        Table { columns, rows: self.steps.iter().map(row).collect() }
    }
}

impl Waterfall {
    /// Where each bar starts and ends: geometry only, the amounts are printed as given.
    fn spans(&self) -> Vec<(f64, f64)> {
        let mut level = 0.0;
        let span = |step: &LossStep| {
            let from = if step.kind == LossKind::Total { 0.0 } else { level };
            level = from + step.amount_usd.axis();
            (from, level)
        };
        self.steps.iter().map(span).collect()
    }

    /// Name and figure of a step.
    fn row(&self, canvas: &mut Canvas<'_>, plot: &Plot, row: &Row, index: usize, value: &str) {
        let step = &self.steps[index];
        let top = plot.top + row.height * index as f64;
        let class = if step.kind == LossKind::Total { "t-strong t-label" } else { "t-label" };
        let room = if row.names_above { canvas.width() } else { plot.left - 10.0 };
        let name = fit(&step.name, LABEL, room);
        let indent = if row.names_above { 5.0 } else { 0.0 };
        canvas.svg.text(class, (indent, top + row.name), Anchor::Start, &name);
        let end = (canvas.width(), top + (row.bar.0 + row.bar.1) / 2.0 + 4.0);
        canvas.svg.text(class, end, Anchor::End, value);
    }

    fn bar(
        &self,
        canvas: &mut Canvas<'_>,
        plot: &Plot,
        x: &Axis,
        row: &Row,
        index: usize,
        (from, to): (f64, f64),
    ) {
        let step = &self.steps[index];
        let top = plot.top + row.height * index as f64;
        let (mut a, b) = (plot.x(x, from), plot.x(x, to));
        if !step.amount_usd.is_zero() {
            // A step too small to see keeps a hairline of its colour.
            if (a - b).abs() < 2.0 {
                a = b + 2.0;
            }
            let hint = format!("{}: {} USD", step.name, grouped(step.amount_usd.as_str()));
            let corners = ((a, top + row.bar.0), (b, top + row.bar.1));
            canvas.svg.rect(colour(step.kind), corners.0, corners.1, &hint);
        }
        // Where names stand between the bars, a connector would cross them.
        if index + 1 < self.steps.len() && !row.names_above {
            let next = top + row.height + row.bar.0;
            canvas.svg.line("base", (b, top + row.bar.1), (b, next));
        }
    }

    /// Says so if the steps above a total do not arrive at it, instead of hiding the gap.
    fn note_gaps(&self, canvas: &mut Canvas<'_>, spans: &[(f64, f64)]) {
        for index in 1..self.steps.len() {
            let step = &self.steps[index];
            let (reached, stated) = (spans[index - 1].1, spans[index].1);
            // Half a cent, and what binary fractions lose on large amounts.
            let slack = 0.005 + 1e-9 * reached.abs().max(stated.abs());
            if step.kind == LossKind::Total && (reached - stated).abs() > slack {
                let (reached, stated) = (full(reached), full(stated));
                canvas.note(format!(
                    "The steps above \u{201C}{}\u{201D} arrive at {reached} USD, but it is stated \
                     as {stated} USD.",
                    step.name
                ));
            }
        }
    }
}

fn colour(kind: LossKind) -> &'static str {
    match kind {
        LossKind::Total => "f-grey",
        LossKind::Borrower => "f-blue",
        LossKind::Incentive => "f-orange",
        LossKind::Impact => "f-purple",
        LossKind::Cost => "f-sky",
        LossKind::Backstop => "f-green",
        LossKind::BadDebtBooked | LossKind::BadDebtOpen => "f-vermilion",
    }
}

fn kind_name(kind: LossKind) -> &'static str {
    match kind {
        LossKind::Total => "total",
        LossKind::Borrower => "borrowers",
        LossKind::Incentive => "incentive",
        LossKind::Impact => "price impact",
        LossKind::Cost => "cost",
        LossKind::Backstop => "backstop",
        LossKind::BadDebtBooked => "bad debt, booked",
        LossKind::BadDebtOpen => "bad debt, open",
    }
}
