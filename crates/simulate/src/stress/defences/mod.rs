//! Defences scored by one table: what they save, what they trap, whom they hurt.
//!
//! The rules are those of [`breakwater_liquidation::solvency`], integers and pure; here they are put
//! into a drain ([`drain`]) and into a cascade ([`cascade`]), with and without. The models around them
//! are floats and assumptions, and every one of those is a field.

pub mod cascade;
pub mod drain;

pub use cascade::{CascadeGuards, Crash};
pub use drain::{DrainDefence, DrainHour, FlowHour, Pool, replay, replay_told};

use std::fmt;

/// What a defence did, against the same shock without it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Score {
    /// Owed and not covered at the end.
    pub bad_debt: f64,
    /// Value that could not move, times the hours that it could not.
    pub trapped_value_hours: f64,
    /// Times that it bound.
    pub trips: u32,
    /// How many of them nothing justified.
    pub false_trips: u32,
    /// Lowest price.
    pub trough_price: f64,
    /// Share of users, by value, who were worse off than they had to be.
    pub users_hurt: f64,
}

/// Rows of one table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScoreTable {
    /// Name of each defence and its score.
    pub rows: Vec<(String, Score)>,
}

impl fmt::Display for ScoreTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = ["bad debt", "trapped x hours", "trips", "false", "trough", "hurt"];
        write!(f, "{:<34}", "defence")?;
        for (head, width) in heads.iter().zip([16, 18, 7, 7, 9, 8]) {
            write!(f, "{head:>width$}")?;
        }
        for (name, score) in &self.rows {
            write!(
                f,
                "\n{name:<34}{:>16.0}{:>18.0}{:>7}{:>7}{:>9.4}{:>7.1}%",
                score.bad_debt,
                score.trapped_value_hours,
                score.trips,
                score.false_trips,
                score.trough_price,
                100.0 * score.users_hurt,
            )?;
        }
        Ok(())
    }
}
