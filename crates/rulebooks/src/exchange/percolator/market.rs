//! A contract of the venue: the price in use, and the two sides.
//!
//! **The price in use follows the mark** by at most the cap for each slot since the last step, so that
//! a jump becomes a staircase. Each step moves what a unit of either side gains. A step is taken when
//! the pool is next touched: whoever looks before sees the sides as they would be.
//!
//! **What the winning side does not get.** A step pays the winners no more than the losers surely pay,
//! so that where the open interest of the sides differs by the dust of earlier roundings, a winner's
//! slope is a little flatter than its position. A price that goes up and down again then costs a
//! little. That is added up, and once it comes to [`HIDDEN_PART`] of the price everybody is looked at
//! again; until then it is an error that the watch list allows for.

use super::parameters::Book;
use breakwater_liquidation::backstop::side_index::{
    Direction, Position, Side, SideError, move_price,
};
use breakwater_liquidation::{
    AssetInfo, ContractTerms, Effects, Rejected, Rejection, StateKey, View,
};
use breakwater_money::rounding::{Rounding, mul_div, mul_div_full, narrow_u128, pow10};
use breakwater_money::{AccountId, AssetId, MoneyError, Price, Rational, U256, rational};

/// Columns of a contract's state.
pub(super) const COLUMNS: [&str; 19] = [
    "price in use (of the market's decimals)",
    "slot of the last step",
    "hidden from winners at most (1e-15 of a unit's price)",
    "long: scale A (1e15)",
    "long: index K (settle units, 1e15 a unit)",
    "long: open interest (contract units)",
    "long: held by no position at most (contract units)",
    "long: epoch",
    "long: positions of the epoch",
    "long: positions of the epoch before",
    "long: index K at the end of the epoch before",
    "short: scale A (1e15)",
    "short: index K (settle units, 1e15 a unit)",
    "short: open interest (contract units)",
    "short: held by no position at most (contract units)",
    "short: epoch",
    "short: positions of the epoch",
    "short: positions of the epoch before",
    "short: index K at the end of the epoch before",
];

/// First column of each side, and the column of its scale.
const LONG: usize = 3;
const SHORT: usize = 11;

/// Sparse tables, by account and contract: what a position remembers of its side.
pub(super) const CELLS: [&str; 3] = [
    "side's scale A when the position was opened (1e15)",
    "side's index K when the position was settled",
    "side's epoch when the position was opened",
];
const OPENED_AT: u16 = 0;
const SETTLED_AT: u16 = 1;
const EPOCH: u16 = 2;

/// One, in the scale of scales.
const ONE_E15: u128 = 1_000_000_000_000_000;

/// Ten-thousandth of one, in the same scale: winners are told anew once that part of the price has
/// been kept from them.
const HIDDEN_PART: u128 = 100_000_000_000;

/// Basis points in the whole.
const WHOLE_BPS: u128 = 10_000;

/// The numbers of one market, amounts in base units of the settle asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PerpetualTerms {
    pub maintenance_bps: u128,
    pub maintenance_min: u128,
    pub initial_bps: u128,
    pub initial_min: u128,
    pub trading_fee_bps: u128,
    pub liquidation_fee_bps: u128,
    pub liquidation_fee_min: u128,
    pub liquidation_fee_max: u128,
    pub price_cap_bps_per_slot: u64,
    pub accrual_slots_max: u64,
    pub funding_max_e12: u64,
}

impl PerpetualTerms {
    /// Maintenance of a notional that is not zero.
    pub fn maintenance(&self, notional: u128) -> Result<u128, MoneyError> {
        let share = mul_div(notional, self.maintenance_bps, WHOLE_BPS, Rounding::Floor)?;
        Ok(share.max(self.maintenance_min))
    }

    /// What new risk of a notional that is not zero must be covered by.
    pub fn initial(&self, notional: u128) -> Result<u128, MoneyError> {
        let share = mul_div(notional, self.initial_bps, WHOLE_BPS, Rounding::Floor)?;
        Ok(share.max(self.initial_min))
    }

    /// `min(max(ceil(notional bps / 1e4), least), most)`.
    pub fn liquidation_fee(&self, notional: u128) -> Result<u128, MoneyError> {
        let share = mul_div(notional, self.liquidation_fee_bps, WHOLE_BPS, Rounding::Ceil)?;
        Ok(share.max(self.liquidation_fee_min).min(self.liquidation_fee_max))
    }

    /// `ceil(notional bps / 1e4)`.
    pub fn trading_fee(&self, notional: u128) -> Result<u128, MoneyError> {
        mul_div(notional, self.trading_fee_bps, WHOLE_BPS, Rounding::Ceil)
    }
}

