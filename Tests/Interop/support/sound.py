"""Making and judging sound: tones, G.711, alignment."""

import numpy as np

RATE = 8000


def tone(frequency, seconds, rate=RATE, level=0.25):
    time = np.arange(int(seconds * rate)) / rate
    return (level * 32767 * np.sin(2 * np.pi * frequency * time)).astype(np.int16)


def strength(samples, frequency, rate=RATE):
    """Share of the signal's power at a frequency, 0 to 1."""
    signal = np.asarray(samples, dtype=float)
    power = float(np.sum(signal ** 2))
    if power == 0:
        return 0.0
    phase = np.exp(-2j * np.pi * frequency * np.arange(len(signal)) / rate)
    return float(2 * abs(np.sum(signal * phase)) ** 2 / (len(signal) * power))


def level(samples):
    """Root mean square in dBFS."""
    signal = np.asarray(samples, dtype=float)
    return -120.0 if len(signal) == 0 else float(20 * np.log10(max(np.sqrt(np.mean(signal ** 2)) / 32768, 1e-6)))


def power_at(samples, frequency, rate=RATE):
    """Level of one frequency in dBFS: mean over windows of 200 ms, so that a tone bent by a few cents counts whole."""
    signal = np.asarray(samples, dtype=float)
    size = rate // 5
    if len(signal) < size:
        return -120.0
    window = np.hanning(size)
    tone = window * np.exp(-2j * np.pi * frequency * np.arange(size) / rate)
    powers = [
        (2 * abs(np.sum(signal[start: start + size] * tone)) / np.sum(window)) ** 2
        for start in range(0, len(signal) - size + 1, size // 2)]
    return float(10 * np.log10(max(np.mean(powers), 1e-3) / 32768 ** 2))


def best_correlation(reference, recording):
    """Highest normalised correlation of a reference with any stretch of a recording, and where it is."""
    a = np.asarray(reference, dtype=float)
    b = np.asarray(recording, dtype=float)
    if len(b) < len(a):
        b = np.pad(b, (0, len(a) - len(b)))
    size = 1 << (len(a) + len(b)).bit_length()
    cross = np.fft.irfft(np.fft.rfft(b, size) * np.conj(np.fft.rfft(a, size)), size)[: len(b) - len(a) + 1]
    energy = np.concatenate(([0.0], np.cumsum(b ** 2)))
    window = energy[len(a):] - energy[: len(energy) - len(a)]
    score = cross / np.sqrt(np.maximum(window, 1.0) * max(float(np.sum(a ** 2)), 1.0))
    best = int(np.argmax(score))
    return float(score[best]), best


def aligned_correlation(reference, recording, rate=RATE, segment=0.2, search=0.03):
    """Correlation of a sentence after alignment, segment by segment: an adaptive delay may move while it is spoken.

    Each segment is looked for close to where the one before it was; the mean is weighted by energy.
    """
    _, place = best_correlation(reference, recording)
    size, reach = int(segment * rate), int(search * rate)
    total = weight = 0.0
    for start in range(0, len(reference) - size + 1, size):
        part = np.asarray(reference[start: start + size], dtype=float)
        energy = float(np.sum(part ** 2))
        low = max(0, place + start - reach)
        score, found = best_correlation(part, recording[low: place + start + size + reach])
        if score > 0.8:
            place = low + found - start
        total += score * energy
        weight += energy
    return total / max(weight, 1.0)


def _mu_law_tables():
    codes = np.arange(256)
    inverted = ~codes & 0xFF
    sign = inverted & 0x80
    exponent = (inverted >> 4) & 7
    mantissa = inverted & 15
    magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84
    return np.where(sign != 0, -magnitude, magnitude).astype(np.int16)


MU_LAW = _mu_law_tables()
_ORDER = np.argsort(MU_LAW, kind="stable")
_SORTED = MU_LAW[_ORDER].astype(int)


def decode_mu_law(payload):
    return MU_LAW[np.frombuffer(payload, dtype=np.uint8)]


def encode_mu_law(samples):
    values = np.asarray(samples, dtype=int)
    index = np.clip(np.searchsorted(_SORTED, values), 1, 255)
    left = np.abs(values - _SORTED[index - 1]) <= np.abs(values - _SORTED[index])
    return _ORDER[np.where(left, index - 1, index)].astype(np.uint8).tobytes()
