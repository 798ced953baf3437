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
    from {{ ref('base_pulse__transcripts') }}

),

outdone as (

    select
        document_id,
        source_path
    from {{ ref('stg_pulse__duplicate_documents') }}

),

final as (

    select transcripts.*
    from transcripts
    left join outdone
        on
            transcripts.document_id = outdone.document_id
            and transcripts.source_path = outdone.source_path
    where outdone.document_id is null

)

select * from final
