//! One option as it is asked about, and what it is worth.

use super::fields::Fields;
use crate::failure::Failure;
use breakwater_options::{
    American, Black76, BlackScholes, Implied, Kind, OptionError, PriceQuote, Quote, SpotQuote,
    american, implied_volatility,
};

/// When it may be exercised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    European,
    American,
}

/// What premium and payoff are paid in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Settlement {
    Cash,
    Coin,
}

impl Settlement {
    pub const fn name(self) -> &'static str {
        match self {
            Settlement::Cash => "cash",
            Settlement::Coin => "coin",
        }
    }
}

/// What it is written on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Base {
    Forward(f64),
    Spot { spot: f64, dividend_yield: f64 },
}

impl Base {
    pub const fn price(self) -> f64 {
        match self {
            Base::Forward(price) | Base::Spot { spot: price, .. } => price,
        }
    }
}

/// One option.
#[derive(Debug, Clone)]
pub struct Row {
    pub id: String,
    pub underlying: String,
    pub kind: Kind,
    pub base: Base,
    pub strike: f64,
    pub years: f64,
    pub rate: f64,
    pub style: Style,
    pub settlement: Settlement,
    pub quantity: f64,
    fields: Fields,
}

/// What it is worth. Of one settled in coin: price in coin, delta net of the price, gamma the
/// second derivative of the price in coin, all else in coin too.
#[derive(Debug, Clone, Copy)]
pub struct Worth {
    pub price: f64,
    pub delta: f64,
    pub gamma: f64,
    pub vega: f64,
    pub theta: f64,
    pub rho: f64,
    /// Of an American option: whether to exercise it now.
    pub exercise_now: Option<bool>,
}

/// A row with its answer.
#[derive(Debug, Clone)]
pub struct Valued {
    pub row: Row,
    pub volatility: f64,
    pub worth: Worth,
    /// With `--implied`: the price that the volatility was found from, and how well it says it.
    pub found: Option<Found>,
}

/// A volatility that was found.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    pub price: f64,
    pub condition: f64,
    pub ill_conditioned: bool,
    /// Of bid and ask; none where it is not stated, or the bid has no volatility.
    pub bid: Option<f64>,
    pub ask: Option<f64>,
}

/// Seconds of a year of 365 days.
const YEAR_SECONDS: f64 = 31_536_000.0;

/// The option that is stated; `as_of` in seconds.
pub fn read(fields: Fields, number: usize, as_of: Option<i64>) -> Result<Row, Failure> {
    let required = |name: &str| {
        let value = fields.number(name)?;
        value.ok_or_else(|| fields.wrong(name, "a number"))
    };
    if fields.text("kind").is_none() {
        return Err(fields.wrong("kind", "call or put"));
    }
    let kind = fields.word("kind", &[("call", Kind::Call), ("put", Kind::Put)])?;
    let styles = [("european", Style::European), ("american", Style::American)];
    let style = fields.word("style", &styles)?;
    let settlements = [("cash", Settlement::Cash), ("coin", Settlement::Coin)];
    let settlement = fields.word("settlement", &settlements)?;
    let rate = fields.share("rate")?.unwrap_or(0.0);
    let row = Row {
        id: fields.text("id").map_or_else(|| number.to_string(), str::to_owned),
        underlying: fields.text("underlying").unwrap_or("").to_owned(),
        kind,
        base: base(&fields)?,
        strike: required("strike")?,
        years: years(&fields, as_of)?,
        rate,
        style,
        settlement,
        quantity: fields.number("quantity")?.unwrap_or(1.0),
        fields,
    };
    if settlement == Settlement::Coin {
        row.check_coin()?;
    }
    Ok(row)
}

fn base(fields: &Fields) -> Result<Base, Failure> {
    match (fields.number("forward")?, fields.number("spot")?) {
        (Some(_), Some(_)) => Err(fields.wrong("spot", "either a forward or a spot price")),
        (None, None) => Err(fields.wrong("forward", "a price, or spot with one")),
        (Some(_), None) if fields.text("dividend_yield").is_some() => {
            Err(fields.wrong("dividend_yield", "none beside a forward, which has it in its price"))
        }
        (Some(forward), None) => Ok(Base::Forward(forward)),
        (None, Some(spot)) => {
            let dividend_yield = fields.share("dividend_yield")?.unwrap_or(0.0);
            Ok(Base::Spot { spot, dividend_yield })
        }
    }
}

