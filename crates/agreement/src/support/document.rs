//! The agreement as one TOML document, `breakwater.agreement/1`.
//!
//! The document states everything, or takes a default that this module names; nothing is read that
//! it does not use. Amounts are decimals in quotes, in base currency. It may end with a position:
//! exposure, prices and collateral at one moment, for the call due then.

use super::formula::{Approach, Form, Limit, Step};
use super::reader::Reader;
use super::terms::{
    Agreement, Cause, Custody, Declaration, Disposal, Eligible, Guarantee, Kind, OnDefault, Party,
    Side, Unresolved, Unsold, ZeroOnDefault,
};
use super::timing::{Timing, WAIT_DAYS_MAX};
use super::valuation::{MarginAmounts, Posted, Valuation};
use super::zone::Zone;
use crate::Error;
use crate::calendar::Calendar;
use breakwater_money::{Rational, Rounding, Time, rational};
use num_traits::{Signed, Zero};

/// Schema of the document.
pub const SCHEMA: &str = "breakwater.agreement/1";

/// Most rows of a collateral schedule: more are a list of everything, not a schedule.
pub const COLLATERAL_MAX: usize = 256;

/// Longest document, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 1 << 20;

/// Digits beyond which an amount is no amount of money: sums and products of what passes stay
/// within 128 bits where the machine counts in minor units.
const AMOUNT_MAX: i128 = 1_000_000_000_000_000_000;

/// A position at one moment, as a document may end with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// When.
    pub at: Time,
    /// Exposure, margin amounts and prices.
    pub valuation: Valuation,
    /// What each party has posted, and what of it moves.
    pub posted: [Posted; 2],
    /// Which party is in default.
    pub defaulting: [bool; 2],
}

/// A document: the agreement, and a position if it states one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The agreement.
    pub agreement: Agreement,
    /// The position.
    pub position: Option<Position>,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// The first field that is wrong, what stands there, and what would be right.
    pub fn parse(text: &str) -> Result<Document, Error> {
        if text.len() > DOCUMENT_BYTES_MAX {
            return Err(Error::TooMany {
                what: "the bytes of the document".to_owned(),
                limit: DOCUMENT_BYTES_MAX,
                expected: "an agreement states terms, not a history".to_owned(),
            });
        }
        let table: toml::Table = toml::from_str(text).map_err(|error| {
            Error::value("document", error.to_string().trim(), "a TOML document")
        })?;
        let root = Reader::root(&table);
        root.choice("schema", None, &[SCHEMA], |name| (name == SCHEMA).then_some(()))?;
        let agreement = agreement(&root)?;
        let position = match root.table("position")? {
            None => None,
            Some(table) => Some(position(table, &agreement)?),
        };
        root.finish()?;
        Ok(Document { agreement, position })
    }
}

fn agreement(root: &Reader<'_>) -> Result<Agreement, Error> {
    let forms = Form::ALL.map(Form::name);
    let form = root.choice("form", None, &forms, Form::named)?;
    let decimals = u8::try_from(root.count_or("decimals", 2, 8)?).unwrap_or(2);
    let currency = root.text("currency")?.to_owned();
    let parties = root.need("parties", "the two parties, [parties.a] and [parties.b]")?;
    let rounding = root.table("rounding")?;
    let common = Steps::read(rounding.as_ref(), Steps::usual(decimals), decimals)?;
    if let Some(rounding) = rounding {
        rounding.finish()?;
    }
    let both = [
        party(&parties, "a", form, &common, decimals)?,
        party(&parties, "b", form, &common, decimals)?,
    ];
    parties.finish()?;
    let (approach, custody) = margin(root, form)?;
    let agreement = Agreement {
        id: root.text("id")?.to_owned(),
        title: root.text("title")?.to_owned(),
        form,
        collateral: collateral(root, &currency, decimals)?,
        currency,
        decimals,
        parties: both,
        approach,
        timing: timing(root)?,
        unresolved: unresolved(root)?,
        substitution_consent: root.flag_or("substitution_needs_consent", true)?,
        interest_year: root.choice("interest_year", Some(360), &["\"360\"", "\"365\""], year)?,
        on_default: on_default(root, custody, decimals)?,
    };
    check(&agreement)?;
    Ok(agreement)
}

