{#- One row per user key and session that any version of a history listed: the latest landed. -#}

{{ config(materialized='table') }}

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
        landed_at,
        payload
    from {{ ref('base_pulse__user_histories__entries') }}
    where entry_kind = 'session'

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

final as (

    select
        -- ids
        latest.document_id,
        latest.source_path,
        latest.json_path,
        latest.user_key,
        {{ account_of('latest.user_key', 'identities.user_id') }} as user_id,
        latest.session_key,
        latest.session_id,

        -- strings
        latest.persona,
        latest.sale_outcome,

        -- numerics
        latest.score,
        latest.total_exchanges,

        -- timestamps
        latest.occurred_at,
        latest.source_modified_at,
        latest.landed_at,

        -- evidence
        latest.payload
    from latest
    left join identities on latest.user_key = identities.user_key

)

select * from final
