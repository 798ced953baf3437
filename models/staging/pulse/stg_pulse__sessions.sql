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
    from {{ authoritative_documents('base_pulse__sessions') }}

)

select * from sessions
