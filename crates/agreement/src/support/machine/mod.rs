//! A margin agreement in motion: one call of [`step`] a thing that happens, time as data.
//!
//! The machine holds what has been posted and says what is due from whom until when. It asks for
//! nothing and waits for nobody without an end: every wait has a moment after which something
//! stated in the agreement follows, so that letting time pass alone brings every state to rest
//! ([`State::deadline`] is then `None`). What comes in equals what went out and what is held
//! ([`Accounts::balanced`]), and nothing goes out that is not held. Deadlines are worked off one by
//! one, each at its own moment, before what happens later is taken: one long step gives what many
//! short ones give.
//!
//! A moment that passes with something happening at it is in time: deadlines of earlier moments
//! come first. [`Input::Advance`] says that the moment itself is over.

mod accounts;
mod calls;
mod closing;
mod input;
mod interest;
mod substitution;
#[cfg(test)]
mod tests;

pub use accounts::{Accounts, Flows, Money};
pub use calls::{Direction, Due, InDispute, OpenCall, Stage};
pub use closing::{Phase, Settlement};
pub use input::{Answer, Input, Output, Refusal, Told};
pub use substitution::{Substitution, SubstitutionStage};

use super::terms::{Agreement, Side};
use super::valuation::Valuation;
use crate::calendar::Date;
use breakwater_money::{Rational, Rounding, Time, rational};

/// Most calls open at once; a valuation that would need more is refused. In daily use two or three
/// are open, and one that stays open ends in default within days.
pub const CALLS_MAX: usize = 16;

/// Most substitutions open at once.
pub const SUBSTITUTIONS_MAX: usize = 4;

/// Most deadlines worked off in one step. More cannot be due: a call has three in its life, a
/// substitution two and its return two, closing out six, and interest one a month until the first
/// that is not paid ends the agreement. Whatever were left would be taken by the next step.
pub const FIRES_MAX: usize = 512;

/// Everything the machine remembers of one agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    now: Time,
    phase: Phase,
    calls: Vec<OpenCall>,
    substitutions: Vec<Substitution>,
    accounts: Accounts,
    /// Interest earned and not yet payable, in raw units, by pledgor and place.
    accrued: [Vec<Rational>; 2],
    accrued_to: Date,
    interest_at: Time,
    rates: Vec<Rational>,
    valuation: Option<Valuation>,
    prices: Vec<Option<Rational>>,
    next_id: u32,
}

impl State {
    /// An agreement under which nothing has been posted, from `start` on.
    #[must_use]
    pub fn new(agreement: &Agreement, start: Time) -> State {
        let rows = agreement.collateral.len();
        let zero = || vec![rational::from_raw(0, 0); rows];
        State {
            now: start,
            phase: Phase::Live,
            calls: Vec::new(),
            substitutions: Vec::new(),
            accounts: Accounts::new(rows),
            accrued: [zero(), zero()],
            accrued_to: agreement.timing.zone.local(start).0,
            interest_at: agreement.timing.next_month(start),
            rates: agreement.collateral.iter().map(|row| row.interest.clone()).collect(),
            valuation: None,
            prices: vec![None; rows],
            next_id: 1,
        }
    }

    /// The last moment that was worked off.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// Where the agreement stands.
    #[must_use]
    pub const fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Calls that are open, oldest first.
    #[must_use]
    pub fn calls(&self) -> &[OpenCall] {
        &self.calls
    }

    /// Substitutions that are open, oldest first.
    #[must_use]
    pub fn substitutions(&self) -> &[Substitution] {
        &self.substitutions
    }

    /// What came in, went out and is held.
    #[must_use]
    pub const fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// What `pledgor` has posted and is held, by place in the schedule.
    #[must_use]
    pub fn held(&self, pledgor: Side) -> &[u128] {
        &self.accounts.flows[pledgor.place()].held
    }

    /// The last price of each row of the schedule.
    #[must_use]
    pub fn prices(&self) -> &[Option<Rational>] {
        &self.prices
    }

    /// Whether nothing is posted, due or waited for any more.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed(_))
    }

    /// When the next wait ends, if anything is waited for.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        self.next_wait().map(|(at, _)| at)
    }

    /// When something happens next by itself: the end of a wait, or a day on which interest is due.
    #[must_use]
    pub fn next_moment(&self) -> Option<Time> {
        let interest = self.phase.in_force().then_some(self.interest_at);
        self.deadline().into_iter().chain(interest).min()
    }

    fn next_wait(&self) -> Option<(Time, Fire)> {
        let calls = self.calls.iter().flat_map(|call| {
            let answer = call.answer_by.map(|at| (at, Fire::Answer(call.id)));
            let dispute = call.dispute.as_ref().map(|it| (it.by, Fire::Dispute(call.id)));
            let due = call.due.as_ref().filter(|due| due.stage != Stage::Failed);
            answer.into_iter().chain(dispute).chain(due.map(|due| (due.by, Fire::Due(call.id))))
        });
        let substitutions = self.substitutions.iter().map(|it| (it.by, Fire::Substitution(it.id)));
        let phase = self.phase.until().map(|at| (at, Fire::Phase));
        calls.chain(substitutions).chain(phase).min()
    }

    fn next_id(&mut self) -> u32 {
        let id = self.next_id;
        self.next_id = self.next_id.saturating_add(1);
        id
    }
}

