use crate::started::{run_in, small, text};
use std::fs;

#[test]
fn mechanisms_stand_side_by_side_and_the_page_holds_them_all() {
    let folder = small();
    let told = run_in(folder.path(), &["compare", "small.toml"]).with(0);
    for word in [
        "bad debt",
        "same risk",
        "as deployed",
        "loss",
        "gain",
        "with our guards",
        "full close at market",
        "to target",
        "books balance: yes",
    ] {
        assert!(told.out.contains(word), "'{word}' is not in:\n{}", told.out);
    }
    assert!(told.out.lines().all(|line| line.chars().count() <= 100), "{}", told.out);
    assert!(told.out.ends_with("report: out/small-compare/compare.html\n"), "{}", told.out);

    let json = run_in(folder.path(), &["compare", "small.toml", "--json"]).with(0);
    assert_eq!(json.out, text(&folder.path().join("out/small-compare/compare.json")));
    let json = json.json();
    assert_eq!(json["schema"], "breakwater.compare/1");
    let mechanisms = json["mechanisms"].as_array().unwrap();
    assert!(mechanisms.len() >= 4);
    let page = text(&folder.path().join("out/small-compare/compare.html"));
    for mechanism in mechanisms {
        let variant = mechanism["variant"].as_str().unwrap();
        assert!(page.contains(variant), "{variant} is not on the page");
        assert_eq!(mechanism["books_balance"], true);
        assert!(mechanism["totals"]["bad_debt_open"].is_string());
    }
}

#[test]
fn two_comparisons_write_the_same_bytes_and_no_other_folder_is_taken() {
    let folder = small();
    for out in ["one", "two"] {
        run_in(folder.path(), &["compare", "small.toml", "--out", out]).with(0);
    }
    for file in ["compare.html", "compare.json"] {
        let read = |out: &str| fs::read(folder.path().join(out).join(file)).unwrap();
        assert!(read("one") == read("two"), "{file} differs");
    }
    fs::create_dir(folder.path().join("theirs")).unwrap();
    fs::write(folder.path().join("theirs/compare.html"), "precious").unwrap();
    run_in(folder.path(), &["compare", "small.toml", "--out", "theirs"])
        .complains(3, &["compare.html"]);
}
