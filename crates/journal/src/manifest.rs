//! What a journal says about itself, from which its chain begins.

use crate::error::JournalError;
use crate::frame::Hash;

/// Version byte of the journal's own formats: frames, manifest, snapshots, witness, stream.
pub const FORMAT_VERSION: u8 = 1;
/// Greatest length of [`Manifest::engine_version`], in bytes: a version and a commit fit.
pub const ENGINE_VERSION_BYTES_MAX: usize = 256;
/// Greatest length of [`Manifest::label`], in bytes: room for a few hashes and names, not a book.
pub const LABEL_BYTES_MAX: usize = 4096;

const TAG: &[u8; 4] = b"BWMF";

/// What a journal was begun by and for. It is written once, and the hash of it is the previous
/// hash of the first frame, so frames cannot be moved to a journal of another engine or run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The version of the engine whose commands the frames carry.
    pub engine_version: String,
    /// Free bytes that name the run: rulebook hashes, a scenario's name, a seed.
    pub label: Vec<u8>,
}

impl Manifest {
    /// A manifest of these two fields.
    pub fn new(engine_version: impl Into<String>, label: impl Into<Vec<u8>>) -> Self {
        Self { engine_version: engine_version.into(), label: label.into() }
    }

    /// The hash from which the chain begins: BLAKE3 of the encoded manifest.
    ///
    /// # Errors
    /// [`JournalError::TooLong`] when a field exceeds its limit.
    pub fn genesis(&self) -> Result<Hash, JournalError> {
        Ok(genesis_of(&self.encode()?))
    }

    /// Tag, version, then each field behind its length as four little-endian bytes.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, JournalError> {
        let mut bytes = Vec::with_capacity(13 + self.engine_version.len() + self.label.len());
        bytes.extend_from_slice(TAG);
        bytes.push(FORMAT_VERSION);
        put(
            &mut bytes,
            "engine_version",
            self.engine_version.as_bytes(),
            ENGINE_VERSION_BYTES_MAX,
        )?;
        put(&mut bytes, "label", &self.label, LABEL_BYTES_MAX)?;
        Ok(bytes)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, JournalError> {
        let rest = bytes
            .strip_prefix(TAG)
            .ok_or_else(|| JournalError::damage("the manifest does not begin with its tag"))?;
        let (&version, rest) =
            rest.split_first().ok_or_else(|| JournalError::damage("the manifest is cut short"))?;
        if version != FORMAT_VERSION {
            return Err(JournalError::UnsupportedVersion {
                what: "manifest",
                found: version,
                known: FORMAT_VERSION,
            });
        }
        let (engine_version, rest) = take(rest, "engine_version", ENGINE_VERSION_BYTES_MAX)?;
        let (label, rest) = take(rest, "label", LABEL_BYTES_MAX)?;
        if !rest.is_empty() {
            return Err(JournalError::damage("the manifest is longer than its fields"));
        }
        let engine_version = String::from_utf8(engine_version.to_vec())
            .map_err(|_| JournalError::damage("the manifest's engine_version is not UTF-8"))?;
        Ok(Self { engine_version, label: label.to_vec() })
    }

    /// Refuses a stored manifest other than the one this run was started with.
    pub(crate) fn require_same(&self, given: &Self) -> Result<(), JournalError> {
        let differs = |field, stored: String, given: String| {
            Err(JournalError::ManifestMismatch { field, stored, given })
        };
        if self.engine_version != given.engine_version {
            let (stored, given) = (&self.engine_version, &given.engine_version);
            return differs("engine_version", format!("{stored:?}"), format!("{given:?}"));
        }
        if self.label != given.label {
            let text = |label: &[u8]| format!("\"{}\"", label.escape_ascii());
            return differs("label", text(&self.label), text(&given.label));
        }
        Ok(())
    }
}

pub(crate) fn genesis_of(encoded: &[u8]) -> Hash {
    *blake3::hash(encoded).as_bytes()
}

fn put(out: &mut Vec<u8>, field: &str, bytes: &[u8], limit: usize) -> Result<(), JournalError> {
    if bytes.len() > limit {
        return Err(JournalError::TooLong {
            field: format!("manifest.{field}"),
            length: bytes.len() as u64,
            limit: limit as u64,
        });
    }
    // Both limits are far below four gigabytes, so the cast keeps every bit.
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}

fn take<'a>(
    bytes: &'a [u8],
    field: &str,
    limit: usize,
) -> Result<(&'a [u8], &'a [u8]), JournalError> {
    let short = || JournalError::damage(format!("the manifest is cut short at {field}"));
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(short)?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > limit {
        return Err(JournalError::damage(format!(
            "the manifest's {field} claims {length} bytes, the limit is {limit}"
        )));
    }
    rest.split_at_checked(length).ok_or_else(short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_manifest_survives_its_encoding(version in "\\PC{0,40}", label: Vec<u8>) {
            let manifest = Manifest::new(version, label);
            prop_assert_eq!(Manifest::decode(&manifest.encode().unwrap()).unwrap(), manifest);
        }

        #[test]
        fn a_cut_or_altered_manifest_never_reads_as_the_same(
            version in "\\PC{0,20}", label: Vec<u8>, at: prop::sample::Index, bit in 0u8..8,
        ) {
            let manifest = Manifest::new(version, label);
            let bytes = manifest.encode().unwrap();
            let at = at.index(bytes.len());
            prop_assert!(Manifest::decode(&bytes[..at]).is_err());
            let mut altered = bytes.clone();
            altered[at] ^= 1 << bit;
            if let Ok(read) = Manifest::decode(&altered) {
                prop_assert_ne!(read.genesis().unwrap(), manifest.genesis().unwrap());
            }
        }

        #[test]
        fn any_bytes_decode_or_are_refused(bytes: Vec<u8>) {
            let _ = Manifest::decode(&bytes);
        }
    }

    #[test]
    fn a_field_over_its_limit_is_refused_by_name() {
        let manifest = Manifest::new("1", vec![0; LABEL_BYTES_MAX + 1]);
        let text = manifest.genesis().unwrap_err().to_string();
        assert_eq!(text, "manifest.label is 4097 bytes long, the limit is 4096");
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let one = Manifest::new("1.0a", b"b".to_vec()).genesis().unwrap();
        let two = Manifest::new("1.0", b"ab".to_vec()).genesis().unwrap();
        assert_ne!(one, two);
    }
}
