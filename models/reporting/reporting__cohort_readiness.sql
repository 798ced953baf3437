{#- One row per cohort of learners and month since it began, for BI. -#}

{{ config(alias='cohort_readiness') }}

with

final as (

    select
        cohort_month,
        months_since,
        learner_count,
        mean_readiness,
        p25,
        p50,
        p75
    from {{ ref('cohort_readiness') }}
    where {{ sees_all_learners() }}

)

select * from final
