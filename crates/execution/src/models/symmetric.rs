//! Symmetric matrices: smallest eigenvalue, and systems that are positive definite.
//!
//! Indices: matrices are square lists of rows made here, and every loop runs below their length.

/// A symmetric matrix, row by row.
#[derive(Debug, Clone)]
pub(crate) struct Symmetric {
    size: usize,
    cells: Vec<f64>,
}

impl Symmetric {
    /// Of a function of both places, asked for the lower half.
    pub(crate) fn of(size: usize, cell: impl Fn(usize, usize) -> f64) -> Symmetric {
        let mut cells = vec![0.0; size * size];
        for row in 0..size {
            for column in 0..=row {
                let value = cell(row, column);
                // infallible: both places are below the size, the list is its square.
                cells[row * size + column] = value;
                cells[column * size + row] = value;
            }
        }
        Symmetric { size, cells }
    }

    fn row(&self, row: usize) -> &[f64] {
        // infallible: only asked for rows below the size.
        &self.cells[row * self.size..(row + 1) * self.size]
    }

    /// Largest sum of a row's magnitudes: no eigenvalue is larger.
    pub(crate) fn norm(&self) -> f64 {
        (0..self.size)
            .map(|row| self.row(row).iter().map(|cell| cell.abs()).sum::<f64>())
            .fold(0.0, f64::max)
    }

    pub(crate) fn times(&self, vector: &[f64]) -> Vec<f64> {
        (0..self.size).map(|row| dot(self.row(row), vector)).collect()
    }

    /// Solves `self x = right` by Cholesky's factors; none where a pivot is not above 0.
    pub(crate) fn solve(&self, right: &[f64]) -> Option<Vec<f64>> {
        let size = self.size;
        let mut factor = self.cells.clone();
        for row in 0..size {
            for column in 0..=row {
                // infallible: every place is below the size.
                let done = dot(
                    &factor[row * size..row * size + column],
                    &factor[column * size..column * size + column],
                );
                let rest = self.cells[row * size + column] - done;
                factor[row * size + column] = if column < row {
                    rest / factor[column * size + column]
                } else if rest > 0.0 {
                    libm::sqrt(rest)
                } else {
                    return None;
                };
            }
        }
        let mut solution = right.to_vec();
        for row in 0..size {
            // infallible: every place is below the size.
            let done = dot(&factor[row * size..row * size + row], &solution[..row]);
            solution[row] = (solution[row] - done) / factor[row * size + row];
        }
        for row in (0..size).rev() {
            // infallible: every place is below the size.
            let value = solution[row] / factor[row * size + row];
            solution[row] = value;
            for column in 0..row {
                // infallible: as above.
                solution[column] -= factor[row * size + column] * value;
            }
        }
        Some(solution)
    }

    /// The smallest eigenvalue, to a few units of rounding of the norm: Householder's reduction to
    /// three diagonals, then bisection by Sturm's count of negative pivots (Golub and Van Loan,
    /// "Matrix Computations", sections 8.3 and 8.4). None of an empty matrix.
    pub(crate) fn smallest_eigenvalue(&self) -> Option<f64> {
        if self.size == 0 {
            return None;
        }
        let (diagonal, off) = self.clone().tridiagonal();
        Some(smallest_of_tridiagonal(&diagonal, &off))
    }

    /// The matrix of the same form on vectors that sum to 0: Householder's reflection takes the
    /// vector of ones to the first axis, and the rest is what is left without that axis.
    pub(crate) fn on_round_trips(&self) -> Symmetric {
        let size = self.size;
        let mut reflector = vec![1.0; size];
        if let Some(first) = reflector.first_mut() {
            *first += libm::sqrt(size as f64);
        }
        let half = 0.5 * dot(&reflector, &reflector);
        let image = self.times(&reflector);
        let along = dot(&reflector, &image) / half;
        // H A H with H = 1 - v v'/half, for rows and columns but the first.
        Symmetric::of(size.saturating_sub(1), |row, column| {
            let (row, column) = (row + 1, column + 1);
            // infallible: both are below the size.
            self.cells[row * size + column]
                - (reflector[row] * image[column] + image[row] * reflector[column]) / half
                + along * reflector[row] * reflector[column] / half
        })
    }

    /// Diagonal and off-diagonal of a tridiagonal matrix with the same eigenvalues.
    fn tridiagonal(mut self) -> (Vec<f64>, Vec<f64>) {
        let size = self.size;
        let mut off = Vec::with_capacity(size);
        for pivot in 0..size.saturating_sub(2) {
            // infallible: every place is below the size.
            let mut reflector: Vec<f64> =
                (pivot + 1..size).map(|row| self.cells[row * size + pivot]).collect();
            let length = libm::sqrt(dot(&reflector, &reflector));
            let first = reflector[0];
            let image = if first > 0.0 { -length } else { length };
            off.push(image);
            reflector[0] -= image;
            let half = 0.5 * dot(&reflector, &reflector);
            if half > 0.0 {
                self.reflect(pivot + 1, &reflector, half);
            }
        }
        for row in size.saturating_sub(2)..size.saturating_sub(1) {
            // infallible: the row after it is the last.
            off.push(self.cells[(row + 1) * size + row]);
        }
        // infallible: places on the diagonal.
        let diagonal = (0..size).map(|row| self.cells[row * size + row]).collect();
        (diagonal, off)
    }

