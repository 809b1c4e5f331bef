//! Events of auctions. Quantities that name no asset are base units: of the lot, and of what it brings.

use super::{Names, hex, price};
use breakwater_engine::What;
use breakwater_liquidation::Bid;
use breakwater_money::Amount;
use serde_json::{Value, json};

impl Names {
    /// Name of an auction's event, and its fields; none for others.
    pub(super) fn auction(&self, what: &What) -> Option<(&'static str, Value)> {
        Some(match what {
            What::AuctionOpened { leg, account, sale, format, fair, wanted } => (
                "auction opened",
                json!({
                    "auction": leg,
                    "account": self.account(*account),
                    "format": format.name(),
                    "lot": self.amount(Amount::new(sale.asset, sale.quantity)),
                    "fair": self.amount(Amount::new(sale.proceeds_asset, *fair)),
                    "wanted": wanted.map(|raw| self.amount(Amount::new(sale.proceeds_asset, raw))),
                }),
            ),
            What::BidPlaced { leg, bidder, bid, paid_in } => (
                "bid placed",
                json!({
                    "auction": leg,
                    "bidder": bidder,
                    "bid": said(bid),
                    "paid_in_base_units": paid_in.to_string(),
                }),
            ),
            What::BidRefunded { leg, bidder, amount } => (
                "bid refunded",
                json!({
                    "auction": leg,
                    "bidder": bidder,
                    "amount_base_units": amount.to_string(),
                }),
            ),
            What::LotSold { leg, bidder, quantity, paid } => (
                "lot sold",
                json!({
                    "auction": leg,
                    "bidder": bidder,
                    "quantity_base_units": quantity.to_string(),
                    "paid_base_units": paid.to_string(),
                }),
            ),
            What::DepositForfeited { leg, bidder, amount } => (
                "deposit forfeited",
                json!({
                    "auction": leg,
                    "bidder": bidder,
                    "amount_base_units": amount.to_string(),
                }),
            ),
            What::AuctionRestarted { leg, restarts } => {
                ("auction restarted", json!({ "auction": leg, "restarts": restarts }))
            }
            What::AuctionAwarded { leg, bidder } => {
                ("auction awarded", json!({ "auction": leg, "bidder": bidder }))
            }
            What::WinnerDefaulted { leg, bidder, forfeited } => (
                "winner defaulted",
                json!({
                    "auction": leg,
                    "bidder": bidder,
                    "forfeited_base_units": forfeited.to_string(),
                }),
            ),
            What::AuctionClosed { leg, unsold } => (
                "auction closed",
                json!({ "auction": leg, "unsold_base_units": unsold.to_string() }),
            ),
            _ => return None,
        })
    }
}

/// A bid with its kind.
fn said(bid: &Bid) -> Value {
    let mut said = match bid {
        Bid::Raise { amount } => json!({ "amount_base_units": amount.to_string() }),
        Bid::Shrink { lot } => json!({ "lot_base_units": lot.to_string() }),
        Bid::Take { quantity, price_max } => json!({
            "quantity_base_units": quantity.to_string(),
            "price_max": price(*price_max),
        }),
        Bid::Commit { digest } => json!({ "digest": hex(digest) }),
        Bid::Reveal { amount, salt } => json!({
            "amount_base_units": amount.to_string(),
            "salt": hex(salt),
        }),
        Bid::Order { pay, min_receive } | Bid::Withdraw { pay, min_receive } => json!({
            "pay_base_units": pay.to_string(),
            "min_receive_base_units": min_receive.to_string(),
        }),
        Bid::Pay => json!({}),
    };
    said["kind"] = json!(bid.kind());
    said
}
