"""Each action and option of a call script, heard or read at its far end. record: test_record.py."""

import time

import numpy as np
import pytest

from support.box import NUMBER
from support.files import wav
from support.sound import level, power_at, tone

HALL = {"action": "conversation", "name": "hall"}
WAIT = {"action": "wait", "timeout": 60}
OTHER = "441632960101"


def connect_to(port, **options):
    return {"action": "connect", "endpoint": [{"type": "sip", "uri": f"sip:bob@127.0.0.1:{port}"}], **options}


def in_turn(backend, *scripts):
    """Each call gets the next script."""
    rest = iter(scripts)
    backend.script = lambda request: next(rest)


def serve(backend, path, frequency, seconds=1.0):
    backend.replies[path] = lambda request: (200, wav(tone(frequency, seconds)))
    return f"{backend.url}{path}"


def call(phone, box, number=NUMBER):
    phone.call(number, box.sip_port)
    phone.wait_answer()
    return phone


def hears(phone, frequency, timeout=5, floor=-25):
    """Waits until a tone is heard; within half a second of sound."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if power_at(phone.listen(0.4), frequency) > floor:
            return True
    return False


def error(backend):
    return backend.wait(lambda r: r.path == "/event" and "reason" in (r.fields or {})).fields["reason"]


def keys_heard(phone):
    """Keys of the RFC 4733 events that came in, with the time of each one's first packet."""
    keys, seen = [], set()
    for _, timestamp, kind, payload, arrival in list(phone.packets):
        if kind == 101 and timestamp not in seen:
            seen.add(timestamp)
            keys.append(("0123456789*#ABCD"[payload[0]], arrival))
    return keys


@pytest.fixture
def trunk_box(make_box, make_phone):
    """A box with a trunk whose far end is a phone of ours, and a second number."""
    carrier = make_phone("carrier")
    box = make_box(
        trunks={"carrier": {"uri": f"sip:127.0.0.1:{carrier.port}", "codecs": ["pcmu"]}},
        numbers={OTHER: {"application": "test"}},
        users={"4321": {"contact": f"sip:desk@127.0.0.1:{carrier.port}"}})
    return box, carrier


# conversation


def test_music_on_hold_until_the_conversation_starts(box, backend, make_phone):
    in_turn(backend, [{**HALL, "startOnEnter": False, "musicOnHoldUrl": [serve(backend, "/music.wav", 600)]}],
            [{**HALL, "startOnEnter": False}], [HALL])
    waiting, second = call(make_phone(), box), call(make_phone(), box)
    second.say(tone(900, 8))
    assert hears(waiting, 600)
    assert power_at(waiting.listen(1), 600) > -25, "the music plays on"
    assert power_at(waiting.listen(0.5), 900) < -50, "attendees hear nobody before it starts"
    call(make_phone(), box)
    assert hears(waiting, 900)
    assert power_at(waiting.listen(0.5), 600) < -50, "the music is over"


def test_end_on_exit_drops_everybody(box, backend, make_phone):
    in_turn(backend, [HALL], [{**HALL, "endOnExit": True}])
    guest, host = call(make_phone(), box), call(make_phone(), box)
    host.hang_up()
    assert guest.ended.wait(5)


def test_lists_of_who_hears_whom(box, backend, make_phone):
    in_turn(backend, [HALL], [{**HALL, "canSpeak": []}], [{**HALL, "canHear": []}])
    a, unheard, deaf = (call(make_phone(), box) for _ in range(3))
    for phone, frequency in [(a, 400), (unheard, 700), (deaf, 1100)]:
        phone.say(tone(frequency, 5, level=0.15))
    for phone in (a, unheard, deaf):
        phone.listen(0.4)
    assert power_at(a.listen(1), 700) < -50 and power_at(a.listen(0.5), 1100) > -25
    assert power_at(unheard.listen(0.5), 400) > -25
    assert power_at(deaf.listen(0.5), 400) < -50


# connect


def test_a_phone_is_reached_through_the_trunk_with_its_keys_and_caller_id(trunk_box, backend, make_phone):
    box, carrier = trunk_box
    backend.script = [{"action": "connect", "from": OTHER, "endpoint": [
        {"type": "phone", "number": "447700900002", "dtmfAnswer": "1p2#"}]}]
    caller = make_phone()
    caller.call(NUMBER, box.sip_port)
    assert carrier.answered.wait(5)
    assert carrier.incoming.startswith("INVITE sip:447700900002@") and f"sip:{OTHER}@" in carrier.incoming
    caller.wait_answer()
    caller.say(tone(440, 3))
    assert hears(carrier, 440)
    deadline = time.monotonic() + 4
    while len(keys_heard(carrier)) < 3 and time.monotonic() < deadline:
        carrier.listen(0.1)
    keys = keys_heard(carrier)
    assert [key for key, _ in keys] == ["1", "2", "#"]
    assert 0.6 < keys[1][1] - keys[0][1] < 0.9, "p is a pause of half a second"


