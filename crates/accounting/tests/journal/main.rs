//! Accounts out of journals of toy venues: at random, and by hand.

#[path = "../../../engine/tests/support/mod.rs"]
mod support;

mod by_hand;
mod stories;
