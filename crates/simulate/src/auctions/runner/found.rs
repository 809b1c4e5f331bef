//! Setting a run up: assets, markets, rulebook with the format, and every vault.

use super::AuctionOptions;
use super::outside::Outside;
use super::stage::{Purse, Stage};
use crate::ScenarioError;
use crate::auctions::chain::Timing;
use crate::auctions::scenario::AuctionScenario;
use crate::auctions::settings::{PPM, UNIT_DECIMALS, times};
use crate::auctions::vaults::Vault;
use crate::book::PRICE_DECIMALS;
use crate::plugged::registry;
use crate::watcher::Watcher;
use crate::world::Host;
use breakwater_engine::{Body, Engine};
use breakwater_liquidation::auctions::{AuctionFormat, Format};
use breakwater_liquidation::policy::Guards;
use breakwater_liquidation::{AssetKind, AuctionTerms, Call, Close, Disposal, Policy, Seller};
use breakwater_market::{Guard, MarketId};
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{AccountId, AssetId, Time};

/// What is held.
pub(super) const COLLATERAL: AssetId = AssetId(0);
/// What is owed.
pub(super) const DEBT: AssetId = AssetId(1);
/// Markets of both, in the same order.
pub(super) const MARKETS: [MarketId; 2] = [MarketId(0), MarketId(1)];

/// Price of what is owed.
pub(super) const PAR: u128 = 100_000_000;

/// Value of a lot of the planner: larger than any holding, so that holdings are offered whole and the
/// format alone cuts them.
const WHOLE: u128 = 1_000_000_000_000_000_000_000_000;

impl<'a> Stage<'a> {
    /// Sets everything up at the day's first price.
    ///
    /// # Errors
    /// A setting that makes no sense, or the first command that the engine refuses.
    pub fn found(
        scenario: &'a AuctionScenario,
        format: &str,
        options: &AuctionOptions,
        watcher: &'a mut dyn Watcher,
    ) -> Result<Stage<'a>, ScenarioError> {
        let settings = &scenario.settings;
        let rules = scenario.format(format)?;
        let terms = rules.terms(format, &settings.market.collateral)?;
        let vaults = scenario.vaults(options)?;
        let population = scenario.population(options)?;
        let gas = options.gas.as_deref().map_or(Ok(PPM), |text| times("gas", text))?;
        let mut host = Host::new(Engine::new(registry()), watcher);
        install(&mut host, scenario, terms)?;
        open(&mut host, &vaults, scenario.day().start)?;
        let chain = &settings.bidders.chain;
        let purses = population.bidders.iter().map(|bidder| Purse::new(bidder.capital)).collect();
        let mut stage = Stage {
            scenario,
            format: format.to_owned(),
            title: rules.title.clone(),
            status: rules.status.clone(),
            outside: Outside::new(&settings.outside, settings.market.step_seconds)?,
            timing: Timing {
                latency: chain.latency_seconds,
                stretch: chain.inclusion_seconds,
                expires: chain.expires_seconds,
                times: gas,
            },
            host,
            population,
            purses,
            open: std::collections::BTreeMap::new(),
            lots: Vec::new(),
            flights: std::collections::BTreeMap::new(),
            sent: 0,
            returns: std::collections::BTreeSet::new(),
            called: std::collections::BTreeMap::new(),
            bankrupt: std::collections::BTreeSet::new(),
            stretch_sold: (0, 0),
            paired: Vec::new(),
            sales: 0,
            is_descending: matches!(rules.format, Format::Dutch(_)),
            last_tick: None,
            totals: super::AuctionTotals::default(),
        };
        stage.totals.vaults = vaults.len() as u64;
        stage.outside.mid = scenario.day().price_at(0);
        Ok(stage)
    }
}

fn install(
    host: &mut Host<'_>,
    scenario: &AuctionScenario,
    terms: AuctionTerms,
) -> Result<(), ScenarioError> {
    let settings = &scenario.settings;
    let at = scenario.day().start;
    let symbols = [&settings.market.collateral, &settings.market.debt];
    for symbol in symbols {
        let (symbol, decimals, kind) = (symbol.clone(), UNIT_DECIMALS, AssetKind::Token);
        host.must(at, Body::DefineAsset { symbol, decimals, kind })?;
    }
    let guard = Guard {
        decimals: PRICE_DECIMALS,
        age_max_nanos: u64::from(settings.guard.age_max_minutes) * 60 * NANOS_PER_SECOND,
        ahead_max_nanos: 0,
        band_bps: settings.guard.band_bps,
        spread_max_bps: 0,
        grace_nanos: 0,
    };
    for ((symbol, asset), volatility_weight) in
        symbols.into_iter().zip([COLLATERAL, DEBT]).zip([8, 1])
    {
        let symbol = format!("{symbol}/USD");
        host.must(at, Body::DefineMarket { symbol, asset, guard, volatility_weight })?;
    }
    let parameters = scenario.parameters.clone();
    host.must(
        at,
        Body::InstallRulebook {
            rule: settings.rule.clone(),
            hash: *blake3::hash(parameters.as_bytes()).as_bytes(),
            parameters,
            policy: policy(terms, settings.run.retry_minutes),
        },
    )?;
    for (market, price) in MARKETS.into_iter().zip([scenario.day().price_at(0), PAR]) {
        host.tick(at, market, price)?;
    }
    Ok(())
}

/// The venue offers all of an account's collateral, in lots, by the format.
fn policy(terms: AuctionTerms, retry_minutes: u32) -> Policy {
    Policy {
        name: format!("{} auctions", format_name(&terms)),
        seller: Seller::Venue,
        close: Close::Full,
        guards: Guards { fresh_marks: true, ..Guards::default() },
        lot_value: WHOLE,
        // What is offered is not what the debt would take at the mark: nobody knows what it fetches.
        slippage_bps: 9_999,
        disposal: Disposal::Auction(terms),
        retry_nanos: u64::from(retry_minutes) * 60 * NANOS_PER_SECOND,
        ..Policy::as_is()
    }
}

fn format_name(terms: &AuctionTerms) -> &'static str {
    match terms.format {
        Format::English(_) => AuctionFormat::English,
        Format::Dutch(_) => AuctionFormat::Dutch,
        Format::Sealed(_) => AuctionFormat::Sealed,
        Format::Batch(_) => AuctionFormat::Batch,
    }
    .name()
}

fn open(host: &mut Host<'_>, vaults: &[Vault], at: Time) -> Result<(), ScenarioError> {
    for (number, vault) in (0u32..).zip(vaults) {
        host.must(at, Body::OpenAccount { owner: format!("vault-{number}") })?;
        let account = AccountId(number);
        let Vault { collateral, debt } = *vault;
        for (asset, collateral, debt) in [(COLLATERAL, collateral, 0), (DEBT, 0, debt)] {
            host.must(at, Body::Call(Call::Import { account, asset, collateral, debt }))?;
        }
    }
    Ok(())
}
