//! COM, commodity: a quantity that is bought and sold.

use super::terms::Terms;
use super::{Event, stk};
use crate::Error;
use crate::calendar::Moment;

pub(super) fn rows(terms: &Terms, analyses: &[Moment]) -> Result<Vec<(u16, Event)>, Error> {
    let units = terms.quantity.unwrap_or(1.0);
    stk::run(terms, stk::held(terms, analyses), |event| Ok(units * event.amount))
}