fn years(fields: &Fields, as_of: Option<i64>) -> Result<f64, Failure> {
    let (field, years) = match (fields.number("years")?, fields.text("expiry")) {
        (Some(_), Some(_)) => return Err(fields.wrong("expiry", "either years or an expiry")),
        (None, None) => return Err(fields.wrong("years", "years to expiry, or an expiry")),
        (Some(years), None) => ("years", years),
        (None, Some(text)) => {
            let right = "a moment with its offset, such as 2026-03-27T08:00:00Z";
            let end: jiff::Timestamp = text.parse().map_err(|_| fields.wrong("expiry", right))?;
            let Some(now) = as_of else {
                let right = "--as-of beside it, the moment it is counted from";
                return Err(fields.wrong("expiry", right));
            };
            ("expiry", (end.as_second() - now) as f64 / YEAR_SECONDS)
        }
    };
    match years > 0.0 {
        true => Ok(years),
        false => Err(fields.wrong(field, "one that is still to come: this option has expired")),
    }
}

impl Row {
    fn check_coin(&self) -> Result<(), Failure> {
        if matches!(self.base, Base::Spot { .. }) {
            return Err(self.fields.wrong("spot", "a forward for an option settled in coin"));
        }
        if self.style == Style::American {
            return Err(self.fields.wrong("style", "european for an option settled in coin"));
        }
        if self.rate != 0.0 {
            return Err(self.fields.wrong("rate", "none for an option settled in coin"));
        }
        Ok(())
    }

    fn refused(&self, error: OptionError) -> Failure {
        self.fields.refused(&error.to_string())
    }

    fn forward_quote(&self, forward: f64, volatility: f64) -> Quote {
        let Row { kind, strike, years, rate, .. } = *self;
        Quote { kind, forward, strike, years, volatility, rate }
    }

    /// As an option on spot: a forward is a spot price that yields the rate.
    fn spot_quote(&self, volatility: f64, rate: f64) -> SpotQuote {
        let (spot, dividend_yield) = match self.base {
            Base::Forward(forward) => (forward, rate),
            Base::Spot { spot, dividend_yield } => (spot, dividend_yield),
        };
        let Row { kind, strike, years, .. } = *self;
        SpotQuote { kind, spot, strike, years, volatility, rate, dividend_yield }
    }

    /// What the option is worth at a volatility.
    fn worth(&self, volatility: f64, steps: u32) -> Result<Worth, OptionError> {
        if self.style == Style::American {
            return self.american(volatility, steps);
        }
        match (self.base, self.settlement) {
            (Base::Forward(forward), Settlement::Coin) => {
                let option = Black76::new(&self.forward_quote(forward, volatility))?;
                let coin = option.coin();
                Ok(Worth {
                    price: coin.price,
                    delta: coin.net_delta,
                    gamma: coin.curvature,
                    vega: coin.vega,
                    theta: option.theta() / forward,
                    rho: 0.0,
                    exercise_now: None,
                })
            }
            (Base::Forward(forward), Settlement::Cash) => {
                let greeks = Black76::new(&self.forward_quote(forward, volatility))?.greeks();
                Ok(Worth {
                    price: greeks.price,
                    delta: greeks.delta,
                    gamma: greeks.gamma,
                    vega: greeks.vega,
                    theta: greeks.theta,
                    rho: greeks.rho,
                    exercise_now: None,
                })
            }
            (Base::Spot { .. }, _) => {
                let greeks = BlackScholes::new(&self.spot_quote(volatility, self.rate))?.greeks();
                Ok(Worth {
                    price: greeks.price,
                    delta: greeks.delta,
                    gamma: greeks.gamma,
                    vega: greeks.vega,
                    theta: greeks.theta,
                    rho: greeks.rho,
                    exercise_now: None,
                })
            }
        }
    }

    /// By trees; vega and rho as differences of prices.
    fn american(&self, volatility: f64, steps: u32) -> Result<Worth, OptionError> {
        let priced = |volatility: f64, rate: f64| -> Result<American, OptionError> {
            american(&self.spot_quote(volatility, rate), steps)
        };
        let found = priced(volatility, self.rate)?;
        let width = (0.01 * volatility).max(1e-4);
        let low = (volatility - width).max(0.0);
        let (less, more) = (priced(low, self.rate)?, priced(volatility + width, self.rate)?);
        let step = 1e-4;
        let (lower, higher) =
            (priced(volatility, self.rate - step)?, priced(volatility, self.rate + step)?);
        Ok(Worth {
            price: found.price,
            delta: found.delta,
            gamma: found.gamma,
            vega: (more.price - less.price) / (volatility + width - low),
            theta: found.theta,
            rho: (higher.price - lower.price) / (2.0 * step),
            exercise_now: Some(found.exercise_now),
        })
    }

