//! The rule by itself, and the rulebook that carries it.

mod business;
mod core;
mod liquidation;
mod random;
mod stage;
