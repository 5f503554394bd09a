"""What the vendors answer when they have taken a message, in their shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from measuring.server import MAIL, answer

__all__ = ["ANSWERS"]

_MESSAGE: Final = {
    "id": "1160000000000000000",
    "type": 0,
    "channel_id": "1150000000000000000",
    "content": "Deployed",
    "timestamp": "2026-11-28T09:00:00.000000+00:00",
    "webhook_id": "1140000000000000000",
}
_TAKEN: Final = {
    "message_id": 1,
    "date": 1_795_000_000,
    "chat": {"id": 123_456_789, "type": "private"},
    "text": "Deployed",
}
_QUEUED: Final = {
    "sid": "SM" + "0" * 32,
    "account_sid": "AC" + "0" * 32,
    "status": "queued",
    "to": "+14155550101",
    "error_code": None,
    "error_message": None,
}
_ALERTED: Final = {"status": "success", "message": "Event processed", "dedup_key": "1" * 32}
_REQUESTED: Final = {"result": "Request will be processed", "took": 0.1, "requestId": "1" * 36}
_INCIDENT: Final = {
    "id": "p31zjtct2jer",
    "name": "Deployed",
    "status": "investigating",
    "shortlink": "https://stspg.io/p31zjtct2jer",
    "components": [],
}
_PUBLISHED: Final = (
    '<PublishResponse xmlns="https://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>'
    "<MessageId>00000000-0000-0000-0000-000000000000</MessageId></PublishResult><ResponseMetadata>"
    "<RequestId>00000000-0000-0000-0000-000000000001</RequestId></ResponseMetadata></PublishResponse>"
)


def _json(status: str, content: Mapping[str, object]) -> str:
    return answer(status, json.dumps(content))


ANSWERS: Final = {
    "slack": answer("200 OK", "ok", "text/html"),
    "discord": _json("200 OK", _MESSAGE),
    "discord, not waited for": answer("204 No Content"),
    "mattermost": answer("200 OK", "ok", "text/plain"),
    "microsoft_teams": answer("202 Accepted"),
    "telegram": _json("200 OK", {"ok": True, "result": _TAKEN}),
    "smtp": MAIL,
    "sendgrid": answer("202 Accepted", "", "", "X-Message-Id: 0000000000000000000000"),
    "twilio": _json("201 Created", _QUEUED),
    "pagerduty": _json("202 Accepted", _ALERTED),
    "opsgenie": _json("202 Accepted", _REQUESTED),
    "statuspage": _json("201 Created", _INCIDENT),
    "sns": answer("200 OK", _PUBLISHED, "text/xml"),
    "custom": _json("200 OK", {"id": 1}),
}
"""By provider; Discord says more to one who asks it to (`?wait=true`)."""
