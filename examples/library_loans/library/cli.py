"""Loads whatever file is named on the command line, and what a partner left in its folder."""

import os
import sys
from pathlib import Path

from library.jsonfile import read_json
from library.loans import lend


def main() -> None:
    for loan in read_json(Path(sys.argv[1])):
        lend(**loan)


def partner_loans(day: str) -> list[dict]:
    return read_json(Path(os.environ["PARTNER_FOLDER"]) / "loans" / f"{day}.json", [])


if __name__ == "__main__":
    main()
