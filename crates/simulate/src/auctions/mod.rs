//! Auctions, simulated: a day on which a venue auctions what it liquidates, to bidders with values,
//! capital and transactions of their own.

pub mod bidders;
pub mod chain;
pub mod day;
pub mod runner;
pub mod scenario;
pub mod settings;
pub mod vaults;
