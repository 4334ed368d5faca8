"""Published and own test vectors, replayed as a user replays them."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from privacy.vdaf.replay import main
from tests.vectors import make

ROOT = Path(__file__).resolve().parents[2]
OWN = sorted(make.FOLDER.glob("*.json"))
PASSING = make.FOLDER / "Prio3SumVec_length_3.json"
TAMPERED = sorted(make.TAMPERED)

Place = tuple[str | int, ...]
Change = Callable[[dict[str, Any]], object]


def replayed(folder: Path, value: object, name: str = "Prio3SumVec_0.json") -> int:
    """The exit status for a file with this content."""
    path = folder / name
    path.write_text(json.dumps(value), encoding="utf-8")
    return main([str(path)])


def load(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


def leaves(value: object, place: Place = ()) -> Iterator[tuple[Place, object]]:
    """Every number, string and truth value in a JSON document, with the way to it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*place, index))
    else:
        yield place, value


def altered(leaf: object) -> object:
    """A small change that keeps the kind of value."""
    if isinstance(leaf, bool):
        return not leaf
    if isinstance(leaf, int):
        return leaf + 1
    assert isinstance(leaf, str)
    if leaf and set(leaf) <= set("0123456789abcdef"):
        return leaf[:-1] + ("1" if leaf[-1] == "0" else "0")
    return leaf + "00"


def replaced(value: dict[str, Any], place: Place, leaf: object) -> dict[str, Any]:
    """A copy with one leaf changed."""
    result = copy.deepcopy(value)
    parent: Any = result
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = leaf
    return result


