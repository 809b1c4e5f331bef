//! Calls: issued, answered, disputed, met or not met.

use super::closing::Phase;
use super::input::{Answer, Output, Refusal};
use super::{CALLS_MAX, Work};
use crate::support::formula::{Call, Figures, TransferRule, not_below_zero};
use crate::support::terms::{Cause, Side, Unresolved};
use crate::support::valuation::{Posted, Valuation, adjusted_sum, call_of, market_value, release};
use breakwater_money::{Rational, Rounding, Time, rational};
use num_traits::{Signed, Zero};

/// Beyond this a figure in minor units is refused: sums of many stay within 128 bits.
const MINOR_MAX: u128 = 1 << 100;

/// Which way a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Collateral from the pledgor.
    Delivery,
    /// Collateral back to the pledgor.
    Return,
    /// Interest on posted cash to the pledgor.
    Interest,
}

impl Direction {
    /// Who has to move something.
    #[must_use]
    pub const fn obliged(self, pledgor: Side) -> Side {
        match self {
            Direction::Delivery => pledgor,
            Direction::Return | Direction::Interest => pledgor.other(),
        }
    }

    /// Its name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Direction::Delivery => "Delivery",
            Direction::Return => "Return",
            Direction::Interest => "Interest",
        }
    }
}

/// How late something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Not late.
    Expected,
    /// Late, within the grace period.
    Grace,
    /// Past the grace period, while the other party decides.
    Failed,
}

/// What is due on a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Adjusted value, in minor units.
    pub amount: u128,
    /// What has arrived of it, at the prices of the call.
    pub covered: Rational,
    /// Until when.
    pub by: Time,
    /// How late it is.
    pub stage: Stage,
}

/// The part of a call that is in dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InDispute {
    /// How much, before minimum and rounding.
    pub disputed: Rational,
    /// What was agreed, in minor units.
    pub agreed: u128,
    /// Settled by then.
    pub by: Time,
}

/// A call that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCall {
    /// Its number.
    pub id: u32,
    /// Who has posted or is to post.
    pub pledgor: Side,
    /// Which way it goes.
    pub direction: Direction,
    /// What was called, in minor units.
    pub amount: u128,
    /// The same before minimum and rounding.
    pub before_rounding: Rational,
    /// When it was issued.
    pub issued: Time,
    /// Silence until then agrees; nothing once answered.
    pub answer_by: Option<Time>,
    /// What is due.
    pub due: Option<Due>,
    /// What is in dispute.
    pub dispute: Option<InDispute>,
    /// The lots that are due, where they are not for the mover to choose.
    pub lots: Option<Vec<u128>>,
    prices: Vec<Option<Rational>>,
    rule: Option<TransferRule>,
}

impl OpenCall {
    /// Who has to move something.
    #[must_use]
    pub const fn obliged(&self) -> Side {
        self.direction.obliged(self.pledgor)
    }

    /// Prices at which what arrives counts: those of the call.
    #[must_use]
    pub fn prices(&self) -> &[Option<Rational>] {
        &self.prices
    }

    /// What is still due of it, in base currency.
    #[must_use]
    pub fn outstanding(&self, decimals: u8) -> Rational {
        self.due.as_ref().map_or_else(Rational::zero, |due| {
            let amount = crate::support::valuation::of_quantity(due.amount, decimals);
            not_below_zero(amount - &due.covered)
        })
    }

    /// What of it counts as on its way, in base currency.
    fn pending(&self, decimals: u8) -> Rational {
        match (&self.due, self.answer_by) {
            (Some(_), _) => self.outstanding(decimals),
            (None, Some(_)) => crate::support::valuation::of_quantity(self.amount, decimals),
            (None, None) => Rational::zero(),
        }
    }
}

