//! The portable stream: a chain carried out of one journal and into another.

use std::io::{self, Read, Write};
use std::path::Path;

use redb::StorageBackend;
use redb::backends::FileBackend;

use crate::error::JournalError;
use crate::frame::{Hash, Head, PAYLOAD_BYTES_MAX, frame_hash, hex};
use crate::journal::{Journal, require_head};
use crate::manifest::{
    ENGINE_VERSION_BYTES_MAX, FORMAT_VERSION, LABEL_BYTES_MAX, Manifest, genesis_of,
};
use crate::placement::Placement;
use crate::window::Window;

const MAGIC: &[u8; 8] = b"BWSTRM\r\n";
/// Magic, version, length of the manifest.
const HEADER_HEAD_BYTES: usize = 8 + 1 + 4;
/// Tag, version, two lengths and two fields at their longest.
const MANIFEST_BYTES_MAX: usize = 13 + ENGINE_VERSION_BYTES_MAX + LABEL_BYTES_MAX;
const FRAME_MARK: u8 = b'F';
/// Mark, payload length, sequence, previous hash; the payload and the hash follow.
const FRAME_HEAD_BYTES: usize = 1 + 4 + 8 + 32;
const HASH_BYTES: usize = 32;
const END_MARK: u8 = b'E';
/// Mark, number of frames, hash of the last, checksum.
const END_BYTES: usize = 1 + 8 + 32 + 32;
const END_TAG: &[u8; 4] = b"BWEN";

/// An import commits when either bound is met, so memory stays flat over any stream.
const BATCH_FRAMES: usize = 8192;
const BATCH_BYTES: usize = 4 << 20;
/// How far ahead of the expected sequence a frame found behind damage may stand.
const SCAN_SEQUENCES_MAX: u64 = 1 << 32;
/// Bytes hashed in the search for a frame behind damage before the stream is refused anyway; a
/// payload made to look like frame heads would otherwise cost the square of its length.
const SCAN_HASHED_BYTES_MAX: u64 = 1 << 30;

/// What an export wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportReport {
    /// Frames written: the whole chain.
    pub frames: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Where the chain ends.
    pub head: Head,
}

/// What an import read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// Frames imported.
    pub frames: u64,
    /// Bytes of the stream that were whole and were used.
    pub bytes: u64,
    /// Where the imported chain ends.
    pub head: Head,
    /// Set when the stream was cut: what is imported is sound, but something is missing.
    pub torn: Option<Torn>,
}

/// Where and how a stream was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The first sequence that is missing, or would be if the chain went on.
    pub sequence: u64,
    /// Byte offset at which the whole part ends.
    pub offset: u64,
    /// What was found there.
    pub reason: String,
}

impl Journal {
    /// Writes the whole chain as a portable stream, checking each frame on the way, and flushes.
    /// Making the stream durable is up to the owner of the writer.
    ///
    /// # Errors
    /// [`JournalError::Stream`] from the writer, which does no harm to the journal, and those of
    /// reading.
    pub fn export(&self, writer: impl Write) -> Result<ExportReport, JournalError> {
        let mut out = Counted { writer, offset: 0 };
        let manifest = self.manifest().encode()?;
        out.put(MAGIC)?;
        out.put(&[FORMAT_VERSION])?;
        // The encoding refused fields beyond a few thousand bytes, so the cast keeps every bit.
        out.put(&(manifest.len() as u32).to_le_bytes())?;
        out.put(&manifest)?;
        out.put(&genesis_of(&manifest))?;
        let mut frames = 0;
        for frame in self.frames(1)? {
            let frame = frame?;
            out.put(&[FRAME_MARK])?;
            // A payload is at most `PAYLOAD_BYTES_MAX`, so the cast keeps every bit.
            out.put(&(frame.payload.len() as u32).to_le_bytes())?;
            out.put(&frame.sequence.to_le_bytes())?;
            out.put(&frame.previous)?;
            out.put(&frame.payload)?;
            out.put(&frame.hash)?;
            frames += 1;
        }
        let head = self.head();
        out.put(&[END_MARK])?;
        out.put(&head.sequence.to_le_bytes())?;
        out.put(&head.hash)?;
        out.put(&end_checksum(head))?;
        out.flush()?;
        Ok(ExportReport { frames, bytes: out.offset, head })
    }

