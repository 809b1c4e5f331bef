//! Colours and type of the charts, for the page and for pictures that stand alone.
//!
//! The hues are those of Okabe and Ito ("Color Universal Design", 2008), which stay apart for
//! colour-blind readers; on dark ground they are a shade lighter. A meaning keeps its hue on every
//! chart: orange is liquidated, vermilion is bad debt, purple is price impact.

use std::fmt::Write as _;

/// Name, colour on light ground, colour on dark ground.
const HUES: [(&str, &str, &str); 8] = [
    ("blue", "#0072b2", "#56b4e9"),
    ("sky", "#56b4e9", "#2f7fb5"),
    ("green", "#009e73", "#2fc79a"),
    ("orange", "#e69f00", "#f0b542"),
    ("vermilion", "#d55e00", "#f3803a"),
    ("purple", "#b0578d", "#e29bc4"),
    ("grey", "#7b8794", "#93a0ad"),
    ("ink", "#1c2733", "#e6ebf0"),
];

/// Class, property, value on light ground, value on dark ground.
const TONES: [(&str, &str, &str, &str); 12] = [
    ("ground", "fill", "#ffffff", "#171d24"),
    ("grid", "stroke", "#e6eaee", "#2a333d"),
    ("base", "stroke", "#9aa5b1", "#5d6a78"),
    ("guide", "stroke", "#52606d", "#a4b0bc"),
    ("edge", "stroke", "#1c2733", "#e6ebf0"),
    ("cell", "fill", "#d55e00", "#f3803a"),
    ("t-title", "fill", "#1c2733", "#e6ebf0"),
    ("t-label", "fill", "#1c2733", "#e6ebf0"),
    ("t-strong", "fill", "#1c2733", "#e6ebf0"),
    ("t-axis", "fill", "#52606d", "#a4b0bc"),
    ("t-unit", "fill", "#52606d", "#a4b0bc"),
    ("t-foot", "fill", "#66727f", "#8d99a6"),
];

/// Rules that do not depend on the ground.
const SHAPE: &str = "\
svg.bw{display:block;width:100%;height:auto}\
.bw text{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif;\
font-size:12px;font-variant-numeric:tabular-nums}\
.bw .t-title{font-size:17px;font-weight:650}\
.bw .t-strong{font-weight:600}\
.bw .t-axis{font-size:11.5px}\
.bw .t-unit{font-size:11.5px}\
.bw .t-foot{font-size:10.5px}\
.bw .grid,.bw .base,.bw .guide{stroke-width:1;shape-rendering:crispEdges}\
.bw .guide{stroke-dasharray:4 3}\
.bw .edge{fill:none;stroke-width:1.75}\
.bw .line{fill:none;stroke-width:1.75;stroke-linejoin:round}\
.bw .thin{stroke-width:1.25}\
.bw .dash{stroke-dasharray:5 3}\
.bw .dot{fill-opacity:.2;stroke-width:1;stroke-opacity:.6}\
.bw .area{fill-opacity:.12}\
.bw .rug{stroke-width:1.25;stroke-opacity:.55}";

/// The style sheet of the charts.
pub(crate) fn style() -> String {
    let mut light = String::new();
    let mut dark = String::new();
    // Writing to a string cannot fail.
    for (name, on_light, on_dark) in HUES {
        let _ = write!(light, ".bw .f-{name}{{fill:{on_light}}}.bw .s-{name}{{stroke:{on_light}}}");
        let _ = write!(dark, ".bw .f-{name}{{fill:{on_dark}}}.bw .s-{name}{{stroke:{on_dark}}}");
    }
    for (class, property, on_light, on_dark) in TONES {
        let _ = write!(light, ".bw .{class}{{{property}:{on_light}}}");
        let _ = write!(dark, ".bw .{class}{{{property}:{on_dark}}}");
    }
    // Paper is light whatever the reader's screen is, hence "screen".
    format!("{light}{SHAPE}@media screen and (prefers-color-scheme:dark){{{dark}}}")
}
