"""What the benches share: the daemon on one core, C programs, metrics, CPU and memory of a process."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Interop"))

from support.box import BINARY, Box, free_port, free_sip_port  # noqa: E402

CORES = sorted(os.sched_getaffinity(0))


class AtLeast(float):
    """A limit that must be reached; any other must not be passed."""


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def metrics(http_port):
    text = urllib.request.urlopen(f"http://127.0.0.1:{http_port}/metrics", timeout=5).read().decode()
    values = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            values[name] = float(value)
    return values


def histogram(values, name):
    """Cumulative buckets of a histogram over all its labels: upper bound to count."""
    buckets = {}
    for key, value in values.items():
        if key.startswith(name + "_bucket"):
            bound = float(re.search(r'le="([^"]+)"', key)[1].replace("+Inf", "inf"))
            buckets[bound] = buckets.get(bound, 0) + value
    return buckets


def share_of(buckets, share):
    """Upper bound of the bucket in which a share of the values lies, in the histogram's unit."""
    total = max(buckets.values(), default=0)
    return next((bound for bound in sorted(buckets) if buckets[bound] >= share * total), float("nan"))


def resident_kb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def box_in(folder, name, backend=None, **sections):
    return Box(Path(folder) / name, backend, drain_timeout="1s", **sections)


def run_sipp(arguments, core=None, timeout=120, folder=None):
    command = ["sipp", "-nostdin", *map(str, arguments)]
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, cwd=folder)


def compiled(name, folder, *libraries):
    """One of the C programs beside this file: NAME.c and, where it has them, its parts NAME-….c."""
    program, here = Path(folder) / name, Path(__file__).parent
    if not program.exists():
        sources = [here / f"{name}.c", *sorted(here.glob(f"{name}-*.c"))]
        subprocess.run(
            ["gcc", "-O2", "-Wall", "-D_GNU_SOURCE", "-o", program, *sources, *(f"-l{library}" for library in libraries)], check=True)
    return program


def bench_daemon(folder, name):
    """The daemon with Config/bench.yaml on one core."""
    port, http = free_sip_port(), free_port()
    daemon = subprocess.Popen(
        ["taskset", "-c", str(CORES[-1]), BINARY, "serve", "--config", ROOT / "Config" / "bench.yaml",
         "--set", f"store.path={Path(folder) / name}", "--set", f"sip.listen=127.0.0.1:{port}",
         "--set", f"http.listen=127.0.0.1:{http}"],
        stdout=subprocess.DEVNULL, stderr=open(Path(folder) / f"{name}.log", "wb"), start_new_session=True)
    favour(daemon.pid)
    wait_http(http)
    daemon.http = http
    return daemon, port


def favour(pid):
    """A session of its own with the highest share: other work on the machine disturbs less. Root only."""
    try:
        Path(f"/proc/{pid}/autogroup").write_text("-20")
    except OSError:
        pass


def stop(daemon):
    daemon.send_signal(signal.SIGTERM)
    try:
        daemon.wait(30)
    except subprocess.TimeoutExpired:
        print("the daemon did not end within 30 s of SIGTERM", file=sys.stderr)
        daemon.kill()
        daemon.wait(10)


def wait_http(port, timeout=20):
    deadline = time.monotonic() + timeout
    while True:
        try:
            if urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).status == 200:
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)
