//! What a command did to the account, step by step, from the engine's events and, for fees, from
//! the transfers that its rulebook made.

use super::auctions::Auctions;
use super::record::{
    BearerKind, Did, Payment, PaymentKind, Picture, Place, Queued, Receiver, Share, Step, Story,
    Sums, Taker,
};
use super::units;
use breakwater_engine::grounds::Acted;
use breakwater_engine::{Body, Command, Engine, Event, OpenLeg, What};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::ladder::Act;
use breakwater_liquidation::plan::{Leg, pays};
use breakwater_liquidation::policy::Socialise;
use breakwater_liquidation::{Call, CallState, Effects, Fact, Order};
use breakwater_money::rounding::Rounding;
use breakwater_money::{AccountId, Amount, Class, Holder, Price, TransferCode};
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

/// Sales and orders of the account that are under way.
#[derive(Debug, Clone, Default)]
pub struct Tracked {
    legs: BTreeMap<u64, Leg>,
    orders: BTreeMap<u64, Order>,
    auctions: Auctions,
}

/// The steps that the events tell of the account, in order; and its own business, once it was
/// called.
pub fn of(known: &Known<'_>, events: &[Event], tracked: &mut Tracked, called: bool) -> Vec<Step> {
    let Tracked { legs, orders, auctions } = tracked;
    let mut steps = Vec::new();
    if called && let Some(did) = own(known, orders) {
        steps.push(known.step(did));
    }
    // The first trade of a command that is one is its own, whoever is closed against whom later.
    let mut own_trade = trades(&known.command.body);
    for event in events {
        let of_auction = auctions.told(known.account, &event.what);
        steps.extend(of_auction.into_iter().map(|did| known.step(did)));
        let did = match &event.what {
            What::Happened(Fact::Traded { .. }) if std::mem::take(&mut own_trade) => None,
            What::Happened(fact) => known.did(fact, auctions),
            What::Ordered { leg, account, sale, reason } if *account == known.account => {
                legs.insert(*leg, *sale);
                let rung = known.rung(|act| act != Act::TakeOver);
                Some(Did::Ordered { leg: *leg, sale: *sale, reason: *reason, rung })
            }
            What::Cancelled { leg, unsold } => legs
                .remove(leg)
                .map(|sale| Did::Cancelled { leg: *leg, unsold: Amount::new(sale.asset, *unsold) }),
            What::OrderPlaced { order, terms } if terms.account == known.account => {
                orders.insert(*order, *terms);
                None
            }
            What::OrderFilled { order, left, .. } => {
                if let Some(terms) = orders.get_mut(order) {
                    terms.quantity = *left;
                }
                None
            }
            What::OrderCancelled { order, left } => {
                let own =
                    matches!(&known.command.body, Body::CancelOrder { order: o } if o == order);
                let terms = orders.remove(order).filter(|_| !own);
                terms.map(|terms| Did::OrderCancelled {
                    order: *order,
                    left: Order { quantity: *left, ..terms },
                    ended: matches!(&known.command.body, Body::Call(Call::Deliver { .. })),
                })
            }
            _ => None,
        };
        steps.extend(did.map(|did| known.step(did)));
    }
    orders.retain(|_, order| order.quantity > 0);
    // A leg that came back whole is never called off.
    if let Body::ReportFill { leg, .. } = &known.command.body
        && !known.engine.open_legs().contains_key(leg)
    {
        legs.remove(leg);
    }
    steps
}

/// True for a command that is itself a trade between two accounts.
fn trades(body: &Body) -> bool {
    match body {
        Body::Call(Call::Roll { against, .. }) => against.is_some(),
        Body::Call(Call::Trade { buyer, seller, .. }) => buyer.is_some() && seller.is_some(),
        Body::FillOrder { against, .. } => against.is_some(),
        _ => false,
    }
}

