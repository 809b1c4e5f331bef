mod random;
mod stories;

use super::*;
use crate::support::document::Document;
use crate::support::valuation::{MarginAmounts, cover};
use breakwater_money::rational::parse;

pub(super) const ANNEX: &str =
    include_str!("../../../../../../scenarios/agreements/annex-1994.toml");
pub(super) const VARIATION: &str =
    include_str!("../../../../../../scenarios/agreements/variation-2016.toml");
pub(super) const INITIAL: &str =
    include_str!("../../../../../../scenarios/agreements/initial-2018.toml");

pub(super) fn agreement(text: &str) -> Agreement {
    Document::parse(text).unwrap().agreement
}

/// An agreement with what it said so far, on its own clock.
pub(super) struct Stage {
    pub agreement: Agreement,
    pub state: State,
    pub said: Vec<Told>,
}

impl Stage {
    pub fn new(agreement: Agreement, start: &str) -> Stage {
        let at = clock(&agreement, start);
        let state = State::new(&agreement, at);
        Stage { agreement, state, said: Vec::new() }
    }

    /// Takes `input` at the local time `at` and gives what was said.
    pub fn at(&mut self, at: &str, input: Input) -> Vec<Output> {
        let at = clock(&self.agreement, at);
        let told = step(&self.agreement, &mut self.state, at, &input);
        self.said.extend(told.clone());
        assert!(self.state.accounts().balanced(), "{:?}", self.state.accounts());
        told.into_iter().map(|told| told.output).collect()
    }

    pub fn value(&mut self, at: &str, exposure: &str, prices: &[&str]) -> Vec<Output> {
        let valuation = valuation(&self.agreement, exposure, prices);
        self.at(at, Input::Value(valuation))
    }

    /// Lots that cover `amount` at the last prices.
    pub fn lots(&self, amount: &str) -> Vec<u128> {
        let plenty = vec![1_000_000_000_000; self.agreement.collateral.len()];
        let amount = parse(amount).unwrap();
        cover(&self.agreement, self.state.prices(), &plenty, &amount).unwrap()
    }

    pub fn local(&self, at: Time) -> String {
        crate::support::message::local(&self.agreement.timing.zone, at)
    }
}

pub(super) fn clock(agreement: &Agreement, text: &str) -> Time {
    let moment: crate::calendar::Moment = text.parse().unwrap();
    agreement.timing.zone.instant(moment.date(), moment.second())
}

pub(super) fn valuation(agreement: &Agreement, exposure: &str, prices: &[&str]) -> Valuation {
    let exposure = parse(exposure).unwrap();
    let margin = || MarginAmounts {
        margin_amount: exposure.clone().max(parse("0").unwrap()),
        independent_amount: parse("0").unwrap(),
    };
    assert_eq!(prices.len(), agreement.collateral.len());
    Valuation {
        margin: [margin(), margin()],
        exposure,
        prices: prices.iter().map(|price| Some(parse(price).unwrap())).collect(),
    }
}
