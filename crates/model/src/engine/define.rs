//! What must exist before anything can happen: assets, markets, accounts.

use super::{Account, Model};
use crate::guard;
use crate::number::Result;
use breakwater_engine::{Cause, What};
use breakwater_liquidation::{AssetInfo, AssetKind, ContractTerms, Form, MarketInfo, Rejection};
use breakwater_market::{Guard, GuardState, MarketId};
use breakwater_money::{AccountId, AssetId, Time};
use std::rc::Rc;

/// Longest name.
const NAME_MAX: usize = 64;
/// Most decimals of an asset.
const DECIMALS_MAX: u8 = 30;

impl Model {
    pub(super) fn define_asset(
        &mut self,
        symbol: &str,
        decimals: u8,
        kind: AssetKind,
        before: Time,
    ) -> Result<()> {
        check_name(symbol)?;
        if self.pool.assets.iter().any(|asset| asset.symbol == symbol) {
            return Err(Rejection::NameTaken);
        }
        if decimals > DECIMALS_MAX {
            return Err(Rejection::BadParameter);
        }
        if let AssetKind::Contract(terms) = kind {
            self.check_terms(&terms)?;
        }
        let number = u16::try_from(self.pool.assets.len()).map_err(|_| Rejection::LimitReached)?;
        let symbol = symbol.to_owned();
        Rc::make_mut(&mut self.pool.assets).push(AssetInfo {
            symbol,
            decimals,
            kind,
            market: None,
        });
        self.tell(Cause::Command, What::AssetDefined { asset: AssetId(number) });
        if let Some(in_force) = self.in_force.clone() {
            if !in_force.rule.fits(&self.pool) {
                return Err(Rejection::RulebookCannotTake);
            }
            // A reserve is founded as of the time before the command that defines it.
            let now = std::mem::replace(&mut self.pool.now, before);
            in_force.rule.found(&mut self.pool);
            self.pool.now = now;
        }
        Ok(())
    }

    /// What a contract rests on is there, and its numbers make sense.
    fn check_terms(&self, terms: &ContractTerms) -> Result<()> {
        let settles = self.pool.asset(terms.settle)?.kind == AssetKind::Token;
        if !settles || terms.multiplier == 0 || terms.multiplier_decimals > 18 {
            return Err(Rejection::BadParameter);
        }
        if let Form::Option(option) = terms.form {
            let strike = option.strike.raw > 0 && option.strike.decimals <= DECIMALS_MAX;
            if !strike || terms.expires.is_none() {
                return Err(Rejection::BadParameter);
            }
            let on = self.pool.asset(option.underlying)?.kind;
            if matches!(on, AssetKind::Contract(terms) if matches!(terms.form, Form::Option(_))) {
                return Err(Rejection::BadParameter);
            }
        }
        Ok(())
    }

    pub(super) fn define_market(
        &mut self,
        symbol: &str,
        asset: AssetId,
        guard: &Guard,
        volatility_weight: u32,
    ) -> Result<()> {
        check_name(symbol)?;
        if self.pool.markets.iter().any(|market| market.symbol == symbol) {
            return Err(Rejection::NameTaken);
        }
        if self.pool.asset(asset)?.market.is_some() {
            return Err(Rejection::NameTaken);
        }
        if !guard::sound(guard) || volatility_weight == 0 {
            return Err(Rejection::BadParameter);
        }
        let number = u16::try_from(self.pool.markets.len()).map_err(|_| Rejection::LimitReached)?;
        let market = MarketId(number);
        Rc::make_mut(&mut self.pool.markets).push(MarketInfo {
            symbol: symbol.to_owned(),
            asset,
            guard: *guard,
            volatility_weight,
        });
        self.pool.seen.push(GuardState::default());
        if let Some(info) = Rc::make_mut(&mut self.pool.assets).get_mut(asset.index()) {
            info.market = Some(market);
        }
        if self.in_force.as_ref().is_some_and(|known| !known.rule.admits(&self.pool)) {
            return Err(Rejection::RulebookCannotTake);
        }
        self.tell(Cause::Command, What::MarketDefined { market });
        Ok(())
    }

    pub(super) fn open_account(&mut self, owner: &str) -> Result<()> {
        check_name(owner)?;
        let account = AccountId(self.pool.accounts);
        self.pool.accounts += 1;
        self.accounts.push(Account::default());
        self.tell(Cause::Command, What::AccountOpened { account });
        Ok(())
    }
}

fn check_name(name: &str) -> Result<()> {
    let length = name.chars().count();
    let printable = !name.chars().any(char::is_control);
    if length == 0 || length > NAME_MAX || !printable { Err(Rejection::BadName) } else { Ok(()) }
}
