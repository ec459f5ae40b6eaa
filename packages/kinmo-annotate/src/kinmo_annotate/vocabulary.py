"""The phrases that a statement may have: a few for each kind, all of them true, so that a thousand texts do not read alike.

Phrases of a group have no subject ("rises from beside the hip to shoulder height"); those of a pair are whole clauses.
Words that may be left out bring their own space.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kinmo_annotate.measures import FPS
from kinmo_annotate.observation import Observed
from kinmo_core.data.captions import mirror_text
from kinmo_core.text import Statement
from kinmo_core.text.statement import SLOT, Real


def _each(*openings: str, then: str) -> tuple[str, ...]:
    """Write phrases that differ in their openings only."""
    return tuple(opening + then for opening in openings)


PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    # torso
    "travel": ("travels {way} {distance} {pace}", "moves {way} {distance} {pace}"),
    "turn": ("turns{pace} to the {side} by {angle}", "rotates{pace} to the {side} by {angle}"),
    "turns": ("turns one way and back {times}", "turns back and forth {times}"),
    "jump": ("jumps {times}, {height} high", "jumps {times} to a height of {height}"),
    "bounce": ("bobs down and up {times} by {distance}", "sinks and rises {times} by {distance}"),
    "torso_sink": _each("sinks", "goes down", "lowers", then="{pace} by {distance}{deep}"),
    "torso_rise": ("rises{pace} by {distance}", "comes up{pace} by {distance}"),
    "weight": ("shifts the weight over the {side} foot by {distance}", "moves over the {side} foot by {distance}"),
    "sways": ("sways a little from side to side {times}", "shifts a little from side to side {times}"),
    "bows": ("bends forward and back {times}", "leans forward and back {times}"),
    "straighten": ("straightens up", "comes upright"),
    "lean": ("leans {way} to {angle}", "bends {way} to {angle}"),
    "lean_more": ("comes back to a lean of {angle} {way}", "eases to a lean of {angle} {way}"),
    "invert": ("turns upside down", "goes head over heels"),
    "rocks": ("rocks from side to side {times}", "sways from side to side {times}"),
    "tip": ("tips to the {side} by {angle}", "leans to the {side} by {angle}"),
    "twists": ("twists from side to side {times}", "twists one way and back {times}"),
    "twist": ("twists to the {side}", "twists at the waist to the {side}"),
    "still": ("stays {place} in place", "keeps {place} in place"),
    # torso, near the floor or head over heels: told of the whole body
    "sit_down": ("sits down{place}", "goes down to sit{place}"),
    "sit": ("sits{place} for {seconds}", "stays seated{place} for {seconds}"),
    "stand_up": ("stands up from sitting", "stands up from a seat"),
    "kneel_down": ("kneels down on {knees}", "goes down on {knees}"),
    "kneel": ("kneels on {knees} for {seconds}", "stays kneeling on {knees} for {seconds}"),
    "fours_down": ("goes down on hands and knees", "gets down on hands and knees"),
    "fours": ("stays on hands and knees for {seconds}", "is on hands and knees for {seconds}"),
    "crawl": ("crawls {way} {distance} on hands and knees", "crawls {way} {distance}"),
    "lie_down": ("lies down {place}", "gets down to lie {place}"),
    "lie": ("lies {place} for {seconds}", "stays lying {place} for {seconds}"),
    "get_up": ("gets up from the floor", "stands up from the floor"),
    "cartwheel": ("turns a cartwheel to the {side}", "does a cartwheel to the {side}"),
    "roll": ("rolls {way} over the floor", "does a roll {way} over the floor"),
    "handspring": ("goes {way} head over heels on the hands", "does a handspring {way}"),
    "flip": ("flips {way} through the air", "does a somersault {way} through the air"),
    "flip_aside": ("flips to the {side} through the air", "does a somersault to the {side} through the air"),
    "handstand": ("stands on the hands for {seconds}", "does a handstand for {seconds}"),
    # neck
    "head_rocks": ("tilts from side to side {times}", "tips from side to side {times}"),
    "head_tilt": ("tilts to the {side} to {angle}", "tips to the {side} to {angle}"),
    "head_upright": ("comes back upright", "straightens up"),
    "nods": ("nods {times}", "nods down and up {times}"),
    "bow": ("bows{pace} by {angle}", "tips down{pace} by {angle}"),
    "look_up": ("lifts{pace} by {angle}", "tips up{pace} by {angle}"),
    "tipped": ("stays {way}", "is held {way}"),
    # arms
    "arm_up": _each("rises", "lifts", "goes up", then="{pace}{aside}{origin} to {goal}"),
    "arm_down": _each("drops", "lowers", "comes down", then="{pace}{aside}{origin} to {goal}"),
    "arm_forward": ("moves{pace} forward{aside}{origin} to {goal}", "reaches{pace} forward{aside}{origin} to {goal}"),
    "arm_back": ("moves{pace} back{aside}{origin} to {goal}", "pulls{pace} back{aside}{origin} to {goal}"),
    "arm_outward": ("moves{pace} outward{aside}{origin} to {goal}", "opens{pace} outward{aside}{origin} to {goal}"),
    "arm_inward": ("moves{pace} inward{aside}{origin} to {goal}", "comes{pace} inward{aside}{origin} to {goal}"),
    "arm_repeat": ("swings{pace} {way} {times}{place}", "moves{pace} {way} {times}{place}"),
    "elbow_repeat": ("bends and straightens at the elbow {times}", "flexes and extends at the elbow {times}"),
    "elbow_bend": ("bends at the elbow to {angle}", "flexes at the elbow to {angle}"),
    "elbow_straighten": ("straightens at the elbow to {angle}", "extends at the elbow to {angle}"),
    "arm_strokes": ("makes small movements {way} {times}{place}", "makes little movements {way} {times}{place}"),
    "arm_on_hip": ("rests on the hip for {seconds}", "stays on the hip for {seconds}"),
    "arm_hold": ("stays {place} for {seconds}", "is held {place} for {seconds}"),
    "arm_rest": ("stays {place}{bent}, swaying a little", "moves only a little {place}{bent}"),
    "arm_still": ("stays still {place}{bent}", "is held still {place}{bent}"),
    # legs
    "steps": ("takes {steps} {way}{high}", "makes {steps} {way}{high}"),
    "kick": ("kicks {way} {times}, {height} high", "kicks {times} {way}, raising the foot by {height}"),
    "knee_lift": ("lifts the knee to hip height {times}", "raises the knee to hip height {times}"),
    "heel_up": ("kicks the heel up behind {times}", "lifts the heel up behind {times}"),
    "foot_lift": ("lifts the foot off the floor {times} by {height}", "raises the foot {times} by {height}"),
    "leg_jump": ("pushes off and lands {times}", "leaves the floor and lands {times}"),
    "knee_repeat": _each("bends and straightens", "flexes and extends", then=" at the knee {times}, up to {angle}"),
    "knee_bend": ("bends{pace} at the knee to {angle}", "flexes{pace} at the knee to {angle}"),
    "knee_straighten": ("straightens{pace} at the knee to {angle}", "extends{pace} at the knee to {angle}"),
    "leg_stand": ("stays planted on the floor{place}{bent}", "keeps standing in place{place}{bent}"),
    "leg_shift": ("shifts slowly over the floor by {distance}", "slides slowly over the floor by {distance}"),
    "leg_held": ("stays off the floor{place}{bent}", "is held off the floor{place}{bent}"),
    # pairs
    "head_sways": ("the head sways over the hips and back {times}", "the head goes out over the hips and back {times}"),
    "head_forward": ("the head moves forward by {distance}", "the head goes forward over the hips by {distance}"),
    "head_back": ("the head moves back by {distance}", "the head goes back over the hips by {distance}"),
    "head_ahead": ("the head stays {distance} ahead of the hips", "the head is held {distance} ahead of the hips"),
    "head_over": ("the head stays over the hips", "the head keeps in line with the hips"),
    "hand_across": ("{hand} reaches {place}", "{hand} is {place}"),
    "hand_to_and_fro": (
        "{hand} moves away from the torso and back again and again",
        "{hand} leaves the torso and returns again and again",
    ),
    "hand_to_trunk": ("{hand} comes close to the torso, {place}", "{hand} moves in to the torso, {place}"),
    "hand_from_trunk": ("{hand} moves away from the torso, {place}", "{hand} leaves the torso, {place}"),
    "hand_on_hip": ("{hand} rests on the {side} hip", "{hand} is on the {side} hip"),
    "hand_far": ("{hand} stays far from the torso", "{hand} is held away from the torso"),
    "hand_close": ("{hand} stays close to the torso", "{hand} is held close to the torso"),
    "knee_at_hip": ("the {side} knee is level with the hips{often}", "the {side} knee is at hip height{often}"),
    "hip_to_foot": (
        "the hips sink toward the {side} foot by {distance}",
        "the hips come {distance} closer to the {side} foot",
    ),
    "hip_from_foot": (
        "the hips rise from the {side} foot by {distance}",
        "the hips move {distance} away from the {side} foot",
    ),
    "leg_passes": (
        "the {side} leg swings forward and back under the torso {times}",
        "the {side} leg passes under the torso {times}",
    ),
    "leg_out": _each("the {side} foot stands far", "the {side} foot is", then=" out to the side of the hips"),
    "foot_under": ("the {side} foot stays under the hips", "the {side} foot keeps its place under the hips"),
    "hand_at_head": ("{hand} comes near the head{often}", "{hand} gets close to the head{often}"),
    "hand_touches": ("{hand} touches the {part}{often}", "{hand} is at the {part}{often}"),
    "hand_stays_at": ("{hand} stays at the {part} for {seconds}", "{hand} is held at the {part} for {seconds}"),
    "hand_above_head": ("{hand} is above the head{often}", "{hand} is higher than the head{often}"),
    "head_at_knee": ("the head comes down toward the {side} knee", "the head comes close to the {side} knee"),
    "arms_alike": ("both arms move {way} together", "the arms move {way} at the same time"),
    "arms_rise": ("both arms rise at the same time", "the arms rise together"),
    "arms_lower": ("both arms lower at the same time", "the arms come down together"),
    "arms_in_turn": ("the arms swing {way} in opposite directions", "the arms move {way} in turn"),
    "clap": ("the hands clap {times}{where}", "the hands clap together {times}{where}"),
    "hands_meet_and_part": _each("the hands meet and part", "the hands come together and part", then=" {times}{where}"),
    "arms_crossed": ("the arms are crossed for {seconds}", "the arms stay crossed for {seconds}"),
    "hands_stay_together": ("the hands stay together{where}", "the hands are held together{where}"),
    "hands_meet": ("the hands are together{where}{often}", "the hands are close together{where}{often}"),
    "hands_wide": ("the hands are wide apart", "the hands are far from each other"),
    "hand_at_elbow": ("{hand} comes to the {other} elbow", "{hand} is near the {other} elbow"),
    "hand_higher": ("{hand} is higher than the {other} hand", "{hand} is above the {other} hand"),
    "hands_apart": ("the hands stay {distance} apart", "the hands keep {distance} between them"),
    "hand_at_leg": _each("{hand} comes near", "{hand} reaches", then=" the {leg} {part}{often}"),
    "swing_with": ("{arm} swings together with {leg}", "{arm} and {leg} swing forward together"),
    "swing_against": ("{arm} swings opposite to {leg}", "{arm} swings forward as {leg} goes back"),
    "legs_in_turn": ("the legs step past each other {times}", "the legs swing forward in turn {times}"),
    "knees_together": ("both knees bend and straighten together", "the knees bend and straighten at the same time"),
    "legs_cross": ("the legs cross{often}", "one leg crosses in front of the other{often}"),
    "feet_wide": ("the feet are wide apart{often}", "the legs spread wide{often}"),
    "foot_ahead": _each("the {side} foot is in front of", "the {side} foot is ahead of", then=" the {other} foot"),
    "feet_together": ("the feet stay together", "the feet keep close together"),
    "feet_stand": ("the feet stay {distance} apart", "the feet keep {distance} between them"),
}

# How much a kind is worth telling whatever its amount: about 1 for what anybody would mention; 0.5 for kinds not named here.
SIZES: Final = {
    **dict.fromkeys(("still", "leg_stand", "leg_held"), 0.1),
    **dict.fromkeys(("head_over", "foot_under", "hands_apart", "feet_together", "feet_stand"), 0.1),
    **dict.fromkeys(("arm_hold", "arm_rest", "arm_still", "hand_far", "hand_close"), 0.2),
    "head_ahead": 0.3,
    **dict.fromkeys(("arm_strokes", "arm_on_hip"), 0.6),
    **dict.fromkeys(("hand_across", "hand_to_and_fro", "legs_cross"), 0.7),
    "head_sways": 0.8,
    **dict.fromkeys(("head_at_knee", "hands_stay_together", "hands_meet", "hand_at_leg", "hand_on_hip"), 0.9),
    **dict.fromkeys(("knee_lift", "heel_up", "foot_lift", "knee_at_hip", "hand_at_head", "legs_in_turn"), 1.0),
    **dict.fromkeys(("hand_touches", "hand_stays_at", "clap", "hands_meet_and_part", "arms_crossed"), 1.2),
    "hand_above_head": 1.1,
    "leg_jump": 1.5,
    **dict.fromkeys(("jump", "invert", "kick"), 2.0),
    **dict.fromkeys(("sit_down", "stand_up", "kneel_down", "fours_down", "lie_down", "get_up"), 2.0),
    **dict.fromkeys(("sit", "kneel", "fours", "lie"), 1.5),
    **dict.fromkeys(("crawl", "cartwheel", "roll", "handspring", "flip", "flip_aside", "handstand"), 3.0),
}


@dataclass(frozen=True)
class Amount:
    """The one word of a phrase that is a measured number."""

    number: Real  # without sign, since the words around it tell the direction
    unit: str  # one of `kinmo_core.text.UNITS`
    text: str = SLOT  # the words with `{}` in place of the number

    def __str__(self) -> str:
        return self.text


def observed(who: str, kind: str, start: int, end: int, *, size: Real | None = None, **words: str | Amount) -> Observed:
    """Make a statement of a kind in its plainest words.

    Args:
        who: group or pair.
        kind: key of `PHRASES`.
        start, end: frames at `FPS` a second.
        size: how much it is worth telling; that of its kind in `SIZES` if None.
        words: fill the phrase; at most one is an `Amount`.
    """
    text = PHRASES[kind][0].format(**words)
    amount = next((word for word in words.values() if isinstance(word, Amount)), None)
    measured = (amount.number, amount.unit) if amount and SLOT in text else (None, "")
    statement = Statement(who, start / FPS, end / FPS, text, *measured)
    size = SIZES.get(kind, 0.5) if size is None else size
    return Observed(statement, kind, size, {name: str(word) for name, word in words.items()})


def vary(one: Observed, seed: int) -> Observed:
    """Word a statement as the seed chooses. A mirrored statement gets the mirrored words."""
    statement = one.statement
    return one.say(choose(PHRASES[one.kind], seed, statement.who, one.kind, statement.sentence, statement.start))


def choose(options: Sequence[str], seed: int, who: str, kind: str, sentence: str, start: Real = 0.0) -> str:
    """Choose an option by the seed and by all that a statement says apart from its side."""
    limb = who.replace("left", "side").replace("right", "side")
    text = min(sentence, mirror_text(sentence))  # the same for both sides
    return options[zlib.crc32(f"{seed} {limb} {kind} {text} {start:.2f}".encode()) % len(options)]


def in_time(found: Iterable[Observed]) -> list[Observed]:
    """Sort by start; of two that start together the larger comes first."""
    return sorted(found, key=lambda one: (one.statement.start, -one.size, one.kind))
