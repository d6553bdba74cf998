"""Which broken streams there are: every fault of the language that spoils an answer which began well.

The list is not kept by hand. Faults and what they take come from the JSON Schema of the language, one row for every
word and every choice that it has; a call that asks for a stream then shows whether the answer begins with status 200.
"""

import http.client
import json
import re
import sys
from urllib.parse import urlsplit

import mock

WORDS = 24
PROMPT = f"[words={WORDS}] hello there"
# How long clients wait for the next byte. Durations of the examples are cut to a tenth, so that a pause in a stream is
# shorter than that, as it is in life.
SILENCE_S = 2.0
# Numbers of examples that make a single answer take long or a hundred megabytes: the kind of breakage stays.
QUICKER = {
    "bandwidth": {"per_second": 40000},
    "tiny_segments": {"size": "7..60", "gap": "1ms"},
    "enormous_body": {"size": 1000000},
    "huge_event": {"size": 300000},
}
# A key with more choices than this chooses between wordings, not between kinds of breakage.
CHOICES_MAX = 10


def choices(schema, name):
    """Keys of the fault `name` that take one of a few words, with those words."""
    definition = schema["$defs"].get(f"inject_{name}", {"properties": {}})
    found = {key: kind["enum"] for key, kind in definition["properties"].items() if "enum" in kind}
    return {key: words for key, words in found.items() if len(words) <= CHOICES_MAX}


def sped_up(value):
    """A value of an example with its durations cut to a tenth."""
    if isinstance(value, dict):
        return {key: sped_up(one) for key, one in value.items()}
    if isinstance(value, str) and (time := re.fullmatch(r"(\d+)(ms|s|m)", value)):
        ms = int(time[1]) * {"ms": 0.1, "s": 100, "m": 6000}[time[2]]
        return f"{ms:g}ms" if ms % 1000 else f"{ms / 1000:g}s"
    return value


def variants(schema, example):
    """The example of a fault, and the same with every other choice of it."""
    name, given = (example, {}) if isinstance(example, str) else next(iter(sped_up(example).items()))
    if name in QUICKER:
        given = {**given, **QUICKER[name]}
    keys = choices(schema, name)
    if not isinstance(given, dict):
        # `malformed: html`: a plain value stands for a key.
        short = next((key for key, words in keys.items() if given in words), None)
        return [{name: word} for word in keys[short]] if short else [{name: given}]
    if not keys:
        return [{name: given}] if given else [name]
    made = []
    for key, words in keys.items():
        made += [{name: {**given, key: word}} for word in words]
    return made


def label(inject):
    """An injection as it is written in a scenario."""
    if isinstance(inject, str):
        return inject
    name, given = next(iter(inject.items()))
    return f"{name}: {flow(given)}"


def flow(value):
    """YAML in one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key}: {flow(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)


def spoils(inject, number):
    """Whether this fault acts on a stream that begins with status 200."""
    space = mock.Space(f"probe-{number}")
    try:
        space.inject("openai", inject)
    except AssertionError:
        # Faults of the port are everybody's: a namespace cannot have them.
        return False
    url = urlsplit(space.base("openai"))
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=SILENCE_S)
    body = {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": PROMPT}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    headers = {"content-type": "application/json", "authorization": f"Bearer {mock.KEY}"}
    try:
        connection.request("POST", url.path + "/chat/completions", json.dumps(body), headers)
        if connection.getresponse().status != 200:
            return False
        connection.close()
        return space.fired()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
        space.clear()


def rows(schema):
    """Every broken stream as `{label, inject}`, a healthy one first."""
    found = [{"label": "none", "inject": None}]
    for example in schema["$defs"]["injection"]["examples"]:
        for inject in variants(schema, example):
            if all(row["inject"] != inject for row in found) and spoils(inject, len(found)):
                found.append({"label": label(inject), "inject": inject})
    return found


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        known = json.load(file)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump({"words": WORDS, "prompt": PROMPT, "rows": rows(known)}, file, indent=1)
