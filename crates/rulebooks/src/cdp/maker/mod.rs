//! Maker's auctions, from dss at fa4f6630.
//!
//! "Liquidations 2.0", descending: [`dog`] sizes what is seized, [`clip`] sells it along a curve of
//! [`abaci`], [`clipper_mom`] stops it when the next price is far below the current one, and
//! [`clip_house`] holds the balances between them. Everything is exact and in the contracts' units: wad
//! (1e18) of collateral and normalised debt, ray (1e27) of prices and shares, rad (1e45) of coins.
//!
//! Before it, ascending: [`cat`] sizes what is seized, [`flip`] sells collateral, [`flap`] a surplus for
//! governance tokens and [`flop`] governance tokens for a debt, [`vow`] queues and heals bad debt, and
//! [`system`] holds the balances between them.

pub mod abaci;
pub mod cat;
pub mod clip;
pub mod clip_house;
pub mod clip_parameters;
pub mod clip_revert;
#[cfg(test)]
mod clip_tests;
pub mod clipper_mom;
pub mod dog;

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
