//! What all lending contracts share: the state, and what each event pays and changes.
//!
//! Formulas are the payoff functions (POF) and state transition functions (STF) of the ACTUS
//! technical specification, sections 7.1 to 7.7, for PAM, LAM, LAX, NAM, ANN, CLM and UMP. Those of
//! PAM are those of LAM with the principal as the base of interest.

use super::schedules::Schedules;
use super::terms::Terms;
use super::timeline::{Due, Question, in_order, sort_rows};
use super::{Event, EventType, FeeBasis, InterestBase, Observed, PenaltyType};
use crate::Error;
use crate::calendar::{DayCount, Moment};

/// State of a lending contract.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct State {
    /// Outstanding principal, negative for a liability.
    pub notional: f64,
    /// Nominal rate a year.
    pub rate: f64,
    /// Accrued interest, signed as the principal.
    pub accrued: f64,
    /// Accrued fee, signed as the principal.
    pub fee: f64,
    /// What interest is computed on, signed.
    pub base: f64,
    /// Next redemption: of principal (LAM, LAX), or of principal and interest (NAM, ANN), signed.
    pub payment: f64,
    /// Scaling of payments of principal.
    pub scale_notional: f64,
    /// Scaling of interest payments.
    pub scale_interest: f64,
    /// Until when interest and fees are accrued.
    pub at: Moment,
}

/// How principal comes back.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Redemption {
    /// The payment is principal alone.
    Principal,
    /// The payment is principal and interest.
    Total,
    /// The payment is principal and interest and is computed anew from these dates.
    Annuity(Vec<Moment>),
}

/// A lending contract with everything that its events need.
pub(super) struct Loan<'a> {
    pub terms: &'a Terms,
    pub asked: Question<'a>,
    /// Plus one for an asset, minus one for a liability.
    pub sign: f64,
    pub start: Moment,
    pub day_count: Option<DayCount>,
    pub maturity: Option<Moment>,
    pub base: InterestBase,
    pub redemption: Redemption,
    /// Fee payments, for fees that accrue between them.
    pub fees: Vec<Moment>,
    pub currency: String,
    /// The code of the rate of exchange into the settlement currency.
    pub exchange: Option<String>,
    /// Conventions of the contract.
    pub schedules: Schedules,
}

impl<'a> Loan<'a> {
    pub(super) fn new(terms: &'a Terms, asked: &Question<'a>) -> Result<Self, Error> {
        let role = terms.contract_role.ok_or_else(|| {
            Error::missing("contractRole", "RPA for an asset or RPL for a liability")
        })?;
        let start = terms.initial_exchange.ok_or_else(|| {
            Error::missing("initialExchangeDate", "the time at which the principal is paid out")
        })?;
        let currency = needed_currency(terms)?;
        let settled = terms.settlement_currency.clone().filter(|other| *other != currency);
        let exchange = settled.as_ref().map(|other| format!("{currency}/{other}"));
        Ok(Self {
            terms,
            asked: *asked,
            sign: role.sign(),
            start,
            day_count: terms.day_count,
            maturity: terms.maturity,
            base: InterestBase::Notional,
            redemption: Redemption::Principal,
            fees: Vec::new(),
            currency: settled.unwrap_or(currency),
            exchange,
            schedules: Schedules::new(terms),
        })
    }

    /// Years between two moments by the day count of the contract. Where its convention shifts
    /// before it calculates, also a date that is not moved itself, as the maturity, counts as the
    /// business day that it would move to (published result `clm10`).
    pub(super) fn years(&self, from: Moment, to: Moment) -> f64 {
        let counted = |at| self.schedules.counted(at);
        self.day_count.map_or(0.0, |count| count.years(counted(from), counted(to), self.maturity))
    }

    /// The principal as stated, signed.
    pub(super) fn signed_notional(&self) -> f64 {
        self.sign * self.terms.notional.unwrap_or(0.0)
    }