def test_a_random_own_number_is_shown(trunk_box, backend, make_phone):
    box, carrier = trunk_box
    backend.script = [{"action": "connect", "randomFromNumber": True, "endpoint": [
        {"type": "phone", "number": "447700900002"}]}]
    seen = set()
    for _ in range(12):
        carrier.incoming = None
        phone = make_phone()
        phone.call(NUMBER, box.sip_port)
        phone.wait_answer()
        seen |= {number for number in (NUMBER, OTHER) if f"From: <sip:{number}@" in carrier.incoming}
        phone.hang_up()
        assert phone.ended.wait(5) and carrier.ended.wait(5)
        carrier.ended.clear()
        carrier.answered.clear()
        if len(seen) == 2:
            return
    assert len(seen) == 2, "twelve calls showed one number"


def test_vbc_reaches_the_contact_of_its_user(trunk_box, backend, make_phone):
    box, carrier = trunk_box
    backend.script = [{"action": "connect", "endpoint": [{"type": "vbc", "extension": "4321"}]}]
    caller = call(make_phone(), box)
    assert carrier.incoming.startswith("INVITE sip:desk@")
    caller.say(tone(440, 3))
    assert hears(carrier, 440)
    assert backend.wait_status("answered", direction="outbound").fields["to"] == "4321"


