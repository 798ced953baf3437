{#- One row per step of a current evaluation document: its score on the scale 0 to 3. -#}

{%- set casts = [] -%}
{%- do expect_shape(casts, 'step', '$', 'object') -%}
{%- set below = "'scores.' || step_key" -%}

with

source as (

    select
        document_id,
        source_path,
        session_key,
        payload
    from {{ landed_documents('evaluations') }}

),

steps as (

    select
        source.document_id,
        source.source_path,
        source.session_key,
        step.key as step_key,
        step.value as step
    from source
    cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as document (scores jsonb)
    cross join lateral jsonb_each({{ json_object('document.scores') }}) as step

),

renamed as (

    select
        -- ids
        document_id,
        source_path,
        session_key,
        {{ session_id_of('session_key') }} as session_id,
        step_key,

        -- strings
        {{ safe_text(casts, "step -> 'reason'", 'reason') }} as reason,

        -- numerics
        {{ safe_number(casts, "step -> 'score'", 'score', 0, 3) }} as score,

        -- what could not be cast
        {{ rejected_values(casts, below) }} as rejected_values
    from steps

)

select * from renamed
