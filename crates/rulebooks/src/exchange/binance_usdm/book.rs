//! The rule's parameters bound to a pool, and what they say of an account at the marks.

use super::parameters::{BadParameter, Parameters};
use super::position::Position;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{
    AssetInfo, AssetKind, Exposures, Rejected, Rejection, Unsupported, View,
};
use breakwater_margin::health::{Armed, Exposure};
use breakwater_margin::liquidation_price::{Leg, LinearBook, Maintenance};
use breakwater_margin::tiers::{RATE_ONE_E9, Tier, TierTable};
use breakwater_money::decimal::Decimal;
use breakwater_money::rounding::{
    Rounding, div, div_wide, mul_div, mul_div_full, narrow_i128, narrow_u128,
};
use breakwater_money::{
    AccountId, AssetId, Class, Holder, Holding, MoneyError, Price, Rational, Time, U256, Unit,
    rational,
};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The highest line, in multiples of the requirement, for which [`Book::exposures`] covers the
/// rounding of a requirement. Lines people watch at lie between one and two.
const LINE_MAX: u128 = 16;

/// A contract of the pool under this rule.
#[derive(Debug, Clone)]
pub(super) struct Contract {
    /// Its brackets, in base units of the settle asset.
    pub table: TierTable,
    /// Fee on the value liquidated, basis points.
    pub clearance_fee_bps: u16,
    decimals: u8,
}

/// The parameters, bound to assets by number.
#[derive(Debug, Clone)]
pub(super) struct Book {
    name: String,
    settle: AssetId,
    settle_decimals: u8,
    /// By asset; none for tokens.
    contracts: Vec<Option<Contract>>,
}

/// An account's sums at the marks, in base units of the settle asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Totals {
    /// The settle asset held, without unrealised profit.
    pub cash: i128,
    /// Cash, quote sides and positions at their marks: the venue's margin balance.
    pub equity: i128,
    /// Maintenance margin of all positions.
    pub maintenance: u128,
    /// Initial margin of all positions at the largest leverage their brackets allow.
    pub initial: u128,
    /// Number of positions.
    pub positions: u32,
}

/// A position at its mark, in base units of the settle asset.
#[derive(Debug, Clone, Copy)]
struct Valued {
    /// Floored for a long, raised in magnitude for a short.
    value: i128,
    /// Raised.
    notional: u128,
}

impl Contract {
    /// Value of `quantity` at `price` in base units of a settle asset of `settle_decimals`. Both
    /// scales enter before the one rounding.
    fn worth(
        &self,
        quantity: u128,
        price: Price,
        settle_decimals: u8,
        rounding: Rounding,
    ) -> Result<u128, MoneyError> {
        let from = u32::from(self.decimals) + u32::from(price.decimals);
        let to = u32::from(settle_decimals);
        let ten = |exponent: u32| U256::from(10u8).checked_pow(U256::from(exponent));
        match from.checked_sub(to) {
            Some(shrink) => match 10u128.checked_pow(shrink) {
                Some(scale) => mul_div(quantity, price.raw, scale, rounding),
                None => {
                    let scale = ten(shrink).ok_or(MoneyError::Overflow)?;
                    // The product of two 128-bit numbers fits 256 bits.
                    let product = U256::from(quantity) * U256::from(price.raw);
                    narrow_u128(div_wide(product, scale, rounding)?)
                }
            },
            None => {
                let scale = ten(to - from).ok_or(MoneyError::Overflow)?;
                let product = U256::from(quantity) * U256::from(price.raw);
                narrow_u128(mul_div_full(product, scale, U256::ONE, rounding)?)
            }
        }
    }

    /// The largest quantity whose notional, raised, is within `cap` at `price`.
    fn size_within(
        &self,
        cap: u128,
        price: Price,
        settle_decimals: u8,
    ) -> Result<u128, MoneyError> {
        let ten = |exponent: u32| {
            let power = U256::from(10u8).checked_pow(U256::from(exponent));
            power.ok_or(MoneyError::Overflow)
        };
        let from = ten(u32::from(self.decimals) + u32::from(price.decimals))?;
        let unit = ten(settle_decimals.into())?.checked_mul(U256::from(price.raw));
        let unit = unit.ok_or(MoneyError::Overflow)?;
        narrow_u128(mul_div_full(U256::from(cap), from, unit, Rounding::Floor)?)
    }

    /// The bracket of `notional`; the last one above the position limit, where a price can carry a
    /// position that was opened below it, so that it is never without a requirement.
    fn tier(&self, notional: u128) -> Result<(&Tier, U256), MoneyError> {
        let last = self.table.tiers().len() - 1; // infallible: a table has at least one tier
        let index = self.table.tier_of(notional).unwrap_or(last);
        let tier = self.table.tiers().get(index).ok_or(MoneyError::Underflow)?;
        let deduction = self.table.deductions_e9().get(index).ok_or(MoneyError::Underflow)?;
        Ok((tier, *deduction))
    }

