"""What the page of a team asks the reporting views; everything is aggregated by the database."""

FRESHNESS = """
select
    cutoff, built_at, newest_session_at, last_load_at,
    built_at < statement_timestamp() - make_interval(days => %(built_days)s) as is_old_build,
    newest_session_at < built_at - make_interval(days => %(session_days)s) as is_quiet_source,
    last_load_at > cutoff as has_unbuilt_load
from reporting.data_freshness
"""

BANDS = """
select readiness_band, colour, at_least, below from reporting.bands order by sort_order
"""

CROWD = """
select
    count(*),
    count(*) filter (where days_quiet < 30),
    count(*) filter (where days_quiet > %(gone_days)s),
    count(readiness_overall)
from reporting.learners
"""

# Each learner counts from its first snapshot on, in the band of its latest one until then.
BAND_WEEKS = """
with

snapshots as (
    select
        snapshot_week, readiness_band,
        lag(readiness_band) over (partition by user_id order by snapshot_at) as band_before
    from reporting.user_readiness
    where source = 'computed'
),

moved as (
    select snapshot_week, readiness_band, band_before, count(*) as learners
    from snapshots
    where readiness_band is distinct from band_before
    group by snapshot_week, readiness_band, band_before
),

-- What comes and goes within a week cancels out.
steps (week_start, readiness_band, step) as (
    select snapshot_week, readiness_band, learners from moved
    union all
    select snapshot_week, band_before, -learners from moved where band_before is not null
),

net as (
    select week_start, readiness_band, sum(step) as step
    from steps
    group by week_start, readiness_band
),

weeks as (
    select generate_series(
        (select min(week_start) from net)::timestamp,
        greatest(
            (select max(week_start) from net)::timestamp,
            date_trunc('week', %(newest)s::timestamptz at time zone 'UTC')
        ),
        interval '7 days'
    )::date as week_start
),

carried as (
    select
        weeks.week_start, bands.sort_order,
        sum(coalesce(net.step, 0)) over (
            partition by bands.readiness_band order by weeks.week_start
        )::int as learners
    from weeks
    cross join reporting.bands
    left join net
        on weeks.week_start = net.week_start and bands.readiness_band = net.readiness_band
)

select week_start, array_agg(learners order by sort_order)
from carried
where week_start > (select max(week_start) from weeks) - 7 * %(weeks)s::int
group by week_start
order by week_start
"""

SESSION_WEEKS = """
select occurred_week, count(*), count(distinct user_id)
from reporting.scorecards
where occurred_at >= date_trunc('week', %(newest)s::timestamptz, 'UTC')
    - make_interval(weeks => %(weeks)s - 1)
group by occurred_week
order by occurred_week
"""

SESSION_COUNTS = """
select
    count(*) filter (where occurred_at > %(newest)s::timestamptz - interval '28 days'),
    count(*) filter (
        where
            occurred_at > %(newest)s::timestamptz - interval '56 days'
            and occurred_at <= %(newest)s::timestamptz - interval '28 days'
    ),
    count(*),
    count(*) filter (where occurred_at is null)
from reporting.scorecards
"""

COHORTS = """
select cohort_month, months_since, learner_count, active_learner_count, mean_readiness
from reporting.cohort_readiness
where
    months_since < %(months)s
    and cohort_month > (select max(cohort_month) from reporting.cohort_readiness)
    - make_interval(months => %(cohorts)s)
order by cohort_month, months_since
"""

# The lowest skills, and those that most learners are weak in, which may be among the others.
SKILLS = """
with

scores as (
    select
        skill_tag,
        count(*) filter (where window_name = 'all_time') as learners,
        round(avg(avg_score) filter (where window_name = '30d'), 1) as recent,
        round(avg(avg_score) filter (where window_name = 'all_time'), 1) as all_time
    from reporting.user_skill_agg
    where window_name in ('30d', 'all_time')
    group by skill_tag
),

weak as (
    select skill_tag, count(*) as weak_learners from reporting.learner_focus group by skill_tag
),

named as (
    select
        scores.*,
        coalesce(skills.label, scores.skill_tag) as label,
        coalesce(skills.kind, 'skill') as kind,
        coalesce(weak.weak_learners, 0) as weak_learners,
        scores.recent is not null and skills.kind is distinct from 'scorecard' as is_drawn
    from scores
    left join reporting.skills on scores.skill_tag = skills.skill_tag
    left join weak on scores.skill_tag = weak.skill_tag
),

placed as (
    select
        *,
        row_number() over (order by recent nulls last, skill_tag) as place,
        row_number() over (
            partition by is_drawn order by weak_learners desc, recent, skill_tag
        ) as weak_place,
        count(*) over (partition by is_drawn, weak_learners) as as_weak
    from named
)

select
    label, kind, learners, weak_learners, recent, all_time,
    (select count(*) from placed), (select count(*) from placed where is_drawn),
    (select as_weak from placed where is_drawn and weak_place = 1)
from placed
where place <= %(skills)s or (is_drawn and weak_place <= 4)
order by place
"""

