//! Toy venues and a stage to drive them on, through `Engine::apply` only.
//!
//! The engine may not know the shipped rulebooks, so its tests bring small ones of their own. Each
//! is a whole rule with its own arithmetic, and small enough to be checked by hand.
#![allow(dead_code)] // Every test program uses its part of the stage.

pub mod auctions;
pub mod bids;
pub mod broken;
pub mod chance;
pub mod lending;
pub mod parameters;
pub mod perpetual;
pub mod shelf;
pub mod stability_pool;
pub mod stage;
pub mod story;
