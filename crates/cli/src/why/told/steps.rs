//! The steps: one or two lines each, and what is not shown in one.

use super::{clipped, payment};
use crate::events::state;
use crate::figures::{count, counted, grouped, percent, short_label};
use crate::why::record::{Did, Receiver, Share, Step, Story, Taker};
use crate::why::units::{Units, clock, price, ratio};
use breakwater_engine::grounds::Acted;
use breakwater_liquidation::Reason;
use breakwater_liquidation::backstop::Deleverage;
use breakwater_liquidation::ladder::Act;
use breakwater_money::decimal::format_raw;
use breakwater_money::{Amount, Price, Time};

/// The steps in no more than `room` lines: all, or both ends with the sum of what lies between.
pub fn steps(units: &Units<'_>, story: &Story, room: usize) -> Vec<String> {
    let kept: Vec<(&Step, Vec<String>)> = story
        .steps
        .kept()
        .map(|step| (step, step_lines(units, step)))
        .filter(|(_, lines)| !lines.is_empty())
        .collect();
    let whole: usize = kept.iter().map(|(_, lines)| lines.len()).sum();
    if whole <= room && story.steps.left_out == 0 {
        return kept.into_iter().flat_map(|(_, lines)| lines).collect();
    }
    // One line says what is between; the beginning gets what is odd.
    let mut room = room.saturating_sub(1);
    let (mut front, mut back, mut forward) = (0, kept.len(), true);
    while front < back {
        let lines = &kept[if forward { front } else { back - 1 }].1;
        if lines.len() > room {
            break;
        }
        room -= lines.len();
        if forward {
            front += 1
        } else {
            back -= 1
        }
        forward = !forward;
    }
    let shown = kept[..front].iter().chain(&kept[back..]).map(|(step, _)| *step);
    let mut lines: Vec<String> = kept[..front].iter().flat_map(|(_, l)| l).cloned().collect();
    lines.extend(between(units, story, shown));
    lines.extend(kept[back..].iter().flat_map(|(_, l)| l).cloned());
    lines
}

/// What is not shown: how often, and what it took for what.
fn between<'a>(
    units: &Units<'_>,
    story: &Story,
    shown: impl Iterator<Item = &'a Step>,
) -> Vec<String> {
    let sums = &story.sums;
    let (mut times, mut given, mut got) = (sums.liquidations, sums.given_value, sums.got_value);
    for step in shown.filter(|step| step.liquidates()) {
        times = times.saturating_sub(1);
        given = given.saturating_sub(step.given_value);
        got = got.saturating_sub(step.got_value);
    }
    if times == 0 {
        return vec![clipped("  and more that took nothing")];
    }
    let times = counted(times, "more like these", "more like these");
    let (given, got) = (units.value(given), units.value(got));
    vec![clipped(&format!("  and {times}: {given} taken for {got}"))]
}

