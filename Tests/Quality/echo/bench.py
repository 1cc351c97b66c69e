#!/usr/bin/env python3
"""Echo, double talk and noise at the sound device, beside WebRTC and speexdsp on the same recordings.

usage: bench.py ECHO_TRIAL [--json FILE]      ECHO_TRIAL: the program of Tests/Quality/EchoTrial, built for release

Far speech goes through a measured room, 40 ms late; near speech begins at 16 s. Echo is judged where only the far end
speaks (a run without the near end): how far it lies below what the microphone heard of it. Double talk is judged by
PESQ (wide band) of the near speech alone against what is sent. Exits 1 when a figure is beyond its limit.
"""

import json
import subprocess
import sys
import tempfile
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from pesq import pesq
from scipy.signal import fftconvolve, resample_poly

HERE = Path(__file__).resolve().parent
AUDIO = HERE.parent / "audio"
RATE = 16000
WORK = Path(tempfile.mkdtemp(prefix="echo"))
# Must: decibels of echo 4 to 16 s, PESQ. The better library on these recordings: 27.6 / 3.04, 31.0 / 1.82, 26.0 / 1.53,
# 26.2 / 2.50.
CASES = {
    "office": ({"room": "surrey_roomA_az000_L_16k", "gain": -6}, (28, 3.04)),
    "saturated": ({"room": "surrey_roomA_az000_L_16k", "gain": 0, "is_saturated": True}, (31, 2.4)),
    "drift 100 ppm": ({"room": "surrey_roomA_az000_L_16k", "gain": -6, "ppm": 100}, (28, 2.4)),
    "seminar room": ({"room": "seminar_clap_16k", "gain": -6}, (28, 2.5)),
}


def recording(name):
    path = AUDIO / f"{name}.wav"
    if not path.exists():
        path = HERE.parents[1] / "Fixtures" / "audio" / f"{name}.wav"
    with wave.open(str(path), "rb") as file:
        assert file.getframerate() == RATE and file.getnchannels() == 1, path
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768


FAR = np.concatenate([recording(name) for name in ("f198", "m5192", "f250", "m2911")])
SPEECH = np.concatenate([recording(name) for name in ("m8630", "f322")])
START = 16 * RATE
END = min(len(FAR), START + len(SPEECH))
NEAR = np.zeros(len(FAR))
NEAR[START:END] = SPEECH[: END - START]
QUIET = np.random.default_rng(7).standard_normal(len(FAR)) * 1e-3


def echo(room, gain, delay_ms=40, ppm=0, is_saturated=False):
    response = recording(room)
    response = response[max(0, int(np.argmax(abs(response))) - 8):]
    source = np.tanh(FAR * 6) / 6 if is_saturated else FAR
    delay = delay_ms * RATE // 1000
    sound = np.concatenate([np.zeros(delay), fftconvolve(source, response)])[: len(FAR)]
    if ppm:
        sound = np.interp(np.arange(len(FAR)) * (1 + ppm * 1e-6), np.arange(len(FAR)), sound)
    return sound * np.sqrt(np.mean(FAR**2) / np.mean(sound**2)) * 10 ** (gain / 20)


def write(path, sound):
    (np.clip(sound, -1, 1) * 32767).astype("<i2").tofile(path)