impl Work<'_> {
    /// What `pledgor` has posted, with what is on its way and in dispute in `direction`.
    fn posted(&self, pledgor: Side, direction: Direction) -> Posted {
        let decimals = self.agreement.decimals;
        let of = |direction: Direction| {
            let calls = self.state.calls.iter();
            calls.filter(move |it| it.pledgor == pledgor && it.direction == direction)
        };
        let sum = |direction| {
            of(direction).map(|call| call.pending(decimals)).fold(Rational::zero(), |a, b| a + b)
        };
        let disputed = of(direction).filter_map(|call| call.dispute.as_ref());
        Posted {
            quantities: self.state.held(pledgor).to_vec(),
            pending_delivery: sum(Direction::Delivery),
            pending_return: sum(Direction::Return),
            disputed: disputed.fold(Rational::zero(), |sum, it| sum + &it.disputed),
        }
    }

    fn defaulting(&self) -> [bool; 2] {
        let early = self.agreement.on_default.zero.potential_events;
        Side::BOTH.map(|side| {
            let mut calls = self.state.calls.iter().filter(|call| call.obliged() == side);
            calls.any(|call| match call.due.as_ref().map(|due| due.stage) {
                Some(Stage::Failed) => true,
                Some(Stage::Grace) => early,
                _ => false,
            })
        })
    }

    pub(super) fn value(&mut self, valuation: &Valuation) -> Result<(), Refusal> {
        self.in_force()?;
        let rows = self.agreement.collateral.len();
        if valuation.prices.len() != rows {
            return Err(Refusal::Rows { found: valuation.prices.len(), rows });
        }
        if valuation.prices.iter().flatten().any(Signed::is_negative) {
            return Err(Refusal::Value("prices: each zero or more".to_owned()));
        }
        let mut known = valuation.clone();
        for (price, last) in known.prices.iter_mut().zip(&self.state.prices) {
            if price.is_none() {
                price.clone_from(last);
            }
        }
        let mut found = Vec::new();
        for side in Side::BOTH.into_iter().filter(|side| self.agreement.party(*side).posts) {
            found.push((side, self.call_over(side, &known)?));
        }
        if self.state.calls.len() + 2 * found.len() > CALLS_MAX {
            return Err(Refusal::TooMany { what: "calls", most: CALLS_MAX });
        }
        self.state.prices.clone_from(&known.prices);
        self.state.valuation = Some(known);
        for (side, (call, figures)) in found {
            self.issue(side, call, figures);
        }
        Ok(())
    }

    fn call_over(&self, side: Side, valuation: &Valuation) -> Result<(Call, Figures), Refusal> {
        let defaulting = self.defaulting();
        let with = |direction| {
            let posted = self.posted(side, direction);
            let call = call_of(self.agreement, side, valuation, &posted, defaulting)
                .map_err(|error| Refusal::Value(error.to_string()))?;
            let figures = call.figures();
            Ok((call, figures))
        };
        // Which way the call goes does not depend on disputes; which disputes count, on the way.
        let (call, figures) = with(Direction::Delivery)?;
        let missing = figures.credit_support_amount >= figures.adjusted_posted_value;
        let (call, figures) = if missing { (call, figures) } else { with(Direction::Return)? };
        for amount in
            [&figures.credit_support_amount, &figures.delivery_amount, &figures.return_amount]
        {
            let minor = rational::to_raw(amount, self.agreement.decimals, Rounding::Ceil);
            if !minor.is_ok_and(|minor| minor < MINOR_MAX) {
                let sentence = "exposure or margin amount: below 2^100 minor units";
                return Err(Refusal::Value(sentence.to_owned()));
            }
        }
        Ok((call, figures))
    }

    /// Issues what the figures ask for. What is returned is no more than is held.
    fn issue(&mut self, pledgor: Side, call: Call, figures: Figures) {
        if figures.delivery_amount.is_positive() {
            let amount = self.minor(&figures.delivery_amount, Rounding::Ceil);
            let rule = call.delivery.clone();
            let raw = figures.undisputed_delivery.clone();
            self.open(pledgor, Direction::Delivery, amount, raw, rule, (call, figures));
        } else if figures.return_amount.is_positive() {
            let held = self.state.held(pledgor).to_vec();
            let pending = self.posted(pledgor, Direction::Return).pending_return;
            let there = adjusted_sum(self.agreement, &self.state.prices, &held);
            let there = not_below_zero(there.unwrap_or_else(|_| Rational::zero()) - pending);
            let raw = figures.undisputed_return.clone().min(there.clone());
            let amount = self.minor(&figures.return_amount.clone().min(there), Rounding::Floor);
            let lots = release(self.agreement, &self.state.prices, &held, &self.exact(amount));
            if lots.is_ok_and(|lots| lots.iter().any(|lot| *lot > 0)) {
                let rule = call.returning.clone();
                self.open(pledgor, Direction::Return, amount, raw, rule, (call, figures));
            }
        }
    }

    fn open(
        &mut self,
        pledgor: Side,
        direction: Direction,
        amount: u128,
        before_rounding: Rational,
        rule: TransferRule,
        arithmetic: (Call, Figures),
    ) {
        let id = self.state.next_id();
        let timing = &self.agreement.timing;
        let answer_by = timing.close_after(self.at, timing.response_days);
        self.state.calls.push(OpenCall {
            id,
            pledgor,
            direction,
            amount,
            before_rounding,
            issued: self.at,
            answer_by: Some(answer_by),
            due: None,
            dispute: None,
            lots: None,
            prices: self.state.prices.clone(),
            rule: Some(rule),
        });
        let arithmetic = Box::new(arithmetic);
        self.tell(Output::Called { call: id, pledgor, direction, amount, arithmetic, answer_by });
    }

    fn find(&self, id: u32, right: &'static str) -> Result<usize, Refusal> {
        let place = self.state.calls.iter().position(|call| call.id == id);
        place.ok_or(Refusal::Call { call: id, right })
    }

    pub(super) fn answer(&mut self, id: u32, answer: &Answer) -> Result<(), Refusal> {
        self.in_force()?;
        let right = "waits for an answer";
        let place = self.find(id, right)?;
        let call = &self.state.calls[place];
        if call.answer_by.is_none() {
            return Err(Refusal::Call { call: id, right });
        }
        if let Answer::Partly { agreed } = answer
            && *agreed >= call.amount
        {
            let most = call.amount.saturating_sub(1);
            return Err(Refusal::Amount { field: "agreed", found: *agreed, most });
        }
        self.answered(place, answer.clone(), false);
        Ok(())
    }

    pub(super) fn silence(&mut self, id: u32) {
        if let Ok(place) = self.find(id, "waits for an answer") {
            self.answered(place, Answer::Agree, true);
        }
    }

    fn answered(&mut self, place: usize, answer: Answer, silent: bool) {
        let timing = &self.agreement.timing;
        let agreed = match answer {
            Answer::Agree => self.state.calls[place].amount,
            Answer::Partly { agreed } => {
                let agreed = self.exact(agreed);
                let rule = self.state.calls[place].rule.as_ref();
                let moved = rule.map_or_else(Rational::zero, |rule| rule.transfer(&agreed));
                self.minor(&moved, Rounding::Floor).min(self.state.calls[place].amount)
            }
            Answer::Dispute => 0,
        };
        let disputed = match answer {
            Answer::Agree => Rational::zero(),
            Answer::Partly { agreed } => {
                not_below_zero(&self.state.calls[place].before_rounding - self.exact(agreed))
            }
            Answer::Dispute => self.state.calls[place].before_rounding.clone(),
        };
        // A demand counts from when it was made, not from when it was answered.
        let due_by = timing.transfer_due(self.state.calls[place].issued).max(self.at);
        let resolve_by = timing.resolution_due(self.at);
        let call = &mut self.state.calls[place];
        call.answer_by = None;
        if disputed.is_positive() {
            call.dispute = Some(InDispute { disputed, agreed, by: resolve_by });
        }
        let (id, by) = (call.id, call.obliged());
        self.tell(Output::Answered { call: id, by, answer, silent, due: agreed });
        if agreed > 0 {
            self.demand(place, agreed, due_by);
        }
        self.drop_if_empty(place);
    }

    fn demand(&mut self, place: usize, amount: u128, by: Time) {
        let call = &mut self.state.calls[place];
        call.due = Some(Due { amount, covered: Rational::zero(), by, stage: Stage::Expected });
        let expected = Output::Expected {
            call: call.id,
            from: call.obliged(),
            direction: call.direction,
            amount,
            lots: call.lots.clone(),
            by,
        };
        self.tell(expected);
    }

    fn drop_if_empty(&mut self, place: usize) {
        let call = &self.state.calls[place];
        if call.answer_by.is_none() && call.due.is_none() && call.dispute.is_none() {
            self.state.calls.remove(place);
        }
    }

    pub(super) fn resolve(&mut self, id: u32, upheld: u128) -> Result<(), Refusal> {
        self.in_force()?;
        let right = "is in dispute";
        let place = self.find(id, right)?;
        let dispute = self.state.calls[place].dispute.as_ref();
        let dispute = dispute.ok_or(Refusal::Call { call: id, right })?;
        let most = self.minor(&dispute.disputed, Rounding::Ceil);
        if upheld > most {
            return Err(Refusal::Amount { field: "upheld", found: upheld, most });
        }
        // The last minor unit is upheld as far as it was disputed.
        let exact = self.exact(upheld).min(dispute.disputed.clone());
        self.resolved(place, exact, false);
        Ok(())
    }

    pub(super) fn unresolved(&mut self, id: u32) {
        let Ok(place) = self.find(id, "is in dispute") else { return };
        let Some(dispute) = &self.state.calls[place].dispute else { return };
        let upheld = match self.agreement.unresolved {
            Unresolved::ValuationAgent => dispute.disputed.clone(),
            Unresolved::Responder => Rational::zero(),
            Unresolved::Midpoint => &dispute.disputed * Rational::new(1.into(), 2.into()),
        };
        self.resolved(place, upheld, true);
    }

    /// What is due after a dispute is what the call would have been with the upheld figure, less
    /// what was agreed; it is a demand of now.
    fn resolved(&mut self, place: usize, upheld: Rational, by_time: bool) {
        let call = &mut self.state.calls[place];
        let Some(dispute) = call.dispute.take() else { return };
        let id = call.id;
        let undisputed = &call.before_rounding - (&dispute.disputed - &upheld);
        let rule = call.rule.clone();
        let moved = rule.as_ref().map_or_else(Rational::zero, |rule| rule.transfer(&undisputed));
        let most = call.amount;
        let more = OpenCall {
            id: 0,
            amount: 0,
            before_rounding: upheld.clone(),
            issued: self.at,
            answer_by: None,
            due: None,
            dispute: None,
            ..call.clone()
        };
        let upheld = self.minor(&upheld, Rounding::Floor);
        let amount = self.minor(&moved, Rounding::Floor).min(most).saturating_sub(dispute.agreed);
        self.tell(Output::Resolved { call: id, upheld, by_time });
        self.drop_if_empty(place);
        if amount > 0 {
            let id = self.state.next_id();
            self.state.calls.push(OpenCall { id, amount, ..more });
            let by = self.agreement.timing.transfer_due(self.at);
            self.demand(self.state.calls.len() - 1, amount, by);
        }
    }

    pub(super) fn settle(&mut self, id: u32, lots: &[u128]) -> Result<(), Refusal> {
        self.in_force()?;
        self.rows(lots)?;
        let place = self.find(id, "waits for a transfer")?;
        if lots.iter().all(|lot| *lot == 0) {
            return Err(Refusal::Lots { right: "at least one above zero" });
        }
        let call = &self.state.calls[place];
        if call.due.is_none() && call.answer_by.is_none() {
            return Err(Refusal::Call { call: id, right: "waits for a transfer" });
        }
        if call.lots.as_ref().is_some_and(|named| named != lots) {
            return Err(Refusal::Lots { right: "exactly those that are due" });
        }
        let value = self.check_lots(place, lots)?;
        // Who delivers on a call that it has not answered agrees to it.
        if self.state.calls[place].answer_by.is_some() {
            self.answered(place, Answer::Agree, false);
        }
        self.move_lots(place, lots, value);
        Ok(())
    }

    /// What `lots` count for on a call, if they may move.
    fn check_lots(&self, place: usize, lots: &[u128]) -> Result<Rational, Refusal> {
        let call = &self.state.calls[place];
        let value = adjusted_sum(self.agreement, &call.prices, lots);
        let value = || value.map_err(|error| Refusal::Value(error.to_string()));
        let accounts = &self.state.accounts;
        let due = call.due.as_ref().map_or(call.amount, |due| due.amount);
        match call.direction {
            Direction::Delivery if !accounts.has_room(call.pledgor, lots) => {
                Err(Refusal::Lots { right: "quantities that 128 bits count" })
            }
            Direction::Delivery => value(),
            Direction::Interest => Ok(Rational::zero()),
            Direction::Return if !accounts.holds(call.pledgor, lots) => {
                Err(Refusal::Lots { right: "no more than is held" })
            }
            Direction::Return if call.lots.is_some() => Ok(Rational::zero()),
            Direction::Return => {
                let value = value()?;
                let covered =
                    call.due.as_ref().map_or_else(Rational::zero, |due| due.covered.clone());
                match covered + &value <= self.exact(due) {
                    true => Ok(value),
                    false => Err(Refusal::Lots { right: "no more than the return amount" }),
                }
            }
        }
    }

    fn move_lots(&mut self, place: usize, lots: &[u128], value: Rational) {
        let call = &mut self.state.calls[place];
        let (id, pledgor, direction) = (call.id, call.pledgor, call.direction);
        let named = call.lots.is_some();
        let Some(due) = call.due.as_mut() else { return };
        due.covered += value;
        let (amount, covered, cured) =
            (due.amount, due.covered.clone(), due.stage != Stage::Expected);
        match direction {
            Direction::Delivery => self.state.accounts.receive(pledgor, lots),
            Direction::Return => {
                self.state.accounts.give(pledgor, lots, |flows| &mut flows.returned)
            }
            Direction::Interest => {
                let paid = &mut self.state.accounts.flows[pledgor.place()].interest;
                for (paid, lot) in paid.iter_mut().zip(lots) {
                    *paid = paid.saturating_add(*lot);
                }
            }
        }
        let complete = named
            || match direction {
                Direction::Delivery => covered >= self.exact(amount),
                _ => !self.can_return(place),
            };
        let lots = lots.to_vec();
        let from = direction.obliged(pledgor);
        self.tell(Output::Settled { call: id, from, lots, complete, cured: cured && complete });
        if complete {
            self.state.calls[place].due = None;
            self.drop_if_empty(place);
            self.cured();
        }
    }

    /// Whether a whole unit of what is held can still go back on a return call.
    fn can_return(&self, place: usize) -> bool {
        let call = &self.state.calls[place];
        if let Some(lots) = &call.lots {
            return self.state.accounts.holds(call.pledgor, lots);
        }
        let Some(due) = &call.due else { return false };
        let left = not_below_zero(self.exact(due.amount) - &due.covered);
        let lots = release(self.agreement, &call.prices, self.state.held(call.pledgor), &left);
        lots.is_ok_and(|lots| lots.iter().any(|lot| *lot > 0))
    }

    /// Ends the wait for a decision when nothing has failed any more.
    fn cured(&mut self) {
        let failed = |due: &Due| due.stage == Stage::Failed;
        let any = self.state.calls.iter().any(|call| call.due.as_ref().is_some_and(failed));
        if let Phase::Deciding { cause: Cause::FailureToTransfer, .. } = self.state.phase
            && !any
        {
            self.state.phase = Phase::Live;
        }
    }

    pub(super) fn overdue(&mut self, id: u32) {
        let Ok(place) = self.find(id, "is due") else { return };
        let call = &self.state.calls[place];
        let (party, direction) = (call.obliged(), call.direction);
        if direction == Direction::Return && !self.can_return(place) {
            // Nobody fails by not giving back what is not there.
            self.state.calls[place].due = None;
            self.tell(Output::Lapsed { call: id });
            self.drop_if_empty(place);
            self.cured();
            return;
        }
        let timing = &self.agreement.timing;
        let until = timing.close_after(self.at, timing.grace_days);
        let Some(due) = self.state.calls[place].due.as_mut() else { return };
        match due.stage {
            Stage::Expected => {
                due.stage = Stage::Grace;
                due.by = until;
                self.tell(Output::Failed { call: id, party, until });
            }
            Stage::Grace | Stage::Failed => {
                due.stage = Stage::Failed;
                self.default(party, Cause::FailureToTransfer);
            }
        }
    }

    /// A call whose lots are named and due at once: interest, or replaced collateral.
    pub(super) fn owe(&mut self, pledgor: Side, direction: Direction, lots: Vec<u128>) {
        let value = match direction {
            Direction::Interest => 0,
            _ => {
                let value = adjusted_sum(self.agreement, &self.state.prices, &lots);
                self.minor(&value.unwrap_or_else(|_| Rational::zero()), Rounding::Floor)
            }
        };
        let id = self.state.next_id();
        self.state.calls.push(OpenCall {
            id,
            pledgor,
            direction,
            amount: value,
            before_rounding: Rational::zero(),
            issued: self.at,
            answer_by: None,
            due: None,
            dispute: None,
            lots: Some(lots),
            prices: self.state.prices.clone(),
            rule: None,
        });
        let by = self.agreement.timing.transfer_due(self.at);
        self.demand(self.state.calls.len() - 1, value, by);
    }

    /// Market value of `lots` at the last prices; what has no price counts for nothing.
    pub(super) fn worth(&self, lots: &[u128]) -> Rational {
        let held = lots.iter().enumerate().filter(|(_, lot)| **lot > 0);
        let worth = held.filter_map(|(place, lot)| {
            market_value(self.agreement, &self.state.prices, place, *lot).ok()
        });
        worth.fold(Rational::zero(), |sum, value| sum + value)
    }
}
