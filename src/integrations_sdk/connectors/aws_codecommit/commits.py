"""What is said of commits on CodeCommit, which has comments, but no statuses."""

from __future__ import annotations

from integrations_sdk.connectors.aws_codecommit.api import CodeCommitApi
from integrations_sdk.connectors.base import CommitStatus, ConnectorError, Outcome, given, objects_at, text_at

__all__ = ["Commits"]


class Commits(CodeCommitApi):
    """Comments on commits."""

    async def comment_commit(self, sha: str, text: str) -> Outcome:
        """Add a comment to a commit."""
        return await self._comment(sha, text, self.config.repository)

    async def set_commit_status(self, status: CommitStatus) -> Outcome:
        """Say it in a comment on the commit, in place of an earlier one of the same `context`.

        `project` is the repository's name; a path (`group/name`) is another host's and means the configured one.
        """
        named = status.project if status.project and "/" not in status.project else None
        repository, mark = named or self.config.repository, f"[{status.context}]"
        lines = (f"{mark} {status.status.value}", status.description, status.url or "")
        text = "\n".join(line for line in lines if line)
        known = await self._own_comment(status.sha, mark, repository)
        if known is None:
            return await self._comment(status.sha, text, repository)
        change = self._do("UpdateComment", {"commentId": known, "content": text}, idempotent=True)
        answer = await self.attempt(change)
        if isinstance(answer, ConnectorError):
            if answer.code != "CommentNotCreatedByCallerException":  # ours under another role, then
                raise answer
            return await self._comment(status.sha, text, repository)
        return self.done(answer, reference=known)

    async def _comment(self, sha: str, text: str, repository: str) -> Outcome:
        body = given(repositoryName=repository, afterCommitId=sha, content=text)
        answer = await self._once("PostCommentForComparedCommit", body)
        made = text_at(self.parse(answer), "comment", "commentId")
        return self.done(answer, reference=made)

    async def _own_comment(self, sha: str, mark: str, repository: str) -> str | None:
        """The comment that begins with the mark, and has not been deleted."""
        wanted = given(repositoryName=repository, afterCommitId=sha)
        async for page in self._pages("GetCommentsForComparedCommit", wanted):
            for thread in objects_at(page, "commentsForComparedCommitData"):
                for comment in objects_at(thread, "comments"):
                    begins = (text_at(comment, "content") or "").startswith(f"{mark} ")
                    if begins and comment.get("deleted") is not True:
                        return text_at(comment, "commentId")
        return None
