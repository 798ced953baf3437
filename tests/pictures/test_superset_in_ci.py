"""CI checks Superset where its folder or the views for BI have changed, and nowhere else."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

_GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@example.invalid")


@dataclass(frozen=True)
class Checkout:
    """A repository with .ci/superset in it; make and chromium stand for the real ones."""

    root: Path
    programs: Path

    def commit(self, *files: str) -> None:
        for name in files:
            file = self.root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{file.read_text() if file.exists() else ''}more\n")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "change")

    def git(self, *words: str) -> None:
        subprocess.run([*_GIT, *words], cwd=self.root, check=True)

    def checks(self, *words: str) -> bool:
        """Run .ci/superset; return whether it ran the check."""
        done = subprocess.run(
            [self.root / ".ci/superset", *words], capture_output=True, text=True, check=True,
            env={"PATH": f"{self.programs}:/usr/bin:/bin"},
        )  # fmt: skip
        assert ("Left out" in done.stdout) != ("make superset" in done.stdout), done.stdout
        return "make superset" in done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("make", "chromium"):
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*"\n')
        (programs / name).chmod(0o755)
    found = Checkout(tmp_path / "repository", programs)
    (found.root / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/superset", found.root / ".ci/superset")
    found.git("init", "--quiet", "--initial-branch", "main")
    found.commit("docs/page.md", "deploy/superset/README.md", "models/reporting/view.sql")
    return found


@pytest.mark.parametrize(
    ("changed", "is_checked"),
    [
        ("docs/other.md", False),
        ("models/marts/mart.sql", False),
        ("deploy/superset/assets/charts/new.yaml", True),
        ("models/reporting/view.sql", True),
        ("drills/superset/checks.py", True),
    ],
)
def test_a_branch_is_compared_with_where_it_left_main(
    checkout: Checkout, changed: str, is_checked: bool
) -> None:
    checkout.git("switch", "--quiet", "--create", "branch")
    checkout.commit(changed)
    checkout.commit("docs/page.md")
    assert checkout.checks() is is_checked
    checkout.git("switch", "--quiet", "main")
    checkout.commit("deploy/superset/README.md")
    checkout.git("switch", "--quiet", "branch")
    assert checkout.checks() is is_checked


def test_main_is_compared_with_its_parent(checkout: Checkout) -> None:
    checkout.commit("deploy/superset/README.md")
    assert checkout.checks()
    checkout.commit("docs/page.md")
    assert not checkout.checks()
    assert checkout.checks("HEAD~2")


def test_what_is_not_committed_counts(checkout: Checkout) -> None:
    checkout.commit("docs/page.md")
    (checkout.root / "models/reporting/view.sql").write_text("edited\n")
    assert checkout.checks()


def test_where_git_cannot_tell_it_is_checked(checkout: Checkout) -> None:
    assert checkout.checks()
    assert checkout.checks("no-such-commit")
    shutil.rmtree(checkout.root / ".git")
    assert checkout.checks()
