//! Every benchmark at its quick size: the answers are compared, no time is asserted.

use breakwater_benches::rulebooks::Entry;
use breakwater_benches::{
    Options, assess, auction_bids, auction_games, batch_clearing, book_feed, cascade,
    contract_events, deleverage_ranking, durable, liquidation_prices, margin_calls, option_prices,
    plans, pooled_schedule, portfolio_margin, rulebooks, schedules, shaped_book, watch,
};
use std::path::Path;

const QUICK: Options = Options { quick: true, accounts: None };

#[test]
fn the_watch_list_finds_whom_a_rescan_finds_in_every_phase() {
    let plan = watch::Plan::of(&QUICK);
    for book in &plan.books {
        let figures = watch::measure(&plan, *book).unwrap();
        assert_eq!(figures.judged, plan.judged);
        let named = |name: &str| figures.phases.iter().find(|p| p.name.starts_with(name)).unwrap();
        assert!(figures.phases.iter().all(|p| p.checks > 0 && p.assessed > 0), "{figures:?}");
        assert_eq!(figures.phases.iter().any(|p| p.name.starts_with("expiry")), book.interest);
        // The list spares work, the gap breaks accounts, and a low bound makes accounts wait.
        let (walk, few) = (named("walk"), named("walk, few"));
        assert_eq!((walk.name, walk.times().count()), ("walk", book.ticks));
        assert!(walk.assessed < book.ticks * u64::from(book.accounts) / 20, "{}", walk.assessed);
        assert!(named("gap").breaches > figures.breaches + 10, "{}", named("gap").breaches);
        assert!(few.pending_most > plan.low_bound, "{}", few.pending_most);
        assert!(few.assessed <= plan.low_ticks * u64::from(plan.low_bound), "{}", few.assessed);
    }
}

#[test]
fn exact_assessments_are_those_of_the_naive_model() {
    let plan = assess::Plan::of(&QUICK);
    let figures = assess::measure(&plan).unwrap();
    assert_eq!(figures.len(), 5);
    for book in figures {
        assert_eq!((book.accounts, book.judged), (200, 200), "{}", book.book);
        assert!(book.positions > 2 * book.accounts, "{}: {}", book.book, book.positions);
    }
}

#[test]
fn liquidation_prices_are_where_equity_is_the_requirement() {
    let figures = liquidation_prices::measure(&liquidation_prices::Plan::of(&QUICK)).unwrap();
    assert_eq!(figures.len(), 5);
    for shape in figures {
        // Most accounts have a price, and those that hedge themselves may have two.
        assert!(
            shape.prices > shape.accounts / 2 && shape.prices <= 2 * shape.accounts,
            "{shape:?}"
        );
    }
}

#[test]
fn what_was_made_durable_is_read_back_and_replays_to_the_same_state() {
    let plan = durable::Plan::of(&QUICK);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let figures = durable::measure(&plan, folder).unwrap();
    assert_eq!(figures.len(), 2 * 3 * plan.batches.len());
    assert!(figures.iter().all(|f| f.commits.count() * f.batch as u64 == f.commands));
}

#[test]
fn planned_calls_of_every_rulebook_are_those_that_its_rule_accepts_and_no_larger_ones() {
    let shipped = shaped_book::shipped().unwrap();
    let entries = rulebooks::measure(&rulebooks::Plan::of(&QUICK)).unwrap();
    assert!(!shipped.is_empty());
    assert_eq!(entries.len(), shipped.len());
    let (mut searched, mut tried) = (0, 0);
    for (entry, of) in entries.iter().zip(&shipped) {
        let Entry::Measured(figures) = entry else { panic!("{entry:?}") };
        assert_eq!(figures.rulebook, of.name);
        // The providers of a vault may have an account beside the book's.
        assert!((200..=201).contains(&figures.accounts), "{figures:?}");
        // The fall breaks some, and not most; the engine is not made to look at fewer than those.
        let (before, after) = figures.breaches;
        assert!(after >= 6 && after > before && after <= 50, "{figures:?}");
        assert!(figures.assessed >= after - before, "{figures:?}");
        let proved = &figures.proved;
        assert_eq!(proved.planned + proved.unplanned, after, "{figures:?}");
        assert!(proved.planned > 0 && proved.applied > 0, "{figures:?}");
        assert!(proved.whole == proved.planned || proved.searched > 0, "{figures:?}");
        searched += proved.searched;
        tried += proved.tried;
    }
    assert!(searched > 20 && tried > 10_000, "{searched} accounts, {tried} calls");
}

#[test]
fn a_columnar_loss_is_the_naive_sum_of_its_cells() {
    let figures = portfolio_margin::measure(&portfolio_margin::Plan::of(&QUICK)).unwrap();
    assert_eq!(figures.len(), 2);
    for book in figures {
        assert_eq!((book.options, book.scenarios, book.judged), (72, 35, 50 * 35));
        assert!(book.positions > 50 * 8);
    }
}

