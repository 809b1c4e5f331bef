//! Trade histories of Binance, spot and futures.

use super::{Shaped, negated, plain, with_unit};
use breakwater_accounting::import::{ImportError, Record};

/// Columns of a spot trade history.
pub const SPOT: &[&str] = &["Date(UTC)", "Pair", "Side", "Price", "Executed", "Amount", "Fee"];

/// Columns of a futures trade history.
pub const FUTURES: &[&str] = &[
    "Date(UTC)",
    "Symbol",
    "Side",
    "Price",
    "Quantity",
    "Amount",
    "Fee",
    "Fee Coin",
    "Realized Profit",
];

/// Spot: `Executed` and `Amount` carry their assets. A trade of two coins is a sale of one and a
/// purchase of the other, both worth what the table of prices says of the coin that was paid or got.
pub struct Spot;

impl Shaped for Spot {
    fn rows(&mut self, row: &Record) -> Result<Vec<Record>, ImportError> {
        let time = time(row)?;
        let ((executed, base), (amount, quote)) =
            (with_unit(row, "Executed")?, with_unit(row, "Amount")?);
        let (fee, fee_asset) = match row.get("Fee") {
            Some(_) => with_unit(row, "Fee")?,
            None => ("0".to_owned(), quote.clone()),
        };
        let row_of = |kind: &str, asset: &str, quantity: &str, part: &str| {
            Record::new(row.line)
                .with("id", format!("binance {}{part}", row.line))
                .with("time", &time)
                .with("account", "Binance")
                .with("kind", kind)
                .with("asset", asset)
                .with("quantity", quantity)
        };
        let (base_kind, quote_kind) = match row.need("Side", "BUY or SELL")? {
            "BUY" => ("buy", "sell"),
            "SELL" => ("sell", "buy"),
            other => return Err(row.wrong("Side", other, "BUY or SELL")),
        };
        // What the quote asset is worth values the trade, on either side of it.
        let base_row = row_of(base_kind, &base, &executed, "")
            .with("value_asset", &quote)
            .with("value_quantity", &amount)
            .with("fee", &fee)
            .with("fee_asset", &fee_asset);
        let quote_row = row_of(quote_kind, &quote, &amount, " quote");
        Ok(vec![base_row, quote_row])
    }
}

/// Futures: USD-margined contracts, paid in the coin of the fee; size one.
pub struct Futures;

impl Shaped for Futures {
    fn rows(&mut self, row: &Record) -> Result<Vec<Record>, ImportError> {
        let quantity = plain(row.need("Quantity", "a number above 0")?);
        let signed = match row.need("Side", "BUY or SELL")? {
            "BUY" => quantity,
            "SELL" => negated(&quantity),
            other => return Err(row.wrong("Side", other, "BUY or SELL")),
        };
        let kind = match row.get("Type") {
            None | Some("TRADE") => "fill",
            Some("LIQUIDATION") => "liquidation",
            Some("ADL") => "deleveraged",
            Some(other) => return Err(row.wrong("Type", other, "TRADE, LIQUIDATION or ADL")),
        };
        let settle = row.need("Fee Coin", "the asset that fees are paid in")?;
        Ok(vec![
            Record::new(row.line)
                .with("id", format!("binance {}", row.line))
                .with("time", time(row)?)
                .with("account", "Binance futures")
                .with("kind", kind)
                .with("venue", "binance")
                .with("contract", row.need("Symbol", "the name of a contract")?)
                .with("settle", settle)
                .with("quantity", signed)
                .with("price", plain(row.need("Price", "a number above 0")?))
                .with("fee", row.get("Fee").map_or_else(|| "0".to_owned(), plain)),
        ])
    }
}

/// The column says that its times are UTC.
fn time(row: &Record) -> Result<String, ImportError> {
    let text = row.need("Date(UTC)", "a time such as 2025-04-07 03:00:00")?;
    Ok(if text.len() > 10 && !text.ends_with('Z') { format!("{text}Z") } else { text.to_owned() })
}
