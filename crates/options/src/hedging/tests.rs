use super::discrete::{Hedged, interval_error};
use super::*;
use crate::{Black76, Kind, OptionError, Quote, Side};
use proptest::prelude::*;

fn close(found: f64, right: f64, share: f64) {
    assert!((found / right - 1.0).abs() <= share, "{found:e} for {right:e}");
}

fn exposure() -> Exposure {
    Exposure {
        price: 100.0,
        gamma: 0.018_586_896_501_514_56,
        years: 0.5,
        volatility: 0.3,
        rate: 0.02,
        cost_one_way: 0.002,
    }
}

fn state(target: f64, holding: f64) -> State {
    State { exposure: exposure(), target, holding, seconds_since_trade: Some(3_600) }
}

#[test]
fn deviations_are_those_of_four_hundred_thousand_paths() {
    // Options reference, section 4: exact figures and the simulation that confirmed them.
    let hedged = |spot, strike, years, rate, volatility, intervals| Hedged {
        spot,
        strike,
        years,
        rate,
        volatility,
        intervals,
    };
    let monthly = hedged(100.0, 100.0, 1.0 / 12.0, 0.05, 0.2, 21);
    close(monthly.exact_deviation().unwrap(), 0.425_978_269_483_581, 1e-9);
    close(monthly.boyle_emanuel_deviation().unwrap(), 0.413_835_671_105_465_8, 1e-9);
    close(monthly.derman_kamal_deviation().unwrap(), 0.443_167_619_147_578, 1e-12);
    let coin = hedged(60_000.0, 75_000.0, 30.0 / 365.0, 0.0, 0.8, 30);
    close(coin.exact_deviation().unwrap(), 738.139_995_064_338_4, 1e-9);
    let once = hedged(100.0, 100.0, 0.25, 0.0, 0.3, 1);
    close(once.exact_deviation().unwrap(), 4.531_700_302_442_589, 1e-9);
    let year = hedged(100.0, 100.0, 1.0, 0.0, 0.3, 12);
    close(year.mismatch_profit(0.2).unwrap(), -3.957_971_018_642_695, 1e-12);
}

#[test]
fn the_deviation_falls_with_the_root_of_the_intervals() {
    for (strike, volatility) in [(100.0, 0.2), (110.0, 0.4), (90.0, 0.8)] {
        let at = |intervals| {
            let hedged =
                Hedged { spot: 100.0, strike, years: 0.25, rate: 0.01, volatility, intervals };
            hedged.exact_deviation().unwrap() * libm::sqrt(f64::from(intervals))
        };
        let (coarse, fine) = (at(13), at(208));
        for intervals in [26, 52, 104] {
            // Flat within 5 % from 13 on.
            close(at(intervals), 0.5 * (coarse + fine), 0.05);
        }
        close(coarse, fine, 0.05);
    }
}

#[test]
fn two_thirds_of_the_intervals_gain_for_who_is_short_gamma() {
    // Short gamma: the sign is minus. |z| < 1 gains.
    assert!(-interval_error(50.0, 0.2, 0.01, 0.5) > 0.0);
    assert!(-interval_error(50.0, 0.2, 0.01, 1.5) < 0.0);
    let within = crate::normal::cumulative(1.0) - crate::normal::cumulative(-1.0);
    assert!((within - 0.6827).abs() < 1e-4);
}

#[test]
fn lelands_number_of_one_leaves_a_long_option_no_volatility() {
    let week = 1.0 / 52.0;
    close(leland_number(0.2, 0.01, week).unwrap(), 0.287_681_369_587_579_56, 1e-12);
    close(
        leland_volatility(Side::Short, 0.2, 0.01, week).unwrap(),
        0.226_952_097_993_173_84,
        1e-12,
    );
    close(leland_volatility(Side::Long, 0.2, 0.01, week).unwrap(), 0.168_797_941_979_447_2, 1e-12);
    // kappa = Le s sqrt(dt) / sqrt(2/pi): the cost at which Le passes 1.
    let kappa = 0.2 * libm::sqrt(week) / libm::sqrt(2.0 / std::f64::consts::PI);
    assert!(leland_volatility(Side::Long, 0.2, kappa * 0.999_999, week).is_ok());
    let refused = leland_volatility(Side::Long, 0.2, kappa * 1.000_001, week).unwrap_err();
    assert!(refused.to_string().starts_with("Leland: the adjustment of variance is -1.0000"));
    assert!(leland_volatility(Side::Short, 0.2, 10.0, week).is_ok());
    assert!(
        leland_number(0.0, 0.01, week).unwrap_err().to_string().starts_with("volatility is 0.0")
    );
}

