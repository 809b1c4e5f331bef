//! A pool of every form of contract over three margin assets with prices, and what its numbers are by
//! the module's formulas in rationals.

use super::*;
use crate::exchange::margin_exchange::{Basis, ContractParameters, Parameters};
use breakwater_liquidation::contract::OptionTerms;
use breakwater_liquidation::{ContractTerms, Form};
use breakwater_money::{Rational, rational};

pub const WIDE: &str = r#"
name = "wide"
rule = "margin-exchange"
effective_from = "a test"
[numeraire]
symbol = "USD"
decimals = 6
[source]
"contracts.*.tiers" = "a test"
"contracts.*.option" = "a test"
"contracts.*.clearance_fee_bps" = "a test"
[collateral.USDT]
tiers = [{ ratio = "0.9999" }]
[collateral.BTC]
tiers = [{ to = "2", ratio = "0.98" }, { to = "5", ratio = "0.95" }, { to = "9", ratio = "0.8" }]
[collateral.ETH]
tiers = [{ ratio = "0.9" }]
[contracts.BTCUSDT]
clearance_fee_bps = 50
close_fee = "0.0005"
tiers = [
    { cap = "50000", rate = "0.004", leverage_max = 100, deduction = "0" },
    { cap = "600000", rate = "0.005", leverage_max = 50, deduction = "50" },
    { cap = "9000000000", rate = "0.025", leverage_max = 20, deduction = "12050" },
]
[contracts.ETHUSDT]
clearance_fee_bps = 75
size_slope = "0.00004"
position_max = "2000000"
open_interest_max = "3000000"
tiers = [{ cap = "9000000000", rate = "0.01", leverage_max = 50, deduction = "0" }]
[contracts.BTCUSD]
clearance_fee_bps = 75
size_slope = "0.00005"
tiers = [
    { cap = "5", rate = "0.004", leverage_max = 125, deduction = "0" },
    { cap = "90000", rate = "0.01", leverage_max = 50, deduction = "0.03" },
]
[contracts.BTCUSD-DATED]
clearance_fee_bps = 10
tiers = [{ cap = "90000", rate = "0.01", leverage_max = 20, deduction = "0" }]
initial_scale = { lower = "20", upper = "80" }
[contracts.ETHUSD]
clearance_fee_bps = 0
basis = "entry"
tiers = [
    { cap = "20", rate = "0.01", leverage_max = 20, deduction = "0" },
    { cap = "9000000", rate = "0.05", leverage_max = 5, deduction = "0.8" },
]
[contracts.BTC-CALL]
clearance_fee_bps = 19
option = { range_e9 = 150000000, floor_e9 = 100000000, maintenance_e9 = 75000000 }
[contracts.BTC-PUT]
clearance_fee_bps = 19
[contracts.BTC-PUT.option]
range_e9 = 150000000
floor_e9 = 100000000
floor_of_mark = "puts"
maintenance_e9 = 30000000
maintenance_of_mark = "both"
liquidation_fee_e9 = 2000000
initial_covers_maintenance = "both"
"#;

pub const USDT: AssetId = AssetId(0);
/// 8 decimals.
pub const BTC: AssetId = AssetId(1);
/// 18 decimals.
pub const ETH: AssetId = AssetId(2);
/// Linear, 3 decimals, settled in USDT.
pub const BTCUSDT: AssetId = AssetId(3);
/// Linear, a hundredth of one ETH each, whole contracts, settled in USDT; margins grow with size.
pub const ETHUSDT: AssetId = AssetId(4);
/// Inverse, 100 USD each, settled in BTC; margins grow with size.
pub const BTCUSD: AssetId = AssetId(5);
/// The same until [`END`], with an initial margin that follows open interest.
pub const DATED: AssetId = AssetId(6);
/// Inverse, 10 USD each, settled in ETH, margined at entry.
pub const ETHUSD: AssetId = AssetId(7);
/// A call on BTC at 55,000, one decimal, settled in BTC.
pub const CALL: AssetId = AssetId(8);
/// A put on BTC at 45,000, 2 decimals, a tenth of one BTC each, settled in USDT.
pub const PUT: AssetId = AssetId(9);

pub const MARGIN: [AssetId; 3] = [USDT, BTC, ETH];
pub const CONTRACTS: [AssetId; 7] = [BTCUSDT, ETHUSDT, BTCUSD, DATED, ETHUSD, CALL, PUT];

