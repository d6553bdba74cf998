"""What each Python package makes of each broken stream: one file of facts a package.

A reader is what a user of the package would write: it goes through the stream and keeps the text, the finish reason
and the usage it was told. Each has a client of its own: one for all would lock itself up when streams that were given up
are swept away by the garbage collector (httpcore's pool is not reentrant).
"""

import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from importlib.metadata import PackageNotFoundError, version

import faults
import mock

# Readers wait in vain at the same time, not one after the other.
AT_ONCE = 40
# For one answer: longer than any pause, and than all comments of a fault that ends.
PATIENCE_S = 3 * faults.SILENCE_S


class Seen:
    """What a reader has got so far."""

    def __init__(self):
        self.text, self.finish, self.refused, self.usage = "", None, False, []

    def say(self, text):
        self.text += text or ""


def openai_client(space):
    import openai

    return openai.OpenAI(base_url=space.base("openai"), api_key=mock.KEY, timeout=faults.SILENCE_S)


def openai_asks(prompt):
    return {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": prompt}],
        "stream_options": {"include_usage": True},
    }


def openai_create(space, prompt, seen):
    for chunk in openai_client(space).chat.completions.create(**openai_asks(prompt), stream=True):
        if chunk.usage:
            seen.usage.append(chunk.usage.completion_tokens)
        if chunk.choices:
            choice = chunk.choices[0]
            seen.say(choice.delta.content)
            seen.refused |= bool(choice.delta.refusal)
            seen.finish = choice.finish_reason or seen.finish


def openai_helper(space, prompt, seen):
    with openai_client(space).chat.completions.stream(**openai_asks(prompt)) as stream:
        final = stream.get_final_completion()
    seen.say(final.choices[0].message.content)
    seen.refused = bool(final.choices[0].message.refusal)
    seen.finish = final.choices[0].finish_reason
    if final.usage:
        seen.usage.append(final.usage.completion_tokens)


def anthropic_client(space):
    import anthropic

    return anthropic.Anthropic(base_url=space.base("anthropic"), api_key=mock.KEY, timeout=faults.SILENCE_S)


def anthropic_asks(prompt):
    return {"model": "claude-sonnet-5", "max_tokens": 1000, "messages": [{"role": "user", "content": prompt}]}


def anthropic_create(space, prompt, seen):
    for event in anthropic_client(space).messages.create(**anthropic_asks(prompt), stream=True):
        if event.type == "content_block_delta" and event.delta.type == "text_delta":
            seen.say(event.delta.text)
        elif event.type == "message_delta":
            seen.finish = event.delta.stop_reason
            if event.usage:
                seen.usage.append(event.usage.output_tokens)


def anthropic_helper(space, prompt, seen):
    with anthropic_client(space).messages.stream(**anthropic_asks(prompt)) as stream:
        final = stream.get_final_message()
    seen.say("".join(block.text for block in final.content if block.type == "text"))
    seen.finish = final.stop_reason
    if final.usage:
        seen.usage.append(final.usage.output_tokens)


def gemini(space, prompt, seen):
    from google import genai

    options = {"base_url": space.origin("gemini"), "timeout": int(faults.SILENCE_S * 1000)}
    client = genai.Client(api_key=mock.KEY, http_options=options)
    for chunk in client.models.generate_content_stream(model="gemini-2.5-flash", contents=prompt):
        if chunk.candidates:
            candidate = chunk.candidates[0]
            parts = candidate.content.parts if candidate.content else None
            seen.say("".join(part.text or "" for part in parts or []))
            seen.finish = candidate.finish_reason.value if candidate.finish_reason else seen.finish
        if chunk.usage_metadata:
            # Every chunk has it: the last one counts.
            seen.usage = [chunk.usage_metadata.candidates_token_count]


def mistral(space, prompt, seen):
    try:
        from mistralai.client import Mistral
    except ImportError:
        from mistralai import Mistral
    options = {"server_url": space.origin("mistral"), "timeout_ms": int(faults.SILENCE_S * 1000)}
    asks = {"model": "mistral-small-latest", "messages": [{"role": "user", "content": prompt}]}
    for event in Mistral(api_key=mock.KEY, **options).chat.stream(**asks):
        if event.data.usage:
            seen.usage.append(event.data.usage.completion_tokens)
        if event.data.choices:
            choice = event.data.choices[0]
            seen.say(choice.delta.content)
            seen.finish = choice.finish_reason or seen.finish


