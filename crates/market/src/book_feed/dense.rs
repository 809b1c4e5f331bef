//! A side as an array around the touch.
//!
//! Nearly all updates fall near the touch, so there every key has a slot of its own, and three
//! layers of bits say which slots hold something: 64 slots a word, 64 words a word above. Setting a
//! level and finding the best or the next is a few operations on words, whatever the book holds, and
//! allocates nothing. Levels outside the array stand in one sorted list; when the touch leaves the
//! middle half, the array moves.

use super::levels::Levels;

/// Bits in a word, and its logarithm.
const WORD: u64 = 64;
const SHIFT: u32 = 6;
/// Slots: three layers of words, the highest of one word. 2 MiB a side, of which only the touched
/// part is ever in a cache; at a tick of a cent it covers 2,621 of the quote.
const SLOTS: u64 = WORD * WORD * WORD;
/// The touch stays this far from both ends, or the array moves.
const MARGIN: u64 = SLOTS >> 2;
/// Room in the list from the start: a published snapshot has a thousand levels a side.
const FAR_ROOM: usize = 4_096;

/// The levels of one side: an array around the touch, and a sorted list beyond it.
#[derive(Debug, Clone)]
pub struct DenseLevels {
    /// Key of the first slot.
    base: u64,
    slots: Vec<u64>,
    /// A bit for each slot, word of them, and word of those, that holds something.
    words: Vec<u64>,
    blocks: Vec<u64>,
    root: u64,
    /// Slots that hold something.
    near: usize,
    /// Keys outside the array, ascending, with what they hold.
    far: Vec<(u64, u64)>,
    /// The greatest key that holds something.
    best: Option<u64>,
}

impl Default for DenseLevels {
    fn default() -> Self {
        DenseLevels {
            base: 0,
            slots: vec![0; SLOTS as usize],
            words: vec![0; (SLOTS >> SHIFT) as usize],
            blocks: vec![0; WORD as usize],
            root: 0,
            near: 0,
            far: Vec::with_capacity(FAR_ROOM),
            best: None,
        }
    }
}

/// The highest bit of `word` below `bit`, which may be 64 for any.
fn highest_below(word: u64, bit: u32) -> Option<u32> {
    let kept = match bit {
        WORD_BITS.. => word,
        _ => word & ((1 << bit) - 1),
    };
    kept.checked_ilog2()
}

const WORD_BITS: u32 = WORD as u32;

impl DenseLevels {
    /// The slot of a key, if the array has one.
    fn slot(&self, key: u64) -> Option<usize> {
        let offset = key.wrapping_sub(self.base);
        // A slot is below 2^18.
        (key >= self.base && offset < SLOTS).then_some(offset as usize)
    }

    /// What `far` holds at `key`, or where it would stand.
    fn find_far(&self, key: u64) -> Result<usize, usize> {
        self.far.binary_search_by_key(&key, |level| level.0)
    }

    fn set_near(&mut self, slot: usize, quantity: u64) -> u64 {
        let Some(held) = self.slots.get_mut(slot) else { return 0 };
        let before = std::mem::replace(held, quantity);
        if (before == 0) != (quantity == 0) {
            self.mark(slot, quantity != 0);
        }
        before
    }

    /// Sets or clears a slot's bit, and those above it where a word begins or ceases to have any.
    fn mark(&mut self, slot: usize, holds: bool) {
        let (word_at, block_at) = (slot >> SHIFT, slot >> (2 * SHIFT));
        let (Some(word), Some(block)) =
            (self.words.get_mut(word_at), self.blocks.get_mut(block_at))
        else {
            return;
        };
        let bit = |at: usize| 1u64 << (at as u64 & (WORD - 1));
        if holds {
            self.near += 1;
            *word |= bit(slot);
            *block |= bit(word_at);
            self.root |= bit(block_at);
            return;
        }
        self.near -= 1;
        *word &= !bit(slot);
        if *word == 0 {
            *block &= !bit(word_at);
            if *block == 0 {
                self.root &= !bit(block_at);
            }
        }
    }

