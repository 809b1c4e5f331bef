//! Expected cost against its deviation.

use super::Chart;
use crate::axis::Axis;
use crate::canvas::{AXIS, Canvas, Key, LABEL, Plot, spread};
use crate::check;
use crate::error::ReportError;
use crate::input::{Frontier, FrontierMark};
use crate::svg::{Anchor, fit, line_path, text_width};
use crate::table::{Column, Table, Value};

const CHOSEN: &str = "f-orange s-orange";
const OTHER: &str = "f-grey s-grey";

/// Most marks with a label: more would cover each other.
const MARKS_MAX: usize = 8;

impl Chart for Frontier {
    fn check(&self) -> Result<(), ReportError> {
        for (i, point) in self.points.iter().enumerate() {
            check::size(point.0, || format!("frontier.points[{i}].0"))?;
            check::drawable(point.1, || format!("frontier.points[{i}].1"))?;
        }
        for (i, mark) in self.marks.iter().enumerate() {
            let field = |name: &str| format!("frontier.marks[{i}].{name}");
            check::size(mark.deviation, || field("deviation"))?;
            check::drawable(mark.expected, || field("expected"))?;
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        let none = self.points.is_empty() && self.marks.is_empty();
        none.then_some("No schedule was worked out.")
    }

    fn caption(&self) -> String {
        let line = match self.points.is_empty() {
            true => "",
            false => {
                " No schedule lies below the line: whoever wants less of one pays more of the \
                      other."
            }
        };
        format!("What each schedule is expected to cost, and how far that may be off.{line}")
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let phone = canvas.is_phone();
        let marks = self.marks.iter().map(|mark| (mark.deviation, mark.expected));
        let all: Vec<(f64, f64)> = self.points.iter().copied().chain(marks).collect();
        let y = Axis::from_zero(all.iter().map(|point| point.1), 5);
        let x = Axis::from_zero(all.iter().map(|point| point.0), if phone { 4 } else { 6 });
        canvas.legend(&self.legend());
        let name = format!("expected cost, {}", self.unit);
        let plot = canvas.plot(&name, &y, if phone { 200.0 } else { 260.0 }, 14.0);
        canvas.x_axis(&plot, &x, &format!("standard deviation of the cost, {}", self.unit));
        let place = |point: &(f64, f64)| (plot.x(&x, point.0), plot.y(&y, point.1));
        let line: Vec<(f64, f64)> = self.points.iter().map(place).collect();
        canvas.svg.path("line s-blue", &line_path(&line, false));
        let marks = self.marks.iter().take(MARKS_MAX);
        let places: Vec<_> =
            marks.map(|mark| (mark, place(&(mark.deviation, mark.expected)))).collect();
        label(&mut canvas, &plot, &places);
        if self.marks.len() > MARKS_MAX {
            canvas.note(format!("The first {MARKS_MAX} of {} are marked.", self.marks.len()));
        }
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::words("schedule", "Schedule"),
            Column::number("deviation", &format!("Deviation, {}", self.unit)),
            Column::number("expected", &format!("Expected cost, {}", self.unit)),
        ];
        let row = |name: &str, deviation, expected| {
            vec![Value::text(name), Value::Number(deviation), Value::Number(expected)]
        };
        let marks = self.marks.iter().map(|mark| row(&mark.name, mark.deviation, mark.expected));
        let points = self.points.iter().map(|point| row("frontier", point.0, point.1));
        Table { columns, rows: marks.chain(points).collect() }
    }
}

impl Frontier {
    fn legend(&self) -> Vec<(Key, String)> {
        let mut legend = Vec::new();
        if !self.points.is_empty() {
            legend.push((Key::Line("line s-blue"), "best schedules".to_owned()));
        }
        if self.marks.iter().any(|mark| mark.chosen) {
            legend.push((Key::Circle(CHOSEN, 5.0), "this schedule".to_owned()));
        }
        if self.marks.iter().any(|mark| !mark.chosen) {
            legend.push((Key::Circle(OTHER, 5.0), "others".to_owned()));
        }
        legend
    }
}

/// Draws the marks with their names to the right, or to the left where the plot ends, apart from
/// each other.
fn label(canvas: &mut Canvas<'_>, plot: &Plot, places: &[(&FrontierMark, (f64, f64))]) {
    let wanted: Vec<f64> = places.iter().map(|(_, at)| at.1 - 6.0).collect();
    let heights = spread(&wanted, LABEL + 2.0, plot.top + LABEL, plot.bottom - 3.0);
    for ((mark, at), height) in places.iter().zip(heights) {
        let (class, radius) = if mark.chosen { (CHOSEN, 5.5) } else { (OTHER, 4.0) };
        canvas.svg.circle(class, *at, radius, &mark.name);
        let name = fit(&mark.name, AXIS, plot.width() * 0.4);
        let style = if mark.chosen { "t-strong t-label" } else { "t-axis" };
        if at.0 + 10.0 + text_width(&name, LABEL) < plot.right {
            canvas.svg.text(style, (at.0 + 9.0, height), Anchor::Start, &name);
        } else {
            canvas.svg.text(style, (at.0 - 9.0, height), Anchor::End, &name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canvas::{Layout, Sheet};
    use crate::charts::drawn;
    use crate::input::Identity;

    fn identity() -> Identity {
        Identity {
            scenario: "a sale".to_owned(),
            shock: "none".to_owned(),
            seed: None,
            rulebook: "none".to_owned(),
            policies: Vec::new(),
            state_hash: "0123456789abcdef".to_owned(),
        }
    }

    fn frontier() -> Frontier {
        let mark = |name: &str, deviation, expected, chosen| FrontierMark {
            name: name.to_owned(),
            deviation,
            expected,
            chosen,
        };
        Frontier {
            unit: "USD".to_owned(),
            points: vec![(100.0, 10.0), (60.0, 14.0), (20.0, 40.0)],
            marks: vec![mark("optimal", 60.0, 14.0, true), mark("even & <b>", 100.0, 10.0, false)],
        }
    }

    #[test]
    fn a_frontier_is_drawn_in_every_layout_and_escapes_its_names() {
        for layout in [Layout::Full, Layout::Half, Layout::Phone, Layout::Picture] {
            let picture = frontier().draw(Canvas::new(Sheet {
                layout,
                title: "Frontier",
                identity: &identity(),
            }));
            assert!(picture.contains("optimal") && picture.contains("even &amp; &lt;b&gt;"));
            assert!(!picture.contains("NaN") && !picture.contains("inf"));
        }
        assert_eq!(frontier().table().rows.len(), 5);
    }

    #[test]
    fn one_point_and_costs_below_zero_are_drawn_and_no_numbers_are_refused() {
        let mut odd = frontier();
        odd.points = vec![(5.0, -3.0)];
        odd.check().unwrap();
        drawn(&odd, "Frontier", Layout::Half, &identity());
        odd.points[0].0 = -1.0;
        let told = odd.check().unwrap_err().to_string();
        assert!(told.contains("frontier.points[0].0"), "{told}");
        odd = frontier();
        odd.marks[1].expected = f64::NAN;
        assert!(odd.check().unwrap_err().to_string().contains("frontier.marks[1].expected"));
        odd.marks.clear();
        odd.points.clear();
        assert!(odd.empty().is_some());
    }
}
