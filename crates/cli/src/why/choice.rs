//! Which account is meant: an owner's name, or a number.

use crate::failure::Failure;
use crate::figures::counted;
use breakwater_engine::Engine;
use breakwater_money::AccountId;
use std::path::Path;

/// Accounts of one owner that are listed.
pub const LISTED: usize = 30;
/// Names told when nobody has the one asked for.
const NEAREST: usize = 3;

/// What was asked for, and who turned up.
pub struct Choice {
    text: String,
    number: Option<u32>,
    only_number: bool,
    /// Accounts whose owner has that name: the first ones, and how many there are.
    named: Vec<AccountId>,
    named_in_all: u64,
}

/// Who is meant.
pub enum Meant {
    /// One account.
    One(AccountId),
    /// The accounts of one owner: the first ones, and how many there are.
    Several(Vec<AccountId>, u64),
}

impl Choice {
    /// What `text` asks for; with `only_number` never a name.
    ///
    /// # Errors
    /// `only_number`, and `text` is no number.
    pub fn of(text: &str, only_number: bool) -> Result<Self, Failure> {
        let number = text.parse().ok();
        if only_number && number.is_none() {
            return Err(Failure::Usage(format!(
                "'{text}' is no account's number: with --number, expected a whole number such as 12"
            )));
        }
        let (text, named) = (text.to_owned(), Vec::new());
        Ok(Choice { text, number, only_number, named, named_in_all: 0 })
    }

    /// True if the account that was just opened is the one to follow from now on.
    pub fn opened(&mut self, account: AccountId, owner: &str) -> bool {
        if !self.only_number && owner == self.text {
            self.named_in_all += 1;
            if self.named.len() < LISTED {
                self.named.push(account);
            }
            return self.named_in_all == 1;
        }
        self.number == Some(account.0) && self.named.is_empty()
    }

    /// Who is meant, once the whole journal is known. A name goes before a number.
    ///
    /// # Errors
    /// Nobody, with the nearest there are.
    pub fn meant(self, engine: &Engine, journal: &Path) -> Result<Meant, Failure> {
        match (self.named.first(), self.named_in_all) {
            (Some(only), 1) => return Ok(Meant::One(*only)),
            (Some(_), all) => return Ok(Meant::Several(self.named, all)),
            (None, _) => {}
        }
        let known = engine.accounts();
        if let Some(number) = self.number
            && (number as usize) < known
        {
            return Ok(Meant::One(AccountId(number)));
        }
        Err(Failure::Usage(self.unknown(engine, journal)))
    }

    fn unknown(&self, engine: &Engine, journal: &Path) -> String {
        let (text, journal, known) = (&self.text, journal.display(), engine.accounts());
        let Some(last) = known.checked_sub(1) else {
            return format!("no account '{text}': {journal} has no accounts at all");
        };
        let there = format!(
            "{journal} has {}, numbered 0 to {last}",
            counted(known as u64, "account", "accounts")
        );
        if self.only_number {
            return format!("no account number {text}: {there}");
        }
        let owners = (0..).map(AccountId).map_while(|account| engine.owner(account));
        let near = nearest(text, owners);
        if near.is_empty() {
            return format!("no account '{text}': {there}");
        }
        format!("no account '{text}': {there}\nnearest by name: {}", near.join(", "))
    }
}

/// The names that share most of their beginning and end with `text`, the best first, each once.
fn nearest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut best: Vec<(usize, &str)> = Vec::new();
    for name in names {
        let score = likeness(text, name);
        let lowest = if best.len() < NEAREST { 0 } else { best.last().map_or(0, |(low, _)| *low) };
        if score <= lowest || best.iter().any(|(_, known)| *known == name) {
            continue;
        }
        // Behind its equals: who came first stays first.
        let at = best.partition_point(|(other, _)| *other >= score);
        best.insert(at, (score, name));
        best.truncate(NEAREST);
    }
    best.into_iter().map(|(_, name)| name).collect()
}

/// Characters of the shared beginning and end, whatever their case.
fn likeness(left: &str, right: &str) -> usize {
    let lower = |text: &str| -> Vec<char> { text.chars().flat_map(char::to_lowercase).collect() };
    let (left, right) = (lower(left), lower(right));
    let same = |(a, b): &(&char, &char)| a == b;
    let shorter = left.len().min(right.len());
    let start = left.iter().zip(&right).take_while(same).count();
    let end = left.iter().rev().zip(right.iter().rev()).take_while(same).count();
    start + end.min(shorter - start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_share_their_ends() {
        let names = ["0x9600ab", "0x96ffab", "alice", "alicia", "bob", "Alice"];
        let near = |text| nearest(text, names.iter().copied());
        assert_eq!(near("alic"), ["alice", "alicia", "Alice"]);
        assert_eq!(near("0x9601ab")[..2], ["0x9600ab", "0x96ffab"]);
        assert!(near("?").is_empty());
        assert_eq!(nearest("bob", ["bob2", "bob2"].into_iter()), ["bob2"]);
        assert!(nearest("x", std::iter::empty()).is_empty());
    }

    #[test]
    fn a_name_goes_before_a_number_and_only_the_first_is_followed() {
        let mut choice = Choice::of("1", false).unwrap();
        assert!(!choice.opened(AccountId(0), "alice"));
        assert!(choice.opened(AccountId(1), "bob"), "nobody is called 1 so far");
        assert!(choice.opened(AccountId(2), "1"), "an owner of that name");
        assert!(!choice.opened(AccountId(3), "1"), "a second one");
        assert_eq!(choice.named_in_all, 2);
        let mut choice = Choice::of("1", true).unwrap();
        assert!(!choice.opened(AccountId(0), "1") && choice.opened(AccountId(1), "bob"));
        assert!(Choice::of("bob", true).is_err());
        assert!(Choice::of("-1", true).is_err());
    }
}
