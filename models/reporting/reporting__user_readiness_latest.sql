{#- One row per user with any computed readiness, for BI: without personal data. -#}

{{ config(alias='user_readiness_latest') }}

with

final as (

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
        formula_version
    from {{ ref('user_readiness_latest') }}
    where {{ is_seen('user_readiness_latest.user_id') }}

)

select * from final
