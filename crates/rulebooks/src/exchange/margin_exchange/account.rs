//! What an account has and must hold at the marks.
//!
//! ```text
//! equity      = sum over margin assets of  share that counts (cash + quote sides + positions) x price
//! maintenance = sum over contracts of      requirement in the settle asset x price of that asset
//! ```
//!
//! Where one asset is margin, its price is one and nothing is rounded for it. What is owed of an
//! asset counts whole, whatever its haircut.

use super::book::{Book, MARGIN_ASSETS_MAX, MarginAsset, Valuation};
use super::contract::{Contract, Valued, signed};
use super::{DELIVERED, LONG, SHORT};
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{
    ContractTerms, Order, Rejected, Rejection, StateKey, Unsupported, View,
};
use breakwater_money::rounding::{Rounding, narrow_u128};
use breakwater_money::{AccountId, AssetId, Class, Holder, Holding, Price, Unit};
use std::cmp::Reverse;

/// An account's sums at the marks, by margin asset and in its base units. There are at least as many
/// places as margin assets; fewer are cheaper to clear and to move.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sums<const N: usize = MARGIN_ASSETS_MAX> {
    /// Cash, quote sides and positions at their marks.
    pub own: [i128; N],
    /// Maintenance margin of the contracts settled in the asset.
    pub maintenance: [u128; N],
    /// Initial margin of positions and open orders.
    pub initial: [u128; N],
    /// Number of positions.
    pub positions: u32,
}

/// An account's sums at the marks in the numeraire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Totals {
    /// Counted collateral and unrealised profit.
    pub equity: i128,
    /// Maintenance margin of all positions.
    pub maintenance: u128,
    /// Initial margin of all positions and orders.
    pub initial: u128,
    /// Number of positions.
    pub positions: u32,
}

impl Book {
    /// The account's positions by contract.
    pub fn sizes<'b, 'v>(
        &'b self,
        view: &View<'v>,
        account: AccountId,
    ) -> Result<impl Iterator<Item = (AssetId, &'b Contract, i128)> + use<'b, 'v>, Rejected> {
        let holdings: &'v [Holding] = view.holdings(account)?;
        Ok(holdings.iter().filter_map(move |held| {
            let own = held.contract.is_none() && held.unit.class == Class::Token;
            let contract = self.listed(held.unit.asset)?;
            own.then_some((held.unit.asset, contract, held.balance))
        }))
    }

    /// The account's sums by margin asset, of which there are at most `N`. Initial margin only where
    /// it is asked for: it looks at orders.
    ///
    /// # Errors
    /// An unknown account, a contract without a mark, or overflow.
    pub fn sums<const N: usize>(
        &self,
        view: &View<'_>,
        account: AccountId,
        initial: bool,
    ) -> Result<Sums<N>, Rejected> {
        let mut sums = Sums { own: [0; N], maintenance: [0; N], initial: [0; N], positions: 0 };
        let holdings = view.holdings(account)?;
        let mut grouped: Vec<(AssetId, &Contract, i128)> = Vec::new();
        for held in holdings.iter().filter(|held| held.unit.class == Class::Token) {
            if let Some(slot) = self.slot(held.unit.asset) {
                sums.own[slot] = plus(sums.own[slot], held.balance)?;
                continue;
            }
            let (asset, size) = (held.unit.asset, held.balance);
            let Some(contract) = self.listed(asset) else { continue };
            let valued = contract.value(size, view.price(asset)?)?;
            let slot = contract.slot;
            sums.own[slot] = plus(sums.own[slot], valued.value)?;
            sums.positions += 1;
            if self.portfolio.is_some() {
                grouped.push((asset, contract, size));
                continue;
            }
            if let Some(rates) = &contract.option {
                let required = contract.option_required(view, rates, size, view.price(asset)?)?;
                sums.maintenance[slot] = more(sums.maintenance[slot], required.maintenance)?;
                sums.initial[slot] = more(sums.initial[slot], required.initial)?;
                continue;
            }
            // A requirement of the entry value asks for the quote side, which follows in the list.
            let quote = if contract.by_entry() { quote_of(holdings, asset) } else { 0 };
            let base = contract.base(valued.notional, quote);
            let maintenance = contract.maintenance(base, size.unsigned_abs())?;
            sums.maintenance[slot] = more(sums.maintenance[slot], maintenance)?;
            if initial {
                let asked = self.initial_of(view, asset, contract, base, size.unsigned_abs())?;
                sums.initial[slot] = more(sums.initial[slot], asked)?;
            }
        }
        if let Some(grid) = &self.portfolio {
            for group in groups(&mut grouped) {
                let (slot, required) = (group[0].1.slot, self.portfolio(view, grid, group)?);
                sums.maintenance[slot] = more(sums.maintenance[slot], required.maintenance)?;
                sums.initial[slot] = more(sums.initial[slot], required.initial)?;
            }
        }
        if initial {
            self.orders(view, account, &mut sums)?;
        }
        Ok(sums)
    }

