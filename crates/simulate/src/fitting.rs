//! A book cut to what a venue takes: accounts split, assets standing in for others by value, and
//! what is left out, each counted and said.
//!
//! Whatever an account has secures whatever it owes in proportion to value: a cell of the account is
//! the part of one collateral that secures one debt, and the part of that debt that it secures. A
//! venue whose accounts may have one asset on a side gets the cells of that asset as an account of
//! their own. Parts are cut so that they add up to the whole to the last base unit.

use crate::ScenarioError;
use crate::book::{Book, BookAccount, BookAsset, PRICE_DECIMALS};
use crate::market::overflow;
use breakwater_liquidation::{AccountShape, Reach};
use breakwater_money::rounding::{Rounding, mul_div, pow10};
use breakwater_money::{Price, decimal};
use serde::Serialize;
use std::collections::BTreeMap;

/// What kind of step made a book fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MappedKind {
    /// One collateral stands for another, by value.
    HeldAs,
    /// One debt stands for another, by value.
    OwedAs,
    /// Something is not taken.
    LeftOut,
    /// Accounts became several.
    Split,
}

/// Something that a venue could not take as the book has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mapped {
    /// What kind of step it was.
    pub kind: MappedKind,
    /// What was done, as a phrase: `USDT as USDC`.
    pub what: String,
    /// Value of the collateral concerned at the prices of the start.
    pub collateral_value: u128,
    /// Value of the debt concerned.
    pub debt_value: u128,
}

/// A book as a venue takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// The book; assets of the original keep their places, the venue's own currency comes last.
    pub book: Book,
    /// What was done to it, by kind, then in alphabetical order; empty if nothing was.
    pub mapped: Vec<Mapped>,
    /// Value of the debt that the venue takes.
    pub debt_taken: u128,
    /// Value of all debt.
    pub debt_whole: u128,
}

/// Place of the asset that stands for each asset of the book; none is left out.
type Places = Vec<Option<usize>>;

struct Fitting<'a> {
    shape: &'a AccountShape,
    assets: Vec<BookAsset>,
    debts: Places,
    /// By place of the debt that is owed at the venue.
    collaterals: BTreeMap<usize, Places>,
    notes: BTreeMap<(MappedKind, String), (u128, u128)>,
    split: u64,
}

/// The book as a venue of this shape takes it.
///
/// # Errors
/// A value that does not fit, or a venue of which the book has no asset.
pub fn fit(book: &Book, shape: &AccountShape) -> Result<Fitted, ScenarioError> {
    let mut fitting = Fitting::new(book, shape)?;
    let mut accounts = Vec::new();
    for account in &book.accounts {
        fitting.account(account, &mut accounts)?;
    }
    let value =
        |side: fn(&BookAccount) -> &Vec<(usize, u128)>, accounts: &[BookAccount], assets| {
            accounts.iter().flat_map(side).try_fold(0u128, |sum, (asset, amount)| {
                Ok::<_, ScenarioError>(sum.saturating_add(worth(assets, *asset, *amount)?))
            })
        };
    let debt_taken = value(|a| &a.debt, &accounts, &fitting.assets)?;
    let debt_whole = value(|a| &a.debt, &book.accounts, &book.assets)?;
    if fitting.split > 0 {
        let what = format!("{} accounts became more than one", fitting.split);
        fitting.notes.entry((MappedKind::Split, what)).or_default();
    }
    let told = |((kind, what), (collateral_value, debt_value))| Mapped {
        kind,
        what,
        collateral_value,
        debt_value,
    };
    let mapped = fitting.notes.into_iter().map(told).collect();
    Ok(Fitted { book: Book { assets: fitting.assets, accounts }, mapped, debt_taken, debt_whole })
}

fn worth(assets: &[BookAsset], asset: usize, amount: u128) -> Result<u128, ScenarioError> {
    let asset = &assets[asset];
    Price::new(asset.price, PRICE_DECIMALS)
        .value(amount, asset.decimals, Rounding::Floor)
        .map_err(overflow)
}

/// The `part`-th of parts that add up to `whole` exactly, in proportion to weights whose sums
/// before and after it are given.
fn part(whole: u128, before: u128, after: u128, total: u128) -> Result<u128, ScenarioError> {
    let upto = |weight| mul_div(whole, weight, total.max(1), Rounding::Floor).map_err(overflow);
    Ok(upto(after)? - upto(before)?)
}

