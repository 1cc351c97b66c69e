#!/usr/bin/env python3
"""Speech over networks that lose packets, and the delay that playout adds, against the targets.

usage: bench.py LOSS_TRIAL [--json FILE]      LOSS_TRIAL: the program of Tests/Quality/LossTrial, built for release

PESQ of six speakers and three seeds each; every recording is heard twice, the second time is judged, since a call lasts
longer than 8 s. Rows named `losses` have the losses of a network and a constant delay; `whole` has its jitter too. Opus
is as the box sends it by default but for what a peer's reports tell: expected loss, and whether copies are sent. G.711
is judged beside plain repetition of the packet before a loss. Exits 1 when a figure is beyond its limit.
"""

import json
import math
import os
import random
import subprocess
import sys
import tempfile
import wave
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from pesq import pesq
from scipy.signal import fftconvolve, resample_poly

HERE = Path(__file__).resolve().parent
AUDIO = HERE.parent / "audio"
NAMES = ["f198", "f250", "f322", "m2911", "m5192", "m8630"]
SEEDS = (1, 2, 3)
COUNT = 9000
OPUS = {"codec": "opusWide"}
# Network, expected loss as a peer's reports would tell, least PESQ without and with redundancy.
CASES = [("random 9.5 %", 10, 3.4, 3.5), ("wifi", 3, 3.6, 3.75), ("congested", 10, 1.9, 2.2)]
# Milliseconds, with steps of 5 ms; seeds 1 to 5.
DELAYS = {"clean": 5.5, "wifi": 60, "lte": 90, "congested": 220}
NETWORKS = {
    "random 9.5 %": {"loss_good": 0.095},
    "random 5 %": {"loss_good": 0.05},
    "wifi": {"base": 12, "jitter": 3, "longest": 40, "bad": 0.0103, "good": 0.3333, "loss_bad": 1,
             "spike": (0.004, 40, 120, 18)},
    "congested": {"base": 40, "jitter": 15, "longest": 150, "bad": 0.0556, "good": 0.2, "loss_good": 0.01,
                  "loss_bad": 0.9, "spike": (0.01, 60, 250, 15)},
}


def fates(network, seed, name, has_jitter):
    """Delay of each packet in milliseconds, -1: lost. The same losses with and without jitter."""
    net = NETWORKS[network]
    draw = random.Random(f"{network}/{seed}/{name}")
    queue, is_bad, last, result = 0.0, False, -1e9, []
    for number in range(COUNT):
        u = [draw.random() for _ in range(5)]
        delay = net.get("base", 10) + min(-math.log(1 - u[0]) * net.get("jitter", 0), net.get("longest", 0))
        chance, low, high, drain = net.get("spike", (0, 0, 0, 20))
        if u[1] < chance:
            queue += low + u[2] * (high - low)
        delay += queue
        queue = max(0.0, queue - drain)
        is_bad = u[3] >= net.get("good", 1) if is_bad else u[3] < net.get("bad", 0)
        if u[4] < (net.get("loss_bad", 1) if is_bad else net.get("loss_good", 0)):
            result.append(-1.0)
            continue
        last = max(number * 20 + delay, last)
        result.append(last - number * 20 if has_jitter else 10.0)
    return result


