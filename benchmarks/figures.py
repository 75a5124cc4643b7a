"""Figures: what was measured, with its spread and, where there is one, its target."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles
from typing import Literal

import msgspec

from benchmarks.child import Rounds


class Target(msgspec.Struct, frozen=True):
    """What a figure must reach.

    Attributes:
        bound: Whether it is the least or the most that passes.
        value: The bound.
    """

    bound: Literal["at least", "at most"]
    value: float

    def met(self, value: float) -> bool:
        """Tell whether a value reaches it."""
        return value >= self.value if self.bound == "at least" else value <= self.value


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One measured figure.

    Attributes:
        part: The part of the benchmarks that measured it.
        what: What it tells.
        unit: Its unit; a ratio has a multiplication sign.
        median: The median of the samples.
        quartiles: The first and third quartile.
        samples: How many there are.
        target: What it must reach; ``None`` where it only informs.
        met: Whether it does.
    """

    part: str
    what: str
    unit: str
    median: float
    quartiles: tuple[float, float]
    samples: int
    target: Target | None = None
    met: bool | None = None


def figure(part: str, what: str, unit: str, samples: Sequence[float], target: Target | None = None) -> Figure:
    """Sum up samples."""
    middle = median(samples)
    first, _, third = quantiles(samples, n=4, method="inclusive") if len(samples) > 1 else (middle,) * 3
    return Figure(
        part=part,
        what=what,
        unit=unit,
        median=middle,
        quartiles=(first, third),
        samples=len(samples),
        target=target,
        met=None if target is None else target.met(middle),
    )


def ratios(rounds: Rounds, numerator: str, denominator: str) -> list[float]:
    """Return one ratio a round: what was measured side by side is compared, and nothing else."""
    return [measured[numerator] / measured[denominator] for measured in rounds]


def at_least(value: float) -> Target:
    """Return the target of a figure that shall be large."""
    return Target("at least", value)


def at_most(value: float) -> Target:
    """Return the target of a figure that shall be small."""
    return Target("at most", value)