/// Whose moment has come. The order decides among those of one moment: answers before what was due
/// on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fire {
    Answer(u32),
    Dispute(u32),
    Due(u32),
    Substitution(u32),
    Phase,
    Interest,
}

/// One step of the machine at work: the agreement, its state, the moment, and what it said so far.
struct Work<'a> {
    agreement: &'a Agreement,
    state: &'a mut State,
    at: Time,
    told: Vec<Told>,
}

/// Takes `input`, which happens at `at`, after every deadline before it.
///
/// Total and deterministic: what cannot be taken is answered by [`Output::Refused`] and changes
/// nothing but the time.
pub fn step(agreement: &Agreement, state: &mut State, at: Time, input: &Input) -> Vec<Told> {
    let now = state.now;
    let mut work = Work { agreement, state, at, told: Vec::new() };
    if at < now {
        work.tell(Output::Refused(Refusal::Past { now }));
        return work.told;
    }
    let inclusive = matches!(input, Input::Advance);
    if !work.catch_up(at, inclusive) {
        work.tell(Output::Refused(Refusal::Behind { now: work.state.now }));
        return work.told;
    }
    work.at = at;
    work.state.now = at;
    work.accrue();
    if let Err(refusal) = work.take(input) {
        work.tell(Output::Refused(refusal));
    }
    work.told
}

impl Work<'_> {
    fn tell(&mut self, output: Output) {
        self.told.push(Told { at: self.at, output });
    }

    /// Works off the deadlines before `limit`, or up to it; false if the bound was reached.
    fn catch_up(&mut self, limit: Time, inclusive: bool) -> bool {
        for _ in 0..FIRES_MAX {
            let in_force = self.state.phase.in_force();
            let interest = in_force.then_some((self.state.interest_at, Fire::Interest));
            let next = self.state.next_wait().into_iter().chain(interest).min();
            let Some((at, fire)) = next else { return true };
            if at > limit || (at == limit && !inclusive) {
                return true;
            }
            self.at = at.max(self.state.now);
            self.state.now = self.at;
            self.accrue();
            match fire {
                Fire::Answer(id) => self.silence(id),
                Fire::Dispute(id) => self.unresolved(id),
                Fire::Due(id) => self.overdue(id),
                Fire::Substitution(id) => self.substitution_lapses(id),
                Fire::Phase => self.phase_ends(),
                Fire::Interest => self.interest_due(limit),
            }
        }
        false
    }

    fn take(&mut self, input: &Input) -> Result<(), Refusal> {
        match input {
            Input::Advance => Ok(()),
            Input::Value(valuation) => self.value(valuation),
            Input::Answer { call, answer } => self.answer(*call, answer),
            Input::Resolve { call, upheld } => self.resolve(*call, *upheld),
            Input::Settle { call, lots } => self.settle(*call, lots),
            Input::Substitute { pledgor, give, take } => self.substitute(*pledgor, give, take),
            Input::Consent { substitution, yes } => self.consent(*substitution, *yes),
            Input::Bring { substitution } => self.bring(*substitution),
            Input::Rate { place, rate } => self.rate(*place, rate),
            Input::Declare { yes } => self.declare(*yes),
            Input::Event { party, cause } => self.event(*party, *cause),
            Input::CloseOut { amount } => self.close_out(amount),
            Input::Sold { lots, proceeds } => self.sold(lots, *proceeds),
            Input::SaleEnded => self.sale_ended(),
            Input::Covered { amount } => self.covered(*amount),
            Input::Paid { amount } => self.paid(*amount),
        }
    }

    /// Whether collateral moves: nothing has been closed out.
    fn in_force(&self) -> Result<(), Refusal> {
        match self.state.phase.in_force() {
            true => Ok(()),
            false => Err(Refusal::NotNow { phase: self.state.phase.name() }),
        }
    }

    fn rows(&self, lots: &[u128]) -> Result<(), Refusal> {
        let rows = self.agreement.collateral.len();
        match lots.len() == rows {
            true => Ok(()),
            false => Err(Refusal::Rows { found: lots.len(), rows }),
        }
    }

    /// An amount in minor units. Amounts beyond 128 bits were refused at the door.
    fn minor(&self, amount: &Rational, rounding: Rounding) -> u128 {
        rational::to_raw(amount, self.agreement.decimals, rounding).unwrap_or(u128::MAX)
    }

    /// Minor units as an exact amount.
    fn exact(&self, minor: u128) -> Rational {
        super::valuation::of_quantity(minor, self.agreement.decimals)
    }
}
