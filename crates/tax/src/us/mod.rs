//! United States.

pub mod form_6781;
pub mod form_8949;
pub mod report;
pub mod term;
pub mod wash;
pub mod yearly;

pub use term::{Term, term};
