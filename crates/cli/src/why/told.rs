//! The story on a terminal: at most forty lines of at most a hundred characters, what matters most
//! first.

use super::account::Ending;
use super::record::{
    BearerKind, Cause, Crossing, Did, Moment, Picture, Quoted, Receiver, Step, Story, Taker,
};
use super::units::{Units, clock, price, ratio};
use crate::events::{hex, state};
use crate::figures::{count, counted, grouped, percent, short_label, wrapped};
use crate::screen::Paint;
use breakwater_liquidation::{CallState, Reason};
use breakwater_money::{Amount, AssetId, Time};
use std::collections::BTreeMap;

/// Lines at most.
const LINES_MAX: usize = 40;
/// Columns at most.
const WIDTH: usize = 100;
/// Width of a row's name.
const NAME: usize = 12;
/// Lines of one row at most; a list longer than that is cut.
const ROW_LINES: usize = 3;
/// Markets listed for an account at most.
const MARKETS: usize = 8;
/// Markets told around a call at most, and prices that would have avoided it.
const AROUND: usize = 3;
const ALTERNATIVES: usize = 2;
/// Steps take at least so many lines, whatever else there is to say.
const STEP_LINES_MIN: usize = 7;
/// Digits of a hash that a person compares.
const HASH_DIGITS: usize = 16;

/// The story of one account.
pub fn one(units: &Units<'_>, story: &Story, ending: &Ending, paint: Paint) -> String {
    let mut sections = vec![head(units, story, ending, paint)];
    if let Some(called) = &story.called {
        sections.push(moments(units, story, called));
    } else {
        sections.push(never_called(units, story, ending));
    }
    let sums = sums(units, story);
    let taken: usize = sections.iter().map(Vec::len).sum::<usize>() + sums.len();
    // Every section but the first stands apart by an empty line.
    let room = LINES_MAX.saturating_sub(taken + 3).max(STEP_LINES_MIN);
    sections.push(steps(units, story, room));
    sections.push(sums);
    let sections: Vec<String> =
        sections.into_iter().filter(|lines| !lines.is_empty()).map(|l| l.join("\n")).collect();
    sections.join("\n\n") + "\n"
}

/// The accounts of an owner that has several, and how to choose.
pub fn several(
    units: &Units<'_>,
    owner: &str,
    endings: &[Ending],
    all: u64,
    paint: Paint,
) -> String {
    let mut lines = vec![paint.strong(&clipped(&format!("{owner} has {} accounts", count(all))))];
    for ending in endings {
        let row = format!(
            "  {:<8}{:<12}{}",
            ending.account.0,
            state(ending.call.state),
            health(units, &ending.picture)
        );
        lines.push(clipped(&row));
    }
    if let Some(more) = all.checked_sub(endings.len() as u64).filter(|more| *more > 0) {
        lines.push(format!("  and {} more", count(more)));
    }
    let first = endings.first().map_or(0, |ending| ending.account.0);
    lines.push(format!("choose one by its number: breakwater why JOURNAL {first} --number"));
    lines.join("\n") + "\n"
}

/// A name and what is to be said, over as many lines as it takes and no more than it may.
fn row(name: &str, text: &str) -> Vec<String> {
    let mut lines = wrapped(text, WIDTH - NAME);
    if lines.len() > ROW_LINES {
        lines.truncate(ROW_LINES);
        if let Some(last) = lines.last_mut() {
            last.push_str(" \u{2026}");
        }
    }
    lines
        .into_iter()
        .enumerate()
        .map(|(at, line)| clipped(&format!("{:<NAME$}{line}", if at == 0 { name } else { "" })))
        .collect()
}

fn clipped(line: &str) -> String {
    if line.chars().count() <= WIDTH {
        return line.trim_end().to_owned();
    }
    let mut cut: String = line.chars().take(WIDTH - 1).collect();
    cut.push('\u{2026}');
    cut
}

