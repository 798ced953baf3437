{#- One row per user and threshold of readiness that the user has reached, for BI. -#}

{{ config(alias='readiness_milestones') }}

with

final as (

    select
        user_id,
        threshold,
        reached_at,
        session_count,
        days_to_reach
    from {{ ref('readiness_milestones') }}
    where {{ is_seen('readiness_milestones.user_id') }}

)

select * from final
