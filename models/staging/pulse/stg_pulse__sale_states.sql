{#- One row per session that has a sale state document: the one that speaks for it. -#}

with

sale_states as (

    select
        -- ids
        document_id,
        source_path,
        session_id,
        session_key,

        -- strings
        sale_outcome,

        -- numerics
        trust_score,
        misstep_count,
        listed_misstep_count,

        -- timestamps
        source_modified_at,
        landed_at
    from {{ ref('base_pulse__sale_states') }}

),

outdone as (

    select
        document_id,
        source_path
    from {{ ref('stg_pulse__duplicate_documents') }}

),

final as (

    select sale_states.*
    from sale_states
    left join outdone
        on
            sale_states.document_id = outdone.document_id
            and sale_states.source_path = outdone.source_path
    where outdone.document_id is null

)

select * from final
