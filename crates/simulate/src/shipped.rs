//! Scenarios and their tables that travel in the binary.

/// A shipped scenario: its name and its file.
pub(crate) const SCENARIOS: &[(&str, &str)] =
    &[("black-thursday", include_str!("../../../scenarios/black-thursday.toml"))];

macro_rules! tables {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../scenarios/", $name)))),*]
    };
}

/// Their tables, by the names the scenario files use.
pub(crate) const TABLES: &[(&str, &str)] = tables![
    "black-thursday/book.csv",
    "black-thursday/prices.csv",
    "black-thursday/path.csv",
    "black-thursday/depth-wsteth-usdc.csv",
    "black-thursday/depth-wsteth-weth.csv",
];

/// Where each table comes from: (file, source, licence), in short. PROVENANCE.md has it whole.
pub(crate) const SOURCES: &[(&str, &str, &str)] = &[
    (
        "black-thursday/book.csv",
        "balances on a public chain, 21 June 2023, as read by lidofinance/aave-liquidation-model",
        "facts restated; the source's files are GPL-3.0 and are not shipped",
    ),
    (
        "black-thursday/prices.csv",
        "oracle prices of the same snapshot",
        "facts restated",
    ),
    (
        "black-thursday/path.csv",
        "ten-minute ETH prices and gas of 12 March 2020, as kept by BerkeleyBlockchain/stablesims",
        "bare facts of a public market; the source states no licence",
    ),
    (
        "black-thursday/depth-wsteth-usdc.csv",
        "aggregator quotes of 20 November 2023, 02:00 UTC, from xenophonlabs/crvUSDrisk",
        "MIT",
    ),
    (
        "black-thursday/depth-wsteth-weth.csv",
        "aggregator quotes of 20 November 2023, 02:00 UTC, from xenophonlabs/crvUSDrisk",
        "MIT",
    ),
];
