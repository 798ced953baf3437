{#- One row per user, skill and week in which the user was scored in that skill, for BI. -#}

{{ config(alias='user_skill_trend') }}

with

final as (

    select
        user_id,
        skill_tag,
        week_start,
        avg_score,
        sample_size,
        avg_4_weeks
    from {{ ref('user_skill_trend') }}
    where {{ is_seen('user_skill_trend.user_id') }}

)

select * from final
