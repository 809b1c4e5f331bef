//! Accounts of one holder out of one stream of entries, free of any jurisdiction.
//!
//! A source (a journal of the engine, a file of an exchange, events of a chain) becomes a list of
//! [`Entry`]; lots, loans and derivatives turn it into realised rows. Sums are exact: basis added
//! is basis removed plus basis left, and lots are balances. The crate knows no tax rule, no rate
//! and no file format.
//!
//! ```
//! use breakwater_accounting::{Quantity, Value};
//!
//! let basis = Value::parse("100").unwrap();
//! let (taken, whole) = (Quantity::parse("1").unwrap(), Quantity::parse("3").unwrap());
//! let removed = basis.share(taken, whole).unwrap();
//! let left = basis.minus(removed).unwrap();
//! assert_eq!(removed.plus(left).unwrap(), basis);
//! ```

pub mod accounts;
pub mod books;
pub mod contracts;
pub mod date;
pub mod derivatives;
pub mod entry;
pub mod error;
pub mod export;
pub mod identities;
pub mod import;
#[cfg(feature = "journal")]
pub mod journal;
pub mod lots;
pub mod movement;
pub mod names;
pub mod number;

pub use accounts::{Accounts, movements};
pub use books::{Books, Debt, ExpenseRow, WaivedRow};
pub use contracts::{ContractEvent, ContractRow, Contracts};
pub use date::{Civil, Date};
pub use entry::{
    Acquire, Acquired, Borrow, Dispose, Disposed, Entry, Expense, ExpenseKind, Fill, FillReason,
    Funding, Kind, Mark, Payer, Repay, Transfer, Waived,
};
pub use error::{AccountingError, Result};
pub use lots::{
    Assumption, Chosen, Lot, Lots, Moved, Order, Policy, Row, RowEvent, Scope, Shortage,
    StandingOrder,
};
pub use movement::{Change, Incoming, Movement, OutReason, Outgoing};
pub use names::{AssetId, Contract, ContractId, Form, Names, SourceId, WalletId};
pub use number::{Price, Quantity, Value};
