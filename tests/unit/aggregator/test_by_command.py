"""What a command writes into the council's ledger keeps the rules, or nothing is changed."""

from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator import signing
from aggregator.cli import main
from aggregator.errors import SetupError
from aggregator.home import Home, open_home
from aggregator.ledger import append_alone
from aggregator.store.sql import Store
from privacy.agreement import envelope
from privacy.agreement.model import Agreement, Party
from privacy.groups import GroupId
from privacy.ledger.entries import MAX_BYTES, AgreementActivated, AgreementRetired
from privacy.ledger.rules import Ledger
from privacy.window import Window
from tests.unit.aggregator.test_cli import fails, init, signed_file


@pytest.fixture
def homes(tmp_path: Path) -> dict[Party, Home]:
    """Both parties' directories, with nothing active."""
    for party in Party:
        assert init(tmp_path / party, party=party) == 0
    return {party: open_home(tmp_path / party) for party in Party}


def activate(home: Home, file: Path) -> list[str]:
    """The command."""
    return ["agreement", "activate", str(home.path), str(file)]


def later() -> Window:
    """A window that has not begun."""
    window = Window.of(datetime.now(UTC).date()).plus(2)
    return window if window.collected else window.plus(1)


def kept(home: Home) -> tuple[list[bytes], list[bytes]]:
    """Envelopes and entries."""
    with closing(Store(home.database)) as store, store.read() as tx:
        return tx.agreements.envelopes(), tx.ledger.data(0)


def break_rule_1(home: Home) -> None:
    """Behind the commands' back: an end of a version that is dated before its beginning."""
    with closing(Store(home.database)) as store, store.write() as tx:
        (entry,) = tx.ledger.of(AgreementActivated)
        digest = signing.check_own(home, tx.agreements.envelopes()[0]).digest
        early = replace(entry, index=1, previous=entry.leaf, at=datetime(2020, 1, 1, tzinfo=UTC))
        tx.ledger.copy([replace(early, body=AgreementRetired(digest, Window(2020, 1)))])


def test_a_ledger_that_breaks_a_rule_gets_no_entry_by_command(
    homes: dict[Party, Home], capsys: pytest.CaptureFixture[str]
) -> None:
    home = homes[Party.COUNCIL]
    assert main(activate(home, signed_file(homes))) == 0
    break_rule_1(home)
    before = kept(home)
    sentence = "nothing was changed, since the ledger would not keep its rules: entry 1: it was wr"
    fails(capsys, activate(home, signed_file(homes, version=2, first_window=later())), sentence)
    assert kept(home) == before


def test_an_entry_that_breaks_a_rule_is_not_written(homes: dict[Party, Home]) -> None:
    home = homes[Party.COUNCIL]
    signed = signing.activate(home, signed_file(homes), now := datetime.now(UTC))
    before = kept(home)
    body = AgreementRetired(signed.digest, signed.agreement.last_window)
    with closing(Store(home.database)) as store:
        with (
            pytest.raises(SetupError, match=r"nothing was changed, .*: entry 1: version 1 of the"),
            store.write() as tx,
        ):
            append_alone(tx, home.mark, now, body)
    assert kept(home) == before


def larger(agreement: Agreement, number: int) -> Agreement:
    """With so many teams more."""
    first, *_ = agreement.groups
    more = (replace(first, id=GroupId(f"{n:04}-{'x' * 40}")) for n in range(number))
    return replace(agreement, groups=(*agreement.groups, *more))


def started(file: Path, agreement: Agreement) -> Path:
    """An envelope that nobody has signed yet."""
    file.write_bytes(envelope.start(agreement))
    return file


def largest(agreement: Agreement) -> int:
    """About how many more teams an entry can hold."""
    few, many = (len(envelope.start(larger(agreement, number))) for number in (10, 110))
    return 100 * (MAX_BYTES - few) // (many - few)


def test_an_agreement_that_no_entry_can_hold_is_signed_and_activated_nowhere(
    homes: dict[Party, Home], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agreement = signing.read(signed_file(homes))
    too_large = larger(agreement, largest(agreement) - 1)  # with two signatures
    file = started(tmp_path / "large.signed.json", too_large)
    before = signed = file.read_bytes()
    assert len(before) < MAX_BYTES
    sentence = f"the agreement needs .* bytes in the ledger, where an entry has {MAX_BYTES} at most"
    for home in homes.values():
        fails(capsys, ["agreement", "sign", str(home.path), str(file), "--yes"], sentence)
        assert file.read_bytes() == before
        signed = envelope.add_signature(signed, home.signing_key(), home.party)
    file.write_bytes(signed)  # by another program
    for home in homes.values():
        fails(capsys, activate(home, file), sentence)
        assert kept(home) == ([], [])


def test_the_largest_agreement_that_is_signed_fits_into_an_entry(
    homes: dict[Party, Home], tmp_path: Path
) -> None:
    agreement = signing.read(signed_file(homes))
    number = largest(agreement)
    while True:
        number -= 1
        fitting = larger(agreement, number)
        with suppress(SetupError):
            signing.check_fits(fitting)
            break
    file = started(tmp_path / "fits.signed.json", fitting)
    for home in homes.values():
        signing.sign(home, file)
    for home in homes.values():
        assert main(activate(home, file)) == 0
    _, (entry,) = kept(homes[Party.COUNCIL])
    assert MAX_BYTES - 2048 < len(entry) <= MAX_BYTES
    Ledger().apply(entry)


def test_a_version_whose_entry_was_taken_back_is_activated_again(homes: dict[Party, Home]) -> None:
    home, first = homes[Party.COUNCIL], signed_file(homes)
    assert main(activate(home, first)) == 0
    second = signed_file(homes, version=2, first_window=later())
    assert main(activate(home, second)) == 0
    whole = kept(home)
    with closing(Store(home.database)) as store, store.write() as tx:
        tx.ledger.cut(1)
    assert main(activate(home, second)) == 0
    assert main(activate(home, second)) == 0
    envelopes, entries = kept(home)
    assert (sorted(envelopes), len(entries)) == (sorted(whole[0]), 2)
    ledger = Ledger()
    for data in entries:
        ledger.apply(data)
    assert [each.agreement.version for each in ledger.signed] == [1, 2]
