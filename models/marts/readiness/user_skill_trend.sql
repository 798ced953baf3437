{#- One row per user, skill and week in which the user was scored in that skill. -#}

{{ config(rebuilt_by='user_id') }}

with

events as (

    select
        user_id,
        skill_tag,
        score,
        -- A date, so that no session's time zone can move a Monday.
        (date_trunc('week', occurred_at, 'UTC') at time zone 'UTC')::date as week_start
    from {{ ref('session_events') }}
    where
        user_id is not null
        and occurred_at is not null
        and skill_tag is not null
        and {{ is_affected('user_id') }}

),

weeks as (

    select
        user_id,
        skill_tag,
        week_start,
        sum(score) as score_total,
        count(*) as sample_size
    from events
    group by user_id, skill_tag, week_start

),

-- By the calendar, not by row: a week without scores takes up its place and adds nothing.
windowed as (

    select
        user_id,
        skill_tag,
        week_start,
        score_total,
        sample_size,
        sum(score_total) over four_weeks as four_weeks_total,
        sum(sample_size) over four_weeks as four_weeks_size
    from weeks
    window four_weeks as (
        partition by user_id, skill_tag
        order by week_start
        range between interval '21 days' preceding and current row -- noqa: PRS
    )

),

final as (

    select
        user_id,
        skill_tag,
        week_start,
        round(score_total / sample_size, 2)::numeric(5, 2) as avg_score,
        sample_size::int as sample_size,
        round(four_weeks_total / four_weeks_size, 2)::numeric(5, 2) as avg_4_weeks
    from windowed

)

select * from final
