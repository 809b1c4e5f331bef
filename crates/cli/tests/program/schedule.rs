use crate::started::{folder_with, run, run_in};

/// The example of Almgren and Chriss.
const PAPER: [&str; 17] = [
    "schedule",
    "--quantity",
    "1000000",
    "--price",
    "50",
    "--lot",
    "100",
    "--horizon",
    "5d",
    "--intervals",
    "5",
    "--volatility",
    "0.019",
    "--spread-bps",
    "25",
    "--daily-volume",
    "5000000",
];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    PAPER.iter().copied().chain(more.iter().copied()).collect()
}

fn number(value: &serde_json::Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn the_papers_example_comes_out_beside_simpler_ways() {
    let told = run(&with(&["--risk-aversion", "0.000001"])).with(0);
    // Impact follows from spread and volume by the paper's rule; its row of 1e-6.
    for text in
        ["911,226.99", "603,430.67", "662,500.00", "2,562,500.00", "458,000", "participation"]
    {
        assert!(told.out.contains(text), "{text} is not in:\n{}", told.out);
    }
    assert!(told.out.lines().count() <= 30, "{}", told.out);
    assert!(told.out.lines().all(|line| line.chars().count() <= 100), "{}", told.out);
}

#[test]
fn without_an_aversion_the_least_value_at_risk_is_sought() {
    let at_risk = |aversion: Option<&str>| {
        let mut more = vec!["--json"];
        more.extend(aversion.iter().flat_map(|aversion| ["--risk-aversion", aversion]));
        let json = run(&with(&more)).with(0).json();
        (number(&json["ways"][0]["value_at_risk"]), json)
    };
    let (least, json) = at_risk(None);
    assert_eq!((&json["schema"], &json["model"]), (&"breakwater.schedule/1".into(), &"ac".into()));
    assert_eq!(json["risk_aversion_sought"], true);
    for aversion in ["0", "0.0000001", "0.000001", "0.00001"] {
        assert!(at_risk(Some(aversion)).0 >= least, "{aversion}");
    }
    let slices = json["slices"].as_array().unwrap();
    let sum: f64 = slices.iter().map(|slice| number(&slice["quantity"])).sum();
    assert_eq!(sum, 1_000_000.0);
    assert!(slices.iter().all(|slice| number(&slice["quantity"]) % 100.0 == 0.0));
    assert_eq!(json["frontier"].as_array().unwrap().len(), 60);
}

#[test]
fn every_model_gives_a_schedule_that_sells_everything() {
    let book = ["--density", "50000", "--half-life", "4h"];
    let ways: [(&str, &[&str]); 10] = [
        ("ow", &book),
        ("transient", &["--density", "50000", "--kernel", "exp:4h"]),
        ("transient", &["--density", "50000", "--kernel", "power:1h:0.5", "--exponent", "0.5"]),
        ("sqrt", &[]),
        ("twap", &[]),
        ("vwap", &["--volumes", "1,2,3,2,1"]),
        ("participation", &["--share", "0.2"]),
        ("immediate", &[]),
        ("perpetual", &["--funding-bps", "30", "--funding-every", "8h"]),
        ("perpetual", &["--funding-bps", "-300", "--side", "long", "--risk-aversion", "0"]),
    ];
    for (model, more) in ways {
        let args = with(&[&["--json", "--model", model], more].concat());
        let json = run(&args).with(0).json();
        assert_eq!(json["model"], model);
        let slices = json["slices"].as_array().unwrap();
        let sum: f64 = slices.iter().map(|slice| number(&slice["quantity"])).sum();
        assert_eq!(sum, 1_000_000.0, "{model}");
        let first = number(&json["ways"][0]["expected"]);
        assert!(first.is_finite() && json["ways"].as_array().unwrap().len() >= 3, "{model}");
    }
}

#[test]
fn a_file_a_ladder_and_a_folder_are_read_and_written() {
    let sale = "quantity = \"500\"\nprice = 200\nlot = \"0.001\"\nhorizon = \"4h\"\nvolatility = 0.04\n\
                ladder = \"ladder.csv\"\nmodel = \"ac\"\n";
    let ladder =
        "amount,fraction_of_mid\n1,0.9999\n10,0.999\n50,0.995\n100,0.99\n500,0.95\n1000,0.9\n";
    let folder = folder_with("sale.toml", sale);
    std::fs::write(folder.path().join("ladder.csv"), ladder).unwrap();
    let told =
        run_in(folder.path(), &["schedule", "sale.toml", "--out", "out", "--intervals", "8"]);
    let told = told.with(0);
    assert!(told.out.contains("power of the ladder's impact"), "{}", told.out);
    let read = |name: &str| std::fs::read_to_string(folder.path().join("out").join(name)).unwrap();
    assert_eq!(read("slices.csv").lines().count(), 9);
    assert!(read("slices.csv").starts_with("after,after_nanos,quantity,left"));
    assert_eq!(read("frontier.csv").lines().count(), 61);
    let page = read("report.html");
    assert!(page.contains("What certainty costs") && page.contains("What is still held"));
    let json: serde_json::Value = serde_json::from_str(&read("schedule.json")).unwrap();
    assert_eq!(json["slices"][0]["after_nanos"], "0");
    // The ladder loses a ten-thousandth of the mid a unit.
    assert!((number(&json["depth"]["linear"]["point"]) - 0.02).abs() < 2e-3, "{json}");
}

#[test]
fn wrong_settings_are_named_with_what_would_be_right() {
    let told = |args: &[&str], code| run(args).with(code).err;
    assert!(told(&["schedule"], 2).contains("--quantity is missing"));
    assert!(told(&with(&["--model", "ow"]), 2).contains("--half-life is missing"));
    assert!(told(&with(&["--risk-aversion", "-1"]), 2).contains("risk_aversion is -1; expected"));
    assert!(told(&with(&["--confidence", "1"]), 2).contains("confidence is 1; expected"));
    assert!(told(&with(&["--model", "sqrt", "--exponent", "0.9"]), 2).contains("0.4 to 0.7"));
    let kernel = ["--model", "transient", "--density", "1", "--kernel", "exp:never"];
    assert!(told(&with(&kernel), 2).contains("--kernel is 'exp:never'"));
    let folder = folder_with("sale.toml", "quantity = 1\ncolour = 2\n");
    let told = run_in(folder.path(), &["schedule", "sale.toml"]).with(3);
    assert!(told.err.contains("colour"), "{}", told.err);
    let cliff = folder_with("cliff.csv", "days,share\n0,1\n1.5,1\n1.51,0\n");
    let asked = with(&["--model", "transient", "--density", "1", "--kernel", "cliff.csv"]);
    let refused = run_in(cliff.path(), &asked).with(2);
    assert!(refused.err.contains("smallest eigenvalue"), "{}", refused.err);
}
