//! Slices of recorded chains that travel in the binary.

/// A shipped chain: its name and its CSV.
pub const CHAINS: &[(&str, &str)] = &[
    (
        "index-week-2021-01",
        include_str!("../../../../scenarios/option-hedging/index-week-2021-01.csv"),
    ),
    ("split-2014-06", include_str!("../../../../scenarios/option-hedging/split-2014-06.csv")),
];

/// A shipped book: its name and its TOML.
pub const BOOKS: &[(&str, &str)] = &[
    (
        "index-week-2021-01",
        include_str!("../../../../scenarios/option-hedging/index-week-2021-01.toml"),
    ),
    ("split-2014-06", include_str!("../../../../scenarios/option-hedging/split-2014-06.toml")),
    ("coin-book", include_str!("../../../../scenarios/option-hedging/coin-book.toml")),
];

/// A shipped chain by name.
#[must_use]
pub fn chain(name: &str) -> Option<&'static str> {
    CHAINS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// A shipped book by name.
#[must_use]
pub fn book(name: &str) -> Option<&'static str> {
    BOOKS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
