//! `breakwater.why/1`: the story as one object. Money, prices and ratios are decimal strings.

use super::account::Ending;
use super::record::{
    BearerKind, Cause, Crossing, Did, Ends, Line, Moment, Payment, PaymentKind, Picture, Place,
    Queued, Quoted, Receiver, Share, Step, Story, Sums, Taker,
};
use super::units::Units;
use crate::events::{hex, instant, state};
use breakwater_engine::grounds::Acted;
use breakwater_money::decimal::{format_raw, format_raw_signed};
use breakwater_money::{Amount, AssetId, Price};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

const SCHEMA: &str = "breakwater.why/1";

#[derive(Serialize)]
struct Answer {
    schema: &'static str,
    journal: String,
    account: u32,
    owner: String,
    unit: String,
    rulebook: String,
    parameters_hash: Option<String>,
    policy: String,
    ended: Value,
    calls: u64,
    warned: Option<Value>,
    called: Option<Value>,
    liquidated: Option<Value>,
    avoided_by: Option<Value>,
    steps: Value,
    sum: Value,
    lines: Vec<Value>,
    stopped: Option<String>,
}

/// The story of one account.
pub fn one(units: &Units<'_>, journal: &Path, story: &Story, ending: &Ending) -> impl Serialize {
    Answer {
        schema: SCHEMA,
        journal: journal.display().to_string(),
        account: ending.account.0,
        owner: ending.owner.clone(),
        unit: units.unit.clone(),
        rulebook: ending.rulebook.clone(),
        parameters_hash: ending.parameters_hash.as_ref().map(|hash| hex(hash)),
        policy: ending.policy.clone(),
        ended: ended(units, ending),
        calls: story.calls,
        warned: story.warned.as_ref().map(|moment| told(units, moment)),
        called: story.called.as_ref().map(|moment| told(units, moment)),
        liquidated: story.liquidated.map(place),
        avoided_by: story.called.as_ref().and_then(|called| avoided_by(units, called)),
        steps: steps(units, &story.steps),
        sum: sum(units, story),
        lines: ending.lines.iter().map(|quoted| line_now(units, quoted)).collect(),
        stopped: ending.stopped.clone(),
    }
}

/// The accounts of an owner that has several.
pub fn several(
    units: &Units<'_>,
    journal: &Path,
    owner: &str,
    endings: &[Ending],
    all: u64,
) -> impl Serialize {
    let accounts: Vec<Value> = endings
        .iter()
        .map(|ending| {
            let mut account = ended(units, ending);
            account["account"] = json!(ending.account.0);
            account
        })
        .collect();
    json!({
        "schema": SCHEMA,
        "journal": journal.display().to_string(),
        "owner": owner,
        "unit": units.unit,
        "accounts_of_owner": all,
        "accounts": accounts,
    })
}

fn place(place: Place) -> Value {
    json!({ "sequence": place.sequence, "at": instant(place.at) })
}

fn picture(units: &Units<'_>, picture: &Picture) -> Value {
    let health = picture.health;
    json!({
        "equity": health.map(|health| units.signed_exact(health.equity)),
        "requirement": health.map(|health| units.value_exact(health.requirement)),
        "ratio": health.filter(|h| h.requirement > 0).map(|health| health.ratio.to_string()),
        "shortfall": health.map(|health| units.value_exact(health.shortfall)),
        "breach": health.map(|health| health.breach),
        "collateral": units.value_exact(picture.sides.collateral),
        "debt": units.value_exact(picture.sides.debt),
        "worth": units.signed_exact(picture.worth()),
    })
}

fn ended(units: &Units<'_>, ending: &Ending) -> Value {
    let owes: Vec<Value> = ending
        .owes
        .iter()
        .map(|(asset, amount)| {
            json!({ "asset": units.asset(*asset), "amount": amount.map(|a| units.exact(a)) })
        })
        .collect();
    json!({
        "sequence": ending.sequence,
        "at": instant(ending.at),
        "state": state(ending.call.state),
        "since": instant(ending.call.since),
        "deadline": ending.call.deadline.map(instant),
        "health": picture(units, &ending.picture),
        "owes": owes,
    })
}

