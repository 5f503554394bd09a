"""Asana's own client: https://pypi.org/project/asana."""

from __future__ import annotations

from typing import Any

from integrations_sdk.models import IssueDraft
from support.clients import Versus, against, every
from support.recording import Difference, Extra

versus = against("asana", "asana", "asana")


OPTIONS = {
    "opt_fields": "name,notes,completed,permalink_url,tags.name,memberships.project,memberships.section.name,external"
}


def client(stand_in: Any) -> Any:
    import asana

    configuration = asana.Configuration()
    configuration.host = f"{stand_in.url}/api/1.0"
    configuration.access_token = stand_in.access_token
    configuration.return_page_iterator = True
    return asana.ApiClient(configuration)


def tasks(stand_in: Any) -> Any:
    import asana

    return asana.TasksApi(client(stand_in))


def created(stand_in: Any) -> Any:
    body = {"data": {"name": "Login fails", "notes": "Since noon.", "projects": [stand_in.project]}}
    return tasks(stand_in).create_task(body, OPTIONS)


def test_a_task_is_created(versus: Versus) -> None:
    """Name, notes and project in `data`."""
    outcome, made = versus(
        "create_issue",
        ours=lambda it: it.create_issue(IssueDraft(title="Login fails", description="Since noon.")),
        theirs=created,
    )
    assert outcome.reference == made["gid"]


def gid(stand_in: Any) -> str:
    return next(iter(stand_in.tasks))


def with_task(versus: Versus, operation: str, *explained: Any, ours: Any, theirs: Any) -> Any:
    """With a task whose gid is the same on both sides."""
    gids: list[str] = []

    def prepare(stand_in: Any) -> None:
        created(stand_in)
        gids.append(gid(stand_in))

    return versus(
        operation,
        *explained,
        prepare=prepare,
        ours=lambda it: ours(it, gids[0]),
        theirs=lambda it: theirs(it, gids[1]),
    )


def test_a_task_is_read(versus: Versus) -> None:
    """By its gid."""
    with_task(
        versus,
        "get_issue",
        ours=lambda it, gid: it.get_issue(gid),
        theirs=lambda it, gid: tasks(it).get_task(gid, OPTIONS),
    )


def test_a_task_is_changed(versus: Versus) -> None:
    """`PUT` with what changes."""
    with_task(
        versus,
        "update_issue",
        ours=lambda it, gid: it.update_issue(gid, IssueDraft(title="Login fails again")),
        theirs=lambda it, gid: tasks(it).update_task({"data": {"name": "Login fails again"}}, gid, OPTIONS),
    )


def test_a_task_is_completed(versus: Versus) -> None:
    """`completed`."""
    with_task(
        versus,
        "complete_task",
        ours=lambda it, gid: it.complete_task(gid),
        theirs=lambda it, gid: tasks(it).update_task({"data": {"completed": True}}, gid, OPTIONS),
    )


def test_a_task_is_commented(versus: Versus) -> None:
    """A story with a text."""

    def theirs(stand_in: Any, gid: str) -> None:
        import asana

        asana.StoriesApi(client(stand_in)).create_story_for_task({"data": {"text": "Seen."}}, gid, {})

    with_task(versus, "comment_issue", ours=lambda it, gid: it.comment_issue(gid, "Seen."), theirs=theirs)


def test_tasks_are_listed(versus: Versus) -> None:
    """Of a project, page by page."""
    versus(
        "list_tasks",
        prepare=created,
        ours=lambda it: every(it.list_tasks()),
        theirs=lambda it: list(tasks(it).get_tasks({"project": it.project, "limit": 100, **OPTIONS})),
    )


def test_sections_are_listed(versus: Versus) -> None:
    """Of a project."""

    def theirs(stand_in: Any) -> None:
        import asana

        list(asana.SectionsApi(client(stand_in)).get_sections_for_project(stand_in.project, {"limit": 100}))

    versus("list_sections", ours=lambda it: every(it.list_sections()), theirs=theirs)


def test_a_task_is_moved(versus: Versus) -> None:
    """Into a section, which both find by its name."""

    def theirs(stand_in: Any, gid: str) -> None:
        import asana

        api = asana.SectionsApi(client(stand_in))
        known = {
            one["name"]: one["gid"] for one in api.get_sections_for_project(stand_in.project, {"limit": 100})
        }
        api.add_task_for_section(known["Doing"], {"body": {"data": {"task": gid}}})

    reads = Extra("ours", "GET /api/1.0/tasks/*", "ours tells how the task stands afterwards")
    twice = Difference("query.body", "the client writes the body into the query as well")
    with_task(
        versus,
        "transition_issue",
        reads,
        twice,
        ours=lambda it, gid: it.transition_issue(gid, "Doing"),
        theirs=theirs,
    )
