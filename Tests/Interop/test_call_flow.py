"""A call through the whole event flow, as a user of the box sees it."""

import time

import pytest

from support.box import NUMBER
from support.sound import level, power_at, strength, tone


def connect_to(port, **options):
    return {"action": "connect", "endpoint": [{"type": "sip", "uri": f"sip:bob@127.0.0.1:{port}"}], **options}


def test_answer_webhook_carries_its_fields(box, backend, make_phone):
    backend.script = [{"action": "wait", "timeout": 5}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port, extra="X-Door: front\r\nX-Nexmo-Secret: no\r\nUser-to-User: 1234;encoding=hex\r\n")
    phone.wait_answer()
    request = backend.wait(lambda r: r.path == "/answer")
    assert request.method == "GET"
    fields = request.query
    assert fields["to"] == NUMBER and fields["from"] == "441632960001"
    assert fields["conversation_uuid"].startswith("CON-") and fields["uuid"]
    assert fields["endpoint_type"] == "phone"
    assert fields["SipHeader_X-Door"] == "front"
    assert fields["SipHeader_User-to-User"] == "1234;encoding=hex"
    assert not any("Nexmo" in key for key in fields)


def test_talk_is_heard_and_the_call_ends_when_the_script_does(box, backend, make_phone):
    backend.script = [{"action": "talk", "text": "Hello, this is the front door."}]
    phone = make_phone()
    phone.call("+" + NUMBER, box.sip_port)
    phone.wait_answer()
    assert phone.ended.wait(15)
    assert level(phone.heard) > -45
    done = backend.wait_status("completed")
    assert done.fields["disconnected_by"] == "platform" and done.fields["sip_code"] == 200
    assert [e["status"] for e in backend.events()] == ["started", "ringing", "answered", "completed"]


