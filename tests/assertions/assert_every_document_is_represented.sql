-- What: every document of the landing, as of the cutoff, has its row in staging, and the other way round.
-- Why it matters: a document that is in neither model nor rejected values is data lost in silence.
-- How to resolve: read the staging model of the kind named; a filter or join there drops the document.

{%- set models_by_table = {
    'scorecards': 'base_pulse__scorecards',
    'sessions': 'base_pulse__sessions',
    'transcripts': 'base_pulse__transcripts',
    'conversations': 'base_pulse__conversations',
    'pulse_states': 'base_pulse__pulse_states',
    'sale_states': 'base_pulse__sale_states',
    'evaluations': 'base_pulse__evaluations',
    'answer_events': 'base_pulse__answer_events',
    'trainer_change_logs': 'base_pulse__trainer_change_logs',
    'user_histories': 'base_pulse__user_histories',
} %}

with

landed as (

    {%- for table in models_by_table %}
    select
        '{{ table }}' as landing_table,
        source_path,
        document_id
    from {{ landed_versions(table) if table == 'user_histories' else landed_documents(table) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

represented as (

    {%- for table, model in models_by_table.items() %}
    select
        '{{ table }}' as landing_table,
        source_path,
        document_id
    from {{ ref(model) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

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
        -- Of some kinds a later load removes what it superseded, also from under an older cutoff.
        or landed.document_id is null
        and represented.landing_table not in ('conversations', 'pulse_states', 'sale_states')

)

select * from final
