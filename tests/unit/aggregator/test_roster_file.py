"""The council's CSV: read as spreadsheets save it, or refused with the line that is wrong."""

import pytest

from aggregator.roster_file import read
from privacy.errors import InvalidValue

ONE = [(2, "north", "Ann")]

READ = {
    "plain": (b"group,name\nnorth,Ann\n", ONE),
    "no newline at the end": (b"group,name\nnorth,Ann", ONE),
    "semicolons": (b"group;name\nnorth;Ann\n", ONE),
    "a comma in a name under semicolons": (
        b"group;name\nnorth;Berg, Ann\n",
        [(2, "north", "Berg, Ann")],
    ),
    "byte order mark": (b"\xef\xbb\xbfgroup,name\r\nnorth,Ann\r\n", ONE),
    "old line ends": (b"group;name\rnorth;Ann\r", ONE),
    "spaces around": (b" Group , NAME \n north ,  Ann \n", ONE),
    "empty lines": (b"\n,\ngroup,name\n\n,,,\nnorth,Ann\n  \n", [(6, "north", "Ann")]),
    "trailing separators": (b"group;name;\nnorth;Ann;;;\n", ONE),
    "no name column": (b"group\nnorth\nnorth\n", [(2, "north", ""), (3, "north", "")]),
    "no name": (b"group,name\nnorth\nnorth,\n", [(2, "north", ""), (3, "north", "")]),
    "name first": (b"name,group\nAnn,north\n", ONE),
    "quotes": (b'group,name\n"north","Berg, Ann"\n', [(2, "north", "Berg, Ann")]),
    "one name in two groups": (
        b"group,name\nnorth,Ann\nsouth,Ann\n",
        [(2, "north", "Ann"), (3, "south", "Ann")],
    ),
    "an umlaut in two pieces": (
        "group,name\nnorth,Ju\u0308rgen\n".encode(),
        [(2, "north", "J\u00fcrgen")],
    ),
}


@pytest.mark.parametrize(("content", "lines"), READ.values(), ids=READ)
def test_it_is_read(content: bytes, lines: list[tuple[int, str, str]]) -> None:
    assert [(each.number, each.group, each.name) for each in read(content).lines] == lines


REFUSED = {
    "empty": (b"", "it is empty: write the columns group,name and"),
    "only empty lines": (b"\n\n , \n", "it is empty"),
    "only the columns": (b"group,name\n", "it has no line of a member: write one for each"),
    "no columns": (b"north,Ann\n", "line 1 names a column 'north': .* put group,name into the fir"),
    "more about a person": (
        b"group,name,email\nnorth,Ann,ann@example.com\n",
        "line 1 names a column 'email': there are group and name and no others",
    ),
    "a column without a name": (b"group,,name\nnorth,1,Ann\n", "names a column ''"),
    "no group": (b"name\nAnn\n", "line 1 has to name the column group, and no column twice"),
    "a column twice": (b"group,group\nnorth,south\n", "line 1 has to name .* no column twice"),
    "too many fields": (b"group,name\nnorth,Berg, Ann\n", "line 2 has 3 fields under 2 columns"),
    "a name without a group": (b"group,name\nnorth,Ann\n,Ben\n", "line 3 names no group: write"),
    "an open quote": (b'group,name\nnorth,"Ann\n', "line 2 is no CSV .*: correct it"),
    "signs after a quote": (b'group,name\nnorth,Ann\nnorth,"B" en\n', "line 3 is no CSV"),
    "another encoding": ("group,name\nnorth,Jürgen\n".encode("cp1252"), 'save it as "CSV UTF-8"$'),
    "two bytes a sign": ("group,name\nnorth,Ann\n".encode("utf-16"), 'save it as "CSV UTF-8"$'),
    "a spreadsheet": (b"PK\x03\x04\x14\x00\x08\x08\xff\xfe", 'save it as "CSV UTF-8"$'),
    "an escape sequence": (b"group,name\nnorth,A\x1b[2Jnn\n", "line 2 has a name with signs that"),
    "a line break in a name": (b'group,name\nnorth,"A\nnn"\n', "line 2 has a name with signs that"),
    "a formula": (b"group,name\nnorth,=1+1\n", "line 2 has a name with a part that begins with ="),
    "a formula behind the other separator": (
        b"group,name\nnorth,Anna; =HYPERLINK(D2)\n",
        "line 2 has a name with a part that begins with =",
    ),
    "a formula behind a quote": (
        b'group;name\nnorth;"Anna"",@SUM(A1)"\n',
        "line 2 has a name with a part that begins with @",
    ),
    "a formula with a wide sign": (
        "group,name\nnorth,＝1\n".encode(),
        "line 2 has a name with a part that begins with =",
    ),
    "a name twice": (
        b"group,name\nnorth,Ann\n\nnorth, Ann\n",
        "lines 2 and 4 have the same name in north: tell the two apart",
    ),
}


@pytest.mark.parametrize(("content", "sentence"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused(content: bytes, sentence: str) -> None:
    with pytest.raises(InvalidValue, match=sentence) as refused:
        read(content)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "separator", "encoding"),
    [
        (b"group,name\nnorth,Ann\n", ",", "utf-8"),
        (b"\xef\xbb\xbfgroup;name\nnorth;Ann\n", ";", "utf-8-sig"),
    ],
)
def test_how_it_was_written_is_known(content: bytes, separator: str, encoding: str) -> None:
    file = read(content)
    assert (file.separator, file.encoding) == (separator, encoding)


def test_a_printed_line_has_no_name() -> None:
    assert "Ann" not in repr(read(b"group,name\nnorth,Ann\n"))
