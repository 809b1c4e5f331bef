//! Australia.

pub mod discount;
pub mod report;
