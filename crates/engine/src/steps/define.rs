//! Assets, markets, accounts, the insurance fund: what must exist before anything can happen.

use super::settle;
use crate::Engine;
use crate::engine::{Climbed, Fault, LedgerBalances, Standing};
use crate::event::{Cause, Outcome, What};
use crate::limits::{ACCOUNTS_MAX, ASSETS_MAX, DECIMALS_MAX, MARKETS_MAX, NAME_MAX};
use breakwater_liquidation::contract::MULTIPLIER_DECIMALS_MAX;
use breakwater_liquidation::{
    AssetInfo, AssetKind, ContractTerms, Effects, Form, MarginCall, MarketInfo, Rejected,
    Rejection, Rulebook, View,
};
use breakwater_margin::Band;
use breakwater_market::{Guard, GuardState, MarketId};
use breakwater_money::{AccountId, Amount, AssetId, Holder, Time, TransferCode, Unit};

fn check_name(what: &str, name: &str) -> Result<(), Rejected> {
    let printable = name.chars().all(|c| !c.is_control());
    if name.is_empty() || name.chars().count() > NAME_MAX || !printable {
        let shown: String = name.chars().take(NAME_MAX).collect();
        let detail = format!("{what} '{shown}': 1 to {NAME_MAX} printable characters");
        return Err(Rejection::BadName.because(detail));
    }
    Ok(())
}

fn check_room(what: &str, count: usize, most: usize) -> Result<(), Rejected> {
    if count >= most {
        return Err(Rejection::LimitReached.because(format!("{what}: at most {most}")));
    }
    Ok(())
}

pub(super) fn asset(
    engine: &mut Engine,
    symbol: &str,
    decimals: u8,
    kind: AssetKind,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    check_name("symbol", symbol)?;
    check_room("assets", engine.assets.len(), ASSETS_MAX)?;
    if engine.assets.iter().any(|known| known.symbol == symbol) {
        return Err(Rejection::NameTaken.because(format!("asset '{symbol}'")).into());
    }
    if decimals > DECIMALS_MAX {
        let detail = format!("decimals {decimals}: at most {DECIMALS_MAX}");
        return Err(Rejection::BadParameter.because(detail).into());
    }
    if let AssetKind::Contract(terms) = kind {
        check_terms(engine, &terms)?;
    }
    let info = AssetInfo { symbol: symbol.to_owned(), decimals, kind, market: None };
    let mut assets = engine.assets.clone();
    assets.push(info);
    let bound = bind(engine, &assets)?;
    // Bounded by ASSETS_MAX.
    let asset = AssetId(u16::try_from(engine.assets.len()).unwrap_or(u16::MAX));
    engine.assets = assets;
    engine.scratch.committed = true;
    Engine::tell(outcome, Cause::Command, What::AssetDefined { asset });
    if let (Some(installed), Some((rulebook, effects))) = (&mut engine.installed, bound) {
        installed.rulebook = rulebook;
        settle::commit(engine, effects, Cause::Command, outcome)?;
    }
    Ok(())
}

/// What a contract rests on exists, and its numbers make sense.
fn check_terms(engine: &Engine, terms: &ContractTerms) -> Result<(), Rejected> {
    let refuse = |detail: String| Err(Rejection::BadParameter.because(detail));
    let kind = |asset: AssetId| {
        let known = engine.assets.get(asset.index()).map(|a| a.kind);
        known.ok_or_else(|| Rejection::UnknownAsset.because(asset.to_string()))
    };
    if kind(terms.settle)? != AssetKind::Token {
        return refuse(format!("settle {} is a contract; a token settles", terms.settle));
    }
    if terms.multiplier == 0 {
        return refuse("multiplier 0: at least 1".to_owned());
    }
    if terms.multiplier_decimals > MULTIPLIER_DECIMALS_MAX {
        let (given, most) = (terms.multiplier_decimals, MULTIPLIER_DECIMALS_MAX);
        return refuse(format!("multiplier_decimals {given}: at most {most}"));
    }
    if let Form::Option(option) = terms.form {
        if option.strike.raw == 0 || option.strike.decimals > DECIMALS_MAX {
            let (strike, most) = (option.strike.raw, DECIMALS_MAX);
            return refuse(format!("strike {strike}: above 0, of at most {most} decimals"));
        }
        if terms.expires.is_none() {
            return refuse("expires: missing; an option has an end".to_owned());
        }
        if let Some(above) = kind(option.underlying)?.contract()
            && matches!(above.form, Form::Option(_))
        {
            return refuse(format!("underlying {} is an option", option.underlying));
        }
    }
    Ok(())
}

