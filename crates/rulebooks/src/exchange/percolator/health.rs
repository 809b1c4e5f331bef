//! What an account has and must hold, and how prices move it.

use super::draft::{Held, Standing, more, plus, signed};
use super::market::Market;
use super::parameters::Book;
use breakwater_liquidation::backstop::side_index::Direction;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{Exposures, Rejected, View};
use breakwater_margin::Health;
use breakwater_margin::health::{Armed, Exposure};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, AssetId, Rational, Time, U256, rational};
use std::cmp::Reverse;

/// The highest line, in multiples of the requirement, that accounts are watched at.
const LINE_MAX: u128 = 2;

/// A position as of now.
struct Seen {
    held: Held,
    market: Market,
    /// Units that it holds, rounded down.
    effective: u128,
    /// At the price in use, rounded up; zero where it holds nothing.
    notional: u128,
}

/// An account as of now, without touching it.
pub(super) struct Summary {
    /// Deposit and profit, what the indices have moved since the account was touched included.
    pub equity: i128,
    pub maintenance: u128,
    pub initial: u128,
    seen: Vec<Seen>,
}

impl Summary {
    pub fn of(book: &Book, view: &View<'_>, account: AccountId) -> Result<Self, Rejected> {
        let standing = Standing::of(book, view, account)?;
        let equity = standing.equity()?;
        let mut it = Summary { equity, maintenance: 0, initial: 0, seen: Vec::new() };
        for held in standing.held {
            let market = Market::now(book, view, held.asset)?;
            let worth = market.side(held.direction).worth(&held.position);
            let worth = worth.map_err(super::market::refused)?;
            it.equity = plus(it.equity, worth.gain)?;
            let effective = worth.effective;
            let notional = market.notional(effective)?;
            if effective > 0 {
                it.maintenance = more(it.maintenance, market.terms.maintenance(notional)?)?;
                it.initial = more(it.initial, market.terms.initial(notional)?)?;
            }
            it.seen.push(Seen { held, market, effective, notional });
        }
        Ok(it)
    }

    /// A position at its maintenance is in breach; a flat account is where it owes, so that what it
    /// owes is booked.
    pub fn health(&self) -> Result<Health, Rejected> {
        Ok(Health::of(self.equity, self.maintenance, true)?)
    }

    /// Every position, the largest notional first; a tie goes to the lower contract.
    pub fn saleable(&self, book: &Book) -> Vec<Saleable> {
        let mut found: Vec<&Seen> = self.seen.iter().filter(|seen| seen.effective > 0).collect();
        found.sort_by_key(|seen| (Reverse(seen.notional), seen.held.asset));
        let item = |seen: &Seen| Saleable {
            asset: seen.held.asset,
            quantity: seen.effective,
            buy_back: seen.held.direction == Direction::Short,
            proceeds_asset: book.settle,
        };
        found.into_iter().map(item).collect()
    }

    /// How marks move the account. The price in use lies between what it was and the mark, so that a
    /// mark within its bounds keeps it within them; while it has yet to reach the mark, each slot asks
    /// again.
    ///
    /// A long's requirement falls with the price as far as its least, a short's rises by no more than
    /// its share: the one is left out, the other taken whole. A position may hold a fraction of a unit
    /// more than it is required for.
    pub fn exposures(
        &self,
        book: &Book,
        view: &View<'_>,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let mut armed = Armed { until: Time::MAX, error: 0 };
        for seen in &self.seen {
            let market = &seen.market;
            let most = more(seen.effective, 1)?;
            let value = market.value(most, market.mark, Rounding::Ceil)?;
            let short = seen.held.direction == Direction::Short;
            let requirement = if short {
                mul_div(value, market.terms.maintenance_bps, 10_000, Rounding::Ceil)?
            } else {
                0
            };
            let equity = if short { -signed(value)? } else { signed(value)? };
            let id = view.market_of(seen.held.asset)?;
            out.terms.push(Exposure { market: id, equity, requirement });
            let hidden = more(market.hidden(most)?, 2 + 3 * LINE_MAX)?;
            armed.error = more(armed.error, hidden)?;
            if market.lags() {
                out.reach_bps = Some(0);
                let next = book.slot(view).saturating_add(1).saturating_mul(book.slot_nanos);
                armed.until = armed.until.min(Time(next));
            }
        }
        Ok(armed)
    }

    /// The price in use of `asset` at which the account is at its maintenance, all others held and
    /// both sides gaining what the other loses: the root of
    /// `equity + q (P - P_used) = max(share x notional(P), least) + other maintenance`.
    pub fn liquidation_price(&self, book: &Book, asset: AssetId) -> Option<Rational> {
        let seen = self.seen.iter().find(|seen| seen.held.asset == asset)?;
        if seen.effective == 0 {
            return None;
        }
        let market = &seen.market;
        // division: fractions are exact
        let settled = |raw: u128| whole(raw) / ten(book.settle_decimals);
        let own = market.terms.maintenance(seen.notional).ok()?;
        let others = settled(self.maintenance.saturating_sub(own));
        let equity = settled(self.equity.unsigned_abs());
        let equity = if self.equity < 0 { -equity } else { equity };
        let used = market.used();
        // division: fractions are exact
        let price = whole(used.raw) / ten(used.decimals);
        let units = |quantity: Rational| quantity * market.whole_units();
        let position = &seen.held.position;
        let side = market.side(seen.held.direction);
        // division: fractions are exact
        let scale = whole(side.scale_e15) / whole(position.scale_e15);
        let exact = units(whole(position.basis) * scale);
        let required = units(whole(seen.effective));
        // division: fractions are exact
        let share = whole(market.terms.maintenance_bps) / whole(10_000);
        let least = settled(market.terms.maintenance_min);
        let long = seen.held.direction == Direction::Long;
        // Where the requirement is a share of value, and where it is its least: the account is at its
        // line at the first of them that the price meets.
        let (by_share, by_least) = if long {
            let below = &exact - share * required;
            if below <= whole(0) {
                return None;
            }
            // division: fractions are exact
            let root = (&exact * &price - &equity + &others) / below;
            // division: fractions are exact
            (root, &price + (least + others - equity) / exact)
        } else {
            // division: fractions are exact
            let root = (&equity + &exact * &price - &others) / (&exact + share * required);
            // division: fractions are exact
            (root, &price - (least + others - equity) / exact)
        };
        let root = if long { by_share.max(by_least) } else { by_share.min(by_least) };
        (root > whole(0)).then_some(root)
    }
}

fn whole(raw: u128) -> Rational {
    Rational::from_integer(rational::big(U256::from(raw)).into())
}

fn ten(decimals: u8) -> Rational {
    Rational::from_integer(10.into()).pow(decimals.into())
}
