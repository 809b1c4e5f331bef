//! x
use breakwater_simulate::*;
use breakwater_engine::*;
struct W(Vec<Command>);
impl Watcher for W { fn command(&mut self, c:&Command)->Result<(),String>{ self.0.push(c.clone()); Ok(()) } }
#[test] fn dbg() {
    let s = Scenario::open("black-thursday").unwrap();
    let plain = RunOptions { impact: false, gas: false, feedback: Some("0".into()), ..Default::default() };
    let mut w = W(vec![]);
    run(&s,&plain,&mut w).unwrap();
    let mut e = Engine::new(registry());
    for c in &w.0 { e.apply(c); }
    let t=std::time::Instant::now();
    println!("rescan {:?} {:?}", e.rescan().len(), t.elapsed());
    for a in (0..e.accounts() as u32).map(breakwater_money::AccountId) {
        let c = e.margin_call(a).unwrap();
        if c.state.is_open() {
            let h = e.health(a).unwrap();
            println!("{a} {:?} eq {} req {} ratio {} plan {:?}", c.state, h.equity, h.requirement, h.ratio, e.plan_call(a).map(|p| p.option));
            println!("   {:?}", e.ledger().holdings(a).iter().map(|h| (e.assets()[h.unit.asset.index()].symbol.clone(), h.unit.class, h.balance)).collect::<Vec<_>>());
        }
    }
}
