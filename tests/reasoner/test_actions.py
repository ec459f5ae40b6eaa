"""The table of actions: what it says is in the annotator's vocabulary, and what it is found by."""

from __future__ import annotations

import pytest

from kinmo_core.text import BODY, WHO
from kinmo_reasoner.actions import Action, Actions
from kinmo_reasoner.clause import Clause, Manner
from kinmo_reasoner.clauses import read_clauses
from kinmo_reasoner.kinds import Kind, kind_of
from kinmo_reasoner.phrases import HANGING, tell
from kinmo_reasoner.words import Lexicon

ACTIONS = Actions.load()
LEXICON = Lexicon.load(ACTIONS.bases)
PLACES: dict[str, str] = {"left_arm": HANGING, "right_arm": HANGING}
EACH = pytest.mark.parametrize("action", ACTIONS.all, ids=lambda action: action.name)


@EACH
@pytest.mark.parametrize("times", [1, 3, 0])
def test_all_it_says_is_in_the_vocabulary(action: Action, times: int):
    for text in ("", "L", "R hand to L", "backward on floor above head"):
        told = tell(Clause(text, manner=Manner(times=times, pace="slow")), action, 1.0, 4.0, PLACES)
        for one in told:
            statement = one.statement
            assert statement.who in WHO
            assert statement.who != BODY
            assert kind_of(statement) is not None, statement
            assert 1.0 <= statement.start < statement.end <= 5.0
            assert "{" not in statement.sentence


@EACH
def test_it_is_found_by_the_sentence_that_it_is_like(action: Action):
    if action.like:
        [clause, *_] = read_clauses(action.like, LEXICON, ACTIONS)
        assert ACTIONS.find(clause.text) is action


def test_names_are_unique_and_what_is_meant_after_a_posture_is_there():
    names = [action.name for action in ACTIONS.all]
    assert len(set(names)) == len(names)
    postures = {action.posture for action in ACTIONS.all}
    for action in ACTIONS.all:
        assert set(action.after) <= postures
        assert {ACTIONS[name].name for name in action.after.values()} <= set(names)


def test_kinds_are_read_back_with_their_direction():
    [left, right] = tell(Clause("R foot to L"), ACTIONS["one step"], 0.0, 1.0, PLACES)
    assert kind_of(left.statement) == Kind("steps", "to the left")
    assert kind_of(right.statement) == Kind("travel", "to the left")
