"""A record for the public registry of differential-privacy deployments (registry.opendp.org).

The keys are those of the registry's schema, third tier. A record is a draft: people have to read
it, and say who they are, before they hand it in.
"""

from typing import Any

from privacy.agreement.model import DELTA, Agreement
from privacy.agreement.quantities import counted
from privacy.checkpoint import origin_of
from privacy.plan.guarantee import Guarantee


def record(agreement: Agreement, digest: bytes, published: str) -> dict[str, Any]:
    """The record of one agreement; `published`: date of the first result, or of its start."""
    return {
        "url_slug": origin_of(agreement.organisation, digest).replace("/", "-"),
        "status": "Draft",
        "tier": 3,
        "deployment": {
            "basic": _basic(agreement, published),
            "dp_variant": _variant(agreement),
            "privacy_loss": _loss(agreement),
            "deployment_model": _model(agreement),
            "accounting": _accounting(agreement),
            "implementation": _implementation(agreement),
            "administrative": {
                "sources": "The signed agreement, and an export of its ledger.",
                "notes": agreement.contact,
                "registry_authors": ["Drawn up by plurale-audit; name who checked it"],
            },
        },
    }


def _basic(agreement: Agreement, published: str) -> dict[str, Any]:
    return {
        "name": f"Team metrics of {agreement.organisation}",
        "data_curators": [agreement.employer.name, agreement.council.name],
        "intended_use": " ".join(agreement.purpose.split()),
        "data_product_type": "Summary statistics",
        "data_product_region": agreement.working_time.country,
        "description": (
            "Weekly means and histograms for teams and departments, judged against agreed targets "
            "by quarter. Nothing is released about a person."
        ),
        "publication_date": published,
    }


def _variant(agreement: Agreement) -> dict[str, str]:
    groups = ", ".join(f"{group.id} ({group.roster})" for group in agreement.groups)
    return {
        "variant_name": "Zero-concentrated DP",
        "data_domain": (
            "For each member, task and week one vector of clipped values, or a neutral one. "
            f"Groups and members: {groups}."
        ),
        "unprotected_quantities": (
            "How many reports were counted in each batch, why a batch has no result, the sizes of "
            "groups, and every parameter of the agreement."
        ),
    }


def _loss(agreement: Agreement) -> dict[str, Any]:
    rho = agreement.privacy.rho_quarter
    outside = Guarantee.of(rho)
    council = Guarantee.of(rho / agreement.privacy.client_share)
    return {
        "privacy_unit": "person-quarter",
        "privacy_unit_details": (
            "All reports of one person for the windows that start in any 91 days, against neutral "
            "reports in their place (zero-out adjacency); the number of reports is public."
        ),
        "privacy_parameters": {
            "epsilon": round(outside.epsilon, 4),
            "delta": DELTA,
            "rho": float(rho),
        },
        "privacy_parameters_details": (
            f"ρ = {rho} for a person and quarter, all tasks together, enforced. ε is converted "
            "from it. Against the council, which knows the noise of its own server, ρ = "
            f"{rho / agreement.privacy.client_share} and ε = {council.epsilon:.2f}."
        ),
    }


def _model(agreement: Agreement) -> dict[str, str]:
    days = counted(agreement.upload_days, "day")
    return {
        "model_name": "Federated",
        "model_name_details": (
            "Distributed: each device clips, adds its part of the noise and splits the report "
            "between two servers (Prio3SumVec), which see sums only. One server adds noise of its "
            "own to every sum. No party is trusted with a person's data."
        ),
        "actors": (
            f"{agreement.employer.name} (employer, leads and reads results) and "
            f"{agreement.council.name} (works council, second server, budget, ledger), assumed "
            f"not to collude; up to {agreement.privacy.thresholds.assumed_colluders} members of a "
            "group who leave out their noise; managers and auditors, who see results."
        ),
        "release_type": "Many releases",
        "release_type_details": (
            f"One release for each task, group and week, within {days} after the week. The budget "
            "is a moving sum over 91 days and never starts anew; a release beyond it is refused."
        ),
        "data_source_type": "Dynamic",
        "access_type": "Non-interactive",
        "access_type_details": "What is released is fixed in the agreement; nobody can query.",
    }


def _accounting(agreement: Agreement) -> dict[str, str]:
    return {
        "post_processing": (
            "Division by the public number of reports, intervals from the known variance of the "
            "noise, verdicts against targets at three looks in a quarter, roll-ups."
        ),
        "composition": (
            "zCDP adds up over the metrics of a task, over tasks and weeks, and over versions of "
            "the agreement, in exact fractions. Groups of one level do not overlap: a task and "
            f"week costs the largest ρ of any group, once. Limit: ρ = "
            f"{agreement.privacy.rho_quarter} in any 91 days."
        ),
    }


def _implementation(agreement: Agreement) -> dict[str, str]:
    terms = agreement.privacy
    return {
        "preprocessing_and_hyperparameter_tuning": (
            "Clipping bounds, targets and budget are agreed before anything is collected and are "
            "not drawn from the data."
        ),
        "mechanisms": (
            "Discrete Gaussian in exact integer arithmetic, sampled by OpenDP. The devices supply "
            f"{terms.client_share} of the variance, the council's server the rest. A device draws "
            "again what would leave the integer range, beyond six standard deviations. Integer "
            "sensitivities are exact. Every report carries a proof that it is in range, and a "
            "token that the council gives each member once for a task and week, blindly."
        ),
        "justification": (
            f"A release needs at least {terms.thresholds.min_contributors} reports and two thirds "
            "of the group. The guarantee is tested with privacy-loss distributions of the real, "
            "truncated noise, and with an empirical audit of noised sums."
        ),
    }
