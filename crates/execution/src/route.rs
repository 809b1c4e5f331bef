//! Splitting a sale over several curves so that it fetches the most.
//!
//! Proceeds of each market are concave, so a split is best when no lot would fetch more elsewhere:
//! all markets end at one marginal price (water-filling; Boyd and Vandenberghe, "Convex
//! Optimization", 2004, section 5.5.3). That price is found by bisection on what each market takes
//! at or above it; the lots that straddle it are then exchanged until none gains.

use crate::{ExecutionError, lots};
use breakwater_market::depth::DECIMALS_MAX;
use breakwater_market::{Depth, quote_value};
use breakwater_money::rounding::{div, pow10};
use breakwater_money::{Price, Rounding};
use serde::{Deserialize, Serialize};

/// One market's part of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// Index into the markets as given.
    pub market: usize,
    /// Base units sold there, whole lots, never zero.
    pub quantity: u128,
    /// Quote base units they fetch.
    pub out: u128,
}

/// Splits the whole lots of `lot` in `quantity` over `markets`, so that they fetch the most
/// together; what is less than a lot is not sold. Parts come in the order of the markets and of
/// equal ones the earlier is filled first. Never less than any single market pays for all.
///
/// Exact where a lot fetches whole quote base units; otherwise what the floors of n curves take
/// and hide is at most 3 n quote base units. Wrap a market in [`breakwater_market::After`] if part
/// of it is eaten already.
///
/// # Errors
/// No markets, a lot of zero, markets of different decimals, less quoted than asked, or overflow.
pub fn route(
    markets: &[&dyn Depth],
    quantity: u128,
    lot: u128,
) -> Result<Vec<Allocation>, ExecutionError> {
    let sale = Sale { markets, wanted: lots(quantity, lot)?, lot };
    sale.check()?;
    if sale.wanted == 0 {
        return Ok(Vec::new());
    }
    let mut parts = sale.fill()?;
    sale.exchange(&mut parts)?;
    sale.or_one_market(&mut parts)?;
    let mut allocations = Vec::new();
    for (market, (depth, part)) in markets.iter().zip(&parts).enumerate() {
        if *part > 0 {
            let quantity = part * lot;
            allocations.push(Allocation { market, quantity, out: depth.out(quantity)? });
        }
    }
    Ok(allocations)
}

struct Sale<'a> {
    markets: &'a [&'a dyn Depth],
    /// Lots to sell.
    wanted: u128,
    /// Base units in a lot; not zero.
    lot: u128,
}

