//! From the spelling of a literal to its value.
//!
//! Numbers and escapes are those of Go, in which the reference is written: a string is
//! a sequence of bytes, `\x` and octal escapes set single ones, `\u` and `\U` encode a
//! code point.

/// An escape that does not exist, as a range of bytes in the literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadEscape {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The bytes that a string literal, quotes included, stands for.
pub(super) fn string(literal: &str) -> Result<Vec<u8>, BadEscape> {
    let content = literal.strip_prefix('"').unwrap_or(literal);
    let content = content.strip_suffix('"').unwrap_or(content);
    let mut out = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some(backslash) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..backslash]);
        let start = content.len() - rest.len() + backslash;
        rest = &rest[backslash + 1..];
        let Some(letter) = rest.chars().next() else {
            return Err(BadEscape { start: start + 1, end: start + 2 });
        };
        let bad = |length: usize| BadEscape { start: start + 1, end: start + 2 + length };
        let (digits, radix) = match letter {
            'x' => (2, 16),
            'u' => (4, 16),
            'U' => (8, 16),
            '0'..='7' => (3, 8),
            _ => {
                out.push(match letter {
                    'a' => 0x07,
                    'b' => 0x08,
                    'f' => 0x0c,
                    'n' => b'\n',
                    'r' => b'\r',
                    't' => b'\t',
                    'v' => 0x0b,
                    '\\' => b'\\',
                    '"' => b'"',
                    _ => return Err(bad(letter.len_utf8())),
                });
                rest = &rest[1..];
                continue;
            }
        };
        if radix == 16 {
            rest = &rest[1..];
        }
        let written = rest.bytes().take(digits).take_while(|&byte| (byte as char).is_digit(radix)).count();
        let length = written + usize::from(radix == 16);
        if written < digits {
            return Err(bad(length));
        }
        let value = u32::from_str_radix(&rest[..digits], radix).map_err(|_| bad(length))?;
        rest = &rest[digits..];
        if digits <= 3 {
            out.push(u8::try_from(value).map_err(|_| bad(length))?);
        } else {
            let c = char::from_u32(value).ok_or(bad(length))?;
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

/// The value of an int literal; none when it does not fit 64 bits.
pub(super) fn int(literal: &str) -> Option<i64> {
    let (digits, radix) = int_digits(literal);
    i64::from_str_radix(digits, radix).ok()
}

/// As [`int`], but a literal with a base may set all 64 bits: the runtime writes masks so.
pub(super) fn machine_int(literal: &str) -> Option<i64> {
    match int_digits(literal) {
        (_, 10) => int(literal),
        (digits, radix) => u64::from_str_radix(digits, radix).ok().map(|bits| bits as i64),
    }
}

fn int_digits(literal: &str) -> (&str, u32) {
    match literal.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&literal[2..], 16),
        [b'0', b'b' | b'B', ..] => (&literal[2..], 2),
        [b'0', b'o' | b'O', ..] => (&literal[2..], 8),
        _ => (literal, 10),
    }
}

/// The value of a float literal; none when it is too large for a double.
pub(super) fn float(literal: &str) -> Option<f64> {
    literal.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_bytes() {
        let cases: &[(&str, &[u8])] = &[
            (r#""""#, b""),
            (r#""plain é""#, "plain é".as_bytes()),
            (r#""\a\b\f\n\r\t\v\\\"""#, b"\x07\x08\x0c\n\r\t\x0b\\\""),
            (r#""\x41\x80\xff""#, b"A\x80\xff"),
            (r#""\101\377\000""#, b"A\xff\0"),
            (r#""\u00e9\U0001F680""#, "é🚀".as_bytes()),
            (r#""a\\nb""#, b"a\\nb"),
        ];
        for (literal, bytes) in cases {
            assert_eq!(string(literal).as_deref(), Ok(*bytes), "{literal}");
        }
    }

    #[test]
    fn escapes_that_do_not_exist_are_located() {
        let cases = [
            (r#""a\qb""#, 2, 4),
            (r#""\'""#, 1, 3),
            (r#""\x4""#, 1, 4),
            (r#""\400""#, 1, 5),
            (r#""\18""#, 1, 3),
            (r#""\ud800""#, 1, 7),
            (r#""\U00110000""#, 1, 11),
            (r#""\é""#, 1, 4),
        ];
        for (literal, start, end) in cases {
            assert_eq!(string(literal), Err(BadEscape { start, end }), "{literal}");
        }
    }

    #[test]
    fn numbers_have_go_bases_and_never_wrap() {
        assert_eq!(int("9223372036854775807"), Some(i64::MAX));
        assert_eq!(int("9223372036854775808"), None);
        assert_eq!(int("0xFf"), Some(255));
        assert_eq!(int("0XffFFffFFffFFffFF"), None);
        assert_eq!(machine_int("0XffFFffFFffFFffFF"), Some(-1));
        assert_eq!(int("0b101"), Some(5));
        assert_eq!(int("0o17"), Some(15));
        assert_eq!(int("017"), Some(17));
        assert_eq!(float("1.5e3"), Some(1500.0));
        assert_eq!(float("1e999"), None);
        assert_eq!(float("1e-999"), Some(0.0));
    }
}
