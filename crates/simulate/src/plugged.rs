//! Where the engine meets the rulebooks, and what a command looks like in a journal.

use breakwater_engine::{Body, Command, Registry};
use breakwater_liquidation::{AssetInfo, Call, Rulebook};
use std::sync::Arc;

struct Plugged;

impl Registry for Plugged {
    fn build(
        &self,
        rule: &str,
        parameters: &str,
        assets: &[AssetInfo],
    ) -> Result<Option<Box<dyn Rulebook>>, String> {
        breakwater_rulebooks::build(rule, parameters, assets)
    }
}

/// Every rulebook of this build.
#[must_use]
pub fn registry() -> Arc<dyn Registry> {
    Arc::new(Plugged)
}

/// Version of the encoding of commands.
pub const COMMAND_VERSION: u8 = 4;

/// The version that installs a policy with defences, which the version before does not know.
pub const COMMAND_VERSION_DEFENDED: u8 = 5;

/// The version of commands that move, roll or use what is listed, which the versions before do not know.
pub const COMMAND_VERSION_LISTED: u8 = 6;

/// Whether a command is one that came with [`COMMAND_VERSION_LISTED`].
const fn listed(command: &Command) -> bool {
    matches!(
        command.body,
        Body::Call(Call::Transfer { .. } | Call::Roll { .. } | Call::Exercise { .. })
    )
}

/// Whether a command installs a policy, and if so whether that has defences.
fn defended(command: &Command) -> Option<bool> {
    match &command.body {
        Body::InstallRulebook { policy, .. } => Some(policy.defences.is_some()),
        _ => None,
    }
}

/// A command as a journal payload: a version byte and postcard. A policy is the last of its command and
/// its defences are the last of the policy: without any, the byte that says so is left out, and the
/// payload is that of the version before.
#[must_use]
pub fn encode(command: &Command) -> Vec<u8> {
    // A command holds only integers and strings, all of which have an encoding.
    let mut body = postcard::to_stdvec(command).unwrap_or_default();
    let defended = defended(command);
    if defended == Some(false) {
        body.pop();
    }
    let version = match defended {
        Some(true) => COMMAND_VERSION_DEFENDED,
        _ if listed(command) => COMMAND_VERSION_LISTED,
        _ => COMMAND_VERSION,
    };
    let mut bytes = Vec::with_capacity(body.len() + 1);
    bytes.push(version);
    bytes.extend(body);
    bytes
}

/// The command of a journal payload.
///
/// # Errors
/// Another version, or bytes that are no command.
pub fn decode(bytes: &[u8]) -> Result<Command, String> {
    let whole = |body: &[u8]| match postcard::take_from_bytes::<Command>(body) {
        Ok((command, [])) => Ok(command),
        Ok((_, rest)) => Err(format!("{} bytes after the command", rest.len())),
        Err(error) => Err(error.to_string()),
    };
    match bytes.split_first() {
        Some((&COMMAND_VERSION, body)) => {
            // Only an installation ends before its defences do.
            let ended: Vec<u8> = body.iter().copied().chain([NO_DEFENCES]).collect();
            match whole(&ended) {
                Ok(command) if defended(&command) == Some(false) => Ok(command),
                _ => match whole(body)? {
                    command if listed(&command) => {
                        Err("a command of a newer version under an older number".to_owned())
                    }
                    command if defended(&command).is_none() => Ok(command),
                    _ => Err("a policy with defences in a command of an older version".to_owned()),
                },
            }
        }
        Some((&COMMAND_VERSION_DEFENDED, body)) => match whole(body)? {
            command if defended(&command) == Some(true) => Ok(command),
            _ => Err("a command of this version installs a policy with defences".to_owned()),
        },
        Some((&COMMAND_VERSION_LISTED, body)) => match whole(body)? {
            command if listed(&command) => Ok(command),
            _ => Err("a command of this version moves, rolls or uses what is listed".to_owned()),
        },
        Some((version, _)) => {
            let reads = format!("{COMMAND_VERSION} to {COMMAND_VERSION_LISTED}");
            Err(format!("command of version {version}; this build reads {reads}"))
        }
        None => Err("empty payload; expected a command".to_owned()),
    }
}

/// The byte of an option that is none.
const NO_DEFENCES: u8 = 0;

#[cfg(test)]
mod tests {
    use super::*;
    use breakwater_liquidation::Policy;
    use breakwater_liquidation::solvency::Defences;
    use breakwater_money::{AccountId, AssetId, Time};

    fn install(defences: Option<Defences>) -> Command {
        let policy = Policy { defences, ..Policy::guarded() };
        let (rule, parameters) = ("r".to_owned(), "p".to_owned());
        let body = Body::InstallRulebook { rule, parameters, hash: [7; 32], policy };
        Command { at: Time(5), body }
    }

    #[test]
    fn a_command_without_defences_is_encoded_as_before_them() {
        let plain = encode(&install(None));
        assert_eq!(plain[0], COMMAND_VERSION);
        let full = postcard::to_stdvec(&install(None)).unwrap();
        assert_eq!(plain[1..], full[..full.len() - 1]);
        assert_eq!(decode(&plain), Ok(install(None)));
        let limited = Defences { queue_seconds: Some(9), ..Defences::default() };
        for defences in [Defences::default(), limited] {
            let command = install(Some(defences));
            let bytes = encode(&command);
            assert_eq!((bytes[0], decode(&bytes)), (COMMAND_VERSION_DEFENDED, Ok(command)));
        }
        let other = Command { at: Time(5), body: Body::Halt { on: true } };
        let bytes = encode(&other);
        assert_eq!((bytes[0], decode(&bytes)), (COMMAND_VERSION, Ok(other.clone())));
        let mut wrong = bytes.clone();
        wrong[0] = COMMAND_VERSION_DEFENDED;
        assert!(decode(&wrong).unwrap_err().contains("installs a policy"));
        let (from, to) = (AccountId(1), AccountId(2));
        let moved = Call::Transfer { from, to, contract: AssetId(3), quantity: 4 };
        let moved = Command { at: Time(5), body: Body::Call(moved) };
        let mut newer = encode(&moved);
        assert_eq!((newer[0], decode(&newer)), (COMMAND_VERSION_LISTED, Ok(moved)));
        newer[0] = COMMAND_VERSION;
        assert!(decode(&newer).unwrap_err().contains("newer version"));
        wrong[0] = COMMAND_VERSION_LISTED;
        assert!(decode(&wrong).unwrap_err().contains("moves, rolls or uses"));
        let mut longer = bytes;
        longer.push(0);
        assert!(decode(&longer).unwrap_err().contains("1 bytes after"));
        assert!(decode(&[9, 1]).unwrap_err().contains("version 9"));
        assert!(decode(&plain[..plain.len() - 1]).is_err());
    }
}
