"""The colours of the bands are told apart by the colour-blind, and readable on light and dark."""

import csv
from itertools import combinations

import pytest

from tests.conftest import ROOT

with (ROOT / "seeds" / "readiness_bands.csv").open(encoding="utf-8") as file:
    COLOURS = {row["readiness_band"]: row["colour"] for row in csv.DictReader(file)}

WHITE, DARK = "#ffffff", "#1b1b1b"
READABLE = 3.0  # WCAG 2.2, 1.4.11: parts of a graphic
APART = 25.0  # CIE76; 2.3 is just noticeable

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
SIGHTS = {
    "full": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
# sRGB to XYZ, white point D65.
_TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
_WHITE_POINT = (0.95047, 1.0, 1.08883)

Triple = tuple[float, ...]


def _times(matrix: tuple[Triple, ...], vector: Triple) -> Triple:
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)


def _linear(colour: str) -> Triple:
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    return tuple(s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)


def _luminance(colour: str) -> float:
    return _times(_TO_XYZ, _linear(colour))[1]


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _lab(colour: str, sight: str) -> Triple:
    seen = tuple(min(1.0, max(0.0, share)) for share in _times(SIGHTS[sight], _linear(colour)))
    x, y, z = (
        t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116
        for t in (v / w for v, w in zip(_times(_TO_XYZ, seen), _WHITE_POINT, strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def test_black_on_white_is_as_the_standard_says() -> None:
    assert _contrast("#000000", WHITE) == pytest.approx(21)
    assert _lab(WHITE, "full") == pytest.approx((100, 0, 0), abs=0.1)


@pytest.mark.parametrize("ground", [WHITE, DARK])
def test_each_colour_is_readable(ground: str) -> None:
    assert {band: c for band, c in COLOURS.items() if _contrast(c, ground) < READABLE} == {}


@pytest.mark.parametrize("sight", SIGHTS)
def test_any_two_colours_are_told_apart(sight: str) -> None:
    for one, other in combinations(COLOURS.values(), 2):
        distance = sum(
            (a - b) ** 2 for a, b in zip(_lab(one, sight), _lab(other, sight), strict=True)
        )
        assert distance**0.5 >= APART, (one, other)