    /// The state at the status date. `last_interest` is the last interest payment before it.
    pub(super) fn opening(&self, status: Moment, last_interest: Option<Moment>) -> State {
        let terms = self.terms;
        let running = self.start <= status;
        let mut state = State {
            notional: if running { self.signed_notional() } else { 0.0 },
            rate: if running { terms.rate.unwrap_or(0.0) } else { 0.0 },
            accrued: 0.0,
            fee: 0.0,
            base: 0.0,
            payment: self.sign * terms.redemption_amount.unwrap_or(0.0),
            scale_notional: terms.scaling_notional.unwrap_or(1.0),
            scale_interest: terms.scaling_interest.unwrap_or(1.0),
            at: status,
        };
        if !running {
            return state;
        }
        state.base = self.opening_base();
        state.accrued = match (terms.accrued_interest, last_interest) {
            (Some(stated), _) => self.sign * stated,
            (None, Some(last)) => self.years(last, status) * state.base * state.rate,
            (None, None) => 0.0,
        };
        state.fee = match terms.fee_accrued {
            Some(stated) => self.sign * stated,
            None => self.opening_fee(status, &state),
        };
        state
    }

    fn opening_base(&self) -> f64 {
        match (self.base, self.terms.interest_base_amount) {
            (InterestBase::NotionalAtExchange | InterestBase::NotionalLagged, Some(amount)) => {
                self.sign * amount
            }
            _ => self.signed_notional(),
        }
    }

    fn opening_fee(&self, status: Moment, state: &State) -> f64 {
        let Some(rate) = self.terms.fee_rate else { return 0.0 };
        let last = self.last_fee(status);
        match self.terms.fee_basis {
            Some(FeeBasis::Notional) => self.years(last, status) * state.notional * rate,
            _ => self.fee_share(last, status) * self.sign * rate,
        }
    }

    /// What part of the time between two fee payments has passed at a moment.
    fn fee_share(&self, last: Moment, at: Moment) -> f64 {
        let next = self.fees.get(self.fees.partition_point(|fee| *fee <= last));
        next.map_or(0.0, |next| self.years(last, at) / self.years(last, *next))
    }

    /// The last fee payment before a moment; the start where there was none.
    fn last_fee(&self, at: Moment) -> Moment {
        let before = self.fees.partition_point(|fee| *fee < at);
        before.checked_sub(1).map_or(self.start, |place| self.fees[place])
    }

    /// Runs the events and gives one row for each, with its rank, in the order of time.
    pub(super) fn run(&self, mut state: State, due: Vec<Due>) -> Result<Vec<(u16, Event)>, Error> {
        let due = in_order(due, state.at, &self.asked)?;
        let mut rows = Vec::with_capacity(due.len());
        for event in due {
            let payoff = self.apply(&mut state, &event)?;
            let payoff = payoff * self.exchange_rate(&event)?;
            rows.push((event.rank, self.row(&event, payoff, &state)));
        }
        sort_rows(&mut rows);
        Ok(rows)
    }

    fn row(&self, due: &Due, payoff: f64, state: &State) -> Event {
        Event {
            time: due.at,
            kind: due.kind,
            payoff,
            currency: self.currency.clone(),
            notional: state.notional,
            rate: state.rate,
            accrued: state.accrued,
            exercise: None,
        }
    }

    fn exchange_rate(&self, due: &Due) -> Result<f64, Error> {
        match &self.exchange {
            None => Ok(1.0),
            Some(code) => self.asked.observed.needed(
                code,
                due.scheduled,
                due.at,
                "payments are settled at it",
            ),
        }
    }

    /// Carries interest and fees forward, then does what the kind of event does. Gives the payoff
    /// before any exchange of currency.
    fn apply(&self, state: &mut State, due: &Due) -> Result<f64, Error> {
        if due.kind == EventType::Ied {
            return Ok(self.exchange_principal(state, due.computed));
        }
        let years = self.years(state.at, due.computed);
        let before = *state;
        state.accrued += years * state.rate * state.base;
        self.accrue_fee(state, years, due.computed);
        state.at = due.computed;
        let payoff = match due.kind {
            EventType::Ip => {
                let paid = state.accrued;
                state.accrued = 0.0;
                state.scale_interest * paid
            }
            EventType::Ipci => {
                self.set_notional(state, state.notional + state.accrued);
                state.accrued = 0.0;
                0.0
            }
            EventType::Ipcb => {
                state.base = state.notional;
                0.0
            }
            EventType::Pr => self.redeem(state, due),
            EventType::Pi => {
                let more = self.payment(state, due);
                self.set_notional(state, state.notional + more);
                -state.scale_notional * more
            }
            EventType::Prf => {
                self.fix_payment(state, due.computed);
                0.0
            }
            EventType::Pp => {
                let paid = self.limited(state, self.sign * due.amount);
                self.set_notional(state, state.notional - paid);
                paid
            }
            EventType::Py => self.penalty(&before, due, years)?,
            EventType::Fp => self.pay_fee(state),
            EventType::Prd => {
                let price = self.terms.purchase_price.unwrap_or(0.0);
                -self.sign * (price + state.accrued)
            }
            EventType::Td => {
                let price = self.terms.termination_price.unwrap_or(0.0);
                let payoff = self.sign * (price + state.accrued);
                close(state);
                payoff
            }
            EventType::Rr | EventType::Rrf => {
                self.reset_rate(state, due)?;
                0.0
            }
            EventType::Sc => {
                self.scale(state, due)?;
                0.0
            }
            EventType::Md | EventType::Std => {
                let principal = state.scale_notional * state.notional;
                let payoff = principal + state.scale_interest * before.accrued + state.fee;
                close(state);
                payoff
            }
            _ => 0.0,
        };
        Ok(payoff)
    }

