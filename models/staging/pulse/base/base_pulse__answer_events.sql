{#- One row per current answer events document: how many answers it holds. -#}

{{ whole_documents('answer_events') }}

{%- set casts = [] -%}
{%- do expect_list(casts, 'payload', ['events']) -%}

with

source as (

    select * from {{ documents_of('answer_events', is_detoasted=true) }}

),

renamed as (

    select
        {{ document_columns('answer_events') }},

        -- numerics
        jsonb_array_length({{ json_list('payload', ['events']) }}) as answer_count,

        -- what could not be cast
        {{ rejected_values(casts) }} as rejected_values,
        {{ unknown_fields('answer_events', {
            '': 'payload',
            '[]': json_list('payload', ['events']),
        }) }} as unknown_fields
    from source

)

select * from renamed
