//! Reading parameter files: one form of file and one form of refusal for every venue.
//!
//! A file names its rule, its version and the day from which it applies; `source` says by path where
//! each parameter comes from, or `unverified`.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// What every parameter file begins with. Flatten is not used, so that unknown keys are refused:
/// each venue's file repeats these fields.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Head {
    /// Id of the rulebook.
    pub name: String,
    /// The mirror the parameters are for.
    pub rule: String,
    /// Contract version or commit that the rule follows.
    pub version: String,
    /// First day on which the parameters applied, or a sentence that says why there is none.
    pub effective_from: String,
    /// Decimals of the numeraire in which accounts are valued.
    pub numeraire_decimals: u8,
    /// Where each parameter comes from, by its path; `*` stands for any name.
    pub source: BTreeMap<String, String>,
}

/// Reads a file of the mirror `rule`: its head, and its own tables as `T`, which denies unknown
/// fields and therefore lists those of the head as well.
///
/// # Errors
/// A sentence naming what is wrong, its value and what would be right.
pub fn parse<T: DeserializeOwned>(text: &str, rule: &str) -> Result<(Head, T), String> {
    let wrong = |error: toml::de::Error| format!("not a parameter file of {rule}: {error}");
    let head: Head = toml::from_str(text).map_err(wrong)?;
    if head.rule != rule {
        return Err(format!("rule = {:?}: must be {rule:?}", head.rule));
    }
    if head.name.is_empty() {
        return Err("name = \"\": must name the rulebook".to_owned());
    }
    if !(1..=18).contains(&head.numeraire_decimals) {
        return Err(refuse("numeraire_decimals", head.numeraire_decimals, "must be 1 to 18"));
    }
    let own = toml::from_str(text).map_err(wrong)?;
    Ok((head, own))
}

/// The sentence of a refused parameter: its path, its value, what would be right.
#[must_use]
pub fn refuse(path: &str, value: impl std::fmt::Display, right: &str) -> String {
    format!("{path} = {value}: {right}")
}

/// Holds that `value` lies in `range`.
///
/// # Errors
/// The sentence of [`refuse`].
pub fn within<T: PartialOrd + Copy + std::fmt::Display>(
    path: &str,
    value: T,
    range: std::ops::RangeInclusive<T>,
    right: &str,
) -> Result<(), String> {
    if range.contains(&value) { Ok(()) } else { Err(refuse(path, value, right)) }
}

/// Refuses a threshold whose collateral, incentive added, is worth more than the debt it secures:
/// every liquidation would be toxic. Both in the same scale `one`.
///
/// # Errors
/// The sentence of [`refuse`].
pub fn not_toxic(path: &str, threshold: u128, incentive: u128, one: u128) -> Result<(), String> {
    let product = threshold.checked_mul(incentive);
    if product.zip(one.checked_mul(one)).is_some_and(|(product, most)| product <= most) {
        return Ok(());
    }
    Err(format!(
        "{path}: threshold {threshold} times 1 + incentive {incentive} exceeds {one} squared, so \
         every liquidation is toxic: it takes more weighted collateral than the debt it repays"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_toxic_line_is_exact() {
        assert_eq!(not_toxic("a", 9_500, 10_526, 10_000), Ok(()));
        assert!(not_toxic("a", 9_500, 10_527, 10_000).unwrap_err().starts_with("a: threshold"));
        assert!(not_toxic("a", u128::MAX, 2, 1).is_err());
    }

    #[test]
    fn ranges_are_named() {
        assert_eq!(within("x.y", 3, 1..=3, "must be 1 to 3"), Ok(()));
        assert_eq!(
            within("x.y", 4, 1..=3, "must be 1 to 3"),
            Err("x.y = 4: must be 1 to 3".into())
        );
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Whole {
        name: String,
        rule: String,
        version: String,
        effective_from: String,
        numeraire_decimals: u8,
        source: BTreeMap<String, String>,
    }

    #[test]
    fn a_file_of_another_rule_or_with_unknown_keys_is_refused() {
        let text = "name = \"a\"\nrule = \"b\"\nversion = \"1\"\neffective_from = \"x\"\n\
                    numeraire_decimals = 8\n[source]\n";
        assert!(parse::<Whole>(text, "b").is_ok());
        let other = parse::<Whole>(text, "c").unwrap_err();
        assert_eq!(other, "rule = \"b\": must be \"c\"");
        let more = text.replace("[source]", "surprise = 1\n[source]");
        assert!(parse::<Whole>(&more, "b").unwrap_err().contains("surprise"));
        let zero = text.replace("= 8", "= 0");
        assert!(parse::<Whole>(&zero, "b").unwrap_err().contains("numeraire_decimals = 0"));
    }
}
