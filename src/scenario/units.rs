//! Numbers with units: durations, rates, shares, factors and windows, from text.

use std::time::Duration;

use super::code::Code;

/// Why a text is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct Wrong {
    pub(in crate::scenario) code: Code,
    pub(in crate::scenario) message: String,
    pub(in crate::scenario) help: Option<String>,
}

impl Wrong {
    pub(in crate::scenario) fn new(code: Code, message: impl Into<String>) -> Self {
        Wrong { code, message: message.into(), help: None }
    }

    pub(in crate::scenario) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Longest time that means anything here: a leap year.
pub(in crate::scenario) const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

const UNITS: [(&str, f64); 7] =
    [("us", 1.0), ("µs", 1.0), ("ms", 1e3), ("s", 1e6), ("m", 60e6), ("h", 3_600e6), ("d", 86_400e6)];

/// `250us 420ms 1.6s 2m 1h30m`.
pub(in crate::scenario) fn duration(text: &str) -> Result<Duration, Wrong> {
    let bad = |message: String| Wrong::new(Code::BAD_DURATION, message);
    if text.starts_with('-') {
        return Err(bad(format!("a duration cannot be negative: `{text}`")));
    }
    if let Ok(number) = text.parse::<f64>() {
        let help = if number == 0.0 {
            "write `0s`".to_owned()
        } else {
            format!("did you mean `{text}ms` or `{text}s`?")
        };
        return Err(bad(format!("`{text}` has no unit")).help(help));
    }
    let mut rest = text;
    if text.trim().is_empty() {
        return Err(bad("a duration is missing".into()));
    }
    let mut us = 0.0;
    while !rest.is_empty() {
        let (part, tail) = piece(rest).ok_or_else(|| {
            bad(format!("`{text}` is not a duration"))
                .help("write a number and a unit: `250us`, `420ms`, `1.6s`, `2m`, `1h30m`")
        })?;
        us += part;
        rest = tail;
    }
    whole_us(us).ok_or_else(|| Wrong::new(Code::OUT_OF_RANGE, format!("`{text}` is longer than 366 days")))
}

/// A duration that stands on a command line, or what is wrong with it, in a sentence.
pub(crate) fn duration_argument(text: &str) -> Result<Duration, String> {
    duration(text).map_err(|wrong| match wrong.help {
        Some(help) => format!("{}; {help}", wrong.message),
        None => wrong.message,
    })
}

/// A number and its unit, in microseconds, and what follows.
fn piece(text: &str) -> Option<(f64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let number: f64 = text[..digits].parse().ok()?;
    let rest = text[digits..].trim_start();
    let unit_len = rest.find(|c: char| c.is_ascii_digit() || c.is_whitespace()).unwrap_or(rest.len());
    let (_, factor) = UNITS.iter().find(|(unit, _)| *unit == &rest[..unit_len])?;
    Some((number * factor, rest[unit_len..].trim_start()))
}

/// Whole microseconds, if they are in range.
fn whole_us(us: f64) -> Option<Duration> {
    let most = LONGEST.as_micros() as f64;
    (us.is_finite() && (0.0..=most).contains(&us)).then(|| Duration::from_micros(us.round() as u64))
}

/// A plain finite number.
pub(in crate::scenario) fn number(text: &str) -> Result<f64, Wrong> {
    let digits = text.replace('_', "");
    let starts_well = digits.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() && starts_well => Ok(number),
        _ => Err(Wrong::new(Code::BAD_NUMBER, format!("`{text}` is not a number"))),
    }
}

/// A whole number, not negative.
pub(in crate::scenario) fn whole(text: &str) -> Result<u64, Wrong> {
    text.replace('_', "")
        .parse()
        .map_err(|_| Wrong::new(Code::BAD_NUMBER, format!("`{text}` is not a whole number from 0 up")))
}

/// `50/s`, `3/m`, `100/h`: requests a second.
pub(in crate::scenario) fn rate(text: &str) -> Result<f64, Wrong> {
    let bad = |message: String| Wrong::new(Code::BAD_RATE, message);
    let Some((count, unit)) = text.split_once('/') else {
        return Err(match number(text) {
            Ok(_) => bad(format!("`{text}` has no unit of time")).help(format!("did you mean `{text}/s`?")),
            Err(_) => bad(format!("`{text}` is not a rate")).help("write `50/s`, `3/m` or `100/h`"),
        });
    };
    let seconds = match unit.trim() {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(bad(format!("`{text}` is not a rate")).help("the unit is `/s`, `/m` or `/h`")),
    };
    let count =
        number(count.trim()).map_err(|_| bad(format!("`{text}` is not a rate")).help("write `50/s`"))?;
    if count <= 0.0 {
        return Err(bad(format!("a rate must be more than zero: `{text}`")));
    }
    let rate = count / seconds;
    if rate > 1e7 {
        Err(Wrong::new(Code::OUT_OF_RANGE, format!("`{text}` is more than 10,000,000/s")))
    } else {
        Ok(rate)
    }
}

