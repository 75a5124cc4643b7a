"""Figures: medians with their spread and, for some, a target."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles
from typing import Literal

import msgspec

from benchmarks.measurements import Rounds


class Target(msgspec.Struct, frozen=True):
    """The target of a figure.

    Attributes:
        bound: Whether the value is the lower or the upper limit.
        value: The limit.
    """

    bound: Literal["at least", "at most"]
    value: float

    def met(self, value: float) -> bool:
        """Return whether a value meets the target."""
        return value >= self.value if self.bound == "at least" else value <= self.value


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One measured figure.

    Attributes:
        part: The part of the benchmarks that took it.
        name: The name of the figure.
        unit: Its unit; a multiplication sign for ratios.
        median: The median of the samples.
        quartiles: The first and third quartile.
        samples: The number of samples.
        target: The target; ``None`` where the figure only informs.
        met: Whether the median meets the target.
    """

    part: str
    name: str
    unit: str
    median: float
    quartiles: tuple[float, float]
    samples: int
    target: Target | None = None
    met: bool | None = None


def figure(part: str, name: str, unit: str, samples: Sequence[float], target: Target | None = None) -> Figure:
    """Summarize samples."""
    middle = median(samples)
    first, _, third = quantiles(samples, n=4, method="inclusive") if len(samples) > 1 else (middle,) * 3
    return Figure(
        part=part,
        name=name,
        unit=unit,
        median=middle,
        quartiles=(first, third),
        samples=len(samples),
        target=target,
        met=None if target is None else target.met(middle),
    )


def ratios(rounds: Rounds, numerator: str, denominator: str) -> list[float]:
    """Return one ratio a round, so that only values measured side by side are compared."""
    return [measured[numerator] / measured[denominator] for measured in rounds]


def at_least(value: float) -> Target:
    """Return the target of a figure that should be large."""
    return Target("at least", value)


def at_most(value: float) -> Target:
    """Return the target of a figure that should be small."""
    return Target("at most", value)
