//! What every chart promises: it is well formed, it escapes, it names what it refuses, and it
//! draws the degenerate inputs too.

mod sample_report;

use breakwater_report::*;

/// Checks that tags balance, attributes are quoted, text has no stray markup, and every entity is
/// one that XML knows. Enough for what this crate writes; returns the number of elements.
fn well_formed(svg: &str) -> usize {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg.trim_end();
    let mut elements = 0;
    while let Some(start) = rest.find('<') {
        text_is_clean(&rest[..start]);
        let end = rest.find('>').unwrap_or_else(|| panic!("an unclosed tag at {rest:.60}"));
        let tag = &rest[start + 1..end];
        assert!(!tag.contains('<'), "a tag inside a tag: {tag:.80}");
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "a closing tag out of place");
            continue;
        }
        elements += 1;
        assert_eq!(tag.matches('"').count() % 2, 0, "unbalanced quotes in {tag}");
        text_is_clean(tag);
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic()), "{tag}");
        if !tag.ends_with('/') {
            open.push(name);
        }
        if name == "style" {
            let close = rest.find("</style>").expect("a closed style");
            assert!(!rest[..close].contains('<'));
            rest = &rest[close..];
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    assert!(rest.is_empty(), "text after the root: {rest:.40}");
    elements
}

fn text_is_clean(text: &str) {
    for (at, _) in text.match_indices('&') {
        let tail = &text[at..];
        let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
        assert!(
            known.iter().any(|entity| tail.starts_with(entity)),
            "a bare ampersand: {tail:.20}"
        );
    }
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "a control character");
}

/// Every coordinate attribute holds a finite number, and sizes are not negative.
fn geometry_is_sound(svg: &str) {
    for bad in ["NaN", "inf", "=\"\""] {
        assert!(!svg.contains(bad), "{bad} in the drawing");
    }
    for name in ["width", "height", "r"] {
        for part in svg.split(&format!(" {name}=\"")).skip(1) {
            let value: f64 = part.split('"').next().expect("a value").parse().expect("a number");
            assert!(value >= 0.0, "{name} is {value}");
        }
    }
}

fn all_charts(report: &RunReport) -> Vec<String> {
    ChartKind::ALL
        .into_iter()
        .map(|kind| chart_svg(kind, report).unwrap_or_else(|e| panic!("{}: {e}", kind.name())))
        .collect()
}

/// Every given chart is sound alone and the page that holds them renders.
fn assert_draws(report: &RunReport) {
    for kind in ChartKind::ALL {
        match chart_svg(kind, report) {
            Ok(svg) => {
                assert!(well_formed(&svg) > 3);
                geometry_is_sound(&svg);
            }
            Err(ReportError::Absent { .. }) => {}
            Err(error) => panic!("{}: {error}", kind.name()),
        }
    }
    let page = render_run(report).expect("the page");
    assert!(!page.contains("NaN"));
}

