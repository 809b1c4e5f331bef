//! Every parameter of every shipped file says where it comes from, or that nobody verified it.

use toml::Value;

/// Fields that say what the file is rather than what the venue does.
const HEAD: [&str; 8] = [
    "name",
    "rule",
    "version",
    "effective_from",
    "numeraire_decimals",
    "settle",
    "source",
    "numeraire",
];

fn covers(key: &str, path: &str) -> bool {
    let (key, path): (Vec<&str>, Vec<&str>) = (key.split('.').collect(), path.split('.').collect());
    // A key may name a whole table: what stands beneath it has the same source.
    key.len() <= path.len() && key.iter().zip(&path).all(|(k, p)| *k == "*" || k == p)
}

fn leaves(path: &str, value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Table(table) => {
            for (name, value) in table {
                leaves(&format!("{path}.{name}"), value, out);
            }
        }
        Value::Array(rows) if rows.iter().any(Value::is_table) => {
            for value in rows {
                leaves(path, value, out);
            }
        }
        _ => out.push(path.to_owned()),
    }
}

#[test]
fn every_parameter_has_a_source_and_every_source_a_parameter() {
    for (name, text) in breakwater_rulebooks::shipped() {
        let file: toml::Table = toml::from_str(text).unwrap();
        let sources = file["source"].as_table().unwrap();
        let mut paths = Vec::new();
        for (field, value) in file.iter().filter(|(field, _)| !HEAD.contains(&field.as_str())) {
            leaves(field, value, &mut paths);
        }
        assert!(!paths.is_empty(), "{name} has no parameter");
        for path in &paths {
            let found = sources.keys().any(|key| covers(key, path));
            assert!(found, "{name}: {path} has no source");
        }
        for (key, source) in sources {
            assert!(paths.iter().any(|path| covers(key, path)), "{name}: nothing has source {key}");
            assert!(source.as_str().is_some_and(|s| s.len() > 9), "{name}: {key} says nothing");
        }
        let dated = file["effective_from"].as_str().unwrap();
        assert!(!dated.is_empty(), "{name}: effective_from");
    }
}