fn year(name: &str) -> Option<u32> {
    match name {
        "360" => Some(360),
        "365" => Some(365),
        _ => None,
    }
}

fn check(agreement: &Agreement) -> Result<(), Error> {
    let [a, b] = &agreement.parties;
    if a.name == b.name {
        let right = "two parties with names of their own";
        return Err(Error::contradiction("parties.a.name", "parties.b.name", right));
    }
    if !a.posts && !b.posts {
        let right = "one of the parties posts, or no collateral ever moves";
        return Err(Error::contradiction("parties.a.posts", "parties.b.posts", right));
    }
    agreement.timing.check()
}

/// The two steps of a party.
struct Steps {
    delivery: Step,
    returning: Step,
}

impl Steps {
    /// Deliveries up and returns down to whole minor units.
    fn usual(decimals: u8) -> Steps {
        let multiple = rational::from_raw(1, decimals);
        Steps {
            delivery: Step { multiple: multiple.clone(), rounding: Rounding::Ceil },
            returning: Step { multiple, rounding: Rounding::Floor },
        }
    }

    fn read(table: Option<&Reader<'_>>, other: Steps, decimals: u8) -> Result<Steps, Error> {
        let Some(table) = table else { return Ok(other) };
        let names = ["up", "down", "nearest"];
        let direction = |name: &str| match name {
            "up" => Some(Rounding::Ceil),
            "down" => Some(Rounding::Floor),
            "nearest" => Some(Rounding::HalfUp),
            _ => None,
        };
        let multiple = match table.has("multiple") {
            true => amount(table, "multiple", decimals)?,
            false => other.delivery.multiple.clone(),
        };
        if !multiple.is_positive() {
            return Err(table.wrong("multiple", "an amount above zero in quotes"));
        }
        let delivery =
            table.choice("delivery", Some(other.delivery.rounding), &names, direction)?;
        let returning =
            table.choice("return", Some(other.returning.rounding), &names, direction)?;
        Ok(Steps {
            delivery: Step { multiple: multiple.clone(), rounding: delivery },
            returning: Step { multiple, rounding: returning },
        })
    }
}

/// An amount of zero or more in whole minor units, absent as zero.
fn amount(table: &Reader<'_>, key: &'static str, decimals: u8) -> Result<Rational, Error> {
    let amount = table.amount_or(key, 0)?;
    let minor = &amount * rational::from_raw(10i128.pow(u32::from(decimals)), 0);
    let right = format!("an amount in quotes, with at most {decimals} decimals and below 10^18");
    let fits = minor.is_integer() && amount < rational::from_raw(AMOUNT_MAX, 0);
    if fits { Ok(amount) } else { Err(table.wrong(key, &right)) }
}

fn party(
    parties: &Reader<'_>,
    key: &'static str,
    form: Form,
    common: &Steps,
    decimals: u8,
) -> Result<Party, Error> {
    let table = parties.need(key, "the name of the party and its own terms")?;
    let absent = |key: &'static str, why: &str| match table.has(key) {
        true => Err(table.wrong(key, why)),
        false => Ok(()),
    };
    if form == Form::Variation2016 {
        absent("threshold", "absent: the form 2016-vm has no threshold")?;
    }
    if form != Form::Annex1994 {
        let why = "absent: the form 1994 alone has independent amounts of a party; under 2018-im they \
                   come with the margin amount";
        absent("independent_amount", why)?;
    }
    let infinite = table.text_or("threshold", "").is_ok_and(|text| text == "infinity");
    let threshold = match infinite {
        true => Limit::Infinite,
        false => Limit::Amount(amount(&table, "threshold", decimals)?),
    };
    let own = table.table("rounding")?;
    let base = Steps { delivery: common.delivery.clone(), returning: common.returning.clone() };
    let steps = Steps::read(own.as_ref(), base, decimals)?;
    if let Some(own) = own {
        own.finish()?;
    }
    let party = Party {
        name: table.text("name")?.to_owned(),
        posts: table.flag_or("posts", true)?,
        threshold,
        independent_amount: amount(&table, "independent_amount", decimals)?,
        minimum_transfer: amount(&table, "minimum_transfer", decimals)?,
        delivery: steps.delivery,
        returning: steps.returning,
    };
    table.finish()?;
    Ok(party)
}