fn health(units: &Units<'_>, picture: &Picture) -> String {
    match picture.health {
        None => "cannot be judged: a price is missing".to_owned(),
        Some(health) if health.requirement == 0 => {
            format!("equity {}, nothing required", units.signed(health.equity))
        }
        Some(health) => format!(
            "equity {}, requirement {}, ratio {}",
            units.signed(health.equity),
            units.value(health.requirement),
            ratio(health.ratio)
        ),
    }
}

fn head(units: &Units<'_>, story: &Story, ending: &Ending, paint: Paint) -> Vec<String> {
    let who = format!("account {} of {}", count(ending.account.0.into()), ending.owner);
    let mut lines = vec![paint.strong(&clipped(&format!("{who}: {}", verdict(story, ending))))];
    let ruled = match &ending.parameters_hash {
        Some(hash) => {
            let hash: String = hex(hash).chars().take(HASH_DIGITS).collect();
            let Ending { rulebook, policy, .. } = ending;
            format!("{rulebook} with parameters {hash}\u{2026}, policy '{policy}'")
        }
        None => "none was ever installed".to_owned(),
    };
    lines.extend(row("rulebook", &ruled));
    let mut ended = format!("{}: {}", clock(ending.at), state(ending.call.state));
    if ending.call.since > Time::default() {
        ended.push_str(&format!(" since {}", clock(ending.call.since)));
    }
    ended.push_str(&format!("; {}{}", health(units, &ending.picture), owed(units, ending)));
    lines.extend(row("ended", &ended));
    if let Some(stopped) = &ending.stopped {
        lines.extend(row("stopped", &format!("a promise broke and the engine stopped: {stopped}")));
    }
    lines
}

fn verdict(story: &Story, ending: &Ending) -> String {
    let called = match story.calls {
        0 => "never called".to_owned(),
        1 => "called once".to_owned(),
        some => format!("called {} times", count(some)),
    };
    let taken = match story.sums.liquidations {
        0 => "nothing was liquidated".to_owned(),
        some => counted(some, "liquidation", "liquidations"),
    };
    let end = match ending.call.state {
        CallState::Closed => ", closed",
        CallState::Bankrupt => ", bankrupt",
        _ => "",
    };
    format!("{called}, {taken}{end}")
}

fn owed(units: &Units<'_>, ending: &Ending) -> String {
    if ending.owes.is_empty() {
        return "; owes nothing".to_owned();
    }
    let owes: Vec<String> = ending
        .owes
        .iter()
        .map(|(asset, amount)| amount.map_or_else(|| units.asset(*asset), |a| units.amount(a)))
        .collect();
    let debt = ending.picture.sides.debt;
    let value = if debt > 0 { format!("{} in ", units.value(debt)) } else { String::new() };
    format!("; owes {value}{}", owes.join(", "))
}

fn never_called(units: &Units<'_>, story: &Story, ending: &Ending) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(warned) = &story.warned {
        lines.extend(row("warned", &warning(units, warned)));
    }
    let mut nearest: Vec<&Quoted> = ending.lines.iter().collect();
    nearest.sort_by_key(|quoted| quoted.distance_bps().unwrap_or(u128::MAX));
    if nearest.is_empty() {
        lines.extend(row("lines", "no price would bring it into breach"));
    }
    for (at, quoted) in nearest.iter().take(MARKETS).enumerate() {
        let (Some(mark), Some(line)) = (quoted.after, quoted.line) else { continue };
        let away = quoted.distance_bps().map_or_else(String::new, |bps| {
            let way = if mark.raw > line.price.raw { "below" } else { "above" };
            format!(", {} {way} the mark", percent(bps))
        });
        let market = units.market(quoted.market);
        let text = format!("{market} at {}{away} of {}", price(line.price), price(mark));
        lines.extend(row(if at == 0 { "lines" } else { "" }, &text));
    }
    if let Some(more) = nearest.len().checked_sub(MARKETS).filter(|more| *more > 0) {
        lines.extend(row("", &format!("and {more} more, further away")));
    }
    lines
}

