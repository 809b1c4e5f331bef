//! A journal read back into an engine: what its commands say, judged anew.

use crate::failure::Failure;
use breakwater_engine::{Command, Engine};
use breakwater_journal::{Hash, Journal};
use breakwater_simulate::{decode, registry};
use std::collections::BTreeMap;
use std::path::Path;

/// An engine that applied every command of a journal.
pub struct Rebuilt {
    /// The engine.
    pub engine: Engine,
    /// Commands that it refused, as it did when they were first applied.
    pub rejected: u64,
    /// State hashes after the sequences asked for.
    pub hashes: BTreeMap<u64, Hash>,
}

/// Opens the journal at `path` after checking all of it.
pub fn open(path: &Path) -> Result<Journal, Failure> {
    if path.is_dir() {
        let path = path.display();
        return Err(Failure::Data(format!(
            "{path} is a folder, expected a journal such as {path}/journal.redb"
        )));
    }
    Journal::open(path).map_err(|error| Failure::journal(path, &error))
}

/// Applies every command of the journal to a fresh engine, and notes the state hash after each
/// sequence of `at`.
pub fn rebuild(journal: &Journal, path: &Path, at: &[u64]) -> Result<Rebuilt, Failure> {
    let mut engine = Engine::new(registry());
    let mut rejected = 0;
    let mut hashes = BTreeMap::new();
    if at.contains(&0) {
        hashes.insert(0, engine.state_hash().combined);
    }
    each(journal, path, |sequence, command| {
        rejected += u64::from(!engine.apply(&command).accepted());
        if at.contains(&sequence) {
            hashes.insert(sequence, engine.state_hash().combined);
        }
    })?;
    Ok(Rebuilt { engine, rejected, hashes })
}

/// Hands every command of the journal on, one after the other, with its place.
pub fn each(
    journal: &Journal,
    path: &Path,
    mut take: impl FnMut(u64, Command),
) -> Result<(), Failure> {
    let failed = |error| Failure::journal(path, &error);
    for frame in journal.frames(1).map_err(failed)? {
        let frame = frame.map_err(failed)?;
        let command = decode(&frame.payload).map_err(|reason| {
            let (path, sequence) = (path.display(), frame.sequence);
            Failure::Data(format!(
                "{path}: frame {sequence} holds no command that this build knows: {reason}"
            ))
        })?;
        take(frame.sequence, command);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use breakwater_engine::Body;
    use breakwater_journal::Manifest;
    use breakwater_liquidation::AssetKind;
    use breakwater_money::Time;
    use breakwater_simulate::encode;

    fn define(symbol: &str) -> Command {
        let (symbol, kind) = (symbol.to_owned(), AssetKind::Token);
        Command { at: Time(1), body: Body::DefineAsset { symbol, decimals: 18, kind } }
    }

    #[test]
    fn a_journal_that_lacks_a_command_gives_another_hash() {
        let folder = tempfile::tempdir().unwrap();
        let commands = [define("WETH"), define("USDC"), define("DAI")];
        let mut live = Engine::new(registry());
        for command in &commands {
            assert!(live.apply(command).accepted());
        }
        let hash_of = |name: &str, commands: &[Command]| {
            let path = folder.path().join(name);
            let mut journal = Journal::create(&path, &Manifest::new("test", "test")).unwrap();
            journal.append(&commands.iter().map(encode).collect::<Vec<_>>()).unwrap();
            rebuild(&journal, &path, &[]).unwrap().engine.state_hash().combined
        };
        assert_eq!(hash_of("whole", &commands), live.state_hash().combined);
        assert_ne!(hash_of("short", &commands[..2]), live.state_hash().combined);
        let altered = [define("WETH"), define("USDT"), define("DAI")];
        assert_ne!(hash_of("altered", &altered), live.state_hash().combined);
    }

    #[test]
    fn a_frame_that_is_no_command_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let mut journal = Journal::create(&path, &Manifest::new("test", "test")).unwrap();
        journal.append(&[encode(&define("WETH")), b"nonsense".to_vec()]).unwrap();
        let failure = rebuild(&journal, &path, &[]).err().unwrap();
        assert!(failure.to_string().contains("frame 2"), "{failure}");
        assert_eq!(failure.exit_code(), crate::failure::DATA);
    }
}
