//! FUTUR, future: the duty to exchange the difference to the agreed price.

use super::terms::Terms;
use super::{Event, Observed, exercise};
use crate::Error;
use crate::calendar::Moment;

pub(super) fn rows(
    terms: &Terms,
    observed: &Observed,
    analyses: &[Moment],
) -> Result<Vec<(u16, Event)>, Error> {
    let agreed = terms
        .futures_price
        .ok_or_else(|| Error::missing("futuresPrice", "the price that was agreed"))?;
    exercise::rows(terms, observed, analyses, |price| price - agreed)
}
