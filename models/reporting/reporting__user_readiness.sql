{#- One row per user, source and moment of a readiness snapshot, for BI: without personal data. -#}

{{ config(alias='user_readiness') }}

with

final as (

    select
        user_id,
        source,
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
    from {{ ref('user_readiness') }}
    where {{ is_seen('user_readiness.user_id') }}

)

select * from final
