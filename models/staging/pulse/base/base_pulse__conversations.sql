{#- One row per current conversation document: how many messages were exchanged. -#}

{{ whole_documents('conversation') }}

{%- set casts = [] -%}
{%- do expect_shape(casts, 'source.payload', '$', 'object') -%}
{%- do expect_shape(casts, 'document.messages', 'messages', 'array') -%}

with

source as (

    select * from {{ documents_of('conversation', is_detoasted=true) }}

),

renamed as (

    select
        {{ document_columns('conversation', 'source') }},

        -- numerics
        jsonb_array_length({{ json_array('document.messages') }}) as message_count,

        -- what could not be cast
        {{ rejected_values(casts) }} as rejected_values,
        {{ unknown_fields('conversation', {
            '': 'source.payload',
            'messages[]': 'document.messages',
        }) }} as unknown_fields
    from source
    cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as document (
        messages jsonb
    )

)

select * from renamed
