"""Recordings that are written down: the `transcription` event, then the file behind it."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from support.box import NUMBER
from support.files import decode, fetch
from support.sound import tone

SPEECH = Path(__file__).resolve().parents[1] / "Fixtures" / "audio" / "f198.wav"


def reader(begin, end):
    """A stretch of a woman's reading, in seconds, as a telephone carries it."""
    with wave.open(str(SPEECH)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(float)
    return resample_poly(samples[int(begin * 16000): int(end * 16000)], 1, 2).clip(-32768, 32767).astype(np.int16)


def quiet(seconds):
    return np.zeros(int(seconds * 8000), dtype=np.int16)


def transcription(backend, path="/event", timeout=30):
    return backend.wait(lambda r: r.path == path and "transcription_url" in (r.fields or {}), timeout)


def transcript(box, event):
    status, headers, body = fetch(event["transcription_url"], box.token())
    assert status == 200 and headers["Content-Type"] == "application/json"
    return json.loads(body)


def recogniser(folder, body):
    command = folder / "recogniser"
    command.write_text("#!/bin/sh\n" + body)
    command.chmod(0o755)
    return str(command)


# What it hears is so many tenths of a second, said in the language asked for.
COUNTS = r"""
tenths=$(( $(wc -c) / 3200 ))
[ "$SWITCHHOOK_LANGUAGE" = xx-XX ] && { echo '{"error":"no such language"}'; exit; }
[ "$SWITCHHOOK_SENTIMENT" = 1 ] && mood=',"sentiment":"calm"'
printf '{"results":[{"text":"%s tenths in %s","confidence":0.75%s}]}\n' "$tenths" "$SWITCHHOOK_LANGUAGE" "$mood"
"""


def test_what_a_caller_reads_is_transcribed_after_the_call_sentence_by_sentence(box, backend, make_phone):
    backend.script = [
        {"action": "record", "format": "wav", "endOnKey": "#", "eventUrl": [f"{backend.url}/record"],
         "transcription": {"eventUrl": [f"{backend.url}/words"], "sentimentAnalysis": True}}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    phone.say(np.concatenate([quiet(0.3), reader(0, 0.9), quiet(1), reader(1.95, 3.05)]))
    phone.listen(3.6)
    phone.press("#")
    assert phone.ended.wait(15), "the call does not wait for its transcription"
    request = transcription(backend, "/words")
    event = request.fields
    assert request.method == "POST" and request.headers["Authorization"].startswith("Bearer ")
    [recorded] = [e for e in backend.events("/record")]
    assert list(event) == ["conversation_uuid", "type", "recording_uuid", "status", "transcription_url"]
    assert event["conversation_uuid"] == recorded["conversation_uuid"] and event["type"] == "record"
    assert event["recording_uuid"] == recorded["recording_uuid"] and event["status"] == "transcribed"
    assert event["transcription_url"] != recorded["recording_url"]

    done = backend.wait(lambda r: (r.fields or {}).get("type") == "audio:transcribe:done").fields
    assert "id" not in done, "the conversation is over"
    assert done["body"] == {
        "request_id": done["body"]["request_id"], "recording_id": event["recording_uuid"],
        "transcription_url": event["transcription_url"], "error": None}

    document = transcript(box, event)
    assert list(document) == ["ver", "request_id", "channels"]
    assert document["request_id"] == done["body"]["request_id"]
    [channel] = document["channels"]
    rate, [sound] = decode(fetch(recorded["recording_url"], box.token())[2], "wav")
    assert abs(channel["duration"] - 1000 * len(sound) / rate) <= 20
    assert len(channel["transcript"]) == 2, [s["sentence"] for s in channel["transcript"]]
    for sentence, heard in zip(channel["transcript"], ["friday", "household"]):
        assert list(sentence) == ["sentence", "raw_sentence", "duration", "timestamp", "confidence", "words", "sentiment"]
        assert heard in sentence["raw_sentence"].split()
        assert sentence["sentence"][0].isupper() and sentence["sentence"].lower() == sentence["raw_sentence"].lower()
        assert sentence["sentiment"] is None, "the embedded engine has no opinion"
        assert [w["word"] for w in sentence["words"]] == sentence["raw_sentence"].split()
        times = [t for w in sentence["words"] for t in (w["start_time"], w["end_time"])]
        assert times == sorted(times) and all(0 <= w["confidence"] <= 1 for w in sentence["words"])
        assert times[0] == sentence["timestamp"] and times[-1] == sentence["timestamp"] + sentence["duration"]
    gap = channel["transcript"][1]["timestamp"] - sum(channel["transcript"][0][k] for k in ("timestamp", "duration"))
    assert 500 < gap < 1700, "the reader paused for a second"
    assert fetch(event["transcription_url"], None)[0] == 401


def test_each_channel_is_transcribed_by_an_external_engine_and_told_by_get(make_box, backend, make_phone, tmp_path):
    box = make_box(speech={"recognizer": recogniser(tmp_path, COUNTS)})
    alice, bob = make_phone(), make_phone("bob")
    backend.script = [
        {"action": "record", "format": "ogg", "split": "conversation", "channels": 2,
         "transcription": {"language": "pt-BR", "sentimentAnalysis": True, "eventMethod": "GET",
                           "eventUrl": [f"{backend.url}/words"]}},
        {"action": "connect", "endpoint": [{"type": "sip", "uri": f"sip:bob@127.0.0.1:{bob.port}"}]}]
    alice.call(NUMBER, box.sip_port)
    alice.wait_answer()
    assert bob.answered.wait(5)
    bob.say(np.concatenate([tone(620, 0.8), quiet(0.8), tone(620, 0.5)]))
    bob.listen(2.6)
    alice.hang_up()
    request = transcription(backend, "/words")
    assert request.method == "GET" and request.fields["status"] == "transcribed"
    left, right = transcript(box, request.fields)["channels"]
    assert left["transcript"] == [] and left["duration"] == right["duration"]
    assert len(right["transcript"]) == 2
    for sentence, length in zip(right["transcript"], [800, 500]):
        tenths = int(sentence["raw_sentence"].split()[0])
        assert length < 100 * tenths <= length + 700 and sentence["raw_sentence"].endswith("tenths in pt-BR")
        assert abs(sentence["duration"] - length) <= 120
        assert sentence["confidence"] == 0.75 and sentence["words"] == [] and sentence["sentiment"] == "calm"


# Does not answer before it may.
WAITS = "cat > /dev/null\n" + 'while [ ! -e "{go}" ]; do sleep 0.05; done\n' + \
    "echo '{{\"results\":[{{\"text\":\"said before\",\"confidence\":0.5}}]}}'\n"


@pytest.mark.parametrize("killed", [True, False], ids=["kill -9", "SIGTERM"])
def test_a_transcription_goes_on_after_a_restart(make_box, backend, make_phone, tmp_path, killed):
    go = tmp_path / "go"
    box = make_box(speech={"recognizer": recogniser(tmp_path, WAITS.format(go=go))})
    backend.script = [
        {"action": "record", "format": "wav", "endOnKey": "#", "transcription": {"eventUrl": [f"{backend.url}/words"]}}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    phone.say(tone(620, 0.8))
    phone.listen(1.2)
    phone.press("#")
    recorded = backend.wait(lambda r: "recording_url" in (r.fields or {})).fields
    assert phone.ended.wait(15)
    assert not any("reason" in e for e in backend.events())
    box.kill() if killed else box.stop()
    go.touch()
    box.start()
    event = transcription(backend, "/words").fields
    assert event["recording_uuid"] == recorded["recording_uuid"]
    assert event["conversation_uuid"] == recorded["conversation_uuid"]
    [channel] = transcript(box, event)["channels"]
    assert [s["raw_sentence"] for s in channel["transcript"]] == ["said before"]
    done = backend.wait(lambda r: (r.fields or {}).get("type") == "audio:transcribe:done").fields
    assert done["conversation_id"] == recorded["conversation_uuid"] and done["body"]["error"] is None
    # It is told once, whatever follows.
    box.kill()
    box.start()
    rows = [e["type"] for e in box.events()]
    assert rows.count("transcription") == 1 and rows.count("audio:transcribe:done") == 1
    assert not any("reason" in e for e in backend.events())


def test_a_room_is_transcribed_and_what_the_engine_refuses_is_one_error(make_box, backend, make_phone, tmp_path):
    box = make_box(speech={"recognizer": recogniser(tmp_path, COUNTS)})
    for language in ["en-GB", "xx-XX"]:
        backend.requests.clear()
        backend.script = [
            {"action": "conversation", "name": "hall", "record": True, "eventUrl": [f"{backend.url}/room"],
             "transcription": {"language": language}}]
        phone = make_phone()
        phone.call(NUMBER, box.sip_port)
        phone.wait_answer()
        phone.say(tone(440, 0.6))
        phone.listen(1)
        phone.hang_up()
        if language == "xx-XX":
            error = backend.wait(lambda r: r.path == "/event" and "reason" in (r.fields or {}))
            assert error.fields["reason"] == "conversation transcription: speech.recognizer: no such language"
            assert not any("transcription_url" in (r.fields or {}) for r in backend.requests)
        else:
            event = transcription(backend, "/room").fields
            [channel] = transcript(box, event)["channels"]
            assert [s["sentence"].endswith("tenths in en-GB") for s in channel["transcript"]] == [True]
