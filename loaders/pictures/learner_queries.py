"""What the page of one learner asks the reporting views; each returns nothing for one not seen."""

LEARNER = """
select
    first_session_at, last_session_at, session_count, win_count, days_quiet,
    readiness_overall, readiness_band
from reporting.learners
where user_id = %(learner)s
"""

READINESS = """
with

newest as (
    select
        snapshot_at, readiness_overall, readiness_technical, readiness_communication,
        readiness_structure, readiness_behavioral
    from reporting.user_readiness
    where user_id = %(learner)s and source = 'computed'
    order by snapshot_at desc
    limit %(snapshots)s
)

select
    (snapshot_at at time zone 'UTC')::date, readiness_overall, readiness_technical,
    readiness_communication, readiness_structure, readiness_behavioral
from newest
order by snapshot_at
"""

# The lowest skills, and the highest.
SKILLS = """
with

scored as (
    select
        scores.skill_tag,
        coalesce(skills.label, scores.skill_tag) as label,
        coalesce(skills.kind, 'skill') as kind,
        max(scores.sample_size) filter (where scores.window_name = 'all_time') as scores,
        count(focus.skill_tag) filter (where scores.window_name = 'all_time') as weak,
        max(round(scores.avg_score, 1)) filter (where scores.window_name = '30d') as recent,
        max(round(scores.avg_score, 1)) filter (where scores.window_name = 'all_time') as all_time
    from reporting.user_skill_agg as scores
    left join reporting.skills on scores.skill_tag = skills.skill_tag
    left join reporting.learner_focus as focus
        on scores.user_id = focus.user_id and scores.skill_tag = focus.skill_tag
    where scores.user_id = %(learner)s and scores.window_name in ('30d', 'all_time')
    group by scores.skill_tag, skills.label, skills.kind
),

placed as (
    select
        *,
        row_number() over (order by recent nulls last, skill_tag) as place,
        row_number() over (
            partition by kind = 'scorecard' order by recent desc nulls last, skill_tag
        ) as place_from_top
    from scored
)

select
    label, kind, scores, weak, recent, all_time,
    (select count(*) from placed),
    (select count(*) from placed where recent is not null and kind <> 'scorecard'),
    1
from placed
where place <= %(skills)s or (place_from_top = 1 and kind <> 'scorecard')
order by place
"""

FOCUS = """
select
    coalesce(skills.label, focus.skill_tag), focus.avg_last_5, focus.avg_90d, focus.sample_size,
    focus.threshold, count(*) over ()
from reporting.learner_focus as focus
left join reporting.skills on focus.skill_tag = skills.skill_tag
where focus.user_id = %(learner)s and skills.kind is distinct from 'scorecard'
order by focus.avg_last_5, focus.skill_tag
limit %(skills)s
"""

SESSIONS = """
select
    (occurred_at at time zone 'UTC')::date, persona, overall_score, is_passed, sale_outcome,
    misstep_count
from reporting.scorecards
where user_id = %(learner)s and occurred_at is not null
order by occurred_at desc, session_id
limit %(sessions)s
"""

MISSTEPS = """
select misstep, count(*)
from reporting.missteps
where user_id = %(learner)s
group by misstep
order by count(*) desc, misstep
limit %(missteps)s
"""
