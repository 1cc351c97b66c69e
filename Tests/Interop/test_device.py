"""The box's own sound device as a Member: on a PulseAudio loop, and on a virtual card."""

import json
import time
import wave
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from support.box import NUMBER
from support.card import VirtualCard
from support.pulse import RATE, PulseLoop
from support.sound import aligned_correlation, best_correlation, power_at, tone

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
    """A kiosk that leaves sound as it is: tones are steady noise, and the loop's loudspeaker is its microphone."""
    extra = {"echo_cancellation": False, "noise_suppression": False, "gain_control": False, **extra}
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
    phone.say(sentence(8000))
    phone.listen(4)
    played = resample_poly(recording.stop().astype(float), 8000, RATE)
    # A machine that is late by itself may spoil one of the two.
    half = len(played) - 4 * 8000
    score = max(aligned_correlation(sentence(8000), part) for part in (played[:half], played[half - 4000:]))
    assert score >= 0.9, f"caller to device: {score:.3f}"

    before = len(phone.heard)
    pulse.play(sentence(RATE)).wait(10)
    phone.listen(1)
    score, _ = best_correlation(sentence(8000), phone.heard[before:])
    assert score >= 0.9, f"device to caller: {score:.3f}"


def call_kiosk(box, backend, phone):
    backend.script = [{"action": "connect", "endpoint": [{"type": "app", "user": "kiosk"}]}]
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    backend.wait(lambda r: r.path == "/rtc" and r.json["type"] == "rtc:answered")
    phone.listen(1)


def test_a_card_is_unplugged_during_a_call_and_comes_back(make_box, backend, make_phone, make_card):
    card = make_card()
    box = make_box(env=card.env, users=kiosk(playback=["kiosk"], capture=["kiosk"]))
    phone = make_phone()
    call_kiosk(box, backend, phone)
    card.room.play(tone(700, 15, rate=RATE))
    phone.listen(1)
    assert power_at(phone.listen(1), 700) > -20
    card.command(unplugged=1)
    lost = backend.wait(lambda r: r.path == "/rtc" and r.json["type"] == "custom:device-lost")
    assert lost.json["body"]["device"] == "kiosk" and lost.json["body"]["reason"]
    phone.listen(0.5)
    heard = phone.listen(1)
    assert len(heard) == 8000 and power_at(heard, 700) < -60, "sound goes on without a card"
    card.command()
    phone.listen(0.5)
    assert power_at(phone.listen(0.5), 700) > -20, "no sound half a second after the card's return"
    backend.wait(lambda r: r.path == "/rtc" and r.json["type"] == "custom:device-back")
    for kind in ("custom:device-lost", "custom:device-back"):
        assert len([r for r in backend.requests if r.path == "/rtc" and r.json["type"] == kind]) == 1, kind


def test_another_card_takes_over_with_its_own_channels(make_box, backend, make_phone, make_card):
    card = make_card(channels=4, rate=44100)
    device = {"playback": ["kiosk", "spare"], "capture": ["kiosk", "spare"], "playback_channels": [2],
              "capture_channels": [0]}
    box = make_box(env=card.env, users=kiosk(**device))
    phone = make_phone()
    call_kiosk(box, backend, phone)
    card.command(unplugged=1)
    backend.wait(lambda r: r.path == "/rtc" and r.json["type"] == "custom:device-back" and
                 r.json["body"]["device"] == "spare")
    card.room.play(tone(700, 5, rate=RATE))
    phone.say(tone(400, 3))
    phone.listen(1)
    assert power_at(phone.listen(1), 700) > -20
    now = time.monotonic()
    assert power_at(card.speaker.heard(now - 1.2, now - 0.2, channel=2), 400, rate=RATE) > -20
    assert not card.speaker.heard(now - 1.2, now - 0.2, channel=0).any()


