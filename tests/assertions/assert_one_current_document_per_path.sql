-- What: as of the cutoff a path has one current document, in every model that is deduplicated later.
-- Why it matters: the deduplication by session would hide a landing that kept two versions current.
-- How to resolve: look the path up in raw.documents; superseded_at of the older version is missing.

with

documents as (

    {%- for kind in document_kinds() if not reads_every_version(kind) %}
    select
        '{{ base_model_of(kind) }}' as model_name,
        source_path
    from {{ ref(base_model_of(kind)) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

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
