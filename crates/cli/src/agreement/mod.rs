//! `breakwater agreement`: what contracts and margin agreements say, without a market or a book.

pub mod arguments;
mod book;
mod book_page;
mod check;
mod events;
mod listed;
mod listed_page;
mod margin;
mod text;

use crate::failure::{Failure, Verdict};
use crate::screen::Screen;
use arguments::AgreementCommand;
use breakwater_agreement::contracts::{NamedCase, named_cases_in};
use breakwater_simulate::listed::ListedScenario;
use serde_json::Value;
use std::path::Path;

/// Runs what is asked.
pub fn run(asked: &AgreementCommand, screen: &Screen) -> Result<Verdict, Failure> {
    match asked {
        AgreementCommand::Events(asked) if meant_listed(&asked.file) => {
            listed::calendar(asked, screen)
        }
        AgreementCommand::Events(asked) => events::run(asked, screen),
        AgreementCommand::Check { file } if meant_listed(file) => listed::check(file, screen),
        AgreementCommand::Check { file } if margin::is_document(file) => {
            margin::check(file, screen)
        }
        AgreementCommand::Check { file } => check::run(file, screen),
        AgreementCommand::Call(asked) => margin::call(asked, screen),
        AgreementCommand::Run(asked) if ListedScenario::is_meant(&asked.scenario) => {
            listed::run(asked, screen)
        }
        AgreementCommand::Run(asked) => book::run(asked, screen),
    }
}

/// True for a scenario of listed contracts, by its name or its file.
fn meant_listed(file: &Path) -> bool {
    file.to_str().is_some_and(ListedScenario::is_meant)
}

/// The contracts of a file, each with its name.
fn contracts_of(path: &Path) -> Result<Vec<NamedCase>, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    let told = |what: String| Failure::Data(format!("{}: {what}", path.display()));
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|error| told(format!("{error}; expected a contract as JSON")))?;
    named_cases_in(&value).map_err(|error| told(error.to_string()))
}

/// An error of one contract of a file.
fn failure(path: &Path, name: &str, error: &breakwater_agreement::Error) -> Failure {
    Failure::Data(format!("{}: {name}: {error}", path.display()))
}
