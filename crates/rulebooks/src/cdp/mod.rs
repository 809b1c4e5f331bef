//! Collateralised debt positions: a stablecoin minted against collateral, where one liquidation may
//! touch many positions.

pub mod liquity_v1;
pub mod llamma;
pub mod maker;