#[test]
fn bands_are_those_of_their_papers() {
    close(whalley_wilmott(&exposure(), 1.0).unwrap(), 0.046_816_329_066_316_81, 1e-12);
    let long = zakamouline(&exposure(), 1.0, &ZAKAMOULINE).unwrap();
    close(long.variance_adjustment, -0.111_801_062_649_468_37, 1e-12);
    close(0.3 * long.volatility_factor, 0.282_732_920_547_904_83, 1e-12);
    close(long.h0, 0.000_444_444_444_444_444_47, 1e-12);
    close(long.h1, 0.028_954_976_178_876_404, 1e-12);
    // Short gamma takes the other sign, and nothing else.
    let short = Exposure { gamma: -exposure().gamma, ..exposure() };
    let short = zakamouline(&short, 1.0, &ZAKAMOULINE).unwrap();
    assert_eq!(short.variance_adjustment, -long.variance_adjustment);
    assert_eq!((short.h0, short.h1), (long.h0, long.h1));
    // Other coefficients are data.
    let [_, cost, time, discount, curve] = ZAKAMOULINE.variance;
    let other =
        ZakamoulineCoefficients { variance: [-6.85, cost, time, discount, curve], ..ZAKAMOULINE };
    let other = zakamouline(&exposure(), 1.0, &other).unwrap();
    close(other.variance_adjustment / long.variance_adjustment, 6.85 / 4.76, 1e-12);
    let dear = Exposure { cost_one_way: 0.5, ..exposure() };
    let refused = zakamouline(&dear, 1.0, &ZAKAMOULINE).unwrap_err();
    assert!(matches!(refused, HedgeError::NoVolatility { model: "Zakamouline", .. }), "{refused}");
}

#[test]
fn intervals_wait_and_bands_trade_to_their_edge() {
    let interval = Policy::Interval { seconds: 3_600 };
    assert_eq!(decide(&interval, &state(-0.5, -0.2)).unwrap().trade, -0.3);
    let early = State { seconds_since_trade: Some(3_599), ..state(-0.5, -0.2) };
    assert_eq!(decide(&interval, &early).unwrap().trade, 0.0);
    let first = State { seconds_since_trade: None, ..early };
    assert!(decide(&interval, &first).unwrap().due);
    let band = Policy::DeltaBand { half_width: 0.125 };
    assert_eq!(decide(&band, &state(-0.5, -0.375)).unwrap().trade, 0.0);
    assert_eq!(decide(&band, &state(-0.5, 0.0)).unwrap().trade, -0.375);
    assert_eq!(decide(&band, &state(-0.5, -1.0)).unwrap().trade, 0.375);
    assert_eq!(decide(&Policy::Unhedged, &state(-0.5, 9.0)).unwrap().trade, 0.0);
}

#[test]
fn what_is_no_hedge_is_refused_by_field_and_value() {
    let refused = |policy: Policy, state: State| decide(&policy, &state).unwrap_err().to_string();
    let fine = state(-0.5, 0.0);
    assert_eq!(
        refused(Policy::DeltaBand { half_width: -0.1 }, fine),
        "half_width is -0.1; a finite number of zero or more is right"
    );
    assert!(refused(Policy::Interval { seconds: 0 }, fine).starts_with("seconds is 0.0"));
    assert!(
        refused(Policy::WhalleyWilmott { risk_aversion: 0.0 }, fine).starts_with("risk_aversion")
    );
    let bad = State { exposure: Exposure { volatility: -0.3, ..exposure() }, ..fine };
    assert!(refused(Policy::Unhedged, bad).starts_with("volatility is -0.3"));
    let bad = State { exposure: Exposure { cost_one_way: 1.0, ..exposure() }, ..fine };
    assert!(refused(Policy::Unhedged, bad).starts_with("cost_one_way is 1.0"));
    assert!(
        refused(Policy::Unhedged, State { target: f64::NAN, ..fine }).starts_with("target is NaN")
    );
    assert_eq!(
        nearest_lots(1.0, 0.0).unwrap_err().to_string(),
        "lot is 0.0; a finite number above zero is right"
    );
    assert!(matches!(nearest_lots(1e30, 1.0), Err(HedgeError::TooManyLots { .. })));
    let spot = Instrument::Spot { lot: 0.1 }.check(Neutral::Coin).unwrap_err();
    assert!(spot.to_string().contains("a future or a perpetual is right"));
    let linear = target_delta(&BookDelta::Linear { delta: 1.0 }, Neutral::Coin).unwrap_err();
    assert!(matches!(linear, HedgeError::Input(OptionError::Input { field: "delta", .. })));
}

