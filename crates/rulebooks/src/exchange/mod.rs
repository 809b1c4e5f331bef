//! Margin exchanges.

pub mod margin_exchange;