/// The account's own business, or the venue's on what it holds, if the command is that.
fn own(known: &Known<'_>, orders: &BTreeMap<u64, Order>) -> Option<Did> {
    let body = &known.command.body;
    let own = match body {
        Body::Call(Call::Settle { .. } | Call::Deliver { .. } | Call::Quote { .. }) => {
            return known.business.is_some().then(|| Did::Venue(body.kind()));
        }
        Body::Call(Call::RepayAndSeize { .. } | Call::Absorb { .. } | Call::TakeOver { .. }) => {
            false
        }
        Body::Call(call) => call.accounts().contains(&known.account),
        Body::PlaceOrder { order } => order.account == known.account,
        Body::CancelOrder { order } => orders.contains_key(order),
        Body::FillOrder { order, against, .. } => {
            orders.contains_key(order) || against.is_some_and(|order| orders.contains_key(&order))
        }
        _ => false,
    };
    own.then(|| Did::Own(body.kind()))
}

/// What the call made the account pay, or be paid, of its effects; none if nothing.
pub fn payment(call: &Call, effects: &Effects, account: AccountId) -> Option<Payment> {
    let (kind, of, rate_e12, code) = match call {
        Call::Fund { contract, rate_e12 } => {
            (PaymentKind::Funding, *contract, *rate_e12, TransferCode::Funding)
        }
        Call::Charge { asset, rate_e12 } => {
            let rate = i64::try_from(*rate_e12).ok()?;
            (PaymentKind::Interest, *asset, rate, TransferCode::Interest)
        }
        _ => return None,
    };
    let own = Holder::Account(account);
    let found = effects.transfers.iter().find(|transfer| {
        transfer.code == code && (transfer.debit == own || transfer.credit == own)
    })?;
    let amount = Amount::new(found.unit.asset, found.amount);
    Some(Payment { kind, of, rate_e12, amount, got: found.credit == own })
}

