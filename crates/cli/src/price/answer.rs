//! What is told about each market.

use super::figure::{PERCENT_PLACES, PLACES, down, fraction, percent, reached, up};
use super::{Asked, Contract};
use crate::failure::Failure;
use breakwater_margin::liquidation_price::{
    AskError, Direction, Form, Healthy, MixedBook, Payment, Position, Root, distance,
    margin_for_distance,
};
use breakwater_money::{Rational, rational};
use serde::Serialize;

/// Everything that `breakwater price` says.
#[derive(Serialize)]
pub struct Answer {
    pub schema: &'static str,
    /// The file; null for a position from flags.
    pub book: Option<String>,
    /// What equity, maintenance and margin are counted in.
    pub unit: String,
    pub markets: Vec<Market>,
}

/// One market, all other marks held.
#[derive(Serialize)]
pub struct Market {
    pub contract: String,
    pub mark: String,
    pub positions: Vec<Held>,
    /// At the mark.
    pub state: State,
    pub equity: String,
    pub maintenance: String,
    pub healthy: Range,
    /// One a side on which there is one.
    pub liquidation: Vec<Told>,
    pub bankruptcy: Option<Told>,
    /// For `--distance`: one a side on which some margin reaches it; null if it was not asked for.
    pub wanted: Option<Vec<Wanted>>,
}

#[derive(Serialize)]
pub struct Held {
    pub form: &'static str,
    pub side: &'static str,
    pub quantity: String,
    pub entry: String,
}

/// What the account is at the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Healthy,
    Liquidatable,
    Bankrupt,
}

/// At which prices of this market the account is healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Range {
    Everywhere,
    Within,
    Nowhere,
}

/// A price with its way from the mark.
#[derive(Serialize)]
pub struct Told {
    /// The move that reaches it: of the price of an account that is healthy on its other side.
    pub market: Way,
    /// Rounded to be reached no later.
    pub price: String,
    /// The same as a fraction.
    pub exact: String,
    /// Tier of each position there, counted from 1; null without tiers and above the last cap.
    /// Missing for a bankruptcy price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tiers: Option<Vec<Option<usize>>>,
    /// From the mark, rounded down.
    pub distance_percent: String,
    #[serde(skip)]
    pub value: Rational,
    /// Whether the price lies below the mark.
    #[serde(skip)]
    pub below: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    Falling,
    Rising,
}

/// The margin for a distance.
#[derive(Serialize)]
pub struct Wanted {
    pub market: Way,
    pub distance_percent: String,
    pub price: String,
    /// To add, rounded up; negative if so much can be taken out.
    pub margin: String,
    pub exact: String,
    #[serde(skip)]
    pub value: Rational,
    #[serde(skip)]
    pub at: Rational,
}

/// The answer for every market of the account.
pub fn of(asked: &Asked, wanted: Option<&Rational>) -> Result<Answer, Failure> {
    let markets = (0..).zip(&asked.contracts);
    let markets = markets.map(|(index, contract)| market(asked, index, contract, wanted));
    Ok(Answer {
        schema: "breakwater.price/1",
        book: asked.book.clone(),
        unit: asked.unit.clone(),
        markets: markets.collect::<Result<_, _>>()?,
    })
}

