"""Does a motion do what its text says? Plain sentences, each with a geometric rule on the joints, and the share followed.

The rules are independent of kinmo-annotate, whose statements generators are trained on.
"""

from __future__ import annotations

from kinmo_gen.follow.rate import Judged, Rate, follow_rate, judge
from kinmo_gen.follow.sentences import HALVES, Sentence, half_of, sentences

__all__ = ["HALVES", "Judged", "Rate", "Sentence", "follow_rate", "half_of", "judge", "sentences"]
