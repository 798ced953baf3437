{#- One row per user with any session. -#}

{{ config(rebuilt_by='user_id') }}

with

sessions as (

    select
        user_id,
        occurred_at
    from {{ ref('int_sessions_resolved') }}
    where user_id is not null and {{ is_affected('user_id') }}

),

wins as (

    select
        user_id,
        count(*) as win_count
    from {{ ref('scorecards') }}
    where sale_outcome = 'won' and {{ is_affected('user_id') }}
    group by user_id

),

readiness as (

    select
        user_id,
        readiness_overall,
        readiness_band
    from {{ ref('user_readiness_latest') }}
    where {{ is_affected('user_id') }}

),

counted as (

    select
        user_id,
        min(occurred_at) as first_session_at,
        max(occurred_at) as last_session_at,
        count(*) as session_count
    from sessions
    group by user_id

),

final as (

    select
        counted.user_id,
        counted.first_session_at,
        counted.last_session_at,
        counted.session_count::int as session_count,
        coalesce(wins.win_count, 0)::int as win_count,
        readiness.readiness_overall,
        readiness.readiness_band
    from counted
    left join wins on counted.user_id = wins.user_id
    left join readiness on counted.user_id = readiness.user_id

)

select * from final
