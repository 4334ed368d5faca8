"""Mail from Microsoft Graph: which folders, which messages, and the facts that come of them."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.errors import MailboxUnreadable
from client.journal import Journal
from client.mail_scan import scan
from client.pausing import Pause, Pauses
from client.sources.base import MailFact
from client.sources.maildir import MaildirSource
from tests.unit.client.graph_mailbox import OWN, Graph, a_graph_mailbox
from tests.unit.client.mailbox import Mail, Mailbox, at, sent


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[Graph]:
    with a_graph_mailbox(tmp_path) as running:
        yield running


def by_key(facts: list[MailFact]) -> dict[bytes, MailFact]:
    return {fact.key: fact for fact in facts}


RECEIVED = [
    Mail("Mon 10:00", "question@x"),
    Mail("Mon 11:00", "again@x", refs="question@x", headers=("Cc: b@b.example, me@example.com",)),
    Mail("Mon 12:00", "list@x", headers=("List-Id: <l.example>",)),
    Mail("Mon 12:30", "robot@x", sender="No Reply <no-reply@shop.example>"),
    Mail("Mon 12:40", "bounce@x", headers=("Content-Type: multipart/report; x=y",)),
    Mail("Mon 13:00", "alias@x", sender="Me <ME@example.com>", to="c@c.example"),
    Mail("Mon 13:10", None),
    Mail("Mon 13:20", "folded@x", headers=("References: <a@x>\n\t<b@x>",)),
    Mail("Mon 13:30", "nobody@x", sender="undisclosed"),
]


def test_facts_are_those_of_a_maildir_with_the_same_messages(graph: Graph, tmp_path: Path) -> None:
    maildir = Mailbox(tmp_path / "mail")
    answer = sent("Mon 15:00", "answer@x", "question@x", headers=("Cc: d@d.example",))
    fresh = sent("Mon 16:00", "fresh@x", "")
    for mail in (*RECEIVED, answer, fresh):
        maildir.put(mail)
    ids = [graph.put(mail) for mail in RECEIVED]
    graph.put(answer, answers=ids[0])
    graph.put(fresh)
    found = by_key(graph.scanned())
    with Journal(tmp_path / "other.db") as journal:
        scan([MaildirSource(maildir.root, OWN)], journal, lambda: at("+2 Mon 00:00"))
        assert found == by_key(list(journal.mail(at("+9 Mon 00:00"))))
    assert len(found) == 9


def test_answers_to_answers_are_told_by_their_place_in_the_conversation(graph: Graph) -> None:
    first = graph.put(Mail("Mon 10:00", "1@x"))
    second = graph.put(sent("Mon 11:00", "2@x", ""), answers=first)
    third = graph.put(Mail("Mon 12:00", "3@x", refs="1@x 2@x"), answers=second)
    graph.put(sent("Mon 13:00", "4@x", ""), answers=third)
    facts = sorted(graph.scanned(), key=lambda fact: fact.received)
    assert facts[1].references == (facts[0].key,)
    assert facts[3].references == (facts[0].key, facts[2].key)


def test_an_answer_to_a_mail_of_an_earlier_scan_finds_it(graph: Graph) -> None:
    question = graph.put(Mail("Mon 10:00", "1@x"))
    graph.scanned()
    graph.put(sent("Mon 11:00", "2@x", ""), answers=question)
    one, two = graph.scanned()
    assert two.references == (one.key,)


def test_of_mail_in_a_pause_no_place_in_a_conversation_is_kept(graph: Graph) -> None:
    question = graph.put(Mail("Mon 10:00", "1@x"))
    paused = Pauses((Pause(at("Mon 09:00"), at("Mon 12:00")),))
    scan([graph.source], graph.journal, lambda: at("+2 Mon 00:00"), paused)
    links = graph.journal.mail_memory().cursors.values()
    assert all("$deltatoken" in link for link in links)
    graph.put(sent("Mon 13:00", "2@x", ""), answers=question)
    assert graph.scanned()[0].references == ()


def test_a_robot_is_never_what_an_answer_is_for(graph: Graph) -> None:
    robot = graph.put(Mail("Mon 10:00", "1@x", headers=("Auto-Submitted: auto-replied",)))
    graph.put(sent("Mon 11:00", "2@x", ""), answers=robot)
    assert graph.scanned()[1].references == ()


def test_where_sent_mail_has_headers_they_are_read(graph: Graph) -> None:
    graph.put(Mail("Mon 10:00", "1@x"))
    number = graph.put(sent("Mon 11:00", "2@x", "1@x"))
    given = [{"name": "In-Reply-To", "value": "<1@x>"}]
    graph.box.messages[number]["internetMessageHeaders"] = given
    one, two = graph.scanned()
    assert two.references == (one.key,)


def test_folders_below_are_read_and_german_names_do_not_matter(graph: Graph) -> None:
    inbox, sent_items = graph.box.known("inbox"), graph.box.known("sentitems")
    project = graph.box.folder("Projekte", parent=inbox)
    deep = graph.box.folder("Öl & Gas", parent=project)
    old = graph.box.folder("2025", parent=sent_items)
    misleading = graph.box.folder("Drafts", parent=inbox)
    for number, folder in enumerate((project, deep, misleading, "deleteditems")):
        graph.put(Mail("Mon 10:00", f"in-{number}@x", folder=folder))
    graph.put(Mail("Mon 11:00", "out@x", sender="shared@example.com", folder=old))
    facts = graph.scanned()
    assert [fact.outgoing for fact in facts] == [False] * 4 + [True]
    assert not any("displayName" in each for each in graph.box.requests)


def test_nothing_unsent_no_spam_and_no_search_is_read(graph: Graph) -> None:
    below_spam = graph.box.folder("x", parent=graph.box.known("junkemail"))
    search = graph.box.folder("Suche", kind="mailSearchFolder")
    for folder in ("drafts", "outbox", "junkemail", below_spam, search):
        graph.put(Mail("Mon 10:00", f"{folder}@x", folder=folder))
    draft = graph.put(Mail("Mon 10:00", "draft@x", sender="me@example.com"))
    graph.box.messages[draft]["isDraft"] = True
    assert graph.scanned() == []
    graph.box.messages[draft]["isDraft"] = False
    graph.box.move(draft, graph.box.known("sentitems"))
    assert [fact.outgoing for fact in graph.scanned()] == [True]


def test_a_second_scan_asks_only_for_what_is_new(graph: Graph) -> None:
    ids = [graph.put(Mail("Mon 10:00", f"{number}@x")) for number in range(8)]
    assert len(graph.scanned()) == 8
    graph.box.requests.clear()
    graph.put(Mail("Tue 10:00", "new@x"))
    graph.box.mark(ids[0])
    graph.box.remove(ids[1])
    assert len(graph.new()) == 1
    delta = [each for each in graph.box.requests if "/delta?" in each]
    assert all("$deltatoken" in each for each in delta)
    assert len(graph.scanned()) == 9
    assert graph.new() == []


def test_sent_mail_is_asked_for_before_the_mail_that_it_answers(graph: Graph) -> None:
    below = graph.box.folder("2025", parent=graph.box.known("sentitems"))
    graph.scanned()
    asked = [each for each in graph.box.requests if "/delta?" in each]
    sent_items = graph.box.known("sentitems")
    assert {each.split("/mailFolders/")[1].split("/messages/")[0] for each in asked[:2]} == {
        below,
        sent_items,
    }


def test_a_moved_or_repeated_message_is_one_message(graph: Graph) -> None:
    graph.box.repeats = True
    number = graph.put(Mail("Mon 10:00", "1@x"))
    assert len(graph.new()) == 1
    graph.scanned()
    graph.box.move(number, graph.box.known("deleteditems"))
    assert graph.new() == []


def test_a_message_told_in_part_is_asked_for_by_itself(graph: Graph) -> None:
    graph.scanned()
    number = graph.put(Mail("Mon 10:00", "1@x"))
    gone = graph.put(Mail("Mon 10:00", "2@x"))
    graph.box.changes = [(place, each, "marked") for place, each, _ in graph.box.changes]
    del graph.box.messages[gone]
    assert len(graph.scanned()) == 1
    assert any(each.startswith(f"/v1.0/me/messages/{number}") for each in graph.box.requests)


def test_headers_that_a_list_lacks_are_asked_for_one_by_one_and_only_once(graph: Graph) -> None:
    graph.box.sparse = True
    graph.put(Mail("Mon 10:00", "1@x", headers=("List-Id: <l.example>",)))
    graph.put(sent("Mon 11:00", "2@x", ""))
    assert [fact.automated for fact in graph.scanned()] == [True, False]
    assert sum(each.startswith("/v1.0/me/messages/") for each in graph.box.requests) == 1
    graph.box.forget()
    graph.scanned()
    assert sum(each.startswith("/v1.0/me/messages/") for each in graph.box.requests) == 1


def test_where_no_answer_can_be_told_the_mailbox_is_unreadable(graph: Graph) -> None:
    graph.put(Mail("Mon 10:00", "1@x"))
    number = graph.put(sent("Mon 11:00", "2@x", ""))
    graph.box.messages[number]["conversationIndex"] = None
    with pytest.raises(MailboxUnreadable, match=r"over IMAP \(plurale mail add imap\)"):
        graph.scanned()
    assert graph.journal.mail_read_until() is None
    assert [fact.outgoing for fact in graph.journal.mail(at("+9 Mon 00:00"))] == [False]
    assert not any("delta" in link for link in graph.journal.mail_memory().cursors.values())


def test_places_in_the_conversation_that_lead_nowhere_are_not_believed(graph: Graph) -> None:
    for number in range(20):
        graph.put(Mail("Mon 10:00", f"{number}@x"))
        answer = graph.put(sent("Mon 11:00", f"answer-{number}@x", ""))
        fresh = graph.box.index(answer)
        lost = fresh[:1] + b"\xff" + fresh[2:] + b"\0" * 5
        graph.box.messages[answer]["conversationIndex"] = b64encode(lost).decode()
    with pytest.raises(MailboxUnreadable, match="answered mail would look unanswered"):
        graph.scanned()


@pytest.mark.parametrize(
    "change",
    [
        {"receivedDateTime": None},
        {"receivedDateTime": "yesterday"},
        {"receivedDateTime": 3},
        {"receivedDateTime": "2026-02-02T09:00:00"},
        {"receivedDateTime": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_a_message_of_another_form_is_an_error_in_one_sentence(
    graph: Graph, change: dict[str, object]
) -> None:
    number = graph.put(Mail("Mon 10:00", "1@x"))
    graph.box.messages[number].update(change)
    with pytest.raises(MailboxUnreadable, match="a message has no time of arrival"):
        graph.scanned()


def test_odd_parts_of_a_message_are_left_out(graph: Graph) -> None:
    number = graph.put(Mail("Mon 10:00", "1@x"))
    graph.box.messages[number].update(
        receivedDateTime="2026-02-02T09:00:00.1234567Z",
        toRecipients=None,
        ccRecipients=[{"emailAddress": {"name": "a list"}}, {}, "x", {"emailAddress": 3}],
        bccRecipients=7,
        conversationIndex="no base 64",
        internetMessageHeaders=[{"name": "List-Id"}, 3, {"name": 3, "value": "x"}],
    )
    (one,) = graph.scanned()
    assert one.domains == {"client.example"}


def test_a_mailbox_without_sent_items_is_an_error_not_a_zero(graph: Graph) -> None:
    del graph.box.folders[graph.box.known("sentitems")]
    with pytest.raises(MailboxUnreadable, match="no folder for sent mail"):
        graph.source.check()
