//! What is told about an option book.

use super::rule::ByName;
use super::{Asked, file};
use crate::failure::Failure;
use crate::price::answer::{Range, State, Way};
use crate::price::figure::{PERCENT_PLACES, PLACES, fraction, percent};
use breakwater_margin::liquidation_price::distance;
use breakwater_margin::option::Settled;
use breakwater_margin::option_book::{
    Crossings, Event, OptionBook, OptionBookError, Scan, Standing, Terms,
};
use breakwater_margin::scenario::Positions;
use breakwater_money::decimal::{format_raw, format_raw_signed};
use breakwater_money::rounding::Rounding;
use breakwater_money::{Rational, rational};
use breakwater_options::Kind;
use serde::Serialize;

/// Largest raw price that a listing carries.
const END_MAX: u128 = 1 << 90;

/// Everything that `breakwater price` says of an option book: the schema of all its answers, with
/// more in its one market.
#[derive(Serialize)]
pub struct Answer {
    pub schema: &'static str,
    pub book: String,
    /// What equity, maintenance and margin are counted in.
    pub unit: String,
    pub markets: [Market; 1],
}

/// The underlying, whose price moves every position.
#[derive(Serialize)]
pub struct Market {
    pub contract: String,
    pub mark: String,
    pub settled: Settled,
    pub requirement: Required,
    pub positions: Vec<Held>,
    /// At the mark.
    pub state: State,
    pub equity: String,
    pub maintenance: String,
    /// As far as was looked.
    pub healthy: Range,
    /// First ticks found in breach, one a side on which there is one; none if the mark is.
    pub liquidation: Vec<Found>,
    /// First ticks found not in breach, where the mark is.
    pub recovery: Vec<Found>,
    /// The nearer of `bankruptcies`.
    pub bankruptcy: Option<Found>,
    /// First ticks found with equity of zero or less, one a side.
    pub bankruptcies: Vec<Found>,
    pub scan: Looked,
    /// For `--distance`: one a side on which there is such a price; null if it was not asked for.
    pub wanted: Option<Vec<Wanted>>,
}

/// By whose rule.
#[derive(Serialize)]
pub struct Required {
    pub by: ByName,
    /// Null where the file states the numbers.
    pub rulebook: Option<String>,
}

/// A position. What its form does not have is left out.
#[derive(Clone, Default, Serialize)]
pub struct Held {
    pub contract: String,
    pub form: &'static str,
    pub side: &'static str,
    pub quantity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strike: Option<String>,
    /// Time to its end; left out for a perpetual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volatility: Option<String>,
    pub mark: String,
}

/// A tick that was found.
#[derive(Clone, Serialize)]
pub struct Found {
    /// The move that reaches it.
    pub market: Way,
    pub price: String,
    /// The same as a fraction.
    pub exact: String,
    /// From the mark, rounded down.
    pub distance_percent: String,
    /// There.
    pub equity: String,
    pub maintenance: String,
}

/// What was looked at.
#[derive(Serialize)]
pub struct Looked {
    pub tick: String,
    /// Between two ticks looked at; zero if every tick was.
    pub step_percent: String,
    pub lowest: String,
    pub highest: String,
    /// How many ticks that is, where nothing is found.
    pub ticks: usize,
}

/// The margin for a distance.
#[derive(Serialize)]
pub struct Wanted {
    pub market: Way,
    pub distance_percent: String,
    /// The tick at the distance, or the next further away.
    pub price: String,
    /// To add; negative if so much can be taken out.
    pub margin: String,
    pub exact: String,
    /// Where on the way so much is needed.
    pub needed_at: String,
    #[serde(skip)]
    pub taken_out: bool,
}

/// The answer for a book.
pub(super) fn of(asked: &Asked, wanted: Option<&Rational>) -> Result<Answer, Failure> {
    let terms = Terms {
        mark: asked.mark,
        balance: asked.balance,
        requirement: asked.rule.requirement(),
        equality_breaches: asked.rule.equality_breaches,
    };
    let positions = Positions { futures: &asked.futures, options: &asked.options };
    let book = OptionBook::new(&asked.listing, &positions, terms);
    let book = book.map_err(|error| asked.refused(error))?;
    let view = View { asked, book };
    let market = view.market(wanted)?;
    Ok(Answer {
        schema: "breakwater.price/1",
        book: asked.book.clone(),
        unit: asked.unit.clone(),
        markets: [market],
    })
}

impl Asked {
    /// What the book refuses is a number too large for its scale: the file's were checked before.
    fn refused(&self, error: OptionBookError) -> Failure {
        Failure::Data(format!(
            "{}: positions: {error}; expected fewer or smaller ones, fewer options.settle_decimals, or a \
             narrower range from options.lowest to options.highest",
            self.book
        ))
    }

    /// A raw price as text.
    fn price(&self, raw: u128) -> String {
        format_raw(raw, self.listing.decimals.price)
    }

    fn amount(&self, raw: i128) -> String {
        format_raw_signed(raw, self.listing.decimals.settle)
    }

    fn required(&self, raw: u128) -> String {
        format_raw(raw, self.listing.decimals.settle)
    }

    fn exact(&self, raw: u128) -> Rational {
        // Prices were checked to be below 2^90.
        rational::from_raw(i128::try_from(raw).unwrap_or(i128::MAX), self.listing.decimals.price)
    }
}

struct View<'a> {
    asked: &'a Asked,
    book: OptionBook<'a>,
}

