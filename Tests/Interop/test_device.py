"""The box's own sound device as a Member: on a PulseAudio loop, and on a virtual card."""

import time
import wave
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from support.box import NUMBER
from support.card import VirtualCard
from support.pulse import RATE, PulseLoop
from support.sound import aligned_correlation, power_at, tone

SPEECH = Path(__file__).resolve().parents[1] / "Fixtures" / "audio" / "f198.wav"


@pytest.fixture
def pulse():
    loop = PulseLoop()
    yield loop
    loop.close()


@pytest.fixture
def make_card():
    cards = []

    def make(**fields):
        cards.append(VirtualCard(**fields))
        return cards[-1]

    yield make
    for card in cards:
        card.close()


def kiosk(**extra):
    return {"kiosk": {"device": {"playback": ["kiosk_out"], "capture": ["kiosk_in"], **extra}, "auto_answer": True}}


def sentence(rate):
    """The first three seconds of the recorded sentence at a rate, as a telephone carries it."""
    with wave.open(str(SPEECH), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getframerate() * 3), dtype=np.int16).astype(float)
        given = file.getframerate()
    narrow = resample_poly(samples, 8000, given)
    out = narrow if rate == 8000 else resample_poly(narrow, rate, 8000)
    return np.clip(out * 2, -32000, 32000).astype(np.int16)


def test_a_sentence_goes_through_both_ways(make_box, backend, make_phone, pulse):
    box = make_box(env=pulse.env, users=kiosk())
    backend.script = [
        {"action": "talk", "text": "Press one"},
        {"action": "input", "type": ["dtmf"], "dtmf": {"maxDigits": 1}, "eventUrl": [f"{backend.url}/input"]},
        {"action": "connect", "endpoint": [{"type": "app", "user": "kiosk"}]},
    ]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    backend.wait(lambda r: r.path == "/rtc" and r.json["type"] == "audio:say:done")
    phone.press("1")
    backend.wait(lambda r: r.path == "/input")
    backend.wait(lambda r: r.path == "/rtc" and r.json["type"] == "rtc:answered")
    phone.listen(0.5)
    recording = pulse.record()
    # The sound server rearranges its buffers when somebody begins to listen; the box needs a moment to follow.
    phone.listen(4)
    phone.say(sentence(8000))
    phone.listen(4)
    played = recording.stop()
    score = aligned_correlation(sentence(8000), resample_poly(played.astype(float), 8000, RATE))
    assert score >= 0.9, f"caller to device: {score:.3f}"

    before = len(phone.heard)
    pulse.play(sentence(RATE)).wait(10)
    phone.listen(1)
    score = aligned_correlation(sentence(8000), phone.heard[before:])
    assert score >= 0.9, f"device to caller: {score:.3f}"


def call_kiosk(box, backend, phone):
    backend.script = [{"action": "connect", "endpoint": [{"type": "app", "user": "kiosk"}]}]
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    backend.wait(lambda r: r.path == "/rtc" and r.json["type"] == "rtc:answered")
    phone.listen(1)


def test_a_sentence_goes_both_ways_on_a_virtual_card(make_box, backend, make_phone, make_card):
    card = make_card()
    box = make_box(env=card.env, users=kiosk(playback=["kiosk"], capture=["kiosk"]))
    phone = make_phone()
    call_kiosk(box, backend, phone)
    begin = time.monotonic()
    phone.say(sentence(8000))
    phone.listen(4)
    played = card.speaker.heard(begin, time.monotonic() - 0.1)
    score = aligned_correlation(sentence(8000), resample_poly(played, 8000, RATE))
    assert score >= 0.9, f"caller to device: {score:.3f}"
    before = len(phone.heard)
    card.room.play(sentence(RATE))
    phone.listen(4)
    score = aligned_correlation(sentence(8000), phone.heard[before:])
    assert score >= 0.9, f"device to caller: {score:.3f}"


def test_a_card_is_unplugged_during_a_call_and_comes_back(make_box, backend, make_phone, make_card):
    card = make_card()
    box = make_box(env=card.env, users=kiosk(playback=["kiosk"], capture=["kiosk"]))
    phone = make_phone()
    call_kiosk(box, backend, phone)
    card.room.play(tone(700, 15, rate=RATE))
    phone.listen(1)
    assert power_at(phone.listen(1), 700) > -20
    card.command(unplugged=1)
    phone.listen(1)
    heard = phone.listen(1)
    assert len(heard) == 8000 and power_at(heard, 700) < -60, "sound goes on without a card"
    card.command()
    phone.listen(1)
    assert power_at(phone.listen(1), 700) > -20, "no sound after the card's return"


def test_two_phones_and_the_kiosk_in_one_room(make_box, backend, make_phone, pulse):
    box = make_box(env=pulse.env, users=kiosk())
    scripts = iter([
        [{"action": "connect", "endpoint": [{"type": "app", "user": "kiosk"}]},
         {"action": "connect", "endpoint": [{"type": "sip", "uri": "PHONE"}]}]])
    first, second = make_phone(), make_phone("second")

    def script(_):
        actions = next(scripts)
        actions[1]["endpoint"][0]["uri"] = f"sip:second@127.0.0.1:{second.port}"
        return actions

    backend.script = script
    first.call(NUMBER, box.sip_port)
    first.wait_answer()
    assert second.answered.wait(10)
    first.say(tone(400, 8, level=0.15))
    second.say(tone(700, 8, level=0.15))
    playing = pulse.play(tone(1100, 8, rate=RATE, level=0.15))
    first.listen(1)
    recording = pulse.record()
    heard_first, heard_second = first.listen(1.5), second.listen(1.5)
    heard_kiosk = resample_poly(recording.stop().astype(float), 8000, RATE)[-8000:]
    playing.terminate()
    playing.wait(5)
    for name, heard, own, others in (
            ("first", heard_first, 400, (700, 1100)), ("second", heard_second, 700, (400, 1100)),
            ("kiosk", heard_kiosk, 1100, (400, 700))):
        assert power_at(heard, own) < -50, f"{name} hears itself at {power_at(heard, own):.0f} dBFS"
        for other in others:
            assert power_at(heard, other) > -28, f"{name} does not hear {other} Hz"


def test_a_missing_card_is_one_warning_and_a_silent_device(make_box, backend, make_phone):
    box = make_box(users={"kiosk": {"device": {"playback": ["nowhere"], "capture": ["nowhere"]}, "auto_answer": True}})
    backend.script = [{"action": "connect", "endpoint": [{"type": "app", "user": "kiosk"}]}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    assert len(phone.listen(1)) == 8000
    warnings = [line for line in box.log().splitlines() if "warning" in line and "nowhere" in line]
    assert len(warnings) == 1
