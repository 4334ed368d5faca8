"""Generated code: current, importable, and a stale file is named."""

from pathlib import Path

import pytest

from protos import generate

_OTHER = 'syntax = "proto3";\npackage plurale.v1;\nmessage Other { bytes id = 1; }\n'
_SERVICE = (
    'syntax = "proto3";\npackage plurale.v1;\nimport "protos/v1/other.proto";\n'
    "service Intake { rpc Upload(Other) returns (Other); }\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with two .proto files, the one with a service importing the other."""
    folder = tmp_path / "protos" / "v1"
    folder.mkdir(parents=True)
    (folder / "other.proto").write_text(_OTHER, encoding="utf-8")
    (folder / "intake.proto").write_text(_SERVICE, encoding="utf-8")
    return tmp_path


def test_code_is_written_beside_its_source(root: Path) -> None:
    assert generate.main([], root) == 0
    names = {path.name for path in (root / "protos" / "v1").glob("*.py*")}
    assert names == {
        *("other_pb2.py", "other_pb2.pyi", "intake_pb2.py", "intake_pb2.pyi"),
        *("intake_pb2_grpc.py", "intake_pb2_grpc.pyi"),
    }
    grpc_code = (root / "protos" / "v1" / "intake_pb2_grpc.py").read_text(encoding="utf-8")
    assert "from protos.v1 import other_pb2" in grpc_code


def test_current_code_passes_the_check(root: Path) -> None:
    generate.main([], root)
    assert generate.main(["--check"], root) == 0


@pytest.mark.parametrize("name", ["other_pb2.py", "intake_pb2_grpc.pyi"])
def test_a_changed_or_missing_file_is_named(
    root: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    generate.main([], root)
    target = root / "protos" / "v1" / name
    target.write_text(target.read_text(encoding="utf-8") + "#\n", encoding="utf-8")
    assert generate.main(["--check"], root) == 1
    assert f"protos/v1/{name} is stale: run `make proto`." in capsys.readouterr().err
    target.unlink()
    assert generate.main(["--check"], root) == 1


def test_code_of_a_source_that_is_gone_is_named_and_removed(root: Path) -> None:
    generate.main([], root)
    (root / "protos" / "v1" / "intake.proto").unlink()
    assert generate.main(["--check"], root) == 1
    generate.main([], root)
    assert not list((root / "protos" / "v1").glob("intake*"))


def test_a_broken_source_is_one_clear_error(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "protos" / "v1" / "other.proto").write_text("message {", encoding="utf-8")
    assert generate.main([], root) == 1
    assert "other.proto:1" in capsys.readouterr().err
