"""Fetching recordings and reading them with tools that are not ours."""

import io
import subprocess
import tempfile
import urllib.error
import urllib.request
import wave

import numpy as np


def fetch(url, token, **headers):
    """Status, headers and body of a GET."""
    request = urllib.request.Request(url, headers={k.replace("_", "-"): v for k, v in headers.items()})
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def decode(body, format):
    """Sample rate and channels of a sound file, as sox reads it."""
    with tempfile.NamedTemporaryFile(suffix="." + format) as file:
        file.write(body)
        file.flush()

        def run(*arguments):
            return subprocess.run(arguments, capture_output=True, timeout=30, check=True).stdout

        rate, count = (int(run("soxi", option, file.name)) for option in ("-r", "-c"))
        raw = run("sox", file.name, "-t", "raw", "-b", "16", "-e", "signed-integer", "-")
    samples = np.frombuffer(raw, dtype=np.int16)
    return rate, [samples[channel::count] for channel in range(count)]


def wav(samples, rate=8000):
    """A WAV file of one channel."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.asarray(samples, dtype=np.int16).tobytes())
    return file.getvalue()
