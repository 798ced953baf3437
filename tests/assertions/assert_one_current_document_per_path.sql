-- What: as of the cutoff a path has one current document, in every model that is deduplicated later.
-- Why it matters: the deduplication by session would hide a landing that kept two versions current.
-- How to resolve: look the path up in raw.documents; superseded_at of the older version is missing.

{%- set models = [
    'base_pulse__scorecards',
    'base_pulse__sessions',
    'base_pulse__transcripts',
    'base_pulse__conversations',
    'base_pulse__pulse_states',
    'base_pulse__sale_states',
    'base_pulse__evaluations',
    'base_pulse__answer_events',
    'base_pulse__trainer_change_logs',
] %}

with

documents as (

    {%- for model in models %}
    select
        '{{ model }}' as model_name,
        source_path
    from {{ ref(model) }}
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
