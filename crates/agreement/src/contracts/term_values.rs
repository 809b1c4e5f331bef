//! Values of terms: how each kind is read from a file and written back.

use super::ARRAY_MAX;
use crate::Error;
use crate::calendar::{BusinessDay, Calendar, Cycle, DayCount, EndOfMonth, Moment, Period};
use serde_json::Value;

/// A kind of value that a term may have.
pub(super) trait TermValue: Sized {
    /// Reads the value of the named term.
    fn read(field: &str, value: &Value) -> Result<Self, Error>;
    /// The value as it would stand in a file.
    fn write(&self) -> Value;
}

/// The text of a value, without the blanks around it. Numbers are taken as they are written.
fn text(field: &str, value: &Value) -> Result<String, Error> {
    match value {
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(Error::value(field, other, "a text or a number")),
    }
}

/// A finite number, as a number or as a text.
pub(super) fn number(field: &str, value: &Value) -> Result<f64, Error> {
    let text = text(field, value)?;
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| Error::value(field, &text, "a number"))
}

/// A moment, with the name of its term in the error.
pub(super) fn moment(field: &str, value: &Value) -> Result<Moment, Error> {
    let text = text(field, value)?;
    text.parse().map_err(|_| Error::value(field, &text, "a time as YYYY-MM-DDTHH:MM:SS"))
}

impl TermValue for f64 {
    fn read(field: &str, value: &Value) -> Result<Self, Error> {
        number(field, value)
    }
    fn write(&self) -> Value {
        Value::from(*self)
    }
}

