//! The engine's promises, one file each, named after it.

#[path = "../support/mod.rs"]
mod support;

mod a_broken_rulebook_stops_the_engine;
mod a_call_gives_notice_and_a_cure_calls_sales_off;
mod a_deficit_is_covered_later_and_to_the_unit;
mod a_fall_stops_new_risk_and_not_liquidation;
mod a_feed_fault_liquidates_nobody;
mod a_pause_liquidates_nobody_and_ends_with_a_grace;
mod a_rejected_command_changes_nothing;
mod a_rulebook_changes_only_with_its_hash;
mod a_snapshot_and_its_suffix_equal_the_replay;
mod an_account_has_one_open_liquidation;
mod assessment_is_bounded_and_loses_nobody;
mod every_refusal_has_its_number;
mod no_business_passes_a_cap;
mod the_fund_never_owes;
mod the_same_journal_gives_the_same_hash;
mod time_never_goes_back;
mod usage_raises_the_rate_and_takes_it_back;
mod what_is_foreseen_is_what_happens;
