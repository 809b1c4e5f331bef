//! The markets of a pool and the accounts' places in them.
//!
//! A market is known by its collateral, its loan asset and its LLTV, as in the contract, and keeps
//! its totals under that identity: a parameter file with more markets leaves those of the others
//! where they are. An account has one position, in one market.

use super::{column, table};
use crate::desk::{held, own_threshold, raw};
use crate::lending::morpho_blue::parameters::wad;
use crate::lending::morpho_blue::{
    Accrued, Health as Sides, Market, Now, Parameters, Position, Terms, accrue, health,
};
use breakwater_liquidation::{
    AssetInfo, AssetKind, Effects, Rejected, Rejection, StateKey, Touched, View,
};
use breakwater_money::rounding::{Rounding, mul_div_full, narrow_u128};
use breakwater_money::{AccountId, AssetId, Class, Holder, Time, TransferCode, U256, Unit};

/// What a market is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    pub collateral: AssetId,
    pub loan: AssetId,
    pub lltv_bps: u16,
}

impl Identity {
    /// The identity as one number, 16 bits a part. Never zero, since no listed LLTV is.
    pub fn number(self) -> u64 {
        (self.pair() << 16) | u64::from(self.lltv_bps)
    }

    fn pair(self) -> u64 {
        (u64::from(self.collateral.0) << 16) | u64::from(self.loan.0)
    }

    /// Where the market's integer of `table` stands.
    pub fn cell(self, table: u16) -> StateKey {
        StateKey::Cell(table, self.pair(), u64::from(self.lltv_bps))
    }
}

/// A market with its parameters, bound to the pool's assets.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub name: String,
    pub identity: Identity,
    pub terms: Terms,
    rate: U256,
    /// Price of one loan unit per collateral unit, were both marks equal (1e36).
    scale: U256,
}

/// The markets, in the file's order.
#[derive(Debug, Clone, Default)]
pub(super) struct Markets(Vec<Listed>);

/// One account's position, its market up to date.
pub(super) struct Seat<'a> {
    pub listed: &'a Listed,
    /// The totals before and after the interest until now.
    pub accrued: Accrued,
    pub position: Position,
    /// Supply shares of the market.
    pub lent: u128,
}

/// The market that an account is in, or would be in.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub listed: Option<&'a Listed>,
    /// It owes or lends there. Otherwise the market is a choice that may be changed.
    pub bound: bool,
}

impl Markets {
    /// Binds markets to the pool's assets by symbol; a market of which the pool lacks an asset is
    /// left out.
    pub fn bind(parameters: &Parameters, assets: &[AssetInfo]) -> Result<Self, String> {
        let find = |symbol: &str| {
            let numbered = (0..).map(AssetId).zip(assets);
            let mut tokens = numbered.filter(|(_, info)| info.kind == AssetKind::Token);
            tokens.find(|(_, info)| info.symbol == *symbol)
        };
        for (symbol, listed) in &parameters.assets {
            if let Some((_, info)) = find(symbol)
                && info.decimals != listed.decimals
            {
                return Err(format!(
                    "assets.{symbol}.decimals = {}: the pool's asset has {}",
                    listed.decimals, info.decimals
                ));
            }
        }
        let mut bound = Vec::new();
        for (name, market) in &parameters.markets {
            let (Some(collateral), Some(loan)) = (find(&market.collateral), find(&market.loan))
            else {
                continue;
            };
            let (from, to) = (collateral.1.decimals, loan.1.decimals);
            // At least 1e0, since no asset has more than 36 decimals.
            let decimals = (36 + to).checked_sub(from).ok_or_else(|| {
                format!("markets.{name}: {from} decimals of collateral: at most 36 more than {to}")
            })?;
            bound.push(Listed {
                name: name.clone(),
                identity: Identity {
                    collateral: collateral.0,
                    loan: loan.0,
                    lltv_bps: market.lltv_bps,
                },
                terms: market.terms(),
                rate: market.rate(),
                scale: U256::from(10u8).pow(U256::from(decimals)),
            });
        }
        Ok(Markets(bound))
    }

    /// Every market.
    pub fn iter(&self) -> impl Iterator<Item = &Listed> {
        self.0.iter()
    }

    /// Whether some market names the asset, on either side.
    pub fn names(&self, asset: AssetId) -> bool {
        let named = |m: &Listed| m.identity.collateral == asset || m.identity.loan == asset;
        self.0.iter().any(named)
    }

