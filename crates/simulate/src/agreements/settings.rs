//! The scenario file of a book of margin agreements.

use crate::ScenarioError;
use crate::files::{NOT_STATED, Shelf, Told, provenance};
use crate::scenario::Source;
use crate::shipped::{LISTED, MARGIN_CALLS};
use breakwater_agreement::support::zone::Zone;
use breakwater_agreement::support::{Agreement, Document};
use breakwater_liquidation::auctions::AuctionTerms;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name of the scenario.
    pub name: String,
    /// Title of its page.
    pub title: String,
    /// What it asks.
    pub question: String,
    /// Its tables.
    pub files: Files,
    /// From when to when.
    pub path: PathSettings,
    /// Who acts at which hour.
    pub clock: Clock,
    /// What is not in the tables.
    pub market: MarketSettings,
    /// The agreements.
    pub agreements: Vec<AgreementSettings>,
    /// Who they are between, and guarantors.
    pub parties: Vec<PartySettings>,
    /// What was traded under them.
    pub contracts: Vec<ContractSettings>,
    /// The guarantee of what close-outs leave open.
    pub guarantee: GuaranteeSettings,
    /// Calls that are disputed.
    #[serde(default)]
    pub disputes: Vec<DisputeSettings>,
    /// Collateral that is replaced.
    #[serde(default)]
    pub substitutions: Vec<SubstitutionSettings>,
    /// How posted collateral is sold.
    pub sale: SaleSettings,
    /// Where each table comes from, by its name.
    #[serde(default)]
    pub sources: BTreeMap<String, Source>,
}

/// Its tables.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// Daily `day, open_cents, close_cents` of the share.
    pub spy: String,
    /// Ten-minute `until_utc, open_cents, close_cents` of the coin.
    pub eth: String,
    /// `from_day, rate_ppm` of the overnight rate.
    pub rates: String,
    /// Parameters of the pool in which collateral is sold.
    pub pool: String,
}

/// From when to when.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathSettings {
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Zone of the clock.
    pub zone: String,
}

/// Hours of the local day.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Exposures are valued and called for.
    pub value: u32,
    /// Calls are answered.
    pub answer: u32,
    /// Collateral is delivered and returned.
    pub deliver: u32,
    /// First hour of sales.
    pub sell_from: u32,
    /// Last hour of sales.
    pub sell_to: u32,
}

/// What is not in the tables.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketSettings {
    /// Price of the bond, all along.
    pub bond_price: String,
    /// Volatility of the share at the first price, millionths a year.
    pub volatility_ppm: u32,
    /// What a fall of 1 % from there adds.
    pub volatility_per_fall_ppm: u32,
}

/// One agreement.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreementSettings {
    /// Its document.
    pub file: String,
    /// Where initial margin comes from, for agreements that ask for it.
    pub margin: Option<MarginSettings>,
}

/// Initial margin as a share of notional.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarginSettings {
    /// The share.
    pub share: String,
    /// Of the contracts under this agreement.
    pub of: String,
}

/// One party.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartySettings {
    /// Its name, as agreements write it.
    pub name: String,
    /// What it has at the start.
    pub holds: BTreeMap<String, String>,
}

/// Contracts that are alike.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractSettings {
    /// Under which agreement.
    pub agreement: String,
    /// How many.
    pub number: u32,
    /// Terms of the ACTUS standard, seen from party A.
    pub terms: toml::Table,
}

/// The guarantee.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuaranteeSettings {
    /// Who pays.
    pub party: String,
    /// Its terms; what it covers and when are the host's to add.
    pub terms: toml::Table,
}

/// A call of one day is disputed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisputeSettings {
    /// Under which agreement.
    pub agreement: String,
    /// On which day.
    pub day: String,
    /// Share of the call that is disputed.
    pub share: String,
    /// Share of that which the parties settle on; nothing where they do not agree in time.
    pub settled: Option<String>,
}

/// Collateral is replaced.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubstitutionSettings {
    /// Under which agreement; party B asks.
    pub agreement: String,
    /// On which day.
    pub day: String,
    /// What it brings.
    pub give: BTreeMap<String, String>,
    /// What it wants back.
    pub take: BTreeMap<String, String>,
}

/// How posted collateral is sold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaleSettings {
    /// Time in which half of what was taken of the depth is back.
    pub half_life_minutes: u32,
    /// Worst price, below the mark.
    pub slippage_bps: u32,
    /// Value of a lot in dollars.
    pub lot_value: String,
    /// Wait after the market took no more.
    pub retry_minutes: u32,
    /// What a bidder wants to earn.
    pub bidder_margin_bps: u32,
    /// Depth by asset.
    pub depth: BTreeMap<String, Vec<DepthStep>>,
    /// The planner.
    pub planner: PlannerSettings,
    /// The auction.
    pub auction: AuctionTerms,
}

/// A step of depth.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepthStep {
    /// Below the mark.
    pub bps: u32,
    /// Whole units, in decimals.
    pub quantity: String,
}

/// The planner.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannerSettings {
    /// Share of the depth taken at once.
    pub participation_bps: u32,
    /// Most that sales may move a price.
    pub impact_max_bps: u32,
    /// Price of waiting, in standard deviations.
    pub confidence_ppm: u32,
    /// Between two slices.
    pub pace_minutes: u32,
    /// Volatility by asset.
    pub volatility_ppm_per_sqrt_day: BTreeMap<String, u32>,
}

