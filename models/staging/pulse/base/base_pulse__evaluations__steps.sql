{#- One row per step of a current evaluation document: its score on the scale 0 to 3. -#}

{{ parts_of_documents('evaluation', 'steps') }}

{%- set casts = [] -%}
{%- do register_cast(
    casts, 'step', '$', none, "(jsonb_typeof(step) <> 'object' or is_repeated)",
    "case when is_repeated then 'duplicate_step' else 'wrong_shape' end"
) -%}
{%- set below = "'scores.' || step_key" -%}

with

source as (

    select * from {{ documents_of('evaluation') }}

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

-- The same step in two spellings is one step; capitals go first.
spelled as (

    select
        *,
        row_number() over (
            partition by document_id, source_path, lower(btrim(step_key))
            order by step_key collate "C"
        ) > 1 as is_repeated
    from steps

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

        -- booleans
        is_repeated,

        -- what could not be cast
        {{ rejected_values(casts, below) }} as rejected_values
    from spelled

)

select * from renamed