#[test]
fn lots_reach_the_band_with_the_fewest() {
    let policy = Policy::DeltaBand { half_width: 0.125 };
    let lots = |holding: f64, lot: f64| {
        let decision = decide(&policy, &state(-0.5, holding)).unwrap();
        in_lots(&decision, holding, lot).unwrap()
    };
    // 0.375 to the edge: four lots of 0.1 reach inside, three do not.
    assert_eq!(lots(0.0, 0.1).lots, -4);
    assert_eq!(lots(-1.0, 0.1).lots, 4);
    assert_eq!(lots(-0.45, 0.1).lots, 0);
    // A lot wider than the band comes as near as it can.
    assert_eq!(lots(0.0, 1.0).lots, 0);
    assert_eq!(lots(0.25, 1.0).lots, -1);
}

fn option(kind: Kind, forward: f64, strike: f64) -> Black76 {
    let quote = Quote { kind, forward, strike, years: 0.2, volatility: 0.7, rate: 0.0 };
    Black76::new(&quote).unwrap()
}

/// What the hedge of one option does when the underlying goes from `from` to `to`.
fn hedge_trade(side: Side, kind: Kind, strike: f64, from: f64, to: f64) -> (f64, f64, f64) {
    let sign = if side == Side::Long { 1.0 } else { -1.0 };
    let (before, after) = (option(kind, from, strike), option(kind, to, strike));
    let book = |delta: f64| BookDelta::Linear { delta: sign * delta };
    let target = |of: &Black76| target_delta(&book(of.delta()), Neutral::Quote).unwrap();
    (target(&before), target(&after) - target(&before), after.price() - before.price())
}

