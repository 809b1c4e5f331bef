//! The positions of an option book: read, checked, and as lines of a listing.

use super::answer::Held;
use super::file::{SettleRow, price};
use crate::price::book_file::{SideRow, Wrong, number, positive};
use crate::price::figure::{PLACES, down, up};
use breakwater_margin::option::Settled;
use breakwater_margin::scenario::{Expiry, Holding, OptionLine};
use breakwater_money::rounding::Rounding;
use breakwater_money::{Rational, rational};
use breakwater_options::{Kind, Quote, Side, implied_volatility_ppm};
use serde::Deserialize;

/// Seconds of a year of 365 days, by which venues annualise.
const YEAR_SECONDS: f64 = 31_536_000.0;

/// Largest volatility, and the longest time to an expiry: what a listing carries.
const VOLATILITY_MAX: u32 = 100;
const VOLATILITY_MAX_PPM: u64 = 100_000_000;
const SECONDS_MAX: u64 = 100 * 31_536_000;

/// Digits after the point of a volatility.
const VOLATILITY_PLACES: u8 = 6;

/// A position. Which of the fields it must have and may not have follows from its form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub contract: String,
    #[serde(default)]
    form: FormRow,
    side: SideRow,
    quantity: String,
    pub underlying: Option<String>,
    pub settle: Option<SettleRow>,
    expiry: Option<toml::Value>,
    mark: Option<String>,
    /// Of a future.
    entry: Option<String>,
    /// From here on of an option.
    kind: Option<Kind>,
    strike: Option<String>,
    forward: Option<String>,
    volatility: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Default)]
#[serde(rename_all = "lowercase")]
enum FormRow {
    #[default]
    Linear,
    Inverse,
    Option,
}

impl FormRow {
    const fn name(self) -> &'static str {
        match self {
            FormRow::Linear => "linear",
            FormRow::Inverse => "inverse",
            FormRow::Option => "option",
        }
    }
}

impl Row {
    pub fn is_option(&self) -> bool {
        self.form == FormRow::Option
    }

    /// Whether a future is of the form that settles in the other asset.
    pub fn settles_otherwise(&self, settled: SettleRow) -> bool {
        match self.form {
            FormRow::Linear => settled == SettleRow::Coin,
            FormRow::Inverse => settled == SettleRow::Quote,
            FormRow::Option => false,
        }
    }

    /// The field that says what it settles in, and what stands there.
    pub fn settles_in(&self) -> (&'static str, &'static str) {
        match self.settle {
            Some(settle) => ("settle", settle.name()),
            None => ("form", self.form.name()),
        }
    }

    /// Refuses a field that the form does not have.
    fn check_fields(&self, index: usize) -> Result<(), Wrong> {
        let option = self.is_option();
        let why = match option {
            true => "expected none: what an option cost is in the wallet already",
            false => "stated for a future, expected none: only options have it",
        };
        for (name, stated) in [
            ("entry", option && self.entry.is_some()),
            ("kind", !option && self.kind.is_some()),
            ("strike", !option && self.strike.is_some()),
            ("forward", !option && self.forward.is_some()),
            ("volatility", !option && self.volatility.is_some()),
        ] {
            if stated {
                return Err((at(index, name), why.to_owned()));
            }
        }
        Ok(())
    }
}

/// A position that makes sense.
pub(super) struct Priced {
    pub index: usize,
    pub contract: String,
    form: FormRow,
    long: bool,
    pub quantity: Rational,
    /// Time left; none for a perpetual.
    seconds: Option<u64>,
    terms: Terms,
}

enum Terms {
    Future {
        entry: Rational,
        mark: Rational,
    },
    Option {
        kind: Kind,
        strike: Rational,
        forward: Rational,
        volatility_ppm: u64,
        mark: Option<String>,
    },
}

impl Priced {
    pub fn is_option(&self) -> bool {
        self.form == FormRow::Option
    }

    /// The prices that must fit the scale of the listing.
    pub fn prices(&self) -> impl Iterator<Item = &Rational> {
        let (one, other) = match &self.terms {
            Terms::Future { mark, .. } => (mark, None),
            Terms::Option { strike, forward, .. } => (strike, Some(forward)),
        };
        std::iter::once(one).chain(other)
    }

