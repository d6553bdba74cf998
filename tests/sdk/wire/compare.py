"""Our verdicts on broken streams beside those of the vendors' packages: a page, and a check that nothing is unexplained.

`compare.py [--write PAGE | --check PAGE] CORPUS FACTS...`
"""

import base64
import difflib
import json
import sys
from collections import Counter
from pathlib import Path

FAMILIES = {
    "written": "written otherwise",
    "cut": "ends early",
    "byte": "one byte damaged",
    "event": "an event lost or nonsense",
}
SAME, MISSED, FAILS, QUIET = "both whole", "both miss it", "both fail", "quiet"
FOOLED, STRICTER, LAXER, OURS, LOST = "fooled", "stricter", "laxer", "ours is right", "lost"
MEANS = {
    SAME: "both take it for whole, and both have the healthy answer",
    FAILS: "we fail, the package raises",
    QUIET: "we fail; the package's loop ends without an error and without a finish reason",
    FOOLED: "we fail; the package tells a finish reason, and not the healthy answer",
    STRICTER: "we fail; the package has the healthy answer all the same",
    LAXER: "we have the healthy answer; the package raises or ends quietly",
    OURS: "both take it for whole; we have the healthy answer and the package has not",
    MISSED: "both take it for whole, and neither has the healthy answer",
    LOST: "we take it for whole and have not the healthy answer; the package raises, or has another one",
}

INTRO = """\
# Broken streams: our decoder and the vendors' packages

<!-- Written by `tests/sdk/wire/run --write`: change `tests/sdk/wire/compare.py`, not this page. -->

The same bytes for the router's decoder and for the vendors' own packages. The bytes are whole streams of the mock providers
(`brownout wire-corpus --each EACH`: text and tool calls, with characters of up to four bytes) that were written in another way
the format allows, ended early, had one byte flipped, lost, put in or replaced, or an event lost or replaced by nonsense; status
200, and HTTP ends well. A package is used as its README shows: a loop over the events. *We* is the strict rule (`ends: both`,
`malformed: fail`). What each package makes of every fault of the language is in [sdk-streams.md](sdk-streams.md); Ollama's own
lines are not here, for the router does not read them.
"""

WHY = """\
## Why they differ

- **quiet and fooled: the end of a loop proves nothing.** Packages end a loop when the body ends. The router needs the
  finish reason and the terminator, so every early end is a failure here.
- **fooled: events that vanish.** Both packages for Node and `google-genai` read bytes that are no UTF-8 as U+FFFD. Anthropic's
  drop every event whose name they do not know, and a loop passes over a delta whose type it does not know. A field that holds
  JSON and is no field of the format (`datA: {…`) is ignored by all, as the specification says; here it is a malformed event.
- **stricter, and no harm done**: the terminator was lost behind the finish reason (a route may declare `ends: finish`), or what
  was damaged carried no words: a ping, an opening, a usage, a name beside a type (`malformed: skip` forgives these).
- **laxer: a reader for less than the format.** `google-genai` reads `data: ` at the beginning of lines and nothing else of
  server-sent events: no comments, no CR, no byte order mark, no data in several lines. `openai` for Python does not skip a byte
  order mark, so the first line is lost; with data in one line that is the role and unseen, with data in several it raises.
  `mistralai` validates every field of every chunk; here a field that is missing is unknown, not wrong. Anthropic's for
  Python raises at bytes that are no UTF-8 in the name of an event, which we do not need.
- **both miss it, and lost**: a byte within the words, or in the name of an optional field, leaves JSON that its vendor could
  have meant; a delta that is missing as a whole leaves no trace in any format.
"""


def same(one, other):
    """Whether two answers say the same; arguments as JSON, for some packages parse them."""
    return one["text"] == other["text"] and parsed(one["arguments"]) == parsed(other["arguments"])


def parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def kind(stream, fact):
    """What our verdict and a package's are to each other."""
    ours, healthy = stream["ours"], stream["healthy"]
    whole = fact["raised"] is None and fact["finish"] is not None
    right = same(fact, healthy)
    if not ours["whole"]:
        if not whole:
            return FAILS if fact["raised"] else QUIET
        return STRICTER if right else FOOLED
    if same(ours, healthy):
        return SAME if whole and right else OURS if whole else LAXER
    return MISSED if whole and same(fact, ours) else LOST


