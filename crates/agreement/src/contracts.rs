//! Financial contracts of the ACTUS standard: terms and observations in, dated events out.
//!
//! Each contract type has a file with its schedule; what several types share (accrual, the order of
//! events, exercise and settlement) stands beside them. The algorithms are those of the ACTUS
//! technical specification, version 1.0; where the published test results differ from its text, the
//! results decide and the line says so.
//!
//! Amounts are `f64`, as in the standard: its results are year fractions times rates, and its test
//! values are printed to 10 to 15 digits. Nothing here rounds. Signs are those of the party that
//! keeps the record: positive is received.
//!
//! ```
//! use breakwater_agreement::contracts::{Contract, Observed};
//!
//! let terms = r#"{"contractType": "PAM", "contractID": "loan", "contractRole": "RPA",
//!     "statusDate": "2024-01-01", "initialExchangeDate": "2024-01-02", "maturityDate": "2025-01-02",
//!     "currency": "USD", "notionalPrincipal": 1000, "nominalInterestRate": 0.05,
//!     "cycleOfInterestPayment": "P6ML1", "dayCountConvention": "30E360"}"#;
//! let contract = Contract::from_json(terms).unwrap();
//! let events = contract.events(&Observed::default(), None).unwrap();
//! let payoffs: Vec<f64> = events.iter().map(|event| event.payoff).collect();
//! assert_eq!(payoffs, [-1000.0, 25.0, 25.0, 1000.0]);
//! ```

mod ann;
mod call;
mod capfl;
mod case;
mod cec;
mod ceg;
mod clm;
mod com;
mod contract;
mod credit;
mod csh;
mod event;
mod exercise;
mod forward;
mod futur;
mod fxout;
mod json;
mod lam;
mod lax;
mod lending;
mod nam;
mod observed;
mod optns;
mod pam;
mod schedules;
mod stk;
mod swaps;
mod swppv;
mod term_values;
mod terms;
mod timeline;
mod ump;

pub use case::{Case, Difference, Expected, NamedCase, cases_in, named_cases_in};
pub use contract::Contract;
pub use event::{Event, EventType, Exercise};
pub use forward::{Forward, forward};
pub use observed::{Observed, ObservedEvent};
pub use term_values::{
    ContractType, DeliverySettlement, ExerciseType, Exposure, FeeBasis, FixedVariable,
    IncreaseDecrease, InterestBase, OptionKind, PenaltyType, Performance, PrepaymentEffect, Role,
    Scaling,
};
pub use terms::{Reference, ReferenceRole, Terms};

/// The most events of one contract, its legs included.
pub const EVENTS_MAX: usize = 200_000;

/// How deep contracts may stand inside contracts: a guarantee over a swap over loans is three.
pub const NESTING_MAX: usize = 4;

/// The most contracts that one contract may refer to.
pub const STRUCTURE_MAX: usize = 256;

/// The most entries of an array term.
pub const ARRAY_MAX: usize = 1_000;

/// The most observations, and the most observed events, that one question may bring.
pub const OBSERVATIONS_MAX: usize = 1_000_000;
