"""A batch, and the numbers under which its reports are made: derived once, here, for all sides.

Client, leader and helper each build a `Collection` from the agreement. Its context is bound into
every proof and every sealed share, so a report made for one batch, or under other parameters, is
no report for another (protocol §2, §4.4).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from privacy import fields, scales
from privacy.agreement.document import task_digest
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import AgreementDigest, TaskDigest
from privacy.errors import InvalidValue
from privacy.groups import Group, GroupId
from privacy.metrics import Metric, Task, TaskId
from privacy.scales import Scales
from privacy.vdaf.circuits import optimal_chunk_length
from privacy.vdaf.prio3 import Prio3SumVec
from privacy.window import Window


@dataclass(frozen=True, slots=True, order=True)
class BatchId:
    """Names one batch: an agreement's task, in one group, for one window."""

    agreement: AgreementDigest
    task: TaskId
    group: GroupId
    window: Window

    @property
    def task_digest(self) -> TaskDigest:
        """SHA-256(agreement digest ‖ task id)."""
        return task_digest(self.agreement, self.task)

    @property
    def context(self) -> bytes:
        """What every proof and every sealed share of the batch is bound to (protocol §4.4)."""
        return fields.concat("plurale-1", self.task_digest, self.group, str(self.window))

    def __str__(self) -> str:
        return f"{self.task} / {self.group} / {self.window}"


@dataclass(frozen=True)
class Collection:
    """One task in one group: thresholds, budget, scales and the VDAF with its sizes.

    `threshold` (m): reports a release needs. `honest` (h): reports whose noise it counts on.
    `rho`: zCDP that one released window costs each member.
    """

    task: Task
    group: Group
    threshold: int
    honest: int
    rho: Fraction
    client_share: Fraction

    @classmethod
    def of(cls, signed: SignedAgreement, task_id: str, group_id: str) -> "Collection":
        """Derive from the agreement; raise `InvalidValue` if it has no such task or group."""
        agreement = signed.agreement
        task, group = agreement.task(task_id), agreement.group(group_id)
        if task is None:
            raise InvalidValue(f"the agreement has no task {task_id!r}")
        if group is None or group.level is not task.level:
            raise InvalidValue(f"task {task_id} is not collected in a group {group_id!r}")
        terms = agreement.privacy
        return cls(
            task=task,
            group=group,
            threshold=terms.thresholds.release(group),
            honest=terms.thresholds.honest(group),
            rho=agreement.weekly_rho(task),
            client_share=terms.client_share,
        )

    @cached_property
    def scales(self) -> tuple[Scales, ...]:
        """One `Scales` for each metric, in the task's order."""
        return tuple(
            scales.derive(
                clip=metric.clip,
                rho=self.rho * metric.share,
                client_share=self.client_share,
                honest=self.honest,
            )
            for metric in self.task.metrics
        )

    @cached_property
    def coordinate_scales(self) -> tuple[Scales, ...]:
        """One `Scales` for each coordinate of a report."""
        return tuple(
            scale
            for metric, scale in zip(self.task.metrics, self.scales, strict=True)
            for _ in range(metric.coordinates)
        )

    @cached_property
    def vdaf(self) -> Prio3SumVec:
        """Prio3SumVec over the task's coordinates."""
        length = self.task.coordinates
        chunk = optimal_chunk_length(length, scales.MAX_MEASUREMENT)
        return Prio3SumVec(length, scales.MAX_MEASUREMENT, chunk)

    def encode(self, values: Mapping[str, Fraction | None]) -> tuple[int, ...]:
        """X, the clipped integers of one person's values by metric id, before any noise."""
        return tuple(
            number
            for metric, scale in zip(self.task.metrics, self.scales, strict=True)
            for number in metric.encode(values[metric.id], scale)
        )

    def split(self, coordinates: Sequence[int]) -> tuple[tuple[Metric, Scales, list[int]], ...]:
        """Cut a vector of the task's length into the part of each metric."""
        parts, start = [], 0
        for metric, scale in zip(self.task.metrics, self.scales, strict=True):
            part = list(coordinates[start : start + metric.coordinates])
            parts.append((metric, scale, part))
            start += metric.coordinates
        return tuple(parts)
