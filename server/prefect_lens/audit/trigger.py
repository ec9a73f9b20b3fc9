"""Who had tests run: a person in an editor, a person with the command, or a job of a CI system."""

from __future__ import annotations

import getpass
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect_lens import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

# What each system sets for its jobs, as its documentation tells: whose project, which run, which job, who began it.
_SYSTEMS = (
    ("GitHub Actions", "GITHUB_ACTIONS", ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_JOB", "GITHUB_ACTOR")),
    ("GitLab CI", "GITLAB_CI", ("CI_PROJECT_PATH", "CI_PIPELINE_ID", "CI_JOB_ID", "GITLAB_USER_LOGIN")),
    ("Azure Pipelines", "TF_BUILD", ("SYSTEM_TEAMPROJECT", "BUILD_BUILDID", "SYSTEM_JOBNAME", "BUILD_REQUESTEDFOR")),
    ("Jenkins", "JENKINS_URL", ("JOB_NAME", "BUILD_NUMBER", "STAGE_NAME", "BUILD_USER_ID")),
    ("CircleCI", "CIRCLECI", ("CIRCLE_PROJECT_REPONAME", "CIRCLE_WORKFLOW_ID", "CIRCLE_JOB", "CIRCLE_USERNAME")),
    (
        "Buildkite",
        "BUILDKITE",
        ("BUILDKITE_PIPELINE_SLUG", "BUILDKITE_BUILD_NUMBER", "BUILDKITE_JOB_ID", "BUILDKITE_BUILD_CREATOR"),
    ),
    (
        "Bitbucket Pipelines",
        "BITBUCKET_BUILD_NUMBER",
        ("BITBUCKET_REPO_FULL_NAME", "BITBUCKET_BUILD_NUMBER", "BITBUCKET_STEP_UUID", "BITBUCKET_STEP_TRIGGERER_UUID"),
    ),
)
_PARTS = ("project", "run", "job", "actor")


@dataclass(frozen=True)
class Trigger:
    """Who it was, and by which way."""

    user: str
    host: str
    through: str
    """`editor`, `command`, `ci` or `pytest`."""
    editor: str | None = None
    """The editor's name and version, as it says them."""
    ci: tuple[tuple[str, str], ...] = ()
    """The CI system, and what it says of its job."""

    def facts(self) -> dict[str, object]:
        """Return it as it is written down."""
        told: dict[str, object] = {"user": self.user, "host": self.host, "through": self.through}
        if self.editor is not None:
            told["editor"] = self.editor
        if self.ci:
            told["ci"] = dict(self.ci)
        return {**told, "version": __version__}


def trigger(through: str, environ: Mapping[str, str], editor: str | None = None) -> Trigger:
    """Return who has tests run by this process; a command in a job of a CI system is the job's."""
    ci = _job(environ)
    return Trigger(_user(), platform.node(), "ci" if ci and through == "command" else through, editor, ci)


def _job(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    for system, mark, names in _SYSTEMS:
        if environ.get(mark):
            told = ((part, environ.get(name, "")) for part, name in zip(_PARTS, names, strict=True))
            return (("system", system), *((part, value) for part, value in told if value))
    return (("system", "unknown"),) if environ.get("CI", "").lower() in ("1", "true", "yes") else ()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user that has no name
        return "unknown"
