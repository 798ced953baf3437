{#- One row per trainer change log, for BI: without personal data. -#}

{{ config(alias='trainer_change_logs') }}

with

final as (

    select
        log_id,
        logged_at,
        pulse_step,
        scenario_id,
        user_id,
        session_id
    from {{ ref('trainer_change_logs') }}
    where {{ is_seen('trainer_change_logs.user_id') }}

)

select * from final
