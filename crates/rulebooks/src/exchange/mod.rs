//! Margin exchanges.

pub mod ladders;
pub mod margin_exchange;
pub mod percolator;
pub mod binance_usdm;
pub mod gmx_v2;
pub mod lines;
pub mod mango_v4;
pub mod marks;
pub mod nautilus;
pub mod synthetix_v3;
