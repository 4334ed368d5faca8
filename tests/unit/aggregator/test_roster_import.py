"""``plurale-aggregator roster import``: who is added and moved, and where the codes are."""

import csv
import resource
import shutil
import stat
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from aggregator import codes_file
from aggregator.cli import main
from aggregator.errors import SetupError
from aggregator.home import Home, open_home
from aggregator.member import Device
from aggregator.roster import register
from aggregator.roster_import import Handout
from aggregator.store.sql import Store
from privacy.agreement.model import Party
from privacy.enrolment_code import EnrolmentCode
from privacy.groups import Group, GroupId, Level
from privacy.window import Window
from tests.agreements import sales_groups, working_time
from tests.unit.aggregator.test_cli import fails, init, signed_file

LEGAL = GroupId("legal")


def activated(folder: Path) -> dict[Party, Home]:
    """Both parties' directories, with version 1 active; legal is a department without teams."""
    for party in Party:
        assert init(folder / party, party=party) == 0
    made = {party: open_home(folder / party) for party in Party}
    groups = (*sales_groups(), Group(LEGAL, Level.DEPARTMENT, 11))
    file = signed_file(made, groups=groups)
    for home in made.values():
        assert main(["agreement", "activate", str(home.path), str(file)]) == 0
    return made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[Party, Home]:
    """Made once, and copied for each test."""
    return activated(tmp_path_factory.mktemp("made"))


@pytest.fixture
def council(made: dict[Party, Home], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Home:
    """The council's directory, with nobody on the roster."""
    capsys.readouterr()
    return open_home(shutil.copytree(made[Party.COUNCIL].path, tmp_path / "council"))


def write(home: Home, *lines: str, name: str = "members.csv") -> Path:
    """The council's file."""
    file = home.path.parent / name
    file.write_text("\n".join(["group,name", *lines, ""]), encoding="utf-8")
    return file


def importing(home: Home, file: Path, *more: str) -> list[str]:
    """The command."""
    return ["roster", "import", str(home.path), str(file), *more]


def codes_in(file: Path, separator: str = ",") -> list[dict[str, str]]:
    """What was handed out; the file is deleted, as the command says."""
    with file.open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source, delimiter=separator))
    file.unlink()
    return rows


def put(home: Home, *lines: str) -> list[dict[str, str]]:
    """Import these lines; returns the codes."""
    file = write(home, *lines)
    assert main(importing(home, file)) == 0
    codes = file.with_suffix(".codes.csv")
    return codes_in(codes) if codes.exists() else []


def next_window() -> Window:
    return Window.beginning_from(datetime.now(UTC), working_time().zone)


def there(home: Home) -> list[tuple[int, str, GroupId | None]]:
    """Number, name and group of everybody, from the next window on."""
    with closing(Store(home.database)) as store, store.read() as tx:
        return [(each.number, each.name, each.group_in(next_window())) for each in tx.roster.all()]