/// How prices of a contract become gains: `units x price x factor / unit` settle units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Scale {
    /// Base units of the contract that a price is for.
    unit: u128,
    /// Settle units that one of the price is for so many units.
    factor: u128,
}

impl Scale {
    fn of(info: &AssetInfo, settle_decimals: u8, price_decimals: u8) -> Result<Self, Rejected> {
        let terms = info.kind.contract().ok_or(Rejection::BadParameter)?;
        let multiplier = u128::from(terms.multiplier);
        let down = u32::from(info.decimals)
            + u32::from(terms.multiplier_decimals)
            + u32::from(price_decimals);
        let ten = |exponent: u32| pow10(u8::try_from(exponent).unwrap_or(u8::MAX));
        let settle = u32::from(settle_decimals);
        Ok(match down.checked_sub(settle) {
            Some(down) => Scale { unit: ten(down)?, factor: multiplier },
            None => {
                let factor = multiplier.checked_mul(ten(settle - down)?);
                Scale { unit: 1, factor: factor.ok_or(Rejection::Overflow)? }
            }
        })
    }

    /// A price in the scale of the sides.
    fn raised(&self, price: u128) -> Result<u128, MoneyError> {
        price.checked_mul(self.factor).ok_or(MoneyError::Overflow)
    }
}

/// A contract as of now.
#[derive(Debug, Clone)]
pub(super) struct Market {
    asset: AssetId,
    pub terms: PerpetualTerms,
    decimals: u8,
    settle_decimals: u8,
    price_decimals: u8,
    scale: Scale,
    contract: ContractTerms,
    /// The mark that the price follows.
    pub mark: u128,
    /// The price in use.
    pub price: u128,
    slot: u64,
    hidden_e15: u128,
    pub long: Side,
    pub short: Side,
    /// Whether accounts' health changed other than by the mark.
    pub touched: bool,
    stored: [U256; COLUMNS.len()],
}

impl Market {
    /// The contract at the mark and the time of the view, all steps up to now taken.
    ///
    /// # Errors
    /// No mark, or numbers out of range.
    pub fn now(book: &Book, view: &View<'_>, asset: AssetId) -> Result<Self, Rejected> {
        let terms = *book.contract(view, asset)?;
        let (info, mark) = (view.asset(asset)?, view.price(asset)?);
        let scale = Scale::of(info, book.settle_decimals, mark.decimals)?;
        let mut stored = [U256::ZERO; COLUMNS.len()];
        for (column, value) in (0u16..).zip(&mut stored) {
            *value = view.state(StateKey::Asset(asset, column));
        }
        let mut market = Market {
            asset,
            terms,
            decimals: info.decimals,
            settle_decimals: book.settle_decimals,
            price_decimals: mark.decimals,
            scale,
            contract: *info.kind.contract().ok_or(Rejection::BadParameter)?,
            mark: mark.raw,
            price: narrow_u128(stored[0])?,
            slot: slot_of(stored[1])?,
            hidden_e15: narrow_u128(stored[2])?,
            long: side_of(&stored[LONG..], scale.unit)?,
            short: side_of(&stored[SHORT..], scale.unit)?,
            touched: false,
            stored,
        };
        market.step(book.slot(view))?;
        Ok(market)
    }

    /// Whether the price in use has yet to reach the mark.
    pub fn lags(&self) -> bool {
        self.price != self.mark
    }

