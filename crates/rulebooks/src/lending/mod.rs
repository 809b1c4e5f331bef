//! On-chain lending: pooled reserves, scaled balances and a liquidation called by anyone.

pub mod aave_v3;
pub mod aave_v4;
pub mod compound_v2;
pub mod compound_v3;
pub mod euler_v2;
pub mod index;
pub mod morpho_blue;
pub mod rates;
pub mod reserves;
pub mod secured_loan;
