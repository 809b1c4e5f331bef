//! Charts of one format: the day with its lots, a few lots in full, proceeds against value.

use super::Told;
use super::page::chart;
use breakwater_liquidation::auctions::{DutchCurve, DutchTerms, Format};
use breakwater_report::{
    BidMark, Drawn, LotBids, LotMark, LotPath, Proceeds, ProceedsPoint, Section, SectionChart,
};
use breakwater_simulate::auctions::runner::{AuctionRun, Lot};
use breakwater_simulate::auctions::settings::UNIT_DECIMALS;
use breakwater_simulate::book::PRICE_DECIMALS;
use std::collections::BTreeMap;

/// The section of a format.
pub fn of_run(told: &Told<'_>, run: &AuctionRun) -> Section {
    let name = |what: &str| format!("{}-{what}", plain(&run.format));
    let mut charts =
        vec![chart(&name("day"), "The day and its lots", true, Drawn::Lots(path(told, run)))];
    for (number, (title, lot)) in chosen(run).into_iter().enumerate() {
        let drawn = Drawn::Bids(bids(told, run, lot));
        charts.push(chart(&name(&format!("lot-{number}")), &title, false, drawn));
    }
    charts.push(proceeds(&name("proceeds"), run));
    let rules = told.scenario.format(&run.format).map(super::page_tables::rules);
    let text = rules.map_or_else(|_| String::new(), |rules| format!("{rules}."));
    Section { title: run.title.clone(), text, charts, tables: Vec::new() }
}

/// A name fit for an address.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

fn placed(raw: u128, decimals: u8) -> f64 {
    raw as f64 / 10f64.powi(i32::from(decimals))
}

fn money(raw: u128) -> f64 {
    placed(raw, UNIT_DECIMALS)
}

fn hours(seconds: u64) -> f64 {
    seconds as f64 / 3_600.0
}

/// Money for one whole unit.
fn unit_price(amount: u128, quantity: u128) -> f64 {
    if quantity == 0 { 0.0 } else { amount as f64 / quantity as f64 }
}

fn won_at_zero(told: &Told<'_>, lot: &Lot) -> bool {
    let bps = told.scenario.settings.run.zero_bps;
    lot.sold > 0 && lot.paid as f64 * 10_000.0 < lot.fair_sold as f64 * f64::from(bps)
}

fn path(told: &Told<'_>, run: &AuctionRun) -> LotPath {
    let day = told.scenario.day();
    let pair = told.scenario.settings.market.name.clone();
    let mut moments: BTreeMap<u64, (u128, u64, u128, u64)> = BTreeMap::new();
    for lot in &run.lots {
        let (value, lots, zero, zeros) = moments.entry(lot.opened_at).or_default();
        (*value, *lots) = (*value + lot.fair, *lots + 1);
        if won_at_zero(told, lot) {
            (*zero, *zeros) = (*zero + lot.fair, *zeros + 1);
        }
    }
    let mark = |(at, (value, lots, zero, zeros)): (&u64, &(u128, u64, u128, u64))| LotMark {
        at_hours: hours(*at),
        price: placed(day.price_at(*at), PRICE_DECIMALS),
        value_usd: money(*value),
        at_zero_usd: money(*zero),
        hint: format!(
            "{} worth {:.0}; {zeros} won at zero, worth {:.0}",
            crate::figures::counted(*lots, "lot", "lots"),
            money(*value),
            money(*zero)
        ),
    };
    LotPath {
        unit: pair.rsplit_once('/').map_or("", |(_, unit)| unit).to_owned(),
        pair,
        points: day
            .prices
            .iter()
            .map(|point| (hours(point.at_seconds), placed(point.price, PRICE_DECIMALS)))
            .collect(),
        lots: moments.iter().map(mark).collect(),
    }
}

/// The lots worth a chart: the most fought for, and the most valuable of those that fetched least.
fn chosen(run: &AuctionRun) -> Vec<(String, &Lot)> {
    let sold = || run.lots.iter().filter(|lot| lot.sold > 0);
    let fought = sold().max_by_key(|lot| (lot.bids.len(), lot.fair, std::cmp::Reverse(lot.number)));
    let cheapest = sold().min_by(|a, b| {
        let lost = |lot: &Lot| lot.fair_sold.saturating_sub(lot.paid);
        lost(b).cmp(&lost(a)).then(a.number.cmp(&b.number))
    });
    let mut chosen = Vec::new();
    if let Some(lot) = fought {
        chosen.push((format!("Lot {}: the most bids", lot.number), lot));
    }
    if let Some(lot) = cheapest.filter(|lot| fought.is_none_or(|it| it.number != lot.number)) {
        chosen.push((format!("Lot {}: the largest loss", lot.number), lot));
    }
    chosen
}

