"""Errors of ``plurale-aggregator``: one sentence that names the thing and the next step."""

import asyncio
import re
import shutil
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.cli import main
from aggregator.home import Home, open_home
from aggregator.server import Aggregator, Surroundings
from privacy.agreement import envelope
from privacy.agreement.model import Agreement, Party
from privacy.window import Window
from tests.agreements import make_agreement, sign
from tests.pair import NoNoise, free_endpoints, terms_of

INIT = ("--party", "employer", "--name", "Example GmbH", "--administrator", "IT")


def init(directory: Path, *more: str, party: Party = Party.EMPLOYER) -> int:
    """Run `init`; an option given again wins."""
    host = "127.0.0.1" if party is Party.EMPLOYER else "127.0.0.2"
    names = ("--endpoint",) if party is Party.EMPLOYER else ("--endpoint", "--peer-endpoint")
    free = map(str, free_endpoints(host, len(names)))
    places = [word for each in zip(names, free, strict=True) for word in each]
    return main(["init", str(directory), *INIT, *places, "--party", party.value, *more])


@pytest.fixture
def homes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[Party, Home]:
    """Both parties' directories."""
    for party in Party:
        assert init(tmp_path / party, party=party) == 0
    capsys.readouterr()
    return {party: open_home(tmp_path / party) for party in Party}


def agreed(homes: dict[Party, Home], **changes: Any) -> Agreement:
    """An agreement between these two servers that is in force now."""
    now = Window.of(datetime.now(UTC).date())
    terms: dict[str, Any] = {party.value: terms_of(home) for party, home in homes.items()}
    terms |= {"first_window": _collected(now.plus(-1)), "last_window": _collected(now.plus(20))}
    return make_agreement(**(terms | changes))


def _collected(window: Window) -> Window:
    return window if window.collected else window.plus(1)


def signed_file(homes: dict[Party, Home], **changes: Any) -> Path:
    """The agreement, signed through the command line by both."""
    file = homes[Party.EMPLOYER].path.parent / "agreement.json"
    file.write_bytes(envelope.start(agreed(homes, **changes)))
    for home in homes.values():
        assert main(["agreement", "sign", "--yes", str(home.path), str(file)]) == 0
    return file


def fails(capsys: pytest.CaptureFixture[str], arguments: list[str], *sentences: str) -> None:
    """The command fails with these sentences and nothing else on standard error."""
    capsys.readouterr()
    assert main(arguments) == 1
    told = capsys.readouterr().err
    lines = told.splitlines()
    assert len(lines) == len(sentences), told
    for line, sentence in zip(lines, sentences, strict=True):
        assert line.startswith("plurale-aggregator: ")
        assert re.search(sentence, line), line
    assert "Traceback" not in told


def test_init_twice_never_overwrites_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init(tmp_path / "home") == 0
    key = (tmp_path / "home/keys/server.pem").read_bytes()
    capsys.readouterr()
    assert init(tmp_path / "home") == 1
    assert "is not empty: choose a new directory; keys are never" in capsys.readouterr().err
    assert (tmp_path / "home/keys/server.pem").read_bytes() == key


@pytest.mark.parametrize("place", ["a file", "a file/below"])
def test_init_where_no_directory_can_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    (tmp_path / "a file").write_text("here")
    assert init(tmp_path / place) == 1
    told = capsys.readouterr().err
    assert re.search(r"cannot be (used|written) \(Not a directory\): choose", told), told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("endpoint", ["example.com", "example.com:x", "example.com:70000", ""])
def test_init_with_an_endpoint_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], endpoint: str
) -> None:
    assert init(tmp_path / "home", "--endpoint", endpoint) == 1
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1, told
    assert not (tmp_path / "home").exists()


def test_keys_are_readable_by_their_owner_alone(homes: dict[Party, Home]) -> None:
    for home in homes.values():
        assert (home.path / "keys").stat().st_mode & 0o077 == 0
        for key in (home.path / "keys").iterdir():
            assert key.stat().st_mode & 0o077 == 0, key


