//! The same answer in other letters, and the same stream in other bytes.

/// Spells some letters of the canonical words as characters of up to four bytes, raw and as JSON escapes. The words of
/// mocks are `lexeme-position-tag`; only lexemes are touched, so ids and field names stay what they are.
#[must_use]
pub fn respell(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() * 2);
    let mut at = 0;
    while at < body.len() {
        let lexeme = body[at..].iter().take_while(|byte| byte.is_ascii_lowercase()).count();
        let begins =
            at == 0 || !body[at - 1].is_ascii_alphanumeric() && !matches!(body[at - 1], b'-' | b'_' | b'\\');
        if lexeme > 0 && begins && is_word(&body[at + lexeme..]) {
            body[at..at + lexeme].iter().for_each(|letter| out.extend_from_slice(spelt(*letter)));
        } else {
            out.extend_from_slice(&body[at..at + lexeme.max(1)]);
        }
        at += lexeme.max(1);
    }
    out
}

/// Whether `-position-tag` follows.
fn is_word(rest: &[u8]) -> bool {
    let Some(rest) = rest.strip_prefix(b"-") else { return false };
    let position = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let tag = rest[position..].strip_prefix(b"-").unwrap_or_default();
    (1..4).contains(&position) && tag.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count() == 7
}

const fn spelt(letter: u8) -> &'static [u8] {
    match letter {
        b'a' => "ä".as_bytes(),
        b'o' => "🌍".as_bytes(),
        b'e' => b"\\u00e9",
        b'u' => b"\\ud83c\\udf0d",
        b'i' => "→".as_bytes(),
        b'r' => b"\xC2\x85",
        b'n' => "\u{2028}".as_bytes(),
        b't' => b"t",
        other => std::slice::from_ref(&LETTERS[(other - b'a') as usize]),
    }
}

const LETTERS: [u8; 26] = *b"abcdefghijklmnopqrstuvwxyz";

/// A way to write a stream of events that its specification takes for the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// How lines end: `\n`, `\r\n` or `\r`.
    pub end: End,
    /// Whether a byte order mark comes first.
    pub bom: bool,
    /// Whether a space follows the colon of a field.
    pub tight: bool,
    /// Whether comments, ids and retry times stand between and within events.
    pub noisy: bool,
    /// Whether data are split over several lines, where JSON has room for a line's end.
    pub split: bool,
    /// Whether the blank line behind the last event is missing.
    pub open: bool,
}

/// How lines end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// LF.
    #[default]
    Lf,
    /// CR LF.
    CrLf,
    /// CR.
    Cr,
}

impl End {
    const fn bytes(self) -> &'static [u8] {
        match self {
            End::Lf => b"\n",
            End::CrLf => b"\r\n",
            End::Cr => b"\r",
        }
    }
}

impl Style {
    /// Every way.
    pub fn all() -> impl Iterator<Item = Style> {
        [End::Lf, End::CrLf, End::Cr].into_iter().flat_map(|end| {
            (0..32_u8).map(move |bits| Style {
                end,
                bom: bits & 1 != 0,
                tight: bits & 2 != 0,
                noisy: bits & 4 != 0,
                split: bits & 8 != 0,
                open: bits & 16 != 0,
            })
        })
    }

    /// `body`, a stream whose lines end with LF or CR LF, written so.
    #[must_use]
    pub fn write(self, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(body.len() * 2);
        if self.bom {
            out.extend_from_slice(b"\xEF\xBB\xBF");
        }
        if self.noisy {
            self.line(b": hello", &mut out);
            self.line(b"", &mut out);
        }
        let lines = body.strip_suffix(b"\n").unwrap_or(body).split(|byte| *byte == b'\n');
        for line in lines {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            self.noise(line, &mut out);
            match line.strip_prefix(b"data: ").filter(|_| self.split && line.ends_with(b"}")) {
                Some(data) => pieces(data).into_iter().for_each(|piece| self.field(b"data", piece, &mut out)),
                None => match line.strip_prefix(b"data: ") {
                    Some(data) => self.field(b"data", data, &mut out),
                    None => self.line(line, &mut out),
                },
            }
        }
        if self.open {
            let end = self.end.bytes();
            while out.ends_with(end) {
                out.truncate(out.len() - end.len());
            }
        }
        out
    }

    fn line(self, line: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(line);
        out.extend_from_slice(self.end.bytes());
    }

    fn field(self, name: &[u8], value: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(name);
        out.extend_from_slice(if self.tight { b":" } else { b": " });
        self.line(value, out);
    }

    fn noise(self, next: &[u8], out: &mut Vec<u8>) {
        if !self.noisy {
            return;
        }
        if next.starts_with(b"data: ") {
            self.line(b":", out);
            self.line(b"id: 7", out);
            self.line(b"retry: 3000", out);
            self.line(b": keep-alive", out);
        }
    }
}

/// JSON in two or three pieces, between which a line may end: behind the first brace and behind a comma outside of texts.
fn pieces(json: &[u8]) -> Vec<&[u8]> {
    let (mut within, mut escaped, mut commas) = (false, false, Vec::new());
    for (at, byte) in json.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if within => escaped = true,
            b'"' => within = !within,
            b',' if !within => commas.push(at + 1),
            _ => {}
        }
    }
    let mut cuts = vec![1];
    cuts.extend(commas.get(commas.len() / 2).copied());
    let (mut out, mut from) = (Vec::new(), 0);
    for cut in cuts.into_iter().chain([json.len()]) {
        out.push(&json[from..cut]);
        from = cut;
    }
    out
}
