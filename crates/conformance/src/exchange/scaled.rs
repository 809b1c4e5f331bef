//! Exact numbers as integers at one scale, for rules that are integers.
//!
//! The scale is the least common denominator of everything that has to fit it, so nothing is rounded
//! on the way in; what comes out is put back over the same denominator.

use crate::Mismatch;
use crate::fields::Fields;
use breakwater_money::{Rational, U256, rational};

/// A common denominator.
#[derive(Debug, Clone)]
pub struct Scaled {
    one: Rational,
}

impl Scaled {
    /// The least scale at which all `values` are whole.
    pub fn common<'a>(values: impl IntoIterator<Item = &'a Rational>) -> Self {
        let whole = Scaled { one: rational::from_raw(1, 0) };
        values.into_iter().fold(whole, |scale, value| scale.finer(value))
    }

    /// The least refinement of this scale at which `value` is whole too.
    pub fn finer(&self, value: &Rational) -> Self {
        let left = (&self.one * value).denom().clone();
        Scaled { one: &self.one * Rational::from_integer(left) }
    }

    /// This scale, as many times finer as `value` has in its denominator.
    pub fn times(&self, value: &Rational) -> Self {
        Scaled { one: &self.one * Rational::from_integer(value.denom().clone()) }
    }

    /// `value`, the field `name` of `fields`, in units of the scale.
    pub fn raw<T: TryFrom<i128>>(
        &self,
        fields: &Fields<'_>,
        name: &str,
        value: &Rational,
    ) -> Result<T, Mismatch> {
        let raw = whole(&(value * &self.one)).and_then(|raw| T::try_from(raw).ok());
        let right =
            || fields.wrong(name, "a number that fits its width and sign at a common scale");
        raw.ok_or_else(right)
    }

    /// The number that `raw` units are.
    pub fn number(&self, raw: i128) -> Rational {
        // Exact: rationals do not round.
        rational::from_raw(raw, 0) / &self.one
    }

    /// The number that `numerator / denominator` units are.
    pub fn quotient(&self, numerator: U256, denominator: U256) -> Rational {
        let part = |value| Rational::from_integer(rational::big(value).into());
        part(numerator) / part(denominator) / &self.one
    }
}

/// `value` as an integer of 128 bits, if it is one.
fn whole(value: &Rational) -> Option<i128> {
    if value.is_integer() { i128::try_from(value.numer().clone()).ok() } else { None }
}

/// `value`, the field `name`, at `decimals`; a finer number is refused.
pub fn fixed<T: TryFrom<i128>>(
    fields: &Fields<'_>,
    name: &str,
    value: &Rational,
    decimals: u8,
) -> Result<T, Mismatch> {
    let one = Rational::from_integer(10.into()).pow(i32::from(decimals));
    let raw = whole(&(value * one)).and_then(|raw| T::try_from(raw).ok());
    let right = || format!("a number that fits its width and sign at {decimals} decimals");
    raw.ok_or_else(|| fields.wrong(name, &right()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_common_scale_is_the_least_and_loses_nothing() {
        let values = ["0.25", "1/6", "-3"].map(|text| rational::parse(text).unwrap());
        let scale = Scaled::common(&values);
        let case = json!({"input": {"x": "?"}});
        let fields = Fields::of(&case, "input").unwrap();
        let raw: Vec<i128> =
            values.iter().map(|value| scale.raw(&fields, "x", value).unwrap()).collect();
        assert_eq!(raw, [3, 2, -36]);
        let back: Vec<Rational> = raw.iter().map(|raw| scale.number(*raw)).collect();
        assert_eq!(back, values);
        assert!(scale.raw::<u128>(&fields, "x", &values[2]).is_err());
        assert_eq!(
            scale.raw(&fields, "x", &rational::parse("1/7").unwrap()),
            Err::<i128, _>(
                fields.wrong("x", "a number that fits its width and sign at a common scale")
            )
        );
        assert_eq!(
            scale.finer(&rational::parse("1/7").unwrap()).number(84),
            values[0].clone() * rational::from_raw(4, 0)
        );
        assert_eq!(scale.times(&values[0]).number(48), rational::from_raw(1, 0));
        assert_eq!(fixed(&fields, "x", &values[0], 2), Ok(25i128));
        assert!(fixed::<i128>(&fields, "x", &values[0], 1).is_err());
    }
}
