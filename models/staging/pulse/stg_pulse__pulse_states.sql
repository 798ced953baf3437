{#- One row per session that has a pulse state document: the one that speaks for it. -#}

with

pulse_states as (

    select
        -- ids
        document_id,
        source_path,
        session_id,
        session_key,

        -- strings
        stage_name,
        detected_behaviors,

        -- numerics
        current_stage,

        -- timestamps
        source_modified_at,
        landed_at
    from {{ authoritative_documents('base_pulse__pulse_states') }}

)

select * from pulse_states
