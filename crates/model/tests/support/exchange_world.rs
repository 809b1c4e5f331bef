//! Worlds of exchanges: contracts of every form, parameters of every kind, ladders.

use super::chance::Chance;
use super::world::{Kind, SECOND, START, guard};
use breakwater_engine::Body;
use breakwater_liquidation::backstop::{Deleverage, Ranking};
use breakwater_liquidation::contract::OptionTerms;
use breakwater_liquidation::ladder::{
    Act, Bounds, Meanwhile, Multiple, PriceBound, Range, Rung, Value,
};
use breakwater_liquidation::policy::{DrawdownTrigger, Socialise};
use breakwater_liquidation::{AssetKind, Call, Close, ContractTerms, Form, Ladder, Policy};
use breakwater_margin::option::{Applies, OptionRates};
use breakwater_market::{MarketId, Quote, Tick};
use breakwater_model::exchange::{Contract, Margin, Slice, Terms, Tier};
use breakwater_model::rule::Rule;
use breakwater_money::{AccountId, AssetId, Price, Time};
use breakwater_rulebooks::exchange::ladders;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Contracts: symbol, decimals, price decimals, first price.
pub const CONTRACTS: [(&str, u8, u8, u128); 5] = [
    ("BTC-PERP", 8, 6, 30_000_000_000),
    ("ETH-PERP", 18, 5, 180_000_000),
    ("LNK-PERP", 3, 7, 150_000_000),
    ("SPA-PERP", 6, 4, 25_000),
    ("SPB-PERP", 0, 10, 5_000_000_000),
];
/// Options have parameters of their own, and so symbols: that in the place of a contract above.
pub const OPTIONS: [&str; 5] = ["BTC-OPT", "ETH-OPT", "LNK-OPT", "SPA-OPT", "SPB-OPT"];
pub const SPARE_CONTRACT: usize = 3;
pub const SETTLE: &str = "USX";
/// Margin assets of the worlds with several: symbol, decimals, first price at 8 decimals.
pub const COINS: [(&str, u8, u128); 3] =
    [(SETTLE, 6, 100_000_000), ("COY", 8, 2_000_000_000), ("COZ", 18, 15_000_000)];
/// Decimals of values where there are several.
const NUMERAIRE_DECIMALS: u8 = 8;

/// How many tokens come before the first contract.
pub fn tokens(kind: Kind) -> u16 {
    if kind == Kind::Basket { 3 } else { 1 }
}

/// Decimals of values.
pub fn value_decimals(kind: Kind) -> u8 {
    if kind == Kind::Basket { NUMERAIRE_DECIMALS } else { COINS[0].1 }
}

/// A contract of any form that settles in one of the first `settles` assets. An option is one on an
/// asset with a price of so many decimals.
pub fn contract(chance: &mut Chance, settles: u16, on: Option<(AssetId, Price)>) -> ContractTerms {
    let settle = AssetId(u16::try_from(chance.below(settles.into())).unwrap());
    let plain = ContractTerms::linear_perpetual(settle);
    let ends =
        |chance: &mut Chance| Time(START + *chance.pick(&[30, 300, 86_400, 864_000]) * SECOND);
    let dated = chance.percent(25).then(|| ends(chance));
    match (chance.below(10), on) {
        (0..=2, _) => plain,
        (3..=4, _) => {
            let (multiplier, multiplier_decimals) = *chance.pick(&[(1, 3), (100, 0), (25, 1)]);
            ContractTerms { multiplier, multiplier_decimals, expires: dated, ..plain }
        }
        (8..=9, Some((underlying, price))) => {
            let strike = price.raw * u128::from(chance.range(85, 115)) / 100;
            let strike = Price { raw: strike, decimals: price.decimals };
            let (call, coin) = (chance.percent(50), chance.percent(50));
            let option = OptionTerms { call, strike, underlying, coin };
            ContractTerms { form: Form::Option(option), expires: Some(ends(chance)), ..plain }
        }
        _ => {
            let (multiplier, multiplier_decimals) = *chance.pick(&[(100, 0), (1, 0), (15, 1)]);
            let form = Form::Inverse;
            ContractTerms { form, multiplier, multiplier_decimals, expires: dated, ..plain }
        }
    }
}

