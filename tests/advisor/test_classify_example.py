"""classify on the example of the library, as it is and with every name and id changed."""

import gzip
import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from loaders.advisor.classification.classify import classify
from loaders.advisor.classification.model import CodeTemplate
from tests.advisor.classified import DATA, EXAMPLE, dispositions, expected, labelled_code

# Only the code can tell these; the data alone must not pretend to.
_FROM_CODE = {"cache/covers/{}.json", "counters.json", "exports/overdue-{}.json"}


def test_the_example_is_classified_as_labelled() -> None:
    result, _ = classify(str(DATA), None, EXAMPLE, labelled_code())
    assert dispositions(result) == expected()
    names = {verdict.template: verdict.code_template for verdict in result.verdicts}
    assert names["archive/{number}/{loan_id}.json.gz"] == "data/archive/{year}/{loan_id}.json.gz"


def test_the_data_alone_leaves_open_only_what_the_code_tells() -> None:
    result, _ = classify(str(DATA))
    wanted = {
        template: (files, "UNCERTAIN" if template in _FROM_CODE else disposition)
        for template, (files, disposition) in expected().items()
    }
    assert dispositions(result) == wanted


def test_the_real_audit_says_of_the_code_what_the_labels_say() -> None:
    pytest.importorskip("loaders.advisor.audit")
    from loaders.advisor.classification.command import run_classify

    assert dispositions(run_classify(str(DATA), None, code=EXAMPLE)) == expected()


class _Renamed:
    """New words, ids and numbers for old ones, the same for the same."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}

    def word(self, word: str) -> str:
        return self._words.setdefault(
            word, f"{'bcdfglmnprst'[len(self._words) % 12]}uka{self._letters()}"
        )

    def _letters(self) -> str:
        number = len(self._words) + 26
        return chr(97 + number // 26) + chr(97 + number % 26)

    def key(self, key: str) -> str:
        """Rename the words of a key; what makes it an id is a word of all trades."""
        if found := self.id(key):
            return found
        words = re.findall(r"[A-Z]?[a-z]+|[A-Z0-9]+|_", key)
        kept = ("_", "id", "Id", "isbn", "email")
        return "".join(
            part
            if part in kept
            else self.word(part.lower()).capitalize()
            if part[0].isupper()
            else self.word(part)
            for part in words
        )

    def id(self, text: str) -> str | None:
        """Return another id for an id, None for other texts."""
        if re.fullmatch(r"[0-9a-f-]{36}", text):
            return str(uuid.uuid5(uuid.NAMESPACE_URL, text))
        if re.fullmatch(r"[0-9a-f]{16}", text):
            return uuid.uuid5(uuid.NAMESPACE_URL, text).hex[:15] + "7"
        if re.fullmatch(r"\d{1,6}", text) and not re.fullmatch(r"20\d\d", text):
            return str(int(text) * 3 + 4000)
        if re.fullmatch(r"\d{13}", text):
            return str(int(text) - 1_234_567_890)
        return None

    def segment(self, segment: str) -> str:
        stem, dot, ending = segment.partition(".")
        if found := self.id(stem):
            return found + dot + ending
        if re.fullmatch(r"20[\d-]+", stem):
            return segment
        parts = re.split(r"(20\d\d-\d\d-\d\d|\{[^}]*\}|[-_])", stem)
        renamed = [part if not part or not part.isalpha() else self.word(part) for part in parts]
        return "".join(renamed) + dot + ending

    def value(self, value: Any, key: str = "") -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            return {self.key(name): self.value(below, name) for name, below in value.items()}
        if isinstance(value, list):
            return [self.value(below, key) for below in value]
        if isinstance(value, str):
            return self.id(value) or value
        is_id = re.search(r"(?:^|_)id$|Id$|^(?:seat|loans|fines)$", key)
        if isinstance(value, int) and not isinstance(value, bool) and is_id:
            return int(str(self.id(str(value))))
        return value


def _renamed_copy(root: Path, names: _Renamed) -> None:
    for path in sorted(DATA.rglob("*")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        is_packed = path.suffix == ".gz"
        text = (gzip.decompress(content) if is_packed else content).decode()
        parts = text.splitlines() if ".jsonl" in path.name else [text]
        changed = "\n".join(
            # As it was written: for people, or by a program.
            json.dumps(names.value(json.loads(part)), indent=2 if "\n  " in part else None)
            for part in parts
        ).encode()
        segments = path.relative_to(DATA).as_posix().split("/")
        target = root.joinpath(*(names.segment(segment) for segment in segments))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(changed) if is_packed else changed)


def _renamed_template(template: str, names: _Renamed) -> str:
    return "/".join(
        segment if segment.startswith("{") else names.segment(segment)
        for segment in template.split("/")
    )


@pytest.mark.parametrize("has_code", [True, False])
def test_names_folders_keys_and_ids_do_not_matter(tmp_path: Path, has_code: bool) -> None:
    names = _Renamed()
    _renamed_copy(tmp_path / names.word("data"), names)
    code = [
        CodeTemplate(
            _renamed_template(one.template, names),
            one.disposition,
            one.operations,
            one.reason,
            one.is_settled,
        )
        for one in labelled_code()
        if "://" not in one.template
    ]
    folder = tmp_path if has_code else None
    result, _ = classify(str(tmp_path / names.word("data")), None, folder, code if has_code else ())
    wanted = {
        _renamed_template(template, names): (
            files,
            "UNCERTAIN" if template in _FROM_CODE and not has_code else disposition,
        )
        for template, (files, disposition) in expected().items()
    }
    assert dispositions(result) == wanted
    assert not any("reader" in template or "loan" in template for template in wanted)
