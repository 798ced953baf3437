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
        -- ids
        source.document_id,
        source.source_path,
        source.session_key,
        {{ session_id_of('source.session_key') }} as session_id,

        -- numerics
        jsonb_array_length({{ json_array('document.messages') }}) as message_count,

        -- timestamps
        source.source_modified_at,
        source.rejected_file_time,
        source.landed_at,

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
