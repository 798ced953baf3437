{#- One row per current sale state document: trust, outcome and missteps of a running sale. -#}

{{ whole_documents('sale_state') }}

{%- set casts = [] -%}
{%- do expect_shape(casts, 'source.payload', '$', 'object') -%}
{%- do expect_shape(casts, 'document.missteps', 'missteps', 'array') -%}

with

source as (

    select * from {{ documents_of('sale_state') }}

),

renamed as (

    select
        {{ document_columns('sale_state', 'source') }},

        -- strings
        {{ safe_choice(casts, 'document.outcome', 'outcome', sale_outcomes()) }} as sale_outcome,

        -- numerics
        {{ safe_integer(casts, 'document.trust_score', 'trust_score', 0, 10) }} as trust_score,
        {{ safe_integer(casts, 'document.total_missteps', 'total_missteps') }} as misstep_count,
        jsonb_array_length({{ json_array('document.missteps') }}) as listed_misstep_count,

        -- what could not be cast
        {{ rejected_values(casts) }} as rejected_values,
        {{ unknown_fields('sale_state', {
            '': 'source.payload',
            'missteps[]': 'document.missteps',
        }) }} as unknown_fields
    from source
    cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as document (
        trust_score jsonb,
        outcome jsonb,
        missteps jsonb,
        total_missteps jsonb
    )

)

select * from renamed
