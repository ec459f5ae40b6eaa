"""What the tests of the reasoner share: an offline reasoner that knows hardly any motion, so that its table is tested."""

from __future__ import annotations

from kinmo_core.testing import WordEncoder
from kinmo_core.text import Statement, Timeline
from kinmo_reasoner.build import WORDS
from kinmo_reasoner.known import Known
from kinmo_reasoner.nearest import SHIPPED, NearestReasoner
from kinmo_reasoner.offline import OfflineReasoner

TEXT_DIM = 16
SILENT = (Known("000000", "nothing", Timeline((), 4.0)),)


def offline(*known: Known) -> OfflineReasoner:
    """An offline reasoner with vectors of words in place of MiniLM, and the shipped list of English words."""
    nearest = NearestReasoner(known or SILENT, WordEncoder(TEXT_DIM))
    return OfflineReasoner(nearest, (SHIPPED / WORDS).read_text(encoding="utf-8").split())


def plan(sentence: str, seconds: float | None = None, *known: Known) -> Timeline:
    """The first plan of a sentence."""
    return offline(*known).plan([sentence], seconds)[0][0]


def texts(timeline: Timeline, who: str) -> list[str]:
    """What is said of a limb, amounts in words."""
    return [statement.sentence for statement in timeline.of(who)]


def span(statement: Statement) -> tuple[float, float]:
    """Start and end, rounded."""
    return round(float(statement.start), 2), round(float(statement.end), 2)
