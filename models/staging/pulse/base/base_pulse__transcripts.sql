{#- One row per current transcript document: its lines as texts, and the original. -#}

{{ whole_documents('transcript') }}

{%- set casts = [] -%}
{%- do expect_shape(casts, 'source.payload', '$', 'object') -%}
{%- do expect_session_id(casts, 'document.session_id', 'source.session_key') -%}

with

source as (

    select * from {{ documents_of('transcript') }}

),

renamed as (

    select
        {{ document_columns('transcript', 'source') }},

        -- strings
        coalesce(
            {{ safe_text_array(casts, 'document.transcript', 'transcript', takes_string=true) }}, '{}'
        ) as transcript_lines,

        -- what could not be cast, and the evidence
        {{ rejected_values(casts) }} as rejected_values,
        {{ unknown_fields('transcript', {'': 'source.payload'}) }} as unknown_fields,
        source.payload
    from source
    cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as document (
        session_id jsonb,
        transcript jsonb
    )

)

select * from renamed