def run(program, mode, name, mic, far=FAR, rate=RATE, delay=40):
    paths = [WORK / f"{name}-{mode}.{part}" for part in ("far", "mic", "out")]
    write(paths[0], far)
    write(paths[1], mic)
    done = subprocess.run(
        [program, mode, str(rate), *map(str, paths), str(delay)], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        sys.exit(f"{program} {mode}: {done.stderr.strip()}")
    return np.fromfile(paths[2], "<i2") / 32768, json.loads(done.stdout)


def loss(before, after, begin, end):
    part = slice(int(begin * RATE), int(end * RATE))
    return round(float(10 * np.log10(np.mean(before[part] ** 2) / max(1e-12, np.mean(after[part] ** 2)))), 1)


def similarity(sound):
    return round(float(pesq(RATE, NEAR[START:END], sound[START:END], "wb")), 2)


def judge(program, mode, case):
    heard = echo(**CASES[case][0])
    alone, figures = run(program, mode, f"{case}-single", heard + QUIET)
    both, _ = run(program, mode, f"{case}-double", heard + QUIET + NEAR)
    spans = {"first 2 s": (0.2, 2), "4-16 s": (4, 16), "16-30 s": (16, 30)}
    row = {f"echo {name}": loss(heard, alone, *span) for name, span in spans.items()}
    return {**row, "double-talk PESQ": similarity(both), **figures}


def change(program, mode):
    """The microphone is turned at 16 s: another response, 12 ms later."""
    before, after = echo("surrey_roomA_az000_L_16k", -6), echo("surrey_roomA_az060_L_16k", -6, delay_ms=52)
    heard = np.where(np.arange(len(FAR)) < START, before, after)
    sound, _ = run(program, mode, "change", heard + QUIET)
    return {f"echo {a}-{b} s after": loss(heard, sound, 16 + a, 16 + b) for a, b in ((0, 1), (1, 2), (2, 14))}


def noise(program, mode):
    machine = np.resize(recording("exercise_bike_16k"), len(FAR))
    machine *= 10 ** (-38 / 20) / np.sqrt(np.mean(machine**2))
    sound, _ = run(program, mode, "noise", machine + NEAR, far=np.zeros(len(FAR)), delay=0)
    return {"noise 2-16 s": loss(machine, sound, 2, 16), "PESQ": similarity(sound), "PESQ before": similarity(machine + NEAR)}


def wide(program, mode):
    """Cost at 48 kHz, the graph's rate with a sound device."""
    far, mic = (resample_poly(sound[: 8 * RATE], 3, 1) for sound in (FAR, echo("surrey_roomA_az000_L_16k", -6)))
    return min(run(program, mode, "wide", mic, far=far, rate=48000)[1]["us_per_10ms"] for _ in range(3))


def peers():
    binary = WORK / "peers"
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "webrtc-audio-processing", "speexdsp"], capture_output=True, text=True,
        check=True).stdout.split()
    subprocess.run(["g++", "-O2", "-std=c++17", "-o", binary, HERE / "peers.cc", *flags], check=True)
    return str(binary)


def main():
    words = sys.argv[1:]
    if not words or words[0].startswith("-"):
        sys.exit(__doc__)
    other = peers()
    contenders = {"switchhook": (words[0], "all"), "webrtc": (other, "webrtc"), "speexdsp": (other, "speexdsp")}
    result = {"cases": {}, "faults": []}
    with ThreadPoolExecutor(2) as pool:
        rows = {
            (case, who): pool.submit(judge, *contender, case)
            for case in CASES for who, contender in contenders.items()}
        result["path change"] = {w: pool.submit(change, *c) for w, c in contenders.items()}
        result["noise"] = {w: pool.submit(noise, *c) for w, c in contenders.items()}
    for key in ("path change", "noise"):
        result[key] = {who: row.result() for who, row in result[key].items()}
    print(f"{'case':<14} {'':<11} {'first 2 s':>9} {'4-16 s':>7} {'16-30 s':>7} {'PESQ':>5}")
    for (case, who), row in rows.items():
        row = row.result()
        result["cases"].setdefault(case, {})[who] = row
        print(f"{case:<14} {who:<11} {row['echo first 2 s']:>9} {row['echo 4-16 s']:>7} {row['echo 16-30 s']:>7} "
              f"{row['double-talk PESQ']:>5}")
    for key in ("path change", "noise"):
        for who, row in result[key].items():
            print(f"{key:<14} {who:<11} " + ", ".join(f"{name} {value}" for name, value in row.items()))
    result["us_per_10ms_48k"] = {who: round(wide(*contender), 1) for who, contender in contenders.items()}
    ratio = result["us_per_10ms_48k"]["switchhook"] / result["us_per_10ms_48k"]["speexdsp"]
    result["cpu_ratio_to_speexdsp_48k"] = round(ratio, 2)
    print(f"{'CPU at 48 kHz':<14} {ratio:.2f} of speexdsp: {result['us_per_10ms_48k']} µs for 10 ms")
    check(result)
    if "--json" in words:
        Path(words[words.index("--json") + 1]).write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    for fault in result["faults"]:
        print("beyond its limit:", fault)
    sys.exit(1 if result["faults"] else 0)


def check(result):
    for case, rows in result["cases"].items():
        ours = rows["switchhook"]
        least, alike = CASES[case][1]
        limits = {"echo first 2 s": 20, "echo 4-16 s": least, "echo 16-30 s": least, "double-talk PESQ": alike}
        for name in limits:
            if name != "echo first 2 s":
                limits[name] = max(limits[name], *(rows[who][name] for who in ("webrtc", "speexdsp")))
            if ours[name] < limits[name]:
                result["faults"].append(f"{case}: {name} {ours[name]}, at least {limits[name]}")
        if ours["delay_samples"] > 0.00625 * RATE:
            result["faults"].append(f"{case}: {ours['delay_samples']} samples of delay, at most 6.25 ms")
    if result["path change"]["switchhook"]["echo 1-2 s after"] < 20:
        result["faults"].append("path change: less than 20 dB after a second")
    if result["cpu_ratio_to_speexdsp_48k"] > 2:
        result["faults"].append("CPU: more than twice that of speexdsp")


if __name__ == "__main__":
    main()