def test_an_extension_without_a_contact_fails(trunk_box, backend, make_phone):
    box, _ = trunk_box
    backend.script = [{"action": "connect", "endpoint": [{"type": "vbc", "extension": "9"}]}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    assert phone.wait_status(lambda s: s >= 200) == 404
    assert backend.wait_status("failed", direction="outbound").fields["detail"] == "cannot_route"


def test_on_answer_is_heard_by_b_alone_before_it_joins(trunk_box, backend, make_phone):
    box, carrier = trunk_box
    backend.replies["/whisper"] = lambda request: [{"action": "stream", "streamUrl": [serve(backend, "/b.wav", 900)]}]
    backend.script = [{"action": "connect", "endpoint": [{"type": "phone", "number": "447700900002", "onAnswer": {
        "url": f"{backend.url}/whisper", "ringbackTone": serve(backend, "/ringback.wav", 600, 0.5)}}]}]
    caller = make_phone()
    caller.call(NUMBER, box.sip_port)
    assert carrier.answered.wait(5)
    asked = backend.wait(lambda r: r.path == "/whisper")
    assert asked.method == "GET" and asked.query["to"] == "447700900002"
    assert hears(carrier, 900), "B hears its script"
    caller.wait_answer()
    early = caller.heard
    assert power_at(early, 900) < -50 and power_at(early, 600) > -40, "A hears the ringback and nothing of B's script"
    caller.say(tone(440, 3))
    assert hears(carrier, 440)
    joined = [e["type"] for e in backend.events("/rtc")]
    assert joined.index("audio:play") < len(joined) - 1 - joined[::-1].index("member:joined")


def test_b_joins_directly_when_its_script_is_no_script(trunk_box, backend, make_phone):
    box, carrier = trunk_box
    backend.replies["/whisper"] = lambda request: [connect_to(1)]
    backend.script = [{"action": "connect", "endpoint": [
        {"type": "phone", "number": "447700900002", "onAnswer": {"url": f"{backend.url}/whisper"}}]}]
    caller = call(make_phone(), box)
    assert error(backend).startswith("Syntax error in NCCO. Invalid value type or action.")
    caller.say(tone(440, 3))
    assert hears(carrier, 440)


def test_the_ringback_tone_of_connect_is_heard_before_the_answer(box, backend, make_phone):
    bob = make_phone("bob")
    bob.auto_answer = 180
    backend.script = [connect_to(bob.port, ringbackTone=serve(backend, "/ringback.wav", 600))]
    caller = make_phone()
    caller.call(NUMBER, box.sip_port)
    caller.wait_status(lambda s: s == 183)
    assert hears(caller, 600)
    assert not caller.answered.is_set()
    caller.cancel()


def test_the_limit_of_connect_ends_b(box, backend, make_phone):
    bob = make_phone("bob")
    backend.script = [connect_to(bob.port, limit=1)]
    caller = call(make_phone(), box)
    assert bob.ended.wait(4) and caller.ended.wait(4)
    assert backend.wait_status("completed", direction="outbound").fields["disconnected_by"] == "platform"


def test_sip_headers_reach_the_callee(box, backend, make_phone):
    bob = make_phone("bob")
    backend.script = [{"action": "connect", "from": "441632960555", "endpoint": [{
        "type": "sip", "uri": f"sip:bob@127.0.0.1:{bob.port};transport=udp", "headers": {"Floor": "2", "X-Door": "b"},
        "standardHeaders": {"User-to-User": "3132;encoding=hex"}}]}]
    call(make_phone(), box)
    assert "X-Floor: 2" in bob.incoming and "X-Door: b" in bob.incoming
    assert "User-to-User: 3132;encoding=hex" in bob.incoming and "sip:441632960555@" in bob.incoming


def test_user_and_domain_name_a_trunk(trunk_box, backend, make_phone):
    box, carrier = trunk_box
    backend.script = [{"action": "connect", "endpoint": [{"type": "sip", "user": "reception", "domain": "carrier"}]}]
    call(make_phone(), box)
    assert carrier.incoming.startswith("INVITE sip:reception@127.0.0.1")


# talk and stream


def test_a_stream_is_repeated_at_its_level(box, backend, make_phone):
    url = serve(backend, "/tone.wav", 600, 0.5)
    backend.script = [{"action": "stream", "streamUrl": [url], "loop": 3, "level": -0.5}]
    phone = call(make_phone(), box)
    assert phone.ended.wait(8)
    sound = phone.heard
    loud = [power_at(sound[i: i + 1600], 600) > -40 for i in range(0, len(sound) - 1600, 800)]
    assert 1.2 <= sum(loud) / 10 <= 1.8, "half a second, three times"
    loudest = max(power_at(sound[i: i + 1600], 600) for i in range(0, len(sound) - 1600, 800))
    assert -24 < loudest < -20, "10 dB below −12 dBFS"


def test_a_stream_that_cannot_be_fetched_is_an_error_and_the_script_goes_on(box, backend, make_phone):
    backend.replies["/gone"] = lambda request: (404, {})
    backend.script = [{"action": "stream", "streamUrl": [f"{backend.url}/gone"]}, {"action": "talk", "text": "sorry"}]
    phone = call(make_phone(), box)
    assert "404" in error(backend)
    assert phone.ended.wait(8) and level(phone.heard) > -45


def test_a_key_stops_an_endless_stream_that_it_may_interrupt(box, backend, make_phone):
    backend.script = [
        {"action": "stream", "streamUrl": [serve(backend, "/tone.wav", 600)], "loop": 0, "bargeIn": True},
        {"action": "input", "type": ["dtmf"], "dtmf": {"maxDigits": 1}, "eventUrl": [f"{backend.url}/input"]}, WAIT]
    phone = call(make_phone(), box)
    assert hears(phone, 600)
    phone.press("7")
    assert backend.wait(lambda r: r.path == "/input").fields["dtmf"]["digits"] == "7"
    phone.listen(0.2)
    assert power_at(phone.listen(0.5), 600) < -50


def test_talk_options_are_heard(box, backend, make_phone):
    def spoken(**options):
        backend.script = [{"action": "talk", "text": "Good morning", **options}]
        phone = call(make_phone(), box)
        assert phone.ended.wait(15)
        # Before the first word the voice is still being made.
        loud = np.flatnonzero(np.abs(phone.heard.astype(int)) > 100)
        return phone.heard[loud[0]: loud[-1] + 1]

    plain = spoken()
    assert len(spoken(loop=3)) > 2.2 * len(plain)
    assert level(spoken(level=-1)) < level(plain) - 12
    assert len(spoken(text="<speak>Good <break time='2s'/> morning</speak>")) > len(plain) + 12000
    german, other = spoken(language="de-DE"), spoken(style=1)
    assert not any(len(s) == len(plain) and np.array_equal(s, plain) for s in (german, other))


# input


@pytest.mark.parametrize("options, keys, expected", [
    ({"dtmf": {"maxDigits": 9, "submitOnHash": True}}, "12#", {"digits": "12", "timed_out": False}),
    ({"dtmf": {"maxDigits": 9, "timeOut": 1}}, "34", {"digits": "34", "timed_out": True}),
    ({"dtmf": {"timeOut": 0}}, "", {"digits": None, "timed_out": True}),
])
def test_input_ends_by_hash_or_time(box, backend, make_phone, options, keys, expected):
    backend.script = [{"action": "input", "type": ["dtmf"], "eventUrl": [f"{backend.url}/input"], **options}, WAIT]
    phone = call(make_phone(), box)
    phone.press(keys)
    fields = backend.wait(lambda r: r.path == "/input").fields
    assert fields["dtmf"] == expected and fields["speech"] == {"results": []}
    assert fields["from"] == phone.name and fields["to"] == NUMBER


def test_legacy_input_answers_in_its_old_shape(box, backend, make_phone):
    backend.script = [{"action": "input", "maxDigits": 2, "eventUrl": [f"{backend.url}/input"]}, WAIT]
    phone = call(make_phone(), box)
    phone.press("56")
    fields = backend.wait(lambda r: r.path == "/input").fields
    assert fields["dtmf"] == "56" and fields["timed_out"] is False


def test_asynchronous_input_tells_each_key_while_the_script_goes_on(box, backend, make_phone):
    backend.script = [
        {"action": "input", "type": ["dtmf"], "mode": "asynchronous", "eventUrl": [f"{backend.url}/keys"]},
        {"action": "stream", "streamUrl": [serve(backend, "/tone.wav", 600, 3)]}]
    # The answer does not count.
    backend.replies["/keys"] = lambda request: [{"action": "talk", "text": "no"}]
    phone = call(make_phone(), box)
    assert hears(phone, 600)
    phone.press("4*")
    for key in "4*":
        fields = backend.wait(
            lambda r: r.path == "/keys" and r.fields["dtmf"] == {"digits": key, "timed_out": False}).fields
        assert fields["speech"] == {"results": []} and fields["uuid"]
    assert power_at(phone.listen(0.4), 600) > -25, "the stream goes on"
    assert phone.ended.wait(8)
    assert not any(e["type"] == "audio:say" for e in backend.events("/rtc"))


# notify, wait, transfer


def test_notify_wraps_its_payload_and_its_answer_replaces_the_script(box, backend, make_phone):
    backend.script = [{"action": "notify", "payload": {"a": [1, "b"]}, "eventUrl": [f"{backend.url}/note"]}, WAIT]
    backend.replies["/note"] = lambda request: [{"action": "stream", "streamUrl": [serve(backend, "/tone.wav", 600)]}]
    phone = call(make_phone(), box)
    assert hears(phone, 600)
    fields = backend.wait(lambda r: r.path == "/note").fields
    assert fields["payload"] == {"a": [1, "b"]} and set(fields) == {"payload", "conversation_uuid", "timestamp"}
    assert phone.ended.wait(5)


def test_wait_holds_the_call_for_its_time(box, backend, make_phone):
    backend.script = [{"action": "wait", "timeout": 1.5}]
    phone = call(make_phone(), box)
    answered = time.monotonic()
    assert phone.ended.wait(5)
    assert 1.3 < time.monotonic() - answered < 2


def test_transfer_moves_the_legs_into_another_call(box, backend, make_phone):
    first, bob, mover = make_phone(), make_phone("bob"), make_phone()
    backend.script = [WAIT]
    call(first, box)
    target = backend.wait_status("answered").fields["conversation_uuid"]
    backend.script = [connect_to(bob.port), {"action": "transfer", "conversationId": target}, {"action": "talk", "text": "no"}]
    call(mover, box)
    def moved():
        return [e for e in backend.events() if e.get("type") == "transfer"]

    backend.wait(lambda _: len(moved()) == 2)
    assert len({e["uuid"] for e in moved()}) == 2
    assert all(e["conversation_uuid_to"] == target and "status" not in e for e in moved())
    for phone, frequency in [(first, 400), (bob, 700), (mover, 1100)]:
        phone.say(tone(frequency, 6, level=0.15))
    for phone, others in [(first, (700, 1100)), (bob, (400, 1100)), (mover, (400, 700))]:
        assert all(hears(phone, frequency) for frequency in others)
    assert not any(e["type"] == "audio:say" for e in backend.events("/rtc"))


def test_a_transfer_into_nothing_is_an_error_and_the_script_goes_on(box, backend, make_phone):
    backend.script = [{"action": "transfer", "conversationId": "CON-00000000-0000-4000-8000-000000000000"},
                      {"action": "stream", "streamUrl": [serve(backend, "/tone.wav", 600)]}]
    phone = call(make_phone(), box)
    assert "there is no conversation" in error(backend)
    assert hears(phone, 600)
