//! What an account has and owes, and what it must hold.

use super::{BASE, BPS, QUOTE, Revert, add, minus, part, plus, signed, signed_part};
use super::{asset_weight_bps, liability_weight_bps, mul};
use breakwater_money::rounding::{Rounding, div, pow10};

/// The spot market whose token everything is quoted in (`QUOTE_SPOT_MARKET_INDEX`).
const QUOTE_MARKET: u16 = 0;

/// Profit of one position that counts for the initial requirement at most: 100 of the quote token
/// (`MAX_POSITIVE_UPNL_FOR_INITIAL_MARGIN`).
const PROFIT_MAX_E6: i128 = 100_000_000;

/// Base units (1e-9) that one unit of profit (1e-6) stands for when it is discounted by its size
/// (`AMM_TO_QUOTE_PRECISION_RATIO`).
const SIZE_PER_QUOTE: u128 = 1_000;

/// What margin needs to know of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpotMarket {
    /// Its number; 0 is the quote token, whose weights are not read.
    pub index: u16,
    /// Decimals of the token.
    pub decimals: u8,
    /// Oracle price of a whole token (1e-6).
    pub price_e6: u64,
    /// Its average of five minutes (1e-6), read by strict requirements only.
    pub price_average_e6: u64,
    /// Weight of what is owned, initial.
    pub asset_initial_bps: u32,
    /// Weight of what is owned, maintenance.
    pub asset_maintenance_bps: u32,
    /// Weight of what is owed, initial.
    pub liability_initial_bps: u32,
    /// Weight of what is owed, maintenance.
    pub liability_maintenance_bps: u32,
    /// How both change with size.
    pub imf_ppm: u32,
}

/// What margin and liquidation need to know of a perpetual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerpMarket {
    /// Its number.
    pub index: u16,
    /// Oracle price of a base unit in quote tokens (1e-6).
    pub price_e6: u64,
    /// Initial margin ratio of a small position.
    pub ratio_initial_bps: u32,
    /// Maintenance margin ratio of a small position.
    pub ratio_maintenance_bps: u32,
    /// How both grow with size.
    pub imf_ppm: u32,
    /// Weight of unrealised profit, initial.
    pub profit_initial_bps: u32,
    /// Weight of unrealised profit, maintenance.
    pub profit_maintenance_bps: u32,
    /// How the initial one falls with the profit's size.
    pub profit_imf_ppm: u32,
    /// Least order (1e-9).
    pub step_e9: u64,
    /// The liquidator's fee at first.
    pub liquidator_fee_ppm: u32,
    /// What it grows to at most.
    pub liquidator_fee_max_ppm: u32,
    /// The insurance fund's fee at most.
    pub insurance_fee_max_ppm: u32,
}

/// The markets that an account may be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Markets {
    /// Tokens.
    pub spots: Vec<SpotMarket>,
    /// Perpetuals.
    pub perps: Vec<PerpMarket>,
}

impl Markets {
    /// The spot market `index`.
    ///
    /// # Errors
    /// [`Revert::SpotMarketMissing`].
    pub fn spot(&self, index: u16) -> Result<&SpotMarket, Revert> {
        let found = self.spots.iter().find(|market| market.index == index);
        found.ok_or(Revert::SpotMarketMissing(index))
    }

    /// The perpetual market `index`.
    ///
    /// # Errors
    /// [`Revert::PerpMarketMissing`].
    pub fn perp(&self, index: u16) -> Result<&PerpMarket, Revert> {
        let found = self.perps.iter().find(|market| market.index == index);
        found.ok_or(Revert::PerpMarketMissing(index))
    }

    /// The quote token.
    ///
    /// # Errors
    /// [`Revert::SpotMarketMissing`].
    pub fn quote(&self) -> Result<&SpotMarket, Revert> {
        self.spot(QUOTE_MARKET)
    }
}

/// A balance of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// Its market.
    pub market: u16,
    /// Tokens at their own decimals; negative is borrowed.
    pub tokens: i128,
}

