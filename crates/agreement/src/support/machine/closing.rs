//! From default to the end: termination, netting, posted collateral, guarantor, rest.

use super::Work;
use super::input::{Output, Refusal};
use crate::support::formula::not_below_zero;
use crate::support::terms::{Cause, Custody, Declaration, Kind, Side, Unsold};
use crate::support::valuation::{adjusted_sum, cover};
use breakwater_money::{Rational, Rounding, Time};
use num_traits::{Signed, Zero};

/// Where an agreement stands. Every phase but the first and the last ends by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// In force.
    Live,
    /// In force; the other party decides whether a failure is a default.
    Deciding {
        /// Who failed.
        party: Side,
        /// How.
        cause: Cause,
        /// The end of the wait.
        until: Time,
    },
    /// In default; transactions end then.
    Terminating {
        /// In default.
        defaulter: Side,
        /// Why.
        cause: Cause,
        /// The end of the wait.
        until: Time,
    },
    /// The close-out amount is waited for.
    Valuing {
        /// In default.
        defaulter: Side,
        /// Why.
        cause: Cause,
        /// The end of the wait.
        until: Time,
    },
    /// Collateral of the party in default is sold.
    Liquidating {
        /// The account of it.
        settlement: Settlement,
        /// What is still owed, in minor units.
        open: u128,
        /// The end of the wait.
        until: Time,
    },
    /// The guarantor is waited for.
    Guaranteed {
        /// The account of it.
        settlement: Settlement,
        /// What the guarantor is still to pay.
        wanted: u128,
        /// The end of the wait.
        until: Time,
    },
    /// The party that owes the close-out amount is waited for.
    Paying {
        /// The account of it.
        settlement: Settlement,
        /// What it is still to pay.
        open: u128,
        /// The end of the wait.
        until: Time,
    },
    /// The end.
    Closed(Settlement),
}

impl Phase {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Phase::Live => "live",
            Phase::Deciding { .. } => "waiting for a decision",
            Phase::Terminating { .. } => "terminating",
            Phase::Valuing { .. } => "waiting for the close-out amount",
            Phase::Liquidating { .. } => "liquidating collateral",
            Phase::Guaranteed { .. } => "waiting for the guarantor",
            Phase::Paying { .. } => "waiting for the close-out payment",
            Phase::Closed(_) => "closed",
        }
    }

    /// Whether collateral moves: nothing has been closed out.
    #[must_use]
    pub const fn in_force(&self) -> bool {
        matches!(self, Phase::Live | Phase::Deciding { .. })
    }

    pub(super) const fn until(&self) -> Option<Time> {
        match self {
            Phase::Live | Phase::Closed(_) => None,
            Phase::Deciding { until, .. }
            | Phase::Terminating { until, .. }
            | Phase::Valuing { until, .. }
            | Phase::Liquidating { until, .. }
            | Phase::Guaranteed { until, .. }
            | Phase::Paying { until, .. } => Some(*until),
        }
    }
}

/// How a closed agreement was settled, in minor units of the base currency. For a claim of the party
/// not in default: `claim = cash + proceeds + appropriated + guaranteed + outstanding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// Who was in default.
    pub defaulter: Side,
    /// Why.
    pub cause: Cause,
    /// Who owed after netting.
    pub debtor: Side,
    /// How much.
    pub claim: u128,
    /// Covered by posted cash of the base currency.
    pub cash: u128,
    /// Covered by proceeds of posted collateral.
    pub proceeds: u128,
    /// Covered by keeping posted collateral.
    pub appropriated: u128,
    /// Covered by the guarantor.
    pub guaranteed: u128,
    /// Paid by the debtor, where the party not in default owed.
    pub paid: u128,
    /// Proceeds above the claim, paid to who had posted.
    pub surplus: u128,
    /// Covered by nobody.
    pub outstanding: u128,
}

impl Settlement {
    /// Whether the parts are the whole.
    #[must_use]
    pub const fn adds_up(&self) -> bool {
        self.cash
            + self.proceeds
            + self.appropriated
            + self.guaranteed
            + self.paid
            + self.outstanding
            == self.claim
    }
}

