//! Margin exchanges.

pub mod ladders;
pub mod margin_exchange;
pub mod percolator;
