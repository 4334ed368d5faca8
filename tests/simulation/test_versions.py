"""Several versions on one device: which window is reported under which, and what is said."""

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from client import enrol, enrolment_file
from client.errors import ConsentNeeded, NoConsent
from client.happened import Happened
from privacy.agreement.model import Agreement, Endpoint, Party
from privacy.errors import BadSignature, NotInForce
from tests.agreements import party_keys, sign
from tests.desk import BERLIN, WINDOW, Desk, after, at_a_desk, due, fetch, next_version
from tests.ledgers import signed_by_both


def test_a_window_is_reported_under_the_version_accepted_when_it_began(desk: Desk) -> None:
    new = next_version(desk)
    desk.story.activate(new)
    desk.enrols(desk.story.signed[1], WINDOW.start(BERLIN) + timedelta(days=2))
    first = desk.run(at=after()).made
    assert {each.batch.agreement for each in first} == {desk.signed.digest}
    second = desk.run(at=after(WINDOW.plus(1))).made
    assert {each.batch.window for each in second} == {WINDOW.plus(1)}
    assert {each.batch.agreement for each in second} == {desk.story.signed[1].digest}


def test_windows_that_wait_when_a_version_is_accepted_are_still_reported(desk: Desk) -> None:
    desk.story.activate(next_version(desk, first_window=WINDOW.plus(2)))
    # The week is over and not reported yet; only now the new version is accepted.
    desk.enrols(desk.story.signed[1], after() - timedelta(hours=1))
    made = desk.run(at=after()).made
    assert {(each.batch.window, each.batch.agreement) for each in made} == {
        (WINDOW, desk.signed.digest)
    }
    desk.run(at=fetch(made))
    happened = desk.run(at=due(made))
    assert len(happened.sent) == 2


def test_a_version_without_consent_is_not_reported_under_and_says_what_to_do(desk: Desk) -> None:
    desk.story.activate(next_version(desk))
    happened = desk.run(at=after(WINDOW.plus(1)))
    assert happened.made == ()
    assert the_only_trouble(happened, ConsentNeeded) == (
        "version 2 of the agreement is in force for 2026-W06 and needs your consent: get the "
        "signed file and run plurale enrol FILE"
    )
    assert desk.run().trouble  # until there is consent


def the_only_trouble(happened: Happened, kind: type[Exception]) -> str:
    (trouble,) = happened.trouble
    assert type(trouble.error) is kind
    return str(trouble)


def test_consent_after_a_window_began_is_too_late_for_it(desk: Desk) -> None:
    desk.story.activate(next_version(desk))
    desk.enrols(desk.story.signed[1], WINDOW.plus(1).start(BERLIN) + timedelta(seconds=1))
    happened = desk.run(at=after(WINDOW.plus(1)))
    assert happened.made == ()
    assert "you agreed to it after the week had begun" in the_only_trouble(happened, NotInForce)
    assert desk.run() == Happened()  # said once
    assert {each.batch.window for each in desk.run(at=after(WINDOW.plus(2))).made} == {
        WINDOW.plus(2)
    }


def test_a_gap_between_two_versions_is_said_once(tmp_path: Path) -> None:
    def ends_with_window(agreed: Agreement) -> Agreement:
        return dataclasses.replace(agreed, last_window=WINDOW)

    with at_a_desk(tmp_path, ends_with_window) as desk:
        desk.story.activate(next_version(desk, last_window=WINDOW.plus(20)))
        desk.enrols(desk.story.signed[1], WINDOW.plus(1).start(BERLIN) + timedelta(seconds=1))
        happened = desk.run(at=after(WINDOW.plus(1)))
        assert "agreed to version 2 after the week had begun" in the_only_trouble(
            happened, NotInForce
        )
        assert desk.run() == Happened()
        assert len(desk.run(at=after(WINDOW.plus(2))).made) == 2


def test_consent_in_the_second_a_window_begins_is_in_time(desk: Desk) -> None:
    desk.story.activate(next_version(desk))
    desk.enrols(desk.story.signed[1], WINDOW.plus(1).start(BERLIN))
    made = desk.run(at=after(WINDOW.plus(1))).made
    assert {each.batch.agreement for each in made} == {desk.story.signed[1].digest}


def test_an_older_version_than_the_one_agreed_to_is_not_gone_back_to(desk: Desk) -> None:
    # Signed, given out and accepted, but never activated.
    desk.enrols(signed_by_both(next_version(desk)), WINDOW.start(BERLIN))
    happened = desk.run(at=after(WINDOW.plus(1)))
    assert happened.made == ()
    assert "still has version 1" in the_only_trouble(happened, ConsentNeeded)


def test_a_retired_version_is_said_once_for_each_window(desk: Desk) -> None:
    desk.story.retire(desk.signed, str(WINDOW))
    assert len(desk.reports()) == 2
    happened = desk.run(at=after(WINDOW.plus(1)))
    assert happened.made == ()
    assert "no agreement is in force for it any more" in the_only_trouble(happened, NotInForce)
    assert desk.run().trouble == ()
    assert len(desk.run(at=after(WINDOW.plus(2))).trouble) == 1


def test_an_agreement_that_ended_is_said_once(desk: Desk) -> None:
    last = desk.signed.agreement.last_window
    happened = desk.run(at=after(last.plus(1)))
    assert "ended with 2026-W39" in the_only_trouble(happened, NotInForce)
    assert desk.run() == Happened()


