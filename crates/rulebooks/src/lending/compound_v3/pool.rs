//! The markets of one pool: parameters bound to its assets, and their books in the rulebook's state.

use super::parameters::{CometParameters, Parameters, amount, factor};
use super::{
    Account, Base, Collateral, INDEX_ONE, Indices, RateModel, Revert, StoreFront, Totals, accrue,
    usage,
};
use crate::desk;
use breakwater_liquidation::{
    AssetInfo, AssetKind, Effects, Layout, Rejected, Rejection, StateKey, Touched, Unsupported,
    View,
};
use breakwater_money::rounding::{mul_div_full, narrow_u128};
use breakwater_money::{AccountId, AssetId, Bps, Holder, Rounding, Time, U256, Unit, Wad};

/// Columns and tables of the state, in the order of the layout.
pub(super) mod column {
    /// Base asset: what a unit of principal supplied is worth.
    pub const SUPPLY_INDEX: u16 = 0;
    /// Base asset: what a unit of principal owed has grown to.
    pub const BORROW_INDEX: u16 = 1;
    /// Base asset: principal of all supplies, of lenders outside the book too.
    pub const TOTAL_SUPPLY: u16 = 2;
    /// Base asset: principal of all debts.
    pub const TOTAL_BORROW: u16 = 3;
    /// Base asset: when the indices were last moved.
    pub const UPDATED_AT: u16 = 4;
    /// Base asset: units of it that the market itself holds.
    pub const CASH: u16 = 5;
    /// Account: the market that it belongs to.
    pub const MARKET: u16 = 0;
    /// Account: a threshold of its own.
    pub const OWN_THRESHOLD: u16 = 1;
    /// Table: units of a collateral that accounts have put up in a market.
    pub const PUT_UP: u16 = 0;
    /// Table: units of a collateral that a market has absorbed and not sold.
    pub const OWNED: u16 = 1;
}

/// The integers that the rulebook remembers.
pub(super) static LAYOUT: Layout = Layout {
    pool: &[],
    asset: &[
        "base supply index (1e15)",
        "base borrow index (1e15)",
        "total supply (base units at an index of one)",
        "total borrow (base units at an index of one)",
        "updated at (Unix seconds)",
        "cash of the market (base units)",
    ],
    account: &["market (number of its base asset plus one, 0 for none)", desk::OWN_THRESHOLD],
    cells: &[
        "collateral put up (units, by base asset and collateral)",
        "collateral owned by the market (units, by base asset and collateral)",
    ],
};

/// Usage up to which every bound on interest holds, whatever others do meanwhile. Lenders beside
/// borrowers of the whole, rounding included, stay below it; beyond it everybody is armed anew.
const USAGE_BOUND_BPS: u128 = 10_500;

/// One market, bound to the pool's assets.
#[derive(Debug, Clone)]
pub(super) struct Market {
    pub base: AssetId,
    pub symbol: String,
    decimals: u8,
    /// Collaterals that the pool has, in the market's order.
    pub list: Vec<Listed>,
    pub model: Option<RateModel>,
    pub least_debt: U256,
    target_reserves: U256,
    price_factor: Wad,
}

/// One collateral of a market.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed {
    pub asset: AssetId,
    decimals: u8,
    borrow_factor: Wad,
    liquidate_factor: Wad,
    liquidation_factor: Wad,
    supply_cap: U256,
}

/// The markets of a pool.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    pub name: String,
    pub numeraire_decimals: u8,
    pub markets: Vec<Market>,
}

/// A market's books at one instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Books {
    /// Price and totals, with the indices moved to the view's time.
    pub base: Base,
    /// The indices as they were last stored.
    pub stored: Indices,
    /// Units of the base asset that the market holds.
    pub cash: u128,
}

impl From<Revert> for Rejected {
    fn from(revert: Revert) -> Self {
        let rejection = match revert {
            Revert::NotLiquidatable => Rejection::Healthy,
            // Marks are above zero: what is missing is a first one.
            Revert::BadPrice => Rejection::MarkMissing,
            Revert::NotForSale => Rejection::NothingToSell,
            Revert::TooMuchSlippage => Rejection::WorseThanLimit,
            Revert::InsufficientReserves => Rejection::InsufficientLiquidity,
            Revert::BadAsset => Rejection::NotLendable,
            Revert::SupplyCapExceeded => Rejection::LimitReached,
            Revert::BorrowTooSmall => Rejection::DustLeft,
            Revert::NotCollateralized => Rejection::BelowInitial,
            Revert::InvalidUInt64
            | Revert::InvalidUInt104
            | Revert::InvalidUInt128
            | Revert::InvalidInt104
            | Revert::InvalidInt256
            | Revert::Arithmetic => Rejection::Overflow,
        };
        rejection.because(revert.to_string())
    }
}

