//! What a family of vector files must offer to be checked.

use serde_json::Value;

/// One output, or one input, of a case that is not what the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Path of the field inside the case: `expected.price`, `input.others[0].qty`.
    pub field: String,
    /// What the file says, or what the field should have been.
    pub expected: String,
    /// What was computed, or what stands in the file.
    pub got: String,
}

impl Mismatch {
    /// A mismatch of `field`.
    #[must_use]
    pub fn new(
        field: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Mismatch { field: field.into(), expected: expected.into(), got: got.into() }
    }
}

/// The rules behind one family of vector files.
pub trait Adapter {
    /// Whether this adapter can check `file`, judged by its content alone.
    fn knows(&self, file: &Value) -> bool;

    /// The cases of `file`, in its order.
    fn cases<'a>(&self, file: &'a Value) -> Vec<&'a Value> {
        case_list(file).map(|list| list.iter().collect()).unwrap_or_default()
    }

    /// Whether each case of the family has an `id`; where not, cases are told by their place.
    fn cases_have_ids(&self) -> bool {
        true
    }

    /// Computes the outputs of `case` and compares those that it lists.
    /// `file` is at hand for what a family states once a file: constants, scales, a version.
    ///
    /// # Errors
    /// Every output that differs, or the input that makes the case unusable.
    fn check(&self, file: &Value, case: &Value) -> Result<(), Vec<Mismatch>>;
}

/// The list of cases inside `file`: its `vectors`, its `cases`, or the file itself if it is a list.
#[must_use]
pub fn case_list(file: &Value) -> Option<&[Value]> {
    let list = [file.get("vectors"), file.get("cases"), Some(file)];
    list.into_iter().flatten().find_map(Value::as_array).map(Vec::as_slice)
}
