{#- One row per kind and field that its documents hold and the legacy format does not know: drift. -#}

{%- set models_by_kind = {
    'scorecard': 'base_pulse__scorecards',
    'session': 'base_pulse__sessions',
    'transcript': 'base_pulse__transcripts',
    'conversation': 'base_pulse__conversations',
    'pulse_state': 'base_pulse__pulse_states',
    'sale_state': 'base_pulse__sale_states',
    'evaluation': 'base_pulse__evaluations',
    'answer_events': 'base_pulse__answer_events',
    'user_history': 'base_pulse__user_histories',
    'trainer_change_log': 'base_pulse__trainer_change_logs',
} %}

with

documents as (

    {%- for kind, model in models_by_kind.items() %}
    select
        '{{ kind }}' as kind,
        source_path,
        landed_at,
        unknown_fields
    from {{ ref(model) }}
    where unknown_fields is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

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