fn warning(units: &Units<'_>, warned: &Moment) -> String {
    let Some(crossing) = &warned.crossing else { return clock(warned.place.at) };
    let ratio = crossing.after.health.map_or_else(String::new, |h| ratio(h.ratio));
    format!("{}, at a ratio of {ratio}: {}", clock(warned.place.at), causes(units, crossing))
}

fn moments(units: &Units<'_>, story: &Story, called: &Moment) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(warned) = story.warned.as_ref().filter(|warned| warned.place != called.place) {
        lines.extend(row("warned", &warning(units, warned)));
    }
    let mut at = format!("{}, command {}", clock(called.place.at), count(called.place.sequence));
    if let Some(deadline) = called.deadline.filter(|deadline| *deadline > called.place.at) {
        at.push_str(&format!(", free to cure until {}", clock(deadline)));
    }
    let crossing = called.crossing.as_ref();
    if let Some(earlier) = crossing.filter(|crossing| crossing.place != called.place) {
        at.push_str(&format!(
            "; the line was crossed with command {}, {}",
            count(earlier.place.sequence),
            clock(earlier.place.at)
        ));
    }
    lines.extend(row("called", &at));
    if let Some(crossing) = crossing {
        lines.extend(row("why", &causes(units, crossing)));
        let lined = crossing.markets.iter().filter(|quoted| quoted.line.is_some());
        for (at, quoted) in lined.take(AROUND).enumerate() {
            lines.extend(row(if at == 0 { "price" } else { "" }, &around(units, quoted)));
        }
        lines.extend(row("before", &health(units, &crossing.before)));
        lines.extend(row("then", &health(units, &crossing.after)));
        lines.extend(avoided(units, crossing));
    }
    if let Some(liquidated) = story.liquidated {
        let first = format!("{}, command {}", clock(liquidated.at), count(liquidated.sequence));
        lines.extend(row("liquidated", &format!("first {first}")));
    }
    lines
}

/// A market's mark before and at the command, against the account's line.
fn around(units: &Units<'_>, quoted: &Quoted) -> String {
    let market = units.market(quoted.market);
    let line = quoted.line.map_or_else(String::new, |line| {
        let safe = if line.safe_above { "above" } else { "below" };
        format!("; the line was at {}, safe {safe} it", price(line.price))
    });
    match (quoted.before, quoted.after) {
        (Some(before), Some(after)) if before != after => {
            format!("{market} {} to {}{line}", price(before), price(after))
        }
        (_, Some(after)) => format!("{market} {}, unmoved{line}", price(after)),
        _ => format!("{market} without a price{line}"),
    }
}

fn causes(units: &Units<'_>, crossing: &Crossing) -> String {
    let told: Vec<String> = crossing
        .causes
        .iter()
        .map(|cause| match cause {
            Cause::Price(market) => {
                let quoted = crossing.markets.iter().find(|quoted| quoted.market == *market);
                let moved = quoted.and_then(|q| Some((q.before?, q.after?)));
                let market = units.market(*market);
                moved.map_or_else(
                    || format!("the price of {market} alone"),
                    |(before, after)| {
                        let way = if after.raw < before.raw { "fell" } else { "rose" };
                        let (before, after) = (price(before), price(after));
                        format!("the price alone: {market} {way} from {before} to {after}")
                    },
                )
            }
            Cause::Interest => "interest alone, without any price".to_owned(),
            Cause::Funding => "funding alone, without any price".to_owned(),
            Cause::Own(call) => format!("its own call '{call}' alone"),
            Cause::Liquidation(call) => format!("a liquidation, '{call}'"),
            Cause::Another(call) => format!("another's '{call}', which moved the whole pool"),
            Cause::Parameters => "new parameters alone: another rulebook was installed".to_owned(),
            Cause::Deleveraged => {
                "another account went bankrupt and this one was deleveraged against it".to_owned()
            }
            Cause::Socialised => "a share of another account's loss".to_owned(),
            Cause::Together => format!(
                "everything that '{}' brought together, nothing of it alone",
                crossing.command
            ),
            Cause::FirstPrice => {
                "it stood below the line when the last missing price came".to_owned()
            }
        })
        .collect();
    told.join("; and also ")
}