    /// Initial margin of a size at the open interest there is.
    fn initial_of(
        &self,
        view: &View<'_>,
        asset: AssetId,
        contract: &Contract,
        base: u128,
        size: u128,
    ) -> Result<u128, Rejected> {
        let interest = match contract.scale {
            None => 0,
            Some(_) => contract.interest_value(open_interest(view, asset)?, view.price(asset)?)?,
        };
        Ok(contract.initial(base, size, interest)?)
    }

    /// What open orders add: the margin of the larger of what a position may become on either side,
    /// and what an order would lose against the mark at once.
    fn orders<const N: usize>(
        &self,
        view: &View<'_>,
        account: AccountId,
        sums: &mut Sums<N>,
    ) -> Result<(), Rejected> {
        let mut orders: Vec<&Order> =
            view.orders(account).map(|(_, order)| order).filter(|o| !o.reduce_only).collect();
        orders.sort_by_key(|order| order.contract);
        for group in orders.chunk_by(|a, b| a.contract == b.contract) {
            let asset = group[0].contract;
            let contract = self.contract(view, asset)?;
            let price = view.price(asset)?;
            let size = view.balances.balance(Holder::Account(account), Unit::token(asset));
            let (mut longest, mut shortest) = (size, size);
            for order in group {
                let quantity = signed(order.quantity)?;
                if order.buy {
                    longest = plus(longest, quantity)?;
                } else {
                    shortest = plus(shortest, -quantity)?;
                }
                let lost = open_loss(contract, order, price)?;
                sums.initial[contract.slot] = more(sums.initial[contract.slot], lost)?;
            }
            let margin_of = |size: i128| -> Result<u128, Rejected> {
                if let (Some(rates), None) = (&contract.option, &self.portfolio) {
                    return Ok(contract.option_required(view, rates, size, price)?.initial);
                }
                let size = size.unsigned_abs();
                if size == 0 {
                    return Ok(0);
                }
                let notional = contract.worth(size, price, Rounding::Ceil)?;
                self.initial_of(view, asset, contract, notional, size)
            };
            let most = margin_of(longest)?.max(margin_of(shortest)?);
            let extra = most.saturating_sub(margin_of(size)?);
            sums.initial[contract.slot] = more(sums.initial[contract.slot], extra)?;
        }
        Ok(())
    }

    /// The account's sums in the numeraire.
    ///
    /// # Errors
    /// As [`Book::sums`], or a margin asset without a mark.
    pub fn totals(
        &self,
        view: &View<'_>,
        account: AccountId,
        initial: bool,
    ) -> Result<Totals, Rejected> {
        match self.margin.len() {
            0 | 1 => self.totals_of(view, &self.sums::<1>(view, account, initial)?),
            2..=4 => self.totals_of(view, &self.sums::<4>(view, account, initial)?),
            _ => self.totals_of(view, &self.sums::<MARGIN_ASSETS_MAX>(view, account, initial)?),
        }
    }

    /// Sums in the numeraire.
    ///
    /// # Errors
    /// A margin asset without a mark, or overflow.
    pub fn totals_of<const N: usize>(
        &self,
        view: &View<'_>,
        sums: &Sums<N>,
    ) -> Result<Totals, Rejected> {
        let mut totals = Totals { positions: sums.positions, ..Totals::default() };
        for (slot, held) in self.margin.iter().enumerate() {
            let (own, maintenance) = (sums.own[slot], sums.maintenance[slot]);
            if own == 0 && maintenance == 0 && sums.initial[slot] == 0 {
                continue;
            }
            totals.equity = plus(totals.equity, self.counted(view, held, own)?)?;
            let owed = |amount| self.value(view, held, amount, Rounding::Ceil);
            totals.maintenance = more(totals.maintenance, owed(maintenance)?)?;
            totals.initial = more(totals.initial, owed(sums.initial[slot])?)?;
        }
        Ok(totals)
    }