def test_published_vectors_replay(vdaf_vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["Prio3SumVec_0.json", "Prio3SumVec_1.json", "XofTurboShake128.json"]
    found = {path.name for path in vdaf_vectors.glob("Prio3SumVec_*.json")}
    files = sorted(found | set(names))
    assert main([str(vdaf_vectors / name) for name in files]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "Prio3SumVec_0.json: 21 operations as recorded." in printed.out
    assert len(printed.out.splitlines()) == len(files)


def test_own_vectors_replay(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(path) for path in OWN]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(OWN) > len(TAMPERED)


def test_own_vectors_are_what_the_script_makes() -> None:
    made = {name: make.encode(vector) for name, vector in make.vectors().items()}
    assert {path.name: path.read_text(encoding="utf-8") for path in OWN} == made


@pytest.mark.parametrize("name", TAMPERED)
def test_a_tampered_vector_is_refused_at_its_last_operation_only(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vector, case = load(make.FOLDER / f"Prio3SumVec_{name}.json"), make.TAMPERED[name]
    *passing, last = vector["operations"]
    assert [operation["success"] for operation in passing] == [True] * len(passing)
    assert (last["operation"], last["success"]) == (case.operation, False)
    last["success"] = True
    assert replayed(tmp_path, vector) == 1
    said = capsys.readouterr().err
    assert f"operation {len(passing)} ({case.operation}" in said
    assert case.error.__name__ in said


def test_an_honest_report_in_place_of_a_tampered_one_is_a_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vector = load(PASSING)
    vector["operations"][3]["success"] = False
    assert replayed(tmp_path, vector) == 1
    said = capsys.readouterr().err
    assert "report 0, operation 3 (verifier_shares_to_message) passes, but must be refused" in said


@pytest.mark.parametrize("place", [place for place, _ in leaves(load(PASSING))], ids=repr)
def test_any_change_of_a_passing_vector_is_noticed(place: Place, tmp_path: Path) -> None:
    vector = load(PASSING)
    changed = altered(dict(leaves(vector))[place])
    assert replayed(tmp_path, replaced(vector, place, changed)) in (1, 2)


@pytest.mark.parametrize("place", range(len(load(PASSING)["operations"])))
def test_an_operation_left_out_is_noticed(place: int, tmp_path: Path) -> None:
    """But for the two whose outputs a published vector may hold as mere inputs of others."""
    vector = load(PASSING)
    left_out = vector["operations"].pop(place)["operation"]
    optional = left_out in ("shard", "verifier_shares_to_message")
    assert replayed(tmp_path, vector) == (0 if optional else 2)


@pytest.mark.parametrize(
    "field", ["binder", "derived_seed", "dst", "expanded_vec_field128", "seed"]
)
def test_any_change_of_the_xof_vector_is_noticed(
    field: str, vdaf_vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vector = load(vdaf_vectors / "XofTurboShake128.json")
    vector[field] = altered(vector[field])
    assert replayed(tmp_path, vector, "XofTurboShake128.json") == 1
    assert "XofTurboShake128.json: " in capsys.readouterr().err


def test_a_difference_names_file_report_operation_and_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vector = load(PASSING)
    vector["reports"][1]["out_shares"][0] = altered(vector["reports"][1]["out_shares"][0])
    assert replayed(tmp_path, vector) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(
        f"{tmp_path / 'Prio3SumVec_0.json'}: report 1, operation 10 (verify_next by party 0), "
        "reports[1].out_shares[0]: byte 47 differs ("
    )
    assert len(printed.err.splitlines()) == 1


def test_the_first_difference_ends_the_replay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "Prio3SumVec_bad.json"
    bad.write_text(json.dumps(replaced(load(PASSING), ("agg_result", 0), 1)), encoding="utf-8")
    assert main([str(PASSING), str(bad), str(PASSING)]) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [f"{PASSING}: 21 operations as recorded."]
    assert "operation 20 (unshard), agg_result: entry 0 differs" in printed.err


@pytest.mark.parametrize(
    "name", ["Prio3Count_0.json", "Prio3SumVecWithMultiproof_0.json", "vector.json"]
)
def test_a_circuit_that_is_not_supported_is_said(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replayed(tmp_path, load(PASSING), name) == 2
    said = capsys.readouterr().err
    assert f"circuit '{name.split('.')[0].split('_')[0]}' is not supported" in said
    assert "Prio3SumVec and XofTurboShake128" in said


def _drop(key: str) -> Change:
    return lambda vector: vector.pop(key)


def _set(*place_and_value: Any) -> Change:
    *place, value = place_and_value

    def change(vector: dict[str, Any]) -> None:
        parent: Any = vector
        for step in place[:-1]:
            parent = parent[step]
        parent[place[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_set("operations", []), "operations is empty"),
        (_drop("operations"), "operations is missing"),
        (_drop("reports"), "reports is missing"),
        (_set("reports", 5), "reports is not a list"),
        (_set("reports", 1, "x"), "reports[1] is not a JSON object"),
        (_set("reports", 0, "nonce", "xy"), "reports[0].nonce is not hexadecimal"),
        (_set("reports", 0, "nonce", 7), "reports[0].nonce is not hexadecimal"),
        (_set("reports", 0, "measurement", None), "reports[0].measurement is null"),
        (_set("reports", 0, "measurement", [True, 1, 2]), "measurement[0] is not a whole number"),
        (_set("reports", 0, "out_shares", []), "reports[0].out_shares[0] is missing"),
        (_set("reports", 0, "verifier_shares", []), "reports[0].verifier_shares[0] is missing"),
        (_set("reports", 0, "verifier_shares", [[], []]), "verifier_shares is not one round"),
        (_set("reports", 0, "input_shares", ["", "", ""]), "input_shares has more than 2 items"),
        (_set("operations", 0, "operation", "guess"), "'guess', which is no operation"),
        (_set("operations", 0, "operation", None), "operations[0].operation is not a string"),
        (_set("operations", 0, "success", 1), "success is neither true nor false"),
        (_set("operations", 0, "report_index", 3), "report_index is 3, and there are 3"),
        (_set("operations", 1, "aggregator_id", -1), "aggregator_id is -1, and there are 2"),
        (_set("operations", 3, "round", 1), "operations[3].round is not a round"),
        (_set("length", 0), "the parameters are refused: The vector length is 0"),
        (_set("length", 10**30), "the parameters are refused: A vector of"),
        (_set("shares", 1), "the parameters are refused: There are 1 shares"),
        (_set("agg_result", None), "agg_result is null"),
        (_set("agg_param", "00"), "agg_param is not empty"),
        (lambda vector: vector["operations"].pop(), "agg_result is recorded, but no operation"),
        (lambda vector: vector["operations"].pop(1), "verify_next by party 0 lacks a verify_init"),
        (_set("agg_shares", []), "agg_shares[0] is missing"),
    ],
)
def test_a_malformed_vector_is_one_clear_sentence(
    change: Change, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vector = load(PASSING)
    change(vector)
    assert replayed(tmp_path, vector) == 2
    printed = capsys.readouterr()
    assert reason in printed.err
    assert len(printed.err.splitlines()) == 1


def test_outputs_that_no_operation_reaches_do_not_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vector = load(PASSING)
    vector["operations"] = vector["operations"][:1]
    assert replayed(tmp_path, vector) == 2
    assert "is recorded, but no operation reaches it" in capsys.readouterr().err
    vector["reports"] = vector["reports"][:2]
    for report in vector["reports"]:
        report |= {"verifier_shares": [], "verifier_messages": [], "out_shares": []}
    vector |= {"agg_shares": [], "agg_result": None}
    assert replayed(tmp_path, vector) == 2
    assert "reports[1] is recorded, but no operation reaches it" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"9" * 5000])
def test_a_file_that_is_no_json_is_one_clear_sentence(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "Prio3SumVec_0.json"
    path.write_bytes(content)
    assert main([str(path)]) == 2
    assert capsys.readouterr().err == f"{path}: is not a JSON file.\n"


@pytest.mark.parametrize("value", [[], 5, None, "text"])
def test_a_json_file_that_is_no_object_is_one_clear_sentence(
    value: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("Prio3SumVec_0.json", "XofTurboShake128.json"):
        assert replayed(tmp_path, value, name) == 2
        assert capsys.readouterr().err == f"{tmp_path / name}: the file is not a JSON object.\n"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_set("length", 41), "does not have 41 elements"),
        (_set("length", 0), "does not have 0 elements"),
        (_set("seed", "00" * 256), "the inputs are refused: The XOF seed is 256 bytes"),
        (_drop("dst"), "dst is missing"),
    ],
)
def test_a_malformed_xof_vector_is_one_clear_sentence(
    change: Change, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vector: dict[str, Any] = {"seed": "00" * 32, "dst": "", "binder": "", "derived_seed": ""}
    vector |= {"length": 40, "expanded_vec_field128": "00" * 640}
    change(vector)
    assert replayed(tmp_path, vector, "XofTurboShake128.json") == 2
    assert reason in capsys.readouterr().err


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a user types it."""
    command = [sys.executable, "-m", "privacy.vdaf.replay", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_command_replays_files_and_says_what_is_missing(tmp_path: Path) -> None:
    assert run(str(PASSING)).returncode == 0
    missing = run(str(PASSING), str(tmp_path / "Prio3SumVec_missing.json"))
    assert missing.returncode == 2
    assert "Prio3SumVec_missing.json: cannot be read (No such file or directory)" in missing.stderr
    assert "Traceback" not in missing.stderr
    folder = run(str(tmp_path))
    assert folder.returncode == 2
    assert "Traceback" not in folder.stderr


def test_the_command_without_a_file_is_an_error() -> None:
    assert run().returncode == 2
