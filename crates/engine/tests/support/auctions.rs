//! Auctions on the lending stage: terms of each format, a borrower whose lot is offered, and what
//! events tell of bidders' money.

use super::stage::*;
use breakwater_engine::{Body, Engine, Outcome, What};
use breakwater_liquidation::auctions::{
    AuctionFormat, BatchTerms, Deposit, Disposal, DutchCurve, DutchTerms, EnglishTerms, Format,
    Raises, SealedTerms,
};
use breakwater_liquidation::{AuctionTerms, Bid, Close, Policy};
use breakwater_money::{AssetId, Price, U256};
use std::collections::BTreeMap;

/// The account whose lot is offered.
pub const OWNER: u32 = 1;

/// From nothing up to a bid that lasts ten seconds, a hundred at most.
pub const ENGLISH: EnglishTerms = EnglishTerms {
    opening_bps: 5_000,
    reserve_bps: 0,
    step_bps: 500,
    lifetime_seconds: Some(10),
    duration_seconds: 100,
    extension: None,
    deposit: None,
};

/// The same with a tenth put down.
pub const WITH_DEPOSIT: EnglishTerms =
    EnglishTerms { deposit: Some(Deposit { share_bps: 1_000, pay_within_seconds: 20 }), ..ENGLISH };

/// From a fifth above the mark down to nothing in a hundred seconds; half of the way holds.
pub const DUTCH: DutchTerms = DutchTerms {
    start_bps: 12_000,
    curve: DutchCurve::Linear { seconds: 100 },
    age_seconds_max: 50,
    price_least_bps: 1_000,
    remainder_least_bps: 1_000,
};

/// Ten seconds to commit, ten to reveal, a tenth of the mark put down; the second price.
pub const SEALED: SealedTerms = SealedTerms {
    second_price: true,
    reserve_bps: 0,
    deposit_bps: 1_000,
    commit_seconds: 10,
    reveal_seconds: 10,
};

/// Twenty seconds, the last ten of them binding; half of the mark at least.
pub const BATCH: BatchTerms =
    BatchTerms { reserve_bps: 5_000, cancel_seconds: 10, place_seconds: 20 };

pub const FORMATS: [Format; 4] =
    [Format::English(ENGLISH), Format::Dutch(DUTCH), Format::Sealed(SEALED), Format::Batch(BATCH)];

/// Terms of one format without bounds or restarts.
pub fn terms(format: Format, raises: Raises) -> AuctionTerms {
    AuctionTerms {
        format,
        raises,
        penalty_bps: 0,
        lots_max: std::collections::BTreeMap::new(),
        stays_on_cure: false,
        restarts_max: 0,
        open_max: 100,
        value_max: 0,
    }
}

/// Whole accounts are auctioned, in lots that are larger than anybody's.
pub fn auctions(terms: AuctionTerms) -> Policy {
    let disposal = Disposal::Auction(terms);
    Policy { disposal, close: Close::Full, lot_value: at(1_000_000), ..venue_sells() }
}

/// Account 1 owes 1,500 against one ETH; nothing is wrong with it at 2,000.
pub fn lent(policy: Policy, accounts: u32) -> Stage {
    let mut stage = Stage::lending("", policy, accounts);
    stage.owes(OWNER, ETH, ONE_ETH, 1_500 * ONE_CASH);
    stage
}

/// The same at 1,800, which is a breach: the lot of auction 1 is offered.
pub fn offered(terms: AuctionTerms) -> Stage {
    let mut stage = lent(auctions(terms), 4);
    let told = stage.price(ETH, at(1_800));
    assert!(
        told.facts().any(|what| matches!(what, What::AuctionOpened { leg: 1, .. })),
        "{told:?}"
    );
    stage
}

/// One format, for as much as possible.
pub fn most(format: Format) -> Stage {
    offered(terms(format, Raises::Most))
}

/// One format, for what is owed.
pub fn debt(format: Format) -> Stage {
    offered(terms(format, Raises::Debt))
}

pub fn bid(auction: u64, bidder: u64, bid: Bid) -> Body {
    Body::Bid { auction, bidder, bid }
}

/// A raise to so much cash.
pub fn raise(bidder: u64, whole: u128) -> Body {
    bid(1, bidder, Bid::Raise { amount: whole * ONE_CASH })
}

pub fn shrink(bidder: u64, lot: u128) -> Body {
    bid(1, bidder, Bid::Shrink { lot })
}

pub fn pay(bidder: u64) -> Body {
    bid(1, bidder, Bid::Pay)
}

/// A take of ETH at no more than so much cash.
pub fn take(bidder: u64, quantity: u128, price_max: u128) -> Body {
    let price_max = Price::new(price_max * ONE_CASH, 6);
    bid(1, bidder, Bid::Take { quantity, price_max })
}

pub fn order(bidder: u64, pay: u128, min_receive: u128) -> Body {
    bid(1, bidder, Bid::Order { pay: pay * ONE_CASH, min_receive })
}

