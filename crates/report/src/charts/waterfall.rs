//! A loss and who bore it, as bars hanging one from the other.

use super::Chart;
use crate::axis::Axis;
use crate::canvas::{AXIS, Canvas, LABEL, Plot, STRONG};
use crate::check;
use crate::error::ReportError;
use crate::input::{LossKind, LossStep, Waterfall};
use crate::number::{grouped, short};
use crate::svg::{Anchor, fit, text_width};
use crate::table::{Column, Table, Value};

const ROW: f64 = 28.0;

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
        let spans = self.spans();
        let x = Axis::exact_from_zero(
            spans.iter().flat_map(|(a, b)| [*a, *b]),
            if canvas.is_phone() { 3 } else { 4 },
        );
        let values: Vec<String> =
            self.steps.iter().map(|s| short(s.amount_usd.axis(), 4)).collect();
        let widest = |texts: &mut dyn Iterator<Item = f64>| texts.fold(0.0, f64::max);
        let names = widest(&mut self.steps.iter().map(|s| text_width(&s.name, STRONG)));
        let figures = widest(&mut values.iter().map(|v| text_width(v, STRONG)));
        let left = (names + 12.0).min(canvas.width() * 0.4);
        let right = figures + 12.0;

        canvas.take(4.0);
        let top = canvas.take(ROW * self.steps.len() as f64);
        let bottom = top + ROW * self.steps.len() as f64;
        let plot = Plot { left, right: canvas.width() - right, top, bottom };
        for (value, _) in &x.ticks {
            let at = plot.x(&x, *value);
            let class = if *value == 0.0 { "base" } else { "grid" };
            canvas.svg.line(class, (at, top), (at, bottom));
        }
        for (index, step) in self.steps.iter().enumerate() {
            let at = top + ROW * index as f64;
            let name = fit(&step.name, LABEL, left - 10.0);
            let weight = if step.kind == LossKind::Total { "t-strong t-label" } else { "t-label" };
            canvas.svg.text(weight, (0.0, at + 18.0), Anchor::Start, &name);
            let end = (canvas.width(), at + 18.0);
            canvas.svg.text(weight, end, Anchor::End, &values[index]);
            self.bar(&mut canvas, &plot, &x, index, spans[index], at);
        }
        for (value, label) in &x.ticks {
            let at = plot.x(&x, *value);
            // The last label may reach under the column of figures, but not beyond the sheet.
            let centre = at.min(canvas.width() - text_width(label, AXIS) / 2.0);
            canvas.svg.text("t-axis", (centre, bottom + 16.0), Anchor::Middle, label);
        }
        canvas.x_name(&plot, "USD");
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

    fn bar(
        &self,
        canvas: &mut Canvas<'_>,
        plot: &Plot,
        x: &Axis,
        index: usize,
        (from, to): (f64, f64),
        at: f64,
    ) {
        let step = &self.steps[index];
        let (mut a, b) = (plot.x(x, from), plot.x(x, to));
        // A step too small to see keeps a hairline of its colour.
        if (a - b).abs() < 2.0 && !step.amount_usd.is_zero() {
            a = b + 2.0;
        }
        let hint = format!("{}: {} USD", step.name, grouped(step.amount_usd.as_str()));
        if !step.amount_usd.is_zero() {
            canvas.svg.rect(colour(step.kind), (a, at + 5.0), (b, at + ROW - 5.0), &hint);
        }
        if index + 1 < self.steps.len() {
            canvas.svg.line("base", (b, at + ROW - 5.0), (b, at + ROW + 5.0));
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
