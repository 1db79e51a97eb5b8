"""Latency where nothing is busy: one request at a time, in turn through every contender."""

from comparison.load import FIELDS, drive
from comparison.processor import usage
from comparison.stage import WEB, Unable

DIRECT = 2999  # a uid that the redirect doesn't know


def round_of(stage, contenders, seconds):
    """For `direct` and each contender: requests, nanoseconds by percentile, processor time a request."""
    request = stage.directory / "request"
    request.write_text("\r\n".join(["GET / HTTP/1.1", *FIELDS, "", ""]))
    before = {c.name: usage(c.process.pid) for c in contenders}
    said = drive(stage, seconds, stage.program("quiet"), WEB, 80, seconds, request, DIRECT,
                 *(c.workload for c in contenders))
    outcome = {"direct": said[0]}
    for contender, own in zip(contenders, said[1:]):
        spent = usage(contender.process.pid).since(before[contender.name])
        outcome[contender.name] = own | {"per_unit": spent.cpu / 1e3 / own["requests"]}
        if contender.logs and contender.lines(own["requests"]) < own["requests"]:
            raise Unable(f"{contender.name} left too few lines for {own['requests']} requests")
    return outcome
