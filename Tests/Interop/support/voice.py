"""Synthetic callers: espeak-ng as a telephone carries it."""

import subprocess

import numpy as np

from support.sound import RATE


def speech(text, voice="en-us", pad=0.3):
    """What a caller says, 8 kHz, with silence around it."""
    wave = subprocess.run(["espeak-ng", "-v", voice, "-s", "150", "--stdout", text], check=True, capture_output=True).stdout
    raw = subprocess.run(
        ["sox", "-t", "wav", "--ignore-length", "-", "-r", str(RATE), "-c", "1", "-b", "16", "-e", "signed", "-t", "raw", "-",
         "gain", "-6"], input=wave, check=True, capture_output=True).stdout
    quiet = np.zeros(int(pad * RATE), dtype=np.int16)
    return np.concatenate([quiet, np.frombuffer(raw, dtype="<i2"), quiet])
