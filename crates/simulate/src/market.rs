//! What selling costs here: measured ladders, what earlier sales left of them, and recovery.

use crate::ScenarioError;
use crate::table::Table;
use breakwater_market::Depth;
use breakwater_market::quote_ladder::{LadderPoint, QuoteLadder};
use breakwater_money::rounding::{Rounding, mul_div, pow10};
use breakwater_money::{Price, decimal};

/// Decimals of the wrapped asset that the ladders sell.
pub const WRAPPED_DECIMALS: u8 = 18;

/// One as a share at 1e18.
pub const ONE: u128 = 1_000_000_000_000_000_000;

/// What kind of money an asset is to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The staked asset that the ladders were measured for.
    Staked,
    /// Keeps its value in ether.
    Ether,
    /// Keeps its value in dollars.
    Dollar,
}

/// How one asset is turned into another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Through the ladder to dollars.
    DollarLadder,
    /// Through the ladder to ether.
    EtherLadder,
    /// At par less the stated discount.
    Par,
    /// It is the same asset.
    Same,
}

/// A ladder and what earlier sales have left of it.
#[derive(Debug, Clone)]
pub struct Pool {
    ladder: QuoteLadder,
    /// Wrapped units sold and not yet recovered.
    pub consumed: u128,
}

/// The markets that liquidated collateral is sold in.
#[derive(Debug, Clone)]
pub struct Markets {
    /// Wrapped to dollars.
    pub dollar: Pool,
    /// Wrapped to ether.
    pub ether: Pool,
    /// Staked units in one wrapped unit, at 1e18.
    pub staked_per_wrapped: u128,
    /// Discount of par, basis points.
    pub par_discount_bps: u128,
    /// Share of consumed depth left after one step, at 1e18.
    pub left_after_step: u128,
    /// False sells everything at the mark.
    pub impact: bool,
}

/// Marks that the markets need, in the numeraire.
#[derive(Debug, Clone, Copy)]
pub struct Marks {
    /// Of the staked asset.
    pub staked: Price,
    /// Of what is sold.
    pub sold: Price,
    /// Of what is bought.
    pub bought: Price,
}

/// Reads a ladder: fractions above one are cut to one, because a sale does not beat the mark.
///
/// # Errors
/// The first row that is wrong.
pub fn read_ladder(
    file: &str,
    text: &str,
    quote_decimals: u8,
    scale: (u128, u128),
) -> Result<QuoteLadder, ScenarioError> {
    let table = Table::read(file, text, &["amount_in_wsteth", "fraction_of_mid"])?;
    let mut points = Vec::with_capacity(table.rows.len());
    for row in &table.rows {
        let amount = row.positive("amount_in_wsteth", WRAPPED_DECIMALS)?;
        let fraction = row.positive("fraction_of_mid", 9)?.min(1_000_000_000);
        points.push(LadderPoint { amount, fraction: u64::try_from(fraction).unwrap_or(0) });
    }
    let wrong = |error: breakwater_market::DepthError| ScenarioError::Row {
        file: table.file.clone(),
        line: 2,
        reason: error.to_string(),
    };
    let ladder = QuoteLadder::new(&points, WRAPPED_DECIMALS, quote_decimals).map_err(wrong)?;
    ladder.scaled(scale.0, scale.1).map_err(wrong)
}

/// Share left of something that halves every `half_life` seconds, after `seconds`, at 1e18.
#[must_use]
pub fn left_after(seconds: u64, half_life: u64) -> u128 {
    if half_life == 0 {
        return 0;
    }
    let share = libm::exp2(-(seconds as f64) / half_life as f64);
    libm::round(share * ONE as f64) as u128
}

impl Pool {
    /// Fresh depth.
    #[must_use]
    pub fn new(ladder: QuoteLadder) -> Self {
        Pool { ladder, consumed: 0 }
    }

    /// The ladder.
    #[must_use]
    pub fn ladder(&self) -> &QuoteLadder {
        &self.ladder
    }

    /// What is left to sell.
    #[must_use]
    pub fn left(&self) -> u128 {
        self.ladder.last_amount().saturating_sub(self.consumed)
    }

    /// Average discount of what was sold and has not recovered, at 1e18: the impact that is left.
    /// It moves without jumps where the marginal price of a measured ladder has corners.
    ///
    /// # Errors
    /// Overflow.
    pub fn impact_left(&self) -> Result<u128, ScenarioError> {
        if self.consumed == 0 {
            return Ok(0);
        }
        let at = self.ladder.at(UNIT_MARK).map_err(depth_error)?;
        let sale = at.sell(self.consumed.min(at.capacity())).map_err(depth_error)?;
        Ok(ONE.saturating_sub(share_of_mark(sale.average)?))
    }

    /// What the next unit fetches, as a share of the mid at 1e18.
    ///
    /// # Errors
    /// Overflow.
    pub fn next_unit(&self) -> Result<u128, ScenarioError> {
        let at = self.ladder.at(UNIT_MARK).map_err(depth_error)?;
        share_of_mark(at.marginal(self.consumed.min(at.capacity())).map_err(depth_error)?)
    }
}

/// Shares of the mid do not depend on the mark: one with digits enough.
const UNIT_MARK: Price = Price::new(100_000_000_000_000_000_000, 10);

