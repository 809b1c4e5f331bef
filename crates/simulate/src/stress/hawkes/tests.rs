//! Simulation, estimation and closed forms against each other.

use super::*;

fn process() -> Hawkes {
    Hawkes::new(0.5, 0.6, 1.0).unwrap()
}

#[test]
fn closed_forms_have_their_figures_and_end_at_criticality() {
    let hawkes = Hawkes::new(0.2, 1.8, 2.0).unwrap();
    let near = |found: Option<f64>, right: f64| (found.unwrap() / right - 1.0).abs() < 1e-12;
    assert!(near(hawkes.mean_intensity(), 2.0) && near(hawkes.mean_cluster_size(), 10.0));
    assert!(near(hawkes.var_cluster_size(), 900.0) && near(hawkes.fano_infinity(), 100.0));
    assert!((hawkes.autocov_decay_rate() - 0.2).abs() < 1e-12);
    let critical = Hawkes::new(0.2, 2.0, 2.0).unwrap();
    assert_eq!((critical.mean_intensity(), critical.fano_infinity()), (None, None));
    assert_eq!(critical.distance_to_critical(), 0.0);
    assert!(Hawkes::new(0.1, 0.1, 0.0).is_err() && Hawkes::new(-0.1, 0.1, 1.0).is_err());
    // Borel's probabilities sum to one, with the mean and the variance of the closed forms.
    let sum = |power: i32| -> f64 {
        (1..400u32).map(|s| process().cluster_size_probability(s) * f64::from(s).powi(power)).sum()
    };
    assert!((sum(0) - 1.0).abs() < 1e-9 && (sum(1) - 2.5).abs() < 1e-6);
    assert!((sum(2) - 2.5 * 2.5 - 9.375).abs() < 1e-3);
    assert_eq!(Hawkes::new(1.0, 0.0, 1.0).unwrap().cluster_size_probability(1), 1.0);
}

#[test]
fn both_ways_to_simulate_have_the_mean_rate() {
    let horizon = 40_000.0;
    // Standard error of the count: the root of mean times Fano's 6.25; four of them.
    let slack = 4.0 * (1.25f64 * horizon * 6.25).sqrt();
    let thinned = thinning(&process(), horizon, 7).unwrap();
    let (grown, sizes) = clusters(&process(), horizon, 7).unwrap();
    for times in [&thinned, &grown] {
        assert!((times.len() as f64 - 1.25 * horizon).abs() < slack, "{}", times.len());
        assert!(times.is_sorted() && times.iter().all(|time| (0.0..=horizon).contains(time)));
    }
    assert_eq!(sizes.iter().sum::<usize>(), grown.len());
    let count = sizes.len() as f64;
    let mean = grown.len() as f64 / count;
    let variance = sizes.iter().map(|s| (*s as f64 - mean).powi(2)).sum::<f64>() / count;
    assert!((mean - 2.5).abs() < 4.0 * (9.375f64 / count).sqrt(), "{mean}");
    assert!((variance / 9.375 - 1.0).abs() < 0.2, "{variance}");
    assert_eq!(thinned, thinning(&process(), horizon, 7).unwrap());
    assert_ne!(thinned, thinning(&process(), horizon, 8).unwrap());
    assert!(thinning(&process(), f64::NAN, 7).is_err());
}

#[test]
fn counts_are_overdispersed_as_the_closed_form_says() {
    let (width, windows) = (200.0, 300);
    let times = thinning(&process(), width * f64::from(windows), 3).unwrap();
    let mut counts = vec![0.0f64; windows as usize];
    for time in times {
        counts[((time / width) as usize).min(windows as usize - 1)] += 1.0;
    }
    let mean = counts.iter().sum::<f64>() / counts.len() as f64;
    let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / counts.len() as f64;
    // Short windows cut families; four standard errors of a variance of 300 are a third.
    assert!((variance / mean / 6.25 - 1.0).abs() < 0.33, "{}", variance / mean);
}

#[test]
fn the_likelihood_is_the_plain_double_sum() {
    let (times, weights, horizon) = ([0.5, 0.9, 1.0, 2.5, 4.0], [0.5, 2.0, 1.0, 1.0, 0.5], 5.0);
    let kernel = |t: f64| 0.6 * (-t).exp();
    let mut naive = -0.5 * horizon;
    for (at, time) in times.iter().enumerate() {
        let before: f64 = (0..at).map(|j| weights[j] * kernel(time - times[j])).sum();
        naive += (0.5 + before).ln();
        naive -= 0.6 * weights[at] * (1.0 - (-(horizon - time)).exp());
    }
    let found = log_likelihood(&process(), &times, Some(&weights), horizon).unwrap();
    assert!((found - naive).abs() < 1e-12);
    for wrong in [&[1.0, 0.5][..], &[-1.0], &[6.0], &[f64::NAN]] {
        assert!(log_likelihood(&process(), wrong, None, horizon).is_err(), "{wrong:?}");
    }
    assert!(log_likelihood(&process(), &times, Some(&weights[..4]), horizon).is_err());
}

