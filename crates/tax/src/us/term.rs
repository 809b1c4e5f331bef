//! How long something was held.

use breakwater_accounting::Date;

/// Short-term or long-term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Term {
    /// One year or less.
    Short,
    /// More than one year.
    Long,
}

impl Term {
    /// The term in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Term::Short => "short",
            Term::Long => "long",
        }
    }
}

/// The term of something acquired and disposed of on these dates: long from one year after the day
/// that follows acquisition (26 USC 1222 and 1223; Rev. Rul. 66-7 for the ends of months). It is a
/// rule of the calendar: a count of days gets years with an odd day wrong.
#[must_use]
pub fn term(acquired: Date, disposed: Date) -> Term {
    if disposed >= acquired.plus_days(1).plus_years(1) { Term::Long } else { Term::Short }
}
