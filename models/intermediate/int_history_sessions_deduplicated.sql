{#- One row per session that any history lists: the latest landed entry, whoever's history it is in. -#}

with

entries as (

    select
        document_id,
        source_path,
        user_key,
        user_id,
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
    from {{ ref('stg_pulse__user_histories__sessions') }}

),

owners as (

    select
        session_id,
        count(distinct {{ history_owner('user_id', 'user_key') }}) as owner_count
    from entries
    group by session_id

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
        owners.owner_count,

        -- timestamps
        latest.occurred_at,
        latest.source_modified_at,
        latest.landed_at,

        -- evidence
        latest.payload
    from latest
    inner join owners on latest.session_id = owners.session_id

)

select * from final
