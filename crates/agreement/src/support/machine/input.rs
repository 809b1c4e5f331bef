//! What happens to an agreement, and what it says.

use super::calls::Direction;
use super::closing::Settlement;
use crate::support::formula::{Call, Figures};
use crate::support::terms::{Cause, Disposal, Side};
use crate::support::valuation::Valuation;
use breakwater_money::{Rational, Time};

/// An answer to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// All of it.
    Agree,
    /// Only so much, in minor units; the rest is in dispute.
    Partly {
        /// What is agreed.
        agreed: u128,
    },
    /// None of it.
    Dispute,
}

/// Something that happens.
#[allow(clippy::large_enum_variant)] // A valuation is large, and comes once a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The moment is over.
    Advance,
    /// The valuation agent has valued; calls follow from it.
    Value(Valuation),
    /// A call is answered.
    Answer {
        /// Which.
        call: u32,
        /// How.
        answer: Answer,
    },
    /// A dispute is settled: so much of what was disputed is due, in minor units.
    Resolve {
        /// Of which call.
        call: u32,
        /// What is upheld.
        upheld: u128,
    },
    /// Lots arrived on a call, raw quantities by place in the schedule.
    Settle {
        /// On which call.
        call: u32,
        /// What arrived.
        lots: Vec<u128>,
    },
    /// A pledgor wants to replace what it has posted.
    Substitute {
        /// Who.
        pledgor: Side,
        /// What it will bring.
        give: Vec<u128>,
        /// What it wants back.
        take: Vec<u128>,
    },
    /// The other party answers a substitution.
    Consent {
        /// Which.
        substitution: u32,
        /// Yes or no.
        yes: bool,
    },
    /// The new collateral of a substitution arrived.
    Bring {
        /// Of which.
        substitution: u32,
    },
    /// A new rate on posted cash, as a fraction a year; below zero counts as zero.
    Rate {
        /// Place in the schedule.
        place: usize,
        /// The rate.
        rate: Rational,
    },
    /// The decision that the agreement leaves to the other party: declare a default or waive it.
    Declare {
        /// Declare.
        yes: bool,
    },
    /// An event of default other than a failure that the machine sees itself.
    Event {
        /// Of whom.
        party: Side,
        /// What.
        cause: Cause,
    },
    /// The close-out amount: what B owes A for the closed transactions, below zero the reverse.
    CloseOut {
        /// In base currency.
        amount: Rational,
    },
    /// Posted collateral was sold.
    Sold {
        /// What, raw quantities by place.
        lots: Vec<u128>,
        /// For how much, in minor units.
        proceeds: u128,
    },
    /// No more will be sold.
    SaleEnded,
    /// The guarantor paid, in minor units.
    Covered {
        /// How much.
        amount: u128,
    },
    /// The party that owes the close-out amount paid, in minor units.
    Paid {
        /// How much.
        amount: u128,
    },
}

/// Something the agreement says, with the moment it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// When.
    pub at: Time,
    /// What.
    pub output: Output,
}