def ollama(space, prompt, seen):
    import ollama as package

    client = package.Client(host=space.origin("ollama"), timeout=faults.SILENCE_S)
    for part in client.chat(model="llama3.2", messages=[{"role": "user", "content": prompt}], stream=True):
        seen.say(part.message.content)
        seen.finish = part.done_reason or seen.finish
        if part.done:
            seen.usage.append(part.eval_count)


READERS = [
    ("openai", "openai", "create(stream=True)", openai_create),
    ("openai", "openai", "stream()", openai_helper),
    ("anthropic", "anthropic", "create(stream=True)", anthropic_create),
    ("anthropic", "anthropic", "stream()", anthropic_helper),
    ("gemini", "google-genai", "generate_content_stream()", gemini),
    ("mistral", "mistralai", "chat.stream()", mistral),
    ("ollama", "ollama", "chat(stream=True)", ollama),
]


def cell(reader, dialect, prompt, row, name):
    """One reader on one broken stream."""
    space, seen = mock.Space(name), Seen()
    try:
        if row["inject"] is not None:
            space.inject(dialect, row["inject"])
        raised, endless = patiently(lambda: reader(space, prompt, seen))
        fired = space.fired()
        attempts = len(space.calls())
    finally:
        space.clear()
    return {
        "fired": fired,
        "raised": type(raised).__name__ if raised else None,
        "stumbled": raised is not None and in_reader(raised),
        "hung": endless or (raised is not None and timed_out(raised)),
        "attempts": attempts,
        "text": seen.text,
        "finish": seen.finish,
        "refused": seen.refused,
        "usage": seen.usage,
    }


def timed_out(error):
    """Whether the client's own time limit ended it."""
    names = {base.__name__ for base in type(error).__mro__}
    return bool(names & {"APITimeoutError", "TimeoutException", "Timeout", "TimeoutError"})


def patiently(read):
    """What `read` raised, and whether it was given up: signs of life without words can go on for ever."""
    raised = []

    def run():
        try:
            read()
        except Exception as error:  # Whatever it is, it is what the package raises.
            raised.append(error)

    reading = threading.Thread(target=run, daemon=True)
    reading.start()
    reading.join(PATIENCE_S)
    return (raised[0] if raised else None), reading.is_alive()


def in_reader(error):
    """Whether the package passed something on that the reader stumbled over."""
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    return trace.tb_frame.f_code.co_filename == __file__


def column(dialect, package, call, reader, told, pool):
    """One reader on all of them, at work in `pool`."""
    now = version(package)
    named = "".join(char if char.isalnum() else "-" for char in f"{package}-{now}-{call}".lower())
    # The healthy one first, alone: packages import half of themselves at their first call, and may deadlock when that
    # is done by several threads at once.
    healthy, *broken = told["rows"]
    cells = {healthy["label"]: pool.submit(cell, reader, dialect, told["prompt"], healthy, f"row-0-{named}")}
    wait(cells.values())
    for number, row in enumerate(broken, 1):
        cells[row["label"]] = pool.submit(cell, reader, dialect, told["prompt"], row, f"row-{number}-{named}")
    return {"dialect": dialect, "package": package, "language": "Python", "version": now, "call": call, "cells": cells}


def installed(package):
    """Whether this environment has `package`."""
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def main(rows, out):
    """Runs every reader whose package is installed."""
    with open(rows, encoding="utf-8") as file:
        told = json.load(file)
    # Attempts follow each other at once.
    time.sleep = lambda _seconds: None
    with ThreadPoolExecutor(AT_ONCE) as pool:
        columns = []
        for reader in READERS:
            if installed(reader[1]):
                columns.append(column(*reader, told, pool))
                wait(columns[-1]["cells"].values())
    for done in columns:
        done["cells"] = {label: future.result() for label, future in done["cells"].items()}
    with open(out, "w", encoding="utf-8") as file:
        json.dump(columns, file, indent=1)
    print(f"{len(columns)} readers read {len(told['rows'])} answers each", flush=True)
    # Readers that were given up still read.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
