"""What names say: those of files, folders, placeholders, functions, classes and modules."""

import re
from dataclasses import dataclass

from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.summaries import Access
from loaders.advisor.flow.templates import snake
from loaders.advisor.flow.values import Hole, Text
from loaders.advisor.judging.constants import names_of
from loaders.advisor.places.places import Group, outermost
from loaders.advisor.words import WORDS

_CONFIG_ENDINGS = ("config", "configs", "settings", "preferences", "prefs", "options")
_CACHE = re.compile(r"^cache(s|dir|dirs|file|files|path|home|folder|root)?$")
_RC = re.compile(r"^\.?[a-z0-9_-]+rc$")
# What may stand beside a manifest's name: package-lock.json, tsconfig.build.json.
_KINDS = frozenset({"lock", "npm", "base", "build", "dev", "prod", "node", "app"})
_TOKENS = frozenset({"token", "tokens", "jwt"})
_GIVEN = frozenset(f"options_{name}" for name in ("file", "path", "input", "output", "name", "out"))
# Folders of what somebody works on, which is kept with its versions.
_PROJECTS = frozenset({"project", "projects", "workspace", "repo", "repository"})
_NAMES_OF_PATHS = frozenset(
    {
        "path",
        "file",
        "filename",
        "filepath",
        "name",
        "location",
        "json",
        "args",
        "opts",
        "options",
        "url",
    }
)


@dataclass(frozen=True, slots=True)
class Hints:
    """Words by where they stand: the file's own name, its folders, the code around its places."""

    stem: frozenset[str]
    folders: frozenset[str]
    head: frozenset[str]
    code: frozenset[str]
    homes: frozenset[str]
    called: frozenset[str]
    is_rc: bool
    is_dotted: bool
    is_called_manifest: bool
    is_held_as_configuration: bool
    is_of_project: bool
    is_whole: bool
    is_kept_as_cache: bool

    @property
    def path(self) -> frozenset[str]:
        """Return the words of all of the path."""
        return self.stem | self.folders | self.head

    @property
    def is_configuration(self) -> bool:
        """Say whether the file's own name, or that of the constant that holds it, says so."""
        is_named = says_configuration(self.stem) and not self.stem & WORDS["record"]
        is_called = any(word.endswith(_CONFIG_ENDINGS) for word in self.called) and not (
            (self.stem - WORDS["kept_anyhow"] | self.called) & WORDS["record"]
        )
        if self.is_whole and self.head >= {"manifest"} and self.head & {"path", "file"}:
            return True
        if self.is_whole and self.head >= {"package", "json"}:
            return True
        is_used = (self.is_held_as_configuration or self.is_of_project) and not (
            self.is_plural or (self.stem - WORDS["kept_anyhow"]) & WORDS["record"]
        )
        return self.is_rc or self.is_manifest or is_named or is_called or is_used

    @property
    def is_login(self) -> bool:
        """Say whether it is named as what a login gave, or who may log in."""
        return bool(self.stem & WORDS["login"]) or self.stem == {"user"}

    @property
    def is_manifest(self) -> bool:
        """Say whether tools know a project by the file, whatever writes it."""
        if self.is_called_manifest:
            return True
        return bool(self.stem) and not self.is_whole and self.stem - _KINDS <= WORDS["manifest"]

    @property
    def is_plural(self) -> bool:
        """Say whether the file is named as many of something are: builds, recentPaths."""
        return any(re.search(r"[a-rt-z]s$", word) for word in self.stem) and not self.is_whole

    @property
    def is_saved_as(self) -> bool:
        """Say whether all of the path is what a caller says: save_config, output_settings."""
        return self.is_whole and bool(self.head & (WORDS["made"] | WORDS["saving"]))

    @property
    def is_index(self) -> bool:
        """Say whether it is named as what is made of other data, to find it again."""
        return bool(self.stem & WORDS["index"])

    @property
    def is_scaffold(self) -> bool:
        """Say whether it describes a project, and a command puts it there to be filled in."""
        return bool(self.stem & WORDS["description"] and self.code & WORDS["scaffolding"])

    @property
    def is_cache(self) -> bool:
        """Say whether the file's own name, a folder's, or that of its constant says so."""
        return says_cache(self.path | self.called)

    @property
    def is_copy(self) -> bool:
        """Say whether its folder is one of copies: of a backup, an export, or for a while."""
        return bool((self.folders | (self.head - self.stem)) & WORDS["copies"])

    @property
    def is_history(self) -> bool:
        """Say whether it is named as what was said or done before, not as a cache of it."""
        return bool(self.stem & WORDS["remembered"]) and not says_cache(self.stem)

    @property
    def is_token(self) -> bool:
        """Say whether it is named as a token of a login, or when it ends: accessToken, jwt."""
        about = (
            WORDS["expiry"] | WORDS["token"] | WORDS["token_kinds"] | {"at", "in", "time", "date"}
        )
        if self.stem & WORDS["expiry"] and self.stem <= about:
            return True
        named, kinds = self.stem & WORDS["token"], self.stem & WORDS["token_kinds"]
        if named == {"session"}:
            kinds -= {"id"}  # says which session, and is no token of it
        return bool(named) and (self.stem <= WORDS["token"] or bool(kinds))

    @property
    def is_own_secret(self) -> bool:
        """Say whether it is named as a secret that the program makes, and nobody logs in by."""
        is_made_here = says_configuration(self.homes) or bool(self.code & WORDS["generating"])
        is_got = bool(self.stem & WORDS["login"] - WORDS["secret"]) or bool(
            (self.stem | self.code | self.homes) & WORDS["signing"]
        )
        return bool(self.stem & WORDS["secret"]) and is_made_here and not is_got

    @property
    def is_lock(self) -> bool:
        """Say whether it is named as what pins the versions of a project, and not a process."""
        around = self.code | self.homes
        says_so = bool(around & {"lockfile", "lockfiles"}) or around >= {"lock", "file"}
        return not self.is_whole and bool(self.stem & {"lock", "lockfile"}) and says_so

    @property
    def is_of_parts(self) -> bool:
        """Say whether it is named as the list of which parts of the program are on."""
        parts = self.stem & WORDS["parts"]
        return bool(parts) and not self.is_whole and self.stem <= parts | WORDS["switches"]

    @property
    def is_trained(self) -> bool:
        """Say whether it is named as what a training makes, by code that trains."""
        is_named = bool((self.stem | self.folders) & WORDS["trained"])
        return is_named and bool((self.code | self.homes) & WORDS["training"])

    @property
    def is_made(self) -> bool:
        """Say whether it is called a result: an export, a report, what a build makes."""
        return bool(self.path & WORDS["made"] or self.code & WORDS["making"])