    fn exchange_principal(&self, state: &mut State, at: Moment) -> f64 {
        let terms = self.terms;
        state.notional = self.signed_notional();
        state.rate = terms.rate.unwrap_or(0.0);
        state.base = self.opening_base();
        state.accrued = match (terms.accrued_interest, terms.interest_anchor) {
            (Some(stated), _) => self.sign * stated,
            (None, Some(anchor)) if anchor < at => self.years(anchor, at) * state.base * state.rate,
            _ => 0.0,
        };
        state.at = at;
        if let Redemption::Annuity(dates) = &self.redemption
            && terms.redemption_amount.is_none()
        {
            // A first redemption at the exchange itself leaves no earlier moment for a fixing.
            state.payment = self.annuity(state, dates.iter().copied().filter(|date| *date >= at));
        }
        -self.sign * (terms.notional.unwrap_or(0.0) + terms.premium_discount.unwrap_or(0.0))
    }

    fn set_notional(&self, state: &mut State, notional: f64) {
        state.notional = notional;
        if self.base == InterestBase::Notional {
            state.base = notional;
        }
    }

    /// A payment of principal that leaves no debt of the lender.
    fn limited(&self, state: &State, amount: f64) -> f64 {
        if self.sign * amount > self.sign * state.notional { state.notional } else { amount }
    }

    /// The payment that a redemption or an increase brings itself, or the one of the state.
    fn payment(&self, state: &State, due: &Due) -> f64 {
        if due.amount == 0.0 { state.payment } else { self.sign * due.amount }
    }

    fn redeem(&self, state: &mut State, due: &Due) -> f64 {
        let payment = self.payment(state, due);
        let wanted = match self.redemption {
            Redemption::Principal => payment,
            Redemption::Total | Redemption::Annuity(_) => payment - state.accrued,
        };
        let paid = self.limited(state, wanted);
        self.set_notional(state, state.notional - paid);
        state.scale_notional * paid
    }

    fn accrue_fee(&self, state: &mut State, years: f64, at: Moment) {
        let Some(rate) = self.terms.fee_rate else { return };
        match self.terms.fee_basis {
            Some(FeeBasis::Notional) => state.fee += years * state.notional * rate,
            _ => {
                let share = self.fee_share(self.last_fee(at), at);
                state.fee = share * self.sign * rate;
            }
        }
    }

    fn pay_fee(&self, state: &mut State) -> f64 {
        let accrued = state.fee;
        state.fee = 0.0;
        match self.terms.fee_basis {
            Some(FeeBasis::Notional) => accrued,
            _ => self.sign * self.terms.fee_rate.unwrap_or(0.0),
        }
    }

    fn penalty(&self, before: &State, due: &Due, years: f64) -> Result<f64, Error> {
        let rate = self.terms.penalty_rate.unwrap_or(0.0);
        let base = years * before.notional;
        match self.terms.penalty_type.unwrap_or(PenaltyType::None) {
            PenaltyType::None => Ok(0.0),
            PenaltyType::Absolute => Ok(self.sign * rate),
            PenaltyType::Notional => Ok(base * rate),
            PenaltyType::Interest => {
                let code = reset_code(self.terms)?;
                let purpose = "the penalty is the interest above it";
                let market = self.asked.observed.needed(code, due.scheduled, due.at, purpose)?;
                Ok(base * (before.rate - market).max(0.0))
            }
        }
    }

