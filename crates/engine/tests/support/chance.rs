//! Seeded chance: splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
//! generators", 2014), the same on every machine.

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

    /// 0 to `below` less one.
    pub fn below(&mut self, below: u64) -> u64 {
        self.next() % below
    }

    /// 0 to `below` less one, as an amount.
    pub fn amount(&mut self, below: u128) -> u128 {
        (u128::from(self.next()) << 64 | u128::from(self.next())) % below
    }
}
