//! Venues' liquidation rules, exact to the last unit.

pub mod lending;
