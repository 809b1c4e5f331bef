//! A reader that can look ahead without losing its place.

use std::io::{self, Read};

use crate::error::JournalError;

const READ_BYTES: usize = 64 << 10;

/// The part of a stream between what was used and what was looked at.
pub(crate) struct Window<R> {
    reader: R,
    buffer: Vec<u8>,
    /// Where the unused part of the buffer begins.
    start: usize,
    /// Offset in the stream of that place.
    offset: u64,
    ended: bool,
}

impl<R: Read> Window<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), start: 0, offset: 0, ended: false }
    }

    /// Bytes of the stream that were used.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Sets the offset to answer from here on: a scan that found nothing used nothing.
    pub(crate) fn report_as(&mut self, offset: u64) {
        self.offset = offset;
    }

    /// The next `wanted` bytes, or fewer if the stream ends before. What is held is bounded by
    /// the largest `wanted` and one read beyond it.
    pub(crate) fn peek(&mut self, wanted: usize) -> Result<&[u8], JournalError> {
        if self.buffer.len() - self.start < wanted && !self.ended {
            self.buffer.drain(..self.start);
            self.start = 0;
            self.read_until(wanted)?;
        }
        let end = self.buffer.len().min(self.start + wanted);
        Ok(&self.buffer[self.start..end])
    }

    /// Moves on by `count` bytes, which must have been looked at, or to the end.
    pub(crate) fn advance(&mut self, count: usize) {
        let count = count.min(self.buffer.len() - self.start);
        self.start += count;
        self.offset += count as u64;
    }

    fn read_until(&mut self, wanted: usize) -> Result<(), JournalError> {
        while self.buffer.len() < wanted && !self.ended {
            let held = self.buffer.len();
            self.buffer.resize(held + READ_BYTES, 0);
            let read = self.reader.read(&mut self.buffer[held..]);
            self.buffer.truncate(held + read.as_ref().map_or(0, |count| *count));
            match read {
                Ok(0) => self.ended = true,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => {
                    let offset = self.offset + self.buffer.len() as u64;
                    return Err(JournalError::Stream { offset, source });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Answers a few bytes at a time and is interrupted in between.
    struct Dribble<'a>(&'a [u8], usize);

    impl Read for Dribble<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1.is_multiple_of(3) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let count = self.0.len().min(out.len()).min(self.1 % 7 + 1);
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    proptest! {
        #[test]
        fn looking_ahead_shows_the_stream_from_its_place(
            bytes: Vec<u8>,
            steps in prop::collection::vec((0usize..40, 0usize..40), 0..40),
        ) {
            let mut window = Window::new(Dribble(&bytes, 0));
            let mut at = 0;
            for (look, go) in steps {
                let seen = window.peek(look).unwrap().to_vec();
                prop_assert_eq!(&seen[..], &bytes[at..bytes.len().min(at + look)]);
                let go = go.min(seen.len());
                window.advance(go);
                at += go;
                prop_assert_eq!(window.offset(), at as u64);
            }
        }
    }
}