/// A perpetual position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Perp {
    /// Its market.
    pub market: u16,
    /// Base (1e-9), negative for a short.
    pub base_e9: i128,
    /// What was received for it less what was paid, funding included (1e-6).
    pub quote_e6: i128,
}

/// A trader's account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// At most one balance a token.
    pub spots: Vec<Spot>,
    /// At most one position a market.
    pub perps: Vec<Perp>,
    /// Whether a liquidation has begun and not ended.
    pub being_liquidated: bool,
    /// Margin that this liquidation has freed so far (1e-6).
    pub margin_freed_e6: u128,
    /// When the account last acted, or its liquidation began.
    pub last_active_slot: u64,
}

/// Which requirement is reckoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purpose {
    /// The initial one; otherwise the maintenance one.
    pub initial: bool,
    /// Whether what is owned counts at the lower of oracle and average, what is owed at the higher.
    pub strict: bool,
    /// What is required on top, as a share of what is owed, to end a liquidation.
    pub buffer_bps: u32,
    /// The perpetual market whose own requirement is told apart.
    pub tracked: Option<u16>,
}

impl Purpose {
    /// What opens and ends a liquidation, with the part of one perpetual market.
    #[must_use]
    pub fn liquidation(buffer_bps: u32, tracked: Option<u16>) -> Self {
        Purpose { initial: false, strict: false, buffer_bps, tracked }
    }

    /// What must be met after taking more on.
    #[must_use]
    pub fn initial(strict: bool) -> Self {
        Purpose { initial: true, strict, buffer_bps: 0, tracked: None }
    }

    /// Price at which something counts.
    fn price(&self, market: &SpotMarket, owned: bool) -> u128 {
        let (now, average) = (u128::from(market.price_e6), u128::from(market.price_average_e6));
        match (self.strict, owned) {
            (false, _) => now,
            (true, true) => now.min(average),
            (true, false) => now.max(average),
        }
    }

    fn pick(&self, initial: u32, maintenance: u32) -> u32 {
        if self.initial { initial } else { maintenance }
    }
}

/// What an account counts for and must hold (1e-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Margin {
    /// Weighted deposits and profits, less losses.
    pub collateral_e6: i128,
    /// Weighted borrows and the ratios of positions.
    pub requirement_e6: u128,
    /// The same with the buffer.
    pub buffered_e6: u128,
    /// Of the requirement, what belongs to the tracked market.
    pub tracked_e6: u128,
}

impl Margin {
    /// Whether the requirement is met; equality meets it.
    #[must_use]
    pub fn is_met(&self) -> bool {
        covers(self.collateral_e6, self.requirement_e6)
    }

    /// Whether a liquidation that has begun ends; equality ends it.
    #[must_use]
    pub fn is_met_with_buffer(&self) -> bool {
        covers(self.collateral_e6, self.buffered_e6)
    }

    /// What is missing to the requirement with the buffer (1e-6), 0 when nothing is.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn shortage_e6(&self) -> Result<u128, Revert> {
        let short = minus(signed(self.buffered_e6)?, self.collateral_e6)?;
        Ok(u128::try_from(short).unwrap_or(0))
    }

    /// The tracked market's part of `shortage_e6`, rounded down; 0 when nothing is required.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn tracked_part_e6(&self, shortage_e6: u128) -> Result<u128, Revert> {
        if self.requirement_e6 == 0 {
            return Ok(0);
        }
        part(shortage_e6, self.tracked_e6, self.requirement_e6)
    }

    /// Adds a requirement for something worth `value`.
    fn require(&mut self, required: u128, value: u128, buffer_bps: u32) -> Result<(), Revert> {
        self.requirement_e6 = add(self.requirement_e6, required)?;
        let buffer = part(value, u128::from(buffer_bps), BPS)?;
        self.buffered_e6 = add(self.buffered_e6, add(required, buffer)?)?;
        Ok(())
    }
}

fn covers(collateral: i128, requirement: u128) -> bool {
    u128::try_from(collateral).is_ok_and(|collateral| collateral >= requirement)
}