    pub fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Long => &self.long,
            Direction::Short => &self.short,
        }
    }

    pub fn side_mut(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Long => &mut self.long,
            Direction::Short => &mut self.short,
        }
    }

    /// The price in use.
    pub fn used(&self) -> Price {
        Price::new(self.price, self.price_decimals)
    }

    /// Value of a quantity at a price of the market's decimals.
    pub fn value(&self, quantity: u128, raw: u128, rounding: Rounding) -> Result<u128, MoneyError> {
        let price = Price::new(raw, self.price_decimals);
        self.contract.value(quantity, self.decimals, price, self.settle_decimals, rounding)
    }

    /// What one base unit of the contract is of what its price is for.
    pub fn whole_units(&self) -> Rational {
        let decimals = self.decimals.saturating_add(self.contract.multiplier_decimals);
        rational::from_raw(i128::from(self.contract.multiplier), decimals)
    }

    /// Value of a quantity at the price in use, rounded up: what requirements are a share of.
    pub fn notional(&self, quantity: u128) -> Result<u128, MoneyError> {
        self.value(quantity, self.price, Rounding::Ceil)
    }

    /// Goes as far towards the mark as the slots since the last step allow, and moves both sides.
    fn step(&mut self, slot: u64) -> Result<(), Rejected> {
        let slots = slot.saturating_sub(self.slot).min(self.terms.accrual_slots_max);
        self.slot = self.slot.max(slot);
        if self.price == 0 {
            // Nobody has traded at a price before the first.
            self.price = self.mark;
            self.hidden_e15 = self.hidden_most()?;
            return Ok(());
        }
        let share = u128::from(self.terms.price_cap_bps_per_slot) * u128::from(slots);
        let room = mul_div(self.price, share, WHOLE_BPS, Rounding::Floor)?;
        let (least, most) = (self.price.saturating_sub(room), self.price.saturating_add(room));
        let next = self.mark.clamp(least, most);
        let moved = self.scale.raised(next.abs_diff(self.price))?;
        let moved = i128::try_from(moved).map_err(|_| Rejection::Overflow)?;
        self.pay(if next < self.price { -moved } else { moved })?;
        self.price = next;
        Ok(())
    }

    /// Moves what a unit of each side gains, longs' up if above zero, by a price or by funding.
    fn pay(&mut self, by: i128) -> Result<(), Rejected> {
        if by == 0 {
            return Ok(());
        }
        let winner = if by > 0 { Direction::Long } else { Direction::Short };
        let before = *self.side(winner);
        move_price(&mut self.long, &mut self.short, by).map_err(refused)?;
        if before.positions == 0 {
            return Ok(());
        }
        let risen = self.side(winner).index.abs_diff(before.index);
        let whole = U256::from(before.scale_e15).saturating_mul(U256::from(by.unsigned_abs()));
        let kept = whole.saturating_sub(U256::from(risen));
        let (one, scale) = (U256::from(ONE_E15), U256::from(before.scale_e15));
        let hidden = narrow_u128(mul_div_full(kept, one, scale, Rounding::Ceil)?)?;
        match self.hidden_e15.checked_sub(hidden) {
            Some(left) => self.hidden_e15 = left,
            None => {
                self.hidden_e15 = self.hidden_most()?;
                self.touched = true;
            }
        }
        Ok(())
    }

    fn hidden_most(&self) -> Result<u128, MoneyError> {
        self.scale.raised(self.price)?.checked_mul(HIDDEN_PART).ok_or(MoneyError::Overflow)
    }

    /// The most that a position of `quantity` may still be kept from without anybody being told,
    /// raised.
    pub fn hidden(&self, quantity: u128) -> Result<u128, MoneyError> {
        let unit = U256::from(self.scale.unit) * U256::from(ONE_E15);
        let (quantity, hidden) = (U256::from(quantity), U256::from(self.hidden_e15));
        narrow_u128(mul_div_full(quantity, hidden, unit, Rounding::Ceil)?)
    }

    /// Longs pay shorts the share of the price, or shorts longs below zero; what the payers pay.
    pub fn fund(&mut self, rate_e12: i64) -> Result<u128, Rejected> {
        let rate = u128::from(rate_e12.unsigned_abs());
        let price = self.scale.raised(self.price)?;
        let by = mul_div(price, rate, 1_000_000_000_000, Rounding::Floor)?;
        let by = i128::try_from(by).map_err(|_| Rejection::Overflow)?;
        if by == 0 {
            let detail = format!("rate_e12 {rate_e12} of a price of {}", self.used());
            return Err(Rejection::ZeroBurn.because(detail));
        }
        self.pay(if rate_e12 > 0 { -by } else { by })?;
        self.touched = true;
        let payer = if rate_e12 > 0 { &self.long } else { &self.short };
        Ok(mul_div(payer.open_interest, by.unsigned_abs(), self.scale.unit, Rounding::Ceil)?)
    }

    /// Takes `quantity` off a side and charges it `deficit`; what of that the side could not bear.
    ///
    /// A side whose scale would vanish is closed whole, and the other with it.
    pub fn deleverage(
        &mut self,
        direction: Direction,
        quantity: u128,
        deficit: u128,
    ) -> Result<u128, Rejected> {
        self.touched = true;
        let side = self.side_mut(direction);
        let quantity = quantity.min(side.open_interest);
        match side.close_side(quantity, deficit) {
            Ok(_) => Ok(0),
            // Nobody is there, or each unit would be charged beyond what can be counted.
            Err(SideError::NobodyHolds { .. } | SideError::Money(_)) if deficit > 0 => {
                self.deleverage(direction, quantity, 0)?;
                Ok(deficit)
            }
            Err(SideError::Exhausted { .. }) => {
                side.close_side(side.open_interest, deficit).map_err(refused)?;
                let other = self.side_mut(opposite(direction));
                other.close_side(other.open_interest, 0).map_err(refused)?;
                Ok(0)
            }
            Err(error) => Err(refused(error)),
        }
    }

    /// Where a side is empty, what the other has open is the dust of roundings: it is closed at the
    /// price in use, since nobody is there to win or lose against it.
    pub fn clear(&mut self) -> Result<(), Rejected> {
        for direction in [Direction::Long, Direction::Short] {
            let empty = self.side(opposite(direction)).positions == 0;
            let side = self.side_mut(direction);
            if empty && side.open_interest > 0 {
                side.close_side(side.open_interest, 0).map_err(refused)?;
                self.touched = true;
            }
        }
        Ok(())
    }

    /// Writes what has changed.
    pub fn store(&self, effects: &mut Effects) {
        let mut values = [U256::ZERO; COLUMNS.len()];
        let head = [self.price, self.slot.into(), self.hidden_e15].map(U256::from);
        let (long, short) = (columns_of(&self.long), columns_of(&self.short));
        for (value, new) in values.iter_mut().zip(head.iter().chain(&long).chain(&short)) {
            *value = *new;
        }
        for ((column, value), stored) in (0u16..).zip(values).zip(self.stored) {
            if value != stored {
                effects.set(StateKey::Asset(self.asset, column), value);
            }
        }
    }
}

