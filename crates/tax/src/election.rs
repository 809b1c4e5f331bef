//! Elections: every uncertain point of a profile by name, with its choices and its default.
//!
//! An election stands in the result whether it was made or left at its default, so that two runs
//! can be compared.

use crate::error::{Result, TaxError};
use crate::profile::Profile;
use std::collections::BTreeMap;

/// One uncertain point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Election {
    /// Its name on the command line and in the result.
    pub name: &'static str,
    /// Profiles that ask it.
    pub profiles: &'static [Profile],
    /// The question.
    pub question: &'static str,
    /// Choices, the default first; none where it takes names.
    pub choices: &'static [&'static str],
    /// Why it is uncertain, or what the choice rests on.
    pub ground: &'static str,
    /// Whether the law or its reading is open; otherwise it is a choice the holder has.
    pub uncertain: bool,
}

use Profile::{Au, Ca, De, Uk, Us};

/// Every election.
pub const ELECTIONS: &[Election] = &[
    Election {
        name: "scope-before-2025",
        profiles: &[Us],
        question: "Which lots did a disposal before 2025 choose among?",
        choices: &["universal", "wallet"],
        ground: "Reg. 1.1012-1(j) asks for wallets from 2025-01-01; universal pools were used before, and \
                 Rev. Proc. 2024-28 allots what is left (here: wallets by name, earliest lots first)",
        uncertain: false,
    },
    Election {
        name: "seizure-presentation",
        profiles: &[Us],
        question: "How is a seizure shown on Form 8949?",
        choices: &["debt-discharged", "gross-less-bonus"],
        ground: "the gain is the same: proceeds are the debt discharged (Reg. 1.1001-2), or market value \
                 with the bonus as a selling expense",
        uncertain: false,
    },
    Election {
        name: "form-1099-da",
        profiles: &[Us],
        question: "What did brokers report on Form 1099-DA?",
        choices: &["none", "proceeds", "proceeds-and-basis"],
        ground: "chooses boxes I and L, H and K, or G and J of Form 8949 from 2025 on",
        uncertain: false,
    },
    Election {
        name: "wash-sales",
        profiles: &[Us],
        question: "Are losses disallowed when the same asset is bought within 30 days?",
        choices: &["off", "on"],
        ground: "section 1091 covers stock and securities; not settled for tokens that are securities",
        uncertain: true,
    },
    Election {
        name: "section-1256",
        profiles: &[Us],
        question: "Which venues list contracts of section 1256?",
        choices: &[],
        ground: "regulated futures on a qualified board are; perpetual contracts listed in the United States \
                 are argued, offshore and on-chain ones are not",
        uncertain: true,
    },
    Election {
        name: "short-contract-term",
        profiles: &[Us],
        question: "What term has the gain of a short position outside section 1256?",
        choices: &["short", "by-holding"],
        ground: "a reading of section 1233; no guidance for perpetual contracts",
        uncertain: true,
    },
    Election {
        name: "funding",
        profiles: &[Us, Uk, De, Ca, Au],
        question: "What is funding of a perpetual contract?",
        choices: &["adjusts-gain", "ordinary"],
        ground: "no guidance; practice splits",
        uncertain: true,
    },
    Election {
        name: "repayment-value",
        profiles: &[Us],
        question: "What is realised when a token loan is repaid in kind?",
        choices: &["debt", "market"],
        ground: "the debt at its value when borrowed, or market value; section 1058 is for securities",
        uncertain: true,
    },
    Election {
        name: "seizure-value",
        profiles: &[Uk, De, Ca, Au],
        question: "Which value does a seizure, or a repayment in kind, count with?",
        choices: &["market", "debt"],
        ground: "HMRC CRYPTO61640 and 61676 take market value, penalty tokens included; advisers have argued \
                 for less, and elsewhere it is a reading",
        uncertain: true,
    },
    Election {
        name: "posted-collateral",
        profiles: &[Us, Uk, De, Ca, Au],
        question: "Does posting collateral pass ownership?",
        choices: &["kept", "passed"],
        ground: "where the platform may deal with it freely, posting may be the disposal, and liquidation \
                 then adds none (HMRC CRYPTO61675; elsewhere a reading)",
        uncertain: true,
    },
    Election {
        name: "waived-debt",
        profiles: &[Us, Uk, De, Ca, Au],
        question: "Is a deficit that a fund bore income of the borrower?",
        choices: &["not-income", "flagged-as-income"],
        ground: "possible income from cancelled debt if there was recourse, none if not",
        uncertain: true,
    },
    Election {
        name: "deleveraged-close",
        profiles: &[Us, Uk, De, Ca, Au],
        question: "Is a close by auto-deleveraging anything but a close?",
        choices: &["ordinary-close"],
        ground: "no relief for involuntary conversion is known",
        uncertain: true,
    },
    Election {
        name: "lot-scope",
        profiles: &[De, Au],
        question: "Which lots does a disposal choose among?",
        choices: &["wallet", "universal"],
        ground: "Germany: first in first out per wallet is accepted (reading); Australia: by record",
        uncertain: false,
    },
    Election {
        name: "treatment",
        profiles: &[Ca],
        question: "Capital account or business?",
        choices: &["capital", "business"],
        ground: "half of a capital gain is included, all of a business profit",
        uncertain: true,
    },
];

