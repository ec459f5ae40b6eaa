"""A conversation with a language model that goes on until an answer can be used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from kinmo_annotate.prompts import Messages
from kinmo_annotate.writers.answers import MalformedError
from kinmo_annotate.writers.journal import Answer

_T = TypeVar("_T")


def first_usable(
    complete: Callable[[Messages], Answer],
    messages: Messages,
    read: Callable[[str], _T],
    *,
    asks: int,
    ask_again: Callable[[Messages, str, str], Messages],
) -> _T:
    """Return the first usable answer as `read` returns it; an unusable one goes back with the reason.

    Args:
        complete: returns the model's answer to a conversation.
        messages: the question.
        read: turns the text of an answer into a value; raises `MalformedError` for one that cannot be used.
        asks: maximum number of answers.
        ask_again: returns a conversation, an answer to it and the reason as a longer conversation.

    Raises:
        MalformedError: the last answer cannot be used either.
    """
    for _ in range(asks - 1):
        answer = complete(messages)
        try:
            return _read(answer, read)
        except MalformedError as error:
            messages = ask_again(messages, answer.text, str(error))
    return _read(complete(messages), read)


def _read(answer: Answer, read: Callable[[str], _T]) -> _T:
    if answer.finish_reason == "length":
        raise MalformedError("it is cut off; write less")
    if answer.finish_reason == "content_filter":
        raise MalformedError("it was withheld by a content filter; describe only how the body moves")
    return read(answer.text)
