"""The canonical logs at the receiving backend, the log itself, signatures, restart, client sessions."""

import base64
import hashlib
import hmac
import json
import random
import time

import pytest

from support.box import NUMBER


def sip(port):
    return [{"action": "connect", "endpoint": [{"type": "sip", "uri": f"sip:bob@127.0.0.1:{port}"}]}]


def names(events):
    """`id type [status] member`, members numbered by first mention."""
    members, lines = {}, []
    for event in events:
        sender = event.get("from")
        if sender is None:
            who = "-"
        elif sender.startswith("knocker:"):
            who = "knocker"
        else:
            who = members.setdefault(sender, f"M{len(members) + 1}")
        kind = event["type"]
        if kind == "leg:status:update":
            kind += " " + event["body"]["status"]
        lines.append(f"{event.get('id', '-')} {kind} {who}")
    return lines


PHONE_TO_PHONE = [
    "- app:knocking knocker", "- sip:ringing knocker", "- conversation:created -", "1 member:joined M1",
    "2 member:invited M2", "3 leg:status:update ringing M2", "4 sip:ringing M2", "5 leg:status:update answered M2",
    "6 sip:answered M2", "7 member:joined M2", "8 member:media M2", "9 leg:status:update answered M1",
    "10 sip:answered M1", "11 member:media M1", "12 leg:status:update completed M1", "13 sip:hangup M1",
    "14 member:left M1", "15 leg:status:update completed M2", "16 sip:hangup M2", "17 member:left M2",
    "- conversation:deleted -"]

PHONE_TO_APP = [
    "- app:knocking knocker", "- sip:ringing knocker", "- conversation:created -", "1 member:joined M1",
    "2 member:invited M2", "3 rtc:ringing M2", "4 member:joined M2", "5 leg:status:update answered M2",
    "6 rtc:answered M2", "7 member:media M2", "8 leg:status:update answered M1", "9 sip:answered M1",
    "10 member:media M1", "11 leg:status:update completed M1", "12 sip:hangup M1", "13 member:left M1",
    "14 leg:status:update completed M2", "15 rtc:hangup M2", "16 member:left M2", "- conversation:deleted -"]


def run_call(box, backend, phone):
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    phone.listen(0.2)
    phone.hang_up()
    backend.wait(lambda r: r.path == "/rtc" and r.json["type"] == "conversation:deleted")


def test_phone_to_phone_log(box, backend, make_phone):
    alice, bob = make_phone(), make_phone("bob")
    backend.script = sip(bob.port)
    run_call(box, backend, alice)
    events = backend.events("/rtc")
    assert names(events) == PHONE_TO_PHONE
    check_bodies(events)
    stamps = [e["timestamp"] for e in events]
    assert stamps == sorted(stamps)
    stored = [e for e in box.events() if e["stream"] == "rtc"]
    assert [e["type"] for e in stored] == [e["type"] for e in events]
    assert [e["position"] for e in stored] == sorted(e["position"] for e in stored)
    assert [e["body"] for e in stored] == [e["body"] for e in events]


KIOSK = {"kiosk": {"device": {"playback": ["none"], "capture": ["none"]}, "auto_answer": True, "display_name": "Front door"}}


def test_phone_to_app_log(make_box, backend, make_phone):
    box = make_box(users=KIOSK)
    backend.script = [{"action": "connect", "endpoint": [{"type": "app", "user": "kiosk"}]}]
    run_call(box, backend, make_phone())
    events = backend.events("/rtc")
    assert names(events) == PHONE_TO_APP
    check_bodies(events)
    invited = next(e for e in events if e["type"] == "member:invited")
    assert invited["body"]["invited_by"] is None and "invited_by" in invited["body"]
    assert "id" not in invited["body"]["channel"]
    assert invited["body"]["channel"]["from"] == {"type": "phone", "number": "441632960001"}
    assert invited["body"]["channel"]["to"] == {"type": "app", "user": "kiosk"}
    assert invited["_embedded"]["from_user"]["name"] == "kiosk"
    voice = [(e["status"], e["direction"]) for e in backend.events()]
    assert ("ringing", "outbound") not in voice


REQUIRED = {
    "member:invited": {"cname", "conversation", "invited_by", "member_id", "user", "channel", "media", "timestamp", "initiator"},
    "member:joined": {"member_id", "user", "channel", "timestamp", "initiator"},
    "member:left": {"member_id", "user", "channel", "timestamp", "initiator"},
    "member:media": {"audio", "media", "channel"},
    "leg:status:update": {"leg_id", "type", "direction", "status", "statusHistory", "state"},
    "sip:ringing": {"direction", "channel"}, "sip:answered": {"direction", "channel"},
    "rtc:ringing": {"direction", "channel"}, "rtc:answered": {"direction", "channel"},
    "sip:hangup": {"direction", "quality", "bandwidth", "channel", "reason"},
    "rtc:hangup": {"direction", "quality", "bandwidth", "channel", "reason"},
    "app:knocking": {"user", "channel"}, "conversation:created": {"id", "name", "timestamp", "state"},
    "conversation:deleted": {"id", "name", "timestamp", "reason"},
}


