{#- One row per user: the latest computed readiness. -#}

{{ config(rebuilt_by='user_id') }}

with

snapshots as (

    select
        user_id,
        snapshot_at,
        session_id,
        readiness_overall,
        readiness_technical,
        readiness_communication,
        readiness_structure,
        readiness_behavioral,
        readiness_band,
        delta_overall,
        event_count,
        formula_version,
        meta
    from {{ ref('user_readiness') }}
    where source = 'computed' and {{ is_affected('user_id') }}

),

final as (

    select distinct on (user_id) *
    from snapshots
    order by user_id asc, snapshot_at desc

)

select * from final
