"""The file of the device key: made once, for its owner alone, and never overwritten."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from client import device_key_file
from client.errors import NotEnrolled
from client.private_file import create_private


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def test_it_is_made_once_and_loaded_from_then_on(tmp_path: Path) -> None:
    made = device_key_file.load_or_make(tmp_path / "new" / "folder")
    again = device_key_file.load_or_make(tmp_path / "new" / "folder")
    loaded = device_key_file.load(tmp_path / "new" / "folder")
    assert public(made) == public(again) == public(loaded)
    assert public(device_key_file.load_or_make(tmp_path / "other")) != public(made)


@pytest.mark.usefixtures("open_umask")
def test_only_its_owner_can_read_it_whatever_the_umask_is(tmp_path: Path) -> None:
    folder = tmp_path / "plurale"
    device_key_file.load_or_make(folder)
    assert stat.S_IMODE((folder / device_key_file.FILE_NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == [device_key_file.FILE_NAME]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----\n",
        X25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ),
    ],
    ids=["empty", "cut off", "another kind of key"],
)
def test_a_damaged_one_is_named_and_never_overwritten(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / device_key_file.FILE_NAME
    path.write_bytes(content)
    for use in (device_key_file.load, device_key_file.load_or_make):
        with pytest.raises(NotEnrolled, match=r"device-key\.pem, .* is damaged: put it back"):
            use(tmp_path)
    assert path.read_bytes() == content


def test_a_missing_one_names_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(NotEnrolled, match="is missing: ask the works council for a new code"):
        device_key_file.load(tmp_path)


def test_one_that_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    (tmp_path / device_key_file.FILE_NAME).mkdir()
    with pytest.raises(NotEnrolled, match="cannot be read"):
        device_key_file.load_or_make(tmp_path)


def test_where_nothing_can_be_written_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(NotEnrolled, match=r"cannot be written to .*device-key\.pem"):
        device_key_file.load_or_make(tmp_path / "file")


def test_of_two_runs_at_once_the_first_key_counts(tmp_path: Path) -> None:
    path = tmp_path / device_key_file.FILE_NAME
    first = device_key_file.load_or_make(tmp_path)
    with pytest.raises(FileExistsError):
        create_private(path, "the key of a slower run")
    assert public(device_key_file.load(tmp_path)) == public(first)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
