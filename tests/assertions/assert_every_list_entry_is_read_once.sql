-- What: each entry of a history and each answer of a file has one row, and each document is there once.
-- Why it matters: the later deduplication, by session or by snapshot, would hide entries read twice.
-- How to resolve: compare the model named with its document's payload; a join or lateral there multiplies.

with

documents as (

    {%- call(documents, count_column, entries, index_column) union_of_lists() %}
    select
        '{{ entries }}' as model_name,
        source_path,
        document_id,
        count(*) as document_count,
        sum({{ count_column }}) as expected_count
    from {{ ref(documents) }}
    group by source_path, document_id
    {%- endcall %}

),

entries as (

    {%- call(documents, count_column, entries, index_column) union_of_lists() %}
    select
        '{{ entries }}' as model_name,
        source_path,
        document_id,
        count(*) as entry_count,
        count(distinct {{ index_column }}) as place_count
    from {{ ref(entries) }}
    group by source_path, document_id
    {%- endcall %}

),

final as (

    select
        coalesce(documents.model_name, entries.model_name) as model_name,
        coalesce(documents.source_path, entries.source_path) as source_path,
        coalesce(documents.document_id, entries.document_id) as document_id,
        documents.document_count,
        documents.expected_count,
        entries.entry_count,
        entries.place_count
    from documents
    full join entries
        on
            documents.model_name = entries.model_name
            and documents.source_path = entries.source_path
            and documents.document_id = entries.document_id
    where
        documents.document_count is distinct from 1
        or coalesce(entries.entry_count, 0) <> documents.expected_count
        or coalesce(entries.place_count, 0) <> documents.expected_count

)

select * from final
