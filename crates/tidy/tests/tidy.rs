//! The house rules, run over this checkout. Each test lists every breach at once, so that one run
//! shows the whole of the work.

use breakwater_tidy::source::Source;
use breakwater_tidy::tree::{Tree, crate_of_source};
use breakwater_tidy::{
    Finding, division, documents, invariants, layering, purity, rejections, sizes, venues,
    workspace_root,
};
use std::collections::BTreeSet;

fn tree() -> Tree {
    Tree::load(&workspace_root()).expect("the checkout is readable")
}

/// Sources of all crates with the name of their crate, test modules in own files marked as such.
fn sources(tree: &Tree) -> Vec<(&str, &str, Source)> {
    let mut read = Vec::new();
    let mut test_modules = BTreeSet::new();
    for file in tree.rust() {
        if let Some(name) = crate_of_source(&file.path) {
            let source = Source::new(&file.text);
            test_modules.extend(source.module_files(&file.path));
            read.push((file.path.as_str(), name, source));
        }
    }
    for (path, _, source) in &mut read {
        let beneath = |module: &String| path.strip_prefix(module.as_str());
        if test_modules
            .iter()
            .filter_map(beneath)
            .any(|rest| rest == ".rs" || rest.starts_with('/'))
        {
            source.all_test();
        }
    }
    read
}

/// Findings of `rule` over the sources of ring 0.
fn in_ring_zero(rule: impl Fn(&str, &str, &Source) -> Vec<Finding>) -> Vec<Finding> {
    let tree = tree();
    let pure = sources(&tree);
    let pure: Vec<_> = pure.iter().filter(|(_, name, _)| purity::is_pure_crate(name)).collect();
    assert!(!pure.is_empty(), "the crates of ring 0 were not found");
    pure.iter().flat_map(|(path, name, source)| rule(path, name, source)).collect()
}

#[track_caller]
fn none(findings: &[Finding]) {
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} to tidy:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn crates_depend_in_the_order_of_the_rings() {
    let members = layering::members(&workspace_root()).expect("cargo reads the workspace");
    assert!(members.len() > 1, "cargo found no members");
    none(&layering::edges_against_order(&members));
}

#[test]
fn ring_zero_is_pure() {
    none(&in_ring_zero(|path, _, source| purity::impure(path, source)));
}

#[test]
fn floats_never_decide() {
    none(&in_ring_zero(purity::floats));
}

#[test]
fn ring_zero_never_panics_without_a_reason() {
    none(&in_ring_zero(|path, _, source| purity::panics(path, source)));
}

#[test]
fn divisions_name_their_rounding() {
    none(&in_ring_zero(division::unnamed));
}

#[test]
fn nothing_is_unsafe() {
    let tree = tree();
    let found = tree.rust().flat_map(|file| purity::unsafety(&file.path, &Source::new(&file.text)));
    none(&found.collect::<Vec<_>>());
}

#[test]
fn venue_names_stay_at_home() {
    let tree = tree();
    let found = sources(&tree)
        .iter()
        .flat_map(|(path, name, source)| venues::named(path, name, source))
        .collect::<Vec<_>>();
    none(&found);
}

#[test]
fn rejections_are_numbered_documented_and_produced() {
    none(&rejections::breaches(&tree()));
}

#[test]
fn invariants_are_kept_where_the_page_says() {
    none(&invariants::breaches(&tree()));
}

#[test]
fn pages_exist_and_their_links_lead_somewhere() {
    let tree = tree();
    let mut findings = documents::missing(&tree);
    let root = workspace_root();
    findings.extend(documents::broken_links(&tree, |path| root.join(path).exists()));
    none(&findings);
}

#[test]
fn files_carry_no_litter() {
    none(&tree().files.iter().flat_map(documents::litter).collect::<Vec<_>>());
}

#[test]
fn sizes_are_printed_as_questions() {
    let report = sizes::report(&tree());
    assert!(report.contains("tidy"), "the crates were not found");
    println!("{report}");
}
