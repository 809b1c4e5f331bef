//! Which alternative to take, and which others are as good as far as can be told.

use super::super::Estimate;
use super::Alternative;

/// What told the best apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// Its shortfall is least, beyond chance.
    Shortfall,
    /// Of those with the least shortfall it loses least to the fair price, beyond chance.
    Loss,
    /// Of those that tie in both it is sold soonest.
    Time,
}

/// The alternative to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recommendation {
    /// Its number.
    pub best: usize,
    /// Why it, and not another.
    pub because: Because,
    /// Others whose shortfall is the same within 95 % intervals.
    pub same_shortfall: Vec<usize>,
    /// Of those, the ones whose loss is the least as well within 95 % intervals: ties.
    pub ties: Vec<usize>,
}

/// The alternative with the least expected shortfall; of those that cannot be told from it, because
/// their 95 % intervals overlap, the one with the least loss to the fair price; and where that does not
/// tell them apart either, the one that is sold soonest. None of none.
#[must_use]
pub fn recommend(alternatives: &[Alternative]) -> Option<Recommendation> {
    let all: Vec<usize> = (0..alternatives.len()).collect();
    let short = |at: usize| alternatives[at].shortfall;
    let loss = |at: usize| alternatives[at].loss;
    let near = overlapping(&all, short)?;
    let tied = overlapping(&near, loss)?;
    let seconds = |at: usize| alternatives[at].seconds.mean;
    let best = tied.iter().copied().min_by(|a, b| seconds(*a).total_cmp(&seconds(*b)))?;
    let because = match (near.len(), tied.len()) {
        (1, _) => Because::Shortfall,
        (_, 1) => Because::Loss,
        _ => Because::Time,
    };
    let but_best = |of: &[usize]| of.iter().copied().filter(|at| *at != best).collect();
    Some(Recommendation { best, because, same_shortfall: but_best(&near), ties: but_best(&tied) })
}

/// Those whose interval overlaps that of the least mean, the least first, the others in their order.
fn overlapping(of: &[usize], value: impl Fn(usize) -> Estimate) -> Option<Vec<usize>> {
    let best = of.iter().copied().min_by(|a, b| value(*a).mean.total_cmp(&value(*b).mean))?;
    let [_, high] = value(best).interval();
    let reaches = |at: &usize| value(*at).interval()[0] <= high;
    let others = of.iter().copied().filter(|at| *at != best).filter(reaches);
    Some(std::iter::once(best).chain(others).collect())
}
