//! What an account must hold: collateral ratios, tiers, cross and isolated, liquidation price.
//!
//! Margin reads balances and prices and says what is required. It never changes a balance, never
//! sells, and knows no venue: a venue's numbers arrive as parameters from its rulebook.

pub mod account;
pub mod collateral;
pub mod health;
pub mod limits;
pub mod liquidation_price;
pub mod option;
pub mod option_book;
pub mod scenario;
pub mod tiers;

pub use health::{Band, Health, Ratio};
