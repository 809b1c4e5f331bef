//! `breakwater`: replays crashes over books of accounts, assesses and plans, verifies journals.
//!
//! This crate turns a command line into calls of the libraries and their answers into text, JSON
//! and a folder of files. It decides nothing about money. `docs/cli.md` lists every command, file
//! and exit code.

mod agreement;
mod arguments;
mod assess;
mod at_risk;
mod auction;
mod branching;
mod compare;
mod conformance;
mod defend;
mod events;
mod failure;
mod figures;
mod folder;
mod hedge;
mod journals;
mod json_of;
mod lists;
mod market;
mod option_book;
mod perpetuals;
mod price;
mod price_options;
mod proposals;
mod rebuilt;
mod recording;
mod replay;
mod report_of;
mod schedule;
mod screen;
mod source;
mod story;
mod stress;
mod tax;
mod verify;
mod why;

use arguments::{Arguments, Command, JournalCommand};
use clap::{CommandFactory, Parser};
use failure::{Failure, Verdict};
use screen::Screen;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(told) => {
            // Help and version arrive here as well. A reader that went away is no fault of ours.
            let _ = told.print();
            return ExitCode::from(if told.use_stderr() { failure::USAGE } else { failure::OK });
        }
    };
    let screen = Screen::new(arguments.json, arguments.quiet);
    // A panic is a fault of this program, never of its input, and has an exit code of its own.
    match std::panic::catch_unwind(|| run(&arguments.command, &screen)) {
        Ok(Ok(verdict)) => ExitCode::from(verdict.exit_code()),
        Ok(Err(failure)) => {
            screen.complain(&failure);
            ExitCode::from(failure.exit_code())
        }
        Err(_) => {
            screen.complain(&Failure::Internal(
                "the program stopped where it never should; please report the lines above"
                    .to_owned(),
            ));
            ExitCode::from(failure::INTERNAL)
        }
    }
}

fn run(command: &Command, screen: &Screen) -> Result<Verdict, Failure> {
    match command {
        Command::Replay(asked) => replay::run(asked, screen),
        Command::Compare(asked) => compare::run(asked, screen),
        Command::AtRisk(asked) => at_risk::run(asked, screen),
        Command::Assess(asked) => assess::assess(asked, screen),
        Command::Plan(asked) => assess::plan(asked, screen),
        Command::Price(asked) => price::run(asked, screen),
        Command::Tax(asked) => tax::run(asked, screen),
        Command::PriceOptions(asked) => price_options::run(asked, screen),
        Command::Auction(asked) => auction::run(asked, screen),
        Command::Schedule(asked) => schedule::run(asked, screen),
        Command::Branching(asked) => branching::run(asked, screen),
        Command::Defend(asked) => defend::run(asked, screen),
        Command::Market(asked) => market::run(asked, screen),
        Command::Agreement(asked) => agreement::run(asked, screen),
        Command::Hedge(asked) => hedge::run(asked, screen),
        Command::Stress(asked) => stress::run(asked, screen),
        Command::Verify(asked) => verify::run(asked, screen),
        Command::Why(asked) => why::run(asked, screen),
        Command::Scenarios => lists::scenarios(screen),
        Command::Rulebooks { name } => lists::rulebooks(name.as_deref(), screen),
        Command::Conformance { folder, verbose } => conformance::run(folder, *verbose, screen),
        Command::Journal(JournalCommand::Export { journal, file }) => {
            journals::export(journal, file, screen)
        }
        Command::Journal(JournalCommand::Import { file, journal }) => {
            journals::import(file, journal, screen)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "breakwater", &mut script);
            screen.bytes(&script)?;
            Ok(Verdict::Fine)
        }
    }
}
