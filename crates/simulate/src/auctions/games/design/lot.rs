//! What is to be sold, and to whom: the setting of a design.

use super::super::single_item::BIDDERS_MAX;
use super::super::{GameError, setting};

/// Seconds of a year of 365 days.
pub const YEAR_S: f64 = 31_536_000.0;

/// A lot, the market outside, and those who may bid. Money in one unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lot {
    /// Units of the asset.
    pub quantity: f64,
    /// Fair price of one when the sale begins.
    pub mark: f64,
    /// Money that the sale is to raise.
    pub debt: f64,
    /// What selling the whole lot at the market costs on average, in basis points of the mark; a part of
    /// the lot costs that part of it.
    pub impact_bps: f64,
    /// Deviation of the fair price's logarithm over a year.
    pub volatility: f64,
    /// How many bidders there are.
    pub bidders: u32,
    /// Bidders value the lot evenly between the fair price and so many basis points below.
    pub spread_bps: f64,
    /// What a transaction costs a bidder, money.
    pub gas: f64,
    /// What locked money costs a bidder, a share a year.
    pub capital_rate: f64,
    /// Most money that one bidder can put up; none for no limit.
    pub capital: Option<f64>,
    /// Probability that a transaction lands in the block it is sent for.
    pub inclusion: f64,
    /// Seconds of a block.
    pub block_s: u32,
    /// Least price, a share of the mark: opening, reserve and lowest price of the formats that have one.
    pub reserve: f64,
}

impl Lot {
    /// A lot on usual assumptions: 2 % of impact, 80 % of volatility a year, five bidders within 2 % of
    /// the fair price, free transactions and capital, blocks of 12 seconds of which every other takes a
    /// transaction, no reserve.
    #[must_use]
    pub const fn plain(quantity: f64, mark: f64, debt: f64) -> Lot {
        Lot {
            quantity,
            mark,
            debt,
            impact_bps: 200.0,
            volatility: 0.8,
            bidders: 5,
            spread_bps: 200.0,
            gas: 0.0,
            capital_rate: 0.0,
            capital: None,
            inclusion: 0.5,
            block_s: 12,
            reserve: 0.0,
        }
    }

    /// Value of the whole lot at the mark.
    #[must_use]
    pub const fn value(&self) -> f64 {
        self.quantity * self.mark
    }

    /// Holds that the setting makes sense.
    ///
    /// # Errors
    /// The first field that does not.
    pub fn check(&self) -> Result<(), GameError> {
        let positive = |field, found: f64| {
            setting(field, found, found > 0.0 && found <= 1e15, "above 0 and at most 1e15")
        };
        positive("quantity", self.quantity)?;
        positive("mark", self.mark)?;
        positive("debt", self.debt)?;
        let value = self.value();
        setting("debt", self.debt, self.debt <= 10.0 * value, "at most ten times the lot's value")?;
        let share = |field, found: f64, most: f64, right| {
            setting(field, found, (0.0..=most).contains(&found), right)
        };
        share("impact_bps", self.impact_bps, 9_000.0, "0 to 9000")?;
        share("volatility", self.volatility, 20.0, "0 to 20")?;
        setting("bidders", self.bidders, (1..=BIDDERS_MAX).contains(&self.bidders), "1 to 1000")?;
        share("spread_bps", self.spread_bps, 5_000.0, "0 to 5000")?;
        share("gas", self.gas, value, "0 to the lot's value")?;
        share("capital_rate", self.capital_rate, 10.0, "0 to 10")?;
        if let Some(capital) = self.capital {
            let least = value / 1_000.0;
            let fits = capital >= least && capital <= 1e18;
            setting("capital", capital, fits, "at least a thousandth of the lot's value")?;
        }
        let fits = (0.000_1..=1.0).contains(&self.inclusion);
        setting("inclusion", self.inclusion, fits, "0.0001 to 1")?;
        setting("block_s", self.block_s, (1..=600).contains(&self.block_s), "1 to 600")?;
        share("reserve", self.reserve, 0.99, "0 to 0.99")
    }

    /// Money as a share of the lot's value at the mark.
    pub(super) const fn share(&self, money: f64) -> f64 {
        money / self.value()
    }

    /// The whole lot's impact as a share.
    pub(super) const fn impact(&self) -> f64 {
        self.impact_bps / 10_000.0
    }

    /// How far below the fair price the lowest value lies, as a share.
    pub(super) const fn spread(&self) -> f64 {
        self.spread_bps / 10_000.0
    }

    /// What locked money costs over so many seconds, as a share of it.
    pub(super) fn capital_cost(&self, seconds: f64) -> f64 {
        self.capital_rate * seconds / YEAR_S
    }

    /// What a bid that stands for `seconds` has to lie below the value for its bidder to lose nothing on
    /// average, as a share of the price. He is outbid as soon as the price has risen by `rise`, and is
    /// left with the lot where it has not; the price is a martingale, so that what he would have gained
    /// there, `rise` with probability `P`, is what he loses elsewhere: `rise P / (1 - P)`, where
    /// `P = 2 (1 - N(rise / (s sqrt(t))))` by the principle of reflection.
    pub(super) fn outbid_cost(&self, seconds: f64, rise: f64) -> f64 {
        let deviation = self.volatility * libm::sqrt(seconds / YEAR_S);
        if deviation <= 0.0 {
            return 0.0;
        }
        let hit = libm::erfc(rise / deviation / std::f64::consts::SQRT_2);
        rise * hit / (1.0 - hit)
    }

    /// Blocks in which a transaction lands but for one time in a hundred.
    pub(super) fn sure_blocks(&self) -> u32 {
        if self.inclusion >= 1.0 {
            return 1;
        }
        let blocks = libm::log(0.01) / libm::log(1.0 - self.inclusion);
        libm::ceil(blocks) as u32
    }

    /// Seconds between two times at which a taker may act, where any of the bidders lands.
    pub(super) fn mean_gap_s(&self) -> f64 {
        let nobody = libm::pow(1.0 - self.inclusion, f64::from(self.bidders));
        f64::from(self.block_s) / (1.0 - nobody)
    }
}
