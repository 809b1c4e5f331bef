//! The prices at which an account becomes liquidatable, exactly.
//!
//! Seen from one market, with every other mark held, an account of linear contracts is a pair of
//! functions of that market's price `P > 0`:
//!
//! ```text
//! equity(P)      = equity_constant + sum_i q_i P               q_i signed: long above 0, short below
//! maintenance(P) = held_maintenance + sum_i m_i(|q_i| P)       m_i piecewise linear, see `tiers`
//! surplus(P)     = equity(P) - maintenance(P)
//! ```
//!
//! The account is healthy where `surplus > 0`. Each `m_i` is continuous and convex, so `surplus` is
//! continuous and concave and the healthy prices form one interval (or none). Its ends are the
//! liquidation prices: one below for a falling market, one above for a rising one. Hence:
//!
//! - A single long has slope `q (1 - rate) >= 0` in every tier: `surplus` never falls, so at most one
//!   end exists, below. A single short has slope `-|q| (1 + rate) < 0`: at most one end, above. The
//!   root is unique although each tier's own line has a root too: continuity leaves exactly one of
//!   those lines with its root inside its own tier, and that is the tier of `|q| P` at the root.
//! - Legs that hedge each other may have both ends. Moving away from a healthy mark in one direction,
//!   the end on that side is the first price at which `equity <= maintenance`, because everything
//!   between lies inside the interval.
//!
//! The closed forms that venues publish are instances, reached by the constructors here:
//! `(WB - MM_other + UP_other + cum - s Q E) / (Q (rate - s))` for cross or isolated margin,
//! the same with `cum`, `s Q E` and `Q (rate - s)` summed over legs in hedge mode,
//! `(equity - s Q P_mark - MM_other) / (Q (rate - s))` from a state at the mark; a taker fee inside the
//! requirement is added to the rate, a requirement on entry value is part of `held_maintenance`.
//! A contract that settles in its base asset is linear in `1/P` and fits the same book with
//! quantities `-V` and the reciprocal of the root.
//!
//! Units: any consistent ones; prices are settle units for one base unit, and notionals are
//! `|q| P` in the unit of the tiers' caps. Everything is an exact rational: nothing here rounds.

use crate::tiers::{RATE_DECIMALS, TierTable};
use breakwater_money::{Rational, U256, rational};

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

    /// The requirement of `notional`. Above the last cap the last rate goes on: a price can carry a
    /// position past its limit, and no requirement there would hide the liquidation price.
    #[must_use]
    pub fn of(&self, notional: &Rational) -> Rational {
        self.piece(notional).map_or_else(zero, |piece| notional * &piece.rate - &piece.deduction)
    }

    /// Index, from 0, of the tier that `notional` belongs to. `None` without tiers, and above the last
    /// cap.
    #[must_use]
    pub fn tier_of(&self, notional: &Rational) -> Option<usize> {
        self.pieces.iter().position(|piece| piece.cap.as_ref().is_some_and(|cap| notional <= cap))
    }

    fn piece(&self, notional: &Rational) -> Option<&Piece> {
        let fits = |piece: &&Piece| piece.cap.as_ref().is_none_or(|cap| notional <= cap);
        self.pieces.iter().find(fits).or(self.pieces.last())
    }

    /// The rate and deduction for notionals without bound.
    fn last(&self) -> Option<&Piece> {
        self.pieces.last()
    }

    /// The notionals at which the rate may change. The last cap is none: its rate goes on.
    fn edges(&self) -> impl Iterator<Item = &Rational> {
        let changing = self.pieces.len().saturating_sub(1);
        self.pieces.iter().take(changing).filter_map(|piece| piece.cap.as_ref())
    }
}

/// A position in the market whose price is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// Signed base quantity: long above zero, short below.
    pub quantity: Rational,
    /// Its requirement.
    pub maintenance: Maintenance,
}

/// A position with the price it was entered at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Quantity and requirement.
    pub leg: Leg,
    /// Average entry price.
    pub entry: Rational,
}

/// A position in another market, held at its mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The position.
    pub position: Opened,
    /// The mark at which it is held.
    pub mark: Rational,
}

/// An account of linear contracts seen from one market. See the module's formulas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinearBook {
    /// Equity that does not move with the price: wallet, other unrealised profit, minus the signed
    /// entry value of the legs.
    pub equity_constant: Rational,
    /// Requirement that does not move with the price: that of the positions held at their marks.
    pub held_maintenance: Rational,
    /// The positions in this market; two for hedge mode.
    pub legs: Vec<Leg>,
}

