//! A book of margin agreements over a real path: contracts of the ACTUS standard give cash flows and
//! exposure, exposure is called for under each agreement, and what is not delivered goes through grace
//! to default, close-out, the sale of posted collateral by the engine, and a guarantor.
//!
//! The host moves what the agreements ask to be moved and decides nothing that they decide. Its clock is
//! the hours of business days; everything that belongs to an hour is done in a stated order: time
//! passes, contracts pay, collateral is sold, exposures are valued, calls are answered, collateral moves.
//! Every asset is counted after every hour: what parties, agreements and the market hold is what there was.

mod exposure;
mod guarantee;
mod market;
mod parties;
mod record;
mod runner;
mod sale;
mod settings;
#[cfg(test)]
mod tests;

pub use record::{Day, Happening, Lane, Record, SaleRow, Span, Stand, What};
pub use runner::run;
pub use settings::{MarginCallScenario, Settings};
