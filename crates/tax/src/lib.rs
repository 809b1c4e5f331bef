//! Tax profiles over accounts: a calculation aid, not advice.
//!
//! A profile is dated data and little code. It relabels and re-times realised rows of
//! [`breakwater_accounting`]: which lots, which bucket, which year, which form. It computes no tax
//! due, knows no rates and files nothing. What is uncertain is a named election with a default that
//! stands in the result.
//!
//! ```
//! use breakwater_accounting::Date;
//! use breakwater_tax::us::{Term, term};
//!
//! let date = |text| Date::parse(text).unwrap();
//! assert_eq!(term(date("2023-03-10"), date("2024-03-10")), Term::Short);
//! assert_eq!(term(date("2023-03-10"), date("2024-03-11")), Term::Long);
//! ```

pub mod au;
pub mod ca;
pub mod common;
mod dated;
pub mod de;
pub mod election;
pub mod error;
pub mod profile;
pub mod report;
pub mod trade;
pub mod uk;
pub mod us;

pub use election::{ELECTIONS, Election, Elections};
pub use error::{Result, TaxError};
pub use profile::{Input, Profile, run};
pub use report::{Report, Table};
