{#- One row per session that has a conversation document: the one that speaks for it. -#}

with

conversations as (

    select
        -- ids
        document_id,
        source_path,
        session_id,
        session_key,

        -- numerics
        message_count,

        -- timestamps
        source_modified_at,
        landed_at
    from {{ authoritative_documents('base_pulse__conversations') }}

)

select * from conversations