/// A rulebook bound to assets, and what it sets for those it did not know.
type Bound = (Box<dyn Rulebook>, Effects);

/// The rulebook in force bound to these assets, and what it sets for the newcomer: it must know
/// it before it can hold any of it.
fn bind(engine: &Engine, assets: &[AssetInfo]) -> Result<Option<Bound>, Rejected> {
    let Some(installed) = &engine.installed else { return Ok(None) };
    let built = engine.registry.build(&installed.rule, &installed.parameters, assets);
    let Some(rulebook) = built.map_err(|reason| Rejection::RulebookCannotTake.because(reason))?
    else {
        return Ok(None);
    };
    let balances = LedgerBalances(&engine.ledger);
    let view =
        View::new(engine.now, assets, &engine.markets, &engine.marks, &balances, &engine.state);
    let effects = rulebook.found(&view)?;
    Ok(Some((rulebook, effects)))
}

pub(super) fn market(
    engine: &mut Engine,
    symbol: &str,
    asset: AssetId,
    guard: &Guard,
    volatility_weight: u32,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    check_name("symbol", symbol)?;
    check_room("markets", engine.markets.len(), MARKETS_MAX)?;
    if engine.markets.iter().any(|known| known.symbol == symbol) {
        return Err(Rejection::NameTaken.because(format!("market '{symbol}'")).into());
    }
    let Some(info) = engine.assets.get(asset.index()) else {
        return Err(Rejection::UnknownAsset.because(asset.to_string()).into());
    };
    if info.market.is_some() {
        let detail = format!("asset '{}' has a market already", info.symbol);
        return Err(Rejection::NameTaken.because(detail).into());
    }
    guard.validate().map_err(|error| Rejection::BadParameter.because(error.to_string()))?;
    if volatility_weight == 0 {
        let detail = "volatility_weight 0: at least 1".to_owned();
        return Err(Rejection::BadParameter.because(detail).into());
    }
    let market = MarketId(u16::try_from(engine.markets.len()).unwrap_or(u16::MAX));
    let mut assets = engine.assets.clone();
    assets[asset.index()].market = Some(market);
    let mut markets = engine.markets.clone();
    markets.push(MarketInfo { symbol: symbol.to_owned(), asset, guard: *guard, volatility_weight });
    if let Some(installed) = &engine.installed {
        // The rulebook in force must be able to read the prices that will come.
        let balances = LedgerBalances(&engine.ledger);
        let view =
            View::new(engine.now, &assets, &markets, &engine.marks, &balances, &engine.state);
        installed
            .rulebook
            .admits(&view)
            .map_err(|missing| Rejection::RulebookCannotTake.because(missing.to_string()))?;
    }
    engine.assets = assets;
    engine.markets = markets;
    engine.marks.push(GuardState::default());
    engine.watch.add_market();
    Engine::tell(outcome, Cause::Command, What::MarketDefined { market });
    Ok(())
}

pub(super) fn account(
    engine: &mut Engine,
    owner: &str,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    check_name("owner", owner)?;
    check_room("accounts", engine.standings.len(), ACCOUNTS_MAX)?;
    let account = AccountId(u32::try_from(engine.standings.len()).unwrap_or(u32::MAX));
    engine.standings.push(Standing {
        owner: owner.to_owned(),
        call: MarginCall::default(),
        band: Band::Healthy,
        liquidated_at: 0,
        retry_at: Time::default(),
        climbed: Climbed::default(),
    });
    engine.ledger.open(account);
    engine.watch.add_account();
    Engine::tell(outcome, Cause::Command, What::AccountOpened { account });
    Ok(())
}

pub(super) fn insurance(
    engine: &mut Engine,
    asset: AssetId,
    amount: u128,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    if asset.index() >= engine.assets.len() {
        return Err(Rejection::UnknownAsset.because(asset.to_string()).into());
    }
    if amount == 0 {
        return Err(Rejection::AmountZero.because("amount 0: at least 1").into());
    }
    let mut effects = Effects::default();
    effects.transfer(
        Holder::External,
        Holder::Insurance,
        Unit::token(asset),
        amount,
        TransferCode::Deposit,
    );
    let told = What::InsuranceFunded { amount: Amount::new(asset, amount) };
    settle::commit(engine, effects, Cause::Command, outcome)?;
    Engine::tell(outcome, Cause::Command, told);
    Ok(())
}
