"""The evidence adds up, is the same each time, and keeps to the registry's schema."""

import json
from fractions import Fraction
from typing import Any

import pytest

from privacy.audit.evidence import as_json, evidence
from privacy.audit.evidence_page import as_markdown
from privacy.audit.verify import verify
from privacy.errors import InvalidValue
from privacy.ledger import entries as kinds
from privacy.ledger.entries import Entry
from privacy.ledger.export import encode
from privacy.release import Withheld
from tests import ledgers
from tests.unit.audit.exports import export_of, file, whole


def found() -> dict[str, Any]:
    return evidence(verify(file()))


def test_the_same_export_gives_the_same_bytes() -> None:
    assert as_json(found()) == as_json(found())
    assert as_markdown(found()) == as_markdown(found())
    assert json.loads(as_json(found())) == found()


def test_spend_adds_up_to_what_the_budget_says() -> None:
    spend = found()["spend"]
    rows = [
        (each["version"], each["task"], each["windows"], each["rho"]) for each in spend["by_task"]
    ]
    assert rows == [
        (1, "breadth", 3, "3/26"),
        (1, "headline", 3, "3/26"),
        (2, "headline", 1, "3/325"),
    ]
    assert spend["by_quarter"][0]["rho"] == str(ledgers.CAP_OF_THE_SECOND)
    assert Fraction(spend["worst_91_days"]["rho"]) == ledgers.CAP_OF_THE_SECOND


def test_every_outcome_is_counted_once() -> None:
    outcomes = found()["outcomes"]
    assert outcomes["released"] == [each.index for each in whole().of(kinds.BatchReleased)]
    assert outcomes["results"] == [each.index for each in whole().of(kinds.ResultOpened)]
    counts = {reason: len(each) for reason, each in outcomes["without_result"].items()}
    assert counts == {
        "withheld, too few reports": 2,
        "withheld, the budget was spent": 4,
        "not asked for by the employer": 1,
        "not opened by the employer": 1,
        "stopped, something was wrong": 1,
        "budget alarms": 4,
    }


def test_guarantees_are_those_of_the_protocol() -> None:
    first, _ = found()["agreements"]
    (quarter,) = [
        each["outside"]
        for each in first["guarantees"]
        if each["task"] is None and each["quarters"] == 1
    ]
    assert quarter["rho"] == "1"
    assert round(quarter["epsilon"], 1) == 7.8
    assert round(quarter["guess_present"], 2) == 0.76
    assert round(quarter["guess_limits"], 2) == 0.92


# Field names of the registry's schema, as published in 2026.
SCHEMA = {
    "basic": {
        *("name", "data_curators", "intended_use", "data_product_type", "data_product_region"),
        *("description", "publication_date"),
    },
    "dp_variant": {"variant_name", "data_domain", "unprotected_quantities"},
    "privacy_loss": {
        *("privacy_unit", "privacy_unit_details", "privacy_parameters"),
        "privacy_parameters_details",
    },
    "deployment_model": {
        *("model_name", "model_name_details", "actors", "release_type", "release_type_details"),
        *("data_source_type", "access_type", "access_type_details"),
    },
    "accounting": {"post_processing", "composition"},
    "implementation": {
        *("preprocessing_and_hyperparameter_tuning", "mechanisms", "justification"),
    },
    "administrative": {"sources", "notes", "registry_authors"},
}


def test_the_record_has_the_fields_and_choices_of_the_registry() -> None:
    record = found()["registry"]
    assert set(record) == {"url_slug", "status", "tier", "deployment"}
    deployment = record["deployment"]
    assert {part: set(fields) for part, fields in deployment.items()} == SCHEMA
    assert deployment["basic"]["data_product_type"] == "Summary statistics"
    assert deployment["basic"]["publication_date"] == "2026-01-07"
    assert deployment["dp_variant"]["variant_name"] == "Zero-concentrated DP"
    assert deployment["deployment_model"]["model_name"] == "Federated"
    assert deployment["deployment_model"]["release_type"] == "Many releases"
    assert deployment["privacy_loss"]["privacy_parameters"]["rho"] == 0.24


def too_few(entry: Entry) -> bool:
    body = entry.body
    return isinstance(body, kinds.BatchWithheld) and body.reason is Withheld.BATCH_TOO_SMALL


def test_the_page_has_every_number_of_the_data() -> None:
    page = as_markdown(found())
    first, second = (each.index for each in whole().of(kinds.BatchWithheld) if too_few(each))
    for words in (
        "| 2026-Q1 | 1 | headline | 3 | about\u00a00.1154 |",
        f"| withheld, too few reports | 2 | {first}, {second} |",
        "finds nothing wrong",
        "Not compared: the agreement you hold",
        '"variant_name": "Zero-concentrated DP"',
    ):
        assert words in page
    assert all(each["question"] in page for each in found()["review"])


def test_evidence_from_a_broken_export_says_so_first() -> None:
    broken = evidence(verify(file().replace(b'"count":10', b'"count":11', 1)))
    assert broken["verification"]["held"] is False
    assert broken["verification"]["findings"]
    page = as_markdown(broken)
    first, *_ = broken["verification"]["findings"]
    assert page.splitlines()[2].startswith(f"**This export does not hold: {first}. What follows ")
    assert next(iter(broken)) == "verification"


def test_a_ledger_without_a_release_has_evidence_too() -> None:
    page = as_markdown(evidence(verify(encode(export_of(ledgers.started())))))
    assert "Nothing: no batch was released." in page


def test_without_an_agreement_there_is_no_evidence() -> None:
    with pytest.raises(InvalidValue, match="no agreement"):
        evidence(verify(b""))
