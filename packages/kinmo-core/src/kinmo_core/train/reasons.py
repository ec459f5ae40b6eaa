"""What is wrong with a value of a configuration, in one line, from the pages that jsonargparse writes about it.

It tries every type that an argument may have, nests the failures of each, and repeats the value, weights included:

    Parser key "data":
      Does not validate against any of the Union subtypes
      Subtypes: [<class 'LightningDataModule'>, <class 'NoneType'>]
      Errors:
        - Problem with given class_path 'kinmo_gen.train.tokenizer.TokenizerData':
            Parser key "loader.batch_size":
              Expected a <class 'int'>. Got value: x
        - Expected a <class 'NoneType'>
      Given value type: <class 'jsonargparse._util.NestedArg'>
      Given value: NestedArg(key='loader.batch_size', val='x')
"""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 300  # characters of a reason: three lines of a terminal
_FRAME: Final = re.compile(
    "Parser key|Does not validate|Subtypes:|Errors:$|Problem with given|Expected a <class 'NoneType'>"
)


def reason(message: str) -> str:
    """Return "data.loader.batch_size must be int, got x" for the message above."""
    said, _, given = message.partition("Given value type:")
    value = re.search(r"Given value: (?:NestedArg\(key=.*?, val=)?(.{1,80})", given)
    key = ".".join(re.findall(r'Parser key "([^"]+)"', said))
    without_none = re.sub(r"- Expected a <class 'NoneType'>\. Got value: .*", "", said, flags=re.DOTALL)
    stripped = (line.strip().removeprefix("- ") for line in without_none.splitlines())
    lines = [re.sub(r'^Parser key "[^"]+":\s*(?=\S)', "", line) for line in stripped]
    lines = [line for line in lines if line and not _FRAME.match(line)]
    wanted = [
        _plain(match[1]) for line in lines if (match := re.match(r"Expected an? (.+?)(?:\. Got value: .*)?$", line))
    ]
    if wanted and len(wanted) == len(lines):
        got = re.search(r"Got value: (.{1,80})", said) or value
        text = f"must be {' or '.join(dict.fromkeys(wanted))}" + (f", got {got[1].rstrip(')')}" if got else "")
        return _short(f"{key or 'a value'} {text}")
    return _short(f"{key}: {'; '.join(lines)}" if key else "; ".join(lines))


def _plain(kind: str) -> str:
    """Write a type as people know it: "<class 'int'>" is "int", "typing.Literal[1, 2]" is "1, 2"."""
    return re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", re.sub(r"^typing\.Literal\[(.*)\]$", r"\1", kind))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]} ..."
