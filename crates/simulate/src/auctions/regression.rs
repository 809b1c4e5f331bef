//! Ordinary least squares by Householder reflections.

use super::MeasureError;

/// A column whose part that no earlier column explains is shorter than this share of it counts as
/// explained: sixteen digits less what products of two columns lose.
const INDEPENDENT_MIN: f64 = 1e-10;

/// Coefficients of the columns of `design`, as many a target, that leave the least squares; every
/// target is left with its residuals.
///
/// # Errors
/// Fewer rows than columns, or a column that others explain.
pub(super) fn least_squares(
    design: &[Vec<f64>],
    targets: &mut [Vec<f64>],
) -> Result<Vec<Vec<f64>>, MeasureError> {
    let mut columns = design.to_vec();
    let rows = columns.first().map_or(0, Vec::len);
    let degenerate = MeasureError::Degenerate { what: "regression" };
    if rows < columns.len() {
        return Err(degenerate);
    }
    let mut rotated = targets.to_vec();
    let mut diagonal = Vec::with_capacity(columns.len());
    for at in 0..columns.len() {
        let (done, rest) = columns.split_at_mut(at + 1);
        let whole = norm(&design[at]);
        let reflector = &mut done[at][at..];
        let length = norm(reflector);
        if length.is_nan() || length <= INDEPENDENT_MIN * whole {
            return Err(degenerate);
        }
        // Away from zero, so that nothing cancels.
        let image = if reflector[0] > 0.0 { -length } else { length };
        reflector[0] -= image;
        diagonal.push(image);
        let square = dot(reflector, reflector);
        for column in rest.iter_mut().chain(&mut rotated) {
            reflect(reflector, square, &mut column[at..]);
        }
    }
    let coefficients: Vec<Vec<f64>> =
        rotated.iter().map(|target| solve(&columns, &diagonal, target)).collect();
    for (target, own) in targets.iter_mut().zip(&coefficients) {
        for (column, coefficient) in design.iter().zip(own) {
            for (left, value) in target.iter_mut().zip(column) {
                *left -= coefficient * value;
            }
        }
    }
    Ok(coefficients)
}

fn reflect(reflector: &[f64], square: f64, column: &mut [f64]) {
    let share = 2.0 * dot(reflector, column) / square;
    for (value, along) in column.iter_mut().zip(reflector) {
        *value -= share * along;
    }
}

/// Back substitution: above the diagonal a rotated column holds the triangle.
fn solve(columns: &[Vec<f64>], diagonal: &[f64], target: &[f64]) -> Vec<f64> {
    let mut solution = vec![0.0; diagonal.len()];
    for at in (0..diagonal.len()).rev() {
        let known: f64 =
            (at + 1..diagonal.len()).map(|later| columns[later][at] * solution[later]).sum();
        solution[at] = (target[at] - known) / diagonal[at];
    }
    solution
}

/// The sum of products.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(values: &[f64]) -> f64 {
    libm::sqrt(dot(values, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        let apart = found.iter().zip(expected).any(|(a, b)| (a - b).abs() > 1e-12);
        assert!(!apart, "{found:?} for {expected:?}");
    }

    #[test]
    fn a_line_through_three_points_worked_by_hand() {
        // (0, 1), (1, 2), (2, 4): intercept 5/6, slope 3/2.
        let design = [vec![1.0; 3], vec![0.0, 1.0, 2.0]];
        let mut targets = [vec![1.0, 2.0, 4.0], vec![3.0, 5.0, 7.0]];
        let found = least_squares(&design, &mut targets).unwrap();
        close(&found[0], &[5.0 / 6.0, 1.5]);
        close(&targets[0], &[1.0 / 6.0, -1.0 / 3.0, 1.0 / 6.0]);
        close(&found[1], &[3.0, 2.0]);
        close(&targets[1], &[0.0; 3]);
    }

    #[test]
    fn residuals_are_orthogonal_to_every_column() {
        let column = |k: f64| (0..40).map(|t| libm::sin(k * f64::from(t) + k)).collect::<Vec<_>>();
        let design = [vec![1.0; 40], column(0.3), column(1.1), column(2.3)];
        let mut targets = [column(0.7)];
        least_squares(&design, &mut targets).unwrap();
        assert!(norm(&targets[0]) > 0.1);
        assert!(design.iter().all(|column| dot(column, &targets[0]).abs() < 1e-12));
    }

    #[test]
    fn a_column_that_others_explain_is_refused() {
        let twice = [vec![1.0, 2.0, 3.0], vec![2.0, 4.0, 6.0]];
        assert!(least_squares(&twice, &mut [vec![1.0; 3]]).is_err());
        let still = [vec![1.0; 3], vec![0.0; 3]];
        assert!(least_squares(&still, &mut [vec![1.0; 3]]).is_err());
        let wide = [vec![1.0], vec![2.0]];
        assert!(least_squares(&wide, &mut [vec![1.0]]).is_err());
    }
}
