"""The providers that `apprise` has too, each told one message at a server of ours.

Its URLs have the vendors' hosts built in, so the plugins' own attributes and tables are set instead: where they post
to, and that they do not pause between two messages. Its Workflows plugin writes `https` into its URL; its `requests`
is wrapped to post to the same place without encryption.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import requests
from apprise import Apprise
from apprise.plugins import opsgenie, pagerduty, workflows

__all__ = ["APPRISED", "notifier"]

_HEX: Final = "0" * 32

APPRISED: Final[Mapping[str, str]] = {
    "slack": "slack://T00000000/B00000000/" + "X" * 24,
    "discord": "discord://123456789012345678/" + "X" * 24,
    "mattermost": "mmost://{place}/" + "x" * 26,
    "microsoft_teams": f"workflows://{{place}}/{_HEX}/XXXX",
    "telegram": "tgram://123456789:" + "A" * 35 + "/123456789",
    "smtp": "mailto://{place}/admins@example.com?from=automation@example.com&mode=insecure",
    "sendgrid": "sendgrid://SG.XXXX:automation@example.com/admins@example.com",
    "twilio": f"twilio://AC{_HEX}:token@14155550100/14155550101",
    "pagerduty": f"pagerduty://{_HEX}@{_HEX}?action=trigger",
    "opsgenie": "opsgenie://00000000-0000-0000-0000-000000000000?action=new",
    "sns": "sns://AKIAIOSFODNN7EXAMPLE/XXXX/eu-central-1/14155550101",
    "custom": "json://{place}/messages",
}
"""apprise's URLs by provider, `{place}` for the server where they have one."""

_ATTRIBUTES: Final[Mapping[str, tuple[str, str]]] = {
    "slack": ("webhook_url", "/services"),
    "discord": ("notify_url", "/api/webhooks"),
    "telegram": ("notify_url", "/bot"),
    "sendgrid": ("notify_url", "/v3/mail/send"),
    "twilio": ("notify_sms_url", "/2010-04-01/Accounts/{sid}/Messages.json"),
    "sns": ("notify_url", "/"),
}
"""Which attribute of a plugin says where it posts to, and the path there."""


class _Unencrypted:
    """`requests`, as far as a plugin uses it."""

    codes = requests.codes
    RequestException = requests.RequestException

    @staticmethod
    def post(url: str, **options: Any) -> requests.Response:  # as requests.post
        return requests.post(url.replace("https:", "http:", 1), **options)


def notifier(provider: str, url: str) -> Apprise:
    """apprise with one plugin, that of the provider, which posts to the URL and waits for nothing."""
    plugin = Apprise.instantiate(APPRISED[provider].format(place=url.removeprefix("http://")))
    assert plugin is not None
    plugin.request_rate_per_sec = 0
    if provider in _ATTRIBUTES:
        name, path = _ATTRIBUTES[provider]
        setattr(plugin, name, url + path)
    elif provider == "pagerduty":
        vars(pagerduty)["PAGERDUTY_API_LOOKUP"]["us"] = f"{url}/v2/enqueue"
    elif provider == "opsgenie":
        vars(opsgenie)["OPSGENIE_API_LOOKUP"]["us"] = f"{url}/v2/alerts"
    elif provider == "microsoft_teams":
        vars(workflows)["requests"] = _Unencrypted
    made = Apprise()
    made.add(plugin)
    return made