/// The other side.
pub(super) fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::Long => Direction::Short,
        Direction::Short => Direction::Long,
    }
}

/// A side from its columns; a side that was never written is new.
fn side_of(columns: &[U256], unit: u128) -> Result<Side, Rejected> {
    let [scale, index, open, unheld, epoch, positions, stale, index_at_end, ..] = columns else {
        return Err(Rejection::BadParameter.because("state: too few columns of a side"));
    };
    if scale.is_zero() {
        return Side::new(unit).map_err(refused);
    }
    Ok(Side {
        scale_e15: narrow_u128(*scale)?,
        index: signed_of(*index)?,
        open_interest: narrow_u128(*open)?,
        unheld: narrow_u128(*unheld)?,
        unit,
        epoch: slot_of(*epoch)?,
        positions: slot_of(*positions)?,
        stale: slot_of(*stale)?,
        index_at_end: signed_of(*index_at_end)?,
    })
}

fn columns_of(side: &Side) -> [U256; SHORT - LONG] {
    [
        U256::from(side.scale_e15),
        bits_of(side.index),
        U256::from(side.open_interest),
        U256::from(side.unheld),
        U256::from(side.epoch),
        U256::from(side.positions),
        U256::from(side.stale),
        bits_of(side.index_at_end),
    ]
}

/// The position of an account with this basis; none where it was never opened here.
pub(super) fn position_of(
    view: &View<'_>,
    account: AccountId,
    asset: AssetId,
    basis: u128,
) -> Result<Option<Position>, Rejected> {
    let cell = |table| view.state(cell_of(table, account, asset));
    let scale_e15 = narrow_u128(cell(OPENED_AT))?;
    if scale_e15 == 0 {
        return Ok(None);
    }
    let index = signed_of(cell(SETTLED_AT))?;
    Ok(Some(Position { basis, scale_e15, index, epoch: slot_of(cell(EPOCH))? }))
}

/// Writes what a position remembers, where that has changed.
pub(super) fn store_position(
    effects: &mut Effects,
    (account, asset): (AccountId, AssetId),
    before: Option<Position>,
    after: Option<Position>,
) {
    let cells = |position: Option<Position>| {
        position.map_or([U256::ZERO; CELLS.len()], |held| {
            [U256::from(held.scale_e15), bits_of(held.index), U256::from(held.epoch)]
        })
    };
    let changes = cells(before).into_iter().zip(cells(after));
    for (table, (before, after)) in [OPENED_AT, SETTLED_AT, EPOCH].into_iter().zip(changes) {
        if before != after {
            effects.set(cell_of(table, account, asset), after);
        }
    }
}

fn cell_of(table: u16, account: AccountId, asset: AssetId) -> StateKey {
    StateKey::Cell(table, account.0.into(), asset.0.into())
}

/// A signed number as its 128 bits.
fn bits_of(value: i128) -> U256 {
    U256::from_be_slice(&value.to_be_bytes())
}

fn signed_of(bits: U256) -> Result<i128, Rejected> {
    Ok(i128::from_be_bytes(narrow_u128(bits)?.to_be_bytes()))
}

fn slot_of(value: U256) -> Result<u64, Rejected> {
    u64::try_from(value).map_err(|_| Rejection::Overflow.into())
}

/// A side's refusal as the pool tells it.
pub(super) fn refused(error: SideError) -> Rejected {
    match error {
        SideError::Money(error) => error.into(),
        SideError::Refused { .. } => Rejection::Paused.because(error.to_string()),
        SideError::BeyondOpenInterest { .. } | SideError::NoPosition { .. } => {
            Rejection::NotReduceOnly.because(error.to_string())
        }
        SideError::NobodyHolds { .. } | SideError::Exhausted { .. } => {
            Rejection::NothingToSell.because(error.to_string())
        }
    }
}
