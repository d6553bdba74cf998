"""`docs/sdk-streams.md` out of what was seen."""

import difflib
import json
import sys
from os.path import commonprefix
from pathlib import Path

import mock
from verdict import HANGS, HARMLESS, LIES, MARKS, NONE, QUIET, RAISES, verdict

PAGE = Path(__file__).resolve().parents[3] / "docs" / "sdk-streams.md"
TITLES = {
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "gemini": "Gemini",
    "mistral": "Mistral",
    "ollama": "Ollama",
}

INTRO = f"""\
# What SDKs make of broken streams

<!-- Written by `tests/sdk/run --write`: change that, not this page. -->

A streamed answer can break in many ways after the status line said 200, and few SDKs were written for that. Here every
way in which `brownout mock` can spoil such an answer meets the vendors' own packages, unmodified, each used as its
README shows: going through the events one by one, or with the helper that gathers them. The answer has WORDS words when
nothing spoils it.

| mark | means |
|---|---|
| {MARKS[RAISES]} | **raises** the error that is named: nobody can miss it |
| {MARKS[QUIET]} | **quiet**: it ends without an error and without the usual finish reason; who looks at that sees it, who does not has half an answer |
| {MARKS[LIES]} | **fooled**: it ends like a whole answer, finish reason and all, and is none (or says a wrong usage) |
| {MARKS[HANGS]} | **hangs** until its read timeout ends it: ten minutes by default in Python (two seconds here), nothing of the kind in Node once a body has begun |
| {MARKS[HARMLESS]} | no harm: the whole answer, its finish reason and its usage |
| {MARKS[NONE]} | this vendor's format has nothing that could break like that |

*No end* means that no finish reason came. Where two versions of a package differ, a cell names both.

## What this means

- **The end of a loop is not the end of an answer.** When a connection is closed well, next to nothing raises, however
  little of the answer came. Look for the finish reason (`finish_reason`, `stop_reason`, `finishReason`, `done_reason`), and
  take its absence for a failure.
- **Helpers see more than loops do**, Node's above all: they miss the end of the message where a loop just ends.
- **Set a read timeout of your own.** A stream that falls silent is waited for as long as the default says, and comments
  and pings count as signs of life.
- **Catch more than the package's own errors.** Cut connections and broken JSON often come through as errors of the HTTP
  client or of the JSON parser, which `except APIError` does not catch.
- **A gateway cannot leave this to its callers**: Brownout's router counts a stream without its terminator as failed.
"""


def head(column):
    """A column's title: the language and the call."""
    return f"{column['language']} `{column['call']}`"


def versions(columns):
    """Columns of one call by what they are: `{(package, language, call): [newest, oldest]}`."""
    found = {}
    for column in columns:
        found.setdefault((column["package"], column["language"], column["call"]), []).append(column)
    for same in found.values():
        same.sort(key=lambda column: [int(part) for part in column["version"].split(".")], reverse=True)
    return found


def agreed(columns, label, words):
    """The kinds and the text of a cell that several versions share."""
    found = [(column["version"], *verdict(column, label, words)) for column in columns]
    texts = [f"{MARKS[kind]} {text}".strip() for _, kind, text in found]
    kinds = [kind for _, kind, _ in found]
    if len(set(texts)) == 1:
        return kinds, texts[0]
    return kinds, "<br>".join(f"{version}: {text}" for (version, _, _), text in zip(found, texts))


def tally(columns, labels, words):
    """How often each package does what."""
    lines = ["## How often", "", f"Of {len(labels)} spoilt answers:", ""]
    lines.append("| package | call | " + " | ".join(f"{mark} {kind}" for kind, mark in MARKS.items()) + " |")
    lines.append("|---|---|" + "--:|" * len(MARKS))
    for (package, language, call), same in versions(columns).items():
        counted = {}
        for column in same:
            kinds = [verdict(column, label, words)[0] for label in labels]
            counts = " | ".join(str(kinds.count(kind)) for kind in MARKS)
            counted.setdefault(counts, []).append(column["version"])
        for counts, numbers in counted.items():
            lines.append(f"| `{package}` {', '.join(numbers)} ({language}) | `{call}` | {counts} |")
    return lines


