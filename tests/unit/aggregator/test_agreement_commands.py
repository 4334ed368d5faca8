"""``agreement check``, ``show``, ``diff`` and ``new``, as people run them."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given

from aggregator import agreement_cli
from aggregator.cli import main
from aggregator.drafting import COMMENTS, draft
from aggregator.interview import Dialogue
from privacy.agreement import envelope, toml
from privacy.agreement.document import to_document
from privacy.agreement.model import DELTA, Agreement, Endpoint, Party, PrivacyTerms
from privacy.agreement.words import in_plain_words
from privacy.catalogue import CATALOGUE
from privacy.groups import GroupId
from privacy.metrics import Direction, Scalar
from privacy.noise import epsilon
from tests.agreements import (
    make_agreement,
    new_keys,
    party_keys,
    party_terms,
    sign,
    with_every_key,
)
from tests.unit.agreement.strategies import agreements
from tests.unit.agreement.test_reference import paths

AGREEMENT = make_agreement()


def written(tmp_path: Path, agreement: Agreement = AGREEMENT, name: str = "a.toml") -> Path:
    file = tmp_path / name
    file.write_text(draft(agreement), encoding="utf-8")
    return file


def party_files(tmp_path: Path) -> dict[Party, Path]:
    """Both parties' tables, cut out of a drafted agreement."""
    text = draft(AGREEMENT)
    for party in Party:
        table = re.search(rf"^\[{party}\]\n.*?(?=^\[(?!{party}))", text, re.M | re.S)
        assert table is not None
        (tmp_path / f"{party}.toml").write_text(table[0], encoding="utf-8")
    return {party: tmp_path / f"{party}.toml" for party in Party}


# --- the text -------------------------------------------------------------------------------------


@given(agreements())
def test_a_draft_reads_back_as_the_same_agreement(agreement: Agreement) -> None:
    assert toml.parse(draft(agreement), name="draft") == agreement


def test_a_draft_keeps_backslashes_quotes_and_lines() -> None:
    hard = make_agreement(
        organisation='A "B" \\ C', purpose='First "line"\nsecond \\n line\n\n"""third"""'
    )
    assert toml.parse(draft(hard), name="draft") == hard


def test_every_key_has_its_comment_above_it() -> None:
    everything = with_every_key()
    assert set(COMMENTS) == paths(to_document(everything))
    text = draft(everything)
    for path, comment in COMMENTS.items():
        assert re.search(rf"^# {re.escape(comment)}\n{path.split('.')[-1]} = ", text, re.M), path


# --- check ----------------------------------------------------------------------------------------


def test_check_accepts_a_text_that_keeps_every_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["agreement", "check", str(written(tmp_path))]) == 0
    assert capsys.readouterr().out == "This agreement keeps every rule.\n"