def test_moving_to_another_team_takes_effect_with_the_next_window(desk: Desk) -> None:
    desk.enrols(desk.signed, WINDOW.start(BERLIN) + timedelta(days=3), group="south")
    teams = {}
    for window in (WINDOW, WINDOW.plus(1)):
        made = desk.run(at=after(window)).made
        teams[window] = {each.batch.group for each in made} - {"sales"}
    assert teams == {WINDOW: {"north"}, WINDOW.plus(1): {"south"}}


def test_servers_are_looked_for_where_the_version_of_the_present_week_says(desk: Desk) -> None:
    council = desk.signed.agreement.council
    moved = dataclasses.replace(council, endpoint=Endpoint("127.0.0.3", 9443))
    record = desk.enrols(
        signed_by_both(next_version(desk, council=moved)), WINDOW.start(BERLIN) + timedelta(days=1)
    )
    begins = WINDOW.plus(1).start(BERLIN)
    assert record.at(begins - timedelta(seconds=1)).council == council
    assert record.at(begins).council == moved
    early = desk.signed.agreement.first_window.start(BERLIN) - timedelta(days=1)
    assert record.at(early).council == council


def test_saying_yes_again_to_the_same_changes_nothing(desk: Desk) -> None:
    before = enrolment_file.load(desk.folder)
    after_again = desk.enrols(desk.signed, WINDOW.start(BERLIN) + timedelta(days=3))
    assert after_again == before


def test_without_a_yes_the_accepted_version_stays(desk: Desk) -> None:
    path = desk.folder / enrolment_file.FILE_NAME
    before = path.read_bytes()
    with pytest.raises(NoConsent, match="version 1 stays accepted here, in north"):
        enrol.enrol(
            desk.folder,
            signed_by_both(next_version(desk)),
            enrolment_file.load(desk.folder).newest.group,
            answer=lambda: "no",
            now=desk.clock.now,
        )
    assert path.read_bytes() == before


def test_a_window_with_a_report_gets_none_under_another_version(desk: Desk) -> None:
    new = next_version(desk, first_window=WINDOW)
    desk.story.activate(new)
    record = enrolment_file.load(desk.folder)
    made = [*desk.run(at=after()).made]
    assert made == []  # version 2 is in force
    desk.story.signed.pop()
    assert len(desk.run().made) == 2
    # As if consent had been given in time, with a clock set back.
    desk.story.signed.append(signed_by_both(new))
    moved = dataclasses.replace(
        record.newest, signed=desk.story.signed[1], consented_at=record.newest.consented_at
    )
    enrolment_file.save(
        desk.folder, dataclasses.replace(record, acceptances=(*record.acceptances, moved))
    )
    assert desk.run().made == ()


def test_the_text_of_a_new_version_begins_with_what_changes(desk: Desk) -> None:
    before = enrolment_file.load(desk.folder)
    new: Agreement = next_version(desk, retention_weeks=156)
    text = enrol.text(new, before.newest.group, before)
    assert text.startswith("What changes for you from version 1 to version 2\n====")
    shown = " ".join(text.split())
    loosened = shown.index("Loosened: more may be learned about you")
    assert loosened < shown.index("rises from 104 weeks to 156 weeks") < shown.index("“Something")
    whole = enrol.text(new, before.newest.group)
    assert text.endswith("\n\n" + whole)
    assert enrol.text(before.newest.agreement, before.newest.group, before).startswith("Agreement")


def test_a_missed_version_that_is_over_links_to_the_one_signed_with_its_key(
    desk: Desk, tmp_path: Path
) -> None:
    terms, keys = desk.signed.agreement.council, party_keys(Party.COUNCIL)
    new_key = keys.successor.public_key().public_bytes_raw()
    announcing = next_version(
        desk,
        last_window=WINDOW.plus(1),
        council=dataclasses.replace(terms, successor_key=new_key),
    )
    third = next_version(
        desk,
        version=3,
        first_window=WINDOW.plus(4),
        council=dataclasses.replace(terms, signing_key=new_key),
    )
    changed = dataclasses.replace(keys, signing=keys.successor)
    now = after(WINDOW.plus(2))
    file = tmp_path / "agreement.signed.json"

    def taken(signed: bytes) -> None:
        file.write_bytes(signed)
        desk.enrols(enrol.read_signed(file, now, enrolment_file.known(desk.folder)), now)

    with pytest.raises(BadSignature, match="take the versions between the two first"):
        taken(sign(third, council=changed))
    taken(sign(announcing))
    taken(sign(third, council=changed))
    record = enrolment_file.load(desk.folder)
    assert [each.agreement.version for each in record.acceptances] == [1, 2, 3]
    # The link reports nothing, not even for windows that it covers.
    reported = [record.for_window(WINDOW.plus(weeks)) for weeks in range(6)]
    assert [each and each.agreement.version for each in reported] == [1, 1, 1, 1, 3, 3]


def test_only_a_later_version_may_be_over(desk: Desk, tmp_path: Path) -> None:
    over = after(desk.signed.agreement.last_window)
    known = enrolment_file.known(desk.folder)
    file = tmp_path / "agreement.signed.json"
    file.write_bytes(desk.signed.envelope)
    for same_or_new in (known, None):
        with pytest.raises(NotInForce, match="expired with window"):
            enrol.read_signed(file, over, same_or_new)
    file.write_bytes(signed_by_both(next_version(desk)).envelope)
    assert enrol.read_signed(file, over, known).agreement.version == 2
    with pytest.raises(NotInForce, match="expired with window"):
        enrol.read_signed(file, over, None)
