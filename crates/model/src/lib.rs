//! A second engine, naive on purpose, that judges the first.
//!
//! It does what the engine promises in the most obvious way: balances in one map, every number an
//! integer without a width, every account looked at again after every command, lots tried
//! from one upwards. It has no watch list, no ledger and no copy of a venue's mirror: the rules are
//! written down a second time from their sources. Of the engine's crates it uses the plain data
//! that both must speak ([`Command`](breakwater_engine::Command),
//! [`Event`](breakwater_engine::Event), [`Policy`](breakwater_liquidation::Policy) and the like) and
//! none of their code that decides.
//!
//! Where the two differ, one of them is wrong. `tests/` holds the harness that looks for a
//! difference.
//!
//! Left to the engine: how many accounts it assesses, when it forgets that an account was cured (see
//! [`Told::optional`]), and whether it tries a waiting sale oftener than it must (see
//! [`Model::apply_with`]). A policy that bounds the accounts assessed in one command is outside
//! the model: who waits then depends on the watch list, which the harness judges by a rescan. So are
//! portfolio margin and liquidation prices: both have judges of their own.
//!
//! The best plan over observed depth is not looked for a second time either: the model takes the engine's
//! slices and judges each by what a plan promises (see `engine/planned.rs`); how near plans come to the
//! best of all is judged by the liquidation crate's own search of every combination.
//!
//! One search is stated rather than free: how many lots are sold is looked for on a grid of sixty-four
//! sizes, and lot by lot only within the first step of it that reaches the target.

pub mod auction;
pub mod backstop;
pub mod call;
pub mod contract;
pub mod depth;
pub mod engine;
pub mod exchange;
pub mod guard;
pub mod ladder;
pub mod lending;
pub mod number;
pub mod plan;
pub mod pool;
pub mod rule;

pub use engine::{Freedom, Model, Told, Verdict};
pub use number::Int;
pub use pool::Pool;
pub use rule::{Known, Rule};
