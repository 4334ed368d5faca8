"""Everything that can be measured at all, with its owner's question and what missing means.

An agreement chooses from this list; every program refuses what is not on it. The consent, the
pages and docs/measures.md are made from what `privacy.measures` says of each (protocol §3).
"""

from typing import Final

from privacy.measures.activity import ACTIVITY
from privacy.measures.mail import MAIL
from privacy.measures.measure import Kind, Measure, Source
from privacy.measures.tasks import TASKS

CATALOGUE: Final = {measure.id: measure for measure in (*MAIL, *ACTIVITY, *TASKS)}
"""Every measure by its id."""

__all__ = ["CATALOGUE", "Kind", "Measure", "Source"]