/// The symbol of a contract in a place of the list.
pub fn symbol(place: usize, terms: &ContractTerms) -> &'static str {
    if matches!(terms.form, Form::Option(_)) { OPTIONS[place] } else { CONTRACTS[place].0 }
}

/// Assets and markets of an exchange.
pub fn assets(chance: &mut Chance, kind: Kind, bodies: &mut Vec<Body>) {
    let coins = tokens(kind);
    for (number, (symbol, decimals, _)) in (0u16..).zip(COINS).take(coins.into()) {
        let token = AssetKind::Token;
        bodies.push(Body::DefineAsset { symbol: symbol.to_owned(), decimals, kind: token });
        // A single margin asset is what prices are in.
        if kind == Kind::Basket {
            market(chance, AssetId(number), 8, bodies);
        }
    }
    for (place, (_, decimals, price_decimals, _)) in
        CONTRACTS.into_iter().enumerate().take(SPARE_CONTRACT)
    {
        let number = coins + u16::try_from(place).unwrap();
        let (_, _, first_decimals, first_raw) = CONTRACTS[0];
        let on = match (kind, number) {
            (Kind::Basket, _) => Some((AssetId(1), Price { raw: COINS[1].2, decimals: 8 })),
            // The first contract is never an option, so that there is something to have one on.
            (_, 1) => None,
            _ => Some((AssetId(1), Price { raw: first_raw, decimals: first_decimals })),
        };
        let terms = contract(chance, coins, on);
        let (kind, symbol) = (AssetKind::Contract(terms), symbol(place, &terms).to_owned());
        bodies.push(Body::DefineAsset { symbol, decimals, kind });
        market(chance, AssetId(number), price_decimals, bodies);
    }
}

fn market(chance: &mut Chance, asset: AssetId, decimals: u8, bodies: &mut Vec<Body>) {
    bodies.push(Body::DefineMarket {
        symbol: format!("market of {asset}"),
        asset,
        guard: guard(chance, decimals),
        volatility_weight: u32::try_from(chance.range(1, 5)).unwrap(),
    });
}

/// First prices by market: decimals and raw.
pub fn first_prices(kind: Kind) -> Vec<(u8, u128)> {
    let coins = COINS.iter().map(|(_, _, raw)| (8, *raw));
    let coins = coins.take(if kind == Kind::Basket { COINS.len() } else { 0 });
    let contracts = CONTRACTS.iter().take(SPARE_CONTRACT);
    coins.chain(contracts.map(|(_, _, decimals, raw)| (*decimals, *raw))).collect()
}

