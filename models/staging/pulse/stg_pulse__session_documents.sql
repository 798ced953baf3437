{#- One row per current document of a session, of every kind. -#}

{%- set models_by_kind = {
    'scorecard': ref('base_pulse__scorecards'),
    'session': ref('base_pulse__sessions'),
    'transcript': ref('base_pulse__transcripts'),
    'conversation': ref('base_pulse__conversations'),
    'pulse_state': ref('base_pulse__pulse_states'),
    'sale_state': ref('base_pulse__sale_states'),
    'evaluation': ref('base_pulse__evaluations'),
    'answer_events': ref('base_pulse__answer_events'),
} %}

with

documents as (

    {%- for kind, model in models_by_kind.items() %}
    select
        document_id,
        source_path,
        session_id,
        session_key,
        '{{ kind }}' as kind,
        source_modified_at,
        rejected_file_time
    from {{ model }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select * from documents
