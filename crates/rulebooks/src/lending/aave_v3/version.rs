//! The contract versions that are mirrored, and what separates them.

use breakwater_money::Rounding;
use serde::{Deserialize, Serialize};

/// The contract version whose roundings are followed. Two neighbouring versions differ by a unit
/// in nearly every call that takes a fee, so it is never implied.
///
/// A chain's oracle sentinel, which up to v3.6 may hold liquidations back after a sequencer
/// outage while health is 0.95 or more, is not modelled: v3.5 and v3.6 are those of a market
/// without one, such as that on Ethereum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
#[non_exhaustive]
pub enum Version {
    /// v3.5: the amounts of v3.6, and supplied balance that a liquidator receives becomes its
    /// collateral by itself. Written from the rule alone (the venue's feature notes for v3.5 and
    /// v3.6): no numbers of this version's contracts have been held against it.
    V3_5,
    /// v3.6 (tag v3.6.0): bonus and fee half up, and collateral is gone when the amounts taken
    /// say so.
    V3_6,
    /// v3.7 (commit fd1fbd91): every rounding of the collateral side against the liquidator, and
    /// collateral is gone when the scaled units consumed say so.
    V3_7,
}

/// A version that is not mirrored: the sentence says which are, and why this one is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("version = {text:?}: must be \"3.5\", \"3.6\" or \"3.7\"; {reason}")]
pub struct UnknownVersion {
    /// What was asked for.
    pub text: String,
    /// Why it is refused.
    pub reason: &'static str,
}

/// The sites of the sizing whose rounding has changed between versions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Roundings {
    /// Collateral with its bonus, from the collateral worth the repaid debt.
    pub(super) bonus: Rounding,
    /// Collateral without its bonus, when the fee's base is taken out of it.
    pub(super) principal: Rounding,
    /// The protocol's share of the bonus.
    pub(super) fee: Rounding,
}

impl Version {
    /// Every version, oldest first.
    pub const ALL: [Version; 3] = [Version::V3_5, Version::V3_6, Version::V3_7];

    /// The version's name: major and minor number.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Version::V3_5 => "3.5",
            Version::V3_6 => "3.6",
            Version::V3_7 => "3.7",
        }
    }

    /// The version of that name.
    ///
    /// # Errors
    /// [`UnknownVersion`] with the reason: older versions turn shares into units by another rule.
    pub fn named(text: &str) -> Result<Self, UnknownVersion> {
        if let Some(known) = Version::ALL.into_iter().find(|version| version.name() == text) {
            return Ok(known);
        }
        let number = text.strip_prefix("3.").and_then(|minor| minor.parse::<u8>().ok());
        let reason = match number {
            Some(0..=4) => {
                "up to 3.4 shares and indices are rounded half up and tiny debts are worth \
                 nothing, which is not mirrored"
            }
            Some(_) => "a later version is not mirrored until its numbers are",
            None => "it is given as major and minor number",
        };
        Err(UnknownVersion { text: text.to_owned(), reason })
    }

    /// How the sizing rounds. Up to v3.6 half up at all three sites, where a liquidator could pick
    /// the amount that lands in its favour; from v3.7 against the liquidator.
    pub(super) const fn roundings(self) -> Roundings {
        match self {
            Version::V3_5 | Version::V3_6 => Roundings {
                bonus: Rounding::HalfUp,
                principal: Rounding::HalfUp,
                fee: Rounding::HalfUp,
            },
            Version::V3_7 => Roundings {
                bonus: Rounding::Floor,
                principal: Rounding::Floor,
                fee: Rounding::Ceil,
            },
        }
    }

    /// Whether supplied balance that a liquidator receives starts to count as its collateral,
    /// where it held none of that reserve before. Ended with v3.6.
    #[must_use]
    pub const fn received_is_collateral(self) -> bool {
        matches!(self, Version::V3_5)
    }
}

impl TryFrom<String> for Version {
    type Error = UnknownVersion;

    fn try_from(text: String) -> Result<Self, UnknownVersion> {
        Version::named(&text)
    }
}

impl From<Version> for &'static str {
    fn from(version: Version) -> Self {
        version.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_goes_by_its_name_and_others_are_refused_with_the_reason() {
        for version in Version::ALL {
            assert_eq!(Version::named(version.name()), Ok(version));
        }
        let refused = |text| Version::named(text).unwrap_err().to_string();
        for (text, reason) in [
            ("3.0", "rounded half up"),
            ("3.4", "rounded half up"),
            ("3.8", "a later version"),
            ("3.70", "a later version"),
            ("3", "major and minor"),
            ("v3.7", "major and minor"),
            ("4.0", "major and minor"),
            ("", "major and minor"),
        ] {
            let said = refused(text);
            assert!(said.starts_with(&format!("version = {text:?}: must be")), "{said}");
            assert!(said.contains(reason), "{said}");
        }
    }

    #[test]
    fn only_before_3_6_does_received_balance_become_collateral() {
        let lends = Version::ALL.map(Version::received_is_collateral);
        assert_eq!(lends, [true, false, false]);
    }
}
