//! Who may depend on whom.

use crate::{Finding, RING_ZERO};
use cargo_metadata::{DependencyKind, MetadataCommand};
use std::path::Path;

/// The hosts, in order: each may use the ones before it and all of ring 0.
const RING_ONE: [&str; 6] = ["journal", "accounting", "tax", "simulate", "report", "conformance"];

/// The faces, in order: each may use the ones before it and everything beneath.
const RING_TWO: [&str; 3] = ["cli", "server", "python"];

/// What proves the rest: may use anything, and nothing may use it.
const PROOF: [&str; 3] = ["model", "tidy", "benches"];

/// Proof that other crates may call from their tests.
const PROOF_FOR_TESTS: [&str; 1] = ["model"];

/// Test-only edges of ring 0 to an upper ring that are granted all the same, as (from, to).
const GRANTED_TEST_EDGES: [(&str, &str); 0] = [];

/// Outside crates that would bring threads, clocks or chance into ring 0. Names that begin with
/// `rand` are refused as well.
const IMPURE_OUTSIDE: [&str; 9] =
    ["chrono", "crossbeam", "fastrand", "getrandom", "oorandom", "rayon", "redb", "time", "tokio"];

/// Whether an edge exists in the shipped program or in tests alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// A normal or build dependency.
    Normal,
    /// A dev-dependency.
    Test,
}

/// One member of the workspace with what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Name without the `breakwater-` before it.
    pub name: String,
    /// Dependencies on members, by the same short names.
    pub inside: Vec<(String, Edge)>,
    /// Dependencies on outside crates, by their full names.
    pub outside: Vec<(String, Edge)>,
}

/// The members of the workspace at `root`, as cargo reads them, without touching the network.
///
/// # Errors
/// What cargo says when a manifest is wrong.
pub fn members(root: &Path) -> Result<Vec<Member>, cargo_metadata::Error> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()?;
    let read = |package: &cargo_metadata::Package| {
        let mut member =
            Member { name: short(&package.name), inside: Vec::new(), outside: Vec::new() };
        for dependency in &package.dependencies {
            let edge = match dependency.kind {
                DependencyKind::Development => Edge::Test,
                _ => Edge::Normal,
            };
            match dependency.path {
                Some(_) => member.inside.push((short(&dependency.name), edge)),
                None => member.outside.push((dependency.name.clone(), edge)),
            }
        }
        member
    };
    Ok(metadata.packages.iter().map(read).collect())
}

/// Every edge against the order, and every member that has no place in it.
#[must_use]
pub fn edges_against_order(members: &[Member]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in members {
        let path = format!("crates/{}/Cargo.toml", member.name);
        if ring(&member.name).is_none() {
            let place =
                "the crate has no place: place it in the order of crates/tidy/src/layering.rs";
            findings.push(Finding::new(&path, 0, place));
            continue;
        }
        for (target, edge) in &member.inside {
            if let Some(reason) = refusal(&member.name, target, *edge) {
                let message = format!("`{}` may not depend on `{target}`: {reason}", member.name);
                findings.push(Finding::new(&path, 0, message));
            }
        }
        for (target, edge) in &member.outside {
            if *edge == Edge::Normal && is_pure(&member.name) && is_impure_outside(target) {
                let message = format!("`{target}` has no place in ring 0, which computes only");
                findings.push(Finding::new(&path, 0, message));
            }
        }
    }
    findings
}

fn short(name: &str) -> String {
    name.strip_prefix("breakwater-").unwrap_or(name).to_owned()
}

fn is_pure(name: &str) -> bool {
    RING_ZERO.contains(&name)
}

fn is_impure_outside(name: &str) -> bool {
    name.starts_with("rand") || IMPURE_OUTSIDE.contains(&name)
}

fn ring(name: &str) -> Option<u8> {
    let has = |list: &[&str]| list.contains(&name);
    [&RING_ZERO[..], &RING_ONE[..], &RING_TWO[..], &PROOF[..]]
        .iter()
        .position(|list| has(list))
        .and_then(|at| u8::try_from(at).ok())
}

/// What a crate of ring 0 may use in the shipped program. `ledger` sees money alone; rulebooks and
/// engine stand side by side and do not know each other.
fn beneath(name: &str) -> &'static [&'static str] {
    match name {
        "market" | "ledger" => &["money"],
        "options" => &["money", "market"],
        "margin" => &["money", "market", "options"],
        "execution" | "auction" => &["money", "market", "options", "margin"],
        "liquidation" => &["money", "market", "options", "margin", "execution", "auction"],
        "agreement" => {
            &["money", "market", "options", "margin", "execution", "auction", "liquidation"]
        }
        "rulebooks" => &[
            "money",
            "market",
            "options",
            "margin",
            "execution",
            "auction",
            "liquidation",
            "agreement",
        ],
        "engine" => &[
            "money",
            "market",
            "options",
            "margin",
            "execution",
            "auction",
            "liquidation",
            "ledger",
        ],
        _ => &[],
    }
}