def says_configuration(words: frozenset[str]) -> bool:
    return bool(words & WORDS["config"]) or any(word.endswith(_CONFIG_ENDINGS) for word in words)


def says_cache(words: frozenset[str]) -> bool:
    return any(_CACHE.match(word) for word in words)


def hints_of(engine: Engine, group: Group) -> Hints:
    """Return what the names of a template and of the code around its places say."""
    segments = segments_of(group.path)
    name = "".join(part for part in segments[-1] if isinstance(part, str))
    is_whole = len(group.path.parts) == 1 and isinstance(group.path.parts[0], Hole)
    stem = words_of(re.sub(r"(?<=.)\.json[a-z0-9]*(\.gz)?$", "", name.lstrip("."))) | (
        words_of(name.lstrip(".").partition(".")[0])
    )
    tail = words_of(re.split(r"[:.]", name)[-1])
    if (
        group.store == "browser"
        and tail & _TOKENS
        and tail <= WORDS["token"] | WORDS["token_kinds"]
    ):
        # What stands before a token in a key is whose it is: "orders:auth.token".
        stem = tail
    folders = {w for each in segments[:-1] for part in each if isinstance(part, str)
               for w in words_of(part)}  # fmt: skip
    head = {word for hole in group.path.holes[:1] for word in words_of(hole.name)}
    if is_whole:
        stem = frozenset(head) - _NAMES_OF_PATHS
        # 'options.file' is what the command line gives, whatever it is.
        if snake(group.path.holes[0].name) in _GIVEN:
            stem = frozenset()
    elif not (group.path.parts and isinstance(group.path.parts[0], Hole)):
        head = set()
    is_fixed = all(isinstance(part, str) for part in segments[-1])
    called = [words_of(name) for name in names_of(engine, group.path)]
    held = {word for each in _noted(engine.variables, group) for word in words_of(each)}
    keys = {word for each in _noted(engine.keys, group) for word in words_of(each)}
    around = [_around(engine, member.access) for member in group.members]
    return Hints(
        stem=frozenset(stem),
        folders=frozenset(folders),
        head=frozenset(head),
        code=frozenset(word for functions, _ in around for word in functions),
        homes=frozenset(word for _, homes in around for word in homes),
        called=frozenset(word for words in called for word in words),
        is_rc=_is_rc(name),
        is_dotted=name.startswith("."),
        is_called_manifest=any(words - _NAMES_OF_PATHS == {"manifest"} for words in called)
        or ("dependencies" in keys and not is_whole and is_fixed),
        is_held_as_configuration=any(word.endswith(_CONFIG_ENDINGS) for word in held)
        and not held & WORDS["record"],
        is_of_project=bool(head & _PROJECTS) and len(segments) == 2 and name.startswith("."),
        is_whole=is_whole,
        is_kept_as_cache=bool(around) and all(says_cache(functions) for functions, _ in around),
    )


def _noted(table: dict[str, dict[str, None]], group: Group) -> list[str]:
    return [key for member in group.members for key in table.get(member.access.id, ())]


def words_of(text: str) -> frozenset[str]:
    """Return the words of a name, however they are written together."""
    pieces = re.split(r"[^A-Za-z0-9]+", text)
    return frozenset(word for piece in pieces if piece for word in snake(piece).split("_")) - {""}


def _is_rc(name: str) -> bool:
    stem = name.removesuffix(".json")
    return stem.startswith(".") and _RC.match(stem) is not None


def segments_of(path: Text) -> list[list[str | Hole]]:
    found: list[list[str | Hole]] = [[]]
    for part in path.parts:
        if isinstance(part, str):
            first, *rest = part.split("/")
            found[-1].append(first)
            found.extend([piece] for piece in rest)
        else:
            found[-1].append(part)
    return found


def _around(engine: Engine, access: Access) -> tuple[frozenset[str], frozenset[str]]:
    """Return words of the functions around a place, and of the classes and module they are in."""
    functions: set[str] = set()
    homes: set[str] = set()
    for key in dict.fromkeys((access.function, outermost(engine, access.function), access.by)):
        function = engine.project.functions.get(key)
        if function is None:
            continue
        functions |= words_of(function.name)
        definition = engine.project.classes.get(function.class_key or "")
        if definition is not None:
            homes |= words_of(definition.name)
        if key != access.by:
            module = function.path.rpartition("/")[2].partition(".")[0]
            homes |= words_of(module)
    return frozenset(functions), frozenset(homes)