/// A scenario with its documents and tables.
#[derive(Debug, Clone)]
pub struct MarginCallScenario {
    /// The file.
    pub settings: Settings,
    /// Its agreements, in its order.
    pub agreements: Vec<Agreement>,
    /// Texts of the tables: share, coin, rates, pool.
    pub texts: [String; 4],
    /// Zone of its clock.
    pub zone: Zone,
}

impl MarginCallScenario {
    /// Names and titles of the shipped scenarios.
    #[must_use]
    pub const fn shipped() -> &'static [(&'static str, &'static str)] {
        &[("margin-call", "March 2020: a book of margin agreements")]
    }

    /// File, source, licence and hash of each table.
    #[must_use]
    pub fn provenance(&self) -> Vec<Told> {
        let files = &self.settings.files;
        let names = [&files.spy, &files.eth, &files.rates, &files.pool];
        let texts = names.into_iter().zip(self.texts.iter().map(String::as_str));
        provenance(texts, &self.settings.sources, NOT_STATED)
    }

    /// A shipped scenario by name, or a file by path.
    ///
    /// # Errors
    /// No such file, or the field that makes no sense.
    pub fn open(name: &str) -> Result<MarginCallScenario, ScenarioError> {
        let (text, files) = Shelf::open(name, MARGIN_CALLS, LISTED, "")?;
        MarginCallScenario::read(name, &text, |file| files.text(file))
    }

    /// The scenario of a text; `file` gives the text of a file that it names.
    ///
    /// # Errors
    /// As [`MarginCallScenario::open`].
    pub fn read(
        name: &str,
        text: &str,
        file: impl Fn(&str) -> Result<String, ScenarioError>,
    ) -> Result<MarginCallScenario, ScenarioError> {
        let settings: Settings = toml::from_str(text)
            .map_err(|error| ScenarioError::setting(name, error.to_string()))?;
        let zone = Zone::named(&settings.path.zone).ok_or_else(|| {
            let known: Vec<&str> = Zone::names().collect();
            let reason = format!("'{}': one of {}", settings.path.zone, known.join(", "));
            ScenarioError::setting("path.zone", reason)
        })?;
        let mut agreements = Vec::new();
        for own in &settings.agreements {
            let document = Document::parse(&file(&own.file)?)
                .map_err(|error| ScenarioError::setting(&own.file, error.to_string()))?;
            agreements.push(document.agreement);
        }
        let files = &settings.files;
        let texts = [&files.spy, &files.eth, &files.rates, &files.pool];
        let [spy, eth, rates, pool] = texts.map(|name| file(name));
        let scenario =
            MarginCallScenario { texts: [spy?, eth?, rates?, pool?], settings, agreements, zone };
        scenario.check()?;
        Ok(scenario)
    }

    /// Place of an agreement by its id.
    ///
    /// # Errors
    /// There is none.
    pub fn agreement(&self, field: &str, id: &str) -> Result<usize, ScenarioError> {
        let place = self.agreements.iter().position(|agreement| agreement.id == id);
        place.ok_or_else(|| {
            let known: Vec<&str> = self.agreements.iter().map(|it| it.id.as_str()).collect();
            ScenarioError::setting(field, format!("'{id}': one of {}", known.join(", ")))
        })
    }

    /// Place of a party by its name.
    ///
    /// # Errors
    /// There is none.
    pub fn party(&self, field: &str, name: &str) -> Result<usize, ScenarioError> {
        let place = self.settings.parties.iter().position(|party| party.name == name);
        place.ok_or_else(|| {
            let known: Vec<&str> =
                self.settings.parties.iter().map(|it| it.name.as_str()).collect();
            ScenarioError::setting(field, format!("'{name}': one of {}", known.join(", ")))
        })
    }

    fn check(&self) -> Result<(), ScenarioError> {
        let wrong = |field: &str, reason: String| Err(ScenarioError::setting(field, reason));
        for (place, agreement) in self.agreements.iter().enumerate() {
            let again = self.agreements[..place].iter().any(|other| other.id == agreement.id);
            if again {
                return wrong("agreements", format!("'{}' stands there twice", agreement.id));
            }
            if agreement.currency != "USD" || agreement.decimals != 2 {
                let reason = format!("'{}': USD with 2 decimals is right here", agreement.id);
                return wrong("agreements", reason);
            }
            for party in &agreement.parties {
                self.party("agreements.parties", &party.name)?;
            }
        }
        let clock = &self.settings.clock;
        for (field, hour) in [
            ("clock.value", clock.value),
            ("clock.answer", clock.answer),
            ("clock.deliver", clock.deliver),
            ("clock.sell_from", clock.sell_from),
            ("clock.sell_to", clock.sell_to),
        ] {
            if hour > 23 {
                return wrong(field, format!("{hour}: an hour from 0 to 23"));
            }
        }
        if clock.value >= clock.answer || clock.answer > clock.deliver {
            let reason = format!("{}: after clock.value, not after clock.deliver", clock.answer);
            return wrong("clock.answer", reason);
        }
        self.party("guarantee.party", &self.settings.guarantee.party)?;
        Ok(())
    }
}
