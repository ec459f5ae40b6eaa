"""A sentence as clauses: one action each, in the order in which they happen, with what goes on at the same time.

"before jumping, he walks and waves his left hand" -> walk, and wave L hand, then jump
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kinmo_reasoner.actions import Actions
from kinmo_reasoner.clause import LIMB, PARTS, SIDES, Clause, read_manner
from kinmo_reasoner.words import SUBJECT, Lexicon, Word, limb_of

_STILL: Final = re.compile(r"\b(still|motionless|stiff|steady|unmoved|rigid)\b")
_DIRECTION: Final = re.compile(r"\b(?:forwards?|backwards?|back|sideways?|ahead)\b")
_UP_DOWN: Final = {"up": "raise", "back up": "raise", "down": "lower", "back down": "lower"}
_OTHER: Final = {"L": "R", "R": "L"}
_IN_TURN: Final = re.compile(r" (?:in turn|alternat\w+|one (?:after|by) (?:other|one))\b")


@dataclass
class _Segment:
    """Words between two connectives, with the connectives before them."""

    marks: set[str]
    words: list[Word]

    @property
    def text(self) -> str:
        return " ".join(word.base for word in self.words)


def read_clauses(sentence: str, lexicon: Lexicon, actions: Actions) -> list[Clause]:
    """Split a sentence into its clauses.

    Raises:
        InputError: the sentence is not English.
    """
    segments = _without_openers(_split(lexicon.shorten(sentence), lexicon), lexicon)
    parts = [part for segment in segments for part in _divided(segment, actions)]
    parts = _with_subjects([part for part in parts if part.words], actions, lexicon)
    linked = _linked(_sharing(_resolved(parts, actions, lexicon), actions), lexicon)
    return [each for clause in linked for each in _in_turn(clause)]


def _split(words: Sequence[Word], lexicon: Lexicon) -> list[_Segment]:
    """Cut at connectives."""
    marks = frozenset().union(*(lexicon.sets[name] for name in ("sequence", "overlap", "neutral", "negation")))
    segments = [_Segment(set(), [])]
    for word in words:
        if word.base in marks or word.base in ("before", "after", SUBJECT):
            if segments[-1].words:
                segments.append(_Segment(set(), []))
            segments[-1].marks.add(word.base)
        else:
            segments[-1].words.append(word)
    return [segment for segment in segments if segment.words]


def _without_openers(segments: list[_Segment], lexicon: Lexicon) -> list[_Segment]:
    """Take out "starts to", "keeps" before a participle, "first" and "again"."""
    for segment in segments:
        words, kept = segment.words, []
        for place, word in enumerate(words):
            after = words[place + 1] if place + 1 < len(words) else None
            opener = word.base in lexicon.sets["openers"] or (
                word.base in ("keep", "go", "continue", "get") and after is not None and after.ing
            )
            if not opener and word.base not in ("first", "again", "once", "even"):
                kept.append(word)
        segment.words = kept[1:] if kept and kept[0].base == "to" else kept
    return [segment for segment in segments if segment.words]


def _divided(segment: _Segment, actions: Actions) -> Iterator[_Segment]:
    """Cut a segment before a participle ("walks raising an arm") and before "with" and another limb ("with arms raised")."""
    for place in range(1, len(segment.words)):
        word, before = segment.words[place], segment.words[place - 1].base
        head, rest = segment.words[:place], segment.words[place:]
        action = actions.find(_text(head))
        if word.ing and action and before not in ("stop", "start"):
            if before == "by":
                yield from _divided(_Segment(segment.marks, rest), actions)
                return
            yield _Segment(segment.marks, head)
            yield from _divided(_Segment({"while"}, rest), actions)
            return
        if word.base == "with" and action and actions.find(_text(rest[1:])) and _differ(action.limb, rest):
            yield _Segment(segment.marks, head)
            yield from _divided(_Segment({"while"}, rest[1:]), actions)
            return
    yield segment


def _differ(limb: str, words: Sequence[Word]) -> bool:
    """Tell whether the first limb that is named is another than that of an action."""
    named = next((found for word in words if (found := limb_of(word.base))), None)
    return named is not None and named != limb


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.base for word in words)


def _with_subjects(parts: list[_Segment], actions: Actions, lexicon: Lexicon) -> list[_Segment]:
    """Join what was cut between a limb and its negated verb: "her legs", "not move"."""
    joined: list[_Segment] = []
    for part in parts:
        before = joined[-1] if joined else None
        negated = part.marks & lexicon.sets["negation"]
        bare = before is not None and LIMB.search(before.text) and actions.find(before.text) is None
        if negated and bare and not part.marks & lexicon.sets["neutral"] and not LIMB.search(part.text):
            assert before is not None
            joined[-1] = _Segment(before.marks | part.marks, before.words + part.words)
        else:
            joined.append(part)
    return joined


def _resolved(parts: Sequence[_Segment], actions: Actions, lexicon: Lexicon) -> list[tuple[_Segment, Clause]]:
    """Fill in what a clause leaves to the one before it, and read its manner."""
    found: list[tuple[_Segment, Clause]] = []
    limb: str | None = None  # the last one that was named, with its side
    for part in parts:
        only = any(word.base == "only" for word in part.words)
        text, manner = read_manner([word for word in part.words if word.base != "only"], lexicon)
        text = re.sub(rf"\bone ({PARTS})\b", r"R \1", text)
        text = re.sub(r"\b([LRB]) one\b", rf"\1 {limb.split()[-1] if limb else 'one'}", text)
        text = _completed(text, found[-1][1].text if found else "", limb, actions)
        negated = bool(part.marks & lexicon.sets["negation"])
        named = LIMB.search(text)
        if _STILL.search(text) and named:
            negated = True
        elif negated and not named and re.fullmatch(r"(?:at all |to )?move.*|at all", text):
            text, negated = "not move", False
        found.append((part, Clause(text, "and", negated, manner)))
        if named and named["side"] in SIDES:
            limb = f"{named['side']} {named['part']}"
            if only and named["side"] in _OTHER:
                other = f"{_OTHER[named['side']]} {named['part']}"
                found.append((_Segment({"while"}, part.words), Clause(f"{other} move", "while", True)))
    return found


def _sharing(found: Sequence[tuple[_Segment, Clause]], actions: Actions) -> list[tuple[_Segment, Clause]]:
    """Give a verb the limb of the next clause ("raises and lowers the left arm"), and a verb an opening "with his hand"."""
    shared = list(found)
    if len(shared) > 1 and shared[0][1].text.startswith("with ") and actions.find(shared[0][1].text) is None:
        (part, clause), opening = shared[1], shared[0][1].text
        shared[:2] = [(_Segment(set(), part.words), replace(clause, text=f"{clause.text} {opening}"))]
    for place in range(len(shared) - 2, -1, -1):
        (part, clause), after = shared[place], LIMB.search(shared[place + 1][1].text)
        if after and clause.text.isalpha() and actions.find(clause.text) is None:
            filled = f"{clause.text} {after[0]}"
            shared[place] = (part, replace(clause, text=filled if actions.find(filled) else clause.text))
    return shared


def _completed(text: str, before: str, limb: str | None, actions: Actions) -> str:
    """Put in the limb that "it" or "the other" stands for, or the verb of the clause before."""
    if limb and limb[0] in _OTHER:
        text = re.sub(r"\bother\b(?: one)?", _OTHER[limb[0]], text)
    if limb and re.search(r"\b(it|them)\b", text) and not LIMB.search(text):
        text = re.sub(r"\b(it|them)\b", limb, text)
    if actions.find(text) or not before:
        return text
    if _DIRECTION.fullmatch(text):
        return f"{_DIRECTION.sub('', before).strip()} {text}"
    if text in _UP_DOWN and limb:
        return f"{_UP_DOWN[text]} {limb}"
    named, side = LIMB.search(text), re.search(r"\b[LRB]\b", text)
    if not named and not side:
        return text
    new = named[0] if named else side[0] if side else ""
    host = LIMB.search(before)
    if host and named:
        return before[: host.start()] + text + before[host.end() :]
    if host:
        return f"{before[: host.start()]}{new} {host['part']}{before[host.end() :]}"
    if re.search(r"\b[LR]\b", before):
        return re.sub(r"\b[LR]\b", new, before, count=1)
    return f"{before} {text}"


def _linked(found: Sequence[tuple[_Segment, Clause]], lexicon: Lexicon) -> list[Clause]:
    """Order clauses by "before" and "after", and say how each goes on from the last."""
    out: list[Clause] = []
    leading: str = ""  # the connective that the sentence opened with, until its main clause
    group = 0  # where the last run of clauses without "then" starts
    for number, (part, clause) in enumerate(found):
        marks = part.marks
        simple = not marks - lexicon.sets["neutral"] - lexicon.sets["negation"] - {SUBJECT}
        if number == 0:
            leading = next((m for m in marks if m in ("before", "after") or m in lexicon.sets["overlap"]), "")
            out.append(clause)
        elif leading and simple:
            if leading == "before":
                out = [clause, replace(out[0], link="then"), *out[1:]]
            else:
                out.append(replace(clause, link="then" if leading == "after" else "while"))
                group = len(out) - 1 if leading == "after" else group
            leading = ""
        elif "after" in marks:
            first = replace(out[group], link="then")
            out = [*out[:group], replace(clause, link=out[group].link), first, *out[group + 1 :]]
            group += 1
        elif "before" in marks or marks & lexicon.sets["sequence"]:
            group = len(out)
            out.append(replace(clause, link="then"))
        elif marks & lexicon.sets["overlap"] or _participle_after_verb(part, found[number - 1][0], marks):
            out.append(replace(clause, link="while"))
        else:
            out.append(clause)
    return out


def _in_turn(clause: Clause) -> list[Clause]:
    """Return what both arms or legs do in turn as what each of them does."""
    text = _IN_TURN.sub("", clause.text)
    if text == clause.text or clause.side != "B":
        return [clause]
    left, right = (re.sub(r"\bB\b", side, text, count=1) for side in _OTHER)
    return [replace(clause, text=left), replace(clause, text=right, link="then")]


def _participle_after_verb(part: _Segment, before: _Segment, marks: set[str]) -> bool:
    """Tell whether a clause is an aside such as ", turning right" after a full verb."""
    aside = part.words[0].ing and not any(word.ing for word in before.words)
    return aside and not {"and", SUBJECT} & marks