#[test]
fn a_ranked_queue_closes_whom_a_sort_of_all_closes() {
    let plan = deleverage_ranking::Plan::of(&QUICK);
    let figures = deleverage_ranking::measure(&plan).unwrap();
    assert!(figures.iter().all(|f| f.positions == u64::from(plan.positions)), "{figures:?}");
    let closes = |name: &str| figures.iter().find(|f| f.name.starts_with(name)).unwrap().closes;
    assert!(closes("queue, 1 %") > 1 && closes("queue, half") > closes("queue, 1 %"));
    assert!(closes("pro rata") > u64::from(plan.positions) / 2 && closes("least overshoot") > 0);
}

#[test]
fn a_selected_price_is_that_of_a_sort_and_of_the_definition() {
    let plan = batch_clearing::Plan::of(&QUICK);
    let figures = batch_clearing::measure(&plan).unwrap();
    let orders = |name: &str| figures.iter().find(|f| f.name.starts_with(name)).unwrap().orders;
    assert_eq!(orders("clear"), u64::from(plan.orders));
    assert_eq!(orders("  the same by its definition"), u64::from(plan.judged));
    assert!(figures.iter().all(|figures| figures.orders > 0), "{figures:?}");
}

#[test]
fn closed_forms_of_schedules_are_the_optima_of_a_programme() {
    let plan = schedules::Plan::of(&QUICK);
    let figures = schedules::measure(&plan).unwrap();
    assert_eq!(figures.len(), 6 * plan.sizes.len());
    let held = figures.iter().filter(|figures| figures.apart.is_some()).count();
    assert_eq!(held, 4 * plan.sizes.len());
}

#[test]
fn simulated_auctions_are_those_of_sorted_limits_on_any_number_of_threads() {
    let plan = auction_games::Plan::of(&QUICK);
    let figures = auction_games::measure(&plan).unwrap();
    assert_eq!(figures.len(), 6 + 4);
    assert!(figures.iter().all(|f| f.auctions >= 40), "{figures:?}");
}

#[test]
fn bids_through_the_engine_leave_what_they_leave_without_it() {
    let plan = auction_bids::Plan::of(&QUICK);
    let figures = auction_bids::measure(&plan).unwrap();
    assert!(figures.iter().all(|figures| figures.bids == plan.bids), "{figures:?}");
    assert_eq!(figures.len(), plan.open.len());
}

#[test]
fn options_in_columns_are_those_of_one_at_a_time() {
    let figures = option_prices::measure(&option_prices::Plan::of(&QUICK)).unwrap();
    assert_eq!(figures.len(), 5);
    assert!(figures.iter().all(|step| step.options == 500), "{figures:?}");
}

#[test]
fn margin_calls_in_columns_are_those_of_the_exact_formula() {
    let figures = margin_calls::measure(&margin_calls::Plan::of(&QUICK)).unwrap();
    // Every call of two valuations is judged, and enough of them move something.
    assert_eq!((figures[0].calls, figures[0].judged), (300, 600));
    assert!(figures[0].moved > 100, "{figures:?}");
}

#[test]
fn a_plan_is_the_cheapest_of_all_combinations_of_lots() {
    plans::run(&QUICK).unwrap();
}

#[test]
fn rounds_equal_the_naive_way() {
    let plan = pooled_schedule::Plan::of(&QUICK);
    let figures = pooled_schedule::measure(&plan).unwrap();
    // Something crosses, something is released and something waits, or nothing was compared.
    let (pairs, released, waiting) = figures.last().unwrap().outcome;
    assert!(pairs > 0 && released > 0 && waiting > 0, "{figures:?}");
    assert_eq!(pooled_schedule::crowd(&plan).unwrap().len(), 2);
}

#[test]
fn cascades_are_what_asking_every_account_gives_on_any_number_of_threads() {
    let plan = cascade::Plan::quick();
    for regime in cascade::Regime::ALL {
        let figures = cascade::measure(&plan, regime).unwrap();
        assert_eq!(figures.len(), 2);
        assert!(figures.iter().all(|run| run.judged == 1 && run.results.complete()));
        let variants = cascade::measure_variants(&plan, regime).unwrap();
        assert_eq!(variants.len(), 4);
        assert!(variants.iter().all(|run| run.liquidations > 0), "{variants:?}");
    }
    let live = cascade::measure_live(&cascade::LivePlan::of(&plan)).unwrap();
    // About as many as were asked for: some ticks meet accounts that were liquidated before.
    assert!(live.iter().all(|ticks| ticks.liquidated >= ticks.count as u64), "{live:?}");
    assert_eq!(live[0].liquidated, 0);
}

#[test]
fn a_book_over_an_array_is_the_book_over_a_tree() {
    let plan = book_feed::Plan::of(&QUICK);
    let rows = book_feed::drawn(plan.rows);
    let figures = book_feed::measure(&plan, "drawn", &rows).unwrap();
    assert!(figures.rows >= plan.rows && figures.levels > 1_000, "{figures:?}");
}

#[test]
fn contracts_have_the_events_that_are_published() {
    let figures = contract_events::measure(&contract_events::Plan::of(&QUICK)).unwrap();
    assert_eq!(figures.len(), 2);
    assert_eq!(figures[0].contracts, 142);
    assert!(figures[0].events > 2_000, "{}", figures[0].events);
    assert!(figures[1].contracts == 40 && figures[1].events > 40 * 120, "{:?}", figures[1]);
}