fn told(units: &Units<'_>, moment: &Moment) -> Value {
    let mut told = place(moment.place);
    told["deadline"] = json!(moment.deadline.map(instant));
    told["crossing"] = json!(moment.crossing.as_ref().map(|crossed| crossing(units, crossed)));
    told
}

fn crossing(units: &Units<'_>, crossing: &Crossing) -> Value {
    let markets: Vec<Value> = crossing
        .markets
        .iter()
        .map(|quoted| {
            json!({
                "market": units.market(quoted.market),
                "mark_before": quoted.before.map(|price| price.to_string()),
                "mark": quoted.after.map(|price| price.to_string()),
                "line_before": quoted.line.map(|line| line.price.to_string()),
            })
        })
        .collect();
    json!({
        "sequence": crossing.place.sequence,
        "at": instant(crossing.place.at),
        "command": crossing.command,
        "before": picture(units, &crossing.before),
        "after": picture(units, &crossing.after),
        "markets": markets,
        "causes": crossing.causes.iter().map(|c| cause(units, c)).collect::<Vec<_>>(),
    })
}

fn cause(units: &Units<'_>, cause: &Cause) -> Value {
    if let Some((kind, fields)) = of_exchange(units, cause) {
        let mut told = json!({ "kind": kind, "market": null, "call": null });
        add(&mut told, fields);
        return told;
    }
    let (kind, market, call) = match cause {
        Cause::Price(market) => ("price", Some(units.market(*market)), None),
        Cause::Interest => ("interest", None, None),
        Cause::Funding => ("funding", None, None),
        Cause::Time => ("time", None, None),
        Cause::Own(call) => ("own", None, Some(*call)),
        Cause::Liquidation(call) => ("liquidation", None, Some(*call)),
        Cause::Another(call) => ("another", None, Some(*call)),
        Cause::Parameters => ("parameters", None, None),
        Cause::Deleveraged => ("deleveraged", None, None),
        Cause::Socialised => ("socialised", None, None),
        Cause::Together => ("together", None, None),
        Cause::FirstPrice => ("first price", None, None),
        // Told above.
        Cause::Paid(_)
        | Cause::Session(_)
        | Cause::Delivery { .. }
        | Cause::Volatility { .. }
        | Cause::Order { .. }
        | Cause::TookOver(_) => ("together", None, None),
    };
    json!({ "kind": kind, "market": market, "call": call })
}

/// Causes that have numbers of their own; none for the others.
fn of_exchange(units: &Units<'_>, cause: &Cause) -> Option<(&'static str, Value)> {
    Some(match cause {
        Cause::Paid(paid) => (payment_kind(paid.kind), payment(units, paid)),
        Cause::Session(contract) => ("session", json!({ "contract": units.asset(*contract) })),
        Cause::Delivery { contract, price } => {
            ("delivery", json!({ "contract": units.asset(*contract), "price": price.to_string() }))
        }
        Cause::Volatility { contract, volatility_e6 } => (
            "volatility",
            json!({
                "contract": units.asset(*contract),
                "volatility": format_raw(u128::from(*volatility_e6), 6),
            }),
        ),
        Cause::Order { order, price } => {
            ("order", json!({ "order": order, "price": price.to_string() }))
        }
        Cause::TookOver(account) => ("took over", json!({ "owner": units.owner(*account) })),
        _ => return None,
    })
}

/// Adds an object's fields to another.
fn add(told: &mut Value, fields: Value) {
    if let Value::Object(fields) = fields {
        for (name, field) in fields {
            told[name] = field;
        }
    }
}

const fn payment_kind(kind: PaymentKind) -> &'static str {
    match kind {
        PaymentKind::Funding => "funding",
        PaymentKind::Interest => "interest",
    }
}

fn payment(units: &Units<'_>, paid: &Payment) -> Value {
    json!({
        "of": units.asset(paid.of),
        "rate": format_raw_signed(i128::from(paid.rate_e12), 12),
        if paid.got { "got" } else { "paid" }: amount(units, paid.amount),
    })
}

