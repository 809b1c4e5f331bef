//! Every ladder ends, whatever fills come back, and never sells what is not there.

use super::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;

/// The buffer of a ladder's first ramp: what `freed` is measured with.
fn buffer(ladder: &Ladder) -> u32 {
    let ramp = |rung: &Rung| match rung.act {
        Act::Ramp { buffer_bps, .. } => Some(buffer_bps),
        _ => None,
    };
    ladder.rungs().iter().find_map(ramp).unwrap_or(0)
}

fn shortage(account: &Account, buffer_bps: u32) -> u128 {
    let seen = account.seen();
    let line = seen.maintenance + (seen.maintenance * u128::from(buffer_bps)).div_ceil(10_000);
    (i128::try_from(line).unwrap() - seen.equity).max(0).unsigned_abs()
}

/// An account on its way down a ladder.
struct Way {
    account: Account,
    standing: Standing,
    taken_over: bool,
    waits: usize,
}

impl Way {
    fn new(account: Account) -> Way {
        let standing = Standing { orders_open: true, ..Standing::default() };
        Way { account, standing, taken_over: false, waits: 0 }
    }

    /// Takes one step, of whose sales the market fills so many percent each; false at the end.
    /// Holds that no sale is empty, too large, doubled, or no whole number of lots.
    fn step(&mut self, ladder: &Ladder, percent: u128) -> bool {
        let found = next(ladder, &self.standing, &self.account).unwrap();
        if let Step::Wait { until } = found {
            assert!(until > self.standing.now);
            self.waits += 1;
            assert!(self.waits <= ladder.rungs().len(), "waits without end");
            self.standing.now = until;
            return true;
        }
        self.waits = 0;
        match found {
            Step::Nothing => {
                assert!(!self.account.seen().breach || self.account.is_flat());
                return false;
            }
            Step::CancelOrders => {
                assert!(self.standing.orders_open);
                self.standing.orders_open = false;
                return true;
            }
            Step::TakeOver => {
                self.taken_over = true;
                self.account.held.iter_mut().for_each(|held| held.quantity = 0);
                self.account.equity = 0;
            }
            Step::Sell(step) => {
                self.check(&step.sales);
                let part = |sale: &Sale| (*sale, sale.quantity * percent / 100);
                let fills: Vec<_> = step.sales.iter().map(part).collect();
                let bps = buffer(ladder);
                let before = shortage(&self.account, bps);
                self.account = self.account.filled(&fills);
                let after = shortage(&self.account, bps);
                self.standing.freed += before.saturating_sub(after);
            }
            Step::Wait { .. } => {}
        }
        self.standing.steps += 1;
        self.standing.last_step_at = Some(self.standing.now);
        true
    }

    fn check(&self, sales: &[Sale]) {
        assert!(self.account.seen().breach && !sales.is_empty());
        let assets: BTreeSet<_> = sales.iter().map(|sale| sale.asset).collect();
        assert_eq!(assets.len(), sales.len());
        for sale in sales {
            let held = &self.account.held[sale.asset.index()];
            assert!(sale.quantity > 0 && sale.quantity <= held.quantity);
            assert!(sale.quantity % held.lot == 0 || sale.quantity == held.quantity);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn full_fills_end_within_the_stated_bound(account in any_account(), ladder in any_ladder()) {
        let most = ladder.steps_most(&account.lots());
        let mut way = Way::new(account);
        let mut steps = 0u128;
        while way.step(&ladder, 100) {
            steps += u128::from(way.waits == 0);
            prop_assert!(steps <= most, "{} steps, at most {}", steps, most);
        }
        prop_assert!(!way.account.seen().breach || way.account.is_flat());
    }

    #[test]
    fn bad_fills_only_put_off_the_end(
        account in any_account(),
        ladder in any_ladder(),
        fills in prop::collection::vec((prop_oneof![Just(0u128), 0u128..=100], 0u64..50), 0..40),
    ) {
        let mut way = Way::new(account);
        let mut ended = false;
        for (percent, nanos) in fills {
            ended = !way.step(&ladder, percent);
            if ended {
                break;
            }
            way.standing.now = way.standing.now.after(nanos);
        }
        let most = ladder.steps_most(&way.account.lots());
        let mut steps = 0u128;
        while !ended && way.step(&ladder, 100) {
            steps += u128::from(way.waits == 0);
            prop_assert!(steps <= most, "{} steps, at most {}", steps, most);
        }
        prop_assert!(!way.account.seen().breach || way.account.is_flat());
    }
}

#[test]
fn a_ladder_whose_sales_are_counted_ends_although_nothing_is_ever_filled() {
    let bounded = |act, below| {
        let mut rung = rung(act);
        rung.bounds.steps.below = Some(below);
        Rung { wait_nanos: 7, ..rung }
    };
    let rungs = vec![
        rung(Act::CancelOrders),
        bounded(Act::TierDown { tiers: 1 }, 2),
        bounded(Act::Whole, 5),
        rung(Act::TakeOver),
    ];
    let ladder = ladder(rungs);
    let mut way = Way::new(Account::one(2_000, tiered()));
    while way.step(&ladder, 0) {}
    assert!(way.taken_over && !way.standing.orders_open);
    // Two tiers, three times all, one takeover; each but the first and the last after its wait.
    assert_eq!((way.standing.steps, way.standing.now), (6, Time(4 * 7)));
}

#[test]
fn a_fifth_at_a_time_ends_within_a_few_steps_of_many_lots() {
    let held = Held { quantity: 1 << 40, price: 1, lot: 1, tiers: vec![(0, 100)], initial_bps: 0 };
    let account = Account::one(-1, held);
    let ladder = ladder(vec![rung(Act::Fraction { bps: 2_000 })]);
    let most = ladder.steps_most(&account.lots());
    assert_eq!(most, 3 + 5 * 41 + 1);
    let mut way = Way::new(account);
    while way.step(&ladder, 100) {}
    assert!(way.account.is_flat() && u128::from(way.standing.steps) <= most);
    // What the bound would be if every step took one lot only.
    assert!(way.standing.steps > 100);
}

#[test]
fn what_is_drawn_exercises_every_kind_of_step_and_every_act() {
    let mut runner = TestRunner::deterministic();
    let pairs = (any_account(), any_ladder());
    let mut counts = [0u32; 5];
    let mut acts = BTreeSet::new();
    for _ in 0..600 {
        let (account, ladder) = pairs.new_tree(&mut runner).unwrap().current();
        let standing = Standing { last_step_at: Some(Time(0)), ..Standing::default() };
        let kind = match next(&ladder, &standing, &account).unwrap() {
            Step::Sell(step) => {
                acts.insert(format!("{:?}", step.reason));
                0
            }
            Step::TakeOver => 1,
            Step::Wait { .. } => 2,
            Step::Nothing => 3,
            Step::CancelOrders => 4,
        };
        counts[kind] += 1;
    }
    // Orders are open in none of these; a twentieth is healthy.
    assert!(counts[0] > 150 && counts[1] > 50 && counts[2] > 50, "{counts:?}");
    assert!(counts[3] < 120 && counts[4] == 0, "{counts:?}");
    assert_eq!(acts.len(), 7, "every reason of a ladder");
}
