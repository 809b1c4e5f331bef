mod bounds;
mod model;
mod parameters;
mod prices;
mod random;
mod stories;

use super::*;
use breakwater_money::{AccountId, Price, Time};

pub(super) const SECOND: u64 = 1_000_000_000;

/// A time of the first day, `HH:MM:SS`, or of a later one with its number before: `2 08:00:00`.
pub(super) fn clock(text: &str) -> Time {
    let (day, time) = text.split_once(' ').unwrap_or(("0", text));
    let parts: Vec<u64> = time.split(':').map(|part| part.parse().unwrap()).collect();
    let day: u64 = day.parse().unwrap();
    Time::from_seconds(((day * 24 + parts[0]) * 60 + parts[1]) * 60 + parts[2])
}

pub(super) fn lifecycle(toml: &str) -> Lifecycle {
    toml::from_str::<LifecycleParameters>(toml).unwrap().read("lifecycle").unwrap()
}

pub(super) fn perpetual(symbol: &str, toml: &str) -> Series {
    let lifecycle = lifecycle(toml);
    Series { symbol: symbol.to_owned(), lifecycle, expires: None, into: None, option: false }
}

pub(super) fn future(symbol: &str, expires: &str, toml: &str) -> Series {
    Series { expires: Some(clock(expires)), ..perpetual(symbol, toml) }
}

pub(super) fn option(symbol: &str, expires: &str, toml: &str) -> Series {
    Series { option: true, ..future(symbol, expires, toml) }
}

/// A price with two decimals.
pub(super) fn cents(raw: u128) -> Price {
    Price::new(raw, 2)
}

/// A board that opens at `opened` with an index of 100.00.
pub(super) fn board(series: Vec<Series>, opened: &str) -> Board {
    Board::new(series, clock(opened), cents(10_000)).unwrap()
}

impl Board {
    /// What a step at the time `at` tells.
    pub(super) fn at(&mut self, at: &str, input: Input) -> Vec<What> {
        self.step(clock(at), input).unwrap().into_iter().map(|happened| happened.what).collect()
    }

    /// The refusal of a request.
    pub(super) fn refusal(&mut self, at: &str, request: Request) -> Refusal {
        match self.at(at, Input::Ask(request))[..] {
            [What::Refused { request: refused, why }] if refused == request => why,
            ref other => panic!("{other:?}"),
        }
    }
}

pub(super) fn mark(series: usize, price: Price) -> Input {
    Input::Mark { series, price }
}

pub(super) fn exercise(series: usize, holder: u32, quantity: u128) -> Request {
    Request::Exercise { series, holder: AccountId(holder), quantity }
}

pub(super) fn transfer(series: usize, from: u32, to: u32, quantity: u128) -> Request {
    Request::Transfer { series, from: AccountId(from), to: AccountId(to), quantity }
}

pub(super) fn rolling(series: usize, holder: u32, on: bool) -> Request {
    Request::Rolling { series, holder: AccountId(holder), on }
}