fn rung(acted: &Acted) -> Value {
    let seconds = |nanos: u64| format_raw(u128::from(nanos), 9);
    // What a rung does is named as in a parameter file.
    let act = match serde_json::to_value(acted.act) {
        Ok(Value::Object(named)) => named.keys().next().map_or(Value::Null, |name| json!(name)),
        Ok(named) => named,
        Err(_) => Value::Null,
    };
    json!({
        "rung": acted.rung + 1,
        "of": acted.of,
        "act": act,
        "wait_seconds": seconds(acted.wait_nanos),
        "called_at": instant(acted.called_at),
        "last_step_at": acted.last_step_at.map(instant),
    })
}

fn queue(units: &Units<'_>, contract: AssetId, queued: &Queued) -> Value {
    json!({
        "chosen_by": serde_json::to_value(queued.chosen_by).unwrap_or(Value::Null),
        "place": queued.place,
        "of": queued.of,
        "score": format_raw_signed(queued.score, 18),
        "held": amount(units, Amount::new(contract, queued.held)),
    })
}

fn avoided_by(units: &Units<'_>, called: &Moment) -> Option<Value> {
    let crossing = called.crossing.as_ref()?;
    let clear = crossing.markets.iter().filter_map(|quoted| Some((quoted.market, quoted.clear?)));
    let prices: Vec<Value> =
        clear.map(|(market, line)| safe(&units.market(market), &line)).collect();
    Some(
        json!({ "top_up": crossing.top_up.map(|value| units.value_exact(value)), "prices": prices }),
    )
}

fn safe(market: &str, line: &Line) -> Value {
    let side = if line.safe_above { "at or above" } else { "at or below" };
    json!({ "market": market, "side": side, "price": line.price.to_string() })
}

fn line_now(units: &Units<'_>, quoted: &Quoted) -> Value {
    let line = quoted.line;
    json!({
        "market": units.market(quoted.market),
        "mark": quoted.after.map(|price| price.to_string()),
        "line": line.map(|line| line.price.to_string()),
        "safe": line.map(|line| if line.safe_above { "above" } else { "below" }),
        "distance_bps": quoted.distance_bps().map(|bps| bps.to_string()),
    })
}

fn amount(units: &Units<'_>, amount: Amount) -> Value {
    json!({ "asset": units.asset(amount.asset), "amount": units.exact(amount) })
}

fn steps(units: &Units<'_>, steps: &Ends<Step>) -> Value {
    let told = |step: &Step| one_step(units, step);
    json!({
        "first": steps.first.iter().map(told).collect::<Vec<_>>(),
        "left_out": steps.left_out,
        "last": steps.last.iter().map(told).collect::<Vec<_>>(),
    })
}

fn one_step(units: &Units<'_>, step: &Step) -> Value {
    let (kind, fields) = did(units, &step.did);
    let mut told = place(step.place);
    told["step"] = json!(kind);
    add(&mut told, fields);
    if step.trades() {
        told["given_value"] = json!(units.value_exact(step.given_value));
        told["got_value"] = json!(units.value_exact(step.got_value));
        told["mark"] = json!(step.mark.map(|price: Price| price.to_string()));
        told["lost_to_taker"] = json!(units.signed_exact(step.lost()));
        let fees: Vec<Value> = step
            .fees
            .iter()
            .map(|(to, fee)| {
                let mut told = amount(units, *fee);
                told["to"] = receiver(units, *to);
                told
            })
            .collect();
        told["fees"] = json!(fees);
        told["fees_value"] = json!(units.value_exact(step.fees_value));
    }
    told["after"] = picture(units, &step.after);
    told["state"] = json!(state(step.state));
    told
}

