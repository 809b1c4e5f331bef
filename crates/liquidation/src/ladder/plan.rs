//! A ladder's step over a rulebook, priced.

use super::executor::{Book, Margins, Position, Sale, Standing, Step, next};
use super::rung::{Ladder, PriceBound};
use crate::plan::{effects_of, leg_at, lot_size, slipped};
use crate::policy::Policy;
use crate::rulebook::Saleable;
use crate::{ContractTerms, Form, Leg, Overlay, Plan, Rejected, Rejection, Rulebook, View};
use breakwater_margin::Health;
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, AssetId, Price};

/// The step that `ladder` takes with the account now. Lots are the policy's, worst prices are the
/// rung's; each sale is judged by the rulebook's own answer, as in [`plan_sale`](crate::plan::plan_sale).
///
/// # Errors
/// The rulebook's refusal, or overflow. A healthy account is no error: [`Step::Nothing`].
pub fn plan_ladder(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    policy: &Policy,
    ladder: &Ladder,
    standing: &Standing,
) -> Result<Step<Plan>, Rejected> {
    let book = RulebookBook::of(rulebook, view, account, policy)?;
    next(ladder, standing, &book)?.try_map(|step| {
        let legs = book.legs(&step.sales)?;
        let after = book.health_after(&legs)?.0;
        let (reason, rung) = (step.reason, Some(step.rung));
        Ok(Plan { account, legs, reason, rung, before: book.before, after })
    })
}

/// An account under a rulebook.
struct RulebookBook<'a> {
    rulebook: &'a dyn Rulebook,
    view: &'a View<'a>,
    account: AccountId,
    saleable: Vec<Saleable>,
    positions: Vec<Position>,
    before: Health,
    /// Value of all positions at the marks.
    value: u128,
}

impl<'a> RulebookBook<'a> {
    fn of(
        rulebook: &'a dyn Rulebook,
        view: &'a View<'a>,
        account: AccountId,
        policy: &Policy,
    ) -> Result<Self, Rejected> {
        let before = rulebook.assess(view, account)?;
        // Nothing is asked of the positions of the healthy.
        let saleable = if before.breach { rulebook.saleable(view, account)? } else { Vec::new() };
        let mut positions = Vec::with_capacity(saleable.len());
        let mut value = 0u128;
        for item in &saleable {
            let lot = lot_size(rulebook, view, policy, item.asset)?;
            let notional = notional(rulebook, view, item.asset, item.quantity)?;
            value = value.checked_add(notional).ok_or(Rejection::Overflow)?;
            positions.push(Position {
                asset: item.asset,
                quantity: item.quantity,
                lot: lot.clamp(1, item.quantity.max(1)),
                notional,
            });
        }
        Ok(RulebookBook { rulebook, view, account, saleable, positions, before, value })
    }

    fn legs(&self, sales: &[Sale]) -> Result<Vec<Leg>, Rejected> {
        sales.iter().map(|sale| self.leg(sale)).collect()
    }

    fn leg(&self, sale: &Sale) -> Result<Leg, Rejected> {
        let item = self.saleable.iter().find(|item| item.asset == sale.asset);
        let item = item.ok_or_else(|| Rejection::NothingToSell.because(sale.asset.to_string()))?;
        leg_at(self.view, item, sale.quantity, |fair| match sale.at {
            PriceBound::Mark { slippage_bps } => slipped(fair, slippage_bps, item.buy_back),
            PriceBound::Bankruptcy => self.bankruptcy(item, fair),
        })
    }

    /// The price at which a position's share of the equity, by value, is gone; rounded so that a
    /// sale there leaves no deficit, and never zero.
    fn bankruptcy(&self, item: &Saleable, fair: u128) -> Result<u128, Rejected> {
        let equity = self.before.equity;
        let terms = self.view.asset(item.asset)?.kind.contract();
        // Equity is lost by getting less for what is owned, and by paying more for what is owed.
        let owned = terms.map_or(!item.buy_back, |terms| terms.owns_value(!item.buy_back));
        let left = if (equity >= 0) == owned {
            self.value.saturating_sub(equity.unsigned_abs())
        } else {
            self.value.checked_add(equity.unsigned_abs()).ok_or(Rejection::Overflow)?
        };
        let (value, left) = (self.value.max(1), left.max(1));
        // The value of an inverse contract falls as its price rises.
        let inverse = terms.is_some_and(|terms| matches!(terms.form, Form::Inverse));
        let (over, under) = if inverse { (value, left) } else { (left, value) };
        let rounding = if item.buy_back { Rounding::Floor } else { Rounding::Ceil };
        let price = mul_div(fair, over, under, rounding)?;
        Ok(price.max(1))
    }

    fn health_after(&self, legs: &[Leg]) -> Result<(Health, u128), Rejected> {
        let effects = effects_of(self.rulebook, self.view, self.account, legs)?;
        let overlay = Overlay::new(*self.view, self.account, &effects)?;
        let seen = overlay.view();
        let health = self.rulebook.assess(&seen, self.account)?;
        Ok((health, self.rulebook.initial(&seen, self.account)?))
    }
}

/// Value of a quantity at its mark in base units of the numeraire, rounded up as a requirement
/// would be. All scales enter before the one rounding.
pub(crate) fn notional(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    asset: AssetId,
    quantity: u128,
) -> Result<u128, Rejected> {
    value_at(rulebook, view, asset, quantity, view.price(asset)?)
}

/// The same at another price.
pub(crate) fn value_at(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    asset: AssetId,
    quantity: u128,
    price: Price,
) -> Result<u128, Rejected> {
    let info = view.asset(asset)?;
    let decimals = rulebook.numeraire_decimals();
    let Some(terms) = info.kind.contract() else {
        let one = ContractTerms::linear_perpetual(asset);
        return Ok(one.value(quantity, info.decimals, price, decimals, Rounding::Ceil)?);
    };
    let settle = view.asset(terms.settle)?;
    let worth = terms.value(quantity, info.decimals, price, settle.decimals, Rounding::Ceil)?;
    // A settle asset without a price of its own is the numeraire.
    if settle.market.is_none() {
        return Ok(worth);
    }
    let (one, price) = (ContractTerms::linear_perpetual(terms.settle), view.price(terms.settle)?);
    Ok(one.value(worth, settle.decimals, price, decimals, Rounding::Ceil)?)
}

fn margins_of(health: &Health, initial: u128) -> Margins {
    Margins {
        equity: health.equity,
        maintenance: health.requirement,
        initial,
        breach: health.breach,
    }
}

impl Book for RulebookBook<'_> {
    fn value_decimals(&self) -> u8 {
        self.rulebook.numeraire_decimals()
    }

    fn margins(&self) -> Result<Margins, Rejected> {
        Ok(margins_of(&self.before, self.rulebook.initial(self.view, self.account)?))
    }

    fn positions(&self) -> Result<Vec<Position>, Rejected> {
        Ok(self.positions.clone())
    }

    fn steps_down(&self, asset: AssetId) -> Result<Vec<u128>, Rejected> {
        self.rulebook.steps_down(self.view, self.account, asset)
    }

    fn after(&self, sales: &[Sale]) -> Result<Margins, Rejected> {
        let (health, initial) = self.health_after(&self.legs(sales)?)?;
        Ok(margins_of(&health, initial))
    }
}