/// The time over which something is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum Per {
    /// It flows back all the time.
    Time(Duration),
    /// From midnight to midnight.
    Day,
    /// By the calendar month.
    Month,
}

/// `500/m`, `10/s`, `10000/d`, `100/month`: how much is granted over what time.
pub(in crate::scenario) fn grant(text: &str) -> Result<(f64, Per), Wrong> {
    let bad = |message: String| {
        Wrong::new(Code::BAD_RATE, message)
            .help("write `500/m`; the units are `/s`, `/m`, `/h`, `/d` and `/month`")
    };
    let Some((amount, unit)) = text.split_once('/') else {
        return Err(bad(format!("`{text}` has no unit of time")));
    };
    let per = match unit.trim() {
        "s" => Per::Time(Duration::from_secs(1)),
        "m" | "min" => Per::Time(Duration::from_secs(60)),
        "h" => Per::Time(Duration::from_secs(3_600)),
        "d" | "day" => Per::Day,
        "month" => Per::Month,
        _ => return Err(bad(format!("`{unit}` is not a unit of time for limits"))),
    };
    match number(amount.trim()) {
        Ok(amount) if amount > 0.0 && amount <= 1e12 => Ok((amount, per)),
        _ => Err(bad(format!("`{text}` is not an amount per time"))),
    }
}

/// `30%`, or 0.3: parts per million.
pub(in crate::scenario) fn share_ppm(text: &str) -> Result<u32, Wrong> {
    let bad = |help: String| Wrong::new(Code::BAD_SHARE, format!("`{text}` is not a share")).help(help);
    let share = match text.strip_suffix('%') {
        Some(percent) => number(percent.trim()).map(|percent| percent / 100.0),
        None => number(text),
    };
    match share {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok((share * 1e6).round() as u32),
        Ok(_) if !text.ends_with('%') => Err(bad(format!("did you mean `{text}%`?"))),
        _ => Err(bad("write `30%`, or a number from 0 to 1".into())),
    }
}

/// `4x`, or 4.
pub(in crate::scenario) fn factor(text: &str) -> Result<f64, Wrong> {
    let digits = text.strip_suffix('x').unwrap_or(text).trim();
    number(digits)
        .map_err(|wrong| Wrong { message: format!("`{text}` is not a factor"), ..wrong }.help("write `4x`"))
}

/// `20m..23m`, `20m..` (to the end) or `..5m`: from, and the end if there is one.
pub(in crate::scenario) fn window(text: &str) -> Result<(Duration, Option<Duration>), Wrong> {
    let Some((from, to)) = text.split_once("..") else {
        return Err(Wrong::new(Code::BAD_WINDOW, format!("`{text}` is not a window"))
            .help("write `20m..23m`, or `20m..` for `to the end`"));
    };
    let end = |text: &str| if text.is_empty() { Ok(None) } else { duration(text).map(Some) };
    let (from, to) = (end(from.trim())?.unwrap_or(Duration::ZERO), end(to.trim())?);
    match to {
        Some(to) if to <= from => {
            Err(Wrong::new(Code::BAD_WINDOW, format!("`{text}` ends before it begins"))
                .help("the first time must be earlier than the second"))
        }
        _ => Ok((from, to)),
    }
}

/// A duration as a person writes it: `1m30s`.
pub(in crate::scenario) fn show(duration: Duration) -> String {
    let us = duration.as_micros();
    if us == 0 {
        return "0s".into();
    }
    let mut rest = us;
    let mut out = String::new();
    for (unit, size) in [("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)]
    {
        if rest >= size {
            out += &format!("{}{unit}", rest / size);
            rest %= size;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_take_every_unit_and_combine() {
        let us = |text| duration(text).map(|d| d.as_micros()).ok();

        assert_eq!(us("250us"), Some(250));
        assert_eq!(us("1.6s"), Some(1_600_000));
        assert_eq!(us("1h30m"), Some(5_400_000_000));
        assert_eq!(us("0s"), Some(0));
    }

    #[test]
    fn durations_without_sense_are_refused_with_advice() {
        assert_eq!(duration("420").unwrap_err().help.unwrap(), "did you mean `420ms` or `420s`?");
        for text in
            ["-1s", "nan", ".nan", "infs", "1 fortnight", "", " ", "s", "400d", "1e9h", "1..2s", "1sm"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rates_shares_and_windows() {
        assert_eq!(rate("3/m").unwrap(), 0.05);
        assert!(rate("0/s").is_err() && rate("-1/s").is_err() && rate("nan/s").is_err());
        assert_eq!(rate("50").unwrap_err().help.unwrap(), "did you mean `50/s`?");
        assert_eq!(share_ppm("30%").unwrap(), 300_000);
        assert_eq!(share_ppm("30").unwrap_err().help.unwrap(), "did you mean `30%`?");
        assert!(window("3m..2m").is_err());
        assert_eq!(window("2m..").unwrap(), (Duration::from_secs(120), None));
    }
}