/// One or two lines; none for what the sums tell better.
fn step_lines(units: &Units<'_>, step: &Step) -> Vec<String> {
    let at = clock(step.place.at);
    let short = |text: String| vec![clipped(&format!("{at}  {text}"))];
    let at_mark = step.mark.map_or_else(String::new, |mark| format!(" (mark {})", price(mark)));
    match &step.did {
        Did::Seized { taker, repaid, seized, fee, repaid_value, .. } => {
            let whole = Amount::new(seized.asset, seized.raw.saturating_add(fee.raw));
            let each = units.price_of(*repaid_value, whole);
            let each = each.map_or_else(String::new, |each| format!(" at {}", price(each)));
            let (repaid, whole) = (units.amount(*repaid), units.amount(whole));
            let what = format!("{repaid} repaid, {whole} seized{each}{at_mark}");
            two(&at, &what, &aftermath(units, step, *taker))
        }
        Did::Sold { sold, proceeds, buy_back, pays, taker: to } => {
            let value = if *pays { step.given_value } else { step.got_value };
            let each = units.price_for(*sold, *proceeds, value);
            let each = each.map_or_else(String::new, |each| format!(" at {}", price(each)));
            let (sold, proceeds) = (units.amount(*sold), units.amount(*proceeds));
            let did = if *buy_back { "bought back" } else { "sold" };
            let what = format!("{sold} {did} for {proceeds}{each}{at_mark}");
            two(&at, &what, &aftermath(units, step, *to))
        }
        Did::ClosedAgainst { winner, quantity, price: each, .. } => {
            let (quantity, each) = (units.amount(*quantity), price(*each));
            let what = format!("{quantity} closed against a winner at {each}{at_mark}");
            two(&at, &what, &aftermath(units, step, Taker::Account(*winner)))
        }
        Did::Ordered { sale, reason, rung: acted, .. } => {
            let did = if sale.buy_back { "to buy back" } else { "to sell" };
            let worst = if sale.buy_back { "at no more than" } else { "at no less than" };
            let quantity = units.amount(Amount::new(sale.asset, sale.quantity));
            let (limit, why) = (price(sale.worst_price), because(*reason));
            let what = format!("ordered {did} {quantity} {worst} {limit}");
            match acted {
                Some(acted) => two(&at, &what, &rung(acted, step)),
                None => short(format!("{what}: {why}")),
            }
        }
        Did::OrderCancelled { order, left, ended } => {
            let did = if left.buy { "to buy" } else { "to sell" };
            let quantity = units.amount(Amount::new(left.contract, left.quantity));
            let why = if *ended { "its contract has ended" } else { "it is liquidated" };
            let at = price(left.price);
            short(format!("its order {order} {did} {quantity} at {at} was taken off: {why}"))
        }
        Did::AuctionOpened { auction, lot, format, fair, wanted } => {
            let (lot, fair) = (units.amount(*lot), units.amount(*fair));
            let raises = wanted.map_or_else(
                || "as much as it brings".to_owned(),
                |wanted| format!("{} and no more", units.amount(wanted)),
            );
            let what = format!("auction {auction} opened ({}): {lot}", format.name());
            two(&at, &what, &format!("worth {fair} at the mark; to raise {raises}"))
        }
        Did::Bids { .. }
        | Did::AuctionAwarded { .. }
        | Did::WinnerDefaulted { .. }
        | Did::AuctionRestarted { .. }
        | Did::AuctionClosed { .. } => short(auction(units, &step.did)),
        Did::Cancelled { unsold, .. } => short(format!("called off: {}", units.amount(*unsold))),
        Did::Deleveraged { quantity, price: each, queued, .. } => {
            let each = price(*each);
            let held = units.amount(Amount::new(quantity.asset, queued.held));
            let closed = if queued.held == quantity.raw {
                format!("all of {held}")
            } else {
                format!("{} of {held}", units.exact(*quantity))
            };
            let what = format!("deleveraged: {closed} closed at {each}{at_mark}");
            two(&at, &what, &queue(units, step))
        }
        // The closing above tells what it gave.
        Did::Bore { share: Share::Deleveraged, .. } => Vec::new(),
        Did::Bore { of, amount, share } => {
            let of = short_label(&units.owner(*of));
            let by = match share {
                Share::Deleveraged | Share::Cash => "by its cash",
                Share::Session => "by what it had gained in the session",
            };
            short(format!("bore {} of the loss of {of}, {by}", units.amount(*amount)))
        }
        Did::TakenOver { vault, equity, rung: acted } => {
            let (vault_name, equity) =
                (taker(units, Taker::Account(*vault)), units.signed(*equity));
            let what = format!("taken over whole by {vault_name}, with an equity of {equity}");
            let then = acted.as_ref().map_or_else(
                || aftermath(units, step, Taker::Account(*vault)),
                |acted| format!("{}; {}", rung(acted, step), stands(step)),
            );
            two(&at, &what, &then)
        }
        Did::TookOver { account, equity } => {
            let (of, equity) = (short_label(&units.owner(*account)), units.signed(*equity));
            short(format!("took over {of} whole, with an equity of {equity}; {}", stands(step)))
        }
        Did::Paid(paid) => short(format!("{}; {}", payment(units, paid), stands(step))),
        Did::Venue(kind) => short(format!("the venue's {kind}; {}", stands(step))),
        Did::Assigned { holder, quantity, price: each, paid } => {
            let (of, each) = (short_label(&units.owner(*holder)), price(*each));
            let (used, paid) = (units.amount(*quantity), units.amount(*paid));
            let what = format!("{of} used {used} before the end, at {each}: it paid {paid}");
            short(format!("{what}; {}", stands(step)))
        }
        Did::Deficit { amount, value } => {
            let (amount, value) = (units.amount(*amount), units.value(*value));
            short(format!("a deficit was booked: {amount}, worth {value}"))
        }
        Did::Own(kind) => short(format!("its own {kind}; {}", stands(step))),
        Did::Borne { .. } => Vec::new(),
    }
}

