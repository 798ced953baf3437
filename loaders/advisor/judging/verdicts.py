"""The five questions, asked of the code: what a template is, how sure that is, and why."""

import re
from dataclasses import dataclass

from loaders.advisor.dispositions import CACHE, CONFIG_STATIC, SYSTEM_OF_RECORD, UNCERTAIN
from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.templates import snake
from loaders.advisor.judging.editors import editor_of
from loaders.advisor.judging.evidence import Evidence, evidence_of
from loaders.advisor.judging.hints import says_cache, says_configuration, words_of
from loaders.advisor.places.places import NEIGHBOURS, Group
from loaders.advisor.words import WORDS

NOT_READ = "written, read nowhere, and no id is visible"
OF_PROJECT = "loaded as a module of the project that a tool is run in, whose commands write it"
NOT_WRITTEN = "who writes it is not visible"
ONLY_READ = "only read, at a path of the project itself"
MANIFEST_WRITTEN = "the manifest of a project, and written at run time"
MANIFEST_READ = "the manifest of something else, and only read"
# Keys of what a program notes of its own runs, which no settings have.
_NOTED = re.compile(
    r"^(last|next|previous)_(run|seen|update|updated|sync|time|check|post|id)"
    r"|(^|_)(stats|durations?|elapsed|statistics|(started|finished|created)_at)(_|$)"
)
# Keys that say which state of its sources something was made of.
_SOURCES = re.compile(
    r"(^|_)(checksums?|fingerprints?|mtimes?|(file|source|function|content|input)_?hash(es)?)$"
    r"|^hash_by_|^hashes$"
)
Decision = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to one of the questions, and what it rests on."""

    question: int
    answer: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    disposition: str | None
    confidence: str
    reason: str
    answers: tuple[Answer, ...] = ()


def judge(engine: Engine, group: Group) -> Verdict:
    """Return a verdict on a template by the first rule that holds, with the answers."""
    if group.store in NEIGHBOURS:
        return Verdict(None, "certain", f"kept by {group.store}, not in JSON")
    if group.template == "?":
        return Verdict(UNCERTAIN, "unknown", "the path is not visible in the code")
    found = evidence_of(engine, group)
    disposition, confidence, reason = _decide(found, group)
    editor = editor_of(engine, group) if disposition == CONFIG_STATIC else None
    return Verdict(disposition, confidence, reason, _answers(found, editor))


def _decide(e: Evidence, group: Group) -> Decision:
    if (cache := _cache(e, group)) is not None:
        return cache
    is_of_program = e.is_of_program and e.is_based and not group.path.literal
    if is_of_program and e.is_read and not e.is_written and not e.people:
        return CONFIG_STATIC, "likely", "bears the name of the program, which only reads it"
    if not e.is_written and not e.is_deleted:
        return _only_read(e, group)
    if e.hints.is_saved_as and not e.is_read and not e.is_deleted:
        return UNCERTAIN, "unknown", "an output, whose path the caller chooses"
    is_told = bool(e.hints.code & WORDS["logging_in"]) and group.store == "file"
    if is_told and e.is_written and not e.is_read and not e.is_deleted:
        return SYSTEM_OF_RECORD, "likely", "written where somebody logs in, whom it tells of"
    # What stands in a browser is of the person before it, and of no deploy.
    configuration = _configuration(e) if group.store != "browser" else None
    if configuration is not None:
        return configuration
    if e.hints.is_login and e.is_written and e.is_deleted and not e.is_taken_away:
        return SYSTEM_OF_RECORD, "likely", "what a login gave, until it is taken away"
    if e.hints.is_whole and e.is_of_object:
        return SYSTEM_OF_RECORD, "likely", "an object writes itself wherever it changes"
    if e.hints.is_whole and (not e.is_read or e.hints.is_made):
        return UNCERTAIN, "unknown", "a path that only its caller knows"
    is_history = e.hints.is_history and e.is_changed_in_place
    if e.hints.is_copy and not e.people and not e.is_of_ids and not is_history:
        return UNCERTAIN, "unknown", "in a folder of copies, which are made of other data"
    if _is_product(e):
        return UNCERTAIN, "unknown", "made whole of other data, by a build or a training"
    if e.is_written and e.is_read:
        if "download" in e.hints.code and not (e.is_read_elsewhere or e.is_changed_in_place):
            return UNCERTAIN, "unknown", "a download, which only its caller reads"
        is_sure = bool(e.is_of_ids or e.people or e.entries) and not _may_be_configuration(e)
        sure = "certain" if is_sure else "likely"
        return SYSTEM_OF_RECORD, sure, "written and read at run time"
    if e.is_taken_away and not e.is_read:
        return UNCERTAIN, "unknown", "written and deleted in one function, and read nowhere"
    if e.ids and not (e.hints.is_made and not e.is_read):
        said = ", ".join(e.ids[:3])
        return SYSTEM_OF_RECORD, "likely", f"written at run time, and carries an id ({said})"
    if e.is_of_span and not e.is_read and not e.hints.is_made:
        return SYSTEM_OF_RECORD, "likely", "a file for each day that is asked for, and kept"
    if e.is_deleted and e.is_read:
        return SYSTEM_OF_RECORD, "likely", "read and deleted at run time"
    return UNCERTAIN, "unknown", NOT_READ


def _cache(e: Evidence, group: Group) -> Decision | None:
    """Decide what may be lost, because it is made anew."""
    hints = e.hints
    if e.is_fresh and not e.people:
        return CACHE, "likely", "read only while it is fresh, and made anew in the same function"
    is_kept_for = e.is_of_login if group.store == "file" else bool(e.ids)
    is_kept_for = is_kept_for or e.is_for_login
    # What is added to, or tells what was done or what a person was asked, no server has.
    is_only_here = bool(((e.is_extended or hints.is_history) and not e.is_fetched) or e.asked)
    if (hints.is_cache or e.is_temporary) and not is_kept_for and not is_only_here:
        return CACHE, "likely", "its path says that it is a cache"
    if "cached" in hints.stem and e.is_fetched:
        return CACHE, "likely", "what is fetched is kept under the name of a cache"
    if group.store == "browser":
        return _browser_cache(e)
    if not e.is_written and e.is_deleted and e.is_read and says_cache(hints.homes) and not e.people:
        return CACHE, "likely", "the code that deletes it calls it a cache"
    if (
        not e.is_written
        or e.is_appended
        or e.is_grown
        or hints.is_login
        or e.is_for_login
        or e.asked
    ):
        return None
    if e.is_answer and not e.people and (e.is_read or not hints.is_made):
        return CACHE, "likely", "a copy of what a server answered"
    if e.ages and e.is_fixed and hints.stem & WORDS["updates"] and not (e.people or e.entries):
        return CACHE, "likely", f"when it last looked for something new ({e.ages[0]})"
    is_kept = bool(e.people or hints.stem & WORDS["record"]) or hints.is_configuration
    if is_kept or not e.is_read:
        return None
    is_kept_so = (hints.is_kept_as_cache and not hints.is_plural) or (
        says_cache(hints.code) and e.is_fetched
    )
    if says_cache(hints.homes) or is_kept_so:
        return CACHE, "likely", "the code that keeps it calls it a cache"
    if e.ages and e.is_fixed and not hints.is_login:
        return CACHE, "likely", f"it keeps when it was asked for ({e.ages[0]})"
    made_of = [key for key in (*e.keys_written, *e.keys_read) if _SOURCES.search(snake(key))]
    if made_of and not (e.ids or e.entries or e.is_extended):
        return CACHE, "likely", f"it keeps what it was made of, to be made anew ({made_of[0]})"
    if hints.is_index and not e.ids and not e.entries:
        return CACHE, "likely", "an index, which is made of other data"
    if e.is_fetched and hints.code & WORDS["fetching"] and not e.ids:
        return CACHE, "likely", "a server is asked for it, and its answer is kept"
    if e.is_supplied and not (e.ids or e.entries or e.keyed):
        return CACHE, "likely", "all who have it written ask a server first"
    return None


def _browser_cache(e: Evidence) -> Decision | None:
    """Decide what a server has too: what it answered, and the token it gave at a login."""
    if e.hints.is_token:
        return CACHE, "likely", "a token that a server issued, and issues anew"
    if e.is_answer:
        return CACHE, "likely", "a copy of what a server answered"
    stem = e.hints.stem
    is_of_news = stem & WORDS["updates"] or ("last" in stem and stem & WORDS["fetching"])
    if is_of_news and not (e.people or e.entries or e.ids or e.is_grown):
        return CACHE, "likely", "when it last looked for something new, or what it found"
    if e.is_read_through and not e.is_grown and not e.people and not e.entries:
        return CACHE, "likely", "a server is asked where it is missing, and its answer is kept"
    return None


def _only_read(e: Evidence, group: Group) -> Decision:
    hints = e.hints
    if group.store == "browser" and e.is_written_openly:
        return SYSTEM_OF_RECORD, "likely", "read, and a helper writes whatever key it is given"
    if group.store == "browser":
        return UNCERTAIN, "unknown", NOT_WRITTEN
    is_set = _is_called_configuration(e) or _is_kept_as_configuration(e)
    if e.is_written_by_object and group.store == "file" and not is_set:
        return SYSTEM_OF_RECORD, "likely", "the object that reads it writes it later"
    if e.is_read and e.is_rooted:
        is_plain = e.is_imported and not hints.path & WORDS["record"] and not e.people
        return CONFIG_STATIC, "certain" if is_plain else "likely", (
            ONLY_READ)  # fmt: skip
    if e.is_read and hints.is_manifest and not e.people and not e.ids:
        return CONFIG_STATIC, "likely", MANIFEST_READ
    if e.is_read and e.is_of_many and hints.folders & WORDS["remembered"]:
        return SYSTEM_OF_RECORD, "likely", "in a folder named as what is remembered, a file each"
    if e.is_read and e.is_based and not e.people and hints.stem & {"default", "defaults"}:
        return CONFIG_STATIC, "likely", "named as defaults, and only read"
    is_import = hints.is_whole and "import" in hints.code
    if e.is_based and not is_import and _is_called_configuration(e):
        return CONFIG_STATIC, "likely", "named as configuration, and only read"
    if e.is_read and hints.is_whole and hints.stem & WORDS["texts"]:
        return CONFIG_STATIC, "likely", "texts of a language, and only read"
    if e.is_read and not hints.is_whole and not e.people:
        if e.is_based and not hints.is_plural and _is_kept_as_configuration(e):
            return CONFIG_STATIC, "likely", "read as configuration, and only read"
        if e.is_based and "config" in hints.folders and not hints.stem & WORDS["record"]:
            return CONFIG_STATIC, "likely", "in a folder of configuration, and only read"
        if e.is_of_many and hints.folders & WORDS["variants"] and not hints.stem & WORDS["record"]:
            return CONFIG_STATIC, "likely", "one of several sets of settings, and only read"
        is_content = (hints.head | hints.folders) & WORDS["content"] or "schema" in hints.stem
        if is_content or e.is_of_parts:
            return CONFIG_STATIC, "likely", "content that is delivered, and only read"
    return UNCERTAIN, "unknown", NOT_WRITTEN


def _configuration(e: Evidence) -> Decision | None:
    """Decide what the program sets, and may set again: not what people gave it to keep."""
    hints = e.hints
    around = hints.head if e.is_based else hints.head | hints.folders | hints.homes
    # What is fetched for one of many things has a manifest that no tool knows it by.
    is_of_one = e.is_of_many and not e.is_based and e.is_fetched
    if hints.is_manifest and not is_of_one and (e.is_written or e.is_read) and not e.people and (
        e.is_based or not around & WORDS["data"]
    ):  # fmt: skip
        how = (
            MANIFEST_WRITTEN
            if e.is_written
            else "the manifest of a project, and deleted at run time"
        )
        return CONFIG_STATIC, "likely", how
    if e.people or e.entries or e.is_appended or hints.folders & WORDS["kept"]:
        return None
    is_of_process = {"pid", "host", "hostname"} & {*e.keys_read, *e.keys_written}
    if hints.is_lock and e.is_written and e.is_read and not (is_of_process or hints.is_copy):
        return CONFIG_STATIC, "likely", "the lock file of a project, which goes with its code"
    if e.is_of_defaults and e.is_read and e.is_based and not (hints.is_copy or e.is_deleted):
        return CONFIG_STATIC, "likely", "the program writes nothing but its own defaults"
    if hints.is_of_parts and e.is_based and not (e.ids or e.is_fetched or hints.is_copy):
        return CONFIG_STATIC, "likely", "which parts of the program are on"
    if e.is_rooted and e.is_written and e.is_read_elsewhere and _is_of_project(e):
        return CONFIG_STATIC, "likely", OF_PROJECT
    if e.keyed and any(word.endswith(("state", "progress", "history")) for word in hints.code):
        return None
    is_content = hints.folders & WORDS["texts"] or (e.is_by_scripts and not hints.is_made)
    if e.is_rooted and e.is_read and not e.ids and is_content:
        return CONFIG_STATIC, "likely", "content of the project, which a tool of it rewrites"
    if not e.is_based or hints.is_copy:
        return None
    is_beside = hints.is_dotted and hints.head & (WORDS["content"] | WORDS["project"])
    if is_beside and e.is_written and not (e.ids or e.is_extended or hints.stem & WORDS["record"]):
        return CONFIG_STATIC, "likely", "a tool's own file in the folder of a project it works on"
    is_named = hints.is_configuration and not hints.is_login
    is_owned = is_named and says_configuration(hints.homes)
    # A list in settings may grow in memory; what is added to it and written back are entries,
    # but for what an editor of settings does to its own.
    if (e.is_extended and not is_owned) or (e.is_grown and not is_named):
        return None
    if hints.is_own_secret and not e.is_fetched and e.is_read and not e.ids and not e.keyed:
        return CONFIG_STATIC, "likely", "a key that the program makes for itself"
    is_of_user = hints.head >= {"user", "data"} and says_configuration(hints.homes)
    if hints.head & WORDS["data"] and not (is_owned or is_named or is_of_user):
        return None
    if hints.is_scaffold and e.is_written:
        return CONFIG_STATIC, "likely", "the description of a project, made to be filled in"
    if is_named:
        return CONFIG_STATIC, "likely", "named as configuration, and written at run time"
    is_kept = e.is_locked or e.is_grown or bool(hints.stem & WORDS["record"]) or hints.is_login
    if is_kept or e.is_listed or e.ids or not e.is_written:
        return None
    if hints.stem & WORDS["layout"] and not e.keyed:
        return CONFIG_STATIC, "likely", "how the program looks, one for all who use it"
    around = hints.homes | (hints.code if e.is_read else frozenset())
    is_taken = hints.is_plural or bool(hints.path & WORDS["made"])
    if says_configuration(around) and not is_taken:
        return CONFIG_STATIC, "likely", "kept by what is named as configuration"
    # A list under the name of the file, crates.json of {"crates": []}, is of entries.
    is_list = hints.is_plural and any(words_of(key) == hints.stem for key in e.keys_read)
    is_noted = any(_NOTED.search(key) for key in map(snake, (*e.keys_read, *e.keys_written)))
    if e.is_fixed and e.keys_read and not (is_list or is_noted or e.is_deleted):
        said = ", ".join(e.keys_read[:3])
        return CONFIG_STATIC, "likely", f"code elsewhere takes fixed keys of it ({said})"
    return None


def _is_product(e: Evidence) -> bool:
    """Say whether it is made as a whole, and again whenever somebody builds or trains."""
    is_kept = e.is_extended or e.is_appended or e.ids or e.entries or e.people or e.is_listed
    is_built = bool((e.hints.head | e.hints.folders) & WORDS["built"]) and not e.keyed
    is_made = is_built and not e.is_changed_in_place and not e.hints.stem & WORDS["record"]
    return not is_kept and (is_made or e.hints.is_trained)


def _is_of_project(e: Evidence) -> bool:
    """Say whether code loads it as a module, and not the program's own, or commands alone write it.

    A module that a program changes while it runs is what it keeps.
    """
    is_loaded = e.is_from_project or (e.is_imported and e.is_by_commands)
    return is_loaded and not e.ids and not e.hints.stem & WORDS["record"]


def _is_called_configuration(e: Evidence) -> bool:
    """Say whether the file's name, or that of what reads the one path it gets, says so."""
    hints = e.hints
    return hints.is_configuration or (hints.is_whole and says_configuration(hints.code))


