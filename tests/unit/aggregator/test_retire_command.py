"""``plurale-aggregator agreement retire``: asked first, written once, or refused with a reason."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator import retirement
from aggregator.cli import main
from aggregator.home import Home, open_home
from aggregator.store.sql import Store
from privacy.agreement.model import AgreementDigest, Party
from privacy.ledger.entries import AgreementActivated, AgreementRetired
from privacy.ledger.rules import Ledger
from privacy.window import Window
from tests.agreements import working_time
from tests.unit.aggregator.test_cli import fails, init, signed_file


@pytest.fixture
def homes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[Party, Home]:
    """Both parties' directories, with version 1 active."""
    for party in Party:
        assert init(tmp_path / party, party=party) == 0
    made = {party: open_home(tmp_path / party) for party in Party}
    file = signed_file(made)
    for home in made.values():
        assert main(["agreement", "activate", str(home.path), str(file)]) == 0
    capsys.readouterr()
    return made


def retire(home: Home, version: str, *more: str) -> list[str]:
    """The command."""
    return ["agreement", "retire", str(home.path), version, *more]


def ended_in(home: Home) -> list[AgreementRetired]:
    """What the ledger in a database says is ended."""
    with closing(Store(home.database)) as store, store.read() as tx:
        bodies = [entry.body for entry in tx.ledger.of(AgreementRetired)]
    return [body for body in bodies if isinstance(body, AgreementRetired)]


def active(home: Home) -> AgreementDigest:
    """The version that the council's ledger begins with."""
    with closing(Store(home.database)) as store, store.read() as tx:
        (entry,) = tx.ledger.of(AgreementActivated)
    assert isinstance(entry.body, AgreementActivated)
    return entry.body.agreement


def begun() -> Window:
    """The window that has begun in the agreement's time zone."""
    return Window.of(datetime.now(UTC).astimezone(working_time().zone).date())


def test_the_council_writes_it_into_the_ledger(
    homes: dict[Party, Home], capsys: pytest.CaptureFixture[str]
) -> None:
    home, window = homes[Party.COUNCIL], begun()
    assert main(retire(home, "1", "--yes")) == 0
    told = capsys.readouterr().out
    assert "ends version 1 of the agreement for everybody" in told
    assert "It cannot be taken back" in told
    assert f"Ended. The last window is {window}." in told
    assert "It is in the ledger." in told
    assert ended_in(home) == [AgreementRetired(active(home), window)]


def test_the_employer_keeps_it_until_its_server_runs(
    homes: dict[Party, Home], capsys: pytest.CaptureFixture[str]
) -> None:
    home = homes[Party.EMPLOYER]
    assert main(retire(home, "1", "--yes")) == 0
    assert "it counts once it is in the ledger" in capsys.readouterr().out
    with closing(Store(home.database)) as store, store.read() as tx:
        assert tx.retirements.all() == [active(homes[Party.COUNCIL])]
    assert ended_in(home) == []


@pytest.mark.parametrize("answer", ["no", "", "y", "YES!", None])
def test_without_a_yes_nothing_is_ended(
    homes: dict[Party, Home],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    answer: str | None,
) -> None:
    def asked(question: str) -> str:
        assert "End it in the name of the council? Type yes: " in question
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", asked)
    fails(capsys, retire(homes[Party.COUNCIL], "1"), "not ended: nothing was changed$")
    assert ended_in(homes[Party.COUNCIL]) == []


def test_yes_ends_it(homes: dict[Party, Home], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _: " Yes ")
    assert main(retire(homes[Party.COUNCIL], "1")) == 0
    assert len(ended_in(homes[Party.COUNCIL])) == 1


def test_what_means_nothing_is_refused_with_the_reason(
    homes: dict[Party, Home], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = homes[Party.COUNCIL]
    fails(capsys, retire(home, "2", "--yes"), "version 2 is not active here: choose from 1$")
    assert main(retire(home, "1", "--yes")) == 0
    fails(
        capsys,
        retire(home, "1", "--yes"),
        f"version 1 is ended already, after {begun()}$",
    )
    assert len(ended_in(home)) == 1
    nowhere = ["agreement", "retire", str(tmp_path / "nowhere"), "1", "--yes"]
    fails(capsys, nowhere, "is not a server's directory: make it with plurale-aggregator init$")
    assert init(tmp_path / "new") == 0
    new = open_home(tmp_path / "new")
    fails(capsys, retire(new, "1", "--yes"), "no agreement is active in .*: sign one with both")


def test_a_version_in_its_last_window_ends_by_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for party in Party:
        assert init(tmp_path / party, party=party) == 0
    homes = {party: open_home(tmp_path / party) for party in Party}
    window = begun() if begun().collected else begun().plus(-1)
    file = signed_file(homes, last_window=window)
    for home in homes.values():
        assert main(["agreement", "activate", str(home.path), str(file)]) == 0
        fails(
            capsys,
            retire(home, "1", "--yes"),
            f"version 1 ends by itself with {window}: there is no later window to end$",
        )


def test_a_council_whose_database_is_an_old_copy_ends_nothing(
    homes: dict[Party, Home], capsys: pytest.CaptureFixture[str]
) -> None:
    home = homes[Party.COUNCIL]
    with closing(Store(home.database)) as store, store.read() as tx:
        home.mark.raise_to(tx.ledger.size() + 1, tx.ledger.leaf(0))
    fails(
        capsys,
        retire(home, "1", "--yes"),
        "the ledger has 1 entries and once had 2: .*plurale-aggregator ledger restore$",
    )
    assert ended_in(home) == []


def test_with_a_clock_set_back_the_entry_still_keeps_the_rules(homes: dict[Party, Home]) -> None:
    """Its time is that of the entry before, and so the window that has begun is the one by then."""
    home, now = homes[Party.COUNCIL], datetime.now(UTC)
    assert retirement.retire(home, 1, now - timedelta(weeks=3)) == begun()
    ledger = Ledger()
    with closing(Store(home.database)) as store, store.read() as tx:
        for data in tx.ledger.data(0):
            ledger.apply(data)
    assert ledger.retired == {active(home): begun()}


@pytest.mark.parametrize("version", ["one", "", "1.0"])
def test_a_version_that_is_no_number_is_wrong_usage(
    homes: dict[Party, Home], capsys: pytest.CaptureFixture[str], version: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(retire(homes[Party.COUNCIL], version, "--yes"))
    assert ended.value.code == 2
    assert "argument VERSION: invalid int value" in capsys.readouterr().err