/// One part of one collateral that secures one part of one debt.
struct Cell {
    collateral: (usize, u128),
    debt: (usize, u128),
}

impl<'a> Fitting<'a> {
    fn new(book: &Book, shape: &'a AccountShape) -> Result<Self, ScenarioError> {
        let mut assets = book.assets.clone();
        if let Some((symbol, decimals)) = &shape.currency
            && book.asset(symbol).is_none()
        {
            let price = pow10(PRICE_DECIMALS).map_err(overflow)?;
            let symbol = symbol.clone();
            let moves_with_driver = false;
            assets.push(BookAsset { symbol, decimals: *decimals, price, moves_with_driver });
        }
        let sums = |side: fn(&BookAccount) -> &Vec<(usize, u128)>| -> Result<_, ScenarioError> {
            let mut sums = vec![0u128; assets.len()];
            for (asset, amount) in book.accounts.iter().flat_map(side) {
                sums[*asset] = sums[*asset].saturating_add(worth(&assets, *asset, *amount)?);
            }
            Ok(sums)
        };
        let (held, owed) = (sums(|a| &a.collateral)?, sums(|a| &a.debt)?);
        let listed: Vec<&String> = shape.secured_by.keys().collect();
        let debts = places(&assets, &listed, &owed);
        let mut collaterals = BTreeMap::new();
        for (symbol, secured_by) in &shape.secured_by {
            if let Some(debt) = assets.iter().position(|a| a.symbol == *symbol) {
                let listed: Vec<&String> = secured_by.iter().collect();
                collaterals.insert(debt, places(&assets, &listed, &held));
            }
        }
        if collaterals.is_empty() {
            let known: Vec<&str> = shape.secured_by.keys().map(String::as_str).collect();
            let reason = format!("nothing of {} is in the book", known.join(", "));
            return Err(ScenarioError::setting("rulebook", reason));
        }
        let notes = BTreeMap::new();
        Ok(Fitting { shape, assets, debts, collaterals, notes, split: 0 })
    }

    fn symbol(&self, place: usize) -> &str {
        &self.assets[place].symbol
    }

    fn note(&mut self, kind: MappedKind, what: String, collateral: u128, debt: u128) {
        let sums = self.notes.entry((kind, what)).or_default();
        sums.0 = sums.0.saturating_add(collateral);
        sums.1 = sums.1.saturating_add(debt);
    }

    fn account(
        &mut self,
        account: &BookAccount,
        out: &mut Vec<BookAccount>,
    ) -> Result<(), ScenarioError> {
        if account.debt.is_empty() || account.collateral.is_empty() {
            return self.one_sided(account, out);
        }
        // Accounts of the venue by the asset that makes them one: (collateral, debt) where known.
        let mut groups: BTreeMap<(usize, usize), BookAccount> = BTreeMap::new();
        for cell in self.cells(account)? {
            let Some((collateral, debt)) = self.take(&cell)? else { continue };
            let key = (
                if self.shape.collaterals == Reach::One { collateral.0 } else { usize::MAX },
                if self.shape.debts == Reach::One { debt.0 } else { usize::MAX },
            );
            let group = groups.entry(key).or_insert_with(|| BookAccount {
                collateral: Vec::new(),
                debt: Vec::new(),
                source_health: None,
                ..account.clone()
            });
            add(&mut group.collateral, collateral);
            add(&mut group.debt, debt);
        }
        let mut kept = Vec::new();
        for (_, group) in groups {
            if self.large_enough(&group)? {
                kept.push(group);
            }
        }
        if kept.len() > 1 {
            self.split += 1;
            for (number, group) in (1..).zip(&mut kept) {
                group.label = format!("{}/{number}", account.label);
            }
        }
        if let [only] = kept.as_mut_slice()
            && only.collateral == account.collateral
            && only.debt == account.debt
        {
            only.source_health.clone_from(&account.source_health);
        }
        out.extend(kept);
        Ok(())
    }

