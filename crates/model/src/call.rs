//! The margin call: where an account stands after a look at it.

use breakwater_liquidation::{CallState, MarginCall};
use breakwater_margin::{Band, Health, Ratio};
use breakwater_money::Time;

/// What a look at an account found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Its band.
    pub band: Band,
    /// It owes something or holds a position.
    pub exposed: bool,
    /// This command has liquidated a part of it.
    pub liquidated: bool,
    /// This command has booked a loss for it.
    pub deficit: bool,
}

/// The band of a health: in breach by the rule's own word, else by the warning line.
#[must_use]
pub fn band(health: &Health, warn: Ratio) -> Band {
    match (health.breach, health.ratio.raw < warn.raw) {
        (true, _) => Band::Breach,
        (false, true) => Band::Warned,
        (false, false) => Band::Healthy,
    }
}

/// Where the account stands now.
#[must_use]
pub fn state_after(state: CallState, look: Look) -> CallState {
    let was_open = state == CallState::Called || state == CallState::Liquidating;
    let ended = !look.exposed;
    if look.deficit && ended {
        return CallState::Bankrupt;
    }
    // Final states last until the account takes on something new.
    if state == CallState::Bankrupt && ended {
        return CallState::Bankrupt;
    }
    if state == CallState::Closed && ended && look.band == Band::Healthy {
        return CallState::Closed;
    }
    if was_open {
        return match (look.band, look.liquidated) {
            (_, true) if ended => CallState::Closed,
            (Band::Breach, true) => CallState::Liquidating,
            (Band::Breach, false) => state,
            _ => CallState::Cured,
        };
    }
    match look.band {
        Band::Breach => CallState::Called,
        Band::Warned => CallState::Warned,
        Band::Healthy => CallState::Healthy,
    }
}

/// The call with its new state, or none if nothing changes.
#[must_use]
pub fn next(call: MarginCall, look: Look, now: Time, notice_nanos: u64) -> Option<MarginCall> {
    let state = state_after(call.state, look);
    if state == call.state {
        return None;
    }
    let called = state == CallState::Called;
    let deadline = if called { Some(Time(now.0.saturating_add(notice_nanos))) } else { None };
    Some(MarginCall { state, since: now, deadline })
}
