use breakwater_simulate::Nobody;
use breakwater_simulate::auctions::runner::{AuctionOptions, run};
use breakwater_simulate::auctions::scenario::AuctionScenario;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let s = AuctionScenario::open(&a[1]).unwrap_or_else(|e| panic!("{e}"));
    let o = AuctionOptions {
        bidders: a.get(2).and_then(|x| x.parse().ok()),
        gas: a.get(3).cloned(),
        capital: a.get(4).cloned(),
        seed: a.get(5).and_then(|x| x.parse().ok()),
    };
    for f in &s.settings.run.formats {
        let t = std::time::Instant::now();
        let r = run(&s, f, &o, &mut Nobody).unwrap_or_else(|e| panic!("{e}"));
        let x = &r.totals;
        let m = |v: u128| v as f64 / 1e24;
        println!(
            "{f:18} liq {} lots {} sold {} unsold {} open {} zero {} ({}%) zloss {:.2}M lotshort {:.2}M deficit {:.2}M ({}) sold {:.0}ETH fair {:.1}M paid {:.1}M ({:?}bps) pen {:.2} forf {:.2} clear {:?} bidders {} hhi {:?} eff {:?} bids {} refused {} expired {} restarts {} bal {} cmds {} tickref {} {:?}",
            x.liquidated,
            x.lots,
            x.sold,
            x.unsold,
            x.open,
            x.zero_wins,
            x.zero_share_bps() as f64 / 100.,
            m(x.zero_loss),
            m(x.lot_shortfall),
            m(x.deficit),
            x.bankrupt,
            x.sold_quantity as f64 / 1e18,
            m(x.fair),
            m(x.paid),
            x.revenue_bps(),
            m(x.penalty),
            m(x.forfeited),
            x.clear_seconds_median,
            x.bidders_e2,
            x.concentration_ppm,
            x.efficiency_ppm,
            x.bids,
            x.refused,
            x.expired,
            x.restarts,
            r.books_balance,
            r.commands,
            r.ticks_refused,
            t.elapsed()
        );
        if a.len() < 3 {
            for b in &r.bidders {
                println!(
                    "   {:?}",
                    (
                        b.number,
                        b.strategy,
                        b.capital / 1000000000000000000,
                        b.gas_wei / 1000000000,
                        b.lots,
                        m(b.paid),
                        m(b.fair),
                        b.sent,
                        b.expired,
                        b.refused
                    )
                );
            }
        }
    }
}
