//! Which events follow from the rule, and why the others do not.

use std::collections::{BTreeMap, BTreeSet};

use breakwater_money::rational::{Rational, from_raw};
use breakwater_money::{Result, U256};
use jiff::{SignedDuration, Timestamp};

use super::events::{AssetKey, Event, Side};
use super::incentives::{Incentives, Standing, step};
use super::seizure::{Terms, collateral_for, seize};
use super::{deviation, exact};

/// An event fits when what was taken lies this near to what the rule gives, in parts per million.
pub const FIT_PPM: i128 = 1_000;

/// How near a price recorded beside an event must come to the price that would make it fit.
const SAME_PRICE_PPM: i128 = 100;

/// How far away in time such a price may be recorded.
const BESIDE: SignedDuration = SignedDuration::from_hours(1);

/// What becomes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Within [`FIT_PPM`] of the rule.
    Fits,
    /// A price is missing.
    NoPrice,
    /// One asset's feed is wrong in the source, and the other side is another asset.
    WrongFeed,
    /// The table knows no incentive of the asset yet.
    NoIncentive,
    /// The event shows an incentive that is not the table's, while the table's is changing.
    Changed,
    /// The collateral is a share of a trading pool, whose price stands still in the source.
    PoolShare,
    /// An event close by has recorded the price with which this one fits.
    PriceBeside,
    /// Some price is wrong, and no event close by shows the right one.
    PriceOff,
}

/// One event, judged.
#[derive(Debug, Clone)]
pub struct Verdict<'a> {
    /// The event.
    pub event: &'a Event,
    /// What became of it.
    pub class: Class,
    /// What the table knows of its incentive.
    pub standing: Standing<'a>,
    /// The incentive that the event's own amounts and prices give.
    pub implied: Option<Rational>,
    /// How far what was taken lies from what the rule gives, relative to the latter.
    pub deviation: Option<Rational>,
    /// One amount follows from the other to one smallest unit, one way or, where the borrower had no
    /// more to take, the other.
    pub to_one_unit: bool,
    /// Symbol and line of the price that makes the event fit.
    pub beside: Option<(&'a str, u64)>,
}

impl Verdict<'_> {
    /// Both prices present and neither feed wrong: what the shares are taken of.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        !matches!(self.class, Class::NoPrice | Class::WrongFeed)
    }

    /// The table had an incentive to judge it by.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        self.deviation.is_some()
    }

    /// Whether it lies within `ppm` parts per million of the rule.
    #[must_use]
    pub fn within(&self, ppm: i128) -> bool {
        self.deviation.as_ref().is_some_and(|deviation| *deviation <= from_raw(ppm, 6))
    }
}

/// Prices recorded by events, by asset: time, line and price in ETH.
type Recorded = BTreeMap<AssetKey, Vec<(Timestamp, u64, Rational)>>;

/// Whether both prices are there and neither is of a feed that is known to be wrong. With the same
/// asset on both sides the price cancels, right or wrong.
#[must_use]
pub fn is_clean(event: &Event, wrong_feeds: &BTreeSet<String>) -> bool {
    let wrong = |side: &Side| wrong_feeds.contains(&side.symbol);
    let priced = event.collateral.price_eth.is_some() && event.debt.price_eth.is_some();
    priced && (event.is_of_one_asset() || !wrong(&event.collateral) && !wrong(&event.debt))
}

/// Judges priced events by the table.
///
/// # Errors
/// A product of the rule beyond 256 bits.
pub fn judge<'a>(
    events: &'a [Event],
    incentives: &'a Incentives,
    wrong_feeds: &BTreeSet<String>,
) -> Result<Vec<Verdict<'a>>> {
    let mut recorded = Recorded::new();
    for event in events {
        for side in [&event.collateral, &event.debt] {
            if let Some(price) = side.eth() {
                let key = (event.market.clone(), side.symbol.clone());
                recorded.entry(key).or_default().push((event.time, event.line, price));
            }
        }
    }
    let one = |event| verdict(event, incentives, wrong_feeds, &recorded);
    events.iter().map(one).collect()
}

