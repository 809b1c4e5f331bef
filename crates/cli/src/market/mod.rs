//! `breakwater market`: recorded markets and what orders would have met in them.

pub mod arguments;
mod book;
mod ladders;
mod page;
mod replay;
mod text;

use crate::failure::{Failure, Verdict};
use crate::screen::Screen;
use arguments::MarketCommand;

/// Runs what is asked.
pub fn run(asked: &MarketCommand, screen: &Screen) -> Result<Verdict, Failure> {
    match asked {
        MarketCommand::Replay(asked) => replay::run(asked, screen),
        MarketCommand::Book { feed } => book::run(feed, screen),
        MarketCommand::Ladders(asked) => ladders::run(asked, screen),
    }
}
