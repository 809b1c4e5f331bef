//! The sheet that a chart is drawn on: title, legend, plot areas with axes, foot.

use crate::axis::Axis;
use crate::input::Identity;
use crate::palette;
use crate::svg::{Anchor, Svg, escape, fit, px, text_width};

/// Size of ordinary labels, in pixels.
pub(crate) const LABEL: f64 = 12.0;
/// Size that the estimated width of a bold label goes by: bold type runs wider.
pub(crate) const STRONG: f64 = 13.2;
/// Size of axis labels, in pixels.
pub(crate) const AXIS: f64 = 11.5;
const FOOT: f64 = 10.5;

/// How wide a chart is drawn, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// The full measure of the page.
    Full,
    /// Half the measure of the page.
    Half,
    /// A phone.
    Phone,
    /// A picture on its own, with title, ground and style.
    Picture,
}

impl Layout {
    fn width(self) -> f64 {
        match self {
            Self::Full => 1080.0,
            Self::Half => 526.0,
            Self::Phone => 364.0,
            Self::Picture => 860.0,
        }
    }
}

/// What every chart is drawn with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sheet<'a> {
    pub(crate) layout: Layout,
    pub(crate) title: &'a str,
    pub(crate) identity: &'a Identity,
}

/// A plot area in pixels; `top < bottom`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plot {
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
}

impl Plot {
    pub(crate) fn x(&self, axis: &Axis, value: f64) -> f64 {
        axis.at(value, self.left, self.right)
    }

    pub(crate) fn y(&self, axis: &Axis, value: f64) -> f64 {
        axis.at(value, self.bottom, self.top)
    }

    pub(crate) fn width(&self) -> f64 {
        self.right - self.left
    }
}

