//! The program as a whole: what it prints, what it writes, how it ends.

mod agreement;
mod assess;
mod at_risk;
mod auction;
mod auction_design;
mod branching;
mod cases;
mod comparison;
mod hedge;
mod journal;
mod keeper;
mod margin_agreement;
mod market;
mod option_book;
mod option_values;
mod perpetuals;
mod price;
mod price_options;
mod proposals;
mod replay;
mod schedule;
mod started;
mod tax;
mod tax_journal;
mod usage;
mod why;
