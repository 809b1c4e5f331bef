//! Accounts of linear contracts seen from one market.

use super::concave::{Concave, Line};
use super::exact::{magnitude, zero};
use super::{Healthy, Maintenance, Root};
use breakwater_money::Rational;

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

    /// At which prices the account is healthy.
    #[must_use]
    pub fn healthy(&self) -> Healthy {
        let tiers_at = |price: &Rational| {
            let tier = |leg: &Leg| leg.maintenance.tier_of(&(magnitude(&leg.quantity) * price));
            self.legs.iter().map(tier).collect()
        };
        Healthy::of(self.surplus().positive(), tiers_at)
    }

    fn surplus(&self) -> Concave {
        let at_zero = &self.equity_constant - &self.held_maintenance;
        let mut surplus = Concave::new(Line { at_zero, slope: self.net_quantity() });
        for leg in &self.legs {
            leg.maintenance.take_linear(&magnitude(&leg.quantity), &mut surplus);
        }
        surplus
    }

    fn net_quantity(&self) -> Rational {
        self.legs.iter().fold(zero(), |sum, leg| sum + &leg.quantity)
    }
}
