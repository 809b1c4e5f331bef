//! A feed's file: one row an event, read exactly.

use crate::ScenarioError;
use breakwater_market::BookSide;
use breakwater_market::book_feed::{BookFeed, FeedEvent, FeedRow, Strictness};

/// The columns, in this order. `previous_id` may follow: the update that an update follows.
pub const COLUMNS: [&str; 7] =
    ["local_ts_ns", "exch_ts_ms", "update_id", "kind", "side", "price", "qty"];
const PREVIOUS: &str = "previous_id";
/// Most rows: an hour of the busiest feed known here.
const ROWS_MAX: usize = 6_000_000;
/// Most decimals of a price or quantity: 64 bits hold 18.
const DECIMALS_MAX: u8 = 18;

/// A feed as read. Rows are raw at the file's own decimals, which are the most that any of its
/// prices and quantities has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedFile {
    /// The file's name, for messages.
    pub name: String,
    /// Decimals of prices.
    pub price_decimals: u8,
    /// Decimals of quantities.
    pub quantity_decimals: u8,
    /// In the order of the file.
    pub rows: Vec<FeedRow>,
}

/// A number as written: `digits / 10^decimals`, with no noughts at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Written {
    digits: u64,
    decimals: u8,
}

#[derive(Debug, Clone, Copy)]
struct Raw {
    at_nanos: u64,
    id: u64,
    previous_id: Option<u64>,
    kind: u8,
    bid: bool,
    price: Written,
    quantity: Written,
}

impl FeedFile {
    /// Reads `text`, the content of the file `name`.
    ///
    /// # Errors
    /// The file, the line, the field, its value and what would be right.
    pub fn read(name: &str, text: &str) -> Result<FeedFile, ScenarioError> {
        let fail =
            |line: u64, reason: String| ScenarioError::Row { file: name.to_owned(), line, reason };
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap_or("").trim().split(',').collect();
        let previous = match header.split_at_checked(COLUMNS.len()) {
            Some((columns, [])) if columns == COLUMNS => false,
            Some((columns, [PREVIOUS])) if columns == COLUMNS => true,
            _ if text.trim().is_empty() => {
                return Err(fail(1, format!("the file is empty; expected {}", COLUMNS.join(","))));
            }
            _ => {
                let expected = COLUMNS.join(",");
                let found = header.join(",");
                let found: String = found.chars().take(120).collect();
                return Err(fail(1, format!("columns are '{found}'; expected {expected}")));
            }
        };
        let mut raw = Vec::new();
        for (line, text) in (2u64..).zip(lines) {
            if raw.len() >= ROWS_MAX {
                return Err(fail(line, format!("more than {ROWS_MAX} rows")));
            }
            raw.push(row(text, previous).map_err(|reason| fail(line, reason))?);
        }
        if raw.is_empty() {
            return Err(fail(2, "no rows; expected at least one".to_owned()));
        }
        let most = |of: fn(&Raw) -> u8| raw.iter().map(of).max().unwrap_or(0);
        let price_decimals = most(|row| row.price.decimals);
        let quantity_decimals = most(|row| row.quantity.decimals);
        let mut rows = Vec::with_capacity(raw.len());
        for (line, row) in (2u64..).zip(&raw) {
            let event = event(row, price_decimals, quantity_decimals);
            rows.push(event.map_err(|reason| fail(line, reason))?);
        }
        Ok(FeedFile { name: name.to_owned(), price_decimals, quantity_decimals, rows })
    }

    /// The line of a row, counted from 1.
    #[must_use]
    pub fn line(&self, row: usize) -> u64 {
        row as u64 + 2
    }

    /// Feeds all rows whose time is at most `until` to `feed`, from row `from` on; returns the row
    /// after the last. `each` sees every row's effect.
    ///
    /// # Errors
    /// With a strict feed, the line and its fault.
    pub fn advance(
        &self,
        feed: &mut BookFeed,
        from: usize,
        until: u64,
        mut each: impl FnMut(breakwater_market::book_feed::Effect),
    ) -> Result<usize, ScenarioError> {
        let mut at = from;
        while let Some(row) = self.rows.get(at).filter(|row| row.at_nanos <= until) {
            let effect = feed.apply(row).map_err(|fault| ScenarioError::Row {
                file: self.name.clone(),
                line: self.line(at),
                reason: format!("fault {} of the feed: {fault}", fault.number()),
            })?;
            each(effect);
            at += 1;
        }
        Ok(at)
    }

    /// The whole feed, applied.
    ///
    /// # Errors
    /// With [`Strictness::Refuse`], the line and its fault.
    pub fn replay(&self, strictness: Strictness) -> Result<BookFeed, ScenarioError> {
        let mut feed = BookFeed::new(strictness);
        self.advance(&mut feed, 0, u64::MAX, |_| {})?;
        feed.finish().map_err(|fault| ScenarioError::Row {
            file: self.name.clone(),
            line: self.line(self.rows.len().saturating_sub(1)),
            reason: format!("fault {} of the feed: {fault}", fault.number()),
        })?;
        Ok(feed)
    }

