{#- One row per current trainer change log: what the trainer observed, of whom, at which step. -#}

{{ whole_documents('trainer_change_log') }}

{%- set casts = [] -%}
{%- do expect_shape(casts, 'source.payload', '$', 'object') -%}
{%- do expect_session_id(casts, 'document.session_id', 'source.session_key') -%}
{%- do expect_shape(casts, 'document.trainer_change_log', 'trainer_change_log', 'object') -%}

with

source as (

    select * from {{ documents_of('trainer_change_log') }}

),

renamed as (

    select
        {{ document_columns('trainer_change_log', 'source') }},

        -- ids
        {{ safe_user_key(casts, 'document.learner_id', 'learner_id') }} as user_key,
        {{ safe_text(casts, 'document.scenario_id', 'scenario_id') }} as scenario_id,

        -- strings
        {{ safe_text(casts, 'document.pulse_step', 'pulse_step') }} as pulse_step,
        {{ safe_text(
            casts,
            "document.trainer_change_log -> 'observed_pattern'",
            'trainer_change_log.observed_pattern'
        ) }} as observed_pattern,

        -- booleans
        {{ safe_boolean(casts, "document.trainer_change_log -> 'emit'", 'trainer_change_log.emit') }}
            as is_emitted,

        -- timestamps
        {{ safe_timestamp(casts, 'document."timestamp"', 'timestamp', 'source.landed_at') }} as logged_at,

        -- what could not be cast, and the evidence
        {{ rejected_values(casts) }} as rejected_values,
        {{ unknown_fields('trainer_change_log', {'': 'source.payload'}) }} as unknown_fields,
        source.payload
    from source
    cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as document (
        "timestamp" jsonb,
        pulse_step jsonb,
        scenario_id jsonb,
        learner_id jsonb,
        session_id jsonb,
        trainer_change_log jsonb
    )

)

select * from renamed
