"""A check that never convicts is no check: clearly wrong tempo, order, step counts, sides and amounts are contradicted."""

from __future__ import annotations

import pytest
from check_puppets import motion, outcome

from kinmo_annotate.check import Answer, judge
from kinmo_annotate.check.mutations import mutate
from kinmo_core.text import GROUPS, PAIRS, UNKNOWN, Description, Statement, Timeline

# Puppet, limb, true sentence, words to exchange. Both sentences are judged within the seconds of the movement.
TEMPO = [
    ("raise right suddenly", "right_arm", "rises quickly to above the head", ("quickly", "slowly"), (1.8, 2.5)),
    ("run", "torso", "travels forward quickly", ("quickly", "slowly"), (0.2, 3.6)),
    ("walk slowly", "torso", "travels forward slowly", ("forward slowly", "forward, quickly"), (0.2, 3.6)),
    ("turn left", "torso", "turns slowly to the left", ("slowly", "quickly"), (0.2, 3.6)),
    ("spin left", "torso", "turns quickly to the left", ("quickly", "slowly"), (0.2, 3.6)),
]


def answers(name: str, who: str, text: str, span: tuple[float, float]) -> set[Answer]:
    """Judge one statement of a timeline."""
    return {one.answer for one in judge(Timeline((Statement(who, *span, text),), 4.0), motion(name))}


@pytest.mark.parametrize(("name", "who", "text", "exchange", "span"), TEMPO)
def test_the_other_tempo_is_contradicted(name: str, who: str, text: str, exchange: tuple[str, str], span):
    assert Answer.CONTRADICTED not in answers(name, who, text, span)
    assert Answer.CONTRADICTED in answers(name, who, text.replace(*exchange), span)


@pytest.mark.parametrize(
    ("name", "who", "first", "second"),
    [
        ("up and down right", "right_arm", "rises from beside the hip to above the head", "drops to beside the hip"),
        ("up and down right", "body", "the right arm rises above the head", "the right arm drops to the side"),
        ("squat", "torso", "lowers by about 0.4 m", "rises by about 0.4 m"),
        ("walk, then turn", "body", "a person walks forward", "turns to the left by 90 degrees"),
        ("raise right, then left", "body", "a person raises the right arm", "raises the left arm"),
    ],
)
def test_the_other_order_is_contradicted(name: str, who: str, first: str, second: str):
    start = {"right_arm": "The right arm ", "torso": "The torso "}.get(who, "")
    assert outcome(name, f"{start}{first}, then {second}.", who) in ("right", "between")
    if name != "squat":  # a squat of the puppet starts and ends upright, so it also rises before it sinks
        assert outcome(name, f"{start}{second}, then {first}.", who) in ("wrong", "side")


@pytest.mark.parametrize("factor", [0.25, 0.5, 2, 3])
def test_another_number_of_steps_is_contradicted(factor: float):
    said = {1: "one step", 2: "two steps", 4: "four steps", 8: "eight steps", 12: "twelve steps"}
    assert outcome("walk", f"The left leg takes {said[4]}.", "left_leg") == "right"
    wrong = outcome("walk", f"The left leg takes {said[round(4 * factor)]}.", "left_leg")
    assert wrong == "wrong" or (factor == 0.5 and wrong == "between")  # half a step at each end may be counted or not


@pytest.mark.parametrize(
    ("name", "text", "changed"),
    [
        ("tempo", "The left arm rises slowly.", "The left arm rises quickly."),
        ("way", "It moves forward and outward.", "It moves backward and inward."),
        ("way", "It swings forward and back.", "It swings forward and back."),
        ("verb", "It rises, then drops.", "It drops, then rises."),
        ("verb", "It bends and straightens at the elbow twice.", "It bends and straightens at the elbow twice."),
        ("count", "It kicks once, then nods twice.", "It kicks 3 times, then nods 5 times."),
        ("count", "It takes a short step, then four long steps.", "It takes 3 short steps, then 9 long steps."),
        ("amount", "It leans to about 20 degrees, 0.4 m high.", "It leans to about 60 degrees, 1.2 m high."),
        ("order", "The left arm rises, then drops.", "The left arm drops, then rises."),
        ("order", "The torso sinks.", "The torso sinks."),
    ],
)  # fmt: skip
def test_a_mutation_exchanges_the_words_of_one_kind(name: str, text: str, changed: str):
    pairs = dict.fromkeys(PAIRS, UNKNOWN)
    before, after = (
        Description(one, {group: one if group == "torso" else UNKNOWN for group in GROUPS}, pairs)
        for one in (text, changed)
    )
    assert mutate(before, name) == after