THRESHOLD = "select max(threshold) from reporting.learner_focus"

MILESTONES = """
select threshold, count(*), percentile_disc(0.5) within group (order by days_to_reach)
from reporting.readiness_milestones
group by threshold
order by threshold
"""

AT_RISK = """
with

falls as (
    select latest.user_id, max(earlier.readiness_overall) - latest.readiness_overall as fall
    from reporting.user_readiness_latest as latest
    inner join reporting.user_readiness as earlier
        on latest.user_id = earlier.user_id
        and earlier.source = 'computed'
        and earlier.snapshot_at >= latest.snapshot_at - make_interval(days => %(fall_days)s)
    group by latest.user_id, latest.readiness_overall
),

weak as (
    select
        focus.user_id, count(*) as skills,
        (array_agg(
            coalesce(skills.label, focus.skill_tag) order by focus.avg_last_5, focus.skill_tag
        ))[1] as weakest
    from reporting.learner_focus as focus
    left join reporting.skills on focus.skill_tag = skills.skill_tag
    where skills.kind is distinct from 'scorecard'
    group by focus.user_id
),

signs as (
    select
        learners.user_id, learners.readiness_overall, learners.readiness_band,
        learners.session_count, learners.days_quiet, falls.fall,
        coalesce(weak.skills, 0) as weak_skills, weak.weakest,
        coalesce(falls.fall >= %(fall_points)s, false) as is_falling,
        learners.days_quiet >= %(quiet_days)s
        and learners.readiness_band is distinct from (
            select readiness_band from reporting.bands order by sort_order desc limit 1
        ) as is_quiet,
        weak.skills is not null
        and learners.readiness_band = (
            select readiness_band from reporting.bands order by sort_order limit 1
        ) as is_stuck
    from reporting.learners
    left join falls on learners.user_id = falls.user_id
    left join weak on learners.user_id = weak.user_id
    where learners.days_quiet <= %(gone_days)s
)

select
    user_id, readiness_overall, readiness_band, session_count,
    coalesce(is_falling, false), coalesce(is_quiet, false), coalesce(is_stuck, false),
    fall, days_quiet, weak_skills, weakest, count(*) over ()
from signs
where is_falling or is_quiet or is_stuck
order by
    coalesce(is_falling, false)::int + coalesce(is_quiet, false)::int
    + coalesce(is_stuck, false)::int desc,
    fall desc nulls last, days_quiet desc, user_id
limit %(most)s
"""

# The last snapshot of each week, for the lines beside the names.
LINES = """
select distinct on (user_id, snapshot_week) user_id, snapshot_week, readiness_overall
from reporting.user_readiness
where
    source = 'computed'
    and user_id = any(%(learners)s)
    and snapshot_at > %(newest)s::timestamptz - make_interval(weeks => %(line_weeks)s)
order by user_id, snapshot_week, snapshot_at desc
"""

OUTCOMES = """
with

personas as (
    select
        persona,
        count(*) filter (where sale_outcome = 'won') as won,
        count(*) filter (where sale_outcome = 'lost') as lost,
        count(*) filter (where sale_outcome = 'stalled') as stalled,
        count(*) filter (where sale_outcome not in ('won', 'lost', 'stalled')) as others,
        least(
            row_number() over (order by count(*) desc, persona), %(personas)s + 1
        ) as place
    from reporting.scorecards
    where sale_outcome is not null
    group by persona
)

select
    case
        when place > %(personas)s then 'Other personas'
        else coalesce(min(persona), 'No persona')
    end,
    sum(won)::bigint, sum(lost)::bigint, sum(stalled)::bigint, sum(others)::bigint
from personas
group by place
order by place
"""

QUALITY = """
select
    kind, reason, quality.count, sum(quality.count) over ()::bigint, count(*) over ()
from reporting.data_quality as quality
order by quality.count desc, kind, reason
limit %(reasons)s
"""
