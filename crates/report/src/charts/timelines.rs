//! What several things went through over time.

use super::Chart;
use crate::canvas::{Canvas, Key, LABEL};
use crate::check;
use crate::error::ReportError;
use crate::input::Timelines;
use crate::svg::{Anchor, fit, text_width};
use crate::table::{Column, Table, Value};

/// Height of a lane.
const LANE: f64 = 34.0;
/// Height of a stretch, and of one in which nothing happens.
const BAND: f64 = 14.0;
const THIN: f64 = 2.0;

/// Classes of the states; the first is quiet and drawn thin. Later ones are not drawn.
const STATES: [&str; 5] = ["f-grey", "f-sky", "f-orange", "f-vermilion", "f-purple"];
/// Classes of the marks.
const MARKS: [&str; 6] = ["f-blue", "f-green", "f-ink", "f-vermilion", "f-purple", "f-orange"];

impl Chart for Timelines {
    fn check(&self) -> Result<(), ReportError> {
        check::ascending(self.ticks.iter().map(|tick| tick.0), |i| {
            format!("timelines.ticks[{i}].0")
        })?;
        for (i, lane) in self.lanes.iter().enumerate() {
            let ends = lane.spans.iter().flat_map(|span| [span.0, span.1]);
            check::ascending(ends, |j| format!("timelines.lanes[{i}].spans[{}]", j / 2))?;
            for (j, span) in lane.spans.iter().enumerate() {
                let field = || format!("timelines.lanes[{i}].spans[{j}].2");
                within(span.2, self.states.len(), field)?;
            }
            for (j, mark) in lane.marks.iter().enumerate() {
                check::drawable(mark.0, || format!("timelines.lanes[{i}].marks[{j}].0"))?;
                let field = || format!("timelines.lanes[{i}].marks[{j}].1");
                within(mark.1, self.kinds.len(), field)?;
            }
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        self.lanes.is_empty().then_some("There is nothing to tell.")
    }

    fn caption(&self) -> String {
        self.caption.clone()
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let states = STATES.iter().zip(&self.states);
        let states = states.map(|(class, name)| (Key::Box(class), name.clone()));
        let kinds = MARKS.iter().zip(&self.kinds);
        let kinds = kinds.map(|(class, name)| (Key::Circle(class, 4.0), name.clone()));
        let legend: Vec<(Key, String)> = states.chain(kinds).collect();
        canvas.legend(&legend);
        let names = self.lanes.iter().map(|lane| text_width(&lane.name, LABEL)).fold(0.0, f64::max);
        let left = (names + 14.0).min(canvas.width() * 0.3);
        let right = canvas.width() - 10.0;
        let height = LANE * self.lanes.len() as f64;
        let top = canvas.take(height + 48.0) + 4.0;
        let (from, until) = self.range();
        let x = |value: f64| left + (value - from) / (until - from) * (right - left);
        // On a narrow sheet every second or third label has room.
        let widest = self.ticks.iter().map(|(_, text)| text_width(text, 11.5)).fold(0.0, f64::max);
        let room = ((right - left) / (widest + 10.0)).floor().max(1.0);
        let every = (self.ticks.len() as f64 / room).ceil().max(1.0) as usize;
        for (place, (value, text)) in self.ticks.iter().enumerate() {
            let at = x(*value);
            canvas.svg.line("grid", (at, top), (at, top + height));
            if place % every == 0 {
                canvas.svg.text("t-axis", (at, top + height + 16.0), Anchor::Middle, text);
            }
        }
        for (place, lane) in self.lanes.iter().enumerate() {
            let middle = top + LANE * (place as f64 + 0.5);
            let name = fit(&lane.name, LABEL, left - 10.0);
            canvas.svg.text("t-label", (0.0, middle + 4.0), Anchor::Start, &name);
            for (start, end, state) in &lane.spans {
                let half = if *state == 0 { THIN } else { BAND } / 2.0;
                let Some(class) = STATES.get(*state) else { continue };
                let corners =
                    ((x(*start), middle - half), (x(*end).max(x(*start) + 1.0), middle + half));
                let hint = self.states.get(*state).map_or("", String::as_str);
                canvas.svg.rect(class, corners.0, corners.1, hint);
            }
            // What comes later in the legend lies above: funding every hour must not hide a sale.
            let mut marks: Vec<_> = lane.marks.iter().collect();
            marks.sort_by_key(|(_, kind, _)| *kind);
            for (at, kind, told) in marks {
                let Some(class) = MARKS.get(*kind) else { continue };
                canvas.svg.circle(class, (x(*at), middle), 4.0, told);
            }
        }
        let at = (right, top + height + 34.0);
        canvas.svg.text("t-unit", at, Anchor::End, &self.axis);
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::words("lane", "Lane"),
            Column::number("from", "From"),
            Column::number("until", "Until"),
            Column::words("what", "What"),
        ];
        let mut rows = Vec::new();
        for lane in &self.lanes {
            for (from, until, state) in &lane.spans {
                let name = self.states.get(*state).map_or("", String::as_str);
                let ends = [Value::Number(*from), Value::Number(*until)];
                rows.push(row(&lane.name, ends, name));
            }
            for (at, _, told) in &lane.marks {
                rows.push(row(&lane.name, [Value::Number(*at), Value::Nothing], told));
            }
        }
        Table { columns, rows }
    }
}

