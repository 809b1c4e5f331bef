//! Accounts by the price at which they come into breach.
//!
//! The key of an account is debt over collateral, rounded to the nearest float; its bucket is the
//! key's exponent and first bits, so buckets are in order of price, each a few thousandths of a part
//! of a thousand wide, and no logarithm is taken. Rounding keeps order, so whoever is in breach at a
//! price lies in the bucket of that price or above: the list is never late. Who of them is in breach
//! is decided by whole numbers.

/// An account that was liquidated before, base units. It owes something and holds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Touched {
    pub(super) collateral: u64,
    pub(super) debt: u64,
}

/// Factors of two below and above the first key that have buckets of their own; what lies beyond
/// shares the last bucket on its side.
const OCTAVES_BELOW: u64 = 10;
const OCTAVES_ABOVE: u64 = 2;

/// Bits of a float's mantissa.
const MANTISSA_BITS: u32 = 52;

#[derive(Debug, Clone)]
pub(super) struct Queue {
    buckets: Vec<Vec<Touched>>,
    /// How far the bits of a key are shifted to give its bucket.
    shift: u32,
    /// Shifted bits of the lowest key with a bucket of its own.
    base: u64,
    /// No bucket at or above holds anybody.
    end: usize,
    /// No bucket below was used since the queue was emptied.
    low: usize,
    /// No bucket at or above was.
    high: usize,
}

impl Queue {
    /// An empty queue around a first key above zero, for a number of accounts.
    pub(super) fn new(first: f64, accounts: usize) -> Queue {
        // A bucket holds a few dozens where accounts are spread over a factor of two.
        let bits = (accounts.max(1).ilog2().saturating_sub(4)).clamp(4, 16);
        let shift = MANTISSA_BITS - bits;
        let base = (first.to_bits() >> shift).saturating_sub(OCTAVES_BELOW << bits);
        let count = (OCTAVES_BELOW + OCTAVES_ABOVE) << bits;
        let buckets = vec![Vec::new(); usize::try_from(count).unwrap_or(usize::MAX)];
        let low = buckets.len();
        Queue { buckets, shift, base, end: 0, low, high: 0 }
    }

    /// The bucket of a key; the bits of floats above zero are in order of their values.
    #[inline]
    pub(super) fn bucket(&self, key: f64) -> usize {
        let place = (key.to_bits() >> self.shift).saturating_sub(self.base) as usize;
        place.min(self.buckets.len() - 1)
    }

    /// Puts an account into its bucket.
    #[inline]
    pub(super) fn push(&mut self, account: Touched) {
        // Both are below 2^50, so exact, and the quotient is the nearest float to their ratio. The
        // casts go through signed numbers, for which processors have an instruction.
        let key = account.debt as i64 as f64 / account.collateral as i64 as f64;
        let bucket = self.bucket(key);
        self.end = self.end.max(bucket + 1);
        self.low = self.low.min(bucket);
        self.high = self.high.max(bucket + 1);
        self.buckets[bucket].push(account);
    }

    /// Whether a bucket at or above the given one may hold somebody.
    #[inline]
    pub(super) fn reaches(&self, bucket: usize) -> bool {
        self.end > bucket
    }

    /// Moves to `taken` whoever is in breach, out of the buckets from the given one up.
    pub(super) fn take(
        &mut self,
        bucket: usize,
        in_breach: impl Fn(&Touched) -> bool,
        taken: &mut Vec<Touched>,
    ) {
        let mut left_end = bucket;
        for place in (bucket..self.end).rev() {
            let accounts = &mut self.buckets[place];
            let mut kept = 0;
            for at in 0..accounts.len() {
                let account = accounts[at];
                if in_breach(&account) {
                    taken.push(account);
                } else {
                    accounts[kept] = account;
                    kept += 1;
                }
            }
            accounts.truncate(kept);
            if kept > 0 {
                left_end = left_end.max(place + 1);
            }
        }
        self.end = left_end.min(self.end);
    }

    /// Everybody in the buckets from the given one up.
    pub(super) fn from(&self, bucket: usize) -> impl Iterator<Item = &Touched> {
        self.buckets[bucket.min(self.end)..self.end].iter().flatten()
    }

    /// Empties the queue and keeps its memory.
    pub(super) fn clear(&mut self) {
        let used = self.low..self.high.max(self.low);
        self.buckets[used].iter_mut().for_each(Vec::clear);
        (self.end, self.low, self.high) = (0, self.buckets.len(), 0);
    }
}