pub const END: Time = Time(1_000);

/// Asset, decimals of its price, first price.
pub const MARKETS: [(AssetId, u8, u128); 10] = [
    (USDT, 4, 10_001),
    (BTC, 2, 5_000_000),
    (ETH, 2, 250_000),
    (BTCUSDT, 1, 500_000),
    (ETHUSDT, 2, 250_000),
    (BTCUSD, 1, 500_100),
    (DATED, 1, 505_000),
    (ETHUSD, 2, 249_900),
    (CALL, 4, 420),
    (PUT, 1, 9_000),
];

fn contract(settle: AssetId, form: Form, multiplier: u64, multiplier_decimals: u8) -> AssetKind {
    let expires = None;
    AssetKind::Contract(ContractTerms { settle, form, multiplier, multiplier_decimals, expires })
}

fn ending(kind: AssetKind) -> AssetKind {
    let AssetKind::Contract(terms) = kind else { panic!("a token does not end") };
    AssetKind::Contract(ContractTerms { expires: Some(END), ..terms })
}

pub fn wide_assets() -> Vec<AssetInfo> {
    let right = |call, strike, coin| {
        let strike = Price::new(strike, 0);
        Form::Option(OptionTerms { call, strike, underlying: BTC, coin })
    };
    let list = [
        ("USDT", 6, AssetKind::Token),
        ("BTC", 8, AssetKind::Token),
        ("ETH", 18, AssetKind::Token),
        ("BTCUSDT", 3, contract(USDT, Form::Linear, 1, 0)),
        ("ETHUSDT", 0, contract(USDT, Form::Linear, 1, 2)),
        ("BTCUSD", 0, contract(BTC, Form::Inverse, 100, 0)),
        ("BTCUSD-DATED", 0, ending(contract(BTC, Form::Inverse, 100, 0))),
        ("ETHUSD", 0, contract(ETH, Form::Inverse, 10, 0)),
        ("BTC-CALL", 1, ending(contract(BTC, right(true, 55_000, true), 1, 0))),
        ("BTC-PUT", 2, ending(contract(USDT, right(false, 45_000, false), 1, 1))),
    ];
    let info = |(symbol, decimals, kind): (&str, u8, AssetKind)| AssetInfo {
        symbol: symbol.to_owned(),
        decimals,
        kind,
        market: None,
    };
    list.map(info).to_vec()
}

/// Four accounts with nothing.
pub fn wide() -> Pool {
    Pool::of(WIDE, wide_assets(), &MARKETS)
}

/// One whole unit in base units.
pub fn one(asset: AssetId) -> u128 {
    10u128.pow(wide_assets()[asset.index()].decimals.into())
}

impl Pool {
    pub fn give(&mut self, account: AccountId, asset: AssetId, amount: u128) {
        self.call(&Call::Deposit { account, asset, amount }).unwrap();
    }

    pub fn scale(&self, asset: AssetId) -> u8 {
        self.markets[self.assets[asset.index()].market.unwrap().index()].guard.decimals
    }

    pub fn price(&self, asset: AssetId) -> Price {
        self.look(|view| view.price(asset)).unwrap()
    }

    /// A trade with the outside at the mark: `change` above zero buys.
    pub fn take(&mut self, account: AccountId, asset: AssetId, change: i128) {
        let price = self.price(asset);
        self.call(&trade(account, asset, change, price)).unwrap();
    }

    pub fn terms(&self, asset: AssetId) -> ContractTerms {
        *self.assets[asset.index()].kind.contract().unwrap()
    }

    pub fn settle_of(&self, asset: AssetId) -> AssetId {
        self.terms(asset).settle
    }

    /// The quote side of a position.
    pub fn side(&self, account: AccountId, asset: AssetId) -> i128 {
        let settle = Unit::token(self.settle_of(asset));
        self.rows.balance(Holder::Position(account, asset), settle)
    }

    /// Cash and quote sides in an asset.
    pub fn paid(&self, account: AccountId, asset: AssetId) -> i128 {
        let held = self.rows.holdings(account).iter();
        held.filter(|h| h.unit == Unit::token(asset)).map(|h| h.balance).sum()
    }

    pub fn initial(&self, account: AccountId) -> u128 {
        self.look(|view| self.rulebook.initial(view, account)).unwrap()
    }

