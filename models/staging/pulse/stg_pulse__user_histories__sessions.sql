{#- One row per user key and session that any version of a history listed: the latest landed. -#}

{{ config(
    materialized='in_place',
    unique_key=['user_key', 'session_id'],
    rebuilt_by='session_id',
    indexes=[{'columns': ['session_id']}],
) }}

with

entries as (

    select
        document_id,
        source_path,
        entry_index,
        json_path,
        user_key,
        session_key,
        session_id,
        persona,
        sale_outcome,
        score,
        total_exchanges,
        occurred_at,
        source_modified_at,
        rejected_file_time,
        landed_at,
        payload
    from {{ ref('base_pulse__user_histories__entries') }}
    where entry_kind = 'session' and {{ is_affected('session_id') }}

),

identities as (

    select
        user_key,
        user_id
    from {{ ref('stg_pulse__user_identities') }}

),

latest as (

    select distinct on (user_key, session_id) *
    from entries
    order by
        user_key asc,
        session_id asc,
        landed_at desc,
        source_modified_at desc nulls last,
        source_path asc,
        document_id desc,
        entry_index asc

),

owned as (

    select
        latest.*,
        {{ account_of('latest.user_key', 'identities.user_id') }} as user_id
    from latest
    left join identities on latest.user_key = identities.user_key

),

owners as (

    select
        session_id,
        count(distinct {{ history_owner('user_id', 'user_key') }}) as owner_count
    from owned
    group by session_id

),

final as (

    select
        -- ids
        owned.document_id,
        owned.source_path,
        owned.json_path,
        owned.user_key,
        owned.user_id,
        owned.session_key,
        owned.session_id,

        -- strings
        owned.persona,
        owned.sale_outcome,

        -- numerics
        owned.score,
        owned.total_exchanges,
        owners.owner_count,

        -- timestamps
        owned.occurred_at,
        owned.source_modified_at,
        owned.rejected_file_time,
        owned.landed_at,

        -- evidence
        owned.payload
    from owned
    inner join owners on owned.session_id = owners.session_id

)

select * from final