def recording(name):
    path = AUDIO / f"{name}.wav"
    if not path.exists():
        path = HERE.parents[1] / "Fixtures" / "audio" / f"{name}.wav"
    with wave.open(str(path), "rb") as file:
        assert file.getframerate() == 16000 and file.getnchannels() == 1, path
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def trial(program, speech, options):
    with tempfile.TemporaryDirectory() as folder:
        source, sound = Path(folder) / "in", Path(folder) / "out"
        speech.tofile(source)
        words = [f"{key}={value}" for key, value in options.items()]
        done = subprocess.run([program, *words, source, sound], capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            sys.exit(f"{program} {words}: {done.stderr.strip()}")
        return np.fromfile(sound, "<i2"), json.loads(done.stdout)


def second_half(reference, sound, rate):
    """The part of `sound` that is `reference` heard the second time, laid on it."""
    begin, reach = len(reference), rate // 2
    part = sound[begin:begin + len(reference) + reach].astype(float)
    shift = int(np.argmax(fftconvolve(part, reference[::-1].astype(float))[len(reference) - 1:][:reach]))
    found = sound[begin + shift:begin + shift + len(reference)]
    return np.pad(found, (0, len(reference) - len(found)))


def mu_law(samples):
    value = samples / 32768
    coded = np.round(np.sign(value) * np.log1p(255 * np.abs(value)) / np.log(256) * 127) / 127
    return (np.sign(coded) * (256 ** np.abs(coded) - 1) / 255 * 32768).astype("<i2")


def judge(job):
    program, network, has_jitter, name, seed, options = job
    speech = recording(name)
    is_narrow = options["codec"] == "pcmu"
    if is_narrow:
        speech = np.clip(np.round(resample_poly(speech.astype(float), 1, 2)), -32768, 32767).astype("<i2")
    rate, mode = (8000, "nb") if is_narrow else (16000, "wb")
    with tempfile.NamedTemporaryFile("w") as plan:
        plan.write("\n".join(map(str, fates(network, seed, name, has_jitter))))
        plan.flush()
        sound, figures = trial(program, np.tile(speech, 2), {**options, "plan": plan.name})
    row = {"pesq": pesq(rate, speech, second_half(speech, sound, rate), mode), **figures}
    if is_narrow:
        repeated = mu_law(np.tile(speech, 2))
        for number in row["lost"]:
            if number:
                repeated[number * 160:][:160] = repeated[(number - 1) * 160:][:160]
        row["repetition"] = pesq(rate, speech, repeated[len(speech):], mode)
    del row["lost"]
    return row


def delay(job):
    program, network, seed = job
    speech = np.clip(np.round(resample_poly(recording("f198").astype(float), 1, 2)), -32768, 32767).astype("<i2")
    options = {"codec": "pcmu", "profile": network, "seed": seed, "phase": seed, "step": 5, "packets": COUNT}
    return trial(program, speech, options)[1]


def mean(rows, key):
    return round(sum(row[key] for row in rows) / len(rows), 3)


def main():
    words = sys.argv[1:]
    if not words or words[0].startswith("-"):
        sys.exit(__doc__)
    program = words[0]
    result = {"speech": [], "delay": [], "faults": []}
    rows = [("G.711, repeated: +0.4", "random 5 %", True, {"codec": "pcmu", "step": step}, None) for step in (10, 20)]
    for network, expected, plain, redundant in CASES:
        for has_jitter in (False, True) if network != "random 9.5 %" else (False,):
            for is_redundant, least in ((0, plain), (1, redundant)):
                options = {**OPUS, "expected": expected, "redundant": is_redundant}
                rows.append((
                    "Opus 24 kb/s" + (" + RFC 2198" if is_redundant else ""), network, has_jitter, options,
                    None if has_jitter else least))
    print(f"{'':<24} {'network':<13} {'':<7} {'PESQ':>5} {'seeds':>17} {'least':>5} {'kb/s':>6} {'delay ms':>8} "
          f"{'late %':>6} {'lost %':>6}")
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for label, network, has_jitter, options, least in rows:
            jobs = [(program, network, has_jitter, name, seed, options) for seed in SEEDS for name in NAMES]
            judged = list(pool.map(judge, jobs))
            seeds = [mean(judged[at:at + len(NAMES)], "pesq") for at in range(0, len(judged), len(NAMES))]
            row = {"what": label, "network": network, "part": "whole" if has_jitter else "losses", **options,
                   **{key: mean(judged, key) for key in judged[0]}, "seeds": seeds}
            if "repetition" in row:
                least = round(row["repetition"] + 0.4, 3)
                row["above_repetition"] = round(row["pesq"] - row["repetition"], 3)
            row["least"] = least
            result["speech"].append(row)
            if least is not None and row["pesq"] < least:
                result["faults"].append(f"{label}, {network}: PESQ {row['pesq']}, at least {least}")
            print(f"{label:<24} {network:<13} {row['part']:<7} {row['pesq']:>5.2f} "
                  f"{' '.join(f'{value:5.2f}' for value in seeds)} {least or '':>5} "
                  f"{row['bits_per_second'] / 1000:>6.1f} {row['delay_ms']:>8.1f} {row['late_percent']:>6.2f} "
                  f"{row['lost_percent']:>6.1f}", flush=True)
        for network, most in DELAYS.items():
            runs = list(pool.map(delay, [(program, network, seed) for seed in range(1, 6)]))
            row = {"network": network, **{key: mean(runs, key) for key in ("delay_ms", "late_percent", "lost_percent")},
                   "seeds": [round(run["delay_ms"], 1) for run in runs], "most_ms": most}
            result["delay"].append(row)
            if row["delay_ms"] > most or row["late_percent"] > 1:
                result["faults"].append(f"{network}: {row['delay_ms']} ms, {row['late_percent']} % late")
            print(f"{'added playout delay':<24} {network:<13} {row['delay_ms']:>6.1f} ms of {most}, "
                  f"{row['late_percent']:.2f} % late, seeds {row['seeds']}", flush=True)
    if "--json" in words:
        Path(words[words.index("--json") + 1]).write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    for fault in result["faults"]:
        print("beyond its limit:", fault)
    sys.exit(1 if result["faults"] else 0)


if __name__ == "__main__":
    main()
