"""An application's backend: answers answer_url, records every webhook it is sent."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Request:
    """One webhook as it came in."""

    def __init__(self, method, path, headers, body):
        self.method = method
        split = urlsplit(path)
        self.path = split.path
        self.headers = headers
        self.raw = body
        self.query = {k: v[0] for k, v in parse_qs(split.query, keep_blank_values=True).items()}
        try:
            self.json = json.loads(body) if body else None
        except ValueError:
            self.json = None

    @property
    def fields(self):
        return self.json if self.json is not None else self.query

    def __repr__(self):
        return f"{self.method} {self.path} {self.fields}"


class Backend:
    """Listens on loopback; `script` is the NCCO of /answer, `replies` maps a path to a function of the request."""

    def __init__(self, script=None):
        self.script = script if script is not None else []
        self.replies = {}
        self.requests = []
        self._changed = threading.Condition()
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def _serve(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # the sender was killed half way: it will send again
                request = Request(self.command, self.path, self.headers, body)
                status, body = backend._answer(request)
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                # One write: a head of its own would wait 40 ms for the delayed acknowledgement of the peer.
                self.wfile.write(
                    f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode()
                    + data)

            do_GET = do_POST = _serve

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a sender that was killed resets its connection
            request_queue_size = 256

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _answer(self, request):
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        reply = self.replies.get(request.path)
        if reply is not None:
            answer = reply(request)
            return answer if isinstance(answer, tuple) else (200, answer)
        if request.path == "/answer":
            return 200, self.script(request) if callable(self.script) else self.script
        return 200, {}

    def wait(self, predicate, timeout=10):
        """The first request that fits, waiting for it; fails the test when none comes."""
        with self._changed:
            found = []

            def look():
                found[:] = [r for r in self.requests if predicate(r)]
                return bool(found)

            assert self._changed.wait_for(look, timeout), f"no such request; came: {self.requests[-12:]}"
            return found[0]

    def wait_status(self, status, timeout=10, **fields):
        return self.wait(
            lambda r: r.path == "/event" and isinstance(r.fields, dict) and r.fields.get("status") == status
            and all(r.fields.get(k) == v for k, v in fields.items()), timeout)

    def events(self, path="/event"):
        with self._changed:
            return [r.fields for r in self.requests if r.path == path]

    def close(self):
        self._server.shutdown()
        self._server.server_close()