    /// As it is told.
    pub fn told(self) -> Held {
        let text = |value: &Rational| down(value, PLACES);
        let mut held = Held {
            contract: self.contract,
            form: self.form.name(),
            side: if self.long { "long" } else { "short" },
            quantity: text(&self.quantity),
            seconds_left: self.seconds,
            ..Held::default()
        };
        match self.terms {
            Terms::Future { entry, mark } => {
                held.entry = Some(text(&entry));
                held.mark = text(&mark);
            }
            Terms::Option { kind, strike, forward, volatility_ppm, mark } => {
                let volatility = rational::from_raw(volatility_ppm.into(), VOLATILITY_PLACES);
                held.kind = Some(kind);
                held.strike = Some(text(&strike));
                held.forward = Some(text(&forward));
                held.volatility = Some(text(&volatility));
                held.mark = mark.unwrap_or_default();
            }
        }
        held
    }
}

/// Decimals of the listing's prices and sizes.
#[derive(Clone, Copy)]
pub(super) struct Scales {
    pub price: u8,
    pub size: u8,
}

impl Scales {
    /// A price that was checked to fit, rounded down.
    pub fn raw(self, price: &Rational) -> u128 {
        rational::to_raw(price, self.price, Rounding::Floor).unwrap_or(u128::MAX)
    }
}

fn at(index: usize, name: &str) -> String {
    format!("positions[{index}].{name}")
}

/// Every position: futures first, since an option's forward may be that of one.
pub(super) fn priced(
    rows: &[Row],
    mark: &Rational,
    as_of: Option<i64>,
    settled: Settled,
) -> Result<Vec<Priced>, Wrong> {
    let mut read = Vec::with_capacity(rows.len());
    let mut forwards: Vec<(u64, Rational)> = Vec::new();
    let places =
        |option: bool| rows.iter().enumerate().filter(move |(_, row)| row.is_option() == option);
    for (index, row) in places(false).chain(places(true)) {
        row.check_fields(index)?;
        let seconds = match &row.expiry {
            Some(value) => Some(left(index, value, as_of)?),
            None if row.is_option() => {
                let why = "missing, expected seconds left or a moment such as 2025-12-26T08:00:00Z";
                return Err((at(index, "expiry"), why.to_owned()));
            }
            None => None,
        };
        let quantity = positive(&at(index, "quantity"), &row.quantity)?;
        let long = row.side == SideRow::Long;
        let terms = if row.is_option() {
            let forward = forwards.iter().find(|(end, _)| Some(*end) == seconds);
            let forward = forward.map_or(mark, |(_, forward)| forward);
            option(index, row, forward, (seconds.unwrap_or(0), settled, long))?
        } else {
            let terms = future(index, row)?;
            if let (Some(seconds), Terms::Future { mark, .. }) = (seconds, &terms) {
                forwards.push((seconds, mark.clone()));
            }
            terms
        };
        let (contract, form) = (row.contract.clone(), row.form);
        read.push(Priced { index, contract, form, long, quantity, seconds, terms });
    }
    read.sort_by_key(|priced| priced.index);
    Ok(read)
}

fn required<'a>(
    index: usize,
    name: &str,
    text: &'a Option<String>,
    right: &str,
) -> Result<&'a str, Wrong> {
    text.as_deref().ok_or_else(|| (at(index, name), format!("missing, expected {right}")))
}

fn future(index: usize, row: &Row) -> Result<Terms, Wrong> {
    let read = |name: &str, text: &Option<String>, right: &str| {
        price(&at(index, name), required(index, name, text, right)?)
    };
    Ok(Terms::Future {
        entry: read("entry", &row.entry, "the average entry price")?,
        mark: read("mark", &row.mark, "the mark of the future")?,
    })
}

/// An option, at the stated forward or at the one given; volatility and mark give each other.
fn option(
    index: usize,
    row: &Row,
    forward: &Rational,
    (seconds, settled, long): (u64, Settled, bool),
) -> Result<Terms, Wrong> {
    let kind = row.kind.ok_or((at(index, "kind"), "missing, expected call or put".to_owned()))?;
    let strike = required(index, "strike", &row.strike, "the price it may be exercised at")?;
    let strike = price(&at(index, "strike"), strike)?;
    let forward = match &row.forward {
        Some(text) => price(&at(index, "forward"), text)?,
        None => forward.clone(),
    };
    let volatility_ppm = match (&row.volatility, &row.mark) {
        (Some(text), None) => volatility(index, text)?,
        (None, Some(text)) => {
            let asked = Implied { index, text, kind, strike: &strike, forward: &forward, settled };
            asked.volatility_ppm(seconds, if long { Side::Long } else { Side::Short })?
        }
        (Some(_), Some(_)) => {
            let why = "stated beside mark, expected one of both: each gives the other";
            return Err((at(index, "volatility"), why.to_owned()));
        }
        (None, None) => {
            let why = "missing, expected a volatility or a mark";
            return Err((at(index, "volatility"), why.to_owned()));
        }
    };
    Ok(Terms::Option { kind, strike, forward, volatility_ppm, mark: row.mark.clone() })
}

