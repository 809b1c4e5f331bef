//! Standard output and standard error.

use crate::failure::Failure;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::io::{ErrorKind, IsTerminal, Write};
use std::time::Duration;

/// Where answers, remarks and complaints go.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    json: bool,
    quiet: bool,
}

impl Screen {
    /// A screen that speaks JSON, or says no more than it must.
    pub const fn new(json: bool, quiet: bool) -> Self {
        Screen { json, quiet }
    }

    /// Prints the answer: `text`, or `object` if JSON was asked for.
    pub fn answer(&self, text: &str, object: &impl Serialize) -> Result<(), Failure> {
        if !self.json {
            return self.bytes(text.as_bytes());
        }
        let mut json = serde_json::to_vec_pretty(object)
            .map_err(|error| Failure::Internal(format!("the answer has no JSON: {error}")))?;
        json.push(b'\n');
        self.bytes(&json)
    }

    /// Prints bytes as they are. A reader that went away is no failure: it saw what it wanted.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::Data(format!("cannot write to standard output: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// A remark on standard error, beside the answer.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    /// A complaint on standard error.
    pub fn complain(&self, failure: &Failure) {
        let word = match failure {
            Failure::Internal(_) => "internal error",
            _ => "error",
        };
        let word = Paint::for_stderr().bad(word);
        let _ = writeln!(std::io::stderr().lock(), "{word}: {failure}");
    }

    /// True if progress is to be shown: somebody looks at standard error and wants to see it.
    fn shows_progress(&self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    /// A bar on standard error, or one that nobody sees.
    pub fn bar(&self) -> ProgressBar {
        let template = if Paint::for_stderr().on {
            "{bar:28.cyan/blue} {pos:>3}/{len}  {msg}"
        } else {
            "{bar:28} {pos:>3}/{len}  {msg}"
        };
        self.drawn(ProgressBar::new(0), template)
    }

    /// Says on standard error what takes a while, until the answer is dropped or finished.
    pub fn waits_for(&self, what: &str) -> ProgressBar {
        let spinner = self.drawn(ProgressBar::new_spinner(), "{spinner} {msg}");
        spinner.set_message(what.to_owned());
        if self.shows_progress() {
            spinner.enable_steady_tick(Duration::from_millis(100));
        }
        spinner
    }

    fn drawn(&self, bar: ProgressBar, template: &str) -> ProgressBar {
        if !self.shows_progress() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        // The templates are this file's own; a broken one would only leave the default look.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar
    }
}

/// Colour, where somebody looks and has not asked for none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// Colour on standard output.
    pub fn for_stdout() -> Self {
        Paint { on: coloured(std::io::stdout().is_terminal()) }
    }

    /// Colour on standard error.
    pub fn for_stderr() -> Self {
        Paint { on: coloured(std::io::stderr().is_terminal()) }
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// A heading.
    pub fn strong(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// Something that is as it should be.
    pub fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// Something that is not.
    pub fn bad(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    /// "yes" or "no", in its colour.
    pub fn yes_or_no(self, yes: bool) -> String {
        if yes { self.good("yes") } else { self.bad("no") }
    }
}

/// Whether to colour: never with `NO_COLOR` (no-color.org), always with `CLICOLOR_FORCE`, else on
/// terminals that can.
fn coloured(terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    let can = || std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && (set("CLICOLOR_FORCE") || (terminal && can()))
}
