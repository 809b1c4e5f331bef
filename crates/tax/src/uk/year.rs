//! Tax years of the United Kingdom.

use breakwater_accounting::{Civil, Date};

/// The calendar year in which a date's tax year begins: on 6 April.
#[must_use]
pub fn of(date: Date) -> i32 {
    let Civil { year, month, day } = date.civil();
    if (month, day) >= (4, 6) { year } else { year - 1 }
}

/// The label of the tax year that begins in a calendar year: `2020/21`.
#[must_use]
pub fn label(begins: i32) -> String {
    format!("{begins}/{:02}", (begins + 1).rem_euclid(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_turns_on_the_sixth_of_april() {
        let year = |text| label(of(Date::parse(text).unwrap()));
        assert_eq!(year("2021-04-05"), "2020/21");
        assert_eq!(year("2021-04-06"), "2021/22");
        assert_eq!(year("2099-12-31"), "2099/00");
    }
}
