//! What everybody has. Every movement has two ends, so that sums never change.

use super::market::SYMBOLS;
use super::settings::MarginCallScenario;
use crate::ScenarioError;
use breakwater_agreement::support::Agreement;
use breakwater_money::decimal;
use std::collections::BTreeMap;

/// Decimals of quantities, by the place in [`SYMBOLS`].
pub(super) const DECIMALS: [u8; 4] = [2, 2, 2, 2];

/// Raw quantities by the place in [`SYMBOLS`].
pub(super) type Purse = [u128; 4];

/// Everybody's holdings; whoever buys in the market, and sells to it, is outside and may owe.
pub(super) struct Parties {
    pub names: Vec<String>,
    pub purses: Vec<Purse>,
    /// What went into the market less what came out of it.
    pub market: [i128; 4],
    start: [i128; 4],
}

impl Parties {
    pub fn of(scenario: &MarginCallScenario) -> Result<Parties, ScenarioError> {
        let mut parties =
            Parties { names: Vec::new(), purses: Vec::new(), market: [0; 4], start: [0; 4] };
        for party in &scenario.settings.parties {
            if parties.names.contains(&party.name) {
                let reason = format!("'{}' stands there twice", party.name);
                return Err(ScenarioError::setting("parties.name", reason));
            }
            parties.names.push(party.name.clone());
            parties.purses.push(purse("parties.holds", &party.holds)?);
        }
        parties.start = parties.sums(&[0; 4]);
        Ok(parties)
    }

    /// Whether all there was is there: `held` is what agreements hold.
    pub fn balanced(&self, held: &[u128; 4]) -> bool {
        self.sums(held) == self.start
    }

    fn sums(&self, held: &[u128; 4]) -> [i128; 4] {
        let mut sums = self.market;
        for (place, sum) in sums.iter_mut().enumerate() {
            let of = |raw: u128| i128::try_from(raw).unwrap_or(i128::MAX);
            *sum += of(held[place]);
            *sum += self.purses.iter().map(|purse| of(purse[place])).sum::<i128>();
        }
        sums
    }

    /// Takes lots of an agreement from a party, if it has them.
    pub fn take(&mut self, party: usize, agreement: &Agreement, lots: &[u128]) -> bool {
        let lots = to_purse(agreement, lots);
        let purse = &mut self.purses[party];
        if purse.iter().zip(&lots).any(|(has, lot)| has < lot) {
            return false;
        }
        for (has, lot) in purse.iter_mut().zip(&lots) {
            *has -= lot;
        }
        true
    }

    /// Gives lots of an agreement to a party.
    pub fn give(&mut self, party: usize, agreement: &Agreement, lots: &[u128]) {
        let lots = to_purse(agreement, lots);
        for (has, lot) in self.purses[party].iter_mut().zip(&lots) {
            *has += lot;
        }
    }

    /// What a party has of each row of an agreement's schedule.
    pub fn available(&self, party: usize, agreement: &Agreement) -> Vec<u128> {
        let of = |asset: &str| place(asset).map_or(0, |place| self.purses[party][place]);
        agreement.collateral.iter().map(|row| of(&row.asset)).collect()
    }

    /// Pays dollars, if the party has them.
    pub fn pay(&mut self, from: usize, to: usize, cents: u128) -> bool {
        if self.purses[from][0] < cents {
            return false;
        }
        self.purses[from][0] -= cents;
        self.purses[to][0] += cents;
        true
    }
}

/// Place of a symbol.
pub(super) fn place(symbol: &str) -> Option<usize> {
    SYMBOLS.iter().position(|known| *known == symbol)
}

/// Lots of an agreement's schedule by symbol. The schedule's assets were checked.
pub(super) fn to_purse(agreement: &Agreement, lots: &[u128]) -> Purse {
    let mut purse = [0; 4];
    for (row, lot) in agreement.collateral.iter().zip(lots) {
        if let Some(place) = place(&row.asset) {
            purse[place] += lot;
        }
    }
    purse
}

/// Quantities by symbol, each a decimal in quotes.
pub(super) fn purse(
    field: &str,
    stated: &BTreeMap<String, String>,
) -> Result<Purse, ScenarioError> {
    let mut purse = [0; 4];
    for (symbol, text) in stated {
        let field = format!("{field}.{symbol}");
        let Some(place) = place(symbol) else {
            let reason = format!("one of {}", SYMBOLS.join(", "));
            return Err(ScenarioError::setting(field, reason));
        };
        purse[place] = decimal::parse_raw(text, DECIMALS[place])
            .map_err(|error| ScenarioError::setting(field, error.to_string()))?;
    }
    Ok(purse)
}

/// Lots of an agreement of quantities by symbol.
///
/// # Errors
/// A symbol that the schedule does not have.
pub(super) fn lots(
    field: &str,
    agreement: &Agreement,
    stated: &BTreeMap<String, String>,
) -> Result<Vec<u128>, ScenarioError> {
    let whole = purse(field, stated)?;
    for symbol in stated.keys() {
        if agreement.place_of(symbol).is_none() {
            let reason = format!("'{}' does not take it", agreement.id);
            return Err(ScenarioError::setting(format!("{field}.{symbol}"), reason));
        }
    }
    let of = |asset: &str| place(asset).map_or(0, |place| whole[place]);
    Ok(agreement.collateral.iter().map(|row| of(&row.asset)).collect())
}
