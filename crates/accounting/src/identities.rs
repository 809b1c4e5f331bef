//! What must add up, checked on every use.
//!
//! Three identities tie realised rows to the balances they came from. They are checked with exact
//! numbers and without tolerance: whoever rounds, rounds once and books the rest, so that a difference is
//! a fault of a rule and never noise. A broken one is an integrity failure of whoever runs it.
//!
//! ```
//! use breakwater_accounting::identities::{Equity, equity};
//! use breakwater_money::rational::parse;
//!
//! let number = |text| parse(text).unwrap();
//! let account = Equity {
//!     opening: number("100"),
//!     flows: number("0"),
//!     realised: number("-30"),
//!     funding: number("2"),
//!     fees: number("1.5"),
//!     unrealised_opening: number("5"),
//!     unrealised_closing: number("0"),
//!     closing: number("65.5"),
//! };
//! assert!(equity("account 7", &account).is_ok());
//! ```

use breakwater_money::{Rational, rational};

/// Places that a message shows of a number.
const SHOWN: u8 = 12;

/// An identity that does not hold. The books are wrong: stop, and report the journal or file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Profit does not explain the change of equity.
    #[error(
        "{of}: realised with unrealised, funding and fees comes to {explained}, equity changed by \
         {changed}"
    )]
    Equity {
        /// Whose accounts.
        of: String,
        /// What the rows add up to.
        explained: String,
        /// What equity has changed by.
        changed: String,
    },
    /// Lots are not what is held.
    #[error("{of}: lots come to {lots}, the balance is {balance}")]
    Lots {
        /// Whose, and of which asset.
        of: String,
        /// Sum of the lots.
        lots: String,
        /// The balance.
        balance: String,
    },
    /// Basis got lost or came from nowhere.
    #[error("{of}: basis of {added} was added, {removed} removed, {left} is left")]
    Basis {
        /// Whose, and of which asset.
        of: String,
        /// Basis of all that came in.
        added: String,
        /// Basis of all that went out.
        removed: String,
        /// Basis of what is held.
        left: String,
    },
    /// Two ways of counting the same differ by more than their roundings.
    #[error("{of}: {first} one way, {second} the other, at most {allowed} apart is right")]
    Apart {
        /// What was counted.
        of: String,
        /// The first count.
        first: String,
        /// The second.
        second: String,
        /// How far they may be apart.
        allowed: String,
    },
}

/// One account from its opening to its close, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equity {
    /// Equity at the opening.
    pub opening: Rational,
    /// What came in less what went out, at its basis.
    pub flows: Rational,
    /// Profit of everything closed, and interest, losses and waived debts with their signs.
    pub realised: Rational,
    /// Funding received less funding paid.
    pub funding: Rational,
    /// Fees paid.
    pub fees: Rational,
    /// Profit not yet realised at the opening.
    pub unrealised_opening: Rational,
    /// Profit not yet realised at the close.
    pub unrealised_closing: Rational,
    /// Equity at the close, counted from balances.
    pub closing: Rational,
}

/// Realised with the change of unrealised and with funding, less fees, is the change of equity.
///
/// # Errors
/// [`IdentityError::Equity`].
pub fn equity(of: &str, account: &Equity) -> Result<(), IdentityError> {
    let unrealised = &account.unrealised_closing - &account.unrealised_opening;
    let explained =
        &account.flows + &account.realised + &account.funding - &account.fees + unrealised;
    let changed = &account.closing - &account.opening;
    if explained == changed {
        return Ok(());
    }
    let (explained, changed) = (told(&explained), told(&changed));
    Err(IdentityError::Equity { of: of.to_owned(), explained, changed })
}

/// The lots of an asset come to what is held of it.
///
/// # Errors
/// [`IdentityError::Lots`].
pub fn lots(of: &str, lots: &Rational, balance: &Rational) -> Result<(), IdentityError> {
    if lots == balance {
        return Ok(());
    }
    Err(IdentityError::Lots { of: of.to_owned(), lots: told(lots), balance: told(balance) })
}

/// Basis added is basis removed and basis left.
///
/// # Errors
/// [`IdentityError::Basis`].
pub fn basis(
    of: &str,
    added: &Rational,
    removed: &Rational,
    left: &Rational,
) -> Result<(), IdentityError> {
    if *added == removed + left {
        return Ok(());
    }
    let (added, removed, left) = (told(added), told(removed), told(left));
    Err(IdentityError::Basis { of: of.to_owned(), added, removed, left })
}

/// Two counts of the same are at most `allowed` apart: for a count in whole units against an exact one.
///
/// # Errors
/// [`IdentityError::Apart`].
pub fn near(
    of: &str,
    first: &Rational,
    second: &Rational,
    allowed: &Rational,
) -> Result<(), IdentityError> {
    let apart = first - second;
    if apart <= *allowed && -apart <= *allowed {
        return Ok(());
    }
    let (first, second, allowed) = (told(first), told(second), told(allowed));
    Err(IdentityError::Apart { of: of.to_owned(), first, second, allowed })
}

fn told(number: &Rational) -> String {
    rational::format(number, SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use breakwater_money::rational::parse;

    fn number(text: &str) -> Rational {
        parse(text).unwrap()
    }

    #[test]
    fn each_identity_finds_a_planted_fault_and_tells_its_numbers() {
        let zero = || number("0");
        let account = Equity {
            opening: zero(),
            flows: number("10"),
            realised: number("-1/3"),
            funding: zero(),
            fees: zero(),
            unrealised_opening: zero(),
            unrealised_closing: zero(),
            closing: number("29/3"),
        };
        assert_eq!(equity("a", &account), Ok(()));
        let wrong = Equity { closing: number("9.66"), ..account };
        assert_eq!(
            equity("account 3", &wrong).unwrap_err().to_string(),
            "account 3: realised with unrealised, funding and fees comes to 9.666666666666…, equity \
             changed by 9.660000000000"
        );
        assert!(lots("x", &number("1"), &number("1")).is_ok());
        assert!(lots("x", &number("1"), &number("1.000000000000000001")).is_err());
        assert!(basis("x", &number("3"), &number("1"), &number("2")).is_ok());
        assert!(basis("x", &number("3"), &number("1"), &number("2.1")).is_err());
        assert!(near("x", &number("3"), &number("2"), &number("1")).is_ok());
        assert!(near("x", &number("2"), &number("3.01"), &number("1")).is_err());
    }
}
