"""Every Python block of the facade document, call for call; only hosts are those of the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from integrations_sdk import ConfigurationError, IntegrationManagementManager, IntegrationType
from integrations_sdk.testing import Received, Reply, Sandbox, StandIn, route


class AnyHook(StandIn):
    """Takes a POST to any path, as a chat's incoming webhook or an application of one's own does."""

    provider = "hooks"

    @route("POST", "/{path*}")
    def take(self, request: Received, path: dict[str, str]) -> Reply:
        return Reply(text="ok")

    @route("GET", "/{path*}")
    def look(self, request: Received, path: dict[str, str]) -> Reply:
        return Reply(text="ok")


@pytest.fixture
def hosts() -> Iterator[SimpleNamespace]:
    """The hosts that stand in for the document's, with the credentials that the document uses."""
    with Sandbox() as sandbox:
        sandbox.add(AnyHook(), "hooks_slack_com")
        sandbox.add(AnyHook(), "api_myapp_com")
        jira, jenkins = sandbox.jira, sandbox.jenkins
        jira.username, jira.token = "gitlab-bot@company.com", "your-jira-token"
        jenkins.username, jenkins.token = "gitlab", "jenkins-token"
        yield SimpleNamespace(
            sandbox=sandbox,
            slack=sandbox["hooks_slack_com"].url,
            myapp=sandbox["api_myapp_com"].url,
            jira=jira.url,
            jenkins=jenkins.url,
            sentry=sandbox.sentry.url.removeprefix("http://"),
        )


@pytest.fixture
def mgr() -> Iterator[IntegrationManagementManager]:
    with IntegrationManagementManager(project_id="myorg/myproject") as manager:
        yield manager


def test_usage_example_slack(mgr, hosts):
    """Usage example 1: create a Slack integration and send a notification, which arrives."""
    slack = mgr.slack.create_slack_integration({
        'name': 'Team Notifications',
        'webhook_url': f'{hosts.slack}/services/XXX/YYY/ZZZ',
        'channel': '#deployments',
        'username': 'GitLab Bot',
        'events': ['push', 'merge_request', 'pipeline'],
        'notify_only_broken_pipelines': True
    })
    mgr.slack.send_slack_notification(slack['integration_id'], {
        'text': 'Deployment successful! 🚀'
    })
    (received,) = hosts.sandbox["hooks_slack_com"].received
    assert received.json()["text"] == 'Deployment successful! 🚀'
    assert received.path == '/services/XXX/YYY/ZZZ'


def test_usage_example_jira(mgr, hosts):
    """Usage example 2: create a Jira integration and sync an issue, which is created once and then updated."""
    jira = mgr.jira.create_jira_integration({
        'name': 'Jira Sync',
        'url': hosts.jira,
        'username': 'gitlab-bot@company.com',
        'api_token': 'your-jira-token',
        'project_key': 'PROJ',
        'issue_type': 'Task',
        'enable_commit_sync': True
    })
    issue = {
        'iid': 123,
        'title': 'Implement feature',
        'description': 'Feature description'
    }
    first = mgr.jira.sync_issue(jira['integration_id'], issue)
    again = mgr.jira.sync_issue(jira['integration_id'], issue)
    assert first.reference.startswith("PROJ-")
    assert again.reference == first.reference


def test_usage_example_jenkins(mgr, hosts):
    """Usage example 3: create a Jenkins integration and trigger a build, which is queued."""
    jenkins = mgr.jenkins.create_jenkins_integration({
        'name': 'Jenkins CI',
        'jenkins_url': hosts.jenkins,
        'username': 'gitlab',
        'api_token': 'jenkins-token',
        'project_name': 'myapp-build',
        'trigger_on_push': True
    })
    outcome = mgr.jenkins.trigger_jenkins_build(jenkins['integration_id'], {
        'branch': 'main',
        'commit_sha': 'abc123'
    })
    assert outcome
    assert outcome.reference


def test_usage_example_webhooks(mgr, hosts):
    """Usage example 4: create, test and trigger a webhook; both calls arrive and are counted."""
    webhook = mgr.webhooks.create_webhook({
        'name': 'Deployment Hook',
        'url': f'{hosts.myapp}/deploy',
        'events': ['pipeline'],
        'secret_token': 'my-secret',
        'enable_ssl_verification': True
    })
    outcomes = mgr.webhooks.test_webhook(webhook['webhook_id'])
    assert outcomes
    assert outcomes.failures == []
    mgr.webhooks.trigger_webhook(webhook['webhook_id'], {
        'event_type': 'pipeline',
        'status': 'success'
    })
    test, triggered = hosts.sandbox["api_myapp_com"].received
    assert test.headers["x-webhook-test"] == 'true'
    assert test.json()["object_kind"] == 'pipeline'
    assert triggered.json() == {'event_type': 'pipeline', 'status': 'success'}
    assert triggered.headers["x-gitlab-token"] == 'my-secret'
    after = mgr.webhooks.get_webhook(webhook['webhook_id'])
    assert (after['trigger_count'], after['success_count']) == (1, 1)  # a test call is not counted
    assert after['last_triggered_at'] is not None