fn share_of_mark(price: Price) -> Result<u128, ScenarioError> {
    mul_div(price.raw, ONE, UNIT_MARK.raw, Rounding::Floor).map_err(overflow)
}

impl Markets {
    /// Time goes on by one step of the path: consumed depth recovers.
    pub fn recover(&mut self) {
        for pool in [&mut self.dollar, &mut self.ether] {
            // Below one, so it never overflows.
            pool.consumed =
                mul_div(pool.consumed, self.left_after_step, ONE, Rounding::Floor).unwrap_or(0);
        }
    }

    /// How `sold` becomes `bought`.
    #[must_use]
    pub fn way(sold: Kind, bought: Kind, same: bool) -> Way {
        match (sold, bought) {
            _ if same => Way::Same,
            (Kind::Staked | Kind::Ether, Kind::Dollar) => Way::DollarLadder,
            (Kind::Staked, Kind::Ether) => Way::EtherLadder,
            _ => Way::Par,
        }
    }

    /// The ladder of a way, if it has one.
    #[must_use]
    pub fn pool(&self, way: Way) -> Option<&Pool> {
        match way {
            Way::DollarLadder => Some(&self.dollar),
            Way::EtherLadder => Some(&self.ether),
            Way::Par | Way::Same => None,
        }
    }

    /// Price of one wrapped unit.
    ///
    /// # Errors
    /// Overflow.
    pub fn wrapped_price(&self, staked: Price) -> Result<Price, ScenarioError> {
        let raw = mul_div(staked.raw, self.staked_per_wrapped, ONE, Rounding::Floor);
        Ok(Price::new(raw.map_err(overflow)?, staked.decimals))
    }

    /// Value in the numeraire that selling something worth `value` at the mark fetches now. None
    /// if the market has no quote for that much.
    ///
    /// # Errors
    /// Overflow.
    pub fn fetches(
        &self,
        way: Way,
        value: u128,
        marks: &Marks,
    ) -> Result<Option<u128>, ScenarioError> {
        let fetched = match way {
            Way::Same => return Ok(Some(value)),
            _ if !self.impact => return Ok(Some(value)),
            Way::Par => value,
            Way::DollarLadder | Way::EtherLadder => {
                let wrapped = self.wrapped(value, marks)?;
                let pool = if way == Way::DollarLadder { &self.dollar } else { &self.ether };
                if wrapped > pool.left() {
                    return Ok(None);
                }
                return Ok(Some(self.through(pool, value, wrapped, marks)?));
            }
        };
        self.at_par(fetched).map(Some)
    }

    fn through(
        &self,
        pool: &Pool,
        value: u128,
        wrapped: u128,
        marks: &Marks,
    ) -> Result<u128, ScenarioError> {
        if wrapped == 0 {
            return Ok(value);
        }
        let price = self.wrapped_price(marks.staked)?;
        // Quoted in the numeraire itself: shares of the mid do not depend on the quote's unit.
        let at = pool.ladder.at(price).map_err(depth_error)?;
        let sale = at.sell_after(pool.consumed, wrapped).map_err(depth_error)?;
        let scale = pow10(at.quote_decimals()).map_err(overflow)?;
        let numeraire = pow10(price.decimals).map_err(overflow)?;
        let out = mul_div(sale.out, numeraire, scale, Rounding::Floor).map_err(overflow)?;
        self.at_par(out.min(value))
    }

    fn at_par(&self, value: u128) -> Result<u128, ScenarioError> {
        mul_div(value, 10_000 - self.par_discount_bps, 10_000, Rounding::Floor).map_err(overflow)
    }

    /// Wrapped units worth `value`.
    ///
    /// # Errors
    /// Overflow.
    pub fn wrapped(&self, value: u128, marks: &Marks) -> Result<u128, ScenarioError> {
        let price = self.wrapped_price(marks.staked)?;
        price.amount_for(value, WRAPPED_DECIMALS, Rounding::Floor).map_err(overflow)
    }

    /// Records that something worth `value` was sold this way.
    ///
    /// # Errors
    /// Overflow.
    pub fn sold(&mut self, way: Way, value: u128, marks: &Marks) -> Result<u128, ScenarioError> {
        if !self.impact {
            return Ok(0);
        }
        let wrapped = self.wrapped(value, marks)?;
        match way {
            Way::DollarLadder => {
                self.dollar.consumed = self.dollar.consumed.saturating_add(wrapped)
            }
            Way::EtherLadder => self.ether.consumed = self.ether.consumed.saturating_add(wrapped),
            Way::Par | Way::Same => return Ok(0),
        }
        Ok(wrapped)
    }
}

pub(crate) fn overflow(error: breakwater_money::MoneyError) -> ScenarioError {
    ScenarioError::setting("amount", error.to_string())
}

fn depth_error(error: breakwater_market::DepthError) -> ScenarioError {
    ScenarioError::setting("depth", error.to_string())
}

/// A share at 1e18 from text such as `0.25`.
///
/// # Errors
/// Not a decimal, or above `most`.
pub fn share(field: &str, text: &str, most: u128) -> Result<u128, ScenarioError> {
    let raw = decimal::parse_raw(text, 18)
        .map_err(|error| ScenarioError::setting(field, error.to_string()))?;
    if raw > most {
        let most = decimal::format_raw(most, 18);
        return Err(ScenarioError::setting(field, format!("{text} is above {most}")));
    }
    Ok(raw)
}
