//! Figures of a run over perpetuals as people read them.

use crate::figures::{percent, rounded};
use breakwater_money::decimal::format_raw;
use breakwater_simulate::perpetuals::runner::{PerpetualRun, SETTLE_DECIMALS};
use breakwater_simulate::perpetuals::{BASE_DECIMALS, PRICE_DECIMALS};

/// A value to the cent.
pub fn money(raw: u128) -> String {
    rounded(raw, SETTLE_DECIMALS, 2)
}

/// A value in thousands.
pub fn thousands(raw: u128) -> String {
    rounded(raw, SETTLE_DECIMALS + 3, 0)
}

/// A value in millions, two decimals.
pub fn millions(raw: u128) -> String {
    rounded(raw, SETTLE_DECIMALS + 6, 2)
}

/// A value with all its digits.
pub fn exact(raw: u128) -> String {
    format_raw(raw, SETTLE_DECIMALS)
}

/// A quantity with all its digits.
pub fn quantity(raw: u128) -> String {
    format_raw(raw, BASE_DECIMALS)
}

/// A price with all its digits.
pub fn price(raw: u128) -> String {
    format_raw(raw, PRICE_DECIMALS)
}

/// A price as people read it.
pub fn priced(raw: u128) -> String {
    rounded(raw, PRICE_DECIMALS, 2)
}

/// A share at 1e6 as percent with two decimals.
pub fn share(e6: u64) -> String {
    percent(u128::from(e6).saturating_add(50) / 100)
}

/// A share such as `0.005` as percent, such as `0.5 %`.
pub fn share_of(text: &str) -> String {
    match breakwater_money::decimal::parse_raw(text, 18) {
        Ok(raw) => format!("{} %", format_raw(raw, 16)),
        Err(_) => text.to_owned(),
    }
}

/// Closed profit for each unit of deficit that winners bore, or a dash.
pub fn overshoot(run: &PerpetualRun) -> String {
    let ratio = run.totals.overshoot_e2();
    ratio.map_or_else(|| "-".to_owned(), |ratio| rounded(ratio, 2, 1))
}

/// The same with all its digits; nothing where nobody was closed.
pub fn overshoot_exact(run: &PerpetualRun) -> Option<String> {
    run.totals.overshoot_e2().map(|ratio| format_raw(ratio, 2))
}
