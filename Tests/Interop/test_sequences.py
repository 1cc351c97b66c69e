"""The canonical sequences of voice webhooks, §9.1 to 9.9 of the contract: every request, every field, no field more."""

import contextlib
import json
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from support.backend import Backend
from support.bot import Bot
from support.box import NUMBER, Box, free_port
from support.phone import Phone
from support.sequence import Leg, check

CALLER = "441632960001"
FAR = "447700900002"
NOWHERE = "33123456789"
SHORTLY = {"action": "wait", "timeout": 0.1}
WAIT = {"action": "wait", "timeout": 60}


def connect(*endpoint, **options):
    return {"action": "connect", "endpoint": list(endpoint), **options}


def sip(port, user="bob"):
    return {"type": "sip", "uri": f"sip:{user}@127.0.0.1:{port}"}


def caller(box, name="A", number=CALLER):
    """The requests of a leg that calls in, until its script is there."""
    leg = Leg(name, "inbound", number, NUMBER)
    return leg.told("started").told("ringing").asked("/answer", "phone", box.url)


def callee(target, sender=CALLER, headers=None):
    return Leg("B", "outbound", sender, target, headers).told("started")


@contextlib.contextmanager
def sipp(*arguments):
    """A sipp that runs beside the test; as a caller it has one call and ends."""
    process = subprocess.Popen(
        ["sipp", "-nostdin", "-i", "127.0.0.1", "-timeout", "20", "-timeout_error", *map(str, arguments)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if "-p" in arguments:
            local = f":{arguments[arguments.index('-p') + 1]:04X} "
            deadline = time.monotonic() + 5
            while local not in Path("/proc/net/udp").read_text():
                assert process.poll() is None and time.monotonic() < deadline, "sipp does not listen"
                time.sleep(0.01)
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(5)


def deleted(backend):
    """The conversation of this test's legs is over."""
    def is_over(request):
        return (request.path == "/rtc" and request.fields["type"] == "conversation:deleted"
                and request.fields["conversation_id"] in {
                    r.fields.get("conversation_uuid") for r in list(backend.requests) if r.path != "/rtc"})
    backend.wait(is_over)


class Home:
    """One box for all of them, with a device and a trunk to FAR; after a test that failed, another one."""

    def __init__(self, folder):
        self.folder, self.box, self.number = folder, None, 0

    def open(self, is_tidy):
        if self.box is None or not is_tidy:
            self.close()
            self.number += 1
            self.backend, self.carrier = Backend(), Phone("carrier")
            self.box = Box(
                self.folder / f"box{self.number}", self.backend,
                users={
                    "kiosk": {"device": {"playback": ["none"], "capture": ["none"]}, "auto_answer": True},
                    "desk": {"device": {"playback": ["none"], "capture": ["none"]}}, "browser": {}},
                trunks={"carrier": {
                    "uri": f"sip:127.0.0.1:{self.carrier.port}", "codecs": ["pcmu"], "prefixes": [FAR]}}).start()
            self.token = self.box.token()
            self.desk = self.box.token("--sub", "desk", "--acl", json.dumps({"paths": {"/*/knocking/**": {}}}))
        # The carrier takes one call after the other.
        self.carrier.ended.clear()
        self.backend.script = []
        self.backend.replies.clear()
        self.backend.requests.clear()
        return self

    def close(self):
        if self.box is None:
            return
        self.carrier.close()
        self.box.stop()
        self.backend.close()
        assert "Fatal error" not in self.box.log()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("sequences"))
    yield home
    home.close()


@pytest.fixture
def box(home, request):
    failed = request.session.testsfailed
    yield home.open(failed == getattr(home, "failed", failed)).box
    home.failed = failed


@pytest.fixture
def backend(home, box):
    return home.backend


@pytest.fixture
def bot():
    bot = Bot()
    yield bot
    bot.close()


# 9.1 phone to phone


def test_phone_to_phone_when_the_script_answers_first(box, home, backend, make_phone):
    backend.script = [SHORTLY, connect({"type": "phone", "number": FAR})]
    alice = make_phone()
    alice.call(NUMBER, box.sip_port)
    backend.wait_status("answered", direction="outbound")
    home.carrier.hang_up()
    deleted(backend)
    check(
        box, backend, caller(box).answered().completed("platform"),
        callee(FAR, sender=NUMBER).told("ringing").answered().completed("user"),
        order=["A started", "A ringing", "A answered", "B started", "B ringing", "B answered", "B completed", "A completed"])


def test_phone_to_phone_when_the_far_end_answers_the_caller(box, backend):
    """sipp calls sipp through the box; the caller hangs up."""
    port = free_port(socket.SOCK_DGRAM)
    backend.script = [connect(sip(port, "service"))]
    with sipp("-sn", "uas", "-p", port), sipp(
            "-sn", "uac", "-s", NUMBER, "-m", 1, "-d", 200, f"127.0.0.1:{box.sip_port}") as calling:
        assert calling.wait(15) == 0
        deleted(backend)
    check(
        box, backend, caller(box, number="sipp").answered().completed("user"),
        callee(f"sip:service@127.0.0.1:{port}", sender="sipp").told("ringing").answered().completed("platform"),
        order=["A started", "A ringing", "B started", "B ringing", "B answered", "A answered", "A completed", "B completed"])


# 9.2 phone to app user


def test_phone_to_app_user(box, backend, make_phone):
    backend.script = [connect({"type": "app", "user": "kiosk"})]
    alice = make_phone()
    alice.call(NUMBER, box.sip_port)
    alice.wait_answer()
    alice.hang_up()
    deleted(backend)
    check(
        box, backend, caller(box).answered().completed("user"), callee("kiosk").answered().completed("platform"),
        order=["A started", "A ringing", "B started", "B answered", "A answered", "A completed", "B completed"])
    started, answered = [e for e in backend.events() if e["direction"] == "outbound"][:2]
    assert started["timestamp"] == answered["timestamp"]


# 9.2 app user to phone and to app user


DATA = {"order": 7, "nested": {"a": [1, "ü", None]}}


def knock(box, token, to, prefix="/beta", **fields):
    """A user places a call; the knocker."""
    body = {"channel": {"type": "app", "from": {"type": "app"}, "to": to}, "originating_session": "SES-1", **fields}
    status, made = box.http("POST", f"{prefix}/knocking", token, body)
    assert status == (201 if prefix == "/v1" else 200), made
    assert set(made) == {"id", "channel", "timestamp"} and made["id"].startswith("knocker:")
    assert made["channel"] == {
        "type": "app", "id": made["channel"]["id"], "from": {"type": "app", "user": "desk"}, "to": to, "headers": {}}
    return made


def user_calls(box, callee, reference=None, **fields):
    """The requests of a user who calls, until its script is there."""
    leg = Leg("A", "inbound", None, callee, reference=reference).told("started")
    return leg.asked("/answer", "app", box.url, user="desk", **fields)


def test_app_user_to_phone(box, home, backend):
    backend.script = [connect({"type": "phone", "number": FAR}, **{"from": NUMBER})]
    made = knock(
        box, home.desk, {"type": "phone", "number": FAR}, client_ref="R-1", properties={"custom_data": DATA})
    backend.wait_status("answered", direction="outbound")
    home.carrier.hang_up()
    deleted(backend)
    data = json.dumps(DATA, separators=(",", ":"), ensure_ascii=False)
    uuids = check(
        box, backend, user_calls(box, FAR, reference="R-1", custom_data=data).answered().completed("platform"),
        callee(FAR, sender="desk").told("ringing").answered().completed("user"),
        order=["A started", "A answered", "B started", "B ringing", "B answered", "B completed", "A completed"])
    assert uuids["A"] == made["channel"]["id"]
    rtc = backend.events("/rtc")
    assert [e["type"] for e in rtc] == [
        "app:knocking", "conversation:created", "member:joined", "leg:status:update", "rtc:answered", "member:media",
        "member:invited", "leg:status:update", "sip:ringing", "leg:status:update", "sip:answered", "member:joined",
        "member:media", "leg:status:update", "sip:hangup", "member:left", "leg:status:update", "rtc:hangup",
        "member:left", "conversation:deleted"]
    assert [e["id"] for e in rtc if "id" in e] == list(range(1, 18))
    knocking, joined = rtc[0], rtc[2]
    assert knocking["from"] == made["id"] and knocking["body"]["properties"] == {"custom_data": DATA}
    assert joined["body"]["channel"]["id"] == uuids["A"] and joined["body"]["channel"]["knocking_id"] == made["id"]
    assert joined["client_ref"] == joined["body"]["client_ref"] == "R-1"
    assert joined["body"]["user"]["name"] == "desk"
    status, call = box.http("GET", f"/v1/calls/{uuids['A']}", home.token)
    assert status == 200 and call["direction"] == "inbound" and call["status"] == "completed"
    assert box.http("DELETE", f"/beta/knocking/{made['id']}", home.desk)[0] == 404


def test_app_user_to_a_sipp_phone_and_the_user_hangs_up(box, home, backend):
    port = free_port(socket.SOCK_DGRAM)
    backend.script = [connect(sip(port, "service"))]
    with sipp("-sn", "uas", "-p", port):
        made = knock(box, home.desk, {"type": "phone", "number": "1234"}, prefix="/v1")
        backend.wait_status("answered", direction="outbound")
        assert box.http("DELETE", f"/v1/knocking/{made['id']}", home.desk) == (200, {"type": "knocking:delete:success"})
        deleted(backend)
    check(
        box, backend, user_calls(box, "1234").answered().completed("user"),
        callee(f"sip:service@127.0.0.1:{port}", sender="desk").told("ringing").answered().completed("platform"),
        order=["A started", "A answered", "B started", "B ringing", "B answered", "A completed", "B completed"])


def test_app_user_to_app_user(box, home, backend):
    backend.script = [connect({"type": "app", "user": "kiosk"})]
    made = knock(box, home.desk, {"type": "app", "user": "kiosk"}, client_ref="R-2")
    backend.wait_status("answered", direction="outbound")
    assert box.http("DELETE", f"/beta/knocking/{made['id']}", home.desk)[0] == 200
    deleted(backend)
    check(
        box, backend, user_calls(box, "kiosk", reference="R-2").answered().completed("user"),
        callee("kiosk", sender="desk").answered().completed("platform"),
        order=["A started", "A answered", "B started", "B answered", "A completed", "B completed"])


def test_app_user_to_its_own_device(box, home, backend):
    backend.script = [connect({"type": "app", "user": "desk"})]
    knock(box, home.desk, {"type": "app", "user": "desk"})
    deleted(backend)
    check(
        box, backend, user_calls(box, "desk").answered().completed("platform"),
        callee("desk", sender="desk").told("busy", sip_code=486),
        order=["A started", "A answered", "B started", "B busy", "A completed"])


def test_app_user_gives_up_before_the_script_is_there(box, home, backend):
    asked, goes_on = threading.Event(), threading.Event()

    def answer(_):
        asked.set()
        goes_on.wait(10)
        return [WAIT]

    backend.script = answer
    made = knock(box, home.desk, {"type": "phone", "number": FAR}, client_ref="R-3")
    try:
        assert asked.wait(5)
        # One call at a time: there is one microphone.
        body = {"channel": {"type": "app", "to": {"type": "phone", "number": FAR}}}
        status, problem = box.http("POST", "/beta/knocking", home.desk, body)
        assert status == 409 and "desk" in problem["detail"]
        stranger = box.token("--sub", "kiosk", "--acl", json.dumps({"paths": {"/*/knocking/**": {}}}))
        assert box.http("DELETE", f"/beta/knocking/{made['id']}", stranger)[0] == 404
        status, reply = box.http(
            "DELETE", f"/beta/knocking/{made['id']}?reason_code=7&reason_text=wrong%20number", home.desk)
        assert (status, reply) == (200, {"type": "knocking:delete:success"})
        backend.wait_status("cancelled")
    finally:
        goes_on.set()
    check(
        box, backend,
        user_calls(box, FAR, reference="R-3").told("cancelled", sip_code=487, disconnected_by="user"))
    cancel = backend.wait(lambda r: (r.fields or {}).get("type") == "app:knocking:cancel").fields
    assert cancel["from"] == made["id"] and cancel["body"]["reason"] == {"code": "7", "text": "wrong number"}
    status, problem = box.http("DELETE", f"/beta/knocking/{made['id']}", home.desk)
    assert status == 404 and problem["code"] == "knocking:error:not-found"


def test_an_app_user_without_sound_or_without_the_right_cannot_call(box, home, backend):
    def refused(token, **channel):
        body = {"channel": {"type": "app", "to": {"type": "phone", "number": FAR}, **channel}}
        return box.http("POST", "/beta/knocking", token, body)

    acl = json.dumps({"paths": {"/*/knocking/**": {}}})
    status, problem = refused(box.token("--sub", "browser", "--acl", acl))
    assert status == 400 and problem["code"] == "conversation:error:invalid-channel"
    assert "users.browser.device" in problem["detail"]
    status, problem = refused(box.token("--sub", "nobody", "--acl", acl))
    assert status == 404 and problem["code"] == "user:error:not-found"
    assert refused(box.token("--sub", "desk", "--acl", json.dumps({"paths": {"/*/sessions/**": {}}})))[0] == 403
    assert refused(home.token)[0] == 403, "an application has no microphone"
    status, problem = refused(home.desk, id="2da93da3-bcac-47ee-b48e-4a18fae7db08")
    assert status == 404 and problem["code"] == "leg:error:not-found"
    assert not backend.requests


# 9.3 unanswered


@pytest.mark.parametrize("replaced", [True, False], ids=["with a script", "without"])
def test_the_ring_time_of_connect_runs_out(box, backend, make_phone, replaced):
    bob, alice = make_phone("bob"), make_phone()
    bob.auto_answer = 180
    backend.script = [connect(sip(bob.port), timeout=1, eventType="synchronous", eventUrl=[f"{backend.url}/b"])]
    backend.replies["/b"] = lambda r: [SHORTLY] if replaced and r.fields["status"] == "timeout" else {}
    alice.call(NUMBER, box.sip_port)
    deleted(backend)
    first, second = caller(box), Leg("B", "outbound", CALLER, f"sip:bob@127.0.0.1:{bob.port}")
    second.path = "/b"
    if replaced:
        first.answered().completed("platform")
    else:
        first.told("timeout", sip_code=480, disconnected_by="platform")
    check(box, backend, first, second.told("started").told("ringing").told("timeout"))
    assert alice.statuses[-1] == (200 if replaced else 480) and bob.ended.is_set()


@pytest.mark.parametrize("code, detail", [(480, "unavailable"), (408, "carrier_timeout")])
def test_the_network_says_that_nobody_takes_it(box, backend, make_phone, code, detail):
    bob, alice = make_phone("bob"), make_phone()
    bob.auto_answer = code
    backend.script = [connect(sip(bob.port))]
    alice.call(NUMBER, box.sip_port)
    deleted(backend)
    check(
        box, backend,
        caller(box).told("unanswered", detail=detail, sip_code=code, disconnected_by="platform"),
        callee(f"sip:bob@127.0.0.1:{bob.port}").told("unanswered", detail=detail, sip_code=code),
        order=["A started", "A ringing", "B started", "B unanswered", "A unanswered"])
    assert alice.statuses[-1] == code


# 9.4 busy, refused, unroutable


REFUSALS = [
    (486, "busy", {}), (603, "rejected", {"detail": "declined"}), (404, "failed", {"detail": "cannot_route"}),
    (484, "rejected", {"detail": "invalid_number"}), (410, "failed", {"detail": "number_out_of_service"})]


@pytest.mark.parametrize("code, status, extra", REFUSALS)
def test_the_far_end_refuses_and_the_script_goes_on(box, backend, make_phone, code, status, extra):
    bob, alice = make_phone("bob"), make_phone()
    bob.auto_answer = code
    backend.script = [connect(sip(bob.port)), SHORTLY]
    alice.call(NUMBER, box.sip_port)
    deleted(backend)
    check(
        box, backend, caller(box).answered().completed("platform"),
        callee(f"sip:bob@127.0.0.1:{bob.port}").told(status, **extra, sip_code=code),
        order=["A started", "A ringing", "B started", f"B {status}", "A answered", "A completed"])


@pytest.mark.parametrize("code, sent, status, extra", [
    (486, 486, "busy", {}), (600, 480, "busy", {}), (500, 480, "failed", {"detail": "internal_error"})])
def test_the_far_end_refuses_and_nothing_follows(box, backend, make_phone, code, sent, status, extra):
    bob, alice = make_phone("bob"), make_phone()
    bob.auto_answer = code
    backend.script = [connect(sip(bob.port))]
    alice.call(NUMBER, box.sip_port)
    deleted(backend)
    check(
        box, backend, caller(box).told(status, **extra, sip_code=sent, disconnected_by="platform"),
        callee(f"sip:bob@127.0.0.1:{bob.port}").told(status, **extra, sip_code=code))
    assert alice.statuses[-1] == sent


def test_what_cannot_be_routed(box, backend, make_phone):
    backend.script = [connect({"type": "phone", "number": NOWHERE})]
    alice = make_phone()
    alice.call(NUMBER, box.sip_port)
    deleted(backend)
    check(
        box, backend,
        caller(box).told("failed", detail="cannot_route", sip_code=404, disconnected_by="platform"),
        callee(NOWHERE).told("failed", detail="cannot_route", sip_code=404))


# 9.5 the caller gives up while B rings


@pytest.mark.parametrize("answers", [False, True], ids=["CANCEL", "BYE"])
def test_the_caller_gives_up_while_b_rings(box, backend, make_phone, answers):
    bob, alice = make_phone("bob"), make_phone()
    bob.auto_answer = 180
    backend.script = [SHORTLY, connect(sip(bob.port))] if answers else [connect(sip(bob.port))]
    alice.call(NUMBER, box.sip_port)
    backend.wait_status("ringing", direction="outbound")
    alice.hang_up() if answers else alice.cancel()
    deleted(backend)
    first = caller(box)
    if answers:
        first.answered().completed("user")
    else:
        first.told("cancelled", sip_code=487, disconnected_by="user")
    check(box, backend, first, callee(f"sip:bob@127.0.0.1:{bob.port}").told("ringing").told("cancelled"))
    assert bob.ended.is_set()


# 9.6 outbound by REST


def place(home, to, **fields):
    """201 and nothing but what it promises; the answer."""
    body = {"to": [to], "from": {"type": "phone", "number": NUMBER}, **fields}
    status, made = home.box.http("POST", "/v1/calls", home.token, body)
    assert status == 201, made
    assert set(made) == {"uuid", "status", "direction", "conversation_uuid"}
    assert (made["status"], made["direction"]) == ("started", "outbound")
    return made


def test_a_call_by_rest(box, home, backend, make_phone):
    bob = make_phone("bob")
    backend.replies["/script"] = lambda r: [SHORTLY]
    made = place(home, sip(bob.port), answer_url=[f"{backend.url}/script"])
    deleted(backend)
    uuids = check(
        box, backend,
        callee(f"sip:bob@127.0.0.1:{bob.port}", sender=NUMBER).told("ringing").answered()
        .asked("/script", "sip", box.url).completed("platform"))
    assert uuids == {"B": made["uuid"]}
    assert backend.events()[0]["conversation_uuid"] == made["conversation_uuid"]


@pytest.mark.parametrize("to, shown, code", [
    ({"type": "phone", "number": NOWHERE}, NOWHERE, 404), ({"type": "app", "user": "nobody"}, "nobody", 404),
    ({"type": "vbc", "extension": "9"}, "9", 404),
    ({"type": "sip", "user": "desk", "domain": "nowhere"}, "sip:desk@nowhere", 404),
    ({"type": "sip", "uri": "sip:bob@no-such-host.invalid"}, "sip:bob@no-such-host.invalid", 503),
    ({"type": "sip", "uri": "sip:bob@127.0.0.1:1;transport=tcp"}, "sip:bob@127.0.0.1:1;transport=tcp", 503),
], ids=["no trunk", "no user", "no contact", "no such trunk", "unresolvable", "nobody there"])
def test_a_call_by_rest_that_leads_nowhere_is_made_and_fails(box, home, backend, to, shown, code):
    made = place(home, to, ncco=[WAIT])
    deleted(backend)
    uuids = check(
        box, backend,
        callee(shown, sender=NUMBER).told("failed", detail="cannot_route", sip_code=code))
    assert uuids == {"B": made["uuid"]}
    status, call = box.http("GET", f"/v1/calls/{made['uuid']}", home.token)
    assert status == 200 and call["status"] == "failed"
    # Orders to what has ended; hanging up twice is one of them.
    for _ in range(2):
        assert box.http("PUT", f"/v1/calls/{made['uuid']}", home.token, {"action": "hangup"})[0] == 404


# 9.7 machine detection: test_machine_detection.py has the sound


# 9.8 transfer


def test_a_transfer_by_rest(box, home, backend, make_phone):
    bob = make_phone("bob")
    backend.replies["/next"] = lambda r: [SHORTLY]
    made = place(home, sip(bob.port), ncco=[WAIT])
    backend.wait_status("answered")
    body = {"action": "transfer", "destination": {"type": "ncco", "url": [f"{backend.url}/next"]}}
    assert box.http("PUT", f"/v1/calls/{made['uuid']}", home.token, body)[0] == 204
    assert bob.ended.wait(5)
    backend.wait_status("completed")
    check(
        box, backend,
        callee(f"sip:bob@127.0.0.1:{bob.port}", sender=NUMBER).told("ringing").answered().moves()
        .asked("/next", "sip", box.url, moved=1).completed("platform", moved=1))


@pytest.mark.parametrize("first", [True, False], ids=["at once", "after an action"])
def test_a_conversation_moves_the_leg(box, backend, make_phone, first):
    hall = {"action": "conversation", "name": "hall"}
    backend.script = [hall] if first else [SHORTLY, hall]
    alice = make_phone()
    alice.call(NUMBER, box.sip_port)
    alice.wait_answer()
    backend.wait(lambda r: (r.fields or {}).get("type") == "transfer")
    alice.hang_up()
    backend.wait_status("completed")
    leg = caller(box)
    leg = leg.moves().answered(moved=1) if first else leg.answered().moves()
    check(box, backend, leg.completed("user", moved=1))


def test_the_action_transfer_moves_the_leg(box, backend, make_phone):
    scripts = iter([[WAIT]])
    backend.script = lambda r: next(scripts)
    alice, other = make_phone(), make_phone("441632960002")
    other.call(NUMBER, box.sip_port)
    target = backend.wait_status("answered").fields["conversation_uuid"]
    scripts = iter([[SHORTLY, {"action": "transfer", "conversationId": target}]])
    alice.call(NUMBER, box.sip_port)
    moved = backend.wait(lambda r: (r.fields or {}).get("type") == "transfer").fields
    assert moved["conversation_uuid_to"] == target
    alice.hang_up()
    backend.wait_status("completed", **{"from": CALLER})
    other.hang_up()
    backend.wait_status("completed", **{"from": other.name})
    check(
        box, backend, caller(box, "C", other.name).answered().completed("user"),
        caller(box).answered().moves().completed("user", moved=1))


# 9.9 websocket legs


HEADERS = {"order": 7, "nested": {"a": [1, True, None]}}


def websocket(uri):
    return {"type": "websocket", "uri": uri, "content-type": "audio/l16;rate=16000", "headers": HEADERS}


@pytest.mark.parametrize("status, extra", [
    ("failed", {"detail": "cannot_route", "sip_code": 503}), ("unanswered", {"detail": "carrier_timeout", "sip_code": 408}),
])
def test_a_websocket_that_does_not_open(box, backend, make_phone, status, extra):
    listener = socket.create_server(("127.0.0.1", 0))
    uri = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
    if status == "failed":
        listener.close()
    backend.script = [connect(websocket(uri), eventType="synchronous", timeout=1), WAIT]
    backend.replies["/event"] = lambda r: [SHORTLY] if r.fields.get("status") == status else {}
    make_phone().call(NUMBER, box.sip_port)
    deleted(backend)
    listener.close()
    check(
        box, backend, caller(box).answered().completed("platform"),
        callee(uri, headers=HEADERS).told(status, **extra))


@pytest.mark.parametrize("replaced", [True, False], ids=["with a script", "without"])
def test_the_application_closes_the_websocket(box, backend, make_phone, bot, replaced):
    uri = bot.uri + "/talk?id=7"
    backend.script = [connect(websocket(uri))]
    backend.replies["/event"] = lambda r: [SHORTLY] if replaced and r.fields.get("status") == "disconnected" else {}
    make_phone().call(NUMBER, box.sip_port)
    talk = bot.wait()
    first, _ = talk.wait_event("connected")
    assert first == {"event": "websocket:connected", "content-type": "audio/l16;rate=16000", **HEADERS}
    assert talk.order[0] == "text"
    talk.close()
    deleted(backend)
    check(
        box, backend, caller(box).answered().completed("platform"),
        callee(uri, headers=HEADERS).answered().told("disconnected").completed("user"))


@pytest.mark.parametrize("by", ["rest", "caller"])
def test_the_box_closes_the_websocket(box, home, backend, make_phone, bot, by):
    backend.script = [connect(websocket(bot.uri))]
    alice = make_phone()
    alice.call(NUMBER, box.sip_port)
    bot.wait().wait_event("connected")
    uuid = backend.wait_status("answered", direction="outbound").fields["uuid"]
    if by == "rest":
        assert box.http("PUT", f"/v1/calls/{uuid}", home.token, {"action": "hangup"})[0] == 204
    else:
        alice.hang_up()
    deleted(backend)
    order = ["A completed", "B completed"] if by == "caller" else ["B completed", "A completed"]
    check(
        box, backend, caller(box).answered().completed("user" if by == "caller" else "platform"),
        callee(bot.uri, headers=HEADERS).answered().completed("platform"),
        order=["A started", "A ringing", "A answered", "B started", "B answered", *order])
