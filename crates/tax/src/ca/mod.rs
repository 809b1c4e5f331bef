//! Canada.

pub mod superficial;
pub mod report;
