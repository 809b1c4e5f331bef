//! The engine's promises, one file each, named after it.

#[path = "../support/mod.rs"]
mod support;
