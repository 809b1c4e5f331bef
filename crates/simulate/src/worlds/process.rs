//! Prices of several markets that move together.

use super::settings::{Copula, CorrelationFile};
use crate::ScenarioError;
use crate::monte_carlo::error::refuse;
use crate::monte_carlo::{PathLaw, Steps};
use crate::perpetuals::draw::{above_zero, philox};
use std::f64::consts::{FRAC_2_PI, TAU};

/// Most markets of a world.
pub const MARKETS_MAX: usize = breakwater_rulebooks::loans::MARKETS_MAX;

/// How one price moves by itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Process {
    /// Not at all.
    Fixed,
    /// The same logarithmic steps in every path.
    Historical(Vec<f64>),
    /// By a law.
    Law(PathLaw),
}

impl Process {
    fn has_normals(&self) -> bool {
        matches!(self, Process::Law(law) if !matches!(law, PathLaw::Bootstrap { .. }))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Process::Fixed => "fixed",
            Process::Historical(_) => "historical",
            Process::Law(PathLaw::Gbm { .. }) => "geometric Brownian motion",
            Process::Law(PathLaw::Bootstrap { .. }) => "bootstrap of real blocks",
            Process::Law(PathLaw::JumpDiffusion { .. }) => "jump diffusion",
            Process::Law(PathLaw::Heston { .. }) => "stochastic variance",
            Process::Law(PathLaw::Hawkes { .. }) => "jumps that bring jumps",
        }
    }
}

/// Correlated normals: places of their markets, the lower triangle of the matrix's root, and the
/// degrees of Student's copula.
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    places: Vec<usize>,
    lower: Vec<Vec<f64>>,
    degrees: Option<u32>,
}

impl Joint {
    /// Checks what a file says.
    ///
    /// # Errors
    /// A market that is unknown, stands twice or draws no normals; a matrix that is none of
    /// correlations; degrees that do not belong to the copula.
    pub fn new(
        file: &CorrelationFile,
        names: &[String],
        processes: &[Process],
    ) -> Result<Joint, ScenarioError> {
        let mut places = Vec::new();
        for (number, name) in file.markets.iter().enumerate() {
            let field = format!("correlation.markets[{number}]");
            let Some(place) = names.iter().position(|known| known == name) else {
                return Err(refuse(
                    &field,
                    format!("'{name}'"),
                    &format!("one of {}", names.join(", ")),
                ));
            };
            if places.contains(&place) {
                return Err(refuse(&field, format!("'{name}'"), "each market once"));
            }
            if !processes[place].has_normals() {
                let right = "only prices that draw normals can be correlated; historical and \
                             bootstrapped ones bring their own days, and fixed ones do not move";
                let told = format!("'{name}', whose price is {},", processes[place].name());
                return Err(refuse(&field, told, right));
            }
            places.push(place);
        }
        let degrees = match (file.copula, file.degrees) {
            (Copula::Gaussian, None) => None,
            (Copula::Student, Some(degrees)) if (1..=30).contains(&degrees) => Some(degrees),
            (Copula::Student, Some(degrees)) => {
                return Err(refuse("correlation.degrees", degrees, "1 to 30"));
            }
            (Copula::Student, None) => {
                return Err(refuse(
                    "correlation.degrees",
                    "nothing",
                    "1 to 30 for Student's copula",
                ));
            }
            (Copula::Gaussian, Some(degrees)) => {
                let right = "no degrees for the Gaussian copula";
                return Err(refuse("correlation.degrees", degrees, right));
            }
        };
        let lower = root(&file.matrix, places.len())?;
        Ok(Joint { places, lower, degrees })
    }

