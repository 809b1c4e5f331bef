//! A cascade round by round: debt repaid above, liquidations below.

use super::Chart;
use crate::axis::Axis;
use crate::canvas::{AXIS, Canvas, LABEL, Plot};
use crate::check;
use crate::error::ReportError;
use crate::input::{CascadeRound, CascadeRounds};
use crate::number::{grouped, short};
use crate::svg::{Anchor, text_width};
use crate::table::{Column, Table, Value};

impl Chart for CascadeRounds {
    fn check(&self) -> Result<(), ReportError> {
        for (i, round) in self.rounds.iter().enumerate() {
            check::size(round.debt_repaid_usd, || format!("rounds.rounds[{i}].debt_repaid_usd"))?;
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        self.rounds.is_empty().then_some("Nothing was liquidated, so there was no cascade.")
    }

    fn caption(&self) -> String {
        "Round 1 is what the path itself set off; each later round is what the price impact of the \
         round before set off."
            .to_owned()
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        // Room for the figures on top of the highest bars.
        const HEADROOM: f64 = 1.18;
        let debts = self.rounds.iter().map(|r| r.debt_repaid_usd * HEADROOM);
        let debt = Axis::exact_from_zero(debts, 3);
        let counts = self.rounds.iter().map(|r| r.liquidations as f64 * HEADROOM);
        let count = Axis::exact_from_zero(counts, 3);
        let left = Canvas::gutter(&debt).max(Canvas::gutter(&count));
        let debts: Vec<_> = self
            .rounds
            .iter()
            .map(|r| (r.debt_repaid_usd, short(r.debt_repaid_usd, 3), "f-orange"))
            .collect();
        let counts: Vec<_> = self
            .rounds
            .iter()
            .map(|r| (r.liquidations as f64, grouped(&r.liquidations.to_string()), "f-blue"))
            .collect();
        let plot = canvas.plot_from("debt repaid, USD", &debt, 110.0, left, 4.0);
        bars(&mut canvas, &plot, &debt, &debts);
        canvas.take(16.0);
        let plot = canvas.plot_from("liquidations, number", &count, 80.0, left, 4.0);
        bars(&mut canvas, &plot, &count, &counts);
        self.round_labels(&mut canvas, &plot);
        canvas.x_name(&plot, "round of the cascade");
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::number("round", "Round"),
            Column::number("liquidations", "Liquidations"),
            Column::number("debt_repaid_usd", "Debt repaid, USD"),
        ];
        let row = |r: &CascadeRound| {
            vec![
                Value::Whole(u64::from(r.round)),
                Value::Whole(r.liquidations),
                Value::Number(r.debt_repaid_usd),
            ]
        };
        Table { columns, rows: self.rounds.iter().map(row).collect() }
    }
}

impl CascadeRounds {
    /// Numbers of the rounds; with many rounds only every so many are named.
    fn round_labels(&self, canvas: &mut Canvas<'_>, plot: &Plot) {
        let slot = plot.width() / self.rounds.len() as f64;
        let widest = self.rounds.iter().map(|r| text_width(&r.round.to_string(), AXIS));
        let every = ((widest.fold(0.0, f64::max) + 8.0) / slot).ceil().max(1.0) as usize;
        for (index, round) in self.rounds.iter().enumerate().step_by(every) {
            let at = (plot.left + slot * (index as f64 + 0.5), plot.bottom + 17.0);
            canvas.svg.text("t-axis", at, Anchor::Middle, &round.round.to_string());
        }
    }
}

/// Bars with their values on top where there is room.
fn bars(canvas: &mut Canvas<'_>, plot: &Plot, y: &Axis, values: &[(f64, String, &'static str)]) {
    let slot = plot.width() / values.len() as f64;
    let gap = (slot * 0.15).min(14.0);
    // Few rounds would otherwise make slabs.
    let half = (slot / 2.0 - gap).clamp(0.5, 36.0);
    let labelled = values.iter().all(|(_, text, _)| text_width(text, LABEL) < slot);
    for (index, (value, text, class)) in values.iter().enumerate() {
        let middle = plot.left + slot * (index as f64 + 0.5);
        let top = plot.y(y, *value);
        if *value > 0.0 {
            let top = top.min(plot.bottom - 0.75);
            canvas.svg.rect(class, (middle - half, top), (middle + half, plot.bottom), text);
        }
        if labelled {
            let at = (middle, (top - 5.0).max(plot.top + 9.0));
            canvas.svg.text("t-label", at, Anchor::Middle, text);
        }
    }
    canvas.svg.line("base", (plot.left, plot.bottom), (plot.right, plot.bottom));
}
