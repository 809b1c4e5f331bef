//! What a contract does on a day.

use crate::calendar::Moment;

/// The kind of an event (ACTUS dictionary, event types).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventType {
    /// Initial exchange of the principal.
    Ied,
    /// Fee payment.
    Fp,
    /// Principal redemption.
    Pr,
    /// Principal increase.
    Pi,
    /// Fixing of the principal redemption amount.
    Prf,
    /// Penalty for a prepayment.
    Py,
    /// Prepayment of principal.
    Pp,
    /// Interest payment.
    Ip,
    /// Interest payment of the fixed leg.
    Ipfx,
    /// Interest payment of the floating leg.
    Ipfl,
    /// Interest capitalisation.
    Ipci,
    /// Credit event.
    Ce,
    /// Rate reset to a rate that is known already.
    Rrf,
    /// Rate reset to an observed rate.
    Rr,
    /// Dividend.
    Dv,
    /// Purchase.
    Prd,
    /// Termination.
    Td,
    /// Scaling by an index.
    Sc,
    /// Fixing of the interest calculation base.
    Ipcb,
    /// Maturity.
    Md,
    /// Exercise.
    Xd,
    /// Settlement.
    Std,
    /// Analysis: nothing happens, the state is shown.
    Ad,
}

/// Every kind with its code and its place among events of the same moment.
const CODES: [(EventType, &str, u16); 23] = [
    (EventType::Ied, "IED", 10),
    (EventType::Fp, "FP", 20),
    (EventType::Pr, "PR", 30),
    (EventType::Pi, "PI", 30),
    (EventType::Prf, "PRF", 50),
    (EventType::Py, "PY", 60),
    (EventType::Pp, "PP", 70),
    (EventType::Ip, "IP", 80),
    (EventType::Ipfx, "IPFX", 80),
    (EventType::Ipfl, "IPFL", 80),
    (EventType::Ipci, "IPCI", 90),
    (EventType::Ce, "CE", 100),
    (EventType::Rrf, "RRF", 110),
    (EventType::Rr, "RR", 120),
    (EventType::Dv, "DV", 130),
    (EventType::Prd, "PRD", 140),
    (EventType::Td, "TD", 160),
    (EventType::Sc, "SC", 170),
    (EventType::Ipcb, "IPCB", 180),
    (EventType::Md, "MD", 190),
    (EventType::Xd, "XD", 200),
    (EventType::Std, "STD", 210),
    (EventType::Ad, "AD", 220),
];

impl EventType {
    /// The code of the dictionary, as `IED`.
    #[must_use]
    pub fn code(self) -> &'static str {
        CODES.iter().find(|entry| entry.0 == self).map_or("", |entry| entry.1)
    }

    /// The kind with this code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        CODES.iter().find(|entry| entry.1 == code).map(|entry| entry.0)
    }

    /// The place among events of the same moment, ten times the dictionary's sequence number.
    pub(super) fn rank(self) -> u16 {
        CODES.iter().find(|entry| entry.0 == self).map_or(u16::MAX, |entry| entry.2)
    }
}

/// What an exercise came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exercise {
    /// When the right was exercised, if it was.
    pub date: Option<Moment>,
    /// What it is worth until it is settled, in the currency of the contract.
    pub amount: f64,
}

/// One event with what it pays and the state after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When it takes place.
    pub time: Moment,
    /// Its kind.
    pub kind: EventType,
    /// What the keeper of the record receives (negative: pays), in `currency`.
    pub payoff: f64,
    /// Code of the currency.
    pub currency: String,
    /// Outstanding principal afterwards; negative for a liability.
    pub notional: f64,
    /// Nominal interest rate a year afterwards, as a fraction.
    pub rate: f64,
    /// Accrued interest afterwards; negative for a liability.
    pub accrued: f64,
    /// The state of the right, for contracts that are exercised.
    pub exercise: Option<Exercise>,
}
