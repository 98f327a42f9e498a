//! Durations and sizes as manifests and command lines write them.

use std::time::Duration;

/// How many bytes a log holds in full; of more it has so many from the beginning, and the end.
pub const WHOLE_LOG: u64 = 64 << 20;

/// Reads a duration: one or more of a whole or decimal number and `ms`, `s`, `m`, `h` or `d`, largest unit first (`"1h30m"`, `"0.5s"`).
///
/// Returns `None` for anything else, for zero units, and for more than 100 years.
pub fn duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 5] = [("d", 86_400.0), ("h", 3_600.0), ("m", 60.0), ("s", 1.0), ("ms", 0.001)];
    let mut rest = text.trim();
    let mut seconds = 0.0;
    let mut next = 0;
    while !rest.is_empty() {
        let (number, behind) = number(rest)?;
        let letters = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
        let unit = UNITS.iter().position(|(name, _)| *name == &behind[..letters])?;
        if unit < next {
            return None;
        }
        next = unit + 1;
        seconds += number * UNITS[unit].1;
        rest = &behind[letters..];
    }
    (next > 0 && seconds <= 100.0 * 366.0 * 86_400.0).then(|| Duration::from_secs_f64(seconds))
}

/// Reads a size in bytes: a number and an optional unit, `B`, `KiB`, `MiB`, `GiB`, `TiB` (powers of 1,024) or `KB`, `MB`, `GB`, `TB` (of 1,000).
///
/// Returns `None` for anything else and for what 64 bits cannot hold.
pub fn size(text: &str) -> Option<u64> {
    let (number, unit) = number(text.trim())?;
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "KiB" | "K" => 1 << 10,
        "MiB" | "M" => 1 << 20,
        "GiB" | "G" => 1 << 30,
        "TiB" | "T" => 1 << 40,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return None,
    };
    let bytes = number * factor as f64;
    (bytes < u64::MAX as f64).then_some(bytes as u64)
}

/// Prints a duration for a person: `7 ms`, `2.4 s`, `3m05s`, `1h02m`.
pub fn show_duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let whole = duration.as_secs();
    if seconds < 0.9995 {
        format!("{:.0} ms", seconds * 1000.0)
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else if whole < 3600 {
        format!("{}m{:02}s", whole / 60, whole % 60)
    } else {
        format!("{}h{:02}m", whole / 3600, whole % 3600 / 60)
    }
}

/// Prints a size for a person: `512 B`, `3.4 KiB`, `2.0 GiB`.
pub fn show_size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// Prints a count and its noun: `1 task`, `3 tasks`. The noun's plural takes an `s`.
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Splits a decimal number off the front.
fn number(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number = text[..end].parse().ok()?;
    Some((number, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(duration("200ms"), Some(Duration::from_millis(200)));
        for wrong in ["", "90", "s", "-1s", "1m1h", "1s1s", "1 year", "1e9s", "99999d"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(size("2GiB"), Some(2 << 30));
        assert_eq!(size("1.5 KiB"), Some(1536));
        assert_eq!(size("10"), Some(10));
        for wrong in ["", "GiB", "-1", "1 XB", "99999999999999 TiB"] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_a_person_reads() {
        assert_eq!(show_duration(Duration::from_millis(38)), "38 ms");
        assert_eq!(show_duration(Duration::from_millis(1000)), "1.0 s");
        assert_eq!(show_duration(Duration::from_secs(185)), "3m05s");
        assert_eq!(show_size(1023), "1023 B");
        assert_eq!(show_size(2 << 30), "2.0 GiB");
        assert_eq!(plural(1, "task"), "1 task");
    }
}