fn volatility(index: usize, text: &str) -> Result<u64, Wrong> {
    let field = at(index, "volatility");
    let wrong = || {
        let right = "a share a year above zero, such as 0.55, up to 100 and with at most 6 digits after \
                     the point";
        (field.clone(), format!("'{text}', expected {right}"))
    };
    let value = number(&field, text)?;
    let ppm = &value / rational::from_raw(1, VOLATILITY_PLACES);
    let most = rational::from_raw(VOLATILITY_MAX.into(), 0);
    if value <= rational::from_raw(0, 0) || value > most || !ppm.is_integer() {
        return Err(wrong());
    }
    let raw = rational::to_raw(&ppm, 0, Rounding::Floor).map_err(|_| wrong())?;
    u64::try_from(raw).map_err(|_| wrong())
}

/// What is asked of a mark.
struct Implied<'a> {
    index: usize,
    text: &'a str,
    kind: Kind,
    strike: &'a Rational,
    forward: &'a Rational,
    settled: Settled,
}

impl Implied<'_> {
    /// The volatility of the mark, the millionth against the account. Limits are exact.
    fn volatility_ppm(&self, seconds: u64, side: Side) -> Result<u64, Wrong> {
        let field = at(self.index, "mark");
        let mark = positive(&field, self.text)?;
        let wrong = |why: String| (field.clone(), format!("'{}', expected {why}", self.text));
        let unit = match self.settled {
            Settled::Quote => rational::from_raw(1, 0),
            Settled::Coin => self.forward.clone(),
        };
        let (inside, most) = match self.kind {
            Kind::Call => (self.forward - self.strike, self.forward),
            Kind::Put => (self.strike - self.forward, self.strike),
        };
        let at_forward = down(self.forward, PLACES);
        let below = |intrinsic: &Rational| {
            wrong(format!(
                "more than {}, what it would be worth at its forward, {at_forward}, if it ended now: no \
                 volatility gives less",
                up(intrinsic, 12)
            ))
        };
        let intrinsic = inside.max(rational::from_raw(0, 0)) / &unit;
        if mark <= intrinsic {
            return Err(below(&intrinsic));
        }
        let most = most / &unit;
        let above = || {
            wrong(format!(
                "less than {}, what it is worth at its forward, {at_forward}, at most: no volatility \
                 gives more",
                down(&most, 12)
            ))
        };
        if mark >= most {
            return Err(above());
        }
        let quote = Quote {
            kind: self.kind,
            forward: float(self.forward),
            strike: float(self.strike),
            years: seconds as f64 / YEAR_SECONDS,
            volatility: 0.0,
            rate: 0.0,
        };
        let value = float(&mark) * float(&unit);
        use breakwater_options::OptionError::{AboveMost, NotAboveIntrinsic};
        implied_volatility_ppm(&quote, value, side, VOLATILITY_MAX_PPM).map_err(|error| match error
        {
            NotAboveIntrinsic { .. } => below(&intrinsic),
            AboveMost { .. } => wrong("one that a volatility of at most 100 gives".to_owned()),
            other => wrong(format!("a mark that can be priced: {other}")),
        })
    }
}

/// The nearest float, of a decimal.
fn float(value: &Rational) -> f64 {
    down(value, PLACES).parse().unwrap_or(f64::NAN)
}

/// Seconds since 1970 of a moment with its offset.
pub(super) fn moment(field: &str, value: &toml::Value) -> Result<i64, Wrong> {
    let text = text_of(value);
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    parsed.map(jiff::Timestamp::as_second).map_err(|_| {
        let right = "a moment with its offset, such as 2025-12-26T08:00:00Z";
        (field.to_owned(), format!("'{text}', expected {right}"))
    })
}

