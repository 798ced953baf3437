"""What 'make kinds' writes is what config/document_kinds.json says."""

from pathlib import Path

import pytest

from loaders.errors import WrongRequest
from loaders.pipeline import configured_kinds
from loaders.project.document_kinds import SYSTEM_OF_RECORD, DocumentKinds, Rule
from loaders.project.generated_kinds import generated_files
from tests.conftest import ROOT


@pytest.mark.parametrize("path", generated_files(configured_kinds(), ROOT))
def test_the_generated_files_are_up_to_date(path: Path) -> None:
    stands = path.read_text(encoding="utf-8")
    assert stands == generated_files(configured_kinds(), ROOT)[path], "stale: run 'make kinds'."


def test_a_kind_that_says_nothing_of_its_fields_is_refused_by_name() -> None:
    silent = Rule("quiz", ("quizzes/{n}.json",), SYSTEM_OF_RECORD, "A test.", "quizzes")
    with pytest.raises(WrongRequest, match=r"'quiz'.*known_fields"):
        generated_files(DocumentKinds([silent]), ROOT)
