//! COM, commodity: a quantity that is bought and sold.

use super::terms::Terms;
use super::timeline::Question;
use super::{Event, stk};
use crate::Error;

pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let units = terms.quantity.unwrap_or(1.0);
    stk::run(terms, asked, stk::held(terms, asked), |event| Ok(units * event.amount))
}
