//! Accounts as text of two programs for plain-text accounting.
//!
//! beancount keeps lots itself: a purchase opens one with its total cost, date and a label, and a
//! disposal names it. hledger is given what was removed as the total cost of each disposal, so that
//! every transaction balances to the last place. Cash lies in the account that paid; what is
//! realised, earned or spent has accounts of its own.

use crate::contracts::{ContractEvent, Contracts};
use crate::date::Date;
use crate::entry::Acquired;
use crate::error::{AccountingError, Result};
use crate::lots::{Lot, Lots, Moved, Row, RowEvent, Scope};
use crate::movement::OutReason;
use crate::names::{AssetId, Names, WalletId};
use crate::number::Value;
use crate::{Books, entry::Disposed};
use breakwater_money::Time;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Which program reads the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// beancount, version 2 or 3.
    Beancount,
    /// hledger.
    Hledger,
}

/// What is written.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Names.
    pub names: &'a Names,
    /// Currency of the report.
    pub currency: &'a str,
    /// Lots after the last movement.
    pub lots: &'a Lots,
    /// Debts and expenses.
    pub books: &'a Books,
    /// Contracts.
    pub contracts: &'a Contracts,
}

/// The text.
///
/// # Errors
/// A sum does not fit.
pub fn text(source: &Source<'_>, dialect: Dialect) -> Result<String> {
    let mut writer = Writer { source, dialect, blocks: Vec::new(), accounts: BTreeSet::new() };
    writer.incoming()?;
    for moved in source.lots.moves() {
        writer.moved(moved);
    }
    for row in source.lots.rows() {
        writer.row(row)?;
    }
    writer.contracts()?;
    writer.expenses()?;
    Ok(writer.finish())
}

/// Place of a block among those of one instant: units come in before they move or go out.
type Turn = (Time, u8, usize);

struct Writer<'a> {
    source: &'a Source<'a>,
    dialect: Dialect,
    blocks: Vec<(Turn, String)>,
    accounts: BTreeSet<String>,
}