/// What became of an auction.
fn auction(units: &Units<'_>, did: &Did) -> String {
    match did {
        Did::Bids { bids, .. } => {
            let count = counted(bids.count, "bid", "bids");
            match bids.best {
                Some((pays, of)) => {
                    format!("{count}, the best {} for {}", units.amount(pays), units.amount(of))
                }
                None => format!("{count}, none of them revealed"),
            }
        }
        Did::AuctionAwarded { auction, bidder } => {
            format!("auction {auction} goes to bidder {bidder}, who owes the rest")
        }
        Did::WinnerDefaulted { bidder, forfeited, .. } => {
            format!("bidder {bidder} has not paid and lost {}", units.amount(*forfeited))
        }
        Did::AuctionRestarted { auction, restarts } => {
            format!("auction {auction} starts again ({restarts}): nobody has bought")
        }
        Did::AuctionClosed { auction, unsold } => {
            format!("auction {auction} is over: {} not sold", units.amount(*unsold))
        }
        _ => String::new(),
    }
}

fn two(at: &str, what: &str, then: &str) -> Vec<String> {
    let indent = " ".repeat(at.chars().count() + 2);
    vec![clipped(&format!("{at}  {what}")), clipped(&format!("{indent}{then}"))]
}

/// Who gained by the step, its fees, and how the account stands.
fn aftermath(units: &Units<'_>, step: &Step, to: Taker) -> String {
    let lost = step.lost();
    let (value, to) = (units.value(lost.unsigned_abs()), taker(units, to));
    let mut told = match lost {
        0 => format!("nothing lost to {to}"),
        gain if gain < 0 => format!("{value} above the mark from {to}"),
        _ => format!("{value} lost to {to}"),
    };
    for (receiver, fee) in &step.fees {
        let fee = units.amount(*fee);
        told.push_str(&format!(", fee {fee} to {}", receiver_name(units, *receiver)));
    }
    format!("{told}; {}", stands(step))
}

fn stands(step: &Step) -> String {
    match step.after.health {
        Some(health) if health.requirement > 0 => {
            format!("ratio {}, {}", ratio(health.ratio), state(step.state))
        }
        _ => state(step.state).to_owned(),
    }
}

