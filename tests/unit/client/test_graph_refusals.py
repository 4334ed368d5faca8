"""Mail from Microsoft Graph when something is wrong: nothing is lost, no token goes elsewhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from client.errors import MailboxUnreadable
from client.sources.base import Cursor
from client.sources.graph import GraphSource
from tests.graph_server import TOKEN, GraphMailbox, Refusal, serving
from tests.unit.client.graph_mailbox import OWN, Graph, a_graph_mailbox
from tests.unit.client.mailbox import Mail, sent


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[Graph]:
    with a_graph_mailbox(tmp_path) as running:
        yield running


def test_forgotten_links_lead_to_a_whole_scan_and_the_same_facts(graph: Graph) -> None:
    for number in range(7):
        graph.put(Mail("Mon 10:00", f"{number}@x"))
    before = graph.scanned()
    graph.box.forget()
    graph.box.requests.clear()
    assert graph.new() == []
    assert graph.scanned() == before
    assert any("$select=internetMessageId" in each for each in graph.box.requests)
    graph.put(Mail("Tue 10:00", "new@x"))
    assert len(graph.scanned()) == 8


def test_links_forgotten_again_and_again_are_no_endless_loop(graph: Graph) -> None:
    graph.put(Mail("Mon 10:00", "1@x"))
    graph.scanned()
    graph.box.refusals.extend([None] * 9 + [Refusal(410), Refusal(410)])
    with pytest.raises(MailboxUnreadable, match="a form that this program does not know"):
        graph.scanned()


def test_throttling_is_waited_for_and_nothing_is_lost(graph: Graph) -> None:
    for number in range(5):
        graph.put(Mail("Mon 10:00", f"{number}@x"))
    patience = Refusal(429, {"Retry-After": "17"})
    graph.box.refusals.extend([patience, None, Refusal(503), Refusal(500), None, patience])
    assert len(graph.scanned()) == 5
    assert graph.waited == [17, 2, 4, 17]


@pytest.mark.parametrize("refusal", [Refusal(429, {"Retry-After": "301"}), Refusal(502)])
def test_patience_has_an_end(graph: Graph, refusal: Refusal) -> None:
    graph.box.refusals.extend([refusal] * 50)
    with pytest.raises(MailboxUnreadable, match="the next run tries again"):
        graph.scanned()
    assert sum(graph.waited) <= 300
    assert graph.journal.mail_read_until() is None


def test_a_token_that_ran_out_in_the_middle_is_asked_for_again(graph: Graph) -> None:
    for number in range(5):
        graph.put(Mail("Mon 10:00", f"{number}@x"))
    graph.tokens = [TOKEN, "second"]
    graph.box.refusals.extend([None] * 9 + [Refusal(401)])
    graph.box.token = TOKEN
    with pytest.raises(MailboxUnreadable, match="refuses the access token"):
        graph.scanned()  # the server knows the first one only
    assert graph.asked == 2
    assert graph.journal.mail_read_until() is None
    graph.tokens, graph.asked = ["old", TOKEN], 0
    assert len(graph.scanned()) == 5


def test_a_revoked_token_and_a_missing_permission_are_told_apart(graph: Graph) -> None:
    graph.box.token = "another"
    with pytest.raises(MailboxUnreadable, match="sign in again with the program"):
        graph.source.check()
    graph.box.token = TOKEN
    graph.box.refusals.append(Refusal(403, code="ErrorAccessDenied"))
    with pytest.raises(MailboxUnreadable, match=r"needs the delegated permission Mail\.ReadBasic"):
        graph.source.check()
    graph.source.check()


@pytest.mark.parametrize("token", ["", "two words", "line\r\nX-Header: 1", "ünfug"])
def test_what_is_no_token_is_sent_nowhere(graph: Graph, token: str) -> None:
    graph.tokens = [token]
    with pytest.raises(MailboxUnreadable, match="printed no access token"):
        graph.source.check()
    assert graph.box.requests == []


@pytest.mark.parametrize(
    "elsewhere",
    ["http://127.0.0.1:{other}", "http://localhost:{port}", "http://x@127.0.0.1:{port}"],
)
def test_a_link_to_another_server_never_gets_the_token(graph: Graph, elsewhere: str) -> None:
    port = graph.base.split(":")[2].split("/")[0]
    other = GraphMailbox()
    with serving(other) as base:
        there = base.split(":")[2].split("/")[0]
        graph.box.links_to = elsewhere.format(port=port, other=there)
        for number in range(5):
            graph.put(Mail("Mon 10:00", f"{number}@x"))
        with pytest.raises(MailboxUnreadable, match=r"pointed to another server|does not know"):
            graph.scanned()
        assert other.requests == []
    assert graph.journal.mail_memory().cursors == {}


@pytest.mark.parametrize("nowhere", ["http://[", "x", "", "https://" + "a" * 70_000])
def test_a_link_that_is_none_is_one_sentence(graph: Graph, nowhere: str) -> None:
    for number in range(5):
        graph.put(Mail("Mon 10:00", f"{number}@x"))
    graph.box.links_to = f"{nowhere}\0"
    with pytest.raises(MailboxUnreadable, match=r"another server than its own|does not know"):
        graph.scanned()


@pytest.mark.parametrize("messages", [0, 1])
def test_a_link_for_the_next_time_to_another_server_is_not_kept(
    graph: Graph, messages: int
) -> None:
    for number in range(messages):
        graph.put(Mail("Mon 10:00", f"{number}@x"))
    graph.box.page = 50
    graph.box.links_to = "https://elsewhere.example"
    with pytest.raises(MailboxUnreadable, match="does not end as it should"):
        graph.scanned()
    assert graph.journal.mail_read_until() is None
    assert not any("://" in link for link in graph.journal.mail_memory().cursors.values())


def test_a_folder_without_an_end_is_an_error(graph: Graph) -> None:
    graph.put(Mail("Mon 10:00", "1@x"))
    graph.box.stuck = True
    with pytest.raises(MailboxUnreadable, match="does not end as it should"):
        graph.scanned()


def test_a_kept_link_of_another_server_is_not_followed(graph: Graph) -> None:
    graph.put(Mail("Mon 10:00", "1@x"))
    graph.scanned()
    cursors = graph.journal.mail_memory().cursors
    changed = [
        Cursor(place, value.replace("http://", "http://user@")) for place, value in cursors.items()
    ]
    graph.journal.add_mail([], [], changed)
    graph.box.requests.clear()
    assert graph.new() == []
    assert not any("$deltatoken" in each for each in graph.box.requests)


def test_a_scan_cut_off_in_the_middle_loses_nothing(graph: Graph) -> None:
    question = graph.put(Mail("Mon 10:00", "0@x"))
    for number in range(1, 9):
        graph.put(Mail("Mon 10:00", f"{number}@x"))
    graph.put(sent("Mon 11:00", "answer@x", ""), answers=question)
    for _ in range(3):
        graph.box.refusals.extend([None] * 11 + [Refusal(403)])
        with pytest.raises(MailboxUnreadable):
            graph.scanned()
        graph.box.refusals.clear()
    facts = graph.scanned()
    assert len(facts) == 10
    assert facts[-1].references == tuple(
        fact.key for fact in facts if fact.references == () and fact.key in facts[-1].references
    )
    assert len(facts[-1].references) == 1


def test_a_server_that_is_not_there_is_named(graph: Graph) -> None:
    source = GraphSource("http://127.0.0.1:9/v1.0", lambda: TOKEN, OWN, graph.waited.append)
    with pytest.raises(MailboxUnreadable, match="cannot be reached"):
        source.check()
    assert sum(graph.waited) < 10
