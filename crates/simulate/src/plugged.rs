//! Where the engine meets the rulebooks, and what a command looks like in a journal.

use breakwater_engine::{Command, Registry};
use breakwater_liquidation::{AssetInfo, Rulebook};
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

/// A command as a journal payload: a version byte and postcard.
#[must_use]
pub fn encode(command: &Command) -> Vec<u8> {
    // A command holds only integers and strings, all of which have an encoding.
    let body = postcard::to_stdvec(command).unwrap_or_default();
    let mut bytes = Vec::with_capacity(body.len() + 1);
    bytes.push(COMMAND_VERSION);
    bytes.extend(body);
    bytes
}

/// The command of a journal payload.
///
/// # Errors
/// Another version, or bytes that are no command.
pub fn decode(bytes: &[u8]) -> Result<Command, String> {
    match bytes.split_first() {
        Some((&COMMAND_VERSION, body)) => match postcard::take_from_bytes(body) {
            Ok((command, [])) => Ok(command),
            Ok((_, rest)) => Err(format!("{} bytes after the command", rest.len())),
            Err(error) => Err(error.to_string()),
        },
        Some((version, _)) => {
            Err(format!("command of version {version}; this build reads {COMMAND_VERSION}"))
        }
        None => Err("empty payload; expected a command".to_owned()),
    }
}
