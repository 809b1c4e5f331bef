//! Margin exchanges.

pub mod gmx_v2;
pub mod ladders;
pub mod lines;
pub mod mango_v4;
pub mod margin_exchange;
pub mod marks;
pub mod nautilus;
pub mod percolator;
pub mod synthetix_v3;