    /// An account that owes nothing, or has nothing, is no cell: it is kept where assets may stand
    /// side by side.
    fn one_sided(
        &mut self,
        account: &BookAccount,
        out: &mut Vec<BookAccount>,
    ) -> Result<(), ScenarioError> {
        let many = self.shape.collaterals == Reach::Many && self.shape.debts == Reach::Many;
        let all = |places: &Places, side: &[(usize, u128)]| {
            side.iter().all(|(asset, _)| places[*asset] == Some(*asset))
        };
        let collaterals = self.collaterals.values().next();
        if many
            && collaterals.is_some_and(|places| all(places, &account.collateral))
            && all(&self.debts, &account.debt)
        {
            out.push(account.clone());
            return Ok(());
        }
        let sum = |side: &[(usize, u128)]| {
            side.iter().try_fold(0u128, |sum, (asset, amount)| {
                Ok::<_, ScenarioError>(sum.saturating_add(worth(&self.assets, *asset, *amount)?))
            })
        };
        let (collateral, debt) = (sum(&account.collateral)?, sum(&account.debt)?);
        let what = if account.debt.is_empty() {
            "accounts that owe nothing"
        } else {
            "accounts that have no collateral"
        };
        self.note(MappedKind::LeftOut, what.to_owned(), collateral, debt);
        Ok(())
    }

    fn cells(&self, account: &BookAccount) -> Result<Vec<Cell>, ScenarioError> {
        let values = |side: &[(usize, u128)]| -> Result<Vec<u128>, ScenarioError> {
            let mut sum = 0u128;
            let mut running = vec![0];
            for (asset, amount) in side {
                // What is worth nothing still weighs something, so that it goes somewhere.
                sum = sum.saturating_add(worth(&self.assets, *asset, *amount)?.max(1));
                running.push(sum);
            }
            Ok(running)
        };
        let (held, owed) = (values(&account.collateral)?, values(&account.debt)?);
        let (all_held, all_owed) = (held[held.len() - 1], owed[owed.len() - 1]);
        let mut cells = Vec::new();
        for (i, collateral) in account.collateral.iter().enumerate() {
            for (j, debt) in account.debt.iter().enumerate() {
                cells.push(Cell {
                    collateral: (collateral.0, part(collateral.1, owed[j], owed[j + 1], all_owed)?),
                    debt: (debt.0, part(debt.1, held[i], held[i + 1], all_held)?),
                });
            }
        }
        Ok(cells)
    }

    /// The cell in the venue's assets, or nothing with a note of why.
    #[allow(clippy::type_complexity)] // One caller takes it apart at once.
    fn take(
        &mut self,
        cell: &Cell,
    ) -> Result<Option<((usize, u128), (usize, u128))>, ScenarioError> {
        let held = worth(&self.assets, cell.collateral.0, cell.collateral.1)?;
        let owed = worth(&self.assets, cell.debt.0, cell.debt.1)?;
        let Some(debt) = self.debts[cell.debt.0] else {
            let what = format!("debt in {}", self.symbol(cell.debt.0));
            self.note(MappedKind::LeftOut, what, held, owed);
            return Ok(None);
        };
        let place = self.collaterals.get(&debt).and_then(|places| places[cell.collateral.0]);
        let Some(collateral) = place else {
            let what = format!(
                "{} as collateral for {}",
                self.symbol(cell.collateral.0),
                self.symbol(debt)
            );
            self.note(MappedKind::LeftOut, what, held, owed);
            return Ok(None);
        };
        if collateral != cell.collateral.0 {
            let (from, to) = (self.symbol(cell.collateral.0), self.symbol(collateral));
            self.note(MappedKind::HeldAs, format!("{from} as {to}"), held, 0);
        }
        if debt != cell.debt.0 {
            let (from, to) = (self.symbol(cell.debt.0), self.symbol(debt));
            self.note(MappedKind::OwedAs, format!("{from} as {to}"), 0, owed);
        }
        Ok(Some((
            (collateral, self.exchanged(cell.collateral, collateral, Rounding::Floor)?),
            (debt, self.exchanged(cell.debt, debt, Rounding::Ceil)?),
        )))
    }

    /// Base units of `to` worth as much as the amount given.
    fn exchanged(
        &self,
        (from, amount): (usize, u128),
        to: usize,
        rounding: Rounding,
    ) -> Result<u128, ScenarioError> {
        if from == to {
            return Ok(amount);
        }
        let (from, to) = (&self.assets[from], &self.assets[to]);
        let wide = |asset: &BookAsset| pow10(asset.decimals).map_err(overflow);
        let units = mul_div(amount, from.price, to.price, rounding).map_err(overflow)?;
        mul_div(units, wide(to)?, wide(from)?, rounding).map_err(overflow)
    }

