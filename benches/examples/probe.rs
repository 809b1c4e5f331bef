//! Probe.
use breakwater_benches::lending_pool::*;
fn main() {
    let n: u32 = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(20_000);
    let ticks: u64 = std::env::args().nth(2).and_then(|s| s.parse().ok()).unwrap_or(20_000);
    let interest = std::env::args().nth(3).as_deref() != Some("no");
    let t = std::time::Instant::now();
    let mut book = LendingPool::found(&Spec { accounts: n, interest, seed: 1 }).unwrap();
    eprintln!("founded {:?}", t.elapsed());
    let t = std::time::Instant::now();
    let mut total = 0u64;
    for _ in 0..ticks {
        book.pool.now = book.pool.now.after(50_000_000);
        let body = book.walk.step(book.pool.now);
        total += u64::from(book.pool.must(body).unwrap().assessed);
    }
    eprintln!("{total} assessed, {:?}", t.elapsed());
}
