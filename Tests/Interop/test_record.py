"""Recordings as an Application gets them: the event, then the file, heard."""

import time

import numpy as np
import pytest

from support.box import NUMBER
from support.sound import power_at, tone
from support.files import decode, fetch


def connect_to(port, **options):
    return {"action": "connect", "endpoint": [{"type": "sip", "uri": f"sip:bob@127.0.0.1:{port}"}], **options}


def recording(backend, path="/event", timeout=10):
    """The `record` event: told by its URL, since it has no status."""
    return backend.wait(lambda r: r.path == path and "recording_url" in (r.fields or {}), timeout).fields


@pytest.mark.parametrize("format, kind", [("mp3", "audio/mpeg"), ("wav", "audio/wav"), ("ogg", "audio/ogg")])
def test_each_format_is_fetched_with_the_own_token_and_holds_what_was_said(box, backend, make_phone, format, kind):
    backend.script = [
        {"action": "record", "format": format, "endOnKey": "#", "eventUrl": [f"{backend.url}/record"]},
        {"action": "talk", "text": "Thank you."}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    phone.say(tone(440, 3))
    phone.listen(1.5)
    phone.press("#")
    event = recording(backend, "/record")
    assert set(event) == {"start_time", "end_time", "recording_url", "recording_uuid", "size", "conversation_uuid", "timestamp"}
    assert isinstance(event["size"], int) and event["recording_uuid"] not in event["recording_url"]
    status, headers, body = fetch(event["recording_url"], box.token())
    assert status == 200 and headers["Content-Type"] == kind and len(body) == event["size"]
    rate, channels = decode(body, format)
    assert rate == 16000 and len(channels) == 1
    assert power_at(channels[0][8000:-4000], 440, 16000) > -20
    assert fetch(event["recording_url"], None)[0] == 401
    assert phone.ended.wait(15), "the script went on after the recording"
    kinds = [e["type"] for e in backend.events("/rtc")]
    assert kinds.index("audio:record") < kinds.index("audio:record:done") < kinds.index("audio:say")


def test_a_split_recording_of_a_connected_call_and_the_order_of_its_end(box, backend, make_phone):
    alice, bob = make_phone(), make_phone("bob")
    backend.script = [{"action": "record", "split": "conversation", "channels": 2, "format": "wav"}, connect_to(bob.port)]
    alice.call(NUMBER, box.sip_port)
    alice.wait_answer()
    assert bob.answered.wait(5)
    alice.say(tone(440, 4))
    bob.say(tone(620, 4))
    assert power_at(bob.listen(2)[8000:], 440) > -20
    alice.hang_up()
    event = recording(backend)
    backend.wait_status("completed", direction="inbound")
    own = [e for e in backend.events() if "recording_url" in e or e.get("direction") == "inbound"]
    assert "recording_url" in own[-2] and own[-1]["status"] == "completed"
    _, (left, right) = decode(fetch(event["recording_url"], box.token())[2], "wav")
    left, right = left[-16000:-4000], right[-16000:-4000]
    assert power_at(left, 440, 16000) > -20 and power_at(left, 620, 16000) < -50
    assert power_at(right, 620, 16000) > -20 and power_at(right, 440, 16000) < -50


def test_silence_ends_a_message_after_the_beep(box, backend, make_phone):
    backend.script = [
        {"action": "record", "format": "wav", "beepStart": True, "endOnSilence": 3},
        {"action": "talk", "text": "Thank you."}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    assert power_at(phone.listen(0.5)[800:], 1000) > -30, "no beep was heard"
    speech = tone(300, 1) * np.repeat([1, 0] * 4, 1000)
    phone.say(speech.astype(np.int16))
    started = time.monotonic()
    event = recording(backend, timeout=12)
    assert 3.5 < time.monotonic() - started < 7
    _, (sound,) = decode(fetch(event["recording_url"], box.token())[2], "wav")
    assert power_at(sound, 1000, 16000) < -50, "the beep is in the recording"
    assert power_at(sound[:16000], 300, 16000) > -30


def test_time_ends_a_recording_that_does_not_hold_the_script(box, backend, make_phone):
    backend.script = [{"action": "record", "format": "wav", "timeOut": 3}, {"action": "wait", "timeout": 30}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    event = recording(backend)
    assert not phone.ended.is_set()
    rate, (sound,) = decode(fetch(event["recording_url"], box.token())[2], "wav")
    assert abs(len(sound) / rate - 3) < 0.3


def test_channels_of_their_own_for_the_parties_of_a_room(box, backend, make_phone):
    scripts = iter([
        [{"action": "record", "split": "conversation", "channels": 4, "format": "wav"},
         {"action": "conversation", "name": "hall"}],
        [{"action": "conversation", "name": "hall"}], [{"action": "conversation", "name": "hall"}]])
    backend.script = lambda request: next(scripts)
    phones = [make_phone() for _ in range(3)]
    for phone in phones:
        phone.call(NUMBER, box.sip_port)
        phone.wait_answer()
    tones = [400, 700, 1100]
    for phone, frequency in zip(phones, tones):
        phone.say(tone(frequency, 5, level=0.15))
    phones[0].listen(2)
    phones[0].hang_up()
    _, channels = decode(fetch(recording(backend)["recording_url"], box.token())[2], "wav")
    assert len(channels) == 4
    for own, channel in enumerate(channels):
        for index, frequency in enumerate(tones):
            heard = power_at(channel[-16000:-4000], frequency, 16000)
            assert (heard > -25) if index == own else (heard < -50), (own, index, heard)


def test_a_recorded_room_is_told_when_its_last_member_has_gone(box, backend, make_phone):
    room = {"action": "conversation", "name": "hall"}
    scripts = iter([[{**room, "record": True, "eventUrl": [f"{backend.url}/room"]}], [room]])
    backend.script = lambda request: next(scripts)
    phones = [make_phone(), make_phone()]
    for phone, frequency in zip(phones, [400, 700]):
        phone.call(NUMBER, box.sip_port)
        phone.wait_answer()
        phone.say(tone(frequency, 4, level=0.15))
    phones[0].listen(1)
    phones[0].hang_up()
    backend.wait_status("completed")
    assert not any("recording_url" in e for e in backend.events("/room"))
    phones[1].listen(0.5)
    phones[1].hang_up()
    event = recording(backend, "/room")
    _, (sound,) = decode(fetch(event["recording_url"], box.token())[2], "mp3")
    assert power_at(sound[:24000], 400, 16000) > -30 and power_at(sound[:24000], 700, 16000) > -30
    assert power_at(sound[-8000:-1600], 400, 16000) < -45


def test_what_the_disk_cannot_take_is_one_error_and_the_call_goes_on(make_box, backend, make_phone):
    box = make_box(limits={"recording_file": "64KiB"})
    alice, bob = make_phone(), make_phone("bob")
    backend.script = [{"action": "record", "format": "wav"}, connect_to(bob.port)]
    alice.call(NUMBER, box.sip_port)
    alice.wait_answer()
    error = backend.wait(lambda r: r.path == "/event" and "reason" in (r.fields or {})).fields
    assert error["reason"].startswith("record: limits.recording_file is reached")
    alice.say(tone(440, 2))
    assert power_at(bob.listen(1.5)[4000:], 440) > -20
    assert sum("reason" in e for e in backend.events()) == 1
    assert recording(backend)["size"] <= 65536 + 4096
    assert not alice.ended.is_set()


def test_a_folder_that_cannot_be_written_is_one_error_and_the_script_goes_on(box, backend, make_phone):
    folder = box.state / "files"
    folder.rmdir()
    folder.write_text("not a folder")
    backend.script = [{"action": "record", "endOnKey": "#"}, {"action": "wait", "timeout": 30}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    error = backend.wait(lambda r: r.path == "/event" and "reason" in (r.fields or {})).fields
    assert error["reason"] == "record: Not a directory"
    assert not phone.ended.is_set() and not any("recording_url" in e for e in backend.events())


def test_files_of_a_killed_run_are_cleared_and_told_ones_are_kept(box, backend, make_phone):
    backend.script = [{"action": "record", "format": "wav", "timeOut": 3}, {"action": "record", "format": "wav"},
                      {"action": "wait", "timeout": 60}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    event = recording(backend)
    assert len(list((box.state / "files").iterdir())) == 2
    box.kill()
    box.start()
    assert len(list((box.state / "files").iterdir())) == 1
    assert len(fetch(event["recording_url"], box.token())[2]) == event["size"]
