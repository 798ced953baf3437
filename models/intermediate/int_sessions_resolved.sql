{#- One row per session that any document knows: who it was, when it was, with which persona. -#}

{{ config(
    unique_key='session_id',
    rebuilt_by='session_id',
    indexes=[{'columns': ['occurred_at']}],
) }}

with

documents as (

    select
        session_id,
        source_path,
        document_id,
        session_key,
        kind,
        source_modified_at
    from {{ ref('stg_pulse__session_documents') }}
    where {{ is_affected('session_id') }}

),

duplicates as (

    select
        document_id,
        source_path
    from {{ ref('stg_pulse__duplicate_documents') }}
    where {{ is_affected('session_id') }}

),

sessions as (

    select
        session_id,
        persona,
        request_persona,
        created_at,
        completed_at
    from {{ ref('stg_pulse__sessions') }}
    where {{ is_affected('session_id') }}

),

scorecards as (

    select
        session_id,
        persona
    from {{ ref('stg_pulse__scorecards') }}
    where {{ is_affected('session_id') }}

),

histories as (

    select
        session_id,
        session_key,
        persona,
        occurred_at,
        source_modified_at
    from {{ ref('int_history_sessions_deduplicated') }}
    where {{ is_affected('session_id') }}

),

users as (

    select
        session_id,
        user_id,
        legacy_user_key
    from {{ ref('int_session_users_resolved') }}
    where {{ is_affected('session_id') }}

),

speaking as (

    select documents.*
    from documents
    left join duplicates
        on
            documents.document_id = duplicates.document_id
            and documents.source_path = duplicates.source_path
    where duplicates.document_id is null

),

files as (

    select
        session_id,
        min(session_key collate "C") as session_key,
        max(source_modified_at) filter (where {{ is_asked_first('kind') }}) as scorecard_file_at,
        min(source_modified_at) filter (where not {{ is_asked_first('kind') }}) as document_file_at
    from speaking
    group by session_id

),

-- A session may have files, or be known from a history alone; its folder's key goes first.
traces as (

    select
        coalesce(files.session_id, histories.session_id) as session_id,
        coalesce(files.session_key, histories.session_key) as session_key,
        histories.persona as history_persona,
        histories.occurred_at as history_at,
        files.scorecard_file_at,
        coalesce(files.document_file_at, histories.source_modified_at) as document_file_at
    from files
    full join histories on files.session_id = histories.session_id

),

dated as (

    select
        traces.session_id,
        traces.session_key,
        users.user_id,
        users.legacy_user_key,
        initcap(coalesce(
            sessions.persona, sessions.request_persona, scorecards.persona, traces.history_persona
        )) as persona,
        case
            when sessions.completed_at is not null then 'completed_at'
            when sessions.created_at is not null then 'created_at'
            when traces.history_at is not null then 'history'
            when traces.scorecard_file_at is not null then 'scorecard_file'
            when traces.document_file_at is not null then 'document_file'
        end as occurred_at_source,
        coalesce(
            sessions.completed_at,
            sessions.created_at,
            traces.history_at,
            traces.scorecard_file_at,
            traces.document_file_at
        ) as occurred_at
    from traces
    left join sessions on traces.session_id = sessions.session_id
    left join scorecards on traces.session_id = scorecards.session_id
    left join users on traces.session_id = users.session_id

),

final as (

    select
        -- ids
        session_id,
        session_key,
        user_id,
        legacy_user_key,

        -- strings
        persona,
        occurred_at_source,

        -- timestamps
        occurred_at
    from dated

)

select * from final
