//! Prices and the rate at every instant of the path.

use super::settings::MarginCallScenario;
use crate::ScenarioError;
use crate::table::{Row, Table};
use breakwater_agreement::calendar::Date;
use breakwater_agreement::support::zone::Zone;
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{Rational, Time, decimal, rational};

/// Symbols that have a price.
pub(super) const SYMBOLS: [&str; 4] = ["USD", "UST", "SPY", "ETH"];

/// Decimals of the bond's price.
const BOND_DECIMALS: u8 = 6;
/// Seconds of the local day at which the share opens and closes.
const OPENS: u32 = 9 * 3600 + 1800;
const CLOSES: u32 = 16 * 3600;

/// A day of the share.
struct Daily {
    day: Date,
    open: u128,
    close: u128,
}

/// The market of the path.
pub(super) struct Market {
    zone: Zone,
    bond: u128,
    share: Vec<Daily>,
    coin_first: u128,
    coin: Vec<(Time, u128)>,
    rates: Vec<(Date, u128)>,
}

impl Market {
    pub fn of(scenario: &MarginCallScenario) -> Result<Market, ScenarioError> {
        let settings = &scenario.settings;
        let bond = decimal::parse_raw(&settings.market.bond_price, BOND_DECIMALS)
            .map_err(|error| ScenarioError::setting("market.bond_price", error.to_string()))?;
        let [spy, eth, rates, _] = &scenario.texts;
        let files = &settings.files;
        let share = Table::read(&files.spy, spy, &["day", "open_cents", "close_cents"])?;
        let daily = |row: &Row| {
            Ok(Daily {
                day: day(row, "day")?,
                open: row.positive("open_cents", 0)?,
                close: row.positive("close_cents", 0)?,
            })
        };
        let share: Vec<Daily> =
            share.rows.iter().map(daily).collect::<Result<_, ScenarioError>>()?;
        let coin = Table::read(&files.eth, eth, &["until_utc", "open_cents", "close_cents"])?;
        let coin_first = coin.rows.first().map(|row| row.positive("open_cents", 0));
        let point = |row: &Row| {
            let until: jiff::Timestamp = row.text("until_utc").parse().map_err(|_| {
                row.error("until_utc: a time such as 2020-03-12T00:10:00Z is right")
            })?;
            let at = Time::from_seconds(u64::try_from(until.as_second()).unwrap_or(0));
            Ok((at, row.positive("close_cents", 0)?))
        };
        let rates = Table::read(&files.rates, rates, &["from_day", "rate_ppm"])?;
        let rate = |row: &Row| Ok((day(row, "from_day")?, row.raw("rate_ppm", 0)?));
        let market = Market {
            zone: scenario.zone.clone(),
            bond,
            share,
            coin_first: coin_first.transpose()?.unwrap_or(0),
            coin: coin.rows.iter().map(point).collect::<Result<_, ScenarioError>>()?,
            rates: rates.rows.iter().map(rate).collect::<Result<_, ScenarioError>>()?,
        };
        market.in_order(files)?;
        Ok(market)
    }

    fn in_order(&self, files: &super::settings::Files) -> Result<(), ScenarioError> {
        let wrong = |file: &str| {
            Err(ScenarioError::setting(file, "rows that do not follow each other in time"))
        };
        if !self.share.windows(2).all(|pair| pair[0].day < pair[1].day) {
            return wrong(&files.spy);
        }
        if !self.coin.windows(2).all(|pair| pair[0].0 < pair[1].0) {
            return wrong(&files.eth);
        }
        if !self.rates.windows(2).all(|pair| pair[0].0 < pair[1].0) {
            return wrong(&files.rates);
        }
        Ok(())
    }

    /// Whether the share trades on a day.
    pub fn trades(&self, day: Date) -> bool {
        self.share.iter().any(|daily| daily.day == day)
    }

    /// Raw price and its decimals: the share stands on its last close outside hours and moves in a
    /// straight line from open to close within them; the coin is the last ten minutes' close, before its
    /// first its open.
    pub fn raw(&self, symbol: &str, at: Time) -> Option<(u128, u8)> {
        match symbol {
            "USD" => Some((1, 0)),
            "UST" => Some((self.bond, BOND_DECIMALS)),
            "SPY" => self.share(at).map(|cents| (cents, 2)),
            "ETH" => {
                let before = self.coin.partition_point(|(until, _)| *until <= at);
                let last = before.checked_sub(1).map(|place| self.coin[place].1);
                Some((last.unwrap_or(self.coin_first), 2))
            }
            _ => None,
        }
    }

    fn share(&self, at: Time) -> Option<u128> {
        let (date, second) = self.zone.local(at);
        let after = self.share.partition_point(|daily| daily.day <= date);
        let last = &self.share[after.checked_sub(1)?];
        if last.day < date || second >= CLOSES {
            return Some(last.close);
        }
        if second < OPENS {
            return Some(self.share[after.checked_sub(2)?].close);
        }
        let part = |move_by: u128| {
            let passed = u128::from(second - OPENS);
            mul_div(move_by, passed, u128::from(CLOSES - OPENS), Rounding::Floor).unwrap_or(0)
        };
        Some(match last.close >= last.open {
            true => last.open + part(last.close - last.open),
            false => last.open - part(last.open - last.close),
        })
    }

    /// The price as an exact number.
    pub fn price(&self, symbol: &str, at: Time) -> Option<Rational> {
        let (raw, decimals) = self.raw(symbol, at)?;
        i128::try_from(raw).ok().map(|raw| rational::from_raw(raw, decimals))
    }

    /// The price as a float, for what is valued in floats.
    pub fn float(&self, symbol: &str, at: Time) -> f64 {
        self.raw(symbol, at)
            .map_or(0.0, |(raw, decimals)| raw as f64 / 10f64.powi(i32::from(decimals)))
    }

    /// The overnight rate as a fraction a year.
    pub fn rate(&self, at: Time) -> f64 {
        let (date, _) = self.zone.local(at);
        let after = self.rates.partition_point(|(from, _)| *from <= date);
        after.checked_sub(1).map_or(0.0, |place| self.rates[place].1 as f64 / 1e6)
    }
}

fn day(row: &Row, column: &str) -> Result<Date, ScenarioError> {
    row.text(column).parse().map_err(|error| row.error(format!("{column}: {error}")))
}
