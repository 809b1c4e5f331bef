//! `breakwater why`: one account's story, told from a journal.
//!
//! The journal's commands go through a fresh engine, once and in order, while one account is
//! watched. Whatever can only be known before a command (which line it would cross, and what of it
//! alone would do so) is asked of the engine before the command, so that nothing is guessed.

mod account;
mod auctions;
mod cause;
mod choice;
mod json;
mod marks;
mod record;
mod steps;
#[cfg(test)]
mod tests;
mod told;
mod units;
mod watched;

use crate::arguments::Why;
use crate::failure::{Failure, Verdict};
use crate::rebuilt;
use crate::screen::{Paint, Screen};
use account::Ending;
use breakwater_engine::{Engine, What};
use breakwater_simulate::registry;
use choice::{Choice, Meant};
use units::Units;
use watched::Watched;

/// Tells the story of the account that was asked for.
pub fn run(asked: &Why, screen: &Screen) -> Result<Verdict, Failure> {
    let path = &asked.journal;
    let mut choice = Choice::of(&asked.account, asked.number)?;
    let journal = rebuilt::open(path)?;
    let waiting = screen.waits_for("replaying the journal");
    let mut engine = Engine::new(registry());
    let mut watched: Option<Watched> = None;
    rebuilt::each(&journal, path, |_, command| {
        let ahead = watched.as_ref().map(|watched| watched.before(&engine, &command));
        let outcome = engine.apply(&command);
        if let (Some(watched), Some(ahead)) = (&mut watched, ahead) {
            watched.after(&engine, &command, &outcome, ahead);
        }
        for what in outcome.facts() {
            if let What::AccountOpened { account } = what
                && choice.opened(*account, engine.owner(*account).unwrap_or_default())
            {
                watched = Some(Watched::new(&engine, *account));
            }
        }
    })?;
    waiting.finish_and_clear();
    journal.close().map_err(|error| Failure::journal(path, &error))?;

    let units = Units::of(&engine);
    let paint = Paint::for_stdout();
    match choice.meant(&engine, path)? {
        Meant::Several(accounts, all) => {
            let endings: Vec<Ending> =
                accounts.iter().map(|account| Ending::of(&engine, *account)).collect();
            let text = told::several(&units, &asked.account, &endings, all, paint);
            screen.answer(&text, &json::several(&units, path, &asked.account, &endings, all))?;
        }
        Meant::One(account) => {
            let ending = Ending::of(&engine, account);
            let watched = watched.filter(|watched| watched.account == account);
            let Some(watched) = watched else {
                let account = account.0;
                return Err(Failure::Internal(format!("account {account} was not watched")));
            };
            let text = told::one(&units, &watched.story, &ending, paint);
            screen.answer(&text, &json::one(&units, path, &watched.story, &ending))?;
        }
    }
    Ok(Verdict::Fine)
}
