//! The price at which an account reaches the breach line.
//!
//! Where one asset is margin and requirements are piecewise linear in the price or its reciprocal,
//! that is a root of the exact solver: the venue's formula
//! `(WB - MM_other + UP_other + cum - s Q E) / (Q (rate - s))` in the bracket in which the root
//! itself lies, without the roundings of the health, whose line differs by a few base units.
//! Everything else (haircuts, a margin asset with a price, options, requirements that grow with size) is asked
//! of the health itself: the nearest price to the mark at which the account is in breach, to one
//! unit of the market's price.

use super::account::delivered;
use super::book::{Book, Valuation};
use super::contract::Contract;
use breakwater_liquidation::{Form, Rejected, View};
use breakwater_margin::liquidation_price::{Leg, LinearBook, Maintenance};
use breakwater_money::{AccountId, AssetId, Price, Rational, U256, Unit, rational};

impl Book {
    /// See the module. None where neither a position, nor margin, nor an option rests on the price, or
    /// if no price is one.
    ///
    /// # Errors
    /// Unknown asset or account, a missing mark, or overflow.
    pub fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        view.asset(asset)?;
        let held = view.holdings(account)?;
        let options: Vec<AssetId> = self
            .sizes(view, account)?
            .filter_map(|(_, contract, _)| contract.as_option().map(|option| option.underlying))
            .collect();
        let owns = held.iter().any(|h| h.contract.is_none() && h.unit == Unit::token(asset));
        let Some(contract) = self.listed(asset) else {
            let margin = self.slot(asset).is_some() && self.valuation != Valuation::Settle;
            // Options rest on the price of a token that nobody needs to hold.
            let moves = (margin && owns) || options.contains(&asset);
            return if moves { self.nearest_breach(view, account, asset) } else { Ok(None) };
        };
        if !options.contains(&asset) && (!owns || delivered(view, asset)) {
            return Ok(None);
        }
        let exact = self.valuation == Valuation::Settle
            && self.breach_at_equality
            && self.portfolio.is_none()
            && options.is_empty()
            && contract.slope_e9 == 0
            && !contract.by_entry();
        if !exact {
            return self.nearest_breach(view, account, asset);
        }
        self.root(view, account, asset, contract)
    }

    /// The root of `equity(P) = maintenance(P)`, the other positions held at their marks.
    fn root(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        contract: &Contract,
    ) -> Result<Option<Rational>, Rejected> {
        let nought = exact(0, 0);
        let decimals = contract.settle_decimals;
        let mut book = LinearBook {
            equity_constant: nought.clone(),
            held_maintenance: nought,
            legs: Vec::new(),
        };
        for held in view.holdings(account)? {
            if self.slot(held.unit.asset).is_some() {
                book.equity_constant += exact(held.balance, decimals);
            }
        }
        for (other, listed, size) in self.sizes(view, account)? {
            if other != asset {
                let valued = listed.value(size, view.price(other)?)?;
                let quote = self.position(view, account, other, listed).quote;
                let base = listed.base(valued.notional, quote);
                let required = listed.maintenance(base, size.unsigned_abs())?;
                book.equity_constant += exact(valued.value, decimals);
                book.held_maintenance +=
                    exact(i128::try_from(required).unwrap_or(i128::MAX), decimals);
                continue;
            }
            // Base units of the underlying, signed by what is owned; for an inverse contract the
            // root is that of the reciprocal of the price.
            let units = exact(size, listed.decimals)
                * exact(i128::from(listed.terms.multiplier), listed.terms.multiplier_decimals);
            let quantity = if listed.terms.buyer_pays() { units } else { -units };
            let maintenance = Maintenance::from_table(&listed.table, decimals);
            book.legs.push(Leg { quantity, maintenance });
        }
        // One leg has at most one root, so that the mark does not choose.
        let root = book.liquidation_price(&exact(0, 0)).map(|root| root.price);
        let inverse = matches!(contract.terms.form, Form::Inverse);
        Ok(root.map(|root| if inverse { root.recip() } else { root }))
    }

    /// The nearest price to the mark, on either side, at which the account is in breach: bracketed
    /// outwards by steps that double, then halved to one unit. A stretch of breach narrower than the
    /// step at its distance is missed.
    fn nearest_breach(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        let mark = view.price(asset)?;
        let market = view.market_of(asset)?.index();
        let mut marks = view.marks.to_vec();
        let mut breach = |raw: u128| -> Option<bool> {
            let state = marks.get_mut(market)?;
            if let Some(mark) = &mut state.mark {
                mark.price = Price::new(raw, mark.price.decimals);
            }
            let totals = self.totals(&view.with_marks(&marks), account, false).ok()?;
            self.health(&totals).ok().map(|health| health.breach)
        };
        let now = breach(mark.raw).unwrap_or(false);
        let mut found: Option<(u128, u128)> = None;
        for falls in [true, false] {
            // A sixty-fourth of a per cent first, so that narrow stretches near the mark are seen.
            let mut step = (mark.raw >> 13).max(1);
            let (mut inside, mut at) = (mark.raw, mark.raw);
            let crossed = loop {
                // A step that would leave the prices above zero is one to the lowest of them.
                let next =
                    if falls { at.saturating_sub(step).max(1) } else { at.saturating_add(step) };
                if next == at || next > mark.raw.saturating_mul(1_000) {
                    break None;
                }
                at = next;
                match breach(at) {
                    Some(seen) if seen != now => break Some(at),
                    Some(_) => inside = at,
                    None => break None,
                }
                step = step.saturating_add(step >> 3).saturating_add(1);
            };
            let Some(mut outside) = crossed else { continue };
            while inside.abs_diff(outside) > 1 {
                let middle = inside.midpoint(outside);
                if breach(middle) == Some(now) { inside = middle } else { outside = middle }
            }
            let line = if now { inside } else { outside };
            let distance = line.abs_diff(mark.raw);
            if found.is_none_or(|(least, _)| distance < least) {
                found = Some((distance, line));
            }
        }
        let exact_price = |raw: u128| {
            let numerator = rational::big(U256::from(raw));
            // division: exact, rationals do not round.
            Rational::from_integer(numerator.into()) / exact(10, 0).pow(mark.decimals.into())
        };
        Ok(found.map(|(_, line)| exact_price(line)))
    }
}

/// `raw / 10^decimals`.
fn exact(raw: i128, decimals: u8) -> Rational {
    rational::from_raw(raw, decimals)
}
