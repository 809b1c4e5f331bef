//! The best sale over equal intervals where nothing may be bought, for any convex cost of a trade.
//!
//! Minimises `sum f(n_k) + sum over k < N of (risk x_k^2 / 2 - drift_k x_k)` over `n_k >= 0` that
//! add up to the quantity. With `p_k` the marginal cost at which interval k sells, the conditions
//! of Karush, Kuhn and Tucker read: `n_k` is where `f'` reaches `p_k` (0 where it starts above),
//! and `p_(k+1) = p_k - (risk x_k - drift_k)`. What is left at the end falls with `p_1`, so one
//! bisection finds it. Paths part exponentially, so once two neighbouring floats end on either
//! side of 0 the nodes on which they agree are taken and the search starts again from there.

use crate::ModelError;
use crate::model_error::finite;

/// Halvings of one search: more than separate any two floats.
const HALVINGS_MAX: usize = 2_200;

/// Two paths agree at a node where they differ by at most this share of what is held there.
const AGREEMENT: f64 = 1e-14;

/// What is left of the quantity, as a share, that counts as sold: rounding of the sums.
const NOTHING_LEFT: f64 = 1e-18;

/// One such problem.
pub(crate) struct SellOnly<'a> {
    /// Units to sell.
    pub quantity: f64,
    /// Trades.
    pub intervals: usize,
    /// `f'(0)`.
    pub least_price: f64,
    /// `f'` of the whole quantity.
    pub most_price: f64,
    /// Inverse of `f'`, asked only above `least_price`.
    pub sold_at: &'a dyn Fn(f64) -> f64,
    /// `2 lambda sigma^2 tau`.
    pub risk: f64,
    /// What a unit held over the interval after trade k (from 1) is expected to gain, in quote.
    pub drift: &'a dyn Fn(usize) -> f64,
}

/// Holdings before the first trade and after each.
pub(crate) fn sell_only(problem: &SellOnly<'_>) -> Result<Vec<f64>, ModelError> {
    let mut holdings = Vec::with_capacity(problem.intervals + 1);
    holdings.push(problem.quantity);
    // Below the lowest price nothing sells on the whole way, above the highest all does at once.
    let gains =
        (1..problem.intervals).map(|k| (problem.drift)(k) - problem.risk * problem.quantity);
    let most_gain: f64 = gains.map(|gain| gain.max(0.0)).sum();
    let mut low = finite("price of a trade", problem.least_price - most_gain)?;
    let mut high = finite("price of a trade", problem.most_price)?;
    while holdings.len() <= problem.intervals {
        let held = holdings.last().copied().unwrap_or(0.0);
        if holdings.len() == problem.intervals || held <= NOTHING_LEFT * problem.quantity {
            holdings.resize(problem.intervals + 1, 0.0);
            break;
        }
        let first = holdings.len();
        bisect(problem, first, held, &mut low, &mut high)?;
        advance(problem, &mut holdings, &mut low, &mut high);
    }
    Ok(holdings)
}

/// Narrows the price of trade `first` to two neighbouring floats, the lower of which leaves
/// something at the end and the higher nothing or less.
fn bisect(
    problem: &SellOnly<'_>,
    first: usize,
    held: f64,
    low: &mut f64,
    high: &mut f64,
) -> Result<(), ModelError> {
    // The bracket carried over from the last search is off by its rounding: it is widened first.
    let mut step = (high.abs().max(low.abs()) * f64::EPSILON).max(f64::MIN_POSITIVE);
    let mut steps = 0;
    loop {
        let (leaves, sells) =
            (!all_sold(problem, first, held, *low), all_sold(problem, first, held, *high));
        if leaves && sells {
            break;
        }
        *low -= if leaves { 0.0 } else { step };
        *high += if sells { 0.0 } else { step };
        step *= 2.0;
        steps += 1;
        if steps > HALVINGS_MAX || !step.is_finite() {
            return Err(ModelError::NoConvergence { what: "price of a trade", steps });
        }
    }
    for _ in 0..HALVINGS_MAX {
        let middle = *low + 0.5 * (*high - *low);
        if middle <= *low || middle >= *high {
            return Ok(());
        }
        if all_sold(problem, first, held, middle) { *high = middle } else { *low = middle }
    }
    Err(ModelError::NoConvergence { what: "price of a trade", steps: HALVINGS_MAX })
}

/// Whether the path that sells at `price` in trade `first` has nothing left at the end.
fn all_sold(problem: &SellOnly<'_>, first: usize, held: f64, price: f64) -> bool {
    let mut path = Path { held, price };
    for k in first..=problem.intervals {
        path.trade(problem, k);
        // Nothing is bought, so what is below 0 stays there.
        if path.held <= 0.0 {
            return true;
        }
    }
    false
}

/// Takes over the nodes on which both ends of the bracket agree, the first in any case.
fn advance(problem: &SellOnly<'_>, holdings: &mut Vec<f64>, low: &mut f64, high: &mut f64) {
    let first = holdings.len();
    let mut before = holdings.last().copied().unwrap_or(0.0);
    let (mut slow, mut fast) =
        (Path { held: before, price: *low }, Path { held: before, price: *high });
    for k in first..=problem.intervals {
        slow.trade(problem, k);
        fast.trade(problem, k);
        if k == problem.intervals {
            holdings.push(0.0);
            return;
        }
        let middle = 0.5 * (slow.held + fast.held);
        if k > first && slow.held - fast.held > AGREEMENT * middle {
            return;
        }
        before = middle.min(before).max(0.0);
        holdings.push(before);
        (*low, *high) = (slow.price, fast.price);
    }
}

/// Where a path is: what is held, and the price at which the next trade sells.
struct Path {
    held: f64,
    price: f64,
}

impl Path {
    fn trade(&mut self, problem: &SellOnly<'_>, k: usize) {
        if self.price > problem.least_price {
            self.held -= (problem.sold_at)(self.price);
        }
        self.price -= problem.risk * self.held - (problem.drift)(k);
    }
}
