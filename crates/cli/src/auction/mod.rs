//! `breakwater auction`: ways to sell a lot, and the games around it.

pub mod design;
pub mod games;
mod number;

use crate::arguments::AuctionCommand;
use crate::failure::{Failure, Verdict};
use crate::screen::Screen;

/// Does what is asked of auctions.
pub fn run(asked: &AuctionCommand, screen: &Screen) -> Result<Verdict, Failure> {
    match asked {
        AuctionCommand::Design(asked) => design::run(asked, screen),
        AuctionCommand::Games(asked) => games::run(asked, screen),
    }
}
