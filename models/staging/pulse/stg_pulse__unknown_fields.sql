{#- One row per kind and field that its documents hold and the legacy format does not know: drift. -#}

with

documents as (

    {%- call(kind, rule) union_of_kinds() %}
    select
        '{{ kind }}' as kind,
        source_path,
        landed_at,
        unknown_fields
    from {{ ref(base_model_of(kind)) }}
    where unknown_fields is not null
    {%- endcall %}

),

fields as (

    select
        documents.kind,
        documents.source_path,
        documents.landed_at,
        listed.field
    from documents
    cross join lateral unnest(documents.unknown_fields) as listed (field)

),

final as (

    select
        kind,
        field,
        -- Of a history every version is read, and all versions of a path are one document.
        count(distinct source_path) as document_count,
        min(landed_at) as first_seen_at,
        min(source_path collate "C") as example_source_path
    from fields
    group by kind, field

)

select * from final