    /// Whether some market takes the asset as collateral.
    pub fn secures(&self, asset: AssetId) -> bool {
        self.0.iter().any(|m| m.identity.collateral == asset)
    }

    /// The market of a number.
    pub fn numbered(&self, number: U256) -> Option<&Listed> {
        self.0.iter().find(|m| U256::from(m.identity.number()) == number)
    }

    /// The market that lends `loan` against `collateral`; of several the one with the highest LLTV.
    pub fn between(&self, collateral: AssetId, loan: AssetId) -> Option<&Listed> {
        let pair = |m: &&Listed| (m.identity.collateral, m.identity.loan) == (collateral, loan);
        self.0.iter().filter(pair).max_by_key(|m| m.identity.lltv_bps)
    }

    /// The highest LLTV at which the collateral counts anywhere.
    pub fn best_lltv(&self, collateral: AssetId) -> Option<&Listed> {
        let secures = |m: &&Listed| m.identity.collateral == collateral;
        self.0.iter().filter(secures).max_by_key(|m| m.identity.lltv_bps)
    }

    /// Where the account stands.
    ///
    /// # Errors
    /// It owes in a market that is not listed, or is unknown.
    pub fn place(&self, view: &View<'_>, account: AccountId) -> Result<Place<'_>, Rejected> {
        let owes = held(view, account, Class::Debt)?.next();
        let number = view.state(StateKey::Account(account, column::MARKET));
        let listed = self.numbered(number);
        if let (Some((asset, _)), None) = (owes, listed) {
            let detail = format!("{account} owes {asset} in market {number}, which is not listed");
            return Err(Rejection::NotLendable.because(detail));
        }
        let lends = listed.is_some_and(|m| view.owned(account, Unit::supply(m.identity.loan)) > 0);
        Ok(Place { listed, bound: owes.is_some() || lends })
    }

    /// The account's position, if it owes or lends.
    ///
    /// # Errors
    /// As [`Markets::place`], or overflow of interest.
    pub fn seat(&self, view: &View<'_>, account: AccountId) -> Result<Option<Seat<'_>>, Rejected> {
        let place = self.place(view, account)?;
        let Some(listed) = place.listed.filter(|_| place.bound) else { return Ok(None) };
        listed.seat(view, account).map(Some)
    }
}

impl Listed {
    /// The account's position in this market.
    ///
    /// # Errors
    /// Overflow of interest.
    pub fn seat(&self, view: &View<'_>, account: AccountId) -> Result<Seat<'_>, Rejected> {
        let owned = |unit| view.owned(account, unit);
        Ok(Seat {
            listed: self,
            accrued: self.accrued(view)?,
            position: Position {
                collateral: owned(Unit::supply(self.identity.collateral)),
                borrow_shares: owned(Unit::debt(self.identity.loan)),
                own_lltv: own_threshold(view, account, column::OWN_THRESHOLD).map(wad),
            },
            lent: owned(Unit::supply(self.identity.loan)),
        })
    }

    /// The stored totals.
    ///
    /// # Errors
    /// A total that does not fit 128 bits, which no call stores.
    pub fn stored(&self, view: &View<'_>) -> Result<Market, Rejected> {
        let total = |table| raw(view.state(self.identity.cell(table)));
        Ok(Market {
            total_supply_assets: total(table::SUPPLY_ASSETS)?,
            total_supply_shares: total(table::SUPPLY_SHARES)?,
            total_borrow_assets: total(table::BORROW_ASSETS)?,
            total_borrow_shares: total(table::BORROW_SHARES)?,
        })
    }

    /// What the contract reads beside its storage, at a price (1e36).
    pub fn now(&self, view: &View<'_>, collateral_price: U256) -> Now {
        let updated = view.state(self.identity.cell(table::UPDATED_AT));
        let updated = u64::try_from(updated).unwrap_or(u64::MAX);
        Now {
            elapsed_seconds: seconds(view.now).saturating_sub(updated),
            borrow_rate_per_second: self.rate,
            collateral_price,
        }
    }

    /// The totals with interest until the view's time.
    ///
    /// # Errors
    /// Overflow.
    pub fn accrued(&self, view: &View<'_>) -> Result<Accrued, Rejected> {
        let now = self.now(view, U256::ZERO);
        Ok(accrue(&self.terms, &self.stored(view)?, &now)?)
    }

    /// Loan units per collateral unit (1e36): the quotient of the marks, rounded down as the
    /// venue's feed-based oracle does (`MorphoChainlinkOracleV2.price`).
    ///
    /// # Errors
    /// A missing mark, a loan asset without worth, or overflow.
    pub fn price(&self, view: &View<'_>) -> Result<U256, Rejected> {
        let mark = |asset| view.price(asset).map(|price| U256::from(price.raw));
        let (collateral, loan) = (mark(self.identity.collateral)?, mark(self.identity.loan)?);
        Ok(mul_div_full(self.scale, collateral, loan, Rounding::Floor)?)
    }

    /// Whether a rate moves debts here.
    pub fn has_rate(&self) -> bool {
        !self.rate.is_zero()
    }

    /// Interest on `debt` loan units over `seconds` at the fixed rate, bounded from above.
    ///
    /// # Errors
    /// Overflow.
    pub fn interest_most(&self, debt: U256, seconds: u64) -> Result<U256, Rejected> {
        // The rate is at most eight a year, so that over an hour four times simple interest covers
        // the compounding, and moves of a debt's value up to double.
        let share = self.rate.saturating_mul(U256::from(seconds)).saturating_mul(U256::from(4));
        let one = breakwater_money::Wad::one().raw;
        Ok(mul_div_full(debt, share, one, Rounding::Ceil)?)
    }

    /// Stores the totals after a call that found them as `accrued`. `others` are the debt shares of
    /// everybody whom the call does not name: where rounding or a loss lowers what they owe by more
    /// than the watch list allows for, they are touched as well.
    ///
    /// # Errors
    /// Overflow.
    pub fn store(
        &self,
        view: &View<'_>,
        effects: &mut Effects,
        accrued: &Accrued,
        after: &Market,
        others: u128,
    ) -> Result<(), Rejected> {
        let totals = [
            (table::SUPPLY_ASSETS, after.total_supply_assets),
            (table::SUPPLY_SHARES, after.total_supply_shares),
            (table::BORROW_ASSETS, after.total_borrow_assets),
            (table::BORROW_SHARES, after.total_borrow_shares),
            (table::UPDATED_AT, u128::from(seconds(view.now))),
        ];
        for (table, total) in totals {
            effects.set(self.identity.cell(table), U256::from(total));
        }
        let (unit, fee) = (Unit::supply(self.identity.loan), accrued.fee_shares);
        effects.transfer(Holder::Issuer, Holder::Treasury, unit, fee, TransferCode::Fee);
        let (before, after) = (accrued.market.owed(others)?, after.owed(others)?);
        if before.saturating_sub(after) > U256::from(OTHERS_UNITS) {
            effects.touched = Touched::Everyone;
        }
        Ok(())
    }
}

/// Loan units by which one call may lower what all others owe together without touching them.
/// Rounding moves less than one; only markets of a few units see more.
pub(super) const OTHERS_UNITS: u8 = 2;

impl Seat<'_> {
    /// What the position owes and may owe, in loan units at the view's marks.
    ///
    /// # Errors
    /// A missing mark, or overflow.
    pub fn health(&self, view: &View<'_>) -> Result<Sides, Rejected> {
        let price = self.listed.price(view)?;
        Ok(health(&self.listed.terms, &self.accrued.market, &self.position, price)?)
    }

    /// Debt shares of everybody else in the market.
    pub fn others(&self) -> u128 {
        self.accrued.market.total_borrow_shares.saturating_sub(self.position.borrow_shares)
    }

    /// Loan units owed.
    ///
    /// # Errors
    /// Overflow.
    pub fn owed(&self) -> Result<U256, Rejected> {
        Ok(self.accrued.market.owed(self.position.borrow_shares)?)
    }
}

/// Whole Unix seconds.
pub(super) fn seconds(now: Time) -> u64 {
    now.seconds_since(Time(0))
}

/// Value of `units` of `asset` in the numeraire.
///
/// # Errors
/// A missing mark, or overflow.
pub(super) fn value(
    view: &View<'_>,
    asset: AssetId,
    units: U256,
    rounding: Rounding,
) -> Result<u128, Rejected> {
    let decimals = view.asset(asset)?.decimals;
    Ok(narrow_u128(view.price(asset)?.value_wide(units, decimals, rounding)?)?)
}