    /// Contracts held long and short, by the columns and counted.
    pub fn sides(&self, asset: AssetId) -> [(u128, u128); 2] {
        let column = |number| {
            let held = self.state.get(breakwater_liquidation::StateKey::Asset(asset, number));
            u128::try_from(held).unwrap()
        };
        let sizes = |side: i128| {
            let all = (0..self.rows.accounts.len()).map(|a| AccountId(u32::try_from(a).unwrap()));
            all.map(|a| (self.own(a, asset) * side).max(0).unsigned_abs()).sum()
        };
        [(column(0), sizes(1)), (column(1), sizes(-1))]
    }

    /// Every unit sums to zero, open interest is what a recount finds, nothing is on the quote side
    /// of no position, and the fund owes nothing.
    pub fn sound(&self) {
        for (unit, sum) in self.sums() {
            assert_eq!(sum, 0, "{unit:?}");
        }
        for asset in CONTRACTS.into_iter().filter(|asset| asset.index() < self.assets.len()) {
            for (column, counted) in self.sides(asset) {
                assert_eq!(column, counted, "{asset}");
            }
            let pays = self.terms(asset).buyer_pays();
            for account in (0..self.rows.accounts()).map(AccountId) {
                let (size, quote) = (self.own(account, asset), self.side(account, asset));
                let quote = if pays { quote } else { -quote };
                assert!(size != 0 || quote == 0, "{account} {asset}: {quote} of nothing");
                assert!(size.signum() * quote.signum() <= 0, "{account} {asset}: {size} {quote}");
            }
        }
        for asset in MARGIN {
            assert!(self.rows.balance(Holder::Insurance, Unit::token(asset)) >= 0);
        }
    }
}

pub fn exact(raw: i128, decimals: u8) -> Rational {
    rational::from_raw(raw, decimals)
}

pub fn number(text: &str) -> Rational {
    rational::parse(text).unwrap()
}

pub fn price_of(price: Price) -> Rational {
    exact(i128::try_from(price.raw).unwrap(), price.decimals)
}

/// Whole units of what a position is in, or of the quote currency for an inverse contract; signed.
pub fn units(pool: &Pool, asset: AssetId, size: i128) -> Rational {
    let terms = pool.terms(asset);
    exact(size, pool.assets[asset.index()].decimals)
        * exact(terms.multiplier.into(), terms.multiplier_decimals)
}

/// Value of a position at a price in whole units of its settle asset, below zero where it is owed.
pub fn value_at(pool: &Pool, asset: AssetId, size: i128, price: Price) -> Rational {
    let units = units(pool, asset, size);
    match pool.terms(asset).form {
        Form::Inverse => -(units / price_of(price)),
        _ => units * price_of(price),
    }
}

/// An account's numbers in whole units of the numeraire, not rounded.
#[derive(Debug)]
pub struct Naive {
    pub equity: Rational,
    pub maintenance: Rational,
    pub initial: Rational,
    /// What roundings may take off equity, and add to a requirement.
    pub below: Rational,
    pub above: Rational,
}

fn least(a: Rational, b: Rational) -> Rational {
    if a < b { a } else { b }
}

fn positive(a: Rational) -> Rational {
    if a < exact(0, 0) { exact(0, 0) } else { a }
}

fn size_of(a: Rational) -> Rational {
    if a < exact(0, 0) { -a } else { a }
}

/// What counts of an amount, slice by slice; what is owed counts whole.
fn counts(file: &Parameters, symbol: &str, own: Rational) -> Rational {
    if own < exact(0, 0) {
        return own;
    }
    let (mut floor, mut sum) = (exact(0, 0), exact(0, 0));
    for slice in &file.collateral[symbol].tiers {
        let top =
            slice.to.as_ref().map_or_else(|| own.clone(), |to| least(number(to), own.clone()));
        sum += positive(top - &floor) * number(&slice.ratio);
        floor = slice.to.as_ref().map_or_else(|| own.clone(), |to| number(to));
    }
    sum
}

