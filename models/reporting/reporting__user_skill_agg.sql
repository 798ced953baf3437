{#- One row per user, skill and window that holds any of the user's scores in that skill, for BI. -#}

{{ config(alias='user_skill_agg') }}

with

final as (

    select
        user_id,
        skill_tag,
        window_name,
        avg_score,
        sample_size,
        first_score,
        last_score,
        last_occurred_at,
        as_of
    from {{ ref('user_skill_agg') }}
    where {{ is_seen('user_skill_agg.user_id') }}

)

select * from final
