"""What was measured, and the table of it."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table. `met` is None where no goal is set for it, or where this run cannot tell."""

    part: str
    what: str
    ours: str
    baseline: str = ""
    ratio: str = ""
    goal: str = ""
    met: bool | None = None

    def row(self) -> list[str]:
        verdict = {True: "met", False: "NOT MET", None: ""}[self.met]
        return [self.part, self.what, self.ours, self.baseline, self.ratio, self.goal, verdict]


HEAD = ["part", "what", "Claimdesk", "baseline", "ratio", "goal", "verdict"]


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table, which is readable as it is."""
    rows = [HEAD, *(one.row() for one in figures)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in padded]
    lines.insert(1, f"|{'|'.join('-' * (width + 2) for width in widths)}|")
    return "\n".join(lines)


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def p50_p95(seconds: Sequence[float]) -> str:
    """`p50 / p95` in ms."""
    return f"{ms(percentile(seconds, 0.5))} / {ms(percentile(seconds, 0.95))} ms"


def ms(seconds: float) -> str:
    value = seconds * 1000
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}"


def spread(values: Sequence[float]) -> str:
    """How far repeats of one measurement lie apart, of their median."""
    middle = statistics.median(values)
    return f"±{(max(values) - min(values)) / 2 / middle:.0%}" if middle and len(values) > 1 else ""
