//! Pooled reserves: what lending rulebooks on scaled balances share.
//!
//! Supplied and owed balances are raw shares in the ledger; a reserve's indices and rates, and an
//! account's flags, are the rulebook's state. Supplied units round down, owed ones up, and a
//! share is burnt or issued in the pool's favour.

mod accrual;
mod business;
mod health;
mod outcome;
#[cfg(test)]
pub(crate) mod test_book;
mod venue;

pub use outcome::{Asked, Position, best_first, told};
pub use venue::{OnReserves, Venue};

use super::aave_v3::{AssetParameters, Reserve, Revert, UserReserve};
use breakwater_liquidation::{
    AccountShape, AssetInfo, AssetKind, Layout, Reach, Rejected, Rejection, StateKey, Unsupported,
    View,
};
use breakwater_money::rounding::{Rounding, pow10};
use breakwater_money::{AccountId, AssetId, Class, Holder, Time, U256, Unit, Wad};
use std::collections::BTreeMap;

/// Columns of the state, in the order of the layout.
pub mod column {
    /// Asset: what a supplied share is worth (ray).
    pub const LIQUIDITY_INDEX: u16 = 0;
    /// Asset: what an owed share has grown to (ray).
    pub const BORROW_INDEX: u16 = 1;
    /// Asset: rate of suppliers since the last accrual (ray a year).
    pub const LIQUIDITY_RATE: u16 = 2;
    /// Asset: rate of borrowers since the last accrual (ray a year).
    pub const BORROW_RATE: u16 = 3;
    /// Asset: when the indices were last moved (Unix seconds).
    pub const UPDATED_AT: u16 = 4;
    /// Asset: what a policy adds to the rate of borrowers (ray a year).
    pub const SURCHARGE: u16 = 5;
    /// Account: bit `i` is set when asset `i` counts as collateral.
    pub const COLLATERAL: u16 = 0;
    /// Account: bit `i` is set when asset `i` is borrowed.
    pub const BORROWING: u16 = 1;
    /// Account: a threshold of its own in basis points, zero for none.
    pub const OWN_THRESHOLD: u16 = 2;
}

/// The integers that the rulebooks of this family remember.
pub static LAYOUT: Layout = Layout {
    pool: &[],
    asset: &[
        "liquidity index (ray)",
        "variable borrow index (ray)",
        "liquidity rate (ray a year)",
        "variable borrow rate (ray a year)",
        "updated at (Unix seconds)",
        "surcharge (ray a year)",
    ],
    account: &["collateral (bitmap)", "borrowing (bitmap)", "own threshold (bps, 0 for none)"],
    cells: &[],
};

/// Assets a reserve pool can list: one bit each in an account's flags, as on the venue.
pub const RESERVES_MAX: usize = 128;

/// How a venue of this family values balances and rounds the health they make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Valuation {
    /// In base units of the numeraire; health half up, then down (Aave v3).
    #[default]
    BaseUnits,
    /// At eighteen decimals more; health down twice (Aave v4).
    Fine,
}

impl Valuation {
    /// What one base unit of the numeraire is in it.
    fn unit(self) -> U256 {
        match self {
            Valuation::BaseUnits => U256::ONE,
            Valuation::Fine => Wad::one().raw,
        }
    }
}

/// The reserves of a pool: parameters by asset.
#[derive(Debug, Clone)]
pub struct Reserves {
    name: String,
    numeraire_decimals: u8,
    valuation: Valuation,
    assets: Vec<Option<AssetParameters>>,
}

impl From<Revert> for Rejected {
    fn from(revert: Revert) -> Self {
        let rejection = match revert {
            Revert::SelfLiquidation => Rejection::SelfDealing,
            Revert::ReserveInactive => Rejection::NotLendable,
            Revert::ReservePaused => Rejection::Paused,
            Revert::GracePeriod => Rejection::VenueGrace,
            Revert::Healthy => Rejection::Healthy,
            Revert::NotCollateral => Rejection::NotCollateral,
            Revert::NotBorrowed => Rejection::NotBorrowed,
            Revert::Dust => Rejection::DustLeft,
            Revert::ZeroBurn => Rejection::ZeroBurn,
            Revert::Arithmetic => Rejection::Overflow,
        };
        rejection.because(revert.to_string())
    }
}

impl Reserves {
    /// Binds parameters to the pool's assets by symbol. An asset without parameters is refused
    /// only once somebody holds it.
    ///
    /// # Errors
    /// More assets than an account's flags have bits, or decimals that differ.
    pub fn bind(
        name: &str,
        numeraire_decimals: u8,
        parameters: &BTreeMap<String, AssetParameters>,
        assets: &[AssetInfo],
    ) -> Result<Self, String> {
        if assets.len() > RESERVES_MAX {
            return Err(format!("{} assets: at most {RESERVES_MAX} in one pool", assets.len()));
        }
        let mut bound = Vec::with_capacity(assets.len());
        for info in assets {
            let found = parameters.get(&info.symbol).copied();
            if let Some(p) = found.filter(|p| p.decimals != info.decimals) {
                return Err(format!(
                    "assets.{}.decimals = {}: the pool's asset has {}",
                    info.symbol, p.decimals, info.decimals
                ));
            }
            bound.push(found.filter(|_| info.kind == AssetKind::Token));
        }
        let valuation = Valuation::default();
        Ok(Reserves { name: name.to_owned(), numeraire_decimals, valuation, assets: bound })
    }

