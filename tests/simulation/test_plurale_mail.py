"""``plurale mail`` as a person types it."""

import getpass
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import keyring.backend
import pytest
from keyring.errors import PasswordDeleteError

from client import mailboxes_file
from client.cli import main
from client.mailboxes import Cloud, GraphBox, ImapBox, MaildirBox, MboxBox
from client.sources.imap_account import ImapAccount
from client.sources.secrets import keep
from tests.dovecot import COMMAND, PACKAGE, PASSWORD, dovecot
from tests.graph_server import TOKEN, GraphMailbox, Refusal, serving
from tests.person import Person
from tests.unit.client.imap_mailbox import SENT, put
from tests.unit.client.mailbox import Mail, Mailbox, sent


class MemoryKeyring(keyring.backend.KeyringBackend):
    """Passwords by service and user, for one test."""

    priority = 1

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError


@pytest.fixture
def passwords() -> Iterator[dict[tuple[str, str], str]]:
    before = keyring.get_keyring()
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory.kept
    keyring.set_keyring(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "plurale"


Said = tuple[int, str, str]


@pytest.fixture
def types(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Types ``plurale mail``; gives the exit code and what was said, blanks made one."""

    def typed(*words: str) -> Said:
        code = main(["--data", str(folder), "mail", *words])
        said = capsys.readouterr()
        return code, " ".join(said.out.split()), " ".join(said.err.split())

    return typed


def typing(password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sits there."""
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(getpass, "getpass", lambda question: password)


def test_a_maildir_and_an_mbox_are_added_listed_and_removed(
    folder: Path, tmp_path: Path, types: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir = Mailbox(tmp_path / "mail").root
    mbox = tmp_path / "Sent"
    mbox.write_bytes(b"From a@b.example Mon Feb  2 10:00:00 2026\n" + Mail("", "1@x").block())
    monkeypatch.chdir(tmp_path)
    code, out, err = types("add", "maildir", "mail", "--address", "ann@example.com")
    assert (code, err) == (0, "")
    assert out == (
        f"The mailbox {maildir} (Maildir) can be read, and is added. Nothing of it is read before "
        "you take part: plurale enrol FILE CODE."
    )
    assert types("add", "mbox", str(mbox), "--sent-folder", "Erledigt")[0] == 0
    assert mailboxes_file.load(folder) == (
        MaildirBox(maildir, frozenset({"ann@example.com"})),
        MboxBox(mbox, sent_folders=frozenset({"Erledigt"})),
    )
    code, out, err = types("list")
    assert out == (
        f"{maildir} Maildir, with mail of ann@example.com {mbox} mbox They were not all read yet; "
        "that happens when plurale send runs."
    )
    assert types("remove", str(maildir))[0] == 0
    assert [each.name for each in mailboxes_file.load(folder)] == [str(mbox)]
    code, out, err = types("remove", str(maildir))
    assert (code, out) == (1, "")
    assert f"there is no mailbox '{maildir}': the ones that are: {mbox}" in err


def test_the_same_mailbox_again_is_the_same_one_changed(
    folder: Path, tmp_path: Path, types: Callable[..., Said]
) -> None:
    root = str(Mailbox(tmp_path / "mail").root)
    types("add", "maildir", root, "--address", "ann@example.com")
    assert "and is changed" in types("add", "maildir", root, "--address", "b@b.example")[1]
    (only,) = mailboxes_file.load(folder)
    assert only.addresses == {"b@b.example"}


def test_what_cannot_be_read_is_not_kept(
    folder: Path, tmp_path: Path, types: Callable[..., Said]
) -> None:
    code, out, err = types("add", "maildir", str(tmp_path / "nowhere"))
    assert (code, out) == (1, "")
    assert f"plurale: {tmp_path / 'nowhere'} was not added, since the mail folder" in err
    assert "give its path" in err
    assert not folder.exists()
    assert types("list")[1] == "No mailbox is set. Name yours: plurale mail add maildir FOLDER"


def test_a_wrong_address_and_a_damaged_file_are_named(
    folder: Path, tmp_path: Path, types: Callable[..., Said]
) -> None:
    root = str(Mailbox(tmp_path / "mail").root)
    assert "'ann' is no mail address" in types("add", "maildir", root, "--address", "ann")[2]
    folder.mkdir()
    (folder / mailboxes_file.FILE_NAME).write_text("{")
    for words in (("list",), ("remove", root), ("add", "maildir", root)):
        code, _, err = types(*words)
        assert code == 1
        assert "move it away, then add your mailboxes again" in err
    assert (folder / mailboxes_file.FILE_NAME).read_text() == "{"


def test_microsoft_365_is_added_with_a_command_and_no_token_is_kept(
    folder: Path, types: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    box = GraphMailbox()
    command = f"{sys.executable} -c 'print(\"{TOKEN}\")'"
    words = ("add", "graph", "--token-command", command, "--address", "ann@example.com")
    with serving(box) as base:
        monkeypatch.setattr(Cloud, "base", base)
        box.refusals.append(Refusal(403))
        code, _, err = types(*words)
        assert code == 1
        assert "graph:ann@example.com was not added" in err
        assert "Mail.ReadBasic" in err
        assert types(*words)[0] == 0
    (only,) = mailboxes_file.load(folder)
    assert isinstance(only, GraphBox)
    assert only.token.words == tuple(shlex.split(command))
    assert "Microsoft 365" in types("list")[1]
    assert "quotation mark" in types("add", "graph", "--token-command", "x 'y")[2]


@pytest.mark.needs_debian(PACKAGE, COMMAND)
def test_an_imap_password_is_asked_for_and_goes_to_the_keyring_only(
    folder: Path,
    types: Callable[..., Said],
    passwords: dict[tuple[str, str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with dovecot() as boxes:
        server = next(boxes)
        put(server, sent("Mon 10:00", "1@x", "", folder=SENT))
        words = ["add", "imap", f"{server.user}@localhost", "--port", str(server.tls_port)]
        words += ["--ca-file", str(server.certificate)]
        typing("wrong", monkeypatch)
        code, out, err = types(*words)
        assert (code, out) == (1, "")
        assert "was not added, since the mail server localhost does not accept" in err
        assert passwords == {}
        assert not folder.exists()

        typing(PASSWORD, monkeypatch)
        code, out, err = types(*words)
        assert (code, err) == (0, "")
        assert passwords == {("Plurale localhost", server.user): PASSWORD}
        typing("wrong", monkeypatch)
        assert types(*words)[0] == 1
        assert passwords == {("Plurale localhost", server.user): PASSWORD}

        (only,) = mailboxes_file.load(folder)
        assert isinstance(only, ImapBox)
        only.source().check()
    for path in folder.iterdir():
        assert PASSWORD.encode() not in path.read_bytes()
        assert "wrong" not in path.read_text()
    assert types("remove", f"{server.user}@localhost")[0] == 0
    assert passwords == {}


@pytest.mark.needs_debian(PACKAGE, COMMAND)
def test_an_imap_command_needs_no_keyring(folder: Path, types: Callable[..., Said]) -> None:
    with dovecot() as boxes:
        server = next(boxes)
        put(server, sent("Mon 10:00", "1@x", "", folder=SENT))
        secret = server.home.parent / "password"
        secret.write_text(PASSWORD)
        words = ["add", "imap", f"{server.user}@localhost", "--port", str(server.plain_port)]
        words += ["--security", "none", "--password-command", f"cat {secret}"]
        code, _, err = types(*words)
        assert (code, err) == (0, "")
    assert [each.name for each in mailboxes_file.load(folder)] == [f"{server.user}@localhost"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("ann",), "'ann' says no user or no server"),
        (("@imap.example.com",), "says no user or no server"),
        (("ann@imap.example.com",), "there is nobody to type it: run this in a terminal"),
        (("a@imap.example.com", "--port", "0", "--password-command", "x"), "0 is no port"),
        (("a@h.example", "--security", "none", "--password-command", "x"), "without TLS"),
        (("a@h.example", "--password-command", ""), "is empty"),
    ],
)
def test_an_imap_account_that_is_none_is_told_so(
    types: Callable[..., Said], words: tuple[str, ...], sentence: str
) -> None:
    code, out, err = types("add", "imap", *words)
    assert (code, out) == (1, "")
    assert err.startswith("plurale: ")
    assert sentence in err


def test_after_a_run_the_list_says_when_all_were_read(person: Person) -> None:
    person.enrols()
    assert "not all read yet" in person.types("mail", "list").stdout
    person.types("preview")
    assert "All were last read on" in " ".join(person.types("mail", "list").stdout.split())


def test_leaving_takes_the_passwords_out_of_the_keyring(
    person: Person,
    passwords: dict[tuple[str, str], str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person.enrols()
    kept = keep("Plurale imap.example.com", "ann", "secret")
    boxes = mailboxes_file.load(person.folder)
    account = ImapAccount("imap.example.com", "ann", kept)
    mailboxes_file.save(person.folder, [*boxes, ImapBox(account)])
    monkeypatch.setattr("builtins.input", lambda question: "yes")
    assert main(["--data", str(person.folder), "leave"]) == 0
    assert passwords == {}
    assert mailboxes_file.FILE_NAME in capsys.readouterr().out
    assert not person.folder.exists()