impl View<'_> {
    fn market(&self, wanted: Option<&Rational>) -> Result<Market, Failure> {
        let asked = self.asked;
        let refused = |error| asked.refused(error);
        let Standing { equity, requirement } = self.book.at(asked.mark).map_err(refused)?;
        let breach = self.book.crossings(Event::Breach, &asked.scan).map_err(refused)?;
        let bankrupt = self.book.crossings(Event::Bankruptcy, &asked.scan).map_err(refused)?;
        let found = self.found(&breach)?;
        let (liquidation, recovery) =
            if breach.at_mark { (Vec::new(), found) } else { (found, Vec::new()) };
        let bankruptcies = if bankrupt.at_mark { Vec::new() } else { self.found(&bankrupt)? };
        let nearer = [bankrupt.lower, bankrupt.upper];
        let nearer = (0..).zip(nearer.into_iter().flatten());
        let nearer = nearer.min_by_key(|(_, price)| price.abs_diff(asked.mark));
        let nearer: Option<usize> = nearer.map(|(place, _)| place);
        Ok(Market {
            contract: asked.underlying.clone(),
            mark: asked.price(asked.mark),
            settled: asked.listing.settled,
            requirement: Required {
                by: asked.rule.by_name(),
                rulebook: asked.rule.rulebook.clone(),
            },
            positions: self.positions()?,
            state: match (bankrupt.at_mark, breach.at_mark) {
                (true, _) => State::Bankrupt,
                (false, true) => State::Liquidatable,
                (false, false) => State::Healthy,
            },
            equity: asked.amount(equity),
            maintenance: asked.required(requirement),
            healthy: range(&breach),
            liquidation,
            recovery,
            bankruptcy: nearer.and_then(|place| bankruptcies.get(place).cloned()),
            bankruptcies,
            scan: self.looked(),
            wanted: wanted.map(|wanted| self.wanted(wanted)).transpose()?,
        })
    }

    /// The positions, options with their marks where the file states volatilities.
    fn positions(&self) -> Result<Vec<Held>, Failure> {
        let asked = self.asked;
        let marks = self.book.marks_at(asked.mark).map_err(|error| asked.refused(error))?;
        let mut marks = marks.into_iter();
        let told = asked.held.iter().map(|held| {
            let mut held = held.clone();
            if held.kind.is_some() {
                let mark = marks.next().unwrap_or_default();
                if held.mark.is_empty() {
                    held.mark = format_raw(mark, asked.listing.decimals.mark);
                }
            }
            held
        });
        Ok(told.collect())
    }

    fn found(&self, crossings: &Crossings) -> Result<Vec<Found>, Failure> {
        let sides = [(crossings.lower, Way::Falling), (crossings.upper, Way::Rising)];
        let sides = sides.into_iter().filter_map(|(price, way)| Some((price?, way)));
        sides.map(|(price, way)| self.told(price, way)).collect()
    }

    fn told(&self, price: u128, market: Way) -> Result<Found, Failure> {
        let asked = self.asked;
        let standing = self.book.at(price).map_err(|error| asked.refused(error))?;
        let (exact, mark) = (asked.exact(price), asked.exact(asked.mark));
        let away = distance(&mark, &exact).unwrap_or_else(|| rational::from_raw(0, 0));
        Ok(Found {
            market,
            price: asked.price(price),
            exact: fraction(&exact),
            distance_percent: percent(&away, PERCENT_PLACES),
            equity: asked.amount(standing.equity),
            maintenance: asked.required(standing.requirement),
        })
    }

    fn looked(&self) -> Looked {
        let Scan { tick, step_bps, lowest, highest } = self.asked.scan;
        Looked {
            tick: self.asked.price(tick),
            step_percent: format_raw(step_bps.into(), 2),
            lowest: self.asked.price(lowest),
            highest: self.asked.price(highest),
            ticks: self.asked.looks,
        }
    }

    /// Both sides; a fall of 100 % and more is no price.
    fn wanted(&self, wanted: &Rational) -> Result<Vec<Wanted>, Failure> {
        let asked = self.asked;
        let (one, mark) = (rational::from_raw(1, 0), asked.exact(asked.mark));
        let decimals = asked.listing.decimals.price;
        let mut answers = Vec::new();
        for (market, share, rounding) in [
            (Way::Falling, &one - wanted, Rounding::Floor),
            (Way::Rising, &one + wanted, Rounding::Ceil),
        ] {
            let end = rational::to_raw(&(&mark * share), decimals, rounding);
            let end = match (end, market) {
                (Ok(end), _) if (asked.scan.tick..=END_MAX).contains(&end) => end,
                (_, Way::Falling) => continue,
                (_, Way::Rising) => {
                    let told = percent(wanted, PLACES);
                    let why =
                        format!("--distance is {told}%, expected less: no such price is carried");
                    return Err(Failure::Usage(why));
                }
            };
            // The range of the scan does not bound what is asked for.
            let way =
                Scan { lowest: end.min(asked.mark), highest: end.max(asked.mark), ..asked.scan };
            file::looks(&way, asked.mark)
                .map_err(|(field, why)| Failure::Data(format!("{}: {field}: {why}", asked.book)))?;
            let missing =
                self.book.margin_to(end, &asked.scan).map_err(|error| asked.refused(error))?;
            answers.push(Wanted {
                market,
                distance_percent: percent(wanted, PLACES),
                price: asked.price(missing.end),
                margin: asked.amount(missing.margin),
                exact: fraction(&rational::from_raw(missing.margin, asked.listing.decimals.settle)),
                needed_at: asked.price(missing.needed_at),
                taken_out: missing.margin < 0,
            });
        }
        Ok(answers)
    }
}

const fn range(breach: &Crossings) -> Range {
    match (breach.at_mark, breach.lower, breach.upper) {
        (false, None, None) => Range::Everywhere,
        (true, None, None) => Range::Nowhere,
        _ => Range::Within,
    }
}
