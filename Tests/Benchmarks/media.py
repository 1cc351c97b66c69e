"""Rows on media: CPU as multiples of bare work done in the same run, delay, memory, set-up and late ticks under load.

The daemon (Config/bench.yaml) has the last core, the generator (callload.c) the first; epollrelay.c and codecwork.c are
the bare work, on the daemon's core. Limits hold on an idle machine; CPU figures are the daemon's own CPU time.
"""

import json
import subprocess
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

from rig import CORES, ROOT, bench_daemon, compiled, favour, metrics, stop

RELAY_PORT, TRANSCODED = 40000, 50
# kB of private memory that 100 relayed, 50 transcoded calls or 50 members of a room may add for each of them.
MEMORY = {"relay": 60, "transcode": 150, "room": 90}


def speech(folder):
    """Recorded speech as raw samples at 8 and 16 kHz."""
    paths = [Path(folder) / f"speech{rate}.raw" for rate in (8, 16)]
    if not paths[1].exists():
        with wave.open(str(ROOT / "Tests" / "Fixtures" / "audio" / "f198.wav")) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        spectrum = np.fft.rfft(samples.astype(float))
        half = np.fft.irfft(spectrum[:len(samples) // 4 + 1], len(samples) // 2) / 2
        paths[0].write_bytes(np.clip(half, -32768, 32767).astype("<i2").tobytes())
        paths[1].write_bytes(samples.tobytes())
    return paths


def load(folder, mode, calls, port, pid, seconds=8, during=None, **options):
    """One run of callload; `during(process)` is called while its window is open."""
    speech8, speech16 = speech(folder)
    options = {"calls": calls, "port": port, "pid": pid, "seconds": seconds, "speech8": speech8, "speech16": speech16, **options}
    command = ["taskset", "-c", CORES[0], compiled("callload", folder, "opus", "m"), mode]
    for name, value in options.items():
        command += [f"--{name}", value]
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    try:
        for line in process.stdout:
            answer = json.loads(line)
            if answer.get("window") == "open" and during:
                during(process)
        if process.wait(60) or "up" not in answer:
            raise RuntimeError(f"callload {mode} ended with {process.returncode}")
    finally:
        if process.poll() is None:
            process.kill()
    return answer


def reference(folder, calls=100):
    """CPU of the bare relay, ms for one call lasting one second."""
    relay = subprocess.Popen(
        ["taskset", "-c", str(CORES[-1]), compiled("epollrelay", folder), str(calls), str(RELAY_PORT), "20000", "20002"],
        stdout=subprocess.PIPE, text=True, start_new_session=True)
    favour(relay.pid)
    try:
        relay.stdout.readline()
        return load(folder, "direct", calls, RELAY_PORT, relay.pid, seconds=6, warm=1, ramp=10000)["ms_per_call_second"]
    finally:
        relay.kill()
        relay.wait()


def bare_codecs(folder, members=50):
    return json.loads(subprocess.run(
        ["taskset", "-c", str(CORES[-1]), compiled("codecwork", folder, "opus"), str(members), *map(str, speech(folder))],
        capture_output=True, text=True, check=True).stdout)


class Daemon:
    """A fresh daemon for one run: memory a call is counted from its idle state."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        self.process, self.port = bench_daemon(tempfile.mkdtemp(dir=self.folder), "media")
        return self

    def __exit__(self, *_):
        stop(self.process)

    def load(self, mode, calls, **options):
        return load(self.folder, mode, calls, self.port, self.process.pid, **options)


def whole(name, result):
    """Figures that say whether a run counts: nothing missing, and the generator itself on time."""
    lost = 100 * (result["sent"] - min(result["received"], result["sent"])) / max(result["sent"], 1)
    return {
        f"{name}: calls not up, or not to the end": (2 * result["calls"] - result["up"] - result["stayed"], 0, ""),
        f"{name}: packets missing": (max(lost, 100 * result["lost"] / max(result["sent"], 1)), 0.1, "%"),
        f"{name}: generator late, p99": (result["own_lateness_ms"]["p99"], None, "ms")}


def together(results, name):
    """Quantiles over several runs' histograms."""
    steps = {}
    for result in results:
        for step, count in result[name]["steps"]:
            steps[step] = steps.get(step, 0) + count
    total = sum(steps.values())

    def quantile(share):
        seen = 0
        for step in sorted(steps):
            seen += steps[step]
            if seen >= share * total:
                return (step + 0.5) / 100
        return float("nan")
    return quantile


def relay(folder, seconds):
    """100 relayed PCMU calls between two runs of the bare relay, then one call by itself."""
    bare = [reference(folder)]
    with Daemon(folder) as daemon:
        result = daemon.load("relay", 100)
    bare.append(reference(folder))
    with Daemon(folder) as daemon:
        single = daemon.load("relay", 1, seconds=5)
    mean = sum(bare) / 2
    return {
        "bare relay, CPU a call": (mean, None, "ms/s"),
        "relay, 100 calls: CPU, multiple of bare": (result["ms_per_call_second"] / mean, 0.9, "x"),
        "relay: delay p50": (result["delay_ms"]["p50"], 1.5, "ms"),
        "relay: delay p99": (result["delay_ms"]["p99"], 3, "ms"),
        "relay: delay p99.9": (result["delay_ms"]["p999"], None, "ms"),
        "relay, one call: delay p50": (single["delay_ms"]["p50"], 0.2, "ms"),
        "relay, one call: delay p99": (single["delay_ms"]["p99"], None, "ms"),
        "relay: memory a call": (result["kb_per_call"], MEMORY["relay"], "kB"), **whole("relay", result)}


def transcode(folder, seconds):
    """PCMU to Opus and back with recorded speech; the codecs' own work is taken in the same run."""
    bare, codecs = [reference(folder)], [bare_codecs(folder)]
    with Daemon(folder) as daemon:
        result = daemon.load("transcode", TRANSCODED)
    bare.append(reference(folder))
    codecs.append(bare_codecs(folder))
    work = sum(c["encode_us"] + c["decode_us"] + c["g711_us"] for c in codecs) / 2 * 50 / 1000
    mean = sum(bare) / 2
    return {
        "bare relay + codecs, CPU a call": (mean + work, None, "ms/s"),
        f"transcode, {TRANSCODED} calls: CPU a call": (result["ms_per_call_second"], 4.9, "ms/s"),
        "transcode: CPU, multiple of bare": (result["ms_per_call_second"] / (mean + work), 1.3, "x"),
        # The bare encoder must have done what the daemon did.
        "transcode: Opus packet, bare less the daemon's": (
            abs(codecs[0]["bytes"] - result["bytes_b"]), 0.15 * codecs[0]["bytes"], "bytes"),
        "transcode: Opus configuration other than bare": (int(codecs[0]["toc"] >> 3 != result["toc"] >> 3), 0, ""),
        "transcode: memory a call": (result["kb_per_call"], MEMORY["transcode"], "kB"), **whole("transcode", result)}


def conference(folder, seconds):
    """50 PCMU members in one room, five starts: CPU for each, and the delay of the sound from member to member."""
    bare, mixing, results = [reference(folder)], bare_codecs(folder)["mix_us"] * 50 / 1000, []
    for _ in range(5):
        with Daemon(folder) as daemon:
            results.append(daemon.load("room", 50, seconds=5, warm=1))
    bare.append(reference(folder))
    # A member is half a relayed call (50 packets in, 50 out) and its part of the mix.
    member = sum(bare) / 2 / 2 + mixing
    cost = sorted(result["ms_per_call_second"] for result in results)[2]
    sound = together(results, "sound_ms")
    return {
        "bare member, CPU": (member, None, "ms/s"), "room of 50: CPU a member": (cost, None, "ms/s"),
        "room of 50: CPU, multiple of bare": (cost / member, 2.0, "x"),
        "room of 50: sound p50, five starts": (sound(0.5), 14, "ms"),
        "room of 50: sound p99.9, five starts": (sound(0.999), 24, "ms"),
        "room of 50: memory a member": (sorted(r["kb_per_call"] for r in results)[2], MEMORY["room"], "kB"),
        **whole("room of 50", max(results, key=lambda r: 2 * r["calls"] - r["up"] - r["stayed"] + r["lost"]))}


def large_room(folder, seconds):
    """400 PCMU members in one room on one core."""
    with Daemon(folder) as daemon:
        result = daemon.load("room", 400, seconds=10, ramp=60)
    return {
        "room of 400: sound p99.9": (result["sound_ms"]["p999"], 30, "ms"), "room of 400: share of the core": (result["core"], None, ""),
        **whole("room of 400", result)}


def full_core(folder, seconds):
    """Transcoding that fills 0.8 of the core: late ticks for 60 s beside a bare FIFO timer there, then set-up times."""
    with Daemon(folder) as daemon:
        few = daemon.load("transcode", 30, seconds=4)
    count = int(0.8 / (few["core"] / 30))
    timer, samples = compiled("fifotimer", folder), []

    def watch(process):
        # A wake-up each millisecond sees every stall of the core; the daemon's counter is read twice a second.
        bare = subprocess.Popen(
            ["taskset", "-c", str(CORES[-1]), timer, "1", "4", "60"], stdout=subprocess.PIPE, text=True)
        while bare.poll() is None:
            samples.append((time.monotonic(), metrics(daemon.process.http)["switchhook_media_ticks_late_total"]))
            time.sleep(0.5)
        watch.bare = json.loads(bare.stdout.read())

    with Daemon(folder) as daemon:
        ticks = daemon.load("transcode", count, seconds=61, during=watch)
        probed = daemon.load("transcode", count - 5, seconds=15, probes=20)
    late, excused = 0, 0
    for (began, before), (ended, after) in zip(samples, samples[1:]):
        # The counter is brought up to date once a second, so a stall can show one reading later.
        stalled = any(began - 1.5 <= instant <= ended for instant in watch.bare["when"])
        late, excused = late + (0 if stalled else after - before), excused + (after - before if stalled else 0)
    return {
        "full core: calls": (ticks["calls"], None, ""), "full core: share of the core": (ticks["core"], None, ""),
        "full core: ticks later than 5 ms in 60 s": (late, 0, "ticks"),
        "full core: such ticks while a bare timer was late": (excused, None, "ticks"),
        "full core: bare FIFO timer later than 4 ms": (watch.bare["late"], None, "wake-ups"),
        "full core: bare FIFO timer, worst": (watch.bare["worst_ms"], None, "ms"),
        "full core: set-up p50": (probed["setup_ms"]["p50"], None, "ms"),
        "full core: set-up p99": (probed["setup_ms"]["p99"], 20, "ms"),
        "full core: set-ups refused": (probed["probes"] - probed["probes_answered"], 0, ""),
        "full core, set-ups: share of the core": (probed["core"], None, ""), **whole("full core", ticks)}


BENCHES = {"relay": relay, "transcode": transcode, "conference": conference, "large-room": large_room, "full-core": full_core}