fn market(
    asked: &Asked,
    index: usize,
    contract: &Contract,
    wanted: Option<&Rational>,
) -> Result<Market, Failure> {
    let mark = &contract.mark;
    let book = asked.account.seen_from(index, mark).map_err(|error| match &asked.book {
        Some(file) => Failure::Data(format!(
            "{file}: {}",
            error.to_string().replace("tokens[", "collateral[")
        )),
        None => Failure::Usage(error.to_string()),
    })?;
    let healthy = book.healthy();
    let range = match &healthy {
        Healthy::Nowhere => Range::Nowhere,
        Healthy::Between { lower: None, upper: None } => Range::Everywhere,
        Healthy::Between { .. } => Range::Within,
    };
    let mut liquidation = Vec::new();
    if let Healthy::Between { lower, upper } = healthy {
        liquidation.extend(lower.map(|root| told(root, mark, Way::Falling)));
        liquidation.extend(upper.map(|root| told(root, mark, Way::Rising)));
    }
    // The book counts in the quote asset; an account kept in coin is told in coin.
    let coin_margined = asked.account.is_coin_margined();
    let in_unit = |value: Rational| if coin_margined { value / mark } else { value };
    let payment = if coin_margined { Payment::Coin(0) } else { Payment::Quote };
    Ok(Market {
        contract: contract.name.clone(),
        mark: down(mark, PLACES),
        positions: book.positions().iter().map(held).collect(),
        state: state(&book, mark),
        equity: down(&in_unit(book.equity(mark)), PLACES),
        maintenance: up(&in_unit(book.maintenance(mark)), PLACES),
        healthy: range,
        liquidation,
        bankruptcy: bankruptcy(&book, mark),
        wanted: wanted.map(|wanted| margins(&book, mark, wanted, payment)).transpose()?,
    })
}

fn held(position: &Position) -> Held {
    let nought = rational::from_raw(0, 0);
    let long = position.quantity > nought;
    let size = if long { position.quantity.clone() } else { -&position.quantity };
    Held {
        form: match position.form {
            Form::Linear => "linear",
            Form::Inverse { .. } => "inverse",
        },
        side: if long { "long" } else { "short" },
        quantity: down(&size, PLACES),
        entry: down(&position.entry, PLACES),
    }
}

fn state(book: &MixedBook, mark: &Rational) -> State {
    let nought = rational::from_raw(0, 0);
    if book.value(mark) <= nought {
        State::Bankrupt
    } else if book.surplus_at(mark) <= nought {
        State::Liquidatable
    } else {
        State::Healthy
    }
}

fn told(root: Root, mark: &Rational, way: Way) -> Told {
    let tiers = root.tiers.into_iter().map(|tier| Some(tier? + 1)).collect();
    Told { tiers: Some(tiers), ..priced(root.price, mark, way) }
}

fn priced(price: Rational, mark: &Rational, way: Way) -> Told {
    let away = distance(mark, &price).unwrap_or_else(|| rational::from_raw(0, 0));
    Told {
        market: way,
        price: reached(&price, way == Way::Falling, PLACES),
        exact: fraction(&price),
        tiers: None,
        distance_percent: percent(&away, PERCENT_PLACES),
        below: price < *mark,
        value: price,
    }
}

/// The market that makes the account worthless falls if its worth rises with the price.
fn bankruptcy(book: &MixedBook, mark: &Rational) -> Option<Told> {
    let price = book.bankruptcy_price()?;
    let rises = book.value(&(mark + rational::from_raw(1, 0))) > book.value(mark);
    Some(priced(price, mark, if rises { Way::Falling } else { Way::Rising }))
}

/// The answers of both sides. A side without one is one on which no margin makes the account
/// liquidatable so far away.
fn margins(
    book: &MixedBook,
    mark: &Rational,
    wanted: &Rational,
    payment: Payment,
) -> Result<Vec<Wanted>, Failure> {
    let one = rational::from_raw(1, 0);
    let mut answers = Vec::new();
    for (direction, way) in [(Direction::Falling, Way::Falling), (Direction::Rising, Way::Rising)] {
        let margin = match margin_for_distance(book, mark, direction, wanted, payment) {
            Ok(margin) => margin,
            Err(error @ AskError::OtherAsset) => {
                return Err(Failure::Data(format!("--distance: {error}")));
            }
            Err(_) => continue,
        };
        let falling = way == Way::Falling;
        let price = mark * if falling { &one - wanted } else { &one + wanted };
        answers.push(Wanted {
            market: way,
            distance_percent: percent(wanted, PLACES),
            price: reached(&price, falling, PLACES),
            margin: up(&margin, PLACES),
            exact: fraction(&margin),
            value: margin,
            at: price,
        });
    }
    Ok(answers)
}
