"""Which mailboxes a device reads, and what becomes of a report when it cannot know."""

from client import mailboxes_file
from client.errors import MailboxUnreadable, SettingsUnusable
from client.mailboxes import MaildirBox
from privacy.scales import HALF_RANGE
from tests.desk import OWN, Desk, NoNoise, after, fetch, monday


def test_what_names_the_mailboxes_unreadable_is_mail_unread_not_no_mail(desk: Desk) -> None:
    desk.noise = NoNoise()
    desk.mail("one", monday(10))
    path = desk.folder / mailboxes_file.FILE_NAME
    before = path.read_text()
    path.write_text("{")
    happened = desk.run(at=after())
    assert happened.made == ()
    assert {type(each.error) for each in happened.trouble} == {SettingsUnusable}
    path.write_text(before)
    happened = desk.run(at=after())
    assert happened.trouble == ()
    (headline,) = [each for each in happened.made if each.batch.task == "headline"]
    assert headline.measurement is not None
    assert set(headline.measurement) != {HALF_RANGE}


def test_a_second_mailbox_is_read_too_and_holds_up_no_first_one(desk: Desk) -> None:
    desk.mail("one", monday(10))
    boxes = mailboxes_file.load(desk.folder)
    second = MaildirBox(desk.folder.parent / "second", frozenset({OWN}))
    mailboxes_file.save(desk.folder, [second, *boxes])
    happened = desk.run(at=monday(11))
    assert [type(each.error) for each in happened.trouble] == [MailboxUnreadable]
    assert str(second.path) in str(happened.trouble[0])
    with desk.device() as device:
        assert len(device.journal.mail(monday(12))) == 1
        assert device.journal.mail_read_until() is None
    mailboxes_file.save(desk.folder, boxes)
    assert desk.run(at=monday(12)).trouble == ()
    with desk.device() as device:
        assert device.journal.mail_read_until() == monday(12)


def test_a_report_is_sent_all_the_same_when_its_time_has_come(desk: Desk) -> None:
    path = desk.folder / mailboxes_file.FILE_NAME
    desk.noise = NoNoise()
    desk.mail("one", monday(10))
    made_later = desk.run(at=monday(11)).made
    assert made_later == ()
    path.write_text("{")
    assert desk.run(at=after()).made == ()
    with desk.device() as device:
        times = [device.outbox.times(desk.batch(task)) for task in ("headline", "breadth")]
    last = max(drawn.fetch for drawn in times if drawn is not None)
    happened = desk.run(at=last)
    assert len(happened.made) == 2
    assert {fetch([each]) <= last for each in happened.made} == {True}
    (headline,) = [each for each in happened.made if each.batch.task == "headline"]
    assert headline.measurement is not None
    assert set(headline.measurement) == {HALF_RANGE}
