//! Derivatives exchanges: margin accounts with leveraged positions that the venue itself liquidates.

pub mod binance_usdm;
pub mod drift;
pub mod dydx_v4;
