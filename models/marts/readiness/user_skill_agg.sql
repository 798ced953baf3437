{#- One row per user, skill and window that holds any of the user's scores in that skill. -#}

{{ config(rebuilt_by='user_id') }}

with

events as (

    select
        user_id,
        session_id,
        event_id,
        skill_tag,
        score,
        occurred_at,
        -- Windows end at data time, never at now().
        max(occurred_at) over (partition by user_id) as as_of
    from {{ ref('session_events') }}
    where user_id is not null and occurred_at is not null and {{ is_affected('user_id') }}

),

skill_windows as (

    select
        window_name,
        window_days * interval '24 hours' as window_length,
        session_limit
    from {{ ref('skill_windows') }}

),

dated as (

    select
        user_id,
        session_id,
        event_id,
        skill_tag,
        score,
        occurred_at,
        as_of,
        max(occurred_at) over (partition by user_id, skill_tag, session_id) as session_ended_at
    from events

),

numbered as (

    select
        user_id,
        skill_tag,
        score,
        occurred_at,
        as_of,
        row_number() over (
            partition by user_id, skill_tag
            order by occurred_at, event_id
        ) as event_number,
        -- 1 is the user's last session with a score in that skill.
        dense_rank() over (
            partition by user_id, skill_tag
            order by session_ended_at desc, session_id desc
        ) as session_number
    from dated
    where skill_tag is not null

),

windowed as (

    select
        numbered.user_id,
        numbered.skill_tag,
        skill_windows.window_name,
        numbered.as_of,
        round(avg(numbered.score), 2) as avg_score,
        count(*) as sample_size,
        -- Arrays compare by their first element: the score of the lowest and highest number.
        (min(array[numbered.event_number, numbered.score]))[2] as first_score,
        (max(array[numbered.event_number, numbered.score]))[2] as last_score,
        max(numbered.occurred_at) as last_occurred_at
    from numbered
    inner join skill_windows
        on
            (
                skill_windows.window_length is null
                or numbered.occurred_at >= numbered.as_of - skill_windows.window_length
            )
            and (
                skill_windows.session_limit is null
                or numbered.session_number <= skill_windows.session_limit
            )
    group by
        numbered.user_id,
        numbered.skill_tag,
        numbered.as_of,
        skill_windows.window_name

),

final as (

    select
        user_id,
        skill_tag,
        window_name,
        avg_score::numeric(5, 2) as avg_score,
        sample_size::int as sample_size,
        first_score::numeric(5, 2) as first_score,
        last_score::numeric(5, 2) as last_score,
        last_occurred_at,
        as_of
    from windowed

)

select * from final
