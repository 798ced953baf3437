{#- One row per user and skill that the user should work on, for BI. -#}

{{ config(alias='learner_focus') }}

with

final as (

    select
        user_id,
        skill_tag,
        avg_last_5,
        avg_90d,
        sample_size,
        threshold
    from {{ ref('learner_focus') }}
    where {{ is_seen('learner_focus.user_id') }}

)

select * from final