    /// Turns independent normals into those of the markets.
    fn mix(&self, normals: &[f64; MARKETS_MAX], stretch: Option<f64>) -> [f64; MARKETS_MAX] {
        let mut mixed = [0.0; MARKETS_MAX];
        for (row, out) in self.lower.iter().zip(&mut mixed) {
            let sum: f64 = row.iter().zip(normals).map(|(weight, normal)| weight * normal).sum();
            *out = match (stretch, self.degrees) {
                (Some(stretch), Some(degrees)) => normal_of_student(sum * stretch, degrees),
                _ => sum,
            };
        }
        mixed
    }
}

/// The root of a matrix of correlations (Cholesky).
fn root(matrix: &[Vec<f64>], count: usize) -> Result<Vec<Vec<f64>>, ScenarioError> {
    let field = "correlation.matrix";
    if matrix.len() != count || matrix.iter().any(|row| row.len() != count) {
        let right = format!("{count} rows of {count} numbers, one a market");
        return Err(refuse(field, format!("{} rows", matrix.len()), &right));
    }
    let mut lower = vec![vec![0.0; count]; count];
    for row in 0..count {
        for column in 0..=row {
            let value = matrix[row][column];
            let name = format!("{field}[{row}][{column}]");
            if row == column && value != 1.0 {
                return Err(refuse(&name, value, "1 on the diagonal"));
            }
            if !(-1.0..=1.0).contains(&value) || value != matrix[column][row] {
                return Err(refuse(
                    &name,
                    value,
                    "-1 to 1, the same on both sides of the diagonal",
                ));
            }
            let before = lower[row].iter().zip(&lower[column]).take(column);
            let mut rest = value;
            before.for_each(|(one, other)| rest -= one * other);
            lower[row][column] = if row > column {
                rest / lower[column][column]
            } else if rest > 1e-12 {
                libm::sqrt(rest)
            } else {
                let right = "positive definite: no prices can be correlated like that";
                return Err(refuse(
                    field,
                    format!("a matrix whose row {row} contradicts the others"),
                    right,
                ));
            };
        }
    }
    Ok(lower)
}

/// The normal with the same probability below it as a Student's variable of `degrees` has. The
/// distribution function is the finite sum of Abramowitz and Stegun 26.7.3 and 26.7.4.
fn normal_of_student(value: f64, degrees: u32) -> f64 {
    let angle = libm::atan(value.abs() / libm::sqrt(f64::from(degrees)));
    let (sin, cos) = libm::sincos(angle);
    let square = cos * cos;
    let odd = degrees % 2 == 1;
    let (mut term, mut sum) = if odd { (cos, cos) } else { (1.0, 1.0) };
    let mut at = if odd { 2 } else { 1 };
    // The last power of the cosine is two below the degrees, its factor three below.
    while at + 3 <= degrees {
        term *= square * f64::from(at) / f64::from(at + 1);
        sum += term;
        at += 2;
    }
    let within = match (odd, degrees) {
        (true, 1) => FRAC_2_PI * angle,
        (true, _) => FRAC_2_PI * (angle + sin * sum),
        (false, _) => sin * sum,
    };
    let tail = (0.5 * (1.0 - within)).clamp(1e-300, 0.5);
    let size = -normal_quantile(tail);
    if value < 0.0 { -size } else { size }
}

/// `z` with `P(Z <= z) = probability` at most one half, by Newton's steps on the distribution
/// function from a rational start (Abramowitz and Stegun 26.2.23).
pub(crate) fn normal_quantile(probability: f64) -> f64 {
    let upper = probability > 0.5;
    let tail = if upper { 1.0 - probability } else { probability };
    let t = libm::sqrt(-2.0 * libm::log(tail));
    let numerator = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let denominator = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut size = t - numerator / denominator;
    for _ in 0..3 {
        let below = 0.5 * libm::erfc(size * std::f64::consts::FRAC_1_SQRT_2);
        let density = libm::exp(-0.5 * size * size) / libm::sqrt(TAU);
        if density > 0.0 {
            size += (below - tail) / density;
        }
    }
    if upper { size } else { -size }
}

