"""`security.outbound`: what the owner forbids is reached by no webhook, script or prompt, whatever name it goes by."""

import http.server
import threading

import pytest

from support.sound import power_at

FORBIDDEN = "127.0.0.2"


@pytest.fixture
def forbidden():
    """A server on an address of its own that notes who knocks."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        do_POST = do_GET

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer((FORBIDDEN, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.seen = seen
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def guarded(make_box):
    return make_box(security={"outbound": {"deny": [FORBIDDEN + "/32"]}})


def place(box, phone, **fields):
    body = {"to": [{"type": "sip", "uri": f"sip:bob@127.0.0.1:{phone.port}"}],
            "ncco": [{"action": "wait", "timeout": 60}], **fields}
    status, made = box.http("POST", "/v1/calls", token=box.token(), body={k: v for k, v in body.items() if v})
    assert status == 201, made
    return made["uuid"]


# Spellings of one address that a list of texts would let through.
@pytest.mark.parametrize("host", [FORBIDDEN, "127.2", "2130706434", "[::ffff:127.0.0.2]"])
def test_a_prompt_from_a_forbidden_address_is_an_error_event(guarded, backend, make_phone, forbidden, host):
    bob = make_phone("bob")
    uuid = place(guarded, bob)
    backend.wait_status("answered")
    url = f"http://{host}:{forbidden.server_port}/tone.wav"
    status, _ = guarded.http("PUT", f"/v1/calls/{uuid}/stream", token=guarded.token(), body={"stream_url": [url]})
    assert status == 200
    error = backend.wait(lambda r: r.path == "/event" and "reason" in (r.fields or {}))
    assert "status" not in error.fields
    assert forbidden.seen == [] and not bob.ended.is_set()


def test_a_redirect_leads_nowhere_else(guarded, backend, make_phone, forbidden):
    bob = make_phone("bob")
    uuid = place(guarded, bob)
    backend.wait_status("answered")
    target = f"http://{FORBIDDEN}:{forbidden.server_port}/tone.wav"
    redirecting = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (http.server.BaseHTTPRequestHandler,), {
        "do_GET": lambda self: (self.send_response(302), self.send_header("Location", target),
                                self.send_header("Content-Length", "0"), self.end_headers()),
        "log_message": lambda self, *_: None}))
    threading.Thread(target=redirecting.serve_forever, daemon=True).start()
    try:
        guarded.http("PUT", f"/v1/calls/{uuid}/stream", token=guarded.token(),
                     body={"stream_url": [f"http://127.0.0.1:{redirecting.server_port}/a.wav"]})
        backend.wait(lambda r: r.path == "/event" and "reason" in (r.fields or {}))
        assert forbidden.seen == [] and power_at(bob.listen(0.3), 1000) < -50
    finally:
        redirecting.shutdown()
        redirecting.server_close()


def test_a_script_and_events_do_not_go_there(guarded, backend, make_phone, forbidden):
    base = f"http://{FORBIDDEN}:{forbidden.server_port}"
    bob = make_phone("bob")
    place(guarded, bob, ncco=None, answer_url=[f"{base}/answer"], event_url=[f"{base}/event"])
    assert bob.ended.wait(10), "a call without a script goes on"
    backend.wait(lambda r: r.path == "/event" and "reason" in (r.fields or {}))
    assert forbidden.seen == []
    assert "security.outbound denies" in guarded.log()


def test_only_what_is_allowed(make_box, backend, make_phone, forbidden):
    box = make_box(security={"outbound": {"allow": ["127.0.0.1/32"]}})
    bob = make_phone("bob")
    uuid = place(box, bob)
    backend.wait_status("answered")
    box.http("PUT", f"/v1/calls/{uuid}/stream", token=box.token(),
             body={"stream_url": [f"http://{FORBIDDEN}:{forbidden.server_port}/tone.wav"]})
    backend.wait(lambda r: r.path == "/event" and "reason" in (r.fields or {}))
    assert forbidden.seen == []
