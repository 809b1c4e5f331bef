//! Bids that make sense in the auction at hand, and some that do not.

use super::generate::Generator;
use breakwater_engine::{Body, Command};
use breakwater_liquidation::Bid;
use breakwater_model::auction::{Auction, State};
use breakwater_model::number::word;
use breakwater_money::{Price, Time};

/// Who bids.
const BIDDERS: u64 = 4;

impl Generator<'_> {
    /// A bid, drawn a few times until the model would take it.
    pub fn bid(&mut self, at: Time) -> Command {
        let tries = if self.chance.percent(80) { 5 } else { 1 };
        let mut command = Command { at, body: self.some_bid() };
        for _ in 1..tries {
            if self.model.refusal(&command).is_none() {
                break;
            }
            command.body = self.some_bid();
        }
        command
    }

    fn some_bid(&mut self) -> Body {
        let open: Vec<u64> = self.model.auctions().keys().copied().collect();
        let bidder = self.chance.below(BIDDERS);
        if open.is_empty() || self.chance.percent(1) {
            return Body::Bid { auction: 999, bidder, bid: Bid::Pay };
        }
        let number = *self.chance.pick(&open);
        let auction = self.model.auctions()[&number].clone();
        let bid = match self.chance.below(40) {
            0 => self.stray(),
            _ => self.sensible(number, &auction, bidder),
        };
        let bidder = match (&auction.state, bid) {
            // Whoever has won is asked more often than others.
            (State::Rising(rising), Bid::Pay) if self.chance.percent(80) => {
                rising.leader.unwrap_or(bidder)
            }
            (State::Batch(batch), Bid::Withdraw { pay, min_receive }) => {
                let same = |order: &&breakwater_model::auction::Order| {
                    order.pay == pay.into() && order.least == min_receive.into()
                };
                batch.orders.iter().find(same).map_or(bidder, |order| order.bidder)
            }
            _ => bidder,
        };
        Body::Bid { auction: number, bidder, bid }
    }

    fn stray(&mut self) -> Bid {
        let amount = *self.chance.pick(&[0, 1, 1 << 96, u128::MAX]);
        match self.chance.below(8) {
            0 => Bid::Raise { amount },
            1 => Bid::Shrink { lot: amount },
            2 => Bid::Take { quantity: amount, price_max: Price { raw: u128::MAX, decimals: 30 } },
            3 => Bid::Commit { digest: [7; 32] },
            4 => Bid::Reveal { amount, salt: [7; 32] },
            5 => Bid::Order { pay: amount, min_receive: 1 },
            6 => Bid::Withdraw { pay: amount, min_receive: 1 },
            _ => Bid::Pay,
        }
    }

    fn sensible(&mut self, number: u64, auction: &Auction, bidder: u64) -> Bid {
        let small = |wide: &breakwater_model::Int| u128::try_from(wide).unwrap_or(u128::MAX);
        let fair = small(&auction.fair).max(1);
        match &auction.state {
            State::Rising(rising) if rising.is_won() => Bid::Pay,
            State::Rising(rising) => {
                let (standing, lot) = rising.standing();
                let (standing, lot) = (small(standing), small(lot));
                let wanted = auction.wanted.as_ref().map(small);
                if wanted == Some(standing) && self.chance.percent(90) {
                    let lot = lot - lot / 1_000 * u128::from(self.chance.below(150));
                    return Bid::Shrink { lot: if self.chance.percent(5) { 0 } else { lot } };
                }
                let higher = match standing {
                    0 => fair / 1_000 * u128::from(self.chance.range(300, 1_100)) + 1,
                    _ => standing
                        .saturating_add(standing / 1_000 * u128::from(self.chance.below(120))),
                };
                let most = wanted.unwrap_or(u128::MAX);
                let amount = match self.chance.below(10) {
                    0 => higher,
                    1 | 2 => most.min(fair.saturating_mul(2)),
                    _ => higher.min(most),
                };
                Bid::Raise { amount }
            }
            State::Falling(falling) => {
                let left = small(falling.left());
                let quantity = match self.chance.below(6) {
                    0 => left,
                    1 => left.saturating_add(1),
                    2 => 1,
                    _ => self.chance.part(left),
                };
                Bid::Take { quantity, price_max: self.limit(number) }
            }
            State::Sealed(sealed) => {
                // Everybody's bid in an auction is settled from the start, two and two the same; some mistake it.
                let amount =
                    fair / 1_000 * u128::from(200 + (number * 37 + bidder % 2 * 331) % 1_100);
                let salt = [u8::try_from(bidder).unwrap_or(0) + 1; 32];
                if sealed.takes_digests(auction.lived) {
                    let raw = word(&amount.into()).unwrap();
                    let digest = breakwater_auction::sealed::commitment(number, bidder, raw, &salt);
                    return Bid::Commit { digest };
                }
                let told = if self.chance.percent(6) { amount + 1 } else { amount };
                Bid::Reveal { amount: told, salt }
            }
            State::Batch(batch) => {
                let back = batch.gives_back(auction.lived) && self.chance.percent(20);
                if let Some(order) = batch.orders.first().filter(|_| back) {
                    let (pay, min_receive) = (small(&order.pay), small(&order.least));
                    return Bid::Withdraw { pay, min_receive };
                }
                let part = u128::from(self.chance.range(1, 1_000));
                let price = u128::from(self.chance.range(850, 1_300));
                let lot = small(&batch.lot);
                // Few different prices, so that some are equal.
                let price = price / 50 * 50;
                let pay = (fair * part / 1_000 * price / 1_000).max(1);
                Bid::Order { pay, min_receive: (lot / 1_000 * part).max(1) }
            }
        }
    }

    /// Most that a taker pays for a whole unit: what is asked now, or something near it.
    fn limit(&mut self, number: u64) -> Price {
        let open = &self.model.legs()[&number];
        let decimals =
            |asset| self.model.pool().asset(asset).map_or(0, |info| u32::from(info.decimals));
        let (lot, money) = (decimals(open.leg.asset), decimals(open.leg.proceeds_asset));
        let asked = self.model.asking(number).unwrap_or_default();
        // For a whole unit of the lot, in whole money of twelve decimals.
        let whole = asked * breakwater_model::Int::from(10u8).pow(lot + 12)
            / breakwater_model::Int::from(10u8).pow(money + 27);
        let raw = u128::try_from(&whole).unwrap_or(u128::MAX);
        let raw = match self.chance.below(8) {
            0 => raw,
            1 => raw.saturating_sub(raw / 100),
            2 => u128::MAX,
            _ => raw.saturating_add(raw / 50 + 1),
        };
        Price { raw, decimals: 12 }
    }
}
