#!/usr/bin/env python3
"""Measures a release build against the figures the project promises; writes JSON and prints a table.

Every figure is taken in one run, with the machine's load beside it. Loopback only; everything started is ended.
usage: bench.py [--only NAME …] [--out FILE] [--seconds N] [--turns N]
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from rig import (  # noqa: E402
    CORES, ROOT, AtLeast, bench_daemon, box_in, compiled, cpu_seconds, histogram, metrics, percentile, resident_kb, run_sipp, share_of)
from support.backend import Backend  # noqa: E402
from support.bot import Bot  # noqa: E402
from support.box import NUMBER, free_port  # noqa: E402
from support.phone import Phone  # noqa: E402
from support.sound import decode_mu_law, tone  # noqa: E402
import media  # noqa: E402
import speed  # noqa: E402


# Each bench returns {figure: (value, limit, unit)}; limit None = reported only, AtLeast = must be reached.

def start_and_idle(folder, seconds):
    starts = []
    for index in range(3):
        box = box_in(folder, f"start{index}")
        began = time.monotonic()
        box.start()
        starts.append(time.monotonic() - began)
        if index < 2:
            box.stop()
    time.sleep(3)
    before, clock = cpu_seconds(box.process.pid), time.monotonic()
    time.sleep(10)
    share = (cpu_seconds(box.process.pid) - before) / (time.monotonic() - clock) * 100
    memory = resident_kb(box.process.pid) / 1024
    box.stop()
    return {
        "start to ready": (statistics.median(starts), 0.5, "s"), "idle CPU": (share, 0.5, "% of a core"),
        "idle resident": (memory, 60, "MB")}


def answer_time(folder, seconds):
    """answer_url response on the wire to 200 OK at the caller: our own time, the loopback included."""
    backend = Backend([{"action": "wait", "timeout": 1}])
    box = box_in(folder, "answer", backend).start()
    replied, delays = {}, []

    def script(request):
        replied[request.fields["uuid"]] = time.monotonic()
        return [{"action": "wait", "timeout": 0.2}]

    backend.script = script
    for _ in range(200):
        phone = Phone()
        phone.call(NUMBER, box.sip_port)
        assert phone.answered.wait(10)
        delays.append((time.monotonic() - max(replied.values())) * 1000)
        phone.hang_up()
        phone.close()
    own = metrics(box.http_port)
    count = own.get("switchhook_script_reply_to_answer_seconds_count", 0)
    mean = own.get("switchhook_script_reply_to_answer_seconds_sum", 0) / max(count, 1) * 1000
    box.stop()
    backend.close()
    return {
        "answer_url reply to 200, p50": (percentile(delays, 0.5), None, "ms"),
        "answer_url reply to 200, p99": (percentile(delays, 0.99), 5, "ms"),
        "of it inside the daemon, mean": (mean, None, "ms")}


def webhook_latency(folder, seconds):
    """Commit to request at five calls a second: a Conversation's requests go one by one, so load adds its queue."""
    figures = webhook_load(folder, 15, 5)
    return {
        "commit to webhook on the wire, p50 below": (figures["p50"], 2, "ms"),
        "commit to webhook on the wire, p99 below": (figures["p99"], 10, "ms")}


def webhook_rate(folder, seconds):
    """40 calls a second with both webhooks to a local receiver; what is left 5 s after the end."""
    figures = webhook_load(folder, seconds, 40)
    return {
        "40 calls/s with both webhooks, failed": (figures["failed"], 0, "%"),
        "webhooks received": (figures["count"], None, ""),
        "backlog 5 s after the end": (figures["left"], 0, "rows"),
        "commit to webhook under this load, p99 below": (figures["p99"], None, "ms")}


