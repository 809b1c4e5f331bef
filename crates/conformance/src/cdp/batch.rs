//! Uniform-price batches: family `batch-uniform`. Every order is placed, the auction settled and every
//! accepted order claimed; each answer and the whole result are compared.

use super::SCHEMA;
use super::llamma::known;
use crate::node::{Node, differs, differs_flag};
use crate::{Adapter, Mismatch};
use breakwater_auction::batch::{Batch, Refusal, Settlement, Terms, Window};
use breakwater_money::{Time, U256};
use serde_json::Value;

/// The adapter.
#[derive(Debug, Clone, Copy)]
pub struct UniformBatch;

const FAMILY: &str = "batch-uniform";

/// The file has no clock: orders come before this, which is when the auction ends.
const END: Time = Time(1);

impl Adapter for UniformBatch {
    fn knows(&self, file: &Value) -> bool {
        let says = |field: &str| file.get(field).and_then(Value::as_str).unwrap_or_default();
        says("schema") == SCHEMA && says("family") == FAMILY
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        match check(&Node::root("case", Some(case))) {
            Ok(found) if found.is_empty() => Ok(()),
            Ok(found) => Err(found),
            Err(wrong) => Err(vec![wrong]),
        }
    }
}

/// An order that stands, with its row of the file.
struct Placed<'a> {
    row: Node<'a>,
    bidder: &'a str,
    pay: u128,
    min_receive: u128,
}

fn check(case: &Node<'_>) -> Result<Vec<Mismatch>, Mismatch> {
    known(case, &["id", "config", "orders", "result"])?;
    let config = case.get("config");
    let window = Window { cancel_until: END, place_until: END };
    let opened = Batch::open(terms(&config)?, window);
    let mut auction = opened.map_err(|refusal| refused(&config, &refusal))?;
    let mut found = Vec::new();
    let mut placed = Vec::new();
    for row in case.get("orders").list()? {
        placed.extend(place(&mut auction, row, &mut found)?);
    }
    let result = case.get("result");
    match auction.settle(END) {
        Ok(settlement) => compare(&result, &settlement, &mut found)?,
        Err(refusal) => found.push(refused(&result, &refusal)),
    }
    for Placed { row, bidder, pay, min_receive } in placed {
        match auction.claim(&bidder, pay, min_receive) {
            Ok(share) => {
                found.extend(differs(&row.get("received"), U256::from(share.received)));
                found.extend(differs(&row.get("refunded"), U256::from(share.refunded)));
            }
            Err(refusal) => found.push(refused(&row, &refusal)),
        }
    }
    Ok(found)
}

fn terms(config: &Node<'_>) -> Result<Terms, Mismatch> {
    known(config, &["sell_amount", "min_buy_amount", "fee_per_mille", "min_funding"])?;
    let amount = |name: &str| config.get(name).small("at most 128 bits");
    Ok(Terms {
        sell: amount("sell_amount")?,
        min_buy: amount("min_buy_amount")?,
        min_funding: amount("min_funding")?,
        fee_per_mille: config.get("fee_per_mille").small("at most 16 bits")?,
    })
}

/// Places an order; what its row says about an order that is refused must be that it is.
fn place<'a>(
    auction: &mut Batch<&'a str>,
    row: Node<'a>,
    found: &mut Vec<Mismatch>,
) -> Result<Option<Placed<'a>>, Mismatch> {
    let offer = ["bidder", "pay", "min_receive", "accepted", "error"];
    let bidder = row.get("bidder").text()?;
    let pay = row.get("pay").small("at most 128 bits")?;
    let min_receive = row.get("min_receive").small("at most 128 bits")?;
    let accepted = row.get("accepted");
    let answer = auction.place(Time(0), &bidder, pay, min_receive);
    match (accepted.boolean()?, answer) {
        (true, Ok(number)) => {
            known(&row, &[&offer[..4], &["id", "received", "refunded"]].concat())?;
            found.extend(differs(&row.get("id"), U256::from(number)));
            Ok(Some(Placed { row, bidder, pay, min_receive }))
        }
        (false, Err(_)) => {
            // Matching the reason is optional in this schema, and a repeated order has none.
            known(&row, &offer)?;
            Ok(None)
        }
        (true, Err(refusal)) => {
            found.push(refused(&accepted, &refusal));
            Ok(None)
        }
        (false, Ok(_)) => {
            found.push(accepted.wrong("true: accepted"));
            Ok(None)
        }
    }
}

fn compare(
    result: &Node<'_>,
    settlement: &Settlement,
    found: &mut Vec<Mismatch>,
) -> Result<(), Mismatch> {
    let Settlement { clearing, proceeds, .. } = settlement;
    let amounts = [
        ("clearing_num_sold", clearing.sold),
        ("clearing_den_paid", clearing.paid),
        ("clearing_order_filled_pay", clearing.marginal.map_or(0, |marginal| marginal.pays)),
        ("auctioneer_received", proceeds.received),
        ("auctioneer_returned", proceeds.returned),
        ("fee_paid", proceeds.fee),
    ];
    let flags = [
        ("clearing_is_an_order", clearing.marginal.is_some()),
        ("funding_not_reached", !clearing.funded),
    ];
    let names = amounts.iter().map(|(name, _)| *name).chain(flags.iter().map(|(name, _)| *name));
    known(result, &names.collect::<Vec<_>>())?;
    found.extend(amounts.iter().filter_map(|(name, amount)| {
        let field = result.get(name);
        differs(&field, U256::from(*amount))
    }));
    found.extend(flags.iter().filter_map(|(name, flag)| differs_flag(&result.get(name), *flag)));
    Ok(())
}

fn refused(node: &Node<'_>, refusal: &Refusal) -> Mismatch {
    node.wrong(&format!("what is not refused ({refusal})"))
}
