//! Figures of auctions as people read them.

use crate::figures::{percent, rounded};
use breakwater_money::decimal::{format_raw, parse_raw};
use breakwater_simulate::auctions::runner::AuctionTotals;
use breakwater_simulate::auctions::settings::{Figure, Published, UNIT_DECIMALS};

/// Money in millions, two decimals.
pub fn millions(raw: u128) -> String {
    rounded(raw, UNIT_DECIMALS + 6, 2)
}

/// Money to the cent.
pub fn money(raw: u128) -> String {
    rounded(raw, UNIT_DECIMALS, 2)
}

/// The same without groups.
pub fn cents(raw: u128) -> String {
    money(raw).replace(',', "")
}

/// An amount with all its digits.
pub fn exact(raw: u128) -> String {
    format_raw(raw, UNIT_DECIMALS)
}

/// A share in millionths as percent with two decimals, or a dash.
pub fn share(ppm: Option<u128>) -> String {
    ppm.map_or_else(|| "-".to_owned(), |ppm| percent(ppm.saturating_add(50) / 100))
}

/// Basis points as percent with one decimal, or a dash.
pub fn percent_of(bps: Option<u128>) -> String {
    bps.map_or_else(|| "-".to_owned(), |bps| format!("{} %", rounded(bps, 2, 1)))
}

/// Seconds as minutes or hours, or a dash.
pub fn duration(seconds: Option<u64>) -> String {
    match seconds {
        None => "-".to_owned(),
        Some(seconds) if seconds >= 7_200 => {
            format!("{} h", rounded(u128::from(seconds) * 10 / 3_600, 1, 1))
        }
        Some(seconds) => format!("{} min", rounded(u128::from(seconds) * 10 / 60, 1, 1)),
    }
}

/// The run's own figure beside a published one, in the same unit.
pub fn beside(totals: &AuctionTotals, figure: Figure) -> String {
    match figure {
        Figure::Lots => crate::figures::count(totals.sold),
        Figure::ZeroSharePercent => rounded(totals.zero_share_bps().into(), 2, 1),
        Figure::ZeroLoss => rounded(totals.zero_loss, UNIT_DECIMALS, 0),
        Figure::LotShortfall => rounded(totals.lot_shortfall, UNIT_DECIMALS, 0),
        Figure::Deficit => rounded(totals.deficit, UNIT_DECIMALS, 0),
    }
}

/// A published value with its thousands grouped; its text where it is no decimal.
pub fn published(mark: &Published) -> String {
    match parse_raw(&mark.value, 2) {
        Ok(_) => crate::figures::grouped(&mark.value),
        Err(_) => mark.value.clone(),
    }
}