    /// The same reserves, valued another way.
    #[must_use]
    pub fn valued(self, valuation: Valuation) -> Self {
        Reserves { valuation, ..self }
    }

    /// The rulebook's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Decimals of values.
    #[must_use]
    pub fn numeraire_decimals(&self) -> u8 {
        self.numeraire_decimals
    }

    /// Parameters of an asset.
    ///
    /// # Errors
    /// [`Rejection::NotLendable`] naming the asset.
    pub fn parameters(
        &self,
        view: &View<'_>,
        asset: AssetId,
    ) -> Result<&AssetParameters, Rejected> {
        let info = view.asset(asset)?;
        self.assets.get(asset.index()).and_then(Option::as_ref).ok_or_else(|| {
            Rejection::NotLendable.because(format!("{} lists no {}", self.name, info.symbol))
        })
    }

    /// The largest bonus of any reserve, basis points.
    #[must_use]
    pub fn bonus_most_bps(&self) -> Option<u32> {
        self.assets.iter().flatten().map(|p| u32::from(p.liquidation_bonus_bps)).max()
    }

    /// Refuses a book with something that has no parameters here.
    ///
    /// # Errors
    /// [`Unsupported`] naming it.
    pub fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        self.admits_but(view, |_| false)
    }

    /// The same, but what has no parameters is refused only where somebody has supplied or owes it:
    /// a pool may know of more than its venue lists.
    ///
    /// # Errors
    /// [`Unsupported`] naming it.
    pub fn admits_idle(&self, view: &View<'_>) -> Result<(), Unsupported> {
        self.admits_but(view, |asset| {
            let issued = |unit| view.balances.balance(Holder::Issuer, unit) != 0;
            !issued(Unit::supply(asset)) && !issued(Unit::debt(asset))
        })
    }

    fn admits_but(
        &self,
        view: &View<'_>,
        idle: impl Fn(AssetId) -> bool,
    ) -> Result<(), Unsupported> {
        let missing = |missing: String| Unsupported { rulebook: self.name.clone(), missing };
        for ((asset, info), known) in (0..).map(AssetId).zip(view.assets).zip(&self.assets) {
            if info.kind != AssetKind::Token {
                let what = format!("perpetual contracts, such as {}", info.symbol);
                return Err(missing(what));
            }
            if known.is_none() && idle(asset) {
                continue;
            }
            if known.is_none() {
                return Err(missing(format!("a reserve for {}", info.symbol)));
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

    /// The account's flags and its holding in one reserve.
    #[must_use]
    pub fn user(&self, view: &View<'_>, account: AccountId, asset: AssetId) -> UserReserve {
        let flag = |column| bit(view.state(StateKey::Account(account, column)), asset);
        UserReserve {
            scaled_collateral: U256::from(view.owned(account, Unit::supply(asset))),
            scaled_debt: U256::from(view.owned(account, Unit::debt(asset))),
            use_as_collateral: flag(column::COLLATERAL),
            borrowing: flag(column::BORROWING),
            own_threshold_bps: own_threshold(view, account),
        }
    }

    /// Assets that the account holds or owes, in order, each once.
    ///
    /// # Errors
    /// Unknown account.
    pub fn assets_of<'a>(
        &self,
        view: &View<'a>,
        account: AccountId,
    ) -> Result<impl Iterator<Item = AssetId> + use<'a>, Rejected> {
        let holdings = view.holdings(account)?;
        let mut last = None;
        let relevant = holdings
            .iter()
            .filter(|h| matches!(h.unit.class, Class::Supply | Class::Debt))
            .map(|h| h.unit.asset);
        // Holdings are in order of asset, so repeats stand together.
        Ok(relevant.filter(move |asset| last.replace(*asset) != Some(*asset)))
    }
}

/// Any number of collaterals and debts; whatever has a threshold may secure whatever is listed.
#[must_use]
pub fn shape(assets: &BTreeMap<String, AssetParameters>) -> AccountShape {
    let counts = assets.iter().filter(|(_, a)| a.liquidation_threshold_bps > 0);
    let collaterals: Vec<String> = counts.map(|(symbol, _)| symbol.clone()).collect();
    let secured_by = assets.keys().map(|debt| (debt.clone(), collaterals.clone()));
    AccountShape {
        collaterals: Reach::Many,
        debts: Reach::Many,
        secured_by: secured_by.collect(),
        currency: None,
        debt_least: 0,
    }
}

/// Value of `units` in the base currency.
///
/// # Errors
/// Overflow.
pub fn value_of(reserve: &Reserve, units: U256, rounding: Rounding) -> Result<U256, Rejected> {
    let unit = U256::from(pow10(reserve.decimals)?);
    Ok(breakwater_money::rounding::mul_div_wide(units, reserve.price, unit, rounding)?)
}

/// The account's own threshold, if it has one.
#[must_use]
pub fn own_threshold(view: &View<'_>, account: AccountId) -> Option<u16> {
    let stored = view.state(StateKey::Account(account, column::OWN_THRESHOLD));
    u16::try_from(stored).ok().filter(|bps| *bps > 0)
}

/// Whole Unix seconds.
#[must_use]
pub fn seconds(now: Time) -> u64 {
    now.seconds_since(Time(0))
}

fn bit(bits: U256, asset: AssetId) -> bool {
    asset.index() < 256 && bits.bit(asset.index())
}