    /// Time of the last row of the first snapshot, from which on the book is known; none if there is
    /// no snapshot.
    #[must_use]
    pub fn begins(&self) -> Option<u64> {
        let is_snapshot = |row: &&FeedRow| matches!(row.event, FeedEvent::Snapshot { .. });
        self.rows.iter().find(is_snapshot).map(|row| row.at_nanos)
    }

    /// Time of the last row.
    #[must_use]
    pub fn ends(&self) -> u64 {
        self.rows.last().map_or(0, |row| row.at_nanos)
    }
}

/// Raw quantity units in one whole unit of the feed.
#[must_use]
pub fn unit(file: &FeedFile) -> f64 {
    libm::pow(10.0, f64::from(file.quantity_decimals))
}

fn row(text: &str, previous: bool) -> Result<Raw, String> {
    let mut fields = text.trim_end_matches('\r').split(',');
    let wanted = COLUMNS.len() + usize::from(previous);
    let mut next = |column: &'static str| {
        let field = fields.next();
        field.ok_or_else(|| format!("{column} is missing; expected {wanted} fields"))
    };
    let at_nanos = whole("local_ts_ns", next("local_ts_ns")?)?;
    whole("exch_ts_ms", next("exch_ts_ms")?)?;
    let id = whole("update_id", next("update_id")?)?;
    let kind = next("kind")?;
    let kind = match kind {
        "0" => 0,
        "1" => 1,
        "2" => 2,
        "3" => 3,
        _ => {
            let right = "0 (difference), 1 (best quote), 2 (trade) or 3 (snapshot)";
            return Err(format!("kind is '{kind}'; expected {right}"));
        }
    };
    let side = next("side")?;
    let bid = match side {
        "1" => true,
        "-1" => false,
        _ => return Err(format!("side is '{side}'; expected 1 (bid, buy) or -1 (ask, sell)")),
    };
    let price = written("price", next("price")?)?;
    if price.digits == 0 {
        return Err("price is 0; expected more than 0".to_owned());
    }
    let quantity = written("qty", next("qty")?)?;
    let previous_id = match previous {
        true => match next(PREVIOUS)? {
            "" => None,
            text => Some(whole(PREVIOUS, text)?),
        },
        false => None,
    };
    match fields.next() {
        None => Ok(Raw { at_nanos, id, previous_id, kind, bid, price, quantity }),
        Some(more) => Err(format!("'{more}' follows the last field; expected {wanted} fields")),
    }
}

fn event(row: &Raw, price_decimals: u8, quantity_decimals: u8) -> Result<FeedRow, String> {
    let price = row.price.at("price", price_decimals)?;
    let quantity = row.quantity.at("qty", quantity_decimals)?;
    let side = if row.bid { BookSide::Bids } else { BookSide::Asks };
    let (update_id, previous_id) = (row.id, row.previous_id);
    let event = match row.kind {
        0 => FeedEvent::Difference { update_id, previous_id, side, price, quantity },
        1 => FeedEvent::BestQuote { update_id, side, price, quantity },
        // The row has the side of whoever took; a buyer eats into the asks.
        2 => FeedEvent::Trade { trade_id: row.id, eaten: side.other(), price, quantity },
        _ => FeedEvent::Snapshot { update_id, side, price, quantity },
    };
    Ok(FeedRow { at_nanos: row.at_nanos, event })
}

fn whole(column: &str, text: &str) -> Result<u64, String> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = text.parse().ok().filter(|_| plain);
    value.ok_or_else(|| format!("{column} is '{text}'; expected a whole number of 0 or more"))
}

