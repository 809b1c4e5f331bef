//! One listed contract: what it is called, how it lives and when it ends.

use super::lifecycle::{ExerciseRule, Lifecycle};
use super::schedule::PlannedKind;
use crate::Error;
use breakwater_money::Time;
use std::collections::BTreeSet;

/// Most series of one underlying index. A large options board lists about a thousand.
pub const SERIES_MAX: usize = 4_096;

/// One listed contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// What it is called; no two series of a board share a name.
    pub symbol: String,
    /// How it lives.
    pub lifecycle: Lifecycle,
    /// When it expires; none for a perpetual.
    pub expires: Option<Time>,
    /// Place of the series that positions roll into.
    pub into: Option<usize>,
    /// Whether it is an option.
    pub option: bool,
}

impl Series {
    /// The first moment of `kind` after `after`; `None` is before all time.
    pub(super) fn moment(&self, kind: PlannedKind, after: Option<Time>) -> Option<Time> {
        let life = &self.lifecycle;
        let cycle = match kind {
            PlannedKind::Funding => life.funding.as_ref().map(|funding| funding.cycle),
            PlannedKind::Session => life.session,
            _ => return self.once(kind).filter(|at| after.is_none_or(|after| *at > after)),
        };
        let next = cycle?.next(after)?;
        Some(next).filter(|at| self.lives_at(*at))
    }

    /// How many moments of `kind` lie after `after`, up to and including `until`.
    pub(super) fn count(&self, kind: PlannedKind, after: Option<Time>, until: Time) -> u64 {
        let life = &self.lifecycle;
        let cycle = match kind {
            PlannedKind::Funding => life.funding.as_ref().map(|funding| funding.cycle),
            PlannedKind::Session => life.session,
            _ => return u64::from(self.moment(kind, after).is_some_and(|at| at <= until)),
        };
        let until = self.expires.map_or(until, |expires| expires.min(until));
        cycle.map_or(0, |cycle| cycle.between(after, until))
    }

    /// When that which happens once does. A moment before 1970 has no name and is past.
    fn once(&self, kind: PlannedKind) -> Option<Time> {
        let expires = self.expires?;
        let before = match kind {
            PlannedKind::Roll => self.lifecycle.roll?,
            PlannedKind::Fixing => self.lifecycle.settlement.as_ref()?.window(),
            _ => 0,
        };
        expires.0.checked_sub(before).map(Time)
    }

    /// Whether the series has not ended before `at`. What falls on the expiry still happens.
    fn lives_at(&self, at: Time) -> bool {
        self.expires.is_none_or(|expires| at <= expires)
    }

    /// A field with its place, for sentences.
    fn named(&self, field: &str) -> String {
        format!("{} {field}", self.symbol)
    }

    fn no_expiry(&self) -> String {
        self.named("without expiry")
    }

    /// Holds that the series does not contradict itself.
    pub(super) fn check(&self) -> Result<(), Error> {
        let life = &self.lifecycle;
        let refuse = |field: &str, other: String, right: &str| {
            Err(Error::contradiction(self.named(field), other, right))
        };
        if life.funding.is_some() && self.expires.is_some() {
            let right = "funding takes the place of an expiry: state one of them";
            return refuse("funding", self.named("expires"), right);
        }
        if life.funding.is_some() && self.option {
            let right = "an option pays its price at the start and no funding";
            return refuse("funding", self.named("option"), right);
        }
        if life.settlement.is_some() && self.expires.is_none() {
            let right = "a perpetual has no settlement price";
            return refuse("settlement", self.no_expiry(), right);
        }
        if life.roll.is_some() && self.expires.is_none() {
            let right = "what does not expire needs no roll";
            return refuse("roll", self.no_expiry(), right);
        }
        if life.roll.is_some() && self.into.is_none() {
            let right = "name the series that positions roll into, or state no roll";
            return refuse("roll", self.named("without `into`"), right);
        }
        if life.exercise != ExerciseRule::European && !self.option {
            let right = "only an option is exercised";
            return refuse("exercise", self.named("that is no option"), right);
        }
        if life.exercise == ExerciseRule::AmericanAtSession && life.session.is_none() {
            let right = "exercise that waits for the end of a session needs sessions";
            return refuse("exercise", self.named("without session"), right);
        }
        if life.exercise == ExerciseRule::European && self.option && self.expires.is_none() {
            let right = "a European option is exercised when it expires, so it must expire";
            return refuse("exercise", self.no_expiry(), right);
        }
        Ok(())
    }
}

/// Holds that the series of a board opened at `opened` contradict neither themselves nor each other.
pub(super) fn check_all(all: &[Series], opened: Time) -> Result<(), Error> {
    if all.len() > SERIES_MAX {
        return Err(Error::TooMany {
            what: "the series of a board".to_owned(),
            limit: SERIES_MAX,
            expected: "one board holds one underlying index".to_owned(),
        });
    }
    let mut symbols = BTreeSet::new();
    for (place, series) in all.iter().enumerate() {
        series.check()?;
        if !symbols.insert(series.symbol.as_str()) {
            return Err(Error::value("symbol", &series.symbol, "a name that no other series has"));
        }
        if let Some(expires) = series.expires.filter(|expires| *expires <= opened) {
            let right = format!("later than {}, when the board opens", opened.0);
            return Err(Error::value(&series.named("expires"), expires.0, &right));
        }
        if let Some(into) = series.into {
            check_into(all, place, into)?;
        }
    }
    Ok(())
}

/// Holds that positions of the series at `place` can roll into that at `into`.
fn check_into(all: &[Series], place: usize, into: usize) -> Result<(), Error> {
    let series = &all[place];
    let Some(next) = all.get(into).filter(|_| into != place) else {
        let right = format!("the place of another series, 0 to {}", all.len().saturating_sub(1));
        return Err(Error::value(&series.named("into"), into, &right));
    };
    let ends_first = match (series.expires, next.expires) {
        (Some(expires), Some(next)) => next < expires,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    if ends_first {
        let right = "positions roll into what expires no earlier";
        return Err(Error::contradiction(series.named("expires"), next.named("expires"), right));
    }
    if series.option != next.option {
        let right = "options roll into options, futures into futures";
        return Err(Error::contradiction(series.named("option"), next.named("option"), right));
    }
    Ok(())
}
