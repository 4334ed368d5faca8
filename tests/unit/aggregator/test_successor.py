"""A party's signing key is replaced, step by step, through the command line and past crashes."""

import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from aggregator import signing
from aggregator.cli import main
from aggregator.home import Home, open_home
from aggregator.store.sql import Store
from privacy.agreement import envelope
from privacy.agreement.model import Agreement, Party
from privacy.errors import NotInForce
from privacy.window import Window
from tests.agreements import make_agreement
from tests.pair import terms_of
from tests.unit.aggregator.test_cli import fails, init


def week(ahead: int) -> Window:
    """A collected window, this many weeks from now."""
    window = Window.of(datetime.now(UTC).date()).plus(ahead)
    return window if window.collected else window.plus(1)


@dataclass
class Parties:
    """Both homes, and the versions they make together."""

    homes: dict[Party, Home]

    def __getitem__(self, party: Party) -> Home:
        return self.homes[party]

    def draft(self, version: int, **changes: Any) -> Path:
        """An unsigned version with the tables of both homes; each begins later than the last."""
        terms: dict[str, Any] = {party.value: terms_of(home) for party, home in self.homes.items()}
        terms |= {"version": version, "first_window": week(3 * version), "last_window": week(30)}
        return self.write(make_agreement(**(terms | changes)))

    def write(self, agreement: Agreement) -> Path:
        file = self[Party.COUNCIL].path.parent / f"version-{agreement.version}.json"
        file.write_bytes(envelope.start(agreement))
        return file

    def sign(self, file: Path) -> None:
        for home in self.homes.values():
            assert main(["agreement", "sign", "--yes", str(home.path), str(file)]) == 0

    def agree(self, file: Path) -> None:
        """Both sign and both activate."""
        self.sign(file)
        for home in self.homes.values():
            assert main(["agreement", "activate", str(home.path), str(file)]) == 0

    def handed_over(self, party: Party, version: int) -> Path:
        """The version after the one that announces: the new key stands where the old one stood."""
        terms = terms_of(self[party])
        assert terms.successor_key is not None
        table = dict(vars_of(terms), signing_key=terms.successor_key, successor_key=None)
        return self.draft(version, **{party.value: type(terms)(**table)})


def vars_of(terms: Any) -> dict[str, Any]:
    return {name: getattr(terms, name) for name in terms.__dataclass_fields__}


@pytest.fixture
def parties(tmp_path: Path) -> Parties:
    """Two homes under a first version."""
    for party in Party:
        assert init(tmp_path / party, party=party) == 0
    made = Parties({party: open_home(tmp_path / party) for party in Party})
    made.agree(made.draft(1))
    return made


def successor(home: Home) -> int:
    return main(["successor", str(home.path)])


def key_in(home: Home, name: str) -> bytes | None:
    """The public half of a private key, None without the file."""
    file = home.keys / name
    if not file.exists():
        return None
    assert file.stat().st_mode & 0o077 == 0
    key = load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return key.public_key().public_bytes_raw()


def active(home: Home) -> list[int]:
    """The versions that are active in a home."""
    store = Store(home.database)
    with store.read() as tx:
        versions = [envelope.read_unverified(each).version for each in tx.agreements.envelopes()]
    store.close()
    return sorted(versions)


@pytest.mark.parametrize("party", Party)
def test_a_key_is_announced_then_signs_then_takes_the_place_of_the_old_one(
    parties: Parties, party: Party, capsys: pytest.CaptureFixture[str]
) -> None:
    home = parties[party]
    old = key_in(home, "signing.pem")
    assert successor(home) == 0
    new = key_in(home, "successor.pem")
    assert new is not None
    said = capsys.readouterr().out
    assert envelope.key_id(new) in said.replace(" ", "").replace("\n", "")
    assert f"1. Put {home.terms} into the next version" in said

    parties.agree(parties.draft(2))
    assert key_in(home, "signing.pem") == old
    assert key_in(home, "successor.pem") == new

    capsys.readouterr()
    parties.agree(parties.handed_over(party, 3))
    assert "destroy" in capsys.readouterr().out
    assert key_in(home, "signing.pem") == new
    assert key_in(home, "signing.old.pem") == old
    assert key_in(home, "successor.pem") is None
    assert terms_of(home).signing_key == new
    assert terms_of(home).successor_key is None

    parties.agree(parties.draft(4))
    for each in parties.homes.values():
        assert active(each) == [1, 2, 3, 4]