    /// Makes a new journal at `path` from a stream. The file appears only if the stream is sound
    /// up to its end or to where it was cut.
    ///
    /// A stream that ends inside a frame, or before its end mark, is imported up to its last
    /// whole frame and [`ImportReport::torn`] says so. A damaged frame with anything whole behind
    /// it was not cut but altered, and is refused.
    ///
    /// # Errors
    /// [`JournalError::AlreadyExists`], [`JournalError::NotAJournal`],
    /// [`JournalError::UnsupportedVersion`], [`JournalError::Corrupted`] with frame and offset,
    /// [`JournalError::Stream`] from the reader, and those of writing.
    pub fn import(
        reader: impl Read,
        path: impl AsRef<Path>,
    ) -> Result<(Self, ImportReport), JournalError> {
        let (placement, file) = Placement::begin(path.as_ref())?;
        let backend = FileBackend::new(file)
            .map_err(|error| JournalError::database("importing a stream", error))?;
        let imported = Self::import_on(reader, backend)?;
        placement.settle()?;
        Ok(imported)
    }

    /// As [`Journal::import`], on empty storage, which stays [`JournalError::Unfinished`] unless
    /// the import succeeds.
    ///
    /// # Errors
    /// As [`Journal::import`].
    pub fn import_on(
        reader: impl Read,
        backend: impl StorageBackend,
    ) -> Result<(Self, ImportReport), JournalError> {
        let mut window = Window::new(reader);
        let manifest = read_header(&mut window)?;
        let mut journal = Self::begin(backend, &manifest)?;
        let torn = fill(&mut journal, &mut window)?;
        journal.finish()?;
        let (head, bytes) = (journal.head(), window.offset());
        Ok((journal, ImportReport { frames: head.sequence, bytes, head, torn }))
    }
}

/// Appends the frames of the stream in batches until it ends or is cut.
fn fill(
    journal: &mut Journal,
    window: &mut Window<impl Read>,
) -> Result<Option<Torn>, JournalError> {
    let mut head = journal.head();
    let mut batch: Vec<Vec<u8>> = Vec::new();
    let mut batch_bytes = 0;
    let torn = loop {
        match read_record(window)? {
            Record::Frame { sequence, previous, hash, payload } => {
                require_next(head, sequence, &previous, window.offset())?;
                window.advance(FRAME_HEAD_BYTES + payload.len() + HASH_BYTES);
                head = Head { sequence, hash };
                batch_bytes += payload.len();
                batch.push(payload);
                if batch.len() >= BATCH_FRAMES || batch_bytes >= BATCH_BYTES {
                    journal.append(&batch)?;
                    batch.clear();
                    batch_bytes = 0;
                }
            }
            Record::End(end) => {
                require_end(window, end, head)?;
                break None;
            }
            Record::Broken(reason) => break Some(require_torn(window, head, reason)?),
        }
    };
    journal.append(&batch)?;
    require_head(journal.head(), head)?;
    Ok(torn)
}

/// One record at the front of the window, which is left where it is.
enum Record {
    /// A frame whose hash is that of its content.
    Frame { sequence: u64, previous: Hash, hash: Hash, payload: Vec<u8> },
    /// An end mark whose checksum is right.
    End(Head),
    /// Neither, and why.
    Broken(String),
}

fn read_record(window: &mut Window<impl Read>) -> Result<Record, JournalError> {
    let broken = |reason: &str| Ok(Record::Broken(reason.to_owned()));
    match window.peek(1)?.first() {
        None => broken("the stream ends without its end mark"),
        Some(&FRAME_MARK) => read_frame(window),
        Some(&END_MARK) => {
            let Some(bytes) = window.peek(END_BYTES)?.first_chunk::<END_BYTES>() else {
                return broken("the stream ends inside its end mark");
            };
            let head = Head { sequence: integer(&bytes[1..]), hash: hash_in(&bytes[9..]) };
            if hash_in(&bytes[41..]) != end_checksum(head) {
                return broken("the end mark's checksum is not that of its content");
            }
            Ok(Record::End(head))
        }
        Some(mark) => Ok(Record::Broken(format!(
            "a record begins with byte {mark:#04x}, a frame with 0x46 and the end with 0x45"
        ))),
    }
}