def test_usage_example_monitoring(mgr, hosts):
    """Usage example 5: create Datadog and Sentry integrations."""
    datadog = mgr.monitoring.create_datadog_integration({
        'name': 'Datadog Monitoring',
        'api_key': 'datadog-api-key',
        'env': 'production',
        'service': 'myapp',
        'enable_logs': True,
        'enable_metrics': True
    })
    sentry = mgr.monitoring.create_sentry_integration({
        'name': 'Sentry Errors',
        'dsn': f'http://xxx@{hosts.sentry}/yyy',
        'environment': 'production',
        'release': 'v1.2.3'
    })
    assert (datadog['integration_id'], sentry['integration_id']) == ('datadog-1', 'sentry-1')
    assert 'datadog-api-key' not in str(dict(datadog))


def test_usage_example_oauth(mgr):
    """Usage example 6: register an OAuth application."""
    oauth_app = mgr.oauth.create_oauth_application({
        'name': 'Mobile App',
        'redirect_uri': 'https://myapp.com/callback',
        'scopes': ['api', 'read_user', 'write_repository'],
        'confidential': True
    })
    assert oauth_app['app_id'] == 'app-1'
    assert oauth_app.client_secret.reveal()


def test_usage_example_health_and_templates(mgr, hosts):
    """Usage examples 7 and 8: check health, list what is unhealthy, create a template."""
    slack = mgr.slack.create_slack_integration({'webhook_url': f'{hosts.slack}/services/XXX/YYY/ZZZ'})
    health = mgr.health.check_integration_health(slack['integration_id'], 'slack')
    assert {'status', 'response_time_ms', 'last_check'} <= set(health)
    assert mgr.health.get_unhealthy_integrations() == []
    template = mgr.templates.create_template({
        'name': 'Standard Slack Setup',
        'integration_type': IntegrationType.SLACK.value,
        'description': 'Standard team notifications',
        'default_config': {
            'username': 'GitLab Bot',
            'events': ['push', 'merge_request']
        },
        'required_fields': ['webhook_url', 'channel']
    })
    assert template['template_id'] == 'template-1'


def test_slack_configuration(mgr, hosts):
    """Block "Slack Configuration": every event of the document is known."""
    slack = mgr.slack.create_slack_integration({
        'name': 'Deployment Notifications',
        'webhook_url': f'{hosts.slack}/services/T00/B00/XXX',
        'channel': '#deployments',
        'username': 'Deploy Bot',
        'events': [
            'push',                  # Code pushed
            'merge_request',         # MR created/updated
            'pipeline',              # Pipeline status
            'issue',                 # Issue created/updated
            'deployment'             # Deployment events
        ],
        'notify_only_broken_pipelines': True  # Only notify failures
    })
    assert slack['config']['events'] == ['push', 'merge_request', 'pipeline', 'issue', 'deployment']


def test_jira_configuration(mgr, hosts):
    """Block "Jira Configuration"."""
    jira = mgr.jira.create_jira_integration({
        'name': 'Jira Integration',
        'url': hosts.jira,
        'username': 'gitlab-integration@company.com',
        'api_token': 'your-atlassian-api-token',
        'project_key': 'PROJ',
        'issue_type': 'Task',  # Bug, Story, Task, Epic
        'transition_id': '21',  # Optional transition for commits
        'enable_commit_sync': True,
        'enable_merge_request_sync': True
    })
    assert jira['config']['transition_id'] == '21'


def test_webhook_configuration(mgr, hosts):
    """Block "Webhook Configuration"."""
    webhook = mgr.webhooks.create_webhook({
        'name': 'Custom Integration',
        'url': f'{hosts.myapp}/webhooks/gitlab',
        'events': ['push', 'merge_request', 'pipeline'],
        'secret_token': 'webhook-secret-key',
        'enable_ssl_verification': True
    })
    assert webhook['events'] == ['push', 'merge_request', 'pipeline']
    assert webhook['enable_ssl_verification'] is True


def test_oauth_flow(mgr):
    """Block "OAuth Flow": a custom scheme to return to, and revocation."""
    app = mgr.oauth.create_oauth_application({
        'name': 'Mobile Application',
        'redirect_uri': 'myapp://oauth/callback',
        'scopes': ['api', 'read_user'],
        'confidential': True
    })
    mgr.oauth.revoke_oauth_application(app['app_id'])
    assert mgr.oauth.list_oauth_applications() == []
    assert [scope for scope in ('api', 'read_api', 'read_user', 'read_repository', 'write_repository',
                                'read_registry', 'write_registry', 'sudo')
            if mgr.oauth.create_oauth_application({'name': scope, 'redirect_uri': 'https://a.example/cb',
                                                   'scopes': [scope]})['scopes'] != [scope]] == []


