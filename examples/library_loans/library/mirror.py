"""Payments go to the file and to the database: two homes, no authority."""

import json

from library.paths import DATA


def pay(connection, payment_id: str, cents: int, paid_at: str) -> None:
    payment = {"payment_id": payment_id, "cents": cents, "paid_at": paid_at}
    with (DATA / "payments" / f"{payment_id}.json").open("w") as file:
        json.dump(payment, file)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into payments (payment_id, cents, paid_at) values (%s, %s, %s)",
            (payment_id, cents, paid_at),
        )


def payment(payment_id: str) -> dict:
    with (DATA / "payments" / f"{payment_id}.json").open() as file:
        return json.load(file)
