use super::*;
use proptest::prelude::*;

fn vogt() -> Svi {
    Svi::new(-0.0410, 0.1331, 0.3060, 0.3586, 0.4153).unwrap()
}

fn points(svi: &Svi, from: f64, to: f64, count: u32) -> Vec<SmilePoint> {
    let at = |index: u32| {
        let k = from + (to - from) * f64::from(index) / f64::from(count - 1);
        SmilePoint { log_moneyness: k, total_variance: svi.w(k), weight: 1.0 }
    };
    (0..count).map(at).collect()
}

#[test]
fn the_example_of_vogt_is_refused_where_its_density_is_most_negative() {
    let least = vogt().grid_minimum();
    assert!((least.g + 0.032_863_572_851_580_35).abs() < 1e-12, "{least:?}");
    assert!((least.log_moneyness - 0.8793).abs() < 1e-9);
    let refused = vogt().check().unwrap_err().to_string();
    assert!(refused.starts_with("butterfly: g is -0.0328"), "{refused}");
    // The fit to its own points finds it again, and refuses it too.
    let refused = fit_svi(&points(&vogt(), -1.5, 1.5, 31)).unwrap_err();
    assert!(matches!(refused, SurfaceError::Butterfly { .. }), "{refused}");
}

#[test]
fn what_can_be_arbitraged_only_beyond_the_points_is_continued_otherwise() {
    // Two days to expiry, quoted within 8 %: the closest slice fails far outside.
    let steep = Svi::new(-0.0078, 0.077, 0.44, 0.0, 0.12).unwrap();
    let least = steep.grid_minimum();
    assert!(least.g < 0.0 && least.log_moneyness.abs() > 0.1, "{least:?}");
    let points = points(&steep, -0.08, 0.08, 25);
    let fit = fit_svi(&points).unwrap();
    assert!(fit.svi.check().is_ok() && fit.error > fit.error_closest, "{fit:?}");
    // It stays near: within a hundredth of total variance at the money.
    assert!(fit.error < 0.02 * steep.w(0.0), "{fit:?}");
}

#[test]
fn what_is_no_slice_is_refused_by_field_and_value() {
    let refused = |a, b, rho, m, sigma| Svi::new(a, b, rho, m, sigma).unwrap_err().to_string();
    assert_eq!(refused(0.04, -0.1, 0.0, 0.0, 0.1), "b is -0.1; zero or more is right");
    assert_eq!(refused(0.04, 0.1, 1.0, 0.0, 0.1), "rho is 1.0; a number between -1 and 1 is right");
    assert!(refused(f64::NAN, 0.1, 0.0, 0.0, 0.1).starts_with("a is NaN"));
    assert!(refused(0.04, 0.1, 0.0, 0.0, 0.0).starts_with("sigma is 0.0"));
    assert!(refused(-0.04, 0.1, 0.0, 0.0, 0.1).starts_with("min_variance is -0.0"));
    let steep = Svi::new(0.04, 1.5, 0.5, 0.0, 0.1).unwrap().check().unwrap_err().to_string();
    assert_eq!(steep, "right wing: slope is 2.25; at most 2 is right");
}

#[test]
fn quotes_that_are_no_chain_are_refused_by_place() {
    let quote = |strike, bid, ask, mark| SmileQuote { strike, bid, ask, mark };
    let fine = quote(100.0, Some(0.3), Some(0.32), 0.31);
    let refused = |quote| points_of(100.0, 0.5, &[fine, quote]).unwrap_err().to_string();
    assert_eq!(
        refused(quote(110.0, Some(0.33), Some(0.31), 0.32)),
        "quote[1]: bid volatility 0.33 is above ask 0.31; at most the ask is right"
    );
    assert!(refused(quote(110.0, None, None, -0.3)).starts_with("mark[1] is -0.3"));
    assert!(refused(quote(0.0, None, None, 0.3)).starts_with("strike[1] is 0.0"));
    assert!(refused(quote(110.0, Some(-0.1), None, 0.3)).starts_with("bid[1] is -0.1"));
    assert!(points_of(100.0, 0.0, &[fine]).unwrap_err().to_string().starts_with("years is 0.0"));
    // A call and a put of one strike are one point.
    assert_eq!(points_of(100.0, 0.5, &[fine, fine]).unwrap().len(), 1);
    let few = fit_svi(&points_of(100.0, 0.5, &[fine]).unwrap()).unwrap_err().to_string();
    assert_eq!(few, "points has 1 entries; at least 5 are right");
}

#[test]
fn slices_that_cross_are_refused_where_they_cross_most() {
    let early = Slice { years: 0.1, svi: Svi::new(0.01, 0.1, -0.4, 0.0, 0.2).unwrap() };
    let late = Slice { years: 0.2, svi: Svi::new(0.02, 0.1, -0.4, 0.0, 0.2).unwrap() };
    assert_eq!(check_calendar(&[early, late]), Ok(()));
    let flat = Slice { years: 0.2, svi: Svi::new(0.03, 0.01, 0.0, 0.0, 0.2).unwrap() };
    let refused = check_calendar(&[early, flat]).unwrap_err();
    let SurfaceError::Calendar { log_moneyness, earlier, later, .. } = refused else {
        panic!("{refused}")
    };
    assert!(log_moneyness == -3.0 && later < earlier);
    let unordered = check_calendar(&[late, early]).unwrap_err().to_string();
    assert_eq!(unordered, "years is 0.1; later than the slice before is right");
    assert!(check_thetas(&[(0.1, 0.01), (0.2, 0.02)]).is_ok());
    let falls = check_thetas(&[(0.1, 0.01), (0.2, 0.009)]).unwrap_err().to_string();
    assert!(falls.starts_with("calendar: total variance is 0.009 at 0.2 years"), "{falls}");
}

