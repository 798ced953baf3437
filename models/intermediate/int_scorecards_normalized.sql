{#- One row per scored session: five generations of scorecards in one shape, every score 0 to 100. -#}

{{ config(
    unique_key='session_id',
    rebuilt_by='session_id',
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
        overall_notes,
        bce_notes,
        mcf_notes,
        cpo_notes,
        overall_score,
        raw_score,
        bce_score,
        mcf_score,
        cpo_score,
        final_stage,
        trust_score,
        total_exchanges,
        is_passed,
        landed_at,
        payload
    from {{ ref('stg_pulse__scorecards') }}
    where {{ is_affected('session_id') }}

),

histories as (

    select
        source_path,
        session_id,
        session_key,
        sale_outcome,
        score,
        total_exchanges,
        landed_at,
        payload
    from {{ ref('int_history_sessions_deduplicated') }}
    where {{ is_affected('session_id') }}

),

-- What a score is multiplied by and divided by to lie in 0 to 100: exact where 100 / 3 is not.
scaled as (

    select
        *,
        case scorecard_format when 'certification' then 1 else 100 end as part_factor,
        case scorecard_format when 'pulse' then 3 else 1 end as part_divisor,
        case scorecard_format when 'unit' then 100 else 1 end as overall_factor
    from scorecards

),

from_scorecards as (

    select
        -- ids
        scaled.source_path,
        scaled.session_id,
        scaled.session_key,

        -- strings
        scaled.scorecard_format,
        scaled.certification_status,
        scaled.stage_name,
        scaled.sale_outcome,
        scaled.missteps,
        scaled.overall_notes,
        scaled.bce_notes,
        scaled.mcf_notes,
        scaled.cpo_notes,

        -- numerics
        round(
            coalesce(scaled.overall_score * scaled.overall_factor, scaled.raw_score * 100 / 3), 2
        ) as overall_score,
        round(scaled.bce_score * scaled.part_factor / scaled.part_divisor, 2) as bce_score,
        round(scaled.mcf_score * scaled.part_factor / scaled.part_divisor, 2) as mcf_score,
        round(scaled.cpo_score * scaled.part_factor / scaled.part_divisor, 2) as cpo_score,
        round(histories.score, 2) as history_score,
        scaled.final_stage,
        scaled.trust_score,
        cardinality(scaled.missteps) as misstep_count,
        scaled.total_exchanges,

        -- booleans
        coalesce(scaled.is_passed, scaled.certification_status = 'pass') as is_passed,

        -- timestamps
        scaled.landed_at,

        -- evidence
        scaled.payload
    from scaled
    left join histories on scaled.session_id = histories.session_id

),

from_histories as (

    select
        -- ids
        histories.source_path,
        histories.session_id,
        histories.session_key,

        -- strings
        'history' as scorecard_format,
        null as certification_status,
        null as stage_name,
        histories.sale_outcome,
        null::text[] as missteps,
        null as overall_notes,
        null as bce_notes,
        null as mcf_notes,
        null as cpo_notes,

        -- numerics
        round(histories.score, 2) as overall_score,
        null::numeric as bce_score,
        null::numeric as mcf_score,
        null::numeric as cpo_score,
        round(histories.score, 2) as history_score,
        null::int as final_stage,
        null::int as trust_score,
        null::int as misstep_count,
        histories.total_exchanges,

        -- booleans
        null::boolean as is_passed,

        -- timestamps
        histories.landed_at,

        -- evidence
        histories.payload
    from histories
    left join scorecards on histories.session_id = scorecards.session_id
    where scorecards.session_id is null

),

final as (

    select * from from_scorecards
    union all
    select * from from_histories

)

select * from final