impl TermValue for String {
    fn read(field: &str, value: &Value) -> Result<Self, Error> {
        text(field, value)
    }
    fn write(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl TermValue for Moment {
    fn read(field: &str, value: &Value) -> Result<Self, Error> {
        moment(field, value)
    }
    fn write(&self) -> Value {
        Value::from(self.to_string())
    }
}

impl TermValue for Period {
    fn read(field: &str, value: &Value) -> Result<Self, Error> {
        let text = text(field, value)?;
        text.parse()
            .map_err(|_| Error::value(field, &text, "a period as P3M (units D, W, M, Q, H, Y)"))
    }
    fn write(&self) -> Value {
        Value::from(self.to_string())
    }
}

impl TermValue for Cycle {
    fn read(field: &str, value: &Value) -> Result<Self, Error> {
        let text = text(field, value)?;
        text.parse().map_err(|_| {
            Error::value(field, &text, "a cycle as P3ML0 or P3ML1 (units D, W, M, Q, H, Y)")
        })
    }
    fn write(&self) -> Value {
        Value::from(self.to_string())
    }
}

impl<T: TermValue> TermValue for Vec<T> {
    fn read(field: &str, value: &Value) -> Result<Self, Error> {
        let Value::Array(entries) = value else {
            return T::read(field, value).map(|entry| vec![entry]);
        };
        if entries.is_empty() || entries.len() > ARRAY_MAX {
            let expected = "a list of 1 to 1000 entries";
            return Err(Error::value(field, format!("{} entries", entries.len()), expected));
        }
        entries.iter().map(|entry| T::read(field, entry)).collect()
    }
    fn write(&self) -> Value {
        Value::Array(self.iter().map(T::write).collect())
    }
}

impl TermValue for Calendar {
    fn read(field: &str, value: &Value) -> Result<Self, Error> {
        let text = text(field, value)?;
        match text.to_ascii_uppercase().as_str() {
            "NC" | "NOCALENDAR" => Ok(Self::every_day()),
            "MF" | "MONDAYTOFRIDAY" => Ok(Self::monday_to_friday()),
            _ => Err(Error::value(field, &text, "NC (every day) or MF (Monday to Friday)")),
        }
    }
    fn write(&self) -> Value {
        Value::from(if *self == Self::every_day() { "NC" } else { "MF" })
    }
}

/// Reads one of a list of codes; the first code of a value is the one that is written.
macro_rules! codes {
    ($type:ty, $($value:expr => $code:literal $(or $other:literal)*),+ $(,)?) => {
        impl TermValue for $type {
            fn read(field: &str, value: &Value) -> Result<Self, Error> {
                let text = text(field, value)?;
                match text.as_str() {
                    $($code $(| $other)* => Ok($value),)+
                    _ => Err(Error::value(
                        field,
                        &text,
                        concat!("one of" $(, " ", $code)+),
                    )),
                }
            }
            fn write(&self) -> Value {
                $(if *self == $value { return Value::from($code); })+
                Value::Null
            }
        }
    };
}

codes!(EndOfMonth, Self::SameDay => "SD", Self::EndOfMonth => "EOM");

codes!(BusinessDay,
    Self::Nos => "NOS" or "NULL" or "N",
    Self::Scf => "SCF",
    Self::Scmf => "SCMF",
    Self::Csf => "CSF",
    Self::Csmf => "CSMF",
    Self::Scp => "SCP",
    Self::Scmp => "SCMP",
    Self::Csp => "CSP",
    Self::Csmp => "CSMP",
);

codes!(DayCount,
    Self::ActualActual => "AA" or "A/AISDA" or "AAISDA",
    Self::Actual360 => "A360" or "A/360",
    Self::Actual365 => "A365" or "A/365",
    Self::ThirtyE360Isda => "30E360ISDA" or "30E/360ISDA",
    Self::ThirtyE360 => "30E360" or "30E/360",
    Self::TwentyEightE336 => "28E336" or "28E/336",
);

/// The eighteen contract types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContractType {
    /// Principal at maturity.
    Pam,
    /// Linear amortiser.
    Lam,
    /// Negative amortiser.
    Nam,
    /// Annuity.
    Ann,
    /// Linear amortiser with arrays of terms.
    Lax,
    /// Call money.
    Clm,
    /// Undefined maturity profile.
    Ump,
    /// Cash.
    Csh,
    /// Stock.
    Stk,
    /// Commodity.
    Com,
    /// Foreign exchange outright.
    Fxout,
    /// Plain vanilla interest rate swap.
    Swppv,
    /// Swap of two contracts.
    Swaps,
    /// Cap or floor.
    Capfl,
    /// Option.
    Optns,
    /// Future.
    Futur,
    /// Guarantee.
    Ceg,
    /// Collateral.
    Cec,
}

codes!(ContractType,
    Self::Pam => "PAM", Self::Lam => "LAM", Self::Nam => "NAM", Self::Ann => "ANN",
    Self::Lax => "LAX", Self::Clm => "CLM", Self::Ump => "UMP", Self::Csh => "CSH",
    Self::Stk => "STK", Self::Com => "COM", Self::Fxout => "FXOUT", Self::Swppv => "SWPPV",
    Self::Swaps => "SWAPS", Self::Capfl => "CAPFL", Self::Optns => "OPTNS",
    Self::Futur => "FUTUR", Self::Ceg => "CEG", Self::Cec => "CEC",
);

impl ContractType {
    /// The code of the type, as `PAM`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Pam => "PAM",
            Self::Lam => "LAM",
            Self::Nam => "NAM",
            Self::Ann => "ANN",
            Self::Lax => "LAX",
            Self::Clm => "CLM",
            Self::Ump => "UMP",
            Self::Csh => "CSH",
            Self::Stk => "STK",
            Self::Com => "COM",
            Self::Fxout => "FXOUT",
            Self::Swppv => "SWPPV",
            Self::Swaps => "SWAPS",
            Self::Capfl => "CAPFL",
            Self::Optns => "OPTNS",
            Self::Futur => "FUTUR",
            Self::Ceg => "CEG",
            Self::Cec => "CEC",
        }
    }
}

/// Which side of the contract the keeper of the record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Real position, asset.
    Rpa,
    /// Real position, liability.
    Rpl,
    /// Long.
    Lg,
    /// Short.
    St,
    /// Buyer, of protection or of a right.
    Buy,
    /// Seller.
    Sel,
    /// Receives the first or fixed leg.
    Rfl,
    /// Pays the first or fixed leg.
    Pfl,
    /// Guarantor.
    Gua,
    /// Obligee of a guarantee.
    Obl,
}

codes!(Role,
    Self::Rpa => "RPA", Self::Rpl => "RPL", Self::Lg => "LG", Self::St => "ST",
    Self::Buy => "BUY", Self::Sel => "SEL", Self::Rfl => "RFL" or "RF",
    Self::Pfl => "PFL" or "PF", Self::Gua => "GUA", Self::Obl => "OBL",
);

impl Role {
    /// Plus one for a claim, minus one for an obligation (technical specification, table 1).
    #[must_use]
    pub const fn sign(self) -> f64 {
        match self {
            Self::Rpa | Self::Lg | Self::Buy | Self::Rfl | Self::Obl => 1.0,
            Self::Rpl | Self::St | Self::Sel | Self::Pfl | Self::Gua => -1.0,
        }
    }
}

