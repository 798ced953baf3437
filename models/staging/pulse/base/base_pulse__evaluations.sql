{#- One row per current evaluation document: what was said of the session as a whole. -#}

{{ whole_documents('evaluation') }}

{%- set casts = [] -%}
{%- do expect_shape(casts, 'source.payload', '$', 'object') -%}
{%- do expect_shape(casts, 'document.scores', 'scores', 'object') -%}
{%- do expect_shape(casts, 'document.overall_summary', 'overall_summary', 'object') -%}

with

source as (

    select * from {{ documents_of('evaluation') }}

),

renamed as (

    select
        {{ document_columns('evaluation', 'source') }},

        -- strings
        {{ safe_text(casts, 'document.framework', 'framework') }} as framework,
        {{ safe_text(casts, "document.overall_summary -> 'strengths'", 'overall_summary.strengths') }}
            as strengths,
        {{ safe_text(casts, "document.overall_summary -> 'improvements'", 'overall_summary.improvements') }}
            as improvements,

        -- what could not be cast
        {{ rejected_values(casts) }} as rejected_values,
        {{ unknown_fields('evaluation', {
            '': 'source.payload',
            'overall_summary': 'document.overall_summary',
            'scores.*': 'document.scores',
        }) }} as unknown_fields
    from source
    cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as document (
        framework jsonb,
        scores jsonb,
        overall_summary jsonb
    )

)

select * from renamed
