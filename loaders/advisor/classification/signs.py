"""What is measured of a template, also in comparison with the others of the tree."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from loaders.advisor.classification.body import BIRTH, CONTACT, MOMENT, PROPER, REST, Field, Profile
from loaders.advisor.classification.names import (
    CODE,
    DATE,
    EMAIL,
    HASH,
    IDS,
    NAME,
    NUMBER,
    PLACEHOLDER,
    UUID,
    snake,
)
from loaders.advisor.classification.tree import SAMPLE, Leaf

_HALF = 0.5
# A value repeats the path in all but damaged or older bodies.
_MOSTLY = 0.8
# Versions, steps and levels are numbered from one, and there are few of them.
_LARGEST_ORDINAL = 50
_SPREAD = 1.2
_NAME = re.compile(r"(?:^|_)(?:names?|surname|nickname|address|street|contact|birth\w*|dob)$")
# Words for people that most trades share; what else is a person shows by contacts and links.
_PERSON = re.compile(
    r"(?:^|_)(?:user|customer|client|patient|member|learner|student|employee|person|account|player"
    r"|guest|subscriber|visitor|participant|applicant|trainee|author|teacher|driver)(?:_|$)"
)
_MONEY = re.compile(r"(?:^|_)(?:amount|price|cents|balance|currency|refund|invoice)(?:_|$)")
_ACCOUNT = re.compile(r"(?:^|_)(?:user_?name|login|pass(?:word|wd)?_?hash|password|passwd)$")
_SECRET = re.compile(r"(?:^|_)(?:password|passwd|secret|api_key|apikey|private_key|token)(?:_|$)")


@dataclass(eq=False)
class Template:
    """A template with its counts, and what they mean on their own."""

    segments: tuple[str, ...]
    leaf: Leaf

    @property
    def profile(self) -> Profile:
        return self.leaf.profile

    @cached_property
    def fields(self) -> dict[str, Field]:
        """The fields by key path, without those that were too many to be told apart."""
        return {path: one for path, one in self.profile.fields.items() if path != REST}

    @cached_property
    def kinds(self) -> dict[int, list[str]]:
        """The kinds of the placeholders, by the position of their segment."""
        found = {i: PLACEHOLDER.findall(segment) for i, segment in enumerate(self.segments)}
        return {position: kinds for position, kinds in found.items() if kinds}

    @cached_property
    def repeated(self) -> dict[int, str]:
        """By the position of a placeholder, the key path that repeats it in most bodies."""
        found = {}
        for position in self.kinds:
            counts = self.profile.repeats.get(position)
            if counts:
                best = max(counts, key=lambda path: (counts[path], -path.count("."), path))
                if counts[best] >= _HALF * self.profile.bodies:
                    found[position] = best
        return found

    def repeat_share(self) -> float:
        """Return the share of bodies that repeat an id of their path."""
        counts = [
            sum(self.profile.repeats.get(position, {}).values())
            for position, kinds in self.kinds.items()
            if kinds[0] in (*IDS, NAME)
        ]
        return min(1.0, max(counts, default=0) / max(1, self.profile.bodies))

    @cached_property
    def id_positions(self) -> list[int]:
        """The positions of ids that a program gave: no names, dates and ordinals."""
        return [position for position in self.kinds if self._is_id(position)]

    def _is_id(self, position: int) -> bool:
        kinds = set(self.kinds[position])
        if kinds & {UUID, EMAIL, HASH, CODE}:
            return True
        if NUMBER not in kinds:
            return False
        if self.leaf.files == 1 and position not in self.repeated:
            return False
        low, high = self.leaf.numbers.get(position, (0, _LARGEST_ORDINAL + 1))
        is_dense = low <= 1 and high <= max(_SPREAD * self.leaf.files, 1)
        is_year = position < len(self.segments) - 1 and 1900 <= low <= high <= 2100
        return not (is_dense and high <= _LARGEST_ORDINAL) and not is_year

    @property
    def is_numbered_by_id(self) -> bool:
        """Whether bodies call the numbers of their path ids, though these count from one."""
        return any(
            NUMBER in self.kinds[position] and re.search(r"(?:^|_)(?:id|\w+id)$", snake(path))
            for position, path in self.repeated.items()
        )

    @property
    def is_unique(self) -> bool:
        """Whether a UUID or an e-mail address is in the path: nobody types those."""
        return any({UUID, EMAIL} & set(kinds) for kinds in self.kinds.values())

    @property
    def is_dated(self) -> bool:
        """Whether a date is in the path."""
        return any(DATE in kinds for kinds in self.kinds.values())

    @property
    def is_many(self) -> bool:
        """Whether it is a kind of files rather than one file."""
        return bool(self.kinds)

    def share(self, count: int) -> float:
        """Return a share of the bodies read."""
        return count / max(1, self.profile.bodies)

    def has_moments(self) -> bool:
        return self.share(self.profile.with_moments) >= _HALF

    @cached_property
    def own_ids(self) -> dict[str, set[int]]:
        """The ids in the path that the body repeats, by the key that does."""
        return {
            snake(self.repeated[position].rpartition(".")[2]): self.profile.ids[position]
            for position in self.id_positions
            if position in self.repeated
        }

    @cached_property
    def row_fields(self) -> list[tuple[str, Field]]:
        """The fields that are in rows: below an array, or below keys that are data."""
        return [(p, f) for p, f in self.fields.items() if "[]" in p or "{" in p]

    @property
    def has_unique_rows(self) -> bool:
        """Whether rows hold, or are kept under, UUIDs or e-mail addresses."""
        return any(
            (found.kinds[UUID] + found.kinds[EMAIL]) * 2 > found.seen > 0
            and (self.is_many or len(found.ids) > 1)
            for _, found in self.row_fields
        )

    @property
    def has_contacts(self) -> bool:
        """Whether most bodies hold an address or a telephone number, and not all the same."""
        if not self.is_many and not self.profile.with_rows:
            return False
        return any(
            found.kinds[CONTACT] >= _HALF * found.seen
            and len(found.ids) >= max(2, _HALF * min(found.kinds[CONTACT], 200))
            for found in self.fields.values()
        )

    @property
    def has_contact(self) -> bool:
        """Whether there is any address or telephone number."""
        return any(found.kinds[CONTACT] for found in self.fields.values())

    @property
    def may_name_people(self) -> bool:
        """Whether there are words that could be the names of people: nothing more is known."""
        for path, found in self.fields.items():
            key = snake(path.rpartition(".")[2].replace("[]", ""))
            is_name = _NAME.search(key) or _PERSON.search(key) or path.endswith("[]")
            if is_name and found.kinds[PROPER] * 2 > found.seen > 0:
                return True
        return False

    @property
    def empty_lists(self) -> list[str]:
        """The key paths of arrays that hold nothing in any body."""
        fields = self.fields
        return [
            path
            for path, one in fields.items()
            if "array" in one.types and f"{path}[]".removeprefix("$") not in fields
        ]

    def keys_like(self, pattern: re.Pattern[str]) -> list[str]:
        """Return the last keys of fields that a pattern finds."""
        names = {path.rpartition(".")[2].replace("[]", "") for path in self.fields}
        return sorted(name for name in names if pattern.search(snake(name)))

    @property
    def person_keys(self) -> list[str]:
        """Keys that name a person by an id: not by a name alone."""
        return sorted(
            path
            for path, found in self.fields.items()
            if found.has_ids and _PERSON.search(snake(path.rpartition(".")[2]))
        )

    @property
    def money_keys(self) -> list[str]:
        return self.keys_like(_MONEY)

    @property
    def secret_keys(self) -> list[str]:
        return self.keys_like(_SECRET)

    @property
    def measure_keys(self) -> list[str]:
        """The key paths of numbers that differ, and that most bodies have."""
        return [
            path
            for path in self.number_keys
            if self.fields[path].bodies >= _HALF * self.profile.bodies
            and (self.fields[path].varies or self.fields[path].types["number"])
        ]

    @property
    def number_keys(self) -> list[str]:
        """The key paths of numbers that are neither ids nor times."""
        found = []
        for path, one in self.fields.items():
            numbers = one.types["integer"] + one.types["number"]
            is_plain = not one.ids and not one.kinds[MOMENT] and path not in self.repeated.values()
            if is_plain and numbers * 2 > one.seen > 0:
                found.append(path)
        return found

    @property
    def leaf_keys(self) -> list[str]:
        """The key paths of scalars."""
        return [
            path
            for path, one in self.fields.items()
            if not one.types.keys() <= {"object", "array"} and not path.endswith("#")
        ]

    @property
    def account_keys(self) -> list[str]:
        """Key paths of accounts: in rows, as a hash, or as the name of the file."""
        # Translations have such keys too, but as words of a page.
        return [
            path
            for path in self.leaf_keys
            if (found := _ACCOUNT.search(snake(path.rpartition(".")[2])))
            and (
                "[]" in path or "{" in path or path in self.repeated.values() or "hash" in found[0]
            )
        ]

    @property
    def numbered_rows(self) -> list[str]:
        """The key paths that number rows by an id."""
        return [
            path
            for path, found in self.row_fields
            if found.has_ids and snake(path.rpartition(".")[2]) in ("id", "_id", "key", "uid")
        ]

    @property
    def has_scores(self) -> bool:
        """Whether rows hold what could be names of people, and numbers that are no positions."""
        return self.may_name_people and any(
            path in self.number_keys and (found.highest > found.seen or found.types["number"])
            for path, found in self.row_fields
        )

    @property
    def has_birth_date(self) -> bool:
        return any(found.kinds[BIRTH] for found in self.fields.values())

    @property
    def is_bare_numbers(self) -> bool:
        """Whether it is one flat object of whole numbers: settings and counters look alike."""
        profile = self.profile
        if self.is_many or profile.bodies != 1 or profile.tops["object"] != 1:
            return False
        values = [one for path, one in profile.fields.items() if path != "$"]
        return bool(values) and all(one.types.keys() == {"integer"} for one in values)


class Links:
    """The ids that templates share."""

    def __init__(self, templates: Sequence[Template]) -> None:
        self._templates = templates
        self.owners: dict[str, list[Template]] = {}
        for template in templates:
            for key in template.own_ids:
                self.owners.setdefault(key, []).append(template)
        people = [template for template in templates if template.has_contacts]
        self.people: set[int] = set()
        self.person_names: set[str] = set()
        for template in people:
            for key, ids in template.own_ids.items():
                self.people |= ids
                self.person_names.add(key)
            for position in template.id_positions:
                self.people |= template.profile.ids.get(position, set())
        self.person_names.discard("id")
        self.owned: set[int] = set()
        for template in templates:
            for ids in template.own_ids.values():
                self.owned |= ids

    def refers_to_people(self, template: Template) -> list[str]:
        """Return the key paths whose ids are those of people."""
        found = []
        for path, one in template.fields.items():
            name = snake(path.rpartition(".")[2].replace("[]", "").replace("#", ""))
            if one.has_ids and (one.ids & self.people or name in self.person_names):
                found.append(path)
        return sorted({*found, *template.person_keys})

    def is_under_people(self, template: Template) -> bool:
        """Whether ids in the path are those of people."""
        return any(
            template.profile.ids.get(position, set()) & self.people
            for position in template.id_positions
        )

    def references(self, template: Template) -> list[str]:
        """Return the key paths whose ids belong to other templates, or only a program gives."""
        own = set(template.repeated.values())
        found = []
        for path, one in template.fields.items():
            if path in own or not one.has_ids:
                continue
            name = snake(path.rpartition(".")[2].replace("[]", ""))
            owners = [o for o in self.owners.get(name, ()) if o is not template and name != "id"]
            if one.is_reference or one.ids & self.owned or owners:
                found.append(path)
        return found

    def owner_of(self, template: Template) -> Template | None:
        """Return the larger template whose ids are those of this one: it may be made from it."""
        for key, ids in template.own_ids.items():
            for other in self.owners.get(key, ()):
                theirs = other.own_ids[key]
                is_larger = other.leaf.files > template.leaf.files
                # Of a large template only the ids with the smallest hashes are known.
                ids = {one for one in ids if one <= max(theirs)} if len(theirs) >= SAMPLE else ids
                is_made_of = ids and len(ids & theirs) >= _MOSTLY * len(ids)
                if other is not template and is_larger and is_made_of:
                    return other
        return None

    def is_snapshot(self, template: Template) -> bool:
        """Whether dated lists repeat records that another template keeps, and have no times."""
        if not template.is_dated or template.id_positions or template.profile.with_moments:
            return False
        keys = {snake(path.rpartition(".")[2]) for path, one in template.row_fields if one.ids}
        for key in keys:
            for other in self.owners.get(key, ()):
                theirs = {snake(path.rpartition(".")[2]) for path in other.fields}
                if other is not template and len(keys) > 1 and keys <= theirs:
                    return True
        return False

    def counted_by(self, template: Template) -> bool:
        """Whether a number of a flat object is the highest id of a template."""
        highest = {
            template_high
            for other in self._templates
            for position in other.id_positions
            if (template_high := other.leaf.numbers.get(position, (0, 0))[1]) > 1
        }
        return any(one.highest in highest for one in template.fields.values())


def in_folder_of(template: Template, others: Sequence[Template]) -> list[Template]:
    """Return the other templates in the same folder, below it, or else in the nearest above."""
    folder = template.segments[:-1]
    while True:
        found = [o for o in others if o is not template and o.segments[: len(folder)] == folder]
        if found or not folder:
            return found
        folder = folder[:-1]
