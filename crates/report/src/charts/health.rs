//! Debt by health factor at several moments, one panel each over a shared axis.

use super::Chart;
use crate::axis::Axis;
use crate::canvas::{AXIS, Canvas, Key, LABEL, Plot};
use crate::check;
use crate::error::ReportError;
use crate::input::{HealthBin, HealthDistribution, HealthMoment};
use crate::number::{full, grouped, short};
use crate::svg::{Anchor, text_width};
use crate::table::{Column, Table, Value};

impl Chart for HealthDistribution {
    fn check(&self) -> Result<(), ReportError> {
        let edges = self.bins.iter().flat_map(|b| [b.from, b.to.unwrap_or(b.from)]);
        check::ascending(edges, |i| {
            let edge = if i % 2 == 0 { "from" } else { "to" };
            format!("health.bins[{}].{edge}", i / 2)
        })?;
        let inner = self.bins.len().saturating_sub(1);
        if let Some(i) = self.bins.iter().take(inner).position(|bin| bin.to.is_none()) {
            return Err(ReportError::OpenBin { field: format!("health.bins[{i}].to") });
        }
        for (m, moment) in self.moments.iter().enumerate() {
            let field = |name: &str| format!("health.moments[{m}].{name}");
            let bins = self.bins.len();
            check::same_length(moment.debt_usd.len(), bins, "health.bins", || field("debt_usd"))?;
            check::same_length(moment.accounts.len(), bins, "health.bins", || field("accounts"))?;
            for (i, debt) in moment.debt_usd.iter().enumerate() {
                check::size(*debt, || field(&format!("debt_usd[{i}]")))?;
            }
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        let none = self.bins.is_empty() || self.moments.is_empty();
        none.then_some("The run gave no health factors.")
    }

    fn caption(&self) -> String {
        "Debt of all accounts by health factor. Left of the line at 1 an account may be liquidated; \
         left of 1.05 it is warned. All panels share their scales."
            .to_owned()
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let most = self.moments.iter().flat_map(|m| m.debt_usd.iter().copied());
        let y = Axis::from_zero(most, 2);
        let x = Axis::exact(
            self.edges().into_iter().flat_map(|(a, b)| [a, b]),
            if canvas.is_phone() { 4 } else { 8 },
        );
        canvas.legend(&[
            (Key::Box("f-vermilion"), "below 1".to_owned()),
            (Key::Box("f-orange"), "1 to 1.05".to_owned()),
            (Key::Box("f-blue"), "above".to_owned()),
        ]);
        let left = Canvas::gutter(&y);
        for (index, moment) in self.moments.iter().enumerate() {
            let name = if index == 0 { "debt, USD" } else { "" };
            let gap = if index == 0 { 0.0 } else { 12.0 };
            canvas.take(gap);
            let plot = canvas.plot_from(name, &y, 78.0, left, 8.0);
            self.panel(&mut canvas, &plot, &x, &y, moment);
            if index == 0 {
                self.explain_open_bin(&mut canvas, &plot);
            }
            if index + 1 == self.moments.len() {
                canvas.x_axis(&plot, &x, "health factor");
            } else {
                canvas.svg.line("base", (plot.left, plot.bottom), (plot.right, plot.bottom));
            }
        }
        canvas.finish()
    }

    fn table(&self) -> Table {
        let mut columns = vec![Column::words("health_factor", "Health factor")];
        for moment in &self.moments {
            let name = &moment.name;
            let debt = format!("debt_usd: {name}");
            columns.push(Column::number(&debt, &format!("Debt {name}, USD")));
            let accounts = format!("accounts: {name}");
            columns.push(Column::number(&accounts, &format!("Accounts {name}")));
        }
        let row = |(i, bin): (usize, &HealthBin)| {
            let mut row = vec![Value::Text(bin_name(bin))];
            for moment in &self.moments {
                row.push(Value::Number(moment.debt_usd[i]));
                row.push(Value::Whole(moment.accounts[i]));
            }
            row
        };
        Table { columns, rows: self.bins.iter().enumerate().map(row).collect() }
    }
}

impl HealthDistribution {
    /// Edges of the bins on the axis; an open bin is drawn as wide as the one before it.
    fn edges(&self) -> Vec<(f64, f64)> {
        let mut edges = Vec::with_capacity(self.bins.len());
        let mut width = 0.05;
        for bin in &self.bins {
            let to = bin.to.unwrap_or(bin.from + width);
            width = to - bin.from;
            edges.push((bin.from, to));
        }
        edges
    }

    fn panel(
        &self,
        canvas: &mut Canvas<'_>,
        plot: &Plot,
        x: &Axis,
        y: &Axis,
        moment: &HealthMoment,
    ) {
        for (index, (from, to)) in self.edges().into_iter().enumerate() {
            let debt = moment.debt_usd[index];
            if debt == 0.0 {
                continue;
            }
            // A hair between bars keeps bins apart; very narrow bins go without.
            let (a, b) = (plot.x(x, from), plot.x(x, to));
            let gap = if b - a > 3.0 { 0.5 } else { 0.0 };
            // The smallest bar still shows that something is there.
            let top = plot.y(y, debt).min(plot.bottom - 0.75);
            let hint = format!(
                "{}: {} USD of debt, {} accounts",
                bin_name(&self.bins[index]),
                short(debt, 4),
                grouped(&moment.accounts[index].to_string())
            );
            canvas.svg.rect(colour(from), (a + gap, top), (b - gap, plot.bottom), &hint);
        }
        for level in [1.0, 1.05] {
            if level > x.lo() && level < x.hi() {
                let at = plot.x(x, level);
                canvas.svg.line("guide", (at, plot.top), (at, plot.bottom));
            }
        }
        self.name_panel(canvas, plot, &moment.name);
    }

    fn name_panel(&self, canvas: &mut Canvas<'_>, plot: &Plot, name: &str) {
        let name = crate::svg::fit(name, LABEL, plot.width() * 0.7);
        canvas.svg.text("t-strong t-label", (plot.right, plot.top + 11.0), Anchor::End, &name);
    }

    fn explain_open_bin(&self, canvas: &mut Canvas<'_>, plot: &Plot) {
        let open = self.bins.last().is_some_and(|bin| bin.to.is_none());
        let note = "last bar: all above";
        if open && text_width(note, AXIS) < plot.width() * 0.5 {
            canvas.svg.text("t-axis", (plot.right, plot.top + 26.0), Anchor::End, note);
        }
    }
}

fn colour(from: f64) -> &'static str {
    // Edges such as 1.05 may be off by a rounding of their last digit.
    if from < 1.0 - 1e-9 {
        "f-vermilion"
    } else if from < 1.05 - 1e-9 {
        "f-orange"
    } else {
        "f-blue"
    }
}

fn bin_name(bin: &HealthBin) -> String {
    match bin.to {
        Some(to) => format!("{} to {}", full(bin.from), full(to)),
        None => format!("{} and above", full(bin.from)),
    }
}