def _is_kept_as_configuration(e: Evidence) -> bool:
    hints = e.hints
    return says_configuration(hints.homes | hints.code) and not hints.stem & WORDS["record"]


def _may_be_configuration(e: Evidence) -> bool:
    return e.hints.is_configuration or says_configuration(e.hints.homes)


def _answers(e: Evidence, editor: str | None) -> tuple[Answer, ...]:
    changes = e.is_written or e.is_deleted
    ids = ", ".join(e.ids[:4])
    first = (
        ("yes", f"written at run time; ids: {ids}")
        if changes and e.ids
        else ("no", "only read")
        if not changes
        else ("not visible", "written at run time; no id is visible")
    )
    second = ("yes", "its files are listed and opened") if e.is_listed else (
        "not visible", "read one at a time, as far as the code shows")  # fmt: skip
    kept = [
        word
        for is_so, word in (
            (e.is_changed_in_place, "read, changed and written back"),
            (e.is_appended, "appended to"),
            (e.is_locked, "written under a lock"),
            (e.is_deleted, "deleted"),
        )
        if is_so
    ]
    third = ("yes", "; ".join(kept)) if kept else ("not visible", "no sign in the code")
    fourth = ("no", "written at run time") if changes else ("yes", "no code writes it")
    fifth = ("yes", editor) if editor else ("not visible", "code cannot tell")
    return tuple(
        Answer(number, answer, evidence)
        for number, (answer, evidence) in enumerate((first, second, third, fourth, fifth), start=1)
    )
