//! Setting a run up: assets, market, rulebook, fund, and every account with its position.

use super::options::Venue;
use super::stage::{CONTRACT, SETTLE, Stage, tick};
use super::winners::Held;
use super::{PerpetualOptions, PerpetualTotals, SETTLE_DECIMALS};
use crate::perpetuals::{
    BASE_DECIMALS, PRICE_DECIMALS, PerpetualAccount, PerpetualBook, PerpetualScenario,
    PositionSide, Role,
};
use crate::plugged::registry;
use crate::watcher::Watcher;
use crate::world::Host;
use crate::{ScenarioError, market};
use breakwater_engine::{Body, Engine};
use breakwater_liquidation::{AssetKind, Call};
use breakwater_money::rounding::{Rounding, mul_div, pow10};
use breakwater_money::{AccountId, Price, Time, U256};
use breakwater_rulebooks::exchange::margin_exchange::ISOLATED;

impl<'a> Stage<'a> {
    /// Sets everything up at the day's first mark.
    ///
    /// # Errors
    /// A setting that makes no sense, or the first command that the engine refuses.
    pub fn found(
        scenario: &'a PerpetualScenario,
        options: &'a PerpetualOptions,
        watcher: &'a mut dyn Watcher,
    ) -> Result<Stage<'a>, ScenarioError> {
        let book = book(scenario, options)?;
        let stated = &scenario.settings;
        let venue = Venue::read(&stated.venue, stated.planner.as_ref(), options)?;
        let first = scenario.path().minutes.first().map(|minute| minute.marks[0]);
        let (start, mark) =
            first.map_or((Time(0), Price::new(1, PRICE_DECIMALS)), |point| (point.at, point.mark));
        let mut host = Host::new(Engine::new(registry()), watcher);
        let (rulebook, parameters) = options.rulebook.as_ref().unwrap_or(&scenario.rulebook);
        install(&mut host, scenario, (rulebook, parameters), &venue, start)?;
        host.must(start, Body::Tick(tick(1, start, mark)))?;
        let value = in_settle(book.open_interest_value(mark.raw)?)?;
        let fund = mul_div(value, venue.fund_share, market::ONE, Rounding::Floor)
            .map_err(market::overflow)?;
        if fund > 0 {
            host.must(start, Body::FundInsurance { asset: SETTLE, amount: fund })?;
        }
        for account in &book.accounts {
            open(&mut host, account, start)?;
        }
        let totals = PerpetualTotals {
            accounts: book.accounts.len() as u64,
            open_interest: book.open_interest,
            open_interest_value: value,
            mark_start: mark.raw,
            mark_low: mark.raw,
            mark_end: mark.raw,
            path_low: scenario.path().trough_cents(),
            fund_start: fund,
            sold_low: u128::MAX,
            ..PerpetualTotals::default()
        };
        let accounts = (0..).map(AccountId).take(book.accounts.len());
        let held = accounts.map(|account| Held::of(&host.engine, account)).collect();
        let mut stage = Stage::new(scenario, options, host, venue, book, held, totals);
        stage.opening(start, mark);
        Ok(stage)
    }
}

/// The book that the settings state, or another seed's.
fn book(
    scenario: &PerpetualScenario,
    options: &PerpetualOptions,
) -> Result<PerpetualBook, ScenarioError> {
    let Some(seed) = options.seed else { return scenario.book() };
    let settings =
        crate::perpetuals::settings::BookSettings { seed, ..scenario.settings.book.clone() };
    PerpetualBook::draw(&settings.read()?, scenario.path().first_cents())
}

fn install(
    host: &mut Host<'_>,
    scenario: &PerpetualScenario,
    (name, parameters): (&str, &str),
    venue: &Venue,
    at: Time,
) -> Result<(), ScenarioError> {
    let table: toml::Table = toml::from_str(parameters)
        .map_err(|error| ScenarioError::setting(name, error.to_string()))?;
    let word = |key: &str| table.get(key).and_then(toml::Value::as_str);
    let Some(rule) = word("rule") else {
        let reason = "has no 'rule'; expected the name of a rulebook this build has";
        return Err(ScenarioError::setting(name, reason));
    };
    let Some(settle) = word("settle") else {
        let reason = "has no 'settle'; expected a rulebook of contracts that settle in one asset";
        return Err(ScenarioError::setting(name, reason));
    };
    let contract = scenario.settings.market.contract.clone();
    let kind = AssetKind::Token;
    let cash = (settle.to_owned(), SETTLE_DECIMALS, kind);
    let listed = (contract.clone(), BASE_DECIMALS, AssetKind::linear_perpetual(SETTLE));
    for (symbol, decimals, kind) in [cash, listed] {
        host.must(at, Body::DefineAsset { symbol, decimals, kind })?;
    }
    let symbol = scenario.settings.market.name.clone();
    let (asset, guard) = (CONTRACT, venue.guard);
    host.must(at, Body::DefineMarket { symbol, asset, guard, volatility_weight: 1 })?;
    host.must(
        at,
        Body::InstallRulebook {
            rule: rule.to_owned(),
            parameters: parameters.to_owned(),
            hash: *blake3::hash(parameters.as_bytes()).as_bytes(),
            policy: venue.policy.clone(),
        },
    )?;
    Ok(())
}

/// Cents as base units of the settle asset.
pub(super) fn in_settle(cents: u128) -> Result<u128, ScenarioError> {
    let unit = pow10(SETTLE_DECIMALS - PRICE_DECIMALS).map_err(market::overflow)?;
    let reason = "an amount does not fit 128 bits; expected smaller positions or prices";
    cents.checked_mul(unit).ok_or_else(|| ScenarioError::setting("book", reason))
}

/// Whose account it is, for readers.
fn label(account: &PerpetualAccount) -> String {
    let role = match account.role {
        Role::Trader => "trader",
        Role::MarketMaker => "maker",
    };
    format!("{role}-{}", account.number)
}

/// Opens an account: its cash, then each fill at its own price against the outside. The wallet of an
/// isolated position stays out of reach and is not brought.
fn open(host: &mut Host<'_>, account: &PerpetualAccount, at: Time) -> Result<(), ScenarioError> {
    let (id, owner) = (AccountId(account.number), label(account));
    host.must(at, Body::OpenAccount { owner: owner.clone() })?;
    let wallet = if account.isolated { 0 } else { account.wallet_cents };
    if account.isolated {
        let (column, value) = (ISOLATED, U256::ONE);
        host.must(at, Body::Call(Call::Configure { account: id, column, value }))?;
    }
    let collateral = in_settle(account.margin_cents.saturating_add(wallet))?;
    host.must(at, Body::Call(Call::Import { account: id, asset: SETTLE, collateral, debt: 0 }))?;
    for fill in &account.fills {
        let (buyer, seller) = match account.side {
            PositionSide::Long => (Some(id), None),
            PositionSide::Short => (None, Some(id)),
        };
        let price = Price::new(fill.price_cents, PRICE_DECIMALS);
        let quantity = fill.quantity;
        let trade = Call::Trade { buyer, seller, contract: CONTRACT, quantity, price };
        host.must(at, Body::Call(trade)).map_err(|error| match error {
            ScenarioError::Refused { why, .. } => {
                let why = format!(
                    "{why}; expected a position that could be opened at the first \
                     mark: lower book.entry_reach or book.leverage_cap"
                );
                ScenarioError::Refused { what: format!("the position of {owner}"), why }
            }
            other => other,
        })?;
    }
    Ok(())
}