    /// `H A H` on the rows and columns from `from`, with `H = 1 - v v'/half`.
    fn reflect(&mut self, from: usize, reflector: &[f64], half: f64) {
        let size = self.size;
        // infallible: the reflector has an entry for each row from `from`.
        let mut image: Vec<f64> = (from..size)
            .map(|row| dot(&self.cells[row * size + from..(row + 1) * size], reflector) / half)
            .collect();
        let along = 0.5 * dot(&image, reflector) / half;
        for (image, part) in image.iter_mut().zip(reflector) {
            *image -= along * part;
        }
        for (row, (left, up)) in reflector.iter().zip(&image).enumerate() {
            let start = (from + row) * size + from;
            // infallible: the row has as many places from `from` as the reflector.
            let cells = &mut self.cells[start..start + reflector.len()];
            for ((cell, right), down) in cells.iter_mut().zip(reflector).zip(&image) {
                *cell -= left * down + up * right;
            }
        }
    }
}

pub(crate) fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

/// Bisection until the bracket is two neighbouring floats or no wider than rounding of the norm.
fn smallest_of_tridiagonal(diagonal: &[f64], off: &[f64]) -> f64 {
    let beside = |index: usize| {
        let before = index.checked_sub(1).and_then(|index| off.get(index)).map_or(0.0, |v| v.abs());
        before + off.get(index).map_or(0.0, |v| v.abs())
    };
    let (mut low, mut high) = (f64::INFINITY, f64::INFINITY);
    let mut norm = 0.0f64;
    for (index, value) in diagonal.iter().enumerate() {
        low = low.min(value - beside(index));
        // The smallest eigenvalue is at most every entry of the diagonal.
        high = high.min(*value);
        norm = norm.max(value.abs() + beside(index));
    }
    // A little room, so that the smallest lies inside.
    (low, high) = (low - f64::EPSILON * norm, high + f64::EPSILON * norm);
    for _ in 0..200 {
        let middle = low + 0.5 * (high - low);
        if middle <= low || middle >= high || high - low <= 0.01 * f64::EPSILON * norm {
            break;
        }
        if any_below(diagonal, off, middle, norm) { high = middle } else { low = middle }
    }
    low + 0.5 * (high - low)
}

/// Whether an eigenvalue lies below `level`: whether a pivot of the matrix less it is negative.
fn any_below(diagonal: &[f64], off: &[f64], level: f64, norm: f64) -> bool {
    let tiny = f64::MIN_POSITIVE.max(f64::EPSILON * f64::EPSILON * norm);
    let mut pivot = 1.0;
    let mut before = 0.0;
    for (index, value) in diagonal.iter().enumerate() {
        pivot = value - level - before * before / pivot;
        if pivot < 0.0 {
            return true;
        }
        if pivot < tiny {
            pivot = tiny;
        }
        before = off.get(index).copied().unwrap_or(0.0);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_eigenvalue_is_that_of_matrices_whose_spectrum_is_known() {
        // Second differences: 2 - 2 cos(pi k / (n + 1)).
        for size in [1usize, 2, 3, 7, 40] {
            let matrix = Symmetric::of(size, |row, column| match row - column {
                0 => 2.0,
                1 => -1.0,
                _ => 0.0,
            });
            let angle = core::f64::consts::PI / (size as f64 + 1.0);
            let found = matrix.smallest_eigenvalue().unwrap();
            assert!((found - (2.0 - 2.0 * libm::cos(angle))).abs() < 1e-13, "{size}: {found}");
        }
        // All ones less a half on the diagonal: -1/2 and n - 1/2.
        let matrix = Symmetric::of(9, |row, column| if row == column { 0.5 } else { 1.0 });
        assert!((matrix.smallest_eigenvalue().unwrap() + 0.5).abs() < 1e-13);
        assert!((matrix.on_round_trips().smallest_eigenvalue().unwrap() + 0.5).abs() < 1e-13);
        assert!(matrix.solve(&[1.0; 9]).is_none());
        assert!(Symmetric::of(0, |_, _| 0.0).smallest_eigenvalue().is_none());
    }

    #[test]
    fn a_solution_gives_back_the_right_side() {
        let matrix = Symmetric::of(30, |row, column| {
            libm::exp(-0.3 * (row - column) as f64) + if row == column { 0.1 } else { 0.0 }
        });
        let right: Vec<f64> = (0..30).map(|index| libm::sin(f64::from(index))).collect();
        let solution = matrix.solve(&right).unwrap();
        for (back, right) in matrix.times(&solution).iter().zip(&right) {
            assert!((back - right).abs() < 1e-13);
        }
        // On vectors that sum to 0 both forms agree: the trace of the rest is the whole less the
        // part along the ones.
        let ones = vec![1.0; 30];
        let along = dot(&ones, &matrix.times(&ones)) / 30.0;
        let rest = matrix.on_round_trips();
        let trace =
            |matrix: &Symmetric| -> f64 { (0..matrix.size).map(|row| matrix.row(row)[row]).sum() };
        assert!((trace(&rest) - (trace(&matrix) - along)).abs() < 1e-12);
    }
}
