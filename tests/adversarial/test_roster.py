"""Codes that somebody else could read, and members who do not exist: what the roster allows."""

import csv
import secrets
import stat
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from aggregator import codes_file, roster
from aggregator.errors import SetupError
from aggregator.roster_file import Line
from aggregator.roster_import import Imported, carry_out
from aggregator.store.sql import Store
from privacy.errors import InvalidValue
from privacy.groups import GroupId
from tests.agreements import make_agreement
from tests.pair import WINDOW

pytestmark = pytest.mark.threat("code-taken", "council-adds-members")

AGREEMENT = make_agreement()
ROOM = 12
"""Members of team north, by the agreement."""


def imported(database: Path, names: Sequence[str]) -> Imported:
    """A roster file read by the council: these people in team north."""
    lines = [Line(number, "north", name) for number, name in enumerate(names, start=2)]
    with closing(Store(database)) as store, store.write() as tx:
        return carry_out(tx, AGREEMENT, lines, WINDOW, secrets.token_bytes)


def people(number: int) -> list[str]:
    return [f"Member {n}" for n in range(number)]


def test_a_group_takes_no_more_members_than_the_agreement_says(tmp_path: Path) -> None:
    database = tmp_path / "council.db"
    imported(database, people(ROOM))
    with pytest.raises(InvalidValue, match="north has 12 members in version 1"):
        imported(database, [*people(ROOM), "Nobody"])
    with closing(Store(database)) as store, store.read() as tx:
        assert len(tx.roster.all()) == ROOM


def test_where_people_do_not_take_part_the_council_can_fill_their_places(tmp_path: Path) -> None:
    """The limit: nothing tells a member who does not exist from one who does."""
    database = tmp_path / "council.db"
    imported(database, people(3))
    added = imported(database, [*people(3), *(f"Nobody {n}" for n in range(ROOM - 3))])
    assert len(added.handouts) == ROOM - 3


def test_of_a_code_the_council_keeps_only_a_hash(tmp_path: Path) -> None:
    database = tmp_path / "council.db"
    handouts = imported(database, people(3)).handouts
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    for each in handouts:
        assert not [content for content in files if each.code.secret.encode() in content]
        assert [content for content in files if each.code.hash in content] != []


def test_the_file_of_codes_is_for_its_owner_alone(tmp_path: Path) -> None:
    """The limit: whoever reads it has the codes. So it is private, and to be deleted."""
    handouts = imported(tmp_path / "council.db", people(3)).handouts
    file = tmp_path / "members.codes.csv"
    codes_file.write(file, handouts, separator=",", encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with file.open(encoding="utf-8", newline="") as content:
        assert [row["code"] for row in csv.DictReader(content)] == [str(h.code) for h in handouts]
    with pytest.raises(SetupError, match="exists"):
        codes_file.write(file, handouts, separator=",", encoding="utf-8")


def test_a_code_that_nobody_has_used_can_be_withdrawn(tmp_path: Path) -> None:
    database = tmp_path / "council.db"
    (handout,) = imported(database, people(1)).handouts
    with closing(Store(database)) as store, store.write() as tx:
        new = roster.revoke(tx, handout.number, WINDOW, secrets.token_bytes)
        assert new is not None
        assert tx.roster.with_code(handout.code.hash) is None
        assert new.group == GroupId("north")
