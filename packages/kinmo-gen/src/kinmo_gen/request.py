"""What a user asks the generator for, and what it makes of it: a sentence, its duration, and what every limb does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kinmo_annotate.show import limb_name
from kinmo_core.errors import InputError
from kinmo_core.motion import Motion
from kinmo_core.text import BODY, Statement, Timeline, check_sentence
from kinmo_gen.choice import Choice, best_of, posed, quiet
from kinmo_gen.generator import Generator
from kinmo_gen.instructions import Instruction, instruct
from kinmo_gen.length import tokens_of
from kinmo_gen.script import Line, read_script, timeline_of
from kinmo_reasoner.offline import OfflineReasoner
from kinmo_reasoner.show import plan_text


@dataclass(frozen=True)
class Asked:
    """A motion that a user asks for.

    Args:
        text: the sentence.
        seconds: duration; see `Generator.durations` where None.
        timeline: what the limbs do; planned by the reasoner where None.
        limbs: instructions to single limbs, which go before the plan.
        script: sentences with their times, each of which is planned for itself.
        wanted: what the motion is judged by: the given timeline, or what the words say without what merely goes along with
            it; filled in by `resolve`.

    Raises:
        InputError: an empty or overlong sentence, or a duration outside 0.4 to 120 seconds.
    """

    text: str
    seconds: float | None = None
    timeline: Timeline | None = None
    limbs: tuple[Instruction, ...] = ()
    script: tuple[Line, ...] = ()
    wanted: Timeline | None = None

    def __post_init__(self) -> None:
        check_sentence(self.text)
        if self.seconds is not None:
            tokens_of(self.seconds)

    @staticmethod
    def of_timeline(path: Path, text: str | None, limbs: tuple[Instruction, ...]) -> Asked:
        """Ask for the timeline of a file; its statements about the body are the sentence where none is given.

        Raises:
            InputError: the file holds no timeline, or there is no sentence in either place.
        """
        timeline = Timeline.load(path)
        said = text or ", then ".join(statement.sentence for statement in timeline.of(BODY))
        if not said:
            raise InputError(f"{path} must have a statement about the body, or be given with a sentence, got neither")
        return Asked(said, float(timeline.seconds), timeline, limbs)

    @staticmethod
    def of_script(path: Path, limbs: tuple[Instruction, ...]) -> Asked:
        """Ask for what the lines of a file say, one after the other; see `read_script`."""
        script = read_script(path)
        return Asked(", then ".join(line.text for line in script), script[-1].end, None, limbs, script)


def resolve(generator: Generator, asked: Sequence[Asked], *, seed: int | None) -> list[Asked]:
    """Fill in durations, timelines and what is wanted.

    Raises:
        InputError: a sentence that the reasoner does not understand, or instructions that do not fit the motion; or
            instructions to a model that hears only sentences.
    """
    texts = [one.text for one in asked]
    drawn = generator.durations(texts, seed=seed)
    seconds = [one.seconds or duration for one, duration in zip(asked, drawn, strict=True)]
    plans = [
        plan and (_plan_of_script(generator, one.script) if one.script else plan)
        for one, plan in zip(asked, generator.plan(texts, seconds), strict=True)
    ]
    return [_resolved(generator, *each) for each in zip(asked, seconds, plans, strict=True)]


def _resolved(generator: Generator, one: Asked, seconds: float, plan: Timeline | None) -> Asked:
    reasoner, timeline, wanted = generator.reasoner, one.timeline or plan, one.timeline
    if isinstance(reasoner, OfflineReasoner):
        if wanted is None:
            lines = one.script or [Line(0.0, seconds, one.text)]
            wanted = timeline_of(lines, reasoner.said(*_texts_and_seconds(lines)))
        timeline = instruct(timeline or Timeline((), seconds), one.limbs, reasoner)
        wanted = instruct(wanted, one.limbs, reasoner)
    elif one.limbs or one.script:
        raise InputError("the model must hear statements to be told what limbs do, got one of sentences only")
    return replace(one, seconds=seconds, timeline=timeline, wanted=wanted)


def _plan_of_script(generator: Generator, script: Sequence[Line]) -> Timeline:
    return timeline_of(script, (plan for plan in generator.plan(*_texts_and_seconds(script)) if plan is not None))


def _texts_and_seconds(lines: Sequence[Line]) -> tuple[list[str], list[float]]:
    return [line.text for line in lines], [line.seconds for line in lines]


def make(
    generator: Generator,
    resolved: Sequence[Asked],
    *,
    candidates: int = 1,
    poses: bool = True,
    seed: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Choice]:
    """Sample what `resolve` returned, again where it misses something, and choose the best.

    Args:
        generator: samples.
        resolved: requests with their durations.
        candidates: how often a motion is sampled at most, until one misses nothing; of these, the one that does most is
            chosen.
        poses: whether limbs that miss what is wanted are posed; see `kinmo_gen.posing`. Where that is not enough, a quiet
            motion is sampled in addition, to pose them on.
        seed: makes the result repeatable.
        progress: called with (candidates done, candidates in all).
    """
    best: list[Choice | None] = [None] * len(resolved)
    for number in range(candidates):
        rows = [row for row, choice in enumerate(best) if choice is None or choice.missed]
        if not rows:
            break

        def tell(done: int, _: int, number: int = number, rows: Sequence[int] = rows) -> None:
            if progress is not None:
                progress(number * len(resolved) + done * len(resolved) // len(rows), candidates * len(resolved))

        again = [resolved[row] for row in rows]
        for row, motion in zip(rows, _sample(generator, again, _seed_of(seed, number), tell), strict=True):
            told, wanted = _said(resolved[row])
            made = best_of([motion], wanted)
            best[row] = _better(best[row], posed(made, told, wanted) if poses else made)
    chosen = [choice for choice in best if choice is not None]
    return _on_quiet_motions(generator, chosen, resolved, seed) if poses else chosen


def _seed_of(seed: int | None, number: int) -> int | None:
    """Return the seed of the motions that are sampled after `number` others."""
    if seed is None or number == 0:
        return seed
    return int(np.random.SeedSequence((seed, number)).generate_state(1)[0])


def _better(first: Choice | None, second: Choice) -> Choice:
    return first if first is not None and first.score >= second.score else second


def _on_quiet_motions(
    generator: Generator, chosen: Sequence[Choice], resolved: Sequence[Asked], seed: int | None
) -> list[Choice]:
    """Pose the limbs of a quiet motion where a motion still misses something."""
    best = list(chosen)
    bases = {
        row: base
        for row, one in enumerate(resolved)
        if not best[row].is_good and (base := quiet(one.text, *_said(one))) is not None
    }
    calm = [replace(resolved[row], text=text, timeline=timeline) for row, (text, timeline) in bases.items()]
    for row, motion in zip(bases, _sample(generator, calm, seed), strict=True):
        told, wanted = _said(resolved[row])
        other = posed(best_of([replace(motion, text=resolved[row].text)], wanted), told, wanted)
        best[row] = _better(best[row], other)
    return best


def _said(one: Asked) -> tuple[Timeline, Timeline]:
    """Return what the limbs are told and what is wanted, empty where a request has none."""
    nothing = Timeline((), 1.0)
    return one.timeline or nothing, one.wanted or nothing


def _sample(
    generator: Generator,
    asked: Sequence[Asked],
    seed: int | None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Motion]:
    return generator.sample(
        [one.text for one in asked],
        seconds=[one.seconds or 0.0 for one in asked],
        timelines=[one.timeline for one in asked],
        seed=seed,
        progress=progress,
    )


def explanation(one: Asked, *, whole: bool) -> str:
    """Say what was understood of a resolved request: in one line, or as the whole timeline with a bar for each statement."""
    if one.timeline is None:
        return f"{one.text}: told as one sentence"
    if whole:
        return plan_text(one.timeline)
    told = told_text(s for s in (one.wanted or one.timeline).statements if s.who != BODY)
    return f"{one.text}: {told or 'no known action, moves as in similar captions'}"


def told_text(statements: Iterable[Statement]) -> str:
    """Write statements in one line: "left arm rises; right leg kicks"."""
    return "; ".join(f"{'' if '+' in s.who else limb_name(s.who) + ' '}{s.sentence}" for s in statements)
