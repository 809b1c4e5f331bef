//! Exact fractions as decimals, rounded the way that is named.

use breakwater_money::{Rational, rational};

/// Digits after the point of a price or amount in JSON.
pub const PLACES: u8 = 18;
/// Digits after the point of a share in percent, in JSON.
pub const PERCENT_PLACES: u8 = 6;
/// Digits of a price as text that carry weight.
const SIGNIFICANT: u8 = 8;

/// Down to `places` digits after the point, without trailing zeros.
pub fn down(value: &Rational, places: u8) -> String {
    let unit = rational::from_raw(1, places);
    plain(&((value / &unit).floor() * unit), places)
}

/// The same upwards.
pub fn up(value: &Rational, places: u8) -> String {
    let unit = rational::from_raw(1, places);
    plain(&((value / &unit).ceil() * unit), places)
}

/// A price is told no later than it is reached: up where the market falls to it, down where it rises.
pub fn reached(price: &Rational, falling: bool, places: u8) -> String {
    if falling { up(price, places) } else { down(price, places) }
}

/// `value` as a fraction in lowest terms; a whole number stands alone.
pub fn fraction(value: &Rational) -> String {
    value.to_string()
}

/// A share in percent, rounded down.
pub fn percent(share: &Rational, places: u8) -> String {
    down(&(share * rational::from_raw(100, 0)), places)
}

/// Digits after the point that show a price of this size well: two at least.
pub fn places_for(price: &Rational) -> u8 {
    let (one, tenth) = (rational::from_raw(1, 0), rational::from_raw(1, 1));
    let nought = rational::from_raw(0, 0);
    let mut size = if *price < nought { -price } else { price.clone() };
    let mut places = SIGNIFICANT;
    if size >= one {
        while size >= one && places > 2 {
            size *= &tenth;
            places -= 1;
        }
        return places;
    }
    while size < tenth && size > nought && places < PLACES {
        size /= &tenth;
        places += 1;
    }
    places
}

/// The value has no more than `places` digits after the point, so nothing is cut.
fn plain(value: &Rational, places: u8) -> String {
    let text = rational::format(value, places);
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn r(text: &str) -> Rational {
        rational::parse(text).unwrap()
    }

    #[test]
    fn rounding_goes_the_way_that_is_named() {
        assert_eq!((down(&r("1/3"), 2), up(&r("1/3"), 2)), ("0.33".to_owned(), "0.34".to_owned()));
        assert_eq!((down(&r("-1/3"), 2), up(&r("-1/3"), 2)), ("-0.34".into(), "-0.33".into()));
        assert_eq!((down(&r("5"), 18), up(&r("120"), 0)), ("5".into(), "120".into()));
        assert_eq!(reached(&r("51226.504"), true, 2), "51226.51");
        assert_eq!(reached(&r("51226.509"), false, 2), "51226.5");
        assert_eq!(percent(&r("0.16999"), 2), "16.99");
        assert_eq!(fraction(&r("10/4")), "5/2");
    }

    #[test]
    fn small_prices_keep_their_digits() {
        for (price, places) in
            [("60996", 3), ("12345678901", 2), ("1", 7), ("0.5", 8), ("0.000012", 12), ("0", 8)]
        {
            assert_eq!(places_for(&r(price)), places, "{price}");
        }
    }
}