#[test]
fn every_chart_is_well_formed_and_carries_its_foot() {
    let report = sample_report::run();
    for svg in all_charts(&report) {
        assert!(well_formed(&svg) > 10);
        geometry_is_sound(&svg);
        let foot: Vec<&str> =
            svg.lines().filter(|line| line.contains(r#"class="t-foot""#)).collect();
        let foot = foot.join(" ");
        for part in
            ["sample-crash", "48.3 %", "none drawn", "close-factor", &sample_report::HASH[..16]]
        {
            assert!(foot.contains(part), "no {part} in {foot}");
        }
        assert!(!svg.contains(sample_report::HASH), "the foot quotes 16 digits only");
    }
    let svg = comparison_svg(&sample_report::comparison()).expect("the comparison");
    assert!(well_formed(&svg) > 100);
    geometry_is_sound(&svg);
    assert!(svg.contains("Least harm") && svg.contains("891.17"));
}

#[test]
fn a_drawn_seed_is_printed() {
    let mut report = sample_report::run();
    report.identity.seed = Some(987_654_321);
    for svg in all_charts(&report) {
        assert!(svg.contains("seed 987654321"));
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let report = sample_report::run();
    assert_eq!(all_charts(&report), all_charts(&report.clone()));
    assert_eq!(render_run(&report).expect("page"), render_run(&report.clone()).expect("page"));
}

#[test]
fn hostile_names_cannot_leave_their_text() {
    const HOSTILE: &str = "\"'><script>alert(1)</script>&\u{0}\u{202E}=cmd|' /C calc'!A0";
    let mut report = sample_report::run();
    report.identity.scenario = HOSTILE.to_owned();
    report.identity.shock = HOSTILE.to_owned();
    report.identity.rulebook = HOSTILE.to_owned();
    if let Part::Given(price) = &mut report.price {
        price.pair = HOSTILE.to_owned();
        price.unit = HOSTILE.to_owned();
        price.liquidations[0].account = HOSTILE.to_owned();
    }
    if let Part::Given(health) = &mut report.health {
        health.moments[0].name = HOSTILE.to_owned();
    }
    if let Part::Given(at_risk) = &mut report.at_risk {
        at_risk.what_falls = HOSTILE.to_owned();
        at_risk.marks[0].label = HOSTILE.to_owned();
    }
    if let Part::Given(waterfall) = &mut report.waterfall {
        waterfall.steps[0].name = HOSTILE.to_owned();
    }
    if let Part::Given(execution) = &mut report.execution {
        execution.points[0].account = HOSTILE.to_owned();
        execution.guides[0].label = HOSTILE.to_owned();
    }
    if let Part::Given(depth) = &mut report.depth {
        depth.market = HOSTILE.to_owned();
        depth.amount_unit = HOSTILE.to_owned();
        depth.sold[0].label = HOSTILE.to_owned();
    }
    if let Part::Given(sensitivity) = &mut report.sensitivity {
        sensitivity.row_name = HOSTILE.to_owned();
        sensitivity.rows[0] = HOSTILE.to_owned();
        sensitivity.metrics[0].name = HOSTILE.to_owned();
    }
    assert_draws(&report);
    for svg in all_charts(&report) {
        assert!(!svg.contains("<script"));
    }
    assert!(!render_run(&report).expect("the page").contains("<script"));
}

#[test]
fn nothing_to_draw_is_said_and_not_framed() {
    let mut report = sample_report::run();
    report.price = Part::Absent("The scenario has no price.".to_owned());
    if let Part::Given(execution) = &mut report.execution {
        execution.points.clear();
    }
    let error = chart_svg(ChartKind::Price, &report).expect_err("absent").to_string();
    assert!(error.contains("price") && error.contains("The scenario has no price."), "{error}");
    let page = render_run(&report).expect("the page");
    assert!(page.contains("The scenario has no price."));
    assert!(page.contains("Nothing was sold, so there is no price to compare."));
}

#[test]
fn one_point_all_zero_huge_and_negative_inputs_are_drawn() {
    let one = |value: f64, amount: f64| {
        let mut report = sample_report::run();
        let at_hours = 1.0;
        let account = String::new();
        report.price = Part::Given(PricePath {
            pair: "A/B".to_owned(),
            unit: "B".to_owned(),
            points: vec![PricePoint { at_hours, path: value, mark: value }],
            liquidations: vec![LiquidationMark {
                at_hours,
                mark: value,
                debt_repaid_usd: amount,
                account: account.clone(),
            }],
            second: None,
        });
        report.health = Part::Given(HealthDistribution {
            bins: vec![HealthBin { from: 1.0, to: None }],
            moments: vec![HealthMoment {
                name: "now".to_owned(),
                debt_usd: vec![amount],
                accounts: vec![1],
            }],
        });
        report.at_risk = Part::Given(AtRisk {
            scale_to_usd: 0.0,
            what_falls: "all".to_owned(),
            rows: vec![AtRiskRow {
                fall_percent: 10.0,
                liquidatable_debt_usd: amount,
                bad_debt_usd: amount,
            }],
            marks: vec![],
        });
        report.waterfall = Part::Given(Waterfall {
            steps: vec![LossStep {
                name: "loss".to_owned(),
                amount_usd: Decimal::from_scaled(value as i128, 0),
                kind: LossKind::Total,
            }],
        });
        report.execution = Part::Given(Execution {
            run_hours: 0.0,
            points: vec![ExecutionPoint {
                at_hours,
                discount_bps: value,
                debt_repaid_usd: amount,
                account,
            }],
            guides: vec![ExecutionGuide { discount_bps: -value, label: "mirror".to_owned() }],
        });
        report.depth = Part::Given(DepthCurve {
            market: "A to B".to_owned(),
            amount_unit: "A".to_owned(),
            points: vec![DepthPoint {
                amount,
                average_discount_bps: value,
                marginal_discount_bps: value,
            }],
            sold: vec![SoldLot { amount: amount * 2.0, label: "all".to_owned() }],
        });
        report.sensitivity = Part::Given(Sensitivity {
            row_name: "r".to_owned(),
            rows: vec!["1".to_owned()],
            column_name: "c".to_owned(),
            columns: vec!["1".to_owned()],
            base: None,
            metrics: vec![SensitivityMetric {
                name: "m".to_owned(),
                unit: "u".to_owned(),
                worse: Worse::Higher,
                values: vec![vec![Some(value)]],
            }],
        });
        report.rounds = Part::Given(CascadeRounds {
            rounds: vec![CascadeRound { round: 1, liquidations: 0, debt_repaid_usd: amount }],
        });
        report
    };
    for (value, amount) in [
        (0.0, 0.0),
        (1e30, 1e30),
        (-1e30, 1e99),
        (-5.0, 3.0),
        (1e-300, 1e-300),
        (5e-324, 5e-324),
        (1e100, 5e99),
    ] {
        assert_draws(&one(value, amount));
    }
}

#[test]
fn numbers_that_no_axis_can_take_are_refused_by_name() {
    type Spoil = fn(&mut RunReport, f64);
    fn given<T>(part: &mut Part<T>) -> &mut T {
        match part {
            Part::Given(value) => value,
            Part::Absent(why) => panic!("the sample gives every part, but: {why}"),
        }
    }
    let cases: [(&str, Spoil); 16] = [
        ("price.points[3].path", |r, v| given(&mut r.price).points[3].path = v),
        ("price.points[3].mark", |r, v| given(&mut r.price).points[3].mark = v),
        ("price.points[0].at_hours", |r, v| given(&mut r.price).points[0].at_hours = v),
        ("price.liquidations[1].mark", |r, v| given(&mut r.price).liquidations[1].mark = v),
        ("health.bins[2].from", |r, v| given(&mut r.health).bins[2].from = v),
        ("health.moments[1].debt_usd[4]", |r, v| given(&mut r.health).moments[1].debt_usd[4] = v),
        ("at_risk.rows[5].bad_debt_usd", |r, v| given(&mut r.at_risk).rows[5].bad_debt_usd = v),
        ("at_risk.marks[0].fall_percent", |r, v| given(&mut r.at_risk).marks[0].fall_percent = v),
        ("execution.points[2].discount_bps", |r, v| {
            given(&mut r.execution).points[2].discount_bps = v;
        }),
        ("execution.guides[0].discount_bps", |r, v| {
            given(&mut r.execution).guides[0].discount_bps = v;
        }),
        ("execution.run_hours", |r, v| given(&mut r.execution).run_hours = v),
        ("depth.points[1].marginal_discount_bps", |r, v| {
            given(&mut r.depth).points[1].marginal_discount_bps = v;
        }),
        ("depth.points[9].amount", |r, v| given(&mut r.depth).points[9].amount = v),
        ("depth.sold[0].amount", |r, v| given(&mut r.depth).sold[0].amount = v),
        ("sensitivity.metrics[1].values[2][0]", |r, v| {
            given(&mut r.sensitivity).metrics[1].values[2][0] = Some(v);
        }),
        ("rounds.rounds[0].debt_repaid_usd", |r, v| {
            given(&mut r.rounds).rounds[0].debt_repaid_usd = v;
        }),
    ];
    for (field, spoil) in cases {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e101] {
            let mut report = sample_report::run();
            spoil(&mut report, bad);
            let error = render_run(&report).expect_err(field).to_string();
            assert!(error.starts_with(field), "{bad} in {field}: {error}");
        }
    }
}

#[test]
fn decimals_too_large_to_draw_are_refused_by_name() {
    let mut report = sample_report::run();
    if let Part::Given(waterfall) = &mut report.waterfall {
        waterfall.steps[2].amount_usd = Decimal::parse(&"9".repeat(400)).expect("a decimal");
    }
    let error = render_run(&report).expect_err("too large").to_string();
    assert!(error.starts_with("waterfall.steps[2].amount_usd"), "{error}");
}

#[test]
fn other_input_that_makes_no_sense_is_refused_by_name() {
    let refused = |spoil: &dyn Fn(&mut RunReport)| {
        let mut report = sample_report::run();
        spoil(&mut report);
        render_run(&report).expect_err("refused").to_string()
    };
    let cases: [(&str, String); 9] = [
        ("identity.state_hash", refused(&|r| r.identity.state_hash = "xyz".to_owned())),
        ("identity.scenario", refused(&|r| r.identity.scenario = " ".to_owned())),
        ("books.replay_hash", refused(&|r| r.books.replay_hash = Some("12".to_owned()))),
        (
            "price.points[10].at_hours",
            refused(&|r| {
                if let Part::Given(price) = &mut r.price {
                    price.points[10].at_hours = 0.0;
                }
            }),
        ),
        (
            "price.liquidations[0].debt_repaid_usd is -1",
            refused(&|r| {
                if let Part::Given(price) = &mut r.price {
                    price.liquidations[0].debt_repaid_usd = -1.0;
                }
            }),
        ),
        (
            "health.moments[0].accounts has 33 entries, but 34 are needed",
            refused(&|r| {
                if let Part::Given(health) = &mut r.health {
                    health.moments[0].accounts.pop();
                }
            }),
        ),
        (
            "sensitivity.metrics[0].values[1] has 2 entries",
            refused(&|r| {
                if let Part::Given(sensitivity) = &mut r.sensitivity {
                    sensitivity.metrics[0].values[1].pop();
                }
            }),
        ),
        (
            "health.bins[4].to is missing",
            refused(&|r| {
                if let Part::Given(health) = &mut r.health {
                    health.bins[4].to = None;
                }
            }),
        ),
        (
            "sensitivity.base.row is 3",
            refused(&|r| {
                if let Part::Given(sensitivity) = &mut r.sensitivity {
                    sensitivity.base = Some(Cell { row: 3, column: 0 });
                }
            }),
        ),
    ];
    for (start, error) in cases {
        assert!(error.starts_with(start), "{error}");
    }
}

#[test]
fn a_second_line_is_drawn_only_if_the_mark_left_the_path() {
    let mut report = sample_report::run();
    let svg = chart_svg(ChartKind::Price, &report).expect("price");
    assert!(svg.contains("mark, with impact") && svg.contains(r#"class="line s-purple""#));
    if let Part::Given(price) = &mut report.price {
        for point in &mut price.points {
            point.mark = point.path;
        }
    }
    let svg = chart_svg(ChartKind::Price, &report).expect("price");
    assert!(!svg.contains("mark, with impact") && !svg.contains(r#"class="line s-purple""#));
}

#[test]
fn a_waterfall_that_misses_its_total_says_so() {
    let mut report = sample_report::run();
    let svg = chart_svg(ChartKind::Waterfall, &report).expect("waterfall");
    assert!(!svg.contains("arrive at"));
    if let Part::Given(waterfall) = &mut report.waterfall {
        waterfall.steps.push(LossStep {
            name: "Left over".to_owned(),
            amount_usd: Decimal::from(7u64),
            kind: LossKind::Total,
        });
    }
    let svg = chart_svg(ChartKind::Waterfall, &report).expect("waterfall");
    assert!(svg.contains("arrive at") && svg.contains("stated as 7 USD"), "{svg}");
}

#[test]
fn a_crowd_of_circles_is_cut_to_the_largest_and_says_so() {
    let mut report = sample_report::run();
    let many = sample_report::liquidations(5_000);
    if let Part::Given(execution) = &mut report.execution {
        execution.points = (0..many.len())
            .map(|i| ExecutionPoint {
                at_hours: i as f64 / 400.0,
                discount_bps: 5.0,
                debt_repaid_usd: i as f64,
                account: format!("account {i}"),
            })
            .collect();
    }
    let svg = chart_svg(ChartKind::Execution, &report).expect("execution");
    assert!(svg.contains("Only the 2,000 largest of 5,000 liquidations are drawn."));
    assert!(svg.contains("account 4999:") && !svg.contains("account 12:"));
}
