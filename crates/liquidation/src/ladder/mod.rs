//! Ladders: which step a venue takes next with an account in breach, as data.
//!
//! A [`Ladder`] is a list of [`Rung`]s, read from the top; the first whose bounds hold and whose act
//! has something to do is taken. One executor, [`next`], serves every ladder. It sees the account
//! through a [`Book`], keeps nothing and reads no clock: what happened so far arrives as
//! [`Standing`]. [`plan_ladder`] asks it over a rulebook and prices what it says.
//!
//! What holds for every ladder that [`Ladder::new`] takes:
//!
//! - nothing is done to an account that the book does not call in breach;
//! - no sale is larger than its position, and all are whole lots but for the last of a position;
//! - where an act aims at a line, one lot less of its last sale misses it;
//! - a sale takes at least one lot, so that with full fills at unchanged prices a ladder ends within
//!   [`Ladder::steps_most`] steps.
//!
//! What this is not: it cancels no orders, moves no balances and knows no venue.

mod bounds;
mod executor;
mod plan;
mod rung;
mod size;
#[cfg(test)]
mod tests;
mod validity;

pub use bounds::{Bounds, Multiple, Range, Value};
pub use executor::{Book, Margins, Position, Sale, Sales, Standing, Step, next};
pub use plan::plan_ladder;
pub(crate) use plan::{notional, value_at};
pub use rung::{Act, Ladder, Meanwhile, PriceBound, RUNGS_MAX, Rung};
pub use validity::LadderError;
