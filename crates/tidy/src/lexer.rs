//! Splits Rust text into tokens and comments. Total: any text gives an answer, none panics, and an
//! unclosed string or comment simply runs to the end of the file.

use crate::source::{Comment, Kind, Source, Token};

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: usize,
    source: Source,
}

/// Tokens and comments of `text`; no token is marked as test code yet.
pub(crate) fn lex(text: &str) -> Source {
    let mut lexer =
        Lexer { chars: text.chars().collect(), at: 0, line: 1, source: Source::default() };
    while let Some(next) = lexer.peek(0) {
        lexer.step(next);
    }
    lexer.source
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn is(&self, ahead: usize, wanted: char) -> bool {
        self.peek(ahead) == Some(wanted)
    }

    /// Takes one character and counts lines.
    fn take(&mut self) -> Option<char> {
        let taken = self.peek(0)?;
        self.at += 1;
        self.line += usize::from(taken == '\n');
        Some(taken)
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(next) = self.peek(0).filter(|next| wanted(*next)) {
            taken.push(next);
            self.take();
        }
        taken
    }

    fn push(&mut self, kind: Kind, text: String, line: usize) {
        self.source.tokens.push(Token { kind, text, line, test: false });
    }

    fn step(&mut self, next: char) {
        let line = self.line;
        match next {
            '/' if self.is(1, '/') => self.line_comment(),
            '/' if self.is(1, '*') => self.block_comment(),
            '"' => self.string(line),
            '\'' => self.quote(line),
            _ if next.is_ascii_digit() => self.number(line),
            _ if is_word_start(next) => self.word(line),
            _ if next.is_whitespace() => {
                self.take();
            }
            _ => {
                self.take();
                self.push(Kind::Mark, next.to_string(), line);
            }
        }
    }

    fn line_comment(&mut self) {
        let line = self.line;
        let text = self.take_while(|next| next != '\n');
        // Four slashes are a plain comment again, as rustdoc has it.
        let doc = text.starts_with("//!") || (text.starts_with("///") && !text.starts_with("////"));
        let text = text.trim_start_matches(['/', '!']).trim().to_owned();
        self.source.comments.push(Comment { line, text, doc });
    }

    fn block_comment(&mut self) {
        let doc = (self.is(2, '*') || self.is(2, '!')) && !self.is(3, '/');
        let mut depth = 0_usize;
        let mut text = String::new();
        let mut line = self.line;
        loop {
            if self.is(0, '/') && self.is(1, '*') {
                depth += 1;
                self.at += 2;
            } else if self.is(0, '*') && self.is(1, '/') {
                depth -= 1;
                self.at += 2;
            } else {
                match self.take() {
                    Some('\n') => {
                        self.comment_line(line, &mut text, doc);
                        line = self.line;
                    }
                    Some(taken) => text.push(taken),
                    None => depth = 0,
                }
            }
            if depth == 0 {
                return self.comment_line(line, &mut text, doc);
            }
        }
    }

    fn comment_line(&mut self, line: usize, text: &mut String, doc: bool) {
        let trimmed = text.trim_matches([' ', '*', '!']).to_owned();
        self.source.comments.push(Comment { line, text: trimmed, doc });
        text.clear();
    }

    /// A string with escapes; stands at its opening quote.
    fn string(&mut self, line: usize) {
        self.take();
        let mut text = String::new();
        while let Some(taken) = self.take() {
            match taken {
                '"' => break,
                '\\' => {
                    text.push(taken);
                    text.extend(self.take());
                }
                _ => text.push(taken),
            }
        }
        self.push(Kind::Text, text, line);
    }

    /// A raw string; stands at its first `#` or at its opening quote.
    fn raw_string(&mut self, line: usize) {
        let hashes = self.take_while(|next| next == '#').chars().count();
        self.take();
        let mut text = String::new();
        while let Some(taken) = self.take() {
            if taken == '"' && (0..hashes).all(|ahead| self.is(ahead, '#')) {
                self.at += hashes;
                break;
            }
            text.push(taken);
        }
        self.push(Kind::Text, text, line);
    }

    /// A character literal or a lifetime; stands at the quote.
    fn quote(&mut self, line: usize) {
        self.take();
        if self.is(0, '\\') {
            self.take();
            self.take();
            self.take_while(|next| next != '\'' && next != '\n');
            self.take();
        } else if self.is(1, '\'') {
            self.take();
            self.take();
        } else {
            self.take_while(is_word_part);
        }
        self.push(Kind::Other, "'".to_owned(), line);
    }

    fn word(&mut self, line: usize) {
        let word = self.take_while(is_word_part);
        let raw = matches!(word.as_str(), "r" | "br" | "cr");
        let prefix = raw || matches!(word.as_str(), "b" | "c");
        let hashes = (0..).take_while(|ahead| self.is(*ahead, '#')).count();
        if raw && self.is(hashes, '"') {
            self.raw_string(line);
        } else if prefix && self.is(0, '"') {
            self.string(line);
        } else if word == "b" && self.is(0, '\'') {
            self.quote(line);
        } else if word == "r" && hashes == 1 {
            self.take();
            let name = self.take_while(is_word_part);
            self.push(Kind::Word, name, line);
        } else {
            self.push(Kind::Word, word, line);
        }
    }

    fn number(&mut self, line: usize) {
        // In `pair.0.1` the text after the first point is two field names, not a fraction.
        let field = self.source.tokens.last().is_some_and(|token| token.is_mark("."))
            && self.at.checked_sub(1).is_some_and(|before| self.chars[before] == '.');
        let mut text = self.take_while(is_word_part);
        let radix = text.starts_with("0x") || text.starts_with("0b") || text.starts_with("0o");
        if !field && !radix && self.is(0, '.') && self.ends_as_float(1) {
            text.extend(self.take());
            text.push_str(&self.take_while(is_word_part));
        }
        let signed = self.is(0, '-') || self.is(0, '+');
        let exponent = text.ends_with(['e', 'E']) && signed;
        if !radix && exponent && self.peek(1).is_some_and(|next| next.is_ascii_digit()) {
            text.extend(self.take());
            text.push_str(&self.take_while(is_word_part));
        }
        let kind = if !radix && is_float(&text) { Kind::Float } else { Kind::Integer };
        self.push(kind, text, line);
    }

    /// Whether the point before `ahead` ends a number: `1.5` and `1.` do, `1..2` and `1.max(2)` do
    /// not.
    fn ends_as_float(&self, ahead: usize) -> bool {
        self.peek(ahead).is_none_or(|next| next != '.' && !is_word_start(next))
    }
}