    /// `notional x rate - deduction`, raised: the solver's piecewise line at an integer.
    fn maintenance(&self, notional: u128) -> Result<u128, MoneyError> {
        let (tier, deduction) = self.tier(notional)?;
        // At most 2^128 times 2^64.
        let at_rate = U256::from(notional) * U256::from(tier.rate_e9);
        let exact = at_rate.checked_sub(deduction).ok_or(MoneyError::Underflow)?;
        narrow_u128(div_wide(exact, U256::from(RATE_ONE_E9), Rounding::Ceil)?)
    }

    /// `notional / leverage`, raised.
    fn initial(&self, notional: u128) -> Result<u128, MoneyError> {
        div(notional, u128::from(self.tier(notional)?.0.leverage_max), Rounding::Ceil)
    }

    /// The rate of a requirement's slope that bounds it from the unsafe side; see
    /// [`Book::exposures`].
    fn slope(&self, valued: &Valued, surplus: u128) -> Result<u128, MoneyError> {
        let one = u128::from(RATE_ONE_E9);
        if valued.value >= 0 {
            let lowest = self.tier(0)?.0.rate_e9;
            return mul_div(valued.value.unsigned_abs(), lowest.into(), one, Rounding::Floor);
        }
        let highest = self.tier(valued.notional.saturating_add(surplus))?.0.rate_e9;
        mul_div(valued.notional, highest.into(), one, Rounding::Ceil)
    }
}

