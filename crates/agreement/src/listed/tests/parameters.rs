//! Tables of parameter files, and what is wrong with some.

use super::*;
use crate::Error;

const FUNDING: &str = r#"
    every = "8h"
    at = "00:00:00"
    sample = "1m"
    weights = "rising"
    interest = "-0.0001"
    band = "0.0005"
    cap = "0.0075"
"#;

#[test]
fn a_table_is_read_as_it_stands_and_written_as_it_was_read() {
    let text = r#"
        exercise = "american-at-session"
        transfer = "at-entry"
        [funding]
        every = "8h"
        at = "16:00:00"
        sample = "1m"
        weights = "rising"
        interest = "0.0001"
        band = "0.0005"
        cap = "0.0075"
        [session]
        every = "1d"
        at = "08:00:00"
        [settlement]
        window = "30m"
        sample = "6s"
        age_max = "5m"
        present_min = "0.5"
        [roll]
        before = "1d"
    "#;
    let parameters: LifecycleParameters = toml::from_str(text).unwrap();
    let again = toml::to_string(&parameters).unwrap();
    assert_eq!(toml::from_str::<LifecycleParameters>(&again).unwrap(), parameters);
    let lifecycle = parameters.read("x").unwrap();
    let funding = lifecycle.funding.unwrap();
    assert_eq!((funding.planned, funding.interest_e12), (480, 100_000_000));
    assert_eq!((funding.band_e12, funding.cap_e12), (500_000_000, 7_500_000_000));
    assert_eq!(funding.weights, Weights::Rising);
    let settlement = lifecycle.settlement.unwrap();
    assert_eq!((settlement.planned, settlement.window()), (300, 1_800 * SECOND));
    assert_eq!(settlement.age_max, Some(300 * SECOND));
    assert_eq!(settlement.present_min_e12, 500_000_000_000);
    assert_eq!(lifecycle.roll, Some(86_400 * SECOND));
    assert_eq!(lifecycle.exercise, ExerciseRule::AmericanAtSession);
    assert_eq!(lifecycle.transfer, TransferRule::AtEntry);
}

#[test]
fn an_empty_table_takes_the_defaults() {
    let parameters: LifecycleParameters = toml::from_str("").unwrap();
    assert_eq!(parameters, LifecycleParameters::default());
    assert_eq!(
        toml::from_str::<LifecycleParameters>(&toml::to_string(&parameters).unwrap()),
        Ok(parameters.clone())
    );
    let lifecycle = parameters.read("x").unwrap();
    assert!(lifecycle.funding.is_none() && lifecycle.session.is_none());
    assert!(lifecycle.settlement.is_none() && lifecycle.roll.is_none());
    assert_eq!(lifecycle.exercise, ExerciseRule::European);
    assert_eq!(lifecycle.transfer, TransferRule::None);
    let short = FUNDING.replace("weights = \"rising\"", "").replace("interest = \"-0.0001\"", "");
    let funding = toml::from_str::<FundingParameters>(&short).unwrap();
    assert_eq!((funding.weights, funding.interest.as_str()), (Weights::Plain, "0"));
    let settlement = toml::from_str::<SettlementParameters>("window = \"1m\"\nsample = \"1s\"");
    let settlement = settlement.unwrap();
    assert_eq!((settlement.age_max, settlement.present_min.as_str()), (None, "0"));
}

#[test]
fn unknown_fields_and_words_are_refused() {
    let refused = |text: &str| toml::from_str::<LifecycleParameters>(text).unwrap_err().to_string();
    assert!(refused("surprise = 1").contains("surprise"));
    assert!(refused("exercise = \"asian\"").contains("american-at-session"));
    assert!(refused("transfer = \"free\"").contains("at-mark"));
    let more = format!("[funding]\n{FUNDING}\nfee = \"1\"");
    assert!(refused(&more).contains("fee"));
    let words = format!("[funding]\n{}", FUNDING.replace("rising", "falling"));
    assert!(refused(&words).contains("falling"));
}

/// What is wrong with the funding table, one value changed.
fn funding(field: &str, from: &str, to: &str) -> Error {
    let (before, after) = (format!("{field} = \"{from}\""), format!("{field} = \"{to}\""));
    assert!(FUNDING.contains(&before));
    let table = toml::from_str(&FUNDING.replace(&before, &after)).unwrap();
    let parameters = LifecycleParameters { funding: Some(table), ..Default::default() };
    parameters.read("contracts.X.lifecycle").unwrap_err()
}

