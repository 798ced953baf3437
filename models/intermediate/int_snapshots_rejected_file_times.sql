{#- One row per version of a history whose file time is out of range and was needed for its snapshots: within
    the range it would have told which of two that landed together counts. -#}

{{ config(
    unique_key=['source_path', 'document_id'],
) }}

with

rejected_histories as (

    select
        document_id,
        source_path,
        rejected_file_time
    from {{ ref('base_pulse__user_histories') }}
    where rejected_file_time is not null

),

entries as (

    select
        document_id,
        source_path,
        user_key,
        snapshot_at,
        source_modified_at,
        landed_at
    from {{ ref('base_pulse__user_histories__entries') }}
    where entry_kind = 'snapshot' and snapshot_at is not null

),

identities as (

    select
        user_key,
        user_id
    from {{ ref('stg_pulse__user_identities') }}

),

-- One account may own several histories.
owned as (

    select
        entries.document_id,
        entries.source_path,
        entries.snapshot_at,
        entries.source_modified_at,
        entries.landed_at,
        coalesce(
            {{ account_of('entries.user_key', 'identities.user_id') }}::text, entries.user_key
        ) as owner
    from entries
    left join identities on entries.user_key = identities.user_key

),

rejected_snapshots as (

    select
        owned.document_id,
        owned.source_path,
        owned.snapshot_at,
        owned.landed_at,
        owned.owner,
        rejected_histories.rejected_file_time
    from rejected_histories
    inner join owned
        on
            rejected_histories.document_id = owned.document_id
            and rejected_histories.source_path = owned.source_path

),

needed as (

    select
        rejected_snapshots.document_id,
        rejected_snapshots.source_path,
        rejected_snapshots.rejected_file_time
    from rejected_snapshots
    inner join owned as rivals
        on
            rejected_snapshots.owner = rivals.owner
            and rejected_snapshots.snapshot_at = rivals.snapshot_at
            and rejected_snapshots.landed_at = rivals.landed_at
            and rejected_snapshots.source_path <> rivals.source_path
    group by
        rejected_snapshots.document_id,
        rejected_snapshots.source_path,
        rejected_snapshots.snapshot_at,
        rejected_snapshots.landed_at,
        rejected_snapshots.rejected_file_time
    having coalesce(rejected_snapshots.rejected_file_time > max(rivals.source_modified_at), true)

),

-- Of a history more than one snapshot may have needed it.
final as (

    select distinct
        document_id,
        source_path,
        rejected_file_time
    from needed

)

select * from final
