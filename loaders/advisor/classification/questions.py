"""Answers the five questions from what was measured of a template."""

from collections.abc import Sequence

from loaders.advisor.classification.model import NO, NOT_VISIBLE, YES, Answer
from loaders.advisor.classification.names import HASH
from loaders.advisor.classification.signs import Links, Template, in_folder_of

_HALF = 0.5
_A_DAY = 86_400
_MOSTLY_NUMBERS = 0.6
_LARGEST_CONTENT = 1000
_UNIQUE = "a UUID or an e-mail address is in the path"
_DERIVED = "its ids are those of a larger template: it may be derived from that one"


def answers_of(template: Template, links: Links, everything: Sequence[Template]) -> list[Answer]:
    """Return the first four answers; see docs/classify.md for what counts."""
    first = _about_users(template, links)
    second = _about_queries(template, links)
    third = _about_transactions(template, first.answer)
    is_record = YES in (first.answer, second.answer, third.answer)
    fourth = (
        Answer(4, NO, "it holds records, as the answers above say")
        if is_record
        else _about_configuration(template, links, everything)
    )
    if fourth.answer == YES:
        second = Answer(2, NO, "nothing in it is by user or time")
        third = Answer(3, NO, "nothing in it grows or changes hands")
        if first.answer != NO:
            first = Answer(1, NO, f"{first.evidence}; it reads as configuration")
    return [first, second, third, fourth]


def _about_users(template: Template, links: Links) -> Answer:
    if not template.profile.bodies:
        if template.is_unique:
            return Answer(1, YES, f"{_UNIQUE}; no body could be read")
        return Answer(1, NOT_VISIBLE, "no body could be read")
    found = _signs_of_users(template, links)
    if found:
        return Answer(1, YES, "; ".join(found))
    owner = links.owner_of(template)
    if owner is not None:
        return Answer(1, NOT_VISIBLE, _DERIVED)
    if links.is_snapshot(template):
        return Answer(
            1, NOT_VISIBLE, "lists by date of records that another template keeps, with no times"
        )
    if template.id_positions or template.has_unique_rows or template.profile.with_moments:
        return Answer(1, NOT_VISIBLE, _weak_signs(template))
    return Answer(1, NO, "no id, person or time in names or bodies")


def _signs_of_users(template: Template, links: Links) -> list[str]:
    """Return what says that the files are of users or sessions, or of things that change."""
    profile = template.profile
    people = links.refers_to_people(template)
    is_of_ids = bool(template.id_positions)
    signs = []
    if template.is_unique:
        signs.append(_UNIQUE)
    if template.has_contacts:
        signs.append("the bodies hold addresses or telephone numbers that differ")
    if links.is_snapshot(template):
        return []
    if people and (template.is_many or profile.with_rows or _is_linked(template, links)):
        signs.append(f"the ids of people are in {_listed(people)}")
    if template.has_unique_rows or profile.keyed_by_ids:
        signs.append("its rows hold UUIDs or e-mail addresses, or are kept under them")
    if links.is_under_people(template):
        signs.append("the ids of people are in the path")
    if template.account_keys:
        signs.append(f"accounts: {_listed(template.account_keys)}")
    references = [path for path in links.references(template) if path not in people]
    if references and (template.is_many or profile.with_rows):
        signs.append(f"ids of other records are in {_listed(references)}")
    if profile.with_row_moments and (profile.with_rows or profile.lines):
        signs.append("its rows have times")
    if is_of_ids and template.has_moments():
        signs.append(f"{_percent(template.share(profile.with_moments))} of the bodies have times")
    is_own = is_of_ids and template.repeat_share() >= _HALF and links.owner_of(template) is None
    if is_own and set(template.own_ids):
        share = _percent(template.repeat_share())
        signs.append(f"{share} of the bodies repeat the id of their path")
    if _is_saved_state(template):
        signs.append("each body has a time and numbers")
    return signs


def _is_linked(template: Template, links: Links) -> bool:
    return any(one.ids & links.people for one in template.fields.values())


def _is_saved_state(template: Template) -> bool:
    """Whether named files are states that somebody saved, rather than texts with a date."""
    return template.is_many and template.has_moments() and bool(template.number_keys)


def _weak_signs(template: Template) -> str:
    if template.profile.with_moments:
        return "there are times, but no ids of users or sessions"
    kinds = {kind for position in template.id_positions for kind in template.kinds[position]}
    if kinds == {HASH}:
        return "the names are hashes, which no body repeats: records or derived files"
    return "there are ids, but neither people nor times"


def _about_queries(template: Template, links: Links) -> Answer:
    profile = template.profile
    records = profile.rows if profile.with_rows else template.leaf.files
    if links.is_snapshot(template):
        return Answer(2, NOT_VISIBLE, "numbers by date, of records that another template keeps")
    numbers = template.measure_keys
    has_times = template.has_moments() and (template.is_many or profile.with_row_moments > 0)
    has_times = has_times or (template.is_dated and template.leaf.files > 1)
    if numbers and has_times and records > 1:
        return Answer(2, YES, f"numbers over time: {_listed(numbers)} in {records:,} records")
    if records > 1:
        return Answer(2, NOT_VISIBLE, f"{records:,} records, without numbers over time")
    return Answer(2, NOT_VISIBLE, "one record")


