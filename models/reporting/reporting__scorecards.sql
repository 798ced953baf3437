{#- One row per scored session, for BI: without personal data. -#}

{{ config(alias='scorecards') }}

with

final as (

    select
        session_id,
        session_key,
        user_id,
        persona,
        occurred_at,
        occurred_at_source,
        scorecard_format,
        overall_score,
        bce_score,
        mcf_score,
        cpo_score,
        weighted_score,
        is_passed,
        is_certified,
        final_stage,
        stage_name,
        trust_score,
        sale_outcome,
        misstep_count,
        missteps,
        total_exchanges,
        history_score,
        landed_at
    from {{ ref('scorecards') }}
    where {{ is_seen('scorecards.user_id') }}

)

select * from final
