//! The requirement of one position as a function of its notional.

use super::BookError;
use super::concave::Concave;
use super::exact::{fraction, one, ratio, zero};
use crate::tiers::{RATE_DECIMALS, TierTable};
use breakwater_money::{Rational, U256};

/// The requirement of one position as a function of its notional.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    /// Lowest first, never empty. Convex: continuous with rates that do not fall.
    pieces: Vec<Piece>,
}

/// `notional * rate - deduction` up to `cap`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    /// `None` where no notional is too large.
    cap: Option<Rational>,
    rate: Rational,
    deduction: Rational,
}

/// One tier with exact numbers, for tables whose rates are no multiples of 1e-9.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateTier {
    /// Largest notional of the tier; a notional equal to it still belongs here. `None`: no limit.
    pub cap: Option<Rational>,
    /// Maintenance rate of the slice above the previous cap.
    pub rate: Rational,
}

impl Maintenance {
    /// One rate for every notional: `notional * rate - deduction`. A venue that states rate and
    /// maintenance amount for the tier at hand is this.
    #[must_use]
    pub fn flat(rate: Rational, deduction: Rational) -> Self {
        Maintenance { pieces: vec![Piece { cap: None, rate, deduction }] }
    }

    /// No requirement that moves with the price.
    #[must_use]
    pub fn none() -> Self {
        Maintenance::flat(zero(), zero())
    }

    /// The requirement of `table`, whose base units are `10^-decimals` of the unit that notionals
    /// have here. Rates stay as they are.
    #[must_use]
    pub fn from_table(table: &TierTable, decimals: u8) -> Self {
        let rows = table.tiers().iter().zip(table.deductions_e9());
        let pieces = rows.map(|(tier, cum)| Piece {
            cap: Some(fraction(U256::from(tier.cap), decimals.into())),
            rate: fraction(U256::from(tier.rate_e9), RATE_DECIMALS.into()),
            deduction: fraction(*cum, i32::from(decimals) + i32::from(RATE_DECIMALS)),
        });
        Maintenance { pieces: pieces.collect() }
    }

    /// The requirement of a table with exact rates, lowest tier first; deductions follow from
    /// continuity as in [`TierTable`].
    ///
    /// # Errors
    /// The list is empty, or the first row that breaks a rule: caps rise strictly from 0 and only the
    /// last may be missing, rates are 0 to 1 and never fall. Rows are counted from 0.
    pub fn from_tiers(tiers: Vec<RateTier>) -> Result<Self, BookError> {
        let count = tiers.len();
        let (mut floor, mut below, mut deduction) = (zero(), zero(), zero());
        let mut pieces = Vec::with_capacity(count);
        for (index, RateTier { cap, rate }) in tiers.into_iter().enumerate() {
            let of = |name: &str| format!("tiers[{index}].{name}");
            if rate > one() || rate < below {
                let right = format!("a rate from {below} to 1: rates never fall");
                return Err(BookError::new(of("rate"), &rate, right));
            }
            match &cap {
                Some(cap) if *cap <= floor => {
                    let right = format!("a cap above {floor}: caps rise strictly from 0");
                    return Err(BookError::new(of("cap"), cap, right));
                }
                None if index + 1 < count => {
                    let right = "a cap: only the last tier may be without one";
                    return Err(BookError::new(of("cap"), &"missing", right));
                }
                _ => {}
            }
            deduction += &floor * (&rate - &below);
            below = rate.clone();
            floor = cap.clone().unwrap_or(floor);
            pieces.push(Piece { cap, rate, deduction: deduction.clone() });
        }
        if pieces.is_empty() {
            return Err(BookError::new("tiers".to_owned(), &"empty", "at least one tier"));
        }
        Ok(Maintenance { pieces })
    }

    /// The same with `rate` more in every tier: a fee that the venue counts into the requirement.
    #[must_use]
    pub fn plus_rate(mut self, rate: &Rational) -> Self {
        for piece in &mut self.pieces {
            piece.rate += rate;
        }
        self
    }

    /// What each tier takes off `notional * rate`, lowest tier first.
    pub fn deductions(&self) -> impl Iterator<Item = &Rational> {
        self.pieces.iter().map(|piece| &piece.deduction)
    }

    /// The requirement of `notional`. Above the last cap the last rate goes on: a price can carry a
    /// position past its limit, and no requirement there would hide the liquidation price.
    #[must_use]
    pub fn of(&self, notional: &Rational) -> Rational {
        self.piece(notional).map_or_else(zero, |piece| notional * &piece.rate - &piece.deduction)
    }

    /// Index, from 0, of the tier that `notional` belongs to. `None` above the last cap, and where one
    /// rate holds for every notional: those are no tiers.
    #[must_use]
    pub fn tier_of(&self, notional: &Rational) -> Option<usize> {
        if let [Piece { cap: None, .. }] = &self.pieces[..] {
            return None;
        }
        let fits = |piece: &Piece| piece.cap.as_ref().is_none_or(|cap| notional <= cap);
        self.pieces.iter().position(fits)
    }

    fn piece(&self, notional: &Rational) -> Option<&Piece> {
        let fits = |piece: &&Piece| piece.cap.as_ref().is_none_or(|cap| notional <= cap);
        self.pieces.iter().find(fits).or(self.pieces.last())
    }

    /// Each cap at which the rate may change, with the pieces below and above it. The last cap is
    /// none: its rate goes on.
    fn edges(&self) -> impl Iterator<Item = (&Rational, &Piece, &Piece)> {
        let above = self.pieces.iter().skip(1);
        self.pieces.iter().zip(above).filter_map(|(low, high)| Some((low.cap.as_ref()?, low, high)))
    }

    /// Takes the requirement of `size` base units at the price, `m(size P)`, off `surplus`.
    pub(super) fn take_linear(&self, size: &Rational, surplus: &mut Concave) {
        if let Some(first) = self.pieces.first() {
            surplus.line.at_zero += &first.deduction;
            surplus.line.slope -= size * &first.rate;
        }
        for (cap, low, high) in self.edges() {
            if let Some(price) = ratio(cap, size) {
                surplus.bend(price, size * (&high.rate - &low.rate));
            }
        }
    }

    /// Takes the requirement of a contract worth `value` of the quote asset, whose notional is
    /// `value / P` of a coin that is worth `coin P`: `coin P m(value / P)`, off `surplus`. In each
    /// tier that is `coin (value rate - deduction P)`: a line in the price again, and convex since
    /// deductions rise. Low prices are the large notionals, so the walk begins in the last tier.
    pub(super) fn take_inverse(&self, value: &Rational, coin: &Rational, surplus: &mut Concave) {
        if let Some(last) = self.pieces.last() {
            surplus.line.at_zero -= coin * value * &last.rate;
            surplus.line.slope += coin * &last.deduction;
        }
        for (cap, low, high) in self.edges() {
            if let Some(price) = ratio(value, cap) {
                surplus.bend(price, coin * (&high.deduction - &low.deduction));
            }
        }
    }
}