fn did(units: &Units<'_>, did: &Did) -> (&'static str, Value) {
    let told = |of| amount(units, of);
    match did {
        Did::Seized { taker: by, repaid, seized, fee, .. } => (
            "seized",
            json!({
                "by": taker(units, *by),
                "repaid": told(*repaid),
                "seized": told(*seized),
                "fee": told(*fee),
            }),
        ),
        Did::Sold { sold, proceeds, buy_back, pays, taker: by } => (
            if *buy_back { "bought back" } else { "sold" },
            json!({
                "quantity": told(*sold),
                "proceeds": told(*proceeds),
                "paid": pays,
                "by": taker(units, *by),
            }),
        ),
        Did::AuctionOpened { .. }
        | Did::Bids { .. }
        | Did::AuctionAwarded { .. }
        | Did::WinnerDefaulted { .. }
        | Did::AuctionRestarted { .. }
        | Did::AuctionClosed { .. } => auction(units, did),
        Did::Ordered { leg, sale, reason, rung: acted } => (
            "ordered",
            json!({
                "leg": leg,
                "quantity": told(Amount::new(sale.asset, sale.quantity)),
                "buy_back": sale.buy_back,
                "worst_price": sale.worst_price.to_string(),
                "reason": reason,
                "rung": acted.as_ref().map(rung),
            }),
        ),
        Did::OrderCancelled { order, left, ended } => (
            "order taken off",
            json!({
                "order": order,
                "left": told(Amount::new(left.contract, left.quantity)),
                "buy": left.buy,
                "price": left.price.to_string(),
                "reduce_only": left.reduce_only,
                "contract_ended": ended,
            }),
        ),
        Did::Cancelled { leg, unsold } => {
            ("called off", json!({ "leg": leg, "unsold": told(*unsold) }))
        }
        Did::ClosedAgainst { winner, quantity, price, .. } => (
            "closed against a winner",
            json!({
                "winner": units.owner(*winner),
                "quantity": told(*quantity),
                "price": price.to_string(),
            }),
        ),
        Did::Deleveraged { bankrupt, quantity, price, queued, .. } => (
            "deleveraged",
            json!({
                "bankrupt": units.owner(*bankrupt),
                "quantity": told(*quantity),
                "price": price.to_string(),
                "queue": queue(units, quantity.asset, queued),
            }),
        ),
        Did::Bore { of, amount, share } => (
            "bore a loss",
            json!({ "of": units.owner(*of), "borne": told(*amount), "by": share_name(*share) }),
        ),
        Did::TakenOver { vault, equity, rung: acted } => (
            "taken over",
            json!({
                "vault": units.owner(*vault),
                "equity": units.signed_exact(*equity),
                "rung": acted.as_ref().map(rung),
            }),
        ),
        Did::TookOver { account, equity } => (
            "took over",
            json!({ "account": units.owner(*account), "equity": units.signed_exact(*equity) }),
        ),
        Did::Paid(paid) => (payment_kind(paid.kind), payment(units, paid)),
        Did::Venue(kind) => ("the venue's call", json!({ "call": kind })),
        Did::Assigned { holder, quantity, price: at, paid } => (
            "assigned",
            json!({
                "holder": units.owner(*holder),
                "quantity": told(*quantity),
                "price": at.to_string(),
                "paid": told(*paid),
            }),
        ),
        Did::Deficit { amount, value } => {
            ("deficit", json!({ "missing": told(*amount), "value": units.value_exact(*value) }))
        }
        Did::Borne { bearer, amount } => (
            "borne",
            json!({ "bearer": bearer_name(BearerKind::from(*bearer)), "borne": told(*amount) }),
        ),
        Did::Own(kind) => ("own call", json!({ "call": kind })),
    }
}

fn auction(units: &Units<'_>, did: &Did) -> (&'static str, Value) {
    let told = |of| amount(units, of);
    match did {
        Did::AuctionOpened { auction, lot, format, fair, wanted } => (
            "auction opened",
            json!({
                "auction": auction,
                "format": format.name(),
                "lot": told(*lot),
                "fair": told(*fair),
                "wanted": wanted.map(told),
            }),
        ),
        Did::Bids { auction, bids } => (
            "bids",
            json!({
                "auction": auction,
                "count": bids.count,
                "best": bids.best.map(|(pays, of)| json!({ "pays": told(pays), "for": told(of) })),
            }),
        ),
        Did::AuctionAwarded { auction, bidder } => {
            ("auction awarded", json!({ "auction": auction, "bidder": bidder }))
        }
        Did::WinnerDefaulted { auction, bidder, forfeited } => (
            "winner defaulted",
            json!({ "auction": auction, "bidder": bidder, "forfeited": told(*forfeited) }),
        ),
        Did::AuctionRestarted { auction, restarts } => {
            ("auction restarted", json!({ "auction": auction, "restarts": restarts }))
        }
        Did::AuctionClosed { auction, unsold } => {
            ("auction closed", json!({ "auction": auction, "unsold": told(*unsold) }))
        }
        _ => ("auction", json!({})),
    }
}

