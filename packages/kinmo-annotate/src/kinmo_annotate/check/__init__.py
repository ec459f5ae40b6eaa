"""Check text against measured motion: whether "raises the right arm" agrees with the joints, and on which side.

    from kinmo_annotate.check import Answer, judge, statements_of
    from kinmo_core.io import load_motion

    verdicts = judge("a person raises the right arm", load_motion("wave.bvh"))
    wrong = [verdict for verdict in verdicts if verdict.answer is Answer.CONTRADICTED]
    wrong[0].evidence                    # "right wrist rises 0.02 m; left wrist rises 0.61 m"
    statements_of("the head nods twice")  # its readings, without a motion

A text is a sentence about the whole body, a `Description`, or a `Timeline`, whose statements are judged within their own
spans. `Report` counts verdicts; `run` is the command `kinmo-annotate check`.

`reader` splits a text into clauses, `rules` and `relations` turn these into `claims`, `statements` joins those that hold at
once. `measure` turns joints into numbers. Each claim has a predicate (in `limbs`, `hands`, `places`, `manner`, `body`,
`floor`) with two limits: below the one it is contradicted, from the other on it is clearly right. Between them it counts as
supported, since viewers would disagree. `scores` and `verdicts` bring text and motion together.

The check is an independent judge of everything in KinMo that writes text. It shares with the other code only
- joint names and their mirror image (`kinmo_core.skeleton`) and the values that it is given: `Motion`, and the texts of
  `kinmo_core.text`, where `Statement.sentence` rounds an amount into words; the frame rate 20 (`kinmo_core.features.FPS`);
- for `run`, the reader of a data folder (`kinmo_core.data.humanml3d`) and of features (`kinmo_core.features.decode`), and
  the progress bar (`kinmo_core.progress`).
It imports nothing else of kinmo_annotate. So it has its own measures of joints, thresholds and axes of the body, and its own
vocabulary, and does not repeat an error of the writers. Both were tuned on the train and val clips of the CMU pack, and the
writer was corrected where the check found it wrong on these, so the two are independent in code, not in data.
"""

from kinmo_annotate.check.report import Report, run
from kinmo_annotate.check.statements import Reading, statements_of
from kinmo_annotate.check.verdicts import Answer, Verdict, judge

__all__ = ["Answer", "Reading", "Report", "Verdict", "judge", "run", "statements_of"]