def test_digits_after_a_prompt_that_they_interrupt(box, backend, make_phone):
    backend.script = [
        {"action": "talk", "text": "Please enter your number, and take all the time that you want for it. " * 4, "bargeIn": True},
        {"action": "input", "type": ["dtmf"], "dtmf": {"maxDigits": 3, "timeOut": 5}, "eventUrl": [f"{backend.url}/input"]},
    ]
    backend.replies["/input"] = lambda r: [{"action": "talk", "text": "Thank you"}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    phone.listen(0.5)
    started = time.monotonic()
    phone.press("4#2")
    event = backend.wait(lambda r: r.path == "/input")
    assert time.monotonic() - started < 5
    assert event.fields["dtmf"] == {"digits": "4#2", "timed_out": False}
    assert phone.ended.wait(15)
    kinds = [e["type"] for e in backend.events("/rtc")]
    assert kinds.count("audio:dtmf") == 3 and kinds.count("audio:say") == 2


def test_connect_bridges_two_phones(box, backend, make_phone):
    alice, bob = make_phone(), make_phone("bob")
    backend.script = [connect_to(bob.port)]
    alice.call(NUMBER, box.sip_port)
    alice.wait_answer()
    alice.say(tone(440, 4))
    bob.say(tone(620, 4))
    at_bob, at_alice = bob.listen(2), alice.listen(2)
    assert strength(at_bob[8000:], 440) > 0.9 and strength(at_alice[8000:], 620) > 0.9
    bob.hang_up()
    assert alice.ended.wait(5)
    completed = [e for e in backend.events() if e.get("status") == "completed"]
    backend.wait_status("completed", direction="inbound")
    assert completed == [] or completed[0]["direction"] == "outbound"


@pytest.mark.parametrize(
    "code, status, detail, sent",
    [(486, "busy", None, 486), (603, "rejected", "declined", 603), (404, "failed", "cannot_route", 404),
     (480, "unanswered", "unavailable", 480), (500, "failed", "internal_error", 480)])
def test_failures_of_the_far_end_are_mapped_and_passed_back(box, backend, make_phone, code, status, detail, sent):
    alice, bob = make_phone(), make_phone("bob")
    bob.auto_answer = code
    backend.script = [connect_to(bob.port)]
    alice.call(NUMBER, box.sip_port)
    assert alice.wait_status(lambda s: s >= 200) == sent
    event = backend.wait_status(status, direction="outbound").fields
    assert event.get("detail") == detail and event["sip_code"] == code
    assert not any(e.get("status") == "completed" for e in backend.events())


def test_ring_timeout_of_connect(box, backend, make_phone):
    alice, bob = make_phone(), make_phone("bob")
    bob.auto_answer = 180
    backend.script = [connect_to(bob.port, timeout=1)]
    alice.call(NUMBER, box.sip_port)
    assert alice.wait_status(lambda s: s >= 200) == 480
    backend.wait_status("timeout", direction="outbound")
    backend.wait_status("timeout", direction="inbound")
    assert bob.ended.wait(3), "the callee got no CANCEL"


def test_the_caller_gives_up_while_b_rings(box, backend, make_phone):
    alice, bob = make_phone(), make_phone("bob")
    bob.auto_answer = 180
    backend.script = [connect_to(bob.port)]
    alice.call(NUMBER, box.sip_port)
    backend.wait_status("ringing", direction="outbound")
    alice.cancel()
    backend.wait_status("cancelled", direction="outbound")
    backend.wait_status("cancelled", direction="inbound")
    assert bob.ended.wait(3)


def test_synchronous_connect_asks_and_its_answer_replaces_the_script(box, backend, make_phone):
    alice, bob = make_phone(), make_phone("bob")
    bob.auto_answer = 486
    backend.script = [connect_to(bob.port, eventType="synchronous", eventUrl=[f"{backend.url}/connect"])]
    backend.replies["/connect"] = lambda r: (
        [{"action": "talk", "text": "They are busy"}] if r.fields.get("status") == "busy" else {})
    alice.call(NUMBER, box.sip_port)
    alice.wait_answer()
    assert alice.ended.wait(15)
    assert level(alice.heard) > -45


def test_hold_keeps_the_call_up(box, backend, make_phone):
    backend.script = [{"action": "wait", "timeout": 30}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    phone.reoffer("sendonly")
    phone.wait_answer()
    phone.reoffer("sendrecv")
    phone.wait_answer()
    assert not phone.ended.is_set()
    assert not any(e.get("status") == "completed" for e in backend.events())


@pytest.mark.parametrize("number, status", [("999", 404)])
def test_unknown_numbers(box, make_phone, number, status):
    phone = make_phone()
    phone.call(number, box.sip_port)
    assert phone.wait_status(lambda s: s >= 200) == status


def test_over_the_limit_gets_503(make_box, backend, make_phone):
    box = make_box(sip={"max_calls": 1})
    backend.script = [{"action": "wait", "timeout": 30}]
    phones = [make_phone() for _ in range(4)]
    statuses = []
    for phone in phones:
        phone.call(NUMBER, box.sip_port)
        statuses.append(phone.wait_status(lambda s: s >= 200))
    assert statuses[0] == 200 and statuses[-1] == 503


def test_answer_url_fails_over_with_its_reason(make_box, backend, make_phone):
    box = make_box(applications={"6513270e-269e-4d37-b2a7-4de452e6b438": {"capabilities": {"voice": {"webhooks": {
        "fallback_answer_url": {"address": f"{backend.url}/fallback", "http_method": "POST"}}}}}})
    backend.replies["/answer"] = lambda r: (200, b"<html>")
    backend.replies["/fallback"] = lambda r: [{"action": "talk", "text": "sorry"}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    fallback = backend.wait(lambda r: r.path == "/fallback").fields
    assert fallback["reason"] == "Invalid NCCO."
    assert fallback["original_request"] == {"url": f"{backend.url}/answer", "type": "answer"}
    assert fallback["to"] == NUMBER


def test_an_invalid_script_is_told_with_its_path(box, backend, make_phone):
    backend.script = [{"action": "talk"}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    assert phone.wait_status(lambda s: s >= 200) == 480
    error = backend.wait(lambda r: r.path == "/event" and "reason" in (r.fields or {})).fields
    assert error["reason"].startswith("Syntax error in NCCO. Invalid value type or action.") and "/0/text" in error["reason"]
    assert "status" not in error


def test_members_of_a_room_hear_each_other_and_not_themselves(box, backend, make_phone):
    backend.script = [{"action": "conversation", "name": "lobby"}]
    phones = [make_phone() for _ in range(3)]
    tones = [400, 700, 1100]
    for phone in phones:
        phone.call(NUMBER, box.sip_port)
        phone.wait_answer()
    for phone, frequency in zip(phones, tones):
        phone.say(tone(frequency, 6, level=0.15))
    for phone in phones:
        phone.listen(0.6)
    for index, phone in enumerate(phones):
        heard = phone.listen(1)
        for other, frequency in enumerate(tones):
            if other == index:
                assert power_at(heard, frequency) < -50, f"{index} hears itself"
            else:
                assert power_at(heard, frequency) > -25, f"{index} does not hear {other}"


def test_muted_members_are_not_heard(box, backend, make_phone):
    rooms = iter([[{"action": "conversation", "name": "hall", "mute": True}], [{"action": "conversation", "name": "hall"}]])
    backend.script = lambda request: next(rooms)
    muted, listener = make_phone(), make_phone()
    muted.call(NUMBER, box.sip_port)
    muted.wait_answer()
    listener.call(NUMBER, box.sip_port)
    listener.wait_answer()
    muted.say(tone(500, 3))
    listener.say(tone(900, 3))
    assert power_at(listener.listen(1), 500) < -60
    assert power_at(muted.listen(1), 900) > -25


def test_rest_creates_and_ends_calls(box, backend, make_phone):
    token = box.token()
    bob = make_phone("bob")
    status, call = box.http("POST", "/v1/calls", token, {
        "to": [{"type": "sip", "uri": f"sip:bob@127.0.0.1:{bob.port}"}],
        "from": {"type": "phone", "number": NUMBER}, "ncco": [{"action": "wait", "timeout": 60}]})
    assert status == 201 and call["status"] == "started" and call["direction"] == "outbound"
    assert bob.answered.wait(5)
    backend.wait_status("answered")
    status, shown = box.http("GET", f"/v1/calls/{call['uuid']}", token)
    assert status == 200 and shown["status"] == "answered"
    status, _ = box.http("PUT", f"/v1/calls/{call['uuid']}", token, {"action": "hangup"})
    assert status == 204
    assert bob.ended.wait(5)
    backend.wait_status("completed")
    status, page = box.http("GET", "/v1/calls?status=completed", token)
    assert page["count"] == 1 and page["_embedded"]["calls"][0]["uuid"] == call["uuid"]
    assert isinstance(page["_embedded"]["calls"][0]["duration"], str)
