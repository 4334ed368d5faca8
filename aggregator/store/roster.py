"""The council's roster. It is personal: nothing of it is ever logged or on the ledger."""

from collections.abc import Sequence

from sqlmodel import Session, col, delete, select

from aggregator.member import Member, Membership
from aggregator.store.rows import MemberRow, MembershipRow
from privacy.groups import GroupId
from privacy.window import Window


class Roster:
    """Members, by number, code or device key."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, *new: tuple[str, Membership, bytes]) -> list[int]:
        """New members: name, membership, hash of the code. Returns their numbers, in this order.

        Each is given the next number; none is given twice.
        """
        rows = [MemberRow(name=name, code_hash=code_hash) for name, _, code_hash in new]
        self._session.add_all(rows)
        self._session.flush()
        numbers = [row.number for row in rows if row.number is not None]
        memberships = (membership for _, membership, _ in new)
        self._session.add_all(map(_row, numbers, memberships))
        self._session.flush()
        return numbers

    def get(self, number: int) -> Member | None:
        """The member with a number."""
        row = self._session.get(MemberRow, number)
        return None if row is None else _domain(row, self._memberships(number))

    def with_code(self, code_hash: bytes) -> Member | None:
        """Whose code has this hash, used or not."""
        return self._found(MemberRow.code_hash == code_hash)

    def with_device(self, device_key: bytes) -> Member | None:
        """Whose device has this key."""
        return self._found(MemberRow.device_key == device_key)

    def all(self) -> list[Member]:
        """Everybody, by number."""
        memberships: dict[int, list[MembershipRow]] = {}
        for each in self._session.exec(
            select(MembershipRow).order_by(col(MembershipRow.first_window))
        ):
            memberships.setdefault(each.member, []).append(each)
        rows = self._session.exec(select(MemberRow).order_by(col(MemberRow.number)))
        return [_domain(row, memberships.get(row.number or 0, ())) for row in rows]

    def put(self, *members: Member) -> None:
        """Keep members as they are now. Who is in no group at all, and never was, is erased."""
        known = {member.number: member for member in members}
        self._session.exec(delete(MembershipRow).where(col(MembershipRow.member).in_(list(known))))
        query = select(MemberRow).where(col(MemberRow.number).in_(list(known)))
        for row in self._session.exec(query).all():
            member = known[row.number or 0]
            if member.memberships:
                row.name = member.name
                row.code_hash, row.device_key = member.code_hash, member.device_key
                self._session.add_all(_row(member.number, each) for each in member.memberships)
            else:
                self._session.delete(row)
        self._session.flush()

    def forget(self, before: Window) -> None:
        """Erase memberships that ended before a window, and whoever then has none."""
        # As texts, windows have their order in time.
        ended = col(MembershipRow.last_window) < str(before)
        self._session.exec(delete(MembershipRow).where(ended))
        left = select(MembershipRow.member)
        self._session.exec(delete(MemberRow).where(col(MemberRow.number).not_in(left)))

    def _found(self, condition: bool) -> Member | None:
        # SQLModel types a comparison of columns as what it is for values.
        row = self._session.exec(select(MemberRow).where(condition)).first()
        if row is None or row.number is None:
            return None
        return _domain(row, self._memberships(row.number))

    def _memberships(self, number: int) -> Sequence[MembershipRow]:
        query = select(MembershipRow).where(MembershipRow.member == number)
        return self._session.exec(query.order_by(col(MembershipRow.first_window))).all()


def _row(member: int, membership: Membership) -> MembershipRow:
    return MembershipRow(
        member=member,
        first_window=str(membership.first),
        group_id=membership.group,
        last_window=None if membership.last is None else str(membership.last),
    )


def _domain(row: MemberRow, memberships: Sequence[MembershipRow]) -> Member:
    return Member(
        row.number or 0,
        row.name,
        tuple(
            Membership(
                GroupId(each.group_id),
                Window.parse(each.first_window),
                None if each.last_window is None else Window.parse(each.last_window),
            )
            for each in memberships
        ),
        row.code_hash,
        row.device_key,
    )
