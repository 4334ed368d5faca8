"""The tables of docs/protocol.md say what the code does, all of it and nothing else."""

import re
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import pytest
from google.protobuf.descriptor import FileDescriptor

from aggregator.model import BatchState
from privacy.agreement.model import AgreementDigest
from privacy.batch import BatchId
from privacy.errors import PluraleError, Rejection
from privacy.groups import GroupId
from privacy.ledger import rules
from privacy.ledger.entries import KINDS, MAX_BYTES
from privacy.metrics import TaskId
from privacy.scales import HALF_RANGE, TRUNCATION, derive
from privacy.verdict import LOOKS
from privacy.window import Window
from protos.status import ERROR_KEY, ERROR_STATUS, REJECTION_KEY, REJECTION_STATUS, to_status
from protos.v1 import (
    activation_pb2,
    aggregation_pb2,
    ledger_pb2,
    membership_pb2,
    release_pb2,
    report_pb2,
)
from tests.meta import repository

pytestmark = pytest.mark.needs_debian("git", "git")

_PROTOCOL = repository.text(Path("docs/protocol.md")) or ""
_MODULE = re.compile(r"`((?:privacy|protos|client|aggregator|tests)/[a-z_0-9/]*(?:\.[a-z]+)?)`")


def table(first: str) -> list[list[str]]:
    """The rows under the header whose first cell is `first`, cells without code marks."""
    lines = iter(_PROTOCOL.splitlines())
    assert any(line.startswith(f"| {first} |") for line in lines), f"no table headed {first!r}"
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("| "):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip().strip("|").split(" | ")])
    return rows


def test_rejections_are_those_of_the_code_with_their_words_and_status() -> None:
    assert table("rejection") == [
        [reason.name, reason.value, REJECTION_STATUS[reason].name] for reason in Rejection
    ]
    assert f'under "{REJECTION_KEY}"' in _PROTOCOL
    assert f'under "{ERROR_KEY}"' in _PROTOCOL


def test_other_errors_have_the_status_of_the_code() -> None:
    assert table("error") == [[kind.__name__, code.name] for kind, code in ERROR_STATUS.items()]
    assert to_status(PluraleError("any other"))[0].name == "FAILED_PRECONDITION"


def test_states_of_a_batch_are_those_of_the_code() -> None:
    rows = table("state")
    assert [(name, final) for name, final, _ in rows] == [
        (state.value, "yes" if state.final else "no") for state in BatchState
    ]


def test_kinds_of_entries_are_those_of_the_code_with_what_they_hold() -> None:
    assert [(name, re.findall(r"\w+", body)) for name, body, _ in table("kind")] == [
        (name, [field.name for field in fields(kind)]) for name, kind in KINDS.items()
    ]
    assert f"at most {MAX_BYTES:,} bytes" in _PROTOCOL


def test_rules_of_the_ledger_are_those_of_the_code() -> None:
    section = _PROTOCOL.partition("The rules (`privacy/ledger/rules.py`)")[2].partition("\n## ")[0]
    written, built = (
        re.findall(r"^([0-9]+)\. ([^:\n]+):", text, re.MULTILINE)
        for text in (section, rules.__doc__ or "")
    )
    assert written == built
    assert [int(number) for number, _ in built] == list(range(1, 14))


def test_looks_are_those_of_the_code() -> None:
    written = [(f"{look.windows} windows", f"{look.z:.2f}") for look in LOOKS]
    assert [tuple(row) for row in table("look after")] == written


def test_methods_are_those_of_the_proto_files() -> None:
    files: list[FileDescriptor] = [
        each.DESCRIPTOR
        for each in (
            report_pb2,
            ledger_pb2,
            membership_pb2,
            activation_pb2,
            aggregation_pb2,
            release_pb2,
        )
    ]
    methods = {
        (f"{service.name}.{method.name}", method.input_type.name, method.output_type.name)
        for file in files
        for service in file.services_by_name.values()
        for method in service.methods
    }
    assert {(row[0], row[3], row[4]) for row in table("method")} == methods


def test_labels_of_what_is_hashed_or_bound_are_those_of_the_code() -> None:
    written = set(re.findall(r'"(plurale-1[a-z -]*)"', _PROTOCOL))
    source = "".join(
        repository.text(path) or ""
        for path in repository.python_files("privacy")
        if path.parts[1] != "vdaf"
    )
    assert written == set(re.findall(r'"(plurale-1[a-z -]*)"', source))


def test_the_example_of_a_context_is_what_the_code_makes() -> None:
    batch = BatchId(
        AgreementDigest(bytes(32)), TaskId("headline"), GroupId("north"), Window(2026, 5)
    )
    block = re.search(r"^task digest +(.*?)^```", _PROTOCOL, re.MULTILINE | re.DOTALL)
    assert block is not None
    digest, context = block[1].split("context")
    assert bytes.fromhex(digest) == batch.task_digest
    assert bytes.fromhex(context) == batch.context


def test_the_example_of_scales_is_what_the_code_derives() -> None:
    scales = derive(clip=Fraction(1, 4), rho=Fraction(1, 26), client_share=Fraction(1, 2), honest=8)
    text = " ".join(_PROTOCOL.split())
    assert f"`B = {HALF_RANGE}` and `T = {TRUNCATION}`" in text
    assert (
        f"give `C = {scales.sensitivity}`, `u = {scales.units}`, client variance "
        f"`{scales.client_variance}`, helper variance `{scales.helper_variance}`"
    ) in text


def test_every_module_named_exists() -> None:
    named = set(_MODULE.findall(_PROTOCOL))
    assert len(named) > 20
    assert [each for each in named if not (repository.ROOT / each).exists()] == []
