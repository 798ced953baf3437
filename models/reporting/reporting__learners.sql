{#- One row per user with any session, for BI. -#}

{{ config(alias='learners') }}

with

final as (

    select
        user_id,
        first_session_at,
        last_session_at,
        session_count,
        win_count,
        readiness_overall,
        readiness_band
    from {{ ref('learners') }}
    where {{ is_seen('learners.user_id') }}

)

select * from final
