"""What each rule is for, tried on what portarium-init programs in its container, under the sidecar in its
own. The sentences are in rules.py and rules_raw.py; Tests/pod/mutate takes the rules away under them."""

import contextlib

import rules
import rules_raw  # adds its cases
from captured import Captured
from scene import scene


@contextlib.contextmanager
def captured(stage):
    with scene(stage, document=rules.DOCUMENT, names=False) as it:
        it.network.route_back()
        again = {**it.container("portarium-init"), "name": "again"}

        def put():
            it.pod.run_to_end(again, "--rm")
        yield Captured(it.network, put)


suite = rules.suite
suite.scene = captured
