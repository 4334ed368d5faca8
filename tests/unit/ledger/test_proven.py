"""What a device can check for itself: single entries, and its own report in a release."""

import random
from dataclasses import replace

import pytest

from privacy.errors import BadEntry, BadInclusion
from privacy.ledger.entries import BatchReleased
from privacy.ledger.proven import Inclusion, ProvenEntry, find
from privacy.merkle import inclusion_proof, tree_hash
from privacy.release import id_root
from privacy.report import ReportId
from tests.ledgers import Story, moment, whole

CHANCE = random.Random(5)
IDS = [ReportId(CHANCE.randbytes(16)) for _ in range(11)]
STRANGER = ReportId(bytes(16))
ROOT = id_root(IDS)


# --- one entry of the ledger ---------------------------------------------------------------------


def test_every_entry_is_proven_against_its_checkpoint() -> None:
    story = whole()
    for entry in story.entries:
        assert story.proven(entry.index).verify(story.checkpoint) == entry


def test_an_entry_is_not_proven_elsewhere() -> None:
    story = whole()
    place = story.first(BatchReleased).index
    good, checkpoint = story.proven(place), story.checkpoint
    for bad in (
        replace(good, index=place + 1),
        replace(good, data=story.entries[place + 1].data),
        replace(good, proof=good.proof[:-1]),
        replace(good, proof=(*good.proof, bytes(32))),
        replace(good, proof=(good.proof[1], good.proof[0], *good.proof[2:])),
    ):
        with pytest.raises(BadInclusion, match=f"does not show entry {bad.index} in this tree"):
            bad.verify(checkpoint)
    for other in (
        replace(checkpoint, root=bytes(32)),
        replace(checkpoint, size=4),
        replace(checkpoint, size=1000),
    ):
        with pytest.raises(BadInclusion):
            good.verify(other)


def tree_of(data: list[bytes], index: int) -> tuple[ProvenEntry, bytes]:
    return ProvenEntry(index, data[index], inclusion_proof(data, index)), tree_hash(data)


def test_an_entry_says_where_it_stands() -> None:
    story = whole()
    proven, root = tree_of([story.data[1], story.data[0]], 0)
    with pytest.raises(BadEntry, match="entry 0 says of itself that it is entry 1"):
        proven.verify(replace(story.checkpoint, size=2, root=root))


def test_what_is_no_entry_is_not_proven_by_its_place() -> None:
    story = whole()
    proven, root = tree_of([b"nothing"], 0)
    with pytest.raises(BadEntry, match="it is not an entry"):
        proven.verify(replace(story.checkpoint, size=1, root=root))


# --- one's own report in a release ---------------------------------------------------------------


def test_every_report_of_a_batch_is_found_and_shown() -> None:
    shuffled = IDS[:]
    CHANCE.shuffle(shuffled)
    for report_id in IDS:
        found = find(report_id, shuffled, len(IDS), ROOT)
        assert found is not None
        assert (found.size, sorted(IDS)[found.index]) == (len(IDS), report_id)
        found.verify(report_id, ROOT)


def test_an_inclusion_shows_one_report_only() -> None:
    found = find(IDS[0], IDS, len(IDS), ROOT)
    assert found is not None
    for other in (*IDS[1:], STRANGER):
        with pytest.raises(BadInclusion):
            found.verify(other, ROOT)
    with pytest.raises(BadInclusion):
        found.verify(IDS[0], id_root(IDS[:-1]))
    with pytest.raises(BadInclusion):
        Inclusion(found.index, found.size, found.proof[:-1]).verify(IDS[0], ROOT)


def test_a_report_that_was_left_out_is_not_found() -> None:
    assert find(STRANGER, IDS, len(IDS), ROOT) is None


@pytest.mark.parametrize(
    "shown",
    [
        IDS[:-1],
        [*IDS, STRANGER],
        [*IDS[:-1], STRANGER],
        [*IDS, IDS[0]],
        [*IDS[:-1], IDS[0]],
        [],
    ],
    ids=["one missing", "one more", "one exchanged", "one doubled", "doubled for another", "none"],
)
def test_other_ids_than_those_released_are_refused(shown: list[ReportId]) -> None:
    for asked in (IDS[0], IDS[-1], STRANGER):
        with pytest.raises(BadInclusion, match="tell the works council"):
            find(asked, shown, len(IDS), ROOT)


@pytest.mark.parametrize("count", [0, 10, 12])
def test_as_many_ids_are_shown_as_were_counted(count: int) -> None:
    with pytest.raises(BadInclusion, match="not the ones that the release was made for"):
        find(IDS[0], IDS, count, ROOT)


def test_a_report_that_was_counted_twice_shows() -> None:
    doubled = [*IDS, IDS[0]]
    for asked in (IDS[0], IDS[1], STRANGER):
        with pytest.raises(BadInclusion, match="counts a report twice: tell the works council"):
            find(asked, doubled, len(doubled), id_root(doubled))


def test_a_device_finds_its_report_in_a_ledger() -> None:
    story: Story = whole()
    assert story.at > moment(2026, 2, 16)
    for entry in story.of(BatchReleased):
        release = story.proven(entry.index).verify(story.checkpoint).body
        assert isinstance(release, BatchReleased)
        ids = story.report_ids[release.batch]
        found = find(ids[0], ids, release.count, release.id_root)
        assert found is not None
        found.verify(ids[0], release.id_root)
