//! Every code a problem can have, in one table: `docs/scenarios.md` lists the same ones, and a test compares.

use std::fmt;

/// What kind of problem it is; the number never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    id: &'static str,
    name: &'static str,
    about: &'static str,
}

impl Code {
    /// `E0101`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.id
    }

    /// `unknown-key`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// One sentence on what it means.
    #[must_use]
    pub const fn about(self) -> &'static str {
        self.about
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.name)
    }
}

macro_rules! codes {
    ($($constant:ident = $id:literal $name:literal: $about:literal;)*) => {
        impl Code {
            $(
                #[doc = $about]
                pub const $constant: Code = Code { id: $id, name: $name, about: $about };
            )*

            /// All of them, in the order of their numbers.
            pub const ALL: &[Code] = &[$(Code::$constant),*];
        }
    };
}

codes! {
    UNREADABLE = "E0001" "unreadable": "The file or folder does not exist or cannot be read.";
    TOO_LARGE = "E0002" "too-large": "The file is larger than 4 MB: no scenario needs that much.";
    INVALID_UTF8 = "E0003" "invalid-utf8": "The file is not UTF-8 text.";
    SYNTAX = "E0004" "syntax": "The file is not well-formed YAML.";
    TOO_COMPLEX = "E0005" "too-complex": "Nesting, nodes or aliases beyond any sensible scenario.";
    EMPTY_FILE = "E0006" "empty-file": "The file holds no scenario.";
    SEVERAL_DOCUMENTS = "E0007" "several-documents": "The file holds more than one YAML document.";
    DUPLICATE_KEY = "E0008" "duplicate-key": "A key is written twice in the same place.";
    NO_SCENARIOS = "E0009" "no-scenarios": "A folder holds no scenario files.";
    UNSUPPORTED_VERSION = "E0010" "unsupported-version": "The language version is not one this program knows.";
    UNKNOWN_KEY = "E0101" "unknown-key": "A key that means nothing here.";
    MISSING_KEY = "E0102" "missing-key": "A key that must be there is not.";
    WRONG_TYPE = "E0103" "wrong-type": "A value of the wrong shape: text for a number, a list for a map.";
    CONFLICTING_KEYS = "E0104" "conflicting-keys": "Keys that exclude each other, or one that needs another.";
    UNKNOWN_WORD = "E0105" "unknown-word": "A word outside the closed set that is allowed here.";
    EMPTY_VALUE = "E0106" "empty-value": "A list, map or text that may not be empty is.";
    BAD_DURATION = "E0201" "bad-duration": "Not a duration: a number and a unit (`250us 420ms 1.6s 2m 1h30m`).";
    BAD_NUMBER = "E0202" "bad-number": "Not a number of the kind that is wanted here.";
    OUT_OF_RANGE = "E0203" "out-of-range": "A value outside the range that makes sense here.";
    BAD_RATE = "E0204" "bad-rate": "Not a rate: requests a unit of time (`50/s`, `3/m`).";
    BAD_SHARE = "E0205" "bad-share": "Not a share: `30%`, or a number from 0 to 1.";
    BAD_WINDOW = "E0206" "bad-window": "Not a window: `20m..23m`, its start before its end.";
    BAD_DISTRIBUTION = "E0207" "bad-distribution": "Not a distribution, or its quantiles contradict each other.";
    BAD_TIME = "E0208" "bad-time": "Not a point in time (RFC 3339: `2026-05-21T13:58:00Z`).";
    UNKNOWN_NAME = "E0301" "unknown-name": "A name that nothing in this file has.";
    DUPLICATE_NAME = "E0302" "duplicate-name": "The same name twice where each must be its own.";
    BAD_NAME = "E0303" "bad-name": "A name with characters that cannot be part of one.";
    NAME_COLLISION = "E0304" "name-collision": "A name that is already taken by something else.";
    NEVER_FIRES = "E0401" "never-fires": "A fault window that begins after the last request is over.";
    OVERLAPPING_WINDOWS = "E0402" "overlapping-windows": "Two windows of the same fault overlap.";
    CONNECTION_FAULT = "E0403" "connection-fault": "A fault on connections cannot look at what a request says.";
    TOO_MANY_REQUESTS = "E0404" "too-many-requests": "More requests than a run can sensibly send.";
    NOTHING_SENT = "E0405" "nothing-sent": "Neither `load` nor `requests`: nothing would be sent.";
    MISSING_TRACE = "E0501" "missing-trace": "The trace file does not exist or cannot be read.";
    BAD_TRACE = "E0502" "bad-trace": "The trace file has a wrong header, a bad row, or no row in the slice.";
    TRACE_OUTSIDE = "E0503" "trace-outside": "The trace file lies outside the scenario's folder.";
    BAD_INCIDENT = "E0504" "bad-incident": "The incident file has a wrong header, a bad event, or none.";
    BAD_EXPECTATION = "E0601" "bad-expectation": "Not an expectation: a figure, a comparison and a threshold.";
    BAD_ATTEMPT = "E0602" "bad-attempt": "Not an attempt: a model and its result (`claude 429`).";
    LIMIT_PAST_DEADLINE = "W0701" "limit-past-deadline": "A limit that can never run out, because the deadline does first.";
    UNUSED = "W0702" "unused": "A provider, model or route that nothing uses.";
    FAULT_IN_WARMUP = "W0703" "fault-in-warmup": "A fault window that begins during the warm-up, so there is no baseline.";
    USELESS_RETRY = "W0704" "useless-retry": "Repeats of a failure that would fail the same way again.";
    USELESS_SETTING = "W0705" "useless-setting": "A setting that can have no effect beside the others.";
    MISSING_VARIABLE = "E0801" "missing-variable": "An environment variable that is not set, or empty.";
    BAD_REFERENCE = "E0802" "bad-reference": "Not a reference to the environment (`${NAME}`), or one where none is read.";
    BAD_ADDRESS = "E0803" "bad-address": "Not an address to listen on (`127.0.0.1:8080`).";
    BAD_URL = "E0804" "bad-url": "Not the URL of a provider (`https://api.openai.com/v1`).";
    BAD_FILE = "E0805" "bad-file": "A file of certificates or keys that cannot be read, or does not hold what it should.";
    BAD_SECRET = "E0806" "bad-secret": "A secret that no header can carry.";
    OPEN_TO_ALL = "W0807" "open-to-all": "A router that other machines reach, and that asks nobody for a key.";
}
