//! Profiles, and what every one of them shares.

use crate::election::Elections;
use crate::error::{Result, TaxError};
use crate::report::Report;
use breakwater_accounting::derivatives::Matching;
use breakwater_accounting::{Civil, Date, Entry, Names, Shortage, StandingOrder};

/// A jurisdiction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Profile {
    /// United States.
    Us,
    /// United Kingdom.
    Uk,
    /// Germany.
    De,
    /// Canada.
    Ca,
    /// Australia.
    Au,
}

impl Profile {
    /// All of them.
    pub const ALL: [Profile; 5] = [Profile::Us, Profile::Uk, Profile::De, Profile::Ca, Profile::Au];

    /// The profile in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Profile::Us => "us",
            Profile::Uk => "uk",
            Profile::De => "de",
            Profile::Ca => "ca",
            Profile::Au => "au",
        }
    }

    /// The jurisdiction's name.
    #[must_use]
    pub fn jurisdiction(self) -> &'static str {
        match self {
            Profile::Us => "United States",
            Profile::Uk => "United Kingdom",
            Profile::De => "Germany",
            Profile::Ca => "Canada",
            Profile::Au => "Australia",
        }
    }

    /// The currency in which its forms are filled.
    #[must_use]
    pub fn currency(self) -> &'static str {
        match self {
            Profile::Us => "USD",
            Profile::Uk => "GBP",
            Profile::De => "EUR",
            Profile::Ca => "CAD",
            Profile::Au => "AUD",
        }
    }

    /// Reads the word of a profile.
    #[must_use]
    pub fn parse(text: &str) -> Option<Profile> {
        Profile::ALL.into_iter().find(|profile| profile.word() == text)
    }

    /// First and last date of a tax year, which is named by the calendar year in which it begins
    /// (United Kingdom: 2025 is 2025/26) or, where it ends on 30 June, by the one in which it ends.
    ///
    /// # Errors
    /// A year out of range.
    pub fn period(self, year: i32) -> Result<(Date, Date)> {
        if !(2009..=2999).contains(&year) {
            return Err(TaxError::NoYear { found: year });
        }
        let day =
            |year, month, day| Date::new(year, month, day).ok_or(TaxError::NoYear { found: year });
        Ok(match self {
            Profile::Uk => (day(year, 4, 6)?, day(year + 1, 4, 5)?),
            Profile::Au => (day(year - 1, 7, 1)?, day(year, 6, 30)?),
            Profile::Us | Profile::De | Profile::Ca => (day(year, 1, 1)?, day(year, 12, 31)?),
        })
    }

    /// The year as the jurisdiction writes it.
    #[must_use]
    pub fn label(self, year: i32) -> String {
        match self {
            Profile::Uk => crate::uk::year::label(year),
            Profile::Au => format!("{}-{:02}", year - 1, year.rem_euclid(100)),
            _ => year.to_string(),
        }
    }

    /// The tax year of a date, named as in [`Profile::period`].
    #[must_use]
    pub fn year_of(self, date: Date) -> i32 {
        let Civil { year, .. } = date.civil();
        match self {
            Profile::Uk => crate::uk::year::of(date),
            Profile::Au => crate::au::discount::income_year(date),
            _ => year,
        }
    }
}

/// What a profile reads.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Names of the entries.
    pub names: &'a Names,
    /// Entries in time order, valued in `currency`.
    pub entries: &'a [Entry],
    /// The tax year, named as in [`Profile::period`].
    pub year: i32,
    /// Currency of every value.
    pub currency: &'a str,
    /// Elections.
    pub elections: &'a Elections,
    /// Standing orders of lot choice, where the profile allows a choice.
    pub orders: &'a [StandingOrder],
    /// How positions in contracts are matched.
    pub matching: Matching,
    /// What to do when more goes out than came in.
    pub shortage: Shortage,
}

/// Runs a profile.
///
/// # Errors
/// What is wrong with an entry, or what a year needs and nobody stated.
pub fn run(profile: Profile, input: &Input<'_>) -> Result<Report> {
    match profile {
        Profile::Us => crate::us::report::of(input),
        Profile::Uk => crate::uk::report::of(input),
        Profile::De => crate::de::report::of(input),
        Profile::Ca => crate::ca::report::of(input),
        Profile::Au => crate::au::report::of(input),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_is_the_one_that_its_jurisdiction_means() {
        let told = |profile: Profile| {
            let (first, last) = profile.period(2025).unwrap();
            assert_eq!(profile.year_of(first), 2025);
            assert_eq!(profile.year_of(last), 2025);
            assert_ne!(profile.year_of(first.plus_days(-1)), 2025);
            assert_ne!(profile.year_of(last.plus_days(1)), 2025);
            format!("{} {first} {last}", profile.label(2025))
        };
        assert_eq!(told(Profile::Us), "2025 2025-01-01 2025-12-31");
        assert_eq!(told(Profile::Uk), "2025/26 2025-04-06 2026-04-05");
        assert_eq!(told(Profile::Au), "2024-25 2024-07-01 2025-06-30");
        assert!(Profile::De.period(1999).is_err());
    }
}