/// The mark beside a legend entry.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Key {
    /// A line of the class.
    Line(&'static str),
    /// A filled square of the class.
    Box(&'static str),
    /// A filled square of the class, drawn so many times over itself, as areas that lie on each other are.
    Layers(&'static str, usize),
    /// A circle of the class with this radius.
    Circle(&'static str, f64),
}

/// A chart under construction, filled from the top down.
#[derive(Debug)]
pub(crate) struct Canvas<'a> {
    pub(crate) svg: Svg,
    sheet: Sheet<'a>,
    cursor: f64,
    notes: Vec<String>,
}

impl<'a> Canvas<'a> {
    pub(crate) fn new(sheet: Sheet<'a>) -> Self {
        let mut canvas = Self { svg: Svg::default(), sheet, cursor: 2.0, notes: Vec::new() };
        if sheet.layout == Layout::Picture {
            canvas.svg.text("t-title", (0.0, 18.0), Anchor::Start, sheet.title);
            canvas.cursor = 34.0;
        }
        canvas
    }

    pub(crate) fn width(&self) -> f64 {
        self.sheet.layout.width()
    }

    pub(crate) fn is_phone(&self) -> bool {
        self.sheet.layout == Layout::Phone
    }

    /// Moves down and returns where it was.
    pub(crate) fn take(&mut self, height: f64) -> f64 {
        let at = self.cursor;
        self.cursor += height;
        at
    }

    /// A remark above the foot, such as how many points were left out.
    pub(crate) fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// Legend entries in rows above the plot, where they cannot cover data.
    pub(crate) fn legend(&mut self, entries: &[(Key, String)]) {
        let largest = entries.iter().map(|(key, _)| match key {
            Key::Circle(_, radius) => *radius,
            _ => 0.0,
        });
        let height = (largest.fold(0.0, f64::max) * 2.0 + 3.0).max(19.0);
        let base = height / 2.0 + 4.0;
        let mut x = 0.0;
        let mut y = self.take(height) + base;
        for (key, text) in entries {
            let mark = match key {
                Key::Line(_) => 22.0,
                Key::Box(_) | Key::Layers(..) => 14.0,
                Key::Circle(_, radius) => radius * 2.0 + 4.0,
            };
            let width = mark + 4.0 + text_width(text, LABEL);
            if x > 0.0 && x + width > self.width() {
                x = 0.0;
                y = self.take(height) + base;
            }
            let middle = y - 4.0;
            match key {
                Key::Line(class) => self.svg.line(class, (x, middle), (x + 20.0, middle)),
                Key::Box(class) => {
                    self.svg.rect(class, (x, middle - 5.0), (x + 10.0, middle + 5.0), "");
                }
                Key::Layers(class, layers) => {
                    for _ in 0..*layers {
                        self.svg.rect(class, (x, middle - 5.0), (x + 10.0, middle + 5.0), "");
                    }
                }
                Key::Circle(class, r) => self.svg.circle(class, (x + r + 1.0, middle), *r, ""),
            }
            self.svg.text("t-label", (x + mark + 2.0, y), Anchor::Start, text);
            x += width + 18.0;
        }
        self.cursor += 5.0;
    }

    /// Room on the left that the labels of a vertical axis need.
    pub(crate) fn gutter(axis: &Axis) -> f64 {
        axis.ticks.iter().map(|(_, label)| text_width(label, AXIS)).fold(0.0, f64::max) + 8.0
    }

    /// A plot area with its horizontal grid and the name of its vertical axis above it.
    pub(crate) fn plot(&mut self, name: &str, y: &Axis, height: f64, right: f64) -> Plot {
        let left = Self::gutter(y);
        self.plot_from(name, y, height, left, right)
    }

    /// As [`Self::plot`], with a chosen room on the left, so that stacked plots line up.
    pub(crate) fn plot_from(
        &mut self,
        name: &str,
        y: &Axis,
        height: f64,
        left: f64,
        right: f64,
    ) -> Plot {
        if !name.is_empty() {
            let at = self.take(20.0);
            self.svg.text("t-unit", (0.0, at + 11.0), Anchor::Start, name);
        }
        let top = self.take(height + 6.0) + 4.0;
        let plot = Plot { left, right: self.width() - right, top, bottom: top + height };
        for (value, label) in &y.ticks {
            let at = plot.y(y, *value);
            let class = if *value == 0.0 { "base" } else { "grid" };
            self.svg.line(class, (plot.left, at), (plot.right, at));
            self.svg.text("t-axis", (plot.left - 7.0, at + 4.0), Anchor::End, label);
        }
        plot
    }

    /// The horizontal axis below a plot, with its name.
    pub(crate) fn x_axis(&mut self, plot: &Plot, x: &Axis, name: &str) {
        self.svg.line("base", (plot.left, plot.bottom), (plot.right, plot.bottom));
        for (value, label) in &x.ticks {
            let at = plot.x(x, *value);
            self.svg.line("base", (at, plot.bottom), (at, plot.bottom + 4.0));
            let half = text_width(label, AXIS) / 2.0;
            let centre = at.min(self.width() - half);
            self.svg.text("t-axis", (centre, plot.bottom + 17.0), Anchor::Middle, label);
        }
        self.x_name(plot, name);
    }

    /// The name of a horizontal axis whose labels are already drawn.
    pub(crate) fn x_name(&mut self, plot: &Plot, name: &str) {
        let at = (plot.right, plot.bottom + 34.0);
        self.svg.text("t-unit", at, Anchor::End, name);
        self.cursor = plot.bottom + 42.0;
    }

    /// Closes the chart with its foot and returns the SVG.
    pub(crate) fn finish(mut self) -> String {
        self.foot();
        let margin = if self.sheet.layout == Layout::Picture { 20.0 } else { 0.0 };
        let (width, height) = (self.width() + 2.0 * margin, self.cursor + 2.0 * margin);
        let label = escape(self.sheet.title);
        let view = format!("{} {} {} {}", px(-margin), px(-margin), px(width), px(height));
        let size = format!(r#"width="{}" height="{}""#, px(width), px(height));
        let (style, ground) = if self.sheet.layout == Layout::Picture {
            let corner = px(-margin);
            (
                format!("<style>{}</style>\n", palette::style()),
                format!("<rect class=\"ground\" x=\"{corner}\" y=\"{corner}\" {size}/>\n"),
            )
        } else {
            (String::new(), String::new())
        };
        format!(
            "<svg class=\"bw\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{view}\" {size} \
             role=\"img\" aria-label=\"{label}\">\n{style}{ground}{}</svg>\n",
            self.svg.into_body()
        )
    }

    fn foot(&mut self) {
        self.cursor += 6.0;
        let notes = std::mem::take(&mut self.notes);
        for note in notes {
            self.wrapped(&[note]);
        }
        let id = self.sheet.identity;
        let seed = id.seed.map_or_else(|| "none drawn".to_owned(), |seed| seed.to_string());
        let rulebook = if id.policies.is_empty() {
            id.rulebook.clone()
        } else {
            format!("{} with {}", id.rulebook, id.policies.join(", "))
        };
        // The hash is checked to be ASCII and long enough before anything is drawn.
        let hash: String = id.state_hash.chars().take(16).collect();
        self.wrapped(&[
            format!("scenario {}", id.scenario),
            format!("shock {}", id.shock),
            format!("seed {seed}"),
            format!("rulebook {rulebook}"),
            format!("state {hash}"),
        ]);
        self.cursor += 2.0;
    }

    /// Writes the parts with dots between them, on as many lines as they need.
    fn wrapped(&mut self, parts: &[String]) {
        const DOT: &str = " \u{B7} ";
        let mut line = String::new();
        let mut lines = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            for (place, word) in part.split_whitespace().enumerate() {
                let gap = match (index, place) {
                    (0, 0) => "",
                    (_, 0) => DOT,
                    _ => " ",
                };
                let longer = format!("{line}{gap}{word}");
                if line.is_empty() || text_width(&longer, FOOT) <= self.width() {
                    line = longer;
                } else {
                    lines.push(std::mem::replace(&mut line, word.to_owned()));
                }
            }
        }
        lines.push(line);
        for line in lines {
            let at = self.take(14.0);
            let line = fit(&line, FOOT, self.width());
            self.svg.text("t-foot", (0.0, at + 10.0), Anchor::Start, &line);
        }
    }
}

/// Moves labels that stand one below the other at least `gap` pixels apart, keeping their order,
/// and keeps them inside `top..bottom` if they fit.
pub(crate) fn spread(wanted: &[f64], gap: f64, top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    let mut placed = wanted.to_vec();
    let mut floor = top;
    for index in &order {
        placed[*index] = placed[*index].max(floor);
        floor = placed[*index] + gap;
    }
    let mut ceiling = bottom;
    for index in order.iter().rev() {
        placed[*index] = placed[*index].min(ceiling);
        ceiling = placed[*index] - gap;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_spread_without_changing_order() {
        assert_eq!(spread(&[50.0, 52.0], 14.0, 0.0, 100.0), [50.0, 64.0]);
        assert_eq!(spread(&[99.0, 98.0], 14.0, 0.0, 100.0), [100.0, 86.0]);
        assert_eq!(spread(&[], 14.0, 0.0, 100.0), Vec::<f64>::new());
    }
}
