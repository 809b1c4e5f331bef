//! What happened, written down as it comes.

use super::record::Occurrence;
use super::runner::Stage;
use breakwater_agreement::listed::{Happened, Request, What};
use breakwater_engine::{Outcome, What as Told};
use breakwater_liquidation::effects::{Bearer, Fact};
use breakwater_money::{AccountId, Amount, Price, Time, decimal};

impl Stage<'_> {
    pub fn tell(&mut self, happened: &Happened, outcome: Option<&Outcome>) {
        let at = happened.at;
        let write = |stage: &mut Self, what, account, amount, told| {
            let contract = Some(happened.series);
            stage.occurrences.push(Occurrence { at, contract, what, account, amount, told });
        };
        let dollars = |price: Price| decimal::format_raw(price.raw, price.decimals);
        let rejected = outcome.and_then(|outcome| outcome.rejected.as_ref());
        if let Some(why) = rejected {
            let account = asking(&happened.what).map(|account| self.name(account));
            let told = format!("{} refused by the rulebook: {why}", happened.what.name());
            write(self, "refused", account, None, told);
            return;
        }
        let facts = outcome.map(happenings).unwrap_or_default();
        match happened.what {
            What::Funded { premium_e12, rate_e12, samples } => {
                let percent = |rate: i64| decimal::format_raw_signed(rate.into(), 10);
                let paid = facts.iter().find_map(|fact| match fact {
                    Fact::Charged { paid, .. } => Some(self.amount(*paid)),
                    _ => None,
                });
                let side = match rate_e12 {
                    0 => "nobody pays",
                    ..0 => "shorts pay longs",
                    _ => "longs pay shorts",
                };
                let told = format!(
                    "rate {} % of an average premium of {} % over {samples} samples: {side}",
                    percent(rate_e12),
                    percent(premium_e12)
                );
                write(self, "funding", None, paid, told);
            }
            What::SessionEnded if outcome.is_none() => {}
            What::SessionEnded => {
                write(self, "session", None, None, "profit and loss became cash".to_owned());
            }
            What::FixingBegan => {
                let told = "averaging of the settlement price began".to_owned();
                write(self, "fixing", None, None, told);
            }
            What::Delivered { price, samples, missing } => {
                let averaged = self.scenario.lifecycles[happened.series].settlement.is_some();
                let told = match (averaged, missing) {
                    (false, _) => format!("delivered at the last index, {}", dollars(price)),
                    (true, 0) => {
                        format!("delivered at {}, the mean of {samples} samples", dollars(price))
                    }
                    // Whether their mean or the last index decided is the rule's to say.
                    (true, _) => format!(
                        "delivered at {}: of its samples {samples} were there, {missing} missing",
                        dollars(price)
                    ),
                };
                write(self, "delivery", None, Some(dollars(price)), told);
            }
            What::Exercised { holder, price, .. } => {
                for fact in &facts {
                    let Fact::Exercised { writer, quantity, paid, .. } = fact else { continue };
                    let by = writer.map_or("the outside".to_owned(), |it| self.name(it));
                    let used = self.amount(*quantity);
                    let told = format!("{used} used at {}; {by} pays", dollars(price));
                    let (holder, paid) = (Some(self.name(holder)), Some(self.amount(*paid)));
                    write(self, "exercise", holder, paid, told);
                }
            }
            What::Transferred { from, to, quantity, mark } => {
                let quantity = self.quantity(happened.series, quantity);
                let at = mark.map_or("with its entry".to_owned(), |mark| {
                    format!("at the mark of {}", dollars(mark))
                });
                let entry = facts.iter().find_map(|fact| match fact {
                    Fact::Moved { entry, .. } => Some(self.amount(*entry)),
                    _ => None,
                });
                let told = format!("{quantity} to {} {at}", self.name(to));
                write(self, "transfer", Some(self.name(from)), entry, told);
            }
            What::Rolled { holder, into, near, far } => {
                let next = self.scenario.settings.contracts[into].symbol.clone();
                let told = match outcome {
                    Some(_) => format!("out at {}, into {next} at {}", dollars(near), dollars(far)),
                    None => "nothing to roll: it holds none".to_owned(),
                };
                write(self, "roll", Some(self.name(holder)), None, told);
            }
            What::Refused { request, why } => {
                let asking = match request {
                    Request::Exercise { holder, .. } | Request::Rolling { holder, .. } => holder,
                    Request::Transfer { from, .. } => from,
                };
                write(self, "refused", Some(self.name(asking)), None, why.to_string());
            }
        }
    }

    /// Losses and who bears them, whatever command they came with.
    pub fn read(&mut self, outcome: &Outcome, at: Time) {
        for fact in happenings(outcome) {
            let (what, account, amount, told) = match fact {
                Fact::Deficit { account, amount, .. } => {
                    ("deficit", account, amount, "lost more than it had".to_owned())
                }
                Fact::Borne { account, bearer, amount } => {
                    let by = match bearer {
                        Bearer::Insurance => "the insurance fund".to_owned(),
                        Bearer::Deleveraged(winner) | Bearer::Socialised(winner) => {
                            self.name(winner)
                        }
                        _ => "others".to_owned(),
                    };
                    ("loss borne", account, amount, format!("borne by {by}"))
                }
                _ => continue,
            };
            let (account, amount) = (Some(self.name(account)), Some(self.amount(amount)));
            self.occurrences.push(Occurrence { at, contract: None, what, account, amount, told });
        }
    }

    pub fn name(&self, account: AccountId) -> String {
        let known = self.scenario.settings.accounts.get(account.index());
        known.map_or_else(|| account.to_string(), |known| known.name.clone())
    }

    /// An exact amount with its unit.
    pub fn amount(&self, amount: Amount) -> String {
        let info = self.host.engine.assets().get(amount.asset.index());
        info.map_or_else(String::new, |info| {
            format!("{} {}", decimal::format_raw(amount.raw, info.decimals), info.symbol)
        })
    }

    fn quantity(&self, place: usize, raw: u128) -> String {
        decimal::format_raw(raw, self.scenario.settings.contracts[place].decimals)
    }
}

/// Who asked for what happened, where somebody did.
const fn asking(what: &What) -> Option<AccountId> {
    match what {
        What::Exercised { holder, .. } | What::Rolled { holder, .. } => Some(*holder),
        What::Transferred { from, .. } => Some(*from),
        _ => None,
    }
}

/// The facts of an outcome.
fn happenings(outcome: &Outcome) -> Vec<Fact> {
    let facts = outcome.facts().filter_map(|what| match what {
        Told::Happened(fact) => Some(fact.clone()),
        _ => None,
    });
    facts.collect()
}
