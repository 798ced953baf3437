-- What: as of the cutoff, a path has one current document in every model that is deduplicated later.
-- Why it matters: the deduplication by session would hide a landing that kept two versions current.
-- How to resolve: look the path up in raw.documents; superseded_at of the older version is missing.

with

documents as (

    {%- call(kind, rule) union_of_kinds(kinds_read_as_current()) %}
    select
        '{{ base_model_of(kind) }}' as model_name,
        source_path
    from {{ ref(base_model_of(kind)) }}
    {%- endcall %}

),

final as (

    select
        model_name,
        source_path,
        count(*) as current_count
    from documents
    group by model_name, source_path
    having count(*) > 1

)

select * from final
