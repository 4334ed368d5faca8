"""``plurale-aggregator roster``: list, move, end and revoke, as the council uses them."""

import io
import logging
import re
import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from aggregator.cli import main
from aggregator.home import Home, open_home
from aggregator.member import Device, Member, Membership
from aggregator.roster import register
from aggregator.roster_table import show
from aggregator.store.sql import Store
from privacy.agreement.model import Party
from privacy.enrolment_code import EnrolmentCode
from privacy.errors import UnknownCode
from privacy.groups import GroupId
from privacy.window import Window
from tests.agreements import working_time
from tests.unit.aggregator.test_cli import fails
from tests.unit.aggregator.test_roster_import import activated, importing, next_window, put

NORTH, SOUTH = GroupId("north"), GroupId("south")
BEGUN = Window(2026, 40)
DEVICE = bytes([9]) * 32


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[Party, Home]:
    """Made once, and copied for each test."""
    return activated(tmp_path_factory.mktemp("made"))


@pytest.fixture
def council(made: dict[Party, Home], tmp_path: Path) -> Home:
    """The council's directory, with Ann, who has enrolled, and one without a name, who has not."""
    home = open_home(shutil.copytree(made[Party.COUNCIL].path, tmp_path / "council"))
    ann, _ = put(home, "north,Ann", "north,")
    enrol(home, ann["code"])
    return home


def enrol(home: Home, code: str, device: bytes = DEVICE) -> str:
    """What the server does when a device registers; returns the group."""
    with closing(Store(home.database)) as store, store.write() as tx:
        return register(tx, EnrolmentCode.parse(code), device)


def roster(home: Home, command: str, *more: str) -> list[str]:
    return ["roster", command, str(home.path), *more]


def member(home: Home, number: int) -> Member:
    with closing(Store(home.database)) as store, store.read() as tx:
        known = tx.roster.get(number)
    assert known is not None
    return known


def begin(home: Home, number: int, weeks_ago: int) -> None:
    """As if the membership had begun some weeks ago."""
    first = Window.of(datetime.now(UTC).astimezone(working_time().zone).date()).plus(-weeks_ago)
    with closing(Store(home.database)) as store, store.write() as tx:
        known = tx.roster.get(number)
        assert known is not None
        tx.roster.put(known.moved(NORTH, first))


def code_in(told: str) -> str:
    """The code that a command printed."""
    (code,) = re.findall(r"^  (\S+(?:-[0-9A-Z]{5}){4})$", told, re.MULTILINE)
    return str(code)


# --- list -----------------------------------------------------------------------------------------


def listed(*members: Member) -> list[list[str]]:
    """The rows of the table, by columns."""
    target = io.StringIO()
    show(members, BEGUN, Console(file=target, width=100))
    lines = target.getvalue().splitlines()
    (header,) = (line for line in lines if "Number" in line)
    starts = [0, *(header.index(word) for word in ("Name", "Group", "Since", "Device", "Last"))]
    ends = [*starts[1:], 100]
    rows = lines[lines.index(header) + 2 :]
    return [
        [line[start:end].strip() for start, end in zip(starts, ends, strict=True)]
        for line in rows
        if line.strip()
    ]


def test_the_list_shows_the_groups_of_now_and_next() -> None:
    past = Membership(GroupId("west"), BEGUN.plus(-9), BEGUN.plus(-5))
    now = Membership(NORTH, BEGUN.plus(-4), BEGUN)
    following = Membership(SOUTH, BEGUN.plus(1))
    assert listed(
        Member(1, "Ann", (past, now, following), b"c" * 32, b"d" * 32),
        Member(2, "", (Membership(NORTH, BEGUN.plus(1)),), b"e" * 32),
        Member(3, "Ben", (past,)),
    ) == [
        ["1", "Ann", "north", "2026-W36", Device.ENROLLED, "2026-W40"],
        ["1", "Ann", "south", "2026-W41", Device.ENROLLED, ""],
        ["2", "", "north", "2026-W41", Device.WAITING, ""],
        ["3", "Ben", "west", "2026-W31", Device.NONE, "2026-W35"],
    ]


def test_a_name_is_shown_as_it_is() -> None:
    membership = Membership(NORTH, BEGUN)
    (row,) = listed(Member(1, "[red]Ann[/] :cat:", (membership,)))
    assert row[1] == "[red]Ann[/] :cat:"


