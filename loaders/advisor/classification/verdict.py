"""From answers to a disposition, by the rules of the architect in their order."""

from collections.abc import Sequence
from dataclasses import replace

from loaders.advisor.classification.model import (
    CERTAIN,
    LIKELY,
    NO,
    NOT_VISIBLE,
    UNKNOWN,
    YES,
    Answer,
    CodeTemplate,
)
from loaders.advisor.classification.signs import Links, Template
from loaders.advisor.dispositions import CACHE, CONFIG_STATIC, SYSTEM_OF_RECORD, UNCERTAIN

# From so few files nothing is certain.
_ENOUGH = 3
_NEARLY_ALL = 0.9
Judgement = tuple[str, str, str, list[Answer]]


def judge(
    template: Template,
    answers: Sequence[Answer],
    links: Links,
    tracked: tuple[int, int] | None,
    code: CodeTemplate | None,
) -> Judgement:
    """Return disposition, confidence, reason and all five answers."""
    disposition, confidence, reason = _from_data(template, answers, tracked)
    may_be_people = _may_be_people(template, links)
    if code is not None:
        disposition, confidence, reason = _with_code(
            (disposition, confidence, reason), code, is_of_people=may_be_people
        )
    # Whatever the signs, a record of people is never called disposable without a doubt.
    if disposition in (CONFIG_STATIC, CACHE) and may_be_people and confidence == CERTAIN:
        confidence = LIKELY
    completed = _completed(answers, disposition, code)
    if tracked is not None:
        said = f"Git tracks {tracked[0]:,} of {tracked[1]:,}"
        completed[3] = replace(completed[3], evidence=f"{completed[3].evidence}; {said}")
    return disposition, confidence, reason, completed


def _from_data(
    template: Template, answers: Sequence[Answer], tracked: tuple[int, int] | None
) -> tuple[str, str, str]:
    users, queries, transactions, configuration = answers
    for answer in (users, queries, transactions):
        if answer.answer == YES:
            is_certain = answer.question == 1 and _is_certain(template, users, transactions)
            return SYSTEM_OF_RECORD, CERTAIN if is_certain else LIKELY, answer.evidence
    if configuration.answer == YES:
        if tracked is not None and tracked[0] == 0:
            reason = f"{configuration.evidence}; but Git does not track it, as it does others here"
            return UNCERTAIN, UNKNOWN, reason
        # Sample data is committed too: only the code can make this certain.
        return CONFIG_STATIC, LIKELY, configuration.evidence
    why = users if users.answer == NOT_VISIBLE else configuration
    return UNCERTAIN, UNKNOWN, why.evidence


def _is_certain(template: Template, users: Answer, transactions: Answer) -> bool:
    """Whether several independent signs agree over enough files."""
    signs = users.evidence.count(";") + 1 + (transactions.answer == YES)
    records = max(template.leaf.files, template.profile.rows)
    is_repeated = template.repeat_share() >= _NEARLY_ALL
    return records >= _ENOUGH and signs >= 2 and (is_repeated or template.is_unique or signs >= 3)


def _may_be_people(template: Template, links: Links) -> bool:
    return bool(
        template.has_contact
        or template.may_name_people
        or template.person_keys
        or template.is_unique
        or template.has_unique_rows
        or links.refers_to_people(template)
        or links.is_under_people(template)
    )


def _with_code(
    data: tuple[str, str, str], code: CodeTemplate, *, is_of_people: bool
) -> tuple[str, str, str]:
    disposition, confidence, reason = data
    if code.is_settled:
        return code.disposition, CERTAIN, f"the project's settings say so: {code.reason}"
    if code.disposition == disposition:
        sure = CERTAIN if disposition != UNCERTAIN else UNKNOWN
        return disposition, sure, f"{reason}; {_said(code)}"
    if code.disposition == UNCERTAIN:
        if disposition == CONFIG_STATIC and code.writes:
            return UNCERTAIN, UNKNOWN, f"{reason}; but {_said(code)}"
        return disposition, confidence, f"{reason}; {_said(code)}"
    if disposition == UNCERTAIN:
        sure = LIKELY if code.disposition == CONFIG_STATIC else CERTAIN
        return code.disposition, sure, f"{_said(code)}; from the data alone: {reason}"
    if disposition == SYSTEM_OF_RECORD and (is_of_people or code.disposition == CONFIG_STATIC):
        # This code may not be the only one that writes it.
        return disposition, LIKELY, f"{reason}; but {_said(code)}"
    return code.disposition, LIKELY, f"{_said(code)}; but from the data alone: {reason}"


def _said(code: CodeTemplate) -> str:
    """Return in words what the code does with the files."""
    verbs = {"read": "reads", "write": "writes", "list": "lists", "delete": "deletes"}
    done = [verb for name, verb in verbs.items() if code.operations.get(name)]
    does = " and ".join([", ".join(done[:-1]), done[-1]]) if len(done) > 1 else "".join(done)
    does = does or "names"
    if code.disposition == CACHE:
        return f"the code {does} it, and makes it anew when it is missing or old"
    if code.disposition == CONFIG_STATIC and not code.writes:
        return "the code only reads it"
    where = f" ({code.writes[0]})" if code.writes else ""
    return f"the code {does} it{where}"


def _completed(
    answers: Sequence[Answer], disposition: str, code: CodeTemplate | None
) -> list[Answer]:
    """Return five answers that fit the disposition."""
    users, queries, transactions, configuration = answers
    if code is not None:
        said = _said(code)
        listed = code.operations.get("list")
        if disposition == SYSTEM_OF_RECORD:
            if listed and queries.answer != YES:
                queries = Answer(2, YES, f"the code lists it ({listed[0]})")
            if YES not in (users.answer, queries.answer, transactions.answer):
                transactions = Answer(3, YES, said)
            configuration = Answer(4, NO, said)
        elif disposition == CONFIG_STATIC:
            configuration = Answer(4, YES, f"{configuration.evidence}; {said}")
        elif disposition == CACHE:
            configuration = Answer(4, NO, said)
    return [users, queries, transactions, configuration, _about_editors(disposition, code)]


def _about_editors(disposition: str, code: CodeTemplate | None) -> Answer:
    """Answer question 5, which only the code can: an editor leaves no mark in the data."""
    if code is None or disposition != CONFIG_STATIC:
        return Answer(5, NOT_VISIBLE, "the data cannot say")
    if code.writes:
        return Answer(5, YES, f"the code writes it at run time ({code.writes[0]})")
    return Answer(5, NO, "the code only reads it")
