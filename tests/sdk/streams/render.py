"""`docs/sdk-streams.md` out of what was seen."""

import difflib
import json
import sys
from pathlib import Path

import mock

PAGE = Path(__file__).resolve().parents[3] / "docs" / "sdk-streams.md"
TITLES = {
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "gemini": "Gemini",
    "mistral": "Mistral",
    "ollama": "Ollama",
}
NOTICED, SILENT, HANGS, HARMLESS = "noticed", "silent", "hangs", "harmless"
MARKS = {NOTICED: "✔", SILENT: "✘", HANGS: "∞", HARMLESS: "·"}

INTRO = """\
# What SDKs make of broken streams

<!-- Written by `tests/sdk/run`: change that, not this page. -->

A streamed answer can break in many ways after the status line said 200, and most SDKs were not written for it. Here
every way that `brownout mock` can break a stream meets the vendors' own packages, unmodified, each used as its README
shows. The answer has {words} words when nothing breaks it.

| mark | means |
|---|---|
| ✔ | the package **notices**: it raises the error that is named |
| ✘ | the package is **silent**: it ends as if all were well, but the answer is not whole (or its bill is not right) |
| ∞ | the package **hangs** until its own read timeout ends it (10 minutes by default, one second here; Node's have none for a body under way) |
| · | no harm done: the whole answer arrives, with its finish reason and its usage |

After a mark: how many of the {words} words arrived, and what else was wrong. *No end* means that there was no finish
reason. A number of attempts is given where the package tried more than once.

## What this means

- **Do not trust that a loop has ended.** Almost no package raises when a stream ends early but the connection was
  closed well. A caller has to look for the finish reason (`finish_reason`, `stop_reason`, `finishReason`, `done`) and
  treat its absence as a failure.
- **Set a read timeout of your own.** A stream that falls silent is waited for as long as the default says. Comments and
  pings count as life.
- **Catch more than the package's own errors.** Cut connections and broken JSON come through as errors of the HTTP
  client or of the JSON parser, which `except APIError` does not catch.
- **A gateway cannot leave this to its callers.** Brownout's router treats a missing terminator as a failure of its own
  (see [scenarios](scenarios.md)); that is the reason.
"""


def verdict(cell, words, healthy):
    """What a cell comes to, and its text."""
    missed = lacks(cell, words, healthy)
    tries = f" in {cell['attempts']} attempts" if cell["attempts"] > 1 else ""
    got = mock.words(cell["text"])
    if cell["hung"]:
        kind, text = HANGS, f"{len(got)} of {words} words{tries}"
        return kind, text + (f", then `{cell['raised']}`" if cell["raised"] else "")
    if cell["raised"]:
        return NOTICED, f"`{cell['raised']}`{tries}" + (f" after {len(got)} words" if got else "")
    if missed:
        return SILENT, ", ".join(missed) + tries
    return HARMLESS, tries.strip()


def lacks(cell, words, healthy):
    """What is wrong with an answer that ended well."""
    got = mock.words(cell["text"])
    missed = []
    if got != list(range(words)):
        missed.append(f"{len(got)} of {words} words" if len(got) != words else "all words")
        if sorted(set(got)) != sorted(got):
            missed.append("some twice")
        elif sorted(got) != got:
            missed.append("out of order")
    elif len(cell["text"].split()) != words:
        missed.append("all words and more")
    if not cell["finish"]:
        missed.append("no end")
    elif cell["finish"] != healthy["finish"]:
        missed.append(f"`{cell['finish']}`")
    elif missed:
        missed.append(f"`{cell['finish']}` all the same")
    if cell["usage"] != healthy["usage"]:
        missed.append(f"usage {cell['usage'][-1]}" if len(cell["usage"]) == 1 else ("usage twice" if cell["usage"] else "no usage"))
    return missed


def head(column):
    """A column's title: the language, the version, the call."""
    return f"{column['language']} {column['version']} `{column['call']}`"


def tally(columns, labels, words):
    """How often each package notices."""
    lines = [
        "## How often each notices",
        "",
        f"Of {len(labels)} broken streams:",
        "",
        "| package | call | ✔ notices | ✘ silent | ∞ hangs | · no harm |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for column in columns:
        healthy = column["cells"]["none"]
        kinds = [verdict(column["cells"][label], words, healthy)[0] for label in labels]
        counts = " | ".join(str(kinds.count(kind)) for kind in MARKS)
        name = f"`{column['package']}` {column['version']} ({column['language']})"
        lines.append(f"| {name} | `{column['call']}` | {counts} |")
    return lines


def table(dialect, columns, labels, words):
    """Faults by packages, for one vendor."""
    package = " and ".join(dict.fromkeys(f"`{column['package']}`" for column in columns))
    lines = [f"## {TITLES[dialect]}: {package}", ""]
    lines.append("| fault | " + " | ".join(map(head, columns)) + " |")
    lines.append("|---|" + "---|" * len(columns))
    harmless = []
    for label in labels:
        found = [verdict(column["cells"][label], words, column["cells"]["none"]) for column in columns]
        if all(kind == HARMLESS for kind, _ in found):
            harmless.append(label)
            continue
        cells = [f"{MARKS[kind]} {text}".strip() for kind, text in found]
        lines.append(f"| `{label}` | " + " | ".join(cells) + " |")
    if harmless:
        lines += ["", "No harm to any of them: " + ", ".join(f"`{label}`" for label in harmless) + "."]
    return lines


def page(told, columns):
    """The whole page."""
    words = told["words"]
    labels = [row["label"] for row in told["rows"] if row["inject"] is not None]
    parts = [INTRO.format(words=words).splitlines(), tally(columns, labels, words)]
    for dialect in TITLES:
        mine = [column for column in columns if column["dialect"] == dialect]
        if mine:
            parts.append(table(dialect, mine, labels, words))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def sound(columns, words):
    """Columns whose healthy stream is not whole prove nothing."""
    sick = []
    for column in columns:
        cell = column["cells"]["none"]
        if cell["raised"] or not mock.whole(cell["text"], words) or not cell["finish"]:
            sick.append(f"{head(column)}: {cell}")
    return sick


def main(arguments):
    """`render.py [--check] ROWS FACTS...`"""
    check = arguments[0] == "--check"
    rows, *facts = arguments[1:] if check else arguments
    told = json.loads(Path(rows).read_text(encoding="utf-8"))
    columns = [column for path in facts for column in json.loads(Path(path).read_text(encoding="utf-8"))]
    order = list(TITLES)
    columns.sort(key=lambda column: (order.index(column["dialect"]), column["language"] != "Python"))
    if sick := sound(columns, told["words"]):
        sys.exit("a healthy stream is not whole, so nothing was proved:\n" + "\n".join(sick))
    text = page(told, columns)
    if not check:
        PAGE.write_text(text, encoding="utf-8")
        print(f"{PAGE.relative_to(PAGE.parents[1])}: {len(told['rows']) - 1} broken streams, {len(columns)} readers")
        return
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    changed = list(difflib.unified_diff(before.splitlines(), text.splitlines(), "committed", "seen", lineterm="", n=0))
    if changed:
        print("\n".join(changed))
        sys.exit("docs/sdk-streams.md is not what was seen: run `tests/sdk/run --write` and look at what changed")
    print("docs/sdk-streams.md is what was seen")


if __name__ == "__main__":
    main(sys.argv[1:])
