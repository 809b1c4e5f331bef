//! Listed contracts as data: perpetuals, dated futures and options from their first session to
//! delivery.
//!
//! A [`Board`] holds all series on one underlying index. It is told prices, requests and the time,
//! and tells what follows: payments of funding, ends of sessions, averaging of the settlement price,
//! early exercise, transfers and rolls of positions, and delivery. It keeps no positions and moves no
//! money: a host who does turns its events into commands. One long step gives what many short ones
//! give, and nothing is looked at sample by sample, so that a board that slept for a year wakes as
//! fast as after a second.
//!
//! ```
//! use breakwater_agreement::listed::{Board, Input, LifecycleParameters, Series, What};
//! use breakwater_money::{Price, Time};
//!
//! // A future that expires at 08:00 of a day, at the mean of half an hour, sampled each 6 seconds.
//! let parameters: LifecycleParameters = toml::from_str(
//!     r#"
//!     transfer = "at-mark"
//!     settlement = { window = "30m", sample = "6s" }
//!     "#,
//! )
//! .unwrap();
//! let lifecycle = parameters.read("lifecycle").unwrap();
//! let hours = |hours: u64| Time::from_seconds(hours * 3_600);
//! let symbol = "FUTURE".to_owned();
//! let series = Series { symbol, lifecycle, expires: Some(hours(8)), into: None, option: false };
//! let mut board = Board::new(vec![series], hours(1), Price::new(100, 0)).unwrap();
//! assert_eq!(board.next_due(), Some(Time::from_seconds(7 * 3_600 + 1_800)));
//!
//! let happened = board.step(hours(9), Input::Time).unwrap();
//! assert_eq!(happened[0].what, What::FixingBegan);
//! let delivered = What::Delivered { price: Price::new(100, 0), samples: 300, missing: 0 };
//! assert_eq!((happened[1].at, happened[1].what), (hours(8), delivered));
//! ```

mod average;
mod board;
mod input;
mod life;
mod lifecycle;
mod schedule;
mod series;
#[cfg(test)]
mod tests;

pub use average::{ONE_E12, PRICE_DECIMALS_MAX, PRICE_RAW_MAX, SAMPLES_MAX};
pub use board::{Board, EVENTS_MAX, Fixing, WAITING_MAX};
pub use input::{Happened, Input, Refusal, Request, What};
pub use lifecycle::{
    DAYS_MAX, ExerciseRule, FundingParameters, Lifecycle, LifecycleParameters, RollParameters,
    SessionParameters, SettlementParameters, TransferRule, Weights,
};
pub use schedule::{PLANNED_MAX, Planned, PlannedKind, planned};
pub use series::{SERIES_MAX, Series};
