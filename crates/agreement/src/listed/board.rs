//! All series on one underlying index, and what happens to them as time passes.

use super::average::{PRICE_DECIMALS_MAX, PRICE_RAW_MAX};
use super::input::{Happened, Input, Refusal, Request, What};
use super::life::{Life, Observed};
use super::schedule::PlannedKind;
use super::series::{SERIES_MAX, Series, check_all};
use crate::Error;
use breakwater_money::{Price, Time};
use std::collections::BTreeSet;

/// Most requests that wait on one board: exercises and instructions to roll together. As many as
/// would be carried out at one moment, so that a host sees them as one batch.
pub const WAITING_MAX: usize = 65_536;

/// Most events due in one step. A host that was away for longer steps in shorter stretches. One
/// moment never has more, so that a step of time can always be short enough.
pub const EVENTS_MAX: usize = 131_072;

// At one moment a series ends a session, and pays or delivers or begins to average.
const _: () = assert!(2 * SERIES_MAX + WAITING_MAX <= EVENTS_MAX);

/// What an averaged settlement price is made of so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fixing {
    /// Samples that were taken.
    pub taken: u32,
    /// Samples of the whole average.
    pub planned: u32,
    /// Samples whose moment has passed without a price that was fresh enough.
    pub missing: u32,
    /// Mean of those taken, at the scale of the index; none before the first.
    pub so_far: Option<Price>,
}

/// What is due. The order decides among the events of one moment: who waited for it comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Exercise,
    Planned(PlannedKind),
}

/// All series on one underlying index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    lives: Vec<Life>,
    index: Observed,
    opened: Time,
    now: Time,
    /// The last moment that is over: nothing that arrives later changes its samples.
    over: Option<Time>,
    /// What comes next of each series and kind, and nothing that would come to nothing.
    agenda: BTreeSet<(Time, Due, usize)>,
    /// Requests that wait, of all series.
    waiting: usize,
}

impl Board {
    /// A board that opens at `opened` with an index observed then. What falls due at that moment or
    /// before belongs to the past.
    ///
    /// # Errors
    /// A series contradicts itself or another, or the index is zero or out of bounds.
    pub fn new(series: Vec<Series>, opened: Time, index: Price) -> Result<Board, Error> {
        check_all(&series, opened)?;
        check_price("index", index)?;
        let mut agenda = BTreeSet::new();
        for (place, series) in series.iter().enumerate() {
            for kind in PlannedKind::ALL {
                // Nobody has asked to roll yet.
                let at = series.moment(kind, Some(opened));
                if let Some(at) = at.filter(|_| kind != PlannedKind::Roll) {
                    agenda.insert((at, Due::Planned(kind), place));
                }
            }
        }
        Ok(Board {
            lives: series.into_iter().map(|terms| Life::new(terms, opened)).collect(),
            index: Observed { price: index, at: opened },
            opened,
            now: opened,
            over: before(opened),
            agenda,
            waiting: 0,
        })
    }

    /// Takes `input`, which happens at `now`, after everything due before; [`Input::Time`] also after
    /// everything due at `now`. Tells what happened, in order of time. At one moment exercise that
    /// waited comes first, then funding, sessions, rolls, the start of averaging and delivery, each by
    /// place of series.
    ///
    /// # Errors
    /// Time runs backwards, a price is zero, out of bounds or of another scale than before, a series
    /// is unknown, or more than [`EVENTS_MAX`] events are due. Nothing has changed then.
    pub fn step(&mut self, now: Time, input: Input) -> Result<Vec<Happened>, Error> {
        self.check(now, &input)?;
        let until = match input {
            Input::Time => Some(now),
            _ => before(now).max(self.over),
        };
        self.check_due(until)?;
        let mut happened = Vec::new();
        while let Some(next) = self.agenda.first().copied() {
            if Some(next.0) > until {
                break;
            }
            self.agenda.remove(&next);
            self.fire(next, &mut happened);
        }
        (self.now, self.over) = (now, until);
        match input {
            Input::Time => {}
            Input::Index(price) => {
                self.lives.iter_mut().for_each(|life| life.sample(self.index, until));
                self.index = Observed { price, at: now };
            }
            Input::Mark { series, price } => {
                let life = &mut self.lives[series];
                life.sample_premiums(self.index, until);
                life.mark = Some(price);
            }
            Input::Ask(request) => {
                let what = self.ask(request);
                let what = what.unwrap_or_else(|why| Some(What::Refused { request, why }));
                let series = request.series();
                happened.extend(what.map(|what| Happened { at: now, series, what }));
            }
        }
        Ok(happened)
    }

