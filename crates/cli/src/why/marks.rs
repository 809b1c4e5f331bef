//! Marks and lines: at which price an account stands at its line, and at which it is clear of it.

use super::record::{Line, Picture, Quoted};
use breakwater_engine::{Body, Command, Engine};
use breakwater_liquidation::{ContractTerms, Effects, Exposures, Form, Overlay, Rulebook, View};
use breakwater_margin::Health;
use breakwater_market::MarketId;
use breakwater_money::rounding::Rounding;
use breakwater_money::{AccountId, AssetId, Holder, Price, TransferCode, Unit, rational};

/// Units of the scale beyond the exact root that are tried before a clear price is given up: the
/// root leaves out the roundings of health, each of which hides less than one.
const CLEAR_TRIES: u128 = 16;

/// The markets that matter to the account before the command, the one of its tick first.
pub fn before(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    command: &Command,
) -> Vec<Quoted> {
    let mut markets: Vec<Quoted> = held(view, account)
        .into_iter()
        .filter_map(|(market, asset)| {
            let before = mark_of(view, market);
            let line = before.and_then(|mark| line(rulebook, view, (account, asset), mark));
            let ticks = ticked(command) == Some(market);
            let quoted = Quoted { market, before, after: None, line, clear: None };
            (line.is_some() || ticks).then_some(quoted)
        })
        .collect();
    markets.sort_by_key(|quoted| (ticked(command) != Some(quoted.market), quoted.market));
    markets
}

/// The account right after a command, and what would have kept it.
#[derive(Debug, Clone)]
pub struct Fallen {
    /// The account.
    pub after: Picture,
    /// The markets that matter to it, with where their prices would have had to stand.
    pub markets: Vec<Quoted>,
    /// The least that would have kept it out of breach; none if it is in none.
    pub top_up: Option<u128>,
}

/// What the account has fallen to, in the pool after the command; `before` are its markets just
/// before.
pub fn fallen(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    command: &Command,
    before: Vec<Quoted>,
) -> Fallen {
    let mut markets = before;
    for (market, _) in held(view, account) {
        if !markets.iter().any(|quoted| quoted.market == market) {
            // What the command itself brought, or what nothing foresaw.
            let ticks = ticked(command) == Some(market);
            let before = if ticks { None } else { mark_of(view, market) };
            markets.push(Quoted { market, before, after: None, line: None, clear: None });
        }
    }
    for quoted in &mut markets {
        quoted.after = mark_of(view, quoted.market);
        quoted.clear = clear(rulebook, view, account, quoted.market);
    }
    let after = Picture {
        health: rulebook.assess(view, account).ok(),
        sides: rulebook.sides(view, account).unwrap_or_default(),
    };
    Fallen { after, markets, top_up: top_up(rulebook, view, account) }
}

/// The account's line in each market that it depends on, with the mark there.
pub fn lines(engine: &Engine, account: AccountId) -> Vec<Quoted> {
    let Some(rulebook) = engine.rulebook() else { return Vec::new() };
    engine.look(|view| {
        let quoted = held(view, account).into_iter().map(|(market, asset)| {
            let after = mark_of(view, market);
            let line = after.and_then(|mark| line(rulebook, view, (account, asset), mark));
            Quoted { market, before: None, after, line, clear: None }
        });
        quoted.filter(|quoted| quoted.line.is_some()).collect()
    })
}

/// The least that would lift the account out of breach, in base units of the numeraire: what is
/// missing, or one unit more where the rule takes equality for a breach. None if it is in none.
fn top_up(rulebook: &dyn Rulebook, view: &View<'_>, account: AccountId) -> Option<u128> {
    let health = rulebook.assess(view, account).ok()?;
    let least = health.shortfall.max(1);
    if !health.breach {
        return None;
    }
    // Cash can be asked about; debt repaid is not the same call everywhere.
    let settles = settles_in(view, account);
    if settles.is_empty() || health.shortfall == 0 {
        return Some(least);
    }
    // Where no amount of cash lands on the line itself, one unit more is enough for certain.
    let decimals = rulebook.numeraire_decimals();
    let on_the_line = settles.into_iter().find_map(|asset| {
        let amounts = amounts_of(view, asset, least, decimals)?;
        let mut found = amounts
            .into_iter()
            .filter_map(|cash| with_cash(rulebook, view, account, (asset, cash)));
        found.find(|h| u128::try_from(h.equity).is_ok_and(|equity| equity == h.requirement))
    });
    let enough = on_the_line.is_some_and(|health| !health.breach);
    if enough { Some(least) } else { least.checked_add(1) }
}

/// What the account's contracts settle in, each once.
fn settles_in(view: &View<'_>, account: AccountId) -> Vec<AssetId> {
    let holdings = view.holdings(account).unwrap_or_default();
    let mut settles: Vec<AssetId> = holdings
        .iter()
        .filter_map(|held| Some(view.asset(held.unit.asset).ok()?.kind.contract()?.settle))
        .collect();
    settles.sort_unstable();
    settles.dedup();
    settles
}

