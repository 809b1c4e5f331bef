//! Reports of liquidation runs: one HTML file with its charts inline as SVG, and CSV tables.
//!
//! This crate draws only what it is given. Every number on the page was emitted by whoever filled
//! the input structs; the arithmetic here is geometry (axes, bar positions, rounded labels).
//! The output depends on the input alone, so the same input gives the same bytes.
//!
//! - [`render_run`] makes the page of one run, [`render_comparison`] the page that puts several
//!   mechanisms side by side, [`render_risk_curves`] the page of liquidations at risk,
//!   [`render_sections`] one whose charts and tables the caller puts in sections. All are readable without script, load nothing from elsewhere,
//!   follow the reader's light or dark preference and can be printed.
//! - [`chart_svg`] and [`comparison_svg`] give one chart as a self-contained picture.
//! - [`write_liquidations_csv`] and [`write_chart_csv`] write the same data as CSV, and
//!   [`write_words_csv`] a table of a section.
//!
//! A part of the input that was not produced is [`Part::Absent`] with a reason, and the page prints
//! that reason where the chart would stand.

mod axis;
mod canvas;
mod charts;
mod check;
mod decimal;
mod error;
mod glossary;
mod input;
mod number;
mod page;
mod palette;
mod spreadsheet;
mod svg;
mod table;

pub use charts::{ChartKind, chart_svg, comparison_svg};
pub use decimal::Decimal;
pub use error::ReportError;
pub use glossary::standard_glossary;
pub use input::*;
pub use page::{render_comparison, render_risk_curves, render_run, render_sections};
pub use spreadsheet::{
    write_chart_csv, write_comparison_csv, write_liquidations_csv, write_words_csv,
};