/// Maintenance and initial margin of a base, in settle units.
fn margins(
    listed: &ContractParameters,
    base: &Rational,
    whole_units: &Rational,
    interest: &Rational,
) -> (Rational, Rational) {
    let tiers = &listed.tiers;
    let tier = tiers.iter().find(|t| *base <= number(&t.cap)).or(tiers.last()).unwrap();
    let fee = listed.close_fee.as_deref().map_or(exact(0, 0), number);
    let slope = listed.size_slope.as_deref().map_or(exact(0, 0), number) * whole_units;
    let maintenance = base * (number(&tier.rate) + fee + &slope) - number(&tier.deduction);
    let leverage = exact(tier.leverage_max.into(), 0);
    let own = least(base / leverage + base * slope, base.clone());
    let share = listed.initial_scale.as_ref().map_or(exact(0, 0), |scale| {
        let (lower, upper) = (number(&scale.lower), number(&scale.upper));
        least(positive(interest - &lower) / (upper - lower), exact(1, 0))
    });
    let initial = &own + (base - &own) * share;
    (maintenance, initial)
}

/// Maintenance and initial margin of a short option, in settle units: the formulas of the margin
/// crate's page for the two options of the file.
fn written(pool: &Pool, contract: AssetId, size: i128) -> (Rational, Rational) {
    let units = size_of(units(pool, contract, size));
    let (mark, spot) = (price_of(pool.price(contract)), price_of(pool.price(BTC)));
    let most = |a: Rational, b: Rational| if a < b { b } else { a };
    let otm = |strike: &str, sign: i128| positive((number(strike) - &spot) * exact(sign, 0));
    if contract == CALL {
        // In coin: one underlying is one.
        let out = otm("55000", 1) / &spot;
        let initial = most(number("0.15") - out, number("0.1")) + &mark;
        return ((number("0.075") + mark) * &units, initial * units);
    }
    let maintenance =
        most(number("0.03") * &spot, number("0.03") * &mark) + &mark + number("0.002") * &spot;
    let floor = number("0.1") * (&spot + &mark);
    let initial = most(number("0.15") * &spot - otm("45000", -1), floor) + mark;
    (&maintenance * &units, most(initial, maintenance) * units)
}

/// The account's numbers by the formulas of the module, in rationals.
pub fn naive(pool: &Pool, account: AccountId) -> Naive {
    let file = Parameters::parse(WIDE).unwrap();
    let zero = || exact(0, 0);
    let mut it = Naive {
        equity: zero(),
        maintenance: zero(),
        initial: zero(),
        below: zero(),
        above: zero(),
    };
    let smallest = exact(1, 6);
    for asset in MARGIN {
        let info = &pool.assets[asset.index()];
        let dollars = price_of(pool.price(asset));
        let unit = exact(1, info.decimals);
        let mut own = exact(pool.paid(account, asset), info.decimals);
        let (mut maintenance, mut initial) = (zero(), zero());
        let (mut below, mut above) = (unit.clone(), zero());
        for contract in CONTRACTS.into_iter().filter(|c| pool.settle_of(*c) == asset) {
            let size = pool.own(account, contract);
            if size == 0 {
                continue;
            }
            let price = pool.price(contract);
            let value = value_at(pool, contract, size, price);
            let listed = &file.contracts[&pool.assets[contract.index()].symbol];
            let quote = exact(pool.side(account, contract), info.decimals);
            let base = if listed.basis == Basis::Entry { quote } else { value.clone() };
            let base = size_of(base);
            let inverse = matches!(pool.terms(contract).form, Form::Inverse);
            let whole = if inverse { base.clone() } else { size_of(units(pool, contract, size)) };
            let [(long, _), (short, _)] = pool.sides(contract);
            let most = i128::try_from(long.max(short)).unwrap();
            let interest = size_of(value_at(pool, contract, most, price));
            let asked = match listed.option {
                // What counts at its mark asks for less by that: see the rule's page on options.
                Some(_) if size > 0 => (zero(), base.clone()),
                Some(_) => {
                    let formulas = written(pool, contract, size);
                    (formulas.0 - &base, formulas.1 - &base)
                }
                None => margins(listed, &base, &whole, &interest),
            };
            own += value;
            maintenance += asked.0;
            initial += asked.1;
            below += &unit;
            // The base, the product, and the rate that size adds, which is raised in 1e-9.
            above += &unit * exact(6, 0) + base * exact(2, 9);
        }
        it.equity += counts(&file, &info.symbol, own) * &dollars;
        it.maintenance += maintenance * &dollars;
        it.initial += initial * &dollars;
        it.below += below * &dollars + &smallest;
        it.above += above * &dollars + &smallest;
    }
    it
}

/// Numbers from a seed.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }
}
