{#- One row per session that has a sale state document: the one that speaks for it. -#}

with

sale_states as (

    select
        -- ids
        document_id,
        source_path,
        session_id,
        session_key,

        -- strings
        sale_outcome,

        -- numerics
        trust_score,
        misstep_count,
        listed_misstep_count,

        -- timestamps
        source_modified_at,
        landed_at
    from {{ authoritative_documents('base_pulse__sale_states') }}

)

select * from sale_states