impl Timelines {
    /// First and last time of everything drawn, apart by something.
    fn range(&self) -> (f64, f64) {
        let spans = self.lanes.iter().flat_map(|lane| lane.spans.iter());
        let ends = spans.flat_map(|span| [span.0, span.1]);
        let marks = self.lanes.iter().flat_map(|lane| lane.marks.iter().map(|mark| mark.0));
        let all: Vec<f64> = ends.chain(marks).chain(self.ticks.iter().map(|tick| tick.0)).collect();
        let from = all.iter().copied().fold(f64::INFINITY, f64::min);
        let until = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if from < until { (from, until) } else { (0.0, 1.0) }
    }
}

fn row(lane: &str, [from, until]: [Value; 2], what: &str) -> Vec<Value> {
    vec![Value::text(lane), from, until, Value::text(what)]
}

fn within(place: usize, names: usize, field: impl Fn() -> String) -> Result<(), ReportError> {
    if place < names {
        return Ok(());
    }
    Err(ReportError::OutOfRange { field: field(), value: place, limit: names })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canvas::{Layout, Sheet};
    use crate::input::{Identity, TimelineLane};

    fn timelines() -> Timelines {
        Timelines {
            caption: "Lanes.".to_owned(),
            axis: "days".to_owned(),
            ticks: (0..30).map(|day| (f64::from(day), format!("day {day}"))).collect(),
            states: vec!["quiet".to_owned(), "called".to_owned()],
            kinds: vec!["delivery".to_owned()],
            lanes: vec![TimelineLane {
                name: "an agreement".to_owned(),
                spans: vec![(0.0, 3.0, 0), (3.0, 5.0, 1), (5.0, 29.0, 0)],
                marks: vec![(4.0, 0, "delivers <all>".to_owned())],
            }],
        }
    }

    fn identity() -> Identity {
        Identity {
            scenario: "a book".to_owned(),
            shock: "none".to_owned(),
            seed: None,
            rulebook: "none".to_owned(),
            policies: Vec::new(),
            state_hash: "0123456789abcdef".to_owned(),
        }
    }

    #[test]
    fn lanes_are_drawn_in_every_layout() {
        let identity = identity();
        for layout in [Layout::Full, Layout::Half, Layout::Phone, Layout::Picture] {
            let sheet = Sheet { layout, title: "Lanes", identity: &identity };
            let picture = timelines().draw(Canvas::new(sheet));
            assert!(picture.contains("delivers &lt;all&gt;"), "{picture}");
            assert!(picture.contains("an agreement") && !picture.contains("NaN"));
        }
        assert_eq!(timelines().table().rows.len(), 4);
        timelines().check().unwrap();
    }

    #[test]
    fn a_mark_late_in_the_legend_lies_above_an_early_one() {
        let mut crossed = timelines();
        crossed.kinds.push("sale".to_owned());
        let lane = &mut crossed.lanes[0];
        lane.marks = vec![(4.0, 1, "a sale".to_owned()), (4.0, 0, "an hour".to_owned())];
        let identity = identity();
        let sheet = Sheet { layout: Layout::Full, title: "Lanes", identity: &identity };
        let picture = crossed.draw(Canvas::new(sheet));
        let place = |told: &str| picture.find(told).unwrap();
        assert!(place("an hour") < place("a sale"), "{picture}");
    }

    #[test]
    fn states_without_a_name_and_times_that_go_back_are_refused_by_name() {
        let mut wrong = timelines();
        wrong.lanes[0].spans[1].2 = 2;
        let told = wrong.check().unwrap_err().to_string();
        assert!(told.contains("timelines.lanes[0].spans[1].2"), "{told}");
        let mut wrong = timelines();
        wrong.lanes[0].spans[1].1 = 2.0;
        let told = wrong.check().unwrap_err().to_string();
        assert!(told.contains("timelines.lanes[0].spans[1]"), "{told}");
        let mut wrong = timelines();
        wrong.lanes[0].marks[0].0 = f64::NAN;
        assert!(wrong.check().is_err());
    }
}