fn verdict<'a>(
    event: &'a Event,
    incentives: &'a Incentives,
    wrong_feeds: &BTreeSet<String>,
    recorded: &Recorded,
) -> Result<Verdict<'a>> {
    let standing = incentives.at(&event.market, &event.collateral.symbol, event.time);
    let implied = event.implied_bonus();
    let mut verdict = Verdict {
        event,
        class: Class::NoPrice,
        standing,
        implied: implied.clone(),
        deviation: None,
        to_one_unit: false,
        beside: None,
    };
    let (Some(collateral_price), Some(debt_price)) =
        (event.collateral.price_eth, event.debt.price_eth)
    else {
        return Ok(verdict);
    };
    if let Some(incentive) = standing.incentive() {
        let terms = Terms {
            collateral_price,
            debt_price,
            collateral_decimals: event.collateral.reserve.decimals,
            debt_decimals: event.debt.reserve.decimals,
            bonus_bps: incentive.bonus_bps,
        };
        let (taken, repaid) = (event.collateral.amount, event.debt.amount);
        let expected = collateral_for(repaid, &terms)?;
        // Had the borrower no more than was taken, the offer was larger than what was repaid.
        let emptied = seize(repaid.saturating_add(U256::ONE), taken, &terms)?;
        let near = |found: U256, given: U256| found.abs_diff(given) <= U256::ONE;
        verdict.to_one_unit =
            near(expected, taken) || near(emptied.collateral, taken) && near(emptied.debt, repaid);
        // An amount so small that the rule gives nothing for it cannot be compared.
        if !expected.is_zero() {
            verdict.deviation = Some(deviation(&exact(taken), &exact(expected)));
        }
    }
    if !is_clean(event, wrong_feeds) {
        verdict.class = Class::WrongFeed;
        return Ok(verdict);
    }
    let other_step = implied.as_ref().and_then(step).is_some();
    let symbol = &event.collateral.symbol;
    verdict.class = if verdict.within(FIT_PPM) {
        Class::Fits
    } else if symbol.starts_with("AmmUni") || symbol.starts_with("AmmBpt") {
        Class::PoolShare
    } else if verdict.deviation.is_none() {
        Class::NoIncentive
    } else if other_step && matches!(standing, Standing::Changing(_)) {
        Class::Changed
    } else {
        verdict.beside = beside(event, standing, recorded);
        if verdict.beside.is_some() { Class::PriceBeside } else { Class::PriceOff }
    };
    Ok(verdict)
}

/// The nearest record of a price, of either side, with which the event would fit.
fn beside<'a>(
    event: &'a Event,
    standing: Standing<'_>,
    recorded: &Recorded,
) -> Option<(&'a str, u64)> {
    let bonus = from_raw(i128::from(standing.incentive()?.bonus_bps), 4);
    let taken = event.collateral.whole();
    let repaid = event.debt.whole();
    let collateral_needed = &repaid * event.debt.eth()? * &bonus / &taken;
    let debt_needed = &taken * event.collateral.eth()? / (&bonus * &repaid);
    let mut nearest: Option<(SignedDuration, &str, u64)> = None;
    for (side, needed) in [(&event.collateral, collateral_needed), (&event.debt, debt_needed)] {
        let key = (event.market.clone(), side.symbol.clone());
        for (time, line, price) in recorded.get(&key).into_iter().flatten() {
            let away = event.time.duration_since(*time).abs();
            let closer = nearest.is_none_or(|(found, ..)| away < found);
            let same = || deviation(price, &needed) <= from_raw(SAME_PRICE_PPM, 6);
            if *line != event.line && away <= BESIDE && closer && same() {
                nearest = Some((away, &side.symbol, *line));
            }
        }
    }
    nearest.map(|(_, symbol, line)| (symbol, line))
}
