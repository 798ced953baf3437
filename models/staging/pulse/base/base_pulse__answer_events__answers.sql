{#- One row per answer of a current answer events document, its score on the scale of the file. -#}

{{ parts_of_documents('answer_events', 'answers') }}

{%- set casts = [] -%}
{%- do expect_shape(casts, 'answers.payload', '$', 'object') -%}
{%- do expect_session_id(casts, 'answer.session_id', 'answers.session_key') -%}

with

source as (

    select * from {{ documents_of('answer_events') }}

),

lists as (

    select
        document_id,
        source_path,
        session_key,
        landed_at,
        {{ json_list('payload', ['events']) }} as answers,
        {{ json_list_path('payload', ['events']) }} as json_path
    from source

),

-- A file is on the unit scale when no score in it exceeds 1. Materialized: what is worked out
-- once per file must not be worked out again for each of its answers.
files as materialized (

    select
        *,
        (
            select max({{ json_number("answer -> 'score'") }}) <= 1
            from jsonb_array_elements(lists.answers) as answer
        ) as is_unit_scale
    from lists

),

answers as (

    select
        files.document_id,
        files.source_path,
        files.session_key,
        files.landed_at,
        files.is_unit_scale,
        answer.value as payload,
        (answer.position - 1)::int as answer_index,
        files.json_path || '[' || answer.position - 1 || ']' as json_path
    from files
    cross join
        lateral jsonb_array_elements(files.answers)
        with ordinality as answer (value, position)

),

renamed as (

    select
        -- ids
        answers.document_id,
        answers.source_path,
        answers.session_key,
        {{ session_id_of('answers.session_key') }} as session_id,
        answers.answer_index,
        answers.json_path,
        {{ safe_user_key(casts, 'answer.user_id', 'user_id') }} as user_key,
        {{ safe_text(casts, 'answer.scenario_id', 'scenario_id') }} as scenario_id,

        -- strings
        {{ safe_text(casts, 'answer.pulse_step', 'pulse_step') }} as pulse_step,
        lower({{ safe_text(casts, 'answer.skill_tag', 'skill_tag', at_most=200) }}) as skill_tag,
        {{ safe_text(casts, 'answer.notes', 'notes') }} as notes,

        -- numerics
        {{ safe_number(casts, 'answer.score', 'score', 0, 100) }} as score,

        -- booleans
        coalesce(answers.is_unit_scale, false) as is_unit_scale,

        -- timestamps
        coalesce(
            {{ safe_timestamp(casts, 'answer.ts', 'ts', 'answers.landed_at') }},
            {{ safe_timestamp(casts, 'answer.occurred_at', 'occurred_at', 'answers.landed_at') }},
            {{ safe_timestamp(casts, 'answer."timestamp"', 'timestamp', 'answers.landed_at') }}
        ) as occurred_at,

        -- what could not be cast, and the evidence
        {{ rejected_values(casts, 'answers.json_path') }} as rejected_values,
        answer.raw_metrics
    from answers
    cross join lateral jsonb_to_record({{ json_object('answers.payload') }}) as answer (
        user_id jsonb,
        session_id jsonb,
        ts jsonb,
        occurred_at jsonb,
        "timestamp" jsonb,
        scenario_id jsonb,
        pulse_step jsonb,
        skill_tag jsonb,
        score jsonb,
        raw_metrics jsonb,
        notes jsonb
    )

)

select * from renamed
