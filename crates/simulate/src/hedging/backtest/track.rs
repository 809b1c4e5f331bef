//! What a book does over a chain, whatever the hedge: its value and derivatives step by step.

use super::Split;
use crate::ScenarioError;
use crate::hedging::attribution::Terms;
use crate::hedging::book::{Book, Market, Position};
use crate::hedging::chain::{Chain, Snapshot, strike_key, told};
use crate::hedging::legs::{Leg, Point, YEAR_SECONDS};

/// From one snapshot to the next.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub at_seconds: i64,
    pub later_seconds: i64,
    /// Forward that the hedge moves with, at the start and at the end.
    pub price: f64,
    pub price_later: f64,
    /// What the options gain.
    pub gain: f64,
    /// What of it their derivatives explain.
    pub options: Terms,
    /// Coins that options paid at their expiry within the step.
    pub paid_coins: f64,
    /// Change of the book's delta by the price.
    pub gamma: f64,
    /// Of the option with most gamma.
    pub years: f64,
    pub volatility: f64,
    /// Options that live, with their quantity.
    pub points: Vec<(f64, Point)>,
}

pub(super) struct Track {
    pub steps: Vec<Step>,
    pub unchanged: usize,
    pub carried: usize,
    pub worth: f64,
}

/// A forward that moves by more than this between two snapshots has been split, or is wrong.
const JUMP_MAX: f64 = 1.5;

/// A position's last known forward and volatility, in prices before any split.
#[derive(Debug, Clone, Copy)]
struct Known {
    forward: f64,
    volatility: f64,
}

pub(super) fn of(chain: &Chain, book: &Book, splits: &[Split]) -> Result<Track, ScenarioError> {
    check_splits(splits)?;
    let first = chain.snapshots.first().ok_or_else(|| ScenarioError::setting("chain", "empty"))?;
    let mut known = Vec::new();
    for position in &book.positions {
        known.push(first_quote(position, first)?);
    }
    let mut track = Track { steps: Vec::new(), unchanged: 0, carried: 0, worth: 0.0 };
    for pair in chain.snapshots.windows(2) {
        let [now, later] = pair else { continue };
        let step = step(book, (now, later), splits, &mut known, &mut track.carried)?;
        let same = now.expiries.iter().all(|(expiry, quotes)| {
            later.expiries.get(expiry).is_none_or(|it| it.forward == quotes.forward)
        });
        track.unchanged += usize::from(same);
        if track.steps.is_empty() {
            for (quantity, point) in &step.points {
                track.worth += quantity * Leg::at(point, &book.market)?.value;
            }
        }
        track.steps.push(step);
    }
    Ok(track)
}

fn check_splits(splits: &[Split]) -> Result<(), ScenarioError> {
    for split in splits {
        if !(0.001..=1_000.0).contains(&split.ratio) {
            let reason = format!("{}: a ratio from 0.001 to 1000 is right", split.ratio);
            return Err(ScenarioError::setting("split", reason));
        }
    }
    Ok(())
}

/// New shares for one of the start.
fn ratio(splits: &[Split], at: i64) -> f64 {
    splits.iter().filter(|split| split.at_seconds <= at).map(|split| split.ratio).product()
}

fn first_quote(position: &Position, first: &Snapshot) -> Result<Known, ScenarioError> {
    let name = |field: &str| format!("{}.{field}", position.instrument);
    if position.expiry_seconds <= first.at_seconds {
        let (at, start) = (told(position.expiry_seconds), told(first.at_seconds));
        let reason = format!("{at}: expired; later than the chain's start {start} is right");
        return Err(ScenarioError::setting(name("expiry"), reason));
    }
    let Some(quotes) = first.expiries.get(&position.expiry_seconds) else {
        let there: Vec<String> = first.expiries.keys().take(20).map(|at| told(*at)).collect();
        let reason =
            format!("{}: one of {} is right", told(position.expiry_seconds), there.join(", "));
        return Err(ScenarioError::setting(name("expiry"), reason));
    };
    let key = (strike_key(position.strike), position.kind);
    let Some(quote) = quotes.quotes.get(&key) else {
        let nearest = quotes.quotes.values().map(|quote| quote.strike);
        let nearest = nearest
            .min_by(|a, b| (a - position.strike).abs().total_cmp(&(b - position.strike).abs()));
        let nearest = nearest.map_or_else(|| "none".to_owned(), |strike| strike.to_string());
        let reason = format!("{}: not quoted; the nearest is {nearest}", position.strike);
        return Err(ScenarioError::setting(name("strike"), reason));
    };
    Ok(Known { forward: quotes.forward, volatility: quote.volatility })
}