impl Book {
    /// Binds parameters to the assets of a pool. Contracts of the file that the pool lacks wait for
    /// their definition.
    pub fn bind(parameters: &Parameters, assets: &[AssetInfo]) -> Result<Self, BadParameter> {
        let settles =
            |info: &AssetInfo| info.symbol == parameters.settle && info.kind == AssetKind::Token;
        let found = (0u16..).zip(assets).find(|(_, info)| settles(info));
        let Some((number, info)) = found else {
            return Err(BadParameter::Settle(parameters.settle.clone()));
        };
        let (settle, settle_decimals) = (AssetId(number), info.decimals);
        // Every table is built, so that a file is refused for a contract not defined yet as well.
        let mut tables = BTreeMap::new();
        for (symbol, contract) in &parameters.contracts {
            tables.insert(symbol, parameters.table(symbol, contract, settle_decimals)?);
        }
        let mut contracts = Vec::with_capacity(assets.len());
        for info in assets {
            let listed = parameters.contracts.get(&info.symbol).zip(tables.get(&info.symbol));
            contracts.push(match (info.kind, listed) {
                (AssetKind::Token, None) => None,
                (AssetKind::Token, Some(_)) => {
                    return Err(BadParameter::NotAContract(info.symbol.clone()));
                }
                (AssetKind::LinearPerpetual { .. }, None) => {
                    return Err(BadParameter::Missing(info.symbol.clone()));
                }
                (AssetKind::LinearPerpetual { settle: other }, Some(_)) if other != settle => {
                    let found = assets.get(other.index());
                    return Err(BadParameter::OtherSettle {
                        contract: info.symbol.clone(),
                        settle: parameters.settle.clone(),
                        found: found.map_or_else(|| other.to_string(), |a| a.symbol.clone()),
                    });
                }
                (AssetKind::LinearPerpetual { .. }, Some((listed, table))) => Some(Contract {
                    table: table.clone(),
                    clearance_fee_bps: listed.clearance_fee_bps,
                    decimals: info.decimals,
                }),
            });
        }
        let name = parameters.name.clone();
        Ok(Book { name, settle, settle_decimals, contracts })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn settle(&self) -> AssetId {
        self.settle
    }

    pub fn settle_decimals(&self) -> u8 {
        self.settle_decimals
    }

    /// A contract of this rule.
    ///
    /// # Errors
    /// The asset is not defined, or is a token.
    pub fn contract(&self, view: &View<'_>, asset: AssetId) -> Result<&Contract, Rejected> {
        let info = view.asset(asset)?;
        self.contracts.get(asset.index()).and_then(Option::as_ref).ok_or_else(|| {
            let detail = format!("asset '{}' is no contract of {}", info.symbol, self.name);
            Rejection::BadParameter.because(detail)
        })
    }

    /// Value of `quantity` of a contract at `price`, in base units of the settle asset.
    pub fn worth(
        &self,
        contract: &Contract,
        quantity: u128,
        price: Price,
        rounding: Rounding,
    ) -> Result<u128, Rejected> {
        Ok(contract.worth(quantity, price, self.settle_decimals, rounding)?)
    }

    /// What an account holds of a contract.
    pub fn position(&self, view: &View<'_>, account: AccountId, contract: AssetId) -> Position {
        let balance = |holder, unit| view.balances.balance(holder, unit);
        Position {
            size: balance(Holder::Account(account), Unit::token(contract)),
            quote: balance(Holder::Position(account, contract), Unit::token(self.settle)),
        }
    }

    /// The account's positions by contract.
    pub fn sizes<'b, 'v>(
        &'b self,
        view: &View<'v>,
        account: AccountId,
    ) -> Result<impl Iterator<Item = (AssetId, &'b Contract, i128)> + use<'b, 'v>, Rejected> {
        let holdings: &'v [Holding] = view.holdings(account)?;
        Ok(holdings.iter().filter_map(move |held| {
            let own = held.contract.is_none() && held.unit.class == Class::Token;
            let contract = self.contracts.get(held.unit.asset.index())?.as_ref()?;
            own.then_some((held.unit.asset, contract, held.balance))
        }))
    }

    fn value(
        &self,
        view: &View<'_>,
        asset: AssetId,
        contract: &Contract,
        size: i128,
    ) -> Result<Valued, Rejected> {
        let price = view.price(asset)?;
        let quantity = size.unsigned_abs();
        let notional = self.worth(contract, quantity, price, Rounding::Ceil)?;
        let value = if size < 0 {
            -signed(notional)?
        } else {
            signed(self.worth(contract, quantity, price, Rounding::Floor)?)?
        };
        Ok(Valued { value, notional })
    }

    /// The account's sums at the marks.
    ///
    /// # Errors
    /// An unknown account, a contract without a mark, or overflow.
    pub fn totals(&self, view: &View<'_>, account: AccountId) -> Result<Totals, Rejected> {
        let mut totals = Totals::default();
        let settled = Unit::token(self.settle);
        for held in view.holdings(account)?.iter().filter(|held| held.unit == settled) {
            // Cash and the quote sides of positions.
            totals.equity = sum(totals.equity, held.balance)?;
            if held.contract.is_none() {
                totals.cash = held.balance;
            }
        }
        for (asset, contract, size) in self.sizes(view, account)? {
            let Valued { value, notional } = self.value(view, asset, contract, size)?;
            let more = |sum: u128, part: u128| sum.checked_add(part).ok_or(Rejection::Overflow);
            totals.equity = sum(totals.equity, value)?;
            totals.maintenance = more(totals.maintenance, contract.maintenance(notional)?)?;
            totals.initial = more(totals.initial, contract.initial(notional)?)?;
            totals.positions += 1;
        }
        Ok(totals)
    }

    /// Sizes of a position at which the brackets below its own begin at the mark, largest first.
    pub fn steps_down(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Vec<u128>, Rejected> {
        let contract = self.contract(view, asset)?;
        let price = view.price(asset)?;
        let size = self.position(view, account, asset).size;
        let notional = self.value(view, asset, contract, size)?.notional;
        let below = contract.table.tiers().iter().filter(|tier| tier.cap < notional).rev();
        let size = |tier: &Tier| contract.size_within(tier.cap, price, self.settle_decimals);
        // Above the position limit the last bracket holds on, so that its cap is no step.
        let last = contract.table.tiers().last().map(|tier| tier.cap);
        let sizes = below.filter(|tier| Some(tier.cap) != last).map(size);
        Ok(sizes.collect::<Result<_, MoneyError>>()?)
    }

    /// How prices move equity less a line times the requirement, for lines from one to
    /// [`LINE_MAX`].
    ///
    /// With `v` the value at the mark and `m` the requirement, convex in the notional, a fall of a
    /// long's price by the share `d` takes away `v d - line (m(v) - m(v - v d))`. That is most where
    /// `m` falls least, at the lowest rate. A rise of a short's price takes away
    /// `v d + line (m(v + v d) - m(v))`, most at the highest rate that the rise can reach: since the
    /// price may not move further than the surplus over one times the requirement allows, that is
    /// the rate at `v` plus the surplus. Towards a line above, a long gains most at the lowest rate
    /// and a short at the highest below `v`, so that the same slopes hold. What is left out is a
    /// line above one over the highest rate, where more of a long in its last brackets is worth
    /// less than what it requires: two, for the venue's tables.
    pub fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let totals = self.totals(view, account)?;
        let required = narrow_i128(U256::from(totals.maintenance))?;
        let surplus = totals.equity.saturating_sub(required).max(0).unsigned_abs();
        for (asset, contract, size) in self.sizes(view, account)? {
            let valued = self.value(view, asset, contract, size)?;
            let notional = signed(valued.notional)?;
            out.terms.push(Exposure {
                market: view.market_of(asset)?,
                equity: if size < 0 { -notional } else { notional },
                requirement: contract.slope(&valued, surplus)?,
            });
        }
        // Rounding hides less than one unit of a position's value, and less than two of its
        // requirement: one of the notional and one of the product.
        let error = u128::from(totals.positions) * (1 + 2 * LINE_MAX);
        Ok(Armed { until: Time::MAX, error })
    }

    /// What the venue may close, the largest notional first.
    pub fn saleable(&self, view: &View<'_>, account: AccountId) -> Result<Vec<Saleable>, Rejected> {
        let mut found = Vec::new();
        for (asset, contract, size) in self.sizes(view, account)? {
            let notional = self.value(view, asset, contract, size)?.notional;
            let (quantity, buy_back) = (size.unsigned_abs(), size < 0);
            let proceeds_asset = self.settle;
            found.push((notional, Saleable { asset, quantity, buy_back, proceeds_asset }));
        }
        found.sort_by_key(|(notional, item)| (Reverse(*notional), item.asset));
        Ok(found.into_iter().map(|(_, item)| item).collect())
    }

    /// The root of `equity(P) = maintenance(P)` in settle units for one whole contract, the other
    /// positions held at their marks: the venue's formula
    /// `(WB - MM_other + UP_other + cum - s Q E) / (Q (rate - s))` in the bracket in which the root
    /// itself lies. Exact: without the roundings of the health, whose line differs by a few base
    /// units. None without a position in the contract.
    pub fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        view.asset(asset)?;
        let settled = Unit::token(self.settle);
        let nought = exact(0, 0);
        let mut constant = nought.clone();
        for held in view.holdings(account)?.iter().filter(|held| held.unit == settled) {
            constant += exact(held.balance, self.settle_decimals);
        }
        let mut book =
            LinearBook { equity_constant: constant, held_maintenance: nought, legs: Vec::new() };
        for (other, contract, size) in self.sizes(view, account)? {
            let quantity = exact(size, contract.decimals);
            let maintenance = Maintenance::from_table(&contract.table, self.settle_decimals);
            if other == asset {
                book.legs.push(Leg { quantity, maintenance });
                continue;
            }
            let price = view.price(other)?;
            let digits = U256::from(price.raw);
            let decimals = price.decimals;
            let value =
                quantity * rational::from_decimal(Decimal { negative: false, digits, decimals });
            let notional = if size < 0 { -value.clone() } else { value.clone() };
            book.held_maintenance += maintenance.of(&notional);
            book.equity_constant += value;
        }
        if book.legs.is_empty() {
            return Ok(None);
        }
        // One leg has at most one root, so that the mark does not choose.
        Ok(book.liquidation_price(&exact(0, 0)).map(|root| root.price))
    }

