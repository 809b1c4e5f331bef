//! What a rulebook may look at: the whole pool, read only.

use crate::conditions::{NOTHING_OBSERVED, NOTHING_UNDER_WAY, Observed, UnderWay};
use crate::order::NO_ORDERS;
use crate::{ContractTerms, Effects, Order, Orders, PoolState, Rejected, Rejection, StateKey};
use breakwater_market::{Guard, GuardState, Mark, MarkStatus, MarketId};
use breakwater_money::{AccountId, AssetId, Holder, Holding, Price, Time, U256, Unit};
use serde::{Deserialize, Serialize};

/// What an asset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AssetKind {
    /// A token or a currency.
    Token,
    /// A future or an option.
    Contract(ContractTerms),
}

/// What the pool knows of an asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetInfo {
    /// Unique name, as in the rulebook's parameters.
    pub symbol: String,
    /// Base units are ten to minus this.
    pub decimals: u8,
    /// What it is.
    pub kind: AssetKind,
    /// The market that prices it, once defined.
    pub market: Option<MarketId>,
}

/// What the pool knows of a market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketInfo {
    /// Unique name, such as `ETH/USD`.
    pub symbol: String,
    /// The asset it prices.
    pub asset: AssetId,
    /// What its ticks must satisfy.
    pub guard: Guard,
    /// Share of slack it gets against other markets; only proportions matter.
    pub volatility_weight: u32,
}

/// Read access to balances.
pub trait Balances {
    /// What the account holds, in order of contract and unit; never a zero balance.
    fn holdings(&self, account: AccountId) -> &[Holding];
    /// One balance, zero if there is none.
    fn balance(&self, holder: Holder, unit: Unit) -> i128;
    /// Number of open accounts.
    fn accounts(&self) -> u32;
}

/// The pool as a rulebook sees it.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// Engine time.
    pub now: Time,
    /// Assets by number.
    pub assets: &'a [AssetInfo],
    /// Markets by number.
    pub markets: &'a [MarketInfo],
    /// Accepted prices by market.
    pub marks: &'a [GuardState],
    /// Balances.
    pub balances: &'a dyn Balances,
    state: &'a PoolState,
    patch: &'a [(StateKey, U256)],
    orders: &'a Orders,
    observed: &'a Observed,
    under_way: &'a UnderWay,
}

impl<'a> View<'a> {
    /// A view of the pool as it stands.
    #[must_use]
    pub fn new(
        now: Time,
        assets: &'a [AssetInfo],
        markets: &'a [MarketInfo],
        marks: &'a [GuardState],
        balances: &'a dyn Balances,
        state: &'a PoolState,
    ) -> Self {
        View {
            now,
            assets,
            markets,
            marks,
            balances,
            state,
            patch: &[],
            orders: &NO_ORDERS,
            observed: &NOTHING_OBSERVED,
            under_way: &NOTHING_UNDER_WAY,
        }
    }

    /// The same pool with these open orders.
    #[must_use]
    pub fn with_orders<'b>(&self, orders: &'b Orders) -> View<'b>
    where
        'a: 'b,
    {
        View { orders, ..*self }
    }

    /// The same pool with what is known of its markets, and sales under way in them.
    #[must_use]
    pub fn with_conditions<'b>(&self, observed: &'b Observed, under_way: &'b UnderWay) -> View<'b>
    where
        'a: 'b,
    {
        View { observed, under_way, ..*self }
    }

    /// What is known of the markets.
    #[must_use]
    pub fn observed(&self) -> &'a Observed {
        self.observed
    }

    /// What sales under way may still take of an asset's depth, and what past ones have taken that
    /// has not come back, base units.
    ///
    /// # Errors
    /// As [`View::market_of`].
    pub fn taken(&self, asset: AssetId, buy: bool) -> Result<u128, Rejected> {
        let missing = self.observed.missing(self.market_of(asset)?, buy, self.now);
        let under_way = self.under_way.get(&(asset, buy)).copied().unwrap_or(0);
        Ok(missing.saturating_add(under_way))
    }

    /// The account's open orders, with their numbers.
    pub fn orders(&self, account: AccountId) -> impl Iterator<Item = (u64, &'a Order)> + use<'a> {
        self.orders.of(account)
    }

    /// The same pool at other prices: what a stress asks.
    #[must_use]
    pub fn with_marks<'b>(&self, marks: &'b [GuardState]) -> View<'b>
    where
        'a: 'b,
    {
        View { marks, ..*self }
    }

    /// The same pool at a later time, nothing else having happened: what a caller asks whose call
    /// is included some blocks from now.
    #[must_use]
    pub fn at(&self, now: Time) -> View<'a> {
        View { now, ..*self }
    }

    /// One integer of the rulebook's state.
    #[must_use]
    pub fn state(&self, key: StateKey) -> U256 {
        // A patch has a handful of entries and later ones win.
        match self.patch.iter().rev().find(|(k, _)| *k == key) {
            Some((_, value)) => *value,
            None => self.state.get(key),
        }
    }

    /// What the pool knows of an asset.
    ///
    /// # Errors
    /// [`Rejection::UnknownAsset`].
    pub fn asset(&self, asset: AssetId) -> Result<&'a AssetInfo, Rejected> {
        let known = self.assets.get(asset.index());
        known.ok_or_else(|| Rejection::UnknownAsset.because(asset.to_string()))
    }

    /// The market that prices an asset.
    ///
    /// # Errors
    /// [`Rejection::UnknownAsset`], or [`Rejection::MarkMissing`] if nothing prices it.
    pub fn market_of(&self, asset: AssetId) -> Result<MarketId, Rejected> {
        let info = self.asset(asset)?;
        info.market.ok_or_else(|| {
            Rejection::MarkMissing.because(format!("no market prices {}", info.symbol))
        })
    }

    /// The last accepted price of an asset, whatever its age.
    ///
    /// # Errors
    /// [`Rejection::MarkMissing`] if none was ever accepted.
    pub fn mark(&self, asset: AssetId) -> Result<Mark, Rejected> {
        let market = self.market_of(asset)?;
        self.marks.get(usize::from(market.0)).and_then(|state| state.mark).ok_or_else(|| {
            let symbol = self.asset(asset).map_or("?", |a| a.symbol.as_str());
            Rejection::MarkMissing.because(format!("no price of {symbol} was accepted yet"))
        })
    }

    /// The last accepted price itself.
    ///
    /// # Errors
    /// As [`View::mark`].
    pub fn price(&self, asset: AssetId) -> Result<Price, Rejected> {
        self.mark(asset).map(|mark| mark.price)
    }

    /// Whether the asset's price may be acted on now.
    ///
    /// # Errors
    /// As [`View::market_of`].
    pub fn status(&self, asset: AssetId) -> Result<MarkStatus, Rejected> {
        let at = usize::from(self.market_of(asset)?.0);
        match (self.markets.get(at), self.marks.get(at)) {
            (Some(market), Some(state)) => Ok(market.guard.status(state, self.now)),
            _ => Ok(MarkStatus::Missing),
        }
    }

    /// The account's holdings.
    ///
    /// # Errors
    /// [`Rejection::UnknownAccount`].
    pub fn holdings(&self, account: AccountId) -> Result<&'a [Holding], Rejected> {
        if account.0 >= self.balances.accounts() {
            return Err(Rejection::UnknownAccount.because(account.to_string()));
        }
        Ok(self.balances.holdings(account))
    }

    /// One of the account's own balances in `unit` as an unsigned number of shares or tokens.
    #[must_use]
    pub fn owned(&self, account: AccountId, unit: Unit) -> u128 {
        let balance = self.balances.balance(Holder::Account(account), unit);
        u128::try_from(balance).unwrap_or(0)
    }
}