fn bids(told: &Told<'_>, run: &AuctionRun, lot: &Lot) -> LotBids {
    let until = lot.sold_at.or(lot.closed_at).unwrap_or(lot.opened_at).max(lot.opened_at + 60);
    let minutes = |at: u64| at.saturating_sub(lot.opened_at) as f64 / 60.0;
    let day = told.scenario.day();
    let price = |at: u64| placed(day.price_at(at), PRICE_DECIMALS);
    let mut market = vec![(0.0, price(lot.opened_at))];
    let between =
        day.prices.iter().filter(|p| p.at_seconds > lot.opened_at && p.at_seconds < until);
    market.extend(between.map(|p| (minutes(p.at_seconds), placed(p.price, PRICE_DECIMALS))));
    market.push((minutes(until), price(until)));
    let strategy = |number: u32| {
        let bidder = run.bidders.get(number as usize);
        bidder.map_or_else(String::new, |it| format!("{} {number}", it.strategy.name()))
    };
    let last = lot.bids.len().saturating_sub(1);
    let is_descending =
        matches!(told.scenario.format(&run.format).map(|rules| rules.format), Ok(Format::Dutch(_)));
    let mark = |(place, bid): (usize, &breakwater_simulate::auctions::runner::BidPoint)| BidMark {
        at_minutes: minutes(bid.at_seconds),
        price: unit_price(bid.amount, bid.quantity),
        bidder: strategy(bid.bidder),
        won: is_descending || (lot.winner == Some(bid.bidder) && own_last(lot, place, last)),
    };
    LotBids {
        caption: format!(
            "{:.2} {}, {}: paid {:.0} for what was worth {:.0}.",
            money(lot.quantity),
            told.scenario.settings.market.collateral,
            lot.wanted.map_or_else(
                || "to raise the most".to_owned(),
                |wanted| format!("to raise {:.0}", money(wanted))
            ),
            money(lot.paid),
            money(lot.fair_sold)
        ),
        unit: format!(
            "{} for 1 {}",
            told.scenario.settings.market.debt, told.scenario.settings.market.collateral
        ),
        market,
        asked: asked(told, run, lot, until),
        bids: lot.bids.iter().enumerate().map(mark).collect(),
    }
}

/// Whether the bid is its bidder's last.
fn own_last(lot: &Lot, place: usize, last: usize) -> bool {
    let own = |at: &usize| lot.bids[*at].bidder == lot.bids[place].bidder;
    (place..=last).filter(own).count() == 1
}

/// The falling price of a lot that was never started again.
fn asked(told: &Told<'_>, run: &AuctionRun, lot: &Lot, until: u64) -> Vec<(f64, f64)> {
    let Ok(Format::Dutch(terms)) = told.scenario.format(&run.format).map(|rules| rules.format)
    else {
        return Vec::new();
    };
    if lot.restarts > 0 {
        return Vec::new();
    }
    let seconds = until.saturating_sub(lot.opened_at).min(terms.age_seconds_max);
    let top = unit_price(lot.at_mark, lot.quantity) * f64::from(terms.start_bps) / 10_000.0;
    let step = match terms.curve {
        DutchCurve::Stairs { step_seconds, .. } => step_seconds.max(1),
        DutchCurve::Linear { .. } | DutchCurve::Exponential { .. } => 30,
    };
    (0..=seconds / step)
        .map(|i| (i * step) as f64)
        .map(|at| (at / 60.0, top * kept(&terms, at)))
        .collect()
}

/// What is left of the first price.
fn kept(terms: &DutchTerms, seconds: f64) -> f64 {
    match terms.curve {
        DutchCurve::Linear { seconds: all } => (1.0 - seconds / all as f64).max(0.0),
        DutchCurve::Stairs { kept_e9, step_seconds } => {
            (f64::from(kept_e9) / 1e9).powf((seconds / step_seconds as f64).floor())
        }
        DutchCurve::Exponential { kept_e9 } => (f64::from(kept_e9) / 1e9).powf(seconds),
    }
}

fn proceeds(name: &str, run: &AuctionRun) -> SectionChart {
    let point = |lot: &Lot| ProceedsPoint {
        lot: lot.number,
        value_usd: money(lot.fair_sold),
        paid_usd: money(lot.paid),
    };
    let points = run.lots.iter().filter(|lot| lot.sold > 0).map(point).collect();
    chart(name, "Proceeds against value", false, Drawn::Proceeds(Proceeds { points }))
}
