//! A made-up run and comparison with plausible shapes, for the example and the tests. Nothing in
//! it was measured; its notice says so.

// Each test binary uses only part of this module.
#![allow(dead_code)]

use breakwater_report::*;

/// A small generator, so that the sample is the same everywhere.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        // Constants of Knuth's MMIX generator; only the shape of a sample depends on them.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn cents(value: f64) -> Decimal {
    Decimal::from_scaled((value * 100.0).round() as i128, 2)
}

fn scaled(value: f64, places: u8) -> Decimal {
    Decimal::from_scaled((value * 10f64.powi(i32::from(places))).round() as i128, places)
}

pub const HASH: &str = "7c1f0e5ab2946d38f1c0a7e3955b62d40b8e6a7f13c95d2e84af6017d3b9c2e5";

pub fn identity() -> Identity {
    Identity {
        scenario: "sample-crash".to_owned(),
        shock: "ETH/USD \u{2212}48.3 % (the path\u{2019}s own)".to_owned(),
        seed: None,
        rulebook: "sample close-factor rule 2023-06".to_owned(),
        policies: vec!["grace".to_owned(), "minimal lot".to_owned()],
        state_hash: HASH.to_owned(),
    }
}

const NOTICE: &str = "Sample. Every number on this page is made up to show how a report looks.";

fn path_price(hours: f64) -> f64 {
    // A drift, a first slide before noon, a second one near midnight, and a rebound.
    let slide = |at: f64, depth: f64, width: f64| depth / (1.0 + (-(hours - at) / width).exp());
    let ripple = 9.0 * (hours * 2.7).sin() + 5.0 * (hours * 7.1).sin();
    1723.474 - slide(10.7, 520.0, 0.35) - slide(22.95, 300.0, 0.22) + slide(23.75, 140.0, 0.1)
        - 4.0 * hours
        + ripple
}

fn impact(hours: f64) -> f64 {
    // Sales push the mark down over half an hour and it recovers over an hour or two.
    let sold = |from: f64| {
        let since = hours - from;
        if since > 0.0 { (1.0 - (-since / 0.2).exp()) * (-since / 1.5).exp() } else { 0.0 }
    };
    52.0 * sold(10.3) + 64.0 * sold(22.8)
}

pub fn price(marks: Vec<LiquidationMark>) -> PricePath {
    let point = |i: u32| {
        let at_hours = f64::from(i) / 24.0;
        let path = path_price(at_hours);
        PricePoint { at_hours, path, mark: path - impact(at_hours) }
    };
    PricePath {
        pair: "ETH/USD".to_owned(),
        unit: "USD".to_owned(),
        points: (0..=576).map(point).collect(),
        liquidations: marks,
        second: None,
    }
}

pub fn liquidations(count: u64) -> Vec<Liquidation> {
    let mut draws = Draws(42);
    let mut rows: Vec<Liquidation> = (0..count).map(|i| liquidation(i, &mut draws)).collect();
    rows.sort_by_key(|row| row.at_seconds);
    for (sequence, row) in rows.iter_mut().enumerate() {
        row.sequence = 4_000 + 7 * sequence as u64;
    }
    rows
}

