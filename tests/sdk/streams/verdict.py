"""What one reader's facts about one spoilt answer come to."""

import mock

RAISES, QUIET, LIES, HANGS, HARMLESS, NONE = "raises", "quiet", "fooled", "hangs", "no harm", "unknown here"
MARKS = {RAISES: "✔", QUIET: "◐", LIES: "✘", HANGS: "∞", HARMLESS: "·", NONE: "–"}


def verdict(column, label, words):
    """The kind of a cell, and its text."""
    cell, healthy = column["cells"][label], column["cells"]["none"]
    got = mock.words(cell["text"])
    tries = f" in {cell['attempts']} attempts" if cell["attempts"] > 1 else ""
    after = f" after {len(got)} words" if got else ""
    raised = f" `{cell['raised']}`" if cell["raised"] else ""
    if cell["stumbled"]:
        raised += " in the caller's own code"
    if not cell["fired"]:
        return NONE, ""
    if cell["hung"]:
        # Which error ends the wait depends on who of two gives up first.
        return HANGS, ", ".join(part.strip() for part in (after, tries) if part)
    if cell["raised"]:
        return RAISES, (raised + after + tries).strip()
    missed = lacks(cell, got, words) + ([] if cell["finish"] else ["no end"])
    if cell["refused"]:
        return QUIET, "refusal in its own field"
    if cell["finish"] != healthy["finish"]:
        return QUIET, ", ".join(missed + ([f"`{cell['finish']}`"] if cell["finish"] else [])) + tries
    if missed:
        return LIES, ", ".join([*missed, f"`{cell['finish']}`"]) + tries
    if cell["usage"] != healthy["usage"]:
        return (LIES if cell["usage"] else QUIET), usage(cell["usage"]) + tries
    return HARMLESS, tries.strip()


def lacks(cell, got, words):
    """What the words of an answer lack."""
    if got == list(range(words)):
        return [] if len(cell["text"].split()) == words else ["all words and more"]
    if not got:
        return ["other words" if cell["text"].split() else "no words"]
    if sorted(set(got)) == list(range(words)):
        return ["words twice" if len(got) > words else "words out of order"]
    return [f"{len(set(got))} of {words} words" + (", some twice" if len(set(got)) < len(got) else "")]


def usage(told):
    """What was said about usage, where it should have been said once."""
    if not told:
        return "no usage"
    return f"usage {told[0]}" if len(told) == 1 else f"usage {len(told)} times"