/// Which rung of the ladder it is, what that does, and how long it waits and waited.
fn rung(acted: &Acted, step: &Step) -> String {
    let does = match acted.act {
        Act::CancelOrders => "its orders off".to_owned(),
        Act::TierDown { tiers: 1 } => "down to the next tier".to_owned(),
        Act::TierDown { tiers } => format!("down {tiers} tiers"),
        Act::Fraction { bps } => format!("{} of each position", percent(u128::from(bps))),
        Act::Ramp { .. } => "what is allowed by now".to_owned(),
        Act::ToInitial => "back to the initial margin".to_owned(),
        Act::ToMaintenance { .. } => "back to the maintenance margin".to_owned(),
        Act::Whole => "everything".to_owned(),
        Act::TakeOver => "to the vault".to_owned(),
        Act::PerBlock { .. } => "what one block allows".to_owned(),
    };
    let place = format!("rung {} of {}: {does}", acted.rung + 1, acted.of);
    let since = |from: Time| lasted(step.place.at.since(from));
    let waited = match acted.last_step_at {
        Some(last) => format!("{} after the last", since(last)),
        None if acted.called_at == step.place.at => "at once".to_owned(),
        None => format!("{} after the call", since(acted.called_at)),
    };
    match acted.wait_nanos {
        0 => format!("{place}; {waited}"),
        wait => format!("{place}; {waited} (it waits {})", lasted(wait)),
    }
}

/// `30 s`, `0.5 s`.
fn lasted(nanos: u64) -> String {
    format!("{} s", grouped(&format_raw(u128::from(nanos), 9)))
}

/// What the winner gave against whom, and why it was this one.
fn queue(units: &Units<'_>, step: &Step) -> String {
    let Did::Deleveraged { bankrupt, queued, .. } = &step.did else { return String::new() };
    let winners = counted(queued.of, "winner", "winners");
    let chosen = match queued.chosen_by {
        Deleverage::Queue => {
            let score = price(Price::new(queued.score.unsigned_abs(), 18));
            let sign = if queued.score < 0 { "-" } else { "" };
            let (place, of) = (count(queued.place), count(queued.of));
            format!("place {place} of {of}, score {sign}{score}")
        }
        Deleverage::RandomStart => format!("one of {winners}, from a place drawn"),
        Deleverage::ProRata | Deleverage::Capped => format!("one of {winners}, in proportion"),
        Deleverage::RiskAware => format!("one of {winners}, by leverage"),
        Deleverage::MinimumOvershoot => format!("one of {winners}, for the least of profit"),
    };
    let lost = units.value(step.given_value.abs_diff(step.got_value));
    let way = if step.got_value > step.given_value { "gained" } else { "given up" };
    format!("{lost} {way} against {}; {chosen}", short_label(&units.owner(*bankrupt)))
}

const fn because(reason: Reason) -> &'static str {
    match reason {
        Reason::CloseFactor => "the venue's cap",
        Reason::TargetHealth => "enough for the target",
        Reason::FullClose => "a full close",
        Reason::Toxic => "a part would only hurt",
        Reason::TargetOutOfReach => "no amount is enough",
        Reason::Cleaning => "to recognise bad debt",
        Reason::TierDown => "to a lower tier",
        Reason::Fraction => "a share of each position",
        Reason::Ramp => "as much as is allowed by now",
        Reason::InitialMargin => "enough for the initial margin",
        Reason::BlockCap => "as much as one block allows",
        Reason::Planned => "the least costly way to the target",
    }
}

pub fn taker(units: &Units<'_>, taker: Taker) -> String {
    match taker {
        Taker::Outside => "a keeper".to_owned(),
        Taker::Account(account) => short_label(&units.owner(account)),
        Taker::Pool => "the pool".to_owned(),
        Taker::Market => "the market".to_owned(),
        Taker::Bidder(bidder) => format!("bidder {bidder}"),
        Taker::Bidders => "the bidders".to_owned(),
    }
}

pub fn receiver_name(units: &Units<'_>, receiver: Receiver) -> String {
    match receiver {
        Receiver::Treasury => "the treasury".to_owned(),
        Receiver::Insurance => "the insurance fund".to_owned(),
        Receiver::Vault => "the vault".to_owned(),
        Receiver::Reserves => "the reserves".to_owned(),
        Receiver::Caller => "the caller".to_owned(),
        Receiver::Account(account) => short_label(&units.owner(account)),
    }
}
