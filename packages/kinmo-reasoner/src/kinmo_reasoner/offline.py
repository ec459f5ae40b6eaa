"""The reasoner without a language model of its own: clauses, a table of actions, and the most similar known sentences.

Words win: a limb that the sentence speaks of does what it says, by the table, which also knows what usually goes along. The
other limbs do what they usually do in the motions of similar sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.files import read_bytes
from kinmo_core.text import Statement, TextEncoder, Timeline
from kinmo_core.text.statement import Real
from kinmo_reasoner.actions import Action, Actions
from kinmo_reasoner.build import WORDS
from kinmo_reasoner.clause import Clause
from kinmo_reasoner.clauses import read_clauses
from kinmo_reasoner.known import say
from kinmo_reasoner.layout import Act, Blocked, at_rest, blocked, fixed_limbs, lay_out, only_limbs, stages, without
from kinmo_reasoner.nearest import SHIPPED, NearestReasoner
from kinmo_reasoner.phrases import Told
from kinmo_reasoner.request import Request, requests
from kinmo_reasoner.words import Lexicon

_MEANT: Final = (
    0.5  # cosine of a clause and the sentence of an action, from which a clause without known words means it
)
_BRIEF: Final = 0.25  # s; what is looked up and gets shorter when stretched to the plan is left out
# Looked up of trunk or legs, these would be a second action of the whole body, which the words would name.
_WHOLE_BODY: Final = re.compile(
    r"^(takes|travels|turns|jumps|sits|stands up|kneels|goes down|stays on hands|crawls|lies|gets up|rolls|goes \w+ head|"
    r"flips|stands on|kicks|pushes off|sinks|rises|bobs)"
)
_SIMILAR: Final = 0.45  # cosine of a sentence and a known one, from which that motion tells of the other limbs


class OfflineReasoner:
    """Implements `kinmo_core.text.Reasoner`; "offline" in the entry-point group `kinmo.reasoners`.

    Args:
        nearest: what is known of training motions; its encoder gives the vectors of clauses, too.
        words: English words that are no misspellings of words for actions.
    """

    def __init__(self, nearest: NearestReasoner, words: Iterable[str] = ()) -> None:
        self.nearest = nearest
        self.actions = Actions.load()
        self.lexicon = Lexicon.load(self.actions.bases, words)
        self._meanings: Tensor | None = None

    @classmethod
    def load(cls, folder: Path | str | None = None, encoder: TextEncoder | None = None) -> OfflineReasoner:
        """Read what `kinmo-reasoner build` wrote.

        Args:
            folder: with the files; those of this package if None.
            encoder: the one whose vectors were written; MiniLM if None.

        Raises:
            InputError: a file is missing or damaged.
        """
        words = read_bytes(Path(folder or SHIPPED) / WORDS).decode("utf-8").split()
        return cls(NearestReasoner.load(folder, encoder), words)

    def plan(
        self, sentences: Sequence[str], seconds: Real | Sequence[Real] | None = None, draws: int = 1
    ) -> list[list[Timeline]]:
        """Plan sentences clause by clause; see `kinmo_core.text.Reasoner`. Draws differ in what the words leave open."""
        return [self._plan(request, draws) for request in requests(sentences, seconds, draws)]

    def said(self, sentences: Sequence[str], seconds: Real | Sequence[Real] | None = None) -> list[Timeline]:
        """Return only what the words say, without what goes along with it; empty where no action is named.

        Args:
            sentences: one timeline is returned for each.
            seconds: durations, as `plan` takes them.

        Raises:
            InputError: a sentence is empty, too long or not English, or a duration that no plan has.
        """
        found = []
        for request in requests(sentences, seconds, 1):
            acts, _ = self._read(request)
            told, total = lay_out(stages(acts, self.actions), request.seconds)
            found.append(Timeline(tuple(one.statement for one in told if one.explicit), total))
        return found

    def _read(self, request: Request) -> tuple[list[Act], list[Blocked]]:
        """Return what a sentence says that is done, and what it rules out."""
        try:
            clauses = read_clauses(request.sentence, self.lexicon, self.actions)
        except InputError as error:
            raise InputError(f"{error}; got {request.sentence!r:.80}") from None
        acts = [Act(clause, action) for clause in clauses if not clause.negated and (action := self._meant(clause))]
        return acts, [block for clause in clauses if clause.negated for block in blocked(clause, self.actions)]

    def _plan(self, request: Request, draws: int) -> list[Timeline]:
        acts, ruled_out = self._read(request)
        similarity = self.nearest.similarity(request.sentence)
        if not acts:
            looked_up = self.nearest.look_up(similarity, request.seconds, draws)
            return [say(request.sentence, _without_ruled_out(found, ruled_out)) for found in looked_up]
        told, total = lay_out(stages(acts, self.actions), request.seconds)
        told = without(told, ruled_out, total)
        if only_limbs(acts) or float(similarity.max()) < _SIMILAR:
            return [_timeline(request, [*told, *at_rest(acts, told, total)], total)] * draws
        fixed = fixed_limbs(acts) | {block.who for block in ruled_out}
        looked_up = self.nearest.look_up(similarity, total, draws)
        completed = [_completed(told, found, fixed, ruled_out) for found in looked_up]
        return [_timeline(request, [*each, *at_rest(acts, each, total)], total) for each in completed]

    def _meant(self, clause: Clause) -> Action | None:
        """Return the action that a clause names, or the one whose sentence is nearest in meaning."""
        action = self.actions.find(clause.text)
        if action or not any(letter.islower() for letter in clause.text):
            return action
        encoder = self.nearest.encoder
        if self._meanings is None:
            self._meanings = encoder.encode(list(self.actions.like))
        similarity = self._meanings @ encoder.encode([clause.text])[0]
        best = int(similarity.argmax())
        return list(self.actions.like.values())[best] if float(similarity[best]) > _MEANT else None


def _timeline(request: Request, told: Sequence[Told], seconds: float) -> Timeline:
    return say(request.sentence, Timeline(tuple(one.statement for one in told), seconds))


def _without_ruled_out(found: Timeline, ruled_out: Sequence[Blocked]) -> Timeline:
    kept = (s for s in found.statements if not any(block.holds(s) for block in ruled_out))
    return replace(found, statements=tuple(kept))


def _completed(told: Sequence[Told], found: Timeline, fixed: set[str], ruled_out: Sequence[Blocked]) -> list[Told]:
    """Add what is looked up of limbs that neither the words nor the table say anything of.

    Args:
        told: by the table.
        found: what is looked up.
        fixed: limbs of which nothing is looked up, not as one of a pair either.
        ruled_out: by negations.
    """
    said = {who for one in told if one.explicit for who in one.statement.who.split("+")}
    by_table = {one.statement.who for one in told}

    def is_free(statement: Statement) -> bool:
        limbs = set(statement.who.split("+"))
        if _is_whole_body(statement) or limbs & fixed or statement.who in by_table:
            return False
        return len(limbs) > 1 or not limbs & said

    long = (statement for statement in found.statements if statement.end - statement.start >= _BRIEF)
    added = [s for s in long if is_free(s) and not any(block.holds(s) for block in ruled_out)]
    return [*told, *(Told(statement, explicit=False) for statement in added)]


def _is_whole_body(statement: Statement) -> bool:
    of_trunk_or_leg = statement.who == "torso" or ("+" not in statement.who and statement.who.endswith("_leg"))
    return of_trunk_or_leg and bool(_WHOLE_BODY.match(statement.text))
