"""Upstreams that say a text word for word, for what no fault of the mocks brings about: several tool calls at once."""

import http.server
import json
import threading


class Canned:
    """A provider at a port of its own that answers every POST with the same bytes, and keeps what it was asked."""

    def __init__(self, plain, stream):
        canned = self
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                canned.asked.append(body)
                streaming = bool(body.get("stream")) or "stream" in self.path
                said = (stream if streaming else json.dumps(plain)).encode()
                self.send_response(200)
                self.send_header("content-type", "text/event-stream" if streaming else "application/json")
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


# Two cities at once. Every vendor says it in its own way.
CALLS = [("call_rome", '{"city": "Rome", "days": 2}'), ("call_oslo", '{"city": "Oslo", "days": 5}')]


def _events(*events, named=False):
    lines = []
    for event in events:
        if named:
            lines.append(f"event: {event['type']}\n")
        lines.append(f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n")
    return "".join(lines)


def openai(in_turns=False):
    """Two calls, one after the other, or with pieces that come in turns and are told apart by their index alone."""
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o"}
    usage = {"prompt_tokens": 3, "completion_tokens": 20, "total_tokens": 23}
    calls = [{"id": id, "type": "function", "function": {"name": "weather", "arguments": text}} for id, text in CALLS]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    plain = {**head, "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}], "usage": usage}

    def chunk(delta, finish=None):
        return {
            **head,
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }

    def piece(at, start):
        text = CALLS[at][1][start : start + 7]
        return chunk({"tool_calls": [{"index": at, "function": {"arguments": text}}]})

    openings = [
        chunk(
            {
                "tool_calls": [
                    {"index": at, "id": id, "type": "function", "function": {"name": "weather", "arguments": ""}}
                ]
            }
        )
        for at, (id, _) in enumerate(CALLS)
    ]
    starts = [range(0, len(text), 7) for _, text in CALLS]
    if in_turns:
        pieces = [*openings, *(piece(at, start) for start in starts[0] for at in (0, 1))]
    else:
        pieces = [openings[0], *(piece(0, start) for start in starts[0])]
        pieces += [openings[1], *(piece(1, start) for start in starts[1])]
    stream = _events(
        chunk({"role": "assistant", "content": None}),
        *pieces,
        chunk({}, "tool_calls"),
        {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage},
        "[DONE]",
    )
    return Canned(plain, stream)


def anthropic():
    """A word before, then two blocks one after the other."""
    usage = {"input_tokens": 3, "output_tokens": 20}
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "stop_sequence": None}
    blocks = [{"type": "tool_use", "id": id, "name": "weather", "input": json.loads(text)} for id, text in CALLS]
    content = [{"type": "text", "text": "Looking."}, *blocks]
    plain = {**head, "content": content, "stop_reason": "tool_use", "usage": usage}
    events = [
        {"type": "message_start", "message": {**head, "content": [], "stop_reason": None, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Looking."}},
        {"type": "content_block_stop", "index": 0},
    ]
    for at, (block, (_, text)) in enumerate(zip(blocks, CALLS, strict=True), start=1):
        events.append({"type": "content_block_start", "index": at, "content_block": {**block, "input": {}}})
        for start in range(0, len(text), 7):
            delta = {"type": "input_json_delta", "partial_json": text[start : start + 7]}
            events.append({"type": "content_block_delta", "index": at, "delta": delta})
        events.append({"type": "content_block_stop", "index": at})
    events.append(
        {"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": None}, "usage": usage}
    )
    events.append({"type": "message_stop"})
    return Canned(plain, _events(*events, named=True))


def gemini():
    """Calls come whole, and without ids."""
    parts = [{"functionCall": {"name": "weather", "args": json.loads(text)}} for _, text in CALLS]
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 20, "totalTokenCount": 23}

    def reply(parts, **more):
        content = {"role": "model", "parts": parts}
        return {
            "candidates": [{"content": content, "index": 0, **more}],
            "usageMetadata": usage,
            "modelVersion": "gemini-2.5-flash",
        }

    stream = _events(reply(parts[:1]), reply(parts[1:], finishReason="STOP"))
    return Canned(reply(parts, finishReason="STOP"), stream)


VENDORS = {"claude": anthropic, "gpt": openai, "flash": gemini}
