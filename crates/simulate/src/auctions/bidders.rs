//! Who bids: values, money, gas and strategies.
//!
//! A bidder's value of a lot is what reselling it outside would bring, less what he wants to earn, less
//! a premium for the time until he has it, less gas. Draws are keyed by seed, bidder and lot, so that a
//! bidder of three is the same bidder of thirty, and a lot is worth the same to him under every format.

use super::settings::{BidderSettings, MONEY_MAX, PPM, UNIT, UNIT_DECIMALS, number, times};
use crate::ScenarioError;
use crate::market::overflow;
use crate::perpetuals::draw::{Draw, Field};
use breakwater_money::rounding::{Rounding, mul_div};
use serde::{Deserialize, Serialize};

/// How a bidder plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Ascending: first a stated share of the value, then the least raise, up to the value.
    Proxy,
    /// Ascending: the least bid possible where nobody has bid, and nothing else; pays most for gas.
    Opportunist,
    /// Ascending: as a proxy, but only against a standing bid and shortly before the end.
    Sniper,
    /// Ascending: as a proxy, but with a first bid close to the value.
    Jump,
    /// Only the ring's first member bids, with its highest value, and the others stay away.
    Ring,
}

impl Strategy {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Strategy::Proxy => "proxy",
            Strategy::Opportunist => "opportunist",
            Strategy::Sniper => "sniper",
            Strategy::Jump => "jump",
            Strategy::Ring => "ring",
        }
    }
}

/// One bidder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bidder {
    /// His number, from 0.
    pub number: u32,
    /// How he plays.
    pub strategy: Strategy,
    /// What he wants to earn, millionths of the outside price.
    pub margin_ppm: u128,
    /// His money at the start, base units.
    pub capital: u128,
    /// What he pays for a unit of gas, wei.
    pub gas_wei: u128,
}

/// All of them, and what they have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Population {
    /// In order of number.
    pub bidders: Vec<Bidder>,
    /// The ring's first member.
    pub ring: Option<u32>,
    /// Seed of every draw.
    pub seed: u64,
    /// Shares of the value in millionths: a proxy's first bid, a jump bidder's, an order in a batch.
    pub entry: u128,
    /// See `entry`.
    pub jump: u128,
    /// See `entry`.
    pub order: u128,
    /// What an opportunist wants to earn where he has to pay.
    pub opportunist_ppm: u128,
    /// Premium for an hour of waiting.
    pub risk_ppm_per_hour: u128,
    noise_ppm: u128,
    /// Seconds before the end in which a sniper bids.
    pub sniper_window: u64,
    /// Gas of one bid.
    pub gas_units: u64,
}

/// Millionths in a basis point.
const PPM_PER_BPS: u128 = 100;

/// Wei in a thousandth of a gwei, the unit in which gas is drawn.
const GAS_UNIT: u128 = 1_000_000;

impl Population {
    /// Draws `count` bidders, each with `capital_times` (millionths) what his draw says.
    ///
    /// # Errors
    /// The first setting that is wrong, with its value and what would be right.
    pub fn draw(
        settings: &BidderSettings,
        seed: u64,
        count: u32,
        capital_times: u128,
    ) -> Result<Population, ScenarioError> {
        let capital = settings.capital.read("bidders.capital", 2, MONEY_MAX)?;
        let gas = settings.chain.gas_gwei.read("bidders.chain.gas_gwei", 3, 1_000_000)?;
        let more = times("bidders.chain.opportunist_gas", &settings.chain.opportunist_gas)?;
        let share = |field: &str, text: &str| number(field, text, 6, 1..=PPM);
        let [least, most] = settings.margin_bps.map(|bps| u128::from(bps) * PPM_PER_BPS);
        let mut bidders = Vec::new();
        for (number, strategy) in (0..count).zip(settings.strategies.iter().copied().cycle()) {
            let draw = Draw::new(seed, BIDDERS_FROM + u64::from(number));
            let [margin, _] = draw.words(Field::Margin, 0);
            let margin_ppm = least + ((u128::from(margin) * (most - least)) >> 64);
            let cents = capital.at(draw.normal(Field::Capital));
            let capital = mul_div(cents, capital_times, PPM, Rounding::Floor).map_err(overflow)?;
            let usual = gas.at(draw.normal(Field::Gas)) * GAS_UNIT;
            let gas_wei = match strategy {
                Strategy::Opportunist => {
                    mul_div(usual, more, PPM, Rounding::Floor).map_err(overflow)?
                }
                _ => usual,
            };
            let capital = capital * (UNIT / 100);
            bidders.push(Bidder { number, strategy, margin_ppm, capital, gas_wei });
        }
        let ring = bidders.iter().find(|bidder| bidder.strategy == Strategy::Ring);
        Ok(Population {
            ring: ring.map(|bidder| bidder.number),
            bidders,
            seed,
            entry: share("bidders.entry_share", &settings.entry_share)?,
            jump: share("bidders.jump_share", &settings.jump_share)?,
            order: share("bidders.batch_share", &settings.batch_share)?,
            opportunist_ppm: u128::from(settings.opportunist_margin_bps) * PPM_PER_BPS,
            risk_ppm_per_hour: u128::from(settings.risk_bps_per_hour) * PPM_PER_BPS,
            noise_ppm: u128::from(settings.noise_bps) * PPM_PER_BPS,
            sniper_window: settings.sniper_window_seconds,
            gas_units: settings.chain.gas_units,
        })
    }

