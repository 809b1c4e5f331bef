//! LAX, linear amortiser with arrays: redemptions, increases, interest and resets in segments, each
//! with its own cycle and amount.

use super::lam::{base_fixings, short};
use super::lending::Loan;
use super::pam::{capitalised, frame, interest, last_before, run, status};
use super::schedules::Schedules;
use super::terms::Terms;
use super::timeline::{Due, Question};
use super::{Event, EventType, FixedVariable, IncreaseDecrease, InterestBase};
use crate::Error;
use crate::calendar::{Cycle, Moment, SCHEDULE_DATES_MAX};

pub(super) fn rows(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    let mut loan = Loan::new(terms, asked)?;
    let schedules = Schedules::new(terms);
    let end = match terms.maturity {
        Some(end) => end,
        None => repaid_at(terms, &schedules)?,
    };
    loan.maturity = Some(end);
    loan.base = terms.interest_base.unwrap_or(InterestBase::Notional);
    let mut due = frame(&mut loan, &schedules, end)?;
    due.extend(base_fixings(&loan, &schedules, end)?);
    for step in steps(terms, &schedules, end)? {
        due.push(schedules.shifted(step.kind, step.at)?.with_amount(step.amount));
    }
    due.extend(resets(terms, &schedules, end)?);
    let interest = match &terms.array_interest_anchor {
        Some(anchors) => array_interest(terms, &schedules, anchors, end)?,
        None => interest(&loan, &schedules, end)?,
    };
    let interest = capitalised(terms, interest);
    let last = last_before(&interest, status(terms)?, loan.start);
    due.extend(interest);
    due.push(Due::fixed(EventType::Md, end));
    run(&loan, due, Some(last))
}

/// One redemption or increase.
struct Step {
    at: Moment,
    kind: EventType,
    amount: f64,
}

/// The entry of an array for a segment. One entry alone holds for all of them.
fn entry<T: Copy>(
    array: Option<&Vec<T>>,
    segment: usize,
    segments: usize,
    name: &str,
) -> Result<Option<T>, Error> {
    let Some(array) = array else { return Ok(None) };
    match array.len() {
        1 => Ok(Some(array[0])),
        length if length == segments => Ok(array.get(segment).copied()),
        length => {
            let found = format!("{length} entries");
            let expected = format!("one entry, or one for each of the {segments} anchors");
            Err(Error::Value { field: name.to_owned(), found, expected })
        }
    }
}

/// The moments of one segment: from its anchor until the next anchor or the end.
fn segment(
    schedules: &Schedules,
    anchors: &[Moment],
    place: usize,
    cycle: Option<Cycle>,
    end: Moment,
) -> Result<Vec<Moment>, Error> {
    let anchor = anchors[place];
    let until = anchors.get(place + 1).copied().map_or(end, |next| next.min(end));
    match cycle {
        _ if anchor >= end => Ok(Vec::new()),
        None => Ok(vec![anchor]),
        // The end of a segment is the start of the next one: no stub is corrected there.
        Some(cycle) => schedules.moments(anchor, Some(short(cycle)), until, false),
    }
}

fn rising(anchors: &[Moment], name: &str) -> Result<(), Error> {
    if anchors.is_sorted_by(|earlier, later| earlier < later) {
        return Ok(());
    }
    Err(Error::value(name, "anchors out of order", "anchors that rise"))
}

fn redemption_anchors(terms: &Terms) -> Result<&[Moment], Error> {
    const NAME: &str = "arrayCycleAnchorDateOfPrincipalRedemption";
    let anchors = terms.array_redemption_anchor.as_deref();
    let anchors = anchors.ok_or_else(|| Error::missing(NAME, "when each segment begins"))?;
    rising(anchors, NAME)?;
    Ok(anchors)
}

/// Redemptions and increases before the end, in the order of their segments.
fn steps(terms: &Terms, schedules: &Schedules, end: Moment) -> Result<Vec<Step>, Error> {
    let anchors = redemption_anchors(terms)?;
    let count = anchors.len();
    let mut steps = Vec::new();
    for place in 0..count {
        let cycles = terms.array_redemption_cycle.as_ref();
        let cycle = entry(cycles, place, count, "arrayCycleOfPrincipalRedemption")?;
        let amounts = terms.array_redemption_amount.as_ref();
        let amount = entry(amounts, place, count, "arrayNextPrincipalRedemptionPayment")?;
        let amount = amount.ok_or_else(|| {
            Error::missing("arrayNextPrincipalRedemptionPayment", "the amount of each segment")
        })?;
        let directions = terms.array_direction.as_ref();
        let direction = entry(directions, place, count, "arrayIncreaseDecrease")?;
        let kind = match direction.unwrap_or(IncreaseDecrease::Decrease) {
            IncreaseDecrease::Increase => EventType::Pi,
            IncreaseDecrease::Decrease => EventType::Pr,
        };
        let moments = segment(schedules, anchors, place, cycle, end)?;
        steps.extend(moments.into_iter().map(|at| Step { at, kind, amount }));
        if steps.len() > SCHEDULE_DATES_MAX {
            return Err(too_many_steps());
        }
    }
    Ok(steps)
}

