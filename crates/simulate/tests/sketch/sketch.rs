//! A second, deliberately naive replay of a book of lending accounts along a price path, in plain `f64`.
//!
//! It exists to judge the engine's replay with market impact, gas and feedback switched off, so it is written from the
//! venue's published rule (which one: scenarios/black-thursday/PROVENANCE.md) and shares no code with the workspace.
//! It knows no interest, no protocol fee and no base units: expect agreement to about 1e-9 of a sum, not to the last
//! unit.
//!
//! Choices the rule leaves to the keeper, and what is chosen here:
//! * every price point of a bar is acted on: open, high, low, close if the bar closed at or below its open, otherwise
//!   open, low, high, close;
//! * at a point, accounts with health below one are taken worst health first, and each is called until its health is
//!   one or more, or it has nothing left;
//! * a call takes the pair of debt and collateral that gains the keeper most (the earlier rows on a tie); every
//!   collateral row counts, at the account's own average threshold;
//! * a call repays all the close factor and the collateral allow; if that would leave dust, it repays the most that
//!   leaves at least 1,000 USD on both sides.

// Each test binary that includes this module uses a part of it.
#![allow(dead_code)]

/// Debt or collateral of the chosen asset worth less than this, in USD, may be cleared whole whatever the health.
const SMALL_USD: f64 = 2_000.0;
/// What a call must leave on either side if it clears neither, in USD.
const DUST_USD: f64 = 1_000.0;
/// At or below this health the whole debt may be repaid.
const FULL_CLOSE_HEALTH: f64 = 0.95;
/// Most calls of one account at one price point. The shipped book needs five; the bound only keeps a nonsensical input
/// (an incentive so large that a call repays nothing) from running for ever.
const MOST_CALLS: usize = 64;
/// Collateral worth less than this in USD (one unit of the venue's base currency) counts as none.
const NOTHING_USD: f64 = 1e-8;

/// One asset: its price at the start and whether it follows the path.
#[derive(Debug, Clone, PartialEq)]
pub struct Asset {
    /// Ticker, as the tables name it.
    pub name: String,
    /// USD a whole token at the start.
    pub price_usd: f64,
    /// Price moves in proportion to ETH/USD; otherwise it stays.
    pub moves_with_eth: bool,
}

/// One account; the pairs are (index into the assets, whole tokens).
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Address or any other name; not used in the calculation.
    pub label: String,
    /// Liquidation threshold of the account, a fraction.
    pub threshold: f64,
    /// Collateral held.
    pub collateral: Vec<(usize, f64)>,
    /// Debt owed.
    pub debt: Vec<(usize, f64)>,
}

/// One bar of the path, in any unit: only ratios to the first open are used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
}

/// What the replay did. Sums are in USD at the prices of the moment of each call unless said otherwise.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sketch {
    /// Accounts called at least once.
    pub accounts: usize,
    /// Calls made.
    pub calls: usize,
    /// Calls whose size the 50 % close factor capped.
    pub half_calls: usize,
    /// Calls made smaller by the dust rule.
    pub dust_calls: usize,
    /// Most calls of one account at one price point.
    pub most_calls_at_a_point: usize,
    /// Collateral seized, whole tokens by asset, in the order of the assets.
    pub seized: Vec<f64>,
    /// All collateral seized, valued in ETH at the moment of each call.
    pub seized_eth: f64,
    /// All collateral seized.
    pub seized_usd: f64,
    /// Debt repaid.
    pub repaid_usd: f64,
    /// Seized less repaid: what the keepers were paid.
    pub incentive_usd: f64,
    /// Debt written off because its account had no collateral left, at the price of that moment.
    pub booked_usd: f64,
    /// Accounts with such a write-off.
    pub booked_accounts: usize,
    /// Sum over accounts of debt in excess of collateral at the last close.
    pub open_bad_usd: f64,
    /// Accounts whose debt exceeds their collateral at the last close.
    pub under_water: usize,
}

/// Replays `bars` on `accounts`. `incentive` is the liquidation bonus as a fraction (0.075 for 7.5 %).
///
/// `eth` is the index of the asset in which `seized_eth` is measured.
pub fn run(
    assets: &[Asset],
    eth: usize,
    accounts: &[Account],
    bars: &[Bar],
    incentive: f64,
) -> Sketch {
    let mut book = accounts.to_vec();
    let mut called = vec![false; book.len()];
    let mut out = Sketch { seized: vec![0.0; assets.len()], ..Sketch::default() };
    let Some(first) = bars.first().map(|bar| bar.open) else {
        return out;
    };
    for bar in bars {
        for price in points(bar) {
            let prices = prices_at(assets, price / first);
            for index in worst_first(&book, &prices) {
                let calls = exhaust(&mut book[index], &prices, eth, incentive, &mut out);
                called[index] |= calls > 0;
                out.most_calls_at_a_point = out.most_calls_at_a_point.max(calls);
            }
        }
    }
    out.accounts = called.iter().filter(|&&was| was).count();
    out.incentive_usd = out.seized_usd - out.repaid_usd;
    if let Some(last) = bars.last() {
        let prices = prices_at(assets, last.close / first);
        for account in &book {
            let short = value(&account.debt, &prices) - value(&account.collateral, &prices);
            if short > 0.0 {
                out.under_water += 1;
                out.open_bad_usd += short;
            }
        }
    }
    out
}

