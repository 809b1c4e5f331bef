use super::*;
use breakwater_money::Time;

fn inputs(rows: &[(&str, i128)]) -> Inputs {
    rows.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

fn recipe(text: &str) -> Recipe {
    serde_json::from_str(text).unwrap()
}

fn message(text: &str, rows: &[(&str, i128)]) -> String {
    recipe(text).evaluate(&inputs(rows)).unwrap_err().to_string()
}

#[test]
fn every_part_is_read_written_and_evaluated() {
    let rows = inputs(&[
        ("a", 1_000),
        ("b", 1_010),
        ("c", 1_100),
        ("d", -30),
        ("rate", 10_000_000_000_000_000),
        ("left", 2),
        ("n", 2),
    ]);
    let list = r#"[{"price":"a","weight":1},{"price":"b","weight":2},{"price":"c","weight":3}]"#;
    for (text, price) in [
        (r#""b""#.to_owned(), 1_010),
        (r#"{"part":"median","of":["a","b","c"]}"#.to_owned(), 1_010),
        (r#"{"part":"median","of":["a","b"]}"#.to_owned(), 1_005),
        (format!(r#"{{"part":"weighted_median","of":{list}}}"#), 1_010),
        (format!(r#"{{"part":"weighted_mean","of":{list}}}"#), 1_053),
        (
            format!(
                r#"{{"part":"index","of":{list},"outliers":{{"away_max_bps":500,"left_out_max":1}}}}"#
            ),
            1_006,
        ),
        (r#"{"part":"offset","price":"a","by":"d"}"#.to_owned(), 970),
        (
            r#"{"part":"funding","index":"c","rate":"rate","remaining":"left","interval_nanos":8}"#
                .to_owned(),
            1_102,
        ),
        (r#"{"part":"clamp","price":"c","around":"a","band_bps":150}"#.to_owned(), 1_015),
        (
            r#"{"part":"step_cap","target":"c","last":"a","cap_bps_per_step":40,"steps":"n"}"#
                .to_owned(),
            1_008,
        ),
        (
            r#"{"part":"step_cap","target":"c","last":"z","cap_bps_per_step":40,"steps":"n"}"#
                .to_owned(),
            1_100,
        ),
    ] {
        let read = recipe(&text);
        assert_eq!(read.evaluate(&rows), Ok(price), "{text}");
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}

#[test]
fn what_is_missing_or_bad_is_named_with_its_place() {
    let median = r#"{"part":"median","of":["a",{"part":"offset","price":"b","by":"d"}]}"#;
    for (rows, expected) in [
        (vec![("b", 5), ("d", 1)], "median.of[1]: \"a\" is missing; it must be among the inputs"),
        (
            vec![("a", 5), ("b", 1)],
            "median.of[2].offset.by: \"d\" is missing; it must be among the inputs",
        ),
        (vec![("a", 0), ("b", 1), ("d", 1)], "median.of[1]: \"a\" is 0; a price is above 0"),
        (
            vec![("a", 1), ("b", -4), ("d", 1)],
            "median.of[2].offset.price: \"b\" is -4; a price is above 0",
        ),
        (
            vec![("a", 1), ("b", 4), ("d", -4)],
            "median.of[2].offset: the price with its offset is 0; a price is above 0",
        ),
    ] {
        assert_eq!(message(median, &rows), expected);
    }
    let funding = r#"{"part":"funding","index":"a","rate":"r","remaining":"t","interval_nanos":8}"#;
    assert_eq!(
        message(funding, &[("a", 1), ("r", 0), ("t", -1)]),
        "funding.remaining: \"t\" is -1; it must be 0 to 18446744073709551615"
    );
    assert_eq!(
        message(funding, &[("a", 1), ("r", 0), ("t", 9)]),
        "funding: remaining is 9; the interval it is left of has 8"
    );
    let step = r#"{"part":"step_cap","target":"a","last":"b","cap_bps_per_step":1,"steps":"n"}"#;
    assert_eq!(
        message(step, &[("a", 1), ("b", 0), ("n", 1)]),
        "step_cap.last: \"b\" is 0; a price is above 0"
    );
}

#[test]
fn a_recipe_that_cannot_work_is_refused_whatever_the_inputs() {
    let weighted = |rest: &str| format!(r#"{{"part":"weighted_mean","of":[{rest}}}"#);
    for (text, expected) in [
        (
            r#"{"part":"median","of":[]}"#.to_owned(),
            "median.of: no source: at least one price is needed",
        ),
        (
            r#"{"part":"median","of":["a"],"present_min":0}"#.to_owned(),
            "median: present_min is 0; it is 1 to 1, the number of prices listed",
        ),
        (
            r#"{"part":"median","of":["a"],"present_min":2}"#.to_owned(),
            "median: present_min is 2; it is 1 to 1, the number of prices listed",
        ),
        (
            r#"{"part":"median","of":["a","b"],"standby":"c"}"#.to_owned(),
            "median: a standby is set and present_min asks for all 2 prices; it must ask for fewer",
        ),
        (
            weighted(r#"{"price":"a","weight":1},{"price":"b","weight":0}]"#),
            "weighted_mean.of[2]: weight is 0; it is at least 1, leave the source out",
        ),
        (
            r#"{"part":"funding","index":"a","rate":"r","remaining":"t","interval_nanos":0}"#
                .to_owned(),
            "funding: interval_nanos is 0; it is at least 1",
        ),
    ] {
        assert_eq!(recipe(&text).validate().unwrap_err().to_string(), expected);
        assert_eq!(message(&text, &[("a", 1), ("b", 1)]), expected);
    }
}

#[test]
fn text_that_is_no_recipe_says_why() {
    for (text, expected) in [
        ("7", "expected the name of a price, or a table with a part"),
        (r#"{"of":["a"]}"#, "missing field `part`"),
        (r#"{"part":"mode","of":["a"]}"#, "unknown variant `mode`"),
        (r#"{"part":"median","of":["a"],"weights":[1]}"#, "unknown field `weights`"),
        (r#"{"part":"offset","price":"a"}"#, "missing field `by`"),
    ] {
        let error = serde_json::from_str::<Recipe>(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn depth_is_bounded_at_its_edge() {
    let nested = |depth: usize| {
        (0..depth).fold(Recipe::Named("a".to_owned()), |price, _| {
            Recipe::part(Part::Offset { price, by: "d".to_owned() })
        })
    };
    let rows = inputs(&[("a", 1), ("d", 1)]);
    assert_eq!(nested(DEPTH_MAX).evaluate(&rows), Ok(17));
    let error = nested(DEPTH_MAX + 1).evaluate(&rows).unwrap_err();
    assert_eq!(error.why, Why::TooDeep);
}

/// Oracle with basis, book and external prices; two of the three will do with a standby.
const TWO_OF_THREE: &str =
    r#"{"part":"median","of":["oracle","book","external"],"present_min":2,"standby":"book_ema"}"#;

#[test]
fn the_standby_joins_when_exactly_one_is_absent() {
    let all = [("oracle", 100), ("book", 110), ("external", 105), ("book_ema", 1)];
    let median = recipe(TWO_OF_THREE);
    assert_eq!(median.evaluate(&inputs(&all)), Ok(105));
    let without = |names: &[&str]| {
        let rows: Vec<_> = all.iter().copied().filter(|(name, _)| !names.contains(name)).collect();
        median.evaluate(&inputs(&rows)).map_err(|error| error.to_string())
    };
    assert_eq!(without(&["external"]), Ok(100));
    assert_eq!(without(&["oracle"]), Ok(105));
    assert_eq!(without(&["book_ema"]), Ok(105));
    assert_eq!(
        without(&["external", "book_ema"]).unwrap_err(),
        "median.standby: \"book_ema\" is missing; it must be among the inputs"
    );
    assert_eq!(
        without(&["external", "book"]).unwrap_err(),
        "median: 1 of its prices are present and 2 must be; of[2]: \"book\" is missing; it must \
         be among the inputs"
    );
    // A feed that sends zero is broken, not absent.
    let zero = inputs(&[("oracle", 100), ("book", 0), ("external", 105), ("book_ema", 1)]);
    assert_eq!(
        median.evaluate(&zero).unwrap_err().to_string(),
        "median.of[2]: \"book\" is 0; a price is above 0"
    );
}

#[test]
fn weights_of_absent_sources_are_left_out() {
    let text = r#"{"part":"weighted_mean","present_min":1,"of":[{"price":"a","weight":1},
        {"price":"b","weight":2},{"price":"c","weight":5}]}"#;
    assert_eq!(recipe(text).evaluate(&inputs(&[("b", 10), ("c", 17)])), Ok(15));
    assert_eq!(recipe(text).evaluate(&inputs(&[("a", 7)])), Ok(7));
    assert!(recipe(text).evaluate(&inputs(&[])).unwrap_err().is_absence());
}

const CONSTRUCTION: &str = r#"{
    "averages": [
        {"name": "basis", "of": {"part": "median", "of": ["bid", "ask"]}, "less": "index",
         "over": {"samples": 2}},
        {"name": "book_ema", "of": "book", "over": {"time_constant_nanos": 30000000000}}
    ],
    "prices": [
        {"name": "book", "recipe": {"part": "median", "of": ["bid", "ask", "last"]}},
        {"name": "carried", "recipe": {"part": "offset", "price": "index", "by": "basis"}},
        {"name": "mark", "recipe": {"part": "median", "of": ["carried", "book", "other"],
            "present_min": 2, "standby": "book_ema"}}
    ]}"#;

fn construction() -> Construction {
    serde_json::from_str(CONSTRUCTION).unwrap()
}

#[test]
fn averages_live_between_evaluations_and_prices_build_on_those_above() {
    let construction = construction();
    let mut seen = construction.start();
    let mut rows =
        inputs(&[("bid", 100), ("ask", 104), ("last", 103), ("index", 90), ("other", 95)]);
    let empty = construction.evaluate(&rows, &seen).unwrap();
    assert_eq!(empty.get("book"), Some(&Ok(103)));
    assert_eq!(
        empty.get("carried").unwrap().as_ref().unwrap_err().to_string(),
        "carried.offset.by: \"basis\" has no value: no sample yet: the average has nothing to \
         average"
    );
    assert_eq!(
        empty.mark().unwrap_err().to_string(),
        "mark.median.standby: \"book_ema\" has no value: no sample yet: the average has nothing \
         to average"
    );
    seen = construction.record(&seen, &rows, Time::from_seconds(3)).unwrap();
    let first = construction.evaluate(&rows, &seen).unwrap();
    assert_eq!((first.get("carried"), first.mark()), (Some(&Ok(102)), Ok(102)));
    // Basis 12 and 16 average to 14; the one of 12 leaves with the third sample.
    rows.insert("index".to_owned(), 86);
    for (second, carried) in [(4, 100), (5, 102)] {
        seen = construction.record(&seen, &rows, Time::from_seconds(second)).unwrap();
        let prices = construction.evaluate(&rows, &seen).unwrap();
        assert_eq!(prices.get("carried"), Some(&Ok(carried)));
    }
    // Without the other price, the average of the book stands in: 102, 103, 103.
    rows.remove("other");
    assert_eq!(construction.evaluate(&rows, &seen).unwrap().mark(), Ok(103));
    let kept: Averages = serde_json::from_str(&serde_json::to_string(&seen).unwrap()).unwrap();
    assert_eq!(kept, seen);
}

#[test]
fn an_average_without_its_prices_takes_no_sample_and_a_bad_one_stops() {
    let construction = construction();
    let seen = construction.start();
    let rows = inputs(&[("bid", 100), ("ask", 104), ("index", 90)]);
    let after = construction.record(&seen, &rows, Time(1)).unwrap();
    let prices = construction.evaluate(&rows, &after).unwrap();
    assert_eq!(prices.get("carried"), Some(&Ok(102)));
    assert!(prices.get("book").unwrap().as_ref().unwrap_err().is_absence());
    let bad = inputs(&[("bid", -1), ("ask", 104), ("index", 90)]);
    assert_eq!(
        construction.record(&after, &bad, Time(2)).unwrap_err().to_string(),
        "book.median.of[1]: \"bid\" is -1; a price is above 0"
    );
    let late = inputs(&[("bid", 100), ("ask", 104), ("last", 101), ("index", 90)]);
    let after = construction.record(&after, &late, Time(9)).unwrap();
    assert_eq!(
        construction.record(&after, &late, Time(8)).unwrap_err().to_string(),
        "book_ema: a sample at 8 ns follows one at 9 ns; samples arrive in their order"
    );
    let own = inputs(&[("book", 3)]);
    assert_eq!(
        construction.evaluate(&own, &after).unwrap_err().to_string(),
        "inputs: \"book\" is computed here; it cannot be an input as well"
    );
}

#[test]
fn a_construction_that_cannot_work_is_refused() {
    let refusal = |averages: &str, prices: &str| {
        let text = format!(r#"{{"averages":[{averages}],"prices":[{prices}]}}"#);
        serde_json::from_str::<Construction>(&text).unwrap_err().to_string()
    };
    let price = r#"{"name":"mark","recipe":"index"}"#;
    let average = |name: &str, over: &str| format!(r#"{{"name":"{name}","of":"a","over":{over}}}"#);
    for (averages, prices, expected) in [
        (String::new(), "", "prices: the list is empty; the last one is the mark"),
        (
            average("mark", r#"{"samples":1}"#),
            price,
            "\"mark\" is the name of two averages or prices; each has its own",
        ),
        (average("x", r#"{"samples":0}"#), price, "x.over: samples is 0; it is at least 1"),
        (
            average("x", r#"{"time_constant_nanos":0}"#),
            price,
            "x.over: time_constant_nanos is 0; it is at least 1",
        ),
        (
            String::new(),
            r#"{"name":"mark","recipe":{"part":"median","of":[]}}"#,
            "mark.median.of: no source: at least one price is needed",
        ),
    ] {
        assert_eq!(refusal(&averages, prices), expected);
    }
}
