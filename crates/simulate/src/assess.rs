//! Health, liquidation prices and plans for accounts from a file: no path, no time.

use crate::ScenarioError;
use crate::book::{self, Book, BookAccount, BookAsset, PRICE_DECIMALS};
use crate::fitting::{self, Fitted, Mapped};
use crate::options::{FALL_ONE, Shock, Thresholds};
use crate::plugged::registry;
use crate::proposals::stated::{self, StatedMarkets};
use crate::watcher::Nobody;
use crate::world::{self, Host, Setting, asset_id};
use breakwater_engine::Engine;
use breakwater_liquidation::{Close, Policy, Rulebook, Sides};
use breakwater_market::{Guard, GuardState};
use breakwater_money::rounding::{Rounding, mul_div, mul_div_full};
use breakwater_money::{AccountId, Price, Time, U256, Wad, decimal, rational};
use serde::{Deserialize, Serialize};

/// How to assess.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AssessOptions {
    /// Name and text of the rulebook; the shipped lending one where there is none.
    pub rulebook: Option<(String, String)>,
    /// Whose thresholds hold.
    pub thresholds: Thresholds,
    /// Another price of something.
    pub shock: Option<Shock>,
    /// Ratio that plans aim at, such as `1.05`; the venue's most where there is none.
    pub target_ratio: Option<String>,
    /// Most that a call may lose so that bad debt is recognised, in the numeraire; none for nothing.
    pub cleaning_loss: Option<String>,
}

/// Price of one asset at which an account reaches its line, others held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiquidationPrice {
    /// The asset.
    pub asset: String,
    /// Its price now.
    pub price_now: String,
    /// The price at the line, cut after 8 decimals.
    pub liquidation_price: String,
    /// The same exactly, as a fraction.
    pub exact: String,
}

/// One account's health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountHealth {
    /// Label.
    pub account: String,
    /// Collateral at the marks.
    pub collateral_value: String,
    /// Debt at the marks.
    pub debt_value: String,
    /// Health ratio, `none` without debt.
    pub health: String,
    /// `healthy`, `warned` or `liquidatable`.
    pub state: &'static str,
    /// What is missing to the line.
    pub shortfall: String,
    /// Liquidation price of each collateral.
    pub liquidation_prices: Vec<LiquidationPrice>,
    /// Why it stands where it stands.
    pub reason: String,
}

/// Totals over a book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AssessmentTotals {
    /// Accounts.
    pub accounts: u64,
    /// Accounts below the warning line of 1.05, those in breach included.
    pub warned: u64,
    /// Accounts in breach.
    pub liquidatable: u64,
    /// Their debt.
    pub liquidatable_debt: String,
    /// All collateral.
    pub collateral: String,
    /// All debt.
    pub debt: String,
    /// Accounts whose debt exceeds their collateral.
    pub under_water: u64,
    /// By how much, together.
    pub bad_debt: String,
}

/// Health of a book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assessment {
    /// Rulebook with version.
    pub rulebook: String,
    /// The shock, or `none`.
    pub shock: String,
    /// What values are counted in.
    pub unit: &'static str,
    /// What of the book the rulebook could not take as it is.
    pub mapped: Vec<Mapped>,
    /// Totals.
    pub totals: AssessmentTotals,
    /// Every account, in the order of the file; an account that was split has several.
    pub accounts: Vec<AccountHealth>,
}

/// Reads accounts: JSON; CSV of positions (needs prices); or CSV of account totals in ether. The
/// kind is told by the content.
///
/// # Errors
/// The first thing that is wrong, with its line, field and value.
pub fn read(name: &str, text: &str, prices: Option<(&str, &str)>) -> Result<Book, ScenarioError> {
    Ok(read_stated(name, text, prices)?.0)
}

/// The same with the market conditions that a JSON file may state.
///
/// # Errors
/// As [`read`].
pub fn read_stated(
    name: &str,
    text: &str,
    prices: Option<(&str, &str)>,
) -> Result<(Book, Option<StatedMarkets>), ScenarioError> {
    if text.trim_start().starts_with('{') {
        return read_json(name, text);
    }
    Ok((read_table(name, text, prices)?, None))
}

