//! United Kingdom.

pub mod matching;
pub mod year;
pub mod report;