def test_check_tells_one_sentence_for_each_broken_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path)
    text = file.read_text().replace("roster = 12", "roster = 9").replace("_days = 14", "_days = 99")
    file.write_text(text)
    assert main(["agreement", "check", str(file)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    first, second = told.err.splitlines()
    assert "Group north has 9 members" in first
    assert "upload_days is 99: choose from 3 to 28; a device asks" in second


def test_check_says_who_has_signed_an_envelope(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.signed.json"
    content = envelope.start(AGREEMENT)
    missing = [f"The signature of the {p} is missing: ask them to sign." for p in Party]
    signed = [f"The {p} has signed it." for p in Party]
    for expected in ([missing[0], missing[1]], [missing[0], signed[1]], [signed[0], signed[1]]):
        file.write_bytes(content)
        assert main(["agreement", "check", str(file)]) == 0
        keeps, *told = capsys.readouterr().out.splitlines()
        assert keeps == "This agreement keeps every rule."
        assert told == expected
        party = Party.COUNCIL if expected[1] == missing[1] else Party.EMPLOYER
        content = envelope.add_signature(content, party_keys(party).signing, party)


@pytest.mark.parametrize("party", Party)
@pytest.mark.parametrize("forged", ["00" * 64, "abcd"])
def test_check_names_a_broken_signature(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], party: Party, forged: str
) -> None:
    outer = json.loads(sign(AGREEMENT))
    for signature in outer["signatures"]:
        if signature["keyid"] == envelope.key_id(AGREEMENT.party(party).signing_key):
            signature["sig"] = forged
    file = tmp_path / "a.json"
    file.write_text(json.dumps(outer))
    assert main(["agreement", "check", str(file)]) == 1
    told = capsys.readouterr()
    assert told.err.startswith(f"plurale-aggregator: the signature of the {party} does not hold")
    other = next(each for each in Party if each is not party)
    assert f"The {other} has signed it." in told.out


@pytest.mark.parametrize("command", [["check"], ["show"], ["diff", "no.toml"]])
def test_a_file_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert main(["agreement", *command, str(tmp_path / "no.toml")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(r"no\.toml cannot be read \(No such file.*\): check the path", line)


# --- show -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", [None, "north"])
def test_show_prints_the_plain_words_with_epsilon_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], group: GroupId | None
) -> None:
    file = written(tmp_path)
    assert main(["agreement", "show", str(file), *(["--group", group] if group else [])]) == 0
    strength = epsilon(Fraction(1), DELTA)
    assert capsys.readouterr().out == in_plain_words(AGREEMENT, group=group, epsilon=strength)


def test_show_names_the_groups_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["agreement", "show", str(written(tmp_path)), "--group", "x"]) == 1
    assert "no group 'x': choose from sales, north, south, west" in capsys.readouterr().err


# --- diff -----------------------------------------------------------------------------------------


def test_diff_tells_loosened_limits_first_then_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = make_agreement(
        version=2,
        privacy=PrivacyTerms(rho_quarter=Fraction(2)),
        retention_weeks=52,
        council=party_terms(
            Party.COUNCIL, new_keys(), endpoint=Endpoint("council.plurale.example", 8443)
        ),
    )
    files = written(tmp_path), written(tmp_path, new, "b.toml")
    assert main(["agreement", "diff", *map(str, files)]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 78
    loosened, changed, tightened = out.replace("\u00a0", " ").split("\n\n")
    first, second, third = loosened.split("• ")
    assert first.startswith("Loosened: ")
    assert second.startswith("Warning: the signing key of the council changes from")
    assert third.strip() == "The privacy budget per quarter rises from ρ = 1 to ρ = 2."
    assert changed.startswith("Changed\n")
    assert "• The version changes from 1 to 2." in changed
    assert tightened.startswith("Tightened: ")
    assert "falls from 104 weeks to 52" in tightened


def test_diff_says_when_nothing_changes_whatever_the_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    signed = tmp_path / "a.signed.json"
    signed.write_bytes(sign(AGREEMENT))
    assert main(["agreement", "diff", str(written(tmp_path)), str(signed)]) == 0
    assert capsys.readouterr().out == "Nothing changes.\n"


# --- new ------------------------------------------------------------------------------------------

FIELDS = [
    *["", "To see whether clients get an answer.", "", "2027-W01", "2027-W39", "", ""],
    *["", "", "", "BE", "example.com, example.org", ""],
]
"""Answers between the parties and the groups."""

GROUPS = ["sales", "62", "", "north", "", "12", "south", "none", "30", ""]


def answered(tmp_path: Path, *answers: str) -> list[str]:
    """Both parties, then the answers."""
    return [*map(str, party_files(tmp_path).values()), *answers]


def interview(answers: Iterable[str]) -> tuple[Agreement, list[str]]:
    """The agreement that these answers give, and all that was said; every answer is used."""
    said: list[str] = []
    left = list(answers)

    def read(prompt: str) -> str:
        said.append(prompt)
        return left.pop(0)

    agreement = agreement_cli._interview(Dialogue(read, said.append))
    assert left == []
    return agreement, said


def test_defaults_give_an_agreement_with_both_tasks_on_mail_and_activity(tmp_path: Path) -> None:
    chosen = [""] * 4 + [""] + [""] * 13 + ["", ""]
    agreement, said = interview(answered(tmp_path, *FIELDS, *GROUPS, *chosen))
    assert agreement.employer == AGREEMENT.employer
    assert agreement.council == AGREEMENT.council
    assert agreement.organisation == "Example GmbH"
    assert agreement.contact == "Works council of Example GmbH"
    assert str(agreement.last_window) == "2027-W39"
    assert agreement.working_time == AGREEMENT.working_time
    assert agreement.mail.internal_domains == ("example.com", "example.org")
    assert [(g.id, g.roster, g.parent) for g in agreement.groups] == [
        ("sales", 62, None),
        ("north", 12, "sales"),
        ("south", 30, None),
    ]
    assert [task.id for task in agreement.tasks] == ["teams", "departments"]
    collected = [metric.id for task in agreement.tasks for metric in task.metrics]
    assert set(CATALOGUE) - set(collected) == {
        *("tasks_within_estimate", "task_time_ratio", "tasks_finished", "time_by_category")
    }
    assert agreement.categories == ()
    assert "Working hours [09:00-17:00]: " in said
    assert "Domains whose mail is internal, with commas: " in said


def test_kinds_of_work_are_asked_for_once_where_they_are_told_apart(tmp_path: Path) -> None:
    teams = ["time_by_category, tasks_within_estimate"]
    kinds = [
        *("Mail, mail", "Mail, other", "Mail, Meetings"),
        *("outlook, Outlook", "outlook, thunderbird", ""),
        *("none", "none", "meeting"),
    ]
    metrics = ["", "", "", "", "time_by_category"]
    answers = answered(tmp_path, *FIELDS, *GROUPS, *teams, *kinds, *metrics, "1/2")
    agreement, said = interview(answers)
    assert [(c.id, c.title, c.applications, c.titles) for c in agreement.categories] == [
        ("Mail", "Mail", ("outlook", "thunderbird"), ()),
        ("Meetings", "Meetings", (), ("meeting",)),
    ]
    told = "\n".join(said)
    for sentence in (
        "The id mail stands for 2 categories",
        '"other" is what fits no category',
        "'Outlook' stands among the applications of Mail already",
        "category Meetings: nothing counts as it",
    ):
        assert sentence in told, sentence
    assert [task.metrics[0].id for task in agreement.tasks] == ["time_by_category"] * 2
    assert told.count("Kinds of work to tell apart") == 3


def test_every_measure_can_be_chosen_with_the_numbers_in_brackets(tmp_path: Path) -> None:
    kinds = ["Mail", "outlook", ""]
    everything = ["none", ", ".join(CATALOGUE), *kinds, *[""] * 25, ""]
    agreement, _ = interview(answered(tmp_path, *FIELDS, *GROUPS, *everything))
    (task,) = agreement.tasks
    assert [metric.id for metric in task.metrics] == [*CATALOGUE]


REFUSALS = (
    "no.toml cannot be read (No such file or directory): check the path.",
    "does not hold the table [employer] alone",
    "An answer is needed here.",
    "'tomorrow' is not an ISO week: write it like 2026-W05.",
    "is after the last window 2026-W01",
    "time zone 'Europe/Nowhere' is unknown",
    "'Mo' is not a day",
    "'nine' is not a stretch of time: write it like 09:00-17:00.",
    "core hours must lie within working hours",
    "working_time.country 'XX' is not known",
    "working_time.region 'BE' is not in AT",
    "mail: 'a@b' is not a domain in lower case",
    "'x' is not a whole number",
    "answer_hours must be at least 1",
    "Group north has 9 members, but nothing is released for fewer than 10",
    "is named 2 times",
    "'wages' is not known: choose from",
    "a metric is named twice",
    "this must be an exact number",
    "'between' is not known",
    "the clip must be greater than 0",
    "the edges must rise",
    "there are 2 metrics: give as many shares.",
    "the shares of its metrics sum to 5/6, not 1",
)
"""What is said about the answers below, each of which is followed by a better one."""


def test_an_answer_that_breaks_a_rule_is_told_in_one_sentence_and_asked_again(
    tmp_path: Path,
) -> None:
    parties = [str(file) for file in party_files(tmp_path).values()]
    answers = [
        *(str(tmp_path / "no.toml"), parties[1], parties[0], parties[1]),
        *("", "", "A purpose.", "", "tomorrow", "2027-W53", "2027-W01", "2026-W01", "2027-W39"),
        *("Europe/Nowhere", "Europe/Vienna", "Mo", "Mon, Tue", "nine", "12:00-20:00"),
        *("10:00-15:00", "13:00-14:00", "XX", "AT", "BE", "9", "a@b", "example.com", "x", "0", "4"),
        *("", "", "north", "9", "north", "12", "North", "south", "11", ""),
        *("wages", "active_hours, active_hours", "active_hours, mail_response_hours"),
        *(
            "much",
            "35",
            "between",
            "at_most",
            "0",
            "5",
            "2, 1",
            "1, 2",
            "1/2",
            "1/2, 1/3",
            "",
        ),
    ]
    agreement, said = interview(answers)
    told = "\n".join(said)
    for sentence in REFUSALS:
        assert sentence in told, sentence
    (task,) = agreement.tasks
    (scalar, histogram) = task.metrics
    assert isinstance(scalar, Scalar)
    assert (scalar.target, scalar.clip) == (Fraction(35), Fraction(5))
    assert scalar.direction is Direction.AT_MOST
    assert task.share == 1
    assert histogram.share == Fraction(1, 2)
    assert [group.roster for group in agreement.groups] == [12, 11]


def test_the_departments_get_the_rest_of_the_budget_and_nothing_at_all_is_no_agreement(
    tmp_path: Path,
) -> None:
    nothing = ["none", "none"]
    metrics = ["", "", "", "", "mail_response_hours", ""]
    shares = ["most", "1", "1e999999999", "2/3"]
    agreement, said = interview(answered(tmp_path, *FIELDS, *GROUPS, *nothing, *metrics, *shares))
    assert "The agreement collects nothing: add at least one task." in said
    assert [task.share for task in agreement.tasks] == [Fraction(2, 3), Fraction(1, 3)]
    assert sum("this must be an exact number" in each for each in said) == 2
    assert any("task departments: its share of the budget is 0" in each for each in said)


def test_both_servers_on_one_host_are_refused_at_once(tmp_path: Path) -> None:
    files = party_files(tmp_path)
    text = files[Party.COUNCIL].read_text()
    one_host = tmp_path / "one-host.toml"
    one_host.write_text(text.replace("council.plurale.example", "employer.plurale.example"))
    said: list[str] = []
    answers = [str(files[Party.EMPLOYER]), str(one_host)]

    def read(prompt: str) -> str:
        if not answers:
            raise EOFError
        return answers.pop(0)

    with pytest.raises(EOFError):
        agreement_cli._interview(Dialogue(read, said.append))
    (sentence,) = said
    assert sentence.startswith("Both servers are on employer.plurale.example: ")


@pytest.mark.parametrize("damage", ['server_key = "AAAA"', 'colour = "red"', "["])
def test_a_damaged_party_table_is_asked_for_again_at_once(tmp_path: Path, damage: str) -> None:
    files = party_files(tmp_path)
    text = re.sub(r"server_key = .*", damage, files[Party.EMPLOYER].read_text())
    damaged = tmp_path / "damaged.toml"
    damaged.write_text(text)
    chosen = [""] * 4 + ["none", ""]
    agreement, said = interview([str(damaged), *answered(tmp_path, *FIELDS, *GROUPS, *chosen[:5])])
    assert said[1].startswith(("employer", str(damaged)))
    assert len(agreement.tasks) == 1


def run_new(file: Path, answers: list[str]) -> subprocess.CompletedProcess[str]:
    call = "import sys; from aggregator.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", call, "agreement", "new", str(file)],
        input="".join(f"{answer}\n" for answer in answers),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_answers_that_end_too_early_write_nothing(tmp_path: Path) -> None:
    run = run_new(tmp_path / "new.toml", answered(tmp_path, "Example GmbH"))
    assert run.returncode == 1
    assert run.stderr == (
        "plurale-aggregator: the answers ended too early: nothing was written; start again\n"
    )
    assert not (tmp_path / "new.toml").exists()


def test_new_never_overwrites_and_names_what_is_wrong_before_the_first_question(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "there.toml"
    file.write_text("mine")
    for target, sentence in (
        (file, "there.toml exists: choose another name"),
        (tmp_path / "new.txt", "is not named like a TOML file: name it new.txt.toml"),
        (tmp_path / "no" / "new.toml", "no is not a directory: make it first"),
    ):
        assert main(["agreement", "new", str(target)]) == 1
        told = capsys.readouterr()
        assert sentence in told.err
        assert told.out == ""
    assert file.read_text() == "mine"


def terminal(file: Path, answers: list[str], *, interrupt: bool = False) -> tuple[int, str]:
    """Run `new` in a pseudo-terminal, one answer after each prompt; its exit code and output."""
    # Whatever starts the tests may have them ignore SIGINT, and a child inherits that.
    call = (
        "import signal, sys; from aggregator.cli import main; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); sys.exit(main(sys.argv[1:]))"
    )
    above, below = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", call, "agreement", "new", str(file)],
        stdin=below,
        stdout=below,
        stderr=below,
        env=os.environ | {"PYTHONWARNINGS": "error"},
    ) as process:
        os.close(below)
        shown = ""
        for answer in answers:
            shown += _until_prompt(above)
            os.write(above, f"{answer}\n".encode())
        if interrupt:
            shown += _until_prompt(above)
            process.send_signal(signal.SIGINT)
            with suppress(OSError):  # a signal before the read began is seen when it returns
                os.write(above, b"\n")
        shown += _rest(above)
        code = process.wait(60)
    os.close(above)
    return code, shown


def _piece(terminal: int) -> str:
    """What was written since; an empty text at the end."""
    assert select.select([terminal], [], [], 60)[0], "nothing more is shown"
    try:
        return os.read(terminal, 4096).decode(errors="replace")
    except OSError:  # how Linux tells the end of a pseudo-terminal
        return ""


def _until_prompt(terminal: int) -> str:
    text = ""
    while not text.endswith(": "):
        piece = _piece(terminal)
        assert piece, text
        text += piece
    return text


def _rest(terminal: int) -> str:
    text = ""
    while piece := _piece(terminal):
        text += piece
    return text


def test_new_in_a_terminal_writes_what_check_accepts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new.toml"
    answers = answered(tmp_path, *FIELDS, *GROUPS, "", "", "", "", "none")
    code, shown = terminal(file, answers)
    assert code == 0, shown
    assert f"Wrote {file}." in shown
    assert main(["agreement", "check", str(file)]) == 0
    assert capsys.readouterr().out == "This agreement keeps every rule.\n"
    assert main(["plan", str(file)]) == 0


def test_ctrl_c_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    code, shown = terminal(file, answered(tmp_path, ""), interrupt=True)
    assert code == 130
    assert "Traceback" not in shown
    assert not file.exists()
