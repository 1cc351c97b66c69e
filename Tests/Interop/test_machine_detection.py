"""Machine detection with real sound: a person, an answering machine, and its beep (voice webhooks §9.7)."""

import numpy as np

from support.box import NUMBER
from support.sequence import Leg, check
from support.sound import RATE, tone
from support.voice import speech

GREETING = "You have reached the voice mail of John Smith, please leave a message."
HELLO = [{"action": "talk", "text": "Hello."}]


def place(box, backend, phone, **options):
    """The legs of a call whose script is asked for; the requests it has until it is answered."""
    to = f"sip:bob@127.0.0.1:{phone.port}"
    body = {"to": [{"type": "sip", "uri": to}], "answer_url": [f"{backend.url}/script"], **options}
    backend.replies["/script"] = lambda r: HELLO
    status, reply = box.http("POST", "/v1/calls", token=box.token(), body=body)
    assert status == 201
    return reply["uuid"], Leg("B", "outbound", NUMBER, to).told("started").told("ringing").answered()


def test_a_person_is_told_and_then_spoken_to(box, backend, make_phone):
    bob = make_phone("bob")
    bob.say(speech("Hello?"))
    uuid, leg = place(box, backend, bob, machine_detection="hangup")
    backend.wait_status("completed", uuid=uuid, timeout=20)
    check(
        box, backend, leg.told("human", call_uuid=True).asked("/script", "sip", box.url).completed("platform"))
    kinds = [e["type"] for e in backend.events("/rtc")]
    assert kinds.index("sip:machine") < kinds.index("audio:say")


def test_a_machine_is_hung_up_on_before_the_script_is_asked_for(box, backend, make_phone):
    bob = make_phone("bob")
    bob.say(speech(GREETING))
    uuid, leg = place(box, backend, bob, machine_detection="hangup")
    backend.wait_status("completed", uuid=uuid, timeout=15)
    check(box, backend, leg.told("machine", call_uuid=True).completed("platform"))


def test_the_script_waits_for_the_beep_of_a_machine(box, backend, make_phone):
    bob = make_phone("bob")
    bob.say(np.concatenate([speech(GREETING), np.zeros(RATE // 2, dtype=np.int16), tone(1000, 0.5)]))
    uuid, leg = place(box, backend, bob, advanced_machine_detection={"mode": "detect_beep", "behavior": "continue"})
    backend.wait_status("machine", uuid=uuid, sub_state="beep_start", timeout=20)
    backend.wait_status("completed", uuid=uuid, timeout=15)
    check(
        box, backend,
        leg.told("machine", call_uuid=True).told("machine", call_uuid=True, sub_state="beep_start")
        .asked("/script", "sip", box.url).completed("platform"))
    kinds = [e["type"] for e in backend.events("/rtc")]
    assert kinds.index("sip:amd_machine") < kinds.index("audio:say")


def test_in_mode_default_the_script_does_not_wait(box, backend, make_phone):
    bob = make_phone("bob")
    bob.say(speech("Hello?"))
    # The advanced option goes before the plain one.
    uuid, leg = place(
        box, backend, bob, machine_detection="hangup", advanced_machine_detection={"mode": "default"})
    backend.replies["/script"] = lambda r: [{"action": "wait", "timeout": 60}]
    backend.wait_status("human", uuid=uuid, timeout=10)
    bob.hang_up()
    backend.wait_status("completed", uuid=uuid)
    check(
        box, backend, leg.asked("/script", "sip", box.url).told("human", call_uuid=True).completed("user"))
