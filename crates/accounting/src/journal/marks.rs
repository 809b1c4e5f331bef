//! What the engine says of prices and claims at this moment.

use super::error::JournalError;
use super::slot::whole;
use crate::derivatives::nearest;
use breakwater_engine::Engine;
use breakwater_liquidation::contract::Form;
use breakwater_liquidation::{
    AssetKind, AssetTotals, Balances, ContractTerms, Rejected, Rulebook, View,
};
use breakwater_money::{
    AccountId, AssetId, Class, Holder, Holding, Price, Rational, Rounding, Unit, rational, rounding,
};
use num_traits::{One, Signed};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Prices and claims after one command, each asked once.
pub(super) struct Marks<'a> {
    engine: &'a Engine,
    prices: RefCell<BTreeMap<AssetId, Option<Rational>>>,
    rates: RefCell<BTreeMap<Unit, Option<Rate>>>,
}

/// What shares of a claim come to: base units over shares in issue.
#[derive(Debug, Clone, Copy)]
struct Rate {
    units: u128,
    shares: u128,
}

impl<'a> Marks<'a> {
    pub fn new(engine: &'a Engine) -> Self {
        Marks { engine, prices: RefCell::default(), rates: RefCell::default() }
    }

    fn refused(&self, reason: Rejected) -> JournalError {
        JournalError::Refused { sequence: self.engine.sequence(), reason }
    }

    /// Decimals of an asset.
    pub fn decimals(&self, asset: AssetId) -> u8 {
        self.engine.assets().get(asset.index()).map_or(0, |info| info.decimals)
    }

