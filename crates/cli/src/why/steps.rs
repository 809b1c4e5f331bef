//! What a command did to the account, step by step, from the engine's events and, for fees, from
//! the transfers that its rulebook made.

use super::record::{BearerKind, Did, Picture, Place, Receiver, Step, Story, Sums, Taker};
use super::units;
use breakwater_engine::{Body, Command, Engine, Event, OpenLeg, What};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::plan::Leg;
use breakwater_liquidation::{Call, CallState, Effects, Fact};
use breakwater_money::rounding::Rounding;
use breakwater_money::{AccountId, Amount, Class, Holder, TransferCode};
use std::collections::BTreeMap;

/// What is known of a command that was accepted.
pub struct Known<'a> {
    /// The pool after it.
    pub engine: &'a Engine,
    /// Whose story.
    pub account: AccountId,
    /// The command.
    pub command: &'a Command,
    /// Its place.
    pub place: Place,
    /// What its own business did, if it concerned the account.
    pub business: Option<&'a Effects>,
    /// The sale that came back, whosever.
    pub filled: Option<&'a OpenLeg>,
    /// The account after it.
    pub after: Picture,
}

/// The steps that the events tell of the account, in order; and its own business, once it was
/// called.
pub fn of(
    known: &Known<'_>,
    events: &[Event],
    legs: &mut BTreeMap<u64, Leg>,
    called: bool,
) -> Vec<Step> {
    let mut steps = Vec::new();
    if called && let Some(kind) = own(known) {
        steps.push(known.step(Did::Own(kind)));
    }
    for event in events {
        let did = match &event.what {
            What::Happened(fact) => known.did(fact),
            What::Ordered { leg, account, sale, reason } if *account == known.account => {
                legs.insert(*leg, *sale);
                Some(Did::Ordered { leg: *leg, sale: *sale, reason: *reason })
            }
            What::Cancelled { leg, unsold } => legs
                .remove(leg)
                .map(|sale| Did::Cancelled { leg: *leg, unsold: Amount::new(sale.asset, *unsold) }),
            _ => None,
        };
        steps.extend(did.map(|did| known.step(did)));
    }
    // A leg that came back whole is never called off.
    if let Body::ReportFill { leg, .. } = &known.command.body
        && !known.engine.open_legs().contains_key(leg)
    {
        legs.remove(leg);
    }
    steps
}

