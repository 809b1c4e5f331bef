//! Venues' liquidation rules, exact to the last unit.

pub mod cdp;
pub mod desk;
pub mod exchange;
pub mod lending;
pub mod loans;
pub mod parameters;
#[cfg(test)]
pub(crate) mod test_pool;

use breakwater_liquidation::{AccountShape, AssetInfo, Rulebook};

/// Builds the rulebook `rule` from its parameters, bound to the assets by symbol; none if there
/// is no such rule.
///
/// # Errors
/// A sentence naming the parameter, its value and what would be right.
pub fn build(
    rule: &str,
    parameters: &str,
    assets: &[AssetInfo],
) -> Result<Option<Box<dyn Rulebook>>, String> {
    match rule {
        lending::aave_v3::RULE => lending::aave_v3::build(parameters, assets).map(Some),
        lending::aave_v4::RULE => lending::aave_v4::build(parameters, assets).map(Some),
        lending::compound_v2::RULE => lending::compound_v2::build(parameters, assets).map(Some),
        lending::compound_v3::RULE => lending::compound_v3::build(parameters, assets).map(Some),
        lending::morpho_blue::RULE => lending::morpho_blue::build(parameters, assets).map(Some),
        lending::euler_v2::RULE => lending::euler_v2::build(parameters, assets).map(Some),
        lending::secured_loan::RULE => lending::secured_loan::build(parameters, assets).map(Some),
        cdp::liquity_v1::RULE => cdp::liquity_v1::build(parameters, assets).map(Some),
        cdp::llamma::RULE => cdp::llamma::build(parameters, assets).map(Some),
        exchange::margin_exchange::RULE => {
            exchange::margin_exchange::build(parameters, assets).map(Some)
        }
        exchange::percolator::RULE => exchange::percolator::build(parameters, assets).map(Some),
        _ => Ok(None),
    }
}

/// What one account can hold and owe under the rule with these parameters; none where there is no
/// such rule, or where it takes no lending book.
///
/// # Errors
/// As [`build`].
pub fn shape(rule: &str, parameters: &str) -> Result<Option<AccountShape>, String> {
    match rule {
        // The plain mechanism reads the same file.
        lending::aave_v3::RULE | lending::secured_loan::RULE => {
            lending::aave_v3::shape(parameters).map(Some)
        }
        lending::aave_v4::RULE => lending::aave_v4::shape(parameters).map(Some),
        lending::compound_v2::RULE => lending::compound_v2::shape(parameters).map(Some),
        lending::compound_v3::RULE => lending::compound_v3::shape(parameters).map(Some),
        lending::morpho_blue::RULE => lending::morpho_blue::shape(parameters).map(Some),
        lending::euler_v2::RULE => lending::euler_v2::shape(parameters).map(Some),
        cdp::liquity_v1::RULE => cdp::liquity_v1::shape(parameters).map(Some),
        cdp::llamma::RULE => cdp::llamma::shape(parameters).map(Some),
        _ => Ok(None),
    }
}

/// Parameter files that travel in the binary: name and text.
#[must_use]
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    SHIPPED
}

const SHIPPED: &[(&str, &str)] = &[
    ("aave-v3.7", include_str!("../../../rulebooks/aave-v3.7.toml")),
    ("aave-v3.6", include_str!("../../../rulebooks/aave-v3.6.toml")),
    ("aave-v4", include_str!("../../../rulebooks/aave-v4.toml")),
    ("compound-v2", include_str!("../../../rulebooks/compound-v2.toml")),
    ("compound-v3", include_str!("../../../rulebooks/compound-v3.toml")),
    ("morpho-blue", include_str!("../../../rulebooks/morpho-blue.toml")),
    ("euler-v2", include_str!("../../../rulebooks/euler-v2.toml")),
    ("liquity-v1", include_str!("../../../rulebooks/liquity-v1.toml")),
    ("crvusd-llamma", include_str!("../../../rulebooks/crvusd-llamma.toml")),
    ("binance-usdm", include_str!("../../../rulebooks/binance-usdm.toml")),
    ("binance-coinm", include_str!("../../../rulebooks/binance-coinm.toml")),
    ("bitmex", include_str!("../../../rulebooks/bitmex.toml")),
    ("bybit-uta", include_str!("../../../rulebooks/bybit-uta.toml")),
    ("coinbase-intl", include_str!("../../../rulebooks/coinbase-intl.toml")),
    ("deribit-btc", include_str!("../../../rulebooks/deribit-btc.toml")),
    ("deribit-btc-portfolio", include_str!("../../../rulebooks/deribit-btc-portfolio.toml")),
    ("dydx-v4", include_str!("../../../rulebooks/dydx-v4.toml")),
    ("hyperliquid", include_str!("../../../rulebooks/hyperliquid.toml")),
    ("kraken-futures", include_str!("../../../rulebooks/kraken-futures.toml")),
    ("okx", include_str!("../../../rulebooks/okx.toml")),
    ("percolator", include_str!("../../../rulebooks/percolator.toml")),
];
