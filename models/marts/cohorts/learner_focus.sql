{#- One row per user and skill that the user should work on. -#}

{{ config(rebuilt_by='user_id') }}

with

averages as (

    select
        user_id,
        skill_tag,
        window_name,
        avg_score,
        sample_size
    from {{ ref('user_skill_agg') }}
    where window_name in ('last_5_sessions', '90d') and {{ is_affected('user_id') }}

),

thresholds as (

    select
        at_least as threshold,
        min_samples
    from {{ ref('score_thresholds') }}
    where threshold_name = 'focus'

),

-- A verdict on two averages is as good as the weaker of them: the smaller sample is the one to tell.
paired as (

    select
        user_id,
        skill_tag,
        max(avg_score) filter (where window_name = 'last_5_sessions') as avg_last_5,
        max(avg_score) filter (where window_name = '90d') as avg_90d,
        min(sample_size) as sample_size
    from averages
    group by user_id, skill_tag

),

final as (

    select
        paired.user_id,
        paired.skill_tag,
        paired.avg_last_5::numeric(5, 2) as avg_last_5,
        paired.avg_90d::numeric(5, 2) as avg_90d,
        paired.sample_size,
        thresholds.threshold::numeric(5, 2) as threshold
    from paired
    inner join thresholds
        on
            paired.avg_last_5 < thresholds.threshold
            and paired.avg_90d < thresholds.threshold
            and paired.sample_size >= coalesce(thresholds.min_samples, 1)

)

select * from final
