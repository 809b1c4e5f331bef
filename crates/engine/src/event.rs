//! What the engine tells. Every event names its cause; every outcome its rulebook and policy.

use crate::invariant::Stop;
use breakwater_liquidation::auctions::AuctionFormat;
use breakwater_liquidation::plan::Leg;
use breakwater_liquidation::solvency::stress_state::StressState;
use breakwater_liquidation::{Bid, CallState, Fact, Gate, Order, Reason, Rejected};
use breakwater_margin::{Health, Ratio};
use breakwater_market::{Mark, MarketId};
use breakwater_money::{AccountId, Amount, AssetId, Price, Time};
use serde::{Deserialize, Serialize};

/// Why something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// The command itself.
    Command,
    /// A price moved.
    Price {
        /// Which market.
        market: MarketId,
        /// The mark before, if there was one.
        from: Option<Price>,
        /// The mark now.
        to: Price,
    },
    /// Time passed: a deadline, a grace period, accrued interest.
    Time,
    /// A change under everybody: another rulebook, or a call that touched the whole pool.
    Epoch,
    /// Taken up from what an earlier command left pending.
    Pending,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Why.
    pub cause: Cause,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// An asset exists.
    AssetDefined {
        /// Its number.
        asset: AssetId,
    },
    /// A market exists.
    MarketDefined {
        /// Its number.
        market: MarketId,
    },
    /// A rulebook rules, and which.
    RulebookInstalled {
        /// Its name and version.
        name: String,
        /// Hash of its parameters.
        hash: [u8; 32],
        /// Epochs since the pool began.
        epoch: u64,
    },
    /// An account is open.
    AccountOpened {
        /// Its number.
        account: AccountId,
    },
    /// The insurance fund grew.
    InsuranceFunded {
        /// By how much.
        amount: Amount,
    },
    /// A price was accepted.
    Marked {
        /// Where.
        market: MarketId,
        /// The mark.
        mark: Mark,
        /// Until when liquidation waits, if prices were out.
        grace_until: Option<Time>,
    },
    /// An account's margin call moved.
    CallMoved {
        /// Whose.
        account: AccountId,
        /// From where.
        from: CallState,
        /// To where.
        to: CallState,
        /// When liquidation may begin, for a call.
        deadline: Option<Time>,
        /// Health that moved it.
        health: Health,
    },
    /// The rulebook did something: told in its own facts.
    Happened(Fact),
    /// A sale was ordered.
    Ordered {
        /// Number of the leg.
        leg: u64,
        /// Whose.
        account: AccountId,
        /// What to sell, how much, at which worst price.
        sale: Leg,
        /// Why.
        reason: Reason,
    },
    /// What is left of a sale was called off.
    Cancelled {
        /// Number of the leg.
        leg: u64,
        /// How much was not sold.
        unsold: u128,
    },
    /// A lot is on auction.
    AuctionOpened {
        /// Number of the leg, and of the auction.
        leg: u64,
        /// Whose.
        account: AccountId,
        /// What to sell; the worst price is not asked of bidders.
        sale: Leg,
        /// The format.
        format: AuctionFormat,
        /// The lot's value at the mark, base units of the proceeds.
        fair: u128,
        /// What is to be raised at most, base units of the proceeds; none for as much as possible.
        wanted: Option<u128>,
    },
    /// A bid was taken.
    BidPlaced {
        /// In which auction.
        leg: u64,
        /// By whom.
        bidder: u64,
        /// What.
        bid: Bid,
        /// What was paid in for it, base units of the proceeds.
        paid_in: u128,
    },
    /// A bidder got money back.
    BidRefunded {
        /// From which auction.
        leg: u64,
        /// Who.
        bidder: u64,
        /// Base units of the proceeds.
        amount: u128,
    },
    /// A bidder has bought.
    LotSold {
        /// In which auction.
        leg: u64,
        /// Who.
        bidder: u64,
        /// Of the lot, base units.
        quantity: u128,
        /// Base units of the proceeds.
        paid: u128,
    },
    /// A bidder has not revealed a sealed bid and loses its deposit to the insurance fund.
    DepositForfeited {
        /// In which auction.
        leg: u64,
        /// Who.
        bidder: u64,
        /// Base units of the proceeds.
        amount: u128,
    },
    /// Nobody bought: the auction starts again.
    AuctionRestarted {
        /// Which.
        leg: u64,
        /// Times it has.
        restarts: u32,
    },
    /// A winner, or whoever is next after one who has not paid, owes the rest of the price.
    AuctionAwarded {
        /// Of which auction.
        leg: u64,
        /// Who.
        bidder: u64,
    },
    /// A winner has not paid.
    WinnerDefaulted {
        /// Of which auction.
        leg: u64,
        /// Who.
        bidder: u64,
        /// The deposit, which the insurance fund has now.
        forfeited: u128,
    },
    /// An auction is over.
    AuctionClosed {
        /// Which.
        leg: u64,
        /// What of the leg was not sold.
        unsold: u128,
    },
    /// An order waits.
    OrderPlaced {
        /// Its number.
        order: u64,
        /// What it is.
        terms: Order,
    },
    /// A part of an order, or all of it, has traded.
    OrderFilled {
        /// Its number.
        order: u64,
        /// How much.
        quantity: u128,
        /// At which price.
        price: Price,
        /// What still waits.
        left: u128,
    },
    /// What was left of an order is off.
    OrderCancelled {
        /// Its number.
        order: u64,
        /// How much had not traded.
        left: u128,
    },
    /// The pool was halted or resumed.
    Halted {
        /// True if halted.
        on: bool,
    },
    /// An asset was opened, frozen or paused.
    GateMoved {
        /// Which.
        asset: AssetId,
        /// What could be done with it.
        from: Gate,
        /// What can be done with it now.
        to: Gate,
        /// Until when nobody is liquidated who holds or owes it, if a pause has ended.
        grace_until: Option<Time>,
    },
    /// A fall of the mark stops new risk.
    BreakerTripped {
        /// In which asset.
        asset: AssetId,
        /// The highest mark of the window.
        highest: Price,
        /// The mark that tripped it.
        mark: Price,
        /// Until when.
        until: Time,
    },
    /// Usage has set, changed or taken off a surcharge on the borrow rate.
    Surcharged {
        /// Of which asset.
        asset: AssetId,
        /// The surcharge now, basis points a year; zero for none.
        bps_a_year: u32,
        /// Supplied by all accounts, base units.
        supplied: u128,
        /// Owed by all accounts, base units.
        borrowed: u128,
    },
    /// The policy asks for a surcharge that the rulebook has no place for: it is left out.
    SurchargeIgnored {
        /// Of which asset.
        asset: AssetId,
    },
    /// What sales into a market would meet is known anew.
    Observed {
        /// Which.
        market: MarketId,
        /// When it was so.
        observed_at: Time,
    },
    /// A planned liquidation is given up: the vault takes the account, or it is sold whole.
    HandedOver {
        /// Whose.
        account: AccountId,
        /// Its ratio then.
        ratio: Ratio,
        /// When it was called.
        called_at: Time,
    },
    /// A withdrawal is beyond what may leave now: a part of it is paid, the rest waits.
    WithdrawalQueued {
        /// Number of the claim.
        claim: u64,
        /// Whose.
        account: AccountId,
        /// Paid at once.
        paid: u128,
        /// What waits.
        waits: Amount,
    },
    /// A part of a waiting withdrawal, or all of it, was paid.
    WithdrawalPaid {
        /// Number of the claim.
        claim: u64,
        /// Whose.
        account: AccountId,
        /// Paid.
        amount: Amount,
        /// What still waits.
        left: u128,
    },
    /// A waiting withdrawal is off: the account has nothing left that could be paid.
    WithdrawalDropped {
        /// Number of the claim.
        claim: u64,
        /// Whose.
        account: AccountId,
        /// What waited.
        left: Amount,
    },
    /// A mark has stood at its band: nobody is liquidated for the asset for a while.
    BandPaused {
        /// Which asset.
        asset: AssetId,
        /// The mark.
        mark: Price,
        /// The mean that the band is around.
        reference: u128,
        /// Until when.
        until: Time,
    },
    /// The state of stress has changed, and with it what new risk needs.
    StressMoved {
        /// From.
        from: StressState,
        /// To.
        to: StressState,
        /// The measure, basis points.
        measure_bps: u32,
    },
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Count of commands seen, this one included.
    pub sequence: u64,
    /// Engine time after it.
    pub at: Time,
    /// Epoch of rulebook and policy that judged it; zero before the first.
    pub epoch: u64,
    /// Why it was refused, if it was.
    pub rejected: Option<Rejected>,
    /// What happened, in order. Empty if it was refused.
    pub events: Vec<Event>,
    /// Accounts assessed exactly.
    pub assessed: u32,
    /// Accounts that may be in breach and are taken next.
    pub pending: u32,
    /// The broken promise, if one stopped the engine.
    pub stop: Option<Stop>,
}

impl Outcome {
    /// True if the command was applied.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.rejected.is_none()
    }

    /// What happened, without causes.
    pub fn facts(&self) -> impl Iterator<Item = &What> {
        self.events.iter().map(|event| &event.what)
    }
}