/// A market in which one account, and a smaller one, stand against all others, and two prices that
/// take all they have: losses, and a choice of winners, from the start.
pub fn storm(chance: &mut Chance, kind: Kind, accounts: u64, bodies: &mut Vec<Body>) {
    let coins = tokens(kind);
    let (number, listed) =
        *chance.pick(&[(0u16, CONTRACTS[0]), (1, CONTRACTS[1]), (2, CONTRACTS[2])]);
    let contract = AssetId(coins + number);
    let terms = bodies.iter().filter_map(|body| match body {
        Body::DefineAsset { kind: AssetKind::Contract(terms), .. } => Some(*terms),
        _ => None,
    });
    let Some(terms) = terms.collect::<Vec<_>>().get(usize::from(number)).copied() else { return };
    let (_, decimals, price_decimals, raw) = listed;
    let ten = |exponent: u8| 10u128.pow(exponent.into());
    // Thousandths of the numeraire in base units of a coin, and in a contract's.
    let of_coin = |coin: AssetId, value: u128| {
        let (_, decimals, price) = COINS[coin.index()];
        value * ten(decimals) / 1_000 * 100_000_000 / price
    };
    let of_contract = |value: u128| {
        let coins = if kind == Kind::Basket { COINS[terms.settle.index()].2 } else { 100_000_000 };
        // At eight decimals.
        let settled = value * ten(8) / coins * ten(5);
        let one = u128::from(terms.multiplier) * ten(8) / ten(terms.multiplier_decimals);
        match terms.form {
            Form::Inverse => settled * raw / ten(price_decimals) * ten(decimals) / one,
            _ => settled * ten(price_decimals) / raw * ten(decimals) / one,
        }
    };
    let price = Price { raw, decimals: price_decimals };
    let long = chance.percent(50);
    let few = 2u32;
    for account in (0..u32::try_from(accounts).unwrap()).map(AccountId) {
        let value = if account.0 == 0 { 60_000 } else { u128::from(chance.range(5_000, 30_000)) };
        let asset = if chance.percent(80) { terms.settle } else { AssetId(0) };
        let amount = of_coin(asset, value * 1_000);
        bodies.push(Body::Call(Call::Deposit { account, asset, amount }));
    }
    for many in (few..u32::try_from(accounts).unwrap()).map(AccountId) {
        let one = AccountId(u32::from(chance.percent(25)));
        let quantity = of_contract(u128::from(chance.range(20_000, 90_000)) * 1_000).max(1);
        let (buyer, seller) = if long { (Some(one), Some(many)) } else { (Some(many), Some(one)) };
        bodies.push(Body::Call(Call::Trade { buyer, seller, contract, quantity, price }));
    }
    let market = contract.0 - if kind == Kind::Basket { 0 } else { 1 };
    let mut raw = raw;
    for sequence in 2..4 {
        raw = if long { raw * 81 / 100 } else { raw * 119 / 100 };
        let quote = Quote::Single(raw);
        let (market, decimals, observed_at) = (MarketId(market), price_decimals, Time(START));
        bodies.push(Body::Tick(Tick { market, quote, decimals, sequence, observed_at }));
    }
}

/// A parameter text and what it means.
pub fn text(chance: &mut Chance, number: u64, kind: Kind) -> (String, Rule) {
    let name = format!("{kind:?} {number}");
    let breach_at_equality = chance.percent(70);
    let ranking = *chance.pick(&[
        None,
        None,
        Some(Ranking::EffectiveLeverage),
        Some(Ranking::MarginRatio),
        Some(Ranking::LeveragedReturn),
        Some(Ranking::PriceMove),
    ]);
    let mut text = format!(
        "name = \"{name}\"\nrule = \"{}\"\neffective_from = \"never\"\n\
         breach_at_equality = {breach_at_equality}\n",
        kind.rule()
    );
    if let Some(ranking) = ranking {
        let word = match ranking {
            Ranking::EffectiveLeverage => "effective-leverage",
            Ranking::MarginRatio => "margin-ratio",
            Ranking::LeveragedReturn => "leveraged-return",
            Ranking::PriceMove => "price-move",
        };
        writeln!(text, "ranking = \"{word}\"").unwrap();
    }
    let margin = if kind == Kind::Basket {
        basket(chance, &mut text)
    } else {
        writeln!(text, "settle = \"{SETTLE}\"").unwrap();
        Margin::One(SETTLE.to_owned())
    };
    text.push_str(
        "[source]\n\"contracts.*.tiers\" = \"unverified\"\n\
         \"contracts.*.option\" = \"unverified\"\n\
         \"contracts.*.lifecycle\" = \"unverified\"\n\
         \"contracts.*.clearance_fee_bps\" = \"unverified\"\n",
    );
    let mut contracts = BTreeMap::new();
    for (symbol, ..) in CONTRACTS {
        contracts.insert(symbol.to_owned(), contract_text(chance, symbol, &mut text));
    }
    // One entry for all of them, or one that is first asked.
    let options = option_text(chance, "*-OPT", &mut text);
    contracts.extend(OPTIONS.map(|symbol| (symbol.to_owned(), options.clone())));
    if chance.percent(50) {
        let own = option_text(chance, OPTIONS[1], &mut text);
        contracts.insert(OPTIONS[1].to_owned(), own);
    }
    let ladder = chance.percent(40).then(|| {
        let (_, written) = *chance.pick(&ladders::LADDERS);
        text.push_str(&written.replace("[[rungs]]", "[[ladder.rungs]]"));
        ladders::parse(written).unwrap()
    });
    let terms = Terms { name, margin, breach_at_equality, contracts, ladder, ranking };
    (text, Rule::Exchange(terms))
}