@pytest.mark.parametrize("command", [["agreement", "sign"], ["agreement", "activate"], ["serve"]])
@pytest.mark.parametrize("there", ["nothing", "a file", "an empty directory"])
def test_a_directory_that_is_no_servers_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str], there: str
) -> None:
    home = tmp_path / "home"
    if there == "a file":
        home.write_text("here")
    elif there == "an empty directory":
        home.mkdir()
    file = [str(tmp_path / "agreement.toml")] if command != ["serve"] else []
    fails(
        capsys,
        [*command, str(home), *file],
        f"{home} is not a server's directory: make it with plurale-aggregator init",
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("party = x\n", r"aggregator.toml cannot be read \(.*line 1, .*\): correct it"),
        ("party = 'manager'\nlisten = 'a:1'", "'manager' is not a valid Party"),
        ("party = 'employer'\nlisten = 5", "'5' is not an endpoint: write it like"),
        ("party = 'employer'", "lacks the entry 'listen': add it"),
        ("party = 'council'\nlisten = 'a:1'", "lacks the entry 'peer_listen': add it"),
    ],
)
def test_settings_that_cannot_be_read_are_named(
    homes: dict[Party, Home], capsys: pytest.CaptureFixture[str], content: str, sentence: str
) -> None:
    home = homes[Party.EMPLOYER].path
    (home / "aggregator.toml").write_text(content)
    fails(capsys, ["serve", str(home)], sentence)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"version = = 1\n", "x.toml, line 1, column 11: this is not valid TOML"),
        (b"version = 1\n", "x.toml: "),
        (b"\xff\xfe", "x.toml is not UTF-8 text: save it as UTF-8"),
    ],
)
def test_a_bad_agreement_text_is_named_with_its_line(
    homes: dict[Party, Home],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    content: bytes,
    sentence: str,
) -> None:
    file = tmp_path / "x.toml"
    file.write_bytes(content)
    assert main(["agreement", "sign", "--yes", str(homes[Party.EMPLOYER].path), str(file)]) == 1
    told = capsys.readouterr().err
    assert all(
        line.startswith("plurale-aggregator: x.toml") or sentence in line
        for line in told.splitlines()
    ), told
    assert sentence in told
    assert not file.with_suffix(".signed.json").exists()


@pytest.mark.parametrize("command", ["sign", "activate"])
@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda file: None, "cannot be read (No such file or directory): check the path"),
        (lambda file: file.mkdir(), "cannot be read (Is a directory): check the path"),
        (lambda file: file.write_text("{}"), "not a signed agreement"),
        (lambda file: file.write_text("hello"), "not JSON"),
    ],
)
def test_an_agreement_file_that_is_none_is_named(
    homes: dict[Party, Home],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    command: str,
    make: Callable[[Path], object],
    sentence: str,
) -> None:
    file = tmp_path / "agreement.json"
    make(file)
    fails(
        capsys,
        ["agreement", command, str(homes[Party.COUNCIL].path), str(file)],
        re.escape(sentence),
    )


