//! Scales with readable ticks.

use crate::number::{exponent, power_of_ten, tick_labels};

/// A linear scale with readable ticks.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    lo: f64,
    hi: f64,
    /// Value and label, ascending.
    pub(crate) ticks: Vec<(f64, String)>,
}

/// Steps for most axes, as mantissas.
const DECIMAL: [f64; 4] = [1.0, 2.0, 2.5, 5.0];

/// Steps for hours, so that ticks fall on hours of a day and on days.
const HOURS: [f64; 13] = [0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 12.0, 24.0, 48.0, 96.0, 168.0, 336.0];

/// Below this span steps could underflow to zero, so it counts as no span at all.
const SMALLEST_SPAN: f64 = 1e-200;

impl Axis {
    /// An axis over all values with zero on it, for bars and areas.
    pub(crate) fn from_zero(values: impl IntoIterator<Item = f64>, want: usize) -> Self {
        let (lo, hi) = bounds(values.into_iter().chain([0.0]));
        if hi - lo < SMALLEST_SPAN {
            Self::build(0.0, 1.0, want)
        } else {
            Self::build(lo, hi, want)
        }
    }

    /// An axis over all values with a little room around them, for lines.
    pub(crate) fn around(values: impl IntoIterator<Item = f64>, want: usize) -> Self {
        let (lo, hi) = widened(bounds(values));
        let room = (hi - lo) * 0.07;
        Self::exact([lo - room, hi + room], want)
    }

    /// An axis over all values with zero on it, whose ends need not be ticks.
    pub(crate) fn exact_from_zero(values: impl IntoIterator<Item = f64>, want: usize) -> Self {
        let (lo, hi) = bounds(values.into_iter().chain([0.0]));
        if hi - lo < SMALLEST_SPAN {
            Self::build(0.0, 1.0, want)
        } else {
            Self::exact([lo, hi], want)
        }
    }

    /// An axis over exactly these values, without rounding its ends to ticks.
    pub(crate) fn exact(values: impl IntoIterator<Item = f64>, want: usize) -> Self {
        let (lo, hi) = widened(bounds(values));
        Self { lo, hi, ticks: inside(Self::build(lo, hi, want).ticks, lo, hi) }
    }

    /// An axis in hours over exactly these values.
    pub(crate) fn hours(values: impl IntoIterator<Item = f64>, want: usize) -> Self {
        let (lo, hi) = widened(bounds(values));
        let raw = (hi - lo) / want.max(1) as f64;
        match HOURS.iter().copied().find(|step| *step >= raw) {
            Some(step) if raw >= 0.1 => {
                Self { lo, hi, ticks: inside(Self::with_step(lo, hi, step).ticks, lo, hi) }
            }
            _ => Self::exact([lo, hi], want),
        }
    }

    /// Where the value lies between two pixel positions.
    pub(crate) fn at(&self, value: f64, from: f64, to: f64) -> f64 {
        from + (value - self.lo) / (self.hi - self.lo) * (to - from)
    }

    pub(crate) fn lo(&self) -> f64 {
        self.lo
    }

    pub(crate) fn hi(&self) -> f64 {
        self.hi
    }

    fn build(lo: f64, hi: f64, want: usize) -> Self {
        let raw = (hi - lo) / want.max(1) as f64;
        let unit = power_of_ten(exponent(raw));
        let step = DECIMAL
            .iter()
            .map(|mantissa| mantissa * unit)
            .find(|step| *step >= raw * (1.0 - 1e-9))
            .unwrap_or(unit * 10.0);
        Self::with_step(lo, hi, step)
    }

    fn with_step(lo: f64, hi: f64, step: f64) -> Self {
        // The tolerance keeps an end that already is a tick from gaining another step.
        let first = (lo / step + 1e-9).floor();
        let last = (hi / step - 1e-9).ceil();
        // Callers choose the step so that there are a few ticks; the bound only guards the loop.
        let count = (last - first).clamp(1.0, 200.0) as u32;
        let values: Vec<f64> = (0..=count).map(|i| (first + f64::from(i)) * step).collect();
        let labels = tick_labels(&values, step);
        let (lo, hi) = (first * step, (first + f64::from(count)) * step);
        Self { lo, hi, ticks: values.into_iter().zip(labels).collect() }
    }
}

fn inside(ticks: Vec<(f64, String)>, lo: f64, hi: f64) -> Vec<(f64, String)> {
    let room = (hi - lo) * 1e-9;
    ticks.into_iter().filter(|(v, _)| *v >= lo - room && *v <= hi + room).collect()
}

fn bounds(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    let (lo, hi) = values.into_iter().fold(start, |(lo, hi), v| (lo.min(v), hi.max(v)));
    if lo <= hi { (lo, hi) } else { (0.0, 1.0) }
}

/// A span too small to be told apart at its size is opened up, so that one point has an axis.
fn widened((lo, hi): (f64, f64)) -> (f64, f64) {
    let size = lo.abs().max(hi.abs());
    if hi - lo > (size * 1e-9).max(SMALLEST_SPAN) {
        return (lo, hi);
    }
    let room = if size < SMALLEST_SPAN { 1.0 } else { size * 0.05 };
    (lo - room, hi + room)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_and_cover_the_values() {
        let axis = Axis::from_zero([0.0, 229.1e6], 5);
        assert_eq!(labels(&axis), ["0", "50M", "100M", "150M", "200M", "250M"]);
        let axis = Axis::from_zero([-3.0, 7.0], 5);
        assert!(axis.lo() <= -3.0 && axis.hi() >= 7.0);
    }

    #[test]
    fn hours_fall_on_the_clock() {
        assert_eq!(
            labels(&Axis::hours([0.0, 24.0], 8)),
            ["0", "3", "6", "9", "12", "15", "18", "21", "24"]
        );
        assert_eq!(labels(&Axis::hours([0.0, 72.0], 7)), ["0", "12", "24", "36", "48", "60", "72"]);
    }

    #[test]
    fn degenerate_spans_still_have_an_axis() {
        for values in
            [vec![], vec![0.0], vec![5.0], vec![1e18, 1e18 + 1.0], vec![-1e90, 1e90], vec![5e-324]]
        {
            for axis in [
                Axis::from_zero(values.clone(), 5),
                Axis::around(values.clone(), 5),
                Axis::exact(values.clone(), 5),
                Axis::hours(values.clone(), 8),
            ] {
                assert!(axis.hi() > axis.lo(), "{values:?}");
                assert!(axis.at(axis.hi(), 0.0, 100.0).is_finite());
                assert!(axis.ticks.len() < 30, "{values:?} gave {} ticks", axis.ticks.len());
            }
        }
    }
}