/// Kind of the account's own business, if the command is that.
fn own(known: &Known<'_>) -> Option<&'static str> {
    let Body::Call(call) = &known.command.body else { return None };
    let liquidator = matches!(call, Call::RepayAndSeize { .. } | Call::Absorb { .. });
    (!liquidator && call.accounts().contains(&known.account)).then(|| call.kind())
}

impl Known<'_> {
    fn did(&self, fact: &Fact) -> Option<Did> {
        let ours = |account: &AccountId| *account == self.account;
        match fact {
            Fact::Seized { account, repaid, seized, fee, repaid_value, seized_value, .. }
                if ours(account) =>
            {
                Some(Did::Seized {
                    taker: self.taker(),
                    repaid: *repaid,
                    seized: *seized,
                    fee: *fee,
                    repaid_value: *repaid_value,
                    seized_value: *seized_value,
                })
            }
            Fact::Sold { account, sold, proceeds } if ours(account) => {
                let buy_back = self.filled.is_some_and(|open| open.leg.buy_back);
                Some(Did::Sold { sold: *sold, proceeds: *proceeds, buy_back })
            }
            Fact::Deficit { account, amount, value } if ours(account) => {
                Some(Did::Deficit { amount: *amount, value: *value })
            }
            Fact::Borne { account, bearer, amount } if ours(account) => {
                Some(Did::Borne { bearer: *bearer, amount: *amount })
            }
            Fact::Borne {
                account,
                bearer: Bearer::Deleveraged(of) | Bearer::Socialised(of),
                amount,
            } if ours(of) => Some(Did::Bore { of: *account, amount: *amount }),
            Fact::Traded { buyer, seller, quantity, price } => {
                // A trade that follows from a sale closes winners against the sale's account.
                let bankrupt = self.filled?.account;
                let (quantity, price) = (*quantity, *price);
                let other = if *buyer == bankrupt { *seller } else { *buyer };
                if ours(&bankrupt) {
                    Some(Did::ClosedAgainst { winner: other, quantity, price })
                } else if ours(&other) {
                    Some(Did::Deleveraged { bankrupt, quantity, price })
                } else {
                    None
                }
            }
            _ => None,
        }
    }

    fn taker(&self) -> Taker {
        match &self.command.body {
            Body::Call(Call::RepayAndSeize { liquidator, .. }) => {
                liquidator.map_or(Taker::Outside, Taker::Account)
            }
            _ => Taker::Pool,
        }
    }

    fn step(&self, did: Did) -> Step {
        let value = |amount: Amount, rounding| units::value(self.engine, amount, rounding);
        let (mut given_value, mut got_value, mut mark) = (0, 0, None);
        match &did {
            Did::Seized { seized, repaid_value, seized_value, .. } => {
                (given_value, got_value) = (*seized_value, *repaid_value);
                mark = units::mark(self.engine, seized.asset);
            }
            Did::Sold { sold, proceeds, buy_back } => {
                let (at_mark, paid) =
                    (value(*sold, Rounding::HalfUp), value(*proceeds, Rounding::HalfUp));
                (given_value, got_value) =
                    if *buy_back { (paid, at_mark) } else { (at_mark, paid) };
                mark = units::mark(self.engine, sold.asset);
            }
            Did::ClosedAgainst { winner: _, quantity, price } => {
                let at = units::value_at(self.engine, *quantity, *price, Rounding::HalfUp);
                let at_mark = value(*quantity, Rounding::HalfUp);
                let long = self.filled.is_some_and(|open| !open.leg.buy_back);
                (given_value, got_value) = if long { (at_mark, at) } else { (at, at_mark) };
                mark = units::mark(self.engine, quantity.asset);
            }
            Did::Deficit { value, .. } => given_value = *value,
            Did::Borne { amount, .. } | Did::Bore { amount, .. } => {
                given_value = value(*amount, Rounding::HalfUp);
            }
            _ => {}
        }
        let fees = self.fees(&did);
        let fees_value = fees
            .iter()
            .fold(0u128, |sum, (_, fee)| sum.saturating_add(value(*fee, Rounding::Floor)));
        let state = self.engine.margin_call(self.account).map(|call| call.state);
        Step {
            place: self.place,
            did,
            given_value,
            got_value,
            mark,
            fees,
            fees_value,
            after: self.after,
            state: state.unwrap_or(CallState::Healthy),
        }
    }

    /// Fees of a seizure are told by its fact, those of a sale by the transfers beside it.
    fn fees(&self, did: &Did) -> Vec<(Receiver, Amount)> {
        let transfers = self.business.map_or(&[][..], |effects| &effects.transfers);
        let fees = transfers.iter().filter(|t| t.code == TransferCode::Fee);
        match did {
            Did::Seized { fee, .. } if fee.raw > 0 => {
                let to = fees.into_iter().find(|t| t.unit.asset == fee.asset);
                vec![(to.map_or(Receiver::Treasury, |t| receiver(t.credit)), *fee)]
            }
            Did::Sold { .. } => {
                let from = Holder::Account(self.account);
                fees.filter(|t| t.debit == from && t.unit.class == Class::Token)
                    .map(|t| (receiver(t.credit), Amount::new(t.unit.asset, t.amount)))
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}

fn receiver(holder: Holder) -> Receiver {
    match holder {
        Holder::Treasury => Receiver::Treasury,
        Holder::Insurance => Receiver::Insurance,
        Holder::Vault => Receiver::Vault,
        Holder::External => Receiver::Caller,
        Holder::Account(account) | Holder::Position(account, _) => Receiver::Account(account),
        // What the issuer takes in is burnt, which leaves it with the pool.
        Holder::Reserve | Holder::Issuer | Holder::Outstanding => Receiver::Reserves,
    }
}

impl Story {
    /// Keeps the step and counts it in.
    pub fn add(&mut self, step: Step) {
        self.sums.add(&step);
        if step.liquidates() || matches!(step.did, Did::Deficit { .. }) {
            self.last = Some((step.place, step.after));
        }
        self.steps.push(step);
    }
}

fn more<K: Ord>(sums: &mut BTreeMap<K, u128>, key: K, amount: u128) {
    let sum = sums.entry(key).or_default();
    *sum = sum.saturating_add(amount);
}

impl Sums {
    fn add(&mut self, step: &Step) {
        match &step.did {
            Did::Seized { taker, repaid, seized, fee, .. } => {
                more(&mut self.given, seized.asset, seized.raw.saturating_add(fee.raw));
                more(&mut self.got, repaid.asset, repaid.raw);
                self.took(step, *taker);
            }
            Did::Sold { sold, proceeds, buy_back } => {
                let (given, got) = if *buy_back { (proceeds, sold) } else { (sold, proceeds) };
                more(&mut self.given, given.asset, given.raw);
                more(&mut self.got, got.asset, got.raw);
                self.took(step, Taker::Market);
            }
            Did::ClosedAgainst { winner, quantity, .. } => {
                more(&mut self.given, quantity.asset, quantity.raw);
                self.took(step, Taker::Account(*winner));
            }
            Did::Deficit { amount, .. } => {
                more(&mut self.deficit, amount.asset, amount.raw);
                self.deficit_value = self.deficit_value.saturating_add(step.given_value);
            }
            Did::Borne { bearer, amount } => {
                more(&mut self.borne, (BearerKind::from(*bearer), amount.asset), amount.raw);
            }
            Did::Bore { amount, .. } => more(&mut self.bore, amount.asset, amount.raw),
            Did::Own(_) => self.own += 1,
            Did::Ordered { .. } | Did::Cancelled { .. } | Did::Deleveraged { .. } => {}
        }
    }

    fn took(&mut self, step: &Step, taker: Taker) {
        self.liquidations += 1;
        self.given_value = self.given_value.saturating_add(step.given_value);
        self.got_value = self.got_value.saturating_add(step.got_value);
        let lost = self.lost.entry(taker).or_default();
        *lost = lost.saturating_add(step.lost());
        for (receiver, fee) in &step.fees {
            more(&mut self.fees, (*receiver, fee.asset), fee.raw);
        }
        self.fees_value = self.fees_value.saturating_add(step.fees_value);
    }
}