impl Pool {
    /// Binds parameters to the pool's assets by symbol. A market whose base asset the pool does not
    /// have is left out, and so is a collateral that it does not have.
    ///
    /// # Errors
    /// Decimals that differ from the pool's.
    pub fn bind(parameters: &Parameters, assets: &[AssetInfo]) -> Result<Self, String> {
        let mut markets = Vec::new();
        for (asset, info) in (0..).map(AssetId).zip(assets) {
            let Some(comet) = parameters.comets.get(&info.symbol) else { continue };
            if info.kind == AssetKind::Token {
                markets.push(Market::bind(asset, info, comet, assets)?);
            }
        }
        Ok(Pool {
            name: parameters.head.name.clone(),
            numeraire_decimals: parameters.head.numeraire_decimals,
            markets,
        })
    }

    /// Refuses contracts, prices of another scale, and holdings of what no market takes.
    ///
    /// # Errors
    /// [`Unsupported`] naming it.
    pub fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        let missing = |missing: String| Unsupported { rulebook: self.name.clone(), missing };
        for (asset, info) in (0..).map(AssetId).zip(view.assets) {
            if info.kind != AssetKind::Token {
                return Err(missing(format!("perpetual contracts, such as {}", info.symbol)));
            }
            if !self.takes(asset) && self.named(asset).is_none() && is_held(view, asset) {
                return Err(missing(format!("a market for {}", info.symbol)));
            }
            if let Some(market) = info.market.and_then(|m| view.markets.get(m.index()))
                && market.guard.decimals != self.numeraire_decimals
            {
                return Err(missing(format!(
                    "prices of {} with {} decimals (market {}), its values have {}",
                    info.symbol, market.guard.decimals, market.symbol, self.numeraire_decimals
                )));
            }
        }
        Ok(())
    }

    /// Sets the indices of new markets to one.
    pub fn found(&self, view: &View<'_>) -> Effects {
        let mut effects = Effects::default();
        for market in &self.markets {
            let key = |column| StateKey::Asset(market.base, column);
            if view.state(key(column::SUPPLY_INDEX)).is_zero() {
                effects.set(key(column::SUPPLY_INDEX), U256::from(INDEX_ONE));
                effects.set(key(column::BORROW_INDEX), U256::from(INDEX_ONE));
                effects.set(key(column::UPDATED_AT), U256::from(seconds(view.now)));
            }
        }
        effects
    }

    /// The market of a base asset, if there is one.
    pub fn named(&self, base: AssetId) -> Option<&Market> {
        self.markets.iter().find(|market| market.base == base)
    }

    /// The market of a base asset.
    ///
    /// # Errors
    /// [`Rejection::NotLendable`] naming the asset.
    pub fn market(&self, view: &View<'_>, base: AssetId) -> Result<&Market, Rejected> {
        let info = view.asset(base)?;
        let refused = || {
            let detail = format!("{} has no market that lends {}", self.name, info.symbol);
            Rejection::NotLendable.because(detail)
        };
        self.named(base).ok_or_else(refused)
    }

    /// Whether some market takes the asset as collateral.
    pub fn takes(&self, asset: AssetId) -> bool {
        self.markets.iter().any(|market| market.place(asset).is_some())
    }

    /// The market that the account belongs to, if it has one.
    ///
    /// # Errors
    /// Unknown account.
    pub fn market_of(
        &self,
        view: &View<'_>,
        account: AccountId,
    ) -> Result<Option<&Market>, Rejected> {
        view.holdings(account)?;
        let stored = view.state(StateKey::Account(account, column::MARKET));
        let base = stored.checked_sub(U256::ONE).and_then(|base| u16::try_from(base).ok());
        Ok(base.and_then(|base| self.named(AssetId(base))))
    }
}

