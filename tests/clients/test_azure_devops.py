"""Microsoft's own client: https://pypi.org/project/azure-devops."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from integrations_sdk.models import BuildRequest, IssueDraft
from support.clients import Versus, against, every
from support.recording import Difference, Extra

versus = against("azure_devops", "azure-devops", "azure.devops.client")


@pytest.fixture(autouse=True)
def nothing_kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The client keeps what it learns of a server in the user's home."""
    monkeypatch.setenv("AZURE_DEVOPS_CACHE_DIR", str(tmp_path))
    module = request.getfixturevalue("versus").module
    monkeypatch.setattr(module, "OPTIONS_FILE_CACHE", defaultdict(str))
    monkeypatch.setattr(module.Client, "_locations_cache", {})


LEARNS = Extra("theirs", "OPTIONS *", "the client learns where everything is")
VERSION = Difference("query.api-version", "the client says the version in `accept`, and of previews")


def made(stand_in: Any, kind: type[Any]) -> Any:
    from msrest.authentication import BasicAuthentication

    return kind(f"{stand_in.url}/DefaultCollection", BasicAuthentication("", stand_in.token))


def items(stand_in: Any) -> Any:
    from azure.devops.v7_1.work_item_tracking.work_item_tracking_client import WorkItemTrackingClient

    return made(stand_in, WorkItemTrackingClient)


def pipelines(stand_in: Any) -> Any:
    from azure.devops.v7_1.pipelines.pipelines_client import PipelinesClient

    return made(stand_in, PipelinesClient)


def steps(operation: str, **fields: str) -> Any:
    from azure.devops.v7_1.work_item_tracking.models import JsonPatchOperation

    return [
        JsonPatchOperation(op=operation, path=f"/fields/System.{name}", value=value)
        for name, value in fields.items()
    ]


def created(stand_in: Any) -> Any:
    document = steps("add", Title="Login fails", Description="Since noon.")
    return items(stand_in).create_work_item(document, stand_in.project, "Task")


def test_a_work_item_is_created(versus: Versus) -> None:
    """JSON Patch under its own media type, the type in the path."""
    outcome, answer = versus(
        "create_issue",
        LEARNS,
        VERSION,
        ours=lambda it: it.create_issue(IssueDraft(title="Login fails", description="Since noon.")),
        theirs=created,
    )
    assert outcome.reference == str(answer.id)


def test_a_work_item_is_read(versus: Versus) -> None:
    """By its number."""
    found, answer = versus(
        "get_issue",
        VERSION,
        prepare=created,
        ours=lambda it: it.get_issue("1"),
        theirs=lambda it: items(it).get_work_item(1, it.project),
    )
    assert found.title == answer.fields["System.Title"]


def test_a_work_item_is_changed(versus: Versus) -> None:
    """JSON Patch."""
    versus(
        "update_issue",
        VERSION,
        prepare=created,
        ours=lambda it: it.update_issue("1", IssueDraft(title="Login fails again")),
        theirs=lambda it: items(it).update_work_item(steps("add", Title="Login fails again"), 1, it.project),
    )


def test_a_work_item_is_commented(versus: Versus) -> None:
    """In its history."""
    versus(
        "comment_issue",
        VERSION,
        prepare=created,
        ours=lambda it: it.comment_issue("1", "Seen."),
        theirs=lambda it: items(it).update_work_item(steps("add", History="Seen."), 1, it.project),
    )


def test_work_items_are_queried(versus: Versus) -> None:
    """By WIQL, then in one batch."""
    wiql = "SELECT [System.Id] FROM WorkItems"

    def theirs(stand_in: Any) -> None:
        from azure.devops.v7_1.work_item_tracking.models import TeamContext, Wiql, WorkItemBatchGetRequest

        found = items(stand_in).query_by_wiql(Wiql(wiql), TeamContext(project=stand_in.project))
        request = WorkItemBatchGetRequest(ids=[one.id for one in found.work_items], error_policy="omit")
        items(stand_in).get_work_items_batch(request, stand_in.project)

    versus(
        "query_work_items",
        VERSION,
        prepare=created,
        ours=lambda it: every(it.query_work_items(wiql)),
        theirs=theirs,
    )


def test_a_pipeline_is_run(versus: Versus) -> None:
    """On a branch, with parameters."""

    def theirs(stand_in: Any) -> Any:
        from azure.devops.v7_1.pipelines.models import (
            RepositoryResourceParameters,
            RunPipelineParameters,
            RunResourcesParameters,
        )

        itself = RepositoryResourceParameters(ref_name="refs/heads/main")
        resources = RunResourcesParameters(repositories={"self": itself})
        asked = RunPipelineParameters(resources=resources, template_parameters={"deploy": "yes"})
        return pipelines(stand_in).run_pipeline(asked, stand_in.project, 12)

    versus(
        "trigger_build",
        LEARNS,
        VERSION,
        given=lambda it: it.config() | {"pipeline": "12"},
        ours=lambda it: it.trigger_build(BuildRequest(branch="main", parameters={"deploy": "yes"})),
        theirs=theirs,
    )


def test_a_run_is_read(versus: Versus) -> None:
    """Of a pipeline."""

    def started(stand_in: Any) -> None:
        pipelines(stand_in).run_pipeline({}, stand_in.project, 12)

    versus(
        "get_build",
        VERSION,
        prepare=started,
        ours=lambda it: it.get_build("12#1000"),
        theirs=lambda it: pipelines(it).get_run(it.project, 12, 1000),
    )


def test_pipelines_are_listed(versus: Versus) -> None:
    """Page by page."""
    versus(
        "list_pipelines",
        LEARNS,
        VERSION,
        ours=lambda it: every(it.list_pipelines()),
        theirs=lambda it: list(pipelines(it).list_pipelines(it.project, top=100)),
    )
