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
    from {{ ref('base_pulse__conversations') }}

),

outdone as (

    select
        document_id,
        source_path
    from {{ ref('stg_pulse__duplicate_documents') }}

),

final as (

    select conversations.*
    from conversations
    left join outdone
        on
            conversations.document_id = outdone.document_id
            and conversations.source_path = outdone.source_path
    where outdone.document_id is null

)

select * from final