pub fn withdraw_order(bidder: u64, pay: u128, min_receive: u128) -> Body {
    bid(1, bidder, Bid::Withdraw { pay: pay * ONE_CASH, min_receive })
}

/// What nobody else knows.
pub fn salt(bidder: u64) -> [u8; 32] {
    *blake3::hash(&bidder.to_be_bytes()).as_bytes()
}

pub fn commit(auction: u64, bidder: u64, amount: u128) -> Body {
    let amount = U256::from(amount);
    let digest = breakwater_auction::sealed::commitment(auction, bidder, amount, &salt(bidder));
    bid(auction, bidder, Bid::Commit { digest })
}

pub fn reveal(auction: u64, bidder: u64, amount: u128) -> Body {
    bid(auction, bidder, Bid::Reveal { amount, salt: salt(bidder) })
}

impl Stage {
    /// So many seconds with prices all along, and what was told meanwhile.
    pub fn live(&mut self, seconds: u64) -> Vec<What> {
        let mut told = Vec::new();
        let mut left = seconds;
        while left > 0 {
            let step = left.min(30);
            self.wait(step * SECOND);
            told.extend(self.again(ETH).facts().cloned());
            left -= step;
        }
        told
    }

    /// The last price of the asset once more.
    pub fn again(&mut self, asset: AssetId) -> Outcome {
        let last = self.engine.marks()[usize::from(asset.0) - 1].mark.unwrap().price.raw;
        self.price(asset, last)
    }

    /// Seconds of an auction's own time.
    pub fn seconds(&self, auction: u64) -> u64 {
        self.engine.auctions()[&auction].seconds()
    }

    pub fn escrow(&self) -> i128 {
        self.balance(breakwater_money::Holder::Escrow, breakwater_money::Unit::token(CASH))
    }

    /// What the whole journal told of auctions, in order.
    pub fn told(&self) -> Vec<What> {
        let mut engine = Engine::new(std::sync::Arc::new(super::shelf::Shelf));
        let outcomes = self.journal.iter().map(|command| engine.apply(command));
        outcomes.flat_map(|outcome| auctioned(&outcome)).collect()
    }
}

/// What an outcome tells of auctions.
pub fn auctioned(outcome: &Outcome) -> Vec<What> {
    outcome.facts().filter(|what| is_of_auction(what)).cloned().collect()
}

pub fn is_of_auction(what: &What) -> bool {
    matches!(
        what,
        What::AuctionOpened { .. }
            | What::BidPlaced { .. }
            | What::BidRefunded { .. }
            | What::LotSold { .. }
            | What::DepositForfeited { .. }
            | What::AuctionRestarted { .. }
            | What::AuctionAwarded { .. }
            | What::WinnerDefaulted { .. }
            | What::AuctionClosed { .. }
    )
}

/// Name of an event of auctions.
pub fn name(what: &What) -> &'static str {
    match what {
        What::AuctionOpened { .. } => "opened",
        What::BidPlaced { .. } => "bid",
        What::BidRefunded { .. } => "refunded",
        What::LotSold { .. } => "sold",
        What::DepositForfeited { .. } => "forfeited",
        What::AuctionRestarted { .. } => "restarted",
        What::AuctionAwarded { .. } => "awarded",
        What::WinnerDefaulted { .. } => "defaulted",
        What::AuctionClosed { .. } => "closed",
        _ => "other",
    }
}

/// What one bidder has to do with one auction, by its events alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Account {
    pub paid_in: u128,
    pub refunded: u128,
    pub paid: u128,
    pub lost: u128,
    pub bought: u128,
}

/// Every bidder's account, by auction and bidder.
pub fn accounts(told: &[What]) -> BTreeMap<(u64, u64), Account> {
    let mut all: BTreeMap<(u64, u64), Account> = BTreeMap::new();
    for what in told {
        match *what {
            What::BidPlaced { leg, bidder, paid_in, .. } => {
                all.entry((leg, bidder)).or_default().paid_in += paid_in;
            }
            What::BidRefunded { leg, bidder, amount } => {
                all.entry((leg, bidder)).or_default().refunded += amount;
            }
            What::LotSold { leg, bidder, quantity, paid } => {
                let own = all.entry((leg, bidder)).or_default();
                (own.paid, own.bought) = (own.paid + paid, own.bought + quantity);
            }
            What::DepositForfeited { leg, bidder, amount }
            | What::WinnerDefaulted { leg, bidder, forfeited: amount } => {
                all.entry((leg, bidder)).or_default().lost += amount;
            }
            _ => {}
        }
    }
    all
}

/// The format's name, for messages.
pub fn named(format: &Format) -> &'static str {
    match format {
        Format::English(_) => AuctionFormat::English.name(),
        Format::Dutch(_) => AuctionFormat::Dutch.name(),
        Format::Sealed(_) => AuctionFormat::Sealed.name(),
        Format::Batch(_) => AuctionFormat::Batch.name(),
    }
}
