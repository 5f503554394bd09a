"""Fuzzing of `signing.verify()`: `python tests/fuzz/verify_fuzz.py -max_total_time=60` (needs `atheris`).

Whatever arrives: a message that was signed is accepted, the same with anything changed is refused, and the one
error that leaves is `SignatureError`. `nox -s fuzz` runs it for a bounded time.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Protocol

from integrations_sdk import signing
from integrations_sdk.errors import SignatureError
from integrations_sdk.models import Secret

__all__ = ["Provider", "one_input"]

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
PAIR = signing.KeyPair(
    private_key=Secret("whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc="),
    public_key="whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
)
SIGNING = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
TEXT = Secret("the secret of the fuzzer")
SCHEMES = (
    signing.HmacScheme(header="X-Sig", prefix="s="),
    signing.HmacScheme(header="X-Sig", timestamp_header="X-Sig", prefix="v1=", separator=","),
    signing.HmacScheme(header="X-Sig", timestamp_header="X-Time", id_header="X-Id", encoding="base64"),
)
# Source, scheme, what the sender signs with, and what the receiver knows.
CASES = [
    *((source, None, TEXT, TEXT) for source in signing.SOURCES),
    ("gitlab", None, SIGNING, SIGNING),
    ("standard_webhooks", None, SIGNING, SIGNING),
    ("standard_webhooks", None, PAIR.private_key, Secret(PAIR.public_key)),
    *(("custom", scheme, TEXT, TEXT) for scheme in SCHEMES),
]
HEADERS = sorted(
    {
        name
        for source, scheme, secret, _ in CASES
        for name in signing.sign(source, b"", secret, now=NOW, id="1", scheme=scheme)
    }
    | {"authorization", "webhook-id", "webhook-timestamp", "webhook-signature"}
)


class Provider(Protocol):
    """What is used of `atheris.FuzzedDataProvider`."""

    def ConsumeIntInRange(self, low: int, high: int, /) -> int: ...
    def ConsumeUnicode(self, count: int, /) -> str: ...
    def ConsumeBytes(self, count: int, /) -> bytes: ...


def one_input(data: Provider) -> None:
    """An authentic message, accepted; then rubbish, or the authentic headers over another body: refused."""
    source, scheme, secret, known = CASES[data.ConsumeIntInRange(0, len(CASES) - 1)]
    body = data.ConsumeBytes(data.ConsumeIntInRange(0, 64))
    made = signing.sign(source, body, secret, now=NOW, id="id-1", scheme=scheme)
    signing.verify(source, made, body, [known], now=NOW, scheme=scheme)

    token = secret is TEXT and source in {"gitlab", "jenkins"}  # proves the sender, not the body
    headers = {} if token or data.ConsumeIntInRange(0, 1) else dict(made)
    for _ in range(data.ConsumeIntInRange(0, 4)):
        name = HEADERS[data.ConsumeIntInRange(0, len(HEADERS) - 1)]
        headers[name] = data.ConsumeUnicode(data.ConsumeIntInRange(0, 200))
    other = body + data.ConsumeBytes(8) + b"!"
    try:
        signing.verify(source, headers, other, [Secret("another"), known], now=NOW, scheme=scheme)
    except SignatureError:
        return
    raise AssertionError(f"accepted as {source}: {headers}")


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, lambda raw: one_input(atheris.FuzzedDataProvider(raw)))
    atheris.Fuzz()