/// Collateral times threshold over debt, at the starting prices; infinite without debt.
pub fn starting_health(assets: &[Asset], account: &Account) -> f64 {
    health(account, &prices_at(assets, 1.0))
}

fn points(bar: &Bar) -> [f64; 4] {
    if bar.close <= bar.open {
        [bar.open, bar.high, bar.low, bar.close]
    } else {
        [bar.open, bar.low, bar.high, bar.close]
    }
}

fn prices_at(assets: &[Asset], factor: f64) -> Vec<f64> {
    assets
        .iter()
        .map(|asset| if asset.moves_with_eth { asset.price_usd * factor } else { asset.price_usd })
        .collect()
}

fn value(rows: &[(usize, f64)], prices: &[f64]) -> f64 {
    rows.iter().map(|&(asset, amount)| amount * prices[asset]).sum()
}

fn health(account: &Account, prices: &[f64]) -> f64 {
    let debt = value(&account.debt, prices);
    if debt > 0.0 {
        value(&account.collateral, prices) * account.threshold / debt
    } else {
        f64::INFINITY
    }
}

fn worst_first(book: &[Account], prices: &[f64]) -> Vec<usize> {
    let mut sick: Vec<(f64, usize)> = book
        .iter()
        .enumerate()
        .map(|(index, account)| (health(account, prices), index))
        .filter(|&(h, _)| h < 1.0)
        .collect();
    sick.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    sick.into_iter().map(|(_, index)| index).collect()
}

/// The pair of rows and the size that gain the keeper most; the earlier rows on a tie.
fn best(account: &Account, prices: &[f64], incentive: f64) -> Option<(usize, usize, CallSize)> {
    let (total, health) = (value(&account.debt, prices), health(account, prices));
    let mut best: Option<(usize, usize, CallSize)> = None;
    for (debt_row, &(debt, owed)) in account.debt.iter().enumerate() {
        for (collateral_row, &(collateral, held)) in account.collateral.iter().enumerate() {
            let (owed, held) = (owed * prices[debt], held * prices[collateral]);
            if owed <= 0.0 || held <= 0.0 {
                continue;
            }
            let size = size_call(owed, held, total, health, incentive);
            let gain = |size: &CallSize| size.seize - size.repay;
            // A hair more is a tie: the venue's integers would round it away.
            if best.is_none_or(|(_, _, most)| gain(&size) > gain(&most) * (1.0 + 1e-9)) {
                best = Some((debt_row, collateral_row, size));
            }
        }
    }
    best
}

/// Calls one account until it is healthy or empty; returns the number of calls.
fn exhaust(
    account: &mut Account,
    prices: &[f64],
    eth: usize,
    incentive: f64,
    out: &mut Sketch,
) -> usize {
    let mut calls = 0;
    while calls < MOST_CALLS && health(account, prices) < 1.0 {
        if !call(account, prices, eth, incentive, out) {
            break;
        }
        calls += 1;
    }
    calls
}

/// One liquidation call at the keeper's best size; false if there is nothing to take or to repay.
fn call(
    account: &mut Account,
    prices: &[f64],
    eth: usize,
    incentive: f64,
    out: &mut Sketch,
) -> bool {
    let Some((debt_row, collateral_row, size)) = best(account, prices, incentive) else {
        return false;
    };
    let worth = |(asset, amount): (usize, f64)| amount * prices[asset];
    let (owed, held) = (worth(account.debt[debt_row]), worth(account.collateral[collateral_row]));
    out.calls += 1;
    out.half_calls += usize::from(size.half);
    out.dust_calls += usize::from(size.dust);
    out.repaid_usd += size.repay;
    out.seized_usd += size.seize;
    out.seized_eth += size.seize / prices[eth];
    let taken = take(&mut account.collateral[collateral_row], size.seize, held, prices);
    out.seized[account.collateral[collateral_row].0] += taken;
    take(&mut account.debt[debt_row], size.repay, owed, prices);
    if value(&account.collateral, prices) < NOTHING_USD {
        let left = value(&account.debt, prices);
        if left > 0.0 {
            out.booked_usd += left;
            out.booked_accounts += 1;
        }
        account.debt.iter_mut().for_each(|row| row.1 = 0.0);
    }
    true
}

