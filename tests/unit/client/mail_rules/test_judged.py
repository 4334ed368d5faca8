"""Each mail is judged once, when its time is up, and the same whenever that is asked."""

from pathlib import Path

from privacy.window import Window
from tests.unit.client.mail_rules import (
    test_automated,
    test_broken,
    test_clock,
    test_pairing,
    test_people,
    test_rows,
)
from tests.unit.client.mail_rules.notation import ANSWER, ASK, ask, values
from tests.unit.client.mailbox import week

ALL = [
    mail
    for table in (test_automated, test_broken, test_clock, test_pairing, test_people, test_rows)
    for mails, _ in table.CASES.values()
    for mail in mails
]


def test_mail_is_missing_until_the_mailbox_was_read(tmp_path: Path) -> None:
    for number, now in enumerate(("-1 Sun 23:59", "Mon 00:00")):
        root = tmp_path / str(number)
        assert week(root, [ASK, ANSWER], now=now)[0] == (None, None, None)


def test_in_the_middle_of_the_week_only_what_is_known_is_judged(tmp_path: Path) -> None:
    assert week(tmp_path, [ASK, ANSWER], now="Wed 10:00")[0] == (None, None, None)
    assert week(tmp_path / "b", [ASK, ANSWER], now="Wed 10:00:01")[0] == values(1, None, 2)
    assert week(tmp_path / "c", [ASK, ANSWER], now="Thu 00:00")[0] == values(1, "5/3", 2)


def test_a_mail_whose_time_is_not_up_is_neither_answered_nor_failed(tmp_path: Path) -> None:
    waiting = [ASK, ANSWER, ask(when="Wed 12:00", id="late@client.example")]
    assert week(tmp_path, waiting, now="Thu 11:59")[0][0] == 1
    assert week(tmp_path / "b", waiting, now="Thu 12:01")[0][0] == values("1/2", 0, 0)[0]


def test_values_do_not_depend_on_when_they_are_computed(tmp_path: Path) -> None:
    unique = list({(mail.id, mail.folder): mail for mail in ALL if mail.raw is None}.values())
    at_once, _ = week(tmp_path, unique, now="+1 Mon 00:00")
    assert at_once == week(tmp_path / "b", unique, now="+8 Mon 00:00")[0]


def test_every_client_mail_is_judged_in_exactly_one_window(tmp_path: Path) -> None:
    mails = [
        ask(when=f"{day} {hour}:00", id=f"{day}{hour}@client.example")
        for day in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
        for hour in ("07", "12", "16", "23")
    ]
    judged = 0
    for offset in (-1, 0, 1, 2):
        shares = []
        for number, mail in enumerate(mails):
            root = tmp_path / f"{offset}-{number}"
            shares.append(week(root, [mail], window=Window(2026, 6 + offset))[0][0])
        judged += sum(share is not None for share in shares)
    assert judged == len(mails)
