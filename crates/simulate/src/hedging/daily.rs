//! Chains of closing prices. Only options that traded on the day count: the close of another is that of
//! an earlier day, and after a split that of another share. Volatilities and underlyings that such files
//! carry are not used: the parity of calls and puts gives the forward, the close the volatility.

use super::chain::{Chain, float, kind, seconds, strike, strike_key};
use super::minutes::{EXPIRY_HOUR, Prices, Strikes, push};
use crate::ScenarioError;
use crate::table::Table;
use std::collections::BTreeMap;

pub(super) fn read(table: &Table, every: i64, chain: &mut Chain) -> Result<(), ScenarioError> {
    let mut by_time: BTreeMap<i64, BTreeMap<i64, Strikes>> = BTreeMap::new();
    for row in &table.rows {
        let at = seconds(row, "date", EXPIRY_HOUR)?;
        let expiry = seconds(row, "expiry", EXPIRY_HOUR)?;
        let (kind, strike) = (kind(row, "right")?, strike(row)?);
        let (close, volume) = (float(row, "close")?, float(row, "volume")?);
        if volume <= 0.0 || close <= 0.0 {
            chain.leave_out("not traded that day");
        } else if expiry <= at {
            chain.leave_out("expired");
        } else {
            let strikes = by_time.entry(at).or_default().entry(expiry).or_default();
            let prices = Prices { bid: close, ask: close };
            strikes.insert((strike_key(strike), kind), (strike, prices));
        }
    }
    push(by_time, every, chain);
    Ok(())
}