    fn reset_rate(&self, state: &mut State, due: &Due) -> Result<(), Error> {
        state.rate = match due.kind {
            EventType::Rrf => due.amount,
            _ => reset(self.terms, self.asked.observed, due, state.rate)?,
        };
        if matches!(self.redemption, Redemption::Annuity(_)) {
            self.fix_payment(state, due.computed);
        }
        Ok(())
    }

    /// Computes the annuity anew for the redemptions after a moment (ANN: STF of PRF, RR, RRF).
    fn fix_payment(&self, state: &mut State, at: Moment) {
        if let Redemption::Annuity(dates) = &self.redemption {
            let later = &dates[dates.partition_point(|date| *date <= at)..];
            state.payment = self.annuity(state, later.iter().copied());
        }
    }

    /// The payment that repays principal and interest in equal parts on these dates (technical
    /// specification 3.9). Interest that accrues until the first of them is part of the debt.
    pub(super) fn annuity(&self, state: &State, dates: impl Iterator<Item = Moment>) -> f64 {
        let mut sum = 1.0;
        let mut growth = 1.0;
        let mut first = None;
        let mut last = None;
        for date in dates {
            if let Some(previous) = last {
                let factor = 1.0 + state.rate * self.years(previous, date);
                growth *= factor;
                sum = sum * factor + 1.0;
            } else {
                first = Some(date);
            }
            last = Some(date);
        }
        let Some(first) = first else { return state.payment };
        let until_first = self.years(state.at, first) * state.rate * state.base;
        (state.notional + state.accrued + until_first) * growth / sum
    }

    fn scale(&self, state: &mut State, due: &Due) -> Result<(), Error> {
        let Some(effect) = self.terms.scaling_effect else { return Ok(()) };
        let code = self.terms.scaling_code.as_deref().ok_or_else(|| {
            Error::missing("marketObjectCodeOfScalingIndex", "the index that scales payments")
        })?;
        let first = self.terms.scaling_index.filter(|index| *index != 0.0).ok_or_else(|| {
            Error::missing("scalingIndexAtContractDealDate", "the index that counts as one, not 0")
        })?;
        let index =
            self.asked.observed.needed(code, due.scheduled, due.at, "it scales payments")?;
        // The text has (index - first) / first; the published results are the plain ratio.
        let ratio = index / first;
        if effect.interest {
            state.scale_interest = ratio;
        }
        if effect.notional {
            state.scale_notional = ratio;
        }
        Ok(())
    }
}

/// Ends the debt. The rate stays: the published results show it after a termination too.
fn close(state: &mut State) {
    state.notional = 0.0;
    state.base = 0.0;
    state.accrued = 0.0;
    state.fee = 0.0;
}

/// The code of the rate that resets follow.
pub(super) fn reset_code(terms: &Terms) -> Result<&str, Error> {
    terms
        .reset_code
        .as_deref()
        .ok_or_else(|| Error::missing("marketObjectCodeOfRateReset", "the rate that resets follow"))
}

/// The rate after a reset, within its caps and floors. A spread of the schedule takes the place of
/// the one of the terms.
pub(super) fn reset(
    terms: &Terms,
    observed: &Observed,
    due: &Due,
    rate: f64,
) -> Result<f64, Error> {
    let code = reset_code(terms)?;
    let purpose = "the contract resets its rate to it";
    let market = observed.needed(code, due.scheduled, due.at, purpose)?;
    let wanted = market * terms.reset_multiplier.unwrap_or(1.0) + due.amount;
    let mut change = wanted - rate;
    if let Some(floor) = terms.period_floor {
        // The dictionary gives the largest fall as a positive number.
        change = change.max(-floor.abs());
    }
    if let Some(cap) = terms.period_cap {
        change = change.min(cap);
    }
    // Without a period bound the wanted rate is taken as it is, so that no digit is lost.
    let bounded = terms.period_floor.is_some() || terms.period_cap.is_some();
    let mut reset = if bounded { rate + change } else { wanted };
    if let Some(floor) = terms.life_floor {
        reset = reset.max(floor);
    }
    if let Some(cap) = terms.life_cap {
        reset = reset.min(cap);
    }
    Ok(reset)
}

/// The currency, which every contract states.
pub(super) fn needed_currency(terms: &Terms) -> Result<String, Error> {
    terms.currency.clone().ok_or_else(|| Error::missing("currency", "the code of the currency"))
}
