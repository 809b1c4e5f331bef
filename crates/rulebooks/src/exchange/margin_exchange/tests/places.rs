//! Sums in as many places as there are margin assets, in a few, and in all that there may be; and
//! requirements in 128 bits as in 256.

use super::wide::*;
use super::*;
use crate::exchange::margin_exchange::account::Sums;
use crate::exchange::margin_exchange::book::Book;
use crate::exchange::margin_exchange::{MARGIN_ASSETS_MAX, Parameters};
use breakwater_margin::tiers::RATE_ONE_E9;
use breakwater_money::U256;
use proptest::prelude::*;

fn book(text: &str, assets: &[AssetInfo]) -> Book {
    Book::bind(&Parameters::parse(text).unwrap(), assets).unwrap()
}

/// The wide parameters with `count` margin assets in all, the further ones worth a dollar each.
fn with_margin(count: usize) -> (String, Vec<AssetInfo>, Vec<(AssetId, u8, u128)>) {
    let (mut text, mut assets) = (WIDE.to_owned(), wide_assets());
    let mut markets = MARKETS.to_vec();
    for number in MARGIN.len()..count {
        let symbol = format!("M{number}");
        text.push_str(&format!("[collateral.{symbol}]\ntiers = [{{ ratio = \"1\" }}]\n"));
        markets.push((AssetId(u16::try_from(assets.len()).unwrap()), 2, 100));
        assets.push(asset(&symbol, 6, None));
    }
    (text, assets, markets)
}

#[test]
fn any_number_of_margin_assets_has_its_places() {
    for count in [MARGIN.len(), 4, 5, MARGIN_ASSETS_MAX] {
        let (text, assets, markets) = with_margin(count);
        let mut pool = Pool::of(&text, assets, &markets);
        pool.give(A, wide::USDT, 10_000 * ONE);
        let before = pool.health(A).equity;
        for (asset, _, _) in &markets[MARKETS.len()..] {
            pool.give(A, *asset, ONE);
        }
        pool.take(A, BTCUSDT, 100);
        let more = i128::try_from(count - MARGIN.len()).unwrap() * 1_000_000;
        assert_eq!(pool.health(A).equity, before + more, "{count}");
        assert!(pool.health(A).requirement > 0);
    }
}

proptest! {
    #[test]
    fn few_places_hold_what_all_of_them_do(
        sizes in prop::collection::vec(-40i128..40, CONTRACTS.len()),
        prices in prop::collection::vec(5_000u128..20_000, MARKETS.len()),
    ) {
        let mut pool = wide();
        for asset in MARGIN {
            pool.give(A, asset, 1_000 * one(asset));
        }
        for (contract, size) in CONTRACTS.into_iter().zip(sizes).filter(|(_, size)| *size != 0) {
            pool.take(A, contract, size);
        }
        for ((asset, _, raw), share) in MARKETS.into_iter().zip(prices) {
            pool.mark(asset, (raw * share / 10_000).max(1));
        }
        let book = book(WIDE, &pool.assets);
        pool.look(|view| {
            let few: Sums<4> = book.sums(view, A, true).unwrap();
            let all: Sums = book.sums(view, A, true).unwrap();
            assert_eq!((&few.own[..], few.positions), (&all.own[..4], all.positions));
            assert_eq!(few.maintenance[..], all.maintenance[..4]);
            assert_eq!(few.initial[..], all.initial[..4]);
            assert!(all.own[4..].iter().all(|own| *own == 0));
            let totals = book.totals(view, A, true).unwrap();
            assert_eq!(totals, book.totals_of(view, &few).unwrap());
            assert_eq!(totals, book.totals_of(view, &all).unwrap());
        });
    }

    #[test]
    fn a_requirement_in_128_bits_is_the_one_in_256(
        base in any::<u128>(), shift in 0u32..128, size in 0u128..1 << 40,
    ) {
        let (assets, base) = (wide_assets(), base >> shift);
        let book = book(WIDE, &assets);
        for asset in [BTCUSDT, ETHUSDT, BTCUSD, ETHUSD] {
            let contract = book.listed(asset).unwrap();
            let (tier, deduction) = contract.tier(base).unwrap();
            let Ok(sloped) = contract.sloped_e9(size, base) else { continue };
            let Some(rate) = u128::from(tier.rate_e9).checked_add(sloped) else { continue };
            let Some(whole) = U256::from(base).checked_mul(U256::from(rate)) else { continue };
            let one = U256::from(RATE_ONE_E9);
            let wide = (whole - deduction).div_ceil(one);
            let found = contract.maintenance(base, size);
            prop_assert_eq!(found.ok(), u128::try_from(wide).ok(), "{}", asset);
        }
    }
}

#[test]
fn the_change_from_128_bits_to_256_leaves_no_step() {
    let assets = wide_assets();
    let book = book(WIDE, &assets);
    let contract = book.listed(BTCUSDT).unwrap();
    // The last bracket's rate with the closing fee: 2.55 %.
    let edge = u128::MAX / 25_500_000;
    let at = |base| contract.maintenance(base, 0).unwrap();
    let (below, above) = (at(edge), at(edge + 1));
    assert!(above - below <= 1, "{below} {above}");
    let exact = |base: u128| {
        let (_, deduction) = contract.tier(base).unwrap();
        let whole = U256::from(base) * U256::from(25_500_000u64) - deduction;
        u128::try_from(whole.div_ceil(U256::from(RATE_ONE_E9))).unwrap()
    };
    assert_eq!((below, above), (exact(edge), exact(edge + 1)));
}