def name(label):
    """The fault's word."""
    return label.split(":")[0]


def joined(labels):
    """A fault with the way to its page, and what else of it has the same effect."""
    first, *others = labels
    end = len(commonprefix(labels))
    others = [other[end:].rstrip(" }") if end < len(other) else other for other in others]
    also = f" (also {', '.join(f'`{other}`' for other in others)})" if others else ""
    return f"[`{first}`](faults/{name(first)}.md){also}"


def table(dialect, columns, labels, words):
    """Faults by calls, for one vendor."""
    groups = versions(columns)
    shown = {}
    for (package, language, _), same in groups.items():
        shown[package, language] = [column["version"] for column in same]
    told = [f"`{package}` {' and '.join(numbers)} for {language}" for (package, language), numbers in shown.items()]
    lines = [f"## {TITLES[dialect]}", "", "; ".join(told) + ".", ""]
    lines.append("| fault | " + " | ".join(head(same[0]) for same in groups.values()) + " |")
    lines.append("|---|" + "---|" * len(groups))
    rows = {}
    for label in labels:
        cells = [agreed(same, label, words) for same in groups.values()]
        if {kind for kinds, _ in cells for kind in kinds} <= {HARMLESS, NONE}:
            text = None
        else:
            text = " | ".join(text for _, text in cells)
        rows.setdefault((name(label), text), []).append(label)
    for (_, text), alike in rows.items():
        if text is not None:
            lines.append(f"| {joined(alike)} | {text} |")
    harmless = [joined(alike) for (_, text), alike in rows.items() if text is None]
    if harmless:
        lines += ["", f"No harm to any of them: {', '.join(harmless)}."]
    return lines


def page(told, columns):
    """The whole page."""
    words = told["words"]
    labels = [row["label"] for row in told["rows"] if row["inject"] is not None]
    parts = [INTRO.replace("WORDS", str(words)).splitlines(), tally(columns, labels, words)]
    for dialect in TITLES:
        mine = [column for column in columns if column["dialect"] == dialect]
        if mine:
            parts.append(table(dialect, mine, labels, words))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def sick(columns, words):
    """Columns whose healthy stream is not whole: they prove nothing."""
    found = []
    for column in columns:
        cell = column["cells"]["none"]
        if cell["raised"] or not mock.whole(cell["text"], words) or not cell["finish"]:
            found.append(f"{column['package']} {column['version']} {head(column)}: {cell}")
    return found


def read(path):
    """A file of facts."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def main(arguments):
    """`render.py [--check] ROWS FACTS...`"""
    check = arguments[0] == "--check"
    rows, *facts = arguments[1:] if check else arguments
    told = read(rows)
    columns = [column for path in facts for column in read(path)]
    order = list(TITLES)
    columns.sort(key=lambda column: (order.index(column["dialect"]), column["language"] != "Python"))
    if found := sick(columns, told["words"]):
        sys.exit("a healthy stream is not whole, so nothing is proved:\n" + "\n".join(found))
    text = page(told, columns)
    if not check:
        PAGE.write_text(text, encoding="utf-8")
        print(f"wrote {PAGE.relative_to(PAGE.parents[1])}: {len(told['rows']) - 1} spoilt answers, {len(columns)} readers")
        return
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    changed = list(difflib.unified_diff(before.splitlines(), text.splitlines(), "committed", "seen", lineterm="", n=0))
    if changed:
        print("\n".join(changed))
        sys.exit("docs/sdk-streams.md is not what was seen: run `tests/sdk/run --write` and look at what changed")
    print(f"docs/sdk-streams.md is what was seen: {len(told['rows']) - 1} spoilt answers, {len(columns)} readers")


if __name__ == "__main__":
    main(sys.argv[1:])