#[test]
fn an_estimate_is_a_maximum_and_its_interval_has_the_truth() {
    let horizon = 2_500.0;
    let mut covered = 0;
    for seed in 0..6 {
        let times = thinning(&process(), horizon, seed).unwrap();
        let found = estimate(&times, None, horizon).unwrap();
        let (low, high) = found.branching_interval;
        let high = high.unwrap();
        covered += u32::from(low < 0.6 && 0.6 < high);
        let n = found.process.branching_ratio();
        assert!(low < n && n < high && found.is_subcritical() && !found.decay_at_edge);
        // Both ways to an error agree, the interval being about 3.92 of them wide.
        let error = found.branching_error.unwrap();
        assert!((high - low) / error > 3.4 && (high - low) / error < 4.5, "{low} {high} {error}");
        for (mu, alpha, beta) in [(1.01, 1.0, 1.0), (1.0, 1.01, 1.0), (1.0, 1.0, 1.01)] {
            for up in [true, false] {
                let scale = |by: f64| if up { by } else { 1.0 / by };
                let p = found.process;
                let moved = Hawkes::new(
                    p.mu() * scale(mu),
                    p.alpha() * scale(alpha),
                    p.beta() * scale(beta),
                );
                let value = log_likelihood(&moved.unwrap(), &times, None, horizon).unwrap();
                assert!(value < found.log_likelihood);
            }
        }
        let fit = fitness(&found.process, &times, None, horizon).unwrap();
        assert!(fit.probability > 0.01 && (fit.mean_wait - 1.0).abs() < 0.05, "{fit:?}");
    }
    // Of six intervals of 95 %, three or more miss once in five hundred.
    assert!(covered >= 4, "{covered}");
}

#[test]
fn marks_are_part_of_the_estimate() {
    // Weights of 0.2 or 1.8: leaving them out loses likelihood.
    let truth = Hawkes::new(0.3, 1.4, 2.0).unwrap();
    let horizon = 4_000.0;
    let events = marked(&truth, horizon, 2, |u| if u < 0.5 { 0.1 } else { 1.9 }).unwrap();
    let times: Vec<f64> = events.iter().map(|event| event.time).collect();
    let weights: Vec<f64> = events.iter().map(|event| event.weight).collect();
    let with = estimate(&times, Some(&weights), horizon).unwrap();
    let without = estimate(&times, None, horizon).unwrap();
    assert!(with.log_likelihood > without.log_likelihood + 10.0);
    assert!((with.process.branching_ratio() - 0.7).abs() < 0.12, "{:?}", with.process);
}

#[test]
fn events_without_children_are_told_from_those_with() {
    let poisson = thinning(&Hawkes::new(1.0, 0.0, 1.0).unwrap(), 1_500.0, 4).unwrap();
    let found = estimate(&poisson, None, 1_500.0).unwrap();
    assert!(found.branching_interval.0 == 0.0 && found.process.branching_ratio() < 0.2);
    assert!(found.log_likelihood - found.log_likelihood_poisson < 5.0);
    // The planted fault: self-exciting events judged as if they were not.
    let times = thinning(&process(), 3_000.0, 4).unwrap();
    let rate = times.len() as f64 / 3_000.0;
    let wrong = fitness(&Hawkes::new(rate, 0.0, 1.0).unwrap(), &times, None, 3_000.0).unwrap();
    assert!(wrong.probability < 1e-6, "{wrong:?}");
    assert!(estimate(&times[..9], None, 3_000.0).unwrap_err().to_string().contains("at least 10"));
}

#[test]
fn stamps_are_spread_within_what_they_cover_or_merged() {
    let stamps = [5.0, 0.0, 0.0, 3.0, 0.0];
    let spread = Ties::Spread { resolution: 4.0, seed: 1 };
    let (times, weights) = untie(&stamps, spread).unwrap();
    assert!(weights.is_none() && times.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(times[2] < 3.0 && (3.0..5.0).contains(&times[3]) && (5.0..9.0).contains(&times[4]));
    let (times, weights) = untie(&stamps, Ties::Merge).unwrap();
    assert_eq!(times, [0.0, 3.0, 5.0]);
    let right = [1.8, 0.6, 0.6];
    assert!(weights.unwrap().iter().zip(right).all(|(found, w)| (found - w).abs() < 1e-15));
    assert!(untie(&[f64::NAN], Ties::Merge).is_err());
    assert!(untie(&[0.0], Ties::Spread { resolution: 0.0, seed: 1 }).is_err());
    assert_eq!(untie(&[], Ties::Merge).unwrap().0, Vec::<f64>::new());
}

#[test]
fn windows_are_whole_and_those_with_few_events_say_nothing() {
    let mut times = thinning(&process(), 900.0, 5).unwrap();
    times.retain(|time| !(300.0..600.0).contains(time));
    let found = windows(&times, None, 295.0).unwrap();
    assert_eq!(found.len(), 3);
    assert!(found[0].found.is_some() && found[1].found.is_none());
    assert!(found.iter().all(|window| (window.to - window.from - 295.0).abs() < 1e-9));
    assert!(windows(&times, None, 0.0).is_err() && windows(&[], None, 1.0).unwrap().is_empty());
}