/// Margin assets with their haircuts.
fn basket(chance: &mut Chance, text: &mut String) -> Margin {
    writeln!(text, "numeraire = {{ symbol = \"USD\", decimals = {NUMERAIRE_DECIMALS} }}").unwrap();
    let mut assets = BTreeMap::new();
    let mut tables = Vec::new();
    for (symbol, _, raw) in COINS {
        let count = chance.range(1, 3);
        let (mut to, mut ratio) = (0, chance.range(90, 100));
        let (mut slices, mut rows) = (Vec::new(), Vec::new());
        for step in 0..count {
            to += chance.range(5_000, 80_000) * 100_000_000 / u64::try_from(raw).unwrap();
            let last = step + 1 == count && chance.percent(70);
            let edge = if last { String::new() } else { format!("to = \"{to}\", ") };
            rows.push(format!("{{ {edge}ratio = \"{}.{:02}\" }}", ratio / 100, ratio % 100));
            slices.push(Slice { to: (!last).then_some(to), ratio_e9: ratio * 10_000_000 });
            ratio -= chance.below(ratio.min(40));
        }
        tables.push(format!("{symbol} = {{ tiers = [{}] }}", rows.join(", ")));
        assets.insert(symbol.to_owned(), slices);
    }
    writeln!(text, "collateral = {{ {} }}", tables.join(", ")).unwrap();
    Margin::Several(NUMERAIRE_DECIMALS, assets)
}

fn contract_text(chance: &mut Chance, symbol: &str, text: &mut String) -> Contract {
    let fee = *chance.pick(&[0, 50, 125, 150]);
    let mut some = |percent: u64, from: u64, to: u64| {
        let drawn = chance.range(from, to);
        chance.percent(percent).then_some(drawn)
    };
    let close_fee = some(15, 1, 100);
    let slope_e9 = some(8, 1, 40).unwrap_or(0);
    let by_entry = some(8, 0, 0).is_some();
    let (position_max, interest_max) = (some(12, 10, 200_000), some(12, 10, 400_000));
    let funding_max = some(30, 1, 100);
    let scale = some(12, 20_000, 60_000).map(|lower| (lower, lower * 10));
    write!(text, "[contracts.{symbol}]\nclearance_fee_bps = {fee}\n").unwrap();
    let mut line = |field: &str, value: Option<String>| {
        if let Some(value) = value {
            writeln!(text, "{field} = {value}").unwrap();
        }
    };
    line("basis", by_entry.then(|| "\"entry\"".to_owned()));
    line("close_fee", close_fee.map(|fee| format!("\"0.{fee:05}\"")));
    line("size_slope", (slope_e9 > 0).then(|| format!("\"0.{slope_e9:09}\"")));
    line("position_max", position_max.map(|most| format!("\"{most}\"")));
    line("open_interest_max", interest_max.map(|most| format!("\"{most}\"")));
    line("funding_max", funding_max.map(|most| format!("\"0.{most:04}\"")));
    line(
        "initial_scale",
        scale.map(|(lower, upper)| format!("{{ lower = \"{lower}\", upper = \"{upper}\" }}")),
    );
    let tiers = tiers(chance, text);
    Contract {
        fee,
        tiers,
        by_entry,
        close_fee_e9: close_fee.unwrap_or(0) * 10_000,
        slope_e9,
        scale,
        position_max,
        interest_max,
        funding_max_e12: funding_max.map(|most| most * 100_000_000),
        option: None,
        early: false,
    }
}

