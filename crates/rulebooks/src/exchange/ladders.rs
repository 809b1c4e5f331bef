//! The ladders of derivatives exchanges, as data.
//!
//! What each venue does is told in the reference page on exchange margin, section 4, from the
//! venues' own pages and code. No venue states how far from the mark its liquidation orders may
//! fill; such prices, and what else is marked *ours*, are our choice, and a policy may state others.
//!
//! Where a venue's engine takes a position over at its bankruptcy price, the account keeps nothing
//! of its margin, which is what `take-over` does. Where it sends an order limited at that price, a
//! better fill is the account's.

use breakwater_liquidation::Ladder;

/// Binance USD-M and COIN-M: orders cancelled, one immediate-or-cancel order that tries to bring
/// the account back, the fund takes the rest at the bankruptcy price. That small positions are
/// always closed whole has no published limit and is left out.
pub const BINANCE: &str = r#"
[[rungs]]
do = "cancel-orders"

[[rungs]]
while = { steps = { below = 1 } }
do = { to-maintenance = { buffer_bps = 0 } }
at = { mark = { slippage_bps = 100 } } # ours

# What no part of the account can bring back is offered whole, in the same one order.
[[rungs]]
while = { steps = { below = 1 } }
do = "whole"
at = "bankruptcy" # ours

[[rungs]]
do = "take-over"
"#;

/// BitMEX: the risk limit is lowered and the excess over the lower tier sent fill-or-kill, once; the
/// lowest tier, and what is left in breach, is taken over at the bankruptcy price.
pub const BITMEX: &str = r#"
[[rungs]]
do = "cancel-orders"

[[rungs]]
while = { steps = { below = 1 } }
do = { tier-down = { tiers = 1 } }
at = "bankruptcy" # ours

[[rungs]]
do = "take-over"
"#;

/// Bybit contracts: as BitMEX. Repayment of spot margin before derivatives is left out.
pub const BYBIT: &str = BITMEX;

/// OKX: two tiers at a time as long as there are two below, then everything at the bankruptcy price.
/// That an account without the margin of the lowest tier is closed at once is left out: a ladder
/// sees no rates.
pub const OKX: &str = r#"
[[rungs]]
do = "cancel-orders"

[[rungs]]
do = { tier-down = { tiers = 2 } }
at = "bankruptcy" # ours

[[rungs]]
do = "take-over"
"#;

/// Hyperliquid: below two thirds of the maintenance margin the vault takes positions and margin;
/// above, a position over 100,000 USDC sends a fifth first, and orders within 30 s of a liquidation
/// are for all of it, as are those of smaller positions.
pub const HYPERLIQUID: &str = r#"
[[rungs]]
while = { equity = { below = "2/3" } }
do = "take-over"

[[rungs]]
while = { notional = { above = "100000" } }
do = { fraction = { bps = 2000 } }
at = { mark = { slippage_bps = 500 } } # ours
wait_nanos = 30_000_000_000
meanwhile = "next-rung"

[[rungs]]
do = "whole"
at = { mark = { slippage_bps = 500 } } # ours
"#;

/// Coinbase International: below the close-out margin the liquidity support programme takes over,
/// then fund, deleveraging and clawback; above, positions are cut to the initial margin. The
/// close-out margin is max(a third of initial, maintenance less 12 %), which is half the maintenance
/// margin where that is two thirds of an initial margin of 20 %.
pub const COINBASE: &str = r#"
[[rungs]]
while = { equity = { below = "1/2" } }
do = "take-over"

[[rungs]]
do = "to-initial"
at = { mark = { slippage_bps = 100 } } # ours

# Where no cut reaches the initial margin.
[[rungs]]
do = "whole"
at = "bankruptcy" # ours
"#;

/// Kraken: an immediate-or-cancel order at the bankruptcy price, what the book does not take stays
/// with the client until it is assigned. The partial liquidation live since March 2026 is left out:
/// its size is not published.
pub const KRAKEN: &str = r#"
[[rungs]]
while = { steps = { below = 1 } }
do = "whole"
at = "bankruptcy"

[[rungs]]
do = "take-over"
"#;

/// lfest: all at once, at the market.
pub const LFEST: &str = r#"
[[rungs]]
do = "whole"
at = { mark = { slippage_bps = 1000 } } # ours
"#;

