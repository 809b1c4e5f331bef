//! The program as a whole: what it prints, what it writes, how it ends.

mod assess;
mod cases;
mod comparison;
mod journal;
mod replay;
mod started;
mod usage;