impl Work<'_> {
    pub(super) fn event(&mut self, party: Side, cause: Cause) -> Result<(), Refusal> {
        self.in_force()?;
        if !self.agreement.on_default.causes.contains(&cause) {
            return Err(Refusal::NoEvent { cause });
        }
        self.default(party, cause);
        Ok(())
    }

    /// A default has happened: it is declared, or the other party is asked.
    pub(super) fn default(&mut self, party: Side, cause: Cause) {
        if self.agreement.on_default.declaration == Declaration::Automatic {
            self.terminate(party, cause);
            return;
        }
        if matches!(self.state.phase, Phase::Live) {
            let timing = &self.agreement.timing;
            let until = timing.close_after(self.at, timing.decision_days);
            self.state.phase = Phase::Deciding { party, cause, until };
            self.tell(Output::Asked { party, until });
        }
    }

    pub(super) fn declare(&mut self, yes: bool) -> Result<(), Refusal> {
        match self.state.phase {
            Phase::Deciding { .. } => {
                self.decided(yes, false);
                Ok(())
            }
            _ => Err(Refusal::NotNow { phase: self.state.phase.name() }),
        }
    }

    fn decided(&mut self, declared: bool, silent: bool) {
        let Phase::Deciding { party, cause, .. } = self.state.phase else { return };
        if declared {
            self.terminate(party, cause);
            return;
        }
        self.state.phase = Phase::Live;
        self.tell(Output::Waived { party, silent });
        // What was waived is not due any more; the next valuation calls for what is missing.
        let failed = |call: &super::OpenCall| {
            call.due.as_ref().is_some_and(|due| due.stage == super::Stage::Failed)
        };
        let waived: Vec<u32> =
            self.state.calls.iter().filter(|call| failed(call)).map(|call| call.id).collect();
        self.state.calls.retain(|call| !failed(call));
        for call in waived {
            self.tell(Output::Lapsed { call });
        }
    }

    fn terminate(&mut self, defaulter: Side, cause: Cause) {
        let timing = &self.agreement.timing;
        let until = timing.close_after(self.at, timing.termination_days);
        self.state.phase = Phase::Terminating { defaulter, cause, until };
        self.tell(Output::Defaulted { party: defaulter, cause, terminates: until });
        // Nothing moves any more. Interest that was payable stays owed until everything is netted.
        for substitution in std::mem::take(&mut self.state.substitutions) {
            self.tell(Output::SubstitutionEnded { substitution: substitution.id });
        }
        for call in &mut self.state.calls {
            call.answer_by = None;
            call.dispute = None;
            if let Some(due) = call.due.as_mut() {
                due.stage = super::Stage::Failed;
            }
        }
        self.state.calls.retain(|call| call.due.is_some());
    }

    pub(super) fn phase_ends(&mut self) {
        match self.state.phase.clone() {
            Phase::Live | Phase::Closed(_) => {}
            Phase::Deciding { .. } => {
                let declared = self.agreement.on_default.declaration == Declaration::ElseDeclared;
                self.decided(declared, true);
            }
            Phase::Terminating { defaulter, cause, .. } => {
                let timing = &self.agreement.timing;
                let until = timing.close_after(self.at, timing.valuation_days);
                self.state.phase = Phase::Valuing { defaulter, cause, until };
                self.tell(Output::Terminated { until });
            }
            Phase::Valuing { defaulter, cause, .. } => {
                let last = self.state.valuation.as_ref().map(|it| it.exposure.clone());
                self.net(defaulter, cause, last.unwrap_or_else(Rational::zero));
            }
            Phase::Liquidating { settlement, open, .. } => self.end_sale(settlement, open),
            Phase::Guaranteed { settlement, .. } => self.close(settlement),
            Phase::Paying { settlement, .. } => self.close(settlement),
        }
    }

    pub(super) fn close_out(&mut self, amount: &Rational) -> Result<(), Refusal> {
        let Phase::Valuing { defaulter, cause, .. } = self.state.phase else {
            return Err(Refusal::NotNow { phase: self.state.phase.name() });
        };
        let minor = breakwater_money::rational::to_raw(
            &amount.abs(),
            self.agreement.decimals,
            Rounding::Ceil,
        );
        if !minor.is_ok_and(|minor| minor < 1 << 100) {
            return Err(Refusal::Value("amount: below 2^100 minor units".to_owned()));
        }
        self.net(defaulter, cause, amount.clone());
        Ok(())
    }

    /// Close-out netting: the transactions, collateral that the party in default does not give
    /// back, and interest, into one sum that one party owes.
    fn net(&mut self, defaulter: Side, cause: Cause, amount: Rational) {
        let claimant = defaulter.other();
        let owed = if claimant == Side::A { amount } else { -amount };
        let posted = self.state.held(claimant).to_vec();
        let mut unreturned = Rational::zero();
        if posted.iter().any(|lot| *lot > 0) {
            match self.agreement.on_default.custody {
                Custody::Segregated => self.give_back(claimant, &posted),
                Custody::SecuredParty => {
                    unreturned = self.worth(&posted);
                    self.state.accounts.give(claimant, &posted, |flows| &mut flows.applied);
                    let value = self.minor(&unreturned, Rounding::Floor);
                    self.tell(Output::Applied { by: defaulter, lots: posted, value });
                }
            }
        }
        let interest = self.interest_owed(claimant) - self.interest_owed(defaulter);
        let net = owed + &unreturned + interest;
        for call in std::mem::take(&mut self.state.calls) {
            self.tell(Output::Lapsed { call: call.id });
        }
        let unreturned = self.minor(&unreturned, Rounding::Floor);
        let owes = net.is_negative();
        let debtor = if owes { claimant } else { defaulter };
        // A claim is rounded against who makes it.
        let claim = self.minor(&net.abs(), Rounding::Floor);
        self.tell(Output::Netted { debtor, amount: claim, unreturned });
        let settlement = Settlement {
            defaulter,
            cause,
            debtor,
            claim,
            cash: 0,
            proceeds: 0,
            appropriated: 0,
            guaranteed: 0,
            paid: 0,
            surplus: 0,
            outstanding: claim,
        };
        if owes || claim == 0 {
            let all = self.state.held(defaulter).to_vec();
            self.give_back(defaulter, &all);
            return self.ask_payment(settlement);
        }
        self.enforce(settlement);
    }

    fn give_back(&mut self, to: Side, lots: &[u128]) {
        if lots.iter().any(|lot| *lot > 0) {
            self.state.accounts.give(to, lots, |flows| &mut flows.returned);
            self.tell(Output::Released { to, lots: lots.to_vec() });
        }
    }

    fn ask_payment(&mut self, settlement: Settlement) {
        if settlement.claim == 0 {
            return self.close(settlement);
        }
        let timing = &self.agreement.timing;
        let until = timing.transfer_due(self.at);
        let (from, amount) = (settlement.debtor, settlement.claim);
        self.state.phase = Phase::Paying { settlement, open: amount, until };
        self.tell(Output::PaymentDue { from, amount, until });
    }

    /// Turns to posted collateral: cash of the base currency first, then what has to be sold.
    fn enforce(&mut self, mut settlement: Settlement) {
        let defaulter = settlement.defaulter;
        let mut open = settlement.claim;
        let mut cash = vec![0; self.agreement.collateral.len()];
        for (place, row) in self.agreement.collateral.iter().enumerate() {
            if row.kind == Kind::Cash && row.currency == self.agreement.currency {
                // Its decimals are the base currency's, so that raw quantities are minor units.
                cash[place] = self.state.held(defaulter)[place].min(open);
                open -= cash[place];
            }
        }
        settlement.cash = settlement.claim - open;
        settlement.outstanding = open;
        if settlement.cash > 0 {
            self.state.accounts.give(defaulter, &cash, |flows| &mut flows.applied);
            let by = defaulter.other();
            self.tell(Output::Applied { by, lots: cash, value: settlement.cash });
        }
        let lots = self.state.held(defaulter).to_vec();
        if open == 0 || lots.iter().all(|lot| *lot == 0) {
            return self.end_sale(settlement, open);
        }
        let timing = &self.agreement.timing;
        let until = timing.close_after(self.at, timing.liquidation_days);
        self.state.phase = Phase::Liquidating { settlement, open, until };
        let disposal = self.agreement.on_default.disposal;
        let secured = defaulter.other();
        self.tell(Output::Liquidate { secured, lots, wanted: open, disposal, until });
    }

    pub(super) fn sold(&mut self, lots: &[u128], proceeds: u128) -> Result<(), Refusal> {
        let Phase::Liquidating { settlement, open, until } = self.state.phase.clone() else {
            return Err(Refusal::NotNow { phase: self.state.phase.name() });
        };
        self.rows(lots)?;
        let defaulter = settlement.defaulter;
        if lots.iter().all(|lot| *lot == 0) || !self.state.accounts.holds(defaulter, lots) {
            return Err(Refusal::Lots { right: "some of what is held, and no more" });
        }
        let most = u128::MAX >> 1;
        if proceeds > most - self.state.accounts.money.proceeds.min(most) {
            return Err(Refusal::Amount { field: "proceeds", found: proceeds, most });
        }
        self.state.accounts.give(defaulter, lots, |flows| &mut flows.sold);
        let money = &mut self.state.accounts.money;
        money.proceeds += proceeds;
        money.held += proceeds;
        let paid = proceeds.min(open);
        let settlement = Settlement {
            proceeds: settlement.proceeds + paid,
            outstanding: settlement.outstanding - paid,
            ..settlement
        };
        self.pay(defaulter.other(), paid);
        let open = open - paid;
        let left = self.state.held(defaulter).iter().any(|lot| *lot > 0);
        if open == 0 || !left {
            self.end_sale(settlement, open);
        } else {
            self.state.phase = Phase::Liquidating { settlement, open, until };
        }
        Ok(())
    }

    fn pay(&mut self, to: Side, amount: u128) {
        if amount > 0 {
            self.state.accounts.pay(to, amount);
            self.tell(Output::PaidOut { to, amount });
        }
    }

    pub(super) fn sale_ended(&mut self) -> Result<(), Refusal> {
        let Phase::Liquidating { settlement, open, .. } = self.state.phase else {
            return Err(Refusal::NotNow { phase: self.state.phase.name() });
        };
        self.end_sale(settlement, open);
        Ok(())
    }

    /// What is not sold is kept as far as the agreement says so; the rest and any surplus go back.
    fn end_sale(&mut self, mut settlement: Settlement, mut open: u128) {
        let defaulter = settlement.defaulter;
        let held = self.state.held(defaulter).to_vec();
        if open > 0 && self.agreement.on_default.unsold == Unsold::Appropriate {
            let kept = cover(self.agreement, &self.state.prices, &held, &self.exact(open));
            let kept = kept.unwrap_or_else(|_| vec![0; held.len()]);
            let value = adjusted_sum(self.agreement, &self.state.prices, &kept);
            let value = not_below_zero(value.unwrap_or_else(|_| Rational::zero()));
            let value = self.minor(&value, Rounding::Floor).min(open);
            if value > 0 {
                self.state.accounts.give(defaulter, &kept, |flows| &mut flows.applied);
                self.tell(Output::Applied { by: defaulter.other(), lots: kept, value });
                settlement.appropriated = value;
                settlement.outstanding -= value;
                open -= value;
            }
        }
        let rest = self.state.held(defaulter).to_vec();
        self.give_back(defaulter, &rest);
        settlement.surplus = self.state.accounts.money.held;
        self.pay(defaulter, settlement.surplus);
        match &self.agreement.on_default.guarantee {
            Some(guarantee) if open > 0 && guarantee.limit > 0 => {
                let timing = &self.agreement.timing;
                let until = timing.close_after(self.at, timing.guarantee_days);
                let wanted = open.min(guarantee.limit);
                self.state.phase = Phase::Guaranteed { settlement, wanted, until };
                self.tell(Output::GuaranteeCalled { amount: wanted, until });
            }
            _ => self.close(settlement),
        }
    }

    pub(super) fn covered(&mut self, amount: u128) -> Result<(), Refusal> {
        let Phase::Guaranteed { mut settlement, wanted, until } = self.state.phase else {
            return Err(Refusal::NotNow { phase: self.state.phase.name() });
        };
        if amount == 0 || amount > wanted {
            return Err(Refusal::Amount { field: "amount", found: amount, most: wanted });
        }
        self.state.accounts.money.guaranteed += amount;
        self.state.accounts.money.held += amount;
        settlement.guaranteed += amount;
        settlement.outstanding -= amount;
        self.pay(settlement.defaulter.other(), amount);
        let wanted = wanted - amount;
        match wanted {
            0 => self.close(settlement),
            _ => self.state.phase = Phase::Guaranteed { settlement, wanted, until },
        }
        Ok(())
    }

    pub(super) fn paid(&mut self, amount: u128) -> Result<(), Refusal> {
        let Phase::Paying { mut settlement, open, until } = self.state.phase else {
            return Err(Refusal::NotNow { phase: self.state.phase.name() });
        };
        if amount == 0 || amount > open {
            return Err(Refusal::Amount { field: "amount", found: amount, most: open });
        }
        self.state.accounts.money.settled += amount;
        self.state.accounts.money.held += amount;
        settlement.paid += amount;
        settlement.outstanding -= amount;
        self.pay(settlement.debtor.other(), amount);
        let open = open - amount;
        match open {
            0 => self.close(settlement),
            _ => self.state.phase = Phase::Paying { settlement, open, until },
        }
        Ok(())
    }

    fn close(&mut self, settlement: Settlement) {
        self.state.phase = Phase::Closed(settlement);
        self.tell(Output::Closed(settlement));
    }
}