def is_excused(stream):
    """Whether what we lost left no trace: every event that is there is still JSON, and none was made a comment."""
    body = base64.b64decode(stream["body"]).decode("utf-8", "replace")
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for line in lines:
        field, _, value = line.partition(":")
        if field == "data" and value.strip() != "[DONE]":
            try:
                json.loads(value)
            except ValueError:
                return False
        elif field not in ("", "data", "event", "id", "retry"):
            return False
    return True


def cell(stream, fact):
    """An example in a line."""
    raised = f"`{fact['raised']}`" if fact["raised"] else f"`{fact['finish']}`" if fact["finish"] else "no end"
    ours = "whole" if stream["ours"]["whole"] else f"`{stream['ours']['failure']}`"
    how = stream["how"].replace("|", "\\|")
    return f"{stream['vendor']}, {how}: we {ours}, they {raised}"


def column(streams, told):
    """A package's part of the page."""
    lines = [f"## `{told['package']}` {told['version']} ({told['language']})", ""]
    kinds = {name: kind(streams[name], fact) for name, fact in told["facts"].items()}
    seen = [one for one in MEANS if one in kinds.values()]
    lines += ["| | " + " | ".join(seen) + " |", "|---|" + "--:|" * len(seen)]
    for family, words in FAMILIES.items():
        counted = Counter(kinds[name] for name in kinds if streams[name]["family"] == family)
        lines.append(f"| {words} | " + " | ".join(str(counted[one]) for one in seen) + " |")
    lines.append("")
    for one in seen:
        if one not in (SAME, FAILS, QUIET):
            names = [name for name in kinds if kinds[name] == one]
            shown = [f"`{name}` ({cell(streams[name], told['facts'][name])})" for name in names[:2]]
            lines.append(f"- *{one}* ({len(names)}): {'; '.join(shown)}")
    return lines


def page(streams, columns, each):
    """The whole page."""
    legend = ["| | means |", "|---|---|"] + [f"| {one} | {means} |" for one, means in MEANS.items()]
    parts = [INTRO.replace("EACH", str(each)).splitlines(), legend, WHY.splitlines()]
    parts += [column(streams, told) for told in columns]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def troubles(streams, columns):
    """What proves nothing, or cannot be explained."""
    for told in columns:
        for name, fact in told["facts"].items():
            one, stream = kind(streams[name], fact), streams[name]
            if stream["family"] == "healthy" and one != SAME:
                yield f"{told['package']} ({told['language']}): {name} is healthy, and {one}: {fact}"
            elif stream["family"] == "written" and one not in (SAME, LAXER):
                yield f"{told['package']} ({told['language']}): {name} is only written otherwise, and {one}: {stream['how']}"
            elif one == LOST and not is_excused(stream):
                yield f"{told['package']} ({told['language']}): {name} was lost in silence here, not there: {cell(stream, fact)}"


def main(arguments):
    """Compares, and writes or checks the page if there is one."""
    mode, path = None, None
    if arguments[0] in ("--write", "--check"):
        mode, path, *arguments = arguments
    corpus, *facts = arguments
    with open(corpus, encoding="utf-8") as file:
        streams = {stream["id"]: stream for stream in map(json.loads, file)}
    columns = [told for fact in facts for told in json.loads(Path(fact).read_text(encoding="utf-8"))]
    if found := list(troubles(streams, columns)):
        sys.exit("\n".join(found))
    read = sum(len(told["facts"]) for told in columns)
    told = f"{len(streams)} broken streams read by {len(columns)} packages ({read} readings), every difference explained"
    text = page(streams, columns, len(streams) // 4)
    if mode == "--write":
        Path(path).write_text(text, encoding="utf-8")
    elif mode == "--check":
        before = Path(path).read_text(encoding="utf-8").splitlines()
        changed = list(difflib.unified_diff(before, text.splitlines(), "committed", "seen", lineterm="", n=0))
        if changed:
            print("\n".join(changed))
            sys.exit(f"{path} is not what was seen: run `tests/sdk/wire/run --write` and look at what changed")
    print(told)


if __name__ == "__main__":
    main(sys.argv[1:])