    fn large_enough(&mut self, group: &BookAccount) -> Result<bool, ScenarioError> {
        let least = u128::from(self.shape.debt_least);
        let mut enough = false;
        let mut sums = (0u128, 0u128);
        for (asset, amount) in &group.debt {
            let one = pow10(self.assets[*asset].decimals).map_err(overflow)?;
            enough |= *amount >= least.saturating_mul(one).max(1);
            sums.1 = sums.1.saturating_add(worth(&self.assets, *asset, *amount)?);
        }
        for (asset, amount) in &group.collateral {
            sums.0 = sums.0.saturating_add(worth(&self.assets, *asset, *amount)?);
        }
        let something = group.collateral.iter().any(|(_, amount)| *amount > 0);
        if enough && something {
            return Ok(true);
        }
        let what = if least > 0 {
            let least = decimal::format_raw(least, 0);
            format!("accounts that owe less than {least}")
        } else {
            "parts of less than a base unit".to_owned()
        };
        self.note(MappedKind::LeftOut, what, sums.0, sums.1);
        Ok(false)
    }
}

fn add(side: &mut Vec<(usize, u128)>, (asset, amount): (usize, u128)) {
    match side.iter_mut().find(|(known, _)| *known == asset) {
        Some((_, sum)) => *sum = sum.saturating_add(amount),
        None if amount > 0 => side.push((asset, amount)),
        None => {}
    }
}

