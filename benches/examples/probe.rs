//! Probe.
use breakwater_benches::lending_pool::*;
fn main() {
    let n: u32 = 100_000;
    let mut book = LendingPool::found(&Spec { accounts: n, interest: true, seed: 1 }).unwrap();
    for round in 0..2 {
        for width in [1e-4, 2e-4, 3e-4, 1e-3, 3e-3, 5e-3] {
            for line in [1.0f64, 1.05] {
                let mut c = 0; let mut pos = 0;
                for a in book.pool.accounts() {
                    let h = book.pool.engine.health(a).unwrap();
                    if h.requirement == 0 { continue; }
                    let r = h.equity as f64 / h.requirement as f64;
                    if (r - line).abs() < width { c += 1; pos += book.pool.engine.ledger().holdings(a).len(); }
                }
                println!("round {round} line {line} width {width}: {c} accounts, {pos} positions");
            }
        }
        let mut total = 0u64;
        let mut per = vec![(0u64, 0u64); 24];
        for _ in 0..3000 {
            book.pool.now = book.pool.now.after(50_000_000);
            let body = book.walk.step(book.pool.now);
            let m = match &body { breakwater_engine::Body::Tick(t) => t.market.index(), _ => 0 };
            let o = book.pool.must(body).unwrap();
            per[m].0 += 1; per[m].1 += u64::from(o.assessed);
            total += u64::from(o.assessed);
        }
        println!("{} a tick", total as f64 / 3000.0);
        println!("{:?}", per.iter().map(|(a, b)| b / a.max(&1)).collect::<Vec<_>>());
        for _ in 0..60_000 { book.pool.now = book.pool.now.after(50_000_000); let body = book.walk.step(book.pool.now); book.pool.must(body).unwrap(); }
    }
}
