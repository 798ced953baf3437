{#- One row per score that a session left anywhere, for BI: without personal data. -#}

{{ config(alias='session_events') }}

with

final as (

    select
        session_id,
        event_id,
        user_id,
        occurred_at,
        scenario_id,
        pulse_step,
        skill_tag,
        score,
        event_source
    from {{ ref('session_events') }}
    where {{ is_seen('session_events.user_id') }}

)

select * from final
