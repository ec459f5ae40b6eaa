"""A language-model provider on 127.0.0.1 for the tests of all packages: real HTTP, scripted answers.

It speaks OpenAI's `POST /v1/chat/completions`, and honours `Idempotency-Key`: it bills a key once, and answers the same key
again with the same answer for free.
"""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG = 30.0  # seconds until mode "hang" answers; longer than the timeout of any test


@dataclass(frozen=True)
class Reply:
    """A response of the server.

    Args:
        content: the model's message; None for a message without content.
        status: HTTP status; other than 200, an error replaces the message.
        finish_reason: why the model stopped.
        headers: further HTTP headers.
        wait: seconds before the answer.
        body: replaces the whole body.
    """

    content: str | None = ""
    status: int = 200
    finish_reason: str = "stop"
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0
    body: str | None = None


Script = Callable[[dict[str, Any], int], Reply]  # (request body, number of earlier requests) -> reply


def good_answer(body: Mapping[str, Any], *, unknown: Sequence[str] = ("neck",)) -> dict[str, Any]:
    """Return an answer that fits the schema of the request; limbs in `unknown` and most pairs are "unknown"."""
    return _fill(body["response_format"]["json_schema"]["schema"], "text", unknown)


def ok(body: dict[str, Any], _: int) -> Reply:
    """Return a good answer."""
    return Reply(json.dumps(good_answer(body)))


def error(status: int, **headers: str) -> Reply:
    """Return an error in OpenAI's form."""
    return Reply(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})


def first(*replies: Reply, then: Script = ok) -> Script:
    """Return a script that gives the replies one after another, then those of `then`."""
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
        script: its replies.
        latency: seconds before each answer.
    """

    daemon_threads = True  # a hanging request must not delay the end of a test
    request_queue_size = 64

    def __init__(self, script: Script = ok, *, latency: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script, self.latency = script, latency
        self.served: list[dict[str, Any]] = []  # key, status, billed, delivered, tokens and body of each request
        self.most_at_once = 0
        self._answers: dict[str, tuple[int, Mapping[str, str], bytes, tuple[int, int]]] = {}
        self._seen = self._now = 0
        self._closing = threading.Event()
        self._lock = threading.Lock()

    @property
    def api_base(self) -> str:
        """Address for litellm."""
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
        """Print no traceback for a client that dies."""

    def answer(self, key: str, body: dict[str, Any]) -> tuple[int, Mapping[str, str], bytes, dict[str, Any]]:
        """Return status, headers and content for a request, and its row for `served`."""
        with self._lock:
            count, self._seen = self._seen, self._seen + 1
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            reply = Reply() if key in self._answers else self.script(body, count)
        self._closing.wait(self.latency + reply.wait)
        with self._lock:
            self._now -= 1  # here, since the client may send its next request before this one is done
            billed = reply.status == 200 and reply.body is None and (not key or key not in self._answers)
            known = self._answers[key] if key in self._answers else _encode(reply, body)
            if billed and key:
                self._answers[key] = known
        status, headers, content, (prompt, completion) = known
        row = {"key": key, "status": status, "billed": billed, "prompt_tokens": prompt, "completion_tokens": completion}
        return status, headers, content, {**row, "body": body}


class _Handler(BaseHTTPRequestHandler):
    """Takes one request a connection, so that the end of the connection shows whether the client read the answer."""

    server: Server  # type: ignore[assignment]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = self.headers.get("Idempotency-Key", "")
        status, headers, content, row = self.server.answer(key, body)
        row["delivered"] = False
        self.server.served.append(row)  # before it is sent: the client may look as soon as it has the answer
        row["delivered"] = self._send(status, headers, content)

    def _send(self, status: int, headers: Mapping[str, str], content: bytes) -> bool:
        """Send a response and return whether the client read all of it; a killed client resets the connection."""
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
        """Write nothing to stderr."""


def _encode(reply: Reply, body: dict[str, Any]) -> tuple[int, Mapping[str, str], bytes, tuple[int, int]]:
    """Return status, headers, content and (prompt, completion) tokens; each word counts as a token."""
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
    """Return a value for a JSON schema of objects and strings; a string is a sentence about its key."""
    if schema["type"] == "object":
        return {name: _fill(inner, name, unknown) for name, inner in schema["properties"].items()}
    limbs = key.replace("_", " ").split("+")
    if key == "text":
        return "a person walks forward and swings the arms"
    if key in unknown or (len(limbs) == 2 and key != "left_arm+right_arm"):
        return "unknown"
    return "The " + " and the ".join(limbs) + (" move in turn." if len(limbs) == 2 else " swings to and fro.")