fn step(
    book: &Book,
    (now, later): (&Snapshot, &Snapshot),
    splits: &[Split],
    known: &mut [Known],
    carried: &mut usize,
) -> Result<Step, ScenarioError> {
    let Some((price, price_later)) = now.front(later) else {
        let reason = "no expiry that the next snapshot has as well and that is ahead";
        return Err(ScenarioError::setting(format!("at {}", told(now.at_seconds)), reason));
    };
    let (scale, scale_later) = (ratio(splits, now.at_seconds), ratio(splits, later.at_seconds));
    let (price, price_later) = (price * scale, price_later * scale_later);
    let jump = (price_later / price).max(price / price_later);
    if jump > JUMP_MAX {
        let (from, to) = (price / scale, price_later / scale_later);
        let reason = format!(
            "the forward goes from {from:.2} to {to:.2}, {:.3} to 1; if shares were split, say when \
             and how",
            from / to
        );
        return Err(ScenarioError::setting(format!("at {}", told(later.at_seconds)), reason));
    }
    let mut step = Step {
        at_seconds: now.at_seconds,
        later_seconds: later.at_seconds,
        price,
        price_later,
        gain: 0.0,
        options: Terms::default(),
        paid_coins: 0.0,
        gamma: 0.0,
        years: 0.0,
        volatility: 0.0,
        points: Vec::new(),
    };
    let mut most = 0.0;
    for (position, known) in book.positions.iter().zip(known) {
        if position.expiry_seconds <= now.at_seconds {
            continue;
        }
        let point = point(position, known, now);
        let leg = Leg::at(&point, &book.market)?;
        let gamma = position.quantity * leg.gamma;
        step.gamma += gamma;
        if gamma.abs() > most || step.points.is_empty() {
            (most, step.years, step.volatility) = (gamma.abs(), point.years, point.volatility);
        }
        step.points.push((position.quantity, point));
        // What the next snapshot says of it.
        let share = price_later / price;
        *carried += usize::from(!update(position, known, later, scale_later, share));
        step.move_to(position, (&point, &leg), known, later, &book.market)?;
    }
    Ok(step)
}

fn point(position: &Position, known: &Known, at: &Snapshot) -> Point {
    Point {
        kind: position.kind,
        strike: position.strike,
        forward: known.forward,
        years: at.years_to(position.expiry_seconds),
        volatility: known.volatility,
    }
}

/// Takes forward and volatility from a snapshot. False if one had to be carried on: the forward with the
/// hedge's share of rise, the volatility as it was.
fn update(position: &Position, known: &mut Known, at: &Snapshot, scale: f64, share: f64) -> bool {
    let Some(quotes) = at.expiries.get(&position.expiry_seconds) else {
        known.forward *= share;
        // An option that has expired is not missed.
        return position.expiry_seconds <= at.at_seconds;
    };
    known.forward = quotes.forward * scale;
    // A split rounds strikes to the cent.
    let strike = libm::round(position.strike / scale * 100.0) / 100.0;
    let strike = if scale == 1.0 { position.strike } else { strike };
    match quotes.quotes.get(&(strike_key(strike), position.kind)) {
        Some(quote) => known.volatility = quote.volatility,
        None => return false,
    }
    true
}

impl Step {
    /// Adds what one position gains, and what of it is explained.
    fn move_to(
        &mut self,
        position: &Position,
        (point, leg): (&Point, &Leg),
        known: &Known,
        later: &Snapshot,
        market: &Market,
    ) -> Result<(), ScenarioError> {
        let quantity = position.quantity;
        let expired = position.expiry_seconds <= later.at_seconds;
        let (after, forward) = match expired {
            true => {
                let (kind, strike) = (position.kind, position.strike);
                let paid = Leg::settled(kind, strike, self.price_later, market);
                self.paid_coins += quantity * paid.coins;
                (paid, self.price_later)
            }
            false => (Leg::at(&self::point(position, known, later), market)?, known.forward),
        };
        let up = forward - point.forward;
        let until = position.expiry_seconds.min(later.at_seconds);
        let years = (until - self.at_seconds) as f64 / YEAR_SECONDS;
        let volatility = if expired { point.volatility } else { known.volatility };
        self.gain += quantity * (after.value - leg.value);
        self.options.delta += quantity * leg.slope * up;
        self.options.gamma += quantity * 0.5 * leg.curvature * up * up;
        self.options.theta += quantity * leg.theta * years;
        self.options.vega += quantity * leg.vega * (volatility - point.volatility);
        Ok(())
    }

    /// The book's delta at a multiple of its volatilities, and what it is worth in coins.
    pub fn delta(&self, market: &Market, factor: f64) -> Result<(f64, f64), ScenarioError> {
        let (mut delta, mut coins) = (0.0, 0.0);
        for (quantity, point) in &self.points {
            let at = Point { volatility: point.volatility * factor, ..*point };
            let leg = Leg::at(&at, market)?;
            delta += quantity * leg.delta;
            coins += quantity * leg.coins;
        }
        Ok((delta, coins))
    }
}