impl Account {
    /// Collateral and requirement (`calculate_margin_requirement_and_total_collateral_and_liability_info`).
    ///
    /// # Errors
    /// A market is missing, two positions share one, or [`Revert::Arithmetic`].
    pub fn margin(&self, markets: &Markets, purpose: &Purpose) -> Result<Margin, Revert> {
        let mut margin = Margin::default();
        for held in &self.spots {
            self.spot(held.market)?;
            add_spot(&mut margin, held, markets.spot(held.market)?, purpose)?;
        }
        for held in &self.perps {
            self.perp(held.market)?;
            add_perp(&mut margin, held, markets, purpose)?;
        }
        Ok(margin)
    }

    /// Whether somebody may liquidate: below the maintenance requirement, or, once it has begun,
    /// below that with the buffer.
    ///
    /// # Errors
    /// As [`Account::margin`].
    pub fn is_liquidatable(&self, markets: &Markets, buffer_bps: u32) -> Result<bool, Revert> {
        let margin = self.margin(markets, &Purpose::liquidation(buffer_bps, None))?;
        let ends =
            if self.being_liquidated { margin.is_met_with_buffer() } else { margin.is_met() };
        Ok(!ends)
    }

    /// Whether it owes something and has nothing: no deposit, no open position, no profit
    /// (`is_user_bankrupt`).
    #[must_use]
    pub fn is_bankrupt(&self) -> bool {
        let nothing = self.spots.iter().all(|held| held.tokens <= 0)
            && self.perps.iter().all(|held| held.base_e9 == 0 && held.quote_e6 <= 0);
        let owes = self.spots.iter().any(|held| held.tokens < 0)
            || self.perps.iter().any(|held| held.quote_e6 < 0);
        nothing && owes
    }

    /// The one balance in the spot market `market`.
    ///
    /// # Errors
    /// [`Revert::PositionCount`].
    pub fn spot(&self, market: u16) -> Result<&Spot, Revert> {
        let mut found = self.spots.iter().filter(|held| held.market == market);
        match (found.next(), found.count()) {
            (Some(held), 0) => Ok(held),
            (first, more) => Err(count(market, first.is_some(), more)),
        }
    }

    /// The one position in the perpetual market `market`.
    ///
    /// # Errors
    /// [`Revert::PositionCount`].
    pub fn perp(&self, market: u16) -> Result<&Perp, Revert> {
        let mut found = self.perps.iter().filter(|held| held.market == market);
        match (found.next(), found.count()) {
            (Some(held), 0) => Ok(held),
            (first, more) => Err(count(market, first.is_some(), more)),
        }
    }

    pub(super) fn spot_mut(&mut self, market: u16) -> Result<&mut Spot, Revert> {
        let found = self.spots.iter_mut().find(|held| held.market == market);
        found.ok_or_else(|| count(market, false, 0))
    }

    pub(super) fn perp_mut(&mut self, market: u16) -> Result<&mut Perp, Revert> {
        let found = self.perps.iter_mut().find(|held| held.market == market);
        found.ok_or_else(|| count(market, false, 0))
    }

    /// Adds to the position in `market`, which is opened if there is none.
    pub(super) fn trade(&mut self, market: u16, base: i128, quote: i128) -> Result<(), Revert> {
        if self.perp_mut(market).is_err() {
            self.perps.push(Perp { market, base_e9: 0, quote_e6: 0 });
        }
        let position = self.perp_mut(market)?;
        position.base_e9 = plus(position.base_e9, base)?;
        position.quote_e6 = plus(position.quote_e6, quote)?;
        Ok(())
    }
}

fn count(market: u16, first: bool, more: usize) -> Revert {
    Revert::PositionCount { market, found: usize::from(first).saturating_add(more) }
}

