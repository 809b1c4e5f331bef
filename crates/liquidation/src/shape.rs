//! What one account can hold and owe at a venue: how a book must be cut to fit.

use std::collections::BTreeMap;

/// How many assets one account may have on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// One asset; an owner with several has several accounts.
    One,
    /// Any number.
    Many,
}

/// What one account can hold and owe at a venue, by the venue's parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountShape {
    /// Collateral assets an account may have at once.
    pub collaterals: Reach,
    /// Assets an account may owe at once.
    pub debts: Reach,
    /// By asset that may be owed: the assets that may secure it, in the venue's order.
    pub secured_by: BTreeMap<String, Vec<String>>,
    /// The currency that the venue issues itself and that everybody there owes, with its decimals.
    pub currency: Option<(String, u8)>,
    /// Least debt that an account may have, in whole units of the asset owed; zero for none.
    pub debt_least: u64,
}