def sweep(rate=RATE):
    """100 ms from 300 to 3400 Hz, faded in and out."""
    place = np.arange(rate // 10) / (rate // 10)
    growth = np.log(3400 / 300)
    phase = 2 * np.pi * 300 * 0.1 / growth * (np.exp(place * growth) - 1)
    edge = np.minimum(1, np.minimum(place, place[::-1]) * 8)
    return (12000 * np.sin(phase) * (0.5 - 0.5 * np.cos(np.pi * edge))).astype(np.int16)


def mouth_to_ear(near, far, sweeps=8):
    """Delays in ms from one card's microphone to the other one's loudspeaker."""
    spacing = RATE // 2
    sound = np.zeros(sweeps * spacing, dtype=np.int16)
    for number in range(sweeps):
        sound[number * spacing: number * spacing + RATE // 10] = sweep()
    at = near.room.play(sound)
    time.sleep(sweeps / 2 + 0.7)
    delays = []
    for number in range(sweeps):
        begin = at + number / 2
        score, place = best_correlation(sweep(), far.speaker.heard(begin, begin + 0.5))
        if score > 0.6:
            delays.append(place * 1000 / RATE)
    return delays


@pytest.fixture
def call_between(make_box, backend, make_card):
    """A call from one box's card to another's, `near` hearing and `far` speaking; it has settled."""
    calls = []

    def make(media, cards=({}, {}), **device):
        near, far = (make_card(**fields) for fields in cards)
        users = kiosk(playback=["kiosk"], capture=["kiosk"], **device)
        here = make_box(env=near.env, users=users, media=media)
        there = make_box(env=far.env, users=users, media=media)
        backend.script = [{"action": "connect", "endpoint": [{"type": "app", "user": "kiosk"}]}]
        status, call = here.http("POST", "/v1/calls", here.token(), {
            "to": [{"type": "sip", "uri": f"sip:{NUMBER}@127.0.0.1:{there.sip_port}"}],
            "from": {"type": "phone", "number": NUMBER},
            "ncco": [{"action": "connect", "endpoint": [{"type": "app", "user": "kiosk"}]}]})
        assert status == 201, call
        calls.append((here, call["uuid"]))
        time.sleep(4)
        return near, far

    yield make
    for box, call in calls:
        box.http("PUT", f"/v1/calls/{call}", box.token(), {"action": "hangup"})


@pytest.mark.parametrize("ptime, period, limit", [("20ms", "10ms", 60), ("10ms", "5ms", 35)])
def test_mouth_to_ear_between_two_boxes(call_between, ptime, period, limit):
    near, far = call_between({"codecs": ["opus"], "ptime": ptime}, period=period)
    # A machine that stands still makes packets late, and the playout buffer holds more until that is a rare thing again,
    # seconds later. So one of three series must have both; a delay that is too long or wanders by itself has neither.
    series = []
    for _ in range(3):
        delays = mouth_to_ear(near, far)
        series.append([round(delay, 1) for delay in delays])
        if len(delays) >= 6 and np.median(delays) <= limit and np.subtract(*np.percentile(delays, [75, 25])) < 3:
            return
    pytest.fail(f"no series below {limit} ms that keeps its delay: {series}")


def test_a_sentence_keeps_its_shape_from_card_to_card_though_every_clock_differs(call_between):
    # One alignment for all of it: a delay that moved while it was spoken would show. Only the clocks' steady difference
    # is taken out, as nobody hears it.
    near, far = call_between(
        {"codecs": ["pcmu"]}, cards=({"capture_ppm": 200, "playback_ppm": -150}, {"playback_ppm": -200}))
    scores = []
    for _ in range(3):
        at = near.room.play(sentence(RATE))
        time.sleep(3.7)
        heard = resample_poly(far.speaker.heard(at, at + 3.4), 8000, RATE)
        said, instants = sentence(8000), np.arange(len(heard))
        scores.append(max(
            best_correlation(said, np.interp(instants * (1 + ppm / 1e6), instants, heard))[0]
            for ppm in range(-500, 501, 50)))
    # A machine that is late by itself may spoil one of them.
    assert sorted(scores)[1] >= 0.9, scores


def test_the_latency_commands_tell_a_card_apart_from_a_slower_one(make_box, backend, make_card):
    totals, rounds = [], []
    for delay in (0, 200_000):
        card = make_card(delay_us=delay)
        box = make_box(env=card.env, users=kiosk(playback=["loop"], capture=["loop"]))
        backend.script = [{"action": "connect", "endpoint": [{"type": "app", "user": "kiosk"}]}]
        target = f"sip:{NUMBER}@127.0.0.1:{box.sip_port}"
        call = json.loads(box.run(
            "latency", "call", target, "--config", box.config_path, "--sweeps", 2, "--json").stdout)
        assert call["heard"] == 2, call
        # The bar is the one of the series; between two sweeps the far end may have gone a step of its mix up or down.
        assert call["error_ms"] == pytest.approx(np.ptp(call["delays_ms"]) / 2, abs=0.01), call
        assert call["error_ms"] < 5.5, call
        assert sum(stage["delay_ms"] for stage in call["stages"]) == pytest.approx(call["delay_ms"], abs=0.01)
        rounds.append(call["delay_ms"])
        loop = json.loads(box.run("latency", "loop", "--device", "loop", "--sweeps", 2, "--json").stdout)
        assert loop["heard"] == 2, loop
        totals.append(loop["delay_ms"])
    assert totals[1] - totals[0] == pytest.approx(200, abs=1)
    # Each call finds its own phase between packets and steps.
    assert rounds[1] - rounds[0] == pytest.approx(200, abs=25)


def test_the_caller_does_not_hear_the_kiosks_loudspeaker(make_box, backend, make_phone, make_card):
    card = make_card()
    users = {"kiosk": {"device": {"playback": ["loop"], "capture": ["loop"]}, "auto_answer": True}}
    box = make_box(env=card.env, users=users)
    phone = make_phone()
    call_kiosk(box, backend, phone)
    speech = sentence(8000)
    phone.say(np.concatenate([speech] * 3))
    phone.listen(5)
    heard = phone.listen(4).astype(float)
    loss = 10 * np.log10(np.mean(speech.astype(float) ** 2) / (np.mean(heard**2) + 1e-3))
    assert loss > 25, f"the echo is only {loss:.1f} dB below what was said"


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