impl Market {
    fn bind(
        base: AssetId,
        info: &AssetInfo,
        comet: &CometParameters,
        assets: &[AssetInfo],
    ) -> Result<Self, String> {
        let path = format!("comets.{}", info.symbol);
        same_decimals(&path, comet.decimals, info)?;
        let mut list = Vec::new();
        for symbol in &comet.order {
            let found = (0..).map(AssetId).zip(assets).find(|(_, info)| info.symbol == *symbol);
            let (Some((asset, info)), Some(p)) = (found, comet.collaterals.get(symbol)) else {
                continue;
            };
            let path = format!("{path}.collaterals.{symbol}");
            same_decimals(&path, p.decimals, info)?;
            list.push(Listed {
                asset,
                decimals: p.decimals,
                borrow_factor: factor(p.borrow_bps),
                liquidate_factor: factor(p.liquidate_bps),
                liquidation_factor: factor(p.liquidation_factor_bps),
                supply_cap: amount(&format!("{path}.supply_cap"), &p.supply_cap, p.decimals)?,
            });
        }
        let tokens =
            |field: &str, text: &str| amount(&format!("{path}.{field}"), text, comet.decimals);
        Ok(Market {
            base,
            symbol: info.symbol.clone(),
            decimals: comet.decimals,
            list,
            model: comet.model(&info.symbol)?,
            least_debt: tokens("borrow_least", &comet.borrow_least)?,
            target_reserves: tokens("target_reserves", &comet.target_reserves)?,
            price_factor: factor(comet.store_front_bps),
        })
    }

    /// The place of a collateral in the market's order.
    pub fn place(&self, asset: AssetId) -> Option<usize> {
        self.list.iter().position(|listed| listed.asset == asset)
    }

    /// The place and the parameters of a collateral.
    ///
    /// # Errors
    /// [`Rejection::NotLendable`] naming market and asset.
    pub fn listed(&self, view: &View<'_>, asset: AssetId) -> Result<(usize, Listed), Rejected> {
        let info = view.asset(asset)?;
        let found = self.list.iter().copied().enumerate().find(|(_, listed)| listed.asset == asset);
        found.ok_or_else(|| {
            let detail = format!("the {} market takes no {}", self.symbol, info.symbol);
            Rejection::NotLendable.because(detail)
        })
    }

    /// The market's books with its indices moved to the view's time. Without a price the base's is
    /// zero, which only matters where the venue would read it.
    ///
    /// # Errors
    /// An index leaves its width.
    pub fn books(&self, view: &View<'_>) -> Result<Books, Rejected> {
        let state = |column| view.state(StateKey::Asset(self.base, column));
        let index = |column| u64::try_from(state(column)).map_err(|_| Revert::InvalidUInt64);
        let stored =
            Indices { supply: index(column::SUPPLY_INDEX)?, borrow: index(column::BORROW_INDEX)? };
        let totals =
            Totals { supply: state(column::TOTAL_SUPPLY), borrow: state(column::TOTAL_BORROW) };
        let updated = u64::try_from(state(column::UPDATED_AT)).unwrap_or(u64::MAX);
        let elapsed = seconds(view.now).saturating_sub(updated);
        let indices = match &self.model {
            Some(model) => accrue(stored, &totals, model, elapsed)?,
            None => stored,
        };
        let base = Base { decimals: self.decimals, price: price(view, self.base), indices, totals };
        Ok(Books { base, stored, cash: narrow_u128(state(column::CASH))? })
    }

    /// Stores the books: indices at the view's time, totals and cash.
    ///
    /// # Errors
    /// A rate leaves its width.
    pub fn store(
        &self,
        view: &View<'_>,
        books: &Books,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let Base { indices, totals, .. } = books.base;
        for (column, value) in [
            (column::SUPPLY_INDEX, U256::from(indices.supply)),
            (column::BORROW_INDEX, U256::from(indices.borrow)),
            (column::TOTAL_SUPPLY, totals.supply),
            (column::TOTAL_BORROW, totals.borrow),
            (column::UPDATED_AT, U256::from(seconds(view.now))),
            (column::CASH, U256::from(books.cash)),
        ] {
            let key = StateKey::Asset(self.base, column);
            if view.state(key) != value || effects.state.iter().any(|(known, _)| *known == key) {
                effects.set(key, value);
            }
        }
        let before = self.books(view)?;
        let bound = |indices, totals: &Totals| self.rate_bound(indices, totals);
        if bound(indices, &totals)? > bound(before.stored, &before.base.totals)? {
            effects.touched = Touched::Everyone;
        }
        Ok(())
    }

