//! The margin call: one small state machine an account.

use breakwater_margin::Band;
use breakwater_money::Time;
use serde::{Deserialize, Serialize};

/// Where an account stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum CallState {
    /// Nothing is asked of it.
    #[default]
    Healthy,
    /// Below the warning line.
    Warned,
    /// In breach, until its deadline free to cure.
    Called,
    /// Was in breach and no longer is.
    Cured,
    /// Being sold.
    Liquidating,
    /// Liquidated until it owed nothing.
    Closed,
    /// Liquidated until nothing was left to pay with; the rest was booked as a deficit.
    Bankrupt,
}

impl CallState {
    /// True while the account may be liquidated.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, CallState::Called | CallState::Liquidating)
    }
}

/// An account's state with its time and deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MarginCall {
    /// Where it stands.
    pub state: CallState,
    /// Since when.
    pub since: Time,
    /// When liquidation may begin; only while called.
    pub deadline: Option<Time>,
}

/// What was just found out about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// Its band at the marks.
    pub band: Band,
    /// True if it owes anything or holds a position.
    pub exposed: bool,
    /// True if a part of it was just liquidated.
    pub liquidated: bool,
    /// True if a deficit was just booked for it.
    pub deficit: bool,
}

impl MarginCall {
    /// The next state, or none if nothing changes.
    ///
    /// A fall straight from healthy into breach is a call like any other; the event carries the
    /// state it came from, so that a reader sees the missing warning. A cure ends a liquidation
    /// at once, whatever brought it: price, a top-up, or the liquidation itself.
    #[must_use]
    pub fn next(&self, finding: Finding, now: Time, notice_nanos: u64) -> Option<MarginCall> {
        use CallState as S;
        let ended = (finding.liquidated || self.state == S::Bankrupt) && !finding.exposed;
        let state = match (self.state, finding.band) {
            _ if finding.deficit && !finding.exposed => S::Bankrupt,
            (S::Bankrupt, _) if ended => S::Bankrupt,
            (S::Closed, Band::Healthy) if !finding.exposed => S::Closed,
            (S::Called | S::Liquidating, _) if ended => S::Closed,
            (S::Called | S::Liquidating, Band::Breach) if finding.liquidated => S::Liquidating,
            (S::Called | S::Liquidating, Band::Breach) => self.state,
            (S::Called | S::Liquidating, _) => S::Cured,
            (_, Band::Breach) => S::Called,
            (_, Band::Warned) => S::Warned,
            (_, Band::Healthy) => S::Healthy,
        };
        if state == self.state {
            return None;
        }
        let deadline = (state == S::Called).then(|| now.after(notice_nanos));
        Some(MarginCall { state, since: now, deadline })
    }

    /// True once liquidation may begin.
    #[must_use]
    pub fn is_due(&self, now: Time) -> bool {
        match self.state {
            CallState::Called => self.deadline.is_none_or(|deadline| now >= deadline),
            CallState::Liquidating => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(call: &mut MarginCall, finding: Finding, now: u64) -> CallState {
        if let Some(next) = call.next(finding, Time(now), 100) {
            *call = next;
        }
        call.state
    }

    const SEEN: Finding =
        Finding { band: Band::Healthy, exposed: true, liquidated: false, deficit: false };

    #[test]
    fn a_call_has_its_notice_and_a_cure_cancels_it() {
        let mut call = MarginCall::default();
        assert_eq!(step(&mut call, Finding { band: Band::Warned, ..SEEN }, 1), CallState::Warned);
        assert_eq!(step(&mut call, Finding { band: Band::Breach, ..SEEN }, 2), CallState::Called);
        assert_eq!(call.deadline, Some(Time(102)));
        assert!(!call.is_due(Time(101)) && call.is_due(Time(102)));
        assert_eq!(step(&mut call, Finding { band: Band::Warned, ..SEEN }, 3), CallState::Cured);
        assert_eq!(call.deadline, None);
        assert_eq!(step(&mut call, Finding { band: Band::Warned, ..SEEN }, 4), CallState::Warned);
        assert_eq!(step(&mut call, SEEN, 5), CallState::Healthy);
    }

    #[test]
    fn a_liquidation_ends_cured_closed_or_bankrupt() {
        let breach = Finding { band: Band::Breach, ..SEEN };
        let mut call = MarginCall::default();
        assert_eq!(step(&mut call, breach, 1), CallState::Called);
        let hit = Finding { liquidated: true, ..breach };
        assert_eq!(step(&mut call, hit, 2), CallState::Liquidating);
        assert_eq!(step(&mut call, hit, 3), CallState::Liquidating);
        let mut other = call;
        let paid =
            Finding { band: Band::Healthy, exposed: false, liquidated: true, deficit: false };
        assert_eq!(step(&mut call, paid, 4), CallState::Closed);
        let lost = Finding { deficit: true, ..paid };
        assert_eq!(step(&mut other, lost, 4), CallState::Bankrupt);
        let idle = Finding { exposed: false, ..SEEN };
        assert_eq!(step(&mut other, idle, 5), CallState::Bankrupt);
        assert_eq!(step(&mut other, SEEN, 6), CallState::Healthy);
    }
}