/// A number such as `61837.63`, `1001.0` or `9e-05`, exactly.
fn written(column: &str, text: &str) -> Result<Written, String> {
    let wrong = || {
        format!("{column} is '{text}'; expected a number of 0 or more, such as 61837.63 or 9e-05")
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        None => (text, 0i32),
        Some((mantissa, exponent)) => (mantissa, exponent.parse().map_err(|_| wrong())?),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if before.is_empty() || (mantissa.contains('.') && after.is_empty()) {
        return Err(wrong());
    }
    let after = after.trim_end_matches('0');
    let mut digits = 0u64;
    for byte in before.bytes().chain(after.bytes()) {
        if !byte.is_ascii_digit() {
            return Err(wrong());
        }
        let digit = u64::from(byte - b'0');
        digits = digits.checked_mul(10).and_then(|d| d.checked_add(digit)).ok_or_else(wrong)?;
    }
    let mut decimals = i32::try_from(after.len()).ok().and_then(|n| n.checked_sub(exponent));
    if digits == 0 {
        decimals = Some(0);
    }
    let mut decimals = decimals.ok_or_else(wrong)?;
    while decimals < 0 {
        digits = digits.checked_mul(10).ok_or_else(wrong)?;
        decimals += 1;
    }
    while decimals > 0 && digits.is_multiple_of(10) {
        digits /= 10;
        decimals -= 1;
    }
    match u8::try_from(decimals) {
        Ok(decimals) if decimals <= DECIMALS_MAX => Ok(Written { digits, decimals }),
        _ => Err(format!("{column} is '{text}'; expected at most {DECIMALS_MAX} decimals")),
    }
}

impl Written {
    fn at(self, column: &str, decimals: u8) -> Result<u64, String> {
        let scale = 10u64.checked_pow(u32::from(decimals - self.decimals));
        scale.and_then(|scale| self.digits.checked_mul(scale)).ok_or_else(|| {
            let Written { digits, decimals: own } = self;
            format!("{column} is {digits}e-{own}: with the file's {decimals} decimals it exceeds 64 bits")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "local_ts_ns,exch_ts_ms,update_id,kind,side,price,qty\n";

    #[test]
    fn numbers_are_read_exactly_however_they_are_written() {
        let of = |text| written("qty", text).map(|w| (w.digits, w.decimals));
        for (text, expected) in [
            ("9e-05", (9, 5)),
            ("1001.0", (1_001, 0)),
            ("61837.630", (6_183_763, 2)),
            ("0.0", (0, 0)),
            ("1.5e3", (1_500, 0)),
            ("1200", (1_200, 0)),
            ("0e-30", (0, 0)),
        ] {
            assert_eq!(of(text), Ok(expected), "{text}");
        }
        for text in ["", ".5", "5.", "-1", "nan", "1e", "1e-19", "99999999999999999999", "1e25"] {
            assert!(of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_bad_row_is_refused_with_line_field_value_and_what_would_be_right() {
        let good = "1,2,3,0,1,10.5,2.0\n";
        let cases = [
            ("x,2,3,0,1,10.5,2.0", "local_ts_ns is 'x'"),
            ("1,2,3,7,1,10.5,2.0", "kind is '7'; expected 0 (difference)"),
            ("1,2,3,0,0,10.5,2.0", "side is '0'; expected 1"),
            ("1,2,3,0,1,0.0,2.0", "price is 0; expected more than 0"),
            ("1,2,3,0,1,10.5,-2", "qty is '-2'; expected a number of 0 or more"),
            ("1,2,3,0,1,10.5", "qty is missing; expected 7 fields"),
            ("1,2,3,0,1,10.5,2.0,9", "'9' follows the last field"),
            ("1,2,-3,0,1,10.5,2.0", "update_id is '-3'"),
        ];
        for (row, expected) in cases {
            let error = FeedFile::read("f.csv", &format!("{HEADER}{good}{row}\n")).unwrap_err();
            let told = error.to_string();
            assert!(told.starts_with("f.csv, line 3: ") && told.contains(expected), "{told}");
        }
        for (text, expected) in [
            ("", "line 1: the file is empty"),
            (HEADER, "line 2: no rows"),
            ("a,b\n1,2\n", "line 1: columns are 'a,b'; expected local_ts_ns"),
        ] {
            let told = FeedFile::read("f.csv", text).unwrap_err().to_string();
            assert!(told.contains(expected), "{told}");
        }
    }

    #[test]
    fn a_fault_of_the_feed_is_told_with_its_line_and_number() {
        let text = format!("{HEADER}5,2,3,3,1,10.5,2\n5,2,3,3,-1,10.6,2\n4,2,4,0,1,10.4,2.0\n");
        let file = FeedFile::read("f.csv", &text).unwrap();
        let told = file.replay(Strictness::Refuse).unwrap_err().to_string();
        assert!(told.starts_with("f.csv, line 4: fault 1 of the feed: local time 4 ns"), "{told}");
        assert_eq!(file.replay(Strictness::Flag).unwrap().faults().of(1), 1);
    }

    #[test]
    fn a_gap_is_seen_where_the_file_names_what_an_update_follows() {
        let text = "local_ts_ns,exch_ts_ms,update_id,kind,side,price,qty,previous_id\n\
                    5,2,3,3,1,10.5,2,\n5,2,3,3,-1,10.6,2,\n6,2,4,0,1,10.4,2,3\n7,2,9,0,1,10.3,2,8\n";
        let file = FeedFile::read("f.csv", text).unwrap();
        let told = file.replay(Strictness::Refuse).unwrap_err().to_string();
        assert!(told.contains("line 5: fault 3") && told.contains("follows 8"), "{told}");
    }
}
