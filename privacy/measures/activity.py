"""What is measured on the use of the device: when there was input, and in which category."""

from typing import Final

from privacy.measures.measure import Kind, Measure, Source

ACTIVITY: Final = (
    Measure(
        id="active_hours",
        title="Active hours",
        kind=Kind.HOURS,
        source=Source.ACTIVITY,
        sentence=(
            "how many hours your device was in active use, scaled up to a full week if you work "
            "part-time or were away part of it"
        ),
        roll_up="were active for {value} hours a week",
        missing="you were away, or nothing was recorded, for more than half of your working week",
        what=(
            "Hours in which the device was in active use, scaled up to a full week if you work "
            "part-time or were away part of it."
        ),
        why="Load. A department far above its contracts needs people, not reminders.",
        clip="10 hours.",
        detail=(
            "A public holiday counts like a day away. A gap (suspend, lock, a dead watcher) adds "
            "nothing. A working day on which nothing was recorded in working time counts not at "
            "all, its evening included."
        ),
        example=(
            "7 active hours on each of four days, nothing recorded on the fifth: 28 × 5/4 = 35."
        ),
    ),
    Measure(
        id="after_hours_share",
        title="Active time outside working time",
        kind=Kind.SHARE,
        source=Source.ACTIVITY,
        sentence=(
            "the share of your active time that lies outside the agreed working time, or outside "
            "your own hours if you have set them"
        ),
        roll_up="spent {value} of their active time outside working time",
        missing="no active time was recorded that week",
        what=(
            "Active time outside working time, divided by all active time. Working time is the "
            "agreed one, or your own hours if you have set them. Evenings, nights, weekends and "
            "public holidays are outside. A share from 0 to 1."
        ),
        why="It protects. It is the one number here that should be small.",
        clip="1/10.",
        detail="Days away are not looked at.",
        example=("36 active hours, of which 2 on Sunday evening and 1 before 9: 3/36 = 1/12."),
    ),
    Measure(
        id="core_hours_coverage",
        title="Core hours with activity",
        kind=Kind.SHARE,
        source=Source.ACTIVITY,
        sentence=(
            "the share of the agreed core hours in which there was any activity; which hours "
            "stays on the device"
        ),
        roll_up="were active in {value} of the core hours",
        missing="you were away, or nothing was recorded, for more than half of the core hours",
        what=(
            "Core hours with any activity, divided by the core hours that were observed. Each "
            "day's core time, as far as you work then, is cut into hours from its start. A share "
            "from 0 to 1. Which hours stays on the device."
        ),
        why="Whether a department can be reached when it said it can.",
        clip="1/4.",
        detail=(
            "An hour is observed if there was activity in it, or if at least half of it was "
            "recorded. Anything else is a gap, and a gap is not idleness. Fewer than half of "
            "a full week of your own core hours are too few."
        ),
        example="20 core hours observed of 25, activity in 16 of them: 16/20 = 4/5.",
    ),
    Measure(
        id="time_by_category",
        title="Kind of work with most time",
        kind=Kind.CATEGORY,
        source=Source.ACTIVITY,
        sentence=(
            "which of the agreed categories of applications had most of your active time; only "
            "this one category, and neither how long nor when"
        ),
        roll_up="spent most of their active time on {value}",
        missing=(
            "you were away, or no category of your active time was recorded, for more than half "
            "of your working week"
        ),
        what=(
            "The agreed category of applications in front of you for most of your active time. "
            'Whatever fits no category is "other", the last one. Only the category is reported.'
        ),
        why=(
            "What a department's days go into: whether documents, meetings or mail take over, for "
            "the choice of tools and of people."
        ),
        clip=(
            "None to choose; one person moves one category by one. Choose few categories: each "
            "more is one more noisy number."
        ),
        detail=(
            "The agreement says which words in an application's name or in a window's title make "
            "which category; the first category that fits counts. Names and titles are looked at "
            "in passing and never kept; the journal on the device keeps the category and its "
            "times. A category counts only while you are active, and active time of which no "
            "category is known counts nowhere. Of two categories with as much time the one that "
            "the agreement names first is taken. A source of activity that cannot tell what is in "
            "front gives no category."
        ),
        example=(
            "The agreement names documents and meetings. On each of five days you were active from "
            "9 to 16: 4 hours in documents, 2 in meetings, 1 in something else. The value is "
            "documents."
        ),
    ),
)
