{#- One row per document that another one outdoes: of its session and kind, but not the one that speaks
    for it. Few, and kept apart so that the models of each kind need only look the few up. -#}

{{ config(
    materialized='in_place',
    unique_key=['source_path', 'document_id'],
    rebuilt_by='session_id',
) }}

with

documents as (

    select
        document_id,
        source_path,
        session_id,
        session_key,
        kind,
        source_modified_at
    from {{ ref('stg_pulse__session_documents') }}
    where {{ is_affected('session_id') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by session_id, kind
            order by source_modified_at desc nulls last, source_path asc
        ) as place
    from documents

),

final as (

    select
        document_id,
        source_path,
        session_id,
        session_key,
        kind
    from ranked
    where place > 1

)

select * from final
