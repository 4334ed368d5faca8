"""What is measured on client mail."""

from typing import Final

from privacy.measures.measure import Kind, Measure, Source

MAIL: Final = (
    Measure(
        id="mail_answered_in_time",
        title="Client mails answered in time",
        kind=Kind.SHARE,
        source=Source.MAIL,
        sentence=(
            "the share of client mails that you answered within the agreed business hours, over "
            "the mails whose time ran out that week"
        ),
        roll_up="answered {value} of their client mails in time",
        missing="no client mail's time ran out that week",
        what=(
            "Requests answered at their deadline or before, divided by all requests with a "
            "deadline in the week. A share from 0 to 1."
        ),
        why=(
            "Clients wait for answers. This asks whether the team keeps what it promised, not who "
            "was at a desk."
        ),
        clip=(
            "1/4. A person with four requests moves in steps of 1/4, so a narrower clip mostly "
            "counts who missed one."
        ),
        example=(
            "A mail of Tuesday 10:00 is due on Wednesday 10:00 and answered on Tuesday 12:00. One "
            "of Wednesday 12:00 is due on Thursday 12:00 and answered on Thursday 15:00. One of "
            "Friday 12:00 is due on Monday: it belongs to the next week. The value is 1/2."
        ),
    ),
    Measure(
        id="client_mails_answered",
        title="Client mails answered",
        kind=Kind.COUNT,
        source=Source.MAIL,
        sentence=(
            "how many client mails you answered, scaled up to a full week if you work part-time or "
            "were away part of it"
        ),
        roll_up="answered {value} client mails a week",
        missing=(
            "you were away, or your mail could not be read, for more than half of your working week"
        ),
        what=(
            "Requests whose first answer you sent in the week, scaled up to a full week if you "
            "work part-time or were away part of it. A count."
        ),
        why=(
            "It shows how much client mail a department carries, for staffing. It says nothing "
            "about how hard the mails were, so it makes a poor target for one team."
        ),
        clip=("About half of the target. Counts differ far more between people than shares do."),
        detail=(
            "A public holiday is scaled like a day of leave, so that one target fits every week. "
            "Answers sent on a day away are not counted; those sent on a weekend or a public "
            "holiday are."
        ),
        example="12 requests answered, Thursday and Friday on leave: 12 × 5/3 = 20.",
    ),
    Measure(
        id="mail_response_hours",
        title="Hours to answer a client mail",
        kind=Kind.BIN,
        source=Source.MAIL,
        sentence=(
            "the range in which your median time to answer a client mail lies, in business hours; "
            "an unanswered mail counts as slower than every answered one"
        ),
        roll_up="took {value} business hours to answer, at the median",
        missing="no client mail's time ran out that week",
        what=(
            "The median business hours from the start of a request's clock to its first answer, "
            "over all requests with a deadline in the week. Only the range in which it lies is "
            "reported."
        ),
        why="A share in time hides whether answers take one hour or seven.",
        clip=(
            "None to choose; one person moves one range by one. Choose few edges: each more range "
            "is one more noisy number. Keep the last edge below 10,000 hours."
        ),
        detail=(
            "Requests that are unanswered at the end of the week are slower than all answered "
            "ones. If more than half are unanswered, so is the median, which then lies in the last "
            "range. Leaving them out would flatter whoever answers only what is easy. Of an even "
            "number of requests the lower of the two in the middle is taken: the time within which "
            "at least half were answered."
        ),
        example=(
            "Answers after 1, 2 and 30 hours, and one request unanswered: the median is 2 hours."
        ),
    ),
)