impl Writer<'_> {
    /// Lots that came in from outside: all but those that moved parts became.
    fn incoming(&mut self) -> Result<()> {
        let source = self.source;
        let moved: BTreeSet<usize> = source.lots.moves().iter().map(|moved| moved.into).collect();
        for number in (0..source.lots.count()).filter(|number| !moved.contains(number)) {
            let Some(lot) = source.lots.lot(number) else { continue };
            if lot.pooled {
                return Err(AccountingError::PooledExport);
            }
            let held = self.held(lot.wallet, lot.asset, lot.arrived);
            let against = self.against(lot);
            let units = format!("{} {}", lot.entered, self.commodity(lot.asset));
            let label = self.label(Some(number), lot.source);
            let cost = self.cost(lot.entered_basis, lot.acquired, &label);
            let title = format!("{:?}", lot.how).to_lowercase();
            let postings = vec![
                (held, Some(format!("{units} {cost}"))),
                (against, Some(self.money(lot.entered_basis.negated()?))),
            ];
            self.block(lot.arrived, 0, &title, source.names.source_name(lot.source), &postings);
        }
        Ok(())
    }

    /// Where the value of what came in came from.
    fn against(&self, lot: &Lot) -> String {
        match lot.how {
            Acquired::Bought => self.cash(lot.wallet),
            Acquired::Interest | Acquired::Mined | Acquired::Airdrop => {
                format!("Income:{:?}", lot.how)
            }
            Acquired::Settlement => "Income:Derivatives".to_owned(),
            Acquired::Borrowed => self.debt(lot.wallet, lot.asset),
            Acquired::Gift | Acquired::Opening | Acquired::Assumed => {
                format!("Equity:{:?}", lot.how)
            }
        }
    }

    fn moved(&mut self, moved: &Moved) {
        let asset = moved.lot.asset;
        let place = |wallet: Option<WalletId>| {
            let wallet = wallet.map_or("All", |wallet| self.source.names.wallet_name(wallet));
            format!(
                "Assets:{}:{}",
                part(wallet),
                part(&symbol(self.source.names.asset_name(asset)))
            )
        };
        let (from, to) = (place(moved.from), place(moved.to));
        let commodity = self.commodity(asset);
        let (before, after) = (
            self.label(Some(moved.number), moved.lot.source),
            self.label(Some(moved.into), moved.lot.source),
        );
        let taken = self.taken(moved.basis, moved.lot.acquired, &before);
        let cost = self.cost(moved.basis, moved.lot.acquired, &after);
        let source = moved.source.map_or("change of scope", |id| self.source.names.source_name(id));
        let postings = vec![
            (from, Some(format!("-{} {commodity} {taken}", moved.quantity))),
            (to, Some(format!("{} {commodity} {cost}", moved.quantity))),
        ];
        // The two costs differ by what the reader rounds.
        let postings = self.rounded(postings);
        self.block(moved.at, 1, "transfer", source, &postings);
    }

    fn row(&mut self, row: &Row) -> Result<()> {
        let RowEvent::Out(how) = row.event else { return Ok(()) };
        let names = self.source.names;
        let wallet = match row.scope {
            Scope::Wallet => names.wallet_name(row.wallet),
            Scope::Universal => "All",
        };
        let commodity = self.commodity(row.asset);
        let held =
            format!("Assets:{}:{}", part(wallet), part(&symbol(names.asset_name(row.asset))));
        let lot = row.number.and_then(|number| self.source.lots.lot(number));
        let label = lot.map_or_else(String::new, |lot| self.label(row.number, lot.source));
        let acquired = lot.map_or(row.at, |lot| lot.acquired);
        let taken = self.taken(row.basis, acquired, &label);
        let against = match how {
            OutReason::Repaid => self.debt(row.wallet, row.asset),
            OutReason::NetworkFee => "Expenses:Network".to_owned(),
            OutReason::Expense => "Expenses:Borrowing".to_owned(),
            OutReason::Disposed(Disposed::Settlement) => "Income:Derivatives".to_owned(),
            OutReason::Disposed(Disposed::Gift | Disposed::Donation) => "Expenses:Given".to_owned(),
            OutReason::Disposed(Disposed::Seizure) => {
                format!("Liabilities:{}:Seized", part(names.wallet_name(row.wallet)))
            }
            OutReason::Disposed(Disposed::Spent) => "Expenses:Fees".to_owned(),
            _ => self.cash(row.wallet),
        };
        let mut postings = vec![
            (held, Some(format!("-{} {commodity} {taken}", row.quantity))),
            (against, Some(self.money(row.proceeds.minus(row.fee)?))),
        ];
        let gain = self.money(row.gain()?.negated()?);
        postings.push(match self.dialect {
            // The program works out what its own costs leave.
            Dialect::Beancount => ("Income:Realised".to_owned(), None),
            Dialect::Hledger => ("Income:Realised".to_owned(), Some(gain)),
        });
        self.block(row.at, 1, how.word(), names.source_name(row.source), &postings);
        Ok(())
    }

    fn contracts(&mut self) -> Result<()> {
        let names = self.source.names;
        for row in self.source.contracts.rows() {
            let settles_in_cash =
                names.terms(row.contract).is_some_and(|terms| names.is_cash(terms.settle));
            if !settles_in_cash || row.value.is_zero() {
                continue;
            }
            let account = match row.event {
                ContractEvent::Closed(_) => "Income:Derivatives",
                ContractEvent::Fee(_) => "Expenses:Fees",
                ContractEvent::Funding => "Income:Funding",
            };
            let postings = vec![
                (self.cash(row.wallet), Some(self.money(row.value))),
                (account.to_owned(), Some(self.money(row.value.negated()?))),
            ];
            let title = names.contract_name(row.contract).to_owned();
            self.block(row.at, 2, &title, names.source_name(row.source), &postings);
        }
        Ok(())
    }

    fn expenses(&mut self) -> Result<()> {
        let names = self.source.names;
        for row in self.source.books.expenses() {
            if row.value.is_zero() || !(row.accrued || names.is_cash(row.asset)) {
                continue;
            }
            let from = match row.accrued {
                true => self.debt(row.wallet, row.asset),
                false => self.cash(row.wallet),
            };
            let postings = vec![
                (format!("Expenses:{:?}", row.kind), Some(self.money(row.value))),
                (from, Some(self.money(row.value.negated()?))),
            ];
            self.block(row.at, 2, "expense", names.source_name(row.source), &postings);
        }
        Ok(())
    }

    fn rounded(
        &self,
        mut postings: Vec<(String, Option<String>)>,
    ) -> Vec<(String, Option<String>)> {
        if self.dialect == Dialect::Beancount {
            postings.push(("Equity:Rounding".to_owned(), None));
        }
        postings
    }

    fn block(
        &mut self,
        at: Time,
        turn: u8,
        title: &str,
        source: &str,
        postings: &[(String, Option<String>)],
    ) {
        let (title, source) = (quoted(title), quoted(source));
        let date = Date::of(at);
        let mut text = match self.dialect {
            Dialect::Beancount => format!("{date} * \"{title}\" \"{source}\"\n"),
            Dialect::Hledger => format!("{date} * {title} | {source}\n"),
        };
        for (account, amount) in postings {
            let account = match self.dialect {
                Dialect::Beancount => account.clone(),
                Dialect::Hledger => account.to_lowercase(),
            };
            let _ = match amount {
                Some(amount) => writeln!(text, "  {account}  {amount}"),
                None => writeln!(text, "  {account}"),
            };
            self.accounts.insert(account);
        }
        let place = self.blocks.len();
        self.blocks.push(((at, turn, place), text));
    }

    fn finish(mut self) -> String {
        self.blocks.sort();
        let mut text = String::new();
        let mark = if self.dialect == Dialect::Beancount { ";;" } else { ";" };
        let _ = writeln!(text, "{mark} A calculation aid, not advice.");
        match self.dialect {
            Dialect::Beancount => {
                let currency = symbol(self.source.currency);
                let _ = writeln!(text, "option \"operating_currency\" \"{currency}\"");
                for account in &self.accounts {
                    let _ = writeln!(text, "1970-01-01 open {account}");
                }
            }
            Dialect::Hledger => {
                for account in &self.accounts {
                    let _ = writeln!(text, "account {account}");
                }
            }
        }
        for (_, block) in &self.blocks {
            text.push('\n');
            text.push_str(block);
        }
        text
    }

    fn held(&self, wallet: WalletId, asset: AssetId, at: Time) -> String {
        let place = match self.source.lots.policy().scope(at) {
            Scope::Wallet => self.source.names.wallet_name(wallet),
            Scope::Universal => "All",
        };
        format!("Assets:{}:{}", part(place), part(&symbol(self.source.names.asset_name(asset))))
    }

    fn cash(&self, wallet: WalletId) -> String {
        let wallet = part(self.source.names.wallet_name(wallet));
        format!("Assets:{wallet}:{}", part(&symbol(self.source.currency)))
    }

    fn debt(&self, wallet: WalletId, asset: AssetId) -> String {
        let wallet = part(self.source.names.wallet_name(wallet));
        format!("Liabilities:{wallet}:{}", part(&symbol(self.source.names.asset_name(asset))))
    }

    fn commodity(&self, asset: AssetId) -> String {
        let name = symbol(self.source.names.asset_name(asset));
        match self.dialect {
            Dialect::Beancount => name,
            Dialect::Hledger => format!("\"{name}\""),
        }
    }

    fn money(&self, value: Value) -> String {
        format!("{value} {}", symbol(self.source.currency))
    }

    /// A lot's label: its source, and where a part moved the number of the part.
    fn label(&self, number: Option<usize>, source: crate::names::SourceId) -> String {
        let name = quoted(self.source.names.source_name(source));
        number.map_or_else(|| name.clone(), |number| format!("{name} #{number}"))
    }

    /// The cost of units that come in.
    fn cost(&self, basis: Value, acquired: Time, label: &str) -> String {
        match self.dialect {
            Dialect::Beancount => format!(
                "{{{{{basis} {}, {}, \"{label}\"}}}}",
                symbol(self.source.currency),
                Date::of(acquired)
            ),
            Dialect::Hledger => format!("@@ {}", self.money(basis)),
        }
    }

    /// The cost of units that go out.
    fn taken(&self, basis: Value, acquired: Time, label: &str) -> String {
        match self.dialect {
            Dialect::Beancount => format!("{{{}, \"{label}\"}}", Date::of(acquired)),
            Dialect::Hledger => format!("@@ {}", self.money(basis)),
        }
    }
}

/// A part of an account's name: letters, digits and hyphens, with a capital or a digit first.
fn part(name: &str) -> String {
    let mut text: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    match text.chars().next() {
        Some(first) if first.is_ascii_lowercase() => {
            let first = first.to_ascii_uppercase();
            text.replace_range(..1, &first.to_string());
        }
        Some(first) if first.is_ascii_alphanumeric() => {}
        _ => text.insert(0, 'X'),
    }
    text
}

/// A commodity: capitals, digits and a few marks, beginning with a letter, of 24 characters at
/// most.
fn symbol(name: &str) -> String {
    let mut text: String = name
        .to_uppercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' })
        .take(22)
        .collect();
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        text.insert(0, 'X');
    }
    if !text.ends_with(|c: char| c.is_ascii_alphanumeric()) {
        text.push('0');
    }
    if text.len() == 1 {
        text.push('0');
    }
    text
}

/// Text without what would end it.
fn quoted(text: &str) -> String {
    text.chars()
        .map(|c| if c == '"' || c == '|' || c == ';' || c.is_control() { ' ' } else { c })
        .collect()
}