/// Why the edge is against the order, or `None` when it is with it.
fn refusal(from: &str, to: &str, edge: Edge) -> Option<String> {
    let (Some(own), Some(other)) = (ring(from), ring(to)) else {
        return Some(format!("`{to}` has no place in the order"));
    };
    if PROOF.contains(&to) {
        let granted = edge == Edge::Test && PROOF_FOR_TESTS.contains(&to);
        let proves = PROOF.contains(&from);
        return (!granted && !proves).then(|| "nothing may depend on proof".to_owned());
    }
    if other > own {
        let granted = edge == Edge::Test && GRANTED_TEST_EDGES.contains(&(from, to));
        return (!granted).then(|| format!("ring {own} does not know ring {other}"));
    }
    // Tests may look sideways: cargo allows such a circle and the program does not contain it.
    if other < own || edge == Edge::Test {
        return None;
    }
    if own == 0 {
        let below = beneath(from);
        return (!below.contains(&to)).then(|| match below {
            [] => "it depends on nothing of ours".to_owned(),
            _ => format!("in ring 0 it may use {} only", below.join(", ")),
        });
    }
    let order: &[&str] = if own == 1 { &RING_ONE } else { &RING_TWO };
    let place = |name: &str| order.iter().position(|other| *other == name);
    (place(to) >= place(from)).then(|| format!("the order is {}", order.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, inside: &[(&str, Edge)]) -> Member {
        let inside = inside.iter().map(|(to, edge)| ((*to).to_owned(), *edge)).collect();
        Member { name: name.to_owned(), inside, outside: Vec::new() }
    }

    fn refused(from: &str, to: &str, edge: Edge) -> bool {
        !edges_against_order(&[member(from, &[(to, edge)])]).is_empty()
    }

    #[test]
    fn edges_with_the_order_pass() {
        for (from, to) in [
            ("market", "money"),
            ("liquidation", "auction"),
            ("engine", "ledger"),
            ("engine", "liquidation"),
            ("rulebooks", "liquidation"),
            ("rulebooks", "agreement"),
            ("journal", "engine"),
            ("simulate", "journal"),
            ("conformance", "report"),
            ("cli", "conformance"),
            ("server", "cli"),
            ("model", "cli"),
            ("benches", "model"),
        ] {
            assert!(!refused(from, to, Edge::Normal), "{from} -> {to}");
        }
    }

    #[test]
    fn every_edge_against_the_order_is_found() {
        for (from, to) in [
            ("money", "market"),
            ("market", "options"),
            ("auction", "execution"),
            ("execution", "auction"),
            ("ledger", "market"),
            ("liquidation", "ledger"),
            ("rulebooks", "engine"),
            ("engine", "rulebooks"),
            ("agreement", "engine"),
            ("agreement", "rulebooks"),
            ("engine", "agreement"),
            ("engine", "journal"),
            ("journal", "simulate"),
            ("simulate", "report"),
            ("report", "cli"),
            ("cli", "server"),
            ("engine", "model"),
            ("cli", "tidy"),
            ("cli", "benches"),
        ] {
            assert!(refused(from, to, Edge::Normal), "{from} -> {to}");
        }
    }

    #[test]
    fn tests_of_ring_zero_stay_in_ring_zero_or_ask_the_model() {
        assert!(!refused("engine", "rulebooks", Edge::Test));
        assert!(!refused("liquidation", "model", Edge::Test));
        assert!(refused("engine", "simulate", Edge::Test));
        assert!(refused("money", "journal", Edge::Test));
        assert!(refused("simulate", "cli", Edge::Test));
        assert!(refused("engine", "tidy", Edge::Test));
    }

    #[test]
    fn a_stranger_must_be_placed() {
        let findings = edges_against_order(&[member("oracle", &[])]);
        assert!(findings[0].message.contains("place it in the order"), "{}", findings[0]);
        assert!(refused("engine", "oracle", Edge::Normal));
    }

    #[test]
    fn chance_and_threads_stay_outside_ring_zero() {
        for outside in ["rand", "rand_chacha", "getrandom", "rayon", "tokio"] {
            let mut engine = member("engine", &[]);
            engine.outside.push((outside.to_owned(), Edge::Normal));
            assert_eq!(edges_against_order(&[engine.clone()]).len(), 1, "{outside}");
            engine.name = "simulate".to_owned();
            assert!(edges_against_order(&[engine]).is_empty(), "{outside}");
        }
    }
}