fn read_frame(window: &mut Window<impl Read>) -> Result<Record, JournalError> {
    let short = || Ok(Record::Broken("the stream ends inside a frame".to_owned()));
    let Some(head) = window.peek(FRAME_HEAD_BYTES)?.first_chunk::<FRAME_HEAD_BYTES>().copied()
    else {
        return short();
    };
    let length = payload_length(&head);
    if length > PAYLOAD_BYTES_MAX {
        return Ok(Record::Broken(format!(
            "a frame claims a payload of {length} bytes, the limit is {PAYLOAD_BYTES_MAX}"
        )));
    }
    let total = FRAME_HEAD_BYTES + length + HASH_BYTES;
    let bytes = window.peek(total)?;
    if bytes.len() < total {
        return short();
    }
    let (sequence, previous) = (integer(&head[5..]), hash_in(&head[13..]));
    let payload = &bytes[FRAME_HEAD_BYTES..FRAME_HEAD_BYTES + length];
    let hash = frame_hash(sequence, &previous, payload);
    if bytes[total - HASH_BYTES..] != hash {
        return Ok(Record::Broken("a frame's hash is not that of its content".to_owned()));
    }
    Ok(Record::Frame { sequence, previous, hash, payload: payload.to_vec() })
}

/// Refuses a whole frame that does not follow the one before: repeated, missing or moved.
fn require_next(
    head: Head,
    sequence: u64,
    previous: &Hash,
    offset: u64,
) -> Result<(), JournalError> {
    let damage = |reason| {
        Err(JournalError::Corrupted { sequence: Some(sequence), offset: Some(offset), reason })
    };
    if head.sequence.checked_add(1) != Some(sequence) {
        return damage(format!("frame {} is followed by frame {sequence}", head.sequence));
    }
    if *previous != head.hash {
        return damage(format!(
            "its previous hash is {}, frame {} has hash {}",
            hex(previous),
            head.sequence,
            hex(&head.hash)
        ));
    }
    Ok(())
}

/// Refuses an end mark for another chain, and anything behind it; moves past it.
fn require_end(window: &mut Window<impl Read>, end: Head, head: Head) -> Result<(), JournalError> {
    let offset = Some(window.offset());
    let damage =
        |reason| Err(JournalError::Corrupted { sequence: Some(head.sequence), offset, reason });
    if end != head {
        return damage(format!(
            "the stream ends at frame {} with hash {}, its end mark names frame {} with hash {}",
            head.sequence,
            hex(&head.hash),
            end.sequence,
            hex(&end.hash)
        ));
    }
    window.advance(END_BYTES);
    if !window.peek(1)?.is_empty() {
        return damage("bytes stand behind the end mark".to_owned());
    }
    Ok(())
}

/// Decides whether a broken record is where the stream was cut: it is if nothing whole stands
/// behind it. The window ends up at the broken record's offset for the report.
fn require_torn(
    window: &mut Window<impl Read>,
    head: Head,
    reason: String,
) -> Result<Torn, JournalError> {
    // Sequences are counted from frames that were read, so there is room for one more.
    let (sequence, offset) = (head.sequence.saturating_add(1), window.offset());
    match scan_behind(window, sequence)? {
        None => {
            window.report_as(offset);
            Ok(Torn { sequence, offset, reason })
        }
        Some(found) => Err(JournalError::Corrupted {
            sequence: Some(sequence),
            offset: Some(offset),
            reason: format!("{reason}; {found}, so the stream was altered and not cut"),
        }),
    }
}