/// What interest is computed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InterestBase {
    /// The outstanding principal.
    Notional,
    /// The principal at the initial exchange.
    NotionalAtExchange,
    /// The principal at the last fixing of the base.
    NotionalLagged,
}

codes!(InterestBase,
    Self::Notional => "NT", Self::NotionalAtExchange => "NTIED", Self::NotionalLagged => "NTL",
);

/// What a fee is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeeBasis {
    /// An amount at every fee payment.
    Absolute,
    /// A rate a year on the principal.
    Notional,
}

codes!(FeeBasis, Self::Absolute => "A", Self::Notional => "N");

/// How a settlement is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliverySettlement {
    /// Net, in cash.
    Cash,
    /// Each side delivers.
    Delivery,
}

codes!(DeliverySettlement, Self::Cash => "S", Self::Delivery => "D");

/// When an option may be exercised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExerciseType {
    /// At maturity.
    European,
    /// On certain days.
    Bermudan,
    /// At any time.
    American,
}

codes!(ExerciseType, Self::European => "E", Self::Bermudan => "B", Self::American => "A");

/// What an option gives a right to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionKind {
    /// To buy.
    Call,
    /// To sell.
    Put,
    /// Both.
    CallPut,
}

codes!(OptionKind, Self::Call => "C", Self::Put => "P", Self::CallPut => "CP");

/// How a contract performs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Performance {
    /// As agreed.
    Performing,
    /// Delayed.
    Delayed,
    /// Delinquent.
    Delinquent,
    /// In default.
    Default,
}

codes!(Performance,
    Self::Performing => "PF", Self::Delayed => "DL", Self::Delinquent => "DQ", Self::Default => "DF",
);

/// What part of an exposure is covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// The principal.
    Notional,
    /// The principal and the accrued interest.
    NotionalAndInterest,
    /// The market value.
    MarketValue,
}

codes!(Exposure,
    Self::Notional => "NO", Self::NotionalAndInterest => "NI", Self::MarketValue => "MV",
);

/// Whether a step of a schedule adds to the principal or takes from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncreaseDecrease {
    /// Adds.
    Increase,
    /// Takes.
    Decrease,
}

codes!(IncreaseDecrease, Self::Increase => "INC", Self::Decrease => "DEC");

/// Whether an entry of an array of rates is the rate itself or a spread over an observed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixedVariable {
    /// The rate.
    Fixed,
    /// A spread.
    Variable,
}

codes!(FixedVariable, Self::Fixed => "FIX" or "F", Self::Variable => "VAR" or "V");

/// Whether prepayments are possible and what they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrepaymentEffect {
    /// They are not possible.
    None,
    /// Later redemptions become smaller.
    Amount,
    /// The contract ends earlier.
    Maturity,
}

codes!(PrepaymentEffect, Self::None => "N", Self::Amount => "A", Self::Maturity => "M");

/// What a prepayment costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PenaltyType {
    /// Nothing.
    None,
    /// An amount.
    Absolute,
    /// A rate on the principal.
    Notional,
    /// The interest that is lost.
    Interest,
}

codes!(PenaltyType,
    Self::None => "O" or "N/A", Self::Absolute => "A", Self::Notional => "N", Self::Interest => "I",
);

/// What an index scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scaling {
    /// Interest payments.
    pub interest: bool,
    /// Payments of principal.
    pub notional: bool,
}

impl TermValue for Scaling {
    /// Three letters: `I` or `0`, `N` or `0`, and `M` or `0` for the deferred interest, which none of
    /// the types here has. The letter `O` is read as the digit.
    fn read(field: &str, value: &Value) -> Result<Self, Error> {
        let text = text(field, value)?;
        let letters: Vec<char> = text.chars().collect();
        let on = |place: usize, letter: char| match letters.get(place) {
            Some(found) if *found == letter => Some(true),
            Some('0' | 'O') => Some(false),
            _ => None,
        };
        match (on(0, 'I'), on(1, 'N'), on(2, 'M'), letters.len()) {
            (Some(interest), Some(notional), Some(_), 3) => Ok(Self { interest, notional }),
            _ => Err(Error::value(field, &text, "one of 000 I00 0N0 IN0")),
        }
    }
    fn write(&self) -> Value {
        Value::from(match (self.interest, self.notional) {
            (false, false) => "000",
            (true, false) => "I00",
            (false, true) => "0N0",
            (true, true) => "IN0",
        })
    }
}