/// What an agreement says. Amounts are minor units of the base currency, lots raw quantities by
/// place in the schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A call, with its arithmetic.
    Called {
        /// Its number.
        call: u32,
        /// Who has posted or is to post.
        pledgor: Side,
        /// Which way it goes.
        direction: Direction,
        /// How much.
        amount: u128,
        /// Everything it depends on.
        arithmetic: Box<(Call, Figures)>,
        /// Silence until then agrees.
        answer_by: Time,
    },
    /// An answer, or what silence means.
    Answered {
        /// To which call.
        call: u32,
        /// Who answered.
        by: Side,
        /// The answer.
        answer: Answer,
        /// Whether nobody said anything.
        silent: bool,
        /// What is now due of it.
        due: u128,
    },
    /// A dispute is settled.
    Resolved {
        /// Of which call.
        call: u32,
        /// What of it was upheld.
        upheld: u128,
        /// Whether the end of the wait settled it.
        by_time: bool,
    },
    /// Something is to be transferred.
    Expected {
        /// On which call.
        call: u32,
        /// By whom.
        from: Side,
        /// Which way.
        direction: Direction,
        /// Adjusted value of it; for interest and replaced collateral, zero: the lots are named.
        amount: u128,
        /// Which lots, where they are not for the mover to choose.
        lots: Option<Vec<u128>>,
        /// Until when.
        by: Time,
    },
    /// Something arrived on a call.
    Settled {
        /// On which.
        call: u32,
        /// From whom.
        from: Side,
        /// What.
        lots: Vec<u128>,
        /// Whether the call is complete.
        complete: bool,
        /// Whether it was in its grace period or declared failed.
        cured: bool,
    },
    /// A call ended without a transfer: nothing of it can be given back, or the default ended it.
    Lapsed {
        /// Which.
        call: u32,
    },
    /// Something did not arrive; it is a default when the grace period ends.
    Failed {
        /// On which call.
        call: u32,
        /// Whose failure.
        party: Side,
        /// End of the grace period.
        until: Time,
    },
    /// The other party is asked whether to declare a default.
    Asked {
        /// In default.
        party: Side,
        /// Until when.
        until: Time,
    },
    /// The failure was waived.
    Waived {
        /// Whose.
        party: Side,
        /// Whether silence did.
        silent: bool,
    },
    /// An event of default.
    Defaulted {
        /// Of whom.
        party: Side,
        /// What.
        cause: Cause,
        /// When transactions end.
        terminates: Time,
    },
    /// Transactions have ended; the close-out amount is wanted.
    Terminated {
        /// Until when; then the last exposure counts.
        until: Time,
    },
    /// What is owed after netting, by whom.
    Netted {
        /// Who owes.
        debtor: Side,
        /// How much.
        amount: u128,
        /// Collateral that the party in default did not give back, in it.
        unreturned: u128,
    },
    /// A substitution was asked for.
    SubstitutionAsked {
        /// Its number.
        substitution: u32,
        /// By whom.
        pledgor: Side,
        /// What it brings.
        give: Vec<u128>,
        /// What it wants back.
        take: Vec<u128>,
        /// Until when it may be consented to, or brought.
        by: Time,
    },
    /// A substitution ended without effect.
    SubstitutionEnded {
        /// Which.
        substitution: u32,
    },
    /// A substitution may be brought.
    SubstitutionAgreed {
        /// Which.
        substitution: u32,
        /// Until when.
        by: Time,
    },
    /// Collateral leaves, back to who posted it.
    Released {
        /// To whom.
        to: Side,
        /// What.
        lots: Vec<u128>,
    },
    /// Posted collateral is kept towards a claim.
    Applied {
        /// By whom.
        by: Side,
        /// What.
        lots: Vec<u128>,
        /// For how much.
        value: u128,
    },
    /// Posted collateral is to be sold.
    Liquidate {
        /// Whose claim it covers.
        secured: Side,
        /// What may be sold.
        lots: Vec<u128>,
        /// How much is wanted.
        wanted: u128,
        /// How.
        disposal: Disposal,
        /// Until when.
        until: Time,
    },
    /// Proceeds or a guarantor's money are paid on.
    PaidOut {
        /// To whom.
        to: Side,
        /// How much.
        amount: u128,
    },
    /// A guarantor is called.
    GuaranteeCalled {
        /// For how much.
        amount: u128,
        /// Until when.
        until: Time,
    },
    /// A party owes the close-out amount.
    PaymentDue {
        /// Who.
        from: Side,
        /// How much.
        amount: u128,
        /// Until when.
        until: Time,
    },
    /// Everything has ended.
    Closed(Settlement),
    /// What happened could not be taken.
    Refused(Refusal),
}

/// Why something could not be taken. Nothing changed but the time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Time goes forward only.
    #[error("at lies before the last moment, {}: time goes forward only", now.0)]
    Past {
        /// The last moment.
        now: Time,
    },
    /// More deadlines were due than one step works off; ask again.
    #[error("deadlines up to {} are worked off, more are due: ask again", now.0)]
    Behind {
        /// How far the step came.
        now: Time,
    },
    /// Not in this phase.
    #[error("the agreement is {phase}: this is not taken any more, or not yet")]
    NotNow {
        /// Where the agreement stands.
        phase: &'static str,
    },
    /// No such call, or not in this state.
    #[error("call {call}: expected an open call that {right}")]
    Call {
        /// Its number.
        call: u32,
        /// What would be right.
        right: &'static str,
    },
    /// No such substitution, or not in this state.
    #[error("substitution {substitution}: expected one that {right}")]
    Substitution {
        /// Its number.
        substitution: u32,
        /// What would be right.
        right: &'static str,
    },
    /// A list of lots of the wrong length.
    #[error("lots has {found} entries: one for each of the {rows} rows of the schedule")]
    Rows {
        /// Length found.
        found: usize,
        /// Length that would be right.
        rows: usize,
    },
    /// Lots that are not the ones.
    #[error("lots: {right}")]
    Lots {
        /// What would be right.
        right: &'static str,
    },
    /// An amount that is too large.
    #[error("{field} = {found}: at most {most}, in minor units")]
    Amount {
        /// Which.
        field: &'static str,
        /// What was found.
        found: u128,
        /// What would be right.
        most: u128,
    },
    /// A value is missing or makes no sense.
    #[error("{0}")]
    Value(String),
    /// A bound is passed.
    #[error("{what}: at most {most} may be open")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The bound.
        most: usize,
    },
    /// A party that does not post.
    #[error("party {} does not post under this agreement", party.key())]
    NeverPosts {
        /// Which.
        party: Side,
    },
    /// An event that the agreement does not name.
    #[error("{} is no event of default of this agreement", cause.name())]
    NoEvent {
        /// Which.
        cause: Cause,
    },
}