fn avoided(units: &Units<'_>, crossing: &Crossing) -> Vec<String> {
    let mut ways = Vec::new();
    if let Some(top_up) = crossing.top_up {
        let kind = if crossing.after.sides.debt > 0 {
            " repaid, or as much more counted as equity"
        } else {
            " more of margin"
        };
        ways.push(format!("{}{kind}", units.value_up(top_up)));
    }
    // Where a price did it, that price; else whichever would have been enough.
    let by_price = |market| crossing.causes.contains(&Cause::Price(market));
    let priced = crossing.markets.iter().any(|quoted| by_price(quoted.market));
    let clear = crossing
        .markets
        .iter()
        .filter(|quoted| !priced || by_price(quoted.market))
        .filter_map(|quoted| Some((quoted.market, quoted.clear?)));
    ways.extend(clear.take(ALTERNATIVES).map(|(market, line)| {
        let side = if line.safe_above { "at or above" } else { "at or below" };
        format!("{} {side} {}", units.market(market), grouped(&line.price.to_string()))
    }));
    if ways.is_empty() { Vec::new() } else { row("avoided by", &ways.join("; or ")) }
}

/// The steps in no more than `room` lines: all, or both ends with the sum of what lies between.
fn steps(units: &Units<'_>, story: &Story, room: usize) -> Vec<String> {
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
        Did::Sold { sold, proceeds, buy_back } => {
            let value = if *buy_back { step.given_value } else { step.got_value };
            let each = units.price_of(value, *sold);
            let each = each.map_or_else(String::new, |each| format!(" at {}", price(each)));
            let (sold, proceeds) = (units.amount(*sold), units.amount(*proceeds));
            let did = if *buy_back { "bought back" } else { "sold" };
            let what = format!("{sold} {did} for {proceeds}{each}{at_mark}");
            two(&at, &what, &aftermath(units, step, Taker::Market))
        }
        Did::ClosedAgainst { winner, quantity, price: each } => {
            let (quantity, each) = (units.amount(*quantity), price(*each));
            let what = format!("{quantity} closed against a winner at {each}{at_mark}");
            two(&at, &what, &aftermath(units, step, Taker::Account(*winner)))
        }
        Did::Ordered { sale, reason, .. } => {
            let did = if sale.buy_back { "to buy back" } else { "to sell" };
            let worst = if sale.buy_back { "at no more than" } else { "at no less than" };
            let quantity = units.amount(Amount::new(sale.asset, sale.quantity));
            let (limit, why) = (price(sale.worst_price), because(*reason));
            short(format!("ordered {did} {quantity} {worst} {limit}: {why}"))
        }
        Did::Cancelled { unsold, .. } => short(format!("called off: {}", units.amount(*unsold))),
        Did::Deleveraged { bankrupt, quantity, price: each } => {
            let (bankrupt, quantity) =
                (short_label(&units.owner(*bankrupt)), units.amount(*quantity));
            short(format!("deleveraged: {quantity} closed at {} against {bankrupt}", price(*each)))
        }
        Did::Bore { of, amount } => {
            let of = short_label(&units.owner(*of));
            short(format!("bore {} of the loss of {of}", units.amount(*amount)))
        }
        Did::Deficit { amount, value } => {
            let (amount, value) = (units.amount(*amount), units.value(*value));
            short(format!("a deficit was booked: {amount}, worth {value}"))
        }
        Did::Own(kind) => short(format!("its own {kind}; {}", stands(step))),
        Did::Borne { .. } => Vec::new(),
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
    }
}

fn taker(units: &Units<'_>, taker: Taker) -> String {
    match taker {
        Taker::Outside => "a keeper".to_owned(),
        Taker::Account(account) => short_label(&units.owner(account)),
        Taker::Pool => "the pool".to_owned(),
        Taker::Market => "the market".to_owned(),
    }
}