/// Lowers a row worth `worth` by `usd` and returns the tokens taken; a row taken whole ends at exactly zero.
fn take(row: &mut (usize, f64), usd: f64, worth: f64, prices: &[f64]) -> f64 {
    let before = row.1;
    row.1 = if usd >= worth { 0.0 } else { before - usd / prices[row.0] };
    before - row.1
}

/// A call's size in USD, and which limits shaped it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CallSize {
    /// Debt repaid.
    pub repay: f64,
    /// Collateral seized, the incentive included.
    pub seize: f64,
    /// The close factor capped the repayment at half of the account's whole debt.
    pub half: bool,
    /// The dust rule made the call smaller.
    pub dust: bool,
}

/// Sizes a call against a debt worth `owed` and a collateral worth `held`, of an account that owes `total_debt`.
pub fn size_call(owed: f64, held: f64, total_debt: f64, health: f64, incentive: f64) -> CallSize {
    let bonus = 1.0 + incentive;
    let cap = 0.5 * total_debt;
    let half = held >= SMALL_USD && owed >= SMALL_USD && health > FULL_CLOSE_HEALTH && owed > cap;
    let repay = if half { cap } else { owed };
    if repay * bonus >= held {
        return CallSize { repay: held / bonus, seize: held, half, dust: false };
    }
    // A call that clears the debt may leave any collateral. Otherwise both sides must keep the dust limit, and since
    // half of the debt is allowed only where both are worth twice the limit, a smaller call that does always exists.
    let keeps = (owed - DUST_USD).min((held - DUST_USD) / bonus);
    let dust = half && repay > keeps;
    let repay = if dust { keeps } else { repay };
    CallSize { repay, seize: repay * bonus, half, dust }
}

/// The three tables of the scenario, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    /// Rows of the price table, in order.
    pub assets: Vec<Asset>,
    /// Accounts in the order of the book.
    pub accounts: Vec<Account>,
    /// The health factor the source gives for each account.
    pub source_health: Vec<f64>,
    /// The path.
    pub bars: Vec<Bar>,
}

impl Tables {
    /// Reads the texts of `prices.csv`, `book.csv` and `path.csv`; plain CSV without quotes, columns found by name.
    pub fn read(prices: &str, book: &str, path: &str) -> Result<Tables, String> {
        let mut assets: Vec<Asset> = Vec::new();
        for row in rows(prices, ["asset", "price_usd", "moves_with_eth"])? {
            let [name, price, moves] = row;
            assets.push(Asset {
                name: name.to_owned(),
                price_usd: number(price)?,
                moves_with_eth: moves == "true",
            });
        }
        let mut accounts: Vec<Account> = Vec::new();
        let mut source_health = Vec::new();
        let columns = [
            "account",
            "liquidation_threshold_bps",
            "health_factor_source",
            "side",
            "asset",
            "amount",
        ];
        for [label, threshold, source, side, name, amount] in rows(book, columns)? {
            if accounts.last().is_none_or(|last| last.label != label) {
                let threshold = number(threshold)? / 10_000.0;
                accounts.push(Account {
                    label: label.to_owned(),
                    threshold,
                    collateral: vec![],
                    debt: vec![],
                });
                source_health.push(number(source)?);
            }
            let asset = assets
                .iter()
                .position(|asset| asset.name == name)
                .ok_or(format!("asset {name} has no price"))?;
            let Some(account) = accounts.last_mut() else { continue };
            match side {
                "collateral" => account.collateral.push((asset, number(amount)?)),
                "debt" => account.debt.push((asset, number(amount)?)),
                other => return Err(format!("side {other} is neither collateral nor debt")),
            }
        }
        let mut bars = Vec::new();
        for [open, high, low, close] in rows(path, ["open", "high", "low", "close"])? {
            bars.push(Bar {
                open: number(open)?,
                high: number(high)?,
                low: number(low)?,
                close: number(close)?,
            });
        }
        Ok(Tables { assets, accounts, source_health, bars })
    }

    /// The index of an asset by name.
    pub fn asset(&self, name: &str) -> Option<usize> {
        self.assets.iter().position(|asset| asset.name == name)
    }
}

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("{text} is not a number"))
}

fn rows<'a, const N: usize>(
    text: &'a str,
    columns: [&str; N],
) -> Result<Vec<[&'a str; N]>, String> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or("").split(',').collect();
    let mut at = [0; N];
    for (slot, column) in at.iter_mut().zip(columns) {
        *slot = header
            .iter()
            .position(|name| *name == column)
            .ok_or(format!("column {column} is missing"))?;
    }
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            if cells.len() == header.len() {
                Ok(at.map(|slot| cells[slot]))
            } else {
                Err(format!("row {line} is not {} cells", header.len()))
            }
        })
        .collect()
}