def _about_transactions(template: Template, about_users: str) -> Answer:
    profile = template.profile
    signs = []
    if profile.lines and profile.with_moments:
        signs.append("lines with times: a log that only grows")
    elif profile.arrays_in_order and profile.arrays_in_order == profile.arrays_with_times:
        signs.append(f"{profile.arrays_in_order:,} arrays in the order of their times: they grow")
    if about_users == YES and profile.with_later:
        signs.append(f"{_percent(template.share(profile.with_later))} changed after their creation")
    if about_users == YES and template.money_keys:
        signs.append(f"money in {_listed(template.money_keys)}")
    if signs:
        return Answer(3, YES, "; ".join(signs))
    return Answer(3, NOT_VISIBLE, "no log, no later change and no money to be seen")


def _about_configuration(
    template: Template, links: Links, everything: Sequence[Template]
) -> Answer:
    reason = _why_not_configuration(template, links)
    if reason is not None:
        return Answer(4, NOT_VISIBLE, reason)
    doubt = None
    if not template.profile.bodies:
        doubt = "no body could be read"
    elif template.is_bare_numbers:
        doubt = "whole numbers under a fixed name: limits and counters look alike"
        if links.counted_by(template):
            return Answer(4, NOT_VISIBLE, f"{doubt}, and one is the highest id of other files")
    if doubt is not None:
        others = [
            other
            for other in in_folder_of(template, everything)
            if other.profile.bodies and not other.is_bare_numbers
        ]
        if others and all(
            _why_not_configuration(other, links) is None
            and not _signs_of_users(other, links)
            and _about_queries(other, links).answer != YES
            for other in others
        ):
            return Answer(4, YES, f"{doubt}, but the files around it are all configuration")
        return Answer(4, NOT_VISIBLE, doubt)
    if template.empty_lists and any(o.id_positions for o in in_folder_of(template, everything)):
        return Answer(4, NOT_VISIBLE, "an empty list beside records")
    if not template.is_many:
        return Answer(4, YES, "one file with a fixed name, no id and no time")
    return Answer(4, YES, f"one shape under {template.leaf.files:,} names, no id and no time")


def _why_not_configuration(template: Template, links: Links) -> str | None:
    """Return what in a template is not like configuration."""
    profile = template.profile
    if template.id_positions:
        return _weak_signs(template)
    if template.is_dated:
        return "a date is in the path"
    if template.is_numbered_by_id:
        return "numbers from one, which the bodies call ids: records or a fixed list"
    if profile.with_moments:
        return "there are times in it"
    if profile.lines:
        return "lines are appended, not edited"
    if not profile.bodies:
        return None
    if links.refers_to_people(template) or (template.is_many and template.has_unique_rows):
        return "ids of people are in it"
    if profile.too_large:
        return "larger than people edit"
    if template.has_birth_date:
        return "a date of birth is in it"
    if template.numbered_rows:
        return f"rows are numbered by {_listed(template.numbered_rows)}: records or a fixed list"
    if template.has_scores:
        return "rows hold names and numbers: scores or a fixed list"
    if not profile.tops["object"] and not profile.tops["array"]:
        return "a single value"
    if template.leaf.files > _LARGEST_CONTENT:
        return "more names than people review"
    numbers, keys = template.number_keys, template.leaf_keys
    if template.is_many and keys and len(numbers) >= _MOSTLY_NUMBERS * len(keys):
        return "nearly all values are numbers: a state, or a table of limits"
    nothing = {"object", "array", "null"}
    if all(one.types.keys() <= nothing for one in template.fields.values()):
        return "it is empty"
    return None


def measured_of(template: Template, tracked: tuple[int, int] | None) -> dict[str, str]:
    """Return the measurements as text, by name: no value is among them."""
    profile, leaf = template.profile, template.leaf
    found = {"files": f"{leaf.files:,}"}
    if template.kinds:
        folders = f"{leaf.folders:,} folder{'' if leaf.folders == 1 else 's'}"
        found["keys per folder"] = f"{leaf.files / leaf.folders:.1f} in {folders}"
    bodies = f"{profile.bodies:,} read"
    if profile.damaged:
        bodies += f", {profile.damaged:,} damaged"
    if profile.too_large:
        bodies += f", {profile.too_large:,} of them in part"
    found["bodies"] = bodies
    if template.kinds:
        found["repeat an id of the path"] = _percent(template.repeat_share())
    if profile.with_rows:
        found["rows"] = f"{profile.rows:,}"
    if profile.first is not None and profile.last is not None:
        found["have times"] = _percent(template.share(profile.with_moments))
        found["time span"] = f"{(profile.last - profile.first) / _A_DAY:,.0f} days"
        found["changed after creation"] = _percent(template.share(profile.with_later))
    if profile.oldest_file is not None and profile.newest_file is not None:
        span = (profile.newest_file - profile.oldest_file) / _A_DAY
        if span >= 1:
            found["files' own times"] = f"over {span:,.0f} days"
    if template.measure_keys and (profile.with_moments or template.is_dated):
        found["numbers over time"] = _listed(template.measure_keys)
    if profile.arrays_with_times:
        found["arrays in order of time"] = (
            f"{profile.arrays_in_order:,} of {profile.arrays_with_times:,}"
        )
    if template.secret_keys:
        found["keys of secrets"] = _listed(template.secret_keys)
    if tracked is not None:
        found["tracked by Git"] = f"{tracked[0]:,} of {tracked[1]:,}"
    return found


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(name.replace("#", "") for name in names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"