fn read_table(name: &str, text: &str, prices: Option<(&str, &str)>) -> Result<Book, ScenarioError> {
    let header = text.lines().next().unwrap_or_default();
    let has = |columns: &[&str]| {
        columns.iter().all(|column| header.split(',').any(|field| field.trim() == *column))
    };
    if has(book::TOTAL_COLUMNS) {
        return book::read_totals(name, text);
    }
    if has(book::POSITION_COLUMNS) {
        let Some(prices) = prices else {
            let reason = "positions need prices: say --prices FILE with columns asset, decimals, \
                          price_usd, moves_with_eth";
            return Err(ScenarioError::setting(name, reason));
        };
        return Book::read(prices, (name, text));
    }
    Err(ScenarioError::setting(
        name,
        format!(
            "neither JSON nor a known table; expected a header with {} or with {}",
            book::POSITION_COLUMNS.join(", "),
            book::TOTAL_COLUMNS.join(", ")
        ),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonBook {
    assets: Vec<JsonAsset>,
    accounts: Vec<JsonAccount>,
    #[serde(default)]
    markets: Option<Vec<stated::JsonMarket>>,
    #[serde(default)]
    correlations: Vec<(String, String, String)>,
    #[serde(default)]
    planner: Option<stated::JsonPlanner>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonAsset {
    asset: String,
    decimals: u8,
    price_usd: String,
    #[serde(default)]
    moves_with_eth: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonAccount {
    account: String,
    liquidation_threshold_bps: u16,
    #[serde(default)]
    collateral: Vec<JsonAmount>,
    #[serde(default)]
    debt: Vec<JsonAmount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonAmount {
    asset: String,
    amount: String,
}

fn read_json(name: &str, text: &str) -> Result<(Book, Option<StatedMarkets>), ScenarioError> {
    let wrong =
        |field: String, reason: String| ScenarioError::setting(format!("{name}: {field}"), reason);
    let parsed: JsonBook = serde_json::from_str(text)
        .map_err(|error| ScenarioError::setting(name, error.to_string()))?;
    let mut assets: Vec<BookAsset> = Vec::new();
    for (i, asset) in parsed.assets.iter().enumerate() {
        let field = format!("assets[{i}]");
        if assets.iter().any(|known| known.symbol == asset.asset) {
            return Err(wrong(field, format!("asset {} stands twice", asset.asset)));
        }
        let price = decimal::parse_raw(&asset.price_usd, PRICE_DECIMALS)
            .map_err(|error| wrong(format!("{field}.price_usd"), error.to_string()))?;
        if price == 0 {
            return Err(wrong(format!("{field}.price_usd"), "is 0; above zero".to_owned()));
        }
        if asset.decimals > 30 {
            let reason = format!("is {}; at most 30", asset.decimals);
            return Err(wrong(format!("{field}.decimals"), reason));
        }
        assets.push(BookAsset {
            symbol: asset.asset.clone(),
            decimals: asset.decimals,
            price,
            moves_with_driver: asset.moves_with_eth,
        });
    }
    let mut accounts: Vec<BookAccount> = Vec::new();
    for (i, account) in parsed.accounts.iter().enumerate() {
        let field = format!("accounts[{i}]");
        if accounts.iter().any(|known| known.label == account.account) {
            return Err(wrong(field, format!("account {} stands twice", account.account)));
        }
        if account.liquidation_threshold_bps > 10_000 {
            let reason = format!("is {}; at most 10000", account.liquidation_threshold_bps);
            return Err(wrong(format!("{field}.liquidation_threshold_bps"), reason));
        }
        let side = |name: &str, rows: &[JsonAmount]| -> Result<_, ScenarioError> {
            let mut side: Vec<(usize, u128)> = Vec::new();
            for (j, row) in rows.iter().enumerate() {
                let field = format!("{field}.{name}[{j}]");
                let Some(at) = assets.iter().position(|a| a.symbol == row.asset) else {
                    let reason = format!("'{}' is not among the assets", row.asset);
                    return Err(wrong(format!("{field}.asset"), reason));
                };
                if side.iter().any(|(known, _)| *known == at) {
                    return Err(wrong(field, format!("{} stands twice", row.asset)));
                }
                let amount = decimal::parse_raw(&row.amount, assets[at].decimals)
                    .map_err(|error| wrong(format!("{field}.amount"), error.to_string()))?;
                if amount > 0 {
                    side.push((at, amount));
                }
            }
            Ok(side)
        };
        accounts.push(BookAccount {
            label: account.account.clone(),
            threshold_bps: account.liquidation_threshold_bps,
            source_health: None,
            collateral: side("collateral", &account.collateral)?,
            debt: side("debt", &account.debt)?,
        });
    }
    let JsonBook { markets, correlations, planner, .. } = parsed;
    let markets = stated::read(name, &assets, (markets, &correlations, planner))?;
    Ok((Book { assets, accounts }, markets))
}

/// Health of every account, after the shock if there is one.
///
/// # Errors
/// A book that the rulebook cannot take, or a shock that names nothing in it.
pub fn assess(book: &Book, options: &AssessOptions) -> Result<Assessment, ScenarioError> {
    let Pooled { engine, book, mapped, collateral_left } = pool(book, options)?;
    let book = &book;
    let Some(rulebook) = engine.rulebook() else {
        return Err(ScenarioError::setting("rulebook", "none is installed"));
    };
    let marks = shocked(book, &engine, options)?;
    let view_marks = marks.as_slice();
    let mut accounts = Vec::with_capacity(book.accounts.len());
    let mut sums = Sums::default();
    for (number, account) in (0u32..).zip(&book.accounts) {
        let id = AccountId(number);
        let one = engine.look(|view| {
            one(rulebook, &view.with_marks(view_marks), id, account, book, collateral_left)
        })?;
        sums.add(&one.1);
        accounts.push(one.0);
    }
    let unit = if book.asset("ETH collateral").is_some() { "ETH" } else { "USD" };
    Ok(Assessment {
        rulebook: rulebook.name().to_owned(),
        shock: options.shock.as_ref().map_or_else(|| "none".to_owned(), Shock::to_string),
        unit,
        mapped,
        totals: sums.totals(),
        accounts,
    })
}

#[derive(Default)]
struct Sums {
    accounts: u64,
    warned: u64,
    liquidatable: u64,
    liquidatable_debt: u128,
    collateral: u128,
    debt: u128,
    under_water: u64,
    bad_debt: u128,
}

struct Counted {
    warned: bool,
    liquidatable: bool,
    collateral: u128,
    debt: u128,
}

impl Sums {
    fn add(&mut self, one: &Counted) {
        self.accounts += 1;
        self.warned += u64::from(one.warned || one.liquidatable);
        self.liquidatable += u64::from(one.liquidatable);
        self.liquidatable_debt += if one.liquidatable { one.debt } else { 0 };
        self.collateral += one.collateral;
        self.debt += one.debt;
        self.under_water += u64::from(one.debt > one.collateral);
        self.bad_debt += one.debt.saturating_sub(one.collateral);
    }

    fn totals(&self) -> AssessmentTotals {
        AssessmentTotals {
            accounts: self.accounts,
            warned: self.warned,
            liquidatable: self.liquidatable,
            liquidatable_debt: value_text(self.liquidatable_debt),
            collateral: value_text(self.collateral),
            debt: value_text(self.debt),
            under_water: self.under_water,
            bad_debt: value_text(self.bad_debt),
        }
    }
}

pub(crate) fn value_text(raw: u128) -> String {
    decimal::format_raw(raw, PRICE_DECIMALS)
}

pub(crate) fn ratio_text(ratio: Wad) -> String {
    if ratio == Wad::max() { "none".to_owned() } else { ratio.to_string() }
}

pub(crate) fn refused(
    what: &str,
) -> impl Fn(breakwater_liquidation::Rejected) -> ScenarioError + '_ {
    move |why| ScenarioError::Refused { what: what.to_owned(), why: why.to_string() }
}

fn one(
    rulebook: &dyn Rulebook,
    view: &breakwater_liquidation::View<'_>,
    id: AccountId,
    account: &BookAccount,
    book: &Book,
    collateral_left: u128,
) -> Result<(AccountHealth, Counted), ScenarioError> {
    let mut health = rulebook.assess(view, id).map_err(refused(&account.label))?;
    let Sides { collateral, debt } = rulebook.sides(view, id).map_err(refused(&account.label))?;
    let of_left = |value: u128| {
        mul_div(value, collateral_left, FALL_ONE, Rounding::Floor)
            .map_err(|error| ScenarioError::setting("shock", error.to_string()))
    };
    let collateral = of_left(collateral)?;
    if collateral_left != FALL_ONE && health.ratio != Wad::max() {
        let left = mul_div_full(
            health.ratio.raw,
            U256::from(collateral_left),
            U256::from(FALL_ONE),
            Rounding::Floor,
        );
        health.ratio = Wad::from_raw(left.unwrap_or(U256::MAX));
        let equity = of_left(u128::try_from(health.equity).unwrap_or(0))?;
        health.shortfall = health.requirement.saturating_sub(equity);
        health.breach = health.ratio < Wad::one();
    }
    let warned = health.ratio < Wad::new(1_050_000_000_000_000_000);
    let state = match (health.breach, warned) {
        (true, _) => "liquidatable",
        (false, true) => "warned",
        (false, false) => "healthy",
    };
    let mut liquidation_prices = Vec::new();
    for (asset, _) in &account.collateral {
        let found = rulebook
            .liquidation_price(view, id, asset_id(*asset))
            .map_err(refused(&account.label))?;
        if let Some(root) = found {
            let now = view.price(asset_id(*asset)).map_err(refused(&account.label))?;
            liquidation_prices.push(LiquidationPrice {
                asset: book.assets[*asset].symbol.clone(),
                price_now: now.to_string(),
                liquidation_price: rational::format(&root, PRICE_DECIMALS)
                    .trim_end_matches('…')
                    .to_owned(),
                exact: root.to_string(),
            });
        }
    }
    let told = AccountHealth {
        account: account.label.clone(),
        collateral_value: value_text(collateral),
        debt_value: value_text(debt),
        health: ratio_text(health.ratio),
        state,
        shortfall: value_text(health.shortfall),
        liquidation_prices,
        reason: why(&health, state),
    };
    Ok((told, Counted { warned, liquidatable: health.breach, collateral, debt }))
}

fn why(health: &breakwater_margin::Health, state: &str) -> String {
    let equity = decimal::format_raw_signed(health.equity, PRICE_DECIMALS);
    let need = value_text(health.requirement);
    match state {
        "liquidatable" => format!(
            "weighted collateral {equity} is below debt {need} by {}",
            value_text(health.shortfall)
        ),
        "warned" => format!("weighted collateral {equity} is less than 1.05 x debt {need}"),
        _ if health.requirement == 0 => "nothing is owed".to_owned(),
        _ => format!("weighted collateral {equity} is at least 1.05 x debt {need}"),
    }
}

/// A book in a pool of its own.
pub(crate) struct Pooled {
    /// The pool.
    pub engine: Engine,
    /// The book as the rulebook takes it.
    pub book: Book,
    /// What was done to it.
    pub mapped: Vec<Mapped>,
    /// Share of collateral's value that a shock leaves, at 1e8.
    pub collateral_left: u128,
}

/// When such a pool is set up. A day after the beginning of time, so that venues which look back a
/// while find something there.
const FOUNDED_AT: Time = Time(86_400_000_000_000);

/// An engine with the book in it, fitted to the rulebook.
pub(crate) fn pool(book: &Book, options: &AssessOptions) -> Result<Pooled, ScenarioError> {
    pool_under(book, options, None)
}

/// The same under another rule than the rulebook's own, with its parameters, where it takes them.
pub(crate) fn pool_under(
    book: &Book,
    options: &AssessOptions,
    other: Option<&str>,
) -> Result<Pooled, ScenarioError> {
    let (name, text) = match &options.rulebook {
        Some((name, text)) => (name.as_str(), text.as_str()),
        None => *breakwater_rulebooks::shipped()
            .first()
            .ok_or_else(|| ScenarioError::setting("rulebook", "none is shipped"))?,
    };
    let mut table: toml::Table =
        toml::from_str(text).map_err(|error| ScenarioError::setting(name, error.to_string()))?;
    stand_in(book, &mut table);
    let parameters =
        toml::to_string(&table).map_err(|error| ScenarioError::setting(name, error.to_string()))?;
    let own = table.get("rule").and_then(toml::Value::as_str).unwrap_or_default();
    let taken = |other: &&str| {
        breakwater_rulebooks::shape(other, &parameters).is_ok_and(|shape| shape.is_some())
    };
    let rule = other.filter(taken).unwrap_or(own).to_owned();
    let mut policy = Policy::as_is();
    if let Some(target) = &options.target_ratio {
        let raw = decimal::parse_raw(target, 18)
            .map_err(|error| ScenarioError::setting("target", error.to_string()))?;
        policy.close = Close::Target;
        policy.target_ratio = Wad::new(raw);
        policy.validate().map_err(|reason| ScenarioError::setting("target", reason))?;
    }
    if let Some(most) = &options.cleaning_loss {
        policy.cleaning_loss_max = decimal::parse_raw(most, PRICE_DECIMALS)
            .map_err(|error| ScenarioError::setting("cleaning-loss", error.to_string()))?;
    }
    let guard = Guard {
        decimals: PRICE_DECIMALS,
        age_max_nanos: u64::MAX >> 1,
        ahead_max_nanos: 0,
        band_bps: 10_000,
        spread_max_bps: 10_000,
        grace_nanos: 0,
    };
    let shape = breakwater_rulebooks::shape(&rule, &parameters).map_err(|why| {
        ScenarioError::Refused { what: "the rulebook's parameters".to_owned(), why }
    })?;
    let Some(shape) = shape else {
        let reason = format!("'{rule}' takes no lending book");
        return Err(ScenarioError::setting("rulebook", reason));
    };
    let Fitted { book, mapped, .. } = fitting::fit(book, &shape)?;
    let mut nobody = Nobody;
    let mut host = Host::new(Engine::new(registry()), &mut nobody);
    let setting = Setting {
        rule: &rule,
        parameters: &parameters,
        policy: &policy,
        guard: &guard,
        thresholds: options.thresholds,
        vault_share: 0,
    };
    world::found(&mut host, &book, FOUNDED_AT, &setting)?;
    let collateral_left = match &options.shock {
        Some(Shock::Collateral { fall }) => FALL_ONE - fall,
        _ => FALL_ONE,
    };
    Ok(Pooled { engine: host.engine, book, mapped, collateral_left })
}

/// A table of account totals knows no assets: its ether stands in for the ether reserve.
fn stand_in(book: &Book, table: &mut toml::Table) {
    if book.asset("ETH collateral").is_none() {
        return;
    }
    if let Some(assets) = table.get_mut("assets").and_then(toml::Value::as_table_mut)
        && let Some(ether) = assets.get("WETH").cloned()
    {
        for asset in &book.assets {
            assets.entry(asset.symbol.clone()).or_insert_with(|| ether.clone());
        }
    }
}

pub(crate) fn shocked(
    book: &Book,
    engine: &Engine,
    options: &AssessOptions,
) -> Result<Vec<GuardState>, ScenarioError> {
    let mut marks = engine.marks().to_vec();
    let Some(Shock::Named { name, fall }) = &options.shock else { return Ok(marks) };
    let symbol = name.strip_suffix("/USD").unwrap_or(name);
    // The driver carries everything that keeps its value in it.
    let all = symbol == "ETH" && book.asset("ETH").is_none();
    let mut found = false;
    for (asset, mark) in book.assets.iter().zip(&mut marks) {
        if !(asset.symbol == symbol || (all && asset.moves_with_driver)) {
            continue;
        }
        found = true;
        if let Some(mark) = &mut mark.mark {
            let raw = mul_div(mark.price.raw, FALL_ONE - fall, FALL_ONE, Rounding::Floor);
            let raw = raw.map_err(|e| ScenarioError::setting("shock", e.to_string()))?;
            mark.price = Price::new(raw.max(1), mark.price.decimals);
        }
    }
    if !found {
        let known: Vec<&str> = book.assets.iter().map(|a| a.symbol.as_str()).collect();
        let reason =
            format!("'{name}' is not in the book; there are ETH/USD, {}", known.join(", "));
        return Err(ScenarioError::setting("shock", reason));
    }
    Ok(marks)
}