    /// Name of an asset.
    pub fn symbol(&self, asset: AssetId) -> &'a str {
        self.engine.assets().get(asset.index()).map_or("?", |info| info.symbol.as_str())
    }

    /// Who an account belongs to.
    pub fn owner(&self, account: AccountId) -> &'a str {
        self.engine.owner(account).unwrap_or("?")
    }

    /// Name of the rulebook in force.
    pub fn venue(&self) -> &'a str {
        self.engine.rulebook().map_or("?", |rulebook| rulebook.name())
    }

    /// The terms of an asset that is a contract.
    pub fn contract(&self, asset: AssetId) -> Option<ContractTerms> {
        match self.engine.assets().get(asset.index())?.kind {
            AssetKind::Contract(terms) => Some(terms),
            AssetKind::Token => None,
        }
    }

    /// True for an asset that no market prices: it is the numeraire itself.
    pub fn is_money(&self, asset: AssetId) -> bool {
        let info = self.engine.assets().get(asset.index());
        info.is_some_and(|info| info.market.is_none() && info.kind == AssetKind::Token)
    }

    /// Numeraire for one whole unit at the mark; none before the first.
    pub fn price(&self, asset: AssetId) -> Option<Rational> {
        if self.is_money(asset) {
            return Some(Rational::one());
        }
        if let Some(known) = self.prices.borrow().get(&asset) {
            return known.clone();
        }
        let price = self.engine.look(|view| view.price(asset)).ok().map(exact);
        self.prices.borrow_mut().insert(asset, price.clone());
        price
    }

    /// Value of base units at the mark, signed as they are; none before the first mark.
    pub fn value(&self, asset: AssetId, units: i128) -> Option<Rational> {
        let decimals = self.decimals(asset);
        self.price(asset).map(|price| whole(units, decimals) * price)
    }

    /// A value of the rulebook as whole units of the numeraire.
    pub fn numeraire(&self, value: u128) -> Rational {
        let decimals = self.engine.rulebook().map_or(0, |rulebook| rulebook.numeraire_decimals());
        whole(i128::try_from(value).unwrap_or(i128::MAX), decimals)
    }

    /// Value of a position at the mark in whole units of its settle asset: what its holder would get
    /// for it, before its quote side.
    pub fn position(&self, asset: AssetId, terms: &ContractTerms, size: i128) -> Option<Rational> {
        let price = self.price(asset)?;
        let one = whole(i128::from(terms.multiplier), terms.multiplier_decimals);
        let units = whole(size, self.decimals(asset)) * one;
        Some(match terms.form {
            // division: rounded by name on this line
            Form::Inverse => -nearest(&(units / price)),
            Form::Linear | Form::Option(_) => nearest(&(units * price)),
        })
    }

    /// Base units that an account's shares of a claim come to: supplied rounded down, owed rounded up and
    /// below zero. They are their part of the rulebook's totals, or one each where that is what the
    /// rulebook values them at; where it is neither, what that value buys at the mark. None where nothing
    /// of the claim is in issue any more.
    pub fn units(
        &self,
        account: AccountId,
        unit: Unit,
        shares: i128,
    ) -> Result<Option<i128>, JournalError> {
        if shares == 0 {
            return Ok(Some(0));
        }
        let part = self.part(unit, shares)?;
        let Some(side) = self.side(account, unit, shares) else { return Ok(part) };
        let one_each = i128::try_from(shares.unsigned_abs()).unwrap_or(i128::MAX);
        let owed = unit.class == Class::Debt;
        let one_each = if owed { -one_each } else { one_each };
        for units in part.into_iter().chain([one_each]) {
            let worth = side.price.value(units.unsigned_abs(), side.decimals, way(unit));
            if worth.is_ok_and(|worth| worth.abs_diff(side.value) <= VALUE_UNITS) {
                return Ok(Some(units));
            }
        }
        let bought = side.price.amount_for(side.value, side.decimals, way(unit));
        let bought = bought.map_err(|error| self.refused(error.into()))?;
        let bought = i128::try_from(bought).unwrap_or(i128::MAX);
        Ok(Some(if owed { -bought } else { bought }))
    }

    /// Base units by which what a claim comes to may be off: where a value has to be turned back into
    /// units, as many as a unit of the numeraire buys.
    pub fn grain(&self, unit: Unit) -> u128 {
        let price = self.engine.look(|view| view.price(unit.asset));
        let grain = price
            .ok()
            .map(|price| price.amount_for(VALUE_UNITS, self.decimals(unit.asset), Rounding::Ceil));
        grain.and_then(Result::ok).unwrap_or(1)
    }

    /// What the rulebook values a claim at if it is all that the account has; none where it says nothing.
    fn side(&self, account: AccountId, unit: Unit, shares: i128) -> Option<Side> {
        let (engine, rulebook) = (self.engine, self.engine.rulebook()?);
        let price = engine.look(|view| view.price(unit.asset)).ok()?;
        let held = [Holding { contract: None, unit, balance: shares }];
        let alone = Alone { engine, account, held };
        let (assets, markets) = (engine.assets(), engine.markets());
        let view = View::new(engine.now(), assets, markets, engine.marks(), &alone, engine.state());
        let sides = rulebook.sides(&view, account).ok()?;
        let value = if unit.class == Class::Debt { sides.debt } else { sides.collateral };
        let decimals = self.decimals(unit.asset);
        (value > 0).then_some(Side { value, price, decimals })
    }

    /// The shares' part of the rulebook's totals.
    fn part(&self, unit: Unit, shares: i128) -> Result<Option<i128>, JournalError> {
        let Some(rate) = self.rate(unit)? else { return Ok(None) };
        let units = rounding::mul_div(shares.unsigned_abs(), rate.units, rate.shares, way(unit))
            .map_err(|error| self.refused(error.into()))?;
        let units = i128::try_from(units).unwrap_or(i128::MAX);
        Ok(Some(if unit.class == Class::Debt { -units } else { units }))
    }

    /// What the rulebook says an account has and owes, in the numeraire; none where it says nothing.
    pub fn sides(&self, account: AccountId) -> Option<Rational> {
        let rulebook = self.engine.rulebook()?;
        let sides = self.engine.look(|view| rulebook.sides(view, account)).ok()?;
        let says = sides.collateral > 0 || sides.debt > 0;
        says.then(|| self.numeraire(sides.collateral) - self.numeraire(sides.debt))
    }

    /// The pool as if very many shares of the claim were in issue.
    fn many(&self, unit: Unit) -> Many<'a> {
        Many { engine: self.engine, unit }
    }

    fn rate(&self, unit: Unit) -> Result<Option<Rate>, JournalError> {
        if let Some(known) = self.rates.borrow().get(&unit) {
            return Ok(*known);
        }
        let balance = self.engine.ledger().balance(Holder::Issuer, unit);
        let shares = if balance < 0 { balance.unsigned_abs() } else { 0 };
        let rate = match self.engine.rulebook() {
            Some(rulebook) if shares > 0 => {
                let debt = unit.class == Class::Debt;
                let of = |totals: AssetTotals| if debt { totals.borrowed } else { totals.supplied };
                let totals = self.engine.look(|view| rulebook.totals(view, unit.asset));
                let units = of(totals.map_err(|reason| self.refused(reason))?);
                let fine = self.many(unit).totals(rulebook).map(of).filter(|fine| {
                    // Only where a share is worth the same whoever else has some.
                    rounding::mul_div(shares, *fine, MANY, Rounding::Floor)
                        .is_ok_and(|alike| alike.abs_diff(units) <= 1)
                });
                Some(match fine {
                    Some(units) => Rate { units, shares: MANY },
                    None => Rate { units, shares },
                })
            }
            _ => None,
        };
        self.rates.borrow_mut().insert(unit, rate);
        Ok(rate)
    }
}