    /// A rate per second (1e18) that borrowers do not pay more than until the books say so: that
    /// of the usage now, or of a usage a little above all that is lent.
    ///
    /// # Errors
    /// A rate leaves its width.
    pub fn rate_bound(&self, indices: Indices, totals: &Totals) -> Result<U256, Rejected> {
        let Some(model) = &self.model else { return Ok(U256::ZERO) };
        let full = Bps::new(USAGE_BOUND_BPS).of(Wad::one().raw, Rounding::Ceil)?;
        let highest = usage(indices, totals)?.raw.max(full);
        Ok(model.borrow.rate(highest)?)
    }

    /// Most that a debt worth `value` can grow by in `seconds`, without anybody's touching it.
    ///
    /// # Errors
    /// Overflow.
    pub fn interest(&self, books: &Books, value: U256, seconds: u64) -> Result<U256, Rejected> {
        let rate = self.rate_bound(books.stored, &books.base.totals)?;
        if rate.is_zero() {
            return Ok(U256::ZERO);
        }
        let share = rate.checked_mul(U256::from(seconds)).ok_or(Rejection::Overflow)?;
        Ok(mul_div_full(value, share, Wad::one().raw, Rounding::Ceil)?)
    }

    /// One collateral with its price (zero without one) and what accounts have put up.
    pub fn collateral(&self, view: &View<'_>, listed: Listed) -> Collateral {
        Collateral {
            decimals: listed.decimals,
            price: price(view, listed.asset),
            borrow_factor: listed.borrow_factor,
            liquidate_factor: listed.liquidate_factor,
            liquidation_factor: listed.liquidation_factor,
            total_supply: view.state(self.cell(column::PUT_UP, listed.asset)),
            supply_cap: listed.supply_cap,
        }
    }

    /// Every collateral, in the market's order.
    pub fn collaterals(&self, view: &View<'_>) -> Vec<Collateral> {
        self.list.iter().map(|listed| self.collateral(view, *listed)).collect()
    }

    /// The cell of one of the market's collaterals.
    pub fn cell(&self, table: u16, asset: AssetId) -> StateKey {
        StateKey::Cell(table, u64::from(self.base.0), u64::from(asset.0))
    }

    /// The account's signed principal.
    ///
    /// # Errors
    /// A balance leaves its width.
    pub fn principal(&self, view: &View<'_>, account: AccountId) -> Result<i128, Rejected> {
        let raw = |unit| i128::try_from(view.owned(account, unit)).map_err(|_| Rejection::Overflow);
        Ok(raw(Unit::supply(self.base))? - raw(Unit::debt(self.base))?)
    }

    /// The account as the rule sees it.
    ///
    /// # Errors
    /// A balance leaves its width.
    pub fn account(&self, view: &View<'_>, account: AccountId) -> Result<Account, Rejected> {
        let units = |listed: &Listed| U256::from(view.owned(account, Unit::supply(listed.asset)));
        Ok(Account {
            principal: self.principal(view, account)?,
            balances: self.list.iter().map(units).collect(),
            own_factor: own_factor(view, account),
        })
    }

    /// The terms on which the market sells, with its cash now.
    pub fn front(&self, books: &Books) -> StoreFront {
        StoreFront {
            target_reserves: self.target_reserves,
            price_factor: self.price_factor,
            base_balance: U256::from(books.cash),
        }
    }
}

/// The account's own threshold as a factor, if it has one.
pub(super) fn own_factor(view: &View<'_>, account: AccountId) -> Option<Wad> {
    desk::own_threshold(view, account, column::OWN_THRESHOLD).map(factor)
}

/// The last accepted price at the numeraire's scale, which is the venue's; zero without one.
pub(super) fn price(view: &View<'_>, asset: AssetId) -> U256 {
    view.price(asset).map_or(U256::ZERO, |price| U256::from(price.raw))
}

/// Whole Unix seconds.
fn seconds(now: Time) -> u64 {
    now.seconds_since(Time(0))
}

fn same_decimals(path: &str, decimals: u8, info: &AssetInfo) -> Result<(), String> {
    if decimals == info.decimals {
        return Ok(());
    }
    Err(format!("{path}.decimals = {decimals}: the pool's asset has {}", info.decimals))
}

/// Whether anybody has the asset or owes it.
fn is_held(view: &View<'_>, asset: AssetId) -> bool {
    let has = |holder, unit| view.balances.balance(holder, unit) != 0;
    has(Holder::Reserve, Unit::token(asset))
        || has(Holder::Issuer, Unit::supply(asset))
        || has(Holder::Issuer, Unit::debt(asset))
}