fn text_of(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Seconds to an expiry, which are stated or counted from the moment of the file.
fn left(index: usize, value: &toml::Value, as_of: Option<i64>) -> Result<u64, Wrong> {
    let (field, text) = (at(index, "expiry"), text_of(value));
    let sign = text.strip_prefix('-').unwrap_or(&text);
    let seconds = if !sign.is_empty() && sign.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_or(i64::MAX, |seconds: i64| seconds)
    } else {
        let end = moment(&field, value)
            .map_err(|(field, why)| (field, format!("{why}, or seconds left")))?;
        let Some(now) = as_of else {
            let why =
                format!("missing, expected the moment of the marks: '{text}' is counted from it");
            return Err(("as_of".to_owned(), why));
        };
        end.saturating_sub(now)
    };
    match u64::try_from(seconds) {
        Ok(seconds) if seconds > 0 && seconds <= SECONDS_MAX => Ok(seconds),
        Ok(seconds) if seconds > 0 => {
            Err((field, format!("'{text}', expected an end within a hundred years")))
        }
        _ => Err((
            field,
            format!("'{text}', expected an end after the moment of the marks: it expired"),
        )),
    }
}

/// Cash and what futures have gained up to their marks, in base units rounded down.
pub(super) fn balance(
    wallet: &Rational,
    priced: &[Priced],
    settled: Settled,
    decimals: u8,
) -> Result<i128, Wrong> {
    let mut sum = wallet.clone();
    for row in priced {
        let Terms::Future { entry, mark } = &row.terms else { continue };
        let gained = match settled {
            Settled::Quote => mark - entry,
            Settled::Coin => entry.recip() - mark.recip(),
        };
        let gained = gained * &row.quantity;
        if row.long { sum += gained } else { sum -= gained }
    }
    let owed = sum < rational::from_raw(0, 0);
    let (size, rounding) = if owed { (-sum, Rounding::Ceil) } else { (sum, Rounding::Floor) };
    let raw = rational::to_raw(&size, decimals, rounding).ok();
    let raw = raw.and_then(|raw| i128::try_from(raw).ok()).ok_or_else(|| {
        let why = "with what futures have gained, more than 127 bits of base units; expected less";
        ("wallet".to_owned(), why.to_owned())
    })?;
    Ok(if owed { -raw } else { raw })
}

/// The lines of the book, and what it holds of them.
#[derive(Default)]
pub(super) struct Lines {
    pub expiries: Vec<Expiry>,
    pub lines: Vec<OptionLine>,
    pub futures: Vec<Holding>,
    pub options: Vec<Holding>,
}

/// Each future has an expiry of its own; an option shares one of the same end and forward.
pub(super) fn lines(priced: &[Priced], scales: Scales) -> Result<Lines, Wrong> {
    let mut made = Lines::default();
    for row in priced {
        let Terms::Future { mark, .. } = &row.terms else { continue };
        made.futures.push(Holding { line: made.expiries.len(), quantity: size(row, scales)? });
        made.expiries.push(Expiry { seconds: row.seconds, forward: scales.raw(mark) });
    }
    for row in priced {
        let Terms::Option { kind, strike, forward, volatility_ppm, .. } = &row.terms else {
            continue;
        };
        let expiry = Expiry { seconds: row.seconds, forward: scales.raw(forward) };
        let known = made.expiries.iter().position(|known| *known == expiry);
        let place = known.unwrap_or(made.expiries.len());
        if known.is_none() {
            made.expiries.push(expiry);
        }
        made.options.push(Holding { line: made.lines.len(), quantity: size(row, scales)? });
        made.lines.push(OptionLine {
            expiry: place,
            kind: *kind,
            strike: scales.raw(strike),
            volatility_ppm: *volatility_ppm,
            // The book values an option by its volatility.
            mark: 0,
        });
    }
    Ok(made)
}

fn size(row: &Priced, scales: Scales) -> Result<i64, Wrong> {
    let raw = rational::to_raw(&row.quantity, scales.size, Rounding::Floor).ok();
    let raw = raw.and_then(|raw| i64::try_from(raw).ok()).ok_or_else(|| {
        let why = format!(
            "{}, expected fewer digits: with the {} after the point that the book has, 63 bits carry it",
            down(&row.quantity, PLACES),
            scales.size
        );
        (at(row.index, "quantity"), why)
    })?;
    Ok(if row.long { raw } else { -raw })
}
