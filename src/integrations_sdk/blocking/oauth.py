"""`OAuthManager`: generated from `AsyncOAuthManager` by `scripts/generate_blocking.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations_sdk.blocking.portal import BlockingSubManager

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations_sdk.models import RecordList, Secret
    from integrations_sdk.oauth import (
        AsyncOAuthManager,  # noqa: F401  # ruff does not see it in the string below
        OAuthApplication,
    )

__all__ = ["OAuthManager"]


class OAuthManager(BlockingSubManager["AsyncOAuthManager"]):
    """The applications of one tenant. Secrets are shown once and kept as hashes."""

    def create_oauth_application(self, application: Mapping[str, object]) -> OAuthApplication:
        """Register an application.

        Args:
            application: `name`, `redirect_uri` (one URI, or a list), `scopes`, and `confidential` (default true).

        Returns:
            The application; the only time its `client_secret` can be read (`.reveal()`).

        Raises:
            ConfigurationError: naming every wrong field, scope and redirect URI.
        """
        return self._run(lambda manager: manager.create_oauth_application(application))

    def get_oauth_application(self, app_id: str) -> OAuthApplication:
        """The application, without its secret.

        Raises:
            NotFoundError: there is none with that id.
        """
        return self._run(lambda manager: manager.get_oauth_application(app_id))

    def list_oauth_applications(self, *, include_revoked: bool = False) -> RecordList[OAuthApplication]:
        """The tenant's applications, oldest first."""
        return self._run(lambda manager: manager.list_oauth_applications(include_revoked=include_revoked))

    def renew_client_secret(self, app_id: str) -> OAuthApplication:
        """Give it a new secret; the old one is refused from now on.

        Returns:
            The application; the only time its new `client_secret` can be read.

        Raises:
            NotFoundError: there is none with that id.
            StateError: it is revoked, or public and so has no secret.
            ConflictError: it was changed at the same time.
        """
        return self._run(lambda manager: manager.renew_client_secret(app_id))

    def revoke_oauth_application(self, app_id: str) -> OAuthApplication:
        """Refuse the application from now on, for good; a second call changes nothing.

        Raises:
            NotFoundError: there is none with that id.
            ConflictError: it was changed at the same time.
        """
        return self._run(lambda manager: manager.revoke_oauth_application(app_id))

    def verify_client(self, client_id: str, client_secret: str | Secret) -> OAuthApplication | None:
        """The application whose credentials these are; None if they are wrong, or it is revoked or public."""
        return self._run(lambda manager: manager.verify_client(client_id, client_secret))