/// A price at which equity equals maintenance, and healthy prices lie on one side only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The price, above zero.
    pub price: Rational,
    /// For each leg in its order, the index from 0 of the tier its notional has at that price.
    /// `None` for a leg without tiers or above its last cap.
    pub tiers: Vec<Option<usize>>,
}

impl Root {
    /// The tier of the first leg, which is the only one in one-way mode.
    #[must_use]
    pub fn tier(&self) -> Option<usize> {
        self.tiers.first().copied().flatten()
    }
}

/// At which prices the account is healthy, all other marks held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Healthy {
    /// At no price: the account is liquidatable wherever this market goes.
    Nowhere,
    /// Strictly between the two. A missing end means: however far the price moves that way.
    Between {
        /// Liquidation price of a falling market.
        lower: Option<Root>,
        /// Liquidation price of a rising market.
        upper: Option<Root>,
    },
}

impl Healthy {
    /// The liquidation price that the smallest move from `mark` reaches; the lower one of two at the
    /// same distance. `None` if no price is one.
    #[must_use]
    pub fn nearest(self, mark: &Rational) -> Option<Root> {
        match self {
            Healthy::Between { lower: Some(lower), upper: Some(upper) } => {
                let (down, up) = (distance(&lower.price, mark), distance(&upper.price, mark));
                Some(if down <= up { lower } else { upper })
            }
            Healthy::Between { lower, upper } => lower.or(upper),
            Healthy::Nowhere => None,
        }
    }
}

impl LinearBook {
    /// A cross account: `wallet` balance, the `positions` of the market asked about, and all `others`
    /// at their marks. Isolated margin is the same with the margin as wallet and no others.
    #[must_use]
    pub fn cross(wallet: Rational, positions: Vec<Opened>, others: &[Held]) -> Self {
        let (mut equity_constant, mut held_maintenance) = (wallet, zero());
        for Held { position: Opened { leg, entry }, mark } in others {
            equity_constant += &leg.quantity * (mark - entry);
            held_maintenance += leg.maintenance.of(&(magnitude(&leg.quantity) * mark));
        }
        for Opened { leg, entry } in &positions {
            equity_constant -= &leg.quantity * entry;
        }
        let legs = positions.into_iter().map(|position| position.leg).collect();
        LinearBook { equity_constant, held_maintenance, legs }
    }

    /// An account known by its state at `mark`: total `equity` there, the requirement of everything
    /// else, and the `legs` of the market asked about.
    #[must_use]
    pub fn at_mark(
        equity: Rational,
        held_maintenance: Rational,
        mark: &Rational,
        legs: Vec<Leg>,
    ) -> Self {
        let value = legs.iter().fold(zero(), |sum, leg| sum + &leg.quantity * mark);
        LinearBook { equity_constant: equity - value, held_maintenance, legs }
    }

    /// Equity at `price`.
    #[must_use]
    pub fn equity(&self, price: &Rational) -> Rational {
        &self.equity_constant + self.net_quantity() * price
    }

    /// Maintenance requirement at `price`.
    #[must_use]
    pub fn maintenance(&self, price: &Rational) -> Rational {
        let of = |leg: &Leg| leg.maintenance.of(&(magnitude(&leg.quantity) * price));
        self.legs.iter().fold(self.held_maintenance.clone(), |sum, leg| sum + of(leg))
    }

    /// The price at which equity is zero: the bankruptcy price. `None` if that is no price above
    /// zero, or equity does not move with the price.
    #[must_use]
    pub fn bankruptcy_price(&self) -> Option<Rational> {
        let line = Line { at_zero: self.equity_constant.clone(), slope: self.net_quantity() };
        line.root().filter(|price| *price > zero())
    }

    /// The liquidation price that the smallest move from `mark` reaches. In one-way mode there is at
    /// most one and `mark` does not matter; it also is the answer for an account that is already
    /// liquidatable at `mark`. `None` if the account is liquidatable at no price, or at every one:
    /// [`LinearBook::healthy`] tells the two apart.
    #[must_use]
    pub fn liquidation_price(&self, mark: &Rational) -> Option<Root> {
        self.healthy().nearest(mark)
    }

