"""What a user tells limbs, and how it takes the place of a plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_stages import TEXT_DIM

from kinmo_core.errors import InputError
from kinmo_core.motion import Motion
from kinmo_core.testing import WordEncoder, walking_joints
from kinmo_core.testing.puppet import Action, walk
from kinmo_core.text import Statement, Timeline
from kinmo_gen import Generator
from kinmo_gen.choice import best_of
from kinmo_gen.instructions import Instruction, check_instructions, instruct
from kinmo_gen.request import Asked, explanation, make, resolve
from kinmo_reasoner.offline import OfflineReasoner

PLAN = Timeline(
    (
        Statement("right_arm", 0.0, 4.0, "swings forward and back"),
        Statement("left_arm", 0.0, 4.0, "swings forward and back"),
        Statement("left_arm+right_arm", 0.0, 4.0, "the arms swing forward and back in opposite directions"),
        Statement("left_leg", 0.0, 4.0, "takes four steps forward"),
    ),
    4.0,
)


@pytest.fixture(scope="module")
def reasoner(load_offline: Callable[[], OfflineReasoner]) -> OfflineReasoner:
    return load_offline()


def test_known_words_become_statements_of_the_vocabulary_in_their_time(reasoner: OfflineReasoner):
    told = instruct(PLAN, [Instruction("right_arm", "raises above the head", 1.0, 2.0)], reasoner)
    (said,) = told.of("right_arm")
    assert (said.start, said.end) == (1.0, 2.0)
    assert "above the head" in said.sentence
    assert said.sentence != "raises above the head"
    assert told.of("left_arm") == PLAN.of("left_arm")
    assert told.of("left_leg") == PLAN.of("left_leg")
    assert not told.of("left_arm+right_arm")


def test_unknown_words_are_kept(reasoner: OfflineReasoner):
    (said,) = instruct(PLAN, [Instruction("right_arm", "zigzags oddly")], reasoner).of("right_arm")
    assert (said.text, said.start, said.end) == ("zigzags oddly", 0.0, 4.0)


@given(st.floats(0.0, 1.5), st.floats(0.2, 2.0))
def test_what_is_planned_outside_of_the_time_stays(start: float, seconds: float):
    plan = Timeline((Statement("right_arm", 0.0, 0.1, "rises"), Statement("right_arm", 3.9, 4.0, "drops")), 4.0)
    one = Instruction("right_arm", "zigzags oddly", 0.15 + start, 0.15 + start + seconds)
    told = instruct(plan, [one], OfflineReasonerOfNothing())
    assert len(told.statements) == 3
    assert all(0 <= s.start < s.end <= 4.0 for s in told.statements)


class OfflineReasonerOfNothing(OfflineReasoner):
    """Understands nothing."""

    def __init__(self) -> None:
        pass

    def said(self, sentences: list[str]) -> list[Timeline]:  # type: ignore[override]
        return [Timeline((), 1.0) for _ in sentences]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (("tail", "wags"), "limb must be one of torso, neck, left_arm, right_arm, left_leg, right_leg, got 'tail'"),
        (("left_arm", " "), "the text is empty"),
        (("left_arm", "rises", 2.0, 1.0), "--left-arm must have 0 <= --from < --to, got 2 and 1"),
        (("left_arm", "rises", -1.0, 1.0), "--left-arm must have 0 <= --from < --to, got -1 and 1"),
        (("left_arm", "rises", float("nan"), 1.0), "--left-arm must have 0 <= --from < --to, got nan and 1"),
    ],
)
def test_an_instruction_that_makes_no_sense_is_named(values: tuple[str | float, ...], message: str):
    with pytest.raises(InputError) as caught:
        Instruction(*values)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_contradicting_and_late_instructions_are_named():
    rises, drops = Instruction("left_arm", "rises", 0.0, 2.0), Instruction("left_arm", "drops", 1.5, 3.0)
    with pytest.raises(
        InputError, match=r"--left-arm must be told one thing at a time, got 'rises' and 'drops' at 1.5"
    ):
        check_instructions([rises, drops], 4.0)
    with pytest.raises(InputError, match=r"--left-arm must lie within the 1 s of the motion, got 0 to 2 s"):
        check_instructions([rises], 1.0)
    check_instructions([rises, Instruction("left_arm", "drops", 2.0, 3.0), Instruction("right_arm", "rises")], 4.0)


def test_a_timeline_file_gives_sentence_and_duration(tmp_path: Path):
    plan = Timeline((Statement("body", 0.0, 2.0, "a person waves"), Statement("left_arm", 0.0, 2.0, "waves")), 2.0)
    plan.save(tmp_path / "plan.yaml")
    asked = Asked.of_timeline(tmp_path / "plan.yaml", None, ())
    assert (asked.text, asked.seconds, asked.timeline) == ("a person waves", 2.0, plan)
    assert Asked.of_timeline(tmp_path / "plan.yaml", "someone greets", ()).text == "someone greets"
    Timeline(plan.of("left_arm"), 2.0).save(tmp_path / "bare.yaml")
    with pytest.raises(
        InputError, match=r"bare\.yaml must have a statement about the body, or be given with a sentence"
    ):
        Asked.of_timeline(tmp_path / "bare.yaml", None, ())


def test_what_is_asked_is_planned_and_explained(toy_model: Path, reasoner: OfflineReasoner):
    generator = Generator.load(toy_model, text_encoder=WordEncoder(TEXT_DIM), reasoner=reasoner)
    limbs = (Instruction("right_arm", "rises above the head", 0.0, 1.0),)
    asked = [Asked("a person walks forward", 3.0, None, limbs), Asked("a person jumps")]
    first, second = resolve(generator, asked, seed=0)
    assert first.timeline is not None
    assert first.timeline.of("left_leg")
    assert [s.end for s in first.timeline.of("right_arm") if "above the head" in s.sentence] == [1.0]
    assert second.timeline is not None
    assert (
        second.seconds
        == second.timeline.seconds
        == generator.durations(["a person walks forward", "a person jumps"], seed=0)[1]
    )
    line = explanation(first, whole=False)
    assert line.startswith("a person walks forward: ")
    assert "left leg takes" in line
    assert "right arm rises from beside the hip to above the head" in line
    assert "█" in explanation(first, whole=True)


def test_a_model_of_sentences_only_takes_no_instructions(toy_model: Path):
    generator = Generator.load(toy_model, text_encoder=WordEncoder(TEXT_DIM), reasoner=None)
    (plain,) = resolve(generator, [Asked("a person walks", 2.0)], seed=0)
    assert plain.timeline is None
    assert explanation(plain, whole=True) == "a person walks: told as one sentence"
    with pytest.raises(InputError, match="must hear statements to be told what limbs do"):
        resolve(generator, [Asked("a person walks", 2.0, None, (Instruction("neck", "nods"),))], seed=0)


def waving(side: str) -> Motion:
    return Motion(Action(wave=side).joints(80), 20.0, text=side)


def test_the_candidate_that_does_what_is_asked_is_chosen(reasoner: OfflineReasoner):
    motions = [Motion(walk(1.2).joints(80), 20.0, text="walk"), waving("right"), waving("left")]
    for side in ("left", "right"):
        (said,) = reasoner.said([f"a person waves with the {side} hand"])
        chosen = best_of(motions, said)
        assert chosen.motion.text == side
        assert chosen.score > 0.2  # the puppet waves at the height of the head, not above it, and more often


def test_what_no_candidate_does_is_said(reasoner: OfflineReasoner):
    (said,) = reasoner.said(["a person kicks with the left leg"])
    chosen = best_of([waving("right"), waving("left")], said)
    assert chosen.motion.text == "right"  # the first one
    assert chosen.score == 0
    assert [statement.who for statement in chosen.missed] == ["left_leg"]
    nothing = best_of([waving("right")], Timeline((), 1.0))
    assert (nothing.score, nothing.missed) == (0, ())


def test_what_misses_nothing_is_not_sampled_again(
    toy_model: Path, reasoner: OfflineReasoner, monkeypatch: pytest.MonkeyPatch
):
    """The first round makes what one of two sentences says; only the other one is sampled until its turn comes."""
    generator = Generator.load(toy_model, text_encoder=WordEncoder(TEXT_DIM), reasoner=reasoner)
    sentences = ["a person raises the left arm", "a person kicks with the right leg"]
    resolved = resolve(generator, [Asked(text, 4.0) for text in sentences], seed=0)
    rises = Motion(walking_joints(80), 20.0)
    (done,) = make(generator, resolved[:1], seed=0)  # posed, since a toy knows nothing
    asked = []

    def sample(texts: list[str], **options: Any) -> list[Motion]:
        asked.append((texts, options["seed"]))
        return [done.motion if text == sentences[0] else rises for text in texts]

    monkeypatch.setattr(generator, "sample", sample)
    chosen = make(generator, resolved, candidates=3, poses=False, seed=5)
    assert [bool(choice.missed) for choice in chosen] == [False, True]
    assert [texts for texts, _ in asked] == [sentences, sentences[1:], sentences[1:]]
    assert len({seed for _, seed in asked}) == 3
    assert asked[0][1] == 5


def test_more_candidates_start_with_the_same_ones(toy_model: Path, reasoner: OfflineReasoner):
    generator = Generator.load(toy_model, text_encoder=WordEncoder(TEXT_DIM), reasoner=reasoner)
    resolved = resolve(generator, [Asked("a person walks forward", 2.0), Asked("a person turns left", 2.0)], seed=0)
    told: list[tuple[int, int]] = []
    few, many = (
        make(generator, resolved, candidates=n, seed=0, progress=lambda *done: told.append(done)) for n in (1, 3)
    )
    assert told == [(2, 2), (2, 6), (4, 6), (6, 6)]
    for one, more in zip(few, many, strict=True):
        assert more.score >= one.score
    assert resolved[1].wanted is not None
    assert [s.who for s in resolved[1].wanted.statements] == ["torso"]


class TestScripts:
    """Sentences with their times."""

    def test_each_line_is_planned_in_its_time(self, toy_model: Path, reasoner: OfflineReasoner, tmp_path: Path):
        path = tmp_path / "s.txt"
        path.write_text("# a scene\n0 3 a person walks forward\n\n3 5.5 the person raises the left arm\n")
        asked = Asked.of_script(path, ())
        assert asked.text == "a person walks forward, then the person raises the left arm"
        assert asked.seconds == 5.5
        generator = Generator.load(toy_model, text_encoder=WordEncoder(TEXT_DIM), reasoner=reasoner)
        (resolved,) = resolve(generator, [asked], seed=0)
        assert resolved.timeline is not None
        assert resolved.wanted is not None
        assert resolved.timeline.seconds == resolved.wanted.seconds == 5.5
        for timeline in (resolved.timeline, resolved.wanted):
            steps = [s for s in timeline.of("left_leg") if "step" in s.sentence]
            assert steps
            assert all(s.end <= 3 for s in steps)
            rises = [s for s in timeline.of("left_arm") if "ris" in s.sentence]
            assert rises
            assert all(3 <= s.start < s.end <= 5.5 for s in rises)
        assert len(make(generator, [resolved], poses=False, seed=0)[0].motion) == 112  # 5.6 s, whole tokens

    def test_a_model_of_sentences_only_takes_no_script(self, toy_model: Path, tmp_path: Path):
        path = tmp_path / "s.txt"
        path.write_text("0 3 a person walks\n")
        generator = Generator.load(toy_model, text_encoder=WordEncoder(TEXT_DIM), reasoner=None)
        with pytest.raises(InputError, match="must hear statements to be told what limbs do"):
            resolve(generator, [Asked.of_script(path, ())], seed=0)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("# nothing\n", "must have lines START END SENTENCE, got none"),
            ("0 3\n", "line 1 must be START END SENTENCE, got '0 3'"),
            ("\nzero 3 a person walks\n", "line 2 must be START END SENTENCE, got 'zero 3 a person walks'"),
            ("0 3 a person walks\n2 4 a person sits\n", "line 2 must have 3 <= START < END, got 2 and 4"),
            ("-1 3 a person walks\n", "line 1 must have 0 <= START < END, got -1 and 3"),
            ("0 nan a person walks\n", "line 1 must have 0 <= START < END, got 0 and nan"),
            ("3 3 a person walks\n", "line 1 must have 0 <= START < END, got 3 and 3"),
            ("0 500 a person walks\n", "seconds must be"),
        ],
    )
    def test_a_script_that_cannot_be_is_refused(self, text: str, message: str, tmp_path: Path):
        path = tmp_path / "s.txt"
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            Asked.of_script(path, ())
