//! On-chain lending: pooled reserves, scaled balances and a liquidation called by anyone.

pub mod aave_v3;
pub mod index;
pub mod rates;
pub mod reserves;
pub mod secured_loan;
