{#- One row per value of a document that no model could use, with the reason. -#}

{{ config(materialized='table') }}

{%- set kinds_by_model = {
    'base_pulse__scorecards': 'scorecard',
    'base_pulse__sessions': 'session',
    'base_pulse__transcripts': 'transcript',
    'base_pulse__conversations': 'conversation',
    'base_pulse__pulse_states': 'pulse_state',
    'base_pulse__sale_states': 'sale_state',
    'base_pulse__evaluations': 'evaluation',
    'base_pulse__evaluations__steps': 'evaluation',
    'base_pulse__answer_events': 'answer_events',
    'base_pulse__answer_events__answers': 'answer_events',
    'base_pulse__user_histories': 'user_history',
    'base_pulse__user_histories__entries': 'user_history',
    'base_pulse__trainer_change_logs': 'trainer_change_log',
} %}

with

casts as (

    {%- for model, kind in kinds_by_model.items() %}
    select
        source_path,
        document_id,
        '{{ kind }}' as kind,
        rejected_values
    from {{ ref(model) }}
    where rejected_values is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

uncastable as (

    select
        casts.source_path,
        casts.document_id,
        casts.kind,
        rejected.field,
        rejected.verdict ->> 0 as rejected_text,
        rejected.verdict ->> 1 as reason
    from casts
    cross join lateral jsonb_each(casts.rejected_values) as rejected (field, verdict)

),

duplicate_documents as (

    select
        source_path,
        document_id,
        kind,
        '$' as field,
        session_key as rejected_text,
        'duplicate_session' as reason
    from {{ ref('stg_pulse__session_documents') }}
    where not is_chosen

),

pulse_steps as (

    select
        step_key,
        step_number
    from {{ ref('pulse_steps') }}

),

step_spellings as (

    select
        source_path,
        document_id,
        'evaluation' as kind,
        'scores.' || step_key as field,
        step_key as step,
        true as must_be_numbered
    from {{ ref('base_pulse__evaluations__steps') }}
    union all
    select
        source_path,
        document_id,
        'answer_events' as kind,
        json_path || '.pulse_step' as field,
        pulse_step as step,
        false as must_be_numbered
    from {{ ref('base_pulse__answer_events__answers') }}
    union all
    select
        source_path,
        document_id,
        'trainer_change_log' as kind,
        'pulse_step' as field,
        pulse_step as step,
        false as must_be_numbered
    from {{ ref('base_pulse__trainer_change_logs') }}

),

unknown_steps as (

    select
        step_spellings.source_path,
        step_spellings.document_id,
        step_spellings.kind,
        step_spellings.field,
        step_spellings.step as rejected_text,
        'unknown_value' as reason
    from step_spellings
    left join pulse_steps
        on
            lower(btrim(step_spellings.step)) = pulse_steps.step_key
            and (pulse_steps.step_number is not null or not step_spellings.must_be_numbered)
    where step_spellings.step is not null and pulse_steps.step_key is null

),

listed_sessions as (

    select
        source_path,
        document_id,
        json_path,
        session_id,
        session_key,
        {{ history_owner('user_id', 'user_key') }} as owner
    from {{ ref('stg_pulse__user_histories__sessions') }}

),

contested_sessions as (

    select session_id
    from listed_sessions
    group by session_id
    having count(distinct owner) > 1

),

two_owners as (

    select
        listed_sessions.source_path,
        listed_sessions.document_id,
        'user_history' as kind,
        listed_sessions.json_path || '.sessionId' as field,
        listed_sessions.session_key as rejected_text,
        'two_owners' as reason
    from listed_sessions
    inner join contested_sessions
        on listed_sessions.session_id = contested_sessions.session_id
    where listed_sessions.owner is not null

),

unresolved_snapshots as (

    select
        source_path,
        document_id,
        'user_history' as kind,
        json_path as field,
        user_key as rejected_text,
        'unresolved_user' as reason
    from {{ ref('stg_pulse__user_histories__snapshots') }}
    where user_id is null

),

final as (

    select * from uncastable
    union all
    select * from duplicate_documents
    union all
    select * from unknown_steps
    union all
    select * from two_owners
    union all
    select * from unresolved_snapshots

)

select * from final