fn too_many_steps() -> Error {
    Error::TooMany {
        what: "the redemptions and increases".to_owned(),
        limit: SCHEDULE_DATES_MAX,
        expected: "use longer cycles".to_owned(),
    }
}

/// The end: the step that leaves nothing (technical specification, LAX, Md).
fn repaid_at(terms: &Terms, schedules: &Schedules) -> Result<Moment, Error> {
    let notional = terms.notional.unwrap_or(0.0);
    let anchors = redemption_anchors(terms)?;
    let last = anchors[anchors.len() - 1];
    let mut left = notional;
    // Every segment but the last ends with the next anchor.
    for step in steps(terms, schedules, last)? {
        left += if step.kind == EventType::Pi { step.amount } else { -step.amount };
        if left <= notional * 1e-12 {
            return Ok(step.at);
        }
    }
    let count = anchors.len();
    let place = count - 1;
    let cycles = terms.array_redemption_cycle.as_ref();
    let cycle = entry(cycles, place, count, "arrayCycleOfPrincipalRedemption")?;
    let amounts = terms.array_redemption_amount.as_ref();
    let amount = entry(amounts, place, count, "arrayNextPrincipalRedemptionPayment")?;
    let directions = terms.array_direction.as_ref();
    let direction = entry(directions, place, count, "arrayIncreaseDecrease")?;
    let amount = amount.unwrap_or(0.0);
    let repays = direction != Some(IncreaseDecrease::Increase) && amount > 0.0;
    let needed = (left / amount - 1e-12).ceil().max(1.0);
    match cycle {
        Some(_) if repays && needed > SCHEDULE_DATES_MAX as f64 => Err(too_many_steps()),
        Some(cycle) if repays => schedules.after(cycle.period, last, needed as i64 - 1),
        None if repays && needed <= 1.0 => Ok(last),
        _ => {
            let expected = "the steps must redeem the principal, or a maturityDate must be stated";
            let found = format!("arrayNextPrincipalRedemptionPayment leaves {left}");
            Err(Error::contradiction(found, format!("notionalPrincipal {notional}"), expected))
        }
    }
}

fn array_interest(
    terms: &Terms,
    schedules: &Schedules,
    anchors: &[Moment],
    end: Moment,
) -> Result<Vec<Due>, Error> {
    rising(anchors, "arrayCycleAnchorDateOfInterestPayment")?;
    let mut due = Vec::new();
    for place in 0..anchors.len() {
        let cycles = terms.array_interest_cycle.as_ref();
        let cycle = entry(cycles, place, anchors.len(), "arrayCycleOfInterestPayment")?;
        for at in segment(schedules, anchors, place, cycle, end)? {
            due.push(schedules.shifted(EventType::Ip, at)?);
        }
    }
    due.push(Due::fixed(EventType::Ip, end));
    Ok(due)
}

/// Resets: to the rate of a segment, or to an observed rate and the spread of the segment.
fn resets(terms: &Terms, schedules: &Schedules, end: Moment) -> Result<Vec<Due>, Error> {
    let Some(anchors) = terms.array_reset_anchor.as_deref() else { return Ok(Vec::new()) };
    rising(anchors, "arrayCycleAnchorDateOfRateReset")?;
    let count = anchors.len();
    let mut due = Vec::new();
    for place in 0..count {
        let cycles = terms.array_reset_cycle.as_ref();
        let cycle = entry(cycles, place, count, "arrayCycleOfRateReset")?;
        let rate = entry(terms.array_rate.as_ref(), place, count, "arrayRate")?;
        let rate = rate.ok_or_else(|| {
            Error::missing("arrayRate", "the rate or the spread of each segment of resets")
        })?;
        let kinds = terms.array_fixed_variable.as_ref();
        let kind = match entry(kinds, place, count, "arrayFixedVariable")? {
            Some(FixedVariable::Variable) => EventType::Rr,
            Some(FixedVariable::Fixed) | None => EventType::Rrf,
        };
        for at in segment(schedules, anchors, place, cycle, end)? {
            due.push(schedules.shifted(kind, at)?.with_amount(rate));
        }
    }
    Ok(due)
}