    /// When the next event is due, if any is.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        self.agenda.first().map(|(at, _, _)| *at)
    }

    /// What the settlement price of the series at this place is made of so far: from the moment
    /// averaging begins until delivery, and none for a series that is not averaged. A sample counts
    /// once its moment is over.
    #[must_use]
    pub fn fixing(&self, series: usize) -> Option<Fixing> {
        let life = self.lives.get(series).filter(|life| !life.ended)?;
        let settlement = life.terms.lifecycle.settlement.as_ref()?;
        let left = life.terms.expires?.since(self.now);
        if left > settlement.window() {
            return None;
        }
        let fixings = life.fixings(self.index, self.over);
        Some(Fixing {
            taken: fixings.taken,
            planned: settlement.planned,
            missing: fixings.missing(),
            so_far: fixings.mean().map(|raw| Price { raw, ..self.index.price }),
        })
    }

    /// Whether the series at this place has been delivered. A place without a series has no end.
    #[must_use]
    pub fn ended(&self, series: usize) -> bool {
        self.lives.get(series).is_some_and(|life| life.ended)
    }

    /// The last moment whose events have happened or never will.
    fn fired(&self) -> Time {
        self.over.map_or(self.opened, |over| over.max(self.opened))
    }

    fn check(&self, now: Time, input: &Input) -> Result<(), Error> {
        if now < self.now {
            let right = format!("{} or later: time does not run backwards", self.now.0);
            return Err(Error::value("now", now.0, &right));
        }
        match input {
            Input::Time => Ok(()),
            Input::Index(price) => {
                check_price("index", *price)?;
                check_scale("index", *price, Some(self.index.price))
            }
            Input::Mark { series, price } => {
                let life = self.known(*series)?;
                check_price("mark", *price)?;
                check_scale("mark", *price, life.mark)
            }
            Input::Ask(request) => self.known(request.series()).map(|_| ()),
        }
    }

    fn known(&self, series: usize) -> Result<&Life, Error> {
        self.lives.get(series).ok_or_else(|| {
            let right = format!("the place of one of {} series", self.lives.len());
            Error::value("series", series, &right)
        })
    }

    /// Holds that no more is due than one step takes.
    fn check_due(&self, until: Option<Time>) -> Result<(), Error> {
        let Some(until) = until.filter(|until| self.next_due().is_some_and(|at| at <= *until))
        else {
            return Ok(());
        };
        let fired = self.fired();
        let lives = self.lives.iter().filter(|life| !life.ended);
        let due = lives.map(|life| life.due(fired, until)).fold(0u64, u64::saturating_add);
        if due <= EVENTS_MAX as u64 {
            return Ok(());
        }
        Err(Error::TooMany {
            what: format!("the events due up to {}", until.0),
            limit: EVENTS_MAX,
            expected: "step in shorter stretches of time".to_owned(),
        })
    }

    fn fire(&mut self, due: (Time, Due, usize), happened: &mut Vec<Happened>) {
        let (at, due, place) = due;
        let mut tell = |what: What| happened.push(Happened { at, series: place, what });
        let index = self.index;
        let kind = match due {
            Due::Exercise => {
                let waiting = std::mem::take(&mut self.lives[place].waiting);
                self.waiting -= waiting.len();
                for (holder, quantity) in waiting {
                    tell(What::Exercised { holder, quantity, price: index.price });
                }
                return;
            }
            Due::Planned(kind) => kind,
        };
        match kind {
            PlannedKind::Funding => tell(self.lives[place].fund(index, at)),
            PlannedKind::Session => tell(What::SessionEnded),
            PlannedKind::Roll => self.roll(place).into_iter().for_each(tell),
            PlannedKind::Fixing => tell(What::FixingBegan),
            PlannedKind::Delivery => {
                let life = &mut self.lives[place];
                // Who still waits is covered by delivery.
                self.waiting -= std::mem::take(&mut life.waiting).len();
                tell(life.deliver(index, at));
            }
        }
        if let Some(next) = self.lives[place].terms.moment(kind, Some(at)) {
            self.agenda.insert((next, due, place));
        }
    }

    /// Carries out the standing instructions of a series, which are dropped.
    fn roll(&mut self, place: usize) -> Vec<What> {
        let rolling = std::mem::take(&mut self.lives[place].rolling);
        self.waiting -= rolling.len();
        let Some(into) = self.lives[place].terms.into else { return Vec::new() };
        let price = |place: usize| self.lives[place].mark.unwrap_or(self.index.price);
        let (near, far) = (price(place), price(into));
        rolling.into_iter().map(|holder| What::Rolled { holder, into, near, far }).collect()
    }

    /// What a request leads to at once, if anything.
    fn ask(&mut self, request: Request) -> Result<Option<What>, Refusal> {
        let (fired, index, place) = (self.fired(), self.index, request.series());
        let room = self.waiting < WAITING_MAX;
        let life = &mut self.lives[place];
        match request {
            Request::Exercise { holder, quantity, .. } => {
                if !life.may_exercise(quantity)? {
                    return Ok(Some(What::Exercised { holder, quantity, price: index.price }));
                }
                if !room {
                    return Err(Refusal::TooManyWaiting);
                }
                life.waiting.push((holder, quantity));
                self.waiting += 1;
                // Where no session ends before expiry, delivery covers it.
                self.agenda.extend(life.exercise_at(fired).map(|at| (at, Due::Exercise, place)));
                Ok(None)
            }
            Request::Transfer { from, to, quantity, .. } => {
                let mark = life.may_transfer(from, to, quantity, index)?;
                Ok(Some(What::Transferred { from, to, quantity, mark }))
            }
            Request::Rolling { holder, on, .. } => {
                let due = (life.may_roll(fired)?, Due::Planned(PlannedKind::Roll), place);
                if on && !life.rolling.contains(&holder) {
                    if !room {
                        return Err(Refusal::TooManyWaiting);
                    }
                    life.rolling.insert(holder);
                    self.waiting += 1;
                    self.agenda.insert(due);
                } else if !on && life.rolling.remove(&holder) {
                    self.waiting -= 1;
                    if life.rolling.is_empty() {
                        self.agenda.remove(&due);
                    }
                }
                Ok(None)
            }
        }
    }
}

/// The moment before, if there is one.
fn before(at: Time) -> Option<Time> {
    at.0.checked_sub(1).map(Time)
}

fn check_price(field: &str, price: Price) -> Result<(), Error> {
    if price.decimals > PRICE_DECIMALS_MAX {
        let right = format!("a price of at most {PRICE_DECIMALS_MAX} decimals");
        return Err(Error::value(field, format!("{price:?}"), &right));
    }
    if price.raw == 0 || price.raw > PRICE_RAW_MAX {
        let right = format!("above zero and at most {PRICE_RAW_MAX} units of its scale");
        return Err(Error::value(field, price, &right));
    }
    Ok(())
}

fn check_scale(field: &str, price: Price, last: Option<Price>) -> Result<(), Error> {
    match last.filter(|last| last.decimals != price.decimals) {
        None => Ok(()),
        Some(last) => {
            let right = format!("a price of {} decimals, as the first", last.decimals);
            let found = format!("a price of {}", price.decimals);
            Err(Error::value(field, found, &right))
        }
    }
}
