//! Credit support: margin agreements between two parties as data.
//!
//! [`formula`] is the arithmetic of one call under the annexes of 1994, 2016 (variation margin) and
//! 2018 (initial margin), exact. [`document`] reads an agreement from TOML and refuses what it does
//! not know. [`machine`] is the agreement in motion: calls, answers, disputes, transfers,
//! substitutions, interest, default, close-out and what is left, a pure step at a time. [`message`]
//! says it in messages shaped like those of the ISDA Common Domain Model. [`columns`] evaluates the
//! formula over a whole book in integers.
//!
//! Initial margin is an input: no margin model is in here.

pub mod columns;
pub mod document;
pub mod formula;
pub mod machine;
pub mod message;
mod reader;
pub mod terms;
pub mod timing;
pub mod valuation;
pub mod zone;

pub use document::{Document, Position};
pub use machine::{Input, Output, State, Told, step};
pub use terms::{Agreement, Side};
pub use valuation::{MarginAmounts, Posted, Valuation};
