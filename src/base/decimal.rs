//! Numbers as they are written in decimal, compared and added up without rounding.

use std::cmp::Ordering;
use std::fmt;

/// How many digits a number may have, without the noughts at its ends.
const DIGITS: u32 = 38;

/// A decimal number: `digits` times ten to the power of `power`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Decimal {
    /// Does not end with 0, unless it is 0.
    digits: i128,
    power: i32,
}

impl Decimal {
    /// Returns the number that a text is: a sign, digits, a fraction and an exponent as JSON writes them (RFC 8259), with `+` or noughts in front,
    /// too. `None` where it is no number, has more than 38 digits, or an exponent of more than nine.
    pub fn parse(text: &str) -> Option<Decimal> {
        let (negative, bare) = match text.strip_prefix('-') {
            Some(bare) => (true, bare),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (number, exponent) = bare.split_once(['e', 'E']).unwrap_or((bare, "0"));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let signless = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if !is_digits(whole) || !is_digits(fraction) || !is_digits(signless) {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        let kept = digits.trim_end_matches('0');
        if kept.is_empty() {
            return Some(Decimal::default());
        }
        if kept.len() > DIGITS as usize || signless.len() > 9 {
            return None;
        }
        let shift = i32::try_from(digits.len() - kept.len()).ok()? - i32::try_from(fraction.len()).ok()?;
        let digits: i128 = kept.parse().ok()?;
        Some(Decimal { digits: if negative { -digits } else { digits }, power: exponent.parse::<i32>().ok()?.checked_add(shift)? })
    }

    /// Returns the sum; `None` where it has too many digits.
    pub fn plus(self, other: Decimal) -> Option<Decimal> {
        if self.digits == 0 || other.digits == 0 {
            return Some(if self.digits == 0 { other } else { self });
        }
        let power = self.power.min(other.power);
        let raised = |number: Decimal| number.digits.checked_mul(10i128.checked_pow(number.power.abs_diff(power))?);
        Decimal::parse(&format!("{}e{power}", raised(self)?.checked_add(raised(other)?)?))
    }

    /// Returns how many digits stand before the point; less than 0 where noughts come first behind it.
    fn size(self) -> i64 {
        i64::from(self.digits.unsigned_abs().checked_ilog10().map_or(0, |log| log + 1)) + i64::from(self.power)
    }
}

impl From<i128> for Decimal {
    /// Rounds what has more than 38 digits towards 0.
    fn from(number: i128) -> Decimal {
        let (mut digits, mut power) = (number, 0);
        while digits != 0 && (digits % 10 == 0 || digits.unsigned_abs().ilog10() >= DIGITS) {
            (digits, power) = (digits / 10, power + 1);
        }
        Decimal { digits, power }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        let sign = self.digits.signum();
        if sign != other.digits.signum() || sign == 0 {
            return self.digits.signum().cmp(&other.digits.signum());
        }
        let by_size = self.size().cmp(&other.size()).then_with(|| {
            // Of one size, both have at most 38 digits from the lower power on.
            let power = self.power.min(other.power);
            let raised = |number: &Decimal| number.digits.unsigned_abs() * 10u128.pow(number.power.abs_diff(power));
            raised(self).cmp(&raised(other))
        });
        if sign < 0 { by_size.reverse() } else { by_size }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// As people write it: `12.5`; with an exponent where more than 20 noughts would stand at its end, or 40 digits behind the point: `12e300`.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, digits) = (if self.digits < 0 { "-" } else { "" }, self.digits.unsigned_abs().to_string());
        let behind = self.power.unsigned_abs() as usize;
        match self.power {
            0 => write!(f, "{sign}{digits}"),
            1..=20 => write!(f, "{sign}{digits}{}", "0".repeat(behind)),
            -40..=-1 if digits.len() > behind => {
                let (whole, fraction) = digits.split_at(digits.len() - behind);
                write!(f, "{sign}{whole}.{fraction}")
            }
            -40..=-1 => write!(f, "{sign}0.{digits:0>behind$}"),
            power => write!(f, "{sign}{digits}e{power}"),
        }
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|| panic!("{text} is no number"))
    }

    #[test]
    fn what_is_written_is_what_it_is() {
        for (text, shown) in [
            ("0", "0"),
            ("-0.00e5", "0"),
            ("007", "7"),
            ("1.50", "1.5"),
            ("-12.5", "-12.5"),
            ("+3", "3"),
            ("100", "100"),
            ("1e3", "1000"),
            ("15E-1", "1.5"),
            ("0.001", "0.001"),
            ("9007199254740993", "9007199254740993"),
            ("18446744073709551616", "18446744073709551616"),
            ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
            ("6.02e22", "60200000000000000000000"),
            ("6.02e23", "602e21"),
            ("12e300", "12e300"),
        ] {
            assert_eq!(of(text).to_string(), shown, "{text}");
        }
        assert_eq!(Decimal::from(1200), of("1200"));
        for text in ["", "-", ".", "1.", ".5", "1e", "1e+", "0x1", "1_000", "nan", "inf", " 1", "--1", "1e9999999999"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert_eq!(Decimal::parse(&"9".repeat(39)), None);
    }

    #[test]
    fn none_is_rounded() {
        let rising = [
            "-1e300",
            "-18446744073709551616",
            "-2",
            "-1.5",
            "-1e-300",
            "0",
            "1e-300",
            "0.09",
            "0.1",
            "0.10000000000000000000000000000001",
            "1",
            "10",
            "9007199254740992",
            "9007199254740992.5",
            "9007199254740993",
            "99999999999999999999999999999999999998",
            "99999999999999999999999999999999999999",
            "1e300",
        ];
        for (at, low) in rising.iter().enumerate() {
            for high in &rising[at..] {
                assert_eq!(of(low).cmp(&of(high)), if low == high { Ordering::Equal } else { Ordering::Less }, "{low} {high}");
            }
        }
        assert_eq!(of("0.1").plus(of("0.2")), Some(of("0.3")));
        assert_eq!(of("9007199254740992").plus(of("1")), Some(of("9007199254740993")));
        assert_eq!(of("-5").plus(of("5")), Some(of("0")));
        assert_eq!(of("1e300").plus(of("1")), None);
    }
}
