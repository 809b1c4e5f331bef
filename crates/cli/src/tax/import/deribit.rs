//! Transaction log of Deribit.

use super::{Shaped, is_nothing, negated, plain};
use breakwater_accounting::import::{ImportError, Record};

/// Columns of a log.
pub const COLUMNS: &[&str] = &[
    "Date",
    "Instrument",
    "Type",
    "Side",
    "Size",
    "Price",
    "Fee Charged",
    "Funding",
    "Index Price",
    "Currency",
];

/// Perpetuals and futures of a coin are inverse, one dollar of size a contract, and pay in the coin,
/// which is worth the index price of the row. Those that settle in a stablecoin carry it in their
/// name (`BTC_USDC-PERPETUAL`) and are linear.
pub struct Log;

impl Shaped for Log {
    fn rows(&mut self, row: &Record) -> Result<Vec<Record>, ImportError> {
        let right =
            "trade, liquidation, deleverage, delivery, settlement, deposit, withdrawal or transfer";
        let word = row.need("Type", right)?;
        if ["deposit", "withdrawal", "transfer"].contains(&word) {
            return Ok(Vec::new());
        }
        let text = row.need("Date", "a time such as 2025-04-07 03:00:00 UTC")?;
        let currency = row.need("Currency", "the coin of the log")?;
        let instrument = row.need("Instrument", "the name of a contract")?;
        if instrument.ends_with("-C") || instrument.ends_with("-P") {
            let right = "a perpetual or a future; options are not read from this log";
            return Err(row.wrong("Instrument", instrument, right));
        }
        let linear = instrument.contains("_USD");
        let mut record = Record::new(row.line)
            .with("id", format!("deribit {}", row.line))
            .with("time", text)
            .with("account", "Deribit")
            .with("venue", "deribit")
            .with("contract", instrument)
            .with("form", if linear { "linear" } else { "inverse" })
            .with("settle", currency);
        if let Some(index) =
            row.get("Index Price").filter(|index| !linear && !is_nothing(Some(index)))
        {
            record.set("settle_price", plain(index));
        }
        let kind = match word {
            "trade" => "fill",
            "liquidation" => "liquidation",
            "deleverage" => "deleveraged",
            "delivery" => "expiry",
            "settlement" => {
                if is_nothing(row.get("Funding")) {
                    return Ok(Vec::new());
                }
                let funding = plain(row.need("Funding", "a number")?);
                return Ok(vec![record.with("kind", "funding").with("quantity", funding)]);
            }
            other => return Err(row.wrong("Type", other, right)),
        };
        let size = plain(row.need("Size", "a number above 0")?);
        let side = row.need("Side", "buy or sell")?;
        let signed = match side.split_whitespace().last().unwrap_or("") {
            "buy" => size.trim_start_matches('-').to_owned(),
            "sell" => negated(size.trim_start_matches('-')),
            _ => return Err(row.wrong("Side", side, "buy or sell")),
        };
        let mut rows = Vec::new();
        let fee = row.get("Fee Charged").map_or_else(|| "0".to_owned(), plain);
        if !is_nothing(row.get("Funding")) {
            let funding = plain(row.need("Funding", "a number")?);
            rows.push(
                record
                    .clone()
                    .with("id", format!("deribit {} funding", row.line))
                    .with("kind", "funding")
                    .with("quantity", funding),
            );
        }
        rows.push(
            record
                .with("kind", kind)
                .with("quantity", signed)
                .with("price", plain(row.need("Price", "a number above 0")?))
                .with("fee", fee),
        );
        Ok(rows)
    }
}