proptest! {
    #[test]
    fn the_sign_table_is_that_of_random_options(
        long in any::<bool>(), call in any::<bool>(), strike in 60.0..160.0f64,
        from in 70.0..140.0f64, move_share in 0.01..0.2f64, up in any::<bool>()
    ) {
        let side = if long { Side::Long } else { Side::Short };
        let kind = if call { Kind::Call } else { Kind::Put };
        let row = sign_of(side, kind);
        let to = if up { from * (1.0 + move_share) } else { from / (1.0 + move_share) };
        let (holding, trade, price_move) = hedge_trade(side, kind, strike, from, to);
        prop_assume!(trade.abs() > 1e-9 && price_move.abs() > 1e-9);
        prop_assert_eq!(holding > 0.0, row.hedge_holding > 0);
        let did = if trade > 0.0 { Action::Buy } else { Action::Sell };
        let opposite = |action| if action == Action::Buy { Action::Sell } else { Action::Buy };
        let right = if up { row.underlying_up } else { opposite(row.underlying_up) };
        prop_assert_eq!(did, right);
        let rises = price_move > 0.0;
        let right = if rises { row.option_price_rises } else { opposite(row.option_price_rises) };
        prop_assert_eq!(did, right);
        let with = if rises == up { Direction::Up } else { Direction::Down };
        prop_assert_eq!(with, row.option_price_up_when);
        prop_assert_eq!(row.gamma, side);
        // Buying what rises amplifies.
        let amplifies = (did == Action::Buy) == up;
        prop_assert_eq!(row.effect == Effect::Amplifies, amplifies);
    }

    #[test]
    fn a_random_books_hedge_buys_what_rises_if_and_only_if_its_gamma_is_short(
        legs in prop::collection::vec((any::<bool>(), -5i32..=5, 70.0..140.0f64), 1..8),
        from in 80.0..125.0f64
    ) {
        let at = |price: f64| {
            let leg = |(call, quantity, strike): &(bool, i32, f64)| {
                let kind = if *call { Kind::Call } else { Kind::Put };
                let one = option(kind, price, *strike);
                let quantity = f64::from(*quantity);
                (quantity * one.delta(), quantity * one.gamma())
            };
            legs.iter().map(leg).fold((0.0, 0.0), |(d, g), (delta, gamma)| (d + delta, g + gamma))
        };
        let to = from * 1.000_01;
        let ((before, gamma), (after, _)) = (at(from), at(to));
        let trade = before - after;
        prop_assume!(gamma.abs() > 1e-4);
        prop_assert_eq!(trade > 0.0, gamma < 0.0);
    }

    #[test]
    fn no_band_trades_inside_itself_and_none_trades_past_its_edge(
        which in 0..3, target in -50.0..50.0f64, away in -3.0..3.0f64, gamma in -2.0..2.0f64,
        width in 0.0..2.0f64, aversion in 1e-5..10.0f64, cost in 0.0..0.01f64
    ) {
        let policy = match which {
            0 => Policy::DeltaBand { half_width: width },
            1 => Policy::WhalleyWilmott { risk_aversion: aversion },
            _ => Policy::Zakamouline { risk_aversion: aversion, coefficients: ZAKAMOULINE },
        };
        let exposure = Exposure { gamma, cost_one_way: cost, ..exposure() };
        let holding = target + away;
        let state = State { exposure, target, holding, seconds_since_trade: None };
        let Ok(decision) = decide(&policy, &state) else { return Ok(()) };
        let Decision { band, due, trade } = decision;
        prop_assert!(band.lower <= target && target <= band.upper);
        if band.holds(holding) {
            prop_assert!(!due && trade == 0.0);
            prop_assert_eq!(in_lots(&decision, holding, 0.01).unwrap().lots, 0);
        } else {
            let edge = if holding > band.upper { band.upper } else { band.lower };
            prop_assert!((holding + trade - edge).abs() <= 1e-9);
            // Asked again it has nothing more to do than a rounding.
            let again = State { holding: band.nearest(holding), ..state };
            prop_assert_eq!(decide(&policy, &again).unwrap().trade, 0.0);
            let lots = in_lots(&decision, holding, 0.01).unwrap();
            let off = |holding: f64| (holding - band.nearest(holding)).abs();
            prop_assert!(off(lots.holding) <= off(holding) + 1e-9);
            prop_assert!(off(lots.holding) <= 0.005 + 1e-9);
        }
    }

    #[test]
    fn a_coin_neutral_perpetual_leaves_no_slope_in_coin_and_a_quote_neutral_one_none_in_quote(
        call in any::<bool>(), strike in 40_000.0..90_000.0f64, quantity in -20.0..20.0f64,
        cash in -5.0..5.0f64
    ) {
        let (forward, step) = (60_000.0, 0.5);
        let kind = if call { Kind::Call } else { Kind::Put };
        let coin = option(kind, forward, strike).coin();
        let book = BookDelta::Inverse {
            net_delta: quantity * coin.net_delta,
            equity: cash + quantity * coin.price,
        };
        let equity_at = |price: f64, notional: f64| {
            let options = quantity * option(kind, price, strike).coin().price;
            cash + options + inverse_perpetual_gain(notional, forward, price).unwrap()
        };
        for neutral in [Neutral::Coin, Neutral::Quote] {
            let notional = forward * target_delta(&book, neutral).unwrap();
            if neutral == Neutral::Coin {
                // N = -F (D - c).
                let right = -forward * quantity * coin.net_delta;
                prop_assert!((notional - right).abs() <= 1e-9 * (1.0 + right.abs()));
            }
            let value = |price: f64| match neutral {
                Neutral::Coin => equity_at(price, notional),
                Neutral::Quote => equity_at(price, notional) * price,
            };
            let slope = (value(forward + step) - value(forward - step)) / (2.0 * step);
            let scale = if neutral == Neutral::Coin { 1.0 / forward } else { 1.0 };
            prop_assert!(slope.abs() < 1e-6 * scale * (1.0 + quantity.abs()), "{neutral:?} {slope:e}");
        }
    }

    #[test]
    fn a_contract_gains_what_its_delta_says(
        which in 0..3, lot in 0.01..100.0f64, lots in -1_000i64..1_000, price in 1_000.0..90_000.0f64
    ) {
        let instrument = match which {
            0 => Instrument::Spot { lot },
            1 => Instrument::Future { lot },
            _ => Instrument::InversePerpetual { lot },
        };
        let after = price * 1.000_001;
        let gain = instrument.gain(lots, price, after).unwrap();
        let by_delta = lots as f64 * instrument.delta_of_lot(price).unwrap() * (after - price);
        prop_assert!((gain - by_delta).abs() <= 1e-9 * (1e-3 + by_delta.abs()) );
        let paid = instrument.funding(lots, price, 1e-4).unwrap();
        let value = lots as f64 * instrument.delta_of_lot(price).unwrap() * price;
        let right = if which == 0 { 0.0 } else { value * 1e-4 };
        prop_assert!((paid - right).abs() <= 1e-9 * (1.0 + right.abs()));
    }
}
