"""A batch's name and numbers: the context that everything is bound to, and one derivation."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from privacy import fields
from privacy.agreement.model import AgreementDigest, PrivacyTerms
from privacy.batch import Collection
from privacy.errors import InvalidValue
from privacy.groups import GroupId, Thresholds
from privacy.metrics import TaskId
from privacy.scales import derive
from privacy.window import Window
from tests.agreements import make_agreement
from tests.unit.privacy.parties import Parties, agreed, both_sign

NORTH, SALES = Parties.of(), Parties.of("breadth", "sales")
VALUES = {
    "client_mails_answered": Fraction(50),
    "active_hours": None,
    "after_hours_share": Fraction(0),
    "core_hours_coverage": Fraction(9, 10),
    "mail_response_hours": Fraction(5),
}


# --- names ----------------------------------------------------------------------------------------


def test_the_context_names_agreement_task_group_and_window() -> None:
    digest = fields.digest(agreed().digest, "headline")
    assert NORTH.batch.task_digest == digest
    assert NORTH.batch.context == fields.concat("plurale-1", digest, "north", "2026-W05")


def test_whatever_differs_the_context_differs() -> None:
    batch = NORTH.batch
    others: dict[str, Any] = {
        "agreement": AgreementDigest(bytes(32)),
        "task": TaskId("breadth"),
        "group": GroupId("south"),
        "window": Window(2026, 6),
    }
    contexts = {replace(batch, **dict([change])).context for change in others.items()}
    assert len(contexts | {batch.context}) == 5


def test_every_parameter_of_the_agreement_is_in_the_context() -> None:
    """Parameters of the same sizes on the wire are the dangerous ones (protocol §2)."""
    changed = [
        make_agreement(privacy=PrivacyTerms(rho_quarter=Fraction(9, 10))),
        make_agreement(privacy=PrivacyTerms(client_share=Fraction(2, 5))),
        make_agreement(privacy=PrivacyTerms(thresholds=Thresholds(assumed_colluders=1))),
        make_agreement(version=2),
    ]
    contexts = {Parties.of(signed=both_sign(agreement)).batch.context for agreement in changed}
    assert len(contexts | {NORTH.batch.context}) == 5


def test_a_batch_reads_as_task_group_and_window() -> None:
    assert str(NORTH.batch) == "headline / north / 2026-W05"


# --- numbers --------------------------------------------------------------------------------------


def test_thresholds_and_budget_come_from_the_agreement() -> None:
    assert (NORTH.collection.threshold, NORTH.collection.honest) == (10, 8)
    assert (SALES.collection.threshold, SALES.collection.honest) == (42, 40)
    assert NORTH.collection.rho == SALES.collection.rho == Fraction(1, 26)
    assert NORTH.collection.client_share == Fraction(1, 2)


def test_each_metric_has_the_scales_of_its_own_clip_and_share() -> None:
    for metric, scale in zip(SALES.collection.task.metrics, SALES.collection.scales, strict=True):
        assert scale == derive(
            clip=metric.clip,
            rho=Fraction(1, 26) / 5,
            client_share=Fraction(1, 2),
            honest=40,
        )


def test_a_histogram_repeats_its_scales_for_each_range() -> None:
    scales = SALES.collection.scales
    assert SALES.collection.coordinate_scales == (*scales[:4], *[scales[4]] * 7)


def test_the_vdaf_takes_the_tasks_coordinates_and_eleven_bits() -> None:
    vdaf = SALES.collection.vdaf
    assert (vdaf.length, vdaf.max_measurement, vdaf.shares) == (11, 2046, 2)
    assert vdaf.circuit.bits == 11


@pytest.mark.parametrize(
    ("task", "group", "sentence"),
    [
        ("other", "north", "has no task 'other'"),
        ("headline", "other", "task headline is not collected in a group 'other'"),
        ("headline", "sales", "task headline is not collected in a group 'sales'"),
        ("breadth", "north", "task breadth is not collected in a group 'north'"),
    ],
)
def test_a_task_is_collected_at_its_own_level_only(task: str, group: str, sentence: str) -> None:
    with pytest.raises(InvalidValue, match=sentence):
        Collection.of(agreed(), task, group)


# --- values ---------------------------------------------------------------------------------------


def test_values_are_encoded_in_the_order_of_the_metrics() -> None:
    scales = SALES.collection.scales
    encoded = SALES.collection.encode(VALUES)
    assert encoded == (
        round(10 * scales[0].units),
        0,
        -scales[2].sensitivity,
        round(Fraction(1, 5) * scales[3].units),
        *(0, 0, 0, scales[4].sensitivity, 0, 0, 0),
    )
    assert encoded == SALES.collection.encode(dict(reversed(VALUES.items())))


def test_a_value_that_is_not_given_is_an_error_and_not_missing() -> None:
    with pytest.raises(KeyError, match="active_hours"):
        SALES.collection.encode({n: v for n, v in VALUES.items() if n != "active_hours"})


def test_a_vector_splits_into_the_parts_of_its_metrics() -> None:
    parts = SALES.collection.split(range(11))
    assert [part for _, _, part in parts] == [[0], [1], [2], [3], [4, 5, 6, 7, 8, 9, 10]]
    assert [metric for metric, _, _ in parts] == list(SALES.collection.task.metrics)
    assert tuple(scale for _, scale, _ in parts) == SALES.collection.scales
