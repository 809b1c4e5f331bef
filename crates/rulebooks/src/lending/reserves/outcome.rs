//! From a liquidation call to its effects, as far as venues on pooled reserves do it alike: the
//! position it is asked on, the debt it burns, the flags it leaves and the losses it books.

use super::{Reserves, value_of};
use crate::desk;
use crate::lending::aave_v3::{Deficit, Reserve, UserReserve};
use breakwater_liquidation::{Call, CallOption, Effects, Fact, Rejected, Rejection, View};
use breakwater_money::rounding::{Rounding, narrow_u128};
use breakwater_money::{AccountId, Amount, AssetId, Holder, TransferCode, U256, Unit};
use std::cmp::Reverse;

/// The reserves an account is in, and its holdings there, in the same order.
#[derive(Debug, Clone)]
pub struct Position {
    /// Whose it is.
    pub account: AccountId,
    /// What it holds or owes, each once.
    pub assets: Vec<AssetId>,
    /// Their reserves, indices moved to the time of the view.
    pub reserves: Vec<Reserve>,
    /// Its holdings in them.
    pub users: Vec<UserReserve>,
}

impl Position {
    /// What the account holds and owes at the view's time and marks.
    ///
    /// # Errors
    /// Unknown account, unlisted asset, missing mark or overflow.
    pub fn of(reserves: &Reserves, view: &View<'_>, account: AccountId) -> Result<Self, Rejected> {
        let assets: Vec<AssetId> = reserves.assets_of(view, account)?.collect();
        let states = assets.iter().map(|a| reserves.reserve(view, *a));
        let states = states.collect::<Result<Vec<_>, _>>()?;
        let users = assets.iter().map(|a| reserves.user(view, account, *a)).collect();
        Ok(Position { account, assets, reserves: states, users })
    }

    /// Places of the holdings that are wanted, in order.
    pub fn places<'a>(
        &'a self,
        wanted: impl Fn(&UserReserve) -> bool + 'a,
    ) -> impl Iterator<Item = usize> + 'a {
        self.users.iter().enumerate().filter(move |(_, user)| wanted(user)).map(|(i, _)| i)
    }

    /// The place of an asset, added with an empty holding if the account is not in it.
    ///
    /// # Errors
    /// Unlisted asset, missing mark or overflow.
    pub fn place(
        &mut self,
        reserves: &Reserves,
        view: &View<'_>,
        asset: AssetId,
    ) -> Result<usize, Rejected> {
        if let Some(at) = self.assets.iter().position(|known| *known == asset) {
            return Ok(at);
        }
        self.assets.push(asset);
        self.reserves.push(reserves.reserve(view, asset)?);
        self.users.push(reserves.user(view, self.account, asset));
        Ok(self.assets.len() - 1)
    }

    /// `units` of the asset at a place.
    ///
    /// # Errors
    /// Overflow.
    pub fn amount(&self, at: usize, units: U256) -> Result<Amount, Rejected> {
        Ok(Amount::new(self.assets[at], narrow_u128(units)?))
    }

    /// Burns the debt shares that disappeared, of every reserve.
    ///
    /// # Errors
    /// Overflow.
    pub fn burn_debts(&self, after: &[UserReserve], effects: &mut Effects) -> Result<(), Rejected> {
        let holder = Holder::Account(self.account);
        for ((asset, before), after) in self.assets.iter().zip(&self.users).zip(after) {
            let burnt = narrow_u128(before.scaled_debt.saturating_sub(after.scaled_debt))?;
            let unit = Unit::debt(*asset);
            effects.transfer(holder, Holder::Issuer, unit, burnt, TransferCode::Burn);
        }
        Ok(())
    }

    /// One of the account's flags over all of its reserves, a bit each.
    #[must_use]
    pub fn bits(&self, after: &[UserReserve], flag: impl Fn(&UserReserve) -> bool) -> U256 {
        let mut bits = U256::ZERO;
        for (asset, after) in self.assets.iter().zip(after) {
            bits.set_bit(asset.index(), flag(after));
        }
        bits
    }

    /// Books debt written off: its reserve bears it until somebody makes it good.
    ///
    /// # Errors
    /// Overflow.
    pub fn book(&self, deficit: &Deficit, effects: &mut Effects) -> Result<(), Rejected> {
        let amount = self.amount(deficit.reserve, deficit.amount)?;
        let reserve = &self.reserves[deficit.reserve];
        let value = narrow_u128(value_of(reserve, deficit.amount, Rounding::Ceil)?)?;
        let (unit, code) = (Unit::deficit(amount.asset), TransferCode::Deficit);
        effects.transfer(Holder::Issuer, Holder::Outstanding, unit, amount.raw, code);
        effects.facts.push(Fact::Deficit { account: self.account, amount, value });
        Ok(())
    }
}

/// A liquidation call with its assets found in the position that it is asked on.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The account's holdings, and the two reserves even where it is not in them.
    pub held: Position,
    /// Place of the debt.
    pub debt: usize,
    /// Place of the collateral.
    pub collateral: usize,
    /// Most that is repaid, units of the debt; all bits set for whatever is accepted.
    pub cover: U256,
    /// Whether the liquidator takes shares.
    pub shares: bool,
    /// Who takes what is seized, if an account of the pool does.
    pub liquidator: Option<AccountId>,
}

impl Asked {
    /// What the call asks for; none if it does not liquidate.
    ///
    /// # Errors
    /// [`Rejection::BadParameter`] for shares without an account that takes them; unknown account,
    /// unlisted asset, missing mark or overflow.
    pub fn of(reserves: &Reserves, view: &View<'_>, call: &Call) -> Result<Option<Self>, Rejected> {
        let Call::RepayAndSeize { account, debt, collateral, amount, shares, liquidator } = *call
        else {
            return Ok(None);
        };
        if shares && liquidator.is_none() {
            let detail = "shares: true needs a liquidator that is an account of the pool";
            return Err(Rejection::BadParameter.because(detail));
        }
        let mut held = Position::of(reserves, view, account)?;
        let debt = held.place(reserves, view, debt)?;
        let collateral = held.place(reserves, view, collateral)?;
        let cover = if amount == u128::MAX { U256::MAX } else { U256::from(amount) };
        Ok(Some(Asked { held, debt, collateral, cover, shares, liquidator }))
    }

    /// Whether the account would liquidate itself.
    #[must_use]
    pub fn of_itself(&self) -> bool {
        self.liquidator == Some(self.held.account)
    }
}

/// Most gain first; a tie goes to the larger repayment, then to the lower assets.
pub fn best_first(options: &mut [CallOption]) {
    options.sort_by_key(|option| Reverse((option.gain(), option.repaid_value)));
}

/// The call as it is sent to a venue of this family, which names shares its own way.
#[must_use]
pub fn told(view: &View<'_>, call: &Call, share: &str) -> String {
    match call {
        Call::RepayAndSeize { account, debt, collateral, amount, shares, .. } => format!(
            "liquidationCall(collateral {}, debt {}, user {account}, debtToCover {}, \
             receive{share} {shares})",
            desk::symbol(view, *collateral),
            desk::symbol(view, *debt),
            desk::offered(*amount)
        ),
        other => other.kind().to_owned(),
    }
}
