//! Refusals of input that cannot be drawn, each naming its field.

use crate::error::ReportError;
use crate::input::Identity;

/// Largest size of a number that the geometry can take without overflow: spans and squares of it
/// stay finite.
const LIMIT: f64 = 1e100;

/// Checks that an axis can take the number. `field` is only called to name a refusal.
pub(crate) fn drawable(value: f64, field: impl Fn() -> String) -> Result<(), ReportError> {
    if !value.is_finite() {
        return Err(ReportError::NotFinite { field: field(), value });
    }
    if value.abs() > LIMIT {
        return Err(ReportError::TooLarge { field: field(), value });
    }
    Ok(())
}

/// Checks that the number can be drawn as a size.
pub(crate) fn size(value: f64, field: impl Fn() -> String) -> Result<(), ReportError> {
    drawable(value, &field)?;
    if value < 0.0 {
        return Err(ReportError::Negative { field: field(), value });
    }
    Ok(())
}

/// Checks that a list of drawable numbers does not descend.
pub(crate) fn ascending(
    values: impl IntoIterator<Item = f64>,
    field: impl Fn(usize) -> String,
) -> Result<(), ReportError> {
    let mut previous = f64::NEG_INFINITY;
    for (index, value) in values.into_iter().enumerate() {
        drawable(value, || field(index))?;
        if value < previous {
            return Err(ReportError::OutOfOrder { field: field(index), value, previous });
        }
        previous = value;
    }
    Ok(())
}

/// Checks that two lists belong together.
pub(crate) fn same_length(
    actual: usize,
    expected: usize,
    of: &'static str,
    field: impl Fn() -> String,
) -> Result<(), ReportError> {
    if actual == expected {
        Ok(())
    } else {
        Err(ReportError::LengthMismatch { field: field(), actual, expected, of })
    }
}

/// Checks that the text is a hash long enough to be quoted.
pub(crate) fn hash(text: &str, field: impl Fn() -> String) -> Result<(), ReportError> {
    if text.len() >= 16 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(())
    } else {
        Err(ReportError::NotHash { field: field(), value: text.to_owned() })
    }
}

/// Checks that the foot of every chart can be written.
pub(crate) fn identity(identity: &Identity) -> Result<(), ReportError> {
    let texts = [
        (&identity.scenario, "identity.scenario"),
        (&identity.shock, "identity.shock"),
        (&identity.rulebook, "identity.rulebook"),
    ];
    for (text, field) in texts {
        if text.trim().is_empty() {
            return Err(ReportError::EmptyText { field: field.to_owned() });
        }
    }
    hash(&identity.state_hash, || "identity.state_hash".to_owned())
}
