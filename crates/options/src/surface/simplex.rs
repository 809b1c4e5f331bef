//! A minimum without derivatives (Nelder and Mead, "A simplex method for function minimization",
//! 1965): a fixed start, fixed coefficients and a fixed order of ties, so that the same function gives
//! the same bits.

/// Where the least value was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Minimum<const N: usize> {
    pub at: [f64; N],
    pub value: f64,
}

/// The least value of `of` near `start`, by at most `steps` moves of a simplex whose first edges are
/// `edges`. A value that is no number counts as infinitely large.
pub(super) fn minimise<const N: usize>(
    start: [f64; N],
    edges: [f64; N],
    steps: u32,
    of: impl Fn([f64; N]) -> f64,
) -> Minimum<N> {
    let corner = |at: [f64; N]| {
        let value = of(at);
        Minimum { at, value: if value.is_nan() { f64::INFINITY } else { value } }
    };
    let mut corners = vec![corner(start)];
    for axis in 0..N {
        let mut at = start;
        if let (Some(coordinate), Some(edge)) = (at.get_mut(axis), edges.get(axis)) {
            *coordinate += edge;
        }
        corners.push(corner(at));
    }
    let order = |corners: &mut Vec<Minimum<N>>| corners.sort_by(|a, b| a.value.total_cmp(&b.value));
    order(&mut corners);
    for _ in 0..steps {
        let Some((worst, better)) = corners.split_last() else { break };
        let (worst, better) = (*worst, better.to_vec());
        let (Some(best), Some(second)) = (better.first(), better.last()) else { break };
        // Nothing left to tell the corners apart.
        if worst.value.is_finite() && worst.value - best.value <= 1e-15 * best.value.abs() {
            break;
        }
        let centre = centre(&better);
        let reflected = corner(along(centre, worst.at, -1.0));
        let next = if reflected.value < best.value {
            let expanded = corner(along(centre, worst.at, -2.0));
            Some(if expanded.value < reflected.value { expanded } else { reflected })
        } else if reflected.value < second.value {
            Some(reflected)
        } else {
            let towards = if reflected.value < worst.value { reflected } else { worst };
            let contracted = corner(along(centre, towards.at, 0.5));
            (contracted.value < towards.value).then_some(contracted)
        };
        let best = best.at;
        corners = match next {
            Some(next) => better.into_iter().chain([next]).collect(),
            None => corners.iter().map(|it| corner(along(best, it.at, 0.5))).collect(),
        };
        order(&mut corners);
    }
    corners.into_iter().next().unwrap_or_else(|| corner(start))
}

fn centre<const N: usize>(corners: &[Minimum<N>]) -> [f64; N] {
    let count = corners.len() as f64;
    let mut sum = [0.0; N];
    for corner in corners {
        for (sum, coordinate) in sum.iter_mut().zip(corner.at) {
            *sum += coordinate;
        }
    }
    sum.map(|coordinate| coordinate / count)
}

/// `centre + share (at - centre)`.
fn along<const N: usize>(centre: [f64; N], at: [f64; N], share: f64) -> [f64; N] {
    let mut moved = centre;
    for (moved, at) in moved.iter_mut().zip(at) {
        *moved += share * (at - *moved);
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_of_rosenbrock_is_walked_to_its_end() {
        let found = minimise([-1.2, 1.0], [0.5, 0.5], 500, |[x, y]| {
            let (off, rise) = (1.0 - x, y - x * x);
            off * off + 100.0 * rise * rise
        });
        assert!(found.value < 1e-20, "{found:?}");
        let [x, y] = found.at;
        assert!((x - 1.0).abs() < 1e-9 && (y - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_number_is_walked_around() {
        let found = minimise([2.0], [1.0], 200, |[x]| libm::sqrt(x - 1.0));
        assert!(found.value < 1e-6, "{found:?}");
    }
}
