//! What the replay prints.

use std::collections::BTreeMap;
use std::io::{self, Write};

use breakwater_money::decimal::format_raw;
use breakwater_money::rational::{Rational, format, from_raw, to_raw};
use breakwater_money::rounding::Rounding;
use jiff::SignedDuration;

use super::events::{Event, Vintage};
use super::incentives::{Incentive, Incentives, Standing, Table, step};
use super::judge::{Class, Verdict, judge};
use super::neighbours::{Beside, SPIKE_PPM, Series, compare};
use super::{Data, EventsError, fit};

/// Examples named for each class whose cases are all alike.
const EXAMPLES: usize = 1;

/// Outliers named among the events without prices.
const OUTLIERS: usize = 3;

/// Widest line of packed items, and what each begins with.
const COLUMNS: usize = 120;
const INDENT: &str = "        ";

/// Prints everything.
pub fn print(data: &Data, table: &Table, out: &mut dyn Write) -> Result<(), EventsError> {
    let priced: Vec<Event> =
        data.events.iter().filter(|event| event.vintage == Vintage::Priced).cloned().collect();
    let unpriced: Vec<&Event> =
        data.events.iter().filter(|event| event.vintage == Vintage::Unpriced).collect();
    let even = fit(&data.events, table, |even| even);
    let odd = fit(&data.events, table, |even| !even);
    let both = fit(&data.events, table, |_| true);
    let shipped = judge(&priced, &table.incentives, &table.wrong_feeds)?;
    let by_odd = judge(&priced, &odd, &table.wrong_feeds)?;
    let by_both = judge(&priced, &both, &table.wrong_feeds)?;
    let beside = compare(unpriced.iter().copied(), &data.reserves);
    let mut write = || -> io::Result<()> {
        let (all, with) = (data.events.len(), priced.len());
        let without = all - with;
        write!(out, "{all} events, {with} with prices (vintage B), {without} without (A); ")?;
        heading(&table.incentives, &even, out)?;
        shares(&shipped, &by_odd, &by_both, out)?;
        incentives(&table.incentives, out)?;
        misfits(&shipped, out)?;
        wrong_feeds(&shipped, out)?;
        without_prices(&unpriced, &beside, out)
    };
    write().map_err(|source| EventsError::Disk { what: "output".to_owned(), source })
}

fn heading(shipped: &Incentives, fresh: &Incentives, out: &mut dyn Write) -> io::Result<()> {
    let rows = shipped.len();
    if shipped == fresh {
        return writeln!(out, "{rows} inferred incentives, as a fresh fit on even months gives");
    }
    let fresh = fresh.len();
    writeln!(
        out,
        "{rows} inferred incentives; ATTENTION: a fresh fit on even months differs ({fresh})"
    )
}