/// Purpose of the draws of Student's copula; never reused.
const DRAW_COPULA: u32 = 0x574F_0000;

/// The steps of all prices of one path.
#[derive(Debug)]
pub(super) struct JointSteps<'a> {
    steps: Vec<Option<Steps<'a>>>,
    processes: &'a [Process],
    joint: Option<&'a Joint>,
    seed: u64,
    path: u64,
    number: u32,
}

impl<'a> JointSteps<'a> {
    pub(super) fn new(
        processes: &'a [Process],
        joint: Option<&'a Joint>,
        seed: u64,
        path: u64,
    ) -> JointSteps<'a> {
        let mut stream = 0u64;
        let steps = processes.iter().map(|process| match process {
            // Bootstrapped markets share their stream, so that they bring the same days.
            Process::Law(law @ PathLaw::Bootstrap { .. }) => Some(Steps::new(law, seed, path)),
            Process::Law(law) => {
                // The first stream is that of a run with one market.
                let steps = Steps::new(law, seed, path | stream << 56);
                stream += 1;
                Some(steps)
            }
            _ => None,
        });
        JointSteps { steps: steps.collect(), processes, joint, seed, path, number: 0 }
    }

    pub(super) fn advance(&mut self) -> [f64; MARKETS_MAX] {
        let mut moved = [0.0; MARKETS_MAX];
        let mut done = [false; MARKETS_MAX];
        if let Some(joint) = self.joint {
            let mut normals = [0.0; MARKETS_MAX];
            for (normal, place) in normals.iter_mut().zip(&joint.places) {
                if let Some(steps) = &mut self.steps[*place] {
                    *normal = steps.next_normal();
                }
            }
            let stretch = joint.degrees.map(|degrees| self.stretch(degrees));
            let mixed = joint.mix(&normals, stretch);
            for (normal, place) in mixed.into_iter().zip(&joint.places) {
                if let Some(steps) = &mut self.steps[*place] {
                    moved[*place] = steps.advance_with(normal);
                    done[*place] = true;
                }
            }
        }
        for (place, (steps, process)) in self.steps.iter_mut().zip(self.processes).enumerate() {
            match (steps, process) {
                (Some(steps), _) if !done[place] => moved[place] = steps.advance(),
                (None, Process::Historical(known)) => {
                    moved[place] = known.get(self.number as usize).copied().unwrap_or(0.0);
                }
                _ => {}
            }
        }
        self.number += 1;
        moved
    }

    /// `sqrt(degrees / W)` with `W` chi-square: half of the degrees as exponentials, an odd one as a
    /// squared normal.
    fn stretch(&self, degrees: u32) -> f64 {
        let key = [self.seed as u32, (self.seed >> 32) as u32];
        let (low, high) = (self.path as u32, (self.path >> 32) as u32);
        let words = |part: u32| {
            let [a, b, c, d] = philox([self.number, low, high, DRAW_COPULA + part], key);
            [u64::from(a) | u64::from(b) << 32, u64::from(c) | u64::from(d) << 32].map(above_zero)
        };
        let mut sum = 0.0;
        for pair in 0..degrees / 2 {
            sum -= 2.0 * libm::log(words(pair / 2)[(pair % 2) as usize]);
        }
        if degrees % 2 == 1 {
            // Its own draw: the exponentials use at most eight.
            let [radius, angle] = words(8);
            let cos = libm::cos(TAU * angle);
            sum -= 2.0 * libm::log(radius) * cos * cos;
        }
        libm::sqrt(f64::from(degrees) / sum.max(1e-300))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_probabilities_are_those_of_the_printed_tables() {
        // Values of t that 97.5 % stay below, by degrees: printed tables.
        for (degrees, value) in [
            (1, 12.706_2),
            (2, 4.302_65),
            (3, 3.182_45),
            (4, 2.776_45),
            (5, 2.570_58),
            (10, 2.228_14),
            (29, 2.045_23),
            (30, 2.042_27),
        ] {
            let normal = normal_of_student(value, degrees);
            assert!((normal - 1.959_964).abs() < 2e-5, "{degrees}: {normal}");
            assert!((normal_of_student(-value, degrees) + normal).abs() < 1e-12);
        }
        assert!(normal_of_student(0.0, 4).abs() < 1e-9);
        for (probability, value) in
            [(0.975, 1.959_963_985), (0.01, -2.326_347_874), (1e-10, -6.361_340_9)]
        {
            assert!((normal_quantile(probability) - value).abs() < 1e-7);
        }
    }

    fn file(matrix: Vec<Vec<f64>>) -> CorrelationFile {
        let markets = vec!["A".to_owned(), "B".to_owned()];
        CorrelationFile { markets, matrix, copula: Copula::Gaussian, degrees: None }
    }

    #[test]
    fn prices_have_the_correlation_that_was_asked_for_and_extremes_come_together() {
        let names = ["A".to_owned(), "B".to_owned()];
        let gbm = || Process::Law(PathLaw::Gbm { drift: 0.0, volatility: 1.0 });
        let processes = [gbm(), gbm()];
        let drawn = |file: &CorrelationFile| {
            let joint = Joint::new(file, &names, &processes).unwrap();
            let mut steps = JointSteps::new(&processes, Some(&joint), 7, 3);
            (0..60_000).map(|_| steps.advance()).collect::<Vec<_>>()
        };
        let gaussian = file(vec![vec![1.0, 0.6], vec![0.6, 1.0]]);
        let student =
            CorrelationFile { copula: Copula::Student, degrees: Some(3), ..gaussian.clone() };
        let mut together = Vec::new();
        for file in [gaussian, student] {
            let all = drawn(&file);
            let n = all.len() as f64;
            let mean =
                |of: &dyn Fn(&[f64; MARKETS_MAX]) -> f64| all.iter().map(of).sum::<f64>() / n;
            assert!(mean(&|x| x[0]).abs() < 0.02 && (mean(&|x| x[1] * x[1]) - 1.0).abs() < 0.04);
            let correlation = mean(&|x| x[0] * x[1]);
            assert!((correlation - 0.6).abs() < 0.05, "{correlation}");
            together.push(mean(&|x| f64::from(u8::from(x[0] < -2.326 && x[1] < -2.326))));
        }
        // Both below the worst hundredth: more than twice as often under Student's copula.
        assert!(together[1] > 1.5 * together[0], "{together:?}");
    }

    #[test]
    fn what_cannot_be_correlated_is_refused_by_name() {
        let names = ["A".to_owned(), "B".to_owned()];
        let gbm = || Process::Law(PathLaw::Gbm { drift: 0.0, volatility: 1.0 });
        let good = file(vec![vec![1.0, 0.5], vec![0.5, 1.0]]);
        let says = |file: &CorrelationFile, second: Process| {
            Joint::new(file, &names, &[gbm(), second]).unwrap_err().to_string()
        };
        assert!(says(&good, Process::Historical(vec![])).contains("bring their own days"));
        assert!(says(&good, Process::Fixed).contains("do not move"));
        let wrong = |matrix| says(&file(matrix), gbm());
        assert!(wrong(vec![vec![1.0, 1.0], vec![1.0, 1.0]]).contains("positive definite"));
        assert!(wrong(vec![vec![1.0, 0.4], vec![0.5, 1.0]]).contains("both sides"));
        assert!(wrong(vec![vec![1.0, 0.4]]).contains("2 rows of 2"));
        let degrees = CorrelationFile { degrees: Some(4), ..good.clone() };
        assert!(says(&degrees, gbm()).contains("no degrees"));
        let student = CorrelationFile { copula: Copula::Student, ..good };
        assert!(says(&student, gbm()).contains("1 to 30"));
    }
}