fn liquidation(i: u64, draws: &mut Draws) -> Liquidation {
    let late = draws.next() < 0.45;
    let start = if late { 22.9 } else { 10.2 };
    let hours = start + draws.next() * draws.next() * if late { 0.9 } else { 4.5 };
    let at_seconds = (hours * 3600.0) as u64;
    let debt = 1_000.0 * (draws.next() * 8.6).exp();
    let mark = path_price(hours) - impact(hours);
    let discount = 8.0 + 70.0 * (debt / 9e6).sqrt() + 40.0 * draws.next();
    let collateral = debt * 1.075 / mark;
    let before = 0.995 - 0.04 * draws.next();
    let deficit = if late && draws.next() < 0.06 { debt * 0.04 } else { 0.0 };
    let account = format!("0x{:08x}\u{2026}{:04x}", (draws.next() * 4e9) as u32, i % 65_536);
    Liquidation {
        sequence: i,
        at_seconds,
        at: format!("{:02}:{:02}:{:02}", at_seconds / 3600, at_seconds / 60 % 60, at_seconds % 60),
        round: 1 + (draws.next() * draws.next() * draws.next() * 5.4) as u32,
        liquidator: "keeper 1".to_owned(),
        debt_asset: "USDC".to_owned(),
        debt_repaid: scaled(debt, 6),
        debt_repaid_usd: cents(debt),
        collateral_asset: "stETH".to_owned(),
        collateral_seized: scaled(collateral, 9),
        collateral_seized_usd: cents(debt * 1.075),
        mark_usd: Some(cents(mark)),
        average_price_usd: Some(cents(mark * (1.0 - discount / 1e4))),
        discount_bps: Some(scaled(discount, 2)),
        health_before: Some(scaled(before, 6)),
        health_after: Some(scaled(before + 0.06, 6)),
        liquidator_gain_usd: Some(cents(debt * 0.07)),
        gas_usd: Some(cents(45.0)),
        deficit_usd: cents(deficit),
        reason: format!(
            "Health fell to {before:.4} when ETH/USD passed {mark:.2}; half of the debt could be \
             repaid because health stayed above 0.95, and the incentive of 7.5 % left a gain after \
             impact of {discount:.0} bps and gas."
        ),
        account,
    }
}

fn number(value: &Decimal) -> f64 {
    value.as_str().parse().expect("a decimal")
}

pub fn health() -> HealthDistribution {
    let bins: Vec<HealthBin> = (0..34)
        .map(|i| {
            let from = f64::from(80 + 5 * i) / 100.0;
            let to = f64::from(85 + 5 * i) / 100.0;
            HealthBin { from, to: (i < 33).then_some(to) }
        })
        .collect();
    let bump = |x: f64, at: f64, width: f64| (-((x - at) / width).powi(2)).exp();
    let moment = |name: &str, at: f64, width: f64, height: f64, cut: f64| HealthMoment {
        name: name.to_owned(),
        debt_usd: bins
            .iter()
            .map(|b| if b.from < cut { 0.0 } else { height * bump(b.from, at, width) })
            .collect(),
        accounts: bins.iter().map(|b| (90.0 * bump(b.from, at + 0.1, width)) as u64).collect(),
    };
    let moments = vec![
        moment("before, 00:00", 1.62, 0.42, 41e6, 1.05),
        moment("at the trough, 23:10", 1.06, 0.2, 62e6, 0.0),
        moment("after, 24:00", 1.2, 0.22, 44e6, 1.0),
    ];
    HealthDistribution { bins, moments }
}

pub fn at_risk() -> AtRisk {
    let row = |i: u32| {
        let fall = f64::from(i);
        let bad = if fall > 24.0 { 148e6 * ((fall - 24.0) / 36.0).powi(2) } else { 0.0 };
        AtRiskRow {
            fall_percent: fall,
            liquidatable_debt_usd: 612e6 / (1.0 + (-(fall - 27.0) / 7.0).exp())
                - 12e6 / (1.0 + fall),
            bad_debt_usd: bad,
        }
    };
    AtRisk {
        scale_to_usd: 0.0,
        what_falls: "ETH/USD falls, debt in dollars is fixed".to_owned(),
        rows: (0..=60).map(row).collect(),
        marks: vec![FallMark { fall_percent: 48.3, label: "this run".to_owned() }],
    }
}

pub fn waterfall() -> Waterfall {
    let step = |name: &str, amount: i64, kind| LossStep {
        name: name.to_owned(),
        amount_usd: Decimal::from_scaled(i128::from(amount), 2),
        kind,
    };
    Waterfall {
        steps: vec![
            step("Loss from liquidation", 2_481_932_017, LossKind::Total),
            step("Borrowers: incentive paid", -1_718_508_833, LossKind::Incentive),
            step("Borrowers: price impact", -402_117_690, LossKind::Impact),
            step("Borrowers: gas", -2_011_500, LossKind::Cost),
            step("Insurance fund", -81_000_000, LossKind::Backstop),
            step("Bad debt, booked", -95_290_451, LossKind::BadDebtBooked),
            step("Bad debt, open", -183_003_543, LossKind::BadDebtOpen),
        ],
    }
}

