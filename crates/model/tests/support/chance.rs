//! Seeded chance: splitmix64, the same on every machine.

#[derive(Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Chance(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `below` - 1.
    pub fn below(&mut self, below: u64) -> u64 {
        self.next() % below.max(1)
    }

    pub fn range(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }

    /// True in `percent` of a hundred cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    /// A part of `whole`: a thousandth to all of it, never nothing of something.
    pub fn part(&mut self, whole: u128) -> u128 {
        let thousandths = u128::from(self.range(1, 1_000));
        (whole / 1_000 * thousandths + whole % 1_000 * thousandths / 1_000).clamp(1, whole.max(1))
    }

    /// Few or many digits, evenly.
    pub fn wide(&mut self, most: u128) -> u128 {
        let bits = 128 - most.leading_zeros();
        let shift = self.below(u64::from(bits.max(1)));
        let value = (u128::from(self.next()) << 64 | u128::from(self.next())) >> shift;
        1 + value % (most >> shift).max(1)
    }
}
