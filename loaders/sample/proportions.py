"""The proportions of a sample tree, chosen to be realistic, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proportions:
    """Fractions between 0 and 1; each comment says of what.

    The shapes are those of the legacy format. The fractions are chosen so that a session has three
    small files on average, as in the tree of the performance bars.
    """

    # Learners
    plateaus: float = 0.12  # of learners: hardly better after months
    falls: float = 0.05  # of learners: good at first, then worse and worse
    stops_early: float = 0.12  # of learners: a few sessions within weeks, then silence
    leaves: float = 0.12  # of learners: gone before the end, after months
    pauses: float = 0.35  # of those with months of practice: away for six to ten weeks
    old_user_key: float = 0.03  # of learners: T12345, from before accounts existed

    # Which files a session has: of sessions
    session_file: float = 0.95
    scorecard_file: float = 0.90
    transcript_file: float = 0.70
    answer_events_file: float = 0.22
    evaluation_file: float = 0.10
    state_files: float = 0.05  # conversation, pulse_state and sale_state come together
    scorecard_elsewhere: float = 0.04  # scorecards/{key}.json instead of the session's folder
    scorecard_twice: float = 0.002  # in both places, with different scores
    trainer_change_log: float = 0.01
    unrecognised_file: float = 0.0005
    editor_leftover: float = 0.002  # .bak and lock files, which the loader ignores
    development_key: float = 0.005  # dev-test-session-001 where a UUID belongs

    # Of the learners' newest sessions (RECENT_SESSIONS): no folder, only an entry in a history
    only_in_history: float = 0.05

    # Scorecard formats: of scorecards; the rest, about 85 %, is pulse
    certification: float = 0.08
    unit: float = 0.06  # the earliest generation: all in the first half of a learner's sessions
    unknown: float = 0.01

    # How a session file was written: of session files
    no_completed_at: float = 0.06
    no_status: float = 0.04
    user_only_in_request: float = 0.06  # user_id missing, request.userId or request.user_id there
    no_user: float = 0.01  # neither, or "unknown-…"
    bad_date: float = 0.0005
    offset_z: float = 0.20  # of sessions: "Z"; the rest "+00:00"
    offset_none: float = 0.10
    persona_lower_case: float = 0.06  # of sessions; the rest mostly initial capitals
    persona_upper_case: float = 0.03

    # How other documents were written
    bad_score: float = 0.003  # of sessions: one score is "N/A", "12,5", -3, 250, …
    part_missing: float = 0.02  # of pulse and unit scorecards: bce, mcf or cpo missing or a text
    overall_only: float = 0.20  # of unit scorecards: nothing but the overall score
    percent_sign: float = 0.40  # of certification scores: "88.5%" instead of 88.5
    wrong_shape: float = 0.0003  # of documents: an array or a text where an object belongs
    indented: float = 0.03  # of documents: with line breaks
    events_wrapped: float = 0.30  # of answer event files: {"events": […]}
    events_unit_scale: float = 0.60  # of answer event files: 0 to 1 instead of 0 to 100
    transcript_one_string: float = 0.04  # of transcripts
    transcript_of_objects: float = 0.05
    transcript_unusable: float = 0.003
    transcript_no_session_id: float = 0.08
    long_talk: float = 0.015  # of sessions: three to four times as many exchanges

    # Histories: of learners
    no_history: float = 0.03
    history_of_snapshots: float = 0.10  # readiness snapshots only
    history_mixed: float = 0.30  # sessions and snapshots in one file; the rest sessions only
    history_under_users: float = 0.30  # users/{key}/history.json
    history_in_folder: float = 0.15  # in some other folder; the rest at the root
    history_as_history: float = 0.25  # {"user_id": …, "history": […]}
    history_as_sessions: float = 0.15  # {"sessions": […]}; the rest bare arrays
    history_disagrees: float = 0.03  # of history entries: another score than the scorecard's


BELIEVABLE = Proportions()

# A history keeps this many entries (docs/legacy-format.md §2).
HISTORY_ENTRIES = 20

# A mixed history holds at least this many sessions even if each brought a snapshot, so a session
# without a folder is always still in it.
RECENT_SESSIONS = HISTORY_ENTRIES // 2

# A tree of at least this many sessions has every kind of damage at least once.
EVERY_DAMAGE_FROM = 100