def test_health_monitoring(mgr, hosts):
    """Block "Health Monitoring": keyword arguments, history, and the list of ids."""
    mgr.slack.create_slack_integration({'webhook_url': f'{hosts.slack}/services/T00/B00/XXX'})
    health = mgr.health.check_integration_health(
        integration_id='slack-1',
        integration_type='slack'
    )
    assert health['status'] in {'healthy', 'degraded', 'unhealthy'}
    assert health['last_check'].endswith('Z')
    history = mgr.health.get_health_history('slack-1')
    assert [check['status'] for check in history] == [health['status']]
    hosts.sandbox.jenkins.token = 'another'
    jenkins = mgr.jenkins.create_jenkins_integration({
        'jenkins_url': hosts.jenkins, 'username': 'gitlab', 'api_token': 'wrong', 'project_name': 'myapp-build'})
    mgr.health.check_integration_health(jenkins['integration_id'])
    unhealthy = mgr.health.get_unhealthy_integrations()
    assert unhealthy == ['jenkins-1']


def test_integration_templates(mgr, hosts):
    """Block "Integration Templates": create, list, filter, use."""
    mgr.templates.create_template({
        'name': 'Production Slack Notifications',
        'integration_type': IntegrationType.SLACK.value,
        'description': 'Standard setup for production deployments',
        'default_config': {
            'username': 'Production Bot',
            'events': ['pipeline', 'deployment'],
            'notify_only_broken_pipelines': True
        },
        'required_fields': ['webhook_url', 'channel']
    })
    all_templates = mgr.templates.list_templates()
    slack_templates = mgr.templates.list_templates(
        integration_type=IntegrationType.SLACK
    )
    assert {item['integration_type'] for item in slack_templates} == {'slack'}
    assert len(all_templates) > len(slack_templates)
    template = mgr.templates.get_template('template-1')
    config = template['default_config']
    config['webhook_url'] = f'{hosts.slack}/services/...'
    config['channel'] = '#prod-deployments'
    slack = mgr.slack.create_slack_integration(config)
    assert slack['config']['username'] == 'Production Bot'
    assert 'webhook_url' not in mgr.templates.get_template('template-1')['default_config']


@pytest.mark.parametrize(('create', 'config', 'missing'), [
    (lambda mgr: mgr.slack.create_slack_integration, {
        'channel': '#ci-alerts',
        'events': ['pipeline'],
        'notify_only_broken_pipelines': True
    }, {'webhook_url'}),
    (lambda mgr: mgr.jira.create_jira_integration, {
        'project_key': 'DEV',
        'enable_commit_sync': True,
        'enable_merge_request_sync': True
    }, {'url', 'username', 'api_token'}),
    (lambda mgr: mgr.jenkins.create_jenkins_integration, {
        'project_name': 'app-build',
        'trigger_on_push': True,
        'trigger_on_merge_request': False
    }, {'jenkins_url', 'username', 'api_token'}),
])
def test_common_use_cases_name_what_they_omit(mgr, create, config, missing):
    """Block "Common Use Cases": what the partial configurations omit is named in one error, nothing is stored."""
    with pytest.raises(ConfigurationError) as caught:
        create(mgr)(config)
    assert {problem.path for problem in caught.value.problems} == missing
    assert mgr.integrations.list() == []


def test_common_use_cases_that_are_complete(mgr):
    """Block "Monitoring Setup": complete, so it works; the name has a default."""
    sentry = mgr.monitoring.create_sentry_integration({
        'dsn': 'https://xxx@sentry.io/yyy',
        'environment': 'production'
    })
    datadog = mgr.monitoring.create_datadog_integration({
        'api_key': 'datadog-key',
        'env': 'production',
        'service': 'web-api'
    })
    assert (sentry['name'], datadog['name']) == ('Sentry 1', 'Datadog 1')


def test_python_configuration():
    """Block "Python Configuration"."""
    mgr = IntegrationManagementManager(
        project_id='myorg/myproject',
        gitlab_url='https://gitlab.com'
    )
    assert mgr.integrations.list() == []
    mgr.close()


def test_environment_variables(hosts):
    """Block "Environment Variables": what they configure is on, what they only half configure is said."""
    environ = {
        "GITLAB_URL": "https://gitlab.com",
        "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/XXX",
        "JIRA_URL": "https://company.atlassian.net",
        "JIRA_API_TOKEN": "your-token",
    }
    with IntegrationManagementManager.from_env(environ) as mgr:
        assert [item["integration_type"] for item in mgr.integrations.list()] == ["slack"]
        jira = next(item for item in mgr.from_environment(environ) if item.provider == "jira")
        assert "project_key" in jira.reason
        assert [item["integration_id"] for item in mgr.integrations.list()] == ["slack-1"]
