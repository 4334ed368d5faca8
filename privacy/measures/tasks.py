"""What is measured on the tasks that somebody keeps on their device."""

from typing import Final

from privacy.measures.measure import Kind, Measure, Source

TASKS: Final = (
    Measure(
        id="tasks_within_estimate",
        title="Tasks finished within their estimate",
        kind=Kind.SHARE,
        source=Source.TASKS,
        sentence=(
            "the share of your finished tasks that took no longer than you had estimated, over "
            "the tasks with an estimate and with time noted"
        ),
        roll_up="finished {value} of their tasks within the estimate",
        missing="you finished no task that week that has an estimate and time noted",
        what=(
            "Tasks finished in the week in at most their estimated time, divided by all tasks "
            "finished in it that have an estimate and time noted. A share from 0 to 1."
        ),
        why=(
            "Whether plans can be trusted. A team that is always late has too little time in its "
            "plans, not too little zeal."
        ),
        clip=(
            "1/4. A person with four tasks moves in steps of 1/4, so a narrower clip mostly counts "
            "who missed one."
        ),
        detail="A task that took exactly its estimate is within it. How long past is all the same.",
        example=(
            "Four tasks are finished: 2 h of an estimated 3 h, 1 h of 1 h, 5 h of 4 h, and one "
            "without an estimate. The value is 2/3."
        ),
    ),
    Measure(
        id="task_time_ratio",
        title="Time taken against time estimated",
        kind=Kind.RATIO,
        source=Source.TASKS,
        sentence=(
            "the time that your finished tasks took, as a part of the time you had estimated for "
            "them"
        ),
        roll_up="took {value} of the time that they had estimated for their tasks",
        missing="you finished no task that week that has an estimate and time noted",
        what=(
            "The time that all tasks finished in the week took, divided by the time estimated for "
            "them. 1 is exactly as estimated, 1.5 is half as long again. Tasks without an estimate "
            "or without time noted count on neither side."
        ),
        why="By how much plans are off, for the next plan.",
        clip="1/2. Beyond that, one task that went astray would stand for the week.",
        detail=(
            "It is one ratio of two sums and no mean of ratios, so a long task weighs more than a "
            "short one."
        ),
        example=(
            "Three tasks are finished: 2 h of an estimated 3 h, 1 h of 1 h, and 5 h of 4 h. 8 "
            "hours of 8 estimated: the value is 1."
        ),
    ),
    Measure(
        id="tasks_finished",
        title="Tasks finished",
        kind=Kind.COUNT,
        source=Source.TASKS,
        sentence=(
            "how many tasks you finished, scaled up to a full week if you work part-time or were "
            "away part of it"
        ),
        roll_up="finished {value} tasks a week",
        missing=(
            "you have never noted a task on your device, or were away for more than half of your "
            "working week"
        ),
        what=(
            "Tasks that you marked as done in the week, scaled up to a full week if you work "
            "part-time or were away part of it. A count."
        ),
        why=(
            "It shows how much work a department gets through, for planning. People cut tasks "
            "differently, so it makes a poor target for one team, and none at all between teams."
        ),
        clip="About half of the target. Counts differ far more between people than shares do.",
        detail=(
            "A public holiday is scaled like a day of leave, so that one target fits every week. "
            "Tasks finished on a day away are not counted; those finished on a weekend or a public "
            "holiday are. Somebody who keeps tasks and finished none has 0."
        ),
        example="6 tasks finished, Thursday and Friday on leave: 6 × 5/3 = 10.",
    ),
)
