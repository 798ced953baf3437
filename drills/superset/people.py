"""People of Superset in the check: they log in, ask for charts' data, and try what they may not."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import requests

_SECONDS = 90
_PASSWORD = "password-of-the-check"  # noqa: S105 - of people that live as long as the check


class Person:
    """Somebody who is logged in, by the form of the web page and by the API."""

    def __init__(self, server: str, name: str, password: str = _PASSWORD) -> None:
        self.name = name
        self._server = server
        self._web = requests.Session()
        page = self._web.get(f"{server}/login/", timeout=_SECONDS)
        token = re.search(r'id="csrf_token"\s+value="([^"]+)"', page.text)
        self._web.post(
            f"{server}/login/",
            data={"username": name, "password": password, "csrf_token": token[1] if token else ""},
            timeout=_SECONDS,
        )
        answer = requests.post(
            f"{server}/api/v1/security/login",
            json={"username": name, "password": password, "provider": "db"},
            timeout=_SECONDS,
        )
        answer.raise_for_status()
        self._headers = {
            "Authorization": f"Bearer {answer.json()['access_token']}",
            "Accept": "application/json",
        }

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies of the web page's session."""
        return {name: value or "" for name, value in self._web.cookies.items()}

    def get(self, path: str) -> requests.Response:
        """Ask the API."""
        return requests.get(self._server + path, headers=self._headers, timeout=_SECONDS)

    def post(self, path: str, body: Mapping[str, Any]) -> requests.Response:
        """Send something to the API."""
        return self._send("POST", path, body)

    def put(self, path: str, body: Mapping[str, Any]) -> requests.Response:
        """Change something by the API."""
        return self._send("PUT", path, body)

    def _send(self, method: str, path: str, body: Mapping[str, Any]) -> requests.Response:
        token = self._web.get(f"{self._server}/api/v1/security/csrf_token/", timeout=_SECONDS)
        headers = {"X-CSRFToken": token.json()["result"]}
        url = self._server + path
        return self._web.request(method, url, json=body, headers=headers, timeout=_SECONDS)

    def open(self, path: str) -> requests.Response:
        """Open a web page, without following where it leads."""
        return self._web.get(self._server + path, allow_redirects=False, timeout=_SECONDS)

    def without_login(self, path: str) -> requests.Response:
        """Open a page or ask the API as somebody who is not logged in."""
        return requests.get(self._server + path, allow_redirects=False, timeout=_SECONDS)

    def listed(self, what: str) -> list[dict[str, Any]]:
        """Return what the API lists, such as charts."""
        answer = self.get(f"/api/v1/{what}/?q=(page_size:100)")
        answer.raise_for_status()
        return list(answer.json()["result"])


def create_person(admin: Person, name: str, roles: Sequence[str]) -> None:
    """Create somebody in roles."""
    answer = admin.post(
        "/api/v1/security/users/",
        {
            "username": name,
            "first_name": name,
            "last_name": "of the check",
            "email": f"{name}@example.invalid",
            "password": _PASSWORD,
            "active": True,
            "roles": _ids(admin, roles),
        },
    )
    answer.raise_for_status()


def change_roles(admin: Person, name: str, roles: Sequence[str]) -> None:
    """Give somebody these roles in place of the present ones."""
    ids = {user["username"]: user["id"] for user in admin.listed("security/users")}
    answer = admin.put(f"/api/v1/security/users/{ids[name]}", {"roles": _ids(admin, roles)})
    answer.raise_for_status()


def _ids(admin: Person, roles: Sequence[str]) -> list[int]:
    found = {role["name"]: role["id"] for role in admin.listed("security/roles")}
    return [found[role] for role in roles]
