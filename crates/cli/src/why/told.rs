//! The story on a terminal: at most forty lines of at most a hundred characters, what matters most
//! first.

mod steps;

use super::account::Ending;
use super::record::{
    BearerKind, Cause, Crossing, Moment, Payment, PaymentKind, Picture, Quoted, Story, Taker,
};
use super::units::{Units, clock, percent_of, price, ratio};
use crate::events::{hex, state};
use crate::figures::{count, counted, grouped, percent, short_label, wrapped};
use crate::screen::Paint;
use breakwater_liquidation::CallState;
use breakwater_money::{Amount, AssetId, Time};
use std::collections::BTreeMap;
use steps::{receiver_name, steps, taker};

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
    let closed = match story.sums.deleveraged {
        0 => String::new(),
        1 => ", deleveraged once".to_owned(),
        some => format!(", deleveraged {} times", count(some)),
    };
    let end = match ending.call.state {
        CallState::Closed => ", closed",
        CallState::Bankrupt => ", bankrupt",
        _ => "",
    };
    format!("{called}, {taken}{closed}{end}")
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
            Cause::Paid(paid) => format!("{} alone, without any price", payment(units, paid)),
            Cause::Time => {
                "time alone: what it holds asks for more as its end comes near".to_owned()
            }
            Cause::Session(contract) => {
                format!("the end of the session of {} alone", units.asset(*contract))
            }
            Cause::Delivery { contract, price: at } => {
                format!("the delivery of {} at {} alone", units.asset(*contract), price(*at))
            }
            Cause::Volatility { contract, volatility_e6 } => {
                let volatility = percent_of(i128::from(*volatility_e6), 6);
                format!("a volatility of {volatility} quoted for {} alone", units.asset(*contract))
            }
            Cause::Order { order, price: at } => {
                format!("its own order {order} alone, which traded at {}", price(*at))
            }
            Cause::TookOver(account) => {
                format!("it took over {} whole", short_label(&units.owner(*account)))
            }
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

/// What was paid or got, and at which rate.
fn payment(units: &Units<'_>, paid: &Payment) -> String {
    let (of, amount) = (units.asset(paid.of), units.amount(paid.amount));
    let rate = percent_of(i128::from(paid.rate_e12), 12);
    let (kind, way) = (payment_name(paid.kind), if paid.got { "got" } else { "paid" });
    format!("{kind} of {rate} on {of}, {amount} {way}")
}

const fn payment_name(kind: PaymentKind) -> &'static str {
    match kind {
        PaymentKind::Funding => "funding",
        PaymentKind::Interest => "interest",
    }
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
        let mut given = amounts(units, &sums.given);
        if sums.taken_over {
            let rest = if given.is_empty() { "all that it had" } else { " + all that was left" };
            given.push_str(rest);
        }
        lines.extend(row("taken", &format!("{given}, worth {}", units.value(sums.given_value))));
        if !sums.got.is_empty() {
            let got = amounts(units, &sums.got);
            lines.extend(row("for", &format!("{got}, worth {}", units.value(sums.got_value))));
        }
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
    let (taken, equity) = sums.took_over;
    if taken > 0 {
        let (taken, equity) = (counted(taken, "account", "accounts"), units.signed(equity));
        lines.extend(row("took over", &format!("{taken} with an equity of {equity} together")));
    }
    if !story.paid.is_empty() {
        let paid: Vec<String> =
            story.paid.iter().map(|(of, paid)| whole_life(units, of, *paid)).collect();
        lines.extend(row("paid", &paid.join(", ")));
    }
    lines.extend(worth(units, story));
    lines
}

/// Funding or interest over the account's whole life.
fn whole_life(units: &Units<'_>, (kind, asset): &(PaymentKind, AssetId), paid: i128) -> String {
    let amount = units.amount(Amount::new(*asset, paid.unsigned_abs()));
    let way = if paid < 0 { "got" } else { "paid" };
    format!("{amount} of {} {way} in all", payment_name(*kind))
}

fn lost(units: &Units<'_>, story: &Story) -> String {
    let sums = &story.sums;
    // Many winners, each with little, are one entry.
    let account = |to: &Taker| matches!(to, Taker::Account(_));
    let accounts = sums.lost.keys().filter(|to| account(to)).count();
    let apart = |to: &Taker| accounts <= AROUND || !account(to);
    let mut parts: Vec<String> = sums
        .lost
        .iter()
        .filter(|(to, _)| apart(to))
        .map(|(to, value)| format!("{} to {}", units.signed(*value), taker(units, *to)))
        .collect();
    if accounts > AROUND {
        let of_them = sums.lost.iter().filter(|(to, _)| account(to));
        let sum = of_them.fold(0i128, |sum, (_, value)| sum.saturating_add(*value));
        parts.push(format!("{} to {} accounts", units.signed(sum), count(accounts as u64)));
    }
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
    let carried = if story.paid.is_empty() { "interest" } else { "funding and interest" };
    let rest = match sums.own {
        0 if story.paid.is_empty() => format!("prices and interest {rest}"),
        0 => format!("prices, {carried} {rest}"),
        own => format!("prices, {carried} and {} {rest}", counted(own, "own call", "own calls")),
    };
    let text = format!(
        "{} before the call, {} after the last step: liquidation took {}, {rest}",
        units.signed(before),
        units.signed(after),
        units.signed(sums.lost())
    );
    row("worth", &text)
}
