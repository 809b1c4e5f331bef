//! One trait carries venues whose single call touches many accounts: absorbing several at once, a
//! pool that pays stakers by moving two integers, an index under everybody, winners closed against
//! a bankrupt account. Each is driven through `Engine::apply`, and conserves.

#[path = "../support/mod.rs"]
mod support;

mod absorb;
mod deleverage;
mod index;
mod stability_pool;
