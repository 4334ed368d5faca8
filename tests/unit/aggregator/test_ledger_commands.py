"""``plurale-aggregator ledger``: what is exported, taken back, restored, and refused."""

import dataclasses
import re
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.cli import main
from aggregator.home import Home, open_home, pem
from aggregator.model import BatchState, ReleaseRecord
from aggregator.restoring import restore
from aggregator.store.sql import Store
from privacy.agreement.model import Party
from privacy.batch import BatchId
from privacy.ledger.entries import (
    BatchNotAsked,
    BatchReleased,
    BatchStopped,
    BatchUnopened,
    BatchWithheld,
    ResultOpened,
)
from privacy.ledger.export import Export, decode, encode
from privacy.ledger.proven import ProvenEntry
from privacy.window import Window
from tests.agreements import make_agreement, party_keys
from tests.ledgers import Story, started, whole
from tests.unit.aggregator.test_cli import fails, init

ENDS = {
    ResultOpened: BatchState.OPENED,
    BatchWithheld: BatchState.WITHHELD,
    BatchNotAsked: BatchState.NOT_ASKED,
    BatchUnopened: BatchState.UNOPENED,
    BatchStopped: BatchState.STOPPED,
}


@pytest.fixture(scope="module")
def story() -> Story:
    """A ledger with every kind of entry."""
    return whole()


@pytest.fixture
def homes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[Party, Home]:
    """Both parties' directories, with the servers' keys of the story."""
    for party in Party:
        assert init(tmp_path / party, party=party) == 0
        key = tmp_path / party / "keys/server.pem"
        key.write_bytes(pem(party_keys(party).server))
    capsys.readouterr()
    return {party: open_home(tmp_path / party) for party in Party}


def keep(home: Home, story: Story, size: int, *, witnessed: bool = True) -> None:
    """Put the first entries of a story into a database, with what is known of their results."""
    with closing(Store(home.database)) as store, store.write() as tx:
        for signed in story.signed:
            tx.agreements.add(signed)
        tx.ledger.copy(story.entries[:size])
        for opened in story.openings if witnessed else ():
            body = story.entries[opened.index].body
            assert isinstance(body, ResultOpened)
            batch = tx.batches.get_or_open(body.batch)
            record = ReleaseRecord(
                11, bytes(32), bytes(32), story.at, totals=opened.totals, result_salt=opened.salt
            )
            tx.releases.put(batch, record)
        if witnessed:
            tx.checkpoints.put(story.note)


def ledger_in(home: Home) -> list[bytes]:
    """The entries in a database."""
    with closing(Store(home.database)) as store, store.read() as tx:
        return tx.ledger.data(0)


