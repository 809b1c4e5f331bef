//! A small SVG writer: shapes with classes, text that is always escaped, numbers rounded to a
//! hundredth of a pixel.

use std::fmt::Write as _;

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// SVG elements written one after the other.
#[derive(Debug, Default)]
pub(crate) struct Svg {
    body: String,
}

impl Svg {
    pub(crate) fn into_body(self) -> String {
        self.body
    }

    pub(crate) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let (x1, y1, x2, y2) = (px(from.0), px(from.1), px(to.0), px(to.1));
        self.push(&format!(r#"<line class="{class}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#));
    }

    /// A rectangle between two corners, whichever way round they are given.
    pub(crate) fn rect(&mut self, class: &str, a: (f64, f64), b: (f64, f64), hint: &str) {
        let (x, y) = (px(a.0.min(b.0)), px(a.1.min(b.1)));
        let (width, height) = (px((b.0 - a.0).abs()), px((b.1 - a.1).abs()));
        let attributes = format!(
            r#"rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" rx="1.5""#
        );
        self.shape("rect", &attributes, hint);
    }

    /// A rectangle as above with its own opacity, for cells whose shade is a value.
    pub(crate) fn shaded(&mut self, class: &str, a: (f64, f64), b: (f64, f64), opacity: f64) {
        let (x, y) = (px(a.0.min(b.0)), px(a.1.min(b.1)));
        let (width, height) = (px((b.0 - a.0).abs()), px((b.1 - a.1).abs()));
        let opacity = px(opacity);
        self.push(&format!(
            r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" rx="3" fill-opacity="{opacity}"/>"#
        ));
    }

    pub(crate) fn circle(&mut self, class: &str, at: (f64, f64), radius: f64, hint: &str) {
        let (x, y, r) = (px(at.0), px(at.1), px(radius));
        let attributes = format!(r#"circle class="{class}" cx="{x}" cy="{y}" r="{r}""#);
        self.shape("circle", &attributes, hint);
    }

    /// A path; `data` comes from this crate's geometry only.
    pub(crate) fn path(&mut self, class: &str, data: &str) {
        if !data.is_empty() {
            self.push(&format!(r#"<path class="{class}" d="{data}"/>"#));
        }
    }

    pub(crate) fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        let (x, y) = (px(at.0), px(at.1));
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let text = escape(text);
        self.push(&format!(r#"<text class="{class}" x="{x}" y="{y}"{anchor}>{text}</text>"#));
    }

    fn shape(&mut self, tag: &str, attributes: &str, hint: &str) {
        if hint.is_empty() {
            self.push(&format!("<{attributes}/>"));
        } else {
            // A title inside a shape shows when the reader points at it, without script.
            self.push(&format!("<{attributes}><title>{}</title></{tag}>", escape(hint)));
        }
    }

    fn push(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }
}

/// A coordinate, rounded to a hundredth; `-0` and trailing zeros are dropped.
pub(crate) fn px(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    if rounded == 0.0 { "0".to_owned() } else { format!("{rounded}") }
}

/// Escapes text for XML content and attributes. Characters that XML forbids become U+FFFD.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.push('\u{FFFD}'),
            // Direction overrides in a hostile name could reorder the text around it.
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

/// Estimated width of a text in pixels. It errs on the wide side, since the reader's system font
/// is not known: labels may stand a little apart, but do not collide.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    let em = |c: char| match c {
        'i' | 'l' | 'j' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | '\u{B7}' => 0.32,
        ' ' | 'f' | 't' | 'r' | '(' | ')' | '/' | '-' => 0.38,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.9,
        '\u{2212}' | '+' | '=' => 0.7,
        c if c.is_ascii_uppercase() => 0.68,
        c if c.is_ascii() => 0.6,
        // Wide scripts fill about one em.
        c if u32::from(c) >= 0x1100 => 1.0,
        _ => 0.65,
    };
    text.chars().map(em).sum::<f64>() * size
}

/// The text, cut with an ellipsis if it is wider than `width` pixels.
pub(crate) fn fit(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        out.push(c);
        if text_width(&out, size) + size * 0.7 > width {
            out.pop();
            break;
        }
    }
    out.trim_end().to_owned() + "\u{2026}"
}

/// Path data of a line through the points, as steps that hold each value if `steps`.
///
/// A line with far more points than pixels is thinned to the first, lowest, highest and last point
/// of each pixel column, which covers the same ink.
pub(crate) fn line_path(points: &[(f64, f64)], steps: bool) -> String {
    let thinned;
    let span = points.last().map_or(0.0, |p| p.0) - points.first().map_or(0.0, |p| p.0);
    let points = if points.len() as f64 > 6.0 * span.max(100.0) {
        thinned = thin(points);
        &thinned
    } else {
        points
    };
    let mut data = String::new();
    let mut last_y = 0.0;
    for (index, (x, y)) in points.iter().copied().enumerate() {
        // Writing to a string cannot fail.
        let _ = if index == 0 {
            write!(data, "M{} {}", px(x), px(y))
        } else if !steps {
            write!(data, "L{} {}", px(x), px(y))
        } else if px(y) == px(last_y) {
            write!(data, "H{}", px(x))
        } else {
            write!(data, "H{}V{}", px(x), px(y))
        };
        last_y = y;
    }
    data
}

fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut out = Vec::new();
    for column in points.chunk_by(|a, b| a.0.floor() == b.0.floor()) {
        let mut keep = [0; 4];
        keep[3] = column.len() - 1;
        for (index, point) in column.iter().enumerate() {
            if point.1 < column[keep[1]].1 {
                keep[1] = index;
            }
            if point.1 > column[keep[2]].1 {
                keep[2] = index;
            }
        }
        keep.sort_unstable();
        let mut previous = None;
        for index in keep {
            if previous != Some(index) {
                out.push(column[index]);
            }
            previous = Some(index);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_markup_quotes_and_what_xml_forbids() {
        assert_eq!(escape("<a b=\"c\">'&"), "&lt;a b=&quot;c&quot;&gt;&#39;&amp;");
        assert_eq!(escape("x\u{0}\u{7}y\u{202E}z"), "x\u{FFFD}\u{FFFD}y\u{FFFD}z");
    }

    #[test]
    fn steps_hold_their_value() {
        let path = line_path(&[(0.0, 5.0), (1.0, 5.0), (2.0, 7.0)], true);
        assert_eq!(path, "M0 5H1H2V7");
        assert_eq!(line_path(&[(0.0, 5.0), (1.5, 6.25)], false), "M0 5L1.5 6.25");
        assert_eq!(line_path(&[], true), "");
    }

    #[test]
    fn thinning_keeps_the_extremes_of_every_column() {
        let points: Vec<_> = (0..100_000)
            .map(|i| (f64::from(i) / 1000.0, if i == 4_321 { 900.0 } else { 10.0 }))
            .collect();
        let path = line_path(&points, false);
        assert!(path.contains("L4.32 900"), "the one high point must survive");
        assert!(path.len() < 20_000);
    }

    #[test]
    fn long_text_is_cut_with_an_ellipsis() {
        assert_eq!(fit("short", 12.0, 100.0), "short");
        let cut = fit("a rather long label that cannot fit", 12.0, 100.0);
        assert!(cut.ends_with('\u{2026}') && text_width(&cut, 12.0) <= 104.0);
    }
}
