//! Games that bidders, keepers and owners play, by trials over the pure cores and without an engine.
//!
//! Each game has a closed form, from the auction crate or stated beside it, and is played often enough
//! to see whether the cores and the agents do what it says. Where there is none, agents learn until
//! nobody gains by another strategy, and how far they are from that is computed exactly. Draws are keyed
//! by seed, trial and bidder, so that an answer depends on neither threads nor order.
//!
//! ```
//! use breakwater_simulate::auctions::games::{Trials, table};
//!
//! let rows = table::collusion(&Trials::new(7, 2_000, 1)?)?;
//! assert!(rows.iter().all(|row| row.agrees()));
//! # Ok::<(), breakwater_simulate::auctions::games::GameError>(())
//! ```

pub mod bidding;
pub mod chance;
pub mod descent;
pub mod design;
mod error;
pub mod estimate;
pub mod formats;
pub mod gas;
pub mod learning;
pub mod position;
pub mod ring;
pub mod single_item;
pub mod table;
pub mod trials;

pub use error::GameError;
pub use estimate::Estimate;
pub use table::Row;
pub use trials::Trials;

use error::setting;