pub fn depth(rows: &[Liquidation]) -> DepthCurve {
    let point = |i: u32| {
        let amount = f64::from(i) * 2_000.0;
        let average = 4.0 + 0.0016 * amount + 3.1e-8 * amount * amount;
        let marginal = 4.0 + 0.0032 * amount + 9.3e-8 * amount * amount;
        DepthPoint { amount, average_discount_bps: average, marginal_discount_bps: marginal }
    };
    let mut sold: Vec<SoldLot> = rows
        .iter()
        .map(|row| SoldLot { amount: number(&row.collateral_seized), label: String::new() })
        .collect();
    sold.sort_by(|a, b| a.amount.total_cmp(&b.amount));
    if let Some(largest) = sold.last_mut() {
        largest.label = format!("largest lot, {:.0} stETH", largest.amount);
    }
    DepthCurve {
        market: "stETH to USDC".to_owned(),
        amount_unit: "stETH".to_owned(),
        points: (0..=9).map(point).collect(),
        sold,
    }
}

pub fn sensitivity() -> Sensitivity {
    let metric = |name: &str, unit: &str, worse, scale: f64, offset: f64| SensitivityMetric {
        name: name.to_owned(),
        unit: unit.to_owned(),
        worse,
        values: [0.0, 0.25, 0.5]
            .iter()
            .map(|f| [0.5, 1.0, 2.0].iter().map(|d| Some(offset + scale * (0.3 + f) / d)).collect())
            .collect(),
    };
    Sensitivity {
        row_name: "feedback".to_owned(),
        rows: ["0", "0.25", "0.5"].map(str::to_owned).to_vec(),
        column_name: "depth (1 is as quoted)".to_owned(),
        columns: ["0.5", "1", "2"].map(str::to_owned).to_vec(),
        base: Some(Cell { row: 1, column: 1 }),
        metrics: vec![
            metric("Bad debt, open and booked", "USD", Worse::Higher, 2.4e6, 1.4e6),
            metric("Debt liquidated", "USD", Worse::Higher, 26e6, 214e6),
            metric("Lowest mark", "USD", Worse::Lower, -61.0, 902.0),
            metric("Liquidations", "number", Worse::Higher, 74.0, 438.0),
        ],
    }
}

fn assumptions() -> Vec<Assumption> {
    let row = |name: &str, value: &str, status, source: &str| Assumption {
        name: name.to_owned(),
        value: value.to_owned(),
        status,
        source: source.to_owned(),
    };
    vec![
        row("Book", "1,034 accounts", Status::Sourced, "sample, standing for public balances"),
        row(
            "ETH/USD at the start",
            "1,723.474 USD",
            Status::Derived,
            "from the price of USDC in ETH",
        ),
        row(
            "Liquidation incentive",
            "7.5 %",
            Status::Unverified,
            "general knowledge of the market",
        ),
        row("Feedback", "0.25", Status::Assumed, "share of impact carried into the next mark"),
        row(
            "Recovery of impact",
            "half in 60 minutes",
            Status::Assumed,
            "no measurement was at hand",
        ),
        row(
            "Capital of liquidators",
            "unlimited",
            Status::Assumed,
            "the gentlest case for lenders",
        ),
    ]
}

fn provenance() -> Vec<Provenance> {
    let row = |name: &str, source: &str, licence: &str| Provenance {
        name: name.to_owned(),
        source: source.to_owned(),
        licence: licence.to_owned(),
        hash: HASH[..32].to_owned(),
    };
    vec![
        row("Sample book", "made by tests/sample_report", "MIT OR Apache-2.0"),
        row("Sample price path", "made by tests/sample_report", "MIT OR Apache-2.0"),
    ]
}