    /// Refuses a book with anything else on it.
    pub fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        let refuse = |missing: String| Unsupported { rulebook: self.name.clone(), missing };
        let symbol = |asset: AssetId| {
            view.asset(asset).map_or_else(|_| asset.to_string(), |info| info.symbol.clone())
        };
        let settle = view.asset(self.settle).map_err(|error| refuse(error.to_string()))?;
        if settle.market.is_some() {
            let symbol = &settle.symbol;
            return Err(refuse(format!("marks are in {symbol}, so a market of {symbol} itself")));
        }
        for (asset, info) in (0u16..).map(AssetId).zip(view.assets) {
            let AssetKind::LinearPerpetual { settle } = info.kind else { continue };
            let listed = self.contracts.get(asset.index()).is_some_and(Option::is_some);
            if !listed || settle != self.settle {
                let missing =
                    format!("tiers of contract {} settled in {}", info.symbol, symbol(settle));
                return Err(refuse(missing));
            }
        }
        for account in (0..view.balances.accounts()).map(AccountId) {
            for held in view.balances.holdings(account) {
                let asset = held.unit.asset;
                let contract = self.contracts.get(asset.index()).is_some_and(Option::is_some);
                let known = held.unit.class == Class::Token && (asset == self.settle || contract);
                if !known {
                    let name = symbol(asset);
                    let own = symbol(self.settle);
                    let missing =
                        format!("margin in {name}, held by {account}; only {own} is margin");
                    return Err(refuse(missing));
                }
            }
        }
        Ok(())
    }
}

fn sum(left: i128, right: i128) -> Result<i128, Rejected> {
    left.checked_add(right).ok_or_else(|| Rejection::Overflow.into())
}

fn signed(value: u128) -> Result<i128, Rejected> {
    i128::try_from(value).map_err(|_| Rejection::Overflow.into())
}

/// `raw / 10^decimals`.
fn exact(raw: i128, decimals: u8) -> Rational {
    rational::from_raw(raw, decimals)
}