    /// At which prices the account is healthy. Walks the pieces of the concave `surplus` from price
    /// zero upwards; in each, it is a line.
    #[must_use]
    pub fn healthy(&self) -> Healthy {
        let nought = zero();
        let edges = self.edges();
        let (mut lower, mut upper, mut seen) = (None, None, false);
        for (index, end) in edges.iter().map(Some).chain([None]).enumerate() {
            let start = if index == 0 { &nought } else { &edges[index - 1] };
            let line = self.surplus_line(end);
            let healthy_at_start = line.at(start) > nought;
            let healthy_at_end = match end {
                Some(end) => line.at(end) > nought,
                None => line.slope > nought || (line.slope == nought && healthy_at_start),
            };
            seen |= healthy_at_start || healthy_at_end;
            match (healthy_at_start, healthy_at_end) {
                (false, true) => lower = line.root(),
                (true, false) => upper = line.root(),
                _ => {}
            }
        }
        if !seen {
            return Healthy::Nowhere;
        }
        Healthy::Between { lower: self.root_at(lower), upper: self.root_at(upper) }
    }

    fn root_at(&self, price: Option<Rational>) -> Option<Root> {
        let price = price.filter(|price| *price > zero())?;
        let tier = |leg: &Leg| leg.maintenance.tier_of(&(magnitude(&leg.quantity) * &price));
        let tiers = self.legs.iter().map(tier).collect();
        Some(Root { price, tiers })
    }

    fn net_quantity(&self) -> Rational {
        self.legs.iter().fold(zero(), |sum, leg| sum + &leg.quantity)
    }

    /// Prices at which some leg changes its tier, rising, each once.
    fn edges(&self) -> Vec<Rational> {
        let mut edges = Vec::new();
        for leg in self.legs.iter().filter(|leg| leg.quantity != zero()) {
            let size = magnitude(&leg.quantity);
            // division: exact, rationals do not round; the size is not zero.
            edges.extend(leg.maintenance.edges().map(|cap| cap / &size));
        }
        edges.sort();
        edges.dedup();
        edges
    }

    /// `surplus` as a line on the piece that ends at `end`, an edge of [`LinearBook::edges`] or, for
    /// the last piece, infinity.
    fn surplus_line(&self, end: Option<&Rational>) -> Line {
        let at_zero = &self.equity_constant - &self.held_maintenance;
        let mut line = Line { at_zero, slope: zero() };
        for leg in &self.legs {
            let size = magnitude(&leg.quantity);
            let piece = match end {
                Some(end) => leg.maintenance.piece(&(&size * end)),
                None => leg.maintenance.last(),
            };
            line.slope += &leg.quantity;
            if let Some(piece) = piece {
                line.slope -= &size * &piece.rate;
                line.at_zero += &piece.deduction;
            }
        }
        line
    }
}

/// The price of one asset at which weighted collateral equals debt in a lending account, the other
/// prices held:
///
/// ```text
/// collateral_constant + P collateral_coefficient = debt_constant + P debt_coefficient
/// ```
///
/// `collateral_constant` is the sum over the other collateral of amount, price and liquidation
/// threshold; `collateral_coefficient` is amount times threshold of this asset; the debt pair is the
/// same without thresholds. The asset may be on both sides. With more weighted collateral than debt
/// in it the account is liquidatable below the root, with less above. `None` if no price above zero
/// changes the account's health.
#[must_use]
pub fn lending_root(
    collateral_constant: &Rational,
    collateral_coefficient: &Rational,
    debt_constant: &Rational,
    debt_coefficient: &Rational,
) -> Option<Rational> {
    let at_zero = collateral_constant - debt_constant;
    let line = Line { at_zero, slope: collateral_coefficient - debt_coefficient };
    line.root().filter(|price| *price > zero())
}

/// `at_zero + slope P`.
struct Line {
    at_zero: Rational,
    slope: Rational,
}

impl Line {
    fn at(&self, price: &Rational) -> Rational {
        &self.at_zero + &self.slope * price
    }

    /// Where the line is zero; `None` if it is flat.
    fn root(&self) -> Option<Rational> {
        if self.slope == zero() {
            return None;
        }
        // division: exact, rationals do not round.
        Some(-&self.at_zero / &self.slope)
    }
}

fn zero() -> Rational {
    rational::from_raw(0, 0)
}

/// `raw / 10^decimals`.
fn fraction(raw: U256, decimals: i32) -> Rational {
    let one = Rational::from_integer(10.into()).pow(decimals);
    // division: exact, rationals do not round.
    Rational::from_integer(rational::big(raw).into()) / one
}

fn magnitude(value: &Rational) -> Rational {
    if *value < zero() { -value } else { value.clone() }
}

fn distance(left: &Rational, right: &Rational) -> Rational {
    magnitude(&(left - right))
}

#[cfg(test)]
mod tests;