impl Known<'_> {
    /// Funding or interest that the command made the account pay, or be paid.
    pub fn paid(&self) -> Option<Payment> {
        let Body::Call(call) = &self.command.body else { return None };
        payment(call, self.business?, self.account)
    }

    /// The rung that acted on the account with this command.
    fn rung(&self, does: impl Fn(Act) -> bool) -> Option<Acted> {
        let mut rungs = self.engine.grounds().rungs.iter().rev();
        rungs.find(|acted| acted.account == self.account && does(acted.act)).copied()
    }

    /// A trade that the engine made by itself: winners are closed against a bankrupt account.
    fn closed(
        &self,
        (buyer, seller): (AccountId, AccountId),
        quantity: Amount,
        price: Price,
    ) -> Option<Did> {
        let queue = self.engine.grounds().queues.iter().find(|queue| {
            (queue.contract, queue.price) == (quantity.asset, price)
                && [buyer, seller].contains(&queue.bankrupt)
        })?;
        let bankrupt = queue.bankrupt;
        let (winner, long) = if buyer == bankrupt { (seller, false) } else { (buyer, true) };
        if bankrupt == self.account {
            return Some(Did::ClosedAgainst { winner, quantity, price, long });
        }
        let (place, own) = queue.place(self.account).filter(|_| winner == self.account)?;
        let queued = Queued {
            place: place as u64,
            of: queue.winners.len() as u64,
            score: own.score,
            held: own.quantity,
            chosen_by: queue.chosen_by,
        };
        Some(Did::Deleveraged { bankrupt, quantity, price, long: !long, queued })
    }

    /// True if whoever closes the position in this way pays its value.
    fn pays(&self, amount: Amount, buy_back: bool) -> bool {
        let leg = Leg {
            asset: amount.asset,
            quantity: amount.raw,
            buy_back,
            proceeds_asset: amount.asset,
            worst_price: Price::new(0, 0),
        };
        self.engine.look(|view| pays(view, &leg)).unwrap_or(buy_back)
    }

    /// How a loss was spread that the account bore a part of.
    fn share(&self) -> Share {
        match self.engine.policy().map(|policy| policy.backstop.socialise) {
            Some(Socialise::Session) => Share::Session,
            _ => Share::Cash,
        }
    }

    fn did(&self, fact: &Fact, auctions: &mut Auctions) -> Option<Did> {
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
                let pays = self.pays(*sold, buy_back);
                let (sold, proceeds, taker) = (*sold, *proceeds, auctions.taker());
                Some(Did::Sold { sold, proceeds, buy_back, pays, taker })
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
            } if ours(of) => {
                let deleveraged =
                    matches!(fact, Fact::Borne { bearer: Bearer::Deleveraged(_), .. });
                let share = if deleveraged { Share::Deleveraged } else { self.share() };
                Some(Did::Bore { of: *account, amount: *amount, share })
            }
            Fact::Traded { buyer, seller, quantity, price } => {
                self.closed((*buyer, *seller), *quantity, *price)
            }
            Fact::Exercised { holder, writer: Some(writer), quantity, price, paid }
                if ours(writer) =>
            {
                let (holder, quantity, price, paid) = (*holder, *quantity, *price, *paid);
                Some(Did::Assigned { holder, quantity, price, paid })
            }
            Fact::TakenOver { account, vault, equity } if ours(account) => {
                let rung = self.rung(|act| act == Act::TakeOver);
                Some(Did::TakenOver { vault: *vault, equity: *equity, rung })
            }
            Fact::TakenOver { account, vault, equity } if ours(vault) => {
                Some(Did::TookOver { account: *account, equity: *equity })
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

    pub fn step(&self, did: Did) -> Step {
        let value = |amount: Amount, rounding| units::value(self.engine, amount, rounding);
        let (mut given_value, mut got_value, mut mark) = (0, 0, None);
        match &did {
            Did::Seized { seized, repaid_value, seized_value, .. } => {
                (given_value, got_value) = (*seized_value, *repaid_value);
                mark = units::mark(self.engine, seized.asset);
            }
            Did::Sold { sold, proceeds, pays, .. } => {
                let (at_mark, paid) =
                    (value(*sold, Rounding::HalfUp), value(*proceeds, Rounding::HalfUp));
                (given_value, got_value) = if *pays { (paid, at_mark) } else { (at_mark, paid) };
                mark = units::mark(self.engine, sold.asset);
            }
            Did::ClosedAgainst { quantity, price, long, .. }
            | Did::Deleveraged { quantity, price, long, .. } => {
                let at = units::value_at(self.engine, *quantity, *price, Rounding::HalfUp);
                let at_mark = value(*quantity, Rounding::HalfUp);
                let pays = self.pays(*quantity, !*long);
                (given_value, got_value) = if pays { (at, at_mark) } else { (at_mark, at) };
                mark = units::mark(self.engine, quantity.asset);
            }
            // What is below zero goes with it too, and is told by its deficit.
            Did::TakenOver { equity, .. } => given_value = equity.max(&0).unsigned_abs(),
            Did::Paid(paid) => {
                let worth = value(paid.amount, Rounding::HalfUp);
                (given_value, got_value) = if paid.got { (0, worth) } else { (worth, 0) };
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
        Holder::Reserve | Holder::Issuer | Holder::Outstanding | Holder::Escrow => {
            Receiver::Reserves
        }
    }
}

impl Story {
    /// Counts what was paid, or got.
    pub fn count(&mut self, paid: &Payment) {
        let amount = i128::try_from(paid.amount.raw).unwrap_or(i128::MAX);
        let sum = self.paid.entry((paid.kind, paid.amount.asset)).or_default();
        *sum = sum.saturating_add(if paid.got { -amount } else { amount });
    }

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
            Did::Sold { sold, proceeds, pays, taker, .. } => {
                let (given, got) = if *pays { (proceeds, sold) } else { (sold, proceeds) };
                more(&mut self.given, given.asset, given.raw);
                more(&mut self.got, got.asset, got.raw);
                self.took(step, *taker);
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
            Did::TakenOver { vault, .. } => {
                self.taken_over = true;
                self.took(step, Taker::Account(*vault));
            }
            Did::TookOver { equity, .. } => {
                self.took_over = (self.took_over.0 + 1, self.took_over.1.saturating_add(*equity));
            }
            Did::Deleveraged { .. } => self.deleveraged += 1,
            Did::Own(_) => self.own += 1,
            Did::Ordered { .. }
            | Did::OrderCancelled { .. }
            | Did::Cancelled { .. }
            | Did::AuctionOpened { .. }
            | Did::Bids { .. }
            | Did::AuctionAwarded { .. }
            | Did::WinnerDefaulted { .. }
            | Did::AuctionRestarted { .. }
            | Did::AuctionClosed { .. }
            | Did::Paid(_)
            | Did::Assigned { .. }
            | Did::Venue(_) => {}
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