#[test]
fn every_refusal_names_the_field_the_value_and_what_would_be_right() {
    let duration = "which is not a whole number with ms, s, m, h or d, such as 8h: above 0 and up \
                    to 400d";
    let period = "which is not a part of a day without rest, such as 8h, or whole days, such as 7d";
    let time = "which is not a time of day in UTC as HH:MM:SS";
    let share = "which is not a decimal from 0 to 1 of at most 12 digits after the point";
    let either = "which is not a decimal from -1 to 1 of at most 12 digits after the point";
    for (field, from, to, right) in [
        ("every", "8h", "", duration),
        ("every", "8h", "0h", duration),
        ("every", "8h", "8", duration),
        ("every", "8h", "8 h", duration),
        ("every", "8h", "-8h", duration),
        ("every", "8h", "1.5h", duration),
        ("every", "8h", "8H", duration),
        ("every", "8h", "401d", duration),
        ("every", "8h", "99999999999999999999d", duration),
        ("every", "8h", "99999999999999d", duration),
        ("every", "8h", "7h", period),
        ("every", "8h", "36h", period),
        ("sample", "1m", "0s", duration),
        ("at", "00:00:00", "24:00:00", time),
        ("at", "00:00:00", "00:60:00", time),
        ("at", "00:00:00", "00:00:60", time),
        ("at", "00:00:00", "08:00", time),
        ("at", "00:00:00", "8:00:000", time),
        ("at", "00:00:00", "08:00:00:", time),
        ("at", "00:00:00", "+8:00:00", time),
        ("interest", "-0.0001", "1.000000000001", either),
        ("interest", "-0.0001", "-1.000000000001", either),
        ("interest", "-0.0001", "0.0000000000001", either),
        ("interest", "-0.0001", "1%", either),
        ("band", "0.0005", "-0.0005", share),
        ("band", "0.0005", "99999999999999999999999", share),
        ("cap", "0.0075", "", share),
    ] {
        let said = funding(field, from, to).to_string();
        let expected = format!("`contracts.X.lifecycle.funding.{field}` is `{to}`, {right}");
        assert_eq!(said, expected);
    }
    assert_eq!(
        funding("sample", "1m", "7s").to_string(),
        "`contracts.X.lifecycle.funding.sample = 7s` and `contracts.X.lifecycle.funding.every = 8h` \
         contradict each other: `sample` divides `every` without rest"
    );
    assert_eq!(
        funding("sample", "1m", "10ms").to_string(),
        "the samples of contracts.X.lifecycle.funding.every, 8h by 10ms, would be more than \
         1000000: sample less often"
    );
}

#[test]
fn the_other_tables_are_checked_alike() {
    let refused = |text: &str| {
        let parameters: LifecycleParameters = toml::from_str(text).unwrap();
        parameters.read("x").unwrap_err().to_string()
    };
    for (text, start) in [
        ("session = { every = \"5h\", at = \"08:00:00\" }", "`x.session.every` is `5h`, "),
        ("session = { every = \"1d\", at = \"8\" }", "`x.session.at` is `8`, "),
        ("settlement = { window = \"x\", sample = \"1s\" }", "`x.settlement.window` is `x`, "),
        ("settlement = { window = \"1m\", sample = \"1\" }", "`x.settlement.sample` is `1`, "),
        (
            "settlement = { window = \"1m\", sample = \"2m\" }",
            "`x.settlement.sample = 2m` and `x.settlement.window = 1m` contradict each other: ",
        ),
        (
            "settlement = { window = \"1m\", sample = \"1s\", age_max = \"0s\" }",
            "`x.settlement.age_max` is `0s`, ",
        ),
        (
            "settlement = { window = \"1m\", sample = \"1s\", present_min = \"1.1\" }",
            "`x.settlement.present_min` is `1.1`, ",
        ),
        ("roll = { before = \"0d\" }", "`x.roll.before` is `0d`, "),
    ] {
        let said = refused(text);
        assert!(said.starts_with(start), "{said}");
    }
    // 400 days, and as many samples as are allowed, are read.
    lifecycle("session = { every = \"400d\", at = \"23:59:59\" }");
    lifecycle("settlement = { window = \"1000s\", sample = \"1ms\", present_min = \"1\" }");
}

#[test]
fn rates_may_be_stated_for_another_time_than_a_payment() {
    let funding = |of: &str, cap: &str| {
        let text = format!(
            "[funding]\nevery = \"1h\"\nof = \"{of}\"\nat = \"00:00:00\"\nsample = \"1m\"\n\
             band = \"0\"\ncap = \"{cap}\""
        );
        toml::from_str::<LifecycleParameters>(&text).unwrap().read("x")
    };
    assert_eq!(funding("8h", "1").unwrap().funding.unwrap().part.1, 8 * 3_600 * SECOND);
    assert!(funding("1m", "0.016666666666").is_ok());
    let refused = funding("1m", "0.016666666667").unwrap_err().to_string();
    assert!(refused.contains("x.funding.cap = 0.016666666667 of 1m"), "{refused}");
    let refused = funding("0h", "1").unwrap_err().to_string();
    assert!(refused.contains("x.funding.of"), "{refused}");
}