    /// Draws for what one bidder does about one lot.
    #[must_use]
    pub fn about(&self, bidder: u32, lot: u64) -> Draw {
        Draw::new(self.seed ^ (u64::from(bidder) + 1) << 32, lot)
    }

    /// What the bidder takes off the outside price of this lot, in millionths, before time and gas.
    #[must_use]
    pub fn discount(&self, bidder: &Bidder, lot: u64) -> u128 {
        let noise = self.about(bidder.number, lot).normal(Field::Value) * self.noise_ppm as f64;
        let sum = libm::round(bidder.margin_ppm as f64 + noise);
        // A conversion from a float saturates: nobody bids above the outside price.
        (sum as u128).min(PPM)
    }

    /// What each bidder takes off the outside price of this lot, in millionths; the ring's first member
    /// as little as any of its members.
    #[must_use]
    pub fn discounts(&self, lot: u64) -> Vec<u128> {
        let own = |bidder: &Bidder| self.discount(bidder, lot);
        let mut discounts: Vec<u128> = self.bidders.iter().map(own).collect();
        let members = self.bidders.iter().zip(&discounts);
        let of_ring = members.filter(|(bidder, _)| bidder.strategy == Strategy::Ring);
        let least = of_ring.map(|(_, discount)| *discount).min();
        for (bidder, discount) in self.bidders.iter().zip(&mut discounts) {
            if let Some(least) = least.filter(|_| self.ring == Some(bidder.number)) {
                *discount = least;
            }
        }
        discounts
    }

    /// Whether the bidder stays away because another member of the ring bids.
    #[must_use]
    pub fn stays_away(&self, bidder: &Bidder) -> bool {
        bidder.strategy == Strategy::Ring && self.ring != Some(bidder.number)
    }
}

/// Bidders are drawn as accounts from here on, so that no number of vaults reaches them.
const BIDDERS_FROM: u64 = 1 << 40;

/// What a lot is worth to somebody: `outside` less `discount` less the premium for `seconds` of waiting
/// less `gas`, all in the same money.
///
/// # Errors
/// Overflow.
pub fn value(
    outside: u128,
    discount_ppm: u128,
    (risk_ppm_per_hour, seconds): (u128, u64),
    gas: u128,
) -> Result<u128, ScenarioError> {
    let risk = mul_div(risk_ppm_per_hour, seconds.into(), 3_600, Rounding::Ceil);
    let kept = PPM.saturating_sub(discount_ppm).saturating_sub(risk.map_err(overflow)?);
    let gross = mul_div(outside, kept, PPM, Rounding::Floor).map_err(overflow)?;
    Ok(gross.saturating_sub(gas))
}

/// Gas of one bid in base units of money, at a price of the chain's coin at `price_decimals`.
///
/// # Errors
/// Overflow.
pub fn gas_cost(
    gas_units: u64,
    gas_wei: u128,
    (price, price_decimals): (u128, u8),
) -> Result<u128, ScenarioError> {
    let wei = gas_wei.saturating_mul(gas_units.into());
    // The chain's coin has as many decimals as the money.
    debug_assert_eq!(UNIT_DECIMALS, 18);
    let one = 10u128.pow(price_decimals.into());
    mul_div(wei, price, one, Rounding::Ceil).map_err(overflow)
}
