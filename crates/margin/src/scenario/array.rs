//! Risk arrays given or worked by hand: SPAN's sixteen rows, an inverse future's profit by move, and
//! the worst of any array.

use breakwater_money::{Rational, rational};

/// A row of SPAN's array: the move in thirds of the price scan range, or an extreme one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanMove {
    /// Thirds of the price scan range.
    Thirds(i8),
    /// The extreme move, weighted: up (1) or down (-1).
    Extreme(i8),
}

/// SPAN's rows in their order: each move of the range with volatility up and down, then two extreme
/// moves (exchange reference, section 6).
pub const SPAN_ROWS: [SpanMove; 16] = {
    use SpanMove::{Extreme, Thirds};
    [
        Thirds(0),
        Thirds(0),
        Thirds(1),
        Thirds(1),
        Thirds(-1),
        Thirds(-1),
        Thirds(2),
        Thirds(2),
        Thirds(-2),
        Thirds(-2),
        Thirds(3),
        Thirds(3),
        Thirds(-3),
        Thirds(-3),
        Extreme(1),
        Extreme(-1),
    ]
};

/// Profit of a future in each of SPAN's rows: `position` units, `range` the price scan range of one,
/// `extreme` the extreme move already weighted. Exact; volatility does not touch a future.
#[must_use]
pub fn span_future(range: &Rational, extreme: &Rational, position: &Rational) -> Vec<Rational> {
    let row = |row: &SpanMove| match row {
        SpanMove::Thirds(thirds) => {
            range * Rational::new(i64::from(*thirds).into(), 3.into()) * position
        }
        SpanMove::Extreme(sign) => extreme * whole(*sign) * position,
    };
    SPAN_ROWS.iter().map(row).collect()
}

/// The largest loss of an array of profits, zero if there is none.
#[must_use]
pub fn worst_loss(profits: &[Rational]) -> Rational {
    profits.iter().fold(whole(0), |worst, profit| worst.max(-profit))
}

/// Profit in coin of a future that settles in coin, by the share that the price moves:
/// `position k / (1 + k)`, with `position` the coins its notional is at the mark. `None` for a move
/// to zero or below.
#[must_use]
pub fn inverse_profit(position: &Rational, moved: &Rational) -> Option<Rational> {
    let kept = moved + whole(1);
    // division: exact, rationals do not round; the divisor is above zero.
    (kept > whole(0)).then(|| position * moved / kept)
}

fn whole(n: i8) -> Rational {
    rational::from_raw(n.into(), 0)
}
