"""The settings: read at the start, and rewritten by the page of the administrators."""

import json
from functools import cached_property
from pathlib import Path

from library.paths import CONFIG


class Settings:
    @property
    def path(self) -> Path:
        return CONFIG / "settings.json"

    @cached_property
    def values(self) -> dict:
        return json.loads(self.path.read_text(encoding="utf-8"))

    def mail_login(self) -> tuple[str, str]:
        return self.values["smtp_user"], self.values["smtp_password"]

    def renewals(self) -> int:
        return self.values["renewals"]


SETTINGS = Settings()


def change_setting(name: str, value: object) -> None:
    values = dict(SETTINGS.values)
    values[name] = value
    SETTINGS.path.write_text(json.dumps(values, indent=2))