/// Terms of the form of 2018, and where collateral lies.
fn margin(root: &Reader<'_>, form: Form) -> Result<(Approach, Custody), Error> {
    let names = Approach::ALL.map(Approach::name);
    if form != Form::Initial2018 && root.has("approach") {
        return Err(root.wrong("approach", "absent: only the form 2018-im has an approach"));
    }
    let approach = match form {
        Form::Initial2018 => root.choice("approach", None, &names, Approach::named)?,
        _ => Approach::Distinct,
    };
    let usual = match form {
        Form::Initial2018 => Custody::Segregated,
        _ => Custody::SecuredParty,
    };
    let custody =
        root.choice("custody", Some(usual), &["secured-party", "segregated"], |name| match name {
            "secured-party" => Some(Custody::SecuredParty),
            "segregated" => Some(Custody::Segregated),
            _ => None,
        })?;
    Ok((approach, custody))
}

fn collateral(root: &Reader<'_>, base: &str, base_decimals: u8) -> Result<Vec<Eligible>, Error> {
    let rows = root.tables("collateral")?;
    if rows.is_empty() || rows.len() > COLLATERAL_MAX {
        return Err(root.wrong("collateral", "a list of 1 to 256 tables"));
    }
    let mut schedule: Vec<Eligible> = Vec::with_capacity(rows.len());
    for row in rows {
        let asset = row.text("asset")?.to_owned();
        if schedule.iter().any(|known| known.asset == asset) {
            return Err(row.wrong("asset", "an asset that stands in no other row"));
        }
        let kind = row.choice("kind", None, &Kind::ALL.map(Kind::name), Kind::named)?;
        let currency = row.text_or("currency", base)?.to_owned();
        let usual = if kind == Kind::Cash && currency == base { base_decimals } else { 0 };
        let decimals = row.count_or("decimals", u32::from(usual), 18)?;
        if kind == Kind::Cash && currency == base && decimals != u32::from(base_decimals) {
            return Err(row.wrong("decimals", "the decimals of the base currency"));
        }
        if kind != Kind::Cash && row.has("interest") {
            return Err(row.wrong("interest", "absent: interest is paid on posted cash alone"));
        }
        let eligible = Eligible {
            asset,
            kind,
            decimals: u8::try_from(decimals).unwrap_or(0),
            currency,
            haircut: row.share_or("haircut", 0)?,
            fx_haircut: row.share_or("fx_haircut", 0)?,
            additional_haircut: row.share_or("additional_haircut", 0)?,
            interest: row.share_or("interest", 0)?,
        };
        if !eligible.counts().is_positive() {
            let right = "haircuts that together stay below 1: they add";
            return Err(row.wrong("haircut", right));
        }
        row.finish()?;
        schedule.push(eligible);
    }
    Ok(schedule)
}

