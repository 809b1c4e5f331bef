//! Maker's auctions, from dss at fa4f6630.

pub mod cat;
pub mod english;
pub mod flap;
pub mod flip;
pub mod flop;
pub mod parameters;
pub mod system;
#[cfg(test)]
mod system_property;
#[cfg(test)]
mod system_tests;
pub mod vow;