/// A view in which some effects have already happened: what a planner asks before it proposes.
#[derive(Clone)]
pub struct Overlay<'a> {
    base: View<'a>,
    patch: Vec<(StateKey, U256)>,
    balances: OverlaidBalances<'a>,
}

#[derive(Clone)]
struct OverlaidBalances<'a> {
    base: &'a dyn Balances,
    account: AccountId,
    holdings: Vec<Holding>,
    others: Vec<(Holder, Unit, i128)>,
}

impl<'a> Overlay<'a> {
    /// `base` after `effects`, seen from `account`: its holdings are exact, other accounts'
    /// balances are exact through [`Balances::balance`] only.
    ///
    /// # Errors
    /// [`Rejection::Overflow`] if a balance leaves its range.
    pub fn new(base: View<'a>, account: AccountId, effects: &Effects) -> Result<Self, Rejected> {
        let balances = OverlaidBalances {
            base: base.balances,
            account,
            holdings: base.balances.holdings(account).to_vec(),
            others: Vec::new(),
        };
        let mut overlay = Overlay { base, patch: base.patch.to_vec(), balances };
        overlay.then(effects)?;
        Ok(overlay)
    }

    /// More effects on top.
    ///
    /// # Errors
    /// As [`Overlay::new`]; the overlay is of no use then.
    pub fn then(&mut self, effects: &Effects) -> Result<(), Rejected> {
        self.patch.extend_from_slice(&effects.state);
        for transfer in &effects.transfers {
            let amount = i128::try_from(transfer.amount).map_err(|_| Rejection::Overflow)?;
            self.balances.add(transfer.debit, transfer.unit, -amount)?;
            self.balances.add(transfer.credit, transfer.unit, amount)?;
        }
        Ok(())
    }

    /// The pool as it would be.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View { balances: &self.balances, patch: &self.patch, ..self.base }
    }
}

impl OverlaidBalances<'_> {
    fn add(&mut self, holder: Holder, unit: Unit, change: i128) -> Result<(), Rejected> {
        let contract = match holder {
            Holder::Account(account) if account == self.account => None,
            Holder::Position(account, contract) if account == self.account => Some(contract),
            _ => {
                self.others.push((holder, unit, change));
                return Ok(());
            }
        };
        let key = (contract, unit);
        match self.holdings.binary_search_by(|h| (h.contract, h.unit).cmp(&key)) {
            Ok(at) => {
                let sum = self.holdings[at].balance.checked_add(change);
                self.holdings[at].balance = sum.ok_or(Rejection::Overflow)?;
                if self.holdings[at].balance == 0 {
                    self.holdings.remove(at);
                }
            }
            Err(at) => self.holdings.insert(at, Holding { contract, unit, balance: change }),
        }
        Ok(())
    }
}

impl Balances for OverlaidBalances<'_> {
    fn holdings(&self, account: AccountId) -> &[Holding] {
        if account == self.account { &self.holdings } else { self.base.holdings(account) }
    }

    fn balance(&self, holder: Holder, unit: Unit) -> i128 {
        let contract = match holder {
            Holder::Account(account) if account == self.account => None,
            Holder::Position(account, contract) if account == self.account => Some(contract),
            _ => {
                let changes = self.others.iter().filter(|(h, u, _)| *h == holder && *u == unit);
                return changes.fold(self.base.balance(holder, unit), |sum, (_, _, change)| {
                    sum.saturating_add(*change)
                });
            }
        };
        let key = (contract, unit);
        match self.holdings.binary_search_by(|h| (h.contract, h.unit).cmp(&key)) {
            Ok(at) => self.holdings[at].balance,
            Err(_) => 0,
        }
    }

    fn accounts(&self) -> u32 {
        self.base.accounts()
    }
}
