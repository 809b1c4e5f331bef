//! Margin exchanges: one rule for venues of the kind, and mirrors of those with rules of their own.

pub mod drift;
pub mod dydx_v4;
pub mod gmx_v2;
pub mod ladders;
pub mod lines;
pub mod listed;
pub mod mango_v4;
pub mod margin_exchange;
pub mod marks;
pub mod nautilus;
pub mod percolator;
pub mod synthetix_v3;