impl Sale<'_> {
    fn check(&self) -> Result<(), ExecutionError> {
        let first = self.markets.first().ok_or(ExecutionError::NoMarkets)?;
        let (expected_base, expected_quote) = (first.base_decimals(), first.quote_decimals());
        let mut available = 0u128;
        for (market, depth) in self.markets.iter().enumerate() {
            let (base, quote) = (depth.base_decimals(), depth.quote_decimals());
            if (base, quote) != (expected_base, expected_quote) {
                return Err(ExecutionError::DecimalsDiffer {
                    market,
                    base,
                    quote,
                    expected_base,
                    expected_quote,
                });
            }
            available = available.saturating_add(lots(depth.capacity(), self.lot)?);
        }
        if self.wanted > available {
            let asked = self.wanted * self.lot;
            return Err(ExecutionError::BeyondDepth { asked, available: available * self.lot });
        }
        Ok(())
    }

    /// Lots that `depth` takes at or above `price`.
    fn taken(&self, depth: &dyn Depth, price: Price) -> Result<u128, ExecutionError> {
        lots(depth.sellable_above(price), self.lot)
    }

    fn taken_by_all(&self, price: Price) -> Result<u128, ExecutionError> {
        self.markets
            .iter()
            .try_fold(0u128, |sum, depth| Ok(sum.saturating_add(self.taken(*depth, price)?)))
    }

    /// All lots above the price at which the markets together take what is wanted, and at that
    /// price the rest, earlier markets first.
    fn fill(&self) -> Result<Vec<u128>, ExecutionError> {
        let (decimals, above_all) = self.price_grid()?;
        // At zero every quoted lot is taken, at `above_all` none.
        let (mut low, mut high) = (0, above_all);
        while high - low > 1 {
            let middle = low + ((high - low) >> 1);
            let enough = self.taken_by_all(Price::new(middle, decimals))? >= self.wanted;
            if enough { low = middle } else { high = middle }
        }
        let mut parts = Vec::with_capacity(self.markets.len());
        let mut rest = self.wanted;
        for depth in self.markets {
            let part = self.taken(*depth, Price::new(high, decimals))?;
            // Together they take less than wanted at the higher price.
            rest = rest.saturating_sub(part);
            parts.push(part);
        }
        for (depth, part) in self.markets.iter().zip(&mut parts) {
            let more = (self.taken(*depth, Price::new(low, decimals))? - *part).min(rest);
            *part += more;
            rest -= more;
        }
        Ok(parts)
    }

    /// Decimals so fine that one step of price on the whole sale is less than a quote base unit,
    /// and a price at those decimals above all bids. A sale too large for that is refused: the
    /// markets' parts could not be told apart at the price found.
    fn price_grid(&self) -> Result<(u8, u128), ExecutionError> {
        let first = self.markets.first().ok_or(ExecutionError::NoMarkets)?;
        let (base, quote) = (first.base_decimals(), first.quote_decimals());
        let quantity = self.wanted * self.lot;
        let is_fine = |decimals: &u8| {
            quote_value(quantity, Price::new(1, *decimals), base, quote, Rounding::Floor) == Ok(0)
        };
        let too_large = ExecutionError::Overflow { what: "value of the sale at the best price" };
        let decimals = (0..=DECIMALS_MAX).find(is_fine).ok_or(too_large)?;
        Ok((decimals, self.above_all(decimals)?.ok_or(too_large)?))
    }

    /// A price at `decimals` above the best of every market; none if it does not fit.
    fn above_all(&self, decimals: u8) -> Result<Option<u128>, ExecutionError> {
        let mut highest = 1;
        for depth in self.markets {
            let best = depth.marginal(0)?;
            // The exact slope may lie above its floor by less than one.
            let Some(above) = best.raw.checked_add(1) else { return Ok(None) };
            let rescaled = if decimals >= best.decimals {
                pow10(decimals - best.decimals).ok().and_then(|unit| above.checked_mul(unit))
            } else {
                let unit = pow10(best.decimals - decimals);
                unit.and_then(|unit| div(above, unit, Rounding::Ceil)).ok()
            };
            let Some(rescaled) = rescaled else { return Ok(None) };
            highest = rescaled.max(highest);
        }
        Ok(Some(highest))
    }

    /// Moves lots one by one from where they fetch least to where they would fetch most, while
    /// that gains. Each move raises the integer total, and after the filling only the lot of each
    /// market that straddles the price and what the floors hide are misplaced: the moves are few.
    fn exchange(&self, parts: &mut [u128]) -> Result<(), ExecutionError> {
        let mut margins = Vec::with_capacity(parts.len());
        for (depth, part) in self.markets.iter().zip(parts.iter()) {
            margins.push(self.margin(*depth, *part)?);
        }
        while let Some((from, to)) = best_move(&margins) {
            for (market, step) in [(from, false), (to, true)] {
                let (Some(part), Some(margin), Some(depth)) =
                    (parts.get_mut(market), margins.get_mut(market), self.markets.get(market))
                else {
                    return Ok(());
                };
                *part = if step { *part + 1 } else { *part - 1 };
                *margin = self.margin(*depth, *part)?;
            }
        }
        Ok(())
    }

    /// What one lot more would fetch and what the last lot fetched, where there is one.
    fn margin(&self, depth: &dyn Depth, part: u128) -> Result<Margin, ExecutionError> {
        let now = depth.out(part * self.lot)?;
        let gain = match lots(depth.capacity(), self.lot)? > part {
            true => Some(depth.out((part + 1) * self.lot)?.saturating_sub(now)),
            false => None,
        };
        let loss = match part.checked_sub(1) {
            Some(less) => Some(now.saturating_sub(depth.out(less * self.lot)?)),
            None => None,
        };
        Ok(Margin { gain, loss })
    }

    /// Takes the best single market instead, should what the floors hide make it the better.
    fn or_one_market(&self, parts: &mut [u128]) -> Result<(), ExecutionError> {
        let mut best = 0u128;
        for (depth, part) in self.markets.iter().zip(parts.iter()) {
            let out = depth.out(part * self.lot)?;
            let overflow = ExecutionError::Overflow { what: "proceeds of all markets" };
            best = best.checked_add(out).ok_or(overflow)?;
        }
        let mut single = None;
        for (market, depth) in self.markets.iter().enumerate() {
            if depth.capacity() >= self.wanted * self.lot {
                let out = depth.out(self.wanted * self.lot)?;
                if out > best {
                    (best, single) = (out, Some(market));
                }
            }
        }
        if let Some(single) = single {
            for (market, part) in parts.iter_mut().enumerate() {
                *part = if market == single { self.wanted } else { 0 };
            }
        }
        Ok(())
    }
}

/// Quote base units at stake in one lot more and one lot less.
#[derive(Debug, Clone, Copy)]
struct Margin {
    gain: Option<u128>,
    loss: Option<u128>,
}

/// The move of a lot between two markets that gains most, the earliest pair of equal ones.
fn best_move(margins: &[Margin]) -> Option<(usize, usize)> {
    let mut best = None;
    let mut most = 0;
    for (from, left) in margins.iter().enumerate() {
        for (to, right) in margins.iter().enumerate() {
            let (Some(loss), Some(gain), true) = (left.loss, right.gain, from != to) else {
                continue;
            };
            if gain.saturating_sub(loss) > most {
                most = gain - loss;
                best = Some((from, to));
            }
        }
    }
    best
}
