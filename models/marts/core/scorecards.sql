{#- One row per scored session. -#}

{{ config(
    rebuilt_by='session_id',
    indexes=[{'columns': ['user_id', 'occurred_at']}],
) }}

with

scorecards as (

    select
        source_path,
        session_id,
        session_key,
        scorecard_format,
        certification_status,
        stage_name,
        sale_outcome,
        missteps,
        overall_score,
        bce_score,
        mcf_score,
        cpo_score,
        history_score,
        final_stage,
        trust_score,
        misstep_count,
        total_exchanges,
        is_passed,
        landed_at,
        payload
    from {{ ref('int_scorecards_normalized') }}
    where {{ is_affected('session_id') }}

),

sessions as (

    select
        session_id,
        user_id,
        legacy_user_key,
        persona,
        occurred_at_source,
        occurred_at
    from {{ ref('int_sessions_resolved') }}
    where {{ is_affected('session_id') }}

),

weights as (

    select
        max(weight) filter (where score_name = 'bce') as bce_weight,
        max(weight) filter (where score_name = 'mcf') as mcf_weight,
        max(weight) filter (where score_name = 'cpo') as cpo_weight
    from {{ ref('score_weights') }}

),

thresholds as (

    select
        max(at_least) filter (where threshold_name = 'pass') as pass_at_least,
        max(at_least) filter (where threshold_name = 'certification') as certification_at_least
    from {{ ref('score_thresholds') }}

),

weighted as (

    select
        scorecards.*,
        round(
            weights.bce_weight * scorecards.bce_score
            + weights.mcf_weight * scorecards.mcf_score
            + weights.cpo_weight * scorecards.cpo_score,
            2
        ) as weighted_score
    from scorecards
    cross join weights

),

final as (

    select
        weighted.session_id,
        weighted.session_key,
        sessions.user_id,
        sessions.legacy_user_key,
        sessions.persona,
        sessions.occurred_at,
        sessions.occurred_at_source,
        weighted.scorecard_format,
        weighted.overall_score::numeric(5, 2) as overall_score,
        weighted.bce_score::numeric(5, 2) as bce_score,
        weighted.mcf_score::numeric(5, 2) as mcf_score,
        weighted.cpo_score::numeric(5, 2) as cpo_score,
        weighted.weighted_score::numeric(5, 2) as weighted_score,
        coalesce(
            weighted.is_passed, weighted.overall_score >= thresholds.pass_at_least
        ) as is_passed,
        case
            when weighted.weighted_score is not null
                then
                    weighted.weighted_score >= thresholds.certification_at_least
                    and (
                        coalesce(weighted.sale_outcome = 'won', false)
                        or coalesce(weighted.certification_status = 'pass', false)
                    )
        end as is_certified,
        weighted.final_stage,
        weighted.stage_name,
        weighted.trust_score,
        weighted.sale_outcome,
        weighted.misstep_count,
        weighted.missteps,
        weighted.total_exchanges,
        weighted.history_score::numeric(5, 2) as history_score,
        weighted.payload as scorecard_json,
        weighted.source_path,
        weighted.landed_at
    from weighted
    cross join thresholds
    inner join sessions on weighted.session_id = sessions.session_id

)

select * from final
