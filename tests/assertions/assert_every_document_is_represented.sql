-- What: every document of the landing, as of the cutoff, has its row in staging, and vice versa.
-- Why it matters: a document that is in neither model nor rejected values is lost in silence.
-- How to resolve: read the staging model of the kind named; a filter or join there drops the document.

with

landed as (

    {%- call(kind, rule) union_of_kinds() %}
    select
        '{{ rule.table }}' as landing_table,
        source_path,
        document_id
    from {{ documents_of(kind) }}
    {%- endcall %}

),

represented as (

    {%- call(kind, rule) union_of_kinds() %}
    select
        '{{ rule.table }}' as landing_table,
        source_path,
        document_id,
        {{ (rule.retention == 'latest_version') | lower }} as is_latest_alone
    from {{ ref(base_model_of(kind)) }}
    {%- endcall %}

),

final as (

    select
        coalesce(landed.landing_table, represented.landing_table) as landing_table,
        coalesce(landed.source_path, represented.source_path) as source_path,
        coalesce(landed.document_id, represented.document_id) as document_id,
        case when landed.document_id is null then 'not in the landing' else 'not in staging' end as finding
    from landed
    full join represented
        on
            landed.landing_table = represented.landing_table
            and landed.source_path = represented.source_path
            and landed.document_id = represented.document_id
    where
        represented.document_id is null
        -- For some kinds a later load removes superseded versions, even those an older cutoff needs.
        or landed.document_id is null
        and not represented.is_latest_alone

)

select * from final
