"""Categories of poses, the sentences made of them, and the keyframes found by the sentences."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from puppets import eased, move_arm, standing
from torch import Tensor

from kinmo_annotate.frames.keyframes import Keyframer
from kinmo_annotate.frames.posecodes import ORDINARY, POSECODES, categorize, pose_sentences
from kinmo_annotate.measures import measure
from kinmo_core.errors import InputError
from kinmo_core.language import LanguageModel
from kinmo_core.testing import Action, HashTextEncoder
from kinmo_core.text import GROUPS, PAIRS


def test_every_code_is_well_formed_and_about_a_group_or_a_pair():
    names = {*GROUPS, *("+".join(pair) for pair in PAIRS)}
    numbers = measure(standing())
    for code in POSECODES:
        assert code.who in names, code
        assert code.name in numbers, code
        assert len(code.labels) == len(code.edges) + 1, code
        assert list(code.edges) == sorted(code.edges), code
    assert len({code.name for code in POSECODES}) == len(POSECODES)


def test_left_and_right_have_the_same_codes():
    sides = [{(c.name.partition("_")[2].replace("left", "right"), c.edges) for c in POSECODES if c.name.startswith(side)}
             for side in ("left_", "right_")]  # fmt: skip
    assert sides[0] == sides[1]
    assert sides[0]


def test_a_value_on_a_limit_belongs_to_the_upper_category():
    numbers = {code.name: torch.tensor([code.edges[0] - 0.01, code.edges[0]]) for code in POSECODES}
    assert categorize(numbers).tolist() == [[0] * len(POSECODES), [1] * len(POSECODES)]


def test_sentences_name_what_is_not_ordinary():
    assert pose_sentences(categorize(measure(standing()))) == [ORDINARY] * 60
    raised = pose_sentences(categorize(measure(move_arm(standing(), "right", torch.full((60,), 175.0)))))
    assert len(set(raised)) == 1
    assert "the right hand is above the head" in raised[0].lower()
    assert "left" not in raised[0].replace("left hand", "")  # only the hands' distance speaks of the other


class Counting(HashTextEncoder):
    """Remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(64)
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Tensor:
        self.asked += texts
        return super().encode(texts)


def raising() -> dict[str, Tensor]:
    """Numbers of a body that raises an arm between a third and half of 3 s."""
    return measure(move_arm(standing(), "right", eased(0, 175, 60, 0.33, 0.5)))


def test_keyframes_fall_where_the_pose_changes():
    found = Keyframer(stride=1, encoder=HashTextEncoder(64)).find(raising())
    assert found[0].seconds == 0
    assert found[0].text == ORDINARY
    assert len(found) > 1
    assert all(0.9 <= frame.seconds <= 1.6 for frame in found[1:])
    assert "the right elbow is above the shoulder" in found[-1].text


def test_a_pose_that_stays_has_one_keyframe():
    assert len(Keyframer(encoder=HashTextEncoder(64)).find(measure(standing()))) == 1


def test_each_distinct_sentence_is_encoded_once_over_all_motions():
    encoder = Counting()
    keyframer = Keyframer(encoder=encoder)
    for _ in range(2):
        keyframer.find(raising())
    keyframer.find(measure(Action(wave="left").joints(60)))
    assert len(encoder.asked) == len(set(encoder.asked))


def test_the_threshold_and_the_reference_decide():
    encoder = HashTextEncoder(64)
    every = Keyframer(threshold=1.0, stride=1, encoder=encoder).find(raising())
    none = Keyframer(threshold=-1.0, stride=1, encoder=encoder).find(raising())
    previous = Keyframer(reference="previous", stride=1, encoder=encoder).find(raising())
    assert len(none) == 1 < len(previous) <= len(every)


def test_the_bundled_sentence_model_tells_a_raised_arm_from_a_hanging_one():
    model = LanguageModel()
    assert model.dim == 384
    assert len(Keyframer(encoder=model).find(raising())) > 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threshold": 1.5}, "threshold must be a cosine, -1 to 1, got 1.5"),
        ({"stride": 0}, "stride must be at least 1, got 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(arguments: dict[str, float], message: str):
    with pytest.raises(ValueError, match=message):
        Keyframer(**arguments)  # pyright: ignore[reportArgumentType]


def test_a_sentence_model_that_is_not_there_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"cannot load the language model .*nowhere"):
        LanguageModel(str(tmp_path / "nowhere"))
