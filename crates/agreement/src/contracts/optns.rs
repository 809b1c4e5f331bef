//! OPTNS, option: the right to a difference that is not negative.

use super::terms::Terms;
use super::timeline::Question;
use super::{Event, OptionKind, exercise};
use crate::Error;

pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let kind = terms
        .option_type
        .ok_or_else(|| Error::missing("optionType", "C for a call, P for a put, CP for both"))?;
    let strike = terms.strike.ok_or_else(|| Error::missing("optionStrike1", "the strike"))?;
    let strike_2 = match (kind, terms.strike_2) {
        (OptionKind::CallPut, None) => {
            return Err(Error::missing("optionStrike2", "the strike of the put of a CP option"));
        }
        (_, other) => other.unwrap_or(strike),
    };
    exercise::rows(terms, asked, |price| match kind {
        OptionKind::Call => (price - strike).max(0.0),
        OptionKind::Put => (strike - price).max(0.0),
        OptionKind::CallPut => (price - strike).max(0.0) + (strike_2 - price).max(0.0),
    })
}