fn add_spot(
    margin: &mut Margin,
    held: &Spot,
    market: &SpotMarket,
    purpose: &Purpose,
) -> Result<(), Revert> {
    let tokens = held.tokens.unsigned_abs();
    let (owned, quote) = (held.tokens >= 0, market.index == QUOTE_MARKET);
    // What is owed is rounded up, what is owned down (`get_strict_token_value`).
    let rounding = if owned { Rounding::Floor } else { Rounding::Ceil };
    let worth = mul(tokens, purpose.price(market, owned))?;
    let worth = div(worth, pow10(market.decimals)?, rounding)?;
    let size = size_e9(tokens, market.decimals)?;
    if owned {
        let weight = purpose.pick(market.asset_initial_bps, market.asset_maintenance_bps);
        let weight = u128::from(asset_weight_bps(weight, market.imf_ppm, size)?);
        let counted = if quote { worth } else { part(worth, weight, BPS)? };
        margin.collateral_e6 = plus(margin.collateral_e6, signed(counted)?)?;
        return Ok(());
    }
    let weight = purpose.pick(market.liability_initial_bps, market.liability_maintenance_bps);
    let weight = u128::from(liability_weight_bps(weight, market.imf_ppm, size)?);
    let required = if quote { worth } else { part(worth, weight, BPS)? };
    margin.require(required, worth, purpose.buffer_bps)
}

/// Tokens as a size of 1e-9, rounded down.
fn size_e9(tokens: u128, decimals: u8) -> Result<u128, Revert> {
    Ok(match decimals.checked_sub(9) {
        Some(finer) => div(tokens, pow10(finer)?, Rounding::Floor)?,
        None => part(tokens, BASE, pow10(decimals)?)?,
    })
}

fn add_perp(
    margin: &mut Margin,
    held: &Perp,
    markets: &Markets,
    purpose: &Purpose,
) -> Result<(), Revert> {
    let (market, quote) = (markets.perp(held.market)?, markets.quote()?);
    let size = held.base_e9.unsigned_abs();
    let value = base_value_e6(size, market.price_e6)?;
    let owed = part(value, purpose.price(quote, false), QUOTE)?;
    let ratio = market.margin_ratio_bps(size, purpose)?;
    let required = part(owed, u128::from(ratio), BPS)?;
    margin.require(required, owed, purpose.buffer_bps)?;
    if purpose.tracked == Some(market.index) {
        margin.tracked_e6 = add(margin.tracked_e6, required)?;
    }
    let counted = counted_profit_e6(held, market, quote, purpose)?;
    margin.collateral_e6 = plus(margin.collateral_e6, counted)?;
    Ok(())
}

/// Unrealised profit as collateral: profit at its weight and the lower price of the quote token, at
/// most 100 for the initial requirement; loss in full at the higher. Each product towards zero.
fn counted_profit_e6(
    held: &Perp,
    market: &PerpMarket,
    quote: &SpotMarket,
    purpose: &Purpose,
) -> Result<i128, Revert> {
    let value = signed(base_value_e6(held.base_e9.unsigned_abs(), market.price_e6)?)?;
    let value = if held.base_e9 < 0 { -value } else { value };
    let profit = plus(value, held.quote_e6)?;
    let mut counted = profit;
    if profit > 0 {
        let weight = market.profit_weight_bps(profit.unsigned_abs(), purpose)?;
        counted = signed_part(counted, u128::from(weight), BPS)?;
    }
    counted = signed_part(counted, purpose.price(quote, profit >= 0), QUOTE)?;
    Ok(if purpose.initial { counted.min(PROFIT_MAX_E6) } else { counted })
}

impl PerpMarket {
    /// Margin ratio of a position of `size_e9` (`get_margin_ratio`).
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn margin_ratio_bps(&self, size_e9: u128, purpose: &Purpose) -> Result<u32, Revert> {
        let ratio = purpose.pick(self.ratio_initial_bps, self.ratio_maintenance_bps);
        liability_weight_bps(ratio, self.imf_ppm, size_e9)
    }

    fn profit_weight_bps(&self, profit_e6: u128, purpose: &Purpose) -> Result<u32, Revert> {
        if !purpose.initial {
            return Ok(self.profit_maintenance_bps);
        }
        let size = mul(profit_e6, SIZE_PER_QUOTE)?;
        asset_weight_bps(self.profit_initial_bps, self.profit_imf_ppm, size)
    }
}

/// Quote value of a base amount, rounded down.
pub(super) fn base_value_e6(base_e9: u128, price_e6: u64) -> Result<u128, Revert> {
    part(base_e9, u128::from(price_e6), BASE)
}
