"""The box on a sound driver of the kernel (snd-aloop), in virtual time."""

import json
import signal
import subprocess
import time
import urllib.request
import wave
from pathlib import Path

import numpy as np
import pytest

from cable import RATE
from support.box import BINARY, NUMBER
from support.sound import aligned_correlation, decode_mu_law, level, power_at, tone

SPEECH = Path(__file__).resolve().parents[1] / "Fixtures" / "audio" / "f198.wav"
DRIVER = Path("/sys/bus/platform/drivers/snd_aloop")


def resampled(samples, given, wanted):
    """All of a sound at another rate, by its spectrum."""
    size = len(samples) * wanted // given
    spectrum = np.fft.rfft(samples)[: size // 2 + 1]
    spectrum = np.pad(spectrum, (0, size // 2 + 1 - len(spectrum)))
    return np.fft.irfft(spectrum, size) * size / len(samples)


def sentence(rate):
    """Three seconds of recorded speech at a rate, as a telephone carries them."""
    with wave.open(str(SPEECH), "rb") as file:
        given = file.getframerate()
        samples = np.frombuffer(file.readframes(3 * given), dtype=np.int16).astype(float)
    narrow = resampled(samples, given, 8000)
    return np.clip(2 * (narrow if rate == 8000 else resampled(narrow, 8000, rate)), -32000, 32000).astype(np.int16)


def user(kiosk, **extra):
    """Leaves sound as it is: tones are steady noise."""
    as_it_is = {"echo_cancellation": False, "noise_suppression": False, "gain_control": False}
    return {"kiosk": {"device": {**kiosk.device, **as_it_is, **extra}, "auto_answer": True}}


CONNECT = [{"action": "connect", "endpoint": [{"type": "app", "user": "kiosk"}]}]


def rtc(backend, kind, timeout=10):
    return backend.wait(lambda r: r.path == "/rtc" and r.json["type"] == kind, timeout)


def metric(box, name):
    text = urllib.request.urlopen(f"{box.url}/metrics", timeout=5).read().decode()
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


@pytest.fixture
def call(make_box, backend, make_phone, make_kiosk):
    """A phone in a call with a box's kiosk."""
    kiosk = make_kiosk()
    box = make_box(users=user(kiosk))
    backend.script = CONNECT
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    rtc(backend, "rtc:answered")
    phone.listen(2)
    return box, kiosk, phone


@pytest.mark.parametrize("period, limit", [(10, 34), (20, 54)])
def test_the_delay_through_the_driver_is_measured_without_xruns(figure, period, limit):
    # Two periods wait for playback, one is captured; the driver wakes in steps of 4 ms.
    done = subprocess.run(
        [BINARY, "latency", "loop", "--device", "hw:0,0,0", "--capture", "hw:0,1,0", "--period", str(period),
         "--sweeps", "6", "--json"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    figure(f"loop, periods of {period} ms", f"{seen['delay_ms']:.1f} ms", f"<= {limit} ms")
    figure(f"loop, periods of {period} ms: error", f"± {seen['error_ms']:.2f} ms", "<= 2 ms")
    assert seen["heard"] == 6 and seen["delay_ms"] <= limit and seen["error_ms"] <= 2, seen
    assert not any("xrun" in note for note in seen.get("notes", [])), seen


def test_a_sentence_is_heard_both_ways(call, figure):
    box, kiosk, phone = call
    phone.say(sentence(8000))
    played = resampled(kiosk.speaker.listen(4).astype(float), RATE, 8000)
    score = aligned_correlation(sentence(8000), played)
    figure("sentence, caller to device: likeness", f"{score:.3f}", ">= 0.9")
    assert score >= 0.9
    kiosk.room.say(sentence(RATE))
    score = aligned_correlation(sentence(8000), phone.listen(4))
    figure("sentence, device to caller: likeness", f"{score:.3f}", ">= 0.9")
    assert score >= 0.9
    assert metric(box, "switchhook_media_device_xruns_total") == 0


def test_the_driver_goes_away_and_comes_back_in_a_call(call, backend, figure):
    box, kiosk, phone = call
    kiosk.room.say(tone(700, 30, rate=RATE))
    phone.say(tone(400, 30))
    phone.listen(0.5)
    assert power_at(phone.listen(1), 700) > -20 and power_at(kiosk.speaker.listen(1), 400, rate=RATE) > -20
    name = next(DRIVER.glob("snd_aloop.*")).name
    began = time.monotonic()
    unbinding = subprocess.Popen(["sh", "-c", f"echo {name} >{DRIVER}/unbind"])
    lost = rtc(backend, "custom:device-lost")
    figure("driver gone: event after", f"{1000 * (time.monotonic() - began):.0f} ms", "<= 1000 ms")
    assert time.monotonic() - began <= 1
    assert lost.json["body"]["device"] and lost.json["body"]["reason"]
    assert unbinding.wait(10) == 0, "the box keeps the device open, so the driver cannot end"
    phone.listen(0.5)
    heard = phone.listen(1)
    assert len(heard) == 8000 and level(heard) < -60, "sound goes on without a driver"
    kiosk.room.say(tone(700, 30, rate=RATE))
    (DRIVER / "bind").write_text(name)
    back = time.monotonic()
    packets = len(phone.packets)
    phone.listen(1.5)
    arrived = next((packet[4] for number, packet in enumerate(phone.packets[packets:])
                    if level(decode_mu_law(packet[3])) > -20), None)
    assert arrived, "no sound after the driver's return"
    figure("driver back: sound to the caller after", f"{1000 * (arrived - back):.0f} ms", "<= 500 ms")
    assert arrived - back <= 0.5
    rtc(backend, "custom:device-back")
    assert power_at(phone.listen(1), 700) > -20 and power_at(kiosk.speaker.listen(1), 400, rate=RATE) > -20
    for kind in ("custom:device-lost", "custom:device-back"):
        assert len([r for r in backend.requests if r.path == "/rtc" and r.json["type"] == kind]) == 1, kind


def test_a_process_that_stands_still_is_back_within_two_periods(call, figure):
    box, kiosk, phone = call
    phone.say(tone(400, 20))
    phone.listen(1)
    assert power_at(kiosk.speaker.listen(1), 400, rate=RATE) > -20
    before = metric(box, "switchhook_media_device_xruns_total")
    first = kiosk.speaker.count
    box.process.send_signal(signal.SIGSTOP)
    time.sleep(0.1)
    box.process.send_signal(signal.SIGCONT)
    goes_on = time.monotonic()
    heard = kiosk.speaker.listen(1.5)
    heard = kiosk.speaker.since(first)
    silent = np.flatnonzero(windows(heard) < 100)
    assert len(silent), "it never fell silent: the test tests nothing"
    back = kiosk.speaker.instant(first + (silent[-1] + 1) * 96) - goes_on
    figure("stopped for 100 ms: sound again after", f"{1000 * back:.0f} ms", "<= 44 ms")
    counted = metric(box, "switchhook_media_device_xruns_total") - before
    figure("stopped for 100 ms: xruns counted", f"{counted:.0f}", ">= 1")
    # Two periods to recover, two of silence in the buffer before the first sound, a step of the driver.
    assert back <= 0.044 and counted >= 1
    assert power_at(kiosk.speaker.listen(1), 400, rate=RATE) > -20


def windows(sound, size=96):
    """Highest sample of each 2 ms."""
    sound = np.abs(np.asarray(sound, dtype=float))
    return sound[: len(sound) // size * size].reshape(-1, size).max(axis=1)
