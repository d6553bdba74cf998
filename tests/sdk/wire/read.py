"""What the Python packages make of broken streams: a fact a stream and a package, as JSON.

`read.py CORPUS FACTS`: the streams are those of `brownout wire-corpus`. A server of our own gives each to whoever asks for
its name as a model, with status 200 and an end that HTTP takes for a good one. Readers are what a user would write: a loop over
the events.
"""

import base64
import json
import sys
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

SILENCE_S = 5.0
PROMPT = [{"role": "user", "content": "as json"}]


class Seen:
    """What a reader has got so far."""

    def __init__(self):
        self.text, self.arguments, self.finish = "", "", None

    def say(self, text):
        self.text += text or ""

    def call(self, arguments):
        if arguments is not None:
            self.arguments += arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


class Handler(BaseHTTPRequestHandler):
    """Gives the stream that is named."""

    protocol_version = "HTTP/1.1"
    # Head and body in one segment: two would wait for each other's acknowledgement.
    wbufsize = 1 << 16
    streams = {}

    def do_POST(self):
        asked = self.rfile.read(int(self.headers["content-length"]))
        name = self.path.split("/models/")[1].split(":")[0] if "/models/" in self.path else json.loads(asked)["model"]
        stream = self.streams[name]
        body = base64.b64decode(stream["body"])
        self.send_response(200)
        self.send_header("content-type", stream["kind"])
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        pass


def openai_loop(base):
    import openai

    client = openai.OpenAI(base_url=base + "/v1", api_key="k", timeout=SILENCE_S, max_retries=0)

    def read(name, seen):
        for chunk in client.chat.completions.create(model=name, messages=PROMPT, stream=True):
            for choice in (chunk.choices or [])[:1]:
                seen.finish = choice.finish_reason or seen.finish
                if choice.delta is not None:
                    seen.say(choice.delta.content)
                    for call in choice.delta.tool_calls or []:
                        seen.call(call.function.arguments if call.function else None)

    return read


def anthropic_loop(base):
    import anthropic

    client = anthropic.Anthropic(base_url=base, api_key="k", timeout=SILENCE_S, max_retries=0)

    def read(name, seen):
        for event in client.messages.create(model=name, max_tokens=100, messages=PROMPT, stream=True):
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                seen.say(event.delta.text)
            elif event.type == "content_block_delta" and event.delta.type == "input_json_delta":
                seen.call(event.delta.partial_json)
            elif event.type == "message_delta":
                seen.finish = event.delta.stop_reason or seen.finish

    return read


def gemini_loop(base):
    from google import genai

    client = genai.Client(api_key="k", http_options={"base_url": base, "timeout": int(SILENCE_S * 1000)})

    def read(name, seen):
        for chunk in client.models.generate_content_stream(model=name, contents="as json"):
            for candidate in (chunk.candidates or [])[:1]:
                seen.finish = candidate.finish_reason.value if candidate.finish_reason else seen.finish
                for part in (candidate.content.parts if candidate.content else None) or []:
                    if not part.thought:
                        seen.say(part.text)
                    seen.call(part.function_call.args if part.function_call else None)

    return read


def mistral_loop(base):
    from mistralai.client import Mistral

    client = Mistral(api_key="k", server_url=base, timeout_ms=int(SILENCE_S * 1000))

    def read(name, seen):
        for event in client.chat.stream(model=name, messages=PROMPT):
            for choice in (event.data.choices or [])[:1]:
                seen.finish = choice.finish_reason or seen.finish
                content = choice.delta.content
                for piece in content if isinstance(content, list) else [content]:
                    seen.say(piece if isinstance(piece, str) else getattr(piece, "text", None))
                for call in choice.delta.tool_calls or []:
                    seen.call(call.function.arguments)

    return read


READERS = {
    "openai": ("openai", openai_loop),
    "anthropic": ("anthropic", anthropic_loop),
    "gemini": ("google-genai", gemini_loop),
    "mistral": ("mistralai", mistral_loop),
}


def fact(read, name):
    """What one package made of one stream."""
    seen, raised = Seen(), None
    try:
        read(name, seen)
    except Exception as error:  # Whatever it is, it is what the package raises.
        raised = type(error).__name__
    finish = seen.finish if seen.finish is None or isinstance(seen.finish, str) else str(seen.finish)
    return {"raised": raised, "finish": finish, "text": seen.text, "arguments": seen.arguments}


def main(corpus, out):
    """Reads every stream with the package it is for."""
    # Some packages tell of every odd value.
    warnings.simplefilter("ignore")
    with open(corpus, encoding="utf-8") as file:
        streams = [json.loads(line) for line in file]
    Handler.streams = {stream["id"]: stream for stream in streams}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    began = time.monotonic()
    columns = []
    for reader, (package, make) in READERS.items():
        read = make(base)
        facts = {stream["id"]: fact(read, stream["id"]) for stream in streams if stream["reader"] == reader}
        columns.append({"reader": reader, "package": package, "language": "Python", "version": version(package), "facts": facts})
    with open(out, "w", encoding="utf-8") as file:
        json.dump(columns, file)
    print(f"{len(columns)} packages read {len(streams)} streams in {time.monotonic() - began:.0f}s")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
