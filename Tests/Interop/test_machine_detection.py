"""Machine detection with real sound: a person, an answering machine, and its beep."""

import numpy as np

from support.sound import RATE, tone
from support.voice import speech

GREETING = "Hello, you have reached the voice mail of John Smith. Please leave a message after the tone."
HELLO = [{"action": "talk", "text": "Hello from the box."}]


def place(box, phone, **options):
    body = {"to": [{"type": "sip", "uri": f"sip:bob@127.0.0.1:{phone.port}"}], "ncco": HELLO, **options}
    status, reply = box.http("POST", "/v1/calls", token=box.token(), body=body)
    assert status == 201
    return reply["uuid"]


def statuses(backend, uuid):
    return [(e["status"], e.get("sub_state")) for e in backend.events() if e.get("uuid") == uuid and "status" in e]


def test_a_person_is_told_and_then_spoken_to(box, backend, make_phone):
    bob = make_phone("bob")
    bob.say(speech("Hello?"))
    uuid = place(box, bob, machine_detection="hangup")
    event = backend.wait_status("human", uuid=uuid).fields
    assert event["call_uuid"] == uuid and event["direction"] == "outbound"
    backend.wait_status("completed", uuid=uuid, timeout=20)
    assert [s for s, _ in statuses(backend, uuid)][-3:] == ["answered", "human", "completed"]
    kinds = [e["type"] for e in backend.events("/rtc")]
    assert kinds.index("sip:machine") < kinds.index("audio:say")


def test_a_machine_is_hung_up_on_before_the_script_begins(box, backend, make_phone):
    bob = make_phone("bob")
    bob.say(speech(GREETING))
    uuid = place(box, bob, machine_detection="hangup")
    backend.wait_status("completed", uuid=uuid, timeout=15)
    assert [s for s, _ in statuses(backend, uuid)][-3:] == ["answered", "machine", "completed"]
    assert "audio:say" not in [e["type"] for e in backend.events("/rtc")]


def test_the_script_waits_for_the_beep_of_a_machine(box, backend, make_phone):
    bob = make_phone("bob")
    bob.say(np.concatenate([speech(GREETING), np.zeros(RATE // 2, dtype=np.int16), tone(1000, 0.5)]))
    uuid = place(box, bob, advanced_machine_detection={"mode": "detect_beep", "behavior": "continue"})
    backend.wait_status("machine", uuid=uuid, sub_state="beep_start", timeout=20)
    backend.wait_status("completed", uuid=uuid, timeout=15)
    assert statuses(backend, uuid)[-4:] == [
        ("answered", None), ("machine", None), ("machine", "beep_start"), ("completed", None)]
    kinds = [e["type"] for e in backend.events("/rtc")]
    assert kinds.index("sip:amd_machine") < kinds.index("audio:say")
