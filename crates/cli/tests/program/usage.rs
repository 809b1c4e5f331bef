use crate::started::{program, run, run_in};
use std::process::Stdio;
use tempfile::TempDir;

const COMMANDS: [&str; 23] = [
    "replay",
    "compare",
    "at-risk",
    "assess",
    "plan",
    "price",
    "price-options",
    "schedule",
    "hedge",
    "market",
    "agreement",
    "branching",
    "stress",
    "defend",
    "tax",
    "auction",
    "verify",
    "why",
    "scenarios",
    "rulebooks",
    "conformance",
    "journal",
    "completions",
];

#[test]
fn help_names_every_command_and_exit_code() {
    let help = run(&["--help"]).with(0);
    for command in COMMANDS {
        assert!(help.out.contains(&format!("  {command} ")), "{command}: {}", help.out);
        let own = run(&[command, "--help"]).with(0);
        assert!(own.out.contains("Usage: breakwater"), "{}", own.out);
        assert!(own.out.contains("--json") && own.out.contains("--quiet"), "{}", own.out);
    }
    for code in ["0 done", "1 a check", "2 wrong usage", "3 bad data", "4 integrity", "5 a fault"] {
        assert!(help.out.contains(code), "{code}: {}", help.out);
    }
    assert!(run(&["--version"]).with(0).out.starts_with("breakwater "));
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_two() {
    for arguments in [
        &[][..],
        &["fly"],
        &["replay"],
        &["replay", "black-thursday", "--policy", "gentle"],
        &["replay", "black-thursday", "--depth-scale", "0"],
        &["replay", "black-thursday", "--depth-scale", "-1"],
        &["replay", "black-thursday", "--feedback", "1.5"],
        &["replay", "black-thursday", "--feedback", "NaN"],
        &["replay", "black-thursday", "--peg", "0"],
        &["replay", "black-thursday", "--keeper-capital", "much"],
        &["replay", "black-thursday", "--shock", "ETH/USD"],
        &["replay", "black-thursday", "--shock", "ETH/USD=100%"],
        &["replay", "black-thursday", "--seed", "-1"],
        &["verify", "journal.redb", "--state-hash", "abc"],
        &["why", "journal.redb"],
        &["plan", "book.json", "--target", "0"],
        &["journal", "export", "only-one"],
        &["completions", "vax"],
    ] {
        let told = run(arguments).with(2);
        assert_eq!(told.out, "", "{arguments:?}");
        assert!(!told.err.is_empty() && !told.err.contains("panicked"), "{}", told.err);
    }
}

#[test]
fn lists_are_for_people_and_for_programs() {
    let scenarios = run(&["scenarios"]).with(0);
    assert!(scenarios.out.contains("black-thursday"));
    let json = run(&["scenarios", "--json"]).with(0).json();
    assert_eq!(json["schema"], "breakwater.scenarios/1");
    assert_eq!(json["scenarios"][0]["name"], "black-thursday");

    let rulebooks = run(&["rulebooks"]).with(0);
    let json = run(&["rulebooks", "--json"]).with(0).json();
    assert_eq!(json["schema"], "breakwater.rulebooks/1");
    for rulebook in json["rulebooks"].as_array().unwrap() {
        let name = rulebook["name"].as_str().unwrap();
        assert!(rulebooks.out.contains(name));
        let shown = run(&["rulebooks", name]).with(0);
        for heading in ["Parameters", "Sources", "Promises", "Nobody healthy is liquidated"] {
            assert!(shown.out.contains(heading), "{heading}: {}", shown.out);
        }
        let one = run(&["rulebooks", name, "--json"]).with(0).json();
        assert_eq!(one["schema"], "breakwater.rulebook/1");
        assert_eq!(one["parameters_hash"], rulebook["parameters_hash"]);
        assert!(one["parameters"].as_array().unwrap().iter().any(|p| p["source"].is_string()));
    }
    run(&["rulebooks", "nowhere"]).complains(2, &["no rulebook 'nowhere'"]);
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("r.toml"), "rule = \"unheard-of\"").unwrap();
    run_in(folder.path(), &["rulebooks", "r.toml"]).complains(3, &["unheard-of"]);
    std::fs::write(folder.path().join("r.toml"), "name = 'x'").unwrap();
    run_in(folder.path(), &["rulebooks", "r.toml"]).complains(3, &["rule is missing"]);
}

#[test]
fn completions_are_scripts_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell]).with(0);
        assert!(script.out.contains("conformance"), "{shell}");
    }
}

#[test]
fn colour_comes_only_where_it_is_wanted() {
    let told = |names: &[&str]| {
        let mut command = program();
        command.arg("rulebooks").arg("aave-v3.7");
        for name in names {
            command.env(name, "1");
        }
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(!told(&[]).contains('\u{1b}'), "no terminal, no colour");
    assert!(told(&["CLICOLOR_FORCE"]).contains('\u{1b}'));
    assert!(!told(&["CLICOLOR_FORCE", "NO_COLOR"]).contains('\u{1b}'));
    let mut failing = program();
    let failing =
        failing.args(["replay", "nowhere"]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1");
    let failed = failing.output().unwrap();
    assert!(!String::from_utf8(failed.stderr).unwrap().contains('\u{1b}'));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for arguments in [&["rulebooks", "aave-v3.7"][..], &["--help"], &["completions", "bash"]] {
        let mut child = program()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{arguments:?}");
    }
}
