//! United Kingdom.

pub mod matching;
pub mod report;
pub mod year;
