from pathlib import Path

import pytest

from privacy.agreement.document import canonical, to_document
from privacy.agreement.model import Endpoint
from privacy.agreement.toml import parse
from privacy.errors import InvalidAgreement
from tests.agreements import make_agreement

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "agreement-example.toml"


def written() -> str:
    """The default agreement as TOML."""
    document = to_document(make_agreement())
    lines = []
    for key, value in document.items():
        if isinstance(value, str | int):
            lines.append(f"{key} = {value!r}")
    for key, value in document.items():
        if isinstance(value, dict):
            lines += [f"[{key}]", *(_entry(name, entry) for name, entry in value.items())]
    for group in document["groups"]:
        lines += ["[[groups]]", *(_entry(name, entry) for name, entry in group.items())]
    for task in document["tasks"]:
        lines += ["[[tasks]]"]
        lines += [_entry(name, entry) for name, entry in task.items() if name != "metrics"]
        for metric in task["metrics"]:
            lines += ["[[tasks.metrics]]", *(_entry(k, v) for k, v in metric.items())]
    return "\n".join(lines) + "\n"


def _entry(name: str, value: object) -> str:
    if isinstance(value, str) and "\n" in value:
        return f'{name} = """\n{value}"""'
    return f"{name} = {value!r}"


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(InvalidAgreement) as caught:
        parse(text, name="agreement.toml")
    return caught.value.problems


def test_toml_and_document_have_one_structure() -> None:
    assert parse(written(), name="x") == make_agreement()


@pytest.mark.parametrize("spelling", ["0.8", "'4/5'", "0.80", "8e-1", "'8/10'"])
def test_decimals_are_exact(spelling: str) -> None:
    text = written().replace("target = '4/5'", f"target = {spelling}")
    assert f"target = {spelling}" in text
    assert canonical(parse(text, name="x")) == canonical(make_agreement())


def test_whole_numbers_need_no_quotes_where_an_exact_number_is_meant() -> None:
    text = written().replace(
        "edges = ['1', '2', '4', '8', '16', '24']", "edges = [1, 2, 4, 8, 16, 24]"
    )
    assert "edges = [1" in text
    assert parse(text, name="x") == make_agreement()


def test_a_file_from_windows_reads_the_same() -> None:
    text = "\ufeff" + written().replace("\n", "\r\n")
    assert parse(text, name="x") == make_agreement()


def test_an_ipv6_endpoint_is_read() -> None:
    text = written().replace("employer.plurale.example:8443", "[2001:db8::7]:8443")
    assert parse(text, name="x").employer.endpoint == Endpoint("2001:db8::7", 8443)


@pytest.mark.parametrize(
    ("text", "line", "column", "hint"),
    [
        ("a = 1\nb = yes", 2, 5, "put a text in quotes"),
        ("a =", 1, 4, "put a text in quotes, and a value after the ="),
        ("clip = 0,25", 1, 9, "a point in decimals"),
        ("a = 1 b = 2", 1, 7, "one entry on a line"),
        ('a = "x\nb = 1', 1, 7, "close the quotes on the same line"),
        ('a = """x\n\n', 1, 9, "close the quotes"),
        ("a = [1, 2", 1, 10, "close the bracket"),
        ("a 1", 1, 3, "key = value"),
        ("a = 1\na = 2", 2, 6, "a second time: remove one"),
        ("[x]\n[x]", 2, 3, "a second time: remove one"),
        ("= 3", 1, 1, "correct it here"),
    ],
)
def test_a_syntax_error_names_file_line_column_and_what_to_do(
    text: str, line: int, column: int, hint: str
) -> None:
    (problem,) = problems(text)
    assert problem.startswith(f"agreement.toml, line {line}, column {column}: ")
    assert hint in problem
    assert problem.endswith(f"The line reads: {text.splitlines()[line - 1]}")


@pytest.mark.parametrize(
    "text", ["a = " + "9" * 5000, "a = " + "[" * 5000, "a = 1.0e999999999999999999999"]
)
def test_what_would_stall_or_crash_a_reader_is_refused_in_words(text: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith("agreement.toml: a number is too long or lists lie too deep")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("version = 1\n", "", "agreement.toml: version: this key is missing"),
        ("version = 1\n", "version = 1.0\n", "agreement.toml: version: this must be a whole"),
        ("version = 1\n", "version = true\n", "agreement.toml: version: this must be a whole"),
        ("start = '09:00'", "start = 09:00:00", "agreement.toml: working_time.start: this must be"),
        (
            "\nshare = '1/2'",
            "\nshare = inf",
            "agreement.toml: tasks[0].share: this must be an exact",
        ),
        (
            "\nshare = '1/2'",
            "\nshare = 1e400",
            "agreement.toml: tasks[0].share: this must be an exact",
        ),
        ("upload_days = 14", "upload_days = 0", "agreement.toml: upload_days is 0"),
    ],
)
def test_a_wrong_entry_names_file_and_path(old: str, new: str, problem: str) -> None:
    assert old in written()
    found = problems(written().replace(old, new, 1))
    assert found[0].startswith(problem)


def test_the_example_in_the_documents_is_a_valid_agreement() -> None:
    agreement = parse(EXAMPLE.read_text(encoding="utf-8"), name=EXAMPLE.name)
    assert agreement.tasks[0].id == "headline"
