//! FUTUR, future: the duty to exchange the difference to the agreed price.

use super::terms::Terms;
use super::timeline::Question;
use super::{Event, exercise};
use crate::Error;

pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let agreed = terms
        .futures_price
        .ok_or_else(|| Error::missing("futuresPrice", "the price that was agreed"))?;
    exercise::rows(terms, asked, |price| price - agreed)
}