    /// What an amount of a margin asset counts for in the numeraire.
    pub fn counted(
        &self,
        view: &View<'_>,
        held: &MarginAsset,
        own: i128,
    ) -> Result<i128, Rejected> {
        if own < 0 {
            return Ok(-signed(self.value(view, held, own.unsigned_abs(), Rounding::Ceil)?)?);
        }
        let counts = match &held.haircut {
            None => own.unsigned_abs(),
            Some(haircut) => haircut.counted(own.unsigned_abs())?,
        };
        signed(self.value(view, held, counts, Rounding::Floor)?)
    }

    /// Value of an amount of a margin asset in the numeraire.
    pub fn value(
        &self,
        view: &View<'_>,
        held: &MarginAsset,
        amount: u128,
        rounding: Rounding,
    ) -> Result<u128, Rejected> {
        let Valuation::Numeraire(decimals) = self.valuation else { return Ok(amount) };
        if amount == 0 {
            return Ok(0);
        }
        let (price, one) = (view.price(held.asset)?, ContractTerms::linear_perpetual(held.asset));
        Ok(one.value(amount, held.decimals, price, decimals, rounding)?)
    }

    /// A numeraire value in base units of a margin asset, raised: what of it would cover the value.
    pub fn amount_for(
        &self,
        view: &View<'_>,
        held: &MarginAsset,
        value: u128,
    ) -> Result<u128, Rejected> {
        let Valuation::Numeraire(decimals) = self.valuation else { return Ok(value) };
        use breakwater_money::U256;
        use breakwater_money::rounding::{mul_div_full, product};
        let price = view.price(held.asset)?;
        let ten = |exponent: u8| {
            U256::from(10u8).checked_pow(U256::from(exponent)).ok_or(Rejection::Overflow)
        };
        let above = product(&[ten(held.decimals)?, ten(price.decimals)?])?;
        let below = product(&[U256::from(price.raw), ten(decimals)?])?;
        Ok(narrow_u128(mul_div_full(U256::from(value), above, below, Rounding::Ceil)?)?)
    }

    /// What the venue may close, the largest notional first; a tie goes to the lower contract. Then
    /// the collateral that pays what is owed of another asset.
    pub fn saleable(&self, view: &View<'_>, account: AccountId) -> Result<Vec<Saleable>, Rejected> {
        let mut found = Vec::new();
        for (asset, contract, size) in self.sizes(view, account)? {
            let Valued { notional, .. } = contract.value(size, view.price(asset)?)?;
            let held = &self.margin[contract.slot];
            let worth = self.value(view, held, notional, Rounding::Ceil)?;
            let (quantity, buy_back) = (size.unsigned_abs(), size < 0);
            let proceeds_asset = contract.terms.settle;
            found.push((worth, Saleable { asset, quantity, buy_back, proceeds_asset }));
        }
        found.sort_by_key(|(worth, item)| (Reverse(*worth), item.asset));
        let mut items: Vec<Saleable> = found.into_iter().map(|(_, item)| item).collect();
        items.extend(self.collateral(view, account)?);
        Ok(items)
    }

    /// What the account holds of margin assets while it owes others: sold for the debt that is worth
    /// most, the dearest first. What is worth less than a unit of the numeraire counts as none.
    pub fn collateral(
        &self,
        view: &View<'_>,
        account: AccountId,
    ) -> Result<Vec<Saleable>, Rejected> {
        let (mut held, mut owed) = (Vec::new(), None);
        if self.valuation == Valuation::Settle {
            return Ok(Vec::new());
        }
        for margin in &self.margin {
            let cash = view.balances.balance(Holder::Account(account), Unit::token(margin.asset));
            let worth = self.value(view, margin, cash.unsigned_abs(), Rounding::Floor)?;
            if cash < 0 && owed.is_none_or(|(most, _)| worth > most) {
                owed = Some((worth, margin.asset));
            } else if cash > 0 && worth > 0 {
                held.push((worth, margin.asset, cash.unsigned_abs()));
            }
        }
        let Some((_, proceeds_asset)) = owed else { return Ok(Vec::new()) };
        held.sort_by_key(|(worth, asset, _)| (Reverse(*worth), *asset));
        let item =
            |(_, asset, quantity)| Saleable { asset, quantity, buy_back: false, proceeds_asset };
        Ok(held.into_iter().map(item).collect())
    }

