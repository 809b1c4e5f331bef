//! Auctions of every format, short enough for a sequence to see their ends.

use super::chance::Chance;
use breakwater_liquidation::AuctionTerms;
use breakwater_liquidation::auctions::{
    BatchTerms, Deposit, Disposal, DutchCurve, DutchTerms, EnglishTerms, Extension, Format, Raises,
    SealedTerms,
};

fn bps(chance: &mut Chance, from: u64, to: u64) -> u32 {
    u32::try_from(chance.range(from, to)).unwrap()
}

/// How what is sold finds its price: by an auction, mostly.
pub fn disposal(chance: &mut Chance) -> Disposal {
    if chance.percent(8) {
        return Disposal::Market;
    }
    let format = match chance.below(4) {
        0 => Format::English(english(chance)),
        1 => Format::Dutch(dutch(chance)),
        2 => Format::Sealed(SealedTerms {
            second_price: chance.percent(50),
            reserve_bps: *chance.pick(&[0, 0, 5_000, 9_000]),
            deposit_bps: *chance.pick(&[0, 500, 1_000]),
            commit_seconds: chance.range(2, 10),
            reveal_seconds: chance.range(6, 30),
        }),
        _ => {
            let place_seconds = chance.range(3, 20);
            let cancel_seconds = chance.below(place_seconds + 1);
            let reserve_bps = *chance.pick(&[0, 5_000, 9_000]);
            Format::Batch(BatchTerms { reserve_bps, cancel_seconds, place_seconds })
        }
    };
    let whole_lots = matches!(format, Format::Sealed(_) | Format::Batch(_));
    let raises = if whole_lots || chance.percent(40) { Raises::Most } else { Raises::Debt };
    let terms = AuctionTerms {
        format,
        raises,
        penalty_bps: *chance.pick(&[0, 0, 500, 1_300]),
        lots_max: Default::default(),
        stays_on_cure: chance.percent(20),
        restarts_max: if whole_lots { 0 } else { bps(chance, 0, 2) },
        open_max: *chance.pick(&[1, 2, 100, 100]),
        value_max: match chance.below(3) {
            // A few thousands, in the numeraire of lending worlds.
            0 => u128::from(chance.range(1_000, 60_000)) * 100_000_000,
            _ => 0,
        },
    };
    Disposal::Auction(if chance.percent(97) { terms } else { senseless(chance, terms) })
}

fn english(chance: &mut Chance) -> EnglishTerms {
    let by_seconds = chance.range(1, 8);
    let extension = Extension {
        window_seconds: chance.range(1, 8),
        by_seconds,
        total_seconds_max: by_seconds + chance.below(20),
    };
    let deposit = Deposit {
        share_bps: *chance.pick(&[1, 1_000, 3_333, 10_000]),
        pay_within_seconds: chance.range(1, 8),
    };
    let lifetime = chance.range(2, 10);
    EnglishTerms {
        opening_bps: *chance.pick(&[0, 5_000, 8_000]),
        reserve_bps: *chance.pick(&[0, 0, 7_000, 9_500]),
        step_bps: *chance.pick(&[0, 100, 500]),
        lifetime_seconds: chance.percent(60).then_some(lifetime),
        duration_seconds: chance.range(4, 30),
        extension: chance.percent(40).then_some(extension),
        deposit: chance.percent(50).then_some(deposit),
    }
}

fn dutch(chance: &mut Chance) -> DutchTerms {
    let kept = bps(chance, 800_000_000, 1_000_000_000);
    let curve = match chance.below(3) {
        0 => DutchCurve::Linear { seconds: chance.range(5, 60) },
        1 => DutchCurve::Stairs { kept_e9: kept, step_seconds: chance.range(1, 5) },
        _ => DutchCurve::Exponential { kept_e9: kept },
    };
    DutchTerms {
        start_bps: bps(chance, 9_000, 13_000),
        curve,
        age_seconds_max: chance.range(3, 30),
        price_least_bps: bps(chance, 500, 8_000),
        remainder_least_bps: *chance.pick(&[0, 0, 500, 3_000]),
    }
}

/// One term out of its range.
fn senseless(chance: &mut Chance, terms: AuctionTerms) -> AuctionTerms {
    let format = match terms.format {
        Format::English(it) => Format::English(match chance.below(3) {
            0 => EnglishTerms { duration_seconds: 0, ..it },
            1 => EnglishTerms { lifetime_seconds: Some(0), ..it },
            _ => EnglishTerms { step_bps: 1_000_001, ..it },
        }),
        Format::Dutch(it) => Format::Dutch(match chance.below(3) {
            0 => DutchTerms { start_bps: 0, ..it },
            1 => DutchTerms { price_least_bps: 10_001, ..it },
            _ => DutchTerms { age_seconds_max: 0, ..it },
        }),
        Format::Sealed(it) => Format::Sealed(SealedTerms { reveal_seconds: 0, ..it }),
        Format::Batch(it) => {
            Format::Batch(BatchTerms { cancel_seconds: it.place_seconds + 1, ..it })
        }
    };
    match chance.below(3) {
        0 => AuctionTerms { open_max: 0, ..terms },
        _ => AuctionTerms { format, ..terms },
    }
}