#[test]
fn a_surface_is_found_again_from_its_own_points() {
    let truth = Ssvi::new(-0.4, 0.8, 0.4).unwrap();
    let slice = |(years, theta): &(f64, f64)| {
        let points = points(&truth.slice(*theta).unwrap(), -1.0, 1.0, 21);
        SsviSlice::new(*years, points).unwrap()
    };
    let slices: Vec<SsviSlice> =
        [(0.1, 0.01), (0.4, 0.04), (1.6, 0.16)].iter().map(slice).collect();
    let fit = fit_ssvi(&slices).unwrap();
    assert!(fit.error < 1e-7, "{fit:?}");
    for (found, right) in fit.ssvi.parameters().into_iter().zip(truth.parameters()) {
        assert!((found - right).abs() < 1e-4, "{fit:?}");
    }
    // Where the points ask for more than the conditions allow, the fit stops short of it.
    let steep = Ssvi::new(-0.7, 2.5, 0.5).unwrap();
    assert!(steep.check(&[0.02]).is_err());
    let points = points(&steep.slice(0.02).unwrap(), -1.0, 1.0, 21);
    let fit = fit_ssvi(&[SsviSlice::new(0.1, points).unwrap()]).unwrap();
    assert!(fit.ssvi.check(&[0.02]).is_ok() && fit.error > 0.01);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn derivatives_are_those_of_differences(
        b in 0.01..0.8f64, rho in -0.9..0.9f64, m in -0.3..0.3f64, sigma in 0.05..0.6f64,
        k in -2.0..2.0f64
    ) {
        let svi = Svi::new(0.02, b, rho, m, sigma).unwrap();
        let h = 1e-4;
        let first = (svi.w(k + h) - svi.w(k - h)) / (2.0 * h);
        let second = (svi.first(k + h) - svi.first(k - h)) / (2.0 * h);
        prop_assert!((first - svi.first(k)).abs() < 1e-5 && (second - svi.second(k)).abs() < 1e-4);
        prop_assert!(svi.w(k) >= svi.min_variance() * (1.0 - 1e-12));
    }

    #[test]
    fn a_slice_is_found_again_from_its_own_points(
        a in 0.005..0.05f64, b in 0.02..0.2f64, rho in -0.7..0.7f64, m in -0.1..0.1f64,
        sigma in 0.08..0.4f64
    ) {
        let truth = Svi::new(a, b, rho, m, sigma).unwrap();
        prop_assume!(truth.check().is_ok());
        let fit = fit_svi(&points(&truth, -1.0, 1.0, 25)).unwrap();
        let worst = points(&truth, -1.0, 1.0, 101).iter()
            .map(|p| (fit.svi.w(p.log_moneyness) - p.total_variance).abs()).fold(0.0, f64::max);
        prop_assert!(worst < 1e-5, "{worst} {fit:?}");
    }

    #[test]
    fn the_fit_of_the_inner_problem_is_no_worse_than_any_of_its_neighbours(
        noise in prop::collection::vec(-0.01..0.01f64, 15), tilt in -0.1..0.1f64
    ) {
        let truth = Svi::new(0.04, 0.1, -0.3, 0.0, 0.2).unwrap();
        let mut points = points(&truth, -0.8, 0.8, 15);
        for (point, noise) in points.iter_mut().zip(&noise) {
            point.total_variance = (point.total_variance + noise + tilt * point.log_moneyness).max(1e-4);
        }
        let Ok(fit) = fit_svi(&points) else { return Ok(()) };
        let off = |svi: &Svi| {
            let square = |p: &SmilePoint| { let e = svi.w(p.log_moneyness) - p.total_variance; e * e };
            points.iter().map(square).sum::<f64>() / 15.0
        };
        let best = off(&fit.svi);
        prop_assert!((libm::sqrt(best) - fit.error).abs() < 1e-9);
        for axis in 0..5 {
            for step in [-1e-3, 1e-3] {
                let mut at = fit.svi.parameters();
                at[axis] += step;
                let [a, b, rho, m, sigma] = at;
                // Only neighbours that are allowed themselves.
                let Ok(near) = Svi::new(a, b, rho, m, sigma) else { continue };
                if rho.abs() > 0.999 || b * (1.0 + rho.abs()) > 2.0 { continue }
                prop_assert!(off(&near) >= best * (1.0 - 1e-6) - 1e-12, "{axis} {step} {fit:?}");
            }
        }
    }

    #[test]
    fn a_surface_and_its_raw_slice_are_one(
        rho in -0.95..0.95f64, eta in 0.1..3.0f64, gamma in 0.0..1.0f64, theta in 0.001..1.0f64,
        k in -2.0..2.0f64
    ) {
        let ssvi = Ssvi::new(rho, eta, gamma).unwrap();
        let (w, raw) = (ssvi.w(theta, k).unwrap(), ssvi.slice(theta).unwrap());
        prop_assert!((w - raw.w(k)).abs() <= 1e-12 * (1.0 + w));
        // The conditions are sufficient: where they hold no density is negative.
        if ssvi.conditions(theta).unwrap().hold() {
            prop_assert!((-300..=300).all(|i| raw.butterfly(f64::from(i) * 0.01) >= -1e-12));
        }
    }
}
