//! Scenarios and their tables that travel in the binary.

/// A shipped scenario: its name and its file.
pub(crate) const SCENARIOS: &[(&str, &str)] =
    &[("black-thursday", include_str!("../../../scenarios/black-thursday.toml"))];

/// Shipped scenarios over perpetuals.
pub(crate) const PERPETUALS: &[(&str, &str)] =
    &[("october-2025", include_str!("../../../scenarios/october-2025.toml"))];

/// Shipped scenarios of auctions.
pub(crate) const AUCTIONS: &[(&str, &str)] =
    &[("auction-black-thursday", include_str!("../../../scenarios/auction-black-thursday.toml"))];

/// Shipped scenarios of option books.
pub(crate) const OPTION_BOOKS: &[(&str, &str)] =
    &[("option-book", include_str!("../../../scenarios/option-book.toml"))];

/// Shipped scenarios of margin agreements.
pub(crate) const MARGIN_CALLS: &[(&str, &str)] =
    &[("margin-call", include_str!("../../../scenarios/margin-call.toml"))];
/// Shipped scenarios of listed contracts.
pub(crate) const LISTED: &[(&str, &str)] = &[
    ("expiry-friday", include_str!("../../../scenarios/expiry-friday.toml")),
    ("early-exercise", include_str!("../../../scenarios/early-exercise.toml")),
];
/// Shipped worlds.
pub(crate) const WORLDS: &[(&str, &str)] = &[
    ("black-thursday", include_str!("../../../scenarios/stress/black-thursday.toml")),
    ("loans", include_str!("../../../scenarios/stress/loans.toml")),
    ("multi-collateral", include_str!("../../../scenarios/stress/multi-collateral.toml")),
    ("perpetuals", include_str!("../../../scenarios/stress/perpetuals.toml")),
];

/// Shipped scenarios of defences.
pub(crate) const DEFENCES: &[(&str, &str)] = &[
    ("run-on-a-pool", include_str!("../../../scenarios/defend/run-on-a-pool.toml")),
    ("terra-anchor-2022-05", include_str!("../../../scenarios/defend/terra-anchor-2022-05.toml")),
];

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
    "october-2025/index.csv",
    "october-2025/depth.csv",
    "auction-black-thursday/path.csv",
    "auction-black-thursday/vaults.toml",
    "margin-call/spy.csv",
    "margin-call/eth.csv",
    "margin-call/rates.csv",
    "margin-call/pool.toml",
    "margin-call/north-south.toml",
    "margin-call/north-alpine.toml",
    "margin-call/north-harbour.toml",
    "margin-call/south-meadow.toml",
    "margin-call/south-ridge.toml",
    "margin-call/north-ridge.toml",
    "margin-call/north-ridge-im.toml",
    "defend/terra-anchor-2022-05.csv",
    "early-exercise/venue.toml",
];