def test_a_second_succession_goes_the_same_way(parties: Parties) -> None:
    home = parties[Party.COUNCIL]
    for version in (2, 4):
        assert successor(home) == 0
        new = key_in(home, "successor.pem")
        old = key_in(home, "signing.pem")
        parties.agree(parties.draft(version))
        parties.agree(parties.handed_over(Party.COUNCIL, version + 1))
        assert key_in(home, "signing.pem") == new
        assert key_in(home, "signing.old.pem") == old


def test_an_announced_key_replaces_one_that_is_lost(parties: Parties) -> None:
    home = parties[Party.COUNCIL]
    assert successor(home) == 0
    new = key_in(home, "successor.pem")
    parties.agree(parties.draft(2))
    (home.keys / "signing.pem").unlink()
    parties.agree(parties.handed_over(Party.COUNCIL, 3))
    assert key_in(home, "signing.pem") == new
    assert key_in(home, "signing.old.pem") is None


def test_a_successor_is_never_overwritten(
    parties: Parties, capsys: pytest.CaptureFixture[str]
) -> None:
    home = parties[Party.EMPLOYER]
    assert successor(home) == 0
    before = (home.keys / "successor.pem").read_bytes(), home.terms.read_bytes()
    fails(capsys, ["successor", str(home.path)], "successor.pem is there already .* never over")
    assert ((home.keys / "successor.pem").read_bytes(), home.terms.read_bytes()) == before


def test_a_successor_keeps_the_rest_of_the_table(parties: Parties) -> None:
    home = parties[Party.COUNCIL]
    before = tomllib.loads(home.terms.read_text())["council"]
    assert successor(home) == 0
    after = tomllib.loads(home.terms.read_text())["council"]
    assert after.pop("successor_key")
    assert after == before


def test_a_successor_that_its_table_does_not_name_is_named_by_the_next_run(
    parties: Parties,
) -> None:
    home = parties[Party.COUNCIL]
    table = home.terms.read_bytes()
    assert successor(home) == 0
    key = (home.keys / "successor.pem").read_bytes()
    home.terms.write_bytes(table)  # as if it had been killed after the key was kept
    assert successor(home) == 0
    assert (home.keys / "successor.pem").read_bytes() == key
    assert terms_of(home).successor_key == key_in(home, "successor.pem")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "party.toml cannot be read .No such file or directory.: put it back"),
        ("[employer]\nname = 'x'\n", r"does not hold the table \[council\] of texts: restore it"),
        ("[council]\nname = 5\n", "does not hold the table"),
        ("council = 5\n", "does not hold the table"),
        ("[[", "does not hold the table"),
    ],
)
def test_a_damaged_table_is_named_and_no_key_is_made(
    parties: Parties, capsys: pytest.CaptureFixture[str], content: str | None, sentence: str
) -> None:
    home = parties[Party.COUNCIL]
    home.terms.unlink()
    if content is not None:
        home.terms.write_text(content)
    fails(capsys, ["successor", str(home.path)], sentence)
    assert key_in(home, "successor.pem") is None


