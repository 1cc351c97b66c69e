"""Fixtures of the interop tests: a backend, a daemon, phones; everything started is ended."""

import pytest

from support.backend import Backend
from support.box import BINARY, Box
from support.phone import Phone


def pytest_sessionstart(session):
    if not BINARY.exists():
        raise pytest.UsageError(f"{BINARY} is missing: `make test` builds it")


@pytest.fixture
def backend():
    backend = Backend()
    yield backend
    backend.close()


@pytest.fixture
def make_box(tmp_path, backend):
    boxes = []

    def make(start=True, backend=backend, env=None, authority=None, **sections):
        box = Box(tmp_path / f"box{len(boxes)}", backend, env=env, authority=authority, **sections)
        boxes.append(box)
        return box.start() if start else box

    yield make
    for box in boxes:
        box.stop()
        assert "Fatal error" not in box.log()


@pytest.fixture
def box(make_box):
    return make_box()


@pytest.fixture
def make_phone():
    phones = []

    def make(name="441632960001"):
        phones.append(Phone(name))
        return phones[-1]

    yield make
    for phone in phones:
        phone.close()
