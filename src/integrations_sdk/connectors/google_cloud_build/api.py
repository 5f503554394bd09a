"""What all of Cloud Build's operations share: address, credentials, faults, listings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Final

from integrations_sdk.connectors.base import (
    MOST_PAGES,
    AccessToken,
    BuildServer,
    Fault,
    GrantedConnector,
    JsonValue,
    RejectedError,
    Response,
    jwt_grant,
    objects_at,
    request_token,
    service_account,
    text_at,
    url_path,
)
from integrations_sdk.connectors.google_cloud_build.config import CloudBuildConfig
from integrations_sdk.connectors.google_cloud_build.words import cloud_build_fault

__all__ = ["CloudBuildApi"]

_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"


class CloudBuildApi(GrantedConnector[CloudBuildConfig], BuildServer[CloudBuildConfig]):
    """The Cloud Build API of a project, as a service account or with a token from elsewhere."""

    @property
    def base_url(self) -> str:
        """The API's address."""
        return self.config.api_url.rstrip("/")

    async def authorize(self) -> Mapping[str, str]:
        """The configured token, or one for the service account, which lasts an hour."""
        if self.config.access_token is not None:
            return {"authorization": f"Bearer {self.config.access_token.reveal()}"}
        return await super().authorize()

    def fault(self, response: Response) -> Fault | None:
        """`cloud_build_fault()`."""
        return cloud_build_fault(response)

    def _path(self, template: str, **values: object) -> str:
        project, location = self.config.project_id, self.config.location
        if location == "global":
            return url_path("/v1/projects/{project}" + template, project=project, **values)
        place = "/v1/projects/{project}/locations/{location}"
        return url_path(place + template, project=project, location=location, **values)

    async def _listed(
        self, path: str, name: str, query: Mapping[str, str]
    ) -> AsyncIterator[dict[str, JsonValue]]:
        asked, operation = dict(query), f"{name}.list"
        for _ in range(MOST_PAGES):
            answer = await self.call("GET", self._path(path), operation=operation, query=asked)
            page = self.parse(answer)
            for record in objects_at(page, name):  # which is left out where there are none
                yield record
            token = text_at(page, "nextPageToken")
            if token is None or token == asked.get("pageToken"):
                return
            asked = {**query, "pageToken": token}
        raise self.error(Fault(RejectedError, "the listing does not end: narrow it"), answer)

    async def _grant(self) -> AccessToken:
        key, url = self.config.service_account_key, self.config.token_url
        account = service_account(key.reveal() if key else "")
        assert account is not None, "it was validated when it was configured"
        form = jwt_grant(account, scope=_SCOPE, token_url=url, now=self.context.clock.now())
        return await request_token(self, url, form=form)