/// For each asset the place of what stands for it: itself where it is listed, else a listed one of
/// its kind; none where there is none. Of what moves with the driver the nearest to it, which is the
/// first in the table of prices; of the rest that of which the book has most.
fn places(assets: &[BookAsset], listed: &[&String], sums: &[u128]) -> Places {
    let known: Vec<usize> = listed
        .iter()
        .filter_map(|symbol| assets.iter().position(|asset| asset.symbol == **symbol))
        .collect();
    let of_kind = |moves: bool| {
        known.iter().copied().filter(move |place| assets[*place].moves_with_driver == moves)
    };
    let moving = of_kind(true).min();
    let still = of_kind(false).max_by_key(|place| (sums[*place], std::cmp::Reverse(*place)));
    (0..assets.len())
        .map(|place| {
            if known.contains(&place) {
                return Some(place);
            }
            if assets[place].moves_with_driver { moving } else { still }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(symbol: &str, decimals: u8, whole: u128, moves_with_driver: bool) -> BookAsset {
        BookAsset {
            symbol: symbol.to_owned(),
            decimals,
            price: whole * 100_000_000,
            moves_with_driver,
        }
    }

    const STETH: usize = 0;
    const WETH: usize = 1;
    const USDC: usize = 2;
    const DAI: usize = 3;

    fn account(label: &str, collateral: &[(usize, u128)], debt: &[(usize, u128)]) -> BookAccount {
        BookAccount {
            label: label.to_owned(),
            threshold_bps: 8_000,
            source_health: None,
            collateral: collateral.to_vec(),
            debt: debt.to_vec(),
        }
    }

    fn book(accounts: Vec<BookAccount>) -> Book {
        let assets = vec![
            asset("STETH", 18, 2_000, true),
            asset("WETH", 18, 2_000, true),
            asset("USDC", 6, 1, false),
            asset("DAI", 18, 1, false),
        ];
        Book { assets, accounts }
    }

    fn shape(collaterals: Reach, debts: Reach, secured_by: &[(&str, &[&str])]) -> AccountShape {
        let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        AccountShape {
            collaterals,
            debts,
            secured_by: secured_by.iter().map(|(d, c)| ((*d).to_owned(), owned(c))).collect(),
            currency: None,
            debt_least: 0,
        }
    }

    const ETH: u128 = 1_000_000_000_000_000_000;

    #[test]
    fn what_a_venue_takes_as_it_is_stays_as_it_is() {
        let all = ["STETH", "WETH", "USDC", "DAI"];
        let every: Vec<(&str, &[&str])> = all.iter().map(|debt| (*debt, &all[..])).collect();
        let accounts = vec![
            account("a", &[(STETH, ETH + 1), (USDC, 3)], &[(DAI, 7), (WETH, ETH / 3)]),
            account("b", &[(STETH, 5)], &[]),
            account("c", &[], &[(USDC, 5)]),
        ];
        let book = book(accounts);
        let fitted = fit(&book, &shape(Reach::Many, Reach::Many, &every)).unwrap();
        let sorted = |book: &Book| {
            let mut accounts = book.accounts.clone();
            for account in &mut accounts {
                account.collateral.sort_unstable();
                account.debt.sort_unstable();
            }
            accounts
        };
        assert_eq!(sorted(&fitted.book), sorted(&book));
        assert!(fitted.mapped.is_empty());
        assert_eq!(fitted.debt_taken, fitted.debt_whole);
    }

    #[test]
    fn parts_add_up_to_the_whole_and_keep_the_ratio() {
        let accounts = vec![account(
            "a",
            &[(STETH, 3 * ETH + 1), (WETH, ETH)],
            &[(USDC, 1_000_000_001), (DAI, 2_000 * ETH + 7)],
        )];
        let pairs: [(&str, &[&str]); 2] =
            [("USDC", &["STETH", "WETH"]), ("DAI", &["STETH", "WETH"])];
        let fitted = fit(&book(accounts), &shape(Reach::One, Reach::One, &pairs)).unwrap();
        assert_eq!(fitted.book.accounts.len(), 4);
        let sum = |asset: usize| -> u128 {
            let sides =
                fitted.book.accounts.iter().flat_map(|a| a.collateral.iter().chain(&a.debt));
            sides.filter(|(known, _)| *known == asset).map(|(_, amount)| amount).sum()
        };
        assert_eq!(sum(STETH), 3 * ETH + 1);
        assert_eq!(sum(WETH), ETH);
        assert_eq!(sum(USDC), 1_000_000_001);
        assert_eq!(sum(DAI), 2_000 * ETH + 7);
        assert_eq!(fitted.book.accounts[0].label, "a/1");
        assert_eq!(fitted.mapped[0].what, "1 accounts became more than one");
        for account in &fitted.book.accounts {
            let value = |side: &[(usize, u128)]| {
                side.iter().map(|(a, n)| worth(&fitted.book.assets, *a, *n).unwrap()).sum::<u128>()
            };
            // 3,000 owed against 8,000.
            let ratio = value(&account.debt) * 8_000 / value(&account.collateral);
            assert!((2_999..=3_000).contains(&ratio), "{ratio}");
        }
    }

    #[test]
    fn what_is_not_listed_is_mapped_by_value_or_left_out_and_said() {
        let accounts = vec![
            account("a", &[(STETH, ETH)], &[(DAI, 900 * ETH)]),
            account("b", &[(WETH, ETH)], &[(STETH, ETH / 2)]),
            account("c", &[(USDC, 1_000_000)], &[(DAI, ETH / 2)]),
        ];
        let fitted =
            fit(&book(accounts), &shape(Reach::Many, Reach::One, &[("USDC", &["WETH"])])).unwrap();
        assert_eq!(fitted.book.accounts.len(), 1);
        assert_eq!(fitted.book.accounts[0].collateral, [(WETH, ETH)]);
        assert_eq!(fitted.book.accounts[0].debt, [(USDC, 900_000_000)]);
        let told: Vec<&str> = fitted.mapped.iter().map(|m| m.what.as_str()).collect();
        assert_eq!(
            told,
            ["STETH as WETH", "DAI as USDC", "USDC as collateral for USDC", "debt in STETH",]
        );
        assert_eq!(fitted.mapped[3].debt_value, 1_000 * 100_000_000);
        assert_eq!(fitted.debt_taken, 900 * 100_000_000);
        assert_eq!(fitted.debt_whole, 190_050_000_000);
    }

    #[test]
    fn a_venue_with_its_own_currency_gets_it_and_refuses_small_debts() {
        let accounts = vec![
            account("a", &[(STETH, 10 * ETH)], &[(USDC, 2_000_000_000)]),
            account("b", &[(STETH, ETH)], &[(USDC, 1_999_999_999)]),
        ];
        let shape = AccountShape {
            currency: Some(("COIN".to_owned(), 18)),
            debt_least: 2_000,
            ..shape(Reach::One, Reach::One, &[("COIN", &["STETH"])])
        };
        let fitted = fit(&book(accounts), &shape).unwrap();
        assert_eq!(fitted.book.assets[4].symbol, "COIN");
        assert_eq!(fitted.book.accounts.len(), 1);
        assert_eq!(fitted.book.accounts[0].debt, [(4, 2_000 * ETH)]);
        assert!(fitted.mapped.iter().any(|m| m.what == "accounts that owe less than 2000"));
        let none =
            AccountShape { secured_by: [("X".to_owned(), vec![])].into(), currency: None, ..shape };
        assert!(fit(&book(vec![]), &none).unwrap_err().to_string().contains("nothing of X"));
    }
}
