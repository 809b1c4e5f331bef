//! Times by size: a histogram whose buckets grow with the value.

/// Bits of a value that a bucket keeps below its leading one: buckets are at most 1/32 wide.
const KEPT_BITS: u32 = 5;

/// Buckets for every value of 64 bits.
const BUCKETS: usize = ((64 - KEPT_BITS as usize) + 1) << KEPT_BITS;

/// Counts of values, any unit. A percentile is the upper end of its bucket, at most 1/32 above the
/// truth; the greatest value and the sum are exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    sum: u128,
    most: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { counts: vec![0; BUCKETS], count: 0, sum: 0, most: 0 }
    }
}

/// The bucket of a value. Values below 64 have one each.
fn bucket(value: u64) -> usize {
    let shift = (63 - (value | 1).leading_zeros()).saturating_sub(KEPT_BITS);
    // The shifted value has at most six bits.
    ((shift as usize) << KEPT_BITS) + usize::try_from(value >> shift).unwrap_or(0)
}

/// The greatest value of a bucket.
fn upper(bucket: usize) -> u64 {
    let shift = (bucket >> KEPT_BITS).saturating_sub(1);
    let kept = bucket - (shift << KEPT_BITS);
    let last = ((kept as u128 + 1) << shift) - 1;
    u64::try_from(last).unwrap_or(u64::MAX)
}

impl Histogram {
    /// Counts one value.
    pub fn record(&mut self, value: u64) {
        self.counts[bucket(value)] += 1;
        self.count += 1;
        self.sum += u128::from(value);
        self.most = self.most.max(value);
    }

    /// Adds what another histogram has counted.
    pub fn add(&mut self, other: &Histogram) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.count += other.count;
        self.sum += other.sum;
        self.most = self.most.max(other.most);
    }

    /// How many values were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    #[must_use]
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// Their mean; zero for none.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum as f64 / self.count as f64 }
    }

    /// The greatest value; zero for none.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.most
    }

    /// The least bucket's end below which `percent` of the values lie; zero for none.
    #[must_use]
    pub fn percentile(&self, percent: u32) -> u64 {
        let wanted = (u128::from(self.count) * u128::from(percent)).div_ceil(100);
        let mut seen = 0u128;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += u128::from(*count);
            if *count > 0 && seen >= wanted {
                return upper(bucket).min(self.most);
            }
        }
        self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_a_bucket_that_ends_at_most_a_32nd_above_it() {
        let powers = (0..64).flat_map(|shift| [1u64 << shift, (1u64 << shift) - 1]);
        for value in powers.chain(0..5_000).chain([u64::MAX]) {
            let end = upper(bucket(value));
            assert!(end >= value && end - value <= value >> KEPT_BITS, "{value} in {end}");
        }
        assert!((1..5_000).all(|value| bucket(value - 1) <= bucket(value)));
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_values_within_a_bucket() {
        let mut histogram = Histogram::default();
        let mut values: Vec<u64> = (0..10_000u64).map(|n| n * n % 7_919).collect();
        values.iter().for_each(|value| histogram.record(*value));
        values.sort_unstable();
        for percent in [1, 50, 90, 99, 100] {
            let exact = values[values.len() * percent as usize / 100 - 1];
            let found = histogram.percentile(percent);
            assert!(found >= exact && found - exact <= (exact >> KEPT_BITS) + 1, "{percent}");
        }
        assert_eq!(histogram.sum(), values.iter().map(|v| u128::from(*v)).sum::<u128>());
        assert_eq!(Histogram::default().percentile(50), 0);
    }
}
