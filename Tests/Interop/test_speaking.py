"""Who speaks: told to live sessions, to webhooks only where the owner wants that, and never listed."""

import json
import re
import urllib.request

import pytest

from support.box import NUMBER
from support.sound import tone

websockets = pytest.importorskip("websockets.sync.client")

KIOSK = {"kiosk": {"device": {"playback": ["none"], "capture": ["none"]}, "auto_answer": True}}
ACL = json.dumps({"paths": {"/*/sessions/**": {}}})


def read_until(socket, kind):
    """Events up to the first of that type."""
    events = []
    while not events or events[-1]["type"] != kind:
        event = json.loads(socket.recv(timeout=10))
        if not event["type"].startswith("session:"):
            events.append(event)
    return events


def packets(box):
    """Packets of sound so far by the path that they took."""
    with urllib.request.urlopen(f"{box.url}/metrics", timeout=5) as answer:
        found = re.findall(r'switchhook_media_packets_total\{path="(\w+)"\} (\d+)', answer.read().decode())
    return {path: int(count) for path, count in found}


@pytest.mark.parametrize("wants", ["clients", "webhooks"])
def test_a_session_sees_who_speaks(make_box, backend, make_phone, wants):
    box = make_box(users=KIOSK, media={"speaking_events": wants})
    backend.script = [{"action": "connect", "endpoint": [{"type": "app", "user": "kiosk"}]}]
    phone = make_phone()
    with websockets.connect(
            f"ws://127.0.0.1:{box.http_port}/v1/events",
            additional_headers={"Authorization": f"Bearer {box.token('--sub', 'kiosk', '--acl', ACL)}"}) as socket:
        assert json.loads(socket.recv(timeout=10))["type"] == "session:ready"
        phone.call(NUMBER, box.sip_port)
        phone.wait_answer()
        before = read_until(socket, "member:media")
        phone.listen(0.3)
        phone.say(tone(500, 0.6))
        events = read_until(socket, "audio:speaking:off")
        phone.hang_up()
        after = read_until(socket, "conversation:deleted")
    told = [event for event in events if event["type"].startswith("audio:speaking")]
    assert [event["type"] for event in told] == ["audio:speaking:on", "audio:speaking:off"]
    members = {event["from"]: event for event in before + events if event["type"] == "member:invited"}
    for event in told:
        assert "id" not in event and event["body"]["channel"]["type"] == "phone"
        assert event["from"].startswith("MEM-") and event["from"] not in members, "the caller has spoken, not the kiosk"
        assert event["_embedded"]["from_user"]["id"].startswith("USR-")
    positions = [event["position"] for event in before + events + after]
    assert positions == sorted(positions), "a session may resume from any of them"

    backend.wait(lambda r: r.path == "/rtc" and r.json["type"] == "conversation:deleted")
    posted = [r.json["type"] for r in backend.requests if r.path == "/rtc" and "speaking" in r.json["type"]]
    stored = [line for line in box.events() if line["type"].startswith("audio:speaking")]
    if wants == "webhooks":
        assert posted == ["audio:speaking:on", "audio:speaking:off"] and all(row.get("id") is None for row in stored)
        assert len(stored) == 2
    else:
        assert not posted and not stored


def test_who_only_watches_keeps_no_call_from_being_relayed(box, backend, make_phone):
    bob, phone = make_phone("bob"), make_phone()
    backend.script = [{"action": "connect", "endpoint": [{"type": "sip", "uri": f"sip:bob@127.0.0.1:{bob.port}"}]}]
    with websockets.connect(
            f"ws://127.0.0.1:{box.http_port}/v1/events",
            additional_headers={"Authorization": f"Bearer {box.token()}"}) as socket:
        assert json.loads(socket.recv(timeout=10))["type"] == "session:ready"
        phone.call(NUMBER, box.sip_port)
        phone.wait_answer()
        before = packets(box)
        phone.say(tone(500, 0.6))
        bob.listen(1)
        after = packets(box)
        phone.hang_up()
        events = read_until(socket, "conversation:deleted")
    assert after["relay"] - before["relay"] >= 30 and after["mix"] == before["mix"], (before, after)
    assert not [event for event in events if event["type"].startswith("audio:speaking")]
