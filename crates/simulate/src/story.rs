//! Sentences and figures for readers.

use crate::Scenario;
use crate::options::{RunOptions, Shock};
use crate::path::{FACTOR_ONE, PathPoint, trough};
use crate::record::BalanceRow;
use breakwater_engine::Engine;
use breakwater_margin::Health;
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{Class, Price, Time, decimal};

/// A value at 8 decimals with thousands grouped and `places` digits after the point.
pub(crate) fn money(raw: u128, places: u8) -> String {
    let places = places.min(8);
    let unit = 10u128.pow(u32::from(8 - places));
    let rounded = mul_div(raw, 1, unit, Rounding::HalfUp).unwrap_or(raw / unit);
    let text = format!("{rounded:0>width$}", width = usize::from(places) + 1);
    let (whole, fraction) = text.split_at(text.len() - usize::from(places));
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if fraction.is_empty() { grouped } else { format!("{grouped}.{fraction}") }
}

/// The sums of everything that the engine's ledger holds, for readers.
pub(crate) fn balances(engine: &Engine) -> Vec<BalanceRow> {
    let rows = engine.trial_balance();
    let told = rows.iter().map(|row| {
        let info = engine.assets().get(row.unit.asset.index());
        let (symbol, decimals) = info.map_or(("", 0), |info| (info.symbol.as_str(), info.decimals));
        let text = |raw| decimal::format_raw_signed(raw, decimals);
        BalanceRow {
            unit: format!("{symbol} {}", class(row.unit.class)),
            positive: text(row.positive),
            sum: text(row.sum),
        }
    });
    told.collect()
}

pub(crate) fn clock(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

pub(crate) fn timestamp(at: Time) -> String {
    let seconds = i64::try_from(at.seconds_since(Time(0))).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |t| t.to_string())
}

pub(crate) fn class(class: Class) -> &'static str {
    match class {
        Class::Token => "tokens",
        Class::Supply => "deposit shares",
        Class::Debt => "debt shares",
        Class::Deficit => "uncovered deficit",
    }
}

/// The shock in words.
pub(crate) fn shock(scenario: &Scenario, options: &RunOptions, path: &[PathPoint]) -> String {
    let fall = (FACTOR_ONE - trough(path).min(FACTOR_ONE)) / (FACTOR_ONE / 10_000);
    let percent = decimal::format_raw(fall, 2);
    let name = &scenario.settings.driver.market;
    let how = match &options.shock {
        Some(Shock::Named { .. }) => "path scaled to it",
        _ => "path as it was",
    };
    let peg = options.peg.as_ref().map(|peg| format!(", peg {peg}")).unwrap_or_default();
    format!("{name} -{percent} % at the trough, {how}{peg}")
}

/// Which price crossed which line, by how much.
pub(crate) fn reason(
    name: &str,
    before: Price,
    now: Price,
    line: Option<Price>,
    health: &Health,
) -> String {
    let moved = if now.raw < before.raw { "fell" } else { "moved" };
    let from_to = format!("{name} {moved} from {} to {}", money(before.raw, 2), money(now.raw, 2));
    let health = decimal::format_raw(
        u128::try_from(health.ratio.raw).unwrap_or(u128::MAX) / 100_000_000_000_000,
        4,
    );
    match line.filter(|line| line.raw > now.raw) {
        Some(line) => {
            let gap = line.raw - now.raw;
            let bps = mul_div(gap, 10_000, line.raw, Rounding::HalfUp).unwrap_or(0);
            let percent = decimal::format_raw(bps, 2);
            format!(
                "{from_to}, through this account's line at {} by {percent} %; health {health}",
                money(line.raw, 2)
            )
        }
        None => format!("{from_to}; health {health}"),
    }
}