def webhook_load(folder, seconds, rate):
    receiver = subprocess.Popen([compiled("receiver", folder)], stdout=subprocess.PIPE, text=True)
    port = int(receiver.stdout.readline())

    class Remote:
        url = f"http://127.0.0.1:{port}"

    callee = free_port(socket.SOCK_DGRAM)
    uas = subprocess.Popen(
        ["sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", str(callee), "-nostdin"], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    script = Path(folder) / "connect.json"
    script.write_text(json.dumps([{"action": "connect", "endpoint": [{"type": "sip", "uri": f"sip:b@127.0.0.1:{callee}"}]}]))
    box = box_in(folder, "webhooks", Remote, numbers={NUMBER: {"application": "test", "answer_ncco": str(script)}}).start()
    length = seconds
    done = run_sipp(["-sn", "uac", "-s", NUMBER, "-i", "127.0.0.1", "-r", rate, "-m", rate * length, "-d", 1000,
                     f"127.0.0.1:{box.sip_port}"])
    time.sleep(5)
    dispatch = histogram(metrics(box.http_port), "switchhook_webhook_dispatch_seconds")
    left = sum(v for k, v in metrics(box.http_port).items() if k.startswith("switchhook_webhook_positions_behind"))
    box.stop()
    uas.send_signal(signal.SIGKILL)
    receiver.send_signal(signal.SIGTERM)
    result = json.loads(receiver.communicate(timeout=10)[0].splitlines()[-1])
    return {
        "failed": 0 if done.returncode == 0 else 100, "count": result["count"], "left": left,
        "p50": share_of(dispatch, 0.5) * 1000, "p99": share_of(dispatch, 0.99) * 1000}


def two_leg_calls(folder, port, rate, count):
    """sipp calls sipp through the daemon, both on the other core; (failed, total, set-up times in ms)."""
    uas = subprocess.Popen(
        ["taskset", "-c", str(CORES[0]), "sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", "6070", "-nostdin"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    statistics_file = Path(folder) / "calls.csv"
    run_sipp(
        ["-sf", Path(__file__).with_name("uac.xml"), "-s", "5000000", "-i", "127.0.0.1", "-r", rate, "-m", count, "-d", 250,
         "-trace_stat", "-stf", statistics_file, "-fd", 1, "-trace_rtt", "-rtt_freq", 1, "-timeout", count // rate + 60,
         f"127.0.0.1:{port}"], core=CORES[0], timeout=count // rate + 90, folder=folder)
    uas.send_signal(signal.SIGKILL)
    lines = statistics_file.read_text().splitlines()
    last = dict(zip(lines[0].split(";"), lines[-1].split(";")))
    times = [float(line.split(";")[1]) for file in Path(folder).glob("uac_*_rtt.csv") for line in file.read_text().splitlines()[1:]]
    return int(last["FailedCall(C)"]), int(last["TotalCallCreated"]), times


def call_rate(folder, seconds):
    """250 two-leg calls a second for 45 s, the daemon on one core, sipp on the other (Config/bench.yaml)."""
    daemon, port = bench_daemon(folder, "rate")
    before, rate = cpu_seconds(daemon.pid), 250
    failed, total, times = two_leg_calls(folder, port, rate, rate * seconds)
    used = cpu_seconds(daemon.pid) - before
    after = resident_kb(daemon.pid)
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(30)
    return {
        f"{rate} calls/s for {seconds} s, failed": (100 * failed / max(total, 1), 0.1, "%"),
        "set-up p50": (percentile(times, 0.5), None, "ms"),
        "set-up p99": (percentile(times, 0.99), 20, "ms"),
        "CPU a call": (used / max(total, 1) * 1000, None, "ms"),
        "resident at the end": (after / 1024, None, "MB")}


def memory(folder, seconds):
    """What 5 000 calls leave behind: resident memory above idle, a minute after the last."""
    daemon, port = bench_daemon(folder, "memory")
    idle = resident_kb(daemon.pid)
    failed, total, _ = two_leg_calls(folder, port, 125, 5000)
    time.sleep(60)
    settled = resident_kb(daemon.pid)
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(30)
    return {
        "5 000 calls, failed": (100 * failed / max(total, 1), 0.1, "%"),
        "resident over idle 60 s after 5 000 calls": ((settled - idle) / 1024, 20, "MB")}


def rooms(folder, seconds):
    """100 PCMU calls in rooms of two: late ticks beside a bare FIFO timer in the same run."""
    timer = compiled("fifotimer", folder)
    script = Path(folder) / "room.json"
    script.write_text(json.dumps([{"action": "conversation", "name": "room-{{from}}"}]))
    box = box_in(folder, "rooms", numbers={NUMBER: {"application": "test", "answer_ncco": str(script)}}).start()
    idle = resident_kb(box.process.pid)
    # The far ends are a second daemon that speaks without end: real packets both ways on every call.
    far = box_in(folder, "far").start()
    token = far.token()
    calls = []
    for index in range(100):
        status, call = far.http("POST", "/v1/calls", token, {
            "to": [{"type": "sip", "uri": f"sip:{NUMBER}@127.0.0.1:{box.sip_port};codec=pcmu"}],
            "from": {"type": "phone", "number": f"44163296{index // 2:04}"},
            "event_url": ["http://127.0.0.1:9/none"],
            "ncco": [{"action": "talk", "text": "one two three four five six seven eight nine ten", "loop": 0}]})
        assert status == 201, call
        calls.append(call["uuid"])
    time.sleep(4)
    up = metrics(box.http_port).get('switchhook_legs{state="answered"}', 0)
    before = metrics(box.http_port)
    reference = json.loads(subprocess.run([timer, "20", "5", str(max(seconds, 60))], capture_output=True, text=True).stdout)
    after = metrics(box.http_port)
    loaded = resident_kb(box.process.pid)
    late = after.get("switchhook_media_ticks_late_total", float("nan")) - before.get("switchhook_media_ticks_late_total", 0)
    far.stop()
    box.stop()
    return {
        "calls up": (up, None, ""), "ticks later than 5 ms": (late, reference["late"], "ticks"),
        "bare FIFO timer later than 5 ms": (reference["late"], None, "wake-ups"),
        "bare FIFO timer, worst": (reference["worst_ms"], None, "ms"),
        "resident a call": ((loaded - idle) / max(up, 1), 250, "kB")}


class FirstLoud:
    """Stands before a phone's socket and notes when the first loud packet leaves."""

    def __init__(self, inner):
        self.inner, self.at = inner, None

    def sendto(self, data, target):
        self.inner.sendto(data, target)
        if self.at is None and abs(decode_mu_law(data[12:]).astype(int)).max() > 2000:
            self.at = time.monotonic()

    def __getattr__(self, name):
        return getattr(self.inner, name)


def websocket_delay(folder, seconds):
    """A phone's packet to the bot's message that holds its sound, and a bot's message to the phone's packet."""
    import numpy as np

    backend, bot = Backend(), Bot()
    endpoint = {"type": "websocket", "uri": bot.uri, "content-type": "audio/l16;rate=8000"}
    backend.script = [{"action": "connect", "endpoint": [endpoint]}]
    box = box_in(folder, "websocket", backend).start()
    phone = Phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    talk = bot.wait()
    talk.listen(1)
    to_bot, to_phone = [], []
    loud = lambda samples: len(samples) and abs(samples.astype(int)).max() > 2000  # noqa: E731
    for turn in range(50):
        time.sleep(0.15 + 0.0137 * turn % 0.02)
        heard = len(talk.audio)
        stamp = phone.rtp = FirstLoud(phone.rtp.inner if isinstance(phone.rtp, FirstLoud) else phone.rtp)
        phone.say(tone(500, 0.1))
        talk.listen(0.3)
        arrivals = [at for data, at in talk.audio[heard:] if loud(np.frombuffer(data, dtype="<i2"))]
        to_bot.append((arrivals[0] - stamp.at) * 1000)
        time.sleep(0.0137 * turn % 0.02)
        heard, sent = len(phone.packets), time.monotonic()
        talk.say(tone(500, 0.1, 8000), 8000, pace=False)
        phone.listen(0.3)
        arrivals = [p[4] for p in phone.packets[heard:] if p[2] == 0 and loud(decode_mu_law(p[3]))]
        to_phone.append((arrivals[0] - sent) * 1000)
    phone.close()
    box.stop()
    bot.close()
    backend.close()
    return {
        "phone's packet to websocket, p50": (percentile(to_bot, 0.5), None, "ms"),
        "phone's packet to websocket, p95": (percentile(to_bot, 0.95), 40, "ms"),
        "websocket to phone's packet, p50": (percentile(to_phone, 0.5), None, "ms"),
        "websocket to phone's packet, p95": (percentile(to_phone, 0.95), 40, "ms")}


BENCHES = {
    "start": start_and_idle, "answer": answer_time, "latency": webhook_latency, "webhooks": webhook_rate, "rooms": rooms, "rate": call_rate,
    "memory": memory, "websocket": websocket_delay, **media.BENCHES, **speed.BENCHES}


def is_met(value, limit):
    """None where there is no limit."""
    if limit is None:
        return None
    return bool(value >= limit if isinstance(limit, AtLeast) else value <= limit)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=BENCHES, default=list(BENCHES))
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "bench.json")
    parser.add_argument("--seconds", type=int, default=45, help="length of the runs at a rate")
    parser.add_argument("--turns", type=int, default=60, help="mutes, and keys that interrupt a prompt")
    options = parser.parse_args()
    results, missed = {}, 0
    print(f"{'figure':46} {'seen':>12} {'limit':>10}  unit   (load {os.getloadavg()[0]:.2f})")
    for name in options.only:
        folder = tempfile.mkdtemp(prefix="bench")
        load = os.getloadavg()[0]
        figures = BENCHES[name](folder, options if name in speed.BENCHES else options.seconds)
        shutil.rmtree(folder, ignore_errors=True)
        results[name] = {"load": load, "figures": {k: {
            "seen": v[0], "limit": v[1], "unit": v[2], "at_least": isinstance(v[1], AtLeast), "met": is_met(v[0], v[1])}
            for k, v in figures.items()}}
        for figure, (value, limit, unit) in figures.items():
            is_missed = is_met(value, limit) is False
            missed += is_missed
            bound = "" if limit is None else f"≥ {limit:.0f}" if isinstance(limit, AtLeast) else limit
            print(f"{figure:46} {value:12.2f} {bound:>10}  {unit}{'  <- missed' if is_missed else ''}", flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=1))
    print(f"written to {options.out}; {missed} miss their limit")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