/// Amounts of an asset that are worth a value of the numeraire, from below and from above; the value
/// itself where nothing prices the asset.
fn amounts_of(view: &View<'_>, asset: AssetId, value: u128, decimals: u8) -> Option<[u128; 2]> {
    let info = view.asset(asset).ok()?;
    if info.market.is_none() {
        return Some([value, value]);
    }
    let (price, one) = (view.price(asset).ok()?, ContractTerms::linear_perpetual(asset));
    let amount = |rounding| one.quantity_for(value, info.decimals, price, decimals, rounding).ok();
    Some([amount(Rounding::Floor)?, amount(Rounding::Ceil)?])
}

/// Health with so much more of an asset.
fn with_cash(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    (asset, cash): (AssetId, u128),
) -> Option<Health> {
    let (unit, code) = (Unit::token(asset), TransferCode::Deposit);
    let mut effects = Effects::default();
    effects.transfer(Holder::External, Holder::Account(account), unit, cash, code);
    let overlay = Overlay::new(*view, account, &effects).ok()?;
    rulebook.assess(&overlay.view(), account).ok()
}

fn ticked(command: &Command) -> Option<MarketId> {
    match &command.body {
        Body::Tick(tick) => Some(tick.market),
        _ => None,
    }
}

/// Markets of what the account holds or owes, and of what its options are on, each once.
fn held(view: &View<'_>, account: AccountId) -> Vec<(MarketId, AssetId)> {
    let holdings = view.holdings(account).unwrap_or_default();
    let underlying = |asset: AssetId| match view.asset(asset).ok()?.kind.contract()?.form {
        Form::Option(option) => Some(option.underlying),
        _ => None,
    };
    let assets = holdings.iter().map(|held| held.unit.asset);
    let assets = assets.flat_map(|asset| std::iter::once(asset).chain(underlying(asset)));
    let mut markets: Vec<(MarketId, AssetId)> =
        assets.filter_map(|asset| Some((view.market_of(asset).ok()?, asset))).collect();
    markets.sort_unstable();
    markets.dedup_by_key(|(market, _)| *market);
    markets
}

fn mark_of(view: &View<'_>, market: MarketId) -> Option<Price> {
    view.marks.get(market.index())?.mark.map(|mark| mark.price)
}

/// The account's line in a market whose mark is `mark`.
fn line(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    (account, asset): (AccountId, AssetId),
    mark: Price,
) -> Option<Line> {
    let root = rulebook.liquidation_price(view, account, asset).ok()??;
    let decimals = mark.decimals;
    let below = rational::to_raw(&root, decimals, Rounding::Floor).ok()?;
    let above = rational::to_raw(&root, decimals, Rounding::Ceil).ok()?;
    let breach = rulebook.assess(view, account).ok()?.breach;
    let safe_above = if (mark.raw, mark.raw) == (below, above) {
        rises_with(rulebook, view, account, asset)?
    } else {
        // In breach the mark stands on the wrong side of the line, else on the right one.
        (mark.raw <= below) == breach
    };
    Some(Line { price: Price::new(if safe_above { above } else { below }, decimals), safe_above })
}

/// True if the account gains by a rise of the asset's price: what tells the sides of a line on
/// which the mark stands exactly.
fn rises_with(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    asset: AssetId,
) -> Option<bool> {
    let market = view.market_of(asset).ok()?;
    let mut exposures = Exposures::default();
    rulebook.exposures(view, account, &mut exposures).ok()?;
    let terms = exposures.terms.iter().filter(|term| term.market == market);
    let change = terms.fold(0i128, |sum, term| {
        let required = i128::try_from(term.requirement).unwrap_or(i128::MAX);
        sum.saturating_add(term.equity).saturating_sub(required)
    });
    Some(change > 0)
}

/// The nearest price of the market at which the account would not be in breach, all else as it
/// is: the rulebook itself is asked at that price.
fn clear(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    market: MarketId,
) -> Option<Line> {
    if !rulebook.assess(view, account).ok()?.breach {
        return None;
    }
    let mark = mark_of(view, market)?;
    let asset = view.markets.get(market.index())?.asset;
    let line = line(rulebook, view, (account, asset), mark)?;
    for further in 0..CLEAR_TRIES {
        let raw = if line.safe_above {
            line.price.raw.checked_add(further)
        } else {
            line.price.raw.checked_sub(further)
        }?;
        let price = Price::new(raw, mark.decimals);
        let mut marks = view.marks.to_vec();
        if let Some(mark) = marks.get_mut(market.index()).and_then(|state| state.mark.as_mut()) {
            mark.price = price;
        }
        let health = rulebook.assess(&view.with_marks(&marks), account).ok()?;
        if !health.breach {
            return Some(Line { price, safe_above: line.safe_above });
        }
    }
    None
}
