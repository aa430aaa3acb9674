"""Version, change log and licence."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from django.conf import settings

from partnerportal.embedded.environment import BASE_DIR

PROJECT = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]
LABELS = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', (BASE_DIR / "Dockerfile").read_text()))


def test_labels_of_the_image_are_those_of_the_project() -> None:
    expected = {"title": "Partner Portal", **{name: PROJECT[name] for name in ("description", "version")}, "licenses": PROJECT["license"]}
    assert expected == LABELS
    assert PROJECT["version"] == settings.VERSION


def test_image_contains_the_file_with_the_version() -> None:
    ignored = (BASE_DIR / ".dockerignore").read_text().splitlines()
    assert "pyproject.toml" not in ignored
    # And not the proxy's keys.
    assert "deploy/caddy/local" in ignored


def test_licence_is_that_of_the_project() -> None:
    assert PROJECT["license-files"] == ["LICENSE"]
    assert (BASE_DIR / "LICENSE").read_text().startswith(f"{PROJECT['license']} License\n")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the files that a release changes."""
    for name in ("Makefile", "pyproject.toml", "Dockerfile", "CHANGELOG.md"):
        (tmp_path / name).write_text((BASE_DIR / name).read_text())
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "Begin"]):
        git(tmp_path, *command)
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@portal.example"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def release(folder: Path, version: str) -> int:
    env = {
        f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in (("NAME", "Ada"), ("EMAIL", "ada@portal.example"))
    }
    command = ["make", "--no-print-directory", "release", f"VERSION={version}"]
    return subprocess.run(command, cwd=folder, env={"PATH": "/usr/bin:/bin", **env}, capture_output=True, check=False).returncode


def test_release_sets_and_tags_the_version(repository: Path) -> None:
    (repository / "CHANGELOG.md").write_text("# Changes\n\n## 7.8.9 (2031-01-02)\n")
    assert release(repository, "7.8.9") == 0
    assert git(repository, "describe").strip() == "v7.8.9"
    assert git(repository, "status", "--porcelain") == ""
    assert 'version = "7.8.9"\n' in (repository / "pyproject.toml").read_text()
    assert 'image.version="7.8.9"\n' in (repository / "Dockerfile").read_text()


@pytest.mark.parametrize("version", ["", "7", "v7.8.9", "7.8.8"])
def test_release_without_section_in_the_change_log_changes_nothing(repository: Path, version: str) -> None:
    (repository / "CHANGELOG.md").write_text("# Changes\n\n## 7.8.9 (2031-01-02)\n")
    assert release(repository, version) != 0
    assert git(repository, "tag") == ""
    assert git(repository, "diff", "--name-only").split() == ["CHANGELOG.md"]