    /// The highest slot below `slot` that holds something; `slot` may be [`SLOTS`] for any.
    fn near_below(&self, slot: u64) -> Option<u64> {
        let within = |at: u64| (at & (WORD - 1)) as u32;
        let (word_at, block_at) = (slot >> SHIFT, slot >> (2 * SHIFT));
        let word = |at: u64| self.words.get(at as usize).copied().unwrap_or(0);
        let block = |at: u64| self.blocks.get(at as usize).copied().unwrap_or(0);
        if let Some(bit) = highest_below(word(word_at), within(slot)) {
            return Some((word_at << SHIFT) + u64::from(bit));
        }
        let word_at = match highest_below(block(block_at), within(word_at)) {
            Some(bit) => (block_at << SHIFT) + u64::from(bit),
            None => {
                // At the very end the block's number is 64: any block is below it.
                let below = u32::try_from(block_at).unwrap_or(WORD_BITS);
                let block_at = u64::from(highest_below(self.root, below)?);
                (block_at << SHIFT) + u64::from(block(block_at).checked_ilog2()?)
            }
        };
        Some((word_at << SHIFT) + u64::from(word(word_at).checked_ilog2()?))
    }

    /// The greatest key below `key`; `None` asks for the greatest of all.
    fn find_below(&self, key: Option<u64>) -> Option<u64> {
        let far_at = match key {
            Some(key) => self.far.partition_point(|level| level.0 < key),
            None => self.far.len(),
        };
        let far = far_at.checked_sub(1).and_then(|at| self.far.get(at)).map(|level| level.0);
        let slot = match key {
            Some(key) if key < self.base => 0,
            Some(key) => (key - self.base).min(SLOTS),
            None => SLOTS,
        };
        let near = self.near_below(slot).map(|slot| self.base + slot);
        near.max(far)
    }

    /// Where the array should begin for a touch at `best`.
    fn base_for(best: u64) -> u64 {
        best.saturating_sub(SLOTS >> 1).min(u64::MAX - (SLOTS - 1))
    }

    /// Moves the array if the touch has left its middle half.
    fn follow(&mut self) {
        let Some(best) = self.best else { return };
        let offset = best.wrapping_sub(self.base);
        let inside = best >= self.base && (MARGIN..SLOTS - MARGIN).contains(&offset);
        let base = Self::base_for(best);
        if inside || base == self.base {
            return;
        }
        while let Some(slot) = self.near_below(SLOTS) {
            // A slot is below 2^18.
            let quantity = self.set_near(slot as usize, 0);
            let key = self.base + slot;
            let at = self.far.partition_point(|level| level.0 < key);
            self.far.insert(at, (key, quantity));
        }
        self.base = base;
        let first = self.far.partition_point(|level| level.0 < base);
        let end = self.far.partition_point(|level| level.0.saturating_sub(base) < SLOTS);
        let mut inside = self.far.split_off(first);
        self.far.extend(inside.drain((end - first)..));
        for (key, quantity) in inside {
            if let Some(slot) = self.slot(key) {
                self.set_near(slot, quantity);
            }
        }
    }
}

impl Levels for DenseLevels {
    fn set(&mut self, key: u64, quantity: u64) -> u64 {
        let before = match self.slot(key) {
            Some(slot) => self.set_near(slot, quantity),
            None => match self.find_far(key) {
                Ok(at) if quantity == 0 => self.far.remove(at).1,
                Ok(at) => match self.far.get_mut(at) {
                    Some(level) => std::mem::replace(&mut level.1, quantity),
                    None => 0,
                },
                Err(_) if quantity == 0 => 0,
                Err(at) => {
                    self.far.insert(at, (key, quantity));
                    0
                }
            },
        };
        if quantity > 0 {
            if self.best.is_none_or(|best| key > best) {
                self.best = Some(key);
                self.follow();
            }
        } else if self.best == Some(key) {
            self.best = self.find_below(Some(key));
            self.follow();
        }
        before
    }

    fn quantity(&self, key: u64) -> u64 {
        match self.slot(key) {
            Some(slot) => self.slots.get(slot).copied().unwrap_or(0),
            None => {
                let at = self.find_far(key).ok();
                at.and_then(|at| self.far.get(at)).map_or(0, |level| level.1)
            }
        }
    }

    fn best(&self) -> Option<(u64, u64)> {
        self.best.map(|key| (key, self.quantity(key)))
    }

    fn below(&self, key: u64) -> Option<(u64, u64)> {
        self.find_below(Some(key)).map(|key| (key, self.quantity(key)))
    }

    fn count(&self) -> usize {
        self.near + self.far.len()
    }

    fn clear(&mut self) {
        while let Some(slot) = self.near_below(SLOTS) {
            self.set_near(slot as usize, 0);
        }
        self.far.clear();
        self.best = None;
    }
}