fn option_text(chance: &mut Chance, symbol: &str, text: &mut String) -> Contract {
    let fee = *chance.pick(&[0, 50, 125]);
    let (range, floor) = (chance.range(10, 20), chance.range(5, 12));
    let (maintenance, liquidation) = (chance.range(3, 10), chance.below(2));
    let mut applies = || {
        *chance.pick(&[
            (Applies::Nothing, "nothing"),
            (Applies::Puts, "puts"),
            (Applies::Both, "both"),
        ])
    };
    let (of_floor, of_maintenance, covers) = (applies(), applies(), applies());
    let per_cent = 10_000_000;
    write!(
        text,
        "[contracts.\"{symbol}\"]\nclearance_fee_bps = {fee}\noption = {{ range_e9 = {}, \
         floor_e9 = {}, floor_of_mark = \"{}\", maintenance_e9 = {}, maintenance_of_mark = \
         \"{}\", liquidation_fee_e9 = {}, initial_covers_maintenance = \"{}\" }}\n",
        range * per_cent,
        floor * per_cent,
        of_floor.1,
        maintenance * per_cent,
        of_maintenance.1,
        liquidation * per_cent,
        covers.1,
    )
    .unwrap();
    let early = chance.percent(80);
    if early {
        let when = *chance.pick(&["american", "american-at-session"]);
        text.push_str(&format!("lifecycle = {{ exercise = \"{when}\" }}\n"));
    }
    let rates = OptionRates {
        range_e9: range * per_cent,
        floor_e9: floor * per_cent,
        floor_of_mark: of_floor.0,
        maintenance_e9: maintenance * per_cent,
        maintenance_of_mark: of_maintenance.0,
        liquidation_fee_e9: liquidation * per_cent,
        initial_covers_maintenance: covers.0,
    };
    Contract { fee, option: Some(rates), early, ..Contract::default() }
}

fn tiers(chance: &mut Chance, text: &mut String) -> Vec<Tier> {
    text.push_str("tiers = [\n");
    let ladder =
        [(400, 125), (500, 100), (1_000, 50), (2_500, 20), (5_000, 10), (12_500, 4), (50_000, 1)];
    let first = chance.below(3);
    let count = chance.range(1, 4);
    let (mut cap, mut deduction, mut rate_below) = (0, 0, 0);
    let mut tiers = Vec::new();
    for step in 0..count {
        // Rates in 1e-5, as tables print them.
        let (rate, leverage) = ladder[usize::try_from(first + step).unwrap()];
        deduction += cap * (rate - rate_below);
        rate_below = rate;
        cap = (cap + 1) * *chance.pick(&[5, 20, 50]) / 5 * 5 + 5_000;
        if step + 1 == count {
            cap *= 1_000;
        }
        writeln!(
            text,
            "{{ cap = \"{cap}\", rate = \"0.{rate:05}\", leverage_max = {leverage}, \
             deduction = \"{}.{:05}\" }},",
            deduction / 100_000,
            deduction % 100_000
        )
        .unwrap();
        tiers.push(Tier { cap, rate_e9: rate * 10_000, leverage });
    }
    text.push_str("]\n");
    tiers
}

/// What a policy adds for exchanges: bearers of losses, and steps of sales.
pub fn policy(chance: &mut Chance, kind: Kind, policy: &mut Policy) {
    let lot = u128::from(chance.range(2_000, 20_000));
    policy.lot_value = lot * 10u128.pow(value_decimals(kind).into());
    let backstop = &mut policy.backstop;
    backstop.socialise =
        *chance.pick(&[Socialise::Nobody, Socialise::Cash, Socialise::Cash, Socialise::Session]);
    backstop.deleverage = *chance.pick(&[
        None,
        Some(Deleverage::Queue),
        Some(Deleverage::Queue),
        Some(Deleverage::ProRata),
        Some(Deleverage::RandomStart),
        Some(Deleverage::Capped),
        Some(Deleverage::RiskAware),
        Some(Deleverage::MinimumOvershoot),
    ]);
    if chance.percent(40) {
        backstop.share_max_bps = Some(u32::try_from(chance.range(500, 10_000)).unwrap());
    }
    if chance.percent(30) {
        backstop.insurance = false;
    }
    if chance.percent(50) {
        backstop.insurance = true;
        backstop.drawdown = Some(DrawdownTrigger {
            window_nanos: *chance.pick(&[0, 5 * SECOND, 86_400 * SECOND, 864_000 * SECOND]),
            lost_e9: *chance.pick(&[1, 1, 10_000_000, 500_000_000, 1_000_000_000]),
        });
    }
    if chance.percent(40) {
        // Now and then one that is not open.
        backstop.vault = Some(AccountId(u32::try_from(chance.below(4)).unwrap()));
    }
    if chance.percent(20) {
        policy.close = Close::VenueMaximum;
    }
    if chance.percent(45) {
        policy.ladder = Some(ladder(chance));
    }
}

