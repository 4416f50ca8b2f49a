"""What can go wrong with a model that is asked, each as an endpoint on loopback: for showing what the gate then does."""

from __future__ import annotations

from collections.abc import Callable

from magistrate.testing.endpoint import Endpoint, Fault, answer

FAULTS: dict[str, Callable[[], Endpoint]] = {
    "hangs": lambda: Endpoint(always=Fault(hang=30.0)),
    "HTTP 429": lambda: Endpoint(always=Fault(status=429)),
    "HTTP 503": lambda: Endpoint(always=Fault(status=503)),
    "HTTP 500": lambda: Endpoint(always=Fault(status=500)),
    "HTTP 401": lambda: Endpoint(always=Fault(status=401)),
    "half an answer": lambda: Endpoint(always=Fault(cut=True)),
    "no JSON": lambda: Endpoint(always=Fault(body=b"<html>gateway</html>")),
    "no choice": lambda: Endpoint(always=Fault(body=b'{"choices": []}')),
    "cut at its length": lambda: Endpoint(always=Fault(finish="length")),
    "refuses to answer": lambda: Endpoint(always=Fault(finish="content_filter")),
    "words instead of JSON": lambda: Endpoint(reply=lambda body: "Looks fine to me, allow it."),
    "other JSON": lambda: Endpoint(reply=lambda body: '{"verdict": "allow"}'),
    "a decision that there is not": lambda: Endpoint(reply=lambda body: answer("permit")),
    "a rule that there is not": lambda: Endpoint(reply=lambda body: answer("allow", "made.up")),
    "empty": lambda: Endpoint(reply=lambda body: " "),
}
"""Name -> an endpoint that always does it. `ABSENT` is the one without a server."""
ABSENT = "http://127.0.0.1:9/v1"
"""Nobody listens there (the discard port)."""


def agrees() -> Endpoint:
    """A model that always says allow."""
    return Endpoint(reply=lambda body: answer("allow"))
