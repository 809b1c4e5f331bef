//! Auctions of one account: what was bid is kept while it stands, and told in one line.

use super::record::{Bids, Did, Taker};
use breakwater_engine::What;
use breakwater_liquidation::Bid;
use breakwater_liquidation::plan::Leg;
use breakwater_money::{AccountId, Amount, U256};
use std::collections::BTreeMap;

/// The account's auctions that are open.
#[derive(Debug, Clone, Default)]
pub struct Auctions {
    open: BTreeMap<u64, Open>,
    /// Who has bought what is about to be told as sold.
    buyers: Vec<u64>,
}

#[derive(Debug, Clone)]
struct Open {
    sale: Leg,
    /// What a winner would get now: it shrinks where only a debt is raised.
    lot: u128,
    wanted: Option<u128>,
    /// What each bid pays for how much of the lot; none for one that is still sealed.
    bids: Vec<Option<(u128, u128)>>,
}

impl Open {
    /// One more bid, or one less.
    fn bid(&mut self, bid: &Bid) {
        match *bid {
            Bid::Raise { amount } => self.bids.push(Some((amount, self.lot))),
            Bid::Shrink { lot } => {
                self.lot = lot;
                self.bids.push(Some((self.wanted.unwrap_or_default(), lot)));
            }
            Bid::Commit { .. } => self.bids.push(None),
            // It was counted while it was sealed.
            Bid::Reveal { amount, .. } => {
                if let Some(sealed) = self.bids.iter_mut().find(|bid| bid.is_none()) {
                    *sealed = Some((amount, self.lot));
                }
            }
            Bid::Order { pay, min_receive } => self.bids.push(Some((pay, min_receive))),
            Bid::Withdraw { pay, min_receive } => {
                let same = |bid: &Option<(u128, u128)>| *bid == Some((pay, min_receive));
                if let Some(place) = self.bids.iter().position(same) {
                    self.bids.remove(place);
                }
            }
            // Who takes or pays buys at once, which is told by the sale.
            Bid::Take { .. } | Bid::Pay => {}
        }
    }

    /// All bids since they were last told.
    fn bids(&mut self) -> Option<Bids> {
        let bids = std::mem::take(&mut self.bids);
        if bids.is_empty() {
            return None;
        }
        let dearer = |a: &(u128, u128), b: &(u128, u128)| {
            let product = |x: u128, y: u128| U256::from(x) * U256::from(y);
            product(a.0, b.1).cmp(&product(b.0, a.1))
        };
        let best = bids
            .iter()
            .flatten()
            .copied()
            .reduce(|best, bid| if dearer(&bid, &best).is_gt() { bid } else { best });
        let (asset, proceeds_asset) = (self.sale.asset, self.sale.proceeds_asset);
        let amounts = |(pays, of)| (Amount::new(proceeds_asset, pays), Amount::new(asset, of));
        Some(Bids { count: bids.len() as u64, best: best.map(amounts) })
    }
}

impl Auctions {
    /// What an event tells of the account's auctions: mostly nothing or one thing, two where bids come
    /// to something.
    pub fn told(&mut self, account: AccountId, what: &What) -> Vec<Did> {
        let mut told = Vec::new();
        match what {
            What::AuctionOpened { leg, account: of, sale, format, fair, wanted }
                if *of == account =>
            {
                let open = Open { sale: *sale, lot: sale.quantity, wanted: *wanted, bids: vec![] };
                self.open.insert(*leg, open);
                let money = |raw| Amount::new(sale.proceeds_asset, raw);
                told.push(Did::AuctionOpened {
                    auction: *leg,
                    lot: Amount::new(sale.asset, sale.quantity),
                    format: *format,
                    fair: money(*fair),
                    wanted: wanted.map(money),
                });
            }
            What::BidPlaced { leg, bid, .. } => {
                if let Some(open) = self.open.get_mut(leg) {
                    open.bid(bid);
                }
            }
            What::LotSold { leg, bidder, .. } if self.open.contains_key(leg) => {
                told.extend(self.bids(*leg));
                self.buyers.push(*bidder);
            }
            What::AuctionAwarded { leg, bidder } if self.open.contains_key(leg) => {
                told.extend(self.bids(*leg));
                told.push(Did::AuctionAwarded { auction: *leg, bidder: *bidder });
            }
            What::WinnerDefaulted { leg, bidder, forfeited } => {
                if let Some(open) = self.open.get(leg) {
                    let forfeited = Amount::new(open.sale.proceeds_asset, *forfeited);
                    let (auction, bidder) = (*leg, *bidder);
                    told.push(Did::WinnerDefaulted { auction, bidder, forfeited });
                }
            }
            What::AuctionRestarted { leg, restarts } => {
                if let Some(open) = self.open.get_mut(leg) {
                    open.lot = open.sale.quantity;
                    told.push(Did::AuctionRestarted { auction: *leg, restarts: *restarts });
                }
            }
            What::AuctionClosed { leg, unsold } if self.open.contains_key(leg) => {
                told.extend(self.bids(*leg));
                let asset = self.open.remove(leg).map(|open| open.sale.asset);
                let unsold = asset.map(|asset| Amount::new(asset, *unsold));
                let unsold = unsold.filter(|unsold| unsold.raw > 0);
                told.extend(unsold.map(|unsold| Did::AuctionClosed { auction: *leg, unsold }));
            }
            _ => {}
        }
        told
    }

    fn bids(&mut self, auction: u64) -> Option<Did> {
        let bids = self.open.get_mut(&auction)?.bids()?;
        Some(Did::Bids { auction, bids })
    }

    /// Who has taken what was just sold: each auction tells its buyers before the sale.
    pub fn taker(&mut self) -> Taker {
        match std::mem::take(&mut self.buyers)[..] {
            [] => Taker::Market,
            [bidder] => Taker::Bidder(bidder),
            [..] => Taker::Bidders,
        }
    }
}
