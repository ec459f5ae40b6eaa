"""Caption lines: reading, writing, and the words of a mirrored clip beside those that HumanML3D's authors wrote."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinmo_core.data.captions import Caption, mirror_text, parse_captions, sides_of
from kinmo_core.errors import DataWarning

WORDS = st.lists(
    st.sampled_from(
        ["a", "man", "left", "Right", "turns", "clockwise", "leftwards", "bright", "counterclockwise", "2."]
    ),
    min_size=1,
).map(" ".join)


@given(WORDS, st.floats(0, 10), st.floats(0.1, 10))
def test_a_line_read_is_the_caption_written(text: str, start: float, seconds: float):
    caption = Caption(text, "a/DET man/NOUN", start, start + seconds)
    assert parse_captions(caption.line() + "\n", source="x") == (caption,)


def test_a_file_of_humanml3d():
    text = "a man kicks.#a/DET man/NOUN kick/VERB#0.0#0.0\n\nhe stands#he/PRON stand/VERB#1.5#3\nx#x/X#nan#nan\n"
    first, second, third = parse_captions(text, source="x")
    assert first.whole
    assert (second.text, second.start, second.end, second.whole) == ("he stands", 1.5, 3.0, False)
    assert third.whole


def test_a_hash_in_a_sentence_does_not_break_its_line():
    (caption,) = parse_captions(Caption("number #1").line(), source="x")
    assert caption.text == "number  1"


def test_fields_are_read_from_the_right():
    (caption,) = parse_captions("he kicks #1 and #2#he/PRON kick/VERB#1.0#2.0\n", source="x")
    assert (caption.text, caption.tokens, caption.start) == ("he kicks #1 and #2", "he/PRON kick/VERB", 1.0)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("only words", "must be text#tokens#start#end, got 'only words'"),
        ("a#b#c#0", "must have start and end in seconds, got 'c'"),
        ("a#b#inf#0", "must have start and end in seconds, got 'inf'"),
        ("a#b#2#1", "must have 0 <= start < end, got 2 and 1"),
        ("a#b#-1#1", "must have 0 <= start < end, got -1 and 1"),
        (" #b#0#0", "must have a sentence, got '#b#0#0'"),
    ],
)
def test_what_is_no_caption_is_left_out_counted_and_named(line: str, message: str):
    with pytest.warns(DataWarning, match=r"t\.txt: 1 of 3 lines left out; line 2: ") as caught:
        first, last = parse_captions(f"a#a/DET#0#0\n{line}\nb#b/X#0#0\n", source="t.txt")
    assert (first.text, last.text) == ("a", "b")
    assert message in str(caught[0].message)


@pytest.mark.parametrize(
    ("text", "mirrored"),
    [
        ("Left hand, then right.", "Right hand, then left."),
        ("turns clockwise", "turns counterclockwise"),
        ("walks counter-clockwise", "walks clockwise"),
        ("a clock-wise circle", "a counterclockwise circle"),
        ("turns anti clockwise", "turns anti counterclockwise"),
        ("steps leftwards", "steps rightwards"),
        ("to its left's side", "to its right's side"),
        ("left/ADJ leg/NOUN", "right/ADJ leg/NOUN"),
        ("stands upright, outright bright and frightened", "stands upright, outright bright and frightened"),
    ],
)
def test_sides_and_turns_change_and_nothing_else(text: str, mirrored: str):
    assert mirror_text(text) == mirrored


@given(WORDS)
def test_mirroring_twice_changes_nothing(text: str):
    assert mirror_text(mirror_text(text)) == text


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("walks forward", (False, False)),
        ("turns Left", (True, False)),
        ("rightward, then anti-clockwise", (True, True)),
        ("runs clockwise", (False, True)),
        ("a bright counterclockwise circle", (True, False)),
    ],
)
def test_sides_that_a_text_names(text: str, sides: tuple[bool, bool]):
    assert sides_of(text) == sides
    assert sides_of(mirror_text(text)) == sides[::-1]


def test_a_caption_keeps_its_span():
    caption = Caption("left", "left/ADJ", 1.0, 2.0).mirror()
    assert caption == Caption("right", "right/ADJ", 1.0, 2.0)


def test_agreement_with_the_authors_mirrored_captions(shared_data: Path):
    """99.7 % of all lines. What differs are slips of the authors' plain replacement, such as "upleft" for "upright"."""
    ours, theirs = (_captions(shared_data / "humanml3d" / name) for name in ("captions", "captions_mirrored"))
    pairs = [
        (mirror_text(mine), wanted) for id in ours for mine, wanted in zip(ours[id], theirs[f"M{id}"], strict=True)
    ]
    differing = [(mine, wanted) for mine, wanted in pairs if mine != wanted]
    assert len(pairs) == 43_692
    assert len(differing) < 0.003 * len(pairs)
    slips = ("upleft", "fleft", "alleft", "bleft", "outleft", "stleft", "left/left", "left-left", "left-to-left")
    unexplained = [pair for pair in differing if not any(slip in pair[1] for slip in slips)]
    assert len(unexplained) < 20


def _captions(path: Path) -> dict[str, list[str]]:
    with lzma.open(path.with_suffix(".jsonl.xz"), "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {row["id"]: [caption["text"] for caption in row["captions"]] for row in rows}