    /// The answer at the volatility that is stated.
    pub fn priced(self, steps: u32) -> Result<Valued, Failure> {
        let stated = self.fields.share("volatility")?;
        let right = "a volatility a year, or --implied beside a price";
        let volatility = stated.ok_or_else(|| self.fields.wrong("volatility", right))?;
        if let Some(name) =
            ["price", "bid", "ask"].iter().find(|name| self.fields.text(name).is_some())
        {
            return Err(self.fields.wrong(name, "none without --implied, which asks for it"));
        }
        let worth = self.worth(volatility, steps).map_err(|error| self.refused(error))?;
        Ok(Valued { row: self, volatility, worth, found: None })
    }

    /// The answer at the volatility of the price that is stated.
    pub fn inverted(self, steps: u32) -> Result<Valued, Failure> {
        if self.style == Style::American {
            return Err(self.fields.wrong("style", "european with --implied"));
        }
        if self.fields.text("volatility").is_some() {
            return Err(self.fields.wrong("volatility", "none with --implied, which finds it"));
        }
        let [price, bid, ask] = ["price", "bid", "ask"].map(|name| self.fields.number(name));
        let (price, bid, ask) = (price?, bid?, ask?);
        if let (Some(bid), Some(ask)) = (bid, ask)
            && bid > ask
        {
            let right = format!("at most the ask of {ask}: the quotes are crossed");
            return Err(self.fields.wrong("bid", &right));
        }
        let (name, price) = match (price, bid, ask) {
            (Some(price), ..) => ("price", price),
            (None, Some(bid), Some(ask)) => ("ask", 0.5 * (bid + ask)),
            _ => return Err(self.fields.wrong("price", "a price, or bid and ask")),
        };
        let (volatility, condition, ill_conditioned) = match self.implied(name, price)? {
            Implied::Volatility { volatility, condition } => (volatility, condition, false),
            Implied::IllConditioned { volatility, condition } => (volatility, condition, true),
            beyond => return Err(self.beyond(name, price, beyond)),
        };
        // A bid may be below what any volatility gives, as nobody has to bid; an ask may not.
        let bid = bid.map(|bid| self.implied("bid", bid)).transpose()?;
        let ask = match ask {
            None => None,
            Some(ask) => {
                let found = self.implied("ask", ask)?;
                if found.volatility().is_none() && !is_ill(found) {
                    return Err(self.beyond("ask", ask, found));
                }
                found.volatility()
            }
        };
        let bid = bid.and_then(Implied::volatility);
        let worth = self.worth(volatility, steps).map_err(|error| self.refused(error))?;
        let found = Some(Found { price, condition, ill_conditioned, bid, ask });
        Ok(Valued { row: self, volatility, worth, found })
    }

    /// The volatility of a price as it is paid: discounted, or in coin.
    fn implied(&self, name: &str, price: f64) -> Result<Implied, Failure> {
        if price < 0.0 {
            return Err(self.fields.wrong(name, "a price of zero or more"));
        }
        let (forward, per_unit) = self.unit().map_err(|error| self.refused(error))?;
        let Row { kind, strike, years, .. } = *self;
        let price = price / per_unit;
        implied_volatility(&PriceQuote { kind, forward, strike, years, price })
            .map_err(|error| self.refused(error))
    }

    /// The forward, and what one undiscounted quote unit is in what prices are paid in.
    fn unit(&self) -> Result<(f64, f64), OptionError> {
        match (self.base, self.settlement) {
            (Base::Forward(forward), Settlement::Coin) => Ok((forward, 1.0 / forward)),
            (Base::Forward(forward), Settlement::Cash) => {
                Ok((forward, Black76::new(&self.forward_quote(forward, 0.0))?.discount()))
            }
            (Base::Spot { .. }, _) => {
                let option = BlackScholes::new(&self.spot_quote(0.0, self.rate))?;
                Ok((option.forward(), option.discount()))
            }
        }
    }

    /// A price that no volatility gives, with the limits of those that one does.
    fn beyond(&self, name: &str, price: f64, why: Implied) -> Failure {
        let (forward, per_unit) = self.unit().unwrap_or((self.strike, 1.0));
        let intrinsic = (self.kind.sign() * (forward - self.strike)).max(0.0) * per_unit;
        let cap = match self.kind {
            Kind::Call => forward,
            Kind::Put => self.strike,
        };
        let which = match why {
            Implied::AtOrAboveCap => "no volatility is high enough",
            _ => "no volatility is low enough",
        };
        let right = format!("above {intrinsic} and below {}: {which}", cap * per_unit);
        match self.fields.text(name) {
            Some(text) if text.parse::<f64>() != Ok(price) => self
                .fields
                .refused(&format!("the middle of bid and ask is {price}: expected {right}")),
            _ => self.fields.wrong(name, &right),
        }
    }

    /// Where it stands in its file; 0 for flags.
    pub fn line(&self) -> u64 {
        self.fields.line()
    }
}

fn is_ill(found: Implied) -> bool {
    matches!(found, Implied::IllConditioned { .. })
}
