{#- One row per session that has a transcript document: the one that speaks for it. -#}

with

transcripts as (

    select
        -- ids
        document_id,
        source_path,
        session_id,
        session_key,

        -- strings
        transcript_lines,

        -- timestamps
        source_modified_at,
        landed_at,

        -- evidence
        payload
    from {{ authoritative_documents('base_pulse__transcripts') }}

)

select * from transcripts