def all_of(home: Home) -> dict[str, bytes]:
    """Every file of a directory, to see that nothing changed."""
    with closing(Store(home.database)):
        pass
    return {
        str(path): path.read_bytes()
        for path in sorted(home.path.rglob("*"))
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


def file_of(folder: Path, export: Export) -> Path:
    """An export in a file."""
    file = folder / "ledger.jsonl"
    file.write_bytes(encode(export))
    return file


# --- export ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("party", list(Party))
def test_either_party_exports_what_was_witnessed_and_no_more(
    homes: dict[Party, Home],
    story: Story,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    party: Party,
) -> None:
    size = len(story.entries)
    keep(homes[party], story, size)
    more = dataclasses.replace(story, entries=[*story.entries])
    more.stop(story.batch("headline", "north", "2026-W07"))
    with closing(Store(homes[party].database)) as store, store.write() as tx:
        tx.ledger.copy(more.entries[size:])
    file = tmp_path / "ledger.jsonl"
    assert main(["ledger", "export", str(homes[party].path), str(file)]) == 0
    assert file.read_bytes() == encode(story.export)
    told = capsys.readouterr().out
    assert f"Wrote {size} entries to {file}" in told
    assert f"plurale-audit verify {file}" in told


def test_an_export_overwrites_nothing(
    homes: dict[Party, Home], story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = homes[Party.EMPLOYER]
    keep(home, story, len(story.entries))
    file = tmp_path / "ledger.jsonl"
    file.write_text("the only copy of something")
    command = ["ledger", "export", str(home.path), str(file)]
    fails(capsys, command, rf"{file} exists: choose another name; nothing is overwritten$")
    assert file.read_text() == "the only copy of something"


def test_an_export_that_cannot_be_made_says_why_and_makes_no_file(
    homes: dict[Party, Home], story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, file = homes[Party.COUNCIL], tmp_path / "ledger.jsonl"
    command = ["ledger", "export", str(home.path), str(file)]
    keep(home, story, 3, witnessed=False)
    fails(capsys, command, "has no witnessed checkpoint yet: let both servers run for a minute$")
    assert not file.exists()
    nowhere = tmp_path / "nowhere"
    fails(capsys, ["ledger", "export", str(nowhere), str(file)], "is not a server's directory")
    with closing(Store(home.database)) as store, store.write() as tx:
        tx.ledger.copy(story.entries[3:])
        tx.checkpoints.put(story.note)
    command[-1] = str(nowhere / "ledger.jsonl")
    fails(capsys, command, r"cannot be written \(No such file or directory\): choose another$")


# --- restore --------------------------------------------------------------------------------------


def test_a_restored_ledger_is_the_employers_byte_for_byte(
    homes: dict[Party, Home], story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, size = homes[Party.COUNCIL], len(story.entries)
    keep(home, story, 1, witnessed=False)
    file = file_of(tmp_path, story.export)
    assert main(["ledger", "restore", str(home.path), str(file)]) == 0
    told = capsys.readouterr().out
    assert f"Restored {size - 1} entries from {file}. Start the server again." in told
    assert home.mark.path.read_text() == f"{size} {story.entries[-1].leaf.hex()}\n"
    again = tmp_path / "again.jsonl"
    assert main(["ledger", "export", str(home.path), str(again)]) == 0
    assert again.read_bytes() == file.read_bytes(), "openings and the checkpoint too"
    check_settled(home, story)


def check_settled(home: Home, story: Story) -> None:
    """Every batch has the state that the ledger says, no sum, and what was asked."""
    ends = {batch: ENDS[type(entry.body)] for batch, entry in story.ledger.ended.items()}
    with closing(Store(home.database)) as store, store.read() as tx:
        assert tx.batches.states() == ends
        for batch, entry in story.ledger.released.items():
            known = tx.batches.get(batch)
            assert known is not None
            assert known.aggregate_share is None
            record = tx.releases.get(known)
            assert record is not None
            assert isinstance(entry.body, BatchReleased)
            asked = entry.body.count, entry.body.id_root, entry.body.commitment, entry.at
            assert (record.count, record.id_root, record.commitment, record.asked_at) == asked
            assert record.noised_share is None


def opened_and_undecided(story: Story) -> tuple[BatchId, BatchId]:
    """A batch that the story opens, and one that it says nothing of."""
    body = story.entries[story.openings[-1].index].body
    assert isinstance(body, ResultOpened)
    return body.batch, story.batch("headline", "north", "2026-W07")


def test_what_was_never_witnessed_is_taken_back(
    homes: dict[Party, Home], story: Story, tmp_path: Path
) -> None:
    """An old copy had stopped two batches by itself; the employer saw one of them opened."""
    home, common = homes[Party.COUNCIL], 6
    opened, undecided = opened_and_undecided(story)
    fork = dataclasses.replace(story, entries=story.entries[:common], openings=[])
    for batch in (opened, undecided):
        fork.stop(batch)
    keep(home, fork, common + 2, witnessed=False)
    with closing(Store(home.database)) as store, store.write() as tx:
        for batch in (opened, undecided):
            tx.batches.end(tx.batches.get_or_open(batch), BatchState.STOPPED)
    file = file_of(tmp_path, story.export)
    assert main(["ledger", "restore", str(home.path), str(file)]) == 0
    assert ledger_in(home) == story.data
    with closing(Store(home.database)) as store, store.read() as tx:
        states = tx.batches.states()
    assert states[opened] is BatchState.OPENED
    assert states[undecided] is BatchState.OPEN, "it waits for its one outcome"


def tampered(story: Story) -> Export:
    """One commitment is another one; every hash is still the old one."""
    place = next(e.index for e in story.entries if isinstance(e.body, BatchReleased))
    entries = list(story.data)
    entries[place] = re.sub(rb'"commitment":"....', b'"commitment":"0000', entries[place])
    assert entries[place] != story.data[place]
    return dataclasses.replace(story.export, entries=tuple(entries))


def cut(story: Story) -> Export:
    """The last entries are missing, the checkpoint is there."""
    return dataclasses.replace(story.export, entries=story.export.entries[:-3])


def empty(story: Story) -> Export:
    """Nothing but a checkpoint."""
    return Export((), (), story.note)


def unwitnessed(story: Story) -> Export:
    """The employer's cosignature is missing."""
    lines = story.note.splitlines()
    return dataclasses.replace(story.export, checkpoint="\n".join(lines[:-1]) + "\n")


def anothers(story: Story) -> Export:
    """Signed with the same keys, and of another ledger."""
    return started(make_agreement(organisation="Another GmbH")).export


REFUSED = {
    tampered: r"^plurale-aggregator: entry \d+: it was not written after entry \d+ as it stands",
    cut: "the checkpoint of the export is of another ledger than its entries$",
    empty: "the export has no agreement: ask the employer for a whole one$",
    unwitnessed: "is not witnessed by the expected key",
    anothers: "of another ledger: it begins with another agreement than this server's",
}


@pytest.mark.parametrize("wrong", REFUSED, ids=lambda wrong: wrong.__name__)
def test_a_wrong_export_is_refused_and_changes_nothing(
    homes: dict[Party, Home],
    story: Story,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    wrong: object,
) -> None:
    assert callable(wrong)
    home = homes[Party.COUNCIL]
    keep(home, story, 6, witnessed=False)
    before = all_of(home)
    file = file_of(tmp_path, wrong(story))
    fails(capsys, ["ledger", "restore", str(home.path), str(file)], REFUSED[wrong])
    assert all_of(home) == before
    assert ledger_in(home) == story.data[:6]


def test_an_export_signed_by_another_council_is_refused(
    homes: dict[Party, Home], story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = homes[Party.COUNCIL]
    keep(home, story, 6, witnessed=False)
    (home.keys / "server.pem").write_bytes(pem(party_keys(Party.EMPLOYER).server))
    file = file_of(tmp_path, story.export)
    fails(
        capsys, ["ledger", "restore", str(home.path), str(file)], "not signed by the expected key"
    )
    assert ledger_in(home) == story.data[:6]


def test_a_restore_that_makes_no_sense_says_so(
    homes: dict[Party, Home], story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    council, employer = homes[Party.COUNCIL], homes[Party.EMPLOYER]
    keep(council, story, len(story.entries))
    file = file_of(tmp_path, story.export)
    command = ["ledger", "restore", str(council.path), str(file)]
    fails(capsys, command, "has every entry of the export already: nothing is to be restored$")
    fails(
        capsys,
        ["ledger", "restore", str(employer.path), str(file)],
        "is the employer's: the ledger is the council's$",
    )
    fails(
        capsys,
        ["ledger", "restore", str(council.path), str(tmp_path / "missing")],
        r"missing cannot be read \(No such file or directory\): check the path$",
    )
    fails(
        capsys,
        ["ledger", "restore", str(tmp_path / "nowhere"), str(file)],
        "is not a server's directory: make it with plurale-aggregator init$",
    )
    file.write_bytes(b"\xff not an export\n")
    fails(capsys, command, "^plurale-aggregator: line 1")
    assert ledger_in(council) == story.data


def test_an_export_that_ends_before_what_was_witnessed_is_refused(
    homes: dict[Party, Home], story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, size = homes[Party.COUNCIL], len(story.entries)
    keep(home, story, size)
    before = all_of(home)
    short = dataclasses.replace(story, entries=story.entries[:6], openings=[])
    file = file_of(tmp_path, short.export)
    fails(
        capsys,
        ["ledger", "restore", str(home.path), str(file)],
        rf"the export has 6 entries, and the employer has witnessed {size}: ask the employer for",
    )
    assert all_of(home) == before


def test_after_a_restore_no_noise_can_be_drawn_for_what_the_export_may_leave_out(
    homes: dict[Party, Home],
) -> None:
    """The mark says that more was shown, and it may have been a release."""
    story, home = started(), homes[Party.COUNCIL]
    size = len(story.entries)
    keep(home, story, 1, witnessed=False)
    home.mark.raise_to(size + 1, story.entries[-1].leaf)
    batch, over, ahead = story.batch("headline", "north", "2026-W07"), "2026-W07", "2026-W30"
    with closing(Store(home.database)) as store, store.write() as tx:
        tx.batches.set_sum(tx.batches.get_or_open(batch), 11, b"a sum without noise")
        for window in (over, ahead):
            tx.window_keys.put(Window.parse(window), bytes(96))
    restored = restore(home, story.export, datetime(2026, 3, 1, tzinfo=UTC))
    assert restored.added == size - 1
    with closing(Store(home.database)) as store, store.read() as tx:
        known = tx.batches.get(batch)
        assert known is not None
        assert (known.state, known.count, known.aggregate_share) == (BatchState.OPEN, 11, None)
        assert [str(window) for window in tx.window_keys.windows()] == [ahead]
    assert home.mark.path.read_text() == f"{size} {story.entries[-1].leaf.hex()}\n"


def test_openings_that_are_not_what_was_written_are_refused(
    homes: dict[Party, Home], story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, first = homes[Party.COUNCIL], story.openings[0]
    keep(home, story, 6, witnessed=False)
    forged = dataclasses.replace(first, totals=tuple(999_999 for _ in first.totals))
    export = dataclasses.replace(story.export, openings=(forged, *story.openings[1:]))
    fails(
        capsys,
        ["ledger", "restore", str(home.path), str(file_of(tmp_path, export))],
        f"entry {first.index}: the export opens it with other values than were written$",
    )
    assert ledger_in(home) == story.data[:6]


def test_a_tail_that_nobody_witnessed_is_taken_back_alone(
    homes: dict[Party, Home], story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after a clock that was a year ahead: everything witnessed is there, and then more."""
    home, size = homes[Party.COUNCIL], len(story.entries)
    keep(home, story, size)
    more = dataclasses.replace(story, entries=[*story.entries])
    more.stop(story.batch("headline", "north", "2026-W07"))
    with closing(Store(home.database)) as store, store.write() as tx:
        tx.ledger.copy(more.entries[size:])
    home.mark.raise_to(size + 1, more.entries[-1].leaf)
    file = file_of(tmp_path, story.export)
    assert main(["ledger", "restore", str(home.path), str(file)]) == 0
    told = capsys.readouterr().out
    assert "Restored 0 entries" in told
    assert "Taken back: 1 entries of this server that the employer never" in told
    assert ledger_in(home) == story.data
    assert home.mark.path.read_text() == f"{size} {story.entries[-1].leaf.hex()}\n"


def test_the_exports_of_both_parties_are_read_back(
    homes: dict[Party, Home], story: Story, tmp_path: Path
) -> None:
    keep(homes[Party.EMPLOYER], story, len(story.entries))
    file = tmp_path / "ledger.jsonl"
    assert main(["ledger", "export", str(homes[Party.EMPLOYER].path), str(file)]) == 0
    read = decode(file.read_bytes())
    assert read == story.export
    proven = [ProvenEntry(n, data, story.proven(n).proof) for n, data in enumerate(read.entries)]
    assert [each.verify(story.checkpoint) for each in proven] == story.entries


@pytest.mark.parametrize("words", [[], ["export"], ["restore", "home"], ["import", "a", "b"]])
def test_wrong_usage_ends_with_two(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["ledger", *words])
    assert ended.value.code == 2
    assert "usage: plurale-aggregator ledger" in capsys.readouterr().err
