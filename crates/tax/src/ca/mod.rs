//! Canada.

pub mod report;
pub mod superficial;