def test_a_key_that_this_party_does_not_hold_is_not_announced_in_its_name(
    parties: Parties, capsys: pytest.CaptureFixture[str]
) -> None:
    home = parties[Party.COUNCIL]
    terms = vars_of(terms_of(home)) | {"successor_key": bytes(range(32))}
    file = parties.draft(2, council=type(terms_of(home))(**terms))
    for _ in range(2):  # without a successor of its own, and with another one
        fails(
            capsys,
            ["agreement", "sign", "--yes", str(home.path), str(file)],
            "announces another key for the council than the one in .*successor.pem: put the table",
        )
        if key_in(home, "successor.pem") is None:
            assert successor(home) == 0
    other = parties[Party.EMPLOYER]  # it cannot know
    assert main(["agreement", "sign", "--yes", str(other.path), str(file)]) == 0


def test_a_successor_that_was_not_announced_signs_but_is_not_activated(
    parties: Parties, capsys: pytest.CaptureFixture[str]
) -> None:
    home = parties[Party.COUNCIL]
    assert successor(home) == 0
    file = parties.handed_over(Party.COUNCIL, 2)
    parties.sign(file)
    old = key_in(home, "signing.pem")
    for each in parties.homes.values():
        fails(
            capsys,
            ["agreement", "activate", str(each.path), str(file)],
            "names another signing key for the council than version 1",
        )
        assert active(each) == [1]
    assert key_in(home, "signing.pem") == old


def test_another_server_key_is_refused_at_the_other_party(
    parties: Parties, capsys: pytest.CaptureFixture[str]
) -> None:
    terms = vars_of(terms_of(parties[Party.COUNCIL]))
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    changed = type(terms_of(parties[Party.COUNCIL]))(**terms | {"server_key": other})
    file = parties.draft(2, council=changed)
    parties.sign(file)
    home = parties[Party.EMPLOYER].path
    fails(capsys, ["agreement", "activate", str(home), str(file)], "another server key for the c")


def test_a_window_that_has_begun_under_an_older_version_keeps_it(parties: Parties) -> None:
    """Also when the newest version ended before it."""
    parties.agree(parties.draft(2, last_window=week(8)))
    third = parties.draft(3, first_window=week(10))
    parties.sign(third)
    begins = week(10).start(make_agreement().working_time.zone)
    with pytest.raises(NotInForce, match="has begun under version 1: choose a later"):
        signing.activate(parties[Party.COUNCIL], third, begins)
    signing.activate(parties[Party.COUNCIL], third, begins - timedelta(microseconds=1))


# --- past a crash ---------------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def dying(real: Callable[..., Any], at: int) -> Callable[..., Any]:
    """The function, until its `at`-th call, which does not happen any more."""
    calls = iter(range(at + 1))

    def call(*arguments: Any, **named: Any) -> Any:
        if next(calls) == at:
            raise Killed
        return real(*arguments, **named)

    return call


@pytest.mark.parametrize("steps", range(4))
def test_killed_between_any_two_steps_activating_again_ends_where_it_should(
    parties: Parties, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """Every step ends with one rename: that is where it dies."""
    home = parties[Party.COUNCIL]
    old = key_in(home, "signing.pem")
    assert successor(home) == 0
    new = key_in(home, "successor.pem")
    parties.agree(parties.draft(2))
    file = parties.handed_over(Party.COUNCIL, 3)
    parties.sign(file)
    command = ["agreement", "activate", str(home.path), str(file)]

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dying(Path.replace, steps))
        if steps < 3:
            with pytest.raises(Killed):
                main(command)
        else:
            assert main(command) == 0
    assert active(home) == [1, 2, 3]
    held = {key_in(home, name) for name in ("signing.pem", "signing.old.pem", "successor.pem")}
    assert held >= {old, new}
    assert key_in(home, "signing.pem") in (old, new)

    assert main(command) == 0
    assert key_in(home, "signing.pem") == new
    assert key_in(home, "signing.old.pem") == old
    assert key_in(home, "successor.pem") is None
    assert terms_of(home).signing_key == new
    assert terms_of(home).successor_key is None


def test_a_directory_that_cannot_be_written_is_named(
    parties: Parties, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = parties[Party.COUNCIL]

    def full(*_: Any, **__: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    fails(capsys, ["successor", str(home.path)], "cannot be written .No space left on device.: ")
