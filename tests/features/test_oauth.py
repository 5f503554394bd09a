"""`oauth`: registered applications, their secrets, scopes and redirect URIs."""

from __future__ import annotations

import pytest

from integrations_sdk.errors import ConfigurationError, NotFoundError, StateError
from integrations_sdk.models import Secret
from integrations_sdk.oauth import redirect_problem

APP = {"name": "Mobile App", "redirect_uri": "https://myapp.com/callback", "scopes": ["api", "read_user"]}


def test_the_secret_is_shown_once(manager, run):
    """The secret is readable in what creation returns, and nowhere afterwards, the store included."""
    made = run(manager.oauth.create_oauth_application(APP))
    secret = made.client_secret.reveal()
    assert (made["app_id"], made.confidential, len(made.client_id)) == ("app-1", True, 32)
    assert secret not in str(made) + str(dict(made)) + made._repr_html_()
    assert run(manager.oauth.get_oauth_application("app-1")).client_secret is None
    stored = run(manager.runtime.store.get("oauth_applications", "default:app-1"))
    assert secret not in str(stored)


def test_a_client_is_known_by_its_secret(manager, run):
    """Only the right pair is accepted; a renewed secret replaces the old one, a revoked client is refused."""
    made = run(manager.oauth.create_oauth_application(APP))
    verify = manager.oauth.verify_client
    assert run(verify(made.client_id, made.client_secret)).app_id == "app-1"
    assert run(verify(made.client_id, "wrong")) is None
    assert run(verify("nobody", made.client_secret)) is None
    assert run(verify("\udcff", made.client_secret)) is None
    assert run(verify(made.client_id, "\udcff")) is None
    renewed = run(manager.oauth.renew_client_secret("app-1"))
    assert run(verify(made.client_id, made.client_secret)) is None
    assert run(verify(made.client_id, renewed.client_secret)).secret_renewed_at is not None
    run(manager.oauth.revoke_oauth_application("app-1"))
    assert run(verify(made.client_id, renewed.client_secret)) is None


def test_public_applications_have_no_secret(manager, run):
    """A public application gets none, cannot renew one, and no secret verifies it, the empty one neither."""
    made = run(manager.oauth.create_oauth_application({**APP, "confidential": False}))
    assert made.client_secret is None
    assert run(manager.oauth.verify_client(made.client_id, Secret(""))) is None
    with pytest.raises(StateError, match="public"):
        run(manager.oauth.renew_client_secret(made.app_id))


def test_revoking_is_for_good(manager, run):
    """A revoked application leaves the list, stays readable, and a second revocation changes nothing."""
    run(manager.oauth.create_oauth_application(APP))
    run(manager.oauth.create_oauth_application({**APP, "name": "Other"}))
    revoked = run(manager.oauth.revoke_oauth_application("app-1"))
    assert run(manager.oauth.revoke_oauth_application("app-1")) == revoked
    assert [app.app_id for app in run(manager.oauth.list_oauth_applications())] == ["app-2"]
    assert len(run(manager.oauth.list_oauth_applications(include_revoked=True))) == 2
    with pytest.raises(StateError, match="revoked"):
        run(manager.oauth.renew_client_secret("app-1"))
    with pytest.raises(NotFoundError):
        run(manager.oauth.revoke_oauth_application("app-9"))


def test_several_redirect_uris(manager, run):
    """Several URIs come as a list, or one a line."""
    uris = ["https://a.example/cb", "myapp://oauth/callback"]
    for given in (uris, "\n".join(uris)):
        made = run(manager.oauth.create_oauth_application({**APP, "redirect_uri": given}))
        assert (made.redirect_uris, made.redirect_uri) == (tuple(uris), uris[0])


def test_every_mistake_is_named(manager, run):
    """Unknown scopes, unsafe URIs, missing names and unknown fields come in one error."""
    wrong = {
        "name": " ",
        "redirect_uri": ["http://evil.example", "javascript:alert(1)"],
        "scopes": ["apii"],
        "x": 1,
    }
    with pytest.raises(ConfigurationError) as caught:
        run(manager.oauth.create_oauth_application(wrong))
    paths = [problem.path for problem in caught.value.problems]
    assert sorted(paths) == ["name", "redirect_uri[0]", "redirect_uri[1]", "scopes[0]", "x"]
    assert "did you mean `api`?" in str(caught.value)
    with pytest.raises(ConfigurationError, match=r"redirect_uri[\s\S]*scopes"):
        run(manager.oauth.create_oauth_application({"name": "x", "redirect_uri": [], "scopes": []}))


@pytest.mark.parametrize(
    ("uri", "right"),
    [
        ("https://myapp.com/callback", True),
        ("http://localhost:8080/cb", True),
        ("http://127.0.0.1/cb", True),
        ("http://[::1]:9/cb", True),
        ("myapp://oauth/callback", True),
        ("com.example.app:/cb", True),
        ("http://myapp.com/cb", False),
        ("https://myapp.com/cb#frag", False),
        ("https://myapp.com/cb#", False),
        ("https://*.myapp.com/cb", False),
        ("https://u:p@myapp.com/cb", False),
        ("https:///cb", False),
        ("/cb", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://a.example/\ncb", False),
        ("https://[::1/cb", False),
    ],
)
def test_redirect_uris(uri, right):
    """RFC 6749 §3.1.2, RFC 8252 §7 and RFC 9700 §2.1, as a table."""
    assert (redirect_problem(uri) is None) is right
