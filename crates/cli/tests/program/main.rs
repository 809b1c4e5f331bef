//! The program as a whole: what it prints, what it writes, how it ends.

mod assess;
mod at_risk;
mod auction;
mod auction_design;
mod cases;
mod comparison;
mod journal;
mod keeper;
mod market;
mod perpetuals;
mod price;
mod price_options;
mod replay;
mod started;
mod usage;
mod why;
