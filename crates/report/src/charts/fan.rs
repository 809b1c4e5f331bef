//! Quantiles of a price over time.

use super::Chart;
use crate::axis::Axis;
use crate::canvas::{Canvas, Key};
use crate::check;
use crate::error::ReportError;
use crate::input::Fan;
use crate::svg::{line_path, px};
use crate::table::{Column, Table, Value};

impl Chart for Fan {
    fn check(&self) -> Result<(), ReportError> {
        check::ascending(self.hours.iter().copied(), |i| format!("fan.hours[{i}]"))?;
        let line = |values: &[f64], field: &str| {
            check::same_length(values.len(), self.hours.len(), "fan.hours", || field.to_owned())?;
            values
                .iter()
                .enumerate()
                .try_for_each(|(i, value)| check::drawable(*value, || format!("{field}[{i}]")))
        };
        line(&self.median, "fan.median")?;
        for (i, band) in self.bands.iter().enumerate() {
            line(&band.low, &format!("fan.bands[{i}].low"))?;
            line(&band.high, &format!("fan.bands[{i}].high"))?;
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        self.hours.is_empty().then_some("No path was finished.")
    }

    fn caption(&self) -> String {
        let names: Vec<&str> = self.bands.iter().map(|band| band.name.as_str()).collect();
        format!("The median, and bands that hold {} at each moment.", names.join(", "))
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let phone = canvas.is_phone();
        let edges = self.bands.iter().flat_map(|band| band.low.iter().chain(&band.high));
        let y = Axis::around(edges.chain(&self.median).copied(), 5);
        let x = Axis::hours(self.hours.iter().copied().chain([0.0]), if phone { 5 } else { 9 });
        let mut legend: Vec<(Key, String)> = vec![(Key::Line("line s-blue"), "median".to_owned())];
        // The bands lie on each other, the widest beneath.
        let bands = self.bands.iter().zip(1..);
        legend.extend(
            bands.map(|(band, layers)| (Key::Layers("area f-blue", layers), band.name.clone())),
        );
        canvas.legend(&legend);
        let plot = canvas.plot(&self.unit, &y, if phone { 200.0 } else { 260.0 }, 14.0);
        canvas.x_axis(&plot, &x, "hours after the start");
        let places = |values: &[f64]| -> Vec<(f64, f64)> {
            let pairs = self.hours.iter().zip(values);
            pairs.map(|(hour, value)| (plot.x(&x, *hour), plot.y(&y, *value))).collect()
        };
        for band in &self.bands {
            let mut edge = places(&band.high);
            edge.extend(places(&band.low).into_iter().rev());
            canvas.svg.path("area f-blue", &closed(&edge));
        }
        canvas.svg.path("line s-blue", &line_path(&places(&self.median), false));
        canvas.finish()
    }

    fn table(&self) -> Table {
        let mut columns = vec![Column::number("at_hours", "After, hours")];
        columns.push(Column::number("median", "Median"));
        for band in &self.bands {
            let name = |side: &str| format!("{side} of {}", band.name);
            columns.push(Column::number(&name("low"), &name("Low")));
            columns.push(Column::number(&name("high"), &name("High")));
        }
        let row = |at: usize| {
            let mut row = vec![Value::Number(self.hours[at]), Value::Number(self.median[at])];
            for band in &self.bands {
                row.extend([Value::Number(band.low[at]), Value::Number(band.high[at])]);
            }
            row
        };
        Table { columns, rows: (0..self.hours.len()).map(row).collect() }
    }
}

/// A closed outline.
fn closed(points: &[(f64, f64)]) -> String {
    let mut data = String::new();
    for (i, (x, y)) in points.iter().enumerate() {
        let step = if i == 0 { 'M' } else { 'L' };
        data.push_str(&format!("{step}{} {}", px(*x), px(*y)));
    }
    if !data.is_empty() {
        data.push('Z');
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canvas::{Layout, Sheet};
    use crate::input::{FanBand, Identity};

    fn fan() -> Fan {
        let band = |name: &str, by: f64| FanBand {
            name: name.to_owned(),
            low: vec![1.0 - by, 0.9 - by],
            high: vec![1.0 + by, 0.9 + by],
        };
        let bands = vec![band("98 %", 0.2), band("<half>", 0.05)];
        Fan { unit: "of one".to_owned(), hours: vec![1.0, 2.0], bands, median: vec![1.0, 0.9] }
    }

    #[test]
    fn a_fan_is_drawn_in_every_layout_and_refuses_what_does_not_fit() {
        let identity = Identity {
            scenario: "a world".to_owned(),
            shock: "none".to_owned(),
            seed: Some(1),
            rulebook: "none".to_owned(),
            policies: Vec::new(),
            state_hash: "0123456789abcdef".to_owned(),
        };
        for layout in [Layout::Full, Layout::Half, Layout::Phone, Layout::Picture] {
            let picture =
                fan().draw(Canvas::new(Sheet { layout, title: "Fan", identity: &identity }));
            assert!(picture.contains("&lt;half&gt;") && picture.contains('Z'));
            assert!(!picture.contains("NaN"));
        }
        fan().check().unwrap();
        assert_eq!(fan().table().rows[1].len(), 6);
        let mut wrong = fan();
        wrong.bands[1].high.pop();
        assert!(wrong.check().unwrap_err().to_string().contains("fan.bands[1].high"));
        wrong = fan();
        wrong.median[1] = f64::NAN;
        assert!(wrong.check().unwrap_err().to_string().contains("fan.median[1]"));
        let none = Fan { hours: vec![], bands: vec![], median: vec![], ..fan() };
        assert!(none.empty().is_some());
    }
}
