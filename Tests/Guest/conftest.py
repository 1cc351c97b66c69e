"""Fixtures of the checks in the guest: those of the interop tests, cables, and a table of figures at the end."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INTEROP = ROOT / "Tests" / "Interop"
sys.path[:0] = [str(INTEROP), str(Path(__file__).parent)]

_found = importlib.util.spec_from_file_location("interop_fixtures", INTEROP / "conftest.py")
_fixtures = importlib.util.module_from_spec(_found)
_found.loader.exec_module(_fixtures)
backend, make_box, make_phone = _fixtures.backend, _fixtures.make_box, _fixtures.make_phone

from cable import Kiosk  # noqa: E402
from support.box import BINARY  # noqa: E402

_figures = []


def pytest_sessionstart(session):
    if "GUEST" not in os.environ:
        raise pytest.UsageError("these checks load kernel modules and rearrange the network: `make guest`")
    if not BINARY.exists():
        raise pytest.UsageError(f"{BINARY} is missing: `make guest` builds it")
    subprocess.run(["modprobe", "snd-aloop", "pcm_substreams=8"], check=True)
    # Whoever reads from the machine stands still while guest time runs ahead: the box shall find all of itself in memory.
    linked = subprocess.run(["ldd", BINARY], check=True, capture_output=True, text=True).stdout
    for path in [str(BINARY), *re.findall(r"/\S+", linked)]:
        with open(path, "rb") as file:
            while file.read(1 << 20):
                pass


def pytest_runtest_logreport(report):
    """Minutes pass until all is over: what failed is shown at once."""
    if report.failed:
        print(report.longreprtext, flush=True)


def pytest_terminal_summary(terminalreporter):
    if _figures:
        terminalreporter.section("figures")
    for name, value, limit in _figures:
        terminalreporter.write_line(f"{name:<72} {value:>12}   {limit}")
    kept = ROOT / ".build-guest" / "figures.json"
    kept.write_text(json.dumps([dict(zip(("name", "value", "limit"), row)) for row in _figures], indent=1) + "\n")


@pytest.fixture
def figure():
    """Notes what was seen beside its limit: `figure(name, value, limit)`."""

    def note(name, value, limit):
        print(f"{name}: {value} ({limit})", flush=True)
        _figures.append((name, str(value), str(limit)))

    return note


@pytest.fixture
def make_kiosk():
    kiosks = []

    def make():
        kiosks.append(Kiosk(len(kiosks)))
        return kiosks[-1]

    yield make
    for kiosk in kiosks:
        kiosk.close()
