{#- One row per session that any history lists: the latest landed entry, whoever's history it is in. -#}

{{ config(
    unique_key='session_id',
    rebuilt_by='session_id',
) }}

with

entries as (

    select
        document_id,
        source_path,
        session_key,
        session_id,
        persona,
        sale_outcome,
        score,
        total_exchanges,
        owner_count,
        occurred_at,
        source_modified_at,
        rejected_file_time,
        landed_at,
        payload
    from {{ ref('stg_pulse__user_histories__sessions') }}
    where {{ is_affected('session_id') }}

),

latest as (

    select distinct on (session_id) *
    from entries
    order by
        session_id asc,
        landed_at desc,
        source_modified_at desc nulls last,
        source_path asc,
        document_id desc

),

final as (

    select
        -- ids
        latest.document_id,
        latest.source_path,
        latest.session_key,
        latest.session_id,

        -- strings
        latest.persona,
        latest.sale_outcome,

        -- numerics
        latest.score,
        latest.total_exchanges,
        latest.owner_count,

        -- timestamps
        latest.occurred_at,
        latest.source_modified_at,
        latest.rejected_file_time,
        latest.landed_at,

        -- evidence
        latest.payload
    from latest

)

select * from final
