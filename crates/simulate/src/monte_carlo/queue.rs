//! Accounts by the price at which they come into breach.
//!
//! The key of an account is a price, or debt over collateral, rounded to the nearest float; its bucket
//! is the key's exponent and first bits, so buckets are in order of price, some thousands to a factor
//! of two, and no logarithm is taken. Rounding keeps order, so whoever is in breach at a price lies in
//! the bucket of that price or above: the list is never late. Who of them is in breach is decided by
//! whole numbers.

/// What a queue holds.
pub(super) trait Keyed: Copy {
    /// Stands where nobody does.
    const NOBODY: Self;

    /// Where it belongs: above zero and in order of the prices of breach; `None` if it never comes
    /// into breach.
    fn key(&self) -> Option<f64>;
}

/// Factors of two below and above the first key that have buckets of their own; what lies beyond
/// shares the last bucket on its side.
const OCTAVES_BELOW: u64 = 10;
const OCTAVES_ABOVE: u64 = 2;

/// Bits of a float's mantissa.
const MANTISSA_BITS: u32 = 52;

#[derive(Debug, Clone)]
pub(super) struct Queue<T> {
    buckets: Vec<Vec<T>>,
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
    /// Memory of buckets that were emptied.
    spare: Vec<Vec<T>>,
}

impl<T: Keyed> Queue<T> {
    /// An empty queue around a first key above zero, for a number of accounts.
    pub(super) fn new(first: f64, accounts: usize) -> Queue<T> {
        // A bucket holds a few dozens where accounts are spread over a factor of two.
        let bits = (accounts.max(1).ilog2().saturating_sub(4)).clamp(4, 16);
        let shift = MANTISSA_BITS - bits;
        let base = (first.to_bits() >> shift).saturating_sub(OCTAVES_BELOW << bits);
        let count = (OCTAVES_BELOW + OCTAVES_ABOVE) << bits;
        let buckets = vec![Vec::new(); usize::try_from(count).unwrap_or(usize::MAX)];
        let low = buckets.len();
        Queue { buckets, shift, base, end: 0, low, high: 0, spare: Vec::new() }
    }

    /// The bucket of a key; the bits of floats above zero are in order of their values.
    #[inline]
    pub(super) fn bucket(&self, key: f64) -> usize {
        let place = (key.to_bits() >> self.shift).saturating_sub(self.base) as usize;
        place.min(self.buckets.len().wrapping_sub(1))
    }

    /// Puts accounts into their buckets; whoever has no key is left out.
    pub(super) fn put(&mut self, accounts: &[T]) {
        let (mut lowest, mut highest) = (usize::MAX, 0);
        for account in accounts {
            let Some(key) = account.key() else { continue };
            let bucket = self.bucket(key);
            lowest = lowest.min(bucket);
            highest = highest.max(bucket);
            let accounts = &mut self.buckets[bucket];
            if accounts.capacity() == 0 {
                *accounts = self.spare.pop().unwrap_or_default();
            }
            accounts.push(*account);
        }
        if lowest <= highest {
            self.end = self.end.max(highest + 1);
            self.low = self.low.min(lowest);
            self.high = self.high.max(highest + 1);
        }
    }

    /// Puts many accounts into an empty queue, with no more memory than they need.
    pub(super) fn fill(&mut self, accounts: impl Iterator<Item = T> + Clone) {
        let mut counts = vec![0usize; self.buckets.len()];
        accounts.clone().filter_map(|a| a.key()).for_each(|key| counts[self.bucket(key)] += 1);
        for (bucket, count) in self.buckets.iter_mut().zip(counts) {
            bucket.reserve_exact(count);
        }
        accounts.for_each(|account| self.put(&[account]));
    }

    /// Whether a bucket at or above the given one may hold somebody.
    #[inline]
    pub(super) fn reaches(&self, bucket: usize) -> bool {
        self.end > bucket
    }

    /// Moves whoever is in breach, out of the buckets from the given one up, to the beginning of
    /// `taken`, and says how many they are. What `taken` held is overwritten.
    pub(super) fn take(
        &mut self,
        bucket: usize,
        in_breach: impl Fn(&T) -> bool,
        taken: &mut Vec<T>,
    ) -> usize {
        let mut left_end = bucket;
        let mut count = 0;
        for place in (bucket..self.end).rev() {
            let accounts = &mut self.buckets[place];
            if accounts.is_empty() {
                continue;
            }
            if taken.len() < count + accounts.len() {
                taken.resize(2 * (count + accounts.len()), T::NOBODY);
            }
            let kept = divide(accounts, &mut taken[count..], &in_breach);
            count += accounts.len() - kept;
            accounts.truncate(kept);
            if kept > 0 {
                left_end = left_end.max(place + 1);
            } else {
                // What was read last is the next to be written: its memory is near.
                self.spare.push(std::mem::take(accounts));
            }
        }
        self.end = left_end.min(self.end);
        count
    }

    /// Everybody in the buckets from the given one up.
    pub(super) fn from(&self, bucket: usize) -> impl Iterator<Item = &T> {
        self.buckets[bucket.min(self.end)..self.end].iter().flatten()
    }

    /// Memory it holds, bytes.
    pub(super) fn bytes(&self) -> usize {
        let all = self.buckets.iter().chain(&self.spare);
        let held: usize = all.map(Vec::capacity).sum();
        let heads = self.buckets.capacity() + self.spare.capacity();
        held * size_of::<T>() + heads * size_of::<Vec<T>>()
    }

    /// Empties the queue and keeps its memory.
    pub(super) fn clear(&mut self) {
        let used = self.low..self.high.max(self.low);
        for accounts in self.buckets[used].iter_mut().filter(|accounts| accounts.capacity() > 0) {
            accounts.clear();
            self.spare.push(std::mem::take(accounts));
        }
        (self.end, self.low, self.high) = (0, self.buckets.len(), 0);
    }
}

/// Copies to `taken` whoever is in breach and moves the others to the beginning; says how many these
/// are. `taken` is as long as `accounts` at least.
#[inline]
fn divide<T: Copy>(accounts: &mut [T], taken: &mut [T], in_breach: impl Fn(&T) -> bool) -> usize {
    let (mut kept, mut count) = (0usize, 0usize);
    // Both places are written and one of them counts: in the bucket of the price itself a branch
    // would be guessed wrong half of the time.
    for at in 0..accounts.len() {
        let account = accounts[at];
        let breach = in_breach(&account);
        taken[count] = account;
        accounts[kept] = account;
        count = count.wrapping_add(usize::from(breach));
        kept = kept.wrapping_add(usize::from(!breach));
    }
    kept
}