fn timing(root: &Reader<'_>) -> Result<Timing, Error> {
    let table = root.need("timing", "the clock of the agreement and its waits")?;
    let zones: Vec<&str> = Zone::names().collect();
    let zones = format!("one of {}, or a fixed UTC+HH:MM", zones.join(", "));
    let zone = Zone::named(table.text("zone")?).ok_or_else(|| table.wrong("zone", &zones))?;
    let week = ["monday-to-friday", "every-day"];
    let calendar = table.choice(
        "business_week",
        Some(Calendar::monday_to_friday()),
        &week,
        |name| match name {
            "monday-to-friday" => Some(Calendar::monday_to_friday()),
            "every-day" => Some(Calendar::every_day()),
            _ => None,
        },
    )?;
    let days = |key, other| table.count_or(key, other, WAIT_DAYS_MAX);
    let timing = Timing {
        zone,
        calendar: calendar.with_holidays(table.days("holidays")?),
        notification_time: table.clock_or("notification_time", 13 * 3600)?,
        close_time: table.clock_or("close_time", 17 * 3600)?,
        transfer_days: days("transfer_days", 1)?,
        response_days: days("response_days", 0)?,
        resolution_time: table.clock_or("resolution_time", 13 * 3600)?,
        resolution_days: days("resolution_days", 1)?,
        grace_days: days("grace_days", 1)?,
        substitution_days: days("substitution_days", 1)?,
        termination_days: days("termination_days", 0)?,
        valuation_days: days("valuation_days", 1)?,
        liquidation_days: days("liquidation_days", 3)?,
        guarantee_days: days("guarantee_days", 2)?,
        decision_days: days("decision_days", 1)?,
    };
    table.finish()?;
    Ok(timing)
}

fn unresolved(root: &Reader<'_>) -> Result<Unresolved, Error> {
    let names = Unresolved::ALL.map(Unresolved::name);
    root.choice("unresolved_dispute", Some(Unresolved::ValuationAgent), &names, Unresolved::named)
}

fn on_default(root: &Reader<'_>, custody: Custody, decimals: u8) -> Result<OnDefault, Error> {
    let table = root.need("default", "what follows when something does not arrive")?;
    let zero = ZeroOnDefault {
        minimum_transfer: table.flag_or("minimum_transfer_to_zero", true)?,
        threshold: table.flag_or("threshold_to_zero", false)?,
        potential_events: table.flag_or("potential_events_count", false)?,
    };
    let names = Declaration::ALL.map(Declaration::name);
    let usual = Some(Declaration::Automatic);
    let declaration = table.choice("declared", usual, &names, Declaration::named)?;
    let causes = table.choices("events", &Cause::ALL.map(Cause::name), Cause::named)?;
    let mut causes = causes.unwrap_or_else(|| Cause::ALL.to_vec());
    if !causes.contains(&Cause::FailureToTransfer) {
        causes.push(Cause::FailureToTransfer);
    }
    let planner = Some(Disposal::Planner);
    let disposal =
        table.choice("disposal", planner, &["planner", "auction"], |name| match name {
            "planner" => Some(Disposal::Planner),
            "auction" => Some(Disposal::Auction),
            _ => None,
        })?;
    let keep = Some(Unsold::Appropriate);
    let unsold = table.choice("unsold", keep, &["appropriate", "return"], |name| match name {
        "appropriate" => Some(Unsold::Appropriate),
        "return" => Some(Unsold::Return),
        _ => None,
    })?;
    let guarantee = match table.table("guarantee")? {
        None => None,
        Some(own) => {
            let limit = amount(&own, "limit", decimals)?;
            let provider = own.text("provider")?.to_owned();
            own.finish()?;
            let limit = rational::to_raw(&limit, decimals, Rounding::Floor)
                .map_err(|error| Error::value("default.guarantee.limit", error, "below 10^18"))?;
            Some(Guarantee { provider, limit })
        }
    };
    table.finish()?;
    Ok(OnDefault { zero, declaration, causes, disposal, unsold, custody, guarantee })
}

