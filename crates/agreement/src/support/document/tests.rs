use super::*;
use crate::support::valuation::calls;
use breakwater_money::rational::parse;
use proptest::prelude::*;

const ANNEX: &str = include_str!("../../../../../scenarios/agreements/annex-1994.toml");
const VARIATION: &str = include_str!("../../../../../scenarios/agreements/variation-2016.toml");
const INITIAL: &str = include_str!("../../../../../scenarios/agreements/initial-2018.toml");

#[test]
fn the_shipped_documents_read_and_their_calls_are_worked_by_hand() {
    // 1994: exposure 8,344,438.30 + 500,000 - threshold 1,000,000 = 7,844,438.30. Posted: USD
    // 1,250,000; EUR 400,000 x 1.1185 x 0.92 = 411,608; SPY 6,000 x 248.02 x 0.85 = 1,264,902; less
    // 100,000 on its way back: 2,826,510. Missing 5,017,928.30, to the next 50,000.
    let document = Document::parse(ANNEX).unwrap();
    let position = document.position.unwrap();
    let found =
        calls(&document.agreement, &position.valuation, &position.posted, position.defaulting);
    let found = found.unwrap();
    assert_eq!(found[1].2.adjusted_posted_value, parse("2826510").unwrap());
    assert_eq!(found[1].2.undisputed_delivery, parse("5017928.30").unwrap());
    assert_eq!(found[1].2.delivery_amount, parse("5050000").unwrap());
    // The dealer's side: the fund owes, and 8,844,438.30 below zero asks for nothing.
    assert!(found[0].2.credit_support_amount.is_zero());
    // 2016: 1,559,652.30 less 100,000 + 500,000 x 1.0475 x 0.96 + 250,000 = 852,800 is 706,852.30,
    // less the disputed 75,000: 631,852.30, to the next 10,000.
    let document = Document::parse(VARIATION).unwrap();
    let position = document.position.unwrap();
    let found =
        calls(&document.agreement, &position.valuation, &position.posted, [false, false]).unwrap();
    assert_eq!(found[0].2.delivery_amount, parse("640000").unwrap());
    // 2018: 5,498,982.70 - 1,000,000; posted 1,071,500 x 0.96 + 1,500,000 x 0.9352 x 0.87.
    let document = Document::parse(INITIAL).unwrap();
    let position = document.position.unwrap();
    let found =
        calls(&document.agreement, &position.valuation, &position.posted, [false, false]).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].2.adjusted_posted_value, parse("2249076").unwrap());
    assert_eq!(found[0].2.delivery_amount, parse("2250000").unwrap());
}

/// The refusal of `text` with the first `old` replaced by `new`.
fn refusal(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old}");
    Document::parse(&text.replacen(old, new, 1)).unwrap_err().to_string()
}

#[test]
fn every_refusal_names_the_field_its_value_and_what_would_be_right() {
    for (text, old, new, expected) in [
        (ANNEX, "agreement/1\"", "agreement/2\"", "`schema` is `breakwater.agreement/2`"),
        (ANNEX, "form = \"1994\"", "form = \"1995\"", "one of 1994, 2016-vm, 2018-im"),
        (ANNEX, "title", "titel", "`title` is missing"),
        (ANNEX, "interest = \"0.0158\"", "intrest = \"0.0158\"", "`collateral[0].intrest`"),
        (ANNEX, "\"250000\"", "250000.5", "`parties.a.minimum_transfer` is `250000.5`"),
        (ANNEX, "\"250000\"", "\"-1\"", "`parties.a.minimum_transfer` is `-1`"),
        (ANNEX, "\"250000\"", "\"0.001\"", "with at most 2 decimals"),
        (ANNEX, "\"0.15\"", "\"1.5\"", "`collateral[3].haircut` is `1.5`"),
        (ANNEX, "\"0.15\"", "\"1\"", "haircuts that together stay below 1"),
        (ANNEX, "asset = \"EUR\"", "asset = \"USD\"", "`collateral[1].asset` is `USD`"),
        (ANNEX, "kind = \"bond\"", "kind = \"bill\"", "one of cash, bond, equity, coin"),
        (
            ANNEX,
            "America/New_York",
            "America/Springfield",
            "`timing.zone` is `America/Springfield`",
        ),
        (ANNEX, "\"13:00\"", "\"25:00\"", "`timing.notification_time` is `25:00`"),
        (ANNEX, "\"13:00\"", "\"18:00\"", "no later than timing.close_time"),
        (ANNEX, "2020-01-20", "2020-01-32", "`timing.holidays[0]` is `2020-01-32`"),
        (ANNEX, "grace_days = 2", "grace_days = 91", "a whole number from 0 to 90"),
        (ANNEX, "\"insolvency\"", "\"sadness\"", "`default.events[1]` is `sadness`"),
        (ANNEX, "\"Harbour Fund\"", "\"North Dealer\"", "contradict each other"),
        (ANNEX, "multiple = \"50000\"", "multiple = \"0\"", "`parties.b.rounding.multiple` is `0`"),
        (ANNEX, "SPY = \"6000\"", "GLD = \"6000\"", "`position.posted.b.collateral.GLD`"),
        (ANNEX, "SPY = \"6000\"", "SPY = \"0.5\"", "a quantity in quotes with at most 0 decimals"),
        (ANNEX, "[parties.b]", "[parties.b]\nposts = 1", "`parties.b.posts` is `1`"),
        (
            VARIATION,
            "[parties.b]",
            "[parties.b]\nthreshold = \"1\"",
            "`parties.b.threshold` is `1`",
        ),
        (
            VARIATION,
            "[parties.b]",
            "[parties.b]\nindependent_amount = \"1\"",
            "the form 1994 alone",
        ),
        (
            VARIATION,
            "form",
            "approach = \"distinct\"\nform",
            "only the form 2018-im has an approach",
        ),
        (VARIATION, "exposure =", "exposed =", "`position.exposure` is missing"),
        (INITIAL, "approach = \"greater-of\"", "", "`approach` is missing"),
        (INITIAL, "[position.margin.b]", "[position.margin.a]", "this party never posts"),
        (
            INITIAL,
            "name = \"Meadow Fund\"",
            "name = \"M\"\nposts = false",
            "or no collateral ever moves",
        ),
    ] {
        let told = refusal(text, old, new);
        assert!(told.contains(expected), "{old} -> {new}: {told}");
    }
    assert!(Document::parse("= 3").unwrap_err().to_string().contains("document"));
    assert!(Document::parse(&"#".repeat(DOCUMENT_BYTES_MAX + 1)).is_err());
}

proptest! {
    #[test]
    fn reading_is_total(from in 0usize..2000, to in 0usize..2000, put in "[\"=\\[\\]a-z0-9. -]{0,8}") {
        let (from, to) = (from.min(to), from.max(to));
        let mut text = String::from(ANNEX);
        if text.is_char_boundary(from) && text.is_char_boundary(to) {
            text.replace_range(from..to, &put);
        }
        let _ = Document::parse(&text);
    }
}
