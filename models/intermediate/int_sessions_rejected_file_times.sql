{#- One row per session and document whose file time is out of range and was needed for the session: within
    the range it would have dated it, or told which of two documents counts. -#}

{{ config(
    unique_key=['session_id', 'source_path', 'document_id'],
    rebuilt_by='session_id',
) }}

with

rejected_documents as (

    select
        document_id,
        source_path,
        session_id,
        kind,
        rejected_file_time
    from {{ ref('stg_pulse__session_documents') }}
    where rejected_file_time is not null and {{ is_affected('session_id') }}

),

documents as (

    select
        document_id,
        source_path,
        session_id,
        kind,
        source_modified_at
    from {{ ref('stg_pulse__session_documents') }}
    where {{ is_affected('session_id') }}

),

duplicates as (

    select
        document_id,
        source_path,
        session_id
    from {{ ref('stg_pulse__duplicate_documents') }}
    where {{ is_affected('session_id') }}

),

rejected_entries as (

    select
        document_id,
        source_path,
        session_id,
        rejected_file_time,
        landed_at
    from {{ ref('base_pulse__user_histories__entries') }}
    where
        entry_kind = 'session'
        and rejected_file_time is not null
        and {{ is_affected('session_id') }}

),

entries as (

    select
        document_id,
        source_path,
        session_id,
        source_modified_at,
        landed_at
    from {{ ref('base_pulse__user_histories__entries') }}
    where entry_kind = 'session' and {{ is_affected('session_id') }}

),

histories as (

    select
        document_id,
        source_path,
        session_id,
        rejected_file_time
    from {{ ref('int_history_sessions_deduplicated') }}
    where rejected_file_time is not null and {{ is_affected('session_id') }}

),

-- Sessions that had to look beyond their scorecard's file.
sessions as (

    select
        session_id,
        occurred_at_source
    from {{ ref('int_sessions_resolved') }}
    where
        (occurred_at_source is null or occurred_at_source = 'document_file')
        and {{ is_affected('session_id') }}

),

-- Few sessions ask a file for its time: the others are not looked at.
asking as (

    select session_id from sessions
    union
    select session_id from duplicates

),

compared as (

    select
        rejected_documents.document_id,
        rejected_documents.source_path,
        rejected_documents.session_id,
        rejected_documents.kind,
        rejected_documents.rejected_file_time,
        count(*) filter (where neighbours.kind = rejected_documents.kind) as rival_count,
        max(neighbours.source_modified_at) filter (
            where neighbours.kind = rejected_documents.kind
        ) as rivals_file_at,
        min(neighbours.source_modified_at) filter (
            where not {{ is_asked_first('neighbours.kind') }}
        ) as document_file_at
    from rejected_documents
    inner join asking on rejected_documents.session_id = asking.session_id
    left join documents as neighbours
        on
            rejected_documents.session_id = neighbours.session_id
            and rejected_documents.source_path <> neighbours.source_path
    group by
        rejected_documents.document_id,
        rejected_documents.source_path,
        rejected_documents.session_id,
        rejected_documents.kind,
        rejected_documents.rejected_file_time

),

needed_documents as (

    select
        compared.document_id,
        compared.source_path,
        compared.session_id,
        compared.kind,
        compared.rejected_file_time
    from compared
    left join sessions on compared.session_id = sessions.session_id
    left join duplicates
        on
            compared.document_id = duplicates.document_id
            and compared.source_path = duplicates.source_path
    where
        -- The later of two documents of one kind counts.
        (
            compared.rival_count > 0
            and coalesce(compared.rejected_file_time > compared.rivals_file_at, true)
        )
        -- The scorecard's file dates its session, then the earliest of the neighbours.
        or (
            sessions.session_id is not null
            and duplicates.document_id is null
            and (
                {{ is_asked_first('compared.kind') }}
                or coalesce(compared.rejected_file_time < compared.document_file_at, true)
            )
        )

),

-- Of entries that landed together the one of the later file counts.
needed_entries as (

    select
        rejected_entries.document_id,
        rejected_entries.source_path,
        rejected_entries.session_id,
        rejected_entries.rejected_file_time
    from rejected_entries
    inner join entries as rivals
        on
            rejected_entries.session_id = rivals.session_id
            and rejected_entries.landed_at = rivals.landed_at
            and rejected_entries.source_path <> rivals.source_path
    group by
        rejected_entries.document_id,
        rejected_entries.source_path,
        rejected_entries.session_id,
        rejected_entries.rejected_file_time
    having coalesce(rejected_entries.rejected_file_time > max(rivals.source_modified_at), true)

),

-- A history's file is the last to date a session.
needed_histories as (

    select
        histories.document_id,
        histories.source_path,
        histories.session_id,
        histories.rejected_file_time
    from histories
    inner join sessions on histories.session_id = sessions.session_id
    where sessions.occurred_at_source is null

),

final as (

    select
        document_id,
        source_path,
        session_id,
        kind,
        rejected_file_time
    from needed_documents
    union all
    select
        document_id,
        source_path,
        session_id,
        'user_history' as kind,
        rejected_file_time
    from (
        select * from needed_entries
        union
        select * from needed_histories
    ) as needed

)

select * from final