def test_signing_an_agreement_that_names_another_key(
    homes: dict[Party, Home], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "agreement.json"
    file.write_bytes(envelope.start(make_agreement()))
    arguments = ["agreement", "sign", "--yes", str(homes[Party.EMPLOYER].path), str(file)]
    fails(capsys, arguments, "not the signing key that the agreement names for the employer")


def test_activating_with_one_signature_missing(
    homes: dict[Party, Home], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "agreement.json"
    file.write_bytes(envelope.start(agreed(homes)))
    assert main(["agreement", "sign", "--yes", str(homes[Party.EMPLOYER].path), str(file)]) == 0
    for home in homes.values():
        arguments = ["agreement", "activate", str(home.path), str(file)]
        fails(capsys, arguments, "lacks the signature of the council: ask the council to sign")


def test_activating_an_agreement_about_another_server(
    homes: dict[Party, Home], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "agreement.json"
    file.write_bytes(sign(make_agreement()))
    arguments = ["agreement", "activate", str(homes[Party.COUNCIL].path), str(file)]
    fails(capsys, arguments, "names another server key for the council .* put the table in")


def test_activating_an_expired_agreement(
    homes: dict[Party, Home], capsys: pytest.CaptureFixture[str]
) -> None:
    file = signed_file(homes, first_window=Window(2020, 1), last_window=Window(2020, 13))
    arguments = ["agreement", "activate", str(homes[Party.COUNCIL].path), str(file)]
    fails(capsys, arguments, "has expired: its last window 2020-W13 .* sign a new version")


def test_activating_another_agreement_of_the_same_version(
    homes: dict[Party, Home], capsys: pytest.CaptureFixture[str]
) -> None:
    home = str(homes[Party.COUNCIL].path)
    file = signed_file(homes)
    assert main(["agreement", "activate", home, str(file)]) == 0
    assert main(["agreement", "activate", home, str(file)]) == 0
    file = signed_file(homes, purpose="Something else")
    fails(capsys, ["agreement", "activate", home, str(file)], "is version 1: give it a higher")


def test_activating_a_version_for_windows_that_have_begun(
    homes: dict[Party, Home], capsys: pytest.CaptureFixture[str]
) -> None:
    home = str(homes[Party.COUNCIL].path)
    assert main(["agreement", "activate", home, str(signed_file(homes))]) == 0
    file = signed_file(homes, version=2)
    fails(
        capsys,
        ["agreement", "activate", home, str(file)],
        "which has begun under version 1: choose a later first window",
    )
    later = _collected(Window.of(datetime.now(UTC).date()).plus(2))
    file = signed_file(homes, version=2, first_window=later)
    assert main(["agreement", "activate", home, str(file)]) == 0


def test_serving_without_an_agreement(
    homes: dict[Party, Home], capsys: pytest.CaptureFixture[str]
) -> None:
    home = homes[Party.COUNCIL].path
    fails(
        capsys,
        ["serve", str(home)],
        f"no agreement is active in {home}: .* plurale-aggregator agreement activate {home} FILE",
    )


@pytest.fixture
def active(homes: dict[Party, Home]) -> Home:
    """The council's directory with an active agreement."""
    home = homes[Party.COUNCIL]
    assert main(["agreement", "activate", str(home.path), str(signed_file(homes))]) == 0
    return home


def test_serving_on_a_port_in_use(active: Home, capsys: pytest.CaptureFixture[str]) -> None:
    place = active.peer_listen
    assert place is not None
    with socket.socket() as other:
        other.bind((place.host, place.port))
        other.listen()
        sentence = f"cannot listen on {place}: another program uses .* change peer_listen in"
        fails(capsys, ["serve", str(active.path)], sentence)


@pytest.mark.parametrize("name", ["server.pem", "tls.pem", "tls.key.pem"])
@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda path: path.unlink(), "is missing: put it back, or restore it from its backup"),
        (lambda path: path.write_text("x"), "does not hold what its name says: restore it"),
    ],
    ids=["missing", "damaged"],
)
def test_serving_with_a_key_missing_or_damaged(
    active: Home,
    capsys: pytest.CaptureFixture[str],
    name: str,
    damage: Callable[[Path], object],
    sentence: str,
) -> None:
    damage(active.path / "keys" / name)
    fails(capsys, ["serve", str(active.path)], f"{name} {sentence}")


def test_serving_with_the_keys_of_another_server(
    active: Home, homes: dict[Party, Home], capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(homes[Party.EMPLOYER].path / "keys/server.pem", active.path / "keys/server.pem")
    fails(capsys, ["serve", str(active.path)], "names another server key for the council")


def test_serving_with_a_database_that_is_none(
    active: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in active.path.glob("aggregator.db*"):
        file.unlink()
    active.database.write_bytes(b"no database" * 400)
    fails(capsys, ["serve", str(active.path)], f"{active.database} cannot be used .*restore it")


def test_a_server_whose_agreement_has_expired_says_so_and_goes_on(
    active: Home, caplog: pytest.LogCaptureFixture
) -> None:
    later = datetime.now(UTC) + timedelta(weeks=200)
    aggregator = Aggregator(active, Surroundings(lambda: later, NoNoise(), lambda n: bytes(n)))

    async def serve_briefly() -> None:
        await aggregator.start(worker=False)
        await aggregator.stop()

    asyncio.run(serve_briefly())
    assert "the agreement has expired with" in caplog.text
    assert "sign and activate a new version" in caplog.text


def test_wrong_usage_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["serve"], ["init", "x"], ["agreement"]):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code == 2
    assert "usage: plurale-aggregator" in capsys.readouterr().err


def test_signing_tells_whose_signature_is_missing_through_the_command_line(
    homes: dict[Party, Home], capsys: pytest.CaptureFixture[str]
) -> None:
    signed_file(homes)
    told = capsys.readouterr().out
    assert "Still missing: the signature of the council" in told
    assert "Both parties have signed" in told


def test_nothing_is_signed_but_what_was_read(
    homes: dict[Party, Home], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = homes[Party.EMPLOYER]
    file = home.path.parent / "agreement.json"
    file.write_bytes(envelope.start(agreed(homes)))
    swapped = envelope.start(agreed(homes, purpose="Something else."))

    def answer(_question: str) -> str:
        file.write_bytes(swapped)
        return "yes"

    monkeypatch.setattr("builtins.input", answer)
    assert main(["agreement", "sign", str(home.path), str(file)]) == 1
    assert "changed while you read it" in capsys.readouterr().err
    assert file.read_bytes() == swapped
