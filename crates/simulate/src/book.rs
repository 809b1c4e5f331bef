//! The book: who holds and owes what.

use crate::ScenarioError;
use crate::table::{Row, Table};
use breakwater_money::Rounding;
use serde::Serialize;
use std::collections::BTreeMap;

/// One asset of a book, with its price at the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BookAsset {
    /// Symbol.
    pub symbol: String,
    /// Base units are ten to minus this.
    pub decimals: u8,
    /// Price in the numeraire at [`PRICE_DECIMALS`].
    pub price: u128,
    /// True if it keeps its value in the driver rather than in the numeraire.
    pub moves_with_driver: bool,
}

/// Decimals of prices and values.
pub const PRICE_DECIMALS: u8 = 8;

/// One account of a book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BookAccount {
    /// Label.
    pub label: String,
    /// Its own liquidation threshold in basis points.
    pub threshold_bps: u16,
    /// Health factor that the source states, as text.
    pub source_health: Option<String>,
    /// (asset, base units) of collateral.
    pub collateral: Vec<(usize, u128)>,
    /// (asset, base units) of debt.
    pub debt: Vec<(usize, u128)>,
}

/// Accounts over assets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Book {
    /// Assets, in the order of the price table.
    pub assets: Vec<BookAsset>,
    /// Accounts, in the order of the book.
    pub accounts: Vec<BookAccount>,
}

/// Most decimals an asset may have here.
const DECIMALS_MAX: u128 = 30;

impl Book {
    /// Reads a price table and a position table.
    ///
    /// # Errors
    /// The first row that is wrong, with field, value and what would be right.
    pub fn read(prices: (&str, &str), positions: (&str, &str)) -> Result<Book, ScenarioError> {
        let assets = read_prices(prices.0, prices.1)?;
        let accounts = read_positions(positions.0, positions.1, &assets)?;
        Ok(Book { assets, accounts })
    }

    /// The place of an asset.
    #[must_use]
    pub fn asset(&self, symbol: &str) -> Option<usize> {
        self.assets.iter().position(|asset| asset.symbol == symbol)
    }
}

/// Columns of a price table.
pub const PRICE_COLUMNS: &[&str] = &["asset", "decimals", "price_usd", "moves_with_eth"];

/// Columns of a position table.
pub const POSITION_COLUMNS: &[&str] =
    &["account", "liquidation_threshold_bps", "side", "asset", "amount"];

pub(crate) fn read_prices(file: &str, text: &str) -> Result<Vec<BookAsset>, ScenarioError> {
    let table = Table::read(file, text, PRICE_COLUMNS)?;
    let mut assets: Vec<BookAsset> = Vec::new();
    for row in &table.rows {
        let symbol = row.text("asset").to_owned();
        if symbol.is_empty() {
            return Err(row.error("asset is empty; expected a symbol"));
        }
        if assets.iter().any(|known| known.symbol == symbol) {
            return Err(row.error(format!("asset {symbol} stands twice")));
        }
        let decimals = row.raw("decimals", 0)?;
        if decimals > DECIMALS_MAX {
            return Err(row.error(format!("decimals is {decimals}; at most {DECIMALS_MAX}")));
        }
        let moves_with_driver = match row.text("moves_with_eth") {
            "true" => true,
            "false" => false,
            other => {
                let reason = format!("moves_with_eth is '{other}'; expected true or false");
                return Err(row.error(reason));
            }
        };
        assets.push(BookAsset {
            symbol,
            decimals: u8::try_from(decimals).unwrap_or(0),
            price: row.positive("price_usd", PRICE_DECIMALS)?,
            moves_with_driver,
        });
    }
    Ok(assets)
}

pub(crate) fn read_positions(
    file: &str,
    text: &str,
    assets: &[BookAsset],
) -> Result<Vec<BookAccount>, ScenarioError> {
    let table = Table::read(file, text, POSITION_COLUMNS)?;
    let mut accounts: Vec<BookAccount> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for row in &table.rows {
        let label = label_of(row)?;
        let threshold_bps = row.bps("liquidation_threshold_bps")?;
        let place = *places.entry(label.clone()).or_insert_with(|| {
            let source = row.text("health_factor_source");
            accounts.push(BookAccount {
                label,
                threshold_bps,
                source_health: (!source.is_empty()).then(|| source.to_owned()),
                collateral: Vec::new(),
                debt: Vec::new(),
            });
            accounts.len() - 1
        });
        let account = &mut accounts[place];
        if account.threshold_bps != threshold_bps {
            return Err(row.error(format!(
                "liquidation_threshold_bps is {threshold_bps}; this account's was {}",
                account.threshold_bps
            )));
        }
        let symbol = row.text("asset");
        let Some(asset) = assets.iter().position(|known| known.symbol == symbol) else {
            return Err(row.error(format!("asset '{symbol}' has no price")));
        };
        let decimals = assets[asset].decimals;
        let side = match row.text("side") {
            "collateral" => &mut account.collateral,
            "debt" => &mut account.debt,
            other => {
                let reason = format!("side is '{other}'; expected collateral or debt");
                return Err(row.error(reason));
            }
        };
        if side.iter().any(|(known, _)| *known == asset) {
            return Err(row.error(format!("asset {symbol} stands twice on this side")));
        }
        side.push((asset, row.positive("amount", decimals)?));
    }
    Ok(accounts)
}

fn label_of(row: &Row) -> Result<String, ScenarioError> {
    let label = row.text("account");
    let printable = label.chars().all(|c| !c.is_control());
    if label.is_empty() || label.chars().count() > 64 || !printable {
        return Err(row.error(format!("account is '{label}'; expected 1 to 64 characters")));
    }
    Ok(label.to_owned())
}

/// Columns of a table of account totals.
pub const TOTAL_COLUMNS: &[&str] = &["user", "collateral_eth", "debt_eth", "liq_threshold_bps"];

/// Reads a table with one line an account: total collateral and debt in ether, and the average
/// threshold. Everything is one asset, `ETH`, worth one unit of the numeraire; collateral is
/// rounded down and debt up to 18 decimals.
///
/// # Errors
/// The first row that is wrong, with field, value and what would be right.
pub fn read_totals(file: &str, text: &str) -> Result<Book, ScenarioError> {
    let table = Table::read(file, text, TOTAL_COLUMNS)?;
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut accounts = Vec::new();
    for row in &table.rows {
        let label = row.text("user").to_owned();
        if label.is_empty() {
            return Err(row.error("user is empty; expected a label"));
        }
        if let Some(first) = seen.insert(label.clone(), row.line) {
            return Err(row.error(format!("user {label} stands twice, first in line {first}")));
        }
        let collateral = row.rounded("collateral_eth", 18, Rounding::Floor)?;
        let debt = row.rounded("debt_eth", 18, Rounding::Ceil)?;
        let source = row.has("health_factor").then(|| row.text("health_factor").to_owned());
        accounts.push(BookAccount {
            label,
            threshold_bps: row.bps("liq_threshold_bps")?,
            source_health: source,
            collateral: [(0, collateral)].into_iter().filter(|(_, a)| *a > 0).collect(),
            debt: [(1, debt)].into_iter().filter(|(_, a)| *a > 0).collect(),
        });
    }
    // Two assets at one price: collateral may fall while debts stay.
    let asset = |symbol: &str| BookAsset {
        symbol: symbol.to_owned(),
        decimals: 18,
        price: 100_000_000,
        moves_with_driver: true,
    };
    Ok(Book { assets: vec![asset("ETH collateral"), asset("ETH debt")], accounts })
}