def test_members_are_added_and_their_codes_are_in_a_file_for_its_owner_alone(
    council: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(council, "north,Ann", "north,", "legal,Ben")
    assert main(importing(council, file)) == 0
    told = capsys.readouterr().out
    assert "New members: 3. Moved: 0. As they were: 0." in told
    assert f"count from {next_window()} on, which begins on {next_window().monday}." in told
    assert "In no line" not in told
    codes = file.with_name("members.codes.csv")
    assert f"New codes: 3. They are in {codes}, and nowhere else." in told
    assert "Then delete the file." in told
    assert stat.S_IMODE(codes.stat().st_mode) == 0o600
    rows = codes_in(codes)
    assert [(row["number"], row["group"], row["name"]) for row in rows] == [
        ("1", "north", "Ann"),
        ("2", "north", ""),
        ("3", "legal", "Ben"),
    ]
    assert there(council) == [(1, "Ann", "north"), (2, "", "north"), (3, "Ben", "legal")]
    for row in rows:
        code, device = EnrolmentCode.parse(row["code"]), bytes([int(row["number"])]) * 32
        with closing(Store(council.database)) as store, store.write() as tx:
            assert register(tx, code, device) == row["group"]
            member = tx.roster.with_device(device)
            assert member is not None
            assert str(member.number) == row["number"]


def test_a_member_counts_from_the_window_that_begins_next(council: Home) -> None:
    put(council, "north,Ann")
    with closing(Store(council.database)) as store, store.read() as tx:
        (member,) = tx.roster.all()
    assert [each.first for each in member.memberships] == [next_window()]


def test_the_same_file_again_changes_nothing(
    council: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ("north,Ann", "north,", "south,", "north,", "south,Ann")
    assert len(put(council, *lines)) == 5
    before = there(council)
    capsys.readouterr()
    assert put(council, *reversed(lines)) == []
    assert capsys.readouterr().out == "New members: 0. Moved: 0. As they were: 5.\n"
    assert there(council) == before


def test_only_who_is_missing_is_added(council: Home, capsys: pytest.CaptureFixture[str]) -> None:
    put(council, "north,", "north,", "north,Ann")
    capsys.readouterr()
    codes = put(council, "north,Ann", "north,", "north,", "north,", "north,Ben")
    assert [(row["number"], row["name"]) for row in codes] == [("4", ""), ("5", "Ben")]
    assert "New members: 2. Moved: 0. As they were: 3." in capsys.readouterr().out


def test_who_is_in_no_line_stays_and_is_told(
    council: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    put(council, "north,Ann", "north,Ben", "south,", "south,", "south,")
    before = there(council)
    capsys.readouterr()
    assert put(council, "north,Ben", "south,") == []
    told = capsys.readouterr().out
    assert "In no line of the file: 3, who stay (number 1, 2 without a name in south)." in told
    assert "plurale-aggregator roster end" in told
    assert there(council) == before


def test_a_named_member_moves_and_needs_a_code_only_if_the_old_one_is_unused(
    council: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    ann, ben = put(council, "north,Ann", "north,Ben")
    with closing(Store(council.database)) as store, store.write() as tx:
        register(tx, EnrolmentCode.parse(ann["code"]), bytes(32))
    capsys.readouterr()
    codes = put(council, "south,Ann", "south,Ben")
    told = capsys.readouterr().out
    assert "New members: 0. Moved: 2. As they were: 0." in told
    assert "In no line" not in told
    assert there(council) == [(1, "Ann", "south"), (2, "Ben", "south")]
    assert [(row["number"], row["group"], row["name"]) for row in codes] == [("2", "south", "Ben")]
    assert codes[0]["code"] != ben["code"]
    with closing(Store(council.database)) as store, store.read() as tx:
        assert [each.device for each in tx.roster.all()] == [Device.ENROLLED, Device.WAITING]


def test_nobody_without_a_name_moves(council: Home, capsys: pytest.CaptureFixture[str]) -> None:
    put(council, "north,")
    capsys.readouterr()
    assert len(put(council, "south,")) == 1
    told = capsys.readouterr().out
    assert "New members: 1. Moved: 0." in told
    assert "In no line of the file: 1, who stay (1 without a name in north)." in told


def test_full_groups_change_places(council: Home) -> None:
    norths = [f"north,N{number}" for number in range(12)]
    wests = [f"west,W{number}" for number in range(20)]
    put(council, *norths, *wests)
    put(council, *norths[1:], *wests[1:], "west,N0", "north,W0")
    assert {name: group for _, name, group in there(council) if name in ("N0", "W0")} == {
        "N0": "west",
        "W0": "north",
    }


REFUSED: dict[str, tuple[Sequence[str], str]] = {
    "no such group": (
        ("north,Ben", "nort,Cem"),
        "members.csv: line 3: there is no group 'nort' to join: choose from north, south, west, le",
    ),
    "a department with teams": (
        ("sales,Ben",),
        "line 2: sales has teams: choose from north, south, west$",
    ),
    "too many": (
        ("north,Ann", *["north,"] * 12),
        "north has 12 members in version 1 of the agreement, and would have 13 here: end the",
    ),
    "too many with those in no line": (["north,"] * 12, "north has 12 .* have 13 here"),
    "two of one name, one of whom moves": (
        ("south,Ann", "west,Ann"),
        "line 2: who is meant is not clear, as the name is left over 2 times in the file and once",
    ),
    "not a roster": (("north,Ben,1",), "members.csv: line 2 has 3 fields under 2 columns"),
}


@pytest.mark.parametrize(("lines", "sentence"), REFUSED.values(), ids=REFUSED)
def test_a_file_with_one_mistake_changes_nothing(
    council: Home, capsys: pytest.CaptureFixture[str], lines: Sequence[str], sentence: str
) -> None:
    put(council, "north,Ann")
    fails(capsys, importing(council, write(council, *lines)), sentence)
    assert there(council) == [(1, "Ann", "north")]
    assert not (council.path.parent / "members.codes.csv").exists()


def test_a_full_group_takes_nobody_who_moves(
    council: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    norths = [f"north,N{number}" for number in range(12)]
    put(council, *norths, "west,Ann")
    file = write(council, *norths, "north,Ann")
    fails(capsys, importing(council, file), "north has 12 members .* would have 13 here")


def test_only_the_council_whose_agreement_is_active_keeps_a_roster(
    made: dict[Party, Home],
    council: Home,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = write(council, "north,Ann")
    employer = importing(made[Party.EMPLOYER], file)
    fails(capsys, employer, "is the employer's: the roster is kept at the works council's server")
    assert init(tmp_path / "new", party=Party.COUNCIL) == 0
    new = importing(open_home(tmp_path / "new"), file)
    fails(capsys, new, "no agreement is active in .*: sign one with both parties, then run")


def test_a_file_that_cannot_be_read_is_named(
    council: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fails(capsys, importing(council, tmp_path / "none.csv"), r"none.csv cannot be read \(No such")
    fails(capsys, importing(council, tmp_path), r"cannot be read \(Is a directory\): check the")


# --- the codes ------------------------------------------------------------------------------------


def test_the_codes_are_written_as_the_file_was_and_where_one_says(
    council: Home, tmp_path: Path
) -> None:
    file, codes = tmp_path / "members.csv", tmp_path / "elsewhere.csv"
    file.write_bytes("\ufeffgroup;name\r\nnorth;Jürgen\r\n".encode())
    assert main(importing(council, file, "--codes", str(codes))) == 0
    assert codes.read_bytes().startswith(b"\xef\xbb\xbfnumber;group;name;code\r\n")
    assert [row["name"] for row in codes_in(codes, ";")] == ["Jürgen"]
    assert not file.with_suffix(".codes.csv").exists()


def test_codes_that_may_be_nowhere_else_are_not_overwritten(
    council: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(council, "north,Ann")
    assert main(importing(council, file)) == 0
    codes = file.with_suffix(".codes.csv")
    before = codes.read_bytes()
    assert main(importing(council, file)) == 0, "nothing is to be written"
    write(council, "north,Ann", "north,Ben")
    fails(capsys, importing(council, file), "codes.csv exists: .* hand its codes out and delete it")
    assert codes.read_bytes() == before
    assert there(council) == [(1, "Ann", "north")]


def test_codes_that_cannot_be_written_leave_the_roster_as_it_was(
    council: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = importing(council, write(council, "north,Ann"), "--codes", str(tmp_path / "no/c.csv"))
    fails(capsys, command, "cannot be written .*, so nothing was imported: choose another place")
    assert there(council) == []


def test_an_import_that_is_killed_before_its_end_is_done_again(
    council: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: Callable[..., None] = codes_file.write

    def killed(*arguments: object, **more: object) -> None:
        written(*arguments, **more)
        raise KeyboardInterrupt

    file = write(council, "north,Ann")
    with monkeypatch.context() as patch:
        patch.setattr(codes_file, "write", killed)
        assert main(importing(council, file)) == 130
    assert there(council) == []
    fails(capsys, importing(council, file), "roster list does not show the numbers in it, delete")
    (lost,) = codes_in(file.with_suffix(".codes.csv"))
    (code,) = put(council, "north,Ann")
    assert code["code"] != lost["code"]
    assert there(council) == [(1, "Ann", "north")]


def test_a_disk_that_is_full_leaves_no_half_of_the_codes(tmp_path: Path) -> None:
    code = EnrolmentCode.new(LEGAL, Random(1).randbytes)
    handouts = [Handout(number, LEGAL, "", code) for number in range(100)]
    file = tmp_path / "members.codes.csv"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, hard))
    try:
        with pytest.raises(SetupError, match=r"cannot be written \(File too large\), so nothing"):
            codes_file.write(file, handouts, separator=",", encoding="utf-8")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not file.exists()
