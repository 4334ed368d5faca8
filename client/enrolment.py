"""What a person agreed to on this device: every accepted version, and the group.

Both signing keys of the first version are pinned at enrolment. A later version counts only if it
is signed with the keys of the one before it, or with those that one announced (protocol §2); all
of this is checked again whenever the record is read.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from client.acceptance import Acceptance
from client.sources.categories import Category
from client.watch_rules import WatchRule, WatchRules
from privacy.agreement import succession
from privacy.agreement.model import Agreement, AgreementDigest
from privacy.errors import InvalidValue
from privacy.window import Window


@dataclass(frozen=True, slots=True)
class Enrolment:
    """`acceptances`: oldest first, at least one. Of one version there are several after a move."""

    acceptances: tuple[Acceptance, ...]

    def __post_init__(self) -> None:
        """Raise `InvalidValue` or `BadSignature` unless each acceptance may follow the last."""
        if not self.acceptances:
            raise InvalidValue("no version of the agreement is accepted")
        for before, after in pairwise(self.acceptances):
            _check_order(before, after)

    @property
    def newest(self) -> Acceptance:
        """What was accepted last."""
        return self.acceptances[-1]

    @property
    def first_window(self) -> Window:
        """The first window to report; none before is ever reported."""
        return min(each.first_window for each in self.acceptances)

    def for_window(self, window: Window) -> Acceptance | None:
        """What a window is reported under: the newest accepted that covers it, if any.

        Only what was accepted when the window began counts, so that a window that has begun keeps
        its version and its group.
        """
        holding = [each for each in self.acceptances if each.holds_for(window)]
        return holding[-1] if holding else None

    def at(self, now: datetime) -> Agreement:
        """The newest accepted version that has begun: where the parties' servers are now."""
        begun = [
            each.agreement
            for each in self.acceptances
            if each.agreement.first_window.start(each.agreement.working_time.zone) <= now
        ]
        return begun[-1] if begun else self.acceptances[0].agreement

    def version(self, digest: AgreementDigest) -> Agreement | None:
        """The accepted version with this digest, if there is one."""
        return next(
            (each.agreement for each in self.acceptances if each.signed.digest == digest), None
        )

    def watch_rules(self) -> WatchRules:
        """When the watcher may record, and how."""
        return WatchRules(
            tuple(
                WatchRule(
                    begins=each.first_window.start(each.agreement.working_time.zone),
                    ends=each.agreement.upload_opens(each.agreement.last_window),
                    time_zone=each.agreement.working_time.time_zone,
                    idle_limit=timedelta(minutes=each.agreement.idle_minutes),
                    categories=tuple(
                        Category(one.id, one.applications, one.titles)
                        for one in each.agreement.categories_of(each.group)
                    ),
                )
                for each in self.acceptances
            )
        )

    def accepting(self, new: Acceptance) -> "Enrolment":
        """The same with another consent; saying yes again to the same changes nothing in it."""
        newest = self.newest
        same = (new.signed.digest, new.group) == (newest.signed.digest, newest.group)
        acceptances = self.acceptances if same else (*self.acceptances, new)
        return replace(self, acceptances=acceptances)


def _check_order(before: Acceptance, after: Acceptance) -> None:
    old, new = before.agreement, after.agreement
    if after.consented_at < before.consented_at:
        raise InvalidValue("a consent is older than the one before it: set this device's clock")
    if new.version < old.version:
        raise InvalidValue(f"version {new.version} was accepted after version {old.version}")
    if new.version > old.version:
        succession.check_keys(old, new)
    elif before.signed.digest != after.signed.digest:
        raise InvalidValue(f"there are two different texts of version {new.version}")
