//! Concave piecewise-linear functions of a price, and where they are above zero.
//!
//! Equity minus requirement is one in every book here, seen from one market with all other marks
//! held. Concavity makes the answer an interval, and linearity makes its ends exact.

use super::exact::zero;
use breakwater_money::Rational;

/// `at_zero + slope P`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) at_zero: Rational,
    pub(super) slope: Rational,
}

impl Line {
    pub(super) fn flat(at_zero: Rational) -> Self {
        Line { at_zero, slope: zero() }
    }

    pub(super) fn at(&self, price: &Rational) -> Rational {
        &self.at_zero + &self.slope * price
    }

    pub(super) fn add(&mut self, other: &Line) {
        self.at_zero += &other.at_zero;
        self.slope += &other.slope;
    }

    pub(super) fn times(&self, factor: &Rational) -> Line {
        Line { at_zero: &self.at_zero * factor, slope: &self.slope * factor }
    }

    /// Where the line is zero; `None` if it is flat.
    pub(super) fn root(&self) -> Option<Rational> {
        if self.slope == zero() {
            return None;
        }
        // division: exact, rationals do not round.
        Some(-&self.at_zero / &self.slope)
    }
}

/// The prices above zero at which a concave function is above zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Positive {
    Nowhere,
    /// Strictly between; a missing end is no end.
    Between {
        lower: Option<Rational>,
        upper: Option<Rational>,
    },
}

/// A price at which the slope falls.
#[derive(Debug, Clone)]
struct Bend {
    price: Rational,
    /// Zero or more, so that the function is concave by construction.
    fall: Rational,
}

/// `line(P) - sum_i fall_i max(0, P - price_i)`.
#[derive(Debug, Clone)]
pub(super) struct Concave {
    /// The function on the piece that begins at price zero.
    pub(super) line: Line,
    bends: Vec<Bend>,
}

impl Concave {
    pub(super) fn new(line: Line) -> Self {
        Concave { line, bends: Vec::new() }
    }

    /// Lets the slope fall by `fall`, zero or more, at `price` above zero.
    pub(super) fn bend(&mut self, price: Rational, fall: Rational) {
        if fall > zero() {
            self.bends.push(Bend { price, fall });
        }
    }

    /// Adds `value` where it is below zero, and `weight` times it where it is above; a weight of at
    /// most one, so that the sum stays concave.
    pub(super) fn add_weighted(&mut self, value: &Line, weight: &Rational) {
        let nought = zero();
        let turn = value.root().filter(|price| *price > nought);
        // Near price zero the constant decides the sign, or the slope where there is none.
        let first = if value.at_zero == nought { &value.slope } else { &value.at_zero };
        let weighted = value.times(weight);
        self.line.add(if *first > nought { &weighted } else { value });
        if let Some(price) = turn {
            let change = &value.slope - &weighted.slope;
            self.bend(price, super::exact::magnitude(&change));
        }
    }

    pub(super) fn at(&self, price: &Rational) -> Rational {
        let passed = self.bends.iter().filter(|bend| bend.price < *price);
        passed.fold(self.line.at(price), |sum, bend| sum - &bend.fall * (price - &bend.price))
    }

    /// Walks the pieces from price zero upwards; in each, the function is a line.
    pub(super) fn positive(mut self) -> Positive {
        self.bends.sort_by(|left, right| left.price.cmp(&right.price));
        let nought = zero();
        let (mut line, mut bends) = (self.line, self.bends.into_iter());
        let (mut lower, mut upper, mut seen) = (None, None, false);
        let mut at_start = line.at_zero > nought;
        loop {
            let bend = bends.next();
            let at_end = match &bend {
                Some(bend) => line.at(&bend.price) > nought,
                None => line.slope > nought || (line.slope == nought && at_start),
            };
            seen |= at_start || at_end;
            match (at_start, at_end) {
                (false, true) => lower = line.root(),
                (true, false) => upper = line.root(),
                _ => {}
            }
            let Some(bend) = bend else { break };
            // Concave: after it has left zero downwards it does not come back.
            if upper.is_some() {
                break;
            }
            line.at_zero += &bend.fall * &bend.price;
            line.slope -= bend.fall;
            at_start = at_end;
        }
        if !seen {
            return Positive::Nowhere;
        }
        let above = |price: Option<Rational>| price.filter(|price| *price > nought);
        Positive::Between { lower: above(lower), upper: above(upper) }
    }
}
