//! The program as a whole: what it prints, what it writes, how it ends.

mod assess;
mod at_risk;
mod auction;
mod auction_design;
mod branching;
mod cases;
mod comparison;
mod defend;
mod hedge;
mod journal;
mod keeper;
mod market;
mod option_values;
mod perpetuals;
mod price;
mod price_options;
mod proposals;
mod replay;
mod schedule;
mod started;
mod stress;
mod usage;
mod why;
