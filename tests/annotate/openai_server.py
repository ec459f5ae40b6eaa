"""A language-model provider on 127.0.0.1 for the tests beside this file: real HTTP, scripted answers.

It speaks OpenAI's `POST /v1/chat/completions`. As a script it serves until it is stopped, for tests in which processes die:
`python openai_server.py --port 0 --mode ok --log served.jsonl` prints the port it listens on.

Like a provider that honours `Idempotency-Key`, it bills a key once: the same key again gets the same answer for nothing.
"""

from __future__ import annotations

import argparse
import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HANG = 30.0  # seconds that mode "hang" keeps a client waiting; far more than any test's timeout


@dataclass(frozen=True)
class Reply:
    """What to send back.

    Args:
        content: the model's message; None stands for a message without content.
        status: of HTTP; anything but 200 sends an error instead of the message.
        finish_reason: why the model stopped.
        headers: further headers of HTTP.
        wait: seconds before the answer.
        body: sent as it is instead of all that.
    """

    content: str | None = ""
    status: int = 200
    finish_reason: str = "stop"
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0
    body: str | None = None


Script = Callable[[dict[str, Any], int], Reply]  # (request body, how many came before it) -> reply


def good_answer(body: Mapping[str, Any], *, unknown: Sequence[str] = ("neck",)) -> dict[str, Any]:
    """An answer that fits the schema that the request asks for; limbs in `unknown`, and most pairs, do nothing."""
    return _fill(body["response_format"]["json_schema"]["schema"], "text", unknown)


def ok(body: dict[str, Any], _: int) -> Reply:
    """A good answer."""
    return Reply(json.dumps(good_answer(body)))


def error(status: int, **headers: str) -> Reply:
    """The error `status`, in OpenAI's form."""
    return Reply(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})


def first(*replies: Reply, then: Script = ok) -> Script:
    """The replies one after another, then `then`."""
    return lambda body, count: replies[count] if count < len(replies) else then(body, count)


MODES: Mapping[str, Script] = {
    "ok": ok,
    "hang": lambda body, _: Reply(json.dumps(good_answer(body)), wait=HANG),
    "prose": lambda *_: Reply("Certainly! The person walks and swings both arms."),
    "truncated": lambda body, _: Reply(json.dumps(good_answer(body))[:60], finish_reason="length"),
    "busy": first(error(429, Retry_After="0.05")),
    **{str(status): lambda *_, status=status: error(status) for status in (400, 401, 403, 404, 429, 500, 503)},
}


class Server(ThreadingHTTPServer):
    """The provider; a context manager that serves while the block runs.

    Args:
        script: what it answers.
        latency: seconds that every answer takes.
        port: to listen on; 0 takes a free one.
        log: JSONL file that gets an object for every request once it is over, see `served`.
    """

    daemon_threads = True  # a hanging request must not hold up the end of a test
    request_queue_size = 64

    def __init__(
        self, script: Script = ok, *, latency: float = 0.0, port: int = 0, log: Path | str | None = None
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.script, self.latency, self.log = script, latency, log
        self.served: list[dict[str, Any]] = []  # key, status, billed, delivered, tokens and body of each request
        self.most_at_once = 0
        self._answers: dict[str, tuple[int, Mapping[str, str], bytes, tuple[int, int]]] = {}
        self._seen = self._now = 0
        self._closing = threading.Event()
        self._lock = threading.Lock()

    @property
    def api_base(self) -> str:
        """What litellm calls it."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def bills(self) -> Counter[str]:
        """How often each idempotency key was billed."""
        return Counter(row["key"] for row in self.served if row["billed"])

    def __enter__(self) -> Server:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that dies is what some tests are about; no traceback."""

    def answer(self, key: str, body: dict[str, Any]) -> tuple[int, Mapping[str, str], bytes, dict[str, Any]]:
        """Status, headers and content for a request, and the row that is logged about it."""
        with self._lock:
            count, self._seen = self._seen, self._seen + 1
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            reply = Reply() if key in self._answers else self.script(body, count)
        self._closing.wait(self.latency + reply.wait)
        with self._lock:
            self._now -= 1  # here: the client may send its next request before this one is logged
            billed = reply.status == 200 and reply.body is None and (not key or key not in self._answers)
            known = self._answers[key] if key in self._answers else _encode(reply, body)
            if billed and key:
                self._answers[key] = known
        status, headers, content, (prompt, completion) = known
        row = {"key": key, "status": status, "billed": billed, "prompt_tokens": prompt, "completion_tokens": completion}
        return status, headers, content, {**row, "body": body}

    def finish(self, row: dict[str, Any]) -> None:
        """Log a request."""
        with self._lock:
            self.served.append(row)
            if self.log is not None:
                with Path(self.log).open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")


class _Handler(BaseHTTPRequestHandler):
    """One request a connection, so that the end of the connection says whether the client took the answer."""

    server: Server  # type: ignore[assignment]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = self.headers.get("Idempotency-Key", "")
        status, headers, content, row = self.server.answer(key, body)
        row["delivered"] = self._send(status, headers, content)
        self.server.finish(row)

    def _send(self, status: int, headers: Mapping[str, str], content: bytes) -> bool:
        """Whether the client has read all of it: one that was killed resets the connection or is gone already."""
        try:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(content)
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(5)
            return self.connection.recv(1) == b""
        except OSError:
            return False
        finally:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Not on stderr."""


def _encode(reply: Reply, body: dict[str, Any]) -> tuple[int, Mapping[str, str], bytes, tuple[int, int]]:
    """Status, headers, content and (prompt, completion) tokens; a token is a word here."""
    if reply.body is not None:
        return reply.status, reply.headers, reply.body.encode(), (0, 0)
    if reply.status != 200:
        content: dict[str, Any] = {"error": {"message": f"scripted error {reply.status}", "type": "t", "code": "c"}}
        return reply.status, reply.headers, json.dumps(content).encode(), (0, 0)
    prompt = sum(len(message["content"].split()) for message in body["messages"])
    completion = len((reply.content or "").split())
    choice = {
        "index": 0,
        "finish_reason": reply.finish_reason,
        "message": {"role": "assistant", "content": reply.content},
    }
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    content = {"id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": body["model"]}
    return (
        200,
        reply.headers,
        json.dumps({**content, "choices": [choice], "usage": usage}).encode(),
        (prompt, completion),
    )


def _fill(schema: Mapping[str, Any], key: str, unknown: Sequence[str]) -> Any:
    """A value for a JSON schema of objects and strings; a string is a sentence about its key."""
    if schema["type"] == "object":
        return {name: _fill(inner, name, unknown) for name, inner in schema["properties"].items()}
    limbs = key.replace("_", " ").split("+")
    if key == "text":
        return "a person walks forward and swings the arms"
    if key in unknown or (len(limbs) == 2 and key != "left_arm+right_arm"):
        return "unknown"
    return "The " + " and the ".join(limbs) + (" move in turn." if len(limbs) == 2 else " swings to and fro.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description="OpenAI-compatible stub on 127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--mode", choices=MODES, default="ok", help="what it answers")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that every answer takes")
    parser.add_argument("--log", type=Path, help="JSONL file, a line for each request once it is over")
    options = parser.parse_args(arguments)
    server = Server(MODES[options.mode], latency=options.latency, port=options.port, log=options.log)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