def check_bodies(events):
    for event in events:
        assert REQUIRED[event["type"]] <= event["body"].keys(), event
        assert ("conversation_id" in event) == (event["type"] not in ("app:knocking",) and not str(event.get("from", "")).startswith("knocker:"))
        if event["type"].endswith(":hangup"):
            assert isinstance(event["body"]["reason"]["sip_code"], int)
            assert set(event["body"]["quality"]) == {
                "mos_score", "quality_percentage", "jitter_min_var", "jitter_max_var", "jitter_loss_rate",
                "jitter_burst_rate", "flaw_total", "packet_cnt", "packet_loss_perc"}


def test_webhooks_are_signed_over_their_exact_bytes(make_box, backend, make_phone):
    secret = "0123456789abcdef0123456789abcdef"
    box = make_box(account={"api_key": "abcd1234", "signature_secret": secret})
    backend.script = [{"action": "talk", "text": "hi"}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    assert phone.ended.wait(15)
    request = backend.wait_status("completed")
    scheme, token = request.headers["Authorization"].split()
    head, claims, signature = token.split(".")
    expected = base64.urlsafe_b64encode(
        hmac.new(secret.encode(), f"{head}.{claims}".encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    assert scheme == "Bearer" and signature == expected
    claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert claims["payload_hash"] == hashlib.sha256(request.raw).hexdigest()
    assert claims["api_key"] == "abcd1234" and claims["iss"] == "Vonage" and isinstance(claims["jti"], str)
    assert claims["iat"] <= time.time()
    assert json.dumps(request.json, separators=(",", ":"), ensure_ascii=False).encode() == request.raw


def test_kill_at_random_instants_loses_and_reorders_nothing(make_box, backend, make_phone):
    """Rows on disk after each kill are all at the backend, in order per conversation, after the next start."""
    rounds = 50
    backend.script = lambda r: [{"action": "talk", "text": "one two three"}, {"action": "wait", "timeout": 30}]
    box = make_box()
    rng = random.Random(4)
    for _ in range(rounds):
        phones = [make_phone() for _ in range(2)]
        for phone in phones:
            phone.call(NUMBER, box.sip_port)
        deadline = time.monotonic() + rng.uniform(0.02, 0.5)
        while time.monotonic() < deadline:
            time.sleep(0.005)
        box.kill()
        box.start()
        for phone in phones:
            phone.ended.set()
            phone.close()
    stored = box.events()
    for stream, path in (("rtc", "/rtc"), ("voice", "/event")):
        rows = [e for e in stored if e["stream"] == stream]
        key = (lambda e: (e["conversation_id"], e["type"], e["timestamp"], json.dumps(e["body"], sort_keys=True)))
        last = rows[-1]
        wanted = last["body"]
        backend.wait(
            lambda r: r.path == path and r.json and (r.json.get("body") if stream == "rtc" else r.json) == wanted, 60)
        got = {}
        for event in backend.events(path):
            body = event["body"] if stream == "rtc" else event
            mark = json.dumps(body, sort_keys=True) + event.get("timestamp", "") + event.get("type", "")
            got.setdefault(mark, len(got))
        orders = {}
        for row in rows:
            mark = json.dumps(row["body"], sort_keys=True) + row["timestamp"] + (row["type"] if stream == "rtc" else row["body"].get("type", ""))
            assert mark in got, f"lost: {row}"
            orders.setdefault(row["conversation_id"], []).append(got[mark])
        for conversation, order in orders.items():
            assert order == sorted(order), f"reordered in {conversation}"
    legs = [e for e in stored if e["stream"] == "voice" and e["body"].get("status") in ("started",)]
    ended = {e["body"]["uuid"] for e in stored if e["stream"] == "voice" and e["body"].get("status") in (
        "completed", "failed", "cancelled", "unanswered", "timeout")}
    assert {e["body"]["uuid"] for e in legs} <= ended, "a leg was left open"


websockets = pytest.importorskip("websockets.sync.client")


def test_a_client_cut_off_five_times_sees_every_event_once(make_box, backend, make_phone):
    box = make_box(users=KIOSK)
    acl = json.dumps({"paths": {"/*/sessions/**": {}, "/*/conversations/**": {}}})
    token = box.token("--sub", "kiosk", "--acl", acl)
    backend.script = [{"action": "connect", "endpoint": [{"type": "app", "user": "kiosk"}]}]
    seen, position = [], 0

    def read(limit):
        nonlocal position
        with websockets.connect(
                f"ws://127.0.0.1:{box.http_port}/v1/events?since={position}",
                additional_headers={"Authorization": f"Bearer {token}"}) as socket:
            for _ in range(limit):
                event = json.loads(socket.recv(timeout=10))
                if event["type"].startswith("session:"):
                    continue
                seen.append(event)
                position = event["position"]
                if event["type"] == "conversation:deleted":
                    return True
        return False

    run_call(box, backend, make_phone())
    for _ in range(5):
        assert not read(3)
    while not read(50):
        pass
    listed = [e["id"] for e in seen if "id" in e]
    assert listed == list(range(2, 17)) or listed == list(range(1, 17))
    assert [e["position"] for e in seen] == sorted({e["position"] for e in seen})
