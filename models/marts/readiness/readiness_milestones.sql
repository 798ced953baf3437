{#- One row per user and threshold of readiness that the user has reached. -#}

{{ config(rebuilt_by='user_id') }}

with

snapshots as (

    select
        user_id,
        snapshot_at,
        readiness_overall,
        min(snapshot_at) over (partition by user_id) as first_snapshot_at
    from {{ ref('user_readiness') }}
    where source = 'computed' and {{ is_affected('user_id') }}

),

events as (

    select
        user_id,
        session_id,
        occurred_at
    from {{ ref('session_events') }}
    where user_id is not null and occurred_at is not null and {{ is_affected('user_id') }}

),

thresholds as (

    select threshold
    from {{ ref('readiness_milestone_thresholds') }}

),

reached as (

    select
        snapshots.user_id,
        thresholds.threshold,
        snapshots.first_snapshot_at,
        min(snapshots.snapshot_at) as reached_at
    from snapshots
    inner join thresholds on snapshots.readiness_overall >= thresholds.threshold
    group by snapshots.user_id, snapshots.first_snapshot_at, thresholds.threshold

),

session_ends as (

    select
        user_id,
        session_id,
        max(occurred_at) as ended_at
    from events
    group by user_id, session_id

),

-- Every session counts: those that made no snapshot, and each of those that end together.
session_counts as (

    select
        user_id,
        ended_at,
        sum(count(*)) over (
            partition by user_id
            order by ended_at
        ) as session_count
    from session_ends
    group by user_id, ended_at

),

final as (

    select
        reached.user_id,
        reached.threshold::numeric(5, 2) as threshold,
        reached.reached_at,
        session_counts.session_count::int as session_count,
        round(
            extract(epoch from reached.reached_at - reached.first_snapshot_at)
            / extract(epoch from interval '24 hours'),
            2
        )::numeric(9, 2) as days_to_reach
    from reached
    inner join session_counts
        on
            reached.user_id = session_counts.user_id
            and reached.reached_at = session_counts.ended_at

)

select * from final