/// Elections of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elections {
    profile: Profile,
    made: BTreeMap<&'static str, String>,
}

/// An election as it stands in a result.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Stands {
    /// Name.
    pub election: String,
    /// The choice in force.
    pub choice: String,
    /// Whether it is the default.
    pub by_default: bool,
    /// The question.
    pub question: String,
    /// Why it is asked.
    pub ground: String,
}

impl Elections {
    /// Every default of a profile.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Elections { profile, made: BTreeMap::new() }
    }

    /// The profile whose elections they are.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The elections that a profile asks.
    pub fn of(profile: Profile) -> impl Iterator<Item = &'static Election> {
        ELECTIONS.iter().filter(move |election| election.profiles.contains(&profile))
    }

    /// Makes an election, as `name=choice`.
    ///
    /// # Errors
    /// The profile asks no such election, or it has no such choice.
    pub fn elect(&mut self, text: &str) -> Result<()> {
        let (name, choice) = text.split_once('=').unwrap_or((text, ""));
        let known = || Elections::of(self.profile).map(|e| e.name).collect::<Vec<_>>().join(", ");
        let Some(election) = Elections::of(self.profile).find(|election| election.name == name)
        else {
            let (profile, found) = (self.profile.word().to_owned(), name.to_owned());
            return Err(TaxError::NoElection { profile, found, known: known() });
        };
        if !election.choices.is_empty() && !election.choices.contains(&choice) {
            return Err(TaxError::NoChoice {
                election: name.to_owned(),
                found: choice.to_owned(),
                known: election.choices.join(" or "),
            });
        }
        self.made.insert(election.name, choice.to_owned());
        Ok(())
    }

    /// The choice in force; empty where an election takes names and none was given.
    #[must_use]
    pub fn choice(&self, name: &str) -> &str {
        let default = || {
            let election = ELECTIONS.iter().find(|election| election.name == name);
            election.and_then(|election| election.choices.first()).copied().unwrap_or("")
        };
        self.made.get(name).map_or_else(default, String::as_str)
    }

    /// Whether a choice is in force.
    #[must_use]
    pub fn is(&self, name: &str, choice: &str) -> bool {
        self.choice(name) == choice
    }

    /// Whether an election that takes names has this one.
    #[must_use]
    pub fn names(&self, election: &str, name: &str) -> bool {
        self.choice(election).split('+').any(|one| one == name)
    }

    /// Every election of the profile as it stands.
    #[must_use]
    pub fn stand(&self) -> Vec<Stands> {
        let stands = |election: &Election| {
            let choice = self.choice(election.name);
            Stands {
                election: election.name.to_owned(),
                choice: if choice.is_empty() { "none".to_owned() } else { choice.to_owned() },
                by_default: !self.made.contains_key(election.name),
                question: election.question.to_owned(),
                ground: election.ground.split_whitespace().collect::<Vec<_>>().join(" "),
            }
        };
        Elections::of(self.profile).map(stands).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_election_is_made_by_name_and_choice_or_refused() {
        let mut elections = Elections::new(Us);
        assert!(elections.is("wash-sales", "off"));
        elections.elect("wash-sales=on").unwrap();
        assert!(elections.is("wash-sales", "on"));
        elections.elect("section-1256=one+two").unwrap();
        assert!(elections.names("section-1256", "two") && !elections.names("section-1256", "tw"));
        let told = |text: &str| Elections::new(Us).elect(text).unwrap_err().to_string();
        assert!(told("wash-sales=maybe").contains("off or on is right"));
        assert!(told("seizure-value=market").contains("is no election of profile us"));
        let stands = elections.stand();
        let wash = stands.iter().find(|stands| stands.election == "wash-sales").unwrap();
        assert!(!wash.by_default && wash.choice == "on");
        assert!(stands.iter().any(|stands| stands.election == "funding" && stands.by_default));
    }

    #[test]
    fn every_profile_prints_what_stays_uncertain() {
        for profile in Profile::ALL {
            let names: Vec<_> = Elections::of(profile).map(|election| election.name).collect();
            for name in ["funding", "posted-collateral", "waived-debt", "deleveraged-close"] {
                assert!(names.contains(&name), "{name} of {}", profile.word());
            }
        }
    }
}
