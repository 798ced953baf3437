{#- One row per current pulse state document: where a session stands in the five steps. -#}

{{ whole_documents('pulse_state') }}

{%- set casts = [] -%}
{%- do expect_shape(casts, 'source.payload', '$', 'object') -%}

with

source as (

    select * from {{ documents_of('pulse_state') }}

),

renamed as (

    select
        {{ document_columns('pulse_state', 'source') }},

        -- strings
        {{ safe_text(casts, 'document.stage_name', 'stage_name') }} as stage_name,
        {{ safe_text_array(casts, 'document.detected_behaviors', 'detected_behaviors') }}
            as detected_behaviors,

        -- numerics
        {{ safe_integer(casts, 'document.current_stage', 'current_stage', 1, 5) }} as current_stage,

        -- what could not be cast
        {{ rejected_values(casts) }} as rejected_values,
        {{ unknown_fields('pulse_state', {'': 'source.payload'}) }} as unknown_fields
    from source
    cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as document (
        current_stage jsonb,
        stage_name jsonb,
        detected_behaviors jsonb
    )

)

select * from renamed
