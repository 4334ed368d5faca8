"""``plurale-aggregator roster import`` and those who have gone: a file brings nobody back."""

import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from aggregator import roster
from aggregator.cli import main
from aggregator.home import Home, open_home
from aggregator.roster_file import Line
from aggregator.roster_import import Plan, plan
from aggregator.store.sql import Store
from privacy.agreement.model import Party
from privacy.enrolment_code import EnrolmentCode
from privacy.errors import InvalidValue
from privacy.groups import GroupId
from tests.agreements import make_agreement
from tests.unit.aggregator.test_roster_import import (
    activated,
    importing,
    next_window,
    put,
    there,
    write,
)

LINES = ("north,Ann", "north,Ben", "north,")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[Party, Home]:
    """Made once, and copied for each test."""
    return activated(tmp_path_factory.mktemp("made"))


@pytest.fixture
def council(made: dict[Party, Home], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Home:
    """The council's directory with Ann, Ben and one without a name, for three weeks, enrolled."""
    home = open_home(shutil.copytree(made[Party.COUNCIL].path, tmp_path / "council"))
    codes = put(home, *LINES)
    with closing(Store(home.database)) as store, store.write() as tx:
        for row in codes:
            roster.register(tx, EnrolmentCode.parse(row["code"]), device(int(row["number"])))
        since = next_window().plus(-3)
        tx.roster.put(*(each.moved(GroupId("north"), since) for each in tx.roster.all()))
    capsys.readouterr()
    return home


def device(number: int) -> bytes:
    return bytes([number]) * 32


def leave(home: Home, number: int) -> None:
    """What the server does when a device leaves."""
    with closing(Store(home.database)) as store, store.write() as tx:
        roster.leave(tx, device(number), next_window().plus(-1))


def planned(home: Home, *lines: str) -> Plan:
    """What an import of these lines would do."""
    fields: list[Sequence[str]] = [line.split(",") for line in lines]
    read = [Line(number, group, name) for number, (group, name) in enumerate(fields, start=2)]
    with closing(Store(home.database)) as store, store.read() as tx:
        return plan(read, tx.roster.all(), make_agreement(), next_window())


@pytest.mark.parametrize("way", ["ended", "left"])
def test_the_same_file_brings_nobody_back_and_says_how_to(
    council: Home, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    if way == "left":
        leave(council, 1)
    else:
        assert main(["roster", "end", str(council.path), "1"]) == 0
    before = there(council)
    capsys.readouterr()
    assert put(council, *LINES) == []
    told = capsys.readouterr().out
    assert "New members: 0. Moved: 0. As they were: 2.\n" in told
    assert "In the file and ended: number 1, who stays ended" in told
    back = f"roster move {council.path} 1 north"
    assert f"plurale-aggregator {back}\n" in told
    assert there(council) == before == [(1, "Ann", None), (2, "Ben", "north"), (3, "", "north")]
    assert main(back.split()) == 0
    assert there(council)[0] == (1, "Ann", "north")


def test_one_without_a_name_who_has_gone_leaves_a_place(council: Home) -> None:
    leave(council, 3)
    (code,) = put(council, *LINES)
    assert (code["number"], code["name"]) == ("4", "")


def test_who_has_ended_is_not_missed_in_the_file(
    council: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(council, 1)
    capsys.readouterr()
    put(council, *LINES[1:])
    assert capsys.readouterr().out == "New members: 0. Moved: 0. As they were: 2.\n"


def test_who_is_erased_can_join_anew(council: Home) -> None:
    leave(council, 1)
    with closing(Store(council.database)) as store, store.write() as tx:
        tx.roster.forget(next_window())
    (code,) = put(council, *LINES)
    assert (code["number"], code["name"]) == ("4", "Ann")


def test_who_has_ended_stays_so_in_another_group_too(council: Home) -> None:
    leave(council, 1)
    done = planned(council, "south,Ann", "north,Ben")
    assert [(member.number, group) for member, group in done.ended] == [(1, "south")]
    assert not done.changes


def test_who_ended_in_the_lines_group_is_meant_before_who_could_move_there(council: Home) -> None:
    """Of two of one name, one has gone: the other stays where they are."""
    (west,) = put(council, *LINES, "west,Ann")
    leave(council, 1)
    done = planned(council, "north,Ann", "north,Ben")
    assert [member.number for member, _ in done.ended] == [1]
    assert int(west["number"]) in [member.number for member in done.unlisted]
    assert not done.changes
    done = planned(council, "north,Ann", "south,Ann", "north,Ben")
    assert [(str(member.number), group) for member, group in done.moving] == [
        (west["number"], "south")
    ]


def test_whether_one_moves_or_has_ended_is_asked_when_it_is_not_clear(council: Home) -> None:
    put(council, *LINES, "west,Ann")
    leave(council, 1)
    sentence = "line 2: who is meant is not clear, .* once in the file and 2 times in the roster"
    with pytest.raises(InvalidValue, match=sentence):
        planned(council, "south,Ann")


def test_somebody_else_of_the_name_in_another_group_is_new_beside_who_ended(council: Home) -> None:
    leave(council, 1)
    done = planned(council, "north,Ann", "south,Ann")
    assert [member.number for member, _ in done.ended] == [1]
    assert [line.group for line in done.new] == ["south"]


def test_an_import_that_changes_nothing_or_is_wrong_holds_up_no_token(council: Home) -> None:
    """While another holds the write lock, either ends at once."""
    with closing(Store(council.database)) as store, store.write() as tx:
        tx.roster.put(*tx.roster.all())
        assert main(importing(council, write(council, *LINES))) == 0
        assert main(importing(council, write(council, "nort,Ann"))) == 1


def test_a_file_is_held_against_the_roster_as_it_is_when_it_is_written(
    council: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading and writing, the same file was imported by somebody else."""
    writing = Store.write

    def late(store: Store):  # type: ignore[no-untyped-def]
        monkeypatch.setattr(Store, "write", writing)
        assert len(put(council, *LINES, "south,Cem")) == 1
        capsys.readouterr()
        return writing(store)

    file = write(council, *LINES, "south,Cem", name="second.csv")
    monkeypatch.setattr(Store, "write", late)
    assert main(importing(council, file)) == 0
    assert "New members: 0. Moved: 0. As they were: 4." in capsys.readouterr().out
    assert [name for _, name, _ in there(council)] == ["Ann", "Ben", "", "Cem"]
