"""Search by statements: what does the asked thing, with its limb, place, amount, count and order, ranks first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kinmo_core.errors import InputError
from kinmo_core.text import Statement, Timeline
from kinmo_reasoner import statements as module
from kinmo_reasoner.offline import OfflineReasoner
from kinmo_reasoner.statements import Statements
from kinmo_reasoner.wanted import truth, wanted

WALK = ("torso", "travels forward about {} at walking pace", 3, "metres")
TURN = ("torso", "turns to the left by about {}", 90, "degrees")
RAISE = ("left_arm", "rises from beside the hip to above the head")


def timeline(*told: tuple, seconds: float = 10.0) -> Timeline:
    """Make statements of (who, start, end, text) or (who, start, end, text, amount, unit)."""
    return Timeline(tuple(Statement(*one) for one in told), seconds)


def at(start: float, end: float, what: tuple) -> tuple:
    return (what[0], start, end, *what[1:])


def scores(asked: Timeline, *timelines: Timeline) -> list[float]:
    return [round(float(score), 4) for score in Statements.of(timelines).scores(asked)]


ASKED = timeline(at(0, 2, RAISE))


def test_the_limb_and_the_direction_decide():
    done = timeline(at(4, 5, RAISE))
    lowered = timeline(("left_arm", 4, 5, "drops from above the head to beside the hip"))
    nothing = timeline(at(0, 5, WALK))
    raised, mirrored, dropped, without = scores(ASKED, done, done.mirror(), lowered, nothing)
    assert (raised, mirrored, without) == (1.0, 0.0, 0.0)
    assert dropped < 0.3  # the hand is at a place, but far off
    assert scores(ASKED.mirror(), done, done.mirror()) == [0.0, 1.0]


def test_another_place_is_worse_the_further_off_it_is():
    places = ("above the head", "beside the head", "out to the side at belly height")
    found = scores(ASKED, *(timeline(("left_arm", 0, 1, f"rises from beside the hip to {place}")) for place in places))
    assert found[0] == 1
    assert found == sorted(found, reverse=True)
    assert found[1] > found[2] > 0


def test_where_a_hand_comes_from_counts_unless_it_hung_there():
    asked = timeline(("left_arm", 0, 1, "drops from above the head to beside the hip"))
    found = [f"drops from {place} to beside the hip" for place in ("above the head", "in front of the chest")]
    from_above, from_chest = scores(asked, *(timeline(("left_arm", 0, 1, text)) for text in found))
    assert from_above == 1 > from_chest
    assert scores(ASKED, timeline(("left_arm", 0, 1, "rises from in front of the chest to above the head"))) == [1.0]


def test_one_arm_is_better_than_both_where_one_is_wanted():
    one = timeline(at(4, 5, RAISE))
    other = one.mirror().statements[0]
    both, apart = (
        timeline(at(4, 5, RAISE), ("right_arm", 4, 5, other.text)),
        timeline(at(1, 2, RAISE), ("right_arm", 4, 5, other.text)),
    )
    assert scores(ASKED, one, both) == [1.0, 0.5]
    assert scores(ASKED, apart) == [0.5]  # the left arm is still up when the right one rises
    lowers = timeline(
        at(1, 2, RAISE), ("left_arm", 2.5, 3, "drops from above the head to beside the hip"), *at_right(4)
    )
    assert scores(ASKED, lowers) == [1.0]
    found = scores(timeline(*((who, 0, 2, RAISE[1]) for who in ("left_arm", "right_arm"))), one, both)
    assert found == [round(0.1**0.5, 4), 1.0]


def at_right(start: float) -> list[tuple]:
    return [("right_arm", start, start + 1, RAISE[1])]


@pytest.mark.parametrize(
    "told",
    [
        ("left_arm", 1, 4, "stays above the head for {}", 3, "seconds"),
        ("neck+left_arm", 1, 4, "the left hand is above the head"),
        ("left_arm", 1, 2, "moves forward from beside the head to above the head"),
    ],
)
def test_a_hand_at_a_place_is_found_whatever_tells_of_it(told: tuple):
    lower = (*told[:3], told[3].replace("above the head", "in front of the hips"), *told[4:])
    there, elsewhere, other_hand = scores(ASKED, timeline(told), timeline(lower), timeline(told).mirror())
    assert 0.8 < there < 1
    assert elsewhere < 0.3
    assert other_hand == 0


def test_a_hand_stays_where_it_is_brought_until_its_arm_goes_on():
    asked = timeline(at(0, 4, WALK), ("left_arm", 0, 4, "stays above the head for {}", 4, "seconds"))
    low = ("left_arm", 3, 4, "drops from above the head to beside the hip")
    up, down = timeline(at(1, 2, RAISE), at(5, 9, WALK)), timeline(at(1, 2, RAISE), low, at(5, 9, WALK))
    still_up, no_longer = scores(asked, up, down)
    assert still_up > 0.9 > no_longer


def test_the_face_is_a_place_for_moves_and_holds():
    asked = timeline(("right_arm", 0, 1, "rises from beside the hip to the face"))
    to_face, touches, to_chest = (
        timeline(("right_arm", 2, 3, "rises from in front of the hips to the face")),
        timeline(("neck+right_arm", 2, 3, "the right hand touches the face")),
        timeline(("right_arm", 2, 3, "rises from beside the hip to in front of the chest")),
    )
    first, second, third = scores(asked, to_face, touches, to_chest)
    assert first == 1 > second > third


def test_another_pace_is_worse():
    runs = timeline(("torso", 0, 1, "travels forward about {} at running pace", 3, "metres"))
    hurries = timeline(("torso", 0, 1, "travels forward about {} at a fast pace", 3, "metres"))
    assert scores(timeline(at(0, 3, WALK)), timeline(at(0, 3, WALK)), hurries, runs) == [1.0, 0.5, 0.25]


def test_another_amount_or_count_is_worse():
    asked = timeline(("torso", 0, 1, "leans forward to about {}", 70, "degrees"))
    leans = [timeline(("torso", 0, 1, "leans forward to about {}", amount, "degrees")) for amount in (70, 50, 20, -70)]
    assert scores(asked, *leans)[0] == scores(asked, *leans)[3] == 1
    assert 1 > scores(asked, *leans)[1] > scores(asked, *leans)[2] > 0
    deeper = timeline(("torso", 0, 1, "leans forward to about {}", 90, "degrees"))
    assert scores(asked, deeper) == [1.0]
    turns = [timeline(("torso", 0, 1, TURN[1], amount, "degrees")) for amount in (90, 180)]
    assert scores(turns[0], *turns) == [1.0, 0.75]
    jumps = [timeline(("torso", 0, 1, f"jumps {often}, about {{}} high", 0.3, "metres")) for often in ("twice", "once")]
    assert scores(jumps[0], *jumps) == [1.0, 0.5]


def test_two_things_in_the_asked_order():
    asked = timeline(at(0, 3, WALK), at(3, 5, TURN))
    right = timeline(at(1, 4, WALK), at(5, 6, TURN))
    wrong = timeline(at(5, 9, WALK), at(1, 2, TURN))
    again = timeline(at(1, 2, TURN), at(3, 5, WALK), at(6, 7, TURN))
    half = [round(factor**0.5, 4) for factor in (0.4, 0.1)]
    assert scores(asked, right, wrong, again, timeline(at(0, 3, WALK))) == [1.0, half[0], 1.0, half[1]]
    slight = timeline(at(5, 9, WALK), at(1, 2, TURN), ("torso", 9, 10, TURN[1], 10, "degrees"))
    assert half[0] < scores(asked, slight)[0] < 0.8  # a worse match in the wanted order


def test_one_walk_is_not_two():
    run = ("torso", "travels forward about {} at running pace", 8, "metres")
    asked = timeline(at(0, 3, WALK), at(3, 5, run))
    both, walk = scores(asked, timeline(at(0, 3, WALK), at(4, 6, run)), timeline(at(0, 5, WALK)))
    assert both == 1
    assert walk < 0.4


def test_who_does_nothing_rests():
    asked = timeline(("torso", 0, 2, "stays upright in place"), at(2, 5, WALK))
    waits, walks = timeline(at(4, 9, WALK), seconds=9), timeline(at(0, 9, WALK), seconds=9)
    sits = timeline(("torso", 0, 4, "sits for {}", 4, "seconds"), at(4, 9, WALK), seconds=9)
    found = scores(asked, waits, walks, sits)
    assert found[0] == 1
    assert found[1] == found[2] < 0.4


@pytest.mark.parametrize(
    ("who", "wanted", "other"),
    [
        ("torso", "lies face down for {}", "lies on the back for {}"),
        ("torso", "sits for {}", "sits on the floor for {}"),
        ("left_leg", "takes three steps forward, lifting the knee high", "takes three steps forward"),
    ],
)
def test_another_manner_is_worse(who: str, wanted: str, other: str):
    amount = (3, "seconds") if "{}" in wanted else ()
    asked, differs = (timeline((who, 0, 3, text, *amount)) for text in (wanted, other))
    assert scores(asked, asked, differs) == [1.0, 0.5]


def test_two_things_at_once():
    asked = timeline(at(0, 3, WALK), at(1, 2, RAISE))
    together, apart = timeline(at(0, 5, WALK), at(4, 6, RAISE)), timeline(at(0, 3, WALK), at(4, 6, RAISE))
    assert scores(asked, together, apart) == [1.0, round(0.4**0.5, 4)]


def test_the_best_moment_of_each_statement_is_told_with_its_time():
    asked = timeline(at(0, 3, TURN), at(3, 5, RAISE))
    low = ("left_arm", "rises from beside the hip to beside the waist")
    found = Statements.of([timeline(at(0, 1, WALK)), timeline(at(2, 3, low), at(5, 6, RAISE), at(7, 8, WALK))])
    assert found.moments(asked, 0) == []
    (moment,) = found.moments(asked, 1, delay=20)
    assert moment.statement == Statement("left_arm", 25, 26, RAISE[1])
    assert moment.quality == 1
    (turn,) = Statements.of([timeline(at(1, 2, TURN))]).moments(asked, 0)
    assert turn.statement == Statement("torso", 1, 2, TURN[1], 90, "degrees")


def test_words_outside_the_vocabulary_and_of_the_body_are_not_looked_for():
    asked = timeline(("body", 0, 1, "a person walks"), ("torso", 0, 1, "glides like a swan"))
    assert scores(asked, timeline(at(0, 1, WALK)), timeline(("torso", 0, 1, "glides like a swan"))) == [0.0, 0.0]
    assert scores(ASKED, timeline()) == [0.0]
    assert len(Statements.of([])) == 0


def test_what_very_many_do_is_looked_for_among_the_candidates(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_COMMON", 2)
    found = Statements.of([timeline(at(0, 1, RAISE), at(0, 1, WALK if n else TURN)) for n in range(4)])
    assert found.scores(ASKED, among=np.array([1, 3])).tolist() == [0, 1, 0, 1]
    assert found.scores(timeline(at(0, 1, TURN)), among=np.array([1])).tolist() == [1, 0, 0, 0]


def test_statements_are_saved_and_read(tmp_path: Path):
    made = Statements.of([timeline(at(1, 2, TURN), at(3, 4, RAISE)), timeline(), timeline(at(0, 1, WALK))])
    made.save(tmp_path)
    read = Statements.load(tmp_path)
    assert read.phrases == made.phrases
    asked = timeline(at(0, 3, TURN), at(3, 5, RAISE))
    assert read.scores(asked).tolist() == made.scores(asked).tolist() == [1, 0, 0]
    assert read.moments(asked, 0) == made.moments(asked, 0)
    (tmp_path / "phrases.jsonl").write_text('{"who": 1}\n', encoding="utf-8")
    with pytest.raises(InputError, match="is damaged"):
        Statements.load(tmp_path)


@pytest.fixture(scope="module")
def reasoner() -> OfflineReasoner:
    return OfflineReasoner.load()


class TestWanted:
    def test_only_what_the_words_say(self, reasoner: OfflineReasoner):
        asked = wanted(reasoner, "a person raises the left arm above the head", {})
        assert [(one.who, one.text) for one in asked.statements] == [RAISE]

    def test_a_limb_beside_a_sentence_is_asked_for_at_the_same_time(self, reasoner: OfflineReasoner):
        asked = wanted(reasoner, "a person walks forward", {"right_arm": "waves"})
        arm = [one for one in asked.statements if one.who == "right_arm"]
        assert len(arm) == 1
        assert "swings from side to side" in arm[0].text
        assert any(one.who == "torso" and one.text.startswith("travels forward") for one in asked.statements)

    def test_nothing_known_is_nothing_wanted(self, reasoner: OfflineReasoner):
        assert wanted(reasoner, "a person ponders quietly", {}).statements == ()

    def test_truth_is_how_much_of_a_sentence_a_motion_does(self, reasoner: OfflineReasoner):
        does = timeline(at(0, 5, WALK), at(6, 7, RAISE))
        sentences = ["a person raises the left arm", "a person raises the right arm", "a person ponders quietly"]
        left, right, open_question = truth(reasoner, sentences, does).tolist()
        assert left > 0.6
        assert right == 0
        assert open_question == 0.5
        assert truth(reasoner, sentences[:2], does.mirror()).tolist() == [right, left]
