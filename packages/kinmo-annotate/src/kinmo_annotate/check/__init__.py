"""Holds text against measured motion: does "raises the right arm" agree with the joints, is left left?

An independent judge of whoever writes: it shares neither geometry nor words with the posecodes and writers of this package.
Text is read into claims (`reader`, `rules`, `relations`), joints into numbers (`measure`), and each claim has a predicate
with two limits (`limbs`, `places`, `body`): where it begins to be clearly wrong, and where clearly right. Nothing between
the two is held against a writer.
"""

from kinmo_annotate.check.report import Report, run
from kinmo_annotate.check.verdicts import Answer, Verdict, check

__all__ = ["Answer", "Report", "Verdict", "check", "run"]