/// A ladder of ours, or one of a venue.
fn ladder(chance: &mut Chance) -> Ladder {
    let bps = |bps: u64| u32::try_from(bps).unwrap();
    let drawn = bps(*chance.pick(&[0, 50, 100, 500]));
    let mark = Some(PriceBound::Mark { slippage_bps: drawn });
    let price = if chance.percent(70) { mark } else { Some(PriceBound::Bankruptcy) };
    let wait_nanos = *chance.pick(&[0, 3 * SECOND, 20 * SECOND]);
    let meanwhile = *chance.pick(&[Meanwhile::Hold, Meanwhile::NextRung]);
    let share = bps(chance.range(500, 8_000));
    let waits = |rung: Rung| Rung { wait_nanos, ..rung };
    let cancel = Rung::new(Act::CancelOrders, None);
    let whole = Rung::new(Act::Whole, price);
    let take_over = Rung::new(Act::TakeOver, None);
    let once = Bounds { steps: Range { below: Some(1), ..Range::default() }, ..Bounds::default() };
    let far = Multiple::parse("2/3").unwrap();
    let far = Range { below: Some(far), ..Range::default() };
    let far = Bounds { equity: far, ..Bounds::default() };
    let small = Value::parse("25000.5").unwrap();
    let large = Range { above: Some(small), ..Range::default() };
    let large = Bounds { notional: large, ..Bounds::default() };
    let rungs = match chance.below(9) {
        0 => vec![cancel, waits(Rung::new(Act::Fraction { bps: share }, price))],
        1 => vec![cancel, waits(Rung::new(Act::ToInitial, price)), whole],
        2 => vec![
            Rung { bounds: far, ..take_over },
            Rung { bounds: large, ..waits(Rung::new(Act::Fraction { bps: share }, price)) },
            cancel,
            whole,
        ],
        3 => vec![Rung { bounds: once, ..Rung::new(Act::ToInitial, price) }, take_over],
        4 => vec![
            Rung {
                bounds: large,
                meanwhile,
                ..waits(Rung::new(Act::Fraction { bps: share }, mark))
            },
            cancel,
            take_over,
        ],
        5 => {
            let buffer_bps = bps(chance.below(1_000));
            vec![waits(Rung::new(Act::ToMaintenance { buffer_bps }, price)), cancel, whole]
        }
        6 => {
            let least_value = Value::parse("5000").unwrap();
            let act = Act::PerBlock { share_bps: share, least_value };
            vec![cancel, waits(Rung::new(act, price))]
        }
        7 => {
            let first_bps = bps(chance.below(5_000));
            let nanos = 30 * SECOND;
            let at_once_below = chance.percent(50).then(|| Value::parse("50").unwrap());
            let act = Act::Ramp { first_bps, nanos, buffer_bps: 100, at_once_below };
            vec![Rung { meanwhile, ..waits(Rung::new(act, price)) }, whole]
        }
        _ => {
            let (_, written) = *chance.pick(&ladders::LADDERS);
            return ladders::parse(written).unwrap();
        }
    };
    Ladder::new(rungs).unwrap_or_else(|error| panic!("{error}"))
}
