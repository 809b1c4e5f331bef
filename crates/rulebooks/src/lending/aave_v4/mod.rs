//! AaveV4.
