"""docs/agreement.md lists the keys that an agreement has, all of them and no other."""

import re
from pathlib import Path
from typing import Any

import pytest

from privacy.agreement.document import from_document, to_document
from privacy.errors import InvalidAgreement
from tests.agreements import make_agreement, with_every_key

DOCS = Path(__file__).resolve().parents[3] / "docs"
DEFAULTS = {"idle_minutes": 5, "upload_days": 14, "retention_weeks": 104}


def rows() -> dict[str, str]:
    """For each key named in a first column, its default."""
    found = {}
    for line in (DOCS / "agreement.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            names, _, default, trust = (cell.strip() for cell in line.strip("|").split(" |"))
            assert trust, f"{names} lacks its sentence of trust"
            found.update(dict.fromkeys(re.findall(r"`([^`]+)`", names), default))
    return found


def paths(data: Any, prefix: str = "") -> set[str]:
    """Every key of a document, with its tables before it; lists do not count as a step."""
    if isinstance(data, list):
        return set().union(*(paths(entry, prefix) for entry in data))
    if not isinstance(data, dict):
        return {prefix}
    return set().union(*(paths(v, f"{prefix}.{k}" if prefix else k) for k, v in data.items()))


def test_the_reference_lists_the_keys_of_an_agreement_and_no_other() -> None:
    assert set(rows()) == paths(to_document(with_every_key()))


@pytest.mark.parametrize("key", [key for key in rows() if "." not in key or "working" in key])
def test_a_key_has_a_default_exactly_where_the_reference_says_so(key: str) -> None:
    document = to_document(make_agreement())
    *tables, name = key.split(".")
    place = document[tables[0]] if tables else document
    del place[name]
    if rows()[key]:
        agreement = from_document(document)
        if key in DEFAULTS:
            assert rows()[key] == str(getattr(agreement, key)) == str(DEFAULTS[key])
    else:
        with pytest.raises(InvalidAgreement, match=f"{key}: this key is missing"):
            from_document(document)


def test_defaults_of_privacy_and_mail_are_those_of_the_reference() -> None:
    document = to_document(make_agreement())
    document["privacy"] = {}
    del document["mail"]["clock_start"]
    written = to_document(from_document(document))
    assert rows()["privacy.rho_quarter"] == written["privacy"]["rho_quarter"] == "1"
    assert rows()["privacy.client_share"] == "0.5"
    assert written["privacy"]["client_share"] == "1/2"
    assert rows()["privacy.min_contributors"] == str(written["privacy"]["min_contributors"])
    assert rows()["privacy.assumed_colluders"] == str(written["privacy"]["assumed_colluders"])
    assert rows()["mail.clock_start"] == f'`"{written["mail"]["clock_start"]}"`'
