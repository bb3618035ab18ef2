"""A language model for tests that is no model: an OpenAI-compatible server whose reply is a pure function of the
prompt.

Takes chat requests on 127.0.0.1, gives streamed completions, and remembers what it was asked. Knows nothing of lmkindex
but how a prompt numbers its passages (`[1] text`, blank lines between) and that the question comes last.
"""

from __future__ import annotations

import json
import re
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

MODEL = "recorded-model"
PIECE_CHARS = 7  # of a streamed reply
PASSAGE = re.compile(r"^\[(\d+)\] (.*)$", re.DOTALL)
SENTENCE = re.compile(r".+?(?:[.!?](?=\s|$)|$)", re.DOTALL)
FEW_WORDS = 4  # shorter pieces are headings and numbers
REFUSAL = "The passages do not answer the question."
INVENTED = "The mayor of Atlantis ate ninety-one pickled gulls."
KINDS = (
    "quote",
    "invent",
    "lost marker",
    "refuse",
    "quotation",
    "false quotation",
    "no marker",
    "near miss",
    "think",
    "repeat",
    "cut",
    "two passages",
)
BROKEN = "broken"  # a question with this word gets an HTTP error


def reply_to(user: str) -> tuple[str, str]:
    """The reply and its finish reason. The question decides the kind: by a word of `KINDS` in braces, else by its
    checksum."""
    *blocks, question = user.split("\n\n")
    passages = [match[2] for match in map(PASSAGE.match, blocks) if match]
    named = next((kind for kind in KINDS if f"{{{kind}}}" in question), None)
    return write(named or KINDS[zlib.crc32(question.encode()) % len(KINDS)], passages or [""])


def write(kind: str, passages: list[str]) -> tuple[str, str]:
    """A reply of one kind about some passages."""
    firsts = [first_sentence(passage) for passage in passages]
    bare = firsts[0].rstrip(".!? ")
    words = bare.split()
    texts = {
        "quote": f"{bare} [1].",
        "invent": f"{bare} [1]. {INVENTED[:-1]} [1].",
        "lost marker": f"{bare} [1]. {bare} indeed [{len(passages) + 7}].",
        "refuse": REFUSAL,
        "quotation": f'The passage says "{" ".join(words[:8])}" [1].',
        "false quotation": 'It is written: "The tower sank in 1912 without a sound" [1].',
        "no marker": f"{bare}. {INVENTED}",
        "near miss": f"{bare}. {bare} for 4711 years.",
        "think": f"<think>Passage 1 looks right.</think>{bare} [1].",
        "repeat": f"{bare} [1]. {bare} [1]. {bare} [1].",
        "cut": f"{bare} [1]. And then the",
        "two passages": f"{bare} [1]. {firsts[-1].rstrip('.!? ')} [{len(passages)}]. {bare} [1, {len(passages)}].",
    }
    return texts[kind], "length" if kind == "cut" else "stop"


def question_about(user: str) -> tuple[str, str]:
    """What `synth` asks for: a question about the fact, as JSON; of some facts none, of some no JSON."""
    fact = user.rpartition("Fact: ")[2]
    number = zlib.crc32(fact.encode()) % 5
    if number == 0:
        return "This fact is dull.", "stop"
    answer = " ".join(fact.rstrip(".").split()[-3:])
    question = (
        "" if number == 1 else f"Where did the work of {' '.join(fact.split()[1:3])} with {' '.join(fact.split()[-6:-3])} take place?"
    )
    return json.dumps({"question": question, "answer": answer}), "stop"


def first_sentence(passage: str) -> str:
    """The first sentence with content."""
    sentences = [match[0].strip() for match in SENTENCE.finditer(passage)]
    return next((sentence for sentence in sentences if len(sentence.split()) > FEW_WORDS), passage)


class Handler(BaseHTTPRequestHandler):
    """GET /v1/models and POST /v1/chat/completions; all else is 404."""

    server: LlmServer

    def do_GET(self) -> None:
        if self.path != "/v1/models":
            return self.send(404, b"{}")
        return self.send(200, json.dumps({"object": "list", "data": [{"id": MODEL, "max_model_len": 4096}]}).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v1/chat/completions":
            return self.send(404, b"{}")
        self.server.requests.append(body)
        user = body["messages"][-1]["content"]
        if BROKEN in user.rpartition("\n\n")[2]:
            return self.send(400, json.dumps({"error": {"message": "This model is broken."}}).encode())
        text, reason = question_about(user) if "response_format" in body else reply_to(user)
        pieces = [text[start : start + PIECE_CHARS] for start in range(0, len(text), PIECE_CHARS)]
        events: list[Any] = [{"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]} for piece in pieces]
        events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        data = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
        return self.send(200, data.encode(), "text/event-stream")

    def send(self, status: int, data: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing, because stderr is recorded."""


class LlmServer(ThreadingHTTPServer):
    """The server on a free port while it is a context. `requests` are the bodies of all chat requests, in the order in
    which they came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def __enter__(self) -> LlmServer:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.shutdown()
        self.server_close()