/// What a run assumes: name, value, status, source.
pub(crate) fn assumptions(
    scenario: &Scenario,
    options: &RunOptions,
) -> Vec<(String, String, String, String)> {
    let settings = &scenario.settings;
    let depth = &settings.depth;
    let row = |name: &str, value: String, status: &str, source: &str| {
        (name.to_owned(), value, status.to_owned(), source.to_owned())
    };
    let or = |option: &Option<String>, setting: &str| {
        option.clone().unwrap_or_else(|| setting.to_owned())
    };
    let other = |symbol: &str| {
        let amount = |side: fn(&crate::book::BookAccount) -> &Vec<(usize, u128)>| {
            let value = |wanted: bool| -> u128 {
                scenario
                    .book
                    .accounts
                    .iter()
                    .flat_map(side)
                    .filter(|(asset, _)| !wanted || scenario.book.assets[*asset].symbol == symbol)
                    .map(|(asset, raw)| {
                        let asset = &scenario.book.assets[*asset];
                        Price::new(asset.price, 8)
                            .value(*raw, asset.decimals, Rounding::Floor)
                            .unwrap_or(0)
                    })
                    .sum()
            };
            let bps = mul_div(value(true), 10_000, value(false).max(1), Rounding::HalfUp);
            decimal::format_raw(bps.unwrap_or(0), 2)
        };
        format!("{} % of collateral, {} % of debt", amount(|a| &a.collateral), amount(|a| &a.debt))
    };
    let impact = if options.impact { "on" } else { "off" };
    let gas = if options.gas { settings.keepers.gas_units } else { 0 };
    vec![
        row("Share of OTHER, valued in ether", other("OTHER"), "measured", "the book's own rows"),
        row(
            "Thresholds",
            "each account's own average".to_owned(),
            "measured",
            "the pool's own answer at the snapshot",
        ),
        row(
            "stETH/ETH",
            options.peg.clone().unwrap_or_else(|| "0.99974085, held".to_owned()),
            "assumption",
            "the snapshot's ratio; the day's own is not in the data",
        ),
        row("Incentive for stETH", "7.5 %".to_owned(), "unverified", "general knowledge"),
        row("Protocol fee", "0".to_owned(), "unverified", "general knowledge"),
        row(
            "wstETH in stETH",
            depth.staked_per_wrapped.clone(),
            "assumption",
            "near the rate of November 2023",
        ),
        row(
            "Depth",
            format!("measured ladders x {}, impact {impact}", or(&options.depth_scale, "1")),
            "measured",
            "20 November 2023, 02:00 UTC, as shares of their own mid",
        ),
        row(
            "Other collateral in ether (WETH, OTHER, WBTC)",
            "sold on the stETH ladder at its value".to_owned(),
            "assumption",
            "no ladder of their own in the data",
        ),
        row(
            "Other debts",
            format!("bought at par less {} bps", depth.par_discount_bps),
            "assumption",
            "no ladder of their own in the data",
        ),
        row(
            "Recovery of depth",
            format!("half in {} minutes", depth.recovery_half_life_minutes),
            "assumption",
            "see the table of sensitivity",
        ),
        row(
            "Impact carried into the next mark",
            or(&options.feedback, &depth.feedback),
            "assumption",
            "see the table of sensitivity",
        ),
        row(
            "Gas of a call",
            format!("{gas} units at the bar's 60th percentile"),
            "assumption",
            "prices of that day; the units are assumed",
        ),
        row(
            "Keepers' capital at one price point",
            or(&options.keeper_capital, "without bound"),
            "assumption",
            "",
        ),
        row(
            "Prices",
            format!(
                "band {} bps a tick, stale after {} minutes",
                settings.guard.band_bps, settings.guard.age_max_minutes
            ),
            "stated",
            "the scenario file",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_grouped_and_rounded() {
        assert_eq!(money(123_456_789_012_345, 2), "1,234,567.89");
        assert_eq!(money(99_999_999, 0), "1");
        assert_eq!(money(0, 2), "0.00");
        assert_eq!(money(1_234_567_890, 8), "12.34567890");
    }
}
