//! Germany.

pub mod private_sales;
pub mod report;