fn position(table: Reader<'_>, agreement: &Agreement) -> Result<Position, Error> {
    let at = table.moment("at")?;
    let zone = &agreement.timing.zone;
    let initial = agreement.form == Form::Initial2018;
    let exposure = match (initial, table.has("exposure")) {
        (false, _) => table.number("exposure")?,
        (true, false) => Rational::zero(),
        (true, true) => {
            let right = "absent: under the form 2018-im the call follows position.margin";
            return Err(table.wrong("exposure", right));
        }
    };
    let margin = margin_amounts(&table, agreement, initial)?;
    let mut prices = vec![None; agreement.collateral.len()];
    if let Some(own) = table.table("prices")? {
        for (asset, price) in own.numbers_by_name()? {
            let place = place(&own, asset, agreement)?;
            if price.is_negative() {
                return Err(own.wrong(asset, "a price of zero or more in quotes"));
            }
            prices[place] = Some(price);
        }
    }
    for (row, price) in agreement.collateral.iter().zip(&mut prices) {
        // The base currency is worth itself.
        if row.kind == Kind::Cash && row.currency == agreement.currency && price.is_none() {
            *price = Some(rational::from_raw(1, 0));
        }
    }
    let posted = posted(&table, agreement)?;
    let sides = ["a", "b"];
    let side = |name: &str| Side::BOTH.into_iter().find(|side| side.key() == name);
    let named = table.choices("defaulting", &sides, side)?.unwrap_or_default();
    let defaulting = Side::BOTH.map(|side| named.contains(&side));
    let at = zone.instant(at.date(), at.second());
    table.finish()?;
    Ok(Position { at, valuation: Valuation { exposure, margin, prices }, posted, defaulting })
}

fn margin_amounts(
    table: &Reader<'_>,
    agreement: &Agreement,
    initial: bool,
) -> Result<[MarginAmounts; 2], Error> {
    let mut margin = [MarginAmounts::none(), MarginAmounts::none()];
    let own = table.table("margin")?;
    if own.is_some() && !initial {
        return Err(table.wrong("margin", "absent: the form 2018-im alone has margin amounts"));
    }
    let Some(own) = own else {
        return match initial {
            true => Err(Error::missing("position.margin", "margin amounts of who posts, by party")),
            false => Ok(margin),
        };
    };
    for (key, side) in [("a", Side::A), ("b", Side::B)] {
        let Some(row) = own.table(key)? else { continue };
        if !agreement.party(side).posts {
            return Err(own.wrong(key, "absent: this party never posts"));
        }
        margin[side.place()] = MarginAmounts {
            margin_amount: row.amount_or("margin_amount", 0)?,
            independent_amount: row.amount_or("independent_amount", 0)?,
        };
        row.finish()?;
    }
    own.finish()?;
    Ok(margin)
}

fn place(own: &Reader<'_>, asset: &str, agreement: &Agreement) -> Result<usize, Error> {
    agreement.place_of(asset).ok_or_else(|| Error::Unknown {
        field: own.path(asset),
        found: asset.to_owned(),
        of: "the collateral schedule".to_owned(),
        expected: format!(
            "it has {}",
            agreement
                .collateral
                .iter()
                .map(|row| row.asset.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        ),
    })
}

fn posted(table: &Reader<'_>, agreement: &Agreement) -> Result<[Posted; 2], Error> {
    let empty = || Posted::nothing(agreement.collateral.len());
    let mut posted = [empty(), empty()];
    let Some(own) = table.table("posted")? else { return Ok(posted) };
    for (key, side) in [("a", Side::A), ("b", Side::B)] {
        let Some(row) = own.table(key)? else { continue };
        let into = &mut posted[side.place()];
        into.pending_delivery = row.amount_or("pending_delivery", 0)?;
        into.pending_return = row.amount_or("pending_return", 0)?;
        into.disputed = row.amount_or("disputed", 0)?;
        if let Some(lots) = row.table("collateral")? {
            for (asset, quantity) in lots.numbers_by_name()? {
                let place = place(&lots, asset, agreement)?;
                let decimals = agreement.collateral[place].decimals;
                let whole = rational::to_raw(&quantity, decimals, Rounding::Floor).ok();
                let exact = whole.filter(|whole| {
                    i128::try_from(*whole)
                        .is_ok_and(|raw| rational::from_raw(raw, decimals) == quantity)
                });
                let right = format!("a quantity in quotes with at most {decimals} decimals");
                into.quantities[place] = exact.ok_or_else(|| lots.wrong(asset, &right))?;
            }
        }
        row.finish()?;
    }
    own.finish()?;
    Ok(posted)
}

#[cfg(test)]
mod tests;
