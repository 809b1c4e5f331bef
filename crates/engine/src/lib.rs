//! The state machine: one command in, one outcome out, nothing else.
//!
//! [`Engine::apply`] is total and pure: no clock, no disk, no thread, no randomness. Time and
//! entropy arrive in commands. The same commands give the same [`Engine::state_hash`] on every
//! machine, which is what live use, replay and simulation share.
//!
//! A tick's way through it is told in `steps/`, one file a step.

pub mod command;
pub mod defended;
pub mod engine;
pub mod event;
pub mod foresight;
pub mod grounds;
pub mod hash;
pub mod invariant;
mod legs;
pub mod limits;
pub mod postings;
pub mod snapshot;
mod steps;
mod tape;
pub mod watch;

pub use command::{Body, Command};
pub use defended::Waiting;
pub use engine::{Engine, OpenLeg, Registry};
pub use event::{Cause, Event, Outcome, What};
pub use foresight::Part;
pub use grounds::Grounds;
pub use hash::{PartHash, StateHash};
pub use invariant::{Invariant, Stop};
pub use postings::{Posting, Postings};
pub use watch::Watch;
