"""`Sandbox`: stand-in vendors on loopback that check and keep requests, for tests and demonstrations."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import attrs

from integrations_sdk.codec import closest
from integrations_sdk.errors import AlreadyExistsError, NotFoundError, StateError
from integrations_sdk.testing.faults import FaultSpec
from integrations_sdk.testing.server import LoopbackServer
from integrations_sdk.testing.standin import Received, Reply, StandIn

if TYPE_CHECKING:  # each is imported with its first use
    from integrations_sdk.testing.vendors.asana import AsanaStandIn
    from integrations_sdk.testing.vendors.auth0 import Auth0StandIn
    from integrations_sdk.testing.vendors.aws_codecommit import CodeCommitStandIn
    from integrations_sdk.testing.vendors.azure_ad import AzureAdStandIn
    from integrations_sdk.testing.vendors.azure_devops import AzureDevOpsStandIn
    from integrations_sdk.testing.vendors.bamboo import BambooStandIn
    from integrations_sdk.testing.vendors.custom import CustomStandIn
    from integrations_sdk.testing.vendors.datadog import DatadogStandIn
    from integrations_sdk.testing.vendors.discord import DiscordStandIn
    from integrations_sdk.testing.vendors.github import GitHubStandIn
    from integrations_sdk.testing.vendors.gitlab import GitLabStandIn
    from integrations_sdk.testing.vendors.google_cloud_build import CloudBuildStandIn
    from integrations_sdk.testing.vendors.grafana import GrafanaStandIn
    from integrations_sdk.testing.vendors.jenkins import JenkinsStandIn
    from integrations_sdk.testing.vendors.jira import JiraStandIn
    from integrations_sdk.testing.vendors.mattermost import MattermostStandIn
    from integrations_sdk.testing.vendors.mend import MendStandIn
    from integrations_sdk.testing.vendors.microsoft_teams import MicrosoftTeamsStandIn
    from integrations_sdk.testing.vendors.okta import OktaStandIn
    from integrations_sdk.testing.vendors.opsgenie import OpsgenieStandIn
    from integrations_sdk.testing.vendors.pagerduty import PagerDutyStandIn
    from integrations_sdk.testing.vendors.prometheus import PrometheusStandIn
    from integrations_sdk.testing.vendors.redmine import RedmineStandIn
    from integrations_sdk.testing.vendors.secrets_manager import SecretsManagerStandIn
    from integrations_sdk.testing.vendors.sendgrid import SendGridStandIn
    from integrations_sdk.testing.vendors.sentry import SentryStandIn
    from integrations_sdk.testing.vendors.slack import SlackStandIn
    from integrations_sdk.testing.vendors.smtp import SmtpStandIn
    from integrations_sdk.testing.vendors.sns import SnsStandIn
    from integrations_sdk.testing.vendors.snyk import SnykStandIn
    from integrations_sdk.testing.vendors.sonarqube import SonarQubeStandIn
    from integrations_sdk.testing.vendors.splunk import SplunkStandIn
    from integrations_sdk.testing.vendors.statuspage import StatuspageStandIn
    from integrations_sdk.testing.vendors.teamcity import TeamCityStandIn
    from integrations_sdk.testing.vendors.telegram import TelegramStandIn
    from integrations_sdk.testing.vendors.twilio import TwilioStandIn
    from integrations_sdk.testing.vendors.vault import VaultStandIn
    from integrations_sdk.testing.vendors.webhook import WebhookStandIn
    from integrations_sdk.testing.vendors.zendesk import ZendeskStandIn

__all__ = ["Arrival", "FaultSpec", "Sandbox", "stand_in_of"]

_VENDORS: Final = "integrations_sdk.testing.vendors"


@attrs.frozen(kw_only=True)
class Arrival:
    """A request that arrived at a stand-in.

    Attributes:
        provider: the stand-in's name.
        status: what it was answered with.
        accepted: whether the vendor acted on it: neither refused nor failed.
        fault: the fault that befell it, None when none did.
    """

    provider: str
    request: Received
    status: int
    accepted: bool
    fault: FaultSpec | None = None


class Sandbox:
    """Stand-in vendors, each served on a port of its own at 127.0.0.1 from its first use on.

    ```python
    with Sandbox() as sandbox:
        sandbox.slack.fail(status=503, times=2, retry_after=1)
        integration = manager.slack.create(**sandbox.config("slack"))
        ...
        assert sandbox.slack.received
    ```

    `sandbox.slack` and `sandbox["slack"]` are the same stand-in. Leaving the block ends the thread and
    every connection, and raises `StateError` when a stand-in itself broke on a request.

    Attributes:
        received: every request, in order of arrival, whatever became of it.
    """

    asana: AsanaStandIn
    azure_devops: AzureDevOpsStandIn
    aws_codecommit: CodeCommitStandIn
    bamboo: BambooStandIn
    auth0: Auth0StandIn
    azure_ad: AzureAdStandIn
    custom: CustomStandIn
    datadog: DatadogStandIn
    discord: DiscordStandIn
    github: GitHubStandIn
    gitlab: GitLabStandIn
    google_cloud_build: CloudBuildStandIn
    grafana: GrafanaStandIn
    jenkins: JenkinsStandIn
    jira: JiraStandIn
    opsgenie: OpsgenieStandIn
    pagerduty: PagerDutyStandIn
    mend: MendStandIn
    okta: OktaStandIn
    mattermost: MattermostStandIn
    microsoft_teams: MicrosoftTeamsStandIn
    prometheus: PrometheusStandIn
    redmine: RedmineStandIn
    secrets_manager: SecretsManagerStandIn
    sendgrid: SendGridStandIn
    sentry: SentryStandIn
    slack: SlackStandIn
    statuspage: StatuspageStandIn
    sns: SnsStandIn
    snyk: SnykStandIn
    sonarqube: SonarQubeStandIn
    teamcity: TeamCityStandIn
    splunk: SplunkStandIn
    vault: VaultStandIn
    smtp: SmtpStandIn
    telegram: TelegramStandIn
    twilio: TwilioStandIn
    webhook: WebhookStandIn
    zendesk: ZendeskStandIn

    def __init__(self) -> None:
        self.received: list[Arrival] = []
        self._server = LoopbackServer()
        self._stand_ins: dict[str, StandIn] = {}
        self._crashes: list[Exception] = []

    def add(self, stand_in: StandIn, name: str | None = None) -> StandIn:
        """Serve a stand-in of your own, or a second one of a kind under another name.

        Raises:
            AlreadyExistsError: the name is taken.
            StateError: the sandbox is closed.
        """
        name = name or stand_in.provider
        if name in self._stand_ins:
            msg = f"the sandbox has a stand-in {name!r} already"
            raise AlreadyExistsError(msg)
        own = stand_in.listen_on(self._server)
        stand_in.url = own or self._server.serve(lambda request: self._answer(name, stand_in, request))
        self._stand_ins[name] = stand_in
        return stand_in

    def config(self, provider: str) -> dict[str, object]:
        """A configuration with which an integration reaches the stand-in.

        Raises:
            NotFoundError: there is no such stand-in.
        """
        return self[provider].config()

    def fail(self, provider: str, fault: FaultSpec) -> None:
        """Let the next requests to a provider fail; `sandbox.slack.fail(status=503)` is shorter.

        Raises:
            NotFoundError: there is no such stand-in.
        """
        self[provider].faults.add(fault)

    def close(self) -> None:
        """End everything; a second call does nothing."""
        self._server.close()

    def __getitem__(self, provider: str) -> StandIn:
        """The stand-in of a provider.

        Raises:
            NotFoundError: there is none; the message says which there are.
        """
        if provider not in self._stand_ins:
            self.add(stand_in_of(provider), provider)
        return self._stand_ins[provider]

    def __getattr__(self, provider: str) -> StandIn:
        if provider.startswith("_"):
            raise AttributeError(provider)
        try:
            return self[provider]
        except NotFoundError as error:
            raise AttributeError(str(error), name=provider, obj=self) from error

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_known(), *self._stand_ins})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
        if self._crashes and error is None:
            msg = f"a stand-in broke on {len(self._crashes)} requests; the cause shows the first"
            raise StateError(msg) from self._crashes[0]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    def _answer(self, name: str, stand_in: StandIn, request: Received) -> tuple[Reply, FaultSpec | None]:
        accepted = len(stand_in.received)
        fault = None
        try:
            reply, fault = stand_in.answer(request)
        except Exception as error:  # noqa: BLE001  # a stand-in's bug must reach the test, not hang its client
            self._crashes.append(error)
            reply = Reply(status=500, text=f"the stand-in {name!r} broke: {type(error).__name__}")
        self.received.append(
            Arrival(
                provider=name,
                request=request,
                status=reply.status,
                accepted=len(stand_in.received) > accepted,
                fault=fault,
            )
        )
        return reply, fault


@cache
def _known() -> frozenset[str]:
    modules = pkgutil.iter_modules(importlib.import_module(_VENDORS).__path__)
    return frozenset(module.name for module in modules)


def stand_in_of(provider: str) -> StandIn:
    """A new stand-in of a provider that is built in, which nothing serves yet.

    Raises:
        NotFoundError: there is none; the message says which there are.
    """
    if provider not in _known():
        msg = f"no stand-in {provider!r}: {closest(provider, _known())}"
        raise NotFoundError(msg)
    return _kind(provider)()


@cache
def _kind(provider: str) -> type[StandIn]:
    module = importlib.import_module(f"{_VENDORS}.{provider}")
    kinds = (kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, StandIn))
    return next(kind for kind in kinds if kind.__module__.startswith(module.__name__))
