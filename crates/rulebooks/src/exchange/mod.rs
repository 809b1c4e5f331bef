//! Margin exchanges.

pub mod ladders;
pub mod margin_exchange;
