//! What people and markets do: answers, deliveries, sales, guarantors; and what is told of it.

use super::*;
use crate::agreements::sale::Sold;
use breakwater_agreement::support::machine::{Answer, OpenCall};

impl Run<'_> {
    /// Calls are answered: agreed to, or disputed as the scenario states; disputes of before are
    /// settled where the parties agree.
    pub(super) fn answer_all(&mut self, date: Date) -> Result<(), ScenarioError> {
        for index in 0..self.disputes.len() {
            let dispute = &self.disputes[index];
            let (place, call) = (dispute.agreement, dispute.call);
            let open = call.and_then(|call| self.disputed(place, call));
            if let (Some(call), Some(open), Some(share)) = (call, open, &dispute.settled) {
                let upheld = rational::to_raw(&(open * share), 2, Rounding::Floor).unwrap_or(0);
                self.step(place, &Input::Resolve { call, upheld })?;
            }
        }
        for place in 0..self.desks.len() {
            let calls = self.desks[place].state.calls();
            let waiting: Vec<(u32, u128)> = calls
                .iter()
                .filter(|call| call.answer_by.is_some())
                .map(|call| (call.id, call.amount))
                .collect();
            for (call, amount) in waiting {
                let stated = |it: &&mut Disputed| it.agreement == place && it.day == date;
                let answer = match self.disputes.iter_mut().find(stated) {
                    None => Answer::Agree,
                    Some(dispute) => {
                        dispute.call = Some(call);
                        let whole = rational::from_raw(i128::try_from(amount).unwrap_or(0), 0);
                        let disputed = whole * &dispute.share;
                        let disputed = rational::to_raw(&disputed, 0, Rounding::Floor).unwrap_or(0);
                        let agreed = amount.saturating_sub(disputed.max(1));
                        if agreed == 0 { Answer::Dispute } else { Answer::Partly { agreed } }
                    }
                };
                self.step(place, &Input::Answer { call, answer })?;
            }
        }
        Ok(())
    }

    fn disputed(&self, place: usize, call: u32) -> Option<Rational> {
        let mut calls = self.desks[place].state.calls().iter();
        let open = calls.find(|open| open.id == call)?;
        open.dispute.as_ref().map(|dispute| dispute.disputed.clone())
    }

    /// Substitutions of the day are asked for; those asked for before are consented to and brought.
    pub(super) fn replace_all(&mut self, date: Date) -> Result<(), ScenarioError> {
        for index in 0..self.replaced.len() {
            let Replaced { agreement: place, day, asked, .. } = self.replaced[index];
            if !self.desks[place].state.phase().in_force() {
                continue;
            }
            let (give, take) =
                (self.replaced[index].give.clone(), self.replaced[index].take.clone());
            match asked {
                None if day == date => {
                    let pledgor = Side::B;
                    let input = Input::Substitute { pledgor, give, take };
                    if self.step(place, &input)? {
                        let open = self.desks[place].state.substitutions().last();
                        self.replaced[index].asked = open.map(|open| open.id);
                    }
                }
                Some(substitution) if day < date => {
                    self.replaced[index].asked = None;
                    let stands = self.desks[place].state.substitutions();
                    if !stands.iter().any(|open| open.id == substitution) {
                        continue;
                    }
                    self.step(place, &Input::Consent { substitution, yes: true })?;
                    let desk = &self.desks[place];
                    let (party, agreement) = (desk.parties[1], desk.agreement.clone());
                    if !self.parties.take(party, &agreement, &give) {
                        continue;
                    }
                    if self.step(place, &Input::Bring { substitution })? {
                        let told = format!("brings {} in exchange", self.list(place, &give));
                        self.note(place, (self.at, What::Substitution), Side::B, None, told);
                    } else {
                        self.parties.give(party, &agreement, &give);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Everybody delivers what is due, as far as it has it.
    pub(super) fn deliver_all(&mut self) -> Result<(), ScenarioError> {
        for place in 0..self.desks.len() {
            let due: Vec<OpenCall> = self.desks[place]
                .state
                .calls()
                .iter()
                .filter(|call| call.due.is_some())
                .cloned()
                .collect();
            for call in due {
                self.deliver(place, &call)?;
            }
            self.pay_close_out(place)?;
        }
        Ok(())
    }

    fn deliver(&mut self, place: usize, call: &OpenCall) -> Result<(), ScenarioError> {
        let desk = &self.desks[place];
        if !desk.state.phase().in_force() {
            return Ok(());
        }
        let agreement = desk.agreement.clone();
        let party = desk.parties[call.obliged().place()];
        let pledgor = desk.parties[call.pledgor.place()];
        let left = call.outstanding(agreement.decimals);
        let lots = match (&call.lots, call.direction) {
            (Some(lots), _) => lots.clone(),
            (None, Direction::Delivery) => {
                let available = self.parties.available(party, &agreement);
                let lots = cover(&agreement, call.prices(), &available, &left);
                lots.unwrap_or_default()
            }
            (None, _) => {
                let held = desk.state.held(call.pledgor);
                release(&agreement, call.prices(), held, &left).unwrap_or_default()
            }
        };
        if lots.iter().all(|lot| *lot == 0) {
            return Ok(());
        }
        // Deliveries and interest come from who moves them; returns are held already.
        let own = call.direction != Direction::Return;
        if own && !self.parties.take(party, &agreement, &lots) {
            return Ok(());
        }
        let late = call.due.as_ref().is_some_and(|due| due.stage != Stage::Expected);
        let late = if late { ", late but within the grace period" } else { "" };
        let (what, verb) = match call.direction {
            Direction::Delivery => (What::Delivery, "delivers"),
            Direction::Return => (What::Return, "gives back"),
            Direction::Interest => (What::Payment, "pays interest of"),
        };
        let told = format!("{verb} {}{late}", self.list(place, &lots));
        let noted = self.record.happenings.len();
        self.note(place, (self.at, what), call.obliged(), None, told);
        let settled = self.step(place, &Input::Settle { call: call.id, lots: lots.clone() })?;
        if !settled {
            self.record.happenings.remove(noted);
        }
        match (settled, call.direction) {
            (true, Direction::Return | Direction::Interest) => {
                self.parties.give(pledgor, &agreement, &lots);
            }
            (false, Direction::Delivery | Direction::Interest) => {
                self.parties.give(party, &agreement, &lots);
            }
            _ => {}
        }
        Ok(())
    }

    /// Who owes a close-out amount pays it when it can.
    fn pay_close_out(&mut self, place: usize) -> Result<(), ScenarioError> {
        let desk = &self.desks[place];
        let Phase::Paying { settlement, open, .. } = desk.state.phase() else { return Ok(()) };
        let (debtor, amount) = (desk.parties[settlement.debtor.place()], *open);
        let amount = amount.min(self.parties.purses[debtor][0]);
        if amount > 0 {
            self.parties.purses[debtor][0] -= amount;
            self.step(place, &Input::Paid { amount })?;
        }
        Ok(())
    }

    /// An hour of a sale.
    pub(super) fn sell(&mut self, place: usize) -> Result<(), ScenarioError> {
        let Some(mut sale) = self.desks[place].sale.take() else { return Ok(()) };
        let sold = sale.moment(&self.market, self.at)?;
        for own in sold {
            if !matches!(self.desks[place].state.phase(), Phase::Liquidating { .. }) {
                break;
            }
            self.sold(place, own)?;
        }
        match self.desks[place].state.phase() {
            Phase::Liquidating { .. } => self.desks[place].sale = Some(sale),
            _ => self.record.commands += sale.commands,
        }
        Ok(())
    }

    fn sold(&mut self, place: usize, own: Sold) -> Result<(), ScenarioError> {
        let desk = &self.desks[place];
        let (symbol, decimals) = (SYMBOLS[own.place], DECIMALS[own.place]);
        let mut lots = vec![0; desk.agreement.collateral.len()];
        let Some(row) = desk.agreement.place_of(symbol) else { return Ok(()) };
        lots[row] = own.quantity;
        let way = match desk.agreement.on_default.disposal {
            Disposal::Planner => "planner",
            Disposal::Auction => "auction",
        };
        let quantity = i128::try_from(own.quantity).unwrap_or(i128::MAX);
        let cents = i128::try_from(own.cents).unwrap_or(i128::MAX);
        let Phase::Liquidating { settlement, .. } = desk.state.phase() else { return Ok(()) };
        let defaulter = settlement.defaulter;
        self.parties.market[own.place] += quantity;
        self.parties.market[0] -= cents;
        let amount = breakwater_money::decimal::format_raw(own.quantity, decimals);
        let told = format!("has {amount} {symbol} of its collateral sold ({way})");
        let noted = self.record.happenings.len();
        self.note(place, (self.at, What::Sale), defaulter, Some(own.cents), told);
        if !self.step(place, &Input::Sold { lots, proceeds: own.cents })? {
            self.parties.market[own.place] -= quantity;
            self.parties.market[0] += cents;
            self.record.happenings.remove(noted);
            return Ok(());
        }
        self.record.sales.push(SaleRow {
            at: self.at,
            agreement: place,
            way,
            asset: symbol,
            quantity: (own.quantity, decimals),
            cents: own.cents,
            mark: own.mark,
        });
        Ok(())
    }

    /// Guarantors pay what is due of them.
    pub(super) fn guarantors(&mut self) -> Result<(), ScenarioError> {
        for place in 0..self.desks.len() {
            let Some(drawn) = self.desks[place].drawn else { continue };
            let Phase::Guaranteed { wanted, .. } = self.desks[place].state.phase() else {
                self.desks[place].drawn = None;
                continue;
            };
            if drawn.due > self.at {
                continue;
            }
            let amount = drawn.cents.min(*wanted).min(self.parties.purses[self.guarantor][0]);
            self.desks[place].drawn = None;
            if amount == 0 {
                continue;
            }
            self.parties.purses[self.guarantor][0] -= amount;
            let noted = self.record.happenings.len();
            self.record.happenings.push(Happening {
                at: self.at,
                agreement: place,
                what: What::Guarantee,
                party: self.parties.names[self.guarantor].clone(),
                cents: Some(amount),
                told: "pays under its guarantee (CEG)".to_owned(),
            });
            if self.step(place, &Input::Covered { amount })? {
                self.record.guaranteed += amount;
            } else {
                self.record.happenings.remove(noted);
                self.parties.purses[self.guarantor][0] += amount;
            }
        }
        Ok(())
    }

    /// Counts everything there is, and writes down how every agreement stands.
    pub(super) fn count(&mut self) {
        let mut held = [0u128; 4];
        let mut own = true;
        for desk in &self.desks {
            for side in Side::BOTH {
                let purse = to_purse(&desk.agreement, desk.state.held(side));
                for (sum, part) in held.iter_mut().zip(purse) {
                    *sum += part;
                }
            }
            // Money that an agreement holds between a sale and its end is still dollars.
            held[0] += desk.state.accounts().money.held;
            own &= desk.state.accounts().balanced();
        }
        self.record.hours.0 += 1;
        self.record.hours.1 += u64::from(own && self.parties.balanced(&held));
        self.record.to = self.at;
        for desk in &mut self.desks {
            let stand = stand(&desk.state);
            match desk.lane.spans.last_mut().filter(|span| span.stand == stand) {
                Some(span) => span.until = self.at,
                None => {
                    if let Some(span) = desk.lane.spans.last_mut() {
                        span.until = self.at;
                    }
                    desk.lane.spans.push(Span { from: self.at, until: self.at, stand });
                }
            }
        }
    }

    pub(super) fn end(&mut self) {
        self.record.lanes = self.desks.iter().map(|desk| desk.lane.clone()).collect();
        self.record.happenings.sort_by_key(|it| it.at);
        // Hours are played agreement by agreement; the sort keeps that order within a moment.
        let at = |message: &serde_json::Value| {
            message.get("at").and_then(serde_json::Value::as_str).unwrap_or("").to_owned()
        };
        self.record.messages.sort_by_key(at);
    }

    /// Writes down what was said, in a sentence.
    pub(super) fn tell(&mut self, place: usize, told: &Told) {
        let at = told.at;
        let (what, side, cents, text) = match &told.output {
            Output::Called { pledgor, direction: Direction::Delivery, amount, .. } => {
                (What::Call, *pledgor, Some(*amount), "is called for collateral".to_owned())
            }
            Output::Called { pledgor, amount, .. } => {
                let text = "is asked to give collateral back".to_owned();
                (What::Recall, pledgor.other(), Some(*amount), text)
            }
            Output::Answered { by, answer, due, .. } if *answer != Answer::Agree => {
                (What::Dispute, *by, Some(*due), "disputes a part; the rest is due".to_owned())
            }
            Output::Resolved { upheld, by_time, .. } => {
                let by = if *by_time { "by the end of its time" } else { "by the parties" };
                let text = format!("has its dispute settled {by}; upheld");
                (What::Dispute, Side::B, Some(*upheld), text)
            }
            Output::SubstitutionAsked { pledgor, give, take, .. } => {
                let text =
                    format!("offers {} for {}", self.list(place, give), self.list(place, take));
                (What::Substitution, *pledgor, None, text)
            }
            Output::Failed { party, .. } => {
                let text = "does not deliver in time; the grace period runs".to_owned();
                (What::Failure, *party, None, text)
            }
            Output::Netted { debtor, amount, .. } => {
                let text = "owes after close-out netting".to_owned();
                (What::CloseOut, *debtor, Some(*amount), text)
            }
            Output::Applied { by, lots, value } => {
                let text = format!("keeps {} towards its claim", self.list(place, lots));
                (What::CloseOut, *by, Some(*value), text)
            }
            Output::Released { to, lots } => {
                (What::Return, *to, None, format!("gets {} back", self.list(place, lots)))
            }
            Output::Closed(settlement) => {
                let (text, open) = match settlement.outstanding {
                    0 => ("has nothing left to claim", None),
                    open => ("has nobody left who pays the rest", Some(open)),
                };
                (What::End, settlement.debtor.other(), open, text.to_owned())
            }
            _ => return,
        };
        self.note(place, (at, what), side, cents, text);
    }

    /// Lots in words.
    fn list(&self, place: usize, lots: &[u128]) -> String {
        let rows = self.desks[place].agreement.collateral.iter().zip(lots);
        let told: Vec<String> = rows
            .filter(|(_, lot)| **lot > 0)
            .map(|(row, lot)| {
                let amount = breakwater_money::decimal::format_raw(*lot, row.decimals);
                format!("{amount} {}", row.asset)
            })
            .collect();
        told.join(", ")
    }
}

fn stand(state: &State) -> Stand {
    if !state.phase().in_force() {
        return if state.is_closed() { Stand::Quiet } else { Stand::Closing };
    }
    let late = |stage: Stage| stage != Stage::Expected;
    let calls = state.calls();
    match calls.iter().any(|call| call.due.as_ref().is_some_and(|due| late(due.stage))) {
        true => Stand::Late,
        false if calls.is_empty() => Stand::Quiet,
        false => Stand::Called,
    }
}