fn shares(
    shipped: &[Verdict<'_>],
    by_odd: &[Verdict<'_>],
    by_both: &[Verdict<'_>],
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "\nCollateral taken against debt * price * bonus / price")?;
    writeln!(
        out,
        "{:<34}{:>7}{:>7}{:>7}  {:<14}{:<14}{:<14}one unit",
        "share of judged within", "events", "clean", "judged", "0.5 %", "0.1 %", "1 ppm"
    )?;
    let even = |verdict: &Verdict<'_>| verdict.event.month_is_even();
    let odd = |verdict: &Verdict<'_>| !verdict.event.month_is_even();
    line("even months, fitted", shipped, even, out)?;
    line("ODD MONTHS, HELD OUT", shipped, odd, out)?;
    line(
        "  incentive seen before and after",
        shipped,
        |verdict| odd(verdict) && matches!(verdict.standing, Standing::Settled(_)),
        out,
    )?;
    line(
        "  after the last sighting",
        shipped,
        |verdict| odd(verdict) && matches!(verdict.standing, Standing::Carried(_)),
        out,
    )?;
    line(
        "  between two incentives",
        shipped,
        |verdict| odd(verdict) && matches!(verdict.standing, Standing::Changing(_)),
        out,
    )?;
    line(
        "  before the first sighting",
        shipped,
        |verdict| odd(verdict) && verdict.standing == Standing::Unknown,
        out,
    )?;
    let held_out: Vec<_> = shipped.iter().filter(|one| odd(one) && one.is_clean()).collect();
    let of_clean = |ppm| {
        let count = held_out.iter().filter(|verdict| verdict.within(ppm)).count();
        percent(count, held_out.len())
    };
    let (half, tenth) = (of_clean(5_000), of_clean(1_000));
    writeln!(out, "  of all clean ones, judged or not: {half} within 0.5 %, {tenth} within 0.1 %")?;
    line("even, if fitted on odd", by_odd, even, out)?;
    line("all, if fitted on all", by_both, |_| true, out)
}

fn line(
    name: &str,
    verdicts: &[Verdict<'_>],
    of: impl Fn(&Verdict<'_>) -> bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let events: Vec<_> = verdicts.iter().filter(|verdict| of(verdict)).collect();
    let clean: Vec<_> = events.iter().filter(|verdict| verdict.is_clean()).collect();
    let judged: Vec<_> = clean.iter().filter(|verdict| verdict.is_judged()).collect();
    let tier = |within: &dyn Fn(&Verdict<'_>) -> bool| {
        let count = judged.iter().filter(|verdict| within(verdict)).count();
        format!("{count} {}", percent(count, judged.len()))
    };
    let tiers = [
        tier(&|verdict| verdict.within(5_000)),
        tier(&|verdict| verdict.within(1_000)),
        tier(&|verdict| verdict.within(1)),
        tier(&|verdict| verdict.to_one_unit),
    ];
    let [half, tenth, ppm, unit] = tiers;
    let (events, clean, judged) = (events.len(), clean.len(), judged.len());
    writeln!(
        out,
        "{name:<34}{events:>7}{clean:>7}{judged:>7}  {half:<14}{tenth:<14}{ppm:<14}{unit}"
    )
}

fn incentives(table: &Incentives, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nIncentives, inferred: bonus from first sighting (events)")?;
    let one =
        |row: &Incentive| format!("{} from {} ({})", row.bonus_bps, day(row.from), row.events);
    let mut constant = Vec::new();
    for ((market, asset), rows) in &table.rows {
        let name = named(market, asset);
        let list = rows.iter().map(one).collect::<Vec<_>>().join(", ");
        if rows.len() == 1 {
            constant.push(format!("{name} {list}"));
        } else {
            writeln!(out, "  {name:<6}{list}")?;
        }
    }
    packed(&constant, out)
}

fn misfits(verdicts: &[Verdict<'_>], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\nClean events that do not fit, and why (even + odd months; line, day, collateral/debt: bonus shown for bonus in force)"
    )?;
    let classes = [
        (Class::NoIncentive, "not judged: no incentive seen yet in an even month; these show"),
        (
            Class::Changed,
            "incentive changed between two even months, the older one stands; these show",
        ),
        (Class::PoolShare, "price of a trading pool's share stands still in the source"),
        (Class::PriceBeside, "price of another moment: an event within an hour has the right one"),
        (Class::PriceOff, "a price is off, and no event within an hour shows the right one"),
    ];
    for (class, why) in classes {
        let of: Vec<_> = verdicts.iter().filter(|verdict| verdict.class == class).collect();
        let even = of.iter().filter(|verdict| verdict.event.month_is_even()).count();
        writeln!(out, "{:>5} = {even} + {}  {why}", of.len(), of.len() - even)?;
        match class {
            Class::NoIncentive | Class::Changed => packed(&groups(&of), out)?,
            Class::PriceOff => packed(&of.iter().map(example).collect::<Vec<_>>(), out)?,
            _ => packed(&of.iter().take(EXAMPLES).map(example).collect::<Vec<_>>(), out)?,
        }
    }
    Ok(())
}

/// What the events of each asset say the incentive was.
fn groups(of: &[&Verdict<'_>]) -> Vec<String> {
    let mut groups: BTreeMap<String, BTreeMap<Option<u32>, usize>> = BTreeMap::new();
    for verdict in of {
        let name = named(&verdict.event.market, &verdict.event.collateral.symbol);
        let shown = verdict.implied.as_ref().and_then(step);
        *groups.entry(name).or_default().entry(shown).or_default() += 1;
    }
    let one = |(name, shown): (&String, &BTreeMap<Option<u32>, usize>)| {
        let list = shown.iter().map(|(bonus, count)| {
            let bonus = bonus.map_or("no step".to_owned(), |bonus| bonus.to_string());
            format!("{bonus} ({count})")
        });
        format!("{name} {}", list.collect::<Vec<_>>().join(", "))
    };
    groups.iter().map(one).collect()
}

fn example(verdict: &&Verdict<'_>) -> String {
    let implied = verdict.implied.as_ref().map_or("-".to_owned(), bps);
    let stands = verdict.standing.incentive();
    let stands = stands.map_or("none".to_owned(), |row| row.bonus_bps.to_string());
    let beside = verdict.beside.map(|(symbol, line)| format!(" ({symbol} as on {line})"));
    let place = place(verdict.event);
    format!("{place}: {implied} for {stands}{}", beside.unwrap_or_default())
}

/// Line, day, collateral and debt of an event.
fn place(event: &Event) -> String {
    let (taken, repaid) = (&event.collateral.symbol, &event.debt.symbol);
    format!("{}, {}, {taken}/{repaid}", event.line, day(event.time))
}

/// The asset, with its market where that is not the main one.
fn named(market: &str, asset: &str) -> String {
    if market == "main" { asset.to_owned() } else { format!("{market} {asset}") }
}

/// Items one after the other, as many a line as fit.
fn packed(items: &[String], out: &mut dyn Write) -> io::Result<()> {
    let mut line = String::new();
    for item in items {
        if !line.is_empty() && line.len() + item.len() + 2 > COLUMNS {
            writeln!(out, "{line};")?;
            line.clear();
        }
        line.push_str(if line.is_empty() { INDENT } else { "; " });
        line.push_str(item);
    }
    if line.is_empty() { Ok(()) } else { writeln!(out, "{line}") }
}

fn wrong_feeds(verdicts: &[Verdict<'_>], out: &mut dyn Write) -> io::Result<()> {
    let of: Vec<_> = verdicts.iter().filter(|verdict| verdict.class == Class::WrongFeed).collect();
    let judged = of.iter().filter(|verdict| verdict.is_judged()).count();
    let lucky = of.iter().filter(|verdict| verdict.within(5_000)).count();
    let differ = |verdict: &&Verdict<'_>| {
        let (eth, usd) = (verdict.implied.as_ref(), verdict.event.implied_bonus_usd());
        eth.zip(usd).is_some_and(|(eth, usd)| super::deviation(eth, &usd) > from_raw(1_000, 6))
    };
    let missing = verdicts.iter().filter(|verdict| verdict.class == Class::NoPrice).count();
    let apart = verdicts.iter().filter(differ).count();
    let apart_wrong = of.iter().copied().filter(differ).count();
    writeln!(
        out,
        "{:>5} not clean: a feed is wrong in the source ({lucky} of {judged} within 0.5 % all the same); \
         {missing} lack a price",
        of.len()
    )?;
    writeln!(
        out,
        "{INDENT}prices in ETH and in dollars disagree by 0.1 % in {apart} events, {apart_wrong} of these"
    )
}

fn without_prices(
    unpriced: &[&Event],
    beside: &[Beside<'_>],
    out: &mut dyn Write,
) -> io::Result<()> {
    let same: Vec<_> = unpriced.iter().filter(|event| event.is_of_one_asset()).collect();
    let off_snapshot: Vec<String> = same
        .iter()
        .filter_map(|event| {
            let shown = event.collateral.whole() / event.debt.whole();
            let bonus = from_raw(i128::from(event.collateral.reserve.bonus_bps), 4);
            let off = super::deviation(&shown, &bonus) > from_raw(1_000, 6);
            let stands = event.collateral.reserve.bonus_bps;
            off.then(|| format!("{}: {} for {stands}", place(event), bps(&shown)))
        })
        .collect();
    writeln!(out, "\nWithout prices: the price each event implies against its neighbours in time")?;
    let (all, off) = (same.len(), off_snapshot.len());
    writeln!(out, "same asset on both sides: {all}, all but {off} at the bonus of the snapshot")?;
    packed(off_snapshot.get(..2).unwrap_or(&off_snapshot), out)?;
    let alone = beside.iter().filter(|one| one.away.is_none()).count();
    let is_eth = |one: &&Beside<'_>| one.series == Series::EthInDollars;
    let eth: Vec<_> = beside.iter().filter(is_eth).collect();
    let prices = || eth.iter().map(|one| &one.price);
    if let (Some(low), Some(high)) = (prices().min(), prices().max()) {
        writeln!(
            out,
            "ETH in dollars: from {} to {}; {alone} events are alone in their series",
            dollars(low),
            dollars(high)
        )?;
    }
    writeln!(
        out,
        "{:<20}{:>7}  {:>9}{:>9}{:>9}{:>9}   {:<13}{:<13}within 5 %",
        "away from the nearer",
        "events",
        "median",
        "90 %",
        "99 %",
        "largest",
        "within 0.5 %",
        "within 2 %"
    )?;
    let pairs: Vec<_> = beside.iter().filter(|one| !is_eth(one)).collect();
    for (name, of) in [("ETH", &eth), ("pair", &pairs)] {
        buckets(name, of, out)?;
    }
    let checked = beside.iter().filter(|one| one.spike.is_some()).count();
    let limit = from_raw(SPIKE_PPM, 6);
    let mut spikes: Vec<_> =
        beside.iter().filter(|one| one.spike.as_ref().is_some_and(|far| *far > limit)).collect();
    spikes.sort_by(|left, right| right.spike.cmp(&left.spike));
    writeln!(
        out,
        "outliers: {} of {checked} whose neighbours lie within 10 minutes and agree to 1 % lie 2 % outside",
        spikes.len()
    )?;
    let outlier = |one: &&Beside<'_>| {
        let far = one.spike.as_ref().map_or(String::new(), share);
        format!("{}: {far}", place(one.event))
    };
    packed(&spikes.iter().take(OUTLIERS).map(outlier).collect::<Vec<_>>(), out)
}

fn buckets(name: &str, of: &[&Beside<'_>], out: &mut dyn Write) -> io::Result<()> {
    let ends = [
        ("to 1 minute", SignedDuration::from_mins(1)),
        ("to 10 minutes", SignedDuration::from_mins(10)),
        ("to 1 hour", SignedDuration::from_hours(1)),
        ("beyond", SignedDuration::MAX),
    ];
    let mut begin = SignedDuration::MIN;
    for (label, end) in ends {
        let within = |one: &&&Beside<'_>| one.away.is_some_and(|away| begin < away && away <= end);
        let mut far: Vec<&Rational> =
            of.iter().filter(within).filter_map(|one| one.from_nearer.as_ref()).collect();
        far.sort();
        begin = end;
        let Some(last) = far.len().checked_sub(1) else { continue };
        let at =
            |percent: usize| far.get(last * percent / 100).map_or(String::new(), |far| share(far));
        let tier = |ppm: i128| {
            let limit = from_raw(ppm, 6);
            let count = far.iter().filter(|far| ***far <= limit).count();
            format!("{count} {}", percent(count, far.len()))
        };
        writeln!(
            out,
            "{:<20}{:>7}  {:>9}{:>9}{:>9}{:>9}   {:<13}{:<13}{}",
            format!("{name}, {label}"),
            far.len(),
            at(50),
            at(90),
            at(99),
            at(100),
            tier(5_000),
            tier(20_000),
            tier(50_000),
        )?;
    }
    Ok(())
}

fn dollars(price: &Rational) -> String {
    format(price, 2).trim_end_matches('…').to_owned()
}

fn day(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// `count` of `all` in per cent, rounded down, so that 100 means all.
fn percent(count: usize, all: usize) -> String {
    if all == 0 {
        return "-".to_owned();
    }
    let tenths = count * 1_000 / all;
    format!("{}.{}%", tenths / 10, tenths % 10)
}

/// A share in per cent, two digits, cut.
fn share(of: &Rational) -> String {
    let cut = format(&(of * from_raw(100, 0)), 2);
    format!("{}%", cut.trim_end_matches('…'))
}

/// A ratio in basis points, one digit, rounded.
fn bps(ratio: &Rational) -> String {
    let raw = to_raw(&(ratio * from_raw(10_000, 0)), 1, Rounding::HalfUp);
    raw.map_or("beyond 128 bits".to_owned(), |raw| format_raw(raw, 1))
}
