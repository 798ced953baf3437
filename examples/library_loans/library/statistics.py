"""Loans a month, as a table."""

from library.paths import DATA


def store(month: str, rows: list[dict]) -> None:
    import pandas as pd

    pd.DataFrame(rows).to_json(DATA / "statistics" / f"{month}.json", orient="records")


def table(month: str):
    import pandas as pd

    return pd.read_json(DATA / "statistics" / f"{month}.json")
