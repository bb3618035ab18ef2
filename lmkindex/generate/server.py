"""A generator behind an OpenAI-compatible URL: `vllm serve`, llama.cpp, Ollama or a hosted service.

Uses only the standard library. The key comes from LMKINDEX_API_KEY, else OPENAI_API_KEY; it is sent only to the named
host and appears in no message.
"""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ..config import AnswerOptions
from ..errors import GeneratorError
from ..records import JsonObject
from .chat import messages_of
from .protocol import CONTEXT_TOKENS, Generation, OnText, Prompt

KEY_VARIABLES = ("LMKINDEX_API_KEY", "OPENAI_API_KEY")
NUM_CONNECTIONS = 16
RETRY_AFTER_S = (1.0, 3.0, 8.0)
BUSY = (429, 500, 502, 503, 504)
TEMPLATE_TOKENS = 64  # the chat template's own tokens, which the server adds
BYTES_PER_TOKEN = 3  # fewer than in any language we have seen: an estimate that errs on the long side


class RequestError(Exception):
    """One request failed; the others may not. `status` is the HTTP status, if there was one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def open_url(options: AnswerOptions) -> UrlGenerator:
    """Ask the server for its models and choose `options.model`, or the only model. Raises `GeneratorError`."""
    endpoint = Endpoint(options.llm or "", timeout_s=options.timeout_s)
    try:
        listed = [entry for entry in endpoint.get("/models").get("data", []) if isinstance(entry, dict)]
    except RequestError as error:
        if options.model is None or error.status not in (404, 405):  # some servers do not list models: a named model is enough
            raise GeneratorError(str(error)) from error
        listed = []
    names = [str(entry.get("id")) for entry in listed]
    if options.model is None and len(names) != 1:
        raise GeneratorError(f"{endpoint.base} serves {', '.join(names) or 'no models'}: choose one with --model NAME.")
    name = options.model or names[0]
    reported = next((entry.get("max_model_len") for entry in listed if entry.get("id") == name), None)
    context_tokens = reported if isinstance(reported, int) else CONTEXT_TOKENS
    return UrlGenerator(endpoint, name=name, max_prompt_tokens=context_tokens - options.max_answer_tokens - TEMPLATE_TOKENS)


class UrlGenerator:
    """Chat completions over HTTP, several at a time, always streamed so that a batch can be stopped."""

    def __init__(self, endpoint: Endpoint, *, name: str, max_prompt_tokens: int) -> None:
        self.name = name
        self.max_prompt_tokens = max_prompt_tokens
        self._endpoint = endpoint

    def count_tokens(self, text: str) -> int:
        return -(-len(text.encode("utf-8", errors="replace")) // BYTES_PER_TOKEN)

    def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, on_text: OnText | None = None
    ) -> list[Generation]:
        """One generation for each prompt. An error that affects all of them (no server, key, path or model) raises
        `GeneratorError`."""
        stop, lock = threading.Event(), threading.Lock()

        def write(index: int) -> Generation:
            body = {"model": self.name, "messages": messages_of(prompts[index]), "max_tokens": max_tokens, "temperature": temperature}
            body |= structure_of(prompts[index].schema)
            pieces: list[str] = []
            reason, failure = "stop", ""
            try:
                for piece, finish_reason in self._endpoint.stream(body):
                    pieces.append(piece)
                    reason = finish_reason or reason
                    if stop.is_set():
                        break
                    if on_text is not None and piece:
                        with lock:
                            on_text(index, piece)
            except RequestError as error:
                if error.status in (401, 403, 404):
                    raise GeneratorError(str(error)) from error
                reason, failure = "error", str(error)
            if reason == "error" and not failure:
                failure = "the server ended the answer with an error"
            return Generation(text="".join(pieces), finish_reason=reason, error=failure)

        if len(prompts) == 1:
            return [write(0)]
        with ThreadPoolExecutor(min(NUM_CONNECTIONS, max(1, len(prompts)))) as pool:
            try:
                return list(pool.map(write, range(len(prompts))))
            except BaseException:  # Ctrl-C as well: do not continue an answer that nobody reads
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def structure_of(schema: JsonObject | None) -> JsonObject:
    """The request fields that ask for JSON that fits `schema`, as in OpenAI's API; not its strict mode, which supports
    few keywords."""
    if schema is None:
        return {}
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}}}


class RefuseRedirects(urllib.request.HTTPRedirectHandler):
    """Turns a redirect into an error that names its target, because following it would carry the key to another
    host."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Endpoint:
    """One server: its base URL, its key and how to send requests."""

    def __init__(self, url: str, *, timeout_s: float) -> None:
        parts = urlsplit(url)
        path = parts.path.rstrip("/").removesuffix("/chat/completions")
        self.base = urlunsplit((parts.scheme, parts.netloc, path or "/v1", "", ""))
        self._timeout_s = timeout_s
        self._key = next((os.environ[name] for name in KEY_VARIABLES if os.environ.get(name)), None)
        is_local = parts.hostname in ("localhost", "::1") or (parts.hostname or "").startswith("127.")
        proxies = [urllib.request.ProxyHandler({})] if is_local else []  # a proxy cannot reach this machine
        self._opener = urllib.request.build_opener(RefuseRedirects, *proxies)

    def get(self, path: str) -> JsonObject:
        with self._open(path, None) as response:
            return read_json(response.read())

    def stream(self, body: JsonObject) -> Iterator[tuple[str, str | None]]:
        """Yield (piece, finish reason or None) of one chat completion, even from a server that does not stream."""
        with self._open("/chat/completions", body | {"stream": True}) as response:
            if "event-stream" not in response.headers.get("Content-Type", ""):
                choice = first_choice(read_json(response.read()))
                yield (choice.get("message") or {}).get("content") or "", choice.get("finish_reason")
                return
            try:
                for line in response:
                    data = line.strip().removeprefix(b"data:").strip()
                    if not line.startswith(b"data:") or data == b"[DONE]":
                        continue
                    choice = first_choice(read_json(data))
                    yield (choice.get("delta") or {}).get("content") or "", choice.get("finish_reason")
            except (OSError, http.client.HTTPException) as error:
                raise RequestError(self._unreachable(error)) from error

    def _open(self, path: str, body: JsonObject | None) -> Any:
        """Send a request, and retry if the server is busy. Raises `RequestError` with a sentence for the user."""
        headers = {"Content-Type": "application/json", "User-Agent": "lmkindex"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        data = None if body is None else json.dumps(body).encode()
        for pause_s in (*RETRY_AFTER_S, None):
            try:
                request = urllib.request.Request(self.base + path, data=data, headers=headers)
                return self._opener.open(request, timeout=self._timeout_s)
            except urllib.error.HTTPError as error:
                with error:
                    if error.code not in BUSY or pause_s is None:
                        raise RequestError(self._refused(error), error.code) from None
                time.sleep(pause_s)
            except (OSError, http.client.HTTPException, ValueError) as error:
                reason = error.reason if isinstance(error, urllib.error.URLError) else error
                if not isinstance(reason, ConnectionResetError) or pause_s is None:  # RemoteDisconnected is a ConnectionResetError
                    raise RequestError(self._unreachable(reason)) from error
                time.sleep(pause_s)
        raise AssertionError("the last attempt returns or raises")

    def _refused(self, error: urllib.error.HTTPError) -> str:
        said = error.read(2000).decode("utf-8", errors="replace").strip()
        said = said.replace(self._key, "***") if self._key else said
        advice = {
            401: f"it requires a key: set {KEY_VARIABLES[0]}",
            403: f"it refuses the key in {' or '.join(KEY_VARIABLES)}",
            404: "check the path of --llm (it usually ends in /v1) and --model",
        }.get(error.code, "see its message")
        if 300 <= error.code < 400:
            advice = f"it redirects to {error.headers.get('Location')}: give that address to --llm if you trust it"
        return f"{self.base} answered {error.code}; {advice}. {said[:400]}".strip()

    def _unreachable(self, reason: Any) -> str:
        if isinstance(reason, TimeoutError):
            return f"{self.base} did not answer within {self._timeout_s:g} seconds: try again, or raise the timeout."
        return f"{self.base} cannot be reached ({reason}): check the address and that the server is running."


def read_json(data: bytes) -> JsonObject:
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise RequestError(f"the server's answer is not a JSON object: {data[:200].decode('utf-8', errors='replace')}")
    return value


def first_choice(message: JsonObject) -> JsonObject:
    """The first choice of a completion or chunk; empty for a chunk without choices (usage)."""
    if "error" in message:
        raise RequestError(f"the server stopped with an error: {json.dumps(message['error'])[:400]}")
    choices = message.get("choices") or [{}]
    return dict(choices[0])
