"""Who came in today: a change handed to the helper that reads and writes."""

from library.paths import DATA


def came_in(reader_id: str, at: str) -> None:
    from library.jsonfile import update_json

    def add(visits):
        return {**visits, reader_id: at}

    update_json(DATA / "visits.json", add)
