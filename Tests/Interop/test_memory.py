"""What calls take of memory, measured as `make bench` does and against the limits of its rows."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "Benchmarks"))

import media  # noqa: E402


# Twice the relayed calls of the bench: what the first call costs is more in a debug build, and is shared by all.
@pytest.mark.parametrize("mode, calls", [("relay", 200), ("transcode", 50), ("room", 50)])
def test_a_call_takes_no_more_memory_than_the_bench_allows(tmp_path, mode, calls):
    with media.Daemon(tmp_path) as daemon:
        result = daemon.load(mode, calls, seconds=2)
    assert (result["up"], result["stayed"], result["silent"]) == (calls, calls, 0)
    assert result["kb_per_call"] <= media.MEMORY[mode]
