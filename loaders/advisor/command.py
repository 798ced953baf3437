"""What the command does around an audit: checks, baseline, Git, output."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from loaders.errors import WorkFailed, WrongRequest


@dataclass(frozen=True, slots=True)
class Done:
    """What to print, and the exit code."""

    text: str
    exit_code: int


def explained(rule: str) -> str:
    """Return the page on a rule. Raises WrongRequest if there is none of that name."""
    from loaders.advisor.judging.rules import RULES, explain

    page = explain(rule)
    if page is None:
        raise WrongRequest(f"There is no rule {rule!r}; known are {', '.join(RULES)}.")
    return page


def run_audit(
    directory: Path,
    *,
    data: Path | None = None,
    form: str = "text",
    output: Path | None = None,
    baseline: Path | None = None,
    is_written: bool = False,
    since: str | None = None,
) -> Done:
    """Audit a folder and render the result.

    Raises WrongRequest for what cannot be asked, and WorkFailed if the output cannot be written.
    """
    try:
        from loaders.advisor.audit import Request, audit
        from loaders.advisor.output.rendering import RENDERERS
    except ModuleNotFoundError as error:
        raise WrongRequest(
            f"{error.name} is not installed: the audit needs pip install 'pulse-elt[advisor]'."
        ) from error
    if not directory.is_dir():
        raise WrongRequest(f"{directory} is not a folder.")
    if is_written and baseline is None:
        raise WrongRequest("--write-baseline needs --baseline FILE.")
    if is_written and since is not None:
        raise WrongRequest(
            "--write-baseline takes the findings of all files: leave --since out, or the baseline "
            "would forget the others."
        )
    known: dict[str, int] = {}
    if baseline is not None and not is_written:
        known = read_baseline(baseline)
    changed = changed_since(directory, since) if since is not None else None
    request = Request(directory, data, known, since, changed)
    try:
        result = audit(request)
    except OSError as error:
        raise WrongRequest(f"{directory} cannot be read: {error.strerror}.") from error
    if is_written and baseline is not None:
        marks = {
            each.fingerprint: f"{each.rule} {each.template} {each.file}" for each in result.results
        }
        places = {each.fingerprint: len(each.lines) for each in result.results}
        said = {"version": 1, "known": marks, "places": places}
        write(baseline, json.dumps(said, indent=2, sort_keys=True) + "\n")
        are = "1 finding is" if len(marks) == 1 else f"{len(marks)} findings are"
        return Done(f"{are} now known: {baseline}\n", 0)
    text = RENDERERS[form](result)
    if output is not None:
        write(output, text)
        text = ""
    return Done(text, 0 if result.is_clean else 1)


def run_report(
    audit: Path,
    *,
    classified: Path | None = None,
    form: str = "markdown",
    output: Path | None = None,
) -> str:
    """Return the report on the JSON of an audit, or nothing if it went to a file.

    Raises WrongRequest if a file is not what it must be.
    """
    from loaders.advisor.output.report import as_json, as_markdown, make_report, read_result

    counted = read_result(classified, "classify") if classified is not None else None
    try:
        found = make_report(read_result(audit, "an audit"), counted)
    except (KeyError, TypeError, AttributeError) as error:
        raise WrongRequest(
            f"{audit} is not the JSON of an audit of this version: {error!r}. Run "
            "'pulse-elt audit --format json' again."
        ) from error
    text = as_json(found) if form == "json" else as_markdown(found)
    if output is not None:
        write(output, text)
        return ""
    return text


def read_baseline(file: Path) -> dict[str, int]:
    """Return the fingerprints of a baseline, and how many places of each are known.

    Raises WrongRequest if it is none.
    """
    try:
        said = json.loads(file.read_text(encoding="utf-8-sig"))
        places = said.get("places", {})
        return {mark: int(places.get(mark, sys.maxsize)) for mark in said["known"]}
    except FileNotFoundError:
        raise WrongRequest(
            f"The baseline {file} is not there; write it with --write-baseline."
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WrongRequest(f"{file} is not a baseline: {error}.") from error


def changed_since(directory: Path, revision: str) -> frozenset[str]:
    """Return the files under a folder that differ from a Git revision, untracked ones too.

    Raises WrongRequest if Git does not know the revision, or is not there.
    """
    if revision.startswith("-"):
        raise WrongRequest(f"{revision!r} is not a Git revision.")
    # A setting of the examined repository may name programs; none of them is run.
    filters = _git(directory, "config", "--name-only", "-z", "--get-regexp", _FILTERS, ok=(0, 1))
    off = [part for name in filters.split("\0") if name for part in ("-c", f"{name}=")]
    changed = _git(directory, *off, "diff", "--name-only", "--relative", "-z", revision, "--", ".")
    untracked = _git(directory, "ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    from loaders.advisor.files import shown

    return frozenset(shown(name) for name in (changed + untracked).split("\0") if name)


_FILTERS = r"^filter\..*\.(clean|process|required)$"


def _git(directory: Path, *arguments: str, ok: tuple[int, ...] = (0,)) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), "-c", "core.fsmonitor=false", *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
    except FileNotFoundError:
        raise WrongRequest("--since needs git, which is not installed.") from None
    if done.returncode not in ok:
        said = done.stderr.strip().splitlines()
        raise WrongRequest(
            f"--since: git says {said[0] if said else 'no'}. It needs {directory} in a Git "
            "repository, and the revision there: a shallow clone may lack it."
        )
    return done.stdout


def write(file: Path, text: str) -> None:
    """Write the output to a file.

    Raises:
        WorkFailed: it cannot be written.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WorkFailed(f"{file} cannot be written: {error.strerror}.") from error
