{#- One row per session that has a scorecard document: the one that speaks for it. -#}

with

scorecards as (

    select
        -- ids
        document_id,
        source_path,
        session_id,
        session_key,
        user_key,

        -- strings
        scorecard_format,
        persona,
        certification_status,
        stage_name,
        sale_outcome,
        missteps,
        overall_notes,
        bce_notes,
        mcf_notes,
        cpo_notes,

        -- numerics, on the scale of the format
        overall_score,
        raw_score,
        bce_score,
        mcf_score,
        cpo_score,
        final_stage,
        trust_score,
        total_exchanges,

        -- booleans
        is_passed,

        -- timestamps
        source_modified_at,
        landed_at,

        -- evidence
        payload
    from {{ authoritative_documents('base_pulse__scorecards') }}

)

select * from scorecards