    /// Sizes of a position at which the brackets below its own begin at the mark, largest first.
    pub fn steps_down(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Vec<u128>, Rejected> {
        if self.slot(asset).is_some() {
            // Collateral has no brackets.
            return Ok(Vec::new());
        }
        let contract = self.contract(view, asset)?;
        let price = view.price(asset)?;
        let size = self.position(view, account, asset, contract).size;
        let notional = contract.value(size, price)?.notional;
        let tiers = contract.table.tiers();
        // Above the position limit the last bracket holds on, so that its cap is no step.
        let caps = tiers[..tiers.len() - 1].iter().rev().map(|tier| tier.cap);
        let sizes = caps.filter(|cap| *cap < notional).map(|cap| {
            let (decimals, settle) = (contract.decimals, contract.settle_decimals);
            contract.terms.quantity_for(cap, decimals, price, settle, Rounding::Floor)
        });
        Ok(sizes.collect::<Result<_, _>>()?)
    }

    /// Refuses a book with anything else on it.
    pub fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        let refuse = |missing: String| Unsupported { rulebook: self.name.clone(), missing };
        let symbol = |asset: AssetId| {
            view.asset(asset).map_or_else(|_| asset.to_string(), |info| info.symbol.clone())
        };
        for held in &self.margin {
            let info = view.asset(held.asset).map_err(|error| refuse(error.to_string()))?;
            if info.market.is_some() && self.valuation == Valuation::Settle {
                let symbol = &info.symbol;
                let missing = format!("marks are in {symbol}, so a market of {symbol} itself");
                return Err(refuse(missing));
            }
        }
        for (asset, info) in (0u16..).map(AssetId).zip(view.assets) {
            let Some(terms) = info.kind.contract() else { continue };
            if self.listed(asset).is_none() || self.slot(terms.settle).is_none() {
                let (name, settle) = (&info.symbol, symbol(terms.settle));
                return Err(refuse(format!("tiers of contract {name} settled in {settle}")));
            }
        }
        let margin: Vec<String> = self.margin.iter().map(|held| symbol(held.asset)).collect();
        for account in (0..view.balances.accounts()).map(AccountId) {
            for held in view.balances.holdings(account) {
                let asset = held.unit.asset;
                let known = self.slot(asset).is_some() || self.listed(asset).is_some();
                if held.unit.class != Class::Token || !known {
                    let (name, margin) = (symbol(asset), margin.join(", "));
                    let missing =
                        format!("margin in {name}, held by {account}; only {margin} is margin");
                    return Err(refuse(missing));
                }
            }
        }
        Ok(())
    }
}

impl Contract {
    /// True if requirements are a share of what a position was entered at.
    pub fn by_entry(&self) -> bool {
        self.basis == super::parameters::Basis::Entry
    }
}

/// Positions by settle asset and group.
pub(super) fn groups<'p, 'b>(
    positions: &'p mut [(AssetId, &'b Contract, i128)],
) -> impl Iterator<Item = &'p [(AssetId, &'b Contract, i128)]> {
    positions.sort_by_key(|(asset, contract, _)| (contract.slot, contract.group, *asset));
    positions.chunk_by(|a, b| (a.1.slot, a.1.group) == (b.1.slot, b.1.group))
}

/// Contracts held on the larger side.
pub(super) fn open_interest(view: &View<'_>, asset: AssetId) -> Result<u128, Rejected> {
    let side = |column| narrow_u128(view.state(StateKey::Asset(asset, column)));
    Ok(side(LONG)?.max(side(SHORT)?))
}

/// True once the contract has been delivered.
pub(super) fn delivered(view: &View<'_>, asset: AssetId) -> bool {
    !view.state(StateKey::Asset(asset, DELIVERED)).is_zero()
}

/// What an order would lose if it filled at its price and was valued at the mark.
fn open_loss(contract: &Contract, order: &Order, mark: Price) -> Result<u128, Rejected> {
    let paid = contract.worth(order.quantity, order.price, Rounding::Ceil)?;
    let worth = contract.worth(order.quantity, mark, Rounding::Floor)?;
    let owns = contract.terms.owns_value(order.buy);
    Ok(if owns { paid.saturating_sub(worth) } else { worth.saturating_sub(paid) })
}

fn quote_of(holdings: &[Holding], asset: AssetId) -> i128 {
    holdings.iter().find(|held| held.contract == Some(asset)).map_or(0, |held| held.balance)
}

pub(super) fn plus(left: i128, right: i128) -> Result<i128, Rejected> {
    left.checked_add(right).ok_or_else(|| Rejection::Overflow.into())
}

pub(super) fn more(left: u128, right: u128) -> Result<u128, Rejected> {
    left.checked_add(right).ok_or_else(|| Rejection::Overflow.into())
}
