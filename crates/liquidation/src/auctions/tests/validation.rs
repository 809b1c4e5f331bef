//! Every term at both ends of its range and one beyond each, by the name that the answer gives it.

use super::*;
use crate::auctions::{Disposal, Extension};
use crate::policy::Seller;
use crate::{Policy, auctions::Format};

const YEAR: u64 = 31_536_000;

fn judged(terms: &AuctionTerms) -> Result<(), String> {
    Disposal::Auction(terms.clone()).validate()
}

fn as_most(format: Format) -> AuctionTerms {
    terms(format, Raises::Most)
}

/// Good from `least` to `most`, and refused by name one unit beyond.
fn ranged(field: &str, least: u64, most: u64, with: impl Fn(u64) -> Format) {
    for good in [least, most] {
        assert_eq!(judged(&as_most(with(good))), Ok(()), "{field} {good}");
    }
    for bad in [least.checked_sub(1), most.checked_add(1)].into_iter().flatten() {
        let expected = format!("policy.disposal.{field} {bad}: {least} to {most}");
        assert_eq!(judged(&as_most(with(bad))), Err(expected));
    }
}

fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap()
}

#[test]
fn a_market_needs_no_terms() {
    assert_eq!(Disposal::default(), Disposal::Market);
    assert_eq!(Disposal::Market.validate(), Ok(()));
    for terms in all() {
        assert_eq!(judged(&terms), Ok(()), "{terms:?}");
    }
}

#[test]
fn ascending() {
    let most = 1_000_000;
    let with = |terms: EnglishTerms| Format::English(terms);
    ranged("opening_bps", 0, most, |v| with(EnglishTerms { opening_bps: narrow(v), ..ENGLISH }));
    ranged("reserve_bps", 0, most, |v| with(EnglishTerms { reserve_bps: narrow(v), ..ENGLISH }));
    ranged("step_bps", 0, most, |v| with(EnglishTerms { step_bps: narrow(v), ..ENGLISH }));
    ranged("duration_seconds", 1, YEAR, |v| with(EnglishTerms { duration_seconds: v, ..ENGLISH }));
    ranged("lifetime_seconds", 1, YEAR, |v| {
        with(EnglishTerms { lifetime_seconds: Some(v), ..ENGLISH })
    });
    let late = Extension { window_seconds: 5, by_seconds: 5, total_seconds_max: YEAR };
    let with_late = |it: Extension| with(EnglishTerms { extension: Some(it), ..ENGLISH });
    ranged("extension.window_seconds", 1, YEAR, |v| {
        with_late(Extension { window_seconds: v, ..late })
    });
    ranged("extension.by_seconds", 1, YEAR, |v| with_late(Extension { by_seconds: v, ..late }));
    ranged("extension.total_seconds_max", 5, YEAR, |v| {
        with_late(Extension { total_seconds_max: v, ..late })
    });
    let with_deposit = |it: Deposit| with(EnglishTerms { deposit: Some(it), ..ENGLISH });
    ranged("deposit.share_bps", 1, 10_000, |v| {
        with_deposit(Deposit { share_bps: narrow(v), ..DEPOSIT })
    });
    ranged("deposit.pay_within_seconds", 1, YEAR, |v| {
        with_deposit(Deposit { pay_within_seconds: v, ..DEPOSIT })
    });
}

#[test]
fn descending() {
    let with = |terms: DutchTerms| Format::Dutch(terms);
    ranged("start_bps", 1, 1_000_000, |v| with(DutchTerms { start_bps: narrow(v), ..DUTCH }));
    ranged("price_least_bps", 1, 10_000, |v| {
        with(DutchTerms { price_least_bps: narrow(v), ..DUTCH })
    });
    ranged("remainder_least_bps", 0, 10_000, |v| {
        with(DutchTerms { remainder_least_bps: narrow(v), ..DUTCH })
    });
    ranged("age_seconds_max", 1, YEAR, |v| with(DutchTerms { age_seconds_max: v, ..DUTCH }));
    let curve = |curve: DutchCurve| with(DutchTerms { curve, ..DUTCH });
    ranged("curve.seconds", 1, YEAR, |seconds| curve(DutchCurve::Linear { seconds }));
    let kept_e9 = 990_000_000;
    ranged("curve.step_seconds", 1, YEAR, |step_seconds| {
        curve(DutchCurve::Stairs { kept_e9, step_seconds })
    });
    ranged("curve.kept_e9", 1, 1_000_000_000, |kept| {
        curve(DutchCurve::Stairs { kept_e9: narrow(kept), step_seconds: 1 })
    });
    ranged("curve.kept_e9", 1, 1_000_000_000, |kept| {
        curve(DutchCurve::Exponential { kept_e9: narrow(kept) })
    });
}

#[test]
fn sealed_and_batches() {
    let most = 1_000_000;
    let with = |terms: SealedTerms| Format::Sealed(terms);
    ranged("reserve_bps", 0, most, |v| with(SealedTerms { reserve_bps: narrow(v), ..SEALED }));
    ranged("deposit_bps", 0, most, |v| with(SealedTerms { deposit_bps: narrow(v), ..SEALED }));
    ranged("commit_seconds", 1, YEAR, |v| with(SealedTerms { commit_seconds: v, ..SEALED }));
    ranged("reveal_seconds", 1, YEAR, |v| with(SealedTerms { reveal_seconds: v, ..SEALED }));
    let with = |terms: BatchTerms| Format::Batch(terms);
    ranged("reserve_bps", 0, most, |v| with(BatchTerms { reserve_bps: narrow(v), ..BATCH }));
    ranged("place_seconds", 1, YEAR, |v| {
        with(BatchTerms { place_seconds: v, cancel_seconds: 0, ..BATCH })
    });
    ranged("cancel_seconds", 0, 20, |v| with(BatchTerms { cancel_seconds: v, ..BATCH }));
}

#[test]
fn around_every_format() {
    let none = AuctionTerms { open_max: 0, ..as_most(Format::Dutch(DUTCH)) };
    assert!(judged(&none).unwrap_err().starts_with("policy.disposal.open_max 0: 1 to "));
    for format in [Format::Sealed(SEALED), Format::Batch(BATCH)] {
        let debt = terms(format, Raises::Debt);
        assert!(judged(&debt).unwrap_err().starts_with("policy.disposal.raises debt: "));
        let again = AuctionTerms { restarts_max: 1, ..as_most(format) };
        assert!(judged(&again).unwrap_err().starts_with("policy.disposal.restarts_max 1: "));
    }
}

#[test]
fn a_policy_is_asked_too() {
    let disposal = Disposal::Auction(as_most(Format::Dutch(DUTCH)));
    let policy = Policy { seller: Seller::Venue, disposal, ..Policy::guarded() };
    assert_eq!(policy.validate(), Ok(()));
    let keepers = Policy { seller: Seller::Keepers, ..policy.clone() };
    assert!(keepers.validate().unwrap_err().starts_with("policy.disposal auction: "));
    let falling = DutchTerms { start_bps: 0, ..DUTCH };
    let disposal = Disposal::Auction(as_most(Format::Dutch(falling)));
    let told = Policy { disposal, ..policy }.validate().unwrap_err();
    assert_eq!(told, "policy.disposal.start_bps 0: 1 to 1000000");
}