/// Units of the numeraire by which two roundings of one value may differ.
const VALUE_UNITS: u128 = 2;

/// A value that the rulebook states, with what turns it into units.
struct Side {
    value: u128,
    price: Price,
    decimals: u8,
}

/// Towards the pool, as venues round: what is supplied down, what is owed up.
const fn way(unit: Unit) -> Rounding {
    match unit.class {
        Class::Debt => Rounding::Ceil,
        _ => Rounding::Floor,
    }
}

/// The pool as if one account had nothing but one claim.
struct Alone<'a> {
    engine: &'a Engine,
    account: AccountId,
    held: [Holding; 1],
}

impl Balances for Alone<'_> {
    fn holdings(&self, account: AccountId) -> &[Holding] {
        if account == self.account { &self.held } else { self.engine.ledger().holdings(account) }
    }

    fn balance(&self, holder: Holder, unit: Unit) -> i128 {
        match holder {
            Holder::Account(account) if account == self.account => {
                let [held] = self.held;
                if held.unit == unit { held.balance } else { 0 }
            }
            _ => self.engine.ledger().balance(holder, unit),
        }
    }

    fn accounts(&self) -> u32 {
        u32::try_from(self.engine.accounts()).unwrap_or(u32::MAX)
    }
}

/// Shares by which a claim is weighed: so many that the whole units of a total leave its index known to
/// the last digit that matters, where few shares in issue would not.
const MANY: u128 = 1_000_000_000_000_000_000_000_000_000;

struct Many<'a> {
    engine: &'a Engine,
    unit: Unit,
}

impl Many<'_> {
    fn totals(&self, rulebook: &dyn Rulebook) -> Option<AssetTotals> {
        let engine = self.engine;
        let (assets, markets) = (engine.assets(), engine.markets());
        let view = View::new(engine.now(), assets, markets, engine.marks(), self, engine.state());
        rulebook.totals(&view, self.unit.asset).ok()
    }
}

impl Balances for Many<'_> {
    fn holdings(&self, account: AccountId) -> &[Holding] {
        self.engine.ledger().holdings(account)
    }

    fn balance(&self, holder: Holder, unit: Unit) -> i128 {
        if holder == Holder::Issuer && unit == self.unit {
            return i128::try_from(MANY).map_or(i128::MIN, i128::wrapping_neg);
        }
        self.engine.ledger().balance(holder, unit)
    }

    fn accounts(&self) -> u32 {
        u32::try_from(self.engine.accounts()).unwrap_or(u32::MAX)
    }
}

/// A price as an exact fraction.
pub(super) fn exact(price: Price) -> Rational {
    let raw = i128::try_from(price.raw).unwrap_or(i128::MAX);
    rational::from_raw(raw, price.decimals)
}

/// Without its sign.
pub(super) fn magnitude(value: &Rational) -> Rational {
    value.abs()
}
