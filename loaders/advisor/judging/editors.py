"""Question 5: whether somebody changes configuration live, as far as the code shows it."""

import re

from loaders.advisor.flow.engine import Engine
from loaders.advisor.languages.syntax import FunctionDef
from loaders.advisor.places.places import Group, outermost

_ROUTE = re.compile(
    r"(^|\.)(route|get|post|put|patch|delete|api_view|api_route|websocket|on_event|"
    r"Get|Post|Put|Patch|Delete)\(|(^|\.)(login_required|admin_required)$"
)
_REQUESTS = (("req", "res"), ("request", "response"), ("ctx", "next"), ("request", "reply"))
_FURTHEST = 5


def editor_of(engine: Engine, group: Group) -> str | None:
    """Return which handler of requests writes a template; None if none is seen."""
    writing = {member.access.function for member in group.of("write")}
    seen = writing | {outermost(engine, key) for key in writing}
    waiting = [(key, 0) for key in sorted(seen)]
    while waiting:
        key, depth = waiting.pop(0)
        function = engine.project.functions.get(key)
        if function is None or function.path in engine.tests:
            continue
        if _handles_requests(function):
            return f"a handler of requests writes it ({function.path}:{function.line})"
        if depth < _FURTHEST:
            callers = {site.caller for site in engine.calls.get(key, ())}
            outer = engine.parents.get(key)
            if outer is not None and not outer.endswith(":"):
                callers.add(outer)
            waiting += [(each, depth + 1) for each in sorted(callers - seen)]
            seen |= callers
    return None


def _handles_requests(function: FunctionDef) -> bool:
    names = tuple(parameter.name.lstrip("_") for parameter in function.parameters)
    return any(_ROUTE.search(each) for each in function.decorators) or any(
        names[at : at + 2] == pair for pair in _REQUESTS for at in (0, 1)
    )
