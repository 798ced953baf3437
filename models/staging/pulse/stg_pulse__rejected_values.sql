{#- One row per value of a document that no model could use, with the reason. -#}

{{ config(
    materialized='in_place',
    unique_key=['source_path', 'document_id', 'field', 'reason'],
    rebuilt_by=['source_path', 'document_id'],
    indexes=[{'columns': ['document_id']}],
) }}

{%- do refuse_uncollected_models() %}

with

casts as (

    {%- call(base_model, kind) union_of_base_models() %}
    select
        source_path,
        document_id,
        '{{ kind }}' as kind,
        rejected_values
    from {{ ref(base_model) }}
    where rejected_values is not null and {{ is_affected('source_path', 'document_id') }}
    {%- endcall %}

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
    from {{ ref('stg_pulse__duplicate_documents') }}
    where {{ is_affected('source_path', 'document_id') }}

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
    where {{ is_affected('source_path', 'document_id') }}
    union all
    select
        source_path,
        document_id,
        'answer_events' as kind,
        json_path || '.pulse_step' as field,
        pulse_step as step,
        false as must_be_numbered
    from {{ ref('base_pulse__answer_events__answers') }}
    where {{ is_affected('source_path', 'document_id') }}
    union all
    select
        source_path,
        document_id,
        'trainer_change_log' as kind,
        'pulse_step' as field,
        pulse_step as step,
        false as must_be_numbered
    from {{ ref('base_pulse__trainer_change_logs') }}
    where {{ is_affected('source_path', 'document_id') }}

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

two_owners as (

    select
        source_path,
        document_id,
        'user_history' as kind,
        json_path || '.sessionId' as field,
        session_key as rejected_text,
        'two_owners' as reason
    from {{ ref('stg_pulse__user_histories__sessions') }}
    where
        owner_count > 1
        and {{ history_owner('user_id', 'user_key') }} is not null
        and {{ is_affected('source_path', 'document_id') }}

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
    where user_id is null and {{ is_affected('source_path', 'document_id') }}

),

needed_file_times as (

    select
        source_path,
        document_id,
        kind,
        rejected_file_time
    from {{ ref('int_sessions_rejected_file_times') }}
    where {{ is_affected('source_path', 'document_id') }}
    union
    select
        source_path,
        document_id,
        'user_history' as kind,
        rejected_file_time
    from {{ ref('int_snapshots_rejected_file_times') }}
    where {{ is_affected('source_path', 'document_id') }}

),

-- As JSON writes it, for that depends on no setting of the session.
file_times as (

    select
        source_path,
        document_id,
        kind,
        '$file_time' as field,
        to_jsonb(rejected_file_time at time zone 'UTC') #>> '{}'
        || case when isfinite(rejected_file_time) then '+00:00' else '' end as rejected_text,
        'out_of_range' as reason
    from needed_file_times

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
    union all
    select * from file_times

)

select * from final