const fn share_name(share: Share) -> &'static str {
    match share {
        Share::Deleveraged => "deleveraging",
        Share::Cash => "cash",
        Share::Session => "session",
    }
}

fn taker(units: &Units<'_>, taker: Taker) -> Value {
    match taker {
        Taker::Outside => json!({ "kind": "outside", "owner": null }),
        Taker::Account(account) => json!({ "kind": "account", "owner": units.owner(account) }),
        Taker::Pool => json!({ "kind": "pool", "owner": null }),
        Taker::Market => json!({ "kind": "market", "owner": null }),
        Taker::Bidder(bidder) => json!({ "kind": "bidder", "owner": null, "bidder": bidder }),
        Taker::Bidders => json!({ "kind": "bidders", "owner": null }),
    }
}

fn receiver(units: &Units<'_>, receiver: Receiver) -> Value {
    match receiver {
        Receiver::Treasury => json!("treasury"),
        Receiver::Insurance => json!("insurance"),
        Receiver::Vault => json!("vault"),
        Receiver::Reserves => json!("reserves"),
        Receiver::Caller => json!("caller"),
        Receiver::Account(account) => json!(units.owner(account)),
    }
}

const fn bearer_name(bearer: BearerKind) -> &'static str {
    match bearer {
        BearerKind::Insurance => "insurance",
        BearerKind::Vault => "vault",
        BearerKind::Deleveraged => "deleveraged",
        BearerKind::Socialised => "socialised",
        BearerKind::Outstanding => "outstanding",
        BearerKind::Lenders => "lenders",
        BearerKind::Borrowers => "borrowers",
        BearerKind::Winners => "winners",
    }
}

fn sum(units: &Units<'_>, story: &Story) -> Value {
    let sums: &Sums = &story.sums;
    let amounts = |sums: &BTreeMap<AssetId, u128>| -> Vec<Value> {
        sums.iter().map(|(asset, raw)| amount(units, Amount::new(*asset, *raw))).collect()
    };
    let lost: Vec<Value> = sums
        .lost
        .iter()
        .map(|(to, value)| json!({ "to": taker(units, *to), "value": units.signed_exact(*value) }))
        .collect();
    let fees: Vec<Value> = sums
        .fees
        .iter()
        .map(|((to, asset), raw)| {
            let mut told = amount(units, Amount::new(*asset, *raw));
            told["to"] = receiver(units, *to);
            told
        })
        .collect();
    let borne: Vec<Value> = sums
        .borne
        .iter()
        .map(|((bearer, asset), raw)| {
            let mut told = amount(units, Amount::new(*asset, *raw));
            told["bearer"] = json!(bearer_name(*bearer));
            told
        })
        .collect();
    let paid: Vec<Value> = story
        .paid
        .iter()
        .map(|((kind, asset), paid)| {
            let sign = if *paid < 0 { "-" } else { "" };
            let size = units.exact(Amount::new(*asset, paid.unsigned_abs()));
            let (kind, asset) = (payment_kind(*kind), units.asset(*asset));
            json!({ "kind": kind, "asset": asset, "amount": format!("{sign}{size}") })
        })
        .collect();
    json!({
        "liquidations": sums.liquidations,
        "given": amounts(&sums.given),
        "given_value": units.value_exact(sums.given_value),
        "got": amounts(&sums.got),
        "got_value": units.value_exact(sums.got_value),
        "lost_to": lost,
        "fees": fees,
        "fees_value": units.value_exact(sums.fees_value),
        "lost": units.signed_exact(sums.lost()),
        "deficit": amounts(&sums.deficit),
        "deficit_value": units.value_exact(sums.deficit_value),
        "borne": borne,
        "bore_for_others": amounts(&sums.bore),
        "own_calls_since": sums.own,
        "deleveraged": sums.deleveraged,
        "took_over": {
            "accounts": sums.took_over.0,
            "equity": units.signed_exact(sums.took_over.1),
        },
        "paid": paid,
        "before": story.before.map(|before| picture(units, &before)),
        "after": story.last.map(|(_, after)| picture(units, &after)),
    })
}