fn key_figures(rows: &[Liquidation], lowest: f64) -> Vec<KeyFigure> {
    let figure = |label: &str, value: String, unit: &str, note: &str| KeyFigure {
        label: label.to_owned(),
        value,
        unit: unit.to_owned(),
        note: note.to_owned(),
    };
    let debt: f64 = rows.iter().map(|row| number(&row.debt_repaid_usd)).sum();
    let seized: f64 = rows.iter().map(|row| number(&row.collateral_seized)).sum();
    vec![
        figure("Debt repaid", cents(debt).to_string(), "USD", ""),
        figure("Liquidations", rows.len().to_string(), "calls", "on 309 of 1,034 accounts"),
        figure("Collateral seized", scaled(seized, 9).to_string(), "stETH", ""),
        figure("Lowest mark", cents(lowest).to_string(), "USD", "for 1 ETH"),
        figure("Bad debt, booked", "952904.51".to_owned(), "USD", ""),
        figure("Bad debt, open", "1830035.43".to_owned(), "USD", ""),
    ]
}

fn rounds(rows: &[Liquidation]) -> CascadeRounds {
    let round = |round: u32| {
        let of_round = || rows.iter().filter(|row| row.round == round);
        CascadeRound {
            round,
            liquidations: of_round().count() as u64,
            debt_repaid_usd: of_round().map(|row| number(&row.debt_repaid_usd)).sum(),
        }
    };
    CascadeRounds { rounds: (1..=5).map(round).collect() }
}

fn happenings() -> Vec<Happening> {
    let row = |at: &str, what: &str, measure: &str| Happening {
        at: at.to_owned(),
        what: what.to_owned(),
        measure: measure.to_owned(),
    };
    vec![
        row("00:00", "The book opens; every account has margin to spare.", "no account below 1"),
        row("10:12", "ETH/USD passes 1,480 and the first account is liquidated.", "health 0.9987"),
        row(
            "10:40",
            "The first slide is at its steepest; sales push the mark below the path.",
            "38 USD",
        ),
        row("23:10", "The trough: the cascade reaches its fifth round.", "5 rounds"),
        row("23:12", "The first deficit is booked; the insurance fund pays.", "810,000.00 USD"),
        row("24:00", "The scenario ends.", "41 accounts below 1"),
    ]
}

/// A whole run with every part given.
pub fn run() -> RunReport {
    let rows = liquidations(517);
    let hours = |row: &Liquidation| row.at_seconds as f64 / 3600.0;
    let mark = |row: &Liquidation| LiquidationMark {
        at_hours: hours(row),
        mark: row.mark_usd.as_ref().map(number).expect("a mark"),
        debt_repaid_usd: number(&row.debt_repaid_usd),
        account: row.account.clone(),
    };
    let point = |row: &Liquidation| ExecutionPoint {
        at_hours: hours(row),
        discount_bps: row.discount_bps.as_ref().map(number).expect("a discount"),
        debt_repaid_usd: number(&row.debt_repaid_usd),
        account: row.account.clone(),
    };
    let price = price(rows.iter().map(mark).collect());
    let lowest = price.points.iter().map(|p| p.mark).fold(f64::INFINITY, f64::min);
    RunReport {
        title: "A crash come again".to_owned(),
        question: "What would the book of June 2023 have gone through if the worst day of March \
                   2020 had come again?"
            .to_owned(),
        notice: Some(NOTICE.to_owned()),
        identity: identity(),
        key_figures: key_figures(&rows, lowest),
        happenings: happenings(),
        price: Part::Given(price),
        health: Part::Given(health()),
        at_risk: Part::Given(at_risk()),
        waterfall: Part::Given(waterfall()),
        execution: Part::Given(Execution {
            run_hours: 24.0,
            points: rows.iter().map(point).collect(),
            guides: vec![ExecutionGuide { discount_bps: 750.0, label: "incentive".to_owned() }],
        }),
        depth: Part::Given(depth(&rows)),
        sensitivity: Part::Given(sensitivity()),
        rounds: Part::Given(rounds(&rows)),
        liquidations: rows,
        assumptions: assumptions(),
        books: Books {
            trial_balance: vec![
                balance("USDC", "841203377.120455"),
                balance("stETH", "498220.401188231"),
            ],
            replay_hash: Some(HASH.to_owned()),
        },
        glossary: standard_glossary(),
        provenance: provenance(),
    }
}

