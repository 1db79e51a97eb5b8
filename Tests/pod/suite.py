"""Cases are sentences. A suite is a list of them that share a scene."""

import contextlib
import traceback

from stage import Unable


class Differs(Exception):
    """Something came out otherwise than it must."""


def expect(what, seen, wanted):
    """`wanted` is the value, or a condition."""
    good = wanted(seen) if callable(wanted) else seen == wanted
    if not good:
        raise Differs(f"{what}: {seen!r}" + ("" if callable(wanted) else f", not {wanted!r}"))


class Suite:
    """`scene`: makes what the cases are given, a context manager."""

    def __init__(self, title, scene):
        self.title, self.scene, self.cases = title, scene, []

    def case(self, sentence):
        def add(function):
            self.cases.append((sentence, function))
            return function
        return add

    def chosen(self, words):
        """The cases whose sentence, or whose suite's title, holds all these words."""
        return [(sentence, function) for sentence, function in self.cases
                if all(word.lower() in f"{self.title} {sentence}".lower() for word in words)]

    def run(self, stage, words):
        """Runs them and says of each whether it holds. How many passed and failed."""
        chosen = self.chosen(words)
        if not chosen:
            return 0, 0
        print(f"\n{self.title}", flush=True)
        passed = failed = 0
        with contextlib.ExitStack() as stack:
            try:
                scene = stack.enter_context(self.scene(stage))
            except Exception as error:
                say(False, f"{self.title}: the scene can't be made", error)
                return 0, len(chosen)
            for sentence, function in chosen:
                try:
                    figure = function(scene)
                    say(True, sentence + (f": {figure}" if figure else ""))
                    passed += 1
                except Exception as error:
                    say(False, sentence, error)
                    failed += 1
        return passed, failed


def say(good, sentence, error=None):
    print(f"  {'✔' if good else '✘'} {sentence}", flush=True)
    if error is None:
        return
    text = str(error) if isinstance(error, (Differs, Unable)) else f"{type(error).__name__}: {error}"
    if not isinstance(error, (Differs, Unable)):
        text += "\n" + "".join(traceback.format_tb(error.__traceback__)[-3:])
    print("      " + text.strip().replace("\n", "\n      "), flush=True)
