"""Rules as text: `then(travels(forward, 1.0), turns(left, 60))`. A bare word is a string, a call a function of `RULES`."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from typing import Any, Final

from kinmo_core.errors import InputError
from kinmo_gen.follow import arms, floor, hands, legs, posture, spans, travel, trunk
from kinmo_gen.follow.body import Body
from kinmo_gen.follow.spans import Rule, Span

_FUNCTIONS: Final[tuple[Callable[..., Rule], ...]] = (
    *(spans.then, spans.together, spans.without, spans.never, spans.either, spans.throughout, spans.times),
    *(travel.travels, travel.steps_in_place, travel.turns, travel.jumps, travel.climbs),
    *(posture.posture, floor.crawls, floor.rolls, floor.rolls_over, floor.cartwheels, floor.push_ups, floor.sit_ups),
    *(hands.hand, hands.brings),
    *(arms.punches, arms.throws, arms.waves, arms.claps, arms.circles, arms.swings_arm),
    *(arms.flaps, arms.bends_elbow),
    *(legs.kicks, legs.lifts_knee, legs.stands_on, legs.leg_out, legs.heel_back, legs.hops, legs.steps_with),
    *(legs.lunges, legs.feet_apart),
    *(trunk.leans, trunk.bows, trunk.twists, trunk.twists_to_and_fro, trunk.sways),
    *(trunk.looks, trunk.nods, trunk.tilts_head),
)
RULES: Final[dict[str, Callable[..., Rule]]] = {function.__name__: function for function in _FUNCTIONS}


def parse_rule(text: str) -> Rule:
    """Build the rule that an expression names.

    Raises:
        InputError: not an expression of this kind, an unknown rule, or arguments that the rule does not take.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise InputError(f"rule must be an expression like turns(left, 90), got {text!r}: {error.msg}") from None
    if not isinstance(tree, ast.Call):
        raise InputError(f"rule must be an expression like turns(left, 90), got {text!r}")
    return _value(tree, text)


def _value(node: ast.expr, text: str) -> Any:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, text)
        case ast.Name(id=word):
            return word
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords):
            return _call(
                name, [_value(a, text) for a in arguments], {k.arg: _value(k.value, text) for k in keywords}, text
            )
        case _:
            raise InputError(f"rule must hold calls, words and numbers only, got {ast.unparse(node)!r} in {text!r}")


def _remembered(text: str, rule: Rule) -> Rule:
    """Evaluate a rule once for a body, however many sentences have it."""

    def follow(body: Body) -> list[Span]:
        if text not in body.found:
            body.found[text] = rule(body)
        return body.found[text]

    return follow


def _call(name: str, arguments: list[Any], named: dict[Any, Any], text: str) -> Rule:
    if name not in RULES:
        raise InputError(f"rule must be one of {', '.join(RULES)}, got {name!r} in {text!r}")
    signature = inspect.signature(RULES[name])
    try:
        bound = signature.bind(*arguments, **named)
        for word, value in bound.arguments.items():
            if signature.parameters[word].annotation == "float":
                bound.arguments[word] = float(value)
        return RULES[name](*bound.args, **bound.kwargs)
    except (TypeError, ValueError, KeyError) as error:
        raise InputError(f"{name} cannot take these arguments in {text!r}: {error}") from None