/// drift: a tenth of the shortage at once, the rest over 150 slots of 0.4 s, a shortage below 50 USD
/// at once; the liquidation aims 2 % above maintenance. Share and slots are those of the vectors;
/// the program's genesis has neither and takes all at once.
pub const DRIFT: &str = r#"
[[rungs]]
do = { ramp = { first_bps = 1000, nanos = 60_000_000_000, buffer_bps = 200, at_once_below = "50" } }
at = { mark = { slippage_bps = 100 } } # ours

# Where no size frees the share.
[[rungs]]
do = "whole"
at = { mark = { slippage_bps = 100 } } # ours
"#;

/// dYdX v4: a position whole in a block by its shipped parameters, at least 0.001 USD of it, until
/// the account is back. The caps a block and subaccount on value and on what the fund loses are the
/// chain's to state. One block a second is ours.
pub const DYDX: &str = r#"
[[rungs]]
do = { per-block = { share_bps = 10000, least_value = "0.001" } }
at = "bankruptcy"
wait_nanos = 1_000_000_000
"#;

/// Every ladder with the name of its venue.
pub const LADDERS: [(&str, &str); 10] = [
    ("binance", BINANCE),
    ("bitmex", BITMEX),
    ("bybit", BYBIT),
    ("coinbase", COINBASE),
    ("drift", DRIFT),
    ("dydx", DYDX),
    ("hyperliquid", HYPERLIQUID),
    ("kraken", KRAKEN),
    ("lfest", LFEST),
    ("okx", OKX),
];

/// Reads a ladder.
///
/// # Errors
/// A sentence naming what is wrong, its value and what would be right.
pub fn parse(text: &str) -> Result<Ladder, String> {
    toml::from_str(text).map_err(|error| format!("not a ladder: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use breakwater_liquidation::ladder::{Act, Meanwhile, PriceBound, Value};

    #[test]
    fn every_ladder_reads_and_is_written_back_as_it_was() {
        for (venue, text) in LADDERS {
            let ladder = parse(text).unwrap_or_else(|error| panic!("{venue}: {error}"));
            let written = toml::to_string(&ladder).unwrap();
            assert_eq!(parse(&written).unwrap(), ladder, "{venue}:\n{written}");
        }
        assert!(LADDERS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn what_is_written_is_what_is_meant() {
        let ladder = parse(HYPERLIQUID).unwrap();
        let [vault, fifth, whole] = ladder.rungs() else { panic!("{ladder:?}") };
        assert_eq!((vault.act, vault.at), (Act::TakeOver, None));
        assert_eq!(vault.bounds.equity.below.unwrap().to_string(), "2/3");
        assert_eq!(fifth.act, Act::Fraction { bps: 2_000 });
        assert_eq!(fifth.bounds.notional.above, Some(Value::parse("100000").unwrap()));
        assert_eq!((fifth.wait_nanos, fifth.meanwhile), (30_000_000_000, Meanwhile::NextRung));
        assert_eq!(whole.at, Some(PriceBound::Mark { slippage_bps: 500 }));
        let ladder = parse(DRIFT).unwrap();
        let at_once_below = Some(Value::parse("50").unwrap());
        let nanos = 150 * 400_000_000;
        let ramp = Act::Ramp { first_bps: 1_000, nanos, buffer_bps: 200, at_once_below };
        assert_eq!(ladder.rungs()[0].act, ramp);
    }

    #[test]
    fn unknown_words_and_ladders_that_are_none_are_refused() {
        for (from, to, told) in [
            ("do = \"take-over\"", "do = \"take-under\"", "take-under"),
            ("bps = 2000 }", "bps = 2000, surprise = 1 }", "surprise"),
            ("wait_nanos", "wait-seconds", "wait-seconds"),
            ("below = \"2/3\"", "under = \"2/3\"", "under"),
            ("below = \"2/3\"", "below = \"two\"", "'two': must be a decimal or a fraction"),
            ("above = \"100000\"", "above = \"-1\"", "'-1': must be a decimal of zero or more"),
            (
                "slippage_bps = 500 } } # ours\nwait",
                "slippage_bps = 10000 } }\nwait",
                "rung 2: slippage_bps 10000",
            ),
            ("while = { equity = { below = \"2/3\" } }", "", "rung 2: is never reached: rung 1"),
            ("bps = 2000 }", "bps = 20000 }", "rung 2: bps 20000: must be 1 to 10000"),
        ] {
            assert!(HYPERLIQUID.contains(from), "{from}");
            let error = parse(&HYPERLIQUID.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(told), "{from}: {error}");
        }
        assert!(parse("rungs = []").unwrap_err().contains("the list is empty"));
        assert!(parse("").unwrap_err().contains("rungs"));
    }
}