/// A number is a float by its first character that is no digit: a point, an exponent or `f64`.
fn is_float(text: &str) -> bool {
    text.chars()
        .find(|next| !next.is_ascii_digit() && *next != '_')
        .is_some_and(|next| matches!(next, '.' | 'e' | 'E' | 'f'))
}

fn is_word_start(next: char) -> bool {
    next == '_' || next.is_alphabetic()
}

fn is_word_part(next: char) -> bool {
    next == '_' || next.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let wanted = |token: &Token| token.kind == Kind::Word;
        lex(text).tokens.into_iter().filter(wanted).map(|token| token.text).collect()
    }

    fn kinds(text: &str) -> Vec<Kind> {
        lex(text).tokens.iter().map(|token| token.kind).collect()
    }

    #[test]
    fn words_in_comments_and_strings_are_not_code() {
        assert_eq!(words("a // b\n /* c /* d */ e */ f"), ["a", "f"]);
        assert_eq!(words(r#"a("b \" c", 'd', b"e", b'f')"#), ["a"]);
        assert_eq!(words("a r#\"b \" c\"# br\"d\" e"), ["a", "e"]);
        assert_eq!(words("r#type 'outer: loop { break 'outer }"), ["type", "loop", "break"]);
        assert_eq!(words(r"'\'' a '\u{1F600}' b '/' c"), ["a", "b", "c"]);
    }

    #[test]
    fn what_follows_an_unclosed_literal_is_never_code() {
        assert_eq!(words("a \"b c"), ["a"]);
        assert_eq!(words("a /* b /* c */ d"), ["a"]);
        assert_eq!(words("a r##\"b\"# c"), ["a"]);
        assert!(lex("'").tokens.len() == 1 && lex("").tokens.is_empty());
    }

    #[test]
    fn numbers_tell_floats_from_fields_ranges_and_suffixes() {
        for float in ["1.5", "1.", "1e9", "1E-9", "2f64", "1_000.0_f32"] {
            assert_eq!(kinds(float), [Kind::Float], "{float}");
        }
        for integer in ["1", "1usize", "0xfe", "0x1e9", "10_u128", "1_isize"] {
            assert_eq!(kinds(integer), [Kind::Integer], "{integer}");
        }
        assert!(!kinds("pair.0.1 1..2 1.max(2) [0; 4].len()").contains(&Kind::Float));
    }

    #[test]
    fn lines_are_counted_through_every_kind_of_text() {
        let source = lex("a\n/* b\n c */\n\"d\n e\"\nf // g");
        let lines: Vec<_> = source.tokens.iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 4, 6]);
        let comments: Vec<_> = source.comments.iter().map(|comment| comment.line).collect();
        assert_eq!(comments, [2, 3, 6]);
        assert_eq!(source.comments[2].text, "g");
    }
}
