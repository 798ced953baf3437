{#- One row per session that has a session document: the one that speaks for it. -#}

with

sessions as (

    select
        -- ids
        document_id,
        source_path,
        session_id,
        session_key,
        user_key,
        request_user_key,
        request_other_user_key,

        -- strings
        persona,
        request_persona,
        session_status,

        -- timestamps
        created_at,
        completed_at,
        source_modified_at,
        landed_at
    from {{ ref('base_pulse__sessions') }}

),

outdone as (

    select
        document_id,
        source_path
    from {{ ref('stg_pulse__duplicate_documents') }}

),

final as (

    select sessions.*
    from sessions
    left join outdone
        on
            sessions.document_id = outdone.document_id
            and sessions.source_path = outdone.source_path
    where outdone.document_id is null

)

select * from final