/// Looks at every later offset for a whole frame or end mark and says what it found.
fn scan_behind(
    window: &mut Window<impl Read>,
    expected: u64,
) -> Result<Option<String>, JournalError> {
    let mut hashed = 0u64;
    loop {
        window.advance(1);
        let offset = window.offset();
        let head = window.peek(FRAME_HEAD_BYTES)?;
        let worth_reading = match head.first() {
            None => return Ok(None),
            Some(&END_MARK) => true,
            Some(&FRAME_MARK) => head.first_chunk::<FRAME_HEAD_BYTES>().is_some_and(|head| {
                let ahead = integer(&head[5..]).checked_sub(expected);
                payload_length(head) <= PAYLOAD_BYTES_MAX
                    && ahead.is_some_and(|ahead| ahead < SCAN_SEQUENCES_MAX)
            }),
            Some(_) => false,
        };
        if !worth_reading {
            continue;
        }
        if let Some(head) = head.first_chunk::<FRAME_HEAD_BYTES>() {
            hashed += (FRAME_HEAD_BYTES + payload_length(head).min(PAYLOAD_BYTES_MAX)) as u64;
        }
        match read_record(window)? {
            Record::Frame { sequence, .. } => {
                return Ok(Some(format!(
                    "a whole frame {sequence} stands behind, at byte {offset}"
                )));
            }
            Record::End(_) => {
                return Ok(Some(format!("a whole end mark stands behind, at byte {offset}")));
            }
            Record::Broken(_) if hashed > SCAN_HASHED_BYTES_MAX => {
                return Ok(Some("too much behind it resembles frames to tell".to_owned()));
            }
            Record::Broken(_) => {}
        }
    }
}

fn read_header(window: &mut Window<impl Read>) -> Result<Manifest, JournalError> {
    let damage = |reason: &str| JournalError::Corrupted {
        sequence: None,
        offset: Some(0),
        reason: reason.to_owned(),
    };
    let head = window.peek(HEADER_HEAD_BYTES)?;
    if !head.starts_with(MAGIC) {
        let found = &head[..head.len().min(MAGIC.len())];
        return Err(JournalError::NotAJournal {
            reason: format!(
                "the stream begins with \"{}\", an exported journal with \"{}\"",
                found.escape_ascii(),
                MAGIC.escape_ascii()
            ),
        });
    }
    let Some(head) = head.first_chunk::<HEADER_HEAD_BYTES>() else {
        return Err(damage("the stream ends inside its header"));
    };
    if head[8] != FORMAT_VERSION {
        return Err(JournalError::UnsupportedVersion {
            what: "stream",
            found: head[8],
            known: FORMAT_VERSION,
        });
    }
    let length = u32::from_le_bytes([head[9], head[10], head[11], head[12]]) as usize;
    if length > MANIFEST_BYTES_MAX {
        return Err(damage(&format!(
            "the manifest claims {length} bytes, the limit is {MANIFEST_BYTES_MAX}"
        )));
    }
    let total = HEADER_HEAD_BYTES + length + HASH_BYTES;
    let bytes = window.peek(total)?;
    if bytes.len() < total {
        return Err(damage("the stream ends inside its header"));
    }
    let encoded = &bytes[HEADER_HEAD_BYTES..HEADER_HEAD_BYTES + length];
    if bytes[total - HASH_BYTES..] != genesis_of(encoded) {
        return Err(damage("the genesis hash is not that of the manifest"));
    }
    let manifest = Manifest::decode(encoded)?;
    window.advance(total);
    Ok(manifest)
}

fn end_checksum(head: Head) -> Hash {
    *blake3::Hasher::new()
        .update(END_TAG)
        .update(&[FORMAT_VERSION])
        .update(&head.sequence.to_le_bytes())
        .update(&head.hash)
        .finalize()
        .as_bytes()
}

fn payload_length(head: &[u8; FRAME_HEAD_BYTES]) -> usize {
    u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize
}

/// The first eight bytes as an integer; callers pass slices cut from records of fixed length.
fn integer(bytes: &[u8]) -> u64 {
    let mut value = [0; 8];
    value.copy_from_slice(&bytes[..8]);
    u64::from_le_bytes(value)
}

/// The first 32 bytes as a hash; callers pass slices cut from records of fixed length.
fn hash_in(bytes: &[u8]) -> Hash {
    let mut value = [0; 32];
    value.copy_from_slice(&bytes[..32]);
    value
}

/// A writer that knows how far it got.
struct Counted<W> {
    writer: W,
    offset: u64,
}

impl<W: Write> Counted<W> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        self.writer.write_all(bytes).map_err(|source| self.failed(source))?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        self.writer.flush().map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> JournalError {
        JournalError::Stream { offset: self.offset, source }
    }
}