fn balance(asset: &str, side: &str) -> BalanceRow {
    let side = Decimal::parse(side).expect("a decimal");
    BalanceRow {
        asset: asset.to_owned(),
        debits: side.clone(),
        credits: side,
        difference: Decimal::from(0u64),
    }
}

/// Name, bad debt booked and open, borrowers' loss, liquidators' gain, lowest price in cents,
/// liquidations, remark.
type Row = (&'static str, Option<i64>, Option<i64>, i64, Option<i64>, i64, u64, &'static str);

fn mechanism((name, booked, open, borrower, gain, low, count, remark): Row) -> Mechanism {
    Mechanism {
        name: name.to_owned(),
        variant: "as it is".to_owned(),
        thresholds: "same risk".to_owned(),
        state_hash: HASH.to_owned(),
        bad_debt_booked_usd: booked.map(Decimal::from),
        bad_debt_open_usd: open.map(Decimal::from),
        borrower_loss_usd: Some(Decimal::from(borrower)),
        liquidator_gain_usd: gain.map(Decimal::from),
        lowest_price: Some(Decimal::from_scaled(i128::from(low), 2)),
        liquidations: Some(Decimal::from(count)),
        remark: remark.to_owned(),
    }
}

/// Eleven mechanisms side by side.
pub fn comparison() -> ComparisonReport {
    let rows = [
        (
            "Fixed spread",
            Some(952_904),
            Some(1_830_035),
            21_226_380,
            Some(16_001_200),
            84_311,
            517,
            "",
        ),
        (
            "Close factor",
            Some(812_411),
            Some(1_702_118),
            18_440_010,
            Some(13_900_755),
            85_102,
            611,
            "",
        ),
        (
            "Target health",
            Some(640_200),
            Some(1_480_900),
            12_118_430,
            Some(8_800_120),
            86_954,
            702,
            "",
        ),
        (
            "Absorb and resell",
            Some(2_411_007),
            None,
            24_902_114,
            Some(9_120_430),
            82_007,
            309,
            "Takes whole accounts.",
        ),
        (
            "Dutch auction",
            Some(401_880),
            Some(990_300),
            9_804_002,
            Some(5_210_077),
            87_731,
            309,
            "Collateral split by value.",
        ),
        (
            "English auction",
            Some(388_140),
            Some(1_204_772),
            9_120_554,
            Some(4_870_300),
            87_902,
            309,
            "Collateral split by value.",
        ),
        (
            "Batch auction",
            Some(210_004),
            Some(902_118),
            7_402_330,
            Some(3_004_118),
            88_420,
            309,
            "",
        ),
        (
            "Soft bands",
            None,
            Some(3_120_440),
            14_300_871,
            Some(6_720_300),
            86_010,
            4_118,
            "Stablecoin debt only.",
        ),
        (
            "Stability pool",
            Some(0),
            Some(702_300),
            16_800_421,
            Some(12_004_310),
            88_960,
            288,
            "Stablecoin debt only.",
        ),
        ("Exchange ladder", Some(1_204_500), None, 15_330_118, None, 84_870, 944, ""),
        ("Least harm", Some(120_480), Some(611_204), 5_840_117, Some(2_410_559), 89_117, 733, ""),
    ];
    ComparisonReport {
        title: "One crash, eleven mechanisms".to_owned(),
        question: "Who would have borne what, had the same book met the same day under another \
                   mechanism?"
            .to_owned(),
        notice: Some(NOTICE.to_owned()),
        identity: Identity {
            rulebook: "eleven, as listed".to_owned(),
            policies: vec![],
            ..identity()
        },
        key_figures: vec![],
        price_unit: "USD for 1 ETH".to_owned(),
        mechanisms: rows.map(mechanism).to_vec(),
        assumptions: assumptions(),
        glossary: standard_glossary(),
        provenance: provenance(),
    }
}
