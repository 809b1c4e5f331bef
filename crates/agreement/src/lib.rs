//! Agreements as data: the terms of a contract go in, its dated events come out.
//!
//! The crate reads what two parties have signed and says what follows from it and when. It moves no
//! money, asks for no price (observations arrive with the question), reads no clock and draws no
//! random number. Cash flows of contracts are `f64`, because the published algorithms and their
//! test values are; whoever books them rounds to their own unit and names the rounding. Listed
//! contracts ([`listed`]) live by integers alone.

pub mod calendar;
pub mod contracts;
pub mod error;
pub mod listed;
pub mod support;

pub use error::Error;
