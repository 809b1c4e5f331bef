//! Events that are due, in the order in which they act, and the rows that remain of them.

use super::{EVENTS_MAX, Event, EventType, Observed};
use crate::Error;
use crate::calendar::Moment;

/// One event that is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    /// What it is.
    pub kind: EventType,
    /// For when it was scheduled.
    pub scheduled: Moment,
    /// For when its amount is computed.
    pub computed: Moment,
    /// When it takes place.
    pub at: Moment,
    /// When it acts on the state: `at`, unless the amount is settled later than it is fixed.
    pub acts: Moment,
    /// Its place among events of the same moment.
    pub rank: u16,
    /// An amount or a rate that the schedule brings, where the kind needs one.
    pub amount: f64,
}

impl Due {
    /// An event that no business day moves.
    pub(super) fn fixed(kind: EventType, at: Moment) -> Self {
        let rank = kind.rank();
        Self { kind, scheduled: at, computed: at, at, acts: at, rank, amount: 0.0 }
    }

    /// The same event with an amount.
    pub(super) fn with_amount(mut self, amount: f64) -> Self {
        self.amount = amount;
        self
    }
}

/// What is asked of a contract.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    /// What was observed.
    pub observed: &'a Observed,
    /// The last moment that is asked for; `None` asks for everything.
    pub until: Option<Moment>,
    /// When the state is to be shown without an event.
    pub analyses: &'a [Moment],
}

/// Leaves what acts after the status date and not after the end of the question, in the order in
/// which it acts. What comes later is not computed, so that nothing need be observed for it.
pub(super) fn in_order(
    mut due: Vec<Due>,
    status: Moment,
    asked: &Question,
) -> Result<Vec<Due>, Error> {
    bounded(due.len())?;
    due.retain(|event| event.acts > status && asked.until.is_none_or(|end| event.acts <= end));
    due.sort_by_key(|event| (event.acts, event.rank));
    Ok(due)
}

/// Refuses more events than a contract may have.
pub(super) fn bounded(count: usize) -> Result<(), Error> {
    if count > EVENTS_MAX {
        return Err(Error::TooMany {
            what: "the events of one contract".to_owned(),
            limit: EVENTS_MAX,
            expected: "use longer cycles or an earlier end".to_owned(),
        });
    }
    Ok(())
}

/// Sorts rows by when they take place; rows of one moment keep the order of their kinds.
pub(super) fn sort_rows(rows: &mut [(u16, Event)]) {
    rows.sort_by_key(|(rank, event)| (event.time, *rank));
}

/// What the keeper of the record sees: nothing before the purchase, nothing after the termination,
/// nothing after the end of the question.
pub(super) fn visible(rows: Vec<(u16, Event)>, until: Option<Moment>) -> Vec<Event> {
    let is = |kind: EventType| move |row: &(u16, Event)| row.1.kind == kind;
    let bought = rows.iter().position(is(EventType::Prd)).unwrap_or(0);
    let sold = rows.iter().position(is(EventType::Td)).map_or(rows.len(), |place| place + 1);
    let inside = |event: &Event| until.is_none_or(|until| event.time <= until);
    let rows = rows.into_iter().enumerate();
    rows.filter(|(place, _)| (bought..sold).contains(place))
        .map(|(_, (_, event))| event)
        .filter(inside)
        .collect()
}
