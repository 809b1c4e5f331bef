//! Transaction log of Bybit's unified account.

use super::{Shaped, is_nothing, negated, plain};
use breakwater_accounting::import::{ImportError, Record};

/// Columns of a log.
pub const COLUMNS: &[&str] = &[
    "Currency",
    "Contract",
    "Type",
    "Direction",
    "Quantity",
    "Filled Price",
    "Funding",
    "Fee Paid",
    "Time(UTC)",
];

/// `Type` says what a row is; transfers in and out of the account are left out, because they move
/// the settle asset, which is cash or has rows of its own.
pub struct Log;

impl Shaped for Log {
    fn rows(&mut self, row: &Record) -> Result<Vec<Record>, ImportError> {
        let right =
            "TRADE, LIQUIDATION, ADL, DELIVERY, SETTLEMENT, INTEREST, TRANSFER_IN or TRANSFER_OUT";
        let word = row.need("Type", right)?;
        let text = row.need("Time(UTC)", "a time such as 2025-04-07 03:00:00")?;
        let time = if text.ends_with('Z') { text.to_owned() } else { format!("{text}Z") };
        let currency = row.need("Currency", "the asset that the contract pays in")?;
        let base = Record::new(row.line)
            .with("id", format!("bybit {}", row.line))
            .with("time", &time)
            .with("account", "Bybit");
        let contract = |record: Record, name: &str| {
            // Inverse perpetuals are named after the dollar: BTCUSD; what settles in a stablecoin is
            // linear.
            let inverse = name.ends_with("USD") && !currency.starts_with("USD");
            record
                .with("venue", "bybit")
                .with("contract", name)
                .with("form", if inverse { "inverse" } else { "linear" })
                .with("settle", currency)
        };
        let name = || row.need("Contract", "the name of a contract");
        match word {
            "TRADE" | "LIQUIDATION" | "ADL" | "DELIVERY" => {
                let quantity = plain(row.need("Quantity", "a number other than 0")?);
                let signed = match row.need("Direction", "BUY or SELL")? {
                    "BUY" => quantity.trim_start_matches('-').to_owned(),
                    "SELL" => negated(quantity.trim_start_matches('-')),
                    other => return Err(row.wrong("Direction", other, "BUY or SELL")),
                };
                let kind = match word {
                    "TRADE" => "fill",
                    "LIQUIDATION" => "liquidation",
                    "ADL" => "deleveraged",
                    _ => "expiry",
                };
                let fee = row.get("Fee Paid").unwrap_or("0");
                Ok(vec![
                    contract(base, name()?)
                        .with("kind", kind)
                        .with("quantity", signed)
                        .with("price", plain(row.need("Filled Price", "a number above 0")?))
                        .with("fee", paid(fee)),
                ])
            }
            "SETTLEMENT" if is_nothing(row.get("Funding")) => Ok(Vec::new()),
            "SETTLEMENT" => {
                let funding = plain(row.need("Funding", "a number")?);
                let mut record =
                    contract(base, name()?).with("kind", "funding").with("quantity", funding);
                if let Some(price) =
                    row.get("Filled Price").filter(|price| !is_nothing(Some(price)))
                {
                    record.set("price", plain(price));
                }
                Ok(vec![record])
            }
            "INTEREST" => {
                let change = row.get("Cash Flow").unwrap_or("0");
                if is_nothing(Some(change)) {
                    return Ok(Vec::new());
                }
                let record = base.with("asset", currency).with("kind", "borrow-interest");
                Ok(vec![record.with("quantity", negated(change))])
            }
            "TRANSFER_IN" | "TRANSFER_OUT" => Ok(Vec::new()),
            other => Err(row.wrong("Type", other, right)),
        }
    }
}

/// The log has fees as changes of the balance: what is paid is below zero.
fn paid(text: &str) -> String {
    if is_nothing(Some(text)) { "0".to_owned() } else { negated(text) }
}
