//! Events of Aave: liquidation calls, and what else a user did where the file has it.

use super::{Shaped, plain};
use breakwater_accounting::import::{ImportError, Record};
use breakwater_money::{Rational, rational};
use std::collections::{BTreeMap, BTreeSet};

/// Columns of a file of liquidation calls.
pub const COLUMNS: &[&str] = &[
    "time",
    "user",
    "collateral",
    "collateral_amount",
    "debt",
    "debt_amount",
    "collateral_usd",
    "debt_usd",
];

/// A row is a liquidation call unless its `event` says `supply`, `withdraw`, `borrow` or `repay`, of
/// `asset`, `amount` and `usd`. Collateral lies in the account `Aave`, the rest in `wallet`.
pub struct Events {
    user: Option<String>,
    users: BTreeSet<String>,
    owed: BTreeMap<String, Rational>,
    unknown_debts: u64,
}

impl Events {
    /// Events of one user, or of the only one.
    pub fn new(user: Option<String>) -> Self {
        let owed = BTreeMap::new();
        Events { user, users: BTreeSet::new(), owed, unknown_debts: 0 }
    }

    fn base(&self, row: &Record, part: &str) -> Record {
        let time = row.get("time").unwrap_or("");
        // Times of these tables are UTC, with or without saying so.
        let bare = time.len() == 10 || !(time.ends_with('Z') || time.ends_with("+00:00"));
        let zone = if bare && time.len() > 10 { "Z" } else { "" };
        let time =
            if time.len() == 10 { format!("{time}T00:00:00Z") } else { format!("{time}{zone}") };
        Record::new(row.line).with("id", format!("aave {} {part}", row.line)).with("time", time)
    }

    fn owe(
        &mut self,
        row: &Record,
        asset: &str,
        change: &str,
        sign: i8,
    ) -> Result<bool, ImportError> {
        let amount =
            rational::parse(change).map_err(|_| row.wrong("amount", change, "a decimal number"))?;
        let owed = self.owed.entry(asset.to_owned()).or_default();
        if sign > 0 {
            *owed += amount;
            return Ok(true);
        }
        let known = *owed > rational::from_raw(0, 0);
        *owed -= amount;
        Ok(known)
    }

    fn liquidation(&mut self, row: &Record) -> Result<Vec<Record>, ImportError> {
        let amount = |column: &str| row.need(column, "a number above 0").map(decimal);
        let (collateral, debt) =
            (row.need("collateral", "an asset")?, row.need("debt", "an asset")?);
        let (seized, repaid) = (amount("collateral_amount")?, amount("debt_amount")?);
        let usd = "a value in US dollars; this row has none";
        let (market, discharged) = (
            row.need("collateral_usd", usd).map(decimal)?,
            row.need("debt_usd", usd).map(decimal)?,
        );
        let mut rows = vec![
            self.base(row, "seizure")
                .with("account", "Aave")
                .with("kind", "seizure")
                .with("asset", collateral)
                .with("quantity", seized)
                .with("value", &discharged)
                .with("market", market),
        ];
        if self.owe(row, debt, &repaid, -1)? {
            rows.push(
                self.base(row, "debt")
                    .with("account", "Aave")
                    .with("kind", "repaid-by-liquidator")
                    .with("asset", debt)
                    .with("quantity", repaid)
                    .with("value", discharged),
            );
        } else {
            self.unknown_debts += 1;
        }
        Ok(rows)
    }
}

impl Shaped for Events {
    fn rows(&mut self, row: &Record) -> Result<Vec<Record>, ImportError> {
        let user = row.need("user", "an address")?.to_lowercase();
        if let Some(wanted) = &self.user
            && wanted.to_lowercase() != user
        {
            return Ok(Vec::new());
        }
        self.users.insert(user.clone());
        if self.users.len() > 1 {
            return Err(row.wrong(
                "user",
                &user,
                "one user; choose one with --user, because another came before",
            ));
        }
        let event = row.get("event").unwrap_or("liquidation");
        if event == "liquidation" {
            return self.liquidation(row);
        }
        let right = "liquidation, supply, withdraw, borrow or repay";
        let asset = row.need("asset", "an asset")?.to_owned();
        let amount = decimal(row.need("amount", "a number above 0")?);
        let mut base = self.base(row, event).with("asset", &asset).with("quantity", &amount);
        let usd = row.get("usd").map(decimal);
        let kind = match event {
            "supply" | "withdraw" => {
                let (from, to) =
                    if event == "supply" { ("wallet", "Aave") } else { ("Aave", "wallet") };
                if let (Some(usd), Ok(units)) = (&usd, rational::parse(&amount)) {
                    let worth = rational::parse(usd)
                        .map_err(|_| row.wrong("usd", usd, "a decimal number"))?;
                    if units > rational::from_raw(0, 0) {
                        let price = rational::format(&(worth / units), 18);
                        base.set("price", price.trim_end_matches('…'));
                    }
                }
                base.set("to", to);
                return Ok(vec![base.with("account", from).with("kind", "transfer")]);
            }
            "borrow" => {
                self.owe(row, &asset, &amount, 1)?;
                "borrow"
            }
            "repay" => {
                self.owe(row, &asset, &amount, -1)?;
                "repay"
            }
            other => return Err(row.wrong("event", other, right)),
        };
        if let Some(usd) = usd {
            base.set("value", usd);
        }
        Ok(vec![base.with("account", "Aave").with("kind", kind)])
    }

    fn notes(&self) -> Vec<String> {
        let unknown = self.unknown_debts;
        let note = format!(
            "{unknown} liquidations repaid debts whose borrowing is not in the file; what was discharged is \
             the proceeds all the same"
        );
        if unknown > 0 { vec![note] } else { Vec::new() }
    }
}

/// A decimal without an exponent: files made by programs with floats write `1.2e-05`.
fn decimal(text: &str) -> String {
    let text = plain(text);
    let Some((digits, exponent)) = text.split_once(['e', 'E']) else { return text };
    let (Ok(value), Ok(exponent)) = (rational::parse(digits), exponent.parse::<i32>()) else {
        return text;
    };
    let power = (0..exponent.unsigned_abs().min(60))
        .fold(rational::from_raw(1, 0), |power, _| power * rational::from_raw(10, 0));
    let value = if exponent < 0 { value / power } else { value * power };
    rational::format(&value, 30).trim_end_matches('…').to_owned()
}
