{#- One row per user key and moment of a readiness snapshot in any version of a history: the latest
    landed. -#}

{{ config(
    materialized='in_place',
    unique_key=['user_key', 'snapshot_at'],
    rebuilt_by='user_key',
    indexes=[{'columns': ['user_key']}],
) }}

with

entries as (

    select
        document_id,
        source_path,
        entry_index,
        json_path,
        user_key,
        readiness_overall,
        readiness_technical,
        readiness_communication,
        readiness_structure,
        readiness_behavioral,
        snapshot_at,
        source_modified_at,
        landed_at,
        payload
    from {{ ref('base_pulse__user_histories__entries') }}
    -- A snapshot without a moment is among the rejected values.
    where entry_kind = 'snapshot' and snapshot_at is not null and {{ is_affected('user_key') }}

),

identities as (

    select
        user_key,
        user_id
    from {{ ref('stg_pulse__user_identities') }}

),

latest as (

    select distinct on (user_key, snapshot_at) *
    from entries
    order by
        user_key asc,
        snapshot_at asc,
        landed_at desc,
        source_modified_at desc nulls last,
        source_path asc,
        document_id desc,
        entry_index asc

),

final as (

    select
        -- ids
        latest.document_id,
        latest.source_path,
        latest.json_path,
        latest.user_key,
        {{ account_of('latest.user_key', 'identities.user_id') }} as user_id,

        -- numerics
        latest.readiness_overall,
        latest.readiness_technical,
        latest.readiness_communication,
        latest.readiness_structure,
        latest.readiness_behavioral,

        -- timestamps
        latest.snapshot_at,
        latest.source_modified_at,
        latest.landed_at,

        -- evidence
        latest.payload
    from latest
    left join identities on latest.user_key = identities.user_key

)

select * from final