fn receiver_name(units: &Units<'_>, receiver: Receiver) -> String {
    match receiver {
        Receiver::Treasury => "the treasury".to_owned(),
        Receiver::Insurance => "the insurance fund".to_owned(),
        Receiver::Vault => "the vault".to_owned(),
        Receiver::Reserves => "the reserves".to_owned(),
        Receiver::Caller => "the caller".to_owned(),
        Receiver::Account(account) => short_label(&units.owner(account)),
    }
}

const fn bearer_name(bearer: BearerKind) -> &'static str {
    match bearer {
        BearerKind::Insurance => "the insurance fund",
        BearerKind::Vault => "the vault",
        BearerKind::Deleveraged => "deleveraged winners",
        BearerKind::Socialised => "all, shared",
        BearerKind::Outstanding => "nobody yet",
        BearerKind::Lenders => "the lenders",
        BearerKind::Borrowers => "the other borrowers",
        BearerKind::Winners => "all winners, by index",
    }
}

fn amounts(units: &Units<'_>, sums: &BTreeMap<AssetId, u128>) -> String {
    let told: Vec<String> =
        sums.iter().map(|(asset, raw)| units.amount(Amount::new(*asset, *raw))).collect();
    told.join(" + ")
}

fn sums(units: &Units<'_>, story: &Story) -> Vec<String> {
    let sums = &story.sums;
    let mut lines = Vec::new();
    if sums.liquidations > 0 {
        let given = amounts(units, &sums.given);
        lines.extend(row("taken", &format!("{given}, worth {}", units.value(sums.given_value))));
        let got = amounts(units, &sums.got);
        lines.extend(row("for", &format!("{got}, worth {}", units.value(sums.got_value))));
        lines.extend(row("lost", &lost(units, story)));
    }
    if !sums.deficit.is_empty() {
        let (deficit, value) = (amounts(units, &sums.deficit), units.value(sums.deficit_value));
        lines.extend(row("deficit", &format!("{deficit}, worth {value}")));
    }
    if !sums.borne.is_empty() {
        let borne: Vec<String> = sums
            .borne
            .iter()
            .map(|((bearer, asset), raw)| {
                format!("{} by {}", units.amount(Amount::new(*asset, *raw)), bearer_name(*bearer))
            })
            .collect();
        lines.extend(row("borne", &borne.join(", ")));
    }
    if !sums.bore.is_empty() {
        lines.extend(row("bore", &format!("{} of others' losses", amounts(units, &sums.bore))));
    }
    lines.extend(worth(units, story));
    lines
}

fn lost(units: &Units<'_>, story: &Story) -> String {
    let sums = &story.sums;
    let mut parts: Vec<String> = sums
        .lost
        .iter()
        .map(|(to, value)| format!("{} to {}", units.signed(*value), taker(units, *to)))
        .collect();
    parts.extend(sums.fees.iter().map(|((to, asset), raw)| {
        let fee = units.amount(Amount::new(*asset, *raw));
        format!("{fee} of fees to {}", receiver_name(units, *to))
    }));
    format!("{} against the marks: {}", units.signed(sums.lost()), parts.join(", "))
}

/// The account's worth before and after, and what made the difference.
fn worth(units: &Units<'_>, story: &Story) -> Vec<String> {
    let (Some(before), Some((_, after))) = (story.before, story.last) else { return Vec::new() };
    let sums = &story.sums;
    let (before, after) = (before.worth(), after.worth());
    // What a deficit takes off the account others have borne.
    let borne = i128::try_from(sums.deficit_value).unwrap_or(i128::MAX);
    let fell = before.saturating_sub(after).saturating_add(borne);
    let rest = units.signed(fell.saturating_sub(sums.lost()));
    let rest = match sums.own {
        0 => format!("prices and interest {rest}"),
        own => format!("prices, interest and {} {rest}", counted(own, "own call", "own calls")),
    };
    let text = format!(
        "{} before the call, {} after the last step: liquidation took {}, {rest}",
        units.signed(before),
        units.signed(after),
        units.signed(sums.lost())
    );
    row("worth", &text)
}