def test_the_command_lists_everybody(council: Home, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(roster(council, "list")) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    first = str(next_window())
    assert ["1", "Ann", "north", first, "enrolled"] in rows
    assert ["2", "north", first, "code", "not", "used", "yet"] in rows


def test_an_empty_roster_says_how_to_fill_it(
    made: dict[Party, Home], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(roster(made[Party.COUNCIL], "list")) == 0
    assert "fill it with plurale-aggregator roster import" in capsys.readouterr().out


# --- move, end, revoke ----------------------------------------------------------------------------


def test_a_move_tells_what_the_member_does(
    council: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(council, 1, weeks_ago=3)
    capsys.readouterr()
    assert main(roster(council, "move", "1", "south")) == 0
    told = capsys.readouterr().out
    assert f"Member 1 is in south from {next_window()} on." in told
    assert "  plurale enrol FILE --group south" in told
    moved = member(council, 1)
    assert [moved.group_in(next_window().plus(weeks)) for weeks in (-1, 0)] == [NORTH, SOUTH]
    assert moved.device is Device.ENROLLED


def test_a_move_before_enrolling_gives_a_code_for_the_new_group(
    council: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(roster(council, "move", "2", "south")) == 0
    told = capsys.readouterr().out
    assert "A code that they were given before counts for nothing now." in told
    assert enrol(council, code_in(told), bytes(32)) == "south"


def test_an_ended_member_may_still_send_what_is_due(
    council: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(council, 1, weeks_ago=3)
    capsys.readouterr()
    assert main(roster(council, "end", "1")) == 0
    told = capsys.readouterr().out
    assert f"Member 1 takes part no more from {next_window()} on." in told
    ended = member(council, 1)
    assert ended.last_window == next_window().plus(-1)
    assert ended.device is Device.ENROLLED
    again = roster(council, "end", "1")
    fails(capsys, again, f"membership of 1 ended with {ended.last_window} already: nothing was")


def test_ending_before_it_began_leaves_nothing_of_the_member(council: Home) -> None:
    assert main(roster(council, "end", "1")) == 0
    with closing(Store(council.database)) as store, store.read() as tx:
        assert [each.number for each in tx.roster.all()] == [2]
        assert tx.roster.with_device(DEVICE) is None


def test_a_lost_laptop_counts_for_nothing_and_a_new_code_is_printed(
    council: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(roster(council, "revoke", "1")) == 0
    told = capsys.readouterr().out
    assert "that member 1 had count for nothing any more" in told
    assert member(council, 1).device is Device.WAITING
    assert enrol(council, code_in(told), bytes(32)) == "north"
    assert member(council, 1).device_key == bytes(32)


def test_a_lost_laptop_of_who_has_ended_counts_for_nothing_either(
    council: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(council, 1, weeks_ago=3)
    assert main(roster(council, "end", "1")) == 0
    capsys.readouterr()
    assert main(roster(council, "revoke", "1")) == 0
    assert "ended, so there is no new code" in capsys.readouterr().out
    assert member(council, 1).device is Device.NONE


def test_what_cannot_be_done_is_told_and_changes_nothing(
    council: Home, made: dict[Party, Home], capsys: pytest.CaptureFixture[str]
) -> None:
    before = [member(council, number) for number in (1, 2)]
    nobody = "there is no member 7: plurale-aggregator roster list shows every number$"
    fails(capsys, roster(council, "move", "7", "south"), nobody)
    fails(capsys, roster(council, "end", "7"), nobody)
    fails(capsys, roster(council, "revoke", "7"), nobody)
    fails(capsys, roster(council, "move", "1", "north"), "member 1 is in north already: nothing")
    fails(capsys, roster(council, "move", "1", "sales"), "sales has teams: choose from north, so")
    for command in (["list"], ["move", "1", "south"], ["end", "1"], ["revoke", "1"]):
        refused = roster(made[Party.EMPLOYER], *command)
        fails(capsys, refused, "is the employer's: the roster is kept at the works council's")
    assert [member(council, number) for number in (1, 2)] == before


def test_who_has_ended_is_brought_back_with_their_device(
    council: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(council, 1, weeks_ago=3)
    assert main(roster(council, "end", "1")) == 0
    capsys.readouterr()
    assert main(roster(council, "move", "1", "south")) == 0
    told = capsys.readouterr().out
    assert f"Member 1 is in south from {next_window()} on." in told
    assert "  plurale enrol FILE --group south" in told
    back = member(council, 1)
    assert (back.last_group, back.last_window, back.device_key) == (SOUTH, None, DEVICE)


def test_who_has_ended_is_brought_back_with_a_code_if_there_is_no_device(
    council: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(council, 1, weeks_ago=3)
    assert main(roster(council, "end", "1")) == 0
    assert main(roster(council, "revoke", "1")) == 0
    capsys.readouterr()
    assert main(roster(council, "move", "1", "north")) == 0
    told = capsys.readouterr().out
    assert "They have no device." in told
    assert enrol(council, code_in(told)) == "north"
    assert member(council, 1).device_key == DEVICE


# --- nothing personal leaves the roster -----------------------------------------------------------


def test_nothing_personal_is_logged_or_on_the_ledger(
    council: Home,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with closing(Store(council.database)) as store, store.read() as tx:
        before = tx.ledger.data(0)
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "members.csv"
    file.write_text("group,name\nsouth,Ann\nnorth,Ben\n", encoding="utf-8")
    assert main(importing(council, file)) == 0
    assert main(roster(council, "move", "1", "north")) == 0
    assert main(roster(council, "revoke", "1")) == 0
    assert main(roster(council, "end", "1")) == 0
    assert caplog.text == ""
    with closing(Store(council.database)) as store, store.read() as tx:
        assert tx.ledger.data(0) == before


def test_what_is_revoked_is_gone_from_the_database_file(
    council: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(Store(council.database)) as store:
        store.scrub()
    assert DEVICE in council.database.read_bytes()
    assert main(roster(council, "revoke", "1")) == 0
    with closing(Store(council.database)) as store:
        store.scrub()
    assert DEVICE not in council.database.read_bytes()


def test_a_code_is_refused_once_it_was_replaced(
    council: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(roster(council, "revoke", "2")) == 0
    first = code_in(capsys.readouterr().out)
    assert main(roster(council, "revoke", "2")) == 0
    second = code_in(capsys.readouterr().out)
    with pytest.raises(UnknownCode):
        enrol(council, first, bytes(32))
    assert enrol(council, second, bytes(32)) == "north"


@pytest.mark.parametrize("number", ["one", "", "1.0"])
def test_a_number_that_is_none_is_wrong_usage(
    council: Home, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(roster(council, "end", number))
    assert ended.value.code == 2
    assert "argument NUMBER: invalid int value" in capsys.readouterr().err
