use breakwater_conformance::{adapters, run_text};
#[test]
fn english() {
    for f in ["flip", "flap", "flop"] {
        let p = format!("{}/../../conformance/auctions/dss-{f}.json", env!("CARGO_MANIFEST_DIR"));
        let r = run_text(f, &std::fs::read_to_string(p).unwrap(), &adapters());
        for x in r.failures.iter().take(10) {
            println!("{} {}: {} / {}", x.id, x.field, x.expected, x.got);
        }
        println!("{f} {} of {}", r.passed, r.total);
    }
}
