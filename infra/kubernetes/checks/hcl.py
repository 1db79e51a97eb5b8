"""HCL as SPIRE's files use it: blocks with or without a label, assignments, lists, objects."""

import json
import re

TOKEN = re.compile(r'\s+|#[^\n]*|("(?:\\.|[^"\\\n])*"|[{}\[\],=]|[\w.-]+)')


def read(text):
    """The file as nested dictionaries; `A "b" {…}` is {"A": {"b": {…}}}."""
    tokens, position = [], 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if not match:
            raise ValueError(f"line {text.count(chr(10), 0, position) + 1}: not HCL")
        if match.group(1):
            tokens.append(match.group(1))
        position = match.end()
    tokens.append(None)
    tokens.reverse()
    return items(tokens, None)


def items(tokens, end):
    found = {}
    while tokens[-1] != end:
        keys = []
        while tokens[-1] not in {"{", "="}:
            keys.append(word(tokens))
        if not keys:
            raise ValueError("a value without a name")
        if tokens[-1] == "=":
            tokens.pop()
        place = found
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        if keys[-1] in place:
            raise ValueError(f"{' '.join(keys)} stands there twice")
        place[keys[-1]] = value(tokens)
        if tokens[-1] == ",":
            tokens.pop()
    tokens.pop()
    return found


def value(tokens):
    if tokens[-1] == "{":
        tokens.pop()
        return items(tokens, "}")
    if tokens[-1] != "[":
        return word(tokens)
    tokens.pop()
    found = []
    while tokens[-1] != "]":
        found.append(value(tokens))
        if tokens[-1] == ",":
            tokens.pop()
    tokens.pop()
    return found


def word(tokens):
    token = tokens.pop()
    if token is None or token in "{}[],=":
        raise ValueError(f"{token or 'the end'} where a word was expected")
    return json.loads(token) if token.startswith('"') or token in {"true", "false"} else token
