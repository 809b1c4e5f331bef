//! Promises of the descending auctions, worked by hand with the settings of ETH-A. The contracts' own
//! states are checked by the conformance crate; here stand the branches that its cases do not reach.

#![cfg(test)]

mod auctions;
mod breakers;
mod files;
mod limits;
mod seizures;

use super::clip::Peek;
use super::clip_house::{House, Take};
use super::clip_parameters::Parameters;
use super::clip_revert::Revert;
use super::dog::{Ilk, Urn};
use breakwater_money::{Ray, U256, Wad};

pub(super) const FILE: &str = include_str!("../../../../../../rulebooks/maker-clip.toml");

/// Everybody here is a name, and collaterals are those of the file.
pub(super) type Sales = House<String, &'static str>;

pub(super) fn raw(value: u128) -> U256 {
    U256::from(value)
}

fn ten(power: u64) -> U256 {
    raw(10).pow(U256::from(power))
}

/// Thousandths of a unit of collateral, of normalised debt, or of one.
pub(super) fn wad(milli: u64) -> U256 {
    U256::from(milli) * ten(15)
}

/// Thousandths as a price or a share.
pub(super) fn ray(milli: u64) -> U256 {
    U256::from(milli) * ten(24)
}

/// Thousandths of a coin.
pub(super) fn rad(milli: u64) -> U256 {
    U256::from(milli) * ten(42)
}

pub(super) fn eth_a() -> String {
    "ETH-A".to_owned()
}

pub(super) fn parameters() -> Parameters {
    Parameters::parse(FILE).unwrap()
}

/// The system of the file at an ETH price of 2,000, with one vault of 10 ETH and 14,000 of debt for
/// each name, all unsafe (142.9 % of 145 %), and 1,000,000 coins with the taker.
pub(super) fn sales(vaults: &[&'static str]) -> Sales {
    let mut house: Sales = parameters().house().unwrap();
    let collateral = house.collateral_mut(&eth_a()).unwrap();
    collateral.feed = Peek::valid(wad(2_000_000));
    for vault in vaults {
        collateral.urns.insert(vault, Urn { ink: wad(10_000), art: wad(14_000_000) });
    }
    house.poke(&eth_a()).unwrap();
    house.coins.held.insert("taker", rad(1_000_000_000));
    house
}

/// The same with one auction of the vault's whole, begun at second 1,000.
pub(super) fn one_auction() -> Sales {
    let mut house = sales(&["vault"]);
    assert_eq!(house.bark(&eth_a(), &"vault", &"keeper", 1_000), Ok(1));
    house
}

pub(super) fn take(amt: U256) -> Take<&'static str> {
    Take { id: 1, amt, max: U256::MAX, who: "taker" }
}

/// Holds that the call is refused for this reason and that nothing has changed.
#[track_caller]
pub(super) fn refused<T: std::fmt::Debug>(
    house: &mut Sales,
    reason: Revert,
    call: impl FnOnce(&mut Sales) -> Result<T, Revert>,
) {
    let before = house.clone();
    assert_eq!(call(house).unwrap_err(), reason);
    assert_eq!(*house, before);
}

pub(super) fn ilk() -> Ilk {
    let ilk = parameters().markets["ETH-A"].ilk();
    Ilk { spot: ray(1_379_310), ..ilk }
}
